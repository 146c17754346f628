//! The functions of the protocol, and functions of other crates with the same purpose.

use std::hint::black_box;

use headers::HeaderMapExt;
use http::header::{CACHE_CONTROL, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sfv::Parser;
use tower_cache_policy::protocol::{
    CacheControl, EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators, Vary,
};

use super::case::Case;

const GROUP: &str = "functions";
/// Mon, 01 Jun 2026 00:00:00 GMT
const NOW: u64 = 1_780_272_000;

/// Returns the cases. The function of this crate is the baseline for the others. A name consists of the purpose and, if
/// there are two functions, the crate.
pub(crate) fn functions() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(cache_control());
    cases.extend(entity_tags());
    cases.push(dates());
    cases.extend(targeted());
    cases.extend(vary());
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
    let tags: String = (1..50).map(|n| format!("\"tag-{n}\", ")).chain([TAG.to_owned()]).collect();
    let fields = fields([(IF_NONE_MATCH, tags)]);
    let current = Representation::from(Validators::new().with_etag(EntityTag::from_static(TAG)));
    let now = now();
    assert_eq!(Preconditions::new(&Method::GET, &fields).evaluate(&current, now).outcome(), Outcome::NotModified);
    cases.push(calling("decide If-None-Match, 50 tags, the last one matches", move || {
        Preconditions::new(&Method::GET, &fields).evaluate(&current, now)
    }));
    cases
}

fn dates() -> Case {
    const IMF: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let now = now();
    assert_eq!(HttpDate::parse(IMF.as_bytes(), now).unwrap().unix_seconds(), 784_111_777);
    calling("read a date", move || HttpDate::parse(IMF.as_bytes(), now))
}

fn targeted() -> Vec<Case> {
    const NAME: HeaderName = HeaderName::from_static("cdn-cache-control");
    const VALUE: &str = "public, max-age=300";
    let fields = fields([(NAME, VALUE)]);
    let same = fields.clone();
    assert_eq!(Parser::new(VALUE).parse::<sfv::Dictionary>().unwrap().len(), 2);
    assert!(CacheControl::from_targeted(&fields, NAME).unwrap().max_age().is_some());
    // The other crate only splits members, which this crate turns into directives.
    beside(
        "read CDN-Cache-Control, 2 members",
        move || CacheControl::from_targeted(&fields, NAME),
        "sfv",
        move || Parser::new(same[NAME].as_bytes()).parse::<sfv::Dictionary>(),
    )
    .into()
}

fn vary() -> Vec<Case> {
    let fields = fields([(VARY, "accept-encoding, accept-language, origin")]);
    let same = fields.clone();
    // The other crate cannot search for a name, so this case counts the names.
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

/// Creates a case that calls a function.
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
