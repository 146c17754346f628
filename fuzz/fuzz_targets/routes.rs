//! Route tables: patterns are accepted or rejected as by axum's router, and every path has one policy.
//!
//! The input consists of lines: patterns, an empty line, and paths.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::CachePolicyLayer;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy_fuzz::hostile::service::{AnyBody, AnyService, FramesBody, Hint};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    let (patterns, paths) = text.split_once("\n\n").unwrap_or((text, "/"));
    let mut builder = RoutePolicies::builder();
    let mut count = 0;
    for (index, pattern) in patterns.lines().enumerate() {
        let policy = CachePolicy::public(Duration::from_secs(1 + index as u64));
        // Tries each pattern alone first, so that a rejected one does not hide the others.
        let mut route = RoutePolicy::new(policy);
        if let Some((_, words)) = pattern.split_once(" # ") {
            route = route.vary([words]).tags([words]).content_type(words, CachePolicy::NO_CACHE);
        }
        let pattern = pattern.split(" # ").next().unwrap_or_default();
        match RoutePolicies::builder().route(pattern, route.clone()).build() {
            Ok(_) => {
                builder = builder.route(pattern, route);
                count += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty() && error.pattern() == Some(pattern)),
        }
    }
    let table = match builder.build() {
        Ok(table) => table,
        Err(error) => {
            assert!(count > 1 && error.pattern().is_some(), "a single accepted pattern is rejected: {error}");
            return;
        }
    };
    assert!(table.rows().count() > count);
    let _ = table.to_markdown();
    let service = AnyService::new(|_| {
        let body = FramesBody { steps: [].into(), hint: Hint::Nothing };
        Response::new(Box::pin(body) as AnyBody)
    })
    .wrapped_in(CachePolicyLayer::new(table));
    for path in paths.lines() {
        let Ok(uri) = Uri::from_maybe_shared(Bytes::copy_from_slice(path.as_bytes())) else { continue };
        for method in [Method::GET, Method::POST] {
            let mut request = Request::new(());
            *request.method_mut() = method.clone();
            *request.uri_mut() = uri.clone();
            let response = service.respond(request);
            let lines: Vec<_> = response.headers().get_all("cache-control").iter().collect();
            assert_eq!(lines.len(), 1);
            assert!(method == Method::GET || *lines[0] == "private, no-store", "G-09");
            // G-19: a path that other software may interpret as a different path does not have a route.
            let climbs = uri.path().split('/').any(|segment| matches!(segment, "." | ".." | "%2e%2e" | "..;"));
            assert!(!climbs || !lines[0].as_bytes().starts_with(b"public"), "{uri}");
        }
    }
});
