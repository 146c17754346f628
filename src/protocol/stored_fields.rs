//! Decides which header fields of a response a cache stores, and updates them from a newer response.

use std::fmt;

use http::header::{AGE, CONNECTION, CONTENT_LENGTH, DATE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName};

use super::cache_control::CacheControl;
use super::date::HttpDate;
use super::edge_fields::{is_targeted_field, remove_fields};
use super::freshness::Cache;
use super::name_table::NameTable;
use super::syntax::{MAX_MEMBERS, decimal, is_significant, members, only_line};
use super::validators::Validators;

/// Removes the header fields of a response that a cache must not store
/// ([RFC 9111 section 3.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.1)).
///
/// Removes:
///
/// - fields that are intended for only one connection, such as `Connection`, `Keep-Alive` and `Transfer-Encoding`, and
///   `Trailer`, because trailers are not stored,
/// - fields that `Connection` names,
/// - fields for authentication with a proxy,
/// - fields that `no-cache="..."` names, and for a shared cache those that `private="..."` names. `control` contains
///   the directives that the cache obeys.
///
/// A field that `Connection` names is preserved if caches or clients need it, such as `Vary` and `Set-Cookie`.
///
/// Call this function after [`Storability`](super::Storability), which needs all fields.
///
/// # Errors
///
/// Returns an error if a field that must be removed is essential, or if `Connection` has more than [`MAX_MEMBERS`]
/// members. A field such as `Vary` is essential: without it, the stored response could reach the wrong client or lose
/// its meaning. The response must not be stored.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{Cache, CacheControl, remove_unstored_fields};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static(r#"max-age=60, no-cache="Set-Cookie""#));
/// headers.insert("set-cookie", HeaderValue::from_static("a=b"));
/// headers.insert("keep-alive", HeaderValue::from_static("timeout=5"));
///
/// let control = CacheControl::from_headers(&headers).unwrap();
/// remove_unstored_fields(&mut headers, &control, Cache::Shared)?;
/// assert_eq!(headers.len(), 1, "only `Cache-Control` is left");
/// # Ok::<(), tower_cache_policy::protocol::UnstorableFields>(())
/// ```
#[inline]
pub fn remove_unstored_fields(
    headers: &mut HeaderMap,
    control: &CacheControl,
    cache: Cache,
) -> Result<(), UnstorableFields> {
    let unstored = unstored_fields(headers, control, cache)?;
    remove_fields(headers, |name| unstored.contain(name));
    Ok(())
}

/// The header fields of a response that a cache must not store.
pub(crate) struct UnstoredFields {
    of_connection: NameTable,
    of_directives: NameTable,
}

/// Returns the fields that [`remove_unstored_fields`] removes.
#[inline]
pub(crate) fn unstored_fields(
    headers: &HeaderMap,
    control: &CacheControl,
    cache: Cache,
) -> Result<UnstoredFields, UnstorableFields> {
    // S-02, C-22, C-24.
    let private = (cache == Cache::Shared).then(|| control.private_fields().iter());
    let named = || control.no_cache_fields().iter().chain(private.into_iter().flatten());
    let mut of_directives = NameTable::default();
    for name in named() {
        of_directives.insert(name.as_bytes().to_ascii_lowercase());
    }
    let names = of_directives.sorted().filter_map(|(name, _)| std::str::from_utf8(name).ok());
    if let Some(needed) = names.filter(|name| headers.contains_key(*name)).find(|name| is_needed(name)) {
        return Err(UnstorableFields { problem: Problem::Needed(needed.into()) });
    }
    Ok(UnstoredFields { of_connection: connection_options(headers)?, of_directives })
}

impl UnstoredFields {
    #[inline]
    pub(crate) fn contain(&self, name: &HeaderName) -> bool {
        is_for_connection(name, &self.of_connection) || self.of_directives.contains(name.as_str().as_bytes())
    }
}

/// Updates the header fields of a stored response from a newer response for the same content: a 304, or a 200 to HEAD
/// ([RFC 9111 section 3.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.2)).
///
/// Each field of `update` replaces all lines of the stored field with the same name. Other stored fields are preserved.
/// To determine whether the newer response describes the stored content, use [`is_confirmed_by_not_modified`] or
/// [`is_confirmed_by_head`].
///
/// These fields are not updated:
///
/// - `Content-Length`, `Content-Encoding` and `Content-Range`, because the stored bytes have not changed, and
///   `Content-Digest` and `Content-MD5`, which describe the empty content of the newer response,
/// - fields that [`remove_unstored_fields`] removes because of the connection or a proxy.
///
/// `Content-Type` is updated. The standard exempts it only in caches that store the result of processing the content.
///
/// `Age` and `Date` describe a message and not the content, so those of the stored response are removed even if
/// `update` does not have them. The caller sets `Date` to the time at which it received `update`.
///
/// The result must be checked like a new response: a 304 can have `Set-Cookie`, `private` or another `Vary`.
///
/// # Errors
///
/// Returns an error if the result has more fields than a [`HeaderMap`] can hold, or if the `Connection` of `update` has
/// more than [`MAX_MEMBERS`] members. The stored response may have been updated in part, and must be removed.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::update_stored_fields;
///
/// let mut stored = HeaderMap::new();
/// stored.insert("cache-control", HeaderValue::from_static("max-age=60"));
/// stored.insert("content-length", HeaderValue::from_static("500"));
///
/// let mut not_modified = HeaderMap::new();
/// not_modified.insert("cache-control", HeaderValue::from_static("max-age=600"));
/// not_modified.insert("content-length", HeaderValue::from_static("0"));
///
/// update_stored_fields(&mut stored, &not_modified)?;
/// assert_eq!(stored["cache-control"], "max-age=600");
/// assert_eq!(stored["content-length"], "500");
/// # Ok::<(), tower_cache_policy::protocol::UnstorableFields>(())
/// ```
#[inline]
pub fn update_stored_fields(stored: &mut HeaderMap, update: &HeaderMap) -> Result<(), UnstorableFields> {
    // N-06, S-06, A-03.
    let of_connection = connection_options(update)?;
    stored.remove(AGE);
    stored.remove(DATE);
    for name in update.keys().filter(|name| !is_for_connection(name, &of_connection) && !describes_bytes(name)) {
        let full = |_| UnstorableFields { problem: Problem::TooMany };
        stored.remove(name);
        for line in update.get_all(name) {
            stored.try_append(name, line.clone()).map_err(full)?;
        }
    }
    Ok(())
}

/// Returns whether a 304 describes a stored response, so that it may update the response
/// ([RFC 9111 section 4.3.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.4)).
///
/// | Validator of the 304 | Condition |
/// |---|---|
/// | a strong entity tag | the stored response has the same strong tag |
/// | a weak entity tag | the stored response has the same tag, weak or strong |
/// | `Last-Modified` only | the stored response has the same date |
/// | none | the stored response does not have a validator either |
///
/// An invalid or repeated validator meets no condition. If the function returns `false`, the cache repeats the request
/// without preconditions. `now` is used only to interpret two-digit years.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{HttpDate, is_confirmed_by_not_modified};
///
/// let with_tag = |tag| {
///     let mut headers = HeaderMap::new();
///     headers.insert("etag", HeaderValue::from_static(tag));
///     headers
/// };
/// let (stored, now) = (with_tag("\"v1\""), HttpDate::UNIX_EPOCH);
/// assert!(is_confirmed_by_not_modified(&stored, &with_tag("\"v1\""), now));
/// assert!(!is_confirmed_by_not_modified(&stored, &with_tag("\"v2\""), now));
/// ```
#[must_use]
#[inline]
pub fn is_confirmed_by_not_modified(stored: &HeaderMap, not_modified: &HeaderMap, now: HttpDate) -> bool {
    // N-07, S-08.
    let validators = |headers| Validators::from_headers(headers, now);
    if not_modified.contains_key(ETAG) {
        let (own, other) = (validators(stored), validators(not_modified));
        return own
            .etag()
            .zip(other.etag())
            .is_some_and(|(own, other)| if other.is_weak() { own.weak_eq(other) } else { own.strong_eq(other) });
    }
    if not_modified.contains_key(LAST_MODIFIED) {
        let (own, other) = (validators(stored).last_modified(), validators(not_modified).last_modified());
        return own.is_some() && own == other;
    }
    !stored.contains_key(ETAG) && !stored.contains_key(LAST_MODIFIED)
}

/// Returns whether a 200 to HEAD describes the stored response to a GET, so that it may update the response
/// ([RFC 9111 section 4.3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.5)).
///
/// `ETag`, `Last-Modified` and `Content-Length` must be equal if the response to HEAD has them, and it must have at
/// least one of the two validators. `stored_length` is the length of the stored content in bytes. If the function
/// returns `false`, the stored response counts as stale.
///
/// The standard also lets a response without validators update the stored one. This function does not, because such a
/// response does not show that the content is still the same. `now` is used only to interpret two-digit years.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{HttpDate, is_confirmed_by_head};
///
/// let mut stored = HeaderMap::new();
/// stored.insert("etag", HeaderValue::from_static("\"v1\""));
/// let mut head = stored.clone();
/// head.insert("content-length", HeaderValue::from_static("500"));
///
/// let now = HttpDate::UNIX_EPOCH;
/// assert!(is_confirmed_by_head(&stored, 500, &head, now));
/// assert!(!is_confirmed_by_head(&stored, 501, &head, now));
/// ```
#[must_use]
#[inline]
pub fn is_confirmed_by_head(stored: &HeaderMap, stored_length: u64, head: &HeaderMap, now: HttpDate) -> bool {
    // S-07.
    let (own, other) = (Validators::from_headers(stored, now), Validators::from_headers(head, now));
    let (has_tag, has_date) = (head.contains_key(ETAG), head.contains_key(LAST_MODIFIED));
    let length = || only_line(head, &CONTENT_LENGTH).and_then(|line| decimal(line.as_bytes()));
    (has_tag || has_date)
        && (!has_tag || (other.etag().is_some() && own.etag() == other.etag()))
        && (!has_date || (other.last_modified().is_some() && own.last_modified() == other.last_modified()))
        && (!head.contains_key(CONTENT_LENGTH) || length() == Some(stored_length))
}

/// The error returned if the fields of a response cannot be stored as the standard requires.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{Cache, CacheControl, remove_unstored_fields};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("max-age=60, no-cache=\"vary\""));
/// headers.insert("vary", HeaderValue::from_static("accept"));
/// let control = CacheControl::from_headers(&headers).unwrap();
/// let error = remove_unstored_fields(&mut headers, &control, Cache::Shared).unwrap_err();
/// assert!(error.to_string().contains("the response cannot be stored without that field"), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstorableFields {
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// A directive names this field.
    Needed(Box<str>),
    ConnectionOptions,
    TooMany,
}

impl fmt::Display for UnstorableFields {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Needed(name) => write!(
                f,
                "`no-cache` or `private` names `{name}`, and the response cannot be stored without that field; do not store the \
                 response, or use the directive without field names"
            ),
            Problem::ConnectionOptions => {
                write!(f, "`Connection` has more than {MAX_MEMBERS} members; do not store the response")
            }
            Problem::TooMany => f.write_str("the updated response has too many fields; remove the stored response"),
        }
    }
}

impl std::error::Error for UnstorableFields {}

/// Returns the names in `Connection`, in lowercase.
#[inline]
fn connection_options(headers: &HeaderMap) -> Result<NameTable, UnstorableFields> {
    let mut options = NameTable::default();
    for (index, option) in members(headers.get_all(CONNECTION)).enumerate() {
        if index == MAX_MEMBERS {
            return Err(UnstorableFields { problem: Problem::ConnectionOptions });
        }
        options.insert(option.to_ascii_lowercase());
    }
    Ok(options)
}

/// Returns whether a field is intended for the connection or the proxy and not for caches.
#[inline]
fn is_for_connection(name: &HeaderName, options: &NameTable) -> bool {
    let is_always = matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    );
    is_always
        || (options.contains(name.as_str().as_bytes())
            && !is_significant(name.as_str())
            && !is_needed(name.as_str())
            && !is_targeted_field(name))
}

/// Returns whether a response without this field could reach the wrong client, live too long or lose its meaning.
#[inline]
fn is_needed(name: &str) -> bool {
    matches!(name, "age" | "cache-control" | "content-encoding" | "content-range" | "content-type" | "expires" | "vary")
}

/// Returns whether a field describes the bytes of a message, which a 304 or a response to HEAD does not have.
#[inline]
fn describes_bytes(name: &HeaderName) -> bool {
    matches!(name.as_str(), "content-digest" | "content-encoding" | "content-length" | "content-md5" | "content-range")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const NOW: HttpDate = HttpDate::UNIX_EPOCH;
    const DAY_1: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
    const DAY_2: &str = "Fri, 02 Jan 1970 00:00:00 GMT";

    fn fields(lines: &[&str]) -> HeaderMap {
        let pair = |line: &&str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(pair).collect()
    }

    fn lines(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn fields_that_must_not_be_stored_are_removed() {
        use Cache::{Private, Shared};

        // Columns: the sentence, the cache, the fields, and those that are left.
        let table: &[(&str, Cache, &[&str], &[&str])] = &[
            (
                "unknown fields and cookies are stored (S-02)",
                Shared,
                &["set-cookie: a", "x-a: 1"],
                &["set-cookie: a", "x-a: 1"],
            ),
            (
                "fields of the connection are not (S-02)",
                Shared,
                &[
                    "connection: close",
                    "keep-alive: timeout=5",
                    "proxy-connection: close",
                    "te: trailers",
                    "trailer: x",
                    "transfer-encoding: chunked",
                    "upgrade: h2c",
                    "x-a: 1",
                ],
                &["x-a: 1"],
            ),
            (
                "fields of a proxy are not (S-02)",
                Private,
                &["proxy-authenticate: a", "proxy-authentication-info: b", "proxy-authorization: c", "x-a: 1"],
                &["x-a: 1"],
            ),
            (
                "fields that Connection names in any line are not (S-02)",
                Shared,
                &["connection: close, X-A", "connection: x-b", "x-a: 1", "x-b: 2", "x-b: 3", "x-c: 4"],
                &["x-c: 4"],
            ),
            (
                "Connection cannot remove what caches and clients need",
                Shared,
                &[
                    "connection: vary, cache-control, set-cookie, cdn-cache-control, content-type, etag, x-a",
                    "cache-control: no-store",
                    "cdn-cache-control: no-store",
                    "content-type: text/html",
                    "etag: \"a\"",
                    "set-cookie: a",
                    "vary: cookie",
                    "x-a: 1",
                ],
                &[
                    "cache-control: no-store",
                    "cdn-cache-control: no-store",
                    "content-type: text/html",
                    "etag: \"a\"",
                    "set-cookie: a",
                    "vary: cookie",
                ],
            ),
            (
                "fields that no-cache names are not (C-22)",
                Private,
                &["cache-control: no-cache=\"Set-Cookie, x-a\"", "set-cookie: a", "set-cookie: b", "x-a: 1", "x-b: 2"],
                &["cache-control: no-cache=\"Set-Cookie, x-a\"", "x-b: 2"],
            ),
            (
                "fields that private names are not, in a shared cache (C-24)",
                Shared,
                &["cache-control: private=x-a", "x-a: 1", "x-b: 2"],
                &["cache-control: private=x-a", "x-b: 2"],
            ),
            (
                "fields that private names are, in a private cache (C-24)",
                Private,
                &["cache-control: private=x-a", "x-a: 1"],
                &["cache-control: private=x-a", "x-a: 1"],
            ),
            (
                "a directive may name an absent field",
                Shared,
                &["cache-control: private=\"vary\""],
                &["cache-control: private=\"vary\""],
            ),
        ];
        for (sentence, cache, given, left) in table {
            let mut headers = fields(given);
            let control = CacheControl::from_headers(&headers).unwrap_or_default();
            remove_unstored_fields(&mut headers, &control, *cache).unwrap();
            assert_eq!(lines(&headers), *left, "{sentence}");
            let before = headers.clone();
            remove_unstored_fields(&mut headers, &control, *cache).unwrap();
            assert_eq!(headers, before, "{sentence}: a second call changes nothing");
        }
    }

    #[test]
    fn a_response_without_a_field_that_it_needs_is_not_stored() {
        for name in ["Age", "cache-control", "content-encoding", "Content-Type", "expires", "VARY"] {
            let mut headers = fields(&[&format!("cache-control: no-cache=\"x-a, {name}\""), &format!("{name}: 1")]);
            let control = CacheControl::from_headers(&fields(&[&format!("cache-control: no-cache=\"{name}\"")]));
            let before = headers.clone();
            let error = remove_unstored_fields(&mut headers, &control.unwrap(), Cache::Shared).unwrap_err();
            assert!(error.to_string().contains(&format!("`{}`", name.to_lowercase())), "{error}");
            assert_eq!(headers, before, "S-02");
        }
        let mut headers = fields(&[&format!("connection: {}", "a,".repeat(MAX_MEMBERS))]);
        assert_eq!(remove_unstored_fields(&mut headers, &CacheControl::new(), Cache::Shared), Ok(()));
        let mut headers = fields(&[&format!("connection: {}", "a,".repeat(MAX_MEMBERS + 1))]);
        let error = remove_unstored_fields(&mut headers, &CacheControl::new(), Cache::Shared).unwrap_err();
        assert!(error.to_string().contains("1024"), "{error}");
    }

    #[test]
    fn the_fields_of_a_304_replace_the_stored_ones() {
        let table: &[(&str, &[&str], &[&str], &[&str])] = &[
            ("a field of both (N-06)", &["x-a: 1"], &["x-a: 2"], &["x-a: 2"]),
            ("a field of the stored response (N-06)", &["x-a: 1"], &["x-b: 2"], &["x-a: 1", "x-b: 2"]),
            (
                "all lines are replaced (N-06)",
                &["x-a: 1", "x-a: 2", "x-a: 3"],
                &["x-a: 4", "x-a: 5"],
                &["x-a: 4", "x-a: 5"],
            ),
            (
                "the stored bytes have not changed (S-06)",
                &["content-encoding: gzip", "content-length: 9", "content-digest: a", "content-range: bytes 0-8/9"],
                &["content-encoding: br", "content-length: 0", "content-digest: b", "content-range: bytes 0-0/1"],
                &["content-digest: a", "content-encoding: gzip", "content-length: 9", "content-range: bytes 0-8/9"],
            ),
            ("a 304 adds no content coding (S-06)", &["x-a: 1"], &["content-encoding: br"], &["x-a: 1"]),
            (
                "other fields of the content are updated (S-06)",
                &["content-type: text/plain", "content-location: /a"],
                &["content-type: text/html", "content-location: /b", "content-security-policy: a"],
                &["content-location: /b", "content-security-policy: a", "content-type: text/html"],
            ),
            (
                "fields of the connection are not (S-02, S-06)",
                &["x-a: 1"],
                &["connection: x-a, x-b", "keep-alive: a", "transfer-encoding: chunked", "x-a: 2", "x-b: 3"],
                &["x-a: 1"],
            ),
            (
                "Vary and Cache-Control are updated even if Connection names them",
                &["vary: a"],
                &["connection: vary, cache-control", "cache-control: private", "vary: b"],
                &["cache-control: private", "vary: b"],
            ),
            (
                "an old Age and Date do not remain (A-03)",
                &["age: 9", &format!("date: {DAY_1}"), "x-a: 1"],
                &["x-b: 2"],
                &["x-a: 1", "x-b: 2"],
            ),
            (
                "Age and Date are updated",
                &["age: 9", &format!("date: {DAY_1}")],
                &["age: 1", &format!("date: {DAY_2}")],
                &["age: 1", &format!("date: {DAY_2}")],
            ),
        ];
        for (sentence, stored, update, expected) in table {
            let mut stored = fields(stored);
            update_stored_fields(&mut stored, &fields(update)).unwrap();
            assert_eq!(lines(&stored), *expected, "{sentence}");
        }
        let many = fields(&[&format!("connection: {}", "a,".repeat(MAX_MEMBERS + 1))]);
        assert!(update_stored_fields(&mut HeaderMap::new(), &many).is_err());
    }

    #[test]
    fn an_update_of_a_full_map_is_an_error() {
        let mut stored = HeaderMap::new();
        let mut index = 0;
        while stored
            .try_append(format!("x-{index}").parse::<HeaderName>().unwrap(), HeaderValue::from_static("1"))
            .is_ok()
        {
            index += 1;
        }
        let error = update_stored_fields(&mut stored, &fields(&["vary: a", "x-new: 1"])).unwrap_err();
        assert!(error.to_string().contains("remove the stored response"), "{error}");
    }

    #[test]
    fn a_304_updates_only_the_response_that_it_describes() {
        let (day_1, day_2) = (format!("last-modified: {DAY_1}"), format!("last-modified: {DAY_2}"));
        let table: &[(&str, &[&str], &[&str], bool)] = &[
            ("the same strong tag", &["etag: \"a\""], &["etag: \"a\""], true),
            ("another strong tag (N-07)", &["etag: \"a\""], &["etag: \"b\""], false),
            ("a strong tag for a weak one (N-07)", &["etag: W/\"a\""], &["etag: \"a\""], false),
            ("a weak tag for a strong one", &["etag: \"a\""], &["etag: W/\"a\""], true),
            ("the same weak tag", &["etag: W/\"a\""], &["etag: W/\"a\""], true),
            ("another weak tag", &["etag: W/\"a\""], &["etag: W/\"b\""], false),
            ("a tag for a response without one (N-07)", &[&day_1], &["etag: \"a\"", &day_1], false),
            ("an invalid tag", &["etag: a"], &["etag: a"], false),
            ("two tags", &["etag: \"a\""], &["etag: \"a\"", "etag: \"b\""], false),
            ("the same tag and another date", &["etag: \"a\"", &day_1], &["etag: \"a\"", &day_2], true),
            ("the same date", &["etag: \"a\"", &day_1], &[&day_1], true),
            ("another date", &[&day_1], &[&day_2], false),
            ("a date for a response without one", &["etag: \"a\""], &[&day_1], false),
            ("an invalid date", &["last-modified: a"], &["last-modified: a"], false),
            ("no validator in either", &["x-a: 1"], &["x-b: 1"], true),
            ("no validator for a response with a tag (S-08)", &["etag: \"a\""], &["x-b: 1"], false),
            ("no validator for a response with a date (S-08)", &[&day_1], &["x-b: 1"], false),
        ];
        for (sentence, stored, not_modified, expected) in table {
            let found = is_confirmed_by_not_modified(&fields(stored), &fields(not_modified), NOW);
            assert_eq!(found, *expected, "{sentence}");
        }
    }

    #[test]
    fn a_response_to_head_updates_only_the_response_that_it_describes() {
        let (day_1, day_2) = (format!("last-modified: {DAY_1}"), format!("last-modified: {DAY_2}"));
        let table: &[(&str, &[&str], &[&str], bool)] = &[
            ("the same tag (S-07)", &["etag: \"a\""], &["etag: \"a\""], true),
            ("another tag (S-07)", &["etag: \"a\""], &["etag: \"b\""], false),
            ("the weak form of the tag", &["etag: \"a\""], &["etag: W/\"a\""], false),
            ("an invalid tag", &["etag: a"], &["etag: a"], false),
            ("the same date (S-07)", &[&day_1], &[&day_1], true),
            ("the same tag and another date", &["etag: \"a\"", &day_1], &["etag: \"a\"", &day_2], false),
            ("the same length (S-07)", &["etag: \"a\""], &["etag: \"a\"", "content-length: 500"], true),
            ("another length (S-07)", &["etag: \"a\""], &["etag: \"a\"", "content-length: 501"], false),
            ("an invalid length", &["etag: \"a\""], &["etag: \"a\"", "content-length: +500"], false),
            ("two lengths", &["etag: \"a\""], &["etag: \"a\"", "content-length: 500", "content-length: 500"], false),
            ("the length alone", &["etag: \"a\""], &["content-length: 500"], false),
            ("no validator", &["x-a: 1"], &["x-a: 1"], false),
        ];
        for (sentence, stored, head, expected) in table {
            assert_eq!(is_confirmed_by_head(&fields(stored), 500, &fields(head), NOW), *expected, "{sentence}");
        }
    }

    fn any_fields() -> impl Strategy<Value = Vec<(String, String)>> {
        let name = proptest::sample::select(vec![
            "age",
            "connection",
            "content-encoding",
            "content-length",
            "date",
            "keep-alive",
            "vary",
            "x-a",
            "x-b",
        ]);
        proptest::collection::vec((name.prop_map(str::to_owned), "(x-a|X-B|vary|close|1)"), 0..8)
    }

    proptest! {
        #[test]
        fn an_update_agrees_with_a_map_of_lists(stored in any_fields(), update in any_fields()) {
            let by_name = |fields: &[(String, String)]| {
                let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for (name, value) in fields {
                    map.entry(name.clone()).or_default().push(value.clone());
                }
                map
            };
            let headers = |fields: &[(String, String)]| {
                fields.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
            };
            let (mut expected, newer) = (by_name(&stored), by_name(&update));
            expected.remove("age");
            expected.remove("date");
            for (name, values) in &newer {
                let listed = newer.get("connection").is_some_and(|own| own.iter().any(|own| own.eq_ignore_ascii_case(name)));
                let never = ["connection", "content-encoding", "content-length", "keep-alive"].contains(&name.as_str());
                if !never && (!listed || name == "vary") {
                    expected.insert(name.clone(), values.clone());
                }
            }
            let mut found = headers(&stored);
            update_stored_fields(&mut found, &headers(&update)).unwrap();
            let found: Vec<(String, String)> =
                found.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            prop_assert_eq!(by_name(&found), expected);
        }
    }
}
