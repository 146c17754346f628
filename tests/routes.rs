//! Tests `RoutePolicies`: the matched route, its policy, rejected tables, and the rendered table.
#![cfg(feature = "routes")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use proptest::prelude::*;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::CachePolicyLayer;
use tower_cache_policy::policy::routes::{RouteError, RouteErrorKind, RoutePolicies, RoutePolicy, SharedRoutes};
use tower_cache_policy::policy::{CachePolicy, Decision, DecisionSource};

use support::{TestBody, call, field, get, request, response_with};

const MINUTE: Duration = Duration::from_secs(60);

/// A policy that differs from all others.
const fn p(seconds: u64) -> CachePolicy {
    CachePolicy::public(Duration::from_secs(seconds))
}

/// The fields of a response without its own policy, after the layer.
fn through(layer: &CachePolicyLayer, request: Request<TestBody>, status: u16, lines: &[(&str, &str)]) -> HeaderMap {
    respond(layer, request, status, lines).headers().clone()
}

fn respond(
    layer: &CachePolicyLayer,
    request: Request<TestBody>,
    status: u16,
    lines: &[(&str, &str)],
) -> Response<TestBody> {
    let mut response = Some(response_with("hello", lines));
    *response.as_mut().unwrap().status_mut() = StatusCode::from_u16(status).unwrap();
    let handler =
        service_fn(move |_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response.take().unwrap())));
    let mut future = pin!(layer.layer(handler).call(request));
    let Poll::Ready(response) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits");
    };
    response.unwrap()
}

fn cache_control(routes: &RoutePolicies, path: &str) -> String {
    let layer = CachePolicyLayer::new(routes.clone());
    field(&through(&layer, get(path, &[]), 200, &[]), "cache-control").unwrap()
}

#[test]
fn the_most_specific_pattern_is_the_route() {
    let routes = RoutePolicies::builder()
        .route("/", p(1))
        .route("/{*rest}", p(2))
        .route("/articles/{id}", p(3))
        .route("/articles/latest", p(4))
        .route("/articles/{id}/comments", p(5))
        .route("/articles/draft-{id}", p(6))
        .route("/static/{*path}", p(7))
        .route("/static/app.js", p(8))
        .route("/{{braces}}", p(9))
        .route("/slash/", p(10))
        .route("/caf%C3%A9", p(11))
        .build()
        .unwrap();
    let table: &[(&str, &str, u64)] = &[
        ("text before a parameter", "/articles/latest", 4),
        ("a parameter before a catch-all further up", "/articles/7", 3),
        ("more text before less of it", "/articles/draft-7", 6),
        ("the search backtracks from a dead end", "/articles/latest/comments", 5),
        ("as far as the catch-all", "/articles/latest/x", 2),
        ("a catch-all matches the complete rest", "/static/a/b.css", 7),
        ("text before a catch-all", "/static/app.js", 8),
        ("a catch-all does not match an empty rest", "/static/", 2),
        ("nor less", "/static", 2),
        ("the root", "/", 1),
        ("a doubled brace is one", "/{braces}", 9),
        ("a trailing slash is part of the path", "/slash/", 10),
        ("and so is its absence", "/slash", 2),
        ("and a second one", "/slash//", 2),
        ("a parameter at the end is not empty", "/articles/", 2),
        ("but between slashes it may be", "/articles//comments", 5),
        ("the query is not part of the path", "/articles/latest?id=1", 4),
        ("case matters", "/Articles/latest", 2),
        ("`;` is text", "/articles/latest;v=1", 3),
        ("an encoded slash is text", "/articles/latest%2Fcomments", 3),
        ("bytes are compared as sent", "/caf%C3%A9", 11),
        ("in either case of their digits", "/caf%c3%a9", 11),
        ("an encoded letter in a parameter changes nothing", "/articles/%61", 3),
    ];
    for (sentence, path, expected) in table {
        assert_eq!(cache_control(&routes, path), p(*expected).to_string(), "{sentence}: {path}");
    }
}

// G-19
#[test]
fn a_path_is_in_no_route_if_it_matches_another_one_decoded() {
    let routes = RoutePolicies::builder()
        .default_policy(p(60))
        .route("/account", CachePolicy::NO_STORE)
        .route("/{user}/about", p(61))
        .route("/me/about", CachePolicy::NO_STORE)
        .route("/caf\u{e9}", p(62))
        .route("/a%20b", p(63))
        .build()
        .unwrap();
    for path in
        ["/%61ccount", "/acc%6Funt", "/%6d%65/about", "/m%65/about", "/me/%61bout", "/caf%C3%a9", "/%63af%C3%A9"]
    {
        assert_eq!(cache_control(&routes, path), "private, no-store", "{path}");
        assert_eq!(routes.pattern_at(path), None, "{path}");
    }
    for (path, expected) in [
        ("/%E9", 60),
        ("/%7Euser", 60),
        ("/acc%2Fount", 60),
        ("/%", 60),
        ("/%6", 60),
        ("/%zz", 60),
        ("/%6dy/about", 61),
        ("/caf%c3%a9", 62),
        ("/a%20b", 63),
    ] {
        assert_eq!(cache_control(&routes, path), p(expected).to_string(), "{path}");
    }
}

#[test]
fn a_path_with_a_dot_segment_is_in_no_route() {
    let routes = RoutePolicies::builder().route("/{*rest}", p(60)).build().unwrap();
    for path in ["/static/../account", "/static/..%2faccount", "/static/%2e%2E/account", "/static/..;/account", "/."] {
        assert_eq!(cache_control(&routes, path), "private, no-cache", "G-19: {path}");
    }
    for path in ["/.well-known/security.txt", "/a..b", "/...", "/v1.2"] {
        assert_eq!(cache_control(&routes, path), "public, max-age=60", "{path}");
    }
}

#[test]
fn a_suspicious_path_gets_the_tightest_policy_of_the_table() {
    let paths = [
        "/static/..%2faccount",
        "/static/..%252faccount",
        "/static/%252e%252e/account",
        "/static/%2e%2e",
        "/static/..;/account",
        "/static/..%3b/account",
        "/static/..%253b/account",
        "/static/%c0%ae%c0%ae/account",
        "/static/..%5caccount",
    ];
    let table = || RoutePolicies::builder().default_policy(p(60)).route("/static/{*path}", CachePolicy::IMMUTABLE);
    let with = |routes: RoutePolicies, expected: &str| {
        for path in paths {
            assert_eq!(cache_control(&routes, path), expected, "G-19: {path}");
            let layer = CachePolicyLayer::new(routes.clone()).default_policy(p(90));
            for status in [200, 301, 304] {
                let headers = through(&layer, get(path, &[]), status, &[]);
                assert_eq!(field(&headers, "cache-control").as_deref(), Some(expected), "{path}, {status}");
            }
            let error = through(&layer, get(path, &[]), 404, &[]);
            assert_eq!(field(&error, "cache-control").as_deref(), Some("private, no-store"), "{path}");
        }
    };
    with(table().build().unwrap(), "private, no-cache");
    with(table().route("/account", CachePolicy::NO_STORE).build().unwrap(), "private, no-store");
    with(
        table()
            .route("/account", RoutePolicy::new(p(1)).status(StatusCode::NOT_FOUND, CachePolicy::NO_STORE))
            .build()
            .unwrap(),
        "private, no-store",
    );
}

#[test]
fn a_non_ascii_pattern_matches_the_encoded_path() {
    let routes = RoutePolicies::builder()
        .route("/café", p(1))
        .route("/münchen/{id}", p(2))
        .route("/{größe}", p(3))
        .build()
        .unwrap();
    for (path, expected) in [("/caf%C3%A9", 1), ("/caf%c3%a9", 1), ("/m%C3%BCnchen/7", 2), ("/cafe", 3)] {
        assert_eq!(cache_control(&routes, path), p(expected).to_string(), "{path}");
    }
    assert!(routes.to_markdown().contains("| /café "), "as it was written");
    let twice = RoutePolicies::builder().route("/café", p(1)).route("/caf%C3%A9", p(1)).build();
    assert!(matches!(twice.unwrap_err().kind(), RouteErrorKind::ConflictingPattern { with } if with == "/café"));
}

#[test]
fn vary_names_of_a_replaced_policy_are_preserved() {
    let vary = |routes: RoutePolicies| routes.rows().next().unwrap().vary().map(str::to_owned);
    let base = || RoutePolicy::new(p(1).vary(&["accept-language"])).status(StatusCode::GONE, p(2).vary(&["x-a"]));
    let of_base = RoutePolicies::builder()
        .named("base", base())
        .route("/", RoutePolicy::named("base").policy(p(3).vary(&["origin"])).status(StatusCode::GONE, p(4)));
    assert_eq!(vary(of_base.build().unwrap()).as_deref(), Some("origin, accept-language, x-a"), "K-02");
    let replaced = base().policy(p(3)).status(StatusCode::GONE, p(4)).method(Method::HEAD, p(1).vary(&["x-b"]));
    let replaced =
        replaced.method(Method::HEAD, p(1)).content_type("a/b", p(1).vary(&["x-c"])).content_type("A/B", p(1));
    let routes = RoutePolicies::builder().route("/", replaced).build().unwrap();
    assert_eq!(vary(routes).as_deref(), Some("accept-language, x-a, x-b, x-c"));
}

#[test]
fn no_policy_depends_on_the_extension() {
    let routes = RoutePolicies::builder()
        .route("/account/{*rest}", CachePolicy::NO_STORE)
        .route("/static/{*path}", CachePolicy::IMMUTABLE)
        .build()
        .unwrap();
    assert_eq!(cache_control(&routes, "/account/x.css"), "private, no-store", "G-19");
    assert_eq!(cache_control(&routes, "/account.css"), "private, no-cache", "G-19");
}

#[test]
fn a_path_without_a_route_gets_the_default() {
    let one_route = || RoutePolicies::builder().route("/a", p(60));
    let other = || get("/b", &[]);
    let plain = CachePolicyLayer::new(one_route().build().unwrap());
    let with_own = CachePolicyLayer::new(one_route().default_policy(p(5).vary(&["accept"])).build().unwrap());
    let of_layer = plain.clone().default_policy(CachePolicy::NO_STORE);
    let table: &[(&str, &CachePolicyLayer, u16, &str, Option<&str>)] = &[
        ("the default", &plain, 200, "private, no-cache", None),
        ("that of the layer", &of_layer, 200, "private, no-store", None),
        ("that of the table", &with_own, 200, "public, max-age=5", Some("accept")),
        ("which is for no error", &with_own, 404, "private, no-store", Some("accept")),
        ("and for no redirect", &with_own, 301, "private, no-cache", Some("accept")),
    ];
    for (sentence, layer, status, expected, vary) in table {
        let headers = through(layer, other(), *status, &[]);
        assert_eq!(field(&headers, "cache-control").as_deref(), Some(*expected), "{sentence}");
        assert_eq!(field(&headers, "vary").as_deref(), *vary, "{sentence}");
    }
    let speaker = |layer: &CachePolicyLayer| {
        let response = respond(&layer.clone().record_decisions(), other(), 200, &[]);
        response.extensions().get::<Decision>().unwrap().source()
    };
    assert_eq!(speaker(&plain), DecisionSource::Default, "a path without a route has no policy of the layer");
    assert_eq!(speaker(&with_own), DecisionSource::Layer);
}

#[test]
fn within_a_route_the_more_specific_policy_counts() {
    let routes = RoutePolicies::builder()
        .route(
            "/all",
            RoutePolicy::new(p(1))
                .method(Method::HEAD, p(2))
                .status(StatusCode::NOT_FOUND, p(3))
                .status(StatusCode::MOVED_PERMANENTLY, p(4))
                .status(StatusCode::NO_CONTENT, p(5))
                .content_type("image/*", p(6))
                .content_type("Image/PNG", p(7))
                .content_type("text/html", CachePolicy::NO_CACHE),
        )
        .route("/own", p(8))
        .route("/typed", RoutePolicy::new(p(9)).content_type("text/html", CachePolicy::private(MINUTE)))
        .build()
        .unwrap();
    let layer = CachePolicyLayer::new(routes);
    let (get, head, post) = (Method::GET, Method::HEAD, Method::POST);
    let table: &[(&str, &Method, &str, u16, &[&str], &str)] = &[
        // 1: the status.
        ("1: the status before the type", &get, "/all", 404, &["image/png"], "public, max-age=3"),
        ("1: the status before the method", &head, "/all", 404, &["image/png"], "public, max-age=3"),
        ("1: a redirect by its status", &get, "/all", 301, &[], "public, max-age=4"),
        ("1: another success by its status", &get, "/all", 204, &[], "public, max-age=5"),
        // 2: none.
        ("2: no error by its type", &get, "/all", 500, &["image/png"], "private, no-store"),
        ("2: no error by its method", &head, "/all", 410, &[], "private, no-store"),
        ("2: no redirect by its type", &get, "/all", 308, &["image/png"], "private, no-cache"),
        ("2: no unusual success", &get, "/own", 201, &[], "private, no-cache"),
        ("2: an error does not get the default of the route", &get, "/own", 404, &[], "private, no-store"),
        ("2: 429 is never stored", &get, "/own", 429, &[], "private, no-store"),
        // 3: the method.
        ("3: the method HEAD takes precedence over the type", &head, "/all", 200, &["image/png"], "public, max-age=2"),
        ("3: HEAD gets what GET gets", &head, "/own", 200, &[], "public, max-age=8"),
        ("3: by its type too", &head, "/typed", 200, &["text/html"], "private, max-age=60"),
        // 4: the content type.
        ("4: the exact type", &get, "/all", 200, &["image/png"], "public, max-age=7"),
        ("4: blind to case and parameters", &get, "/all", 200, &["IMAGE/Png ; q=\"a,b\""], "public, max-age=7"),
        ("4: then its kind", &get, "/all", 206, &["image/webp"], "public, max-age=6"),
        ("4: on a 203", &get, "/all", 203, &["image/webp"], "public, max-age=6"),
        ("4: on a 304 with a type", &get, "/all", 304, &["image/png"], "public, max-age=7"),
        ("4: any response without a type", &get, "/typed", 200, &[], "private, no-cache"),
        ("4: or with two", &get, "/typed", 200, &["image/png", "text/html"], "private, no-cache"),
        ("4: or with an unreadable type", &get, "/typed", 200, &["text/html charset=x"], "private, no-cache"),
        ("4: or in parts", &get, "/typed", 206, &["multipart/byteranges; boundary=x"], "private, no-cache"),
        // 5: the default of the route.
        ("5: another type", &get, "/all", 200, &["text/css"], "public, max-age=1"),
        ("5: a route without types ignores the type", &get, "/own", 304, &[], "public, max-age=8"),
        ("5: on a 206", &get, "/own", 206, &[], "public, max-age=8"),
        // Other methods.
        ("no other method is stored (G-09)", &post, "/all", 200, &["image/png"], "private, no-store"),
        ("whatever its status", &post, "/all", 404, &[], "private, no-store"),
    ];
    for (sentence, method, path, status, content_types, expected) in table {
        let lines: Vec<_> = content_types.iter().map(|line| ("content-type", *line)).collect();
        let headers = through(&layer, request((*method).clone(), path, &[]), *status, &lines);
        assert_eq!(field(&headers, "cache-control").as_deref(), Some(*expected), "{sentence}");
    }
    for path in ["/all", "/typed"] {
        let headers = through(&layer, request(get.clone(), path, &[]), 304, &[]);
        assert_eq!(
            field(&headers, "cache-control"),
            None,
            "N-01: a 304 without a type does not change the policy of its 200: {path}"
        );
    }
}

#[test]
fn guards_and_the_handler_take_precedence_over_the_table() {
    let layer = CachePolicyLayer::new(RoutePolicies::builder().route("/{*path}", p(60)).build().unwrap());
    let own = through(&layer, get("/a", &[]), 200, &[("cache-control", "max-age=1")]);
    assert_eq!(field(&own, "cache-control").as_deref(), Some("max-age=1"));
    let cookie = through(&layer, get("/a", &[]), 200, &[("set-cookie", "a=b")]);
    assert_eq!(field(&cookie, "cache-control").as_deref(), Some("private, max-age=60"), "G-01");
}

#[test]
fn every_response_of_a_route_has_its_vary_names() {
    let layer = CachePolicyLayer::new(
        RoutePolicies::builder()
            .named("base", RoutePolicy::new(p(1)).vary(["Accept-Language"]))
            .route(
                "/a",
                RoutePolicy::named("base")
                    .policy(p(2).vary(&["origin"]))
                    .status(StatusCode::NOT_FOUND, p(3).vary(&["x-kind"]))
                    .vary([String::from("accept-language"), String::from("accept")]),
            )
            .route("/b", p(1))
            .build()
            .unwrap(),
    );
    let all = "Accept-Language, accept, origin, x-kind";
    let table: &[(&str, Method, &str, u16, Option<&str>, Option<&str>)] = &[
        ("a success", Method::GET, "/a", 200, None, Some(all)),
        ("a response to HEAD", Method::HEAD, "/a", 200, None, Some(all)),
        ("a status with a policy", Method::GET, "/a", 404, None, Some(all)),
        ("an error", Method::GET, "/a", 500, None, Some(all)),
        ("next to the handler's names", Method::GET, "/a", 200, Some("Cookie, ORIGIN"), None),
        ("`*` absorbs", Method::GET, "/a", 200, Some("*"), Some("*")),
        ("not on what is never stored", Method::POST, "/a", 200, None, None),
        ("nor on other routes", Method::GET, "/b", 200, None, None),
        ("nor on none", Method::GET, "/c", 200, None, None),
    ];
    for (sentence, method, path, status, own, expected) in table {
        let own: Vec<_> = own.iter().map(|own| ("vary", *own)).collect();
        let headers = through(&layer, request(method.clone(), path, &[]), *status, &own);
        let expected = if *sentence == "next to the handler's names" {
            Some("Cookie, ORIGIN, Accept-Language, accept, x-kind")
        } else {
            *expected
        };
        assert_eq!(field(&headers, "vary").as_deref(), expected, "K-02: {sentence}");
    }
}

#[test]
fn a_named_policy_is_a_base_for_others() {
    let routes = RoutePolicies::builder()
        // The order of the patterns does not matter.
        .named("hot", RoutePolicy::named("article").policy(p(2)).tags(["hot"]))
        .named(
            "article",
            RoutePolicy::new(p(1))
                .status(StatusCode::NOT_FOUND, p(10))
                .status(StatusCode::GONE, p(11))
                .content_type("text/html", p(12))
                .method(Method::HEAD, p(13))
                .vary(["accept"])
                .tags(["articles"]),
        )
        .route("/plain", RoutePolicy::named("article"))
        .route("/hot", RoutePolicy::named("hot"))
        .route(
            "/refined",
            RoutePolicy::named("hot")
                .status(StatusCode::GONE, p(21))
                .content_type("TEXT/html", p(22))
                .method(Method::HEAD, p(23))
                .vary(["cookie"])
                .tags(["a", "hot"]),
        )
        .route("/twice", RoutePolicy::new(p(1)).policy(p(2)).method(Method::GET, p(3)))
        .build()
        .unwrap();
    let layer = CachePolicyLayer::new(routes.clone());
    let html = ("content-type", "text/html");
    let css = ("content-type", "text/css");
    let table: &[(&str, &str, Method, u16, (&str, &str), u64)] = &[
        ("as it is", "/plain", Method::GET, 200, css, 1),
        ("the last one of a chain counts", "/hot", Method::GET, 200, css, 2),
        ("only for the default of the route", "/hot", Method::GET, 404, css, 10),
        ("not for types", "/hot", Method::GET, 200, html, 12),
        ("not for HEAD", "/hot", Method::HEAD, 200, css, 13),
        ("an unset part is inherited", "/refined", Method::GET, 404, css, 10),
        ("a status is replaced", "/refined", Method::GET, 410, css, 21),
        ("a type is replaced, in any case", "/refined", Method::GET, 200, html, 22),
        ("HEAD is replaced", "/refined", Method::HEAD, 200, css, 23),
        ("the later policy counts, and GET uses the default of the route", "/twice", Method::GET, 200, css, 3),
    ];
    for (sentence, path, method, status, line, expected) in table {
        let headers = through(&layer, request(method.clone(), path, &[]), *status, &[*line]);
        assert_eq!(field(&headers, "cache-control").unwrap(), p(*expected).to_string(), "{sentence}");
    }
    let refined = routes.rows().find(|row| row.pattern() == Some("/refined")).unwrap();
    assert_eq!(refined.vary(), Some("accept, cookie"));
    assert_eq!(refined.tags().collect::<Vec<_>>(), ["articles", "hot", "a"]);
}

#[test]
fn errors_name_a_valid_alternative() {
    let b = RoutePolicies::builder;
    let tagged = |tag: &str| RoutePolicy::new(p(1)).tags([tag]);
    let table: Vec<(Result<RoutePolicies, RouteError>, &str)> = vec![
        // Patterns.
        (b().route("", p(1)).build(), "route ``: a pattern must begin with `/`"),
        (b().route("a", p(1)).build(), "route `a`: a pattern must begin with `/`"),
        (
            b().route("/a?q={q}", p(1)).build(),
            "route `/a?q={q}`: a path cannot contain `?` or `#`; leave the query out, because a route matches every query",
        ),
        (
            b().route("/a b", p(1)).build(),
            "route `/a b`: a path cannot contain a space or a control character; write its encoded form, such as `%20`",
        ),
        (b().route("/:id", p(1)).build(), "route `/:id`: a segment cannot begin with `:`; write a parameter as `{id}`"),
        (
            b().route("/*path", p(1)).build(),
            "route `/*path`: a segment cannot begin with `*`; write `{*path}` for the rest of a path",
        ),
        (
            b().route("/{a}{b}", p(1)).build(),
            "route `/{a}{b}`: a segment can have only one parameter, at its end; write `/v{major}/`, for example",
        ),
        (
            b().route("/{*a}/b", p(1)).build(),
            "route `/{*a}/b`: a catch-all must be the last segment; write `/static/{*path}`, for example",
        ),
        (
            b().route("/{}", p(1)).build(),
            "route `/{}`: the braces are invalid; write a parameter as `{id}` or `{*path}`, and literal braces as `{{` and `}}`",
        ),
        (
            b().route("/{a", p(1)).build(),
            "route `/{a`: the braces are invalid; write a parameter as `{id}` or `{*path}`, and literal braces as `{{` and `}}`",
        ),
        (
            b().route("/a}", p(1)).build(),
            "route `/a}`: the braces are invalid; write a parameter as `{id}` or `{*path}`, and literal braces as `{{` and `}}`",
        ),
        // Two of these policies.
        (
            b().route("/a", p(1)).route("/b", p(1)).route("/a", p(2)).build(),
            "route `/a`: the pattern is defined twice; merge the two routes into one",
        ),
        (
            b().route("/x/{a}", p(1)).route("/x/{b}", p(1)).build(),
            "route `/x/{b}`: the pattern conflicts with `/x/{a}`: both match the same path, and neither is more specific; remove one of them, or give one of them a literal prefix",
        ),
        (
            b().route("/y", p(1)).route("/x/{a}", p(1)).route("/x/{b}", p(1)).build(),
            "route `/x/{b}`: the pattern conflicts with `/x/{a}`: both match the same path, and neither is more specific; remove one of them, or give one of them a literal prefix",
        ),
        (
            b().route("/{*rest}", p(1)).route("/{a}/x", p(1)).build(),
            "route `/{a}/x`: the pattern conflicts with `/{*rest}`: both match the same path, and neither is more specific; remove one of them, or give one of them a literal prefix",
        ),
        (
            b().route("/{a}/{{x}}", p(1)).route("/{*rest}", p(1)).build(),
            "route `/{*rest}`: the pattern conflicts with `/{a}/{{x}}`: both match the same path, and neither is more specific; remove one of them, or give one of them a literal prefix",
        ),
        // Names.
        (
            b().named("a", p(1)).named("a", p(1)).build(),
            "policy `a`: the name is defined twice; rename one of the policies",
        ),
        (
            b().named("article", p(1)).route("/a", RoutePolicy::named("artcle")).build(),
            "route `/a`: unknown policy `artcle`; did you mean `article`?",
        ),
        (
            b().route("/a", RoutePolicy::named("article")).build(),
            "route `/a`: unknown policy `article`; define it with named(\"article\", ..)",
        ),
        (
            b().named("a", RoutePolicy::named("unknown")).build(),
            "policy `a`: unknown policy `unknown`; define it with named(\"unknown\", ..)",
        ),
        (
            b().named("a", RoutePolicy::named("a")).build(),
            "policy `a`: a policy cannot be its own base: `a` -> `a`; replace the base of one of them with a `CachePolicy`",
        ),
        (
            b().named("a", RoutePolicy::named("b"))
                .named("b", RoutePolicy::named("c").policy(p(1)))
                .named("c", RoutePolicy::named("b"))
                .build(),
            "policy `a`: a policy cannot be its own base: `b` -> `c` -> `b`; replace the base of one of them with a `CachePolicy`",
        ),
        // Statuses and methods.
        (
            b().route("/a", RoutePolicy::new(p(1)).status(StatusCode::TOO_MANY_REQUESTS, CachePolicy::NO_STORE))
                .build(),
            "route `/a`: responses with status 429 must not be stored (RFC 6585); remove the policy for this status",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).status(StatusCode::NOT_MODIFIED, p(1))).build(),
            "route `/a`: status 304 cannot have its own policy, because it gets the route's own; change that one instead",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).status(StatusCode::EARLY_HINTS, p(1))).build(),
            "route `/a`: status 103 is informational, and such responses are not stored; remove the policy for this status",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).method(Method::POST, p(1))).build(),
            "route `/a`: responses to POST are never stored; remove the policy for this method, or use `CachePolicy::NO_STORE`",
        ),
        // Content types, `Vary`, tags.
        (
            b().named("a", RoutePolicy::new(p(1)).content_type("*/*", p(1))).build(),
            "policy `a`: `*/*` is not a content type; write a type such as `text/css` or a range such as `image/*`, without parameters, or set the route's own policy for all types",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).vary(["accept, cookie"])).build(),
            "route `/a`: `accept, cookie` is not a field name; write one name per element, without commas or spaces, such as `accept-language`",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).vary(["*"])).build(),
            "route `/a`: `*` is not a field name, and `Vary: *` would prevent all reuse; use `CachePolicy::NO_STORE` instead",
        ),
        (
            b().route("/a", RoutePolicy::new(p(1)).vary((0..1_025).map(|n| format!("x-{n}")))).build(),
            "route `/a`: 1025 names are more than caches read in `Vary`; use a private policy instead",
        ),
        (
            b().route("/a", tagged("A B")).build(),
            "route `/a`: the tag \"A B\" contains ' ': use 1 to 1024 characters of visible ASCII, without white space",
        ),
    ];
    for (result, expected) in table {
        let error = result.expect_err(expected);
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.pattern().is_some(), expected.starts_with("route"), "{expected}");
        assert_eq!(error.policy_name().is_some(), expected.starts_with("policy"), "{expected}");
    }
    for status in [428, 429, 431, 511] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = b().named("x", RoutePolicy::new(p(1)).status(status, p(1))).build().unwrap_err();
        assert_eq!(error.kind(), &RouteErrorKind::NeverStoredStatus { status }, "N-09");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::from_bytes(b"QUERY").unwrap()] {
        let error = b().route("/", RoutePolicy::new(p(1)).method(method.clone(), p(1))).build().unwrap_err();
        assert_eq!(error.kind(), &RouteErrorKind::UnsafeMethod { method: method.clone() }, "G-09");
        assert!(b().route("/", RoutePolicy::new(p(1)).method(method, CachePolicy::NO_STORE)).build().is_ok());
    }
    assert!(b().route("/{{a}}".repeat(26), p(1)).build().is_ok(), "what is escaped is no parameter");
    let long = "t".repeat(1_024);
    for tag in ["", " ", "a b", "ä", "a\n", &format!("{long}t")] {
        assert!(b().route("/", tagged(tag)).build().is_err(), "G-20: {tag:?}");
    }
    for tag in ["a", "9", "a-b_c.d", "crate:serde", "release:serde@1.0.0", &long] {
        assert!(b().route("/", tagged(tag)).build().is_ok(), "G-20: {tag:?}");
    }
}

#[test]
fn the_table_is_rendered_for_a_review() {
    let routes = RoutePolicies::builder()
        .default_policy(CachePolicy::NO_STORE)
        .named("article", RoutePolicy::new(p(300)).vary(["accept-language"]).tags(["news", "articles"]))
        .route("/static/{*path}", CachePolicy::IMMUTABLE)
        .route(
            "/media/{*path}",
            RoutePolicy::new(CachePolicy::NO_CACHE)
                .content_type("image/*", p(3_600))
                .content_type("image/svg+xml", p(60))
                .method(Method::HEAD, CachePolicy::NO_CACHE),
        )
        .route(
            "/articles/{id}",
            RoutePolicy::named("article")
                .status(StatusCode::GONE, CachePolicy::max_age(MINUTE))
                .status(StatusCode::NOT_FOUND, CachePolicy::max_age(MINUTE))
                .method(Method::POST, CachePolicy::NO_STORE),
        )
        .route("/a|b", RoutePolicy::new(p(1)).vary(["x|y"]))
        .build()
        .unwrap();
    let expected = r"
| Pattern         | Methods   | Status  | Content type  | Cache-Control                       | Vary            | Tags           |
| --------------- | --------- | ------- | ------------- | ----------------------------------- | --------------- | -------------- |
| /articles/{id}  | GET, HEAD | success | any           | public, max-age=300                 | accept-language | news, articles |
| /articles/{id}  | GET, HEAD | 404     | any           | max-age=60                          | accept-language | news, articles |
| /articles/{id}  | GET, HEAD | 410     | any           | max-age=60                          | accept-language | news, articles |
| /articles/{id}  | POST      | any     | any           | private, no-store                   |                 |                |
| /a\|b           | GET, HEAD | success | any           | public, max-age=1                   | x\|y            |                |
| /media/{*path}  | GET       | success | any           | no-cache                            |                 |                |
| /media/{*path}  | GET       | success | image/svg+xml | public, max-age=60                  |                 |                |
| /media/{*path}  | GET       | success | image/*       | public, max-age=3600                |                 |                |
| /media/{*path}  | GET       | success | none          | no-cache                            |                 |                |
| /media/{*path}  | HEAD      | success | any           | no-cache                            |                 |                |
| /static/{*path} | GET, HEAD | success | any           | public, max-age=31536000, immutable |                 |                |
| (any other)     | GET, HEAD | success | any           | private, no-store                   |                 |                |
";
    assert_eq!(routes.to_markdown(), &expected[1..]);
    assert!(RoutePolicies::builder().build().unwrap().to_markdown().contains("| private, no-cache |"));
}

#[test]
fn each_row_matches_the_layer() {
    let routes = RoutePolicies::builder()
        .route(
            "/a",
            RoutePolicy::new(p(1))
                .content_type("text/html", CachePolicy::private(MINUTE))
                .content_type("image/*", p(2))
                .status(StatusCode::NOT_FOUND, p(3))
                .method(Method::HEAD, p(4))
                .method(Method::DELETE, CachePolicy::NO_STORE)
                .vary(["accept"]),
        )
        .build()
        .unwrap();
    let layer = CachePolicyLayer::new(routes.clone());
    for row in routes.rows() {
        let content_type = row.content_type().map(|text| text.replace("*/*", "x/x").replace('*', "x"));
        let lines: Vec<_> = content_type.iter().map(|text| ("content-type", text.as_str())).collect();
        let status = row.status().map_or(200, |status| status.as_u16());
        for method in row.methods() {
            let request = request(method.clone(), row.pattern().unwrap_or("/other"), &[]);
            let headers = through(&layer, request, status, &lines);
            assert_eq!(field(&headers, "cache-control").as_deref(), Some(row.cache_control()), "{row:?}");
            assert_eq!(field(&headers, "vary").as_deref(), row.vary(), "{row:?}");
        }
    }
    assert_eq!(routes.rows().count(), 8);
}

#[test]
fn a_table_of_a_thousand_routes_matches_each_path() {
    let mut builder = RoutePolicies::builder().route("/{*rest}", p(5));
    for n in 0..1_000 {
        builder = builder.route(format!("/group{}/item{n}/{{id}}", n % 37), p(n + 10));
    }
    let layer = CachePolicyLayer::new(builder.build().unwrap());
    for n in 0..1_000 {
        let headers = through(&layer, get(&format!("/group{}/item{n}/x", n % 37), &[]), 200, &[]);
        assert_eq!(field(&headers, "cache-control").unwrap(), p(n + 10).to_string());
    }
    let headers = through(&layer, get("/group1/item0/x", &[]), 200, &[]);
    assert_eq!(field(&headers, "cache-control").unwrap(), p(5).to_string(), "the catch-all");
}

#[test]
fn a_table_allocates_only_where_matchit_does() {
    let routes = RoutePolicies::builder()
        .route("/a/{b}/{c}", RoutePolicy::new(p(2)).vary(["accept-language"]))
        .route("/b/{*rest}", RoutePolicy::new(p(3)).content_type("text/*", p(4)))
        .build()
        .unwrap();
    let mut service = service_fn(|_: Request<TestBody>| {
        let mut response = response_with("hello", &[]);
        *response.headers_mut() = HeaderMap::with_capacity(16);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut layered = CachePolicyLayer::new(routes).layer(service);
    // The first read of a shared table in a thread allocates a slot.
    drop(layered.call(get("/", &[])));
    let allocated = |call: &mut dyn FnMut()| allocation_counter::measure(call).count_total;
    for path in ["/x", "/a/b/c", "/b/x/y", "/a/b/c/d", "/a/../b", "/"] {
        let (mut one, mut other) = (Some(get(path, &[])), Some(get(path, &[])));
        let bare = allocated(&mut || {
            let mut future = pin!(service.call(one.take().unwrap()));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        });
        let with_table = allocated(&mut || {
            let mut future = pin!(layered.call(other.take().unwrap()));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        });
        assert_eq!(with_table, bare, "{path}");
    }
}

#[test]
fn debug_output_is_readable() {
    let routes = RoutePolicies::builder().route("/a/{id}", p(1)).build().unwrap();
    assert_eq!(format!("{routes:?}"), r#"{"/a/{id}": CachePolicy(public, max-age=1)}"#);
}

/// A route in the oracle.
#[derive(Clone, Debug)]
struct RouteCase {
    pattern: String,
    head: bool,
    statuses: Vec<u16>,
    types: Vec<&'static str>,
}

/// The lifetime is the number of the policy that applies, so each policy is distinct.
fn lifetime(route: usize, policy_index: usize) -> u64 {
    (route * 100 + policy_index + 1) as u64
}

fn table_of(routes: &[RouteCase]) -> (RoutePolicies, matchit::Router<usize>) {
    let (mut builder, mut router) = (RoutePolicies::builder(), matchit::Router::new());
    for (route, case) in routes.iter().enumerate() {
        // A pattern that matchit rejects may have been inserted in part.
        let mut with_matchit = router.clone();
        let is_good = with_matchit.insert(case.pattern.as_str(), route).is_ok();
        let with_this = builder.clone().route(case.pattern.as_str(), p(1)).build();
        assert_eq!(with_this.is_ok(), is_good, "{}", case.pattern);
        if !is_good {
            continue;
        }
        router = with_matchit;
        let mut policy = RoutePolicy::new(p(lifetime(route, 0)));
        if case.head {
            policy = policy.method(Method::HEAD, p(lifetime(route, 1)));
        }
        for (policy_index, status) in case.statuses.iter().enumerate() {
            policy = policy.status(StatusCode::from_u16(*status).unwrap(), p(lifetime(route, 10 + policy_index)));
        }
        for (policy_index, content_type) in case.types.iter().enumerate() {
            policy = policy.content_type(*content_type, p(lifetime(route, 20 + policy_index)));
        }
        builder = builder.route(case.pattern.as_str(), policy);
    }
    (builder.build().unwrap(), router)
}

/// The example of the module page.
fn by_the_page(
    routes: &[RouteCase],
    route: Option<usize>,
    method: &Method,
    status: u16,
    content_type: Option<&str>,
) -> Option<String> {
    let nobody = match status {
        400.. => "private, no-store",
        _ => "private, no-cache",
    };
    let Some(route) = route else { return Some(nobody.into()) };
    let policy = |index| Some(p(lifetime(route, index)).to_string());
    let case = &routes[route];
    // The later of two equal routes applies.
    if let Some(at) = case.statuses.iter().rposition(|own| *own == status) {
        return policy(10 + at);
    }
    if ![200, 203, 206, 304].contains(&status) {
        return Some(nobody.into());
    }
    // N-01: a 304 without a content type gets no policy that depends on it.
    if status == 304 && content_type.is_none() && !case.types.is_empty() {
        return None;
    }
    if case.head && *method == Method::HEAD {
        return policy(1);
    }
    if case.types.is_empty() {
        return policy(0);
    }
    let Some(content_type) = content_type else { return Some("no-cache".into()) };
    if let Some(at) = case.types.iter().rposition(|own| *own == content_type) {
        return policy(20 + at);
    }
    let kind = format!("{}/*", content_type.split('/').next().unwrap());
    case.types.iter().rposition(|own| *own == kind).map_or_else(|| policy(0), |at| policy(20 + at))
}

fn route_case() -> impl Strategy<Value = RouteCase> {
    let pattern = proptest::collection::vec("(a|b|ab|\\{x\\}|\\{y\\}|a\\{x\\}|\\{\\*r\\}|)", 1..4)
        .prop_map(|segments| segments.iter().map(|segment| format!("/{segment}")).collect());
    let statuses = proptest::collection::vec(prop::sample::select(&[201, 301, 404, 410, 500][..]), 0..3);
    let types = proptest::collection::vec(
        prop::sample::select(&["text/html", "text/*", "image/png", "image/*", "font/*"][..]),
        0..3,
    );
    (pattern, any::<bool>(), statuses, types).prop_map(|(pattern, head, statuses, types)| RouteCase {
        pattern,
        head,
        statuses,
        types,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_table_equals_the_one_in_the_documentation(
        routes in proptest::collection::vec(route_case(), 1..12),
        requests in proptest::collection::vec(
            (
                "/((a|b|ab|c|)/?){0,4}",
                prop::sample::select(&[Method::GET, Method::HEAD][..]),
                prop::sample::select(&[200, 203, 206, 304, 201, 301, 302, 404, 410, 500][..]),
                prop::option::of(prop::sample::select(&["text/html", "text/css", "image/png", "image/gif", "a/b"][..])),
            ),
            1..24,
        ),
    ) {
        let (table, router) = table_of(&routes);
        let layer = CachePolicyLayer::new(table);
        for (path, method, status, content_type) in requests {
            let lines: Vec<_> = content_type.iter().map(|text| ("content-type", *text)).collect();
            let headers = through(&layer, request(method.clone(), &path, &[]), status, &lines);
            let route = router.at(&path).ok().map(|found| *found.value);
            let expected = by_the_page(&routes, route, &method, status, content_type);
            prop_assert_eq!(
                field(&headers, "cache-control"), expected,
                "{} {} {} {:?} in {:?}", method, path, status, content_type, routes
            );
        }
    }

    #[test]
    fn no_request_target_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let routes = RoutePolicies::builder().route("/{a}/b", p(1)).route("/b/{*rest}", p(1)).build().unwrap();
        let layer = CachePolicyLayer::new(routes);
        for target in [bytes.clone(), [b"/", bytes.as_slice()].concat()] {
            if let Ok(uri) = http::Uri::try_from(target) {
                let mut request = get("/", &[]);
                *request.uri_mut() = uri;
                prop_assert!(through(&layer, request, 200, &[]).contains_key("cache-control"));
            }
        }
    }
}

#[test]
fn targets_without_a_path_get_the_default() {
    let routes = RoutePolicies::builder().route("/", p(1)).route("/{*rest}", p(2)).build().unwrap();
    let layer = CachePolicyLayer::new(routes);
    let cache_control = |uri: &str| {
        let mut request = get("/", &[]);
        *request.uri_mut() = uri.parse().unwrap();
        field(&through(&layer, request, 200, &[]), "cache-control").unwrap()
    };
    assert_eq!(cache_control("*"), "private, no-cache");
    assert_eq!(cache_control("example.com:443"), "private, no-cache", "an authority has no path");
    assert_eq!(cache_control("http://example.com"), p(1).to_string(), "an empty path is `/`");
    assert_eq!(cache_control("http://example.com/a"), p(2).to_string());
    assert_eq!(cache_control(&format!("/{}", "a/".repeat(30_000))), p(2).to_string(), "a long path");
}

#[test]
fn each_response_uses_one_table_while_tables_are_replaced() {
    const TASKS: usize = 4;
    // Both fields of a response show from which table they come.
    let table = |n: u64| {
        let name = format!("x-table-{n}");
        RoutePolicies::builder()
            .route("/a/{id}", RoutePolicy::new(CachePolicy::max_age(Duration::from_secs(n))).vary([name]))
            .build()
            .unwrap()
    };
    let routes = SharedRoutes::new(table(0));
    let handler = service_fn(|_: Request<TestBody>| async {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(response_with("hello", &[]))
    });
    let service = CachePolicyLayer::new(routes.clone()).layer(handler);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(TASKS).build().unwrap();
    runtime.block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (service, stop) = (service.clone(), stop.clone());
                tokio::spawn(async move {
                    let (mut responses, mut latest) = (0_u32, 0);
                    while !stop.load(Ordering::Relaxed) {
                        let response = call(&service, get("/a/1", &[])).await;
                        let cache_control = field(response.headers(), "cache-control").unwrap();
                        let vary = field(response.headers(), "vary").unwrap();
                        let n: u64 = cache_control.strip_prefix("max-age=").unwrap().parse().unwrap();
                        assert_eq!(vary, format!("x-table-{n}"), "wholly of one table");
                        assert!(n >= latest, "a replaced table is not used again");
                        latest = n;
                        responses += 1;
                    }
                    responses
                })
            })
            .collect();
        for n in 1..=1_000 {
            routes.replace(table(n));
            tokio::task::yield_now().await;
        }
        assert_eq!(routes.current().to_markdown(), table(1_000).to_markdown());
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            assert!(task.await.unwrap() > 0);
        }
    });
}

#[cfg(feature = "config")]
#[test]
fn a_table_is_written_as_json_and_as_toml() {
    let routes = RoutePolicies::builder()
        .route("/a/{id}", RoutePolicy::new(p(60)).status(StatusCode::NOT_FOUND, p(5)).vary(["origin"]).tags(["a"]))
        .build()
        .unwrap();
    let json = serde_json::json!({ "routes": [
        { "pattern": "/a/{id}", "methods": ["GET", "HEAD"], "content_type": "*/*",
          "cache_control": "public, max-age=60", "vary": "origin", "tags": ["a"] },
        { "pattern": "/a/{id}", "methods": ["GET", "HEAD"], "status": 404, "content_type": "*/*",
          "cache_control": "public, max-age=5", "vary": "origin", "tags": ["a"] },
        { "methods": ["GET", "HEAD"], "content_type": "*/*", "cache_control": "private, no-cache" },
    ]});
    assert_eq!(serde_json::to_value(&routes).unwrap(), json);
    let text = toml::to_string(&routes).unwrap();
    let read: serde_json::Value = toml::from_str(&text).unwrap();
    assert_eq!(read, json, "{text}");
}
