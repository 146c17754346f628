//! [`Validators`] and [`Representation`]: the state that preconditions are evaluated against.

use std::time::SystemTime;

use http::header::{DATE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::syntax::{only_line, set_field};
use super::{EntityTag, HttpDate};

/// The current state of the target resource's representation, as known to the origin server.
///
/// The three states are distinct because `*` in `If-Match` and `If-None-Match` tests whether a representation exists,
/// not whether it has an entity tag.
///
/// ```
/// use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
///
/// // `None` if the database has no such row.
/// fn representation_of(revision: Option<u32>) -> Representation {
///     let etag = |revision| EntityTag::strong(format!("rev-{revision}")).unwrap();
///     revision.map(|revision| Validators::new().with_etag(etag(revision))).into()
/// }
///
/// assert_eq!(representation_of(None), Representation::Missing);
/// assert!(matches!(representation_of(Some(7)), Representation::Current(_)));
/// ```
///
/// | State | GET with `If-None-Match` | PUT with `If-Match` | PUT with `If-None-Match: *` |
/// |---|---|---|---|
/// | [`Missing`](Self::Missing) | proceeds | 412 | proceeds, and creates the resource |
/// | [`Unknown`](Self::Unknown) | proceeds | 412 | 412 |
/// | [`Current`](Self::Current) | 304 if a tag matches | proceeds if a tag matches | 412 |
// P-06, P-14.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // A fourth state would require changes in every caller.
pub enum Representation {
    /// There is no representation. A GET would return 404 or 410.
    Missing,
    /// It is unknown whether there is a representation, for example because the lookup is expensive or has failed.
    ///
    /// A safe request proceeds. An unsafe request with a precondition fails.
    Unknown,
    /// There is a representation, with or without validators.
    Current(Validators),
}

impl From<Validators> for Representation {
    fn from(validators: Validators) -> Self {
        Self::Current(validators)
    }
}

impl From<&Validators> for Representation {
    fn from(validators: &Validators) -> Self {
        Self::Current(validators.clone())
    }
}

impl From<&Self> for Representation {
    fn from(representation: &Self) -> Self {
        representation.clone()
    }
}

/// Converts `None` to [`Representation::Missing`].
impl From<Option<Validators>> for Representation {
    fn from(validators: Option<Validators>) -> Self {
        validators.map_or(Self::Missing, Self::Current)
    }
}

/// The validators of a representation: `ETag` and `Last-Modified`
/// ([RFC 9110 section 8.8](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8)).
///
/// | From | use |
/// |---|---|
/// | the version number of a database row | [`Validators::version`] |
/// | an entity tag, a date or both | [`Validators::new`], [`with_etag`](Self::with_etag), [`with_last_modified`](Self::with_last_modified) |
/// | the modification time of a file or row | [`Validators::new`], [`with_modification_time`](Self::with_modification_time) |
/// | the fields of a response, for example in a proxy | [`Validators::from_headers`] |
/// | `ETag` and `LastModified` of the crate `headers` | their conversions into [`EntityTag`] and [`HttpDate`] (feature `headers`) |
///
/// # Example
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tower_cache_policy::protocol::{EntityTag, Validators};
///
/// let validators = Validators::new()
///     .with_etag(EntityTag::strong("v7")?)
///     .with_modification_time(UNIX_EPOCH + Duration::from_secs(784_111_777));
/// assert_eq!(validators.last_modified().unwrap().to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<EntityTag>,
    last_modified: Option<HttpDate>,
    strong_last_modified: bool,
}

impl Validators {
    /// Creates a value without validators, for an existing representation.
    #[must_use]
    pub const fn new() -> Self {
        Self { etag: None, last_modified: None, strong_last_modified: false }
    }

    /// Creates a strong entity tag from a number that changes with each change of the representation, such as the version
    /// column of a database row. The version 7 becomes `"7"`.
    ///
    /// ```
    /// use tower_cache_policy::protocol::Validators;
    ///
    /// let version: i64 = 7; // A column of the row
    /// assert_eq!(Validators::version(version).etag().unwrap().to_string(), "\"7\"");
    /// ```
    ///
    /// # Warning
    ///
    /// The tag states that equal versions have equal bytes. If the response depends on more than the row, for example on
    /// a template, on the format or on the user, make a tag from all of it with [`with_etag`](Self::with_etag).
    // V-07. Not a weak tag, because `If-Match` never matches one (P-07).
    #[must_use]
    pub fn version(version: impl Into<i128>) -> Self {
        let text = format!("\"{}\"", version.into());
        // A number in quotes is a valid tag.
        Self { etag: EntityTag::parse(text.as_bytes()).ok(), ..Self::new() }
    }

    /// Sets the entity tag.
    #[must_use]
    pub fn with_etag(mut self, etag: EntityTag) -> Self {
        self.etag = Some(etag);
        self
    }

    /// Sets the date of last modification.
    #[must_use]
    pub const fn with_last_modified(mut self, date: HttpDate) -> Self {
        self.last_modified = Some(date);
        self
    }

    /// Sets the date of last modification, rounded down to whole seconds.
    ///
    /// A time outside the years 0000 to 9999 leaves the representation without a date.
    #[must_use]
    pub fn with_modification_time(mut self, time: SystemTime) -> Self {
        // D-09, D-10.
        self.last_modified = HttpDate::from_system_time(time);
        self
    }

    /// Declares the modification date a strong validator, so that `If-Range` may use it
    /// ([RFC 9110 section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.2.2)).
    ///
    /// The representation must never change twice within one second.
    ///
    /// # Warning
    ///
    /// If that is not true, a client that resumes a download may combine bytes of two representations. The modification
    /// time of a file is not sufficient.
    #[must_use]
    pub const fn modified_at_most_once_a_second(mut self) -> Self {
        // V-16, R-12.
        self.strong_last_modified = true;
        self
    }

    /// Reads the validators from the fields `ETag` and `Last-Modified` of a response.
    ///
    /// A field that is malformed or repeated is not a validator, because it is unknown which value describes the
    /// content. `now` is used only to interpret two-digit years: outside of tests, pass [`HttpDate::now`].
    ///
    /// ```
    /// use http::{HeaderMap, Method, header};
    /// use tower_cache_policy::protocol::{HttpDate, Outcome, Preconditions, Validators};
    ///
    /// // A proxy has the response of the origin server, and evaluates the preconditions of the client.
    /// let mut response = HeaderMap::new();
    /// response.insert(header::ETAG, "\"7\"".parse().unwrap());
    /// let mut request = HeaderMap::new();
    /// request.insert(header::IF_NONE_MATCH, "\"7\"".parse().unwrap());
    ///
    /// let now = HttpDate::now();
    /// let current = Validators::from_headers(&response, now);
    /// let evaluation = Preconditions::new(&Method::GET, &request).evaluate(&current.into(), now);
    /// assert_eq!(evaluation.outcome(), Outcome::NotModified);
    /// ```
    #[doc(alias = "from_response")]
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, now: HttpDate) -> Self {
        Self {
            etag: etag_line(headers).and_then(|line| EntityTag::try_from(line.clone()).ok()),
            last_modified: last_modified_of(headers, now),
            strong_last_modified: false,
        }
    }

    /// Returns the entity tag.
    #[must_use]
    pub const fn etag(&self) -> Option<&EntityTag> {
        self.etag.as_ref()
    }

    /// Returns the date of last modification.
    #[must_use]
    pub const fn last_modified(&self) -> Option<HttpDate> {
        self.last_modified
    }

    /// Returns whether the modification date is a strong validator.
    #[must_use]
    pub const fn last_modified_is_strong(&self) -> bool {
        // V-16.
        self.strong_last_modified
    }

    /// Writes the validators to the header fields of a response, and replaces existing ones.
    ///
    /// A modification date after `now`, the origination date of the message, is replaced with `now`
    /// ([RFC 9110 section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.2.1)).
    ///
    /// If the map is full, the validators are not written.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use tower_cache_policy::protocol::{EntityTag, HttpDate, Validators};
    ///
    /// let now = HttpDate::from_unix_seconds(784_111_777).unwrap();
    /// let tomorrow = HttpDate::from_unix_seconds(784_198_177).unwrap();
    /// let validators = Validators::new().with_etag(EntityTag::from_static("\"v7\"")).with_last_modified(tomorrow);
    ///
    /// let mut headers = HeaderMap::new();
    /// validators.write_to(&mut headers, now);
    /// assert_eq!(headers["etag"], "\"v7\"");
    /// assert_eq!(headers["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT", "not a date in the future");
    /// ```
    pub fn write_to(&self, headers: &mut HeaderMap, now: HttpDate) {
        // V-14.
        if let Some(etag) = &self.etag {
            set_field(headers, ETAG, etag.to_header_value());
        }
        if let Some(date) = self.last_modified {
            set_field(headers, LAST_MODIFIED, date.min(now).to_header_value());
        }
    }
}

/// Limits `Last-Modified` to the origination date of the response, which is `now` or the earlier `Date` of the
/// response. Returns the date that was replaced.
pub(crate) fn limit_last_modified(headers: &mut HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
    // V-14.
    if !headers.contains_key(LAST_MODIFIED) {
        return None;
    }
    let now = now();
    let date = only_line(headers, &DATE).and_then(|line| HttpDate::parse(line.as_bytes(), now).ok());
    let latest = date.map_or(now, |date| date.min(now));
    let mut replaced = None;
    let mut limit = |line: &mut HeaderValue| match HttpDate::parse(line.as_bytes(), now) {
        Ok(modified) if modified > latest => {
            *line = latest.to_header_value();
            replaced = replaced.max(Some(modified));
        }
        _ => {}
    };
    if only_line(headers, &LAST_MODIFIED).is_some() {
        headers.get_mut(LAST_MODIFIED).map(limit);
    } else {
        headers.iter_mut().filter(|(name, _)| *name == LAST_MODIFIED).for_each(|(_, line)| limit(line));
    }
    replaced
}

/// Returns the `ETag` line, or `None` if there are several.
pub(crate) fn etag_line(headers: &HeaderMap) -> Option<&HeaderValue> {
    only_line(headers, &ETAG)
}

/// Returns an `ETag` line that is not a validator: an invalid entity tag, or the second of several lines.
#[cfg(any(feature = "audit", feature = "tracing"))]
pub(crate) fn invalid_etag(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(ETAG).iter();
    let is_malformed = |line: &&HeaderValue| super::EntityTagRef::parse(line.as_bytes()).is_none();
    lines.next().filter(is_malformed).or_else(|| lines.next())
}

pub(crate) fn last_modified_of(headers: &HeaderMap, now: HttpDate) -> Option<HttpDate> {
    only_line(headers, &LAST_MODIFIED).and_then(|line| HttpDate::parse(line.as_bytes(), now).ok())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::HeaderName;

    use super::*;

    const NOW: HttpDate = HttpDate::UNIX_EPOCH;

    fn headers(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_invalid_or_repeated_field_is_not_a_validator() {
        let table: &[(&str, HeaderMap, bool, bool)] = &[
            ("both", headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT")]), true, true),
            ("an unquoted tag", headers(&[(ETAG, "a")]), false, false),
            ("two tags", headers(&[(ETAG, "\"a\""), (ETAG, "\"b\"")]), false, false),
            ("a list of tags", headers(&[(ETAG, "\"a\", \"b\"")]), false, false),
            ("an invalid date", headers(&[(LAST_MODIFIED, "foo")]), false, false),
            (
                "two dates",
                headers(&[
                    (LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT"),
                    (LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT"),
                ]),
                false,
                false,
            ),
        ];
        for (sentence, headers, etag, date) in table {
            let validators = Validators::from_headers(headers, NOW);
            assert_eq!(validators.etag().is_some(), *etag, "{sentence}");
            assert_eq!(validators.last_modified().is_some(), *date, "{sentence}");
        }
    }

    #[test]
    fn a_future_modification_date_is_written_as_now() {
        let future = Validators::new().with_modification_time(UNIX_EPOCH + Duration::from_secs(60));
        let mut headers = HeaderMap::new();
        future.write_to(&mut headers, NOW);
        assert_eq!(headers[LAST_MODIFIED], "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn a_version_is_a_strong_tag_whatever_the_number() {
        let table: &[(i128, &str)] = &[
            (0, "\"0\""),
            (7, "\"7\""),
            (-1, "\"-1\""),
            (i64::MAX.into(), "\"9223372036854775807\""),
            (i128::MIN, "\"-170141183460469231731687303715884105728\""),
        ];
        for (version, text) in table {
            let etag = Validators::version(*version).etag().cloned();
            assert_eq!(etag.as_ref().map(ToString::to_string).as_deref(), Some(*text));
            assert!(etag.is_some_and(|etag| !etag.is_weak()));
        }
        assert_eq!(Validators::version(7), Validators::version(7_u64));
    }

    #[test]
    fn a_date_is_a_strong_validator_only_if_declared() {
        assert!(!Validators::new().last_modified_is_strong(), "R-12");
        assert!(Validators::new().modified_at_most_once_a_second().last_modified_is_strong(), "V-16");
    }

    #[test]
    fn a_modification_time_out_of_range_is_not_set() {
        let year_10000 = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(Validators::new().with_modification_time(year_10000), Validators::new());
    }
}
