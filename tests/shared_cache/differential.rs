//! Compares a cache by fields with the crate `http-cache-semantics`: whether a second request gets the stored response.
//!
//! The fields are well-formed. `tests/audit_differential.rs` compares the interpretation of other fields, and lists the
//! clauses on which the two crates differ.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use proptest::prelude::*;
use tower_cache_policy::SharedCache;

use crate::site::{NOON, Site, page};
use crate::support::{TestBody, get};

#[derive(Clone, Debug)]
struct Exchange {
    status: u16,
    directives: Vec<String>,
    /// The number of seconds after the response.
    expires: Option<i64>,
    date: Option<i64>,
    age: Option<u64>,
    vary: Vec<&'static str>,
    has_etag: bool,
    set_cookie: bool,
    request: Sent,
    wait: u64,
    next: Sent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    language: Option<&'static str>,
    device: Option<&'static str>,
    cookie: bool,
    authorization: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let language = proptest::option::of(prop_oneof![Just("de"), Just("en")]);
    let device = proptest::option::of(prop_oneof![Just("phone"), Just("desk")]);
    let rarely = proptest::bool::weighted(0.15);
    (language, device, rarely, proptest::bool::weighted(0.1))
        .prop_map(|(language, device, cookie, authorization)| Sent { language, device, cookie, authorization })
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let seconds = || proptest::sample::select(&[0_u32, 1, 5, 60, 600][..]);
    let directive = prop_oneof![
        4 => seconds().prop_map(|n| format!("max-age={n}")),
        3 => seconds().prop_map(|n| format!("s-maxage={n}")),
        2 => Just("public".to_owned()),
        1 => Just("private".to_owned()),
        1 => Just("no-store".to_owned()),
        1 => Just("no-cache".to_owned()),
        2 => Just("must-revalidate".to_owned()),
        1 => Just("no-transform".to_owned()),
    ];
    // The two implementations read a repeated directive differently.
    let directives = proptest::collection::vec(directive, 0..4).prop_map(|mut all| {
        let name = |text: &String| text.split('=').next().unwrap_or_default().to_owned();
        let mut seen = Vec::new();
        all.retain(|one| {
            let is_new = !seen.contains(&name(one));
            seen.push(name(one));
            is_new
        });
        all
    });
    let status = proptest::sample::select(&[200_u16, 200, 200, 203, 204, 301, 404, 410][..]);
    let near = || proptest::sample::select(&[-60_i64, -5, 0, 5, 60, 600][..]);
    let vary = proptest::collection::vec(prop_oneof![Just("accept-language"), Just("x-device"), Just("*")], 0..2);
    let wait = proptest::sample::select(&[0_u64, 1, 4, 5, 6, 59, 60, 61, 599, 601][..]);
    let age = proptest::option::weighted(0.3, proptest::sample::select(&[0_u64, 3, 30, 1000][..]));
    (
        (status, directives, proptest::option::weighted(0.3, near()), proptest::option::weighted(0.7, near())),
        (age, vary, any::<bool>(), proptest::bool::weighted(0.1), sent(), wait, sent()),
    )
        .prop_map(
            |((status, directives, expires, date), (age, vary, has_etag, set_cookie, request, wait, next))| {
                // Often repeats the same request.
                let next = if wait.is_multiple_of(2) { next } else { request.clone() };
                Exchange { status, directives, expires, date, age, vary, has_etag, set_cookie, request, wait, next }
            },
        )
}

fn at(seconds: i64) -> SystemTime {
    let seconds = NOON.checked_add_signed(seconds).unwrap();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

impl Exchange {
    fn response(&self) -> Response<TestBody> {
        let mut response = page("x", &[]);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        let headers = response.headers_mut();
        let date = |seconds| HeaderValue::try_from(httpdate::fmt_http_date(at(seconds))).unwrap();
        if !self.directives.is_empty() {
            headers.insert("cache-control", self.directives.join(", ").parse().unwrap());
        }
        if let Some(seconds) = self.expires {
            headers.insert("expires", date(seconds));
        }
        headers.insert("date", date(self.date.unwrap_or(0).min(0)));
        if let Some(age) = self.age {
            headers.insert("age", age.into());
        }
        for name in &self.vary {
            headers.append("vary", HeaderValue::from_static(name));
        }
        if self.has_etag {
            headers.insert("etag", HeaderValue::from_static("\"a\""));
        }
        if self.set_cookie {
            headers.insert("set-cookie", HeaderValue::from_static("a=b"));
        }
        response
    }

    /// Returns whether a guard of this crate applies, which is stricter than the standard.
    fn is_guarded(&self) -> bool {
        let is_marked = self.directives.iter().any(|one| one == "public" || one.starts_with("s-maxage"));
        self.set_cookie
            || self.request.authorization
            || self.next.authorization
            || (self.request.cookie && !is_marked)
            // A response would be stored for every language, and none of them would be found again.
            || self.vary.contains(&"*")
    }
}

impl Sent {
    fn request(&self) -> Request<TestBody> {
        let mut request = get("/", &[("host", "h")]);
        let mut add = |name: &'static str, value: Option<&'static str>| {
            if let Some(value) = value {
                request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
        };
        add("accept-language", self.language);
        add("x-device", self.device);
        add("cookie", self.cookie.then_some("a=b"));
        add("authorization", self.authorization.then_some("Basic YTpi"));
        assert_eq!(*request.method(), Method::GET);
        request
    }
}

/// Returns whether the other crate would use the stored response.
fn is_reused_by_other(exchange: &Exchange) -> bool {
    let options = CacheOptions { shared: true, cache_heuristic: 0.0, ..CacheOptions::default() };
    let mut response = exchange.response();
    // The other crate does not compare `Date` with the current time (RFC 9111 section 4.2.3, A-06).
    let apparent_age = exchange.date.map_or(0, |seconds| seconds.min(0).unsigned_abs());
    response.headers_mut().insert("age", apparent_age.max(exchange.age.unwrap_or(0)).into());
    let policy = CachePolicy::new_options(&exchange.request.request(), &response, at(0), options);
    let later = at(i64::try_from(exchange.wait).unwrap());
    policy.is_storable() && matches!(policy.before_request(&exchange.next.request(), later), BeforeRequest::Fresh(_))
}

#[test]
fn a_stored_response_is_used_exactly_if_http_cache_semantics_uses_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20_000));
    let (reused, guarded) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let result = runner.run(&exchange(), |exchange| {
        let site = {
            let exchange = exchange.clone();
            Site::configured(SharedCache::by_fields, None, |cache| cache, move |_| exchange.response())
        };
        runtime.block_on(site.call(exchange.request.request()));
        site.clock.advance(exchange.wait);
        let got = runtime.block_on(site.call(exchange.next.request()));
        let by_other = is_reused_by_other(&exchange);
        if exchange.is_guarded() {
            guarded.set(guarded.get() + 1);
            prop_assert!(by_other || !got.is_hit(), "{:?}", got);
            return Ok(());
        }
        reused.set(reused.get() + u32::from(by_other));
        prop_assert_eq!(got.is_hit(), by_other, "{:?}", got);
        Ok(())
    });
    result.unwrap();
    assert!(reused.get() > 1_000 && guarded.get() > 1_000, "{reused:?} reused, {guarded:?} guarded");
}
