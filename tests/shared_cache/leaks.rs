//! Tests that no client gets a response that was generated for another client.

use http::{Method, Request, Response, StatusCode};
use tower_cache_policy::SharedCache;
use tower_cache_policy::policy::{CachePolicy, Personalized};

use crate::site::{MINUTE, PUBLIC, Site, page};
use crate::support::{TestBody, field, request};

/// A body that contains the name of its user.
fn for_the_caller(request: &Request<TestBody>) -> String {
    let of = |name| field(request.headers(), name).unwrap_or_default();
    format!("{} {} {} {}", request.uri(), of("authorization"), of("cookie"), of("accept-language"))
}

#[tokio::test]
async fn a_public_page_is_stored_once_for_all() {
    let site = Site::with_policy(PUBLIC, |_| page("hello", &[]));
    let first = site.get("/", &[]).await;
    assert_eq!(first.field("cache-status").unwrap(), "tower-cache-policy; fwd=uri-miss; fwd-status=200; stored");
    assert!(first.field("age").is_none());
    site.clock.advance(7);
    //
    let second = site.get("/", &[]).await;
    assert_eq!((second.status, second.body.as_str()), (200, "hello"));
    assert_eq!(second.field("cache-status").unwrap(), "tower-cache-policy; hit; ttl=53");
    assert_eq!(second.field("age").unwrap(), "7");
    assert!(second.field("date").is_some());
    assert_eq!(second.field("cache-control").unwrap(), "public, max-age=60");
    assert_eq!(site.calls(), 1);
}

#[tokio::test]
async fn a_response_that_no_policy_allows_is_not_stored() {
    type Handler = fn(&Request<TestBody>) -> Response<TestBody>;
    let table: &[(&str, CachePolicy, Handler)] = &[
        ("private", CachePolicy::private(MINUTE), |_| page("x", &[])),
        ("no-store", CachePolicy::NO_STORE, |_| page("x", &[])),
        ("no-cache without a validator", CachePolicy::NO_CACHE, |_| page("x", &[])),
        ("the default", CachePolicy::PRIVATE_NO_CACHE, |_| page("x", &[])),
        ("Set-Cookie", PUBLIC, |_| page("x", &[("set-cookie", "id=1")])),
        ("Clear-Site-Data", PUBLIC, |_| page("x", &[("clear-site-data", "\"cookies\"")])),
        ("the handler's no-store", PUBLIC, |_| page("x", &[("cache-control", "no-store")])),
        ("the handler's private", PUBLIC, |_| page("x", &[("cache-control", "private, max-age=9")])),
        ("the handler's own max-age", PUBLIC, |_| page("x", &[("cache-control", "max-age=9")])),
        ("a restriction for CDNs", PUBLIC, |_| page("x", &[("cdn-cache-control", "no-store")])),
        ("a restriction for one CDN", PUBLIC, |_| page("x", &[("surrogate-control", "no-store")])),
        ("Vary: *", PUBLIC, |_| page("x", &[("vary", "*")])),
        ("Vary: * in a second line", PUBLIC, |_| page("x", &[("vary", "accept"), ("vary", "*")])),
        ("Vary: Cookie", PUBLIC, |_| page("x", &[("vary", "cookie")])),
        ("Vary: Authorization", PUBLIC, |_| page("x", &[("vary", "authorization")])),
        ("a live stream", PUBLIC, |_| page("x", &[("content-type", "text/event-stream")])),
        ("gRPC", PUBLIC, |_| page("x", &[("content-type", "application/grpc")])),
        ("a nonce", PUBLIC, |_| page("x", &[("content-security-policy", "script-src 'nonce-abc'")])),
        ("a nonce in a second line", PUBLIC, |_| {
            page("x", &[("content-security-policy", "img-src *"), ("content-security-policy", "script-src 'NONCE-a'")])
        }),
        ("CORS for one origin with credentials", PUBLIC, |_| {
            page("x", &[("access-control-allow-origin", "https://a"), ("access-control-allow-credentials", "true")])
        }),
        ("a wrong length", PUBLIC, |_| page("x", &[("content-length", "1x")])),
        ("two lengths", PUBLIC, |_| page("x", &[("content-length", "1"), ("content-length", "1")])),
        ("a part", PUBLIC, |_| page("x", &[("content-range", "bytes 0-0/9")])),
        ("a marked response", PUBLIC, |_| {
            let mut response = page("x", &[]);
            response.extensions_mut().insert(Personalized);
            response
        }),
        ("an error", PUBLIC, |_| Response::builder().status(500).body(TestBody::from("x")).unwrap()),
        ("not found", PUBLIC, |_| Response::builder().status(404).body(TestBody::from("x")).unwrap()),
        ("a redirect", PUBLIC, |_| Response::builder().status(302).body(TestBody::from("x")).unwrap()),
        ("an empty success", PUBLIC, |_| Response::builder().status(204).body(TestBody::default()).unwrap()),
        ("too many requests", PUBLIC, |_| {
            Response::builder()
                .status(429)
                .header("cache-control", "public, max-age=9")
                .body(TestBody::from("x"))
                .unwrap()
        }),
        ("a part by status", PUBLIC, |_| Response::builder().status(206).body(TestBody::from("x")).unwrap()),
    ];
    for (case, policy, handler) in table {
        let site = Site::with_policy(*policy, *handler);
        for _ in 0..3 {
            let got = site.get("/", &[]).await;
            assert!(!got.is_hit(), "{case}");
            site.clock.advance(5);
        }
        assert_eq!(site.calls(), 3, "{case}");
        assert_eq!(site.cache.stats().bytes, 0, "{case}");
    }
}

#[tokio::test]
async fn requests_with_credentials_neither_fill_the_cache_nor_get_responses_from_it() {
    let credentials: &[(&str, &str)] =
        &[("authorization", "Bearer a"), ("proxy-authorization", "Basic b"), ("x-api-key", "c")];
    for (name, value) in credentials {
        let options = |cache: SharedCache| cache.credential_headers([http::HeaderName::from_static("x-api-key")]);
        let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), options, |request| {
            page(for_the_caller(request), &[])
        });
        let own = site.get("/", &[(name, value)]).await;
        assert!(own.field("cache-status").unwrap().contains("fwd=bypass"), "{name}");
        let other = site.get("/", &[]).await;
        assert!(!other.is_hit(), "{name}: not stored");
        let own = site.get("/", &[(name, value)]).await;
        assert!(!own.is_hit(), "{name}: not looked up");
        assert_eq!(site.calls(), 3, "{name}");
    }
}

#[tokio::test]
async fn requests_whose_responses_may_be_for_one_client_are_passed_through() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("an overridden method", &[("x-http-method-override", "DELETE")]),
        ("a content", &[("content-length", "3")]),
        ("a content of unknown length", &[("transfer-encoding", "chunked")]),
        ("an upgrade", &[("upgrade", "websocket")]),
        ("a precondition for the origin server", &[("if-match", "\"a\"")]),
        ("two hosts", &[("host", "a"), ("host", "b")]),
        ("a host with user information", &[("host", "a@b")]),
        ("a host that is not text", &[("host", "\u{ff}")]),
    ];
    for (case, lines) in table {
        let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
        for _ in 0..2 {
            let got = site.get("/", lines).await;
            assert!(got.field("cache-status").unwrap().contains("fwd=bypass"), "{case}");
        }
        assert_eq!((site.calls(), site.cache.stats().stored), (2, 0), "{case}");
    }
}

#[tokio::test]
async fn a_client_cannot_store_a_response_under_the_value_of_a_field_that_a_proxy_removes() {
    // K-03; RFC 9110 section 7.6.1
    /// A proxy and its origin server: the response depends on the fields that are forwarded.
    fn forwarded(request: &Request<TestBody>) -> Response<TestBody> {
        let named = field(request.headers(), "connection").unwrap_or_default().to_ascii_lowercase();
        let language = field(request.headers(), "accept-language").filter(|_| !named.contains("accept-language"));
        page(language.unwrap_or("en".into()), &[("vary", "accept-language"), ("cache-control", "public, max-age=60")])
    }

    let german = ("accept-language", "de");
    let table: &[(&str, &[(&str, &str)], bool)] = &[
        ("the field", &[german, ("connection", "accept-language")], true),
        ("in another case, after others", &[german, ("connection", "close,, Accept-Language")], true),
        ("in a second line", &[german, ("connection", "close"), ("connection", "accept-language")], true),
        ("another field", &[german, ("connection", "cookie")], true),
        ("what is not a name", &[german, ("connection", "\"close\"")], true),
        ("bytes that are not ASCII", &[german, ("connection", "\u{e9}")], true),
        ("only the connection", &[german, ("connection", "Keep-Alive, close, TE")], false),
        ("nothing", &[german, ("connection", "")], false),
    ];
    for (case, lines, is_passed_through) in table {
        for site in [Site::by_fields(forwarded), Site::with_policy(PUBLIC, forwarded)] {
            let own = site.get("/", lines).await;
            assert_eq!(own.field("cache-status").unwrap().contains("detail=connection"), *is_passed_through, "{case}");
            let other = site.get("/", &[german]).await;
            assert_eq!((other.body.as_str(), other.is_hit()), ("de", !is_passed_through), "{case}");
        }
    }
}

#[tokio::test]
async fn a_content_that_no_field_announces_is_not_part_of_a_key() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    let request = Request::get("/").body(TestBody::from("poison")).unwrap();
    assert!(site.call(request).await.field("cache-status").unwrap().contains("detail=content"));
    assert_eq!(site.cache.stats().stored, 0);
}

#[tokio::test]
async fn a_marked_request_is_passed_through() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    let mut request = crate::support::get("/", &[]);
    request.extensions_mut().insert(Personalized);
    assert!(!site.call(request).await.is_hit());
    assert_eq!(site.cache.stats().stored, 0);
}

#[tokio::test]
async fn each_language_gets_its_own_page() {
    let site = Site::with_policy(PUBLIC.vary(&["accept-language"]), |request| page(for_the_caller(request), &[]));
    for round in 0..2 {
        for language in ["de", "en", "fr", "de, en"] {
            let got = site.get("/", &[("accept-language", language)]).await;
            assert!(got.body.ends_with(&format!(" {language}")), "{language}: {}", got.body);
            assert_eq!(got.is_hit(), round == 1, "{language}");
        }
        let got = site.get("/", &[]).await;
        assert!(got.body.ends_with(' '));
    }
    assert_eq!(site.calls(), 5);
}

#[tokio::test]
async fn both_lines_of_vary_are_read() {
    let site = Site::with_policy(PUBLIC, |request| {
        let of = |name| field(request.headers(), name).unwrap_or_default();
        page(of("x-a") + &of("x-b"), &[("vary", "x-a"), ("vary", "x-b")])
    });
    for (a, b) in [("1", "2"), ("1", "3"), ("2", "2"), ("1", "2")] {
        assert_eq!(site.get("/", &[("x-a", a), ("x-b", b)]).await.body, format!("{a}{b}"));
    }
    assert_eq!(site.calls(), 3);
}

#[tokio::test]
async fn a_field_in_two_lines_differs_from_one_line_for_handlers_that_read_the_first() {
    let site = Site::with_policy(PUBLIC, |request| {
        page(request.headers().get("x-a").map_or("", |line| line.to_str().unwrap()), &[("vary", "x-a")])
    });
    assert_eq!(site.get("/", &[("x-a", "1"), ("x-a", "2")]).await.body, "1");
    assert_eq!(site.get("/", &[("x-a", "1, 2")]).await.body, "1, 2");
}

#[tokio::test]
async fn the_sixteen_last_variants_of_a_url_are_stored() {
    let site = Site::with_policy(PUBLIC, |request| page(field(request.headers(), "x-a").unwrap(), &[("vary", "x-a")]));
    for index in 0..40 {
        let value = index.to_string();
        assert_eq!(site.get("/", &[("x-a", &value)]).await.body, value);
    }
    for index in (0..40).rev() {
        let value = index.to_string();
        let got = site.get("/", &[("x-a", &value)]).await;
        assert_eq!(got.body, value);
        if index >= 24 {
            assert!(got.is_hit(), "{index}");
        }
    }
}

#[tokio::test]
async fn hosts_paths_and_queries_have_their_own_responses() {
    let site = Site::with_policy(PUBLIC, |request| {
        page(field(request.headers(), "host").unwrap_or_default() + &request.uri().to_string(), &[])
    });
    let requests = [
        ("a", "/x"),
        ("b", "/x"),
        ("a:81", "/x"),
        ("a", "/y"),
        ("a", "/x?"),
        ("a", "/x?q=1"),
        ("a", "/x?q=2"),
        ("a", "/X"),
    ];
    for _ in 0..2 {
        for (host, path) in requests {
            assert_eq!(site.get(path, &[("host", host)]).await.body, format!("{host}{path}"));
        }
    }
    assert_eq!(site.calls(), requests.len());
}

#[tokio::test]
async fn ambiguous_paths_are_passed_through() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    for path in ["/a/..%2faccount", "/a%2fb", "/%2e%2e/b", "/a/./b", "/%61ccount", "/~a%7e"] {
        assert!(site.get(path, &[]).await.field("cache-status").unwrap().contains("fwd=bypass"), "{path}");
    }
    assert_eq!(site.cache.stats().stored, 0);
}

#[tokio::test]
async fn a_response_to_head_is_never_one_to_get() {
    let site =
        Site::with_policy(PUBLIC, |request| page(if *request.method() == Method::HEAD { "" } else { "hello" }, &[]));
    let head = site.call(request(Method::HEAD, "/", &[])).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(site.get("/", &[]).await.body, "hello");
    let head = site.call(request(Method::HEAD, "/", &[])).await;
    assert!(head.is_hit());
    assert_eq!((head.body.as_str(), head.field("content-length").as_deref()), ("", Some("5")));
    assert_eq!(site.get("/", &[]).await.body, "hello");
    assert_eq!(site.calls(), 2);
}

#[tokio::test]
async fn a_part_is_never_the_complete_response() {
    let site = Site::with_policy(PUBLIC, |request| {
        if request.headers().contains_key("range") {
            let mut part = page("he", &[("content-range", "bytes 0-1/5")]);
            *part.status_mut() = StatusCode::PARTIAL_CONTENT;
            return part;
        }
        page("hello", &[])
    });
    assert_eq!(site.get("/", &[("range", "bytes=0-1")]).await.body, "he");
    assert_eq!(site.get("/", &[]).await.body, "hello");
    assert_eq!(site.calls(), 2);
}

#[tokio::test]
async fn a_visitor_with_cookies_shares_only_what_a_policy_made_public() {
    let site = Site::with_policy(PUBLIC, |_| page("hello", &[]));
    site.get("/", &[("cookie", "id=1")]).await;
    assert!(site.get("/", &[("cookie", "id=2")]).await.is_hit(), "the policy is for all");

    // G-28
    for (cache_control, is_stored) in
        [("max-age=60", false), ("public, max-age=60", true), ("s-maxage=60", true), ("max-age=60, s-maxage=0", false)]
    {
        let handler =
            move |request: &Request<TestBody>| page(for_the_caller(request), &[("cache-control", cache_control)]);
        let site = Site::by_fields(handler);
        site.get("/", &[("cookie", "id=1")]).await;
        assert_eq!(site.get("/", &[]).await.is_hit(), is_stored, "{cache_control}");
    }
}

#[tokio::test]
async fn two_layers_of_one_cache_do_not_share_keys() {
    use tower::{Layer, ServiceExt, service_fn};
    use tower_cache_policy::CachePolicyLayer;
    use tower_cache_policy::store::MemoryStore;

    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    for name in ["one", "two", "three"] {
        let handler = service_fn(move |_: Request<TestBody>| {
            std::future::ready(Ok::<_, std::convert::Infallible>(page(name, &[])))
        });
        let service = cache.layer().layer(CachePolicyLayer::new(PUBLIC).layer(handler));
        let response = service.oneshot(crate::support::get("/", &[])).await.unwrap();
        assert_eq!(crate::support::content(response.into_body()).await, name);
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn nested_routers_with_clones_of_one_layer_do_not_share_responses() {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_cache_policy::CachePolicyLayer;
    use tower_cache_policy::store::MemoryStore;

    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let layer = cache.layer();
    let nested = |name: &'static str| {
        let policy = CachePolicyLayer::new(PUBLIC);
        Router::new().route("/", get(async move || name)).layer(policy).layer(layer.clone())
    };
    let app = Router::<()>::new().nest("/a", nested("a")).nest("/b", nested("b"));
    for round in 0..2 {
        for name in ["a", "b"] {
            let request = Request::get(format!("/{name}")).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), name);
        }
        assert_eq!(cache.stats().hits, round * 2);
    }
}

#[tokio::test]
async fn a_response_without_a_policy_layer_is_not_changed() {
    let site = Site::configured(SharedCache::by_policy, None, SharedCache::without_cache_status, |_| {
        page("x", &[("cache-control", "public, max-age=60")])
    });
    for _ in 0..2 {
        let got = site.get("/", &[]).await;
        assert_eq!(got.headers.len(), 1, "{:?}", got.headers);
    }
    assert_eq!(site.calls(), 2);
}

#[tokio::test]
async fn a_request_for_two_hosts_is_passed_through() {
    let site = Site::with_policy(PUBLIC, |request| page(field(request.headers(), "host").unwrap_or_default(), &[]));
    let get = async |uri: &str, host: &str| site.call(request(Method::GET, uri, &[("host", host)])).await;
    let got = get("http://a/", "b").await;
    assert_eq!((got.body.as_str(), got.field("cache-status").unwrap().contains("detail=host")), ("b", true));
    assert_eq!(site.cache.stats().stored, 0);
    assert_eq!(get("http://a/", "A").await.body, "A");
    assert!(get("http://a/", "a").await.is_hit(), "both are the same host");
}

#[tokio::test]
async fn a_request_with_a_field_that_is_not_part_of_the_key_is_passed_through_if_these_are_distrusted() {
    // G-13
    let handler =
        |request: &Request<TestBody>| page(field(request.headers(), "x-forwarded-host").unwrap_or_default(), &[]);
    let site = Site::configured(SharedCache::by_policy, Some(PUBLIC), SharedCache::distrust_unkeyed_headers, handler);
    for calls in 1..3 {
        let got = site.get("/", &[("x-forwarded-host", "evil")]).await;
        assert!(got.field("cache-status").unwrap().contains("detail=unkeyed-field"));
        assert_eq!((site.calls(), site.cache.stats().stored), (calls, 0));
    }
    assert_eq!(site.get("/", &[]).await.body, "");
    assert_eq!(site.cache.stats().stored, 1);
    assert!(!site.get("/", &[("x-forwarded-host", "evil")]).await.is_hit());
}

/// A middleware in front of the cache chooses a path by a field that the key does not contain.
#[cfg(feature = "axum")]
#[tokio::test]
async fn a_request_whose_path_was_rewritten_gets_only_the_response_for_that_path() {
    let site = Site::with_policy(PUBLIC, |request| page(request.uri().path(), &[]));
    let get = async |original: Option<&'static str>, rewritten: &str| {
        let mut request = request(Method::GET, rewritten, &[]);
        if let Some(original) = original {
            request.extensions_mut().insert(axum::extract::OriginalUri(http::Uri::from_static(original)));
        }
        site.call(request).await
    };
    for round in [false, true] {
        for path in ["/phone", "/desktop", "/"] {
            let got = get(Some("/"), path).await;
            assert_eq!((got.body.as_str(), got.is_hit()), (path, round));
        }
    }
    assert!(get(None, "/").await.is_hit(), "the path was not rewritten");
}

#[tokio::test]
async fn a_response_whose_status_a_middleware_changed_is_not_stored() {
    use tower::{Layer, ServiceExt, service_fn};
    use tower_cache_policy::CachePolicyLayer;
    use tower_cache_policy::store::MemoryStore;

    for (status, stored) in [(200, 1), (404, 0), (500, 0)] {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let inner = CachePolicyLayer::new(PUBLIC)
            .layer(service_fn(|_: Request<TestBody>| async { Ok::<_, std::convert::Infallible>(page("x", &[])) }));
        let middleware = service_fn(move |request: Request<TestBody>| {
            let inner = inner.clone();
            async move {
                let mut response = inner.oneshot(request).await?;
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let service = cache.layer().layer(middleware);
        let response = service.oneshot(request(Method::GET, "/", &[])).await.unwrap();
        assert_eq!(crate::support::content(response.into_body()).await, "x");
        assert_eq!(cache.stats().stored, stored, "{status}");
    }
}

#[tokio::test]
async fn a_marked_request_does_not_get_a_stored_response() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    site.get("/", &[]).await;
    assert!(site.get("/", &[]).await.is_hit());
    let mut request = crate::support::get("/", &[]);
    request.extensions_mut().insert(Personalized);
    let got = site.call(request).await;
    assert_eq!(
        got.field("cache-status").unwrap(),
        "tower-cache-policy; fwd=bypass; fwd-status=200; detail=personalized"
    );
    assert_eq!(site.calls(), 2);
}
