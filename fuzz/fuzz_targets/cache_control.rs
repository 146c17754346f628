//! `Cache-Control` of responses and requests: rendered values are valid, parse to the same value and do not permit
//! more, and merging two values results in the stricter one (C-01 to C-34).
#![no_main]

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{CacheControl, FieldNames, RequestCacheControl, Vary};
use tower_cache_policy_fuzz::hostile::readers::{Permissions, directives};
use tower_cache_policy_fuzz::lines;

fuzz_target!(|input: &[u8]| {
    // An empty line separates the lines of two responses.
    let mut halves = input.splitn(2, |byte| *byte == 0);
    let one = lines(halves.next().unwrap_or_default());
    let other = lines(halves.next().unwrap_or_default());
    response(&one);
    request(&one);
    tighter(&one, &other);
    built(&one, &other);
});

fn response(lines: &[HeaderValue]) {
    let field = CacheControl::parse(lines);
    let rendered = field.to_header_value();
    assert_eq!(CacheControl::parse([&rendered]), field, "read again: {rendered:?}");
    assert_eq!(field.is_empty(), rendered.is_empty());
    let (before, after) =
        ([Permissions::read(lines), Permissions::read_by_line(lines)], Permissions::read([&rendered]));
    let most = |of: fn(&Permissions) -> Option<u64>| before.iter().map(of).max().flatten();
    assert!(after.shared() <= most(Permissions::shared), "{lines:?} became {rendered:?}");
    assert!(after.browser() <= most(Permissions::browser), "{lines:?} became {rendered:?}");
    assert!(!after.public || before.iter().any(|word| word.public));
    let private = field.clone().to_private();
    assert!(private.forbids_shared_storage() && !private.public() && private.s_maxage().is_none());
    assert_eq!(private.clone().to_private(), private);
    let word = Permissions::read([&private.to_header_value()]);
    assert!(word.forbids_sharing() && word.browser() <= most(Permissions::browser).max(Some(0)), "{word:?}");
    let _ = (field.contradictions().count(), CacheControl::contradictions_in(lines).count());
    assert_eq!(CacheControl::parse([&rendered]).to_header_value(), rendered);
    if let Some(targeted) = field.to_targeted_value() {
        let parsed = sfv::Parser::new(targeted.as_bytes()).parse::<sfv::Dictionary>();
        assert!(parsed.is_ok_and(|dictionary| !dictionary.is_empty()), "{targeted:?}");
    }
}

fn request(lines: &[HeaderValue]) {
    let field = RequestCacheControl::parse(lines);
    let rendered = field.to_header_value();
    assert_eq!(RequestCacheControl::parse([&rendered]), field, "read again: {rendered:?}");
    let headers: HeaderMap = lines.iter().map(|line| (CACHE_CONTROL, line.clone())).collect();
    assert_eq!(RequestCacheControl::from_headers(&headers).unwrap_or_default(), field);
}

fn tighter(one: &[HeaderValue], other: &[HeaderValue]) {
    let (one, other) = (CacheControl::parse(one), CacheControl::parse(other));
    let both = one.clone().tighten(&other);
    assert_eq!(both, other.clone().tighten(&one));
    assert_eq!(both, both.clone().tighten(&one));
    let word = |field: &CacheControl| Permissions::read([&field.to_header_value()]);
    let (both, one, other) = (word(&both), word(&one), word(&other));
    assert!(both.shared() <= one.shared().min(other.shared()), "{one:?} and {other:?} made {both:?}");
    assert!(both.browser() <= one.browser().min(other.browser()), "{one:?} and {other:?} made {both:?}");
}

fn built(one: &[HeaderValue], other: &[HeaderValue]) {
    let field = CacheControl::parse(one);
    for line in other {
        for (name, argument) in directives(line.as_bytes()) {
            if let Ok(with) = field.clone().with_extension(&name, argument.as_deref()) {
                let rendered = with.to_header_value();
                assert_eq!(CacheControl::parse([&rendered]), with, "{name:?} {argument:?}");
            }
            let _ = FieldNames::new([name]);
        }
    }
    let vary = Vary::parse(one);
    assert_eq!(Vary::parse([&vary.to_header_value()]), vary);
    assert_eq!(vary.union(&Vary::parse(other)), Vary::parse(one.iter().chain(other)));
}
