//! Tests the events for decisions, and for diagnostics of an edge layer.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use tower::{Layer, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{CachePolicyLayer, ConditionalLayer, EdgeLayer};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use support::{TestBody, call, get, response_with};

/// Records the fields of each event as one line, and its level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>, Arc<Mutex<Vec<Level>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_cache_policy"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Fields(String);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0.trim_end().to_owned());
        self.1.lock().unwrap().push(*event.metadata().level());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_decision_is_one_event_with_its_input_and_output() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler = service_fn(|_: Request<TestBody>| {
            let fields = [("set-cookie", "a=b"), ("cache-control", "public, max-age=5")];
            std::future::ready(Ok::<_, Infallible>(response_with("", &fields)))
        });
        let layer = CachePolicyLayer::new(CachePolicy::max_age(Duration::from_secs(60)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(call(&layer.layer(handler), get("/", &[])));
        assert!(!response.headers().contains_key("cache-policy-explain"));
    });
    let expected = "message=the response's own field; G-01 Set-Cookie: private rule=\"one policy\" status=200 \
                    inner=\"public, max-age=5\" sent=\"private, max-age=5\"";
    assert_eq!(*lines.0.lock().unwrap(), [expected]);
}

#[cfg(feature = "purge")]
#[test]
fn a_failed_purge_is_a_warning() {
    use http::Method;
    use tower_cache_policy::PurgeLayer;
    use tower_cache_policy::edge::purge::Purge;
    use tower_cache_policy::policy::CacheTag;

    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler = service_fn(|_: Request<TestBody>| {
            let mut response = response_with("", &[]);
            Purge::tags([CacheTag::from_static("article-7")]).add_to(response.extensions_mut());
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let purger = service_fn(|_: Purge| std::future::ready(Err::<(), _>("503")));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(call(&PurgeLayer::new(purger).layer(handler), support::request(Method::POST, "/", &[])));
    });
    let lines = (lines.0.lock().unwrap(), lines.1.lock().unwrap());
    let ([line], [level]) = (&lines.0[..], &lines.1[..]) else { panic!("{lines:?}") };
    assert!(line.contains("after a write failed: 503") && line.contains("article-7"), "{line}");
    assert_eq!(*level, Level::WARN);
}

#[test]
fn an_edge_diagnostic_is_an_event_and_an_extension_only_if_enabled() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler = service_fn(|_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(response_with(
                "",
                &[("cache-tag", "two words"), ("cache-control", "max-age=5")],
            )))
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let layer = EdgeLayer::new(EdgeProfile::CLOUDFLARE);
        let response = runtime.block_on(call(&layer.layer(handler), get("/", &[])));
        assert!(response.extensions().is_empty());
    });
    let expected = [
        "message=cache-tag has a member that is not a valid tag, or that the edge does not accept",
        "message=0 tags do not fit into cache-tag; the response is private, so no shared cache stores it",
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
}

#[cfg(feature = "routes")]
#[test]
fn a_nested_table_without_the_original_path_warns_once() {
    use tower_cache_policy::policy::routes::RoutePolicies;

    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler =
            service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("", &[]))));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let routes = RoutePolicies::builder().route("/", CachePolicy::IMMUTABLE).build().unwrap();
        let layer = CachePolicyLayer::new(routes).original_path(|_| None);
        for _ in 0..3 {
            let response = runtime.block_on(call(&layer.clone().layer(handler), get("/", &[])));
            assert_eq!(response.headers()["cache-control"], "private, no-cache");
        }
    });
    let lines = lines.0.lock().unwrap();
    let warnings = lines.iter().filter(|line| line.contains("OriginalPathLayer")).count();
    assert_eq!((warnings, lines.len()), (1, 4), "{lines:?}");
    assert!(lines[1].contains("rule=\"no route: unknown path\""), "{lines:?}");
}

#[test]
fn an_invalid_entity_tag_of_the_handler_is_one_warning() {
    let table: [(&[(&str, &str)], Option<&str>); 7] = [
        (&[("etag", "abc123")], Some("abc123")),
        (&[("etag", "w/\"a\"")], Some("w/\\\"a\\\"")),
        (&[("etag", "\"a b\"")], Some("\\\"a b\\\"")),
        (&[("etag", "")], Some("")),
        (&[("etag", "\"a\""), ("etag", "\"b\"")], Some("\\\"b\\\"")),
        (&[("etag", "W/\"a\"")], None),
        (&[], None),
    ];
    for (fields, value) in table {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            let handler = service_fn(move |_: Request<TestBody>| {
                std::future::ready(Ok::<_, Infallible>(response_with("hello", fields)))
            });
            let service = ConditionalLayer::new().layer(handler);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(call(&service, get("/", &[])));
        });
        let lines = lines.0.lock().unwrap();
        assert_eq!(lines.len(), usize::from(value.is_some()), "V-01: {fields:?}");
        if let Some(value) = value {
            assert!(lines[0].contains("invalid `ETag`"), "{lines:?}");
            assert!(lines[0].contains(&format!("value=\"{value}\"")), "{lines:?}");
        }
    }
}

#[cfg(feature = "shared-cache")]
#[test]
fn each_outcome_of_the_shared_cache_is_one_event_without_the_query() {
    use tower_cache_policy::SharedCache;
    use tower_cache_policy::store::MemoryStore;

    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler = service_fn(|_: Request<TestBody>| {
            std::future::ready(Ok::<_, Infallible>(response_with("hello", &[("cache-control", "max-age=60, public")])))
        });
        let cache = SharedCache::by_fields(MemoryStore::new(1 << 20));
        let service = cache.layer().layer(handler);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..2 {
                let response = call(&service, get("/page?token=secret", &[])).await;
                support::content(response.into_body()).await;
            }
        });
    });
    let expected = [
        "message=shared cache: miss (uri-miss) method=GET path=\"/page\" status=200 stored=true content_length=5",
        "message=shared cache: hit method=GET path=\"/page\" status=200 age=0 content_length=5",
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
}
