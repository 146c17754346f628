//! Every parser takes time that grows no faster than its input, for the input that is
//! worst for it.
#![allow(clippy::unwrap_used)] // As in any test.

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_cache_policy::edge::CacheStatus;
use tower_cache_policy::protocol::{
    CacheControl, CodedTags, EntityTag, HttpDate, Preconditions, RequestCacheControl, Validators, Vary,
};

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

const SMALL: usize = 8 << 10;
const LARGE: usize = 16 * SMALL;

/// Text of about `length` octets that repeats `unit`.
fn line(unit: &str, length: usize) -> HeaderValue {
    HeaderValue::from_str(&unit.repeat(length / unit.len())).unwrap()
}

/// The least time of several runs, which is the one that nothing disturbed.
fn least_time(run: &dyn Fn()) -> Duration {
    (0..7)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn time_grows_linearly() {
    let units = [
        ",",
        "\"",
        "W/",
        "W/\"",
        "\"a\",",
        "\"a",
        "\\",
        "\"\\",
        " ",
        "\t,",
        "a=\"",
        "a,",
        "*,",
        "--gzip\",\"",
        "max-age=1,",
        "private=\"a,",
        "no-cache=\"\\\",",
        "x=\"a\\\"\"\",",
        "a;b;c=1,",
        ";a",
        "(a b);c ",
        "a=:YQ==:,",
        "a=%\"%c3%a9\",",
        "HIT from a,",
    ];
    let now = HttpDate::UNIX_EPOCH;
    let current = Validators::new().with_etag(EntityTag::from_static("\"v1\"")).into();
    type Parser<'a> = (&'a str, Box<dyn Fn(&HeaderValue) + 'a>);
    let parsers: Vec<Parser<'_>> = vec![
        ("HttpDate", Box::new(|line| _ = black_box(HttpDate::parse(line.as_bytes(), now)))),
        ("EntityTag", Box::new(|line| _ = black_box(EntityTag::parse(line.as_bytes())))),
        ("CacheControl", Box::new(|line| _ = black_box(CacheControl::parse([line])))),
        ("contradictions_in", Box::new(|line| _ = black_box(CacheControl::contradictions_in([line]).count()))),
        ("RequestCacheControl", Box::new(|line| _ = black_box(RequestCacheControl::parse([line])))),
        ("Vary", Box::new(|line| _ = black_box(Vary::parse([line])))),
        (
            "CacheControl::from_targeted",
            Box::new(|line| {
                let headers = HeaderMap::from_iter([(CDN_CACHE_CONTROL, line.clone())]);
                black_box(CacheControl::from_targeted(&headers, CDN_CACHE_CONTROL));
            }),
        ),
        (
            "CacheControl::to_targeted_value",
            Box::new(|line| _ = black_box(CacheControl::parse([line]).to_targeted_value())),
        ),
        (
            "CacheStatus",
            Box::new(|line| {
                for field in ["cache-status", "x-cache"].map(HeaderName::from_static) {
                    let headers = HeaderMap::from_iter([(field, line.clone())]);
                    black_box(CacheStatus::all_in(&headers).count());
                }
            }),
        ),
        (
            "Preconditions",
            Box::new(|line| {
                let mut headers = HeaderMap::new();
                headers.insert(IF_NONE_MATCH, line.clone());
                let preconditions = Preconditions::new(&Method::PUT, &headers);
                black_box(preconditions.evaluate(&current, now));
            }),
        ),
        (
            "CodedTags",
            Box::new(|line| {
                let mut headers = HeaderMap::new();
                headers.insert(IF_NONE_MATCH, line.clone());
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
                black_box(CodedTags::take_from(&Method::GET, &mut headers));
            }),
        ),
    ];
    for (name, parse) in &parsers {
        for unit in units {
            let (small, large) = (line(unit, SMALL), line(unit, LARGE));
            // A parser that stops early takes next to nothing; the floor keeps the ratio sound.
            let floor = Duration::from_micros(20);
            let small = least_time(&|| parse(&small)).max(floor);
            let large = least_time(&|| parse(&large));
            let growth = large.as_secs_f64() / small.as_secs_f64();
            // 16 times the input: linear is 16, quadratic 256.
            assert!(growth < 64.0, "{name} on {unit:?}: {growth:.0} times the time for 16 times the input");
        }
    }
}

#[test]
fn a_long_accept_encoding_with_many_tags_is_not_their_product() {
    let ask = |members: usize| {
        let mut headers = HeaderMap::new();
        let tags = (0..members).map(|n| format!("\"{n}--gzip\"")).collect::<Vec<_>>().join(",");
        headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&tags).unwrap());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(&vec!["br;q=0.1"; members].join(",")).unwrap());
        least_time(&|| {
            let mut headers = headers.clone();
            black_box(CodedTags::take_from(&Method::GET, &mut headers));
        })
    };
    let growth = ask(960).as_secs_f64() / ask(60).as_secs_f64();
    assert!(growth < 64.0, "{growth:.0} times the time for 16 times the input");
}
