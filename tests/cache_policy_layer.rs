//! Tests `CachePolicyLayer`: precedence, statuses, and guards.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::{Method, Request, Response, StatusCode};
use proptest::prelude::*;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::policy::{CachePolicy, Decision, DecisionSource, Guard, IntoPolicySource, Personalized, Risk};
use tower_cache_policy::protocol::NoVarySearch;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, Clock};

use support::{TestBody, call, field, get, request, response_with};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const PUBLIC: CachePolicy = CachePolicy::public(HOUR);

/// The response of a handler.
#[derive(Clone)]
struct Inner {
    status: u16,
    lines: Vec<(&'static str, &'static str)>,
    policy: Option<CachePolicy>,
    personalized: bool,
}

fn inner(status: u16, lines: &[(&'static str, &'static str)]) -> Inner {
    Inner { status, lines: lines.to_vec(), policy: None, personalized: false }
}

fn ok(lines: &[(&'static str, &'static str)]) -> Inner {
    inner(200, lines)
}

impl Inner {
    fn with_policy(mut self, policy: CachePolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    fn personalized(mut self) -> Self {
        self.personalized = true;
        self
    }

    fn response(&self) -> Response<TestBody> {
        let mut response = response_with("hello", &self.lines);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        if let Some(policy) = self.policy {
            response.extensions_mut().insert(policy);
        }
        if self.personalized {
            response.extensions_mut().insert(Personalized);
        }
        response
    }
}

/// A field line of a handler, with static lifetime.
fn leak(name: &str, value: &str) -> (&'static str, &'static str) {
    (name.to_owned().leak(), value.to_owned().leak())
}

async fn through(layer: CachePolicyLayer, inner: &Inner, request: Request<TestBody>) -> Response<TestBody> {
    let inner = inner.clone();
    let handler = service_fn(move |_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(inner.response())));
    call(&layer.record_decisions().layer(handler), request).await
}

fn cache_control(response: &Response<TestBody>) -> Option<String> {
    field(response.headers(), "cache-control")
}

fn decision(response: &Response<TestBody>) -> Decision {
    *response.extensions().get().expect("record_decisions() was called")
}

fn guards(response: &Response<TestBody>) -> Vec<Guard> {
    decision(response).guards().iter().collect()
}

#[tokio::test]
async fn the_source_of_a_policy_follows_the_order_of_precedence() {
    let own = ("cache-control", "max-age=5");
    let table: Vec<(&str, CachePolicyLayer, Inner, &str, DecisionSource)> = vec![
        (
            "the layer, if there is no other policy",
            CachePolicyLayer::new(PUBLIC),
            ok(&[]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "the handler's field before the layer",
            CachePolicyLayer::new(PUBLIC),
            ok(&[own]),
            "max-age=5",
            DecisionSource::Handler,
        ),
        (
            "the handler's policy before its field",
            CachePolicyLayer::new(PUBLIC),
            ok(&[own]).with_policy(CachePolicy::private(MINUTE)),
            "private, max-age=60",
            DecisionSource::HandlerPolicy,
        ),
        (
            "no-store in the field takes precedence over a policy",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("cache-control", "no-store")]).with_policy(PUBLIC),
            "no-store",
            DecisionSource::Handler,
        ),
        (
            "an empty field is ignored",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("cache-control", " , ")]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "a field without a known directive is ignored, and its members follow the policy",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("cache-control", "do not override")]),
            "public, max-age=3600, do not override",
            DecisionSource::Layer,
        ),
        (
            "an overriding layer before the field",
            CachePolicyLayer::new(PUBLIC).override_handler(),
            ok(&[own]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "an overriding layer before the policy",
            CachePolicyLayer::new(PUBLIC).override_handler(),
            ok(&[]).with_policy(CachePolicy::NO_CACHE),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "no-store is sticky",
            CachePolicyLayer::new(PUBLIC).override_handler(),
            ok(&[("cache-control", "max-age=5, No-Store")]),
            "max-age=5, No-Store",
            DecisionSource::Handler,
        ),
        (
            "as a policy too",
            CachePolicyLayer::new(PUBLIC).override_handler(),
            ok(&[]).with_policy(CachePolicy::NO_STORE),
            "private, no-store",
            DecisionSource::HandlerPolicy,
        ),
        (
            "unless the override includes no-store",
            CachePolicyLayer::new(PUBLIC).override_handler_no_store(),
            ok(&[("cache-control", "no-store")]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "an overriding layer, if the field is equal",
            CachePolicyLayer::new(PUBLIC).override_handler(),
            ok(&[("cache-control", "public, max-age=3600")]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "the handler, if its field is equal",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("cache-control", "public, max-age=3600")]),
            "public, max-age=3600",
            DecisionSource::Handler,
        ),
        (
            "a layer that tightens, if there is nothing to tighten",
            CachePolicyLayer::new(PUBLIC.vary(&["accept-language"])).tighten(),
            ok(&[]),
            "public, max-age=3600",
            DecisionSource::Layer,
        ),
        (
            "the default, if the layer has no policy",
            CachePolicyLayer::from_fn(|_| None),
            ok(&[]),
            "private, no-cache",
            DecisionSource::Default,
        ),
        (
            "another default",
            CachePolicyLayer::from_fn(|_| None).default_policy(CachePolicy::NO_STORE),
            ok(&[]),
            "private, no-store",
            DecisionSource::Default,
        ),
        (
            "development before everything",
            CachePolicyLayer::new(PUBLIC).development(true),
            ok(&[own]).with_policy(PUBLIC),
            "no-cache, no-store, must-revalidate",
            DecisionSource::Development,
        ),
    ];
    for (sentence, layer, inner, expected, speaker) in table {
        let response = through(layer, &inner, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{sentence}");
        assert_eq!(decision(&response).source(), speaker, "{sentence}");
    }
}

#[tokio::test]
async fn an_inner_layer_takes_precedence_over_an_outer_one() {
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("", &[]))));
    let stack = ServiceBuilder::new()
        .layer(CachePolicyLayer::new(PUBLIC).record_decisions())
        .layer(CachePolicyLayer::new(CachePolicy::private(MINUTE)).record_decisions())
        .service(handler);
    let response = call(&stack, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=60"));
    assert_eq!(decision(&response).source(), DecisionSource::Layer, "the inner decision applies");
}

#[tokio::test]
async fn an_outer_layer_does_not_reuse_the_handlers_policy_after_a_guard() {
    let handler = service_fn(|_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(ok(&[("set-cookie", "a=b")]).with_policy(PUBLIC).response()))
    });
    let stack = ServiceBuilder::new()
        .layer(CachePolicyLayer::new(PUBLIC).accept_risk(Risk::SetCookieReplayedToOthers))
        .layer(CachePolicyLayer::new(PUBLIC))
        .service(handler);
    let response = call(&stack, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"));
}

#[tokio::test]
async fn a_policy_applies_only_to_200_203_206_and_304() {
    let by_status = || {
        CachePolicyLayer::new(PUBLIC)
            .for_status(StatusCode::NOT_FOUND, CachePolicy::max_age(MINUTE))
            .for_status(StatusCode::MOVED_PERMANENTLY, CachePolicy::max_age(MINUTE))
            .for_status(StatusCode::NO_CONTENT, CachePolicy::max_age(MINUTE))
    };
    let public = "public, max-age=3600";
    let short = "max-age=60";
    let nobody = "private, no-cache";
    let never = "private, no-store";
    let table: &[(u16, &str, &str)] = &[
        (200, public, public),
        (203, public, public),
        (206, public, public),
        (304, public, public),
        (201, nobody, nobody),
        (204, nobody, short),
        (301, nobody, short),
        (302, nobody, nobody),
        (308, nobody, nobody),
        (400, never, never),
        (401, never, never),
        (404, never, short),
        (410, never, never),
        (416, never, never),
        (428, never, never),
        (429, never, never),
        (431, never, never),
        (451, never, never),
        (500, never, never),
        (503, never, never),
        (511, never, never),
    ];
    // G-04 to G-06, M-05
    for (status, plain, with_policies) in table {
        for (layer, expected) in [(CachePolicyLayer::new(PUBLIC), plain), (by_status(), with_policies)] {
            for method in [Method::GET, Method::HEAD] {
                let response = through(layer.clone(), &inner(*status, &[]), request(method, "/", &[])).await;
                assert_eq!(cache_control(&response).as_deref(), Some(*expected), "{status}");
            }
        }
        let own = inner(*status, &[("cache-control", "max-age=5")]);
        let response = through(CachePolicyLayer::new(PUBLIC), &own, get("/", &[])).await;
        let expected = if matches!(status, 428 | 429 | 431 | 511) { never } else { "max-age=5" };
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{status} of a handler that speaks");
    }
    let beside_a_result = inner(500, &[]).with_policy(PUBLIC);
    let response = through(CachePolicyLayer::new(PUBLIC), &beside_a_result, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some(never), "`(PAGE, Err(500))` in a handler");
    assert!(decision(&response).guards().contains(Guard::Error));
    let with_own = inner(404, &[]).with_policy(PUBLIC);
    let response = through(by_status(), &with_own, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some(short), "the policy for the status applies");

    let overridden = inner(404, &[("cache-control", "private, max-age=10")]);
    let response = through(CachePolicyLayer::new(PUBLIC).override_handler(), &overridden, get("/", &[])).await;
    assert_eq!(
        cache_control(&response).as_deref(),
        Some("private, max-age=10"),
        "an error is never overridden upwards"
    );
}

#[tokio::test]
async fn a_policy_for_200_also_applies_to_its_304() {
    let layer = CachePolicyLayer::new(PUBLIC).for_status(StatusCode::OK, CachePolicy::max_age(MINUTE));
    for (status, expected) in [
        (200, "max-age=60"),
        (304, "max-age=60"),
        (206, "public, max-age=3600"),
        (301, "private, no-cache"),
        (404, "private, no-store"),
    ] {
        let response = through(layer.clone(), &inner(status, &[]), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "N-01: {status}");
    }
}

#[test]
#[should_panic(expected = "status 429 must not be stored")]
fn a_status_that_must_not_be_stored_ignores_policies() {
    let _ = CachePolicyLayer::new(PUBLIC).for_status(StatusCode::TOO_MANY_REQUESTS, PUBLIC);
}

/// A guard, a response that triggers it, and the result without the guard.
struct GuardRow {
    guard: Guard,
    risk: Risk,
    inner: Inner,
    request: Request<TestBody>,
    guarded: &'static str,
    waived: Option<&'static str>,
}

fn guard_rows() -> Vec<GuardRow> {
    let html = ("content-type", "text/html; charset=utf-8");
    let row = |guard, risk, inner, request, guarded, waived| GuardRow { guard, risk, inner, request, guarded, waived };
    let authorized = || get("/", &[("authorization", "Bearer x")]);
    vec![
        row(
            Guard::SetCookie,
            Risk::SetCookieReplayedToOthers,
            ok(&[("set-cookie", "a=b")]),
            get("/", &[]),
            "private, max-age=3600",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::SetCookie,
            Risk::SetCookieReplayedToOthers,
            ok(&[("set-cookie", "a=b"), ("cache-control", "s-maxage=9, Public, x=\"y\"")]),
            get("/", &[]),
            "private, no-cache, x=\"y\"",
            Some("s-maxage=9, Public, x=\"y\""),
        ),
        row(
            Guard::SetCookie,
            Risk::SetCookieReplayedToOthers,
            ok(&[("set-cookie", "a=b"), ("cache-control", "private=\"set-cookie\", max-age=9")]),
            get("/", &[]),
            "private, max-age=9",
            Some("private=\"set-cookie\", max-age=9"),
        ),
        row(
            Guard::SetCookie,
            Risk::SetCookieReplayedToOthers,
            ok(&[("set-cookie", "a=b"), ("cache-control", "private, max-age=9"), ("cdn-cache-control", "max-age=9")]),
            get("/", &[]),
            "private, max-age=9",
            Some("private, max-age=9"),
        ),
        row(
            Guard::Authorization,
            Risk::AuthorizedResponseServedToOthers,
            ok(&[]),
            authorized(),
            "private, max-age=3600",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::Authorization,
            Risk::AuthorizedResponseServedToOthers,
            ok(&[("cache-control", "max-age=9, must-revalidate")]),
            authorized(),
            "private, max-age=9, must-revalidate",
            Some("max-age=9, must-revalidate"),
        ),
        row(
            Guard::Personalized,
            Risk::PersonalizedResponseServedToOthers,
            ok(&[]).personalized(),
            get("/", &[]),
            "private, max-age=3600",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::Error,
            Risk::ErrorServedAsLongAsASuccess,
            inner(404, &[]),
            get("/", &[]),
            "private, no-store",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::UnexpectedSuccess,
            Risk::UnexpectedSuccessServedAsThePage,
            inner(204, &[]),
            get("/", &[]),
            "private, no-cache",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::Redirect,
            Risk::RedirectOutlivesItsReason,
            inner(301, &[]),
            get("/", &[]),
            "private, no-cache",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::NoStoreAlone,
            Risk::EdgeFieldOverrulesNoStore,
            ok(&[("cdn-cache-control", "max-age=9")]).with_policy(CachePolicy::NO_STORE),
            get("/", &[]),
            "private, no-store",
            Some("private, no-store"),
        ),
        row(
            Guard::UnsafeMethod,
            Risk::UnsafeResponseReused,
            ok(&[("cache-control", "max-age=9")]),
            request(Method::POST, "/", &[]),
            "private, no-store",
            Some("max-age=9"),
        ),
        row(
            Guard::UnsafeMethod,
            Risk::UnsafeResponseReused,
            ok(&[]).with_policy(PUBLIC),
            request(Method::PUT, "/", &[]),
            "private, no-store",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::VaryAny,
            Risk::VariantServedToEverybody,
            ok(&[("vary", "cookie, *")]),
            get("/", &[]),
            "private, max-age=3600, no-cache",
            Some("public, max-age=3600"),
        ),
        row(
            Guard::VaryAny,
            Risk::VariantServedToEverybody,
            ok(&[("vary", "cookie"), ("vary", "*"), ("cache-control", "max-age=9")]),
            get("/", &[]),
            "private, max-age=9, no-cache",
            Some("max-age=9"),
        ),
        row(
            Guard::OneLine,
            Risk::RestrictionInASecondLineMissed,
            ok(&[("cache-control", "max-age=9"), ("cache-control", "private")]),
            get("/", &[]),
            "max-age=9, private",
            Some("max-age=9 | private"),
        ),
        row(
            Guard::Immutable,
            Risk::PageSurvivesReload,
            ok(&[html]).with_policy(CachePolicy::IMMUTABLE),
            get("/", &[]),
            "public, max-age=31536000",
            Some("public, max-age=31536000, immutable"),
        ),
        row(
            Guard::Immutable,
            Risk::PageSurvivesReload,
            ok(&[html, ("cache-control", "max-age=9, Immutable")]),
            get("/", &[]),
            "max-age=9",
            Some("max-age=9, Immutable"),
        ),
        row(
            Guard::Immutable,
            Risk::PageSurvivesReload,
            inner(304, &[]).with_policy(CachePolicy::IMMUTABLE),
            get("/", &[]),
            "public, max-age=31536000",
            Some("public, max-age=31536000, immutable"),
        ),
    ]
}

#[tokio::test]
async fn each_guard_acts_records_why_and_can_be_waived_by_accepting_its_risk() {
    for row in guard_rows() {
        let (guard, lines) = (row.guard, &row.inner.lines);
        let guarded = through(CachePolicyLayer::new(PUBLIC), &row.inner, row.request.clone()).await;
        assert_eq!(cache_control(&guarded).as_deref(), Some(row.guarded), "{guard:?} {lines:?}");
        assert!(decision(&guarded).guards().contains(guard), "{guard:?} {lines:?}: {}", decision(&guarded));
        assert!(decision(&guarded).to_string().contains(guard.reason()));

        let waiving = CachePolicyLayer::new(PUBLIC).accept_risk(row.risk);
        let waived = through(waiving, &row.inner, row.request).await;
        assert_eq!(cache_control(&waived).as_deref(), row.waived, "{guard:?} waived {lines:?}");
        if guard != Guard::UnexpectedSuccess && guard != Guard::Redirect {
            assert!(!decision(&waived).guards().contains(guard), "{guard:?} waived {lines:?}");
        }
    }
}

#[tokio::test]
async fn a_guard_that_changes_nothing_is_not_recorded() {
    let edge = ("cdn-cache-control", "max-age=9");
    let tightening = || CachePolicyLayer::new(PUBLIC).tighten();
    type Row = (&'static str, CachePolicyLayer, Inner, &'static str, Option<&'static str>, &'static [Guard]);
    let table: [Row; 8] = [
        (
            "a page with a cookie that is not immutable",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("content-type", "text/html"), ("set-cookie", "a=b"), ("cache-control", "public, max-age=9")]),
            "private, max-age=9",
            None,
            &[Guard::SetCookie],
        ),
        (
            "Vary: * with no-store",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("vary", "*"), ("cache-control", "no-store")]),
            "no-store",
            None,
            &[],
        ),
        (
            "Vary: * with private and no-cache",
            CachePolicyLayer::new(PUBLIC),
            ok(&[("vary", "*"), ("cache-control", "private, no-cache")]),
            "private, no-cache",
            None,
            &[],
        ),
        (
            "a field of an edge with a lifetime",
            tightening(),
            ok(&[edge, ("cache-control", "public, max-age=60")]),
            "public, max-age=60",
            Some("max-age=9"),
            &[],
        ),
        (
            "no-store without a field of an edge",
            tightening(),
            ok(&[("cache-control", "no-store")]),
            "no-store",
            None,
            &[],
        ),
        (
            "no-store with one",
            tightening(),
            ok(&[edge, ("cache-control", "no-store")]),
            "no-store",
            None,
            &[Guard::NoStoreAlone],
        ),
        (
            "which can be permitted",
            tightening().accept_risk(Risk::EdgeFieldOverrulesNoStore),
            ok(&[edge, ("cache-control", "no-store")]),
            "no-store",
            Some("max-age=9"),
            &[],
        ),
        (
            "an error that may be stored as long as a success, without a policy",
            CachePolicyLayer::from_fn(|_| None).accept_risk(Risk::ErrorServedAsLongAsASuccess),
            inner(404, &[]),
            "private, no-cache",
            None,
            &[Guard::NoHeuristics],
        ),
    ];
    for (sentence, layer, inner, expected, for_edge, acted) in table {
        let response = through(layer, &inner, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{sentence}");
        assert_eq!(field(response.headers(), "cdn-cache-control").as_deref(), for_edge, "G-21: {sentence}");
        assert_eq!(guards(&response), acted, "{sentence}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_asset_is_not_stored() {
    let assets = || CachePolicyLayer::new(CachePolicy::IMMUTABLE);
    let table: &[(&str, &str, &str)] = &[
        ("the asset", "text/css", "public, max-age=31536000, immutable"),
        ("a fallback page", "Text/HTML; charset=utf-8", "private, no-store"),
        ("another one", "application/xhtml+xml", "private, no-store"),
    ];
    for (sentence, content_type, expected) in table {
        let inner = ok(&[("content-type", content_type)]);
        let response = through(assets(), &inner, get("/assets/app-abc123.js", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "G-19: {sentence}");
    }
    let waived = assets().accept_risk(Risk::PageSurvivesReload);
    let response = through(waived, &ok(&[("content-type", "text/html")]), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=31536000, immutable"));
}

#[tokio::test]
async fn the_guard_against_heuristics_is_waived_by_name_too() {
    let silent = || CachePolicyLayer::from_fn(|_| None);
    let guarded = through(silent(), &ok(&[]), get("/", &[])).await;
    assert_eq!(cache_control(&guarded).as_deref(), Some("private, no-cache"));
    assert!(decision(&guarded).guards().contains(Guard::NoHeuristics), "G-14");
    let waived = through(silent().accept_risk(Risk::LifetimeGuessedByCaches), &ok(&[]), get("/", &[])).await;
    assert_eq!(cache_control(&waived), None);

    // Lines without a member do not have a meaning (G-25).
    let empty = ok(&[("cache-control", ""), ("cache-control", ", ,")]);
    let waived = through(silent().accept_risk(Risk::LifetimeGuessedByCaches), &empty, get("/", &[])).await;
    assert_eq!(waived.headers().get_all("cache-control").iter().count(), 1);
    assert!(decision(&waived).guards().contains(Guard::OneLine));
}

#[tokio::test]
async fn a_modification_date_alone_does_not_allow_heuristic_freshness() {
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon"] {
        let dated = ok(&[("last-modified", date)]);
        let response = through(CachePolicyLayer::from_fn(|_| None), &dated, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("private, no-cache"), "F-04, G-14: {date}");
    }
}

#[tokio::test]
async fn lines_are_joined_without_losing_directives_in_an_open_quote() {
    let table: &[(&[&str], &str)] = &[
        (&["max-age=60", "x=\"y\""], "max-age=60, x=\"y\""),
        (&["x=\"", "no-store, y=\""], "no-store"),
        (&["x=\"", "x=\""], "public, max-age=3600"),
        (&["max-age=60, a\"b", "private=\"set-cookie\""], "private=\"set-cookie\", max-age=60"),
        (&["max-age=60, x=\"a", "b\", no-store, y=\"c"], "no-store, b\", no-store, y=\"c"),
        (&["max-age=60, x=\"a", "b\", private, y=\"c"], "private, max-age=60, b\", private, y=\"c"),
    ];
    for (lines, expected) in table {
        let lines: Vec<_> = lines.iter().map(|line| leak("cache-control", line)).collect();
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&lines), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "G-25: {lines:?}");
    }
}

#[tokio::test]
async fn separate_lines_are_preserved_under_a_risk_if_no_quote_hides_a_restriction() {
    let layer = CachePolicyLayer::new(PUBLIC).accept_risk(Risk::RestrictionInASecondLineMissed);
    for (first, last, beside) in [("x=1", "y=2", ", x=1, y=2"), (r#"x=""#, r#"y=""#, "")] {
        let lines = [("cache-control", first), ("cache-control", "no-store"), ("cache-control", last)];
        let personalized = through(layer.clone(), &ok(&lines).personalized(), get("/", &[])).await;
        assert_eq!(cache_control(&personalized), Some(format!("private, no-store{beside}")), "G-03, G-07: {first}");
        let written = through(layer.clone(), &ok(&lines), request(Method::POST, "/", &[])).await;
        assert_eq!(cache_control(&written), Some(format!("no-store{beside}")), "G-09: {first}");
        let plain = through(layer.clone(), &ok(&lines), get("/", &[])).await;
        let expected = if beside.is_empty() { "no-store" } else { "x=1 | no-store | y=2" };
        assert_eq!(cache_control(&plain).as_deref(), Some(expected), "G-25: {first}");
    }
}

#[tokio::test]
async fn a_page_with_only_immutable_gets_the_default() {
    let page = ok(&[("cache-control", "immutable"), ("content-type", "text/html")]);
    let response = through(CachePolicyLayer::new(PUBLIC), &page, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-cache"), "G-14, G-27");
}

#[tokio::test]
async fn the_response_to_an_unsafe_request_has_no_cache_tags() {
    for line in [None, Some(("cache-control", "no-store"))] {
        let lines: Vec<_> = line.into_iter().chain([("surrogate-key", "a")]).collect();
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&lines), request(Method::PUT, "/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"), "G-09");
        assert_eq!(field(response.headers(), "surrogate-key"), None, "G-09: {line:?}");
    }
}

#[tokio::test]
async fn no_store_on_an_unsafe_response_is_preserved_despite_an_accepted_risk() {
    let layer = CachePolicyLayer::new(PUBLIC).accept_risk(Risk::UnsafeResponseReused);
    let inner = ok(&[("cache-control", "no-store")]).with_policy(PUBLIC);
    let response = through(layer, &inner, request(Method::POST, "/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("no-store"));
}

#[tokio::test]
async fn a_response_for_one_origin_varies_on_it_and_is_private_with_credentials() {
    let one = ("access-control-allow-origin", "https://a.example");
    let all = ("access-control-allow-origin", "*");
    let credentials = ("access-control-allow-credentials", "true");
    let table: &[(&str, &[(&str, &str)], Option<&str>, &str)] = &[
        ("any origin", &[all], None, "public, max-age=3600"),
        ("one origin", &[one], Some("origin"), "public, max-age=3600"),
        ("it varies already", &[one, ("vary", "Origin")], Some("Origin"), "public, max-age=3600"),
        ("it varies on another field", &[one, ("vary", "Accept")], Some("Accept, origin"), "public, max-age=3600"),
        ("with credentials", &[one, credentials], Some("origin"), "private, max-age=3600"),
        ("no CORS at all", &[], None, "public, max-age=3600"),
    ];
    for (sentence, lines, vary, expected) in table {
        let lines: Vec<_> = lines.iter().map(|(name, value)| leak(name, value)).collect();
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&lines), get("/", &[])).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), *vary, "G-12: {sentence}");
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "G-12: {sentence}");
    }
    let waived = CachePolicyLayer::new(PUBLIC).accept_risk(Risk::OneOriginsResponseServedToAnother);
    let response = through(waived, &ok(&[one, credentials]), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=3600"));
    assert_eq!(field(response.headers(), "vary"), None);
}

#[tokio::test]
async fn a_response_that_deletes_data_is_private_whatever_the_handler_sets() {
    let field_of = ("clear-site-data", "\"cache\", \"cookies\"");
    for lines in
        [&[field_of][..], &[field_of, ("cache-control", "public, max-age=3600"), ("cdn-cache-control", "max-age=9")]]
    {
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(lines), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"), "G-29: {lines:?}");
        assert_eq!(field(response.headers(), "cdn-cache-control"), None, "G-29");
        assert_eq!(field(response.headers(), "clear-site-data").as_deref(), Some(field_of.1));
        assert!(decision(&response).guards().contains(Guard::ClearSiteData));
    }
}

#[tokio::test]
async fn no_vary_search_is_on_what_caches_may_store_and_is_the_handlers_first() {
    const OWN: NoVarySearch = NoVarySearch::params(&["utm_source"]);
    const SENT: Option<&str> = Some("params=(\"utm_source\")");
    let layer = || CachePolicyLayer::new(PUBLIC).no_vary_search(OWN);
    let found = StatusCode::NOT_FOUND;
    let by_handler = ("no-vary-search", "params=()");
    let table: &[(&str, CachePolicyLayer, Method, Inner, Option<&str>)] = &[
        ("a page", layer(), Method::GET, ok(&[]), SENT),
        ("HEAD", layer(), Method::HEAD, ok(&[]), SENT),
        ("a 304", layer(), Method::GET, inner(304, &[("etag", "\"7\"")]), SENT),
        ("a private page", layer(), Method::GET, ok(&[("set-cookie", "id=1")]), SENT),
        ("a field of the handler", layer(), Method::GET, ok(&[by_handler]), Some("params=()")),
        ("no-store", layer(), Method::GET, ok(&[("cache-control", "no-store")]), None),
        ("an error", layer(), Method::GET, inner(404, &[]), None),
        ("an error with a policy", layer().for_status(found, PUBLIC), Method::GET, inner(404, &[]), SENT),
        ("another method", layer(), Method::POST, ok(&[("cache-control", "no-cache")]), None),
        ("development", layer().development(true), Method::GET, ok(&[]), None),
        ("a layer that is off", layer().enabled(false), Method::GET, ok(&[("cache-control", "max-age=9")]), None),
        ("another layer", CachePolicyLayer::new(PUBLIC), Method::GET, ok(&[]), None),
    ];
    for (sentence, layer, method, inner, expected) in table {
        let response = through(layer.clone(), inner, request(method.clone(), "/?utm_source=a", &[])).await;
        assert_eq!(field(response.headers(), "no-vary-search").as_deref(), *expected, "E-01: {sentence}");
    }
}

#[tokio::test]
async fn unkeyed_fields_make_a_response_private_if_they_are_untrusted() {
    for name in ["x-forwarded-host", "forwarded", "x-original-url", "x-http-method-override"] {
        let request_lines = || get("/", &[(name, "evil.example")]);
        let strict = CachePolicyLayer::new(PUBLIC).distrust_unkeyed_headers();
        let response = through(strict.clone(), &ok(&[]), request_lines()).await;
        assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"), "G-13: {name}");
        assert!(decision(&response).guards().contains(Guard::UnkeyedInput));
        let response = through(strict, &ok(&[]), get("/", &[("x-forwarded-for", "::1")])).await;
        assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=3600"));
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&[]), request_lines()).await;
        assert_eq!(cache_control(&response).as_deref(), Some("public, max-age=3600"), "off by default");
    }
}

#[tokio::test]
async fn the_layer_merges_to_the_more_restrictive_directives() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const TEN_SECONDS_LATER: &str = "Sun, 06 Nov 1994 08:49:47 GMT";
    let table: Vec<(&str, CachePolicy, Inner, &str)> = vec![
        ("the shortest lifetime", PUBLIC, ok(&[("cache-control", "public, max-age=60")]), "public, max-age=60"),
        (
            "either way",
            CachePolicy::public(MINUTE),
            ok(&[("cache-control", "public, max-age=3600")]),
            "public, max-age=60",
        ),
        ("permissions only if both grant them", PUBLIC, ok(&[("cache-control", "max-age=60")]), "max-age=60"),
        ("what restricts if either does", PUBLIC, ok(&[("cache-control", "private")]), "private, max-age=3600"),
        (
            "and the layer too",
            CachePolicy::private(MINUTE),
            ok(&[("cache-control", "public, s-maxage=9")]),
            "private, max-age=60",
        ),
        ("no-store absorbs", PUBLIC, ok(&[("cache-control", "max-age=60, no-store")]), "no-store"),
        (
            "from the layer too",
            CachePolicy::NO_STORE,
            ok(&[("cache-control", "public, max-age=60")]),
            "private, no-store",
        ),
        (
            "the handler's policy counts",
            PUBLIC,
            ok(&[]).with_policy(CachePolicy::private(MINUTE)),
            "private, max-age=60",
        ),
        (
            "no-store in the field before it",
            PUBLIC,
            ok(&[("cache-control", "no-store")]).with_policy(PUBLIC),
            "no-store",
        ),
        ("silence sets no limit", PUBLIC, ok(&[]), "public, max-age=3600"),
        ("Expires is a lifetime", PUBLIC, ok(&[("date", DATE), ("expires", TEN_SECONDS_LATER)]), "max-age=10"),
        (
            "also with a field without a lifetime",
            PUBLIC,
            ok(&[("cache-control", "public"), ("expires", "0")]),
            "public, max-age=0",
        ),
        (
            "and not with a field with a lifetime (C-33)",
            PUBLIC,
            ok(&[("cache-control", "public, max-age=60"), ("date", DATE), ("expires", TEN_SECONDS_LATER)]),
            "public, max-age=60",
        ),
        (
            "guards still take precedence",
            PUBLIC,
            ok(&[("set-cookie", "a=b"), ("cache-control", "public, max-age=60")]),
            "private, max-age=60",
        ),
        (
            "an error has only the directives of the handler",
            PUBLIC,
            inner(404, &[("cache-control", "max-age=5")]),
            "max-age=5",
        ),
    ];
    for (sentence, policy, inner, expected) in table {
        let response = through(CachePolicyLayer::new(policy).tighten(), &inner, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{sentence}");
        assert_eq!(field(response.headers(), "expires"), None, "{sentence}");
    }
}

#[tokio::test]
async fn a_layer_explains_its_decisions_if_enabled() {
    let explained = async |layer: CachePolicyLayer, lines: &[(&'static str, &'static str)]| {
        field(through(layer, &ok(lines), get("/", &[])).await.headers(), "cache-policy-explain")
    };
    let layer = || CachePolicyLayer::new(PUBLIC).explain(true);
    let table: &[(&[(&'static str, &'static str)], &str)] = &[
        (&[], r#"layer;rule="one policy";sent="public, max-age=3600""#),
        (&[("cache-control", "max-age=5")], r#"handler;rule="one policy";inner="max-age=5";sent="max-age=5""#),
        (
            &[("set-cookie", "a=b"), ("cache-control", "x=\"\\y\", max-age=5")],
            r#"handler;rule="one policy";inner="x=\"\\y\", max-age=5";sent="private, max-age=5, x=\"\\y\"";guards="G-01 Set-Cookie: private""#,
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(explained(layer(), lines).await.as_deref(), Some(*expected));
    }
    assert_eq!(explained(CachePolicyLayer::new(PUBLIC), &[]).await, None, "G-26: off by default");

    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("", &[]))));
    let inside = layer().accept_risk(Risk::LifetimeGuessedByCaches);
    let nested = ServiceBuilder::new().layer(layer()).layer(inside).service(handler);
    let response = call(&nested, get("/", &[])).await;
    assert!(field(response.headers(), "cache-policy-explain").unwrap().starts_with("layer;"), "the inner one applies");
}

#[tokio::test]
async fn a_private_response_needs_no_guard() {
    for lines in [
        [("set-cookie", "a=b"), ("cache-control", "private, max-age=9")],
        [("set-cookie", "a=b"), ("cache-control", "no-store")],
    ] {
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&lines), get("/", &[("authorization", "x")])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(lines[1].1), "the field is unchanged");
        assert!(decision(&response).guards().is_empty());
    }
}

#[tokio::test]
async fn a_guard_repairs_a_contradictory_response() {
    for (own, expected) in [
        ("private, public, max-age=9", "private, max-age=9"),
        ("s-maxage=9, private", "private, no-cache"),
        ("max-age=9, no-store", "private, no-store"),
    ] {
        let cookie = ok(&[("set-cookie", "a=b"), ("cache-control", own)]);
        let response = through(CachePolicyLayer::new(PUBLIC), &cookie, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "C-06: {own}");
        assert!(decision(&response).guards().contains(Guard::SetCookie));
        let plain = through(CachePolicyLayer::new(PUBLIC), &ok(&[("cache-control", own)]), get("/", &[])).await;
        assert_eq!(cache_control(&plain).as_deref(), Some(own), "no guard, no change");
    }
}

#[tokio::test]
async fn the_other_guards_still_act_if_one_is_waived() {
    // G-14 is waived: a response with a cookie still gets no heuristic freshness in a shared cache.
    let silent = CachePolicyLayer::from_fn(|_| None).accept_risk(Risk::LifetimeGuessedByCaches);
    let response = through(silent.clone(), &ok(&[("set-cookie", "a=b")]), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-cache"));
    let response = through(silent, &ok(&[]), get("/", &[("authorization", "x")])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-cache"));

    // G-09 is waived: an error still does not get the policy of a success.
    let unsafe_too = CachePolicyLayer::new(PUBLIC).accept_risk(Risk::UnsafeResponseReused);
    let failed = inner(500, &[]).with_policy(PUBLIC);
    let response = through(unsafe_too, &failed, request(Method::POST, "/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"));
}

#[tokio::test]
async fn a_downgrade_to_private_removes_all_other_storage_directives() {
    let fields = [
        ("set-cookie", "a=b"),
        ("cache-control", "public, max-age=9"),
        ("expires", "Mon, 07 Nov 2094 08:49:37 GMT"),
        ("cdn-cache-control", "max-age=9"),
        ("cloudflare-cdn-cache-control", "max-age=9"),
        ("surrogate-control", "max-age=9"),
        ("x-accel-expires", "9"),
        ("surrogate-key", "a"),
        ("cache-tag", "a"),
    ];
    let response = through(CachePolicyLayer::new(PUBLIC), &ok(&fields), get("/", &[])).await;
    let mut names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["cache-control", "set-cookie"], "SPD");
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=9"));
}

#[tokio::test]
async fn configured_credential_fields_count_as_credentials() {
    let layer = || CachePolicyLayer::new(PUBLIC).credential_headers([support::field_name("x-api-key")]);
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("x-api-key", "1")], "private, max-age=3600"),
        (&[("proxy-authorization", "1")], "private, max-age=3600"),
        (&[("cookie", "a=b")], "public, max-age=3600"),
        (&[], "public, max-age=3600"),
    ];
    for (lines, expected) in table {
        let response = through(layer(), &ok(&[]), get("/", lines)).await;
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "{lines:?}");
    }
    let mut marked = get("/", &[]);
    marked.extensions_mut().insert(Personalized);
    let response = through(layer(), &ok(&[]), marked).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"), "G-03 on the request");
}

#[tokio::test]
async fn responses_to_other_methods_are_not_stored() {
    let table: &[(Method, &[(&str, &str)], &str)] = &[
        (Method::POST, &[], "private, no-store"),
        (Method::PUT, &[("cache-control", "public")], "private, no-store"),
        (Method::DELETE, &[("cdn-cache-control", "max-age=9"), ("cache-control", "no-cache")], "private, no-store"),
        (Method::OPTIONS, &[], "private, no-store"),
        (Method::POST, &[("cache-control", "no-store, max-age=0")], "no-store"),
        (Method::POST, &[("cache-control", "no-cache")], "no-cache"),
        (Method::POST, &[("cache-control", "no-cache, public")], "private, no-store"),
        (Method::POST, &[("cache-control", "max-age=0, s-maxage=600")], "private, no-store"),
        (Method::POST, &[("cache-control", "must-understand, no-store, max-age=9")], "private, no-store"),
    ];
    for (method, lines, expected) in table {
        let inner = ok(&lines
            .iter()
            .map(|(name, value)| {
                (
                    Box::leak((*name).to_owned().into_boxed_str()) as &'static str,
                    Box::leak((*value).to_owned().into_boxed_str()) as &'static str,
                )
            })
            .collect::<Vec<_>>());
        let response = through(CachePolicyLayer::new(PUBLIC), &inner, request(method.clone(), "/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "G-09: {method} {lines:?}");
        assert_eq!(field(response.headers(), "cdn-cache-control"), None);
    }
}

#[tokio::test]
async fn vary_is_one_line_without_repetition() {
    let policy = PUBLIC.vary(&["Accept-Language", "Accept"]);
    let table: &[(&str, &[(&'static str, &'static str)], Option<&str>)] = &[
        ("none before", &[], Some("Accept-Language, Accept")),
        ("another before", &[("vary", "Origin")], Some("Origin, Accept-Language, Accept")),
        ("some of them before", &[("vary", "accept, Origin")], Some("accept, Origin, Accept-Language")),
        (
            "two lines before",
            &[("vary", "Origin"), ("vary", "Cookie")],
            Some("Origin, Cookie, Accept-Language, Accept"),
        ),
        (
            "all of them before, in two lines",
            &[("vary", "accept"), ("vary", "accept-language")],
            Some("accept | accept-language"),
        ),
        ("the handler speaks of storing", &[("cache-control", "max-age=1")], Some("Accept-Language, Accept")),
        ("a star absorbs", &[("vary", "Origin, *")], Some("*")),
    ];
    for (sentence, lines, expected) in table {
        let response = through(CachePolicyLayer::new(policy), &ok(lines), get("/", &[])).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), *expected, "{sentence}");
    }
    // Guards write `*` as the only member, even if the layer does not add a name.
    let response = through(CachePolicyLayer::new(PUBLIC), &ok(&[("vary", "Origin, *")]), get("/", &[])).await;
    assert_eq!(field(response.headers(), "vary").as_deref(), Some("*"));
    let by_layer = CachePolicyLayer::new(PUBLIC).vary(&["accept-encoding"]);
    for status in [200, 304, 404] {
        let response = through(by_layer.clone(), &inner(status, &[]), get("/", &[])).await;
        assert_eq!(field(response.headers(), "vary").as_deref(), Some("accept-encoding"), "K-02: {status}");
    }
    let handler = ok(&[]).with_policy(CachePolicy::NO_CACHE.vary(&["origin"]));
    let response = through(by_layer, &handler, get("/", &[])).await;
    assert_eq!(field(response.headers(), "vary").as_deref(), Some("accept-encoding, origin"));
}

#[tokio::test]
async fn a_closure_chooses_the_policy_by_the_request() {
    let layer = CachePolicyLayer::from_fn(|request| match request.uri.path() {
        "/asset" => CachePolicy::IMMUTABLE,
        _ => CachePolicy::NO_STORE,
    });
    for (path, expected) in [("/asset", "public, max-age=31536000, immutable"), ("/", "private, no-store")] {
        let response = through(layer.clone(), &ok(&[]), get(path, &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{path}");
    }
    let _ = CachePolicyLayer::new(PUBLIC.into_policy_source());
}

#[tokio::test]
async fn the_fields_of_http_1_0_are_added_and_removed_with_the_policy() {
    let old = [("pragma", "no-cache"), ("expires", "Mon, 07 Nov 2094 08:49:37 GMT"), ("cache-control", "max-age=1")];
    let response = through(CachePolicyLayer::new(PUBLIC).override_handler(), &ok(&old), get("/", &[])).await;
    assert_eq!(field(response.headers(), "expires"), None, "C-33");
    assert_eq!(field(response.headers(), "pragma"), None, "C-34");

    let response =
        through(CachePolicyLayer::new(CachePolicy::NO_STORE.with_http10_fields()), &ok(&[]), get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("no-cache, no-store, must-revalidate"));
    assert_eq!(field(response.headers(), "expires").as_deref(), Some("0"));
    assert_eq!(field(response.headers(), "pragma").as_deref(), Some("no-cache"));
}

#[tokio::test]
async fn an_expired_expires_field_of_a_handler_is_not_extended() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    let stopped = Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(784_111_777));
    let table: &[(&str, &[(&'static str, &'static str)], &str)] = &[
        ("Expires: 0 (C-33)", &[("expires", "0")], "private, no-cache"),
        ("past", &[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], "private, no-cache"),
        ("now", &[("expires", DATE)], "private, no-cache"),
        ("not after Date", &[("date", LATER), ("expires", LATER)], "private, no-cache"),
        ("twice", &[("expires", LATER), ("expires", LATER)], "private, no-cache"),
        ("Pragma", &[("pragma", "No-Cache")], "private, no-cache"),
        ("in the future: the policy knows better", &[("expires", LATER)], "public, max-age=3600"),
        (
            "Cache-Control takes precedence over Expires",
            &[("expires", "0"), ("cache-control", "max-age=1")],
            "max-age=1",
        ),
    ];
    for (sentence, lines, expected) in table {
        let layer = CachePolicyLayer::new(PUBLIC).clock(stopped.clone());
        let response = through(layer, &ok(lines), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(*expected), "{sentence}");
    }
}

#[tokio::test]
async fn in_development_every_response_gets_the_same_fields() {
    let edge_field = ("cdn-cache-control", "max-age=9");
    let known = [edge_field, ("cache-control", "public"), ("cache-control", "max-age=9")];
    for (method, status) in [
        (Method::GET, 200),
        (Method::HEAD, 304),
        (Method::GET, 404),
        (Method::PUT, 200),
        (Method::GET, 500),
        (Method::GET, 301),
    ] {
        for fields in [&known[..], &[edge_field, ("cache-control", "unknown")]] {
            let inner = inner(status, fields);
            let response =
                through(CachePolicyLayer::new(PUBLIC).development(true), &inner, request(method.clone(), "/", &[]))
                    .await;
            assert_eq!(cache_control(&response).as_deref(), Some("no-cache, no-store, must-revalidate"));
            assert_eq!(field(response.headers(), "pragma").as_deref(), Some("no-cache"));
            assert_eq!(field(response.headers(), "expires").as_deref(), Some("0"));
            assert_eq!(field(response.headers(), "cdn-cache-control"), None);
        }
    }
}

#[tokio::test]
async fn grpc_upgrades_and_tunnels_are_unchanged() {
    let table: &[(Request<TestBody>, Inner)] = &[
        (
            request(Method::POST, "/", &[("content-type", "application/grpc")]),
            ok(&[("content-type", "application/grpc-web+proto")]),
        ),
        (get("/", &[("upgrade", "websocket")]), inner(101, &[])),
        (Request::connect("example.com:443").body(TestBody::default()).unwrap(), ok(&[])),
    ];
    for (request, inner) in table {
        let response = through(CachePolicyLayer::new(PUBLIC), inner, request.clone()).await;
        assert_eq!(cache_control(&response), None, "E-05, Q-02, Q-03");
    }
    let typed_twice = ok(&[("content-type", "text/plain"), ("content-type", "application/grpc")]);
    let response = through(CachePolicyLayer::new(PUBLIC), &typed_twice, request(Method::POST, "/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, no-store"), "the first line of a type counts");
    let pretended = get("/", &[("content-type", "application/grpc")]);
    let response = through(CachePolicyLayer::new(PUBLIC), &ok(&[("set-cookie", "id=1")]), pretended).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"), "Q-01: gRPC is always a POST");
    let file = ok(&[("set-cookie", "id=1"), ("content-type", "application/grpc")]);
    let response = through(CachePolicyLayer::new(PUBLIC), &file, get("/", &[])).await;
    assert_eq!(cache_control(&response).as_deref(), Some("private, max-age=3600"), "Q-01: a file of that type");
    let off = CachePolicyLayer::new(PUBLIC).enabled(false);
    assert_eq!(cache_control(&through(off, &ok(&[]), get("/", &[])).await), None);
}

#[tokio::test]
async fn a_decision_is_recorded_only_if_enabled() {
    let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("", &[]))));
    let response = call(&CachePolicyLayer::new(PUBLIC).layer(handler), get("/", &[])).await;
    assert!(response.extensions().is_empty(), "nothing is allocated for it");
}

#[test]
fn cloning_the_layer_shares_its_configuration() {
    fn is_sync<T: Send + Sync + Clone>() {}
    is_sync::<CachePolicyLayer>();
    let _: Arc<CachePolicyLayer> = Arc::new(CachePolicyLayer::new(PUBLIC));
}

proptest! {
    /// A closure is called for every request.
    #[test]
    fn the_fast_path_has_the_result_of_the_slow_path(
        policy in prop::sample::select(vec![
            CachePolicy::public(Duration::from_secs(60)),
            CachePolicy::max_age(Duration::from_secs(60)).edge(Duration::from_secs(600)),
            CachePolicy::private(Duration::from_secs(60)),
            CachePolicy::NO_CACHE,
            CachePolicy::NO_STORE,
            CachePolicy::IMMUTABLE,
            CachePolicy::NO_STORE.with_http10_fields(),
            CachePolicy::NO_CACHE.vary(&["accept"]),
        ]),
        method in prop::sample::select(vec![Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]),
        status in prop::sample::select(vec![200_u16, 203, 204, 206, 301, 304, 404, 428, 500]),
        request_lines in prop::collection::vec(prop::sample::select(vec![
            ("authorization", "x"), ("cookie", "a=b"), ("accept", "text/html"),
        ]), 0..2),
        lines in prop::collection::vec(prop::sample::select(vec![
            ("content-type", "text/html"),
            ("content-type", "application/grpc"),
            ("cache-control", "no-store"),
            ("cache-control", "public, max-age=5"),
            ("cache-control", "public, max-age=60"),
            ("cache-control", "no-cache"),
            ("set-cookie", "id=1"),
            ("vary", "*"),
            ("vary", "origin"),
            ("expires", "0"),
            ("pragma", "no-cache"),
            ("access-control-allow-origin", "https://a"),
            ("access-control-allow-credentials", "true"),
            ("surrogate-control", "max-age=9"),
            ("x-other", "1"),
        ]), 0..4),
    ) {
        let service = || {
            let lines = lines.clone();
            service_fn(move |_: Request<TestBody>| {
                let mut response = response_with("hello", &lines);
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                std::future::ready(Ok::<_, Infallible>(response))
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let short = CachePolicyLayer::new(policy).layer(service());
        let long = CachePolicyLayer::from_fn(move |_| policy).layer(service());
        let [short, long] = [
            runtime.block_on(short.oneshot(request(method.clone(), "/", &request_lines))).unwrap(),
            runtime.block_on(long.oneshot(request(method.clone(), "/", &request_lines))).unwrap(),
        ];
        prop_assert_eq!(short.headers(), long.headers());
        #[cfg(feature = "routes")]
        {
            use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
            let table = RoutePolicies::builder().route("/", RoutePolicy::new(policy)).build().unwrap();
            let routed = CachePolicyLayer::new(table).layer(service());
            let routed = runtime.block_on(routed.oneshot(request(method, "/", &request_lines))).unwrap();
            prop_assert_eq!(routed.headers(), long.headers(), "by a table");
        }
    }
}

// G-04
#[tokio::test]
async fn an_untyped_304_is_decided_by_a_policy_for_304_and_by_no_other() {
    // N-01: the 200 could be a page, which is not immutable.
    let layer = CachePolicyLayer::new(PUBLIC.immutable());
    for (sentence, layer, expected) in [
        ("no status", layer.clone(), None),
        ("another status", layer.clone().for_status(StatusCode::NOT_FOUND, CachePolicy::NO_CACHE), None),
        ("this status", layer.clone().for_status(StatusCode::NOT_MODIFIED, CachePolicy::NO_CACHE), Some("no-cache")),
        // Then the policy does not depend on the type.
        ("an immutable page", layer.accept_risk(Risk::PageSurvivesReload), Some("public, max-age=3600, immutable")),
    ] {
        let response = through(layer, &inner(304, &[]), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), expected, "{sentence}");
    }
}

#[tokio::test]
async fn an_untyped_304_has_the_directives_of_its_handler_unless_the_layer_overrides_them() {
    // N-01, G-04
    const MINUTE: CachePolicy = CachePolicy::private(Duration::from_secs(60));
    let layer = || CachePolicyLayer::new(PUBLIC.immutable());
    let field = |value| inner(304, &[("cache-control", value)]);
    let policy = |policy| inner(304, &[]).with_policy(policy);
    for (sentence, layer, inner, expected) in [
        ("a policy", layer(), policy(MINUTE), Some("private, max-age=60")),
        ("an overridden policy", layer().override_handler(), policy(MINUTE), None),
        ("a policy no-store", layer().override_handler(), policy(CachePolicy::NO_STORE), Some("private, no-store")),
        ("an overridden no-store", layer().override_handler_no_store(), policy(CachePolicy::NO_STORE), None),
        ("a field", layer(), field("max-age=5"), Some("max-age=5")),
        ("an overridden field", layer().override_handler(), field("max-age=5"), None),
        ("a field no-store", layer().override_handler(), field("no-store"), Some("no-store")),
        ("an overridden field no-store", layer().override_handler_no_store(), field("no-store"), None),
        ("only an extension", layer(), field("community=\"UCI\""), None),
    ] {
        let response = through(layer, &inner, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), expected, "{sentence}");
    }
}

// G-21
#[tokio::test]
async fn a_lifetime_for_an_edge_stays_unless_other_directives_replace_it() {
    const EDGE: (&str, &str) = ("surrogate-control", "max-age=86400");
    let layer = || CachePolicyLayer::new(PUBLIC);
    let waived = |layer: CachePolicyLayer| layer.accept_risk(Risk::EdgeFieldOverrulesNoStore);
    let field = || ok(&[EDGE, ("cache-control", "max-age=5")]);
    for (sentence, layer, inner, stays) in [
        ("next to the layer's policy", layer(), ok(&[EDGE]), true),
        ("next to a field", layer(), field(), true),
        ("next to a policy of the handler", layer(), ok(&[EDGE]).with_policy(PUBLIC), true),
        ("under a private policy of the handler", layer(), ok(&[EDGE]).with_policy(CachePolicy::private(HOUR)), false),
        ("under a policy of the handler in place of its field", layer(), field().with_policy(PUBLIC), false),
        ("alone, and overridden", layer().override_handler(), ok(&[EDGE]), false),
        ("alone, and overridden without a guard", waived(layer().override_handler()), ok(&[EDGE]), false),
        ("next to a field, and overridden", layer().override_handler(), field(), false),
        ("alone, and tightened", layer().tighten(), ok(&[EDGE]), false),
        ("next to a field, and tightened", layer().tighten(), field(), false),
    ] {
        let response = through(layer, &inner, get("/", &[])).await;
        assert_eq!(response.headers().contains_key("surrogate-control"), stays, "{sentence}");
    }
}

// G-25
#[tokio::test]
async fn a_line_is_rewritten_only_if_caches_could_misread_it() {
    let padded = |length: usize| -> &str { format!("No-Store, x={}", "a".repeat(length - 12)).leak() };
    for (sentence, lines, expected) in [
        ("a line with fewer members than are read", &[padded(1_024)][..], padded(1_024)),
        ("more members than are read", &["max-age=60,,".repeat(1_025).leak()], "no-store"),
        ("an extension with a quote, alone", &["Max-Age=60, X=\"a\""], "Max-Age=60, X=\"a\""),
        ("an extension with a quote, in a second line", &["Max-Age=60", "X=\"a\""], "Max-Age=60, X=\"a\""),
        ("no-store in a second line", &["X=a", "No-Store"], "X=a, No-Store"),
        ("no-store after a quote", &["X=\"a\"", "No-Store"], "no-store, X=\"a\""),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("cache-control", *line)).collect();
        let response = through(CachePolicyLayer::new(PUBLIC), &ok(&lines), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{sentence}");
    }
}

#[tokio::test]
async fn a_lifetime_of_zero_is_none_for_a_live_stream() {
    let events = |lifetime| ok(&[("content-type", "text/event-stream"), ("cache-control", lifetime)]);
    let layer = CachePolicyLayer::new(PUBLIC).tighten();
    for (lifetime, expected) in [("max-age=0", "max-age=0"), ("max-age=1", "private, no-store")] {
        let response = through(layer.clone(), &events(lifetime), get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), Some(expected), "{lifetime}");
    }
}

#[tokio::test]
async fn a_restriction_for_an_edge_on_a_304_is_preserved_whatever_the_layer_overrides() {
    let untyped = inner(304, &[("surrogate-control", "no-store")]);
    for (sentence, layer, expected) in [
        ("the handler's", CachePolicyLayer::new(PUBLIC.immutable()), Some("private, no-store")),
        ("all but no-store", CachePolicyLayer::new(PUBLIC.immutable()).override_handler(), Some("private, no-store")),
        ("no-store too", CachePolicyLayer::new(PUBLIC.immutable()).override_handler_no_store(), None),
    ] {
        let response = through(layer, &untyped, get("/", &[])).await;
        assert_eq!(cache_control(&response).as_deref(), expected, "{sentence}");
    }
}

#[tokio::test]
async fn the_decision_about_a_page_does_not_apply_to_an_error_that_a_compression_layer_makes_of_it() {
    for (status, expected) in [(200, "public, max-age=3600"), (406, "private, no-store"), (500, "private, no-store")] {
        let status = StatusCode::from_u16(status).unwrap();
        let refuse = tower::util::MapResponseLayer::new(move |mut response: Response<_>| {
            *response.status_mut() = status;
            response
        });
        let handler = service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(ok(&[]).response())));
        let service = CachingLayer::new(PUBLIC).compression(refuse).layer(handler);
        let response = service.oneshot(get("/", &[])).await.unwrap();
        assert_eq!(field(response.headers(), "cache-control").as_deref(), Some(expected), "{status}");
    }
}
