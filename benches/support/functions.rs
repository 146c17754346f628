//! The functions of the protocol, and functions of other crates that do the same job.

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use headers::HeaderMapExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use sfv::Parser;
use tower_cache_policy::audit::CacheAudit;
use tower_cache_policy::protocol::{
    Age, Cache, CacheControl, EntityTag, Freshness, HttpDate, Outcome, Preconditions, Representation, Storability,
    Validators, Vary,
};
use twox_hash::XxHash3_128;

use super::case::Case;
use super::content::{KIB, same_bytes};
use super::stacks::list_of_tags;

const GROUP: &str = "functions";
/// Mon, 01 Jun 2026 00:00:00 GMT
const NOW: u64 = 1_780_272_000;

/// Returns the cases. The function of this crate is the base of the others. A name consists of the job and the crate.
pub(crate) fn functions() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(cache_control());
    cases.extend(entity_tags());
    cases.extend(dates());
    cases.extend(targeted());
    cases.extend(vary());
    cases.extend(storing());
    cases.extend(hashes());
    cases
}

fn cache_control() -> Vec<Case> {
    let mut cases = Vec::new();
    for (size, value) in [
        ("2 directives", "public, max-age=300"),
        (
            "6 directives",
            "public, max-age=60, s-maxage=3600, stale-while-revalidate=30, stale-if-error=86400, must-revalidate",
        ),
    ] {
        let fields = fields([(CACHE_CONTROL, value)]);
        let same = fields.clone();
        assert_eq!(
            CacheControl::from_headers(&fields).unwrap().max_age().map(u64::from),
            fields.typed_get::<headers::CacheControl>().unwrap().max_age().map(|age| age.as_secs())
        );
        cases.extend(beside(
            &format!("read Cache-Control, {size}"),
            move || CacheControl::from_headers(&fields),
            "headers",
            move || same.typed_get::<headers::CacheControl>(),
        ));
    }
    cases
}

fn entity_tags() -> Vec<Case> {
    const TAG: &str = "\"33a64df551425fcc55e4d42a148795d9f25f89d4\"";
    let mut cases = Vec::from(beside(
        "read an entity tag",
        || EntityTag::parse(TAG.as_bytes()),
        "headers",
        || TAG.parse::<headers::ETag>(),
    ));
    for (size, tags) in [("1 tag", 1), ("50 tags", 50)] {
        let fields = fields([(IF_NONE_MATCH, list_of_tags(tags, TAG))]);
        let same = fields.clone();
        let current = Representation::from(Validators::new().with_etag(EntityTag::from_static(TAG)));
        let tag: headers::ETag = TAG.parse().unwrap();
        let now = now();
        assert_eq!(Preconditions::new(&Method::GET, &fields).evaluate(&current, now).outcome(), Outcome::NotModified);
        assert!(!fields.typed_get::<headers::IfNoneMatch>().unwrap().precondition_passes(&tag));
        cases.extend(beside(
            &format!("decide If-None-Match, {size}, the last one matches"),
            move || Preconditions::new(&Method::GET, &fields).evaluate(&current, now),
            "headers",
            move || same.typed_get::<headers::IfNoneMatch>().map(|condition| condition.precondition_passes(&tag)),
        ));
    }
    cases
}

fn dates() -> Vec<Case> {
    const IMF: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let now = now();
    let then = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let date = HttpDate::from_system_time(then).unwrap();
    let mut cases = Vec::new();
    for (form, text) in
        [("IMF", IMF), ("RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT"), ("asctime", "Sun Nov  6 08:49:37 1994")]
    {
        assert_eq!(HttpDate::parse(text.as_bytes(), now), Ok(date));
        assert_eq!(httpdate::parse_http_date(text).unwrap(), then);
        cases.extend(beside(
            &format!("read a date, {form}"),
            move || HttpDate::parse(text.as_bytes(), now),
            "httpdate",
            move || httpdate::parse_http_date(text),
        ));
    }
    cases.extend(beside(
        "write a date",
        move || date.to_header_value(),
        "httpdate",
        move || HeaderValue::try_from(httpdate::fmt_http_date(then)),
    ));
    let fields = fields([(IF_MODIFIED_SINCE, IMF)]);
    let same = fields.clone();
    let current = Representation::from(Validators::new().with_last_modified(date));
    assert_eq!(Preconditions::new(&Method::GET, &fields).evaluate(&current, now).outcome(), Outcome::NotModified);
    assert!(!fields.typed_get::<headers::IfModifiedSince>().unwrap().is_modified(then));
    cases.extend(beside(
        "decide If-Modified-Since",
        move || Preconditions::new(&Method::GET, &fields).evaluate(&current, now),
        "headers",
        move || same.typed_get::<headers::IfModifiedSince>().map(|condition| condition.is_modified(then)),
    ));
    cases
}

fn targeted() -> Vec<Case> {
    const NAME: HeaderName = HeaderName::from_static("cdn-cache-control");
    let mut cases = Vec::new();
    for (size, value) in [
        ("2 members", "public, max-age=300"),
        ("5 members", "public, max-age=60, stale-if-error=86400, a=:YQ==:, b;c=1"),
    ] {
        let fields = fields([(NAME, value)]);
        let same = fields.clone();
        assert_eq!(Parser::new(value).parse::<sfv::Dictionary>().unwrap().len().to_string(), size[..1]);
        assert!(CacheControl::from_targeted(&fields, NAME).unwrap().max_age().is_some());
        cases.extend(beside(
            &format!("read CDN-Cache-Control, {size}"),
            move || CacheControl::from_targeted(&fields, NAME),
            "sfv",
            move || Parser::new(same[NAME].as_bytes()).parse::<sfv::Dictionary>(),
        ));
    }
    cases
}

fn vary() -> Vec<Case> {
    let fields = fields([(VARY, "accept-encoding, accept-language, origin")]);
    let same = fields.clone();
    // The other crate cannot search for a name, so this counts the names.
    assert_eq!(same.typed_get::<headers::Vary>().unwrap().iter_strs().count(), 3);
    assert_eq!(Vary::from_headers(&fields).unwrap().names().count(), 3);
    beside(
        "read Vary, 3 names",
        move || Vary::from_headers(&fields).map(|vary| vary.names().count()),
        "headers",
        move || same.typed_get::<headers::Vary>().map(|vary| vary.iter_strs().count()),
    )
    .into()
}

/// Whether a response may be stored, and how long it is fresh.
fn storing() -> Vec<Case> {
    let request = || Request::get("/page").body(()).unwrap().into_parts().0;
    let response = || {
        let mut response = Response::new(());
        *response.headers_mut() = fields([
            (CONTENT_TYPE, "text/html"),
            (CACHE_CONTROL, "public, max-age=60, s-maxage=3600"),
            (DATE, "Mon, 01 Jun 2026 00:00:00 GMT"),
            (LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (ETAG, "\"a\""),
            (VARY, "accept-encoding"),
        ]);
        response.into_parts().0
    };
    let at = UNIX_EPOCH + Duration::from_secs(NOW);
    let ours = {
        let (request, response, now) = (request(), response(), now());
        move || {
            let storability = Storability::of_response(Cache::Shared, &request, StatusCode::OK, &response.headers);
            let age = Age::corrected_initial(&response.headers, now, now);
            let freshness = Freshness::of_response(Cache::Shared, StatusCode::OK, &response.headers, now, age);
            (storability.is_allowed(), freshness.remaining())
        }
    };
    let theirs = {
        let (request, response) = (request(), response());
        move || {
            let policy = http_cache_semantics::CachePolicy::new_options(&request, &response, at, Default::default());
            (policy.is_storable(), policy.time_to_live(at).as_secs())
        }
    };
    assert_eq!(ours(), theirs());
    let audited = {
        let (request, response, now) = (request(), response(), now());
        move || {
            let audit = CacheAudit::of(&request, &response, now);
            (audit.shared().may_store(), audit.shared().remaining_freshness())
        }
    };
    const QUESTION: &str = "stored by a shared cache, and fresh for how long";
    let mut cases = Vec::from(beside(QUESTION, ours, "http-cache-semantics", theirs));
    cases.push(calling(format!("{QUESTION}: CacheAudit"), audited).against(format!("{QUESTION}: ours")));
    cases
}

/// The cost of the hashes of entity tags.
fn hashes() -> Vec<Case> {
    [("1 KiB", KIB, 500), ("16 KiB", 16 * KIB, 500), ("1 MiB", KIB * KIB, 20)]
        .into_iter()
        .flat_map(|(name, length, times)| {
            let (weak, strong) = (same_bytes(length), same_bytes(length));
            [
                calling(format!("hash alone, weak, {name}: ours"), move || XxHash3_128::oneshot(&weak)).times(times),
                calling(format!("hash alone, strong, {name}: ours"), move || blake3::hash(&strong)).times(times),
            ]
        })
        .collect()
}

fn beside<T, U>(
    question: &str,
    ours: impl Fn() -> T + Clone + 'static,
    who: &str,
    theirs: impl Fn() -> U + Clone + 'static,
) -> [Case; 2] {
    let base = format!("{question}: ours");
    [calling(base.clone(), ours), calling(format!("{question}: {who}"), theirs).against(base)]
}

fn fields<V: TryInto<HeaderValue, Error: std::fmt::Debug>>(
    fields: impl IntoIterator<Item = (HeaderName, V)>,
) -> HeaderMap {
    fields.into_iter().map(|(name, value)| (name, value.try_into().unwrap())).collect()
}

fn now() -> HttpDate {
    HttpDate::from_unix_seconds(NOW as i64).unwrap()
}

/// A case that calls a function.
fn calling<T>(name: impl Into<String>, function: impl Fn() -> T + Clone + 'static) -> Case {
    Case::new(GROUP, name, move || {
        let function = function.clone();
        Box::new(move |times| {
            for _ in 0..times {
                black_box(function());
            }
        })
    })
}
