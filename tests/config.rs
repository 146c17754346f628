//! Tests `RoutePolicies::from_toml`: the policies of a file, and rejected input with its position. No input causes a
//! panic.
#![cfg(feature = "config")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use proptest::prelude::*;
use tower::{Layer, Service, service_fn};
use tower_cache_policy::CachePolicyLayer;
use tower_cache_policy::policy::config::{ConfigError, PolicyConfig};
use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
use tower_cache_policy::protocol::{CacheControl, Contradiction};

use support::{TestBody, field, get, request, response_with};

const EXAMPLE: &str = include_str!("../examples/policies.toml");

/// The fields of a response without its own policy, after the layer.
fn through(layer: &CachePolicyLayer, request: Request<TestBody>, status: u16, content_type: &str) -> HeaderMap {
    let lines = [("content-type", content_type)];
    let mut response = Some(response_with("hello", if content_type.is_empty() { &[] } else { &lines }));
    *response.as_mut().unwrap().status_mut() = StatusCode::from_u16(status).unwrap();
    let handler =
        service_fn(move |_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response.take().unwrap())));
    let mut future = pin!(layer.layer(handler).call(request));
    let Poll::Ready(response) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits");
    };
    response.unwrap().headers().clone()
}

fn refused(text: &str) -> ConfigError {
    RoutePolicies::from_toml(text).expect_err(text)
}

#[test]
fn the_example_file_has_these_policies() {
    let config = PolicyConfig::from_toml_file("examples/policies.toml").unwrap();
    assert!(config.development(true).is_on());
    let layer = CachePolicyLayer::new(config.routes().clone());
    let (get, head) = (Method::GET, Method::HEAD);
    let table: &[(&str, &Method, &str, u16, &str, &str, Option<&str>)] = &[
        ("a name", &get, "/articles/1", 200, "", "public, max-age=300, s-maxage=3600", Some("accept-language")),
        ("its status", &get, "/articles/1", 404, "", "max-age=60", Some("accept-language")),
        (
            "a base preserves its fields and loses its lifetimes",
            &get,
            "/",
            200,
            "",
            "public, max-age=60, stale-while-revalidate=86400",
            Some("accept-language"),
        ),
        ("and preserves its statuses", &get, "/", 404, "", "max-age=60", Some("accept-language")),
        ("a table on one line", &get, "/static/a.css", 200, "", "public, max-age=31536000, immutable", None),
        ("a constant", &get, "/login", 200, "", "private, no-store", None),
        ("flags", &get, "/account/a", 200, "", "private, max-age=30, must-revalidate, no-transform", None),
        ("a kind", &get, "/media/a", 200, "image/png", "public, max-age=3600, stale-if-error=86400", None),
        ("an exact type", &get, "/media/a", 200, "image/svg+xml", "no-cache", None),
        ("no type named", &get, "/media/a", 200, "video/mp4", "no-cache", None),
        ("a method, and a number of seconds", &head, "/media/a", 200, "image/png", "max-age=10", None),
        ("a redirect", &get, "/media/a", 301, "", "max-age=7200", None),
        ("a status by a constant", &get, "/media/a", 410, "", "public, max-age=31536000, immutable", None),
        ("the default", &get, "/nowhere", 200, "", "private, no-cache", None),
    ];
    for (sentence, method, path, status, content_type, expected, vary) in table {
        let headers = through(&layer, request((*method).clone(), path, &[]), *status, content_type);
        assert_eq!(field(&headers, "cache-control").as_deref(), Some(*expected), "{sentence}");
        assert_eq!(field(&headers, "vary").as_deref(), *vary, "{sentence}");
    }
    let tags = |pattern: &str| -> Vec<String> {
        let row = config.routes().rows().find(|row| row.pattern() == Some(pattern)).unwrap();
        row.tags().map(str::to_owned).collect()
    };
    assert_eq!(tags("/"), ["pages"]);
    assert_eq!(tags("/media/{*path}"), ["media"]);
}

#[test]
fn the_module_page_shows_the_example_file() {
    let page = std::fs::read_to_string("src/policy/config/mod.rs").unwrap();
    let block = page.split("//! ```toml\n").nth(1).unwrap().split("//! ```\n").next().unwrap();
    let shown: String =
        block.lines().map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start())).collect();
    assert_eq!(shown, EXAMPLE);
}

/// The policy of a success on `/`, and its `Vary`.
fn of_root(text: &str) -> (String, Option<String>) {
    let routes = RoutePolicies::from_toml(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let headers = through(&CachePolicyLayer::new(routes), get("/", &[]), 200, "");
    (field(&headers, "cache-control").unwrap(), field(&headers, "vary"))
}

#[test]
fn each_key_has_the_effect_of_the_function_of_the_same_name() {
    for (keys, expected) in [
        ("public = '5m'", "public, max-age=300"),
        ("public = 300", "public, max-age=300"),
        ("public = 0x3c", "public, max-age=60"),
        ("public = +1_000", "public, max-age=1000"),
        ("public = 0", "public, max-age=0"),
        ("max_age = '2 minutes'", "max-age=120"),
        ("private = '1m'", "private, max-age=60"),
        ("no_cache = true", "no-cache"),
        ("no_cache = true, private = true", "private, no-cache"),
        ("private = true, no_cache = true", "private, no-cache"),
        ("no_store = true", "private, no-store"),
        ("no_store = true, no_transform = true", "private, no-store, no-transform"),
        ("no_store = true, with_http10_fields = true", "no-cache, no-store, must-revalidate"),
        ("edge = '1h', max_age = '1m'", "max-age=60, s-maxage=3600"),
        ("must_revalidate = true, private = '1m'", "private, max-age=60, must-revalidate"),
        ("proxy_revalidate = true, public = '1m'", "public, max-age=60, proxy-revalidate"),
        ("immutable = true, private = '1y'", "private, max-age=31536000, immutable"),
        (
            "public = '1m', stale_while_revalidate = '1h', stale_if_error = '1d'",
            "public, max-age=60, stale-while-revalidate=3600, stale-if-error=86400",
        ),
        ("edge_only = '1h'", "max-age=0, s-maxage=3600, must-revalidate"),
        ("public = '1m', stale_if_error = '1d', stale_at_edge_only = true", "public, max-age=60"),
        (
            "stale_in_browser_only = true, public = '1m', stale_if_error = '1d'",
            "public, max-age=60, proxy-revalidate, stale-if-error=86400",
        ),
        // Accepted: C-32, and values that many caches understand.
        (
            "public = '1m', edge = '1h', stale_while_revalidate = '1h'",
            "public, max-age=60, s-maxage=3600, stale-while-revalidate=3600",
        ),
    ] {
        assert_eq!(of_root(&format!("routes.'/' = {{ {keys} }}")).0, expected, "a route: {keys}");
        assert_eq!(of_root(&format!("default = {{ {keys} }}")).0, expected, "the default: {keys}");
        let by_status = format!("routes.'/' = {{ no_cache = true, status.404 = {{ {keys} }} }}");
        let layer = CachePolicyLayer::new(RoutePolicies::from_toml(&by_status).unwrap());
        let headers = through(&layer, get("/", &[]), 404, "");
        assert_eq!(field(&headers, "cache-control").as_deref(), Some(expected), "a status: {keys}");
    }
}

#[test]
fn a_policy_can_be_written_in_several_ways() {
    for (sentence, text, expected, vary) in [
        ("nothing at all is the default of the layer", "", "private, no-cache", None),
        ("a byte order mark", "\u{feff}default = 'no-store'", "private, no-store", None),
        ("a default with Vary", "default = { public = 60, vary = ['accept'] }", "public, max-age=60", Some("accept")),
        ("headers", "[routes.'/']\npublic = 60\nvary = ['accept']", "public, max-age=60", Some("accept")),
        ("dotted keys", "routes.'/'.public = 60", "public, max-age=60", None),
        (
            "a name that is defined later",
            "routes.'/' = 'a'\n[policies]\na = { public = 60 }",
            "public, max-age=60",
            None,
        ),
        ("a name for a name", "routes.'/' = 'b'\n[policies]\nb = 'a'\na = { public = 60 }", "public, max-age=60", None),
        ("a name for a constant", "routes.'/' = 'a'\npolicies.a = 'no-store'", "private, no-store", None),
        ("a constant as base", "routes.'/' = { based_on = 'no-cache', vary = ['a'] }", "no-cache", Some("a")),
        ("POST, as it is", "routes.'/' = { public = 60, method.POST = 'no-store' }", "public, max-age=60", None),
        ("line ends of another system", "[routes]\r\n'/' = 'no-store'\r\n", "private, no-store", None),
    ] {
        assert_eq!(of_root(text), (expected.to_owned(), vary.map(str::to_owned)), "{sentence}");
    }
}

#[test]
fn errors_have_a_position_and_a_remedy() {
    let table: &[(&str, &str)] = &[
        // TOML itself.
        ("default = ", "line 1, column 11: invalid TOML: string values must be quoted, expected literal string"),
        (
            "[routes]\n'/' = 'no-store'\n'/' = 'no-cache'",
            "line 3, column 1: `'/'` is defined twice; merge the two definitions into one",
        ),
        ("[routes]\n[routes]", "line 2, column 2: `routes` is defined twice; merge the two definitions into one"),
        ("[routes\n'/' = 1", "line 1, column 8: invalid TOML: unclosed table, expected `]`"),
        // Keys.
        ("[route]", "line 1, column 2: unknown key `route`; did you mean `routes`?"),
        ("rotues = {}", "line 1, column 1: unknown key `rotues`; did you mean `routes`?"),
        (
            "a = 1",
            "line 1, column 1: unknown key `a`; write one of `default`, `policies`, `routes`, `store`, `development`",
        ),
        ("routes.'/' = { publik = 60 }", "line 1, column 16: unknown key `publik`; did you mean `public`?"),
        ("routes.'/' = { s-maxage = 60 }", "line 1, column 16: unknown key `s-maxage`; did you mean `edge`?"),
        ("routes.'/' = { 'max-age' = 60 }", "line 1, column 16: unknown key `max-age`; did you mean `max_age`?"),
        (
            "s-maxage = 60",
            "line 1, column 1: unknown key `s-maxage`; write one of `default`, `policies`, `routes`, `store`, `development`",
        ),
        ("default = { publik = 60 }", "line 1, column 13: unknown key `publik`; did you mean `public`?"),
        (
            "routes.'/' = { public = 60, status.404 = { publik = 60 } }",
            "line 1, column 44: unknown key `publik`; did you mean `public`?",
        ),
        (
            "routes.'/' = { statuss.404 = 'no-store', public = 60 }",
            "line 1, column 16: unknown key `statuss`; did you mean `status`?",
        ),
        (
            "default = { public = 60, tags = ['a'] }",
            "line 1, column 26: `default` does not accept `tags`; move it to a route `\"/{*path}\"` in `[routes]`",
        ),
        (
            "routes.'/' = { public = 60, status.404 = { public = 60, vary = ['a'] } }",
            "line 1, column 57: `vary` applies to the whole route; move it to the route",
        ),
        ("development.cashing = false", "line 1, column 13: unknown key `cashing`; did you mean `caching`?"),
        (
            "policies.no-store = { public = 60 }",
            "line 1, column 10: `no-store` is a predefined policy; choose another name",
        ),
        // Kinds of values.
        (
            "default = 1",
            "line 1, column 11: a policy must be a table, not a number; write `{ max_age = \"1m\" }`, or one of `\"no-store\"`, `\"no-cache\"`, `\"private, no-cache\"`, `\"immutable\"`",
        ),
        (
            "default = 'page'",
            "line 1, column 11: `page` is not a predefined policy, and only routes can refer to a policy by name; write a table such as `{ max_age = \"1m\" }`, or one of `\"no-store\"`, `\"no-cache\"`, `\"private, no-cache\"`, `\"immutable\"`",
        ),
        (
            "default = 'no store'",
            "line 1, column 11: `no store` is not a predefined policy, and only routes can refer to a policy by name; did you mean `\"no-store\"`?",
        ),
        (
            "routes = 'no-store'",
            "line 1, column 10: `routes` must be a table, not a text; write `routes.\"/\" = { public = \"5m\" }`",
        ),
        (
            "routes.'/' = 60",
            "line 1, column 14: a policy must be a table or the name of a policy, not a number; write `{ public = \"5m\" }`",
        ),
        (
            "routes.'/' = {}",
            "line 1, column 8: `/` does not set a lifetime; write `public = \"5m\"`, `private = \"1m\"`, `no_cache = true` or `no_store = true`",
        ),
        (
            "routes.'/'.tags = ['a']",
            "line 1, column 8: `/` does not set a lifetime; write `public = \"5m\"`, `private = \"1m\"`, `no_cache = true` or `no_store = true`",
        ),
        (
            "routes.'/' = { based_on = 1 }",
            "line 1, column 27: `based_on` must be a name, not a number; write `based_on = \"page\"`",
        ),
        ("routes.'/' = { public = true }", "line 1, column 25: `public` must be a lifetime; write `public = \"5m\"`"),
        (
            "routes.'/' = { public = [] }",
            "line 1, column 25: `public` must be a duration, not a list; write `public = \"5m\"`",
        ),
        (
            "routes.'/' = { no_store = false }",
            "line 1, column 27: `no_store` cannot be `false`; write `no_store = true`, or remove `no_store`",
        ),
        (
            "routes.'/' = { no_store = 1 }",
            "line 1, column 27: `no_store` cannot be a number; write `no_store = true`, or remove `no_store`",
        ),
        (
            "routes.'/' = { private = false }",
            "line 1, column 26: `private` cannot be `false`; write `private = true`, or remove `private`",
        ),
        (
            "routes.'/' = { private = true }",
            "line 1, column 16: `private = true` does not set a lifetime; write `private = \"1m\"`, or add `no_cache = true`",
        ),
        (
            "routes.'/' = { public = 60, vary = 'accept' }",
            "line 1, column 36: `vary` must be a list of texts, not a text; write `vary = [\"accept-language\"]`",
        ),
        (
            "routes.'/' = { public = 60, vary = ['accept', 1] }",
            "line 1, column 47: `vary` must contain only texts, not a number; write `vary = [\"accept-language\"]`",
        ),
        (
            "routes.'/' = { public = 60, status.404 = {} }",
            "line 1, column 36: `404` does not set a lifetime; write `public = \"5m\"`, `private = \"1m\"`, `no_cache = true` or `no_store = true`",
        ),
        (
            "routes.'/' = { public = 60, status.404 = 'a' }",
            "line 1, column 42: `a` is not a predefined policy, and only routes can refer to a policy by name; write a table such as `{ max_age = \"1m\" }`, or one of `\"no-store\"`, `\"no-cache\"`, `\"private, no-cache\"`, `\"immutable\"`",
        ),
        (
            "routes.'/' = { public = 60, status = 404 }",
            "line 1, column 38: `status` must be a table, not a number; write `status.404 = { max_age = \"1m\" }`",
        ),
        (
            "development = false",
            "line 1, column 15: `development` must be a table, not `false`; write `development.caching = false`",
        ),
        (
            "[development]",
            "line 1, column 2: `development` is empty; write `development.caching = false`, or remove the section",
        ),
        (
            "development.caching = 'off'",
            "line 1, column 23: `caching` must be `true` or `false`, not a text; write `caching = false`",
        ),
        // Durations are rejected and never clamped.
        (
            "routes.'/' = { public = '2y' }",
            "line 1, column 25: `2y` is more than a year, which caches shorten; write at most `\"1y\"`",
        ),
        (
            "routes.'/' = { public = 31536001 }",
            "line 1, column 25: `31536001` is more than a year, which caches shorten; write at most `\"1y\"`",
        ),
        (
            "routes.'/' = { public = 99999999999999999999 }",
            "line 1, column 25: `99999999999999999999` is more than a year, which caches shorten; write at most `\"1y\"`",
        ),
        (
            "routes.'/' = { public = -1 }",
            "line 1, column 25: `-1` is negative; write `0` for a response that is stale at once",
        ),
        (
            "routes.'/' = { public = '-5m' }",
            "line 1, column 25: `-5m` is negative; write `0` for a response that is stale at once",
        ),
        (
            "routes.'/' = { public = 1.5 }",
            "line 1, column 25: `1.5` is not a whole number of seconds; write a whole number, or a text such as `\"5m\"`",
        ),
        (
            "routes.'/' = { public = '1.5h' }",
            "line 1, column 25: `1.5h` contains a fraction; use a smaller unit, as in `\"90m\"` or `\"1h 30m\"`",
        ),
        (
            "routes.'/' = { public = '500ms' }",
            "line 1, column 25: `500ms` is in fractions of a second, but caches count seconds; write whole seconds",
        ),
        (
            "routes.'/' = { public = '5M' }",
            "line 1, column 25: `5M` is in months, which differ in length; write days, as in `\"30d\"`, or `m` for minutes",
        ),
        (
            "routes.'/' = { public = '300' }",
            "line 1, column 25: `300` does not have a unit; write `\"300s\"` for seconds, or `\"300m\"` for minutes",
        ),
        (
            "routes.'/' = { public = 'soon' }",
            "line 1, column 25: `soon` is not a duration; write a text such as `\"90s\"`, `\"5m\"`, `\"2 minutes\"` or `\"1y\"`, or a number of seconds",
        ),
        (
            "routes.'/' = { public = 2026-01-01 }",
            "line 1, column 25: `public` must be a duration, not a date; write `public = \"5m\"`",
        ),
        // Contradictions (C-35).
        (
            "routes.'/' = { public = 60, private = 60 }",
            "line 1, column 29: `public` allows every cache to store the response, and `private` only browsers; remove one of them",
        ),
        (
            "routes.'/' = { public = 60, max_age = 60 }",
            "line 1, column 29: `max_age` and `public` set a lifetime for the same caches; remove `max_age`, and use `edge` for a different lifetime in shared caches",
        ),
        (
            "routes.'/' = { max_age = 60, private = true }",
            "line 1, column 30: `private` sets the lifetime itself; write `private = \"5m\"`, and remove `max_age`",
        ),
        (
            "routes.'/' = { no_cache = true, private = true, public = 60 }",
            "line 1, column 49: `no_cache` requires revalidation before each reuse, so the lifetime of `public` has no effect; remove one of them",
        ),
        (
            "routes.'/' = { with_http10_fields = true }",
            "line 1, column 16: `with_http10_fields` needs another key that sets the lifetime; add `no_cache = true` or `no_store = true`",
        ),
        (
            "routes.'/' = { public = 60, no_cache = true }",
            "line 1, column 29: `no_cache` requires revalidation before each reuse, so the lifetime of `public` has no effect; remove one of them",
        ),
        (
            "routes.'/' = { private = 60, no_cache = true }",
            "line 1, column 30: `no_cache` requires revalidation before each reuse, so the lifetime of `private` has no effect; remove one of them, or write `private = true`",
        ),
        (
            "routes.'/' = { no_store = true, public = 60 }",
            "line 1, column 33: `no_store` forbids storage, so `public` has no effect; remove one of them",
        ),
        (
            "routes.'/' = { no_store = true, private = true }",
            "line 1, column 33: `no_store` forbids storage, so `private` has no effect; remove one of them",
        ),
        (
            "routes.'/' = { no_store = true, no_cache = true }",
            "line 1, column 33: `no_store` forbids storage, so `no_cache` has no effect; remove one of them",
        ),
        (
            "routes.'/' = { no_store = true, edge = 60 }",
            "line 1, column 33: `no_store` forbids storage, so `edge` has no effect; remove `edge`",
        ),
        (
            "routes.'/' = { no_store = true, stale_if_error = 60 }",
            "line 1, column 33: `no_store` forbids the stale responses that `stale_if_error` allows; remove `stale_if_error`",
        ),
        (
            "routes.'/' = { no_store = true, must_revalidate = true }",
            "line 1, column 33: `no_store` forbids storage, so `must_revalidate` has no effect; remove `must_revalidate`",
        ),
        (
            "routes.'/' = { no_store = true, immutable = true }",
            "line 1, column 33: `immutable` applies only while a response is fresh, and `no_store` does not give browsers such a time; remove `immutable`, or set a lifetime such as `max_age = \"1y\"`",
        ),
        (
            "routes.'/' = { private = 60, edge = 60 }",
            "line 1, column 30: `private` forbids shared caches, so `edge` has no effect; remove `edge`, or use `public` if the response is the same for all users",
        ),
        (
            "routes.'/' = { private = true, no_cache = true, edge = 60 }",
            "line 1, column 49: `private` forbids shared caches, so `edge` has no effect; remove `edge`, or use `public` if the response is the same for all users",
        ),
        (
            "routes.'/' = { no_cache = true, edge = 60 }",
            "line 1, column 33: `no_cache` requires revalidation in edge caches too; remove `edge`, or replace `no_cache` with a lifetime",
        ),
        (
            "routes.'/' = { no_cache = true, stale_while_revalidate = 60 }",
            "line 1, column 33: `no_cache` forbids the stale responses that `stale_while_revalidate` allows; remove `stale_while_revalidate`",
        ),
        (
            "routes.'/' = { no_cache = true, must_revalidate = true }",
            "line 1, column 33: `no_cache` already requires revalidation; remove `must_revalidate`",
        ),
        (
            "routes.'/' = { no_cache = true, immutable = true }",
            "line 1, column 33: `immutable` applies only while a response is fresh, and `no_cache` does not give browsers such a time; remove `immutable`, or set a lifetime such as `max_age = \"1y\"`",
        ),
        (
            "routes.'/' = { private = 60, proxy_revalidate = true }",
            "line 1, column 30: `private` forbids shared caches, so `proxy_revalidate` has no effect; write `must_revalidate`, or remove it",
        ),
        (
            "routes.'/' = { must_revalidate = true, public = 60, stale_if_error = 60 }",
            "line 1, column 53: `must_revalidate` forbids the stale responses that `stale_if_error` allows; remove one of them",
        ),
        (
            "routes.'/' = { stale_while_revalidate = 60, public = 60, proxy_revalidate = true }",
            "line 1, column 58: `proxy_revalidate` forbids the stale responses that `stale_while_revalidate` allows; remove one of them",
        ),
        (
            "routes.'/' = { immutable = true }",
            "line 1, column 16: `immutable` needs another key that sets the lifetime; add a lifetime such as `max_age = \"5m\"`",
        ),
        (
            "routes.'/' = { public = 0, immutable = true }",
            "line 1, column 28: `immutable` applies only while a response is fresh, and `public` does not give browsers such a time; remove `immutable`, or set a lifetime such as `max_age = \"1y\"`",
        ),
        (
            "routes.'/' = { public = 60, immutable = true, must_revalidate = true }",
            "line 1, column 29: `immutable` states that the response never changes, so `must_revalidate` contradicts it; remove one of them",
        ),
        (
            "routes.'/' = { public = 60, with_http10_fields = true }",
            "line 1, column 29: `with_http10_fields` forbids reuse without revalidation, and `public` allows it; remove `with_http10_fields`, or use it with `no_cache` or `no_store`",
        ),
        (
            "routes.'/' = { edge_only = 60, edge = 60 }",
            "line 1, column 32: `edge_only` already sets the lifetime for edge caches; remove `edge`",
        ),
        (
            "routes.'/' = { public = 60, stale_at_edge_only = true }",
            "line 1, column 29: `stale_at_edge_only` needs a stale window; add `stale_while_revalidate` or `stale_if_error`",
        ),
        (
            "routes.'/' = { private = 60, stale_if_error = 60, stale_at_edge_only = true }",
            "line 1, column 51: `private` does not let edge caches serve stale responses; remove `stale_at_edge_only`",
        ),
        (
            "routes.'/' = { no_cache = true, stale_at_edge_only = true }",
            "line 1, column 33: `no_cache` does not let edge caches serve stale responses; remove `stale_at_edge_only`",
        ),
        (
            "routes.'/' = { public = 60, stale_in_browser_only = true }",
            "line 1, column 29: `stale_in_browser_only` needs a stale window; add `stale_while_revalidate` or `stale_if_error`",
        ),
        (
            "routes.'/' = { no_cache = true, stale_in_browser_only = true }",
            "line 1, column 33: `no_cache` is never served stale; remove `stale_in_browser_only`",
        ),
        (
            "routes.'/' = { edge_only = 60, stale_if_error = 60, stale_in_browser_only = true }",
            "line 1, column 53: `edge_only` does not let browsers serve stale responses; remove `stale_in_browser_only`",
        ),
        (
            "routes.'/' = { public = 60, stale_if_error = 60, stale_at_edge_only = true, stale_in_browser_only = true }",
            "line 1, column 50: `stale_in_browser_only` does not let edge caches serve stale responses; remove `stale_at_edge_only`",
        ),
        (
            "routes.'/' = { edge = 60 }",
            "line 1, column 16: `edge` needs another key that sets the lifetime; add a lifetime such as `max_age = \"5m\"`",
        ),
        (
            "routes.'/' = { based_on = 'a', edge = 60 }",
            "line 1, column 32: `edge` needs another key that sets the lifetime, because it replaces the policy of the base; add a lifetime such as `max_age = \"5m\"`",
        ),
        // Files that are not a valid table.
        ("routes.'a' = 'no-store'", "line 1, column 8: a pattern must begin with `/`"),
        (
            "routes.'/:id' = 'no-store'",
            "line 1, column 8: a segment cannot begin with `:`; write a parameter as `{id}`",
        ),
        (
            "routes.'/{a}{b}' = 'no-store'",
            "line 1, column 8: a segment can have only one parameter, at its end; write `/v{major}/`, for example",
        ),
        (
            "[routes]\n'/{a}' = 'no-store'\n'/{b}' = 'no-store'",
            "line 3, column 1: the pattern conflicts with `/{a}`: both match the same path, and neither is more specific; remove one of them, or give one of them a literal prefix",
        ),
        (
            "[routes]\n'/' = 'page'\n[policies.pages]\npublic = 60",
            "line 2, column 7: unknown policy `page`; did you mean `pages`?",
        ),
        (
            "routes.'/' = 'page'",
            "line 1, column 14: unknown policy `page`; define it as `[policies.page]`, or write a table such as `{ public = \"5m\" }`",
        ),
        ("routes.'/' = 'no_store'", "line 1, column 14: unknown policy `no_store`; did you mean `no-store`?"),
        (
            "routes.'/' = 'public, max-age=60'",
            "line 1, column 14: unknown policy `public, max-age=60`; write a table such as `{ public = \"5m\" }`",
        ),
        ("routes.'/' = 'b'\n[policies]\na = 'c'\nb = 'a'", "line 3, column 5: unknown policy `c`; did you mean `a`?"),
        (
            "[policies]\na = { based_on = 'b', public = 60 }\nb = 'a'",
            "line 2, column 18: a policy cannot be its own base: `a` -> `b` -> `a`; remove one `based_on`",
        ),
        (
            "[policies]\nc = 'a'\na = 'a'",
            "line 3, column 5: a policy cannot be its own base: `a` -> `a`; remove one `based_on`",
        ),
        (
            "routes.'/' = { public = 60, status.200 = 'no-store' }",
            "line 1, column 36: status 200 cannot have its own policy, because it gets the route's own; change that one instead",
        ),
        (
            "routes.'/' = { public = 60, status.429 = 'no-store' }",
            "line 1, column 36: responses with status 429 must not be stored (RFC 6585); remove the policy for this status",
        ),
        (
            "routes.'/' = { public = 60, status.103 = 'no-store' }",
            "line 1, column 36: status 103 is informational, and such responses are not stored; remove the policy for this status",
        ),
        (
            "routes.'/' = { public = 60, status.4xx = 'no-store' }",
            "line 1, column 36: `4xx` is not a status; write three digits, as in `status.404`",
        ),
        (
            "routes.'/' = { public = 60, method.GET = 'no-store' }",
            "line 1, column 36: GET gets the route's own policy; change that one instead",
        ),
        (
            "routes.'/' = { public = 60, method.head = 'no-store' }",
            "line 1, column 36: `head` must be in upper case; write `HEAD`",
        ),
        (
            "routes.'/' = { public = 60, method.POST = 'no-cache' }",
            "line 1, column 36: responses to POST are never stored; remove the policy for this method, or write `\"no-store\"`",
        ),
        (
            "routes.'/' = { public = 60, method.'a b' = 'no-store' }",
            "line 1, column 36: `a b` is not a method; write a method such as `HEAD`",
        ),
        (
            "routes.'/' = { public = 60, content_type.image = 'no-store' }",
            "line 1, column 42: `image` is not a content type; write a type such as `text/css` or a range such as `image/*`, without parameters, or set the route's own policy for all types",
        ),
        (
            "routes.'/' = { public = 60, content_type = { 'a/b' = 'no-store', 'A/B' = 'no-store' } }",
            "line 1, column 66: `A/B` is the same content type as `a/b`; remove one of them",
        ),
        (
            "routes.'/' = { public = 60, vary = ['accept', 'a b'] }",
            "line 1, column 47: `a b` is not a field name; write one name per element, without commas or spaces, such as `accept-language`",
        ),
        (
            "routes.'/' = { public = 60, vary = ['*'] }",
            "line 1, column 37: `*` is not a field name, and `Vary: *` would prevent all reuse; write `no_store = true` instead",
        ),
        (
            "default = { public = 60, vary = ['Authorization', '*'] }",
            "line 1, column 51: `*` is not a field name, and `Vary: *` would prevent all reuse; write `no_store = true` instead",
        ),
        (
            "routes.'/' = { public = 60, tags = ['a', 'b c'] }",
            "line 1, column 42: the tag \"b c\" contains ' ': use 1 to 1024 characters of visible ASCII, without white space",
        ),
        (
            "# é\nroutes.'/é' = { public = 'é' }",
            "line 2, column 26: `é` is not a duration; write a text such as `\"90s\"`, `\"5m\"`, `\"2 minutes\"` or `\"1y\"`, or a number of seconds",
        ),
    ];
    let mut others = String::new();
    for (text, expected) in table {
        let error = refused(text).to_string();
        if error != *expected {
            others.push_str(&format!("{text}\n    {error}\n"));
        }
    }
    assert!(others.is_empty(), "{others}");
}

#[cfg(feature = "shared-cache")]
#[test]
fn errors_in_the_section_of_the_store_have_a_position_and_a_remedy() {
    let table: &[(&str, &str)] = &[
        ("store = 1", "line 1, column 9: `store` must be a table, not a number; write `store.memory = \"256 MiB\"`"),
        (
            "[store]\nmax_object = '1 MiB'",
            "line 1, column 2: `store` needs `memory`; write `memory = \"256 MiB\"`, or remove the section",
        ),
        (
            "[store]\nmemory = '1 MiB'\n[store.redis]\nurl = 'redis://host'",
            "line 3, column 8: `store.redis` needs the package `tower-cache-policy-redis`; read the file with its \
             `RedisConfig::from_toml_file`, or remove the table",
        ),
        ("[store]\nmemroy = '1 MiB'", "line 2, column 1: unknown key `memroy`; did you mean `memory`?"),
        (
            "[store]\nmemory = true",
            "line 2, column 10: `memory` must be a size, not `true`; write `memory = \"256 MiB\"`",
        ),
        (
            "[store]\nmemory = '256'",
            "line 2, column 10: `256` does not have a unit; write `\"256 MiB\"`, or a number of bytes without quotes",
        ),
        (
            "[store]\nmemory = 256",
            "line 2, column 10: `memory` is only 256 bytes; write at least `\"64 KiB\"`, for example `\"256 MiB\"`",
        ),
        ("[store]\nmemory = -1", "line 2, column 10: `-1` is negative; write a size such as `\"256 MiB\"`"),
        (
            "[store]\nmemory = '1 MiB'\nmax_object = '1 MiB'",
            "line 3, column 14: `max_object` must be between 1 and 131072 bytes, which is an eighth of `memory`; write \
             a size such as `\"8 MiB\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nmode = 'by_field'",
            "line 3, column 8: unknown mode `by_field`; write one of `by_policy`, `by_fields`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nquery = ['a']\nignore_query = ['b']",
            "line 4, column 1: `query` already leaves out all other parameters, so `ignore_query` has no effect; remove \
             one of them",
        ),
        (
            "[store]\nmemory = '1 MiB'\nignore_query = ['a', 'utm*_']",
            "line 3, column 22: `utm*_` is not the name of a parameter; write a name, with `*` only at its end",
        ),
        (
            "[store]\nmemory = '1 MiB'\nhosts = ['https://example.com']",
            "line 3, column 10: `https://example.com` is not a host; write it without a scheme, such as `example.com` or \
             `[::1]:8080`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nhosts = []",
            "line 3, column 9: `hosts` is empty, so no response would be stored; write `hosts = [\"example.com\"]`, or \
             remove it",
        ),
        (
            "[store]\nmemory = '1 MiB'\ncredential_headers = ['x api key']",
            "line 3, column 23: `x api key` is not the name of a header field; write `credential_headers = \
             [\"x-api-key\"]`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nheuristics = true",
            "line 3, column 1: a cache by policy does not use `heuristics`; remove it, or write `mode = \"by_fields\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\ncoalesce = false\nwait = '5s'",
            "line 4, column 1: `coalesce = false` means that no request waits for another one; remove `wait`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nname = 'café'",
            "line 3, column 8: `name` must be 1 to 128 visible ASCII characters or spaces; write `name = \"shop\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nname = 1",
            "line 3, column 8: `name` must be a text, not a number; write `name = \"shop\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nname = ''",
            "line 3, column 8: `name` must be 1 to 128 visible ASCII characters or spaces; write `name = \"shop\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\ncache_status = false\nname = 'a'",
            "line 4, column 1: `cache_status = false` means that the name is not sent; remove `name`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nmode = 'by_fields'\naccept_risk = ['set-cookie']",
            "line 4, column 16: unknown risk `set-cookie`; write one of `set_cookie_replayed_to_others`, `authorized_response_served_to_others`",
        ),
        (
            "[store]\nmemory = '1 MiB'\naccept_risk = ['set_cookie_replayed_to_others']",
            "line 3, column 1: a cache by policy does not use `accept_risk`; remove it, or write `mode = \"by_fields\"`",
        ),
        (
            "[store]\nmemory = '1 MiB'\nas_origin = false",
            "line 3, column 13: `as_origin` cannot be `false`; write `as_origin = true`, or remove `as_origin`",
        ),
    ];
    for (text, message) in table {
        assert_eq!(refused(text).to_string(), *message, "{text}");
    }
}

#[cfg(feature = "shared-cache")]
#[tokio::test]
async fn the_keys_of_the_store_change_what_the_cache_does() {
    use tower_cache_policy::SharedCache;

    // Returns the number of stored URLs after two requests, and whether the second response is a hit, has `Age` and has
    // `Cache-Status`.
    let outcome = async |keys: &str, first: &str, second: Request<TestBody>| {
        let text = format!("default = {{ public = 60 }}\n[store]\nmemory = '1 MiB'\n{keys}");
        let config = PolicyConfig::from_toml(&text).unwrap_or_else(|error| panic!("{keys}: {error}"));
        let cache = SharedCache::from_config(config.store().unwrap());
        let policy = CachePolicyLayer::new(config.into_routes());
        let handler = service_fn(|request: Request<TestBody>| {
            let long = request.uri().path().contains("long");
            let body = if long { "x".repeat(4_000) } else { String::new() };
            std::future::ready(Ok::<_, Infallible>(http::Response::new(TestBody::from(body))))
        });
        let service = cache.layer().layer(policy.layer(handler));
        support::content(support::call(&service, get(first, &[])).await.into_body()).await;
        let response = support::call(&service, second).await;
        let (head, body) = response.into_parts();
        support::content(body).await;
        let has = |name: &str| head.headers.contains_key(name);
        (cache.stats().urls, cache.stats().hits == 1, has("age"), has("cache-status"))
    };
    let page = |path: &str| get(path, &[]);
    assert_eq!(outcome("", "/a?x=1", page("/a?x=1")).await, (1, true, true, true));
    assert_eq!(outcome("", "/a?x=1", page("/a?x=2")).await, (2, false, false, true));
    assert_eq!(outcome("query = ['y']", "/a?x=1", page("/a?x=2")).await, (1, true, true, true));
    assert_eq!(outcome("ignore_query = ['x*']", "/a?xy=1", page("/a?x=2")).await, (1, true, true, true));
    assert_eq!(outcome("sorted_query = true", "/a?x=1&y=2", page("/a?y=2&x=1")).await, (1, true, true, true));
    assert_eq!(outcome("hosts = ['example.com']", "/a", page("/a")).await, (0, false, false, true));
    assert_eq!(outcome("max_object = '3 KiB'", "/long", page("/long")).await, (0, false, false, true));
    assert_eq!(outcome("cache_status = false", "/a", page("/a")).await, (1, true, true, false));
    assert_eq!(outcome("as_origin = true", "/a", page("/a")).await, (1, true, false, true));
    assert_eq!(outcome("enabled = false", "/a", page("/a")).await, (0, false, false, false));
    let with = |name: &str| get("/a", &[(name, "1")]);
    assert_eq!(outcome("", "/a", with("x-api-key")).await, (1, true, true, true));
    assert_eq!(outcome("credential_headers = ['X-Api-Key']", "/a", with("x-api-key")).await, (1, false, false, true));
    assert_eq!(outcome("distrust_unkeyed_headers = true", "/a", with("x-host")).await, (1, false, false, true));
}

#[cfg(feature = "shared-cache")]
#[tokio::test]
async fn the_store_has_the_name_and_the_accepted_risks_of_the_file() {
    use tower_cache_policy::SharedCache;

    // Returns whether the second response is a hit, and the last `Cache-Status`.
    let outcome = async |keys: &str, sent: (&str, &str), received: (&'static str, &'static str)| {
        let config = PolicyConfig::from_toml(&format!("[store]\nmemory = '1 MiB'\n{keys}")).unwrap();
        let cache = SharedCache::from_config(config.store().unwrap());
        let service = cache.layer().layer(service_fn(move |_: Request<TestBody>| {
            let response = http::Response::builder().header("cache-control", "public, max-age=60");
            std::future::ready(Ok::<_, Infallible>(
                response.header(received.0, received.1).body(TestBody::default()).unwrap(),
            ))
        }));
        support::content(support::call(&service, get("/a", &[sent])).await.into_body()).await;
        let response = support::call(&service, get("/a", &[sent])).await;
        (cache.stats().hits == 1, response.headers()["cache-status"].to_str().unwrap().to_owned())
    };
    let (accept, cookie) = (("accept", "*/*"), ("set-cookie", "a=b"));
    let authorized = ("authorization", "Basic x");
    let by_fields = "mode = 'by_fields'\nname = 'The Shop'\naccept_risk = ";
    for (risks, sent, received, is_hit) in [
        ("[]", accept, ("x-a", "b"), true),
        ("[]", accept, cookie, false),
        ("[]", authorized, ("x-a", "b"), false),
        ("['set_cookie_replayed_to_others']", accept, cookie, true),
        ("['set_cookie_replayed_to_others']", authorized, ("x-a", "b"), false),
        ("['authorized_response_served_to_others']", authorized, ("x-a", "b"), true),
        ("['authorized_response_served_to_others']", accept, cookie, false),
    ] {
        let (hit, status) = outcome(&format!("{by_fields}{risks}"), sent, received).await;
        assert_eq!(hit, is_hit, "{risks} {sent:?} {received:?}");
        assert!(status.starts_with("\"The Shop\"; "), "{status}");
    }
}

#[cfg(feature = "shared-cache")]
#[test]
fn limits_of_time_in_the_store_may_be_in_milliseconds() {
    let debug = |keys: &str| {
        let config = PolicyConfig::from_toml(&format!("[store]\nmemory = '1 MiB'\n{keys}"));
        config.map(|config| format!("{:?}", config.store().unwrap()))
    };
    let store = debug("wait = '500ms'\nfinish_within = '1500 ms'").unwrap();
    assert!(store.contains("wait: Some(500ms), finish_within: Some(1.5s)"), "{store}");
    let error = debug("stale_when_disconnected = '500ms'").unwrap_err();
    assert!(error.to_string().contains("caches count seconds"), "{error}");
}

#[test]
fn a_file_is_named_in_its_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policies.toml");
    let write = |bytes: &[u8]| std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    let place = path.display();

    let error = RoutePolicies::from_toml_file(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{place}: cannot be read: ")), "{error}");
    assert_eq!((error.line(), error.column(), error.path()), (None, None, Some(path.as_path())));
    assert!(std::error::Error::source(&error).is_some());

    write(b"[routes]\n'/' = { public = '5 parsecs' }\n");
    let error = RoutePolicies::from_toml_file(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{place}:2:18: `5 parsecs` is not a duration; ")), "{error}");
    assert_eq!((error.line(), error.column(), error.path()), (Some(2), Some(18), Some(path.as_path())));
    assert!(error.message().starts_with("`5 parsecs` is not a duration; "));
    assert!(std::error::Error::source(&error).is_none());

    write(b"# caf\xe9\n");
    let error = RoutePolicies::from_toml_file(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{place}:1:6: the file is not valid UTF-8")), "{error}");

    write(EXAMPLE.as_bytes());
    let routes = RoutePolicies::from_toml_file(&path).unwrap();
    assert_eq!(routes.to_markdown(), RoutePolicies::from_toml(EXAMPLE).unwrap().to_markdown());
}

#[test]
fn the_program_and_not_the_file_enables_development() {
    let text = "default = { public = 60 }\ndevelopment.caching = false";
    let config = PolicyConfig::from_toml(text).unwrap();
    assert!(config.development(true).is_on());
    let cache_control =
        |layer: CachePolicyLayer| field(&through(&layer, get("/", &[]), 200, ""), "cache-control").unwrap();
    let layer = || CachePolicyLayer::new(config.routes().clone());
    let with = |argument: bool| layer().development(config.development(argument));
    assert_eq!(cache_control(layer()), "public, max-age=60", "the table is the same");
    assert_eq!(cache_control(with(false)), "public, max-age=60");
    assert_eq!(cache_control(with(true)), "no-cache, no-store, must-revalidate");
    for text in ["", "development.caching = true", "[development]\ncaching = true"] {
        assert!(!PolicyConfig::from_toml(text).unwrap().development(true).is_on(), "{text}");
    }
}

#[test]
fn an_invalid_file_leaves_the_current_table_active() {
    let routes = SharedRoutes::new(RoutePolicies::from_toml("routes.'/' = { public = 60 }").unwrap());
    let layer = CachePolicyLayer::new(routes.clone());
    let cache_control = || field(&through(&layer, get("/", &[]), 200, ""), "cache-control").unwrap();
    let reload = |text: &str| RoutePolicies::from_toml(text).map(|table| routes.replace(table));

    let error = reload("routes.'/' = { public = 30 }\nroutes.'/a' = { publik = 30 }").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 17: unknown key `publik`; did you mean `public`?");
    assert_eq!(cache_control(), "public, max-age=60");
    reload("routes.'/' = { public = 30 }").unwrap();
    assert_eq!(cache_control(), "public, max-age=30");
}

/// Every input results in a table without contradictions, or in an error with its position.
fn holds(text: &str) {
    match RoutePolicies::from_toml(text) {
        Ok(routes) => {
            for row in routes.rows() {
                let http10 = "no-cache, no-store, must-revalidate";
                if row.cache_control().starts_with(http10) {
                    continue;
                }
                let value = [HeaderValue::from_str(row.cache_control()).unwrap()];
                let mut found = CacheControl::contradictions_in(&value);
                let odd = found.find(|found| *found != Contradiction::SharedRevalidationWithStale);
                assert_eq!(odd, None, "{} in {text}", row.cache_control());
            }
        }
        Err(error) => {
            let (line, column) = (error.line().unwrap(), error.column().unwrap());
            let lines: Vec<&str> = text.split('\n').collect();
            assert!((1..=lines.len()).contains(&line), "{error} in {text:?}");
            assert!((1..=lines[line - 1].chars().count() + 1).contains(&column), "{error} in {text:?}");
            assert!(!error.message().is_empty());
        }
    }
}

/// Tables of valid and invalid keys.
fn keys() -> impl Strategy<Value = String> {
    let key = prop::sample::select(
        &[
            "public",
            "private",
            "max_age",
            "no_cache",
            "no_store",
            "edge",
            "stale_while_revalidate",
            "stale_if_error",
            "must_revalidate",
            "proxy_revalidate",
            "no_transform",
            "immutable",
            "with_http10_fields",
        ][..],
    );
    let value = |key: &'static str, odd: u8| match (key, odd) {
        (_, 0) => "-1",
        (_, 1) => "'2y'",
        ("private", 2..6) => "true",
        ("public" | "private" | "max_age" | "edge" | "stale_while_revalidate" | "stale_if_error", 6..9) => "0",
        ("public" | "private" | "max_age" | "edge" | "stale_while_revalidate" | "stale_if_error", _) => "'1y'",
        _ => "true",
    };
    proptest::collection::btree_map(key, 0..60_u8, 0..5).prop_map(move |keys| {
        let keys: Vec<_> = keys.iter().map(|(key, odd)| format!("{key} = {}", value(key, *odd))).collect();
        keys.join(", ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_set_of_keys_panics_or_contradicts_itself(own in keys(), inner in keys()) {
        holds(&format!("default = {{ {own} }}"));
        holds(&format!("routes.'/' = {{ {own} }}"));
        holds(&format!("[policies]\na = {{ {own} }}\n[routes]\n'/' = {{ based_on = 'a', {inner} }}"));
        holds(&format!("routes.'/' = {{ {own}, status.404 = {{ {inner} }}, content_type.'a/b' = {{ {inner} }} }}"));
        holds(&format!("routes.'/' = {{ no_cache = true, method.HEAD = {{ {inner} }} }}"));
    }

    #[test]
    fn no_mutated_file_panics(
        cuts in proptest::collection::vec(
            (any::<prop::sample::Index>(), 0..12_usize, "[a-z{}*\"'/=.,0-9\\[\\]\n é\\\\-]{0,6}"),
            1..5,
        ),
    ) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        holds(&text.into_iter().collect::<String>());
    }

    #[test]
    fn no_mixed_file_panics(lines in proptest::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let all: Vec<&str> = EXAMPLE.lines().collect();
        holds(&lines.iter().map(|line| format!("{}\n", all[line.index(all.len())])).collect::<String>());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), pattern in any::<String>(), near in "[a-z{}*\"'/=.\\[\\]\n# é]{0,80}") {
        holds(text.trim_start_matches('\u{feff}'));
        holds(&near);
        holds(&format!("routes.{pattern:?} = 'no-store'"));
        holds(&format!("[store]\nmemory = {text:?}\nhosts = [{pattern:?}]\nquery = [{text:?}]"));
        holds(&format!("[routes]\n'/' = {pattern:?}\n[policies]\n{pattern:?} = {{ public = {pattern:?} }}"));
    }
}
