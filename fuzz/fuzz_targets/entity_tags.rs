//! Compares entity tags and lists with a parser that reads the grammar byte by byte (V-01 to V-06, P-21, P-23).
#![no_main]

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{EntityTag, EntityTagList, EntityTagMember, EntityTagRef};
use tower_cache_policy_fuzz::hostile::preconditions::{Member, RequestPreconditions, entity_tag, trim};
use tower_cache_policy_fuzz::{lines, now};

fuzz_target!(|input: &[u8]| {
    // White space around one tag is allowed.
    let text = trim(input);
    let expected = match entity_tag(text) {
        Member::Tag { weak, opaque } => Some((weak, opaque)),
        _ => None,
    };
    let found = EntityTagRef::parse(input).map(|tag| (tag.is_weak(), tag.opaque().to_vec()));
    assert_eq!(found, expected);
    if let Ok(tag) = EntityTag::parse(input) {
        assert_eq!(Some((tag.is_weak(), tag.opaque().to_vec())), expected);
        assert_eq!(tag.to_header_value().as_bytes(), text);
        assert!(tag.weak_eq(&tag) && tag.strong_eq(&tag) != tag.is_weak());
    } else {
        assert!(expected.is_none());
    }
    for tag in [EntityTag::strong(input), EntityTag::weak(input)].into_iter().flatten() {
        assert_eq!(tag.opaque(), input);
        assert_eq!(EntityTag::parse(tag.to_header_value().as_bytes()).unwrap().opaque(), input);
    }

    let lines = lines(input);
    let headers: HeaderMap = lines.iter().map(|line| (IF_NONE_MATCH, line.clone())).collect();
    let expected = RequestPreconditions::read(&Method::GET, &headers, now()).if_none_match.unwrap_or_default().concat();
    let found: Vec<Member> = EntityTagList::new(headers.get_all(IF_NONE_MATCH))
        .map(|member| match member {
            EntityTagMember::Tag(tag) => Member::Tag { weak: tag.is_weak(), opaque: tag.opaque().to_vec() },
            EntityTagMember::Any => Member::Star,
            EntityTagMember::Unreadable => Member::Unreadable,
            _ => Member::Garbage(Vec::new()),
        })
        .collect();
    let expected: Vec<Member> = expected
        .into_iter()
        .map(|member| if let Member::Garbage(_) = member { Member::Garbage(Vec::new()) } else { member })
        .collect();
    assert_eq!(found, expected);
});
