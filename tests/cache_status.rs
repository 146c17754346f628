//! Parses the fields in which the caches of each vendor report their behavior.
#![allow(clippy::unwrap_used)] // As in any test.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use tower_cache_policy::edge::{
    CacheName, CacheOutcome, CacheStatus, CacheStatusMember, CacheStatusReport, ForwardReason,
};
use tower_cache_policy::protocol::{Age, MAX_MEMBERS};

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim_start()).unwrap());
    }
    headers
}

fn status(lines: &[&str]) -> Option<CacheStatus> {
    CacheStatus::from_headers(&headers(lines))
}

fn handling(value: &str) -> CacheStatusMember {
    status(&[&format!("Cache-Status: {value}")]).unwrap().handling().unwrap().clone()
}

#[test]
fn the_standard_field_is_read_by_its_parameters() {
    use CacheOutcome::{Bypass, Expired, Hit, Miss, Revalidated, Stale, Unknown};
    for (value, expected) in [
        ("a; hit", Hit),
        ("\"a b\";hit;ttl=10", Hit),
        ("a; hit; ttl=-10", Stale),
        ("a; hit=?0", Unknown),
        ("a; hit=yes", Unknown),
        ("a", Unknown),
        ("a; fwd=miss; stored", Miss),
        ("a; fwd=uri-miss", Miss),
        ("a; fwd=vary-miss", Miss),
        ("a; fwd=partial", Miss),
        ("a; fwd=stale; fwd-status=200", Expired),
        ("a; fwd=stale", Expired),
        ("a; hit; fwd=stale", Stale),
        ("a; hit; fwd=stale; fwd-status=304", Revalidated),
        ("a; hit; fwd=miss", Miss),
        ("a; fwd=stale; fwd-status=304", Revalidated),
        ("a; fwd=bypass", Bypass),
        ("a; fwd=method", Bypass),
        ("a; fwd=request", Bypass),
        ("a; fwd=else", Unknown),
        ("origin; hit, edge; fwd=miss", Miss),
        ("origin; fwd=miss, edge; hit", Hit),
        ("(a); hit", Unknown),
        ("1; hit", Unknown),
    ] {
        let read = status(&[&format!("Cache-Status: {value}")]).unwrap();
        assert_eq!(read.outcome(), expected, "{value}");
    }
}

#[test]
fn a_word_of_one_vendor_is_unknown_in_the_field_of_another() {
    for (field, value) in
        [("X-Cache-Status", "PRERENDER"), ("X-Cache", "TCP_"), ("X-Cache", "FunctionThrottledResponse from cloudfront")]
    {
        let read = status(&[&format!("{field}: {value}")]).unwrap();
        assert_eq!(read.outcome(), CacheOutcome::Unknown, "{field}: {value}");
    }
}

#[test]
fn keywords_are_not_case_sensitive_and_unknown_ones_are_preserved() {
    for (value, is_hit) in [
        ("hIt", true),
        ("hit FROM here", true),
        ("HITS", false),
        ("HIT-CLUSTER", false),
        ("HIT rate unknown", false),
        ("no HIT", false),
        ("\"HIT\"", false),
        ("H\u{ef}T", false),
    ] {
        let read = status(&[&format!("X-Cache: {value}")]).unwrap();
        assert_eq!(read.is_hit(), is_hit, "{value}");
        assert_eq!(read.text(), value);
        assert_eq!(read.outcome() == CacheOutcome::Unknown, !is_hit, "{value}");
        assert_eq!(read.to_string(), format!("x-cache: {value}"));
    }
}

#[test]
fn the_cache_nearest_to_the_client_speaks() {
    let table: &[(&str, &[&str], &str)] = &[
        ("the last member", &["X-Cache: MISS, HIT"], "x-cache: HIT"),
        ("of the last line", &["X-Cache: HIT, HIT", "X-Cache: MISS from a"], "x-cache: MISS from a"),
        ("empty members aside", &["X-Cache: HIT,,", "X-Cache: "], "x-cache: HIT"),
        ("the last of a standard field (H-01)", &["Cache-Status: a; hit, b;fwd=miss"], "cache-status: b;fwd=miss"),
        (
            "over its lines (X-06)",
            &["Cache-Status: \"a; hit", "Cache-Status: b\";hit"],
            "cache-status: \"a; hit, b\";hit",
        ),
        (
            "of lines with a fault",
            &["Cache-Status: a; hit", "Cache-Status: b;fwd=miss ; x"],
            "cache-status: b;fwd=miss ; x",
        ),
        ("over its sound lines", &["Cache-Status: a; fwd=miss", "Cache-Status: b;  hit"], "cache-status: b;  hit"),
        ("a CDN before any server", &["X-Cache: HIT", "CF-Cache-Status: MISS"], "cf-cache-status: MISS"),
        ("a CDN before the standard", &["Cache-Status: a; hit", "CDN-Cache: MISS"], "cdn-cache: MISS"),
        ("a CDN before another", &["X-Vercel-Cache: HIT", "CF-Cache-Status: DYNAMIC"], "cf-cache-status: DYNAMIC"),
        ("the standard before X-Cache", &["X-Cache: HIT", "Cache-Status: a; fwd=miss"], "cache-status: a; fwd=miss"),
        ("X-Cache before nginx", &["X-Cache-Status: HIT", "X-Cache: MISS"], "x-cache: MISS"),
        ("a faulty field is read leniently", &["Cache-Status: a; hit,", "X-Cache: MISS"], "cache-status: a; hit"),
        ("nginx before Varnish", &["X-Varnish: 5 3", "X-Cache-Status: MISS"], "x-cache-status: MISS"),
        ("Varnish before Traffic Server", &["Via: 1.1 a (b [cHs f ])", "X-Varnish: 5"], "x-varnish: 5"),
        ("no field", &["Age: 5", "X-Cache-Hits: 3", "Via: 1.1 varnish"], ""),
        ("empty fields", &["X-Cache: ", "Cache-Status: ", "CF-Cache-Status: ,"], ""),
    ];
    for (sentence, lines, expected) in table {
        let read = status(lines).map(|status| status.to_string()).unwrap_or_default();
        assert_eq!(read, *expected, "{sentence}");
    }
}

#[test]
fn all_are_there_the_nearest_first() {
    let given = headers(&["X-Cache: MISS, HIT", "Cache-Status: a;hit, b;fwd=miss", "CF-Cache-Status: MISS", "Age: 7"]);
    let all: Vec<CacheStatus> = CacheStatus::all_in(&given).collect();
    let texts: Vec<&str> = all.iter().map(CacheStatus::text).collect();
    assert_eq!(texts, ["MISS", "b;fwd=miss", "a;hit", "HIT", "MISS"]);
    assert!(all.iter().all(|status| status.age() == Some(Age::from_seconds(7))));
    assert_eq!(all.iter().filter(|status| status.handling().is_some()).count(), 2);
    assert_eq!(Some(&all[0]), CacheStatus::from_headers(&given).as_ref());
}

#[test]
fn an_age_that_is_none_is_none() {
    assert_eq!(status(&["X-Cache: HIT"]).unwrap().age(), None);
    assert_eq!(status(&["X-Cache: HIT", "Age: soon"]).unwrap().age(), None);
}

#[test]
fn the_standard_field_tells_more() {
    let full = handling(
        r#""Example \"Edge\""; fwd=stale; fwd-status=304; ttl=-5; stored; collapsed; detail="mem"; key="/"; ttl=60"#,
    );
    assert_eq!(full.cache(), r#"Example "Edge""#);
    assert_eq!((full.hit(), full.fwd()), (false, Some("stale")));
    assert_eq!(full.fwd_status(), Some(StatusCode::NOT_MODIFIED));
    assert_eq!(full.ttl(), Some(60), "the last of two counts (X-03)");
    assert!(full.stored() && full.collapsed());
    assert_eq!(full.detail(), Some("mem"));

    let odd = handling("squid.example; hit; fwd-status=9999; ttl=5.5; stored=1; collapsed=?0; detail=match");
    assert_eq!((odd.cache(), odd.hit(), odd.fwd()), ("squid.example", true, None));
    assert_eq!((odd.fwd_status(), odd.ttl(), odd.stored(), odd.collapsed()), (None, None, false, false));
    assert_eq!(odd.detail(), Some("match"));
}

#[test]
fn a_hit_does_not_wait_for_the_origin() {
    let table = [
        ("HIT", true, true),
        ("STALE", true, true),
        ("UPDATING", true, true),
        ("REVALIDATED", false, true),
        ("EXPIRED", false, false),
        ("MISS", false, false),
        ("BYPASS", false, false),
        ("DYNAMIC", false, false),
        ("Error from cloudfront", false, false),
        ("LambdaGeneratedResponse from cloudfront", false, false),
        ("what", false, false),
    ];
    for (value, is_hit, is_served_by_cache) in table {
        let read = status(&[&format!("X-Cache: {value}")]).unwrap();
        assert_eq!((read.is_hit(), read.is_served_by_cache()), (is_hit, is_served_by_cache), "{value}");
    }
}

#[test]
fn too_many_members_are_no_hit() {
    let line = |count: usize| format!("X-Cache: {}", vec!["HIT"; count].join(","));
    assert!(status(&[&line(MAX_MEMBERS)]).unwrap().is_hit());
    assert_eq!(status(&[&line(MAX_MEMBERS + 1)]).unwrap().outcome(), CacheOutcome::Unknown);
    let standard = |count: usize| format!("Cache-Status: {}", vec!["a;hit"; count].join(","));
    assert!(status(&[&standard(MAX_MEMBERS)]).unwrap().is_hit());
    assert_eq!(status(&[&standard(MAX_MEMBERS + 1)]).unwrap().outcome(), CacheOutcome::Unknown);
    for (field, member) in [("Via", "1.1 a (b [cHs f ])"), ("X-Varnish", "5 3"), ("Cache-Status", "1.1.1.1;hit")] {
        let lines: Vec<String> = (0..2 * MAX_MEMBERS).map(|_| format!("{field}: {member}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let all: Vec<CacheStatus> = CacheStatus::all_in(&headers(&lines)).collect();
        assert_eq!((all.len(), all[0].outcome()), (MAX_MEMBERS + 1, CacheOutcome::Unknown), "{field}");
    }
}

#[test]
fn bytes_that_are_not_text_are_not_a_token() {
    let mut headers = HeaderMap::new();
    headers.insert("x-cache", HeaderValue::from_bytes(b"HIT \xff").unwrap());
    let read = CacheStatus::from_headers(&headers).unwrap();
    assert_eq!((read.outcome(), read.text()), (CacheOutcome::Unknown, "HIT \u{fffd}"));
}

#[test]
fn a_cache_writes_its_report_after_those_of_others() {
    use ForwardReason::{Bypass, Stale, UriMiss, VaryMiss};

    let name = CacheName::new("example").unwrap();
    let table = [
        ("a hit (H-02)", CacheStatusReport::hit(), "example; hit", CacheOutcome::Hit),
        ("a fresh hit", CacheStatusReport::hit().with_ttl(60), "example; hit; ttl=60", CacheOutcome::Hit),
        ("a stale hit", CacheStatusReport::hit().with_ttl(-5), "example; hit; ttl=-5", CacheOutcome::Stale),
        (
            "a hit has no parameters of forwarding (H-02)",
            CacheStatusReport::hit().with_stored().with_collapsed().with_fwd_status(StatusCode::OK),
            "example; hit",
            CacheOutcome::Hit,
        ),
        ("a bypass", CacheStatusReport::forwarded(Bypass), "example; fwd=bypass", CacheOutcome::Bypass),
        (
            "a miss that was stored",
            CacheStatusReport::forwarded(UriMiss).with_stored().with_fwd_status(StatusCode::OK).with_ttl(60),
            "example; fwd=uri-miss; fwd-status=200; ttl=60; stored",
            CacheOutcome::Miss,
        ),
        (
            "a combined request",
            CacheStatusReport::forwarded(VaryMiss).with_collapsed(),
            "example; fwd=vary-miss; collapsed",
            CacheOutcome::Miss,
        ),
        (
            "a revalidation",
            CacheStatusReport::forwarded(Stale).with_fwd_status(StatusCode::NOT_MODIFIED),
            "example; fwd=stale; fwd-status=304",
            CacheOutcome::Revalidated,
        ),
        (
            "a detail that is a token",
            CacheStatusReport::hit().with_detail("OFFLINE"),
            "example; hit; detail=OFFLINE",
            CacheOutcome::Hit,
        ),
        (
            "a detail that is not",
            CacheStatusReport::hit().with_detail("say \"\u{e9}\"\n"),
            r#"example; hit; detail="say \"?\"?""#,
            CacheOutcome::Hit,
        ),
        (
            "a number out of range (X-04)",
            CacheStatusReport::hit().with_ttl(i64::MIN),
            "example; hit; ttl=-999999999999999",
            CacheOutcome::Stale,
        ),
    ];
    for (sentence, report, expected, outcome) in table {
        let mut headers = headers(&["Cache-Status: origin; hit"]);
        report.append_to(&mut headers, &name);
        let lines: Vec<_> = headers.get_all("cache-status").iter().collect();
        assert_eq!(lines, ["origin; hit", expected], "{sentence} (H-01)");
        let read = CacheStatus::from_headers(&headers).unwrap();
        assert_eq!(read.outcome(), outcome, "{sentence}");
        assert_eq!(read.handling().unwrap().cache(), "example", "{sentence}");
    }
}

#[test]
fn the_name_of_a_cache_is_a_token_or_a_string() {
    for (name, expected) in [
        ("a", "a"),
        ("edge.example:8080/a", "edge.example:8080/a"),
        ("*a", "*a"),
        ("1a", "\"1a\""),
        ("a b", "\"a b\""),
        ("a\"b\\", r#""a\"b\\""#),
        ("a; hit", "\"a; hit\""),
    ] {
        assert_eq!(CacheName::new(name).unwrap().as_str(), expected);
    }
    let longest = "a".repeat(CacheName::MAX_LENGTH);
    assert!(CacheName::new(&longest).is_ok());
    for name in ["", "a\n", "\u{e9}", "\t", &(longest + "a")] {
        let error = CacheName::new(name).unwrap_err().to_string();
        assert!(error.contains("1 to 128") && error.len() < 200, "{error}");
    }
}

proptest! {
    #[test]
    fn another_parser_reads_what_a_cache_writes(
        name in "[ -~]{1,20}",
        reason in proptest::option::of(proptest::sample::select(vec![ForwardReason::Method, ForwardReason::Partial])),
        ttl in proptest::option::of(-1_000_000_000_000_000..1_000_000_000_000_000_i64),
        stored in any::<bool>(),
        detail in proptest::sample::select(vec!["", "a", "a b", "\"", "\\", "1", "*", ";key=a"]),
    ) {
        let mut report = reason.map_or(CacheStatusReport::hit(), CacheStatusReport::forwarded).with_detail(detail);
        if let Some(ttl) = ttl {
            report = report.with_ttl(ttl);
        }
        if stored {
            report = report.with_stored();
        }
        let value = report.to_header_value(&CacheName::new(&name).unwrap());
        let list = sfv::Parser::new(value.as_bytes()).parse::<sfv::List>().unwrap();
        let [sfv::ListEntry::Item(item)] = &list[..] else { panic!("{list:?}") };
        let text = |item: &sfv::BareItem| {
            item.as_token().map(|token| token.as_str().to_owned()).or_else(|| item.as_string().map(|text| text.as_str().to_owned()))
        };
        prop_assert_eq!(text(&item.bare_item), Some(name));
        let parameter = |key: &str| item.params.get(key);
        prop_assert_eq!(parameter("hit").and_then(sfv::BareItem::as_boolean), reason.is_none().then_some(true));
        prop_assert_eq!(parameter("fwd").and_then(text), reason.map(|reason| reason.as_str().to_owned()));
        let range = 999_999_999_999_999;
        prop_assert_eq!(parameter("ttl").and_then(sfv::BareItem::as_integer).map(i64::from), ttl.map(|ttl| ttl.clamp(-range, range)));
        prop_assert_eq!(parameter("stored").is_some(), stored && reason.is_some(), "H-02");
        prop_assert_eq!(parameter("detail").and_then(text), Some(detail.to_owned()));
        prop_assert!(parameter("key").is_none(), "G-26");
    }

    #[test]
    fn no_bytes_panic(
        value in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            proptest::collection::vec(proptest::sample::select(b"a1;,=\"\\ \tkeyhit[]cs f?".to_vec()), 0..40),
        ],
        which in 0..5_usize,
    ) {
        let fields = ["cf-cache-status", "cache-status", "x-cache", "x-varnish", "via"];
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(fields[which]), value)]);
            for status in CacheStatus::all_in(&headers) {
                prop_assert!(!status.text().is_empty());
            }
        }
    }
}
