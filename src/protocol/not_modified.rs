//! Removes header fields when a response becomes a 304 or a 412.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, DATE, ETAG,
    LAST_MODIFIED, SET_COOKIE, TRAILER, TRANSFER_ENCODING, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::coding::may_be_coded;
use super::content_type::is_live_stream_type;
use super::edge_fields::remove_targeted_fields;
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
    RepresentationFields::of(headers).into_not_modified(headers);
}

/// The fields of a response that are relevant for a 304, collected in one walk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RepresentationFields {
    /// One bit for each of [`DESCRIPTIONS`].
    descriptions: u16,
    is_tagged: bool,
    is_dated: bool,
    has_policy: bool,
    tag_may_be_coded: bool,
    is_live_stream: bool,
}

impl RepresentationFields {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::with_tag(headers).0
    }

    /// Returns the line of `ETag` too, if it is the only one.
    pub(crate) fn with_tag(headers: &HeaderMap) -> (Self, Option<&HeaderValue>) {
        #[cfg(test)]
        super::counters::count(|counts| counts.response_walks += 1);
        let (mut found, mut tag) = (Self::default(), None);
        for (name, value) in headers {
            match *name {
                ETAG => {
                    found.tag_may_be_coded |= may_be_coded(value);
                    tag = if found.is_tagged { None } else { Some(value) };
                    found.is_tagged = true;
                }
                LAST_MODIFIED => found.is_dated = true,
                CONTENT_SECURITY_POLICY | CONTENT_SECURITY_POLICY_REPORT_ONLY => found.has_policy = true,
                // Every layer uses the first line of `Content-Type`.
                CONTENT_TYPE if found.descriptions & CONTENT_TYPE_BIT == 0 => {
                    found.descriptions |= CONTENT_TYPE_BIT;
                    found.is_live_stream = is_live_stream_type(value);
                }
                // The usual fields that a 304 preserves.
                CACHE_CONTROL | DATE | SET_COOKIE | VARY => {}
                _ => found.descriptions |= description(name),
            }
        }
        (found, tag)
    }

    pub(crate) const fn is_coded(self) -> bool {
        self.descriptions & CONTENT_ENCODING_BIT != 0
    }

    pub(crate) const fn tag_may_be_coded(self) -> bool {
        self.tag_may_be_coded
    }

    pub(crate) const fn is_live_stream(self) -> bool {
        self.is_live_stream
    }

    pub(crate) const fn is_dated(self) -> bool {
        self.is_dated
    }

    /// Converts the fields to those of a 304. Their values may have changed since the walk, but not their names.
    pub(crate) fn into_not_modified(self, headers: &mut HeaderMap) {
        // N-01, N-05, N-02, G-18.
        self.remove_descriptions(headers);
        if self.is_tagged && self.is_dated {
            headers.remove(LAST_MODIFIED);
        }
        if self.has_policy {
            for name in [CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY] {
                if headers.get_all(&name).iter().any(has_nonce) {
                    headers.remove(name);
                }
            }
        }
    }

    fn remove_descriptions(self, headers: &mut HeaderMap) {
        let mut present = self.descriptions;
        while present != 0 {
            headers.remove(&DESCRIPTIONS[present.trailing_zeros() as usize]);
            present &= present - 1;
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
/// A proxy or a handler that evaluates preconditions itself calls this function after
/// [`Preconditions`](super::Preconditions) returned [`PreconditionFailed`](super::Outcome::PreconditionFailed).
pub fn into_precondition_failed(headers: &mut HeaderMap) {
    // N-08, G-07.
    RepresentationFields::of(headers).remove_descriptions(headers);
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
    remove_targeted_fields(headers);
    set_field(headers, CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// The fields that describe the content.
// N-02, N-03, N-04, G-18.
static DESCRIPTIONS: [HeaderName; 14] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    ACCEPT_RANGES,
    CONTENT_DISPOSITION,
    CONTENT_LANGUAGE,
    CONTENT_RANGE,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("unencoded-digest"),
];

const CONTENT_TYPE_BIT: u16 = 1;
const CONTENT_ENCODING_BIT: u16 = 1 << 1;

/// Returns the bit of a field that describes the content, or zero.
fn description(name: &HeaderName) -> u16 {
    let place = match *name {
        CONTENT_TYPE => 0,
        CONTENT_ENCODING => 1,
        CONTENT_LENGTH => 2,
        ACCEPT_RANGES => 3,
        CONTENT_DISPOSITION => 4,
        CONTENT_LANGUAGE => 5,
        CONTENT_RANGE => 6,
        TRAILER => 7,
        TRANSFER_ENCODING => 8,
        _ => match name.as_str() {
            "content-digest" => 9,
            "content-md5" => 10,
            "digest" => 11,
            "repr-digest" => 12,
            "unencoded-digest" => 13,
            _ => return 0,
        },
    };
    1 << place
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

    /// The test vector T-N, with the fields that the projects listed in `headers.json` omit.
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
