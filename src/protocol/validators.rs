//! [`Validators`] and [`Representation`]: what preconditions are held against.

use std::time::SystemTime;

use http::header::{DATE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::syntax::{only_line, set_field};
use super::{EntityTag, HttpDate};

/// What an origin has for a target, as far as it can say.
///
/// The three states are kept apart because `*` in `If-Match` and `If-None-Match`
/// asks for existence, not for an entity tag (P-06, P-14).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // A fourth state would have to change every caller.
pub enum Representation {
    /// There is none: a `GET` would be answered with 404 or 410.
    Missing,
    /// There may be one, and finding out here costs too much or failed. Safe
    /// requests go on; an unsafe request that carries a precondition is refused.
    Unknown,
    /// There is one, perhaps without any validator.
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

/// `None` means that there is no representation.
impl From<Option<Validators>> for Representation {
    fn from(validators: Option<Validators>) -> Self {
        validators.map_or(Self::Missing, Self::Current)
    }
}

/// The validators of a representation: `ETag` and `Last-Modified` (RFC 9110 section 8.8).
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
    /// No validator at all: the representation exists, and that is all there is to say.
    #[must_use]
    pub const fn new() -> Self {
        Self { etag: None, last_modified: None, strong_last_modified: false }
    }

    /// With this entity tag.
    #[must_use]
    pub fn with_etag(mut self, etag: EntityTag) -> Self {
        self.etag = Some(etag);
        self
    }

    /// With this date of last modification.
    #[must_use]
    pub const fn with_last_modified(mut self, date: HttpDate) -> Self {
        self.last_modified = Some(date);
        self
    }

    /// With the whole second of this modification time (D-09). A time outside the
    /// years 0000 to 9999 is no validator and leaves the date unset (D-10).
    #[must_use]
    pub fn with_modification_time(mut self, time: SystemTime) -> Self {
        self.last_modified = HttpDate::from_system_time(time);
        self
    }

    /// States that the representation never changes twice within one second, so
    /// that its date is a strong validator and `If-Range` may rest on it (V-16, R-12).
    ///
    /// # Warning
    ///
    /// Where this is not true, a client that resumes a download can join the bytes
    /// of two versions. A file's modification time alone does not make it true.
    #[must_use]
    pub const fn modified_at_most_once_a_second(mut self) -> Self {
        self.strong_last_modified = true;
        self
    }

    /// The validators that the fields of an answer carry.
    ///
    /// A field that is malformed or stands in more than one line is no validator:
    /// which of two tags describes the body cannot be known. `now` is needed for
    /// two-digit years only.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, now: HttpDate) -> Self {
        Self {
            etag: etag_line(headers).and_then(|line| EntityTag::try_from(line.clone()).ok()),
            last_modified: last_modified_of(headers, now),
            strong_last_modified: false,
        }
    }

    /// The entity tag.
    #[must_use]
    pub const fn etag(&self) -> Option<&EntityTag> {
        self.etag.as_ref()
    }

    /// The date of last modification.
    #[must_use]
    pub const fn last_modified(&self) -> Option<HttpDate> {
        self.last_modified
    }

    /// Whether the date was declared a strong validator (V-16).
    #[must_use]
    pub const fn last_modified_is_strong(&self) -> bool {
        self.strong_last_modified
    }

    /// Writes the validators into the fields of an answer, in place of those there.
    ///
    /// A modification date that lies after `now`, the origination date of the
    /// message, is replaced by it (V-14).
    ///
    /// A map that has no room for another field gets no validator.
    pub fn write_to(&self, headers: &mut HeaderMap, now: HttpDate) {
        if let Some(etag) = &self.etag {
            set_field(headers, ETAG, etag.to_header_value());
        }
        if let Some(date) = self.last_modified {
            set_field(headers, LAST_MODIFIED, date.min(now).to_header_value());
        }
    }
}

/// Replaces each `Last-Modified` that is later than the response's date of origination, which is `now`
/// or the earlier `Date` of the response (V-14). Returns the date that was replaced.
pub(crate) fn limit_last_modified(headers: &mut HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
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

/// The only `ETag` line, or none.
pub(crate) fn etag_line(headers: &HeaderMap) -> Option<&HeaderValue> {
    only_line(headers, &ETAG)
}

/// The `ETag` that is not a validator: a line that is not an entity tag, or the second of several.
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
    fn a_field_that_cannot_be_trusted_is_no_validator() {
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
    fn a_modification_in_the_future_is_written_as_now() {
        let future = Validators::new().with_modification_time(UNIX_EPOCH + Duration::from_secs(60));
        let mut headers = HeaderMap::new();
        future.write_to(&mut headers, NOW);
        assert_eq!(headers[LAST_MODIFIED], "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn a_date_is_a_strong_validator_only_where_that_is_said() {
        assert!(!Validators::new().last_modified_is_strong(), "R-12");
        assert!(Validators::new().modified_at_most_once_a_second().last_modified_is_strong(), "V-16");
    }

    #[test]
    fn a_time_that_no_date_can_hold_leaves_the_date_unset() {
        let year_10000 = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(Validators::new().with_modification_time(year_10000), Validators::new());
    }
}
