//! Tests warp filters as the inner service.

use std::time::Duration;

use tower::ServiceBuilder;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachingLayer, EdgeLayer};
use tower_http::compression::CompressionLayer;
use warp::Filter;

use super::PUBLIC;
use crate::loopback::{Client, VERSIONS, request, serve};

const TEXT: &str = include_str!("../../LICENSE-APACHE");

#[tokio::test]
async fn warp_filters_get_policies_tags_and_preconditions() {
    let page = warp::path!("page").map(|| TEXT);
    let own = warp::path!("own").map(|| {
        let mut response = warp::reply::Response::new("own".into());
        response.extensions_mut().insert(CachePolicy::private(Duration::from_secs(9)));
        response
    });
    let login = warp::path!("login").map(|| warp::reply::with_header("in", "set-cookie", "id=1"));
    let document = warp::path!("document").and(warp::put()).map(|| "written");
    let filters = warp::service(page.or(own).or(login).or(document));
    let layers = ServiceBuilder::new().layer(EdgeLayer::new(EdgeProfile::STANDARD)).layer(
        CachingLayer::new(PUBLIC).compression(CompressionLayer::new()).validators(|request| {
            let tag = EntityTag::from_static("\"v1\"");
            let known = request.uri.path() == "/document";
            std::future::ready(known.then(|| Validators::new().with_etag(tag)))
        }),
    );
    let server = serve(layers.service(filters)).await;
    for version in VERSIONS {
        let mut client = Client::connect(server, version).await;
        for (method, path, lines, status, cache_control) in [
            ("GET", "/page", &[][..], 200, "public, max-age=300"),
            ("GET", "/page", &[("accept-encoding", "gzip")], 200, "public, max-age=300"),
            ("HEAD", "/page", &[], 200, "public, max-age=300"),
            ("GET", "/own", &[], 200, "private, max-age=9"),
            ("GET", "/login", &[], 200, "private, max-age=300"),
            // A rejection.
            ("GET", "/nothing", &[], 404, "private, no-store"),
            ("POST", "/document", &[("if-match", "\"v1\"")], 405, "private, no-store"),
            ("PUT", "/document", &[("if-match", "\"v0\"")], 412, "private, no-store"),
            ("PUT", "/document", &[("if-match", "\"v1\"")], 200, "private, no-store"),
        ] {
            let response = client.fetch(request(method, server, path, lines)).await;
            let row = format!("{version:?} {method} {path} {lines:?}: {:?}", response.headers);
            assert_eq!(response.status, status, "{row}");
            assert_eq!(response.field("cache-control").as_deref(), Some(cache_control), "{row}");
            let Some(tag) = response.field("etag") else { continue };
            assert_eq!(method, "GET", "{row}");
            let again =
                client.fetch(request(method, server, path, &[lines, &[("if-none-match", &tag)]].concat())).await;
            assert_eq!((again.status.as_u16(), again.content.len()), (304, 0), "{row}");
            assert_eq!(again.field("cache-control"), response.field("cache-control"), "N-01: {row}");
            assert_eq!(again.field("vary"), response.field("vary"), "N-01: {row}");
        }
    }
}
