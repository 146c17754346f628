//! Tests that the audit predicts the behavior of the cache: generated responses pass through the real cache, with the
//! clock of the test.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::audit::{CacheAudit, Validation};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::HttpDate;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachePolicyLayer, SharedCache};

use crate::site::{MINUTE, TestClock, page};
use crate::support::{TestBody, content, get};

const NOON: &str = "Mon, 01 Jun 2026 00:00:00 GMT";

/// A response, and the time until the next request.
#[derive(Clone, Debug)]
struct Case {
    status: u16,
    control: Vec<&'static str>,
    two_lines: bool,
    others: Vec<Option<(&'static str, &'static str)>>,
    is_authorized: bool,
    delay: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let directive = prop::sample::select(vec![
        "max-age=0",
        "max-age=60",
        "max-age=60, stale-if-error=100",
        "max-age=600",
        "public, max-age=60",
        "Max-Age=\"60\"",
        "max-age=x",
        "s-maxage=0",
        "s-maxage=60",
        "s-maxage=600",
        "public",
        "private",
        "private=\"x-a\"",
        "no-store",
        "no-cache",
        "no-cache=\"x-a\"",
        "must-revalidate",
        "proxy-revalidate",
        "must-understand",
        "immutable",
        "stale-if-error=100",
        "stale-while-revalidate=100",
        "unknown=1",
    ]);
    let field = |name: &'static str, values: &[&'static str]| {
        let values: Vec<_> = values.iter().map(|value| (name, *value)).collect();
        prop::option::weighted(0.15, prop::sample::select(values))
    };
    let others = (
        field(
            "cdn-cache-control",
            &[
                "max-age=60",
                "max-age=0",
                "max-age=600, stale-if-error=100",
                "no-store",
                "private",
                "no-cache",
                "Max-Age=60",
                "public",
                "",
            ],
        ),
        field("expires", &["Mon, 01 Jun 2026 00:10:00 GMT", "Sun, 31 May 2026 00:00:00 GMT", "0", "never"]),
        field("date", &[NOON, "Sun, 31 May 2026 23:59:30 GMT"]),
        field("age", &["0", "30", "100", "old"]),
        field("etag", &["\"1\""]),
        field("last-modified", &["Fri, 22 May 2026 00:00:00 GMT"]),
        field("vary", &["accept-language", "accept, x-a", "*", "accept, *", "Cookie", "accept, authorization"]),
        field("set-cookie", &["a=b"]),
        field("pragma", &["no-cache"]),
    );
    let others = others.prop_map(|(a, b, c, d, e, f, g, h, i)| vec![a, b, c, d, e, f, g, h, i]);
    (
        // Excludes 206, which this cache does not store, although other caches may store it.
        prop::sample::select(vec![200, 200, 200, 200, 203, 204, 301, 302, 404, 410, 429, 500, 501]),
        prop::collection::vec(directive, 0..4),
        any::<bool>(),
        others,
        prop::bool::weighted(0.1),
        prop::sample::select(vec![0, 29, 30, 59, 60, 61, 130, 159, 160, 599, 600, 699, 700]),
    )
        .prop_map(|(status, control, two_lines, others, is_authorized, delay)| Case {
            status,
            control,
            two_lines,
            others,
            is_authorized,
            delay,
        })
}

impl Case {
    fn response(&self) -> Response<TestBody> {
        let joined = self.control.join(", ");
        let lines = if self.two_lines { self.control.clone() } else { vec![joined.as_str()] };
        let control = lines.iter().filter(|line| !line.is_empty()).map(|line| ("cache-control", *line));
        let lines: Vec<_> = control.chain(self.others.iter().copied().flatten()).collect();
        let mut response = page("stored", &lines);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        response
    }

    fn request(&self) -> Request<TestBody> {
        get("/", if self.is_authorized { &[("authorization", "Basic YTpi")] } else { &[] })
    }
}

/// The response that a second client gets after the delay, when the inner service returns only a 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Fresh,
    /// The stored response in place of the error.
    Stale,
    Error,
}

/// Returns the behavior of the cache.
async fn observed(case: &Case, mode: fn(MemoryStore) -> SharedCache, policy: Option<CachePolicy>) -> Second {
    let clock = TestClock::default();
    let cache = mode(MemoryStore::new(1 << 20)).clock(clock.clock());
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = {
        let (calls, response) = (Arc::clone(&calls), case.clone());
        service_fn(move |_: Request<TestBody>| {
            let response = match calls.fetch_add(1, Ordering::SeqCst) {
                0 => response.response(),
                _ => Response::builder().status(503).body(TestBody::from("failed")).unwrap(),
            };
            std::future::ready(Ok::<_, Infallible>(response))
        })
    };
    let layer = CachePolicyLayer::new(policy.unwrap_or(CachePolicy::NO_STORE)).clock(clock.clock());
    let service = cache.layer().layer(layer.enabled(policy.is_some()).layer(handler));
    content(service.clone().oneshot(case.request()).await.unwrap().into_body()).await;
    clock.advance(case.delay);
    let second = service.oneshot(get("/", &[])).await.unwrap();
    let report = second.headers().get("cache-status").map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = content(second.into_body()).await;
    match (calls.load(Ordering::SeqCst), body == "stored") {
        (1, true) => {
            assert!(report.contains("; hit; ttl="), "{report}");
            Second::Fresh
        }
        (2, true) => Second::Stale,
        (2, false) => Second::Error,
        other => panic!("{other:?} {report}"),
    }
}

/// Returns the prediction of the audit for a response of the inner service.
fn predicted(case: &Case, response: Response<TestBody>, profile: &EdgeProfile) -> Second {
    let now = HttpDate::parse(NOON.as_bytes(), HttpDate::UNIX_EPOCH).unwrap();
    let (request, _) = case.request().into_parts();
    let (response, _) = response.into_parts();
    let audit = CacheAudit::of(&request, &response, now).with_edge(profile);
    let verdict = audit.edge("shared-cache").unwrap();
    let (Some(then), Some(lifetime)) = (verdict.after_expiry(), verdict.lifetime()) else { return Second::Error };
    let lifetime = lifetime.seconds().expect("the behavior of this cache is known");
    if verdict.remaining_freshness().unwrap() > case.delay {
        return Second::Fresh;
    }
    let age = verdict.age().seconds() + case.delay;
    // RFC 9111 section 4: storing a response is useless if it is immediately stale and cannot be revalidated.
    let is_useful = verdict.remaining_freshness().unwrap() > 0 || then.validation() != Validation::Nothing;
    match then.stale_if_error() {
        Some(window) if is_useful && age.saturating_sub(lifetime) < window => Second::Stale,
        _ => Second::Error,
    }
}

fn run(cases: u32, check: impl Fn(&tokio::runtime::Runtime, &Case) -> Second) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let counts = [0, 1, 2].map(|_| std::cell::Cell::new(0_u32));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let result = runner.run(&case(), |case| {
        let second = check(&runtime, &case);
        let count = &counts[second as usize];
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The generator produces each result often enough.
    assert!(counts.iter().all(|count| count.get() > cases / 200), "{counts:?}");
}

#[test]
fn the_audit_predicts_a_cache_by_fields() {
    run(3_000, |runtime, case| {
        let second = runtime.block_on(observed(case, SharedCache::by_fields, None));
        assert_eq!(second, predicted(case, case.response(), &EdgeProfile::SHARED_CACHE), "{case:?}");
        second
    });
}

#[test]
fn a_cache_by_policy_reuses_no_response_that_the_audit_excludes() {
    let policies = [
        CachePolicy::public(MINUTE).stale_if_error(Duration::from_secs(100)),
        CachePolicy::public(MINUTE).edge(10 * MINUTE),
        CachePolicy::max_age(MINUTE),
        CachePolicy::private(MINUTE),
        CachePolicy::NO_CACHE,
        CachePolicy::NO_STORE,
    ];
    // This mode uses the ruling, which is also in `Cache-Control`.
    let profile = EdgeProfile::SHARED_CACHE.with_precedence(&["cache-control", "expires"]);
    let number = AtomicUsize::new(0);
    run(1_500, |runtime, case| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let policy = policies[number % policies.len()];
        // Most pages are successes whose handler leaves the decision to the layer.
        let mut case = case.clone();
        if !(number / policies.len()).is_multiple_of(4) {
            (case.status, case.is_authorized) = (200, false);
            case.control.clear();
        }
        let case = &case;
        let second = runtime.block_on(observed(case, SharedCache::by_policy, Some(policy)));
        let layer = CachePolicyLayer::new(policy).clock(TestClock::default().clock());
        let handler = {
            let case = case.clone();
            service_fn(move |_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(case.response())))
        };
        let response = runtime.block_on(layer.layer(handler).oneshot(case.request())).unwrap();
        let most = predicted(case, response, &profile);
        let is_allowed = match second {
            Second::Fresh => most == Second::Fresh,
            Second::Stale => most != Second::Error,
            Second::Error => true,
        };
        assert!(is_allowed, "{second:?}, but the audit says {most:?} under {policy}: {case:?}");
        second
    });
}
