//! [`HttpDate`]: the date format of HTTP.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

use super::syntax::trim_ows;

const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAY_NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTH_NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The length of `Wednesday, 06-Nov-94 08:49:37 GMT`.
const LONGEST_DATE: usize = 33;

const SECONDS_PER_DAY: i64 = 86_400;

/// A date and time in whole seconds, UTC
/// ([RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.7)).
///
/// ```text
/// HTTP-date    = IMF-fixdate / obs-date
/// IMF-fixdate  = Sun, 06 Nov 1994 08:49:37 GMT
/// rfc850-date  = Sunday, 06-Nov-94 08:49:37 GMT
/// asctime-date = Sun Nov  6 08:49:37 1994
/// ```
///
/// The range is the years 0000 to 9999, which four digits can represent. No method panics.
///
/// A conversion from [`SystemTime`] drops fractions of a second. The date that a client sends back is therefore equal
/// to the one that it received.
///
/// # Example
///
/// ```
/// use tower_cache_policy::protocol::HttpDate;
///
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
/// let date = HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", now)?;
/// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// assert!(date < now);
/// # Ok::<(), tower_cache_policy::protocol::InvalidHttpDate>(())
/// ```
// D-09.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

impl HttpDate {
    /// The length of an IMF-fixdate in bytes.
    // D-01.
    pub const LENGTH: usize = 29;

    /// 1970-01-01 00:00:00.
    pub const UNIX_EPOCH: Self = Self(0);

    /// 0000-01-01 00:00:00, the earliest date that HTTP can represent.
    pub const MIN: Self = Self(days_from_civil(0, 1, 1) * SECONDS_PER_DAY);

    /// 9999-12-31 23:59:59, the latest date that HTTP can represent.
    pub const MAX: Self = Self(days_from_civil(10_000, 1, 1) * SECONDS_PER_DAY - 1);

    /// Creates a date from seconds since the Unix epoch.
    ///
    /// Returns `None` outside the years 0000 to 9999.
    ///
    /// ```
    /// use tower_cache_policy::protocol::HttpDate;
    ///
    /// let date = HttpDate::from_unix_seconds(784_111_777).unwrap();
    /// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
    /// assert_eq!(HttpDate::from_unix_seconds(i64::MAX), None);
    /// ```
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Option<Self> {
        if seconds < Self::MIN.0 || seconds > Self::MAX.0 { None } else { Some(Self(seconds)) }
    }

    /// Creates a date from a [`SystemTime`], rounded down to whole seconds.
    ///
    /// Returns `None` outside the years 0000 to 9999.
    #[must_use]
    pub fn from_system_time(time: SystemTime) -> Option<Self> {
        // D-09, D-10.
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).ok()?,
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).ok()?;
                // Round down, not toward zero.
                -seconds - i64::from(before.subsec_nanos() > 0)
            }
        };
        Self::from_unix_seconds(seconds)
    }

    /// Parses a date in any of the three formats. Surrounding white space is ignored.
    ///
    /// `now` is used to interpret the two-digit year of an RFC 850 date: a date more than 50 years after `now` is read
    /// as a date in the past.
    ///
    /// The parser is more lenient than the grammar in two ways, because `If-Unmodified-Since` has no effect if its date
    /// is rejected: the day name need not match the date, and second 60 is read as 59. Names are case-sensitive, and
    /// the time zone must be `GMT`.
    ///
    /// # Errors
    ///
    /// Returns an error if `bytes` is not exactly one date in one of the three formats, or if the month does not have
    /// that day.
    pub fn parse(bytes: &[u8], now: Self) -> Result<Self, InvalidHttpDate> {
        // D-02 to D-08.
        let text = trim_ows(bytes);
        parse_imf_fixdate(text)
            .or_else(|| parse_rfc850_date(text, now))
            .or_else(|| parse_asctime_date(text))
            .ok_or_else(|| InvalidHttpDate::new(bytes))
    }

    /// Parses a date like [`parse`](Self::parse), with names in any case.
    ///
    /// The grammar is case-sensitive, but a cache should ignore case when it calculates freshness from `Date`,
    /// `Expires` and `Last-Modified` ([RFC 9111 section 4.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2)).
    /// Use [`parse`](Self::parse) for preconditions and validators: a client sends a date back as it received it, and a
    /// condition with an invalid date is ignored, so the client receives the complete response.
    ///
    /// A time zone other than `GMT` is invalid in any case.
    ///
    /// # Errors
    ///
    /// Returns an error like [`parse`](Self::parse).
    ///
    /// ```
    /// use tower_cache_policy::protocol::HttpDate;
    ///
    /// let now = HttpDate::UNIX_EPOCH;
    /// let date = b"sun, 06 NOV 1994 08:49:37 gmt";
    /// assert!(HttpDate::parse(date, now).is_err());
    /// assert_eq!(HttpDate::parse_in_any_case(date, now)?.unix_seconds(), 784_111_777);
    /// # Ok::<(), tower_cache_policy::protocol::InvalidHttpDate>(())
    /// ```
    pub fn parse_in_any_case(bytes: &[u8], now: Self) -> Result<Self, InvalidHttpDate> {
        // D-05.
        Self::parse(bytes, now).or_else(|error| {
            let mut text = [0; LONGEST_DATE];
            let text = text.get_mut(..trim_ows(bytes).len()).ok_or_else(|| error.clone())?;
            text.copy_from_slice(trim_ows(bytes));
            normalize_case(text);
            Self::parse(text, now).map_err(|_| error)
        })
    }

    /// Returns the seconds since the Unix epoch, negative for earlier dates.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Returns the seconds from `earlier` to `self`, or zero if `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cache_policy::protocol::HttpDate;
    ///
    /// let start = HttpDate::from_unix_seconds(784_111_777).unwrap();
    /// let later = start.saturating_add(Duration::from_secs(90));
    /// assert_eq!(later.seconds_since(start), 90);
    /// assert_eq!(start.seconds_since(later), 0, "clocks of servers differ");
    /// ```
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> u64 {
        if self.0 > earlier.0 { self.0.abs_diff(earlier.0) } else { 0 }
    }

    /// Adds a duration, rounded down to whole seconds. The result is [`HttpDate::MAX`] at most.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        i64::try_from(duration.as_secs())
            .ok()
            .and_then(|seconds| self.0.checked_add(seconds))
            .and_then(Self::from_unix_seconds)
            .unwrap_or(Self::MAX)
    }

    /// Returns the date as an IMF-fixdate header value.
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // An IMF-fixdate is always a valid header value.
    pub fn to_header_value(self) -> HeaderValue {
        // D-01.
        HeaderValue::from_bytes(&self.imf_fixdate()).expect("an IMF-fixdate is visible ASCII")
    }

    fn imf_fixdate(self) -> [u8; Self::LENGTH] {
        let days = self.0.div_euclid(SECONDS_PER_DAY);
        let second_of_day = self.0.rem_euclid(SECONDS_PER_DAY) as u32;
        let (year, month, day) = civil_from_days(days);

        let mut text = *b"Day, 00 Mon 0000 00:00:00 GMT";
        text[..3].copy_from_slice(DAY_NAMES[weekday(days)].as_bytes());
        put_digits(&mut text[5..7], day);
        text[8..11].copy_from_slice(MONTH_NAMES[month as usize - 1].as_bytes());
        put_digits(&mut text[12..16], year);
        put_digits(&mut text[17..19], second_of_day / 3_600);
        put_digits(&mut text[20..22], second_of_day / 60 % 60);
        put_digits(&mut text[23..25], second_of_day % 60);
        text
    }
}

impl fmt::Display for HttpDate {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.imf_fixdate()))
    }
}

impl fmt::Debug for HttpDate {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpDate({self})")
    }
}

/// The error returned for bytes that are not an HTTP date.
///
/// Its text shows at most 64 bytes of the value.
///
/// ```
/// use tower_cache_policy::protocol::HttpDate;
///
/// let error = HttpDate::parse(b"2026-06-01T00:00:00Z", HttpDate::UNIX_EPOCH).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`2026-06-01T00:00:00Z` is not an HTTP date; use the format `Sun, 06 Nov 1994 08:49:37 GMT`"
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidHttpDate {
    /// The first bytes of the value, so that an error does not hold a large field value.
    value: Box<[u8]>,
}

impl InvalidHttpDate {
    fn new(bytes: &[u8]) -> Self {
        const LONGEST: usize = 64;
        Self { value: bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default().into() }
    }
}

impl fmt::Display for InvalidHttpDate {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an HTTP date; use the format `Sun, 06 Nov 1994 08:49:37 GMT`", self.value.escape_ascii())
    }
}

impl fmt::Debug for InvalidHttpDate {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidHttpDate({self})")
    }
}

impl std::error::Error for InvalidHttpDate {}

/// Writes each word with an initial capital, and the time zone in capitals.
fn normalize_case(text: &mut [u8]) {
    let mut in_word = false;
    for byte in &mut *text {
        if in_word {
            byte.make_ascii_lowercase();
        } else {
            byte.make_ascii_uppercase();
        }
        in_word = byte.is_ascii_alphabetic();
    }
    if let Some(zone) = text.last_chunk_mut::<3>().filter(|zone| **zone == *b"Gmt") {
        *zone = *b"GMT";
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn parse_imf_fixdate(text: &[u8]) -> Option<HttpDate> {
    let fields: &[u8; 29] = text.try_into().ok()?;
    position(&DAY_NAMES, &fields[..3])?;
    let (b", ", b" ", b" ", b" ", b" GMT") =
        (&fields[3..5], &fields[7..8], &fields[11..12], &fields[16..17], &fields[25..])
    else {
        return None;
    };
    date(digits(&fields[12..16])?, month(&fields[8..11])?, digits(&fields[5..7])?, time_of_day(&fields[17..25])?)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn parse_rfc850_date(text: &[u8], now: HttpDate) -> Option<HttpDate> {
    let comma = text.iter().position(|&byte| byte == b',')?;
    position(&LONG_DAY_NAMES, &text[..comma])?;
    let fields: &[u8; 24] = text[comma..].try_into().ok()?;
    let (b", ", b"-", b"-", b" ", b" GMT") =
        (&fields[..2], &fields[4..5], &fields[8..9], &fields[11..12], &fields[20..])
    else {
        return None;
    };
    let in_year = |year| date(year, month(&fields[5..8])?, digits(&fields[2..4])?, time_of_day(&fields[12..20])?);
    // D-04: uses the latest year with these digits that is at most 50 years ahead. Tries several centuries, because not
    // all of them contain 29 February.
    let two_digits = digits(&fields[9..11])?;
    let (this_year, this_month, this_day) = civil_from_days(now.0.div_euclid(SECONDS_PER_DAY));
    // The window of 50 years that starts on 29 February ends on 28 February.
    let last_day = if (this_month, this_day) == (2, 29) { 28 } else { this_day };
    let limit = days_from_civil(i64::from(this_year) + 50, this_month, last_day) * SECONDS_PER_DAY
        + now.0.rem_euclid(SECONDS_PER_DAY);
    let latest_century = (this_year + 50) / 100;
    (0..=latest_century)
        .rev()
        .take(3)
        .map(|century| century * 100 + two_digits)
        .filter_map(in_year)
        .find(|date| date.0 <= limit)
}

/// `Sun Nov  6 08:49:37 1994`
fn parse_asctime_date(text: &[u8]) -> Option<HttpDate> {
    let fields: &[u8; 24] = text.try_into().ok()?;
    position(&DAY_NAMES, &fields[..3])?;
    let (b" ", b" ", b" ", b" ") = (&fields[3..4], &fields[7..8], &fields[10..11], &fields[19..20]) else {
        return None;
    };
    let day = match fields[8] {
        b' ' => digits(&fields[9..10])?,
        _ => digits(&fields[8..10])?,
    };
    date(digits(&fields[20..24])?, month(&fields[4..7])?, day, time_of_day(&fields[11..19])?)
}

/// `08:49:37` as seconds since midnight.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let (b":", b":") = (&text[2..3], &text[5..6]) else {
        return None;
    };
    let (hour, minute, second) = (digits(&text[..2])?, digits(&text[3..5])?, digits(&text[6..8])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // D-06: this calendar has no leap seconds.
    Some(i64::from(hour * 3_600 + minute * 60 + second.min(59)))
}

fn date(year: u32, month: u32, day: u32, time_of_day: i64) -> Option<HttpDate> {
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    HttpDate::from_unix_seconds(days_from_civil(i64::from(year), month, day) * SECONDS_PER_DAY + time_of_day)
}

/// Returns the number of the month, from 1.
fn month(name: &[u8]) -> Option<u32> {
    position(&MONTH_NAMES, name).map(|index| index as u32 + 1)
}

fn position(names: &[&str], name: &[u8]) -> Option<usize> {
    names.iter().position(|candidate| candidate.as_bytes() == name)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, &byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

fn put_digits(field: &mut [u8], mut number: u32) {
    for byte in field.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns 0 for Monday.
fn weekday(days_since_epoch: i64) -> usize {
    // 1970-01-01 was a Thursday.
    (days_since_epoch + 3).rem_euclid(7) as usize
}

/// Converts a date of the proleptic Gregorian calendar to days since the Unix epoch. Counts in eras of 400 years that
/// start on 1 March, so that the leap day comes last.
const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = ((153 * ((month + 9) % 12) + 2) / 5 + day - 1) as i64;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Reverses [`days_from_civil`] for the range of [`HttpDate`].
fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-06-01T00:00:00Z, which is the current time in the test data.
    const NOW: HttpDate = HttpDate(1_780_272_000);

    fn parse(text: &str) -> Option<i64> {
        HttpDate::parse(text.as_bytes(), NOW).ok().map(HttpDate::unix_seconds)
    }

    #[test]
    fn parses_all_three_formats() {
        let table: &[(&str, &str, i64)] = &[
            ("IMF-fixdate (D-01)", "Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("RFC 850 (D-02)", "Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("asctime with a padded day (D-03)", "Sun Nov  6 08:49:37 1994", 784_111_777),
            ("asctime with two digits (D-03)", "Wed Nov 16 08:49:37 1994", 784_975_777),
            ("white space at either end", " Sun, 06 Nov 1994 08:49:37 GMT\t", 784_111_777),
            ("a leap second is read as the second before (D-06)", "Fri, 30 Jun 2017 23:59:60 GMT", 1_498_867_199),
            ("a wrong day name is ignored (D-08)", "Mon, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("before 1970 (D-10)", "Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("29 February 2000", "Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("the last second", "Fri, 31 Dec 9999 23:59:59 GMT", HttpDate::MAX.0),
            ("the first second", "Sat, 01 Jan 0000 00:00:00 GMT", HttpDate::MIN.0),
        ];
        for (sentence, text, expected) in table {
            assert_eq!(parse(text), Some(*expected), "{sentence}: {text}");
        }
        // The last day of an era of 400 years.
        assert_eq!(HttpDate(951_782_400).to_string(), "Tue, 29 Feb 2000 00:00:00 GMT");
    }

    #[test]
    fn a_two_digit_year_is_at_most_fifty_years_ahead() {
        let table: &[(&str, &str, &str)] = &[
            ("less than 50 years ahead (D-04)", "Wednesday, 06-Nov-75 08:49:37 GMT", "2075"),
            ("50 years ahead to the second", "Monday, 01-Jun-76 00:00:00 GMT", "2076"),
            ("one second more is in the past (D-04)", "Tuesday, 01-Jun-76 00:00:01 GMT", "1976"),
            ("more than 50 years ahead", "Saturday, 06-Nov-76 08:49:37 GMT", "1976"),
            ("the turn of the century", "Saturday, 01-Jan-00 00:00:00 GMT", "2000"),
            ("the current year", "Monday, 01-Jun-26 00:00:00 GMT", "2026"),
            ("a leap day that exists in one century only", "Tuesday, 29-Feb-00 00:00:00 GMT", "2000"),
        ];
        for (sentence, text, year) in table {
            let date = HttpDate::parse(text.as_bytes(), NOW).unwrap().to_string();
            assert_eq!(&date[12..16], *year, "{sentence}: {text}");
        }
        let noon = HttpDate(NOW.0 + 43_200);
        for (text, year) in [("Monday, 01-Jun-76 12:00:00 GMT", "2076"), ("Tuesday, 01-Jun-76 12:00:01 GMT", "1976")] {
            let date = HttpDate::parse(text.as_bytes(), noon).unwrap().to_string();
            assert_eq!(&date[12..16], year, "at noon: {text}");
        }
        let in_1994 = HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", HttpDate(784_111_777));
        assert_eq!(in_1994.unwrap().unix_seconds(), 784_111_777);
    }

    #[test]
    fn rejects_anything_but_one_date() {
        for text in [
            "",
            "0",
            "-1",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37",
            // D-05
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 gmt",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun,  06 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Tue, 29 Feb 1900 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08-49-37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT; length=13774",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06 Nov 94 08:49:37 GMT",
            "Sun Nov 06 08:49:37 94",
            "784111777",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let error = HttpDate::parse(b"soon\xff", NOW).unwrap_err().to_string();
        assert!(error.contains(r"`soon\xff`") && error.contains("Sun, 06 Nov 1994"), "{error}");
    }

    #[test]
    fn for_freshness_names_are_read_in_any_case() {
        let table: &[(&str, Option<i64>)] = &[
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("sun, 06 nov 1994 08:49:37 gmt", Some(784_111_777)),
            ("SUN, 06 NOV 1994 08:49:37 GMT", Some(784_111_777)),
            ("sUN, 06 nOV 1994 08:49:37 gMt", Some(784_111_777)),
            (" sunday, 06-NOV-94 08:49:37 Gmt\t", Some(784_111_777)),
            ("WEDNESDAY, 16-nov-94 08:49:37 gmt", Some(784_975_777)),
            ("SUN nov  6 08:49:37 1994", Some(784_111_777)),
            // D-07
            ("sun, 06 nov 1994 08:49:37 utc", None),
            ("sun, 06 nov 1994 08:49:37 +0000", None),
            ("sun, 06 nov 1994 08:49:37", None),
            ("sum, 06 nov 1994 08:49:37 gmt", None),
            ("sun, 6 nov 1994 08:49:37 gmt", None),
            ("sun, 31 nov 1994 08:49:37 gmt", None),
            ("wednesday, 16-nov-1994 08:49:37 gmt", None),
            ("s\u{fc}n, 06 nov 1994 08:49:37 gmt", None),
            ("sun, 06 nov 1994 08:49:37 gmt, sun, 06 nov 1994 08:49:37 gmt", None),
            ("gmt", None),
            ("0", None),
            ("", None),
        ];
        for (text, expected) in table {
            let found = HttpDate::parse_in_any_case(text.as_bytes(), NOW);
            assert_eq!(found.clone().ok().map(HttpDate::unix_seconds), *expected, "D-05: {text:?}");
            // The error shows the value as it was sent.
            if expected.is_none() {
                assert_eq!(found, HttpDate::parse(text.as_bytes(), NOW), "{text:?}");
            }
        }
    }

    #[test]
    fn a_time_out_of_range_is_none() {
        let year_10000 = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(HttpDate::from_system_time(year_10000), None, "D-10");
        assert_eq!(HttpDate::from_system_time(UNIX_EPOCH + Duration::from_secs(1 << 62)), None);
        assert_eq!(HttpDate::from_unix_seconds(i64::MIN), None);
        assert_eq!(HttpDate::from_unix_seconds(i64::MAX), None);
    }

    #[test]
    fn fractions_of_a_second_are_rounded_down() {
        let half = Duration::from_millis(500);
        assert_eq!(HttpDate::from_system_time(UNIX_EPOCH + half), Some(HttpDate(0)), "D-09");
        assert_eq!(HttpDate::from_system_time(UNIX_EPOCH - half), Some(HttpDate(-1)));
        assert_eq!(HttpDate::from_system_time(UNIX_EPOCH - 3 * half), Some(HttpDate(-2)));
        assert_eq!(HttpDate::from_system_time(UNIX_EPOCH - 4 * half), Some(HttpDate(-2)));
    }

    #[test]
    fn consecutive_days_have_consecutive_dates() {
        let mut expected = (0, 1, 1);
        for day in HttpDate::MIN.0 / SECONDS_PER_DAY..=days_from_civil(801, 12, 31) {
            assert_eq!(civil_from_days(day), expected);
            let (year, month, day_of_month) = expected;
            assert_eq!(days_from_civil(i64::from(year), month, day_of_month), day);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day_of_month == last) {
                (_, false) => (year, month, day_of_month + 1),
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
            };
        }
    }

    proptest! {
        #[test]
        fn parsing_a_rendered_date_returns_the_date(seconds in HttpDate::MIN.0..=HttpDate::MAX.0) {
            let date = HttpDate(seconds);
            let text = date.to_string();
            prop_assert_eq!(text.len(), HttpDate::LENGTH, "D-01");
            prop_assert_eq!(HttpDate::parse(text.as_bytes(), NOW), Ok(date));
            prop_assert_eq!(date.to_header_value(), text);
        }

        #[test]
        fn the_case_of_a_date_does_not_matter_for_freshness(seconds in 0..=4_000_000_000_i64, format in 0..3, case in any::<u64>()) {
            let date = HttpDate(seconds);
            let imf = date.to_string();
            let (day, month, year) = (&imf[5..7], &imf[8..11], &imf[12..16]);
            let text = match format {
                0 => imf.clone(),
                1 => format!("Thursday, {day}-{month}-{} {} GMT", &year[2..], &imf[17..25]),
                _ => format!("Thu {month} {day} {} {year}", &imf[17..25]),
            };
            let flip = |(at, letter): (usize, char)| if case >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
            let flipped: String = text.chars().enumerate().map(flip).collect();
            prop_assert_eq!(HttpDate::parse_in_any_case(flipped.as_bytes(), NOW), HttpDate::parse(text.as_bytes(), NOW));
        }

        #[test]
        fn rendering_agrees_with_the_httpdate_crate(seconds in 0..=HttpDate::MAX.0) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
            prop_assert_eq!(HttpDate(seconds).to_string(), httpdate::fmt_http_date(time));
        }

        #[test]
        fn parsing_agrees_with_the_httpdate_crate(text in "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] (Jan|Feb|Apr|Dec) (19[7-9]|20[0-9])[0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT") {
            if let Ok(time) = httpdate::parse_http_date(&text) {
                prop_assert_eq!(HttpDate::parse(text.as_bytes(), NOW).ok(), HttpDate::from_system_time(time));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), now in HttpDate::MIN.0..=HttpDate::MAX.0) {
            let strict = HttpDate::parse(&bytes, HttpDate(now));
            let in_any_case = HttpDate::parse_in_any_case(&bytes, HttpDate(now));
            prop_assert!(strict.is_err() || strict == in_any_case);
        }

        #[test]
        fn two_digit_years_never_panic(year in 0u32..100, day in 0u32..40, month in 0usize..12, now in HttpDate::MIN.0..=HttpDate::MAX.0) {
            let text = format!("Sunday, {day:02}-{}-{year:02} 00:00:00 GMT", MONTH_NAMES[month]);
            if let Ok(date) = HttpDate::parse(text.as_bytes(), HttpDate(now)) {
                prop_assert!(date <= HttpDate::MAX);
                prop_assert!(date.0 - now <= 50 * 366 * SECONDS_PER_DAY);
            }
        }
    }
}
