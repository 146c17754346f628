//! Entity tags with content codings: the mapping is one to one (V-09, L-01).
#![no_main]

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{ContentCodedTags, EntityTagRef, add_coding_suffix};
use tower_cache_policy_fuzz::hostile::preconditions::RequestPreconditions;
use tower_cache_policy_fuzz::{fields, now};

const CODINGS: [&str; 5] = ["identity", "gzip", "br", "zstd", "deflate"];

fuzz_target!(|input: &[u8]| {
    one_to_one(input);
    let (mut headers, _) = fields(input);
    for method in [Method::GET, Method::PUT] {
        let before = RequestPreconditions::read(&method, &headers, now());
        let mut request = headers.clone();
        let coded = ContentCodedTags::take_from(&method, &mut request);
        let after = RequestPreconditions::read(&method, &request, now());
        let expected = before.clone().without_codings();
        assert_eq!(before.if_match.is_some(), after.if_match.is_some(), "P-17");
        assert_eq!(before.if_none_match.is_some(), after.if_none_match.is_some(), "P-17");
        let members = |lines: &Option<Vec<Vec<_>>>| lines.clone().unwrap_or_default().concat();
        if method == Method::PUT {
            // The number of members is unchanged, so an invalid list stays invalid (P-22).
            assert_eq!(members(&after.if_none_match).len(), members(&expected.if_none_match).len());
            assert_eq!(members(&after.if_match).len(), members(&expected.if_match).len());
        }
        if !coded.changed() {
            assert_eq!(request, headers);
        }
        let mut response = headers.clone();
        coded.restore_in_not_modified(&mut response);
    }
    add_coding_suffix(&mut headers);
});

/// A tag of the service returns to it unchanged, and no two variants share a tag.
fn one_to_one(tag: &[u8]) {
    let Some(own) = EntityTagRef::parse(tag) else { return };
    let Ok(value) = HeaderValue::from_bytes(tag) else { return };
    let mut sent = Vec::new();
    for coding in CODINGS {
        let mut response = HeaderMap::new();
        response.insert(ETAG, value.clone());
        response.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        add_coding_suffix(&mut response);
        let named = response.remove(ETAG).unwrap();
        assert!(own.is_weak() || !sent.contains(&named), "two variants with one tag: {named:?}");
        for (name, method) in [(IF_MATCH, Method::PUT), (IF_NONE_MATCH, Method::GET), (IF_RANGE, Method::GET)] {
            let mut request = HeaderMap::new();
            request.insert(&name, named.clone());
            request.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
            let coded = ContentCodedTags::take_from(&method, &mut request);
            let restored = request.get(&name).map(HeaderValue::as_bytes).and_then(EntityTagRef::parse);
            assert_eq!(restored.map(EntityTagRef::opaque), Some(own.opaque()), "{named:?} in {name}");
            if name == IF_NONE_MATCH && !own.is_weak() {
                let mut not_modified = HeaderMap::new();
                not_modified.insert(ETAG, value.clone());
                coded.restore_in_not_modified(&mut not_modified);
                assert_eq!(not_modified[ETAG], named, "N-07");
            }
        }
        sent.push(named);
    }
}
