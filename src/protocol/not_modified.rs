//! Removes header fields when a response becomes a 304 or a 412.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::edge_fields::{remove_fields, remove_targeted_fields};
use super::syntax::set_field;

/// Converts the header fields of a 200 to those of a 304 for the same representation
/// ([RFC 9110 section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4.5)).
///
/// Removes:
///
/// - fields that describe the content, such as `Content-Type` and `Content-Length`,
/// - `Last-Modified`, if there is an `ETag`,
/// - a `Content-Security-Policy` with a nonce, because a cache would add the new nonce to the stored page.
///
/// Preserves all other fields. These include `Cache-Control`, `Content-Location`, `Date`, `ETag`, `Expires`, `Vary`,
/// targeted cache control fields, cache tags, `Set-Cookie` and the fields of CORS.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::into_not_modified;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("content-type", HeaderValue::from_static("text/html"));
/// headers.insert("etag", HeaderValue::from_static("\"v1\""));
/// into_not_modified(&mut headers);
/// assert!(headers.contains_key("etag") && !headers.contains_key("content-type"));
/// ```
pub fn into_not_modified(headers: &mut HeaderMap) {
    // N-01, N-05, N-02, G-18.
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

/// Converts the header fields of the response to a safe request to those of a 412.
///
/// Removes the fields that describe the content, the validators and the targeted cache control fields. Sets
/// `Cache-Control` to `private, no-store`, because a 412 is only meaningful to the client that sent the precondition.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::into_precondition_failed;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("etag", HeaderValue::from_static("\"v2\""));
/// headers.insert("cache-control", HeaderValue::from_static("max-age=60"));
/// into_precondition_failed(&mut headers);
/// assert!(!headers.contains_key("etag"));
/// assert_eq!(headers["cache-control"], "private, no-store");
/// ```
///
/// A proxy or a handler that evaluates preconditions itself calls it after [`Preconditions`](super::Preconditions)
/// returned [`PreconditionFailed`](super::Outcome::PreconditionFailed).
pub fn into_precondition_failed(headers: &mut HeaderMap) {
    // N-08, G-07.
    remove_fields(headers, |name| describes_content(name.as_str()));
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
    remove_targeted_fields(headers);
    set_field(headers, CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// Returns whether a field describes the content, which a 304 or 412 does not have.
///
/// Deliberately not an allow-list: it would remove CORS, security and application fields, and break a page that
/// revalidates. Deliberately not the prefix `Content-` either: `Content-Security-Policy` and `Content-Location` do not
/// describe the content.
fn describes_content(name: &str) -> bool {
    // N-02, N-03, N-04, G-18.
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

pub(crate) fn has_nonce(policy: &HeaderValue) -> bool {
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

    /// The test vector T-N, with the fields that the projects listed in `headers.json` omitted.
    const FIELDS_OF_A_200: &[(&str, &str)] = &[
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
    fn a_304_preserves_all_fields_that_do_not_describe_the_content() {
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
        assert_eq!(names_after(into_not_modified, FIELDS_OF_A_200), expected, "N-01, N-02, G-18");
    }

    #[test]
    fn a_412_loses_validators_and_cache_control() {
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
        assert_eq!(names_after(into_precondition_failed, FIELDS_OF_A_200), expected);
    }

    #[test]
    fn a_304_without_an_etag_preserves_last_modified() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(names_after(into_not_modified, &[("last-modified", date)]), ["last-modified"]);
    }

    #[test]
    fn a_304_loses_only_a_policy_with_a_nonce() {
        let nonce = ("content-security-policy", "script-src 'Nonce-abc'");
        let plain = ("content-security-policy-report-only", "script-src 'self'");
        assert_eq!(names_after(into_not_modified, &[nonce, plain]), ["content-security-policy-report-only"], "G-18");
    }
}
