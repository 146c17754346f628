//! Tests that purges take effect immediately, even for responses that are in progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, Request, Response, StatusCode};
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CacheTag, CacheTags};

use crate::site::{MINUTE, PUBLIC, Site, page};
use crate::support::{TestBody, request};

const ARTICLE: CacheTag = CacheTag::from_static("article-7");

/// A page whose number counts the writes, tagged by the handler.
fn articles(writes: &Arc<AtomicUsize>) -> impl Fn(&Request<TestBody>) -> Response<TestBody> + Clone + use<> {
    let writes = Arc::clone(writes);
    move |request| {
        if *request.method() == Method::PUT {
            writes.fetch_add(1, Ordering::SeqCst);
            let mut response = page("saved", &[]);
            Purge::tags([ARTICLE]).add_to(response.extensions_mut());
            return response;
        }
        let mut response = page(format!("version {}", writes.load(Ordering::SeqCst)), &[]);
        CacheTags::from_iter([ARTICLE]).add_to(response.extensions_mut());
        response
    }
}

#[tokio::test]
async fn a_write_purges_every_page_with_its_tag() {
    let site = Site::with_policy(PUBLIC, articles(&Arc::default()));
    for path in ["/", "/list", "/list?page=2"] {
        site.get(path, &[]).await;
        assert!(site.get(path, &[]).await.is_hit());
    }
    // The write has a different URL.
    assert_eq!(site.call(request(Method::PUT, "/api/7", &[])).await.body, "saved");
    for path in ["/", "/list", "/list?page=2"] {
        let got = site.get(path, &[]).await;
        assert_eq!((got.body.as_str(), got.is_hit()), ("version 1", false), "{path}");
        assert!(got.field("cache-status").unwrap().contains("fwd=uri-miss"), "{path}");
        assert!(site.get(path, &[]).await.is_hit(), "{path}");
    }
}

#[tokio::test]
async fn a_failed_write_purges_nothing() {
    let site = Site::with_policy(PUBLIC, |request| {
        let mut response = page("x", &[]);
        if *request.method() == Method::PUT {
            *response.status_mut() = StatusCode::CONFLICT;
            Purge::everything().add_to(response.extensions_mut());
        }
        response
    });
    site.get("/", &[]).await;
    site.call(request(Method::PUT, "/", &[])).await;
    assert!(site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn urls_prefixes_and_everything_can_be_purged() {
    let site = Site::with_policy(PUBLIC, |_| page("x", &[]));
    let host = ("host", "example.com");
    let paths = ["/a", "/a?b=1", "/blog/1", "/blog/2", "/blog"];
    type Act = fn(&SharedCache);
    let table: &[(&str, Act, &[&str])] = &[
        ("a URL", |cache| cache.purge(&Purge::url("https://EXAMPLE.com:443/a").unwrap()), &["/a"]),
        ("a URL with a query", |cache| cache.purge(&Purge::url("http://example.com/a?b=1").unwrap()), &["/a?b=1"]),
        ("a prefix", |cache| cache.purge_prefix("https://example.com/blog/").unwrap(), &["/blog/1", "/blog/2"]),
        ("another host", |cache| cache.purge(&Purge::url("https://example.org/a").unwrap()), &[]),
        ("a tag that no page has", |cache| cache.purge(&Purge::tags([ARTICLE])), &[]),
        ("everything", |cache| cache.purge(&Purge::everything()), &paths),
    ];
    for (case, act, purged) in table {
        for path in paths {
            site.get(path, &[host]).await;
        }
        act(&site.cache);
        for path in paths {
            assert_eq!(!site.get(path, &[host]).await.is_hit(), purged.contains(&path), "{case}: {path}");
        }
    }
}

#[tokio::test]
async fn every_spelling_of_a_url_is_purged() {
    type Row = (&'static str, &'static str, &'static str, bool);
    let table: &[Row] = &[
        ("a dot at the end of the host", "a.", "/x", true),
        ("an empty port", "a:", "/x", true),
        ("a default port with zeros", "A.:00443", "/x", true),
        ("another port", "a:8080", "/x", false),
        ("digits in lower case", "a", "/caf%c3%a9", true),
        ("bytes that are not encoded", "a", "/caf\u{e9}", true),
        ("an encoded letter in the query", "a", "/x?q=%41", true),
        ("an apostrophe", "a", "/x?q='", true),
    ];
    let urls = ["http://a/x", "http://a/caf%C3%A9", "http://a/x?q=A", "http://a/x?q=%27"];
    for (case, host, path, is_purged) in table {
        let site = Site::by_fields(|_| page("x", &[("cache-control", "max-age=60")]));
        let host = [("host", *host)];
        site.get(path, &host).await;
        assert!(site.get(path, &host).await.is_hit(), "{case}");
        for url in urls {
            site.cache.purge(&Purge::url(url).unwrap());
        }
        assert_eq!(!site.get(path, &host).await.is_hit(), *is_purged, "{case}");
    }
}

#[tokio::test]
async fn every_variant_is_purged() {
    let site = Site::with_policy(PUBLIC.vary(&["accept-language"]), articles(&Arc::default()));
    for language in ["de", "en"] {
        site.get("/", &[("accept-language", language)]).await;
    }
    site.call(request(Method::PUT, "/api/7", &[])).await;
    for language in ["de", "en"] {
        assert_eq!(site.get("/", &[("accept-language", language)]).await.body, "version 1");
    }
}

#[tokio::test]
async fn a_soft_purge_makes_pages_stale() {
    let site = Site::with_policy(PUBLIC.stale_if_error(MINUTE), {
        let calls = Arc::new(AtomicUsize::new(0));
        move |_| {
            if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                return page("x", &[]);
            }
            Response::builder().status(503).body(TestBody::default()).unwrap()
        }
    });
    site.get("/", &[]).await;
    site.cache.purge(&Purge::everything().soft());
    let got = site.get("/", &[]).await;
    assert_eq!((got.status, got.body.as_str()), (200, "x"), "in place of the error");
    assert_eq!(site.calls(), 2, "the handler was asked");
    site.cache.purge(&Purge::everything());
    assert_eq!(site.get("/", &[]).await.status, 503, "a hard purge");
}

#[tokio::test]
async fn a_purge_during_a_miss_covers_its_response() {
    let cache = Arc::new(std::sync::OnceLock::<SharedCache>::new());
    let site = {
        let cache = Arc::clone(&cache);
        Site::with_policy(PUBLIC, move |_| {
            // The data changes after the handler has read it.
            if let Some(cache) = cache.get() {
                cache.purge(&Purge::url("https://example.com/").unwrap());
            }
            page("old", &[])
        })
    };
    cache.set(site.cache.clone()).unwrap();
    for _ in 0..2 {
        assert!(!site.get("/", &[("host", "example.com")]).await.is_hit());
    }
    assert_eq!(site.calls(), 2);
}

#[tokio::test]
async fn a_purge_during_a_revalidation_covers_the_confirmed_response() {
    let cache = Arc::new(std::sync::OnceLock::<SharedCache>::new());
    let site = {
        let cache = Arc::clone(&cache);
        Site::with_policy(PUBLIC, move |request| {
            let mut response = page("old", &[("etag", "\"a\"")]);
            if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                cache.get().unwrap().purge(&Purge::everything());
            }
            response
        })
    };
    cache.set(site.cache.clone()).unwrap();
    site.get("/", &[]).await;
    site.clock.advance(60);
    assert_eq!(site.get("/", &[]).await.body, "old");
    assert!(!site.get("/", &[]).await.is_hit());
}

#[tokio::test]
async fn a_successful_unsafe_request_invalidates_its_url_and_those_that_it_names() {
    // I-01
    let site = Site::by_fields(|request| {
        if *request.method() == Method::GET {
            return page("x", &[("cache-control", "max-age=60")]);
        }
        let status = if request.headers().contains_key("x-fails") { 500 } else { 201 };
        Response::builder()
            .status(status)
            .header("location", "/new")
            .header("content-location", "http://a/item?b=1")
            .body(TestBody::default())
            .unwrap()
    });
    let host = ("host", "a");
    for (method, lines, invalidated) in [
        (Method::POST, vec![host], vec!["/list", "/new", "/item?b=1"]),
        (Method::DELETE, vec![host], vec!["/list", "/new", "/item?b=1"]),
        (Method::from_bytes(b"M-SEARCH").unwrap(), vec![host], vec!["/list", "/new", "/item?b=1"]),
        (Method::POST, vec![host, ("x-fails", "1")], vec![]),
        (Method::POST, vec![("host", "b")], vec![]),
        (Method::OPTIONS, vec![host], vec![]),
        // Registered as safe.
        (Method::from_bytes(b"PROPFIND").unwrap(), vec![host], vec![]),
        (Method::from_bytes(b"QUERY").unwrap(), vec![host], vec![]),
        (Method::from_bytes(b"REPORT").unwrap(), vec![host], vec![]),
        (Method::from_bytes(b"SEARCH").unwrap(), vec![host], vec![]),
    ] {
        let paths = ["/list", "/new", "/item?b=1", "/other"];
        for path in paths {
            site.get(path, &[host]).await;
        }
        site.call(request(method.clone(), "/list", &lines)).await;
        for path in paths {
            assert_eq!(!site.get(path, &[host]).await.is_hit(), invalidated.contains(&path), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn unsafe_requests_for_urls_that_are_not_stored_purge_nothing() {
    let site = Site::by_fields(|request| match *request.method() {
        Method::GET => page("x", &[("cache-control", "max-age=60")]),
        _ => page("", &[("location", "/new")]),
    });
    let host = [("host", "a")];
    site.get("/", &host).await;
    // More than the number of purges that are remembered one by one.
    for number in 0..35_000 {
        site.call(request(Method::PUT, &format!("/item/{number}"), &host)).await;
    }
    assert!(site.cache.stats().purges < 100, "{:?}", site.cache.stats());
    assert!(site.get("/", &host).await.is_hit(), "clients cannot make the cache forget everything");
    for path in ["/", "/new"] {
        site.get(path, &host).await;
        assert!(site.get(path, &host).await.is_hit());
        site.call(request(Method::PUT, path, &host)).await;
        assert!(!site.get(path, &host).await.is_hit(), "{path}");
    }
}

#[tokio::test]
async fn a_url_in_a_response_is_invalidated_only_on_the_same_host() {
    // I-01
    for (host, location, is_invalidated) in [
        ("a", "/new", true),
        ("a", "/new#part", true),
        ("a", "http://a/new", true),
        ("A", "https://a/new", true),
        ("a", "http://a:80/new", true),
        ("a:443", "https://a/new", true),
        ("a:8080", "http://a:8080/new", true),
        ("a", "http://a:8080/new", false),
        ("a:8080", "http://a/new", false),
        ("a", "http://b/new", false),
        ("a", "http://b@a/new", false),
        ("a", "http://[", false),
        ("a", "new", true),
        ("a", "./x/../new", true),
        ("a", "//a/new", true),
        ("a", "//b/new", false),
        ("a.", "http://a/new", true),
        ("a:", "http://A.:0443/new", true),
        ("a", "http://a/ne%77", true),
    ] {
        let site = Site::by_fields(move |request| match *request.method() {
            Method::GET => page("x", &[("cache-control", "max-age=60")]),
            _ => page("", &[("location", location)]),
        });
        for host in [host, "b"] {
            site.get("/new", &[("host", host)]).await;
        }
        site.call(request(Method::POST, "/list", &[("host", host)])).await;
        assert_eq!(!site.get("/new", &[("host", host)]).await.is_hit(), is_invalidated, "{host} {location}");
        assert!(site.get("/new", &[("host", "b")]).await.is_hit(), "{host} {location}");
    }
}

#[tokio::test]
async fn an_unsafe_request_invalidates_the_groups_that_its_response_names() {
    // I-03
    for (groups, is_purged) in
        [("\"article-7\"", true), ("\"a\", \"article-7\"", true), ("\"a\"", false), ("(x) y", true)]
    {
        let site = with_group(groups);
        site.get("/list", &[]).await;
        site.call(request(Method::POST, "/api", &[])).await;
        assert_eq!(!site.get("/list", &[]).await.is_hit(), is_purged, "{groups}");
    }
}

/// A site whose pages are in the group `article-7`, and whose writes invalidate these groups.
fn with_group(groups: &'static str) -> Site {
    Site::by_fields(move |request| match *request.method() {
        Method::GET => page("x", &[("cache-control", "max-age=60"), ("cache-groups", "\"article-7\"")]),
        _ => page("saved", &[("cache-group-invalidation", groups)]),
    })
}

#[tokio::test]
async fn an_unsafe_request_invalidates_the_groups_of_its_own_host_only() {
    // I-02
    for (host, groups, is_invalidated) in [
        ("a", "\"article-7\"", true),
        ("A:80", "\"article-7\"", true),
        ("b", "\"article-7\"", false),
        ("a:8080", "\"article-7\"", false),
        ("a", "(not) groups", true),
        ("b", "(not) groups", false),
    ] {
        let site = with_group(groups);
        site.get("/list", &[("host", "a")]).await;
        site.call(request(Method::POST, "/api", &[("host", host)])).await;
        assert_eq!(!site.get("/list", &[("host", "a")]).await.is_hit(), is_invalidated, "{host} {groups}");
        site.cache.purge(&Purge::tags([ARTICLE]));
        assert!(!site.get("/list", &[("host", "a")]).await.is_hit(), "the application purges a tag on all hosts");
    }
}

#[tokio::test]
async fn tags_in_the_fields_of_an_origin_server_can_be_purged() {
    for (name, value) in
        [("cache-tag", "a, article-7"), ("surrogate-key", "a article-7"), ("cache-groups", "\"a\", \"article-7\"")]
    {
        let site = Site::by_fields(move |_| page("x", &[("cache-control", "max-age=60"), (name, value)]));
        site.get("/", &[]).await;
        assert!(site.get("/", &[]).await.is_hit());
        site.cache.purge(&Purge::tags([ARTICLE]));
        assert!(!site.get("/", &[]).await.is_hit(), "{name}");
    }
    let site = Site::by_fields(|_| page("x", &[("cache-control", "max-age=60"), ("cache-groups", "(not) tags")]));
    site.get("/", &[]).await;
    assert!(!site.get("/", &[]).await.is_hit(), "it could not be purged by its tags");
}

#[cfg(feature = "routes")]
#[tokio::test]
async fn the_tags_of_routes_and_of_edge_layers_can_be_purged() {
    use std::convert::Infallible;

    use tower::{Layer, Service, ServiceExt, service_fn};
    use tower_cache_policy::edge::EdgeProfile;
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    use tower_cache_policy::store::MemoryStore;
    use tower_cache_policy::{CachePolicyLayer, EdgeLayer};

    async fn purged<S, B>(service: impl Fn(&SharedCache) -> S, tag: CacheTag) -> bool
    where
        S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible> + Clone,
        B: http_body::Body<Data = bytes::Bytes, Error: std::fmt::Debug>,
    {
        let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
        let service = service(&cache);
        let get = async || {
            let response = service.clone().oneshot(request(Method::GET, "/", &[])).await.unwrap();
            crate::support::content(response.into_body()).await;
        };
        get().await;
        get().await;
        assert_eq!(cache.stats().hits, 1);
        cache.purge(&Purge::tags([tag]));
        get().await;
        cache.stats().hits == 1
    }

    let routes = || {
        let route = RoutePolicy::new(PUBLIC).tags(["route"]);
        CachePolicyLayer::new(RoutePolicies::builder().route("/", route).build().unwrap())
    };
    let handler = || {
        service_fn(|_: Request<TestBody>| async {
            let mut response = page("x", &[]);
            CacheTags::from_iter([ARTICLE]).add_to(response.extensions_mut());
            Ok::<_, Infallible>(response)
        })
    };
    for (tag, is_purged) in
        [(CacheTag::from_static("route"), true), (ARTICLE, true), (CacheTag::from_static("other"), false)]
    {
        let plain = |cache: &SharedCache| cache.layer().layer(routes().layer(handler()));
        assert_eq!(purged(plain, tag.clone()).await, is_purged, "{tag:?}");
        let with_edge_layer = |cache: &SharedCache| {
            cache.layer().layer(EdgeLayer::new(EdgeProfile::STANDARD).layer(routes().layer(handler())))
        };
        assert_eq!(purged(with_edge_layer, tag.clone()).await, is_purged, "{tag:?} with an edge layer");
    }
}
