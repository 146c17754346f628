//! [`CacheStatusReport`]: the value that a cache writes to `Cache-Status`.

use std::cell::RefCell;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::protocol::{is_structured_string, is_structured_token, push_structured_string, put_decimal};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The report of a cache about one request, which it writes to `Cache-Status` ([RFC 9211 section 2]).
///
/// The report does not have the parameter `key`: a client that knows the cache key can find requests that poison the
/// cache ([RFC 9211 section 6]). [`CacheStatus`](super::CacheStatus) reads the field.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use tower_cache_policy::edge::{CacheName, CacheStatusReport, ForwardReason};
///
/// let name = CacheName::new("example")?;
/// let mut headers = HeaderMap::new();
/// CacheStatusReport::hit().with_ttl(42).append_to(&mut headers, &name);
/// assert_eq!(headers["cache-status"], "example; hit; ttl=42");
///
/// let miss = CacheStatusReport::forwarded(ForwardReason::UriMiss)
///     .with_fwd_status(StatusCode::OK)
///     .with_stored();
/// assert_eq!(miss.to_header_value(&name), "example; fwd=uri-miss; fwd-status=200; stored");
/// # Ok::<(), tower_cache_policy::edge::InvalidCacheName>(())
/// ```
///
/// [RFC 9211 section 2]: https://www.rfc-editor.org/rfc/rfc9211#section-2
/// [RFC 9211 section 6]: https://www.rfc-editor.org/rfc/rfc9211#section-6
// H-02, G-26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheStatusReport {
    /// `None` for a hit: the standard does not allow `hit` together with `fwd`.
    forwarded: Option<Forwarded>,
    ttl: Option<i64>,
    detail: Option<&'static str>,
}

/// The parameters that are only allowed together with `fwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Forwarded {
    reason: ForwardReason,
    status: Option<StatusCode>,
    stored: bool,
    collapsed: bool,
}

impl CacheStatusReport {
    /// Creates the report of a cache that responded without forwarding the request
    /// ([`hit`](https://www.rfc-editor.org/rfc/rfc9211#section-2.1)). The stored response may be stale.
    ///
    /// ```
    /// use tower_cache_policy::edge::{CacheName, CacheStatusReport};
    ///
    /// let name = CacheName::new("api")?;
    /// assert_eq!(CacheStatusReport::hit().to_header_value(&name), "api; hit");
    /// assert_eq!(CacheStatusReport::hit().with_ttl(-5).to_header_value(&name), "api; hit; ttl=-5", "stale");
    /// # Ok::<(), tower_cache_policy::edge::InvalidCacheName>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn hit() -> Self {
        Self { forwarded: None, ttl: None, detail: None }
    }

    /// Creates the report of a cache that forwarded the request
    /// ([`fwd`](https://www.rfc-editor.org/rfc/rfc9211#section-2.2)).
    #[must_use]
    #[inline]
    pub const fn forwarded(reason: ForwardReason) -> Self {
        let forwarded = Forwarded { reason, status: None, stored: false, collapsed: false };
        Self { forwarded: Some(forwarded), ttl: None, detail: None }
    }

    /// Adds the remaining freshness lifetime in seconds, negative for a stale response
    /// ([`ttl`](https://www.rfc-editor.org/rfc/rfc9211#section-2.4)).
    #[must_use]
    #[inline]
    pub const fn with_ttl(self, seconds: i64) -> Self {
        Self { ttl: Some(seconds), ..self }
    }

    /// Adds the status code of the next server's response
    /// ([`fwd-status`](https://www.rfc-editor.org/rfc/rfc9211#section-2.3)). Has no effect on a hit.
    #[must_use]
    #[inline]
    pub const fn with_fwd_status(mut self, status: StatusCode) -> Self {
        if let Some(forwarded) = &mut self.forwarded {
            forwarded.status = Some(status);
        }
        self
    }

    /// States that the cache stored the response
    /// ([`stored`](https://www.rfc-editor.org/rfc/rfc9211#section-2.5)). Has no effect on a hit.
    #[must_use]
    #[inline]
    pub const fn with_stored(mut self) -> Self {
        if let Some(forwarded) = &mut self.forwarded {
            forwarded.stored = true;
        }
        self
    }

    /// States that the cache combined the request with others when it forwarded it
    /// ([`collapsed`](https://www.rfc-editor.org/rfc/rfc9211#section-2.6)). Has no effect on a hit.
    #[must_use]
    #[inline]
    pub const fn with_collapsed(mut self) -> Self {
        if let Some(forwarded) = &mut self.forwarded {
            forwarded.collapsed = true;
        }
        self
    }

    /// Adds further information ([`detail`](https://www.rfc-editor.org/rfc/rfc9211#section-2.8)).
    ///
    /// The text is public. Characters that are neither visible ASCII nor a space are written as `?`.
    #[must_use]
    #[inline]
    pub const fn with_detail(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// Returns the report as a member of `Cache-Status`.
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // The text consists of visible ASCII and spaces.
    #[inline]
    pub fn to_header_value(&self, name: &CacheName) -> HeaderValue {
        // X-04, X-05.
        let mut text = Text::new();
        text.push_str(name.as_str());
        match &self.forwarded {
            None => text.push_str("; hit"),
            Some(forwarded) => {
                text.push_str("; fwd=");
                text.push_str(forwarded.reason.as_str());
                if let Some(status) = forwarded.status {
                    text.push_str("; fwd-status=");
                    text.push_str(status.as_str());
                }
            }
        }
        if let Some(ttl) = self.ttl {
            text.push_str("; ttl=");
            // The range of an Integer.
            text.push_number(ttl.clamp(-999_999_999_999_999, 999_999_999_999_999));
        }
        if self.forwarded.is_some_and(|forwarded| forwarded.stored) {
            text.push_str("; stored");
        }
        if self.forwarded.is_some_and(|forwarded| forwarded.collapsed) {
            text.push_str("; collapsed");
        }
        if let Some(detail) = self.detail {
            text.push_str("; detail=");
            if is_token(detail) {
                text.push_str(detail);
            } else {
                text.push_str(&token_or_string(detail));
            }
        }
        HeaderValue::from_bytes(text.as_bytes()).expect("a member of a List is visible ASCII and spaces")
    }

    /// Like [`to_header_value`](Self::to_header_value), but reuses a value that this thread has written before.
    #[inline]
    pub(crate) fn to_known_value(self, name: &CacheName) -> HeaderValue {
        let place = match self.ttl {
            Some(ttl) => ttl.unsigned_abs(),
            None => self.forwarded.map_or(0, |forwarded| forwarded.reason as u64),
        };
        let place = usize::try_from(place).unwrap_or(0) % KNOWN_VALUES;
        let known = KNOWN.try_with(|known| {
            let mut known = known.try_borrow_mut().ok()?;
            let slot = known.get_mut(place)?;
            if let Some((report, value)) = slot
                && *report == self
                && is_of(value, name)
            {
                return Some(value.clone());
            }
            let value = self.to_header_value(name);
            *slot = Some((self, value.clone()));
            Some(value)
        });
        known.ok().flatten().unwrap_or_else(|| self.to_header_value(name))
    }

    /// Appends the report to `Cache-Status`. The reports of caches that are closer to the origin come first, and are
    /// preserved.
    ///
    /// If the map is full, the report is not written.
    #[inline]
    pub fn append_to(&self, headers: &mut HeaderMap, name: &CacheName) {
        // H-01.
        _ = headers.try_append(CACHE_STATUS, self.to_known_value(name));
    }
}

/// The number of values that a thread remembers.
const KNOWN_VALUES: usize = 32;

thread_local! {
    /// The last values of this thread. During one second, most responses have one of a few values. Each thread has its
    /// own list, because a reference count that all threads change is slow.
    static KNOWN: RefCell<[Option<(CacheStatusReport, HeaderValue)>; KNOWN_VALUES]> =
        const { RefCell::new([const { None }; KNOWN_VALUES]) };
}

/// Returns whether a report is from the cache with this name. The name ends at the first semicolon outside a string.
#[inline]
fn is_of(value: &HeaderValue, name: &CacheName) -> bool {
    value.as_bytes().strip_prefix(name.as_str().as_bytes()).is_some_and(|rest| rest.starts_with(b";"))
}

/// Why a cache forwarded a request ([RFC 9211 section 2.2](https://www.rfc-editor.org/rfc/rfc9211#section-2.2)).
///
/// ```
/// use tower_cache_policy::edge::{CacheName, CacheStatusReport, ForwardReason};
///
/// let name = CacheName::new("api")?;
/// let report = CacheStatusReport::forwarded(ForwardReason::VaryMiss);
/// assert_eq!(report.to_header_value(&name), "api; fwd=vary-miss");
/// # Ok::<(), tower_cache_policy::edge::InvalidCacheName>(())
/// ```
// H-02.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardReason {
    /// The cache is configured not to handle the request.
    Bypass,
    /// The semantics of the method require the request to be forwarded.
    Method,
    /// The cache does not have a stored response for this URI.
    UriMiss,
    /// Stored responses have this URI, but the request does not select one of them by the fields in `Vary`.
    VaryMiss,
    /// No stored response matches, and the cache does not know why.
    Miss,
    /// A stored response is fresh, but the request does not allow its use.
    Request,
    /// The stored response is stale.
    Stale,
    /// The stored response does not contain all requested ranges.
    Partial,
}

impl ForwardReason {
    /// Returns the value of `fwd`.
    #[must_use]
    #[inline]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// The name of a cache in `Cache-Status` ([RFC 9211 section 2](https://www.rfc-editor.org/rfc/rfc9211#section-2)).
///
/// ```
/// use tower_cache_policy::edge::CacheName;
///
/// assert_eq!(CacheName::new("edge.example")?.as_str(), "edge.example");
/// assert_eq!(CacheName::new("Our cache")?.as_str(), "\"Our cache\"");
/// assert!(CacheName::new("").is_err());
/// # Ok::<(), tower_cache_policy::edge::InvalidCacheName>(())
/// ```
// H-01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheName {
    /// As a Token or a String.
    text: Box<str>,
}

impl CacheName {
    /// The maximum length of a name in bytes.
    pub const MAX_LENGTH: usize = 128;

    /// Creates a name. It is written as a Token if possible, and otherwise as a String.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty, longer than [`MAX_LENGTH`](Self::MAX_LENGTH), or contains characters
    /// other than visible ASCII and spaces.
    #[inline]
    pub fn new(name: &str) -> Result<Self, InvalidCacheName> {
        let is_valid = (1..=Self::MAX_LENGTH).contains(&name.len()) && is_structured_string(name);
        if !is_valid {
            return Err(InvalidCacheName { name: name.chars().take(64).collect() });
        }
        Ok(Self { text: token_or_string(name).into() })
    }

    /// Returns the name as written in the field.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The error returned for an invalid name of a cache.
///
/// ```
/// use tower_cache_policy::edge::CacheName;
///
/// assert_eq!(
///     CacheName::new("").unwrap_err().to_string(),
///     "`` is not a name for a cache; use 1 to 128 visible ASCII characters or spaces"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCacheName {
    /// The first characters.
    name: Box<str>,
}

impl fmt::Display for InvalidCacheName {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a name for a cache; use 1 to {} visible ASCII characters or spaces",
            self.name.escape_debug(),
            CacheName::MAX_LENGTH
        )
    }
}

impl std::error::Error for InvalidCacheName {}

#[inline]
fn token_or_string(value: &str) -> String {
    if is_token(value) {
        return value.to_owned();
    }
    let is_known = |character: char| u8::try_from(character).is_ok_and(is_printable);
    let mut text = String::with_capacity(value.len() + 2);
    push_structured_string(&mut text, value.chars().map(|character| if is_known(character) { character } else { '?' }));
    text
}

#[inline]
fn is_token(value: &str) -> bool {
    // Most names are a single token, which does not need a parser.
    let is_word = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word || is_structured_token(value)
}

/// A string that is on the stack unless it is long, because a value is written for each response.
struct Text {
    short: [u8; Self::SHORT],
    length: usize,
    /// The complete string, if it is long.
    long: Vec<u8>,
}

impl Text {
    const SHORT: usize = 96;

    #[inline]
    const fn new() -> Self {
        Self { short: [0; Self::SHORT], length: 0, long: Vec::new() }
    }

    #[inline]
    fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    #[inline]
    fn push(&mut self, text: &[u8]) {
        let end = self.length + text.len();
        match self.short.get_mut(self.length..end) {
            Some(place) if self.long.is_empty() => place.copy_from_slice(text),
            _ => {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.short[..self.length]);
                }
                self.long.extend_from_slice(text);
            }
        }
        self.length = end;
    }

    #[inline]
    fn push_number(&mut self, number: i64) {
        if number < 0 {
            self.push_str("-");
        }
        self.push(put_decimal(number.unsigned_abs(), &mut [0; 20]));
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.length] } else { &self.long }
    }
}

#[inline]
const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_value_is_the_one_that_would_be_written() {
        let names = ["a", "a; hit", "b", "a\"; hit", "\\", "a\\"].map(|name| CacheName::new(name).unwrap());
        let hits = (-40..40).map(|ttl| CacheStatusReport::hit().with_ttl(ttl));
        let forwarded =
            [ForwardReason::Bypass, ForwardReason::UriMiss, ForwardReason::Stale].into_iter().flat_map(|reason| {
                let report = CacheStatusReport::forwarded(reason);
                let ok = report.with_fwd_status(StatusCode::OK);
                [
                    report,
                    ok,
                    ok.with_stored(),
                    ok.with_collapsed(),
                    report.with_ttl(5),
                    ok.with_detail("key"),
                    ok.with_detail("a b"),
                ]
            });
        let reports: Vec<_> = hits.chain(forwarded).chain([CacheStatusReport::hit()]).collect();
        for _ in 0..2 {
            for report in &reports {
                for name in names.iter().chain(&names) {
                    assert_eq!(report.to_known_value(name), report.to_header_value(name));
                }
            }
        }
    }

    #[test]
    fn long_values_are_written_completely() {
        let name = CacheName::new(&"n".repeat(CacheName::MAX_LENGTH)).unwrap();
        let report = CacheStatusReport::forwarded(ForwardReason::UriMiss).with_fwd_status(StatusCode::OK).with_stored();
        let expected = format!("{}; fwd=uri-miss; fwd-status=200; stored", name.as_str());
        assert_eq!(report.to_header_value(&name), expected);
        for ttl in [0, 9, 10, -1, i64::MAX, i64::MIN] {
            let text = format!("{}; hit; ttl={}", name.as_str(), ttl.clamp(-999_999_999_999_999, 999_999_999_999_999));
            assert_eq!(CacheStatusReport::hit().with_ttl(ttl).to_header_value(&name), text);
        }
    }
}
