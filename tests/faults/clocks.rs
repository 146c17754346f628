//! Tests clocks that jump between two requests: backwards, forwards, and to times that no date can represent.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower::util::BoxCloneService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::protocol::{HttpDate, Validators};
use tower_cache_policy::{CachePolicyLayer, Clock, ConditionalLayer, EdgeLayer};

use super::PUBLIC;
use crate::support::{TestBody, call, field, request, response_with};

const NOON: i64 = 1_780_315_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

type Service = BoxCloneService<Request<TestBody>, Response<TestBody>, Infallible>;

#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::from_fn(move || {
            let seconds = hands.0.load(Ordering::SeqCst);
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
            time.unwrap_or(SystemTime::UNIX_EPOCH)
        })
    }
}

fn date(seconds: i64) -> HttpDate {
    HttpDate::from_unix_seconds(seconds).unwrap()
}

/// All layers that read a clock, with a page that changed at noon.
fn service(hands: &Hands, with_source: bool, page: &'static [(&'static str, &'static str)]) -> Service {
    let policy = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::NGINX).clock(hands.clock()))
        .layer(CachePolicyLayer::new(PUBLIC).clock(hands.clock()));
    let changed = Validators::new().with_last_modified(date(NOON));
    let page = service_fn(move |request: Request<TestBody>| {
        let written = *request.method() == Method::PUT;
        ready(Ok::<_, Infallible>(response_with(if written { "written" } else { "hello" }, page)))
    });
    let conditional = ConditionalLayer::new().clock(hands.clock());
    let boxed = |result: Result<Response<_>, Infallible>| async move {
        let (head, body) = result.unwrap().into_parts();
        Ok(Response::from_parts(head, TestBody::from(crate::support::content(body).await)))
    };
    if with_source {
        let conditional = conditional.validators(move |_| ready(changed.clone()));
        Service::new(policy.layer(conditional).service(page).then(boxed))
    } else {
        Service::new(policy.layer(conditional).service(page).then(boxed))
    }
}

async fn get(service: &Service, lines: &[(&str, &str)]) -> (StatusCode, HeaderMap) {
    let (head, _) = call(service, request(Method::GET, "/", lines)).await.into_parts();
    (head.status, head.headers)
}

/// Clock times that occur in practice.
const JUMPS: [i64; 10] = [
    NOON + 1,
    NOON - HOUR,
    NOON + 366 * DAY,
    0,
    NOON - 30 * 366 * DAY,
    -1,
    -62_135_596_800,
    253_402_300_799,
    253_402_300_800,
    i64::MAX,
];

#[tokio::test]
async fn a_clock_jump_changes_no_policy_and_no_decision_by_tag() {
    let hands = Hands::at(NOON + HOUR);
    let tagged = service(&hands, false, &[("etag", "\"v1\"")]);
    let (_, first) = get(&tagged, &[]).await;
    for seconds in JUMPS {
        hands.set(seconds);
        let (status, now) = get(&tagged, &[]).await;
        assert_eq!((status.as_u16(), &now), (200, &first), "at {seconds}");
        for (tag, expected) in [("\"v1\"", 304), ("\"v0\"", 200)] {
            let (status, headers) = get(&tagged, &[("if-none-match", tag)]).await;
            assert_eq!(status.as_u16(), expected, "{tag} at {seconds}");
            assert_eq!(field(&headers, "cache-control"), field(&first, "cache-control"), "at {seconds}");
            assert_eq!(field(&headers, "x-accel-expires"), field(&first, "x-accel-expires"), "at {seconds}");
        }
    }
}

#[tokio::test]
async fn no_modification_date_in_the_future_is_sent() {
    let hands = Hands::at(NOON + HOUR);
    let service = service(&hands, true, &[]);
    for seconds in [NOON + HOUR, NOON - HOUR, NOON + 1, 0, NOON] {
        hands.set(seconds);
        let (_, headers) = get(&service, &[]).await;
        let sent = field(&headers, "last-modified").unwrap();
        assert_eq!(sent, date(seconds.min(NOON)).to_string(), "V-14: at {seconds}");
    }
}

#[tokio::test]
async fn a_newer_page_is_sent_at_any_clock_time() {
    let hands = Hands::at(NOON);
    for with_source in [true, false] {
        let own = if with_source { &[][..] } else { &[("last-modified", "Mon, 01 Jun 2026 12:00:00 GMT")] };
        let service = service(&hands, with_source, own);
        for seconds in JUMPS {
            hands.set(seconds);
            let older = date(NOON - 1).to_string();
            let (status, _) = get(&service, &[("if-modified-since", &older)]).await;
            assert_eq!(status, StatusCode::OK, "a false 304 at {seconds}");
            let (status, _) = get(&service, &[("if-modified-since", &date(NOON).to_string())]).await;
            assert_eq!(status, StatusCode::NOT_MODIFIED, "at {seconds}");
        }
    }
}

#[tokio::test]
async fn an_outdated_write_is_refused_at_any_clock_time() {
    let hands = Hands::at(NOON);
    let service = service(&hands, true, &[]);
    for seconds in JUMPS {
        hands.set(seconds);
        for (since, status) in [(NOON - 1, 412), (NOON, 200), (NOON + 1, 200)] {
            let since = date(since).to_string();
            let write = request(Method::PUT, "/", &[("if-unmodified-since", &since)]);
            assert_eq!(call(&service, write).await.status().as_u16(), status, "{since} at {seconds}");
        }
    }
}

#[tokio::test]
async fn a_date_shared_by_two_versions_never_permits_a_range() {
    let hands = Hands::at(NOON);
    let seen = crate::loopback::Events::default();
    let of_handler = seen.clone();
    let changed = Validators::new().with_last_modified(date(NOON));
    let service = ServiceBuilder::new()
        .layer(ConditionalLayer::new().clock(hands.clock()).validators(move |_| ready(changed.clone())))
        .service_fn(move |request: Request<TestBody>| {
            if request.headers().contains_key("range") {
                of_handler.add("range");
            }
            ready(Ok::<_, Infallible>(response_with("hello", &[])))
        });
    for seconds in JUMPS {
        hands.set(seconds);
        let lines = [("range", "bytes=2-"), ("if-range", &date(NOON).to_string())];
        call(&service, request(Method::GET, "/", &lines)).await;
        assert_eq!(seen.count("range"), 0, "R-11: at {seconds}");
    }
}

#[tokio::test]
async fn an_expired_response_stays_expired_if_the_clock_goes_back() {
    let hands = Hands::at(NOON);
    // The response has an expired `Expires` field, according to its own clock.
    let page = &[("date", "Mon, 01 Jun 2026 12:00:00 GMT"), ("expires", "Mon, 01 Jun 2026 12:00:00 GMT")];
    let service = service(&hands, false, page);
    for seconds in JUMPS {
        hands.set(seconds);
        let (_, headers) = get(&service, &[]).await;
        let cache_control = field(&headers, "cache-control").unwrap();
        assert!(!cache_control.contains("max-age=3"), "at {seconds}: {cache_control}");
    }
}
