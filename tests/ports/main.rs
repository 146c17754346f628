//! Tests the caching behavior of two public applications, expressed with this crate.
//!
//! | File | Application |
//! |---|---|
//! | `docs_rs.rs` | docs.rs: documentation pages behind Fastly, purged by surrogate key |
//! | `registry.rs` | the site of the Rust package registry: an API with sessions, and archives behind Fastly and CloudFront |
//!
//! Each file starts with a table of facts and their sources. The tests send requests to an axum router with the layers
//! in the order of the application, and compare every field that affects caches. A test whose name contains "differ"
//! explains why this crate sends different bytes.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../support/mod.rs"]
mod support;

mod docs_rs;
mod registry;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use support::field;
use tower::ServiceExt;

/// The fields that affect caches.
const FIELDS: [&str; 9] = [
    "cache-control",
    "cache-tag",
    "cdn-cache-control",
    "expires",
    "pragma",
    "surrogate-control",
    "surrogate-key",
    "vary",
    "x-amz-meta-cache-tags",
];

type Fields<'a> = &'a [(&'a str, &'a str)];

/// The status and the fields of a response.
async fn ask(app: &Router, method: Method, path: &str, lines: Fields<'_>) -> (StatusCode, HeaderMap) {
    let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    for (name, value) in lines {
        request.headers_mut().append(support::field_name(name), support::latin1(value));
    }
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    support::content(body).await;
    (head.status, head.headers)
}

/// Asserts the status and every field of [`FIELDS`] for GET and HEAD. Then repeats the request with the entity tag of
/// the response: a 200 becomes a 304 with the same fields, and any other response is unchanged.
async fn assert_sends(app: &Router, path: &str, status: u16, expected: Fields<'_>) {
    assert_sends_to(app, path, &[], status, expected).await;
}

/// Like [`assert_sends`], for requests with these fields.
async fn assert_sends_to(app: &Router, path: &str, lines: Fields<'_>, status: u16, expected: Fields<'_>) {
    let present = |headers: &HeaderMap| -> Vec<(String, String)> {
        FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), field(headers, name)?))).collect()
    };
    let mut expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    expected.sort();
    for method in [Method::GET, Method::HEAD] {
        let (first_status, first) = ask(app, method.clone(), path, lines).await;
        assert_eq!(first_status, status, "{method} {path}");
        assert_eq!(present(&first), expected, "{method} {path}");

        let tag = field(&first, "etag");
        if status >= 300 {
            assert_eq!(tag, None, "{method} {path}: only a success has an entity tag");
        }
        let mut again = lines.to_vec();
        again.push(("if-none-match", tag.as_deref().unwrap_or("\"another\"")));
        let (second_status, second) = ask(app, method.clone(), path, &again).await;
        let becomes = if tag.is_some() { 304 } else { status };
        assert_eq!(second_status, becomes, "{method} {path} with its entity tag {tag:?}");
        assert_eq!(present(&second), expected, "{method} {path} with its entity tag {tag:?}");
    }
}
