//! [`Freshness`]: for how long a stored response may be reused, how old it is, and
//! where both figures come from.

use http::header::{AGE, DATE, EXPIRES, HeaderName, LAST_MODIFIED, PRAGMA};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::cache_control::CacheControl;
use super::date::HttpDate;
use super::syntax::{delta_seconds, members, only_line};

/// The kind of cache that is asked about (RFC 9111 section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "RFC 9111 knows these two kinds of cache")]
pub enum Cache {
    /// One user's, such as a browser's.
    Private,
    /// Many users', such as a proxy's or a CDN's.
    Shared,
}

/// Where the lifetime of a response comes from, in the order of precedence
/// (RFC 9111 section 4.2.1, F-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LifetimeSource {
    /// `s-maxage`, which only a shared cache reads (C-21).
    SMaxage,
    /// `max-age` (C-20).
    MaxAge,
    /// `Expires`, less `Date` (C-33).
    Expires,
    /// A guess from `Last-Modified` (RFC 9111 section 4.2.2, F-03).
    Heuristic,
    /// Nothing says or hints at one.
    None,
}

/// How long a response is fresh, in seconds from its generation (RFC 9111 section
/// 4.2.1, F-01).
///
/// ```
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use tower_cache_policy::protocol::{Cache, HttpDate, Lifetime, LifetimeSource};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("max-age=60, s-maxage=600"));
/// let now = HttpDate::UNIX_EPOCH;
///
/// let shared = Lifetime::of_response(Cache::Shared, StatusCode::OK, &headers, now);
/// assert_eq!((shared.seconds(), shared.source()), (600, LifetimeSource::SMaxage));
/// let private = Lifetime::of_response(Cache::Private, StatusCode::OK, &headers, now);
/// assert_eq!((private.seconds(), private.source()), (60, LifetimeSource::MaxAge));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    seconds: u64,
    source: LifetimeSource,
}

impl Lifetime {
    /// The lifetime of a response that was received at `response_time` (F-01 to
    /// F-03).
    ///
    /// An `Expires` that is no date, or that is there twice, has already expired
    /// (C-33). A `Date` that is missing, no date, or there twice counts as
    /// `response_time`. Without any of these, the lifetime is a tenth of the time
    /// from `Last-Modified` to `Date`, if the status is heuristically cacheable
    /// (M-04) or the response `public`.
    ///
    /// Dates are read as [`HttpDate::parse`] reads them, so one in the wrong case,
    /// which a cache should accept here, is no date (D-05): the response is stale
    /// rather than fresh.
    #[must_use]
    pub fn of_response(cache: Cache, status: StatusCode, headers: &HeaderMap, response_time: HttpDate) -> Self {
        let control = CacheControl::from_headers(headers).unwrap_or_default();
        Self::under(&control, cache, status, headers, response_time)
    }

    /// The lifetime in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// Where the lifetime comes from.
    #[must_use]
    pub const fn source(self) -> LifetimeSource {
        self.source
    }

    fn under(
        control: &CacheControl,
        cache: Cache,
        status: StatusCode,
        headers: &HeaderMap,
        response_time: HttpDate,
    ) -> Self {
        let of = |seconds, source| Self { seconds, source };
        let s_maxage = control.s_maxage().filter(|_| cache == Cache::Shared);
        if let Some(seconds) = s_maxage {
            return of(seconds.into(), LifetimeSource::SMaxage);
        }
        if let Some(seconds) = control.max_age() {
            return of(seconds.into(), LifetimeSource::MaxAge);
        }
        let date = single_date(headers, &DATE, response_time).unwrap_or(response_time);
        if headers.contains_key(EXPIRES) {
            let seconds =
                single_date(headers, &EXPIRES, response_time).map_or(0, |expires| expires.seconds_since(date));
            return of(seconds, LifetimeSource::Expires);
        }
        let last_modified = single_date(headers, &LAST_MODIFIED, response_time)
            .filter(|_| control.public() || is_heuristically_cacheable(status));
        match last_modified {
            Some(modified) => of(date.seconds_since(modified) / 10, LifetimeSource::Heuristic),
            None => of(0, LifetimeSource::None),
        }
    }
}

/// The lifetime in seconds that the fields of HTTP/1.0 give a response without `Cache-Control`: 0 for
/// `Pragma: no-cache` and for an `Expires` that is past or not a date (C-33), otherwise the time from `Date` to
/// `Expires`.
pub(crate) fn http10_lifetime(headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<u64> {
    let is_no_cache = |member: &[u8]| member.trim_ascii().eq_ignore_ascii_case(b"no-cache");
    if headers.get_all(PRAGMA).iter().any(|line| line.as_bytes().split(|&byte| byte == b',').any(is_no_cache)) {
        return Some(0);
    }
    if !headers.contains_key(EXPIRES) {
        return None;
    }
    let lifetime = Lifetime::under(&CacheControl::new(), Cache::Private, StatusCode::OK, headers, now());
    Some(lifetime.seconds())
}

/// How old a response is, in seconds since it was generated or last validated at
/// the origin (RFC 9111 sections 4.2.3 and 5.1, A-06).
///
/// An origin never writes the field, as its presence says that the response comes
/// from a cache (A-04).
///
/// ```text
/// Age = delta-seconds
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    seconds: u64,
}

impl Age {
    /// No age at all.
    pub const ZERO: Self = Self { seconds: 0 };

    /// An age of so many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// Reads all lines of an `Age` field: the first member, or `None` when that is
    /// no number of seconds (A-05).
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Option<Self> {
        let seconds = delta_seconds(members(lines).next()?)?;
        Some(Self::from_seconds(seconds.into()))
    }

    /// Reads the `Age` of a response, or `None` when it has none that is valid
    /// (A-05).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get_all(AGE))
    }

    /// The `corrected_initial_age` of a response that was asked for at
    /// `request_time` and received at `response_time` (RFC 9111 section 4.2.3,
    /// A-06).
    ///
    /// The conservative form: the greater of what `Date` shows and what `Age` says
    /// with the response's delay added. A `Date` that is missing, no date, or there
    /// twice counts as `response_time`.
    #[must_use]
    pub fn corrected_initial(headers: &HeaderMap, request_time: HttpDate, response_time: HttpDate) -> Self {
        let date_value = single_date(headers, &DATE, response_time).unwrap_or(response_time);
        let apparent_age = response_time.seconds_since(date_value);
        let age_value = Self::from_headers(headers).unwrap_or_default();
        let response_delay = response_time.seconds_since(request_time);
        let corrected_age_value = age_value.seconds.saturating_add(response_delay);
        Self::from_seconds(apparent_age.max(corrected_age_value))
    }

    /// The `current_age` at `now` of a response of this corrected initial age that
    /// was received at `response_time` (RFC 9111 section 4.2.3, A-06).
    #[must_use]
    pub const fn current(self, response_time: HttpDate, now: HttpDate) -> Self {
        let resident_time = now.seconds_since(response_time);
        Self::from_seconds(self.seconds.saturating_add(resident_time))
    }

    /// The age in seconds, which is also what a cache writes into the field (A-07).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }
}

/// Whether one kind of cache may reuse a response at one moment (RFC 9111 section
/// 4.2, F-02, F-05).
///
/// ```
/// use http::HeaderValue;
/// use http::{HeaderMap, StatusCode};
/// use tower_cache_policy::protocol::{Age, Cache, Freshness, HttpDate};
///
/// let mut headers = HeaderMap::new();
/// let control = HeaderValue::from_static("max-age=60, stale-while-revalidate=30");
/// headers.insert("cache-control", control);
/// let received = HttpDate::UNIX_EPOCH;
/// let at = |age| {
///     let age = Age::from_seconds(age);
///     Freshness::of_response(Cache::Private, StatusCode::OK, &headers, received, age)
/// };
/// assert!(at(59).is_fresh());
/// assert!(!at(60).is_fresh() && at(60).may_serve_while_revalidating());
/// assert!(!at(90).may_serve_while_revalidating());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    lifetime: Lifetime,
    age: Age,
    no_cache: bool,
    forbids_stale: bool,
    stale_while_revalidate: u64,
    stale_if_error: u64,
}

impl Freshness {
    /// What holds for a response of this current age that was received at
    /// `response_time`.
    #[must_use]
    pub fn of_response(
        cache: Cache,
        status: StatusCode,
        headers: &HeaderMap,
        response_time: HttpDate,
        age: Age,
    ) -> Self {
        let control = CacheControl::from_headers(headers).unwrap_or_default();
        let forbids_stale_if_shared = control.proxy_revalidate() || control.s_maxage().is_some();
        Self {
            lifetime: Lifetime::under(&control, cache, status, headers, response_time),
            age,
            no_cache: control.no_cache(),
            forbids_stale: control.must_revalidate()
                || control.no_cache()
                || control.no_store()
                || (cache == Cache::Shared && forbids_stale_if_shared),
            stale_while_revalidate: control.stale_while_revalidate().unwrap_or(0).into(),
            stale_if_error: control.stale_if_error().unwrap_or(0).into(),
        }
    }

    /// How long the response is fresh.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// How old the response is.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.age
    }

    /// Whether the lifetime exceeds the age; a response whose age equals its
    /// lifetime is stale (F-02).
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.lifetime.seconds > self.age.seconds
    }

    /// Whether the response may be reused without asking the origin: it is fresh,
    /// and `no-cache` does not demand validation each time (C-22).
    #[must_use]
    pub const fn may_reuse(&self) -> bool {
        self.is_fresh() && !self.no_cache
    }

    /// Seconds until the response is stale, and zero when it is.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.lifetime.seconds.saturating_sub(self.age.seconds)
    }

    /// Seconds since the response became stale, and zero while it is fresh.
    #[must_use]
    pub const fn staleness(&self) -> u64 {
        self.age.seconds.saturating_sub(self.lifetime.seconds)
    }

    /// Whether a directive prohibits stale reuse, even by a cache that is
    /// disconnected: `must-revalidate` or `no-cache`, and for a shared cache
    /// `proxy-revalidate` or `s-maxage` (RFC 9111 section 4.2.4, C-32, F-05).
    ///
    /// So does `no-store`, as nothing should be there to reuse.
    #[must_use]
    pub const fn forbids_stale(&self) -> bool {
        self.forbids_stale
    }

    /// Whether the response is stale and may yet be reused while it is being
    /// revalidated, by `stale-while-revalidate` (RFC 5861 section 3, C-31).
    #[must_use]
    pub const fn may_serve_while_revalidating(&self) -> bool {
        self.is_stale_within(self.stale_while_revalidate)
    }

    /// Whether the response is stale and may yet be reused in place of a 500, 502,
    /// 503 or 504, by `stale-if-error` (RFC 5861 section 4, C-31).
    #[must_use]
    pub const fn may_serve_on_error(&self) -> bool {
        self.is_stale_within(self.stale_if_error)
    }

    /// A window of zero seconds is empty, since its first second is number zero.
    const fn is_stale_within(&self, window: u64) -> bool {
        !self.is_fresh() && !self.forbids_stale && self.staleness() < window
    }
}

/// Whether caches may store a response of this status without being told so
/// (RFC 9110 section 15.1, RFC 7725 section 3, M-04).
pub(crate) fn is_heuristically_cacheable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 451 | 501)
}

/// The date of a field, or `None` when there is none that is valid, or several.
fn single_date(headers: &HeaderMap, name: &HeaderName, now: HttpDate) -> Option<HttpDate> {
    only_line(headers, name).and_then(|line| HttpDate::parse(line.as_bytes(), now).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const NOW: i64 = 784_111_777;

    fn date(offset: i64) -> HttpDate {
        HttpDate::from_unix_seconds(NOW + offset).unwrap()
    }

    /// Each line is `name: value`, and `{+n}` or `{-n}` a date so far from [`NOW`].
    fn headers(lines: &[&str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                let value = match value.strip_prefix('{') {
                    Some(offset) => date(offset.trim_end_matches('}').parse().unwrap()).to_string(),
                    None => value.to_owned(),
                };
                (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn the_lifetime_is_the_first_that_is_stated() {
        use Cache::{Private, Shared};
        use LifetimeSource::{Expires, Heuristic, MaxAge, None, SMaxage};

        const ALL: &[&str] =
            &["cache-control: s-maxage=600, max-age=60", "expires: {+30}", "date: {+0}", "last-modified: {-1000}"];
        type Row<'a> = (&'a str, Cache, u16, &'a [&'a str], u64, LifetimeSource);
        let table: &[Row<'_>] = &[
            ("s-maxage for a shared cache (C-21)", Shared, 200, ALL, 600, SMaxage),
            ("max-age for a private one (F-01)", Private, 200, ALL, 60, MaxAge),
            ("max-age without s-maxage", Shared, 200, &["cache-control: max-age=60"], 60, MaxAge),
            (
                "a broken max-age is zero (C-07)",
                Shared,
                200,
                &["cache-control: max-age=lolz", "expires: {+30}"],
                0,
                MaxAge,
            ),
            ("Expires less Date (F-01)", Private, 200, &["expires: {+30}", "date: {-10}"], 40, Expires),
            ("Expires less the receipt without Date", Private, 200, &["expires: {+30}"], 30, Expires),
            (
                "Expires less the receipt with a broken Date",
                Private,
                200,
                &["expires: {+30}", "date: soon"],
                30,
                Expires,
            ),
            (
                "Expires less the receipt with two Dates",
                Private,
                200,
                &["expires: {+30}", "date: {-5}", "date: {-5}"],
                30,
                Expires,
            ),
            ("Expires before Date", Private, 200, &["expires: {-30}", "date: {+0}"], 0, Expires),
            ("Expires of 0 has passed (C-33)", Private, 200, &["expires: 0", "last-modified: {-1000}"], 0, Expires),
            ("an empty Expires has passed (C-33)", Private, 200, &["expires: ", "last-modified: {-1000}"], 0, Expires),
            ("Expires twice has passed (C-33)", Private, 200, &["expires: {+30}", "expires: {+30}"], 0, Expires),
            (
                "Expires in another zone has passed (D-07)",
                Private,
                200,
                &["expires: Sun, 06 Nov 1994 09:49:37 UTC"],
                0,
                Expires,
            ),
            (
                "Expires with s-maxage for a private cache",
                Private,
                200,
                &["cache-control: s-maxage=600", "expires: {+30}"],
                30,
                Expires,
            ),
            ("a tenth of the time since the change (F-03)", Private, 200, &["last-modified: {-1009}"], 100, Heuristic),
            ("counted from Date", Private, 200, &["last-modified: {-1000}", "date: {-500}"], 50, Heuristic),
            ("never negative", Private, 200, &["last-modified: {+1000}"], 0, Heuristic),
            ("on a 404 too (M-04)", Shared, 404, &["last-modified: {-1000}"], 100, Heuristic),
            ("not on a 302 (M-04)", Shared, 302, &["last-modified: {-1000}"], 0, None),
            (
                "on a 302 that is public (F-03)",
                Shared,
                302,
                &["cache-control: public", "last-modified: {-1000}"],
                100,
                Heuristic,
            ),
            ("not from a broken date", Shared, 200, &["last-modified: yesterday"], 0, None),
            ("nothing at all", Shared, 200, &[], 0, None),
        ];
        for (sentence, cache, status, lines, seconds, source) in table {
            let status = StatusCode::from_u16(*status).unwrap();
            let lifetime = Lifetime::of_response(*cache, status, &headers(lines), date(0));
            assert_eq!((lifetime.seconds(), lifetime.source()), (*seconds, *source), "{sentence}");
        }
    }

    #[test]
    fn the_age_field_is_its_first_member() {
        let table: &[(&str, &[&str], Option<u64>)] = &[
            ("a number", &["age: 30"], Some(30)),
            ("the first of a list (A-05)", &["age: 30, 60"], Some(30)),
            ("the first of two lines (A-05)", &["age: 30", "age: 60"], Some(30)),
            ("an overflow is clamped (C-04)", &["age: 99999999999999999999"], Some(2_147_483_648)),
            ("a negative number is ignored (A-05)", &["age: -30"], None),
            ("a fraction is ignored (A-05)", &["age: 30.5"], None),
            ("a later member does not stand in (A-05)", &["age: abc, 30"], None),
            ("an empty field", &["age: "], None),
            ("no field", &[], None),
        ];
        for (sentence, lines, seconds) in table {
            let age = Age::from_headers(&headers(lines));
            assert_eq!(age.map(Age::seconds), *seconds, "{sentence}");
        }
    }

    #[test]
    fn the_initial_age_is_the_greater_of_what_date_and_age_show() {
        let table: &[(&str, &[&str], i64, u64)] = &[
            ("neither field", &["x: y"], 0, 0),
            ("the delay alone", &["x: y"], -3, 3),
            ("Date shows more", &["date: {-20}", "age: 10"], -3, 20),
            ("Age with the delay shows more (A-04, A-06)", &["date: {-12}", "age: 10"], -3, 13),
            ("a Date in the future shows nothing", &["date: {+60}"], 0, 0),
            ("a broken Date shows nothing", &["date: soon", "age: 10"], 0, 10),
            ("a request after its response has no delay", &["age: 10"], 5, 10),
        ];
        for (sentence, lines, request, seconds) in table {
            let age = Age::corrected_initial(&headers(lines), date(*request), date(0));
            assert_eq!(age.seconds(), *seconds, "{sentence}");
        }
        let age = Age::from_seconds(10);
        assert_eq!(age.current(date(0), date(25)).seconds(), 35, "A-07");
        assert_eq!(age.current(date(0), date(-25)).seconds(), 10, "the clock went back");
        let oldest = Age::from_seconds(u64::MAX);
        assert_eq!(oldest.current(HttpDate::MIN, HttpDate::MAX), oldest);
    }

    #[test]
    fn a_response_is_stale_at_the_second_of_its_lifetime() {
        let table: &[(&str, u64, bool, u64, u64)] = &[
            ("new", 0, true, 60, 0),
            ("the last fresh second", 59, true, 1, 0),
            ("age equals lifetime (F-02)", 60, false, 0, 0),
            ("past it", 75, false, 0, 15),
        ];
        let headers = headers(&["cache-control: max-age=60"]);
        for (sentence, age, is_fresh, remaining, staleness) in table {
            let freshness =
                Freshness::of_response(Cache::Private, StatusCode::OK, &headers, date(0), Age::from_seconds(*age));
            assert_eq!(freshness.is_fresh(), *is_fresh, "{sentence}");
            assert_eq!(freshness.may_reuse(), *is_fresh, "{sentence}");
            assert_eq!(freshness.remaining(), *remaining, "{sentence}");
            assert_eq!(freshness.staleness(), *staleness, "{sentence}");
        }
    }

    #[test]
    fn stale_reuse_needs_a_window_and_no_prohibition() {
        use Cache::{Private, Shared};

        let table: &[(&str, Cache, &str, u64, bool, bool)] = &[
            ("inside both windows", Shared, "max-age=60, stale-while-revalidate=30, stale-if-error=90", 89, true, true),
            (
                "past the first window",
                Shared,
                "max-age=60, stale-while-revalidate=30, stale-if-error=90",
                90,
                false,
                true,
            ),
            ("past both", Shared, "max-age=60, stale-while-revalidate=30, stale-if-error=90", 150, false, false),
            (
                "while fresh nothing is stale",
                Shared,
                "max-age=60, stale-while-revalidate=30, stale-if-error=90",
                59,
                false,
                false,
            ),
            ("no window", Shared, "max-age=60", 60, false, false),
            ("a window of zero", Shared, "max-age=60, stale-while-revalidate=0, stale-if-error=0", 60, false, false),
            (
                "must-revalidate (C-32)",
                Private,
                "max-age=60, must-revalidate, stale-while-revalidate=30, stale-if-error=30",
                60,
                false,
                false,
            ),
            (
                "no-cache (C-32)",
                Private,
                "max-age=60, no-cache, stale-while-revalidate=30, stale-if-error=30",
                60,
                false,
                false,
            ),
            (
                "no-store",
                Private,
                "max-age=60, no-store, stale-while-revalidate=30, stale-if-error=30",
                60,
                false,
                false,
            ),
            (
                "proxy-revalidate in a shared cache (C-32)",
                Shared,
                "max-age=60, proxy-revalidate, stale-while-revalidate=30, stale-if-error=30",
                60,
                false,
                false,
            ),
            (
                "proxy-revalidate in a private cache",
                Private,
                "max-age=60, proxy-revalidate, stale-while-revalidate=30, stale-if-error=30",
                60,
                true,
                true,
            ),
            (
                "s-maxage in a shared cache (C-32)",
                Shared,
                "s-maxage=60, stale-while-revalidate=30, stale-if-error=30",
                60,
                false,
                false,
            ),
            (
                "s-maxage in a private cache",
                Private,
                "max-age=60, s-maxage=60, stale-while-revalidate=30, stale-if-error=30",
                60,
                true,
                true,
            ),
        ];
        for (sentence, cache, control, age, revalidating, on_error) in table {
            let headers = headers(&[&format!("cache-control: {control}")]);
            let age = Age::from_seconds(*age);
            let freshness = Freshness::of_response(*cache, StatusCode::OK, &headers, date(0), age);
            assert_eq!(freshness.may_serve_while_revalidating(), *revalidating, "{sentence}");
            assert_eq!(freshness.may_serve_on_error(), *on_error, "{sentence}");
        }
    }

    #[test]
    fn no_cache_is_fresh_and_yet_not_reused() {
        let headers = headers(&["cache-control: max-age=60, no-cache"]);
        let freshness = Freshness::of_response(Cache::Private, StatusCode::OK, &headers, date(0), Age::ZERO);
        assert!(freshness.is_fresh() && !freshness.may_reuse() && freshness.forbids_stale());
    }

    proptest! {
        #[test]
        fn no_times_overflow_and_no_bytes_panic(
            times in proptest::array::uniform3(HttpDate::MIN.unix_seconds()..=HttpDate::MAX.unix_seconds()),
            fields in proptest::collection::vec(
                (0usize..5, proptest::collection::vec(any::<u8>(), 0..40)),
                0..6,
            ),
        ) {
            let names = [AGE, DATE, EXPIRES, LAST_MODIFIED, http::header::CACHE_CONTROL];
            let headers: HeaderMap = fields
                .iter()
                .filter_map(|(name, value)| {
                    Some((names[*name].clone(), HeaderValue::from_bytes(value).ok()?))
                })
                .collect();
            let [request, response, now] = times.map(|time| HttpDate::from_unix_seconds(time).unwrap());
            let age = Age::corrected_initial(&headers, request, response).current(response, now);
            for cache in [Cache::Private, Cache::Shared] {
                let freshness = Freshness::of_response(cache, StatusCode::OK, &headers, response, age);
                prop_assert_eq!(freshness.is_fresh(), freshness.remaining() > 0);
                prop_assert!(!freshness.is_fresh() || !freshness.may_serve_on_error());
            }
        }
    }
}
