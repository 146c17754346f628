//! Which fields leave an answer when it becomes a 304 or a 412.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::edge_fields::{remove_fields, remove_targeted_fields};
use super::syntax::set_field;

/// Turns the fields of a 200 into those of the 304 for the same representation
/// (RFC 9110 section 15.4.5).
///
/// Stays: `Cache-Control`, `Content-Location`, `Date`, `ETag`, `Expires` and `Vary`
/// as they are (N-01), targeted cache fields and tags (N-05), and everything that
/// does not describe the content, `Set-Cookie` and CORS among it.
///
/// Leaves: what describes the content; `Last-Modified` beside an `ETag` (N-02); a
/// content security policy with a nonce, because a cache would put the new nonce
/// on the stored page (G-18).
pub fn into_not_modified(headers: &mut HeaderMap) {
    let (mut tagged, mut dated, mut policies) = (false, false, false);
    remove_fields(headers, |name| {
        match name.as_str() {
            "etag" => tagged = true,
            "last-modified" => dated = true,
            "content-security-policy" | "content-security-policy-report-only" => policies = true,
            name => return describes_content(name),
        }
        false
    });
    if tagged && dated {
        headers.remove(LAST_MODIFIED);
    }
    if policies {
        for name in [CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY] {
            if headers.get_all(&name).iter().any(has_nonce) {
                headers.remove(name);
            }
        }
    }
}

/// Turns the fields of the answer to a safe request into those of a 412.
///
/// Leaves: what describes the content, the validators, and every word on storing
/// it. `Cache-Control: private, no-store` comes in their place (N-08, G-07): the answer
/// is about one client's copy and is of no use to another.
pub fn into_precondition_failed(headers: &mut HeaderMap) {
    remove_fields(headers, |name| describes_content(name.as_str()));
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
    remove_targeted_fields(headers);
    set_field(headers, CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// Whether a field describes the content which a 304 or 412 does not have (N-02, N-03, N-04,
/// G-18).
///
/// A deny-list, and deliberately not the prefix `Content-`: an allow-list drops
/// CORS, security and application fields, which breaks the page that revalidates,
/// and `Content-Security-Policy` and `Content-Location` are no description of
/// content in that sense.
fn describes_content(name: &str) -> bool {
    matches!(
        name,
        "accept-ranges"
            | "content-digest"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-length"
            | "content-md5"
            | "content-range"
            | "content-type"
            | "digest"
            | "repr-digest"
            | "trailer"
            | "transfer-encoding"
            | "unencoded-digest"
    )
}

fn has_nonce(policy: &HeaderValue) -> bool {
    const NONCE: &[u8] = b"'nonce-";
    policy.as_bytes().windows(NONCE.len()).any(|window| window.eq_ignore_ascii_case(NONCE))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn names_after(change: fn(&mut HeaderMap), before: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in before {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        change(&mut headers);
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        names
    }

    /// The vector T-N, and what the projects behind `headers.json` found missing.
    const OF_A_200: &[(&str, &str)] = &[
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "etag"),
        ("cache-control", "max-age=60"),
        ("cdn-cache-control", "max-age=600"),
        ("content-digest", "sha-256=:AA==:"),
        ("content-encoding", "gzip"),
        ("content-language", "en"),
        ("content-length", "5"),
        ("content-location", "/a"),
        ("content-range", "bytes 0-4/5"),
        ("content-security-policy", "default-src 'self'"),
        ("content-type", "text/html"),
        ("contents", "an application's own"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("etag", "\"a\""),
        ("expires", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("repr-digest", "sha-256=:AA==:"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("trailer", "x"),
        ("transfer-encoding", "chunked"),
        ("vary", "accept"),
        ("vary", "origin"),
        ("x-foo", "1"),
    ];

    #[test]
    fn a_304_keeps_all_but_the_description_of_the_content() {
        let expected = [
            "access-control-allow-origin",
            "access-control-expose-headers",
            "cache-control",
            "cdn-cache-control",
            "content-location",
            "content-security-policy",
            "contents",
            "date",
            "etag",
            "expires",
            "set-cookie",
            "set-cookie",
            "vary",
            "vary",
            "x-foo",
        ];
        assert_eq!(names_after(into_not_modified, OF_A_200), expected, "N-01, N-02, G-18");
    }

    #[test]
    fn a_412_keeps_neither_validators_nor_a_word_on_storing() {
        let expected = [
            "access-control-allow-origin",
            "access-control-expose-headers",
            "cache-control",
            "content-location",
            "content-security-policy",
            "contents",
            "date",
            "set-cookie",
            "set-cookie",
            "vary",
            "vary",
            "x-foo",
        ];
        assert_eq!(names_after(into_precondition_failed, OF_A_200), expected);
    }

    #[test]
    fn last_modified_stays_on_a_304_that_has_no_other_validator() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(names_after(into_not_modified, &[("last-modified", date)]), ["last-modified"]);
    }

    #[test]
    fn a_policy_with_a_nonce_leaves_a_304_and_one_without_stays() {
        let nonce = ("content-security-policy", "script-src 'Nonce-abc'");
        let plain = ("content-security-policy-report-only", "script-src 'self'");
        assert_eq!(names_after(into_not_modified, &[nonce, plain]), ["content-security-policy-report-only"], "G-18");
    }
}
