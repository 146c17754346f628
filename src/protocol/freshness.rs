//! [`Freshness`]: how long a cache may reuse a stored response, and how old the response is.

use http::header::{AGE, DATE, EXPIRES, HeaderName, LAST_MODIFIED, PRAGMA};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::date::HttpDate;
use super::effective_control::EffectiveControl;
use super::syntax::{delta_seconds, members, only_line};

/// The kind of cache to evaluate a response for
/// ([RFC 9111 section 1](https://www.rfc-editor.org/rfc/rfc9111.html#section-1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "RFC 9111 defines two kinds of cache")]
pub enum Cache {
    /// A cache for a single user, such as the cache of a browser.
    Private,
    /// A cache for many users, such as a proxy or a CDN.
    Shared,
}

/// The field or rule that determines a freshness lifetime, in order of precedence
/// ([RFC 9111 section 4.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1)).
///
/// The first that applies determines the lifetime:
///
/// ```
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use tower_cache_policy::protocol::{Cache, HttpDate, Lifetime, LifetimeSource};
///
/// let mut headers = HeaderMap::new();
/// let now = HttpDate::from_unix_seconds(784_111_777).unwrap();
/// let lifetime = |headers: &HeaderMap| {
///     let lifetime = Lifetime::of_response(Cache::Shared, StatusCode::OK, headers, now);
///     (lifetime.source(), lifetime.seconds())
/// };
/// assert_eq!(lifetime(&headers), (LifetimeSource::None, 0));
/// headers.insert("last-modified", HeaderValue::from_static("Sun, 06 Nov 1994 08:32:57 GMT"));
/// assert_eq!(lifetime(&headers), (LifetimeSource::Heuristic, 100));
/// headers.insert("expires", HeaderValue::from_static("Sun, 06 Nov 1994 08:50:37 GMT"));
/// assert_eq!(lifetime(&headers), (LifetimeSource::Expires, 60));
/// headers.insert("cache-control", HeaderValue::from_static("max-age=30"));
/// assert_eq!(lifetime(&headers), (LifetimeSource::MaxAge, 30));
/// ```
// F-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LifetimeSource {
    /// The `s-maxage` directive, which applies to shared caches only.
    // C-21.
    SMaxage,
    /// The `max-age` directive.
    // C-20.
    MaxAge,
    /// The `Expires` field, minus `Date`.
    // C-33.
    Expires,
    /// Heuristic freshness, calculated from `Last-Modified`
    /// ([RFC 9111 section 4.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2)).
    // F-03.
    Heuristic,
    /// None: the response does not have a lifetime.
    None,
}

/// A freshness lifetime in seconds, counted from the generation of the response
/// ([RFC 9111 section 4.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1)).
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
// F-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    seconds: u64,
    source: LifetimeSource,
}

impl Lifetime {
    /// Determines the lifetime of a response that a cache received at `response_time`.
    ///
    /// `s-maxage` (for a shared cache) takes precedence over `max-age`, and `max-age` over `Expires`. Otherwise the
    /// lifetime is heuristic: a tenth of the time between `Last-Modified` and `Date`, if the status code is
    /// heuristically cacheable or the response is `public`.
    ///
    /// - An `Expires` that is invalid or repeated counts as expired.
    /// - A `Date` that is missing, invalid or repeated is replaced with `response_time`.
    /// - Dates are parsed in any case ([`HttpDate::parse_in_any_case`]).
    #[must_use]
    pub fn of_response(cache: Cache, status: StatusCode, headers: &HeaderMap, response_time: HttpDate) -> Self {
        Self::under(&EffectiveControl::from_headers(headers), cache, status, headers, response_time)
    }

    /// Determines the lifetime like [`of_response`](Self::of_response), with these directives. `Cache-Control` is not
    /// read.
    #[must_use]
    pub fn under(
        control: &EffectiveControl,
        cache: Cache,
        status: StatusCode,
        headers: &HeaderMap,
        response_time: HttpDate,
    ) -> Self {
        // F-01 to F-03, C-33, M-04, D-05.
        let (effective, control) = (control, control.control());
        let of = |seconds, source| Self { seconds, source };
        let s_maxage = control.s_maxage().filter(|_| cache == Cache::Shared);
        if let Some(seconds) = s_maxage {
            return of(seconds.into(), LifetimeSource::SMaxage);
        }
        if let Some(seconds) = control.max_age() {
            return of(seconds.into(), LifetimeSource::MaxAge);
        }
        let date = single_date(headers, &DATE, response_time).unwrap_or(response_time);
        if effective.has_expires(headers) {
            return of(expires_lifetime(headers, date, response_time), LifetimeSource::Expires);
        }
        let last_modified = single_date(headers, &LAST_MODIFIED, response_time)
            .filter(|_| control.public() || is_heuristically_cacheable(status));
        match last_modified {
            Some(modified) => of(date.seconds_since(modified) / 10, LifetimeSource::Heuristic),
            None => of(0, LifetimeSource::None),
        }
    }

    /// Returns the lifetime in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// Returns what determines the lifetime.
    #[must_use]
    pub const fn source(self) -> LifetimeSource {
        self.source
    }
}

/// Returns the lifetime in seconds that the fields of HTTP/1.0 give to a response without `Cache-Control`.
///
/// It is 0 for `Pragma: no-cache` and for an `Expires` that is invalid or in the past. Otherwise it is the time from
/// `Date` to `Expires`, or `None` if there is no `Expires`.
pub(crate) fn http10_lifetime(headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<u64> {
    // C-33.
    let is_no_cache = |member: &[u8]| member.trim_ascii().eq_ignore_ascii_case(b"no-cache");
    if headers.get_all(PRAGMA).iter().any(|line| line.as_bytes().split(|&byte| byte == b',').any(is_no_cache)) {
        return Some(0);
    }
    if !headers.contains_key(EXPIRES) {
        return None;
    }
    let now = now();
    Some(expires_lifetime(headers, single_date(headers, &DATE, now).unwrap_or(now), now))
}

/// The age of a response: the seconds since the origin server generated or validated it
/// ([RFC 9111 section 4.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3)).
///
/// A cache sends it in the `Age` field
/// ([RFC 9111 section 5.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.1)). An origin server does not,
/// because the field indicates a response from a cache.
///
/// ```text
/// Age = delta-seconds
/// ```
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{Age, HttpDate};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("age", HeaderValue::from_static("30"));
/// let requested = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
/// let received = requested.saturating_add(Duration::from_secs(2));
/// let initial = Age::corrected_initial(&headers, requested, received);
///
/// let now = received.saturating_add(Duration::from_secs(10));
/// assert_eq!(initial.current(received, now).seconds(), 42);
/// ```
// A-04, A-06.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    seconds: u64,
}

impl Age {
    /// An age of zero.
    pub const ZERO: Self = Self { seconds: 0 };

    /// Creates an age from seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// Parses the first member of an `Age` field.
    ///
    /// Returns `None` if there are no members or the first is not a number of seconds.
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Option<Self> {
        // A-05.
        let seconds = delta_seconds(members(lines).next()?)?;
        Some(Self::from_seconds(seconds.into()))
    }

    /// Parses the `Age` of a response. Returns `None` if the field is absent or invalid.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        // A-05.
        Self::parse(headers.get_all(AGE))
    }

    /// Calculates the `corrected_initial_age` of a response from the times of the request and the response
    /// ([RFC 9111 section 4.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3)).
    ///
    /// The result is the larger of the age according to `Date`, and `Age` plus the duration of the request. A `Date`
    /// that is missing, invalid or repeated is replaced with `response_time`.
    #[must_use]
    pub fn corrected_initial(headers: &HeaderMap, request_time: HttpDate, response_time: HttpDate) -> Self {
        // A-06.
        let date_value = single_date(headers, &DATE, response_time).unwrap_or(response_time);
        let apparent_age = response_time.seconds_since(date_value);
        let age_value = Self::from_headers(headers).unwrap_or_default();
        let response_delay = response_time.seconds_since(request_time);
        let corrected_age_value = age_value.seconds.saturating_add(response_delay);
        Self::from_seconds(apparent_age.max(corrected_age_value))
    }

    /// Calculates the `current_age` at `now`, where `self` is the corrected initial age of a response received at
    /// `response_time` ([RFC 9111 section 4.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3)).
    #[must_use]
    pub const fn current(self, response_time: HttpDate, now: HttpDate) -> Self {
        // A-06.
        let resident_time = now.seconds_since(response_time);
        Self::from_seconds(self.seconds.saturating_add(resident_time))
    }

    /// Returns the age in seconds, which is the value that a cache sends in `Age`.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        // A-07.
        self.seconds
    }
}

/// The ages up to which a cache may reuse a stored response
/// ([RFC 9111 section 4.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2)).
///
/// A cache calculates the limits once, when it stores the response. The response may be reused while its
/// [age](Age::current) is lower than a limit, so a lookup only compares numbers.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use tower_cache_policy::protocol::{Cache, EffectiveControl, HttpDate, ReuseLimits};
///
/// let mut headers = HeaderMap::new();
/// let control = HeaderValue::from_static("max-age=60, stale-while-revalidate=30, stale-if-error=600");
/// headers.insert("cache-control", control);
/// let control = EffectiveControl::from_headers(&headers);
///
/// let received = HttpDate::UNIX_EPOCH;
/// let limits = ReuseLimits::under(&control, Cache::Shared, StatusCode::OK, &headers, received);
/// assert_eq!(limits.without_validation(), 60);
/// assert_eq!(limits.while_revalidating(), 90);
/// assert_eq!(limits.on_error(), 660);
/// ```
// F-02, F-05, C-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReuseLimits {
    lifetime: Lifetime,
    without_validation: u64,
    while_revalidating: u64,
    on_error: u64,
    forbids_stale: bool,
}

impl ReuseLimits {
    /// Calculates the limits of a response that a cache received at `response_time`.
    #[must_use]
    pub fn under(
        control: &EffectiveControl,
        cache: Cache,
        status: StatusCode,
        headers: &HeaderMap,
        response_time: HttpDate,
    ) -> Self {
        let lifetime = Lifetime::under(control, cache, status, headers, response_time);
        let control = control.control();
        let forbids_stale_if_shared = control.proxy_revalidate() || control.s_maxage().is_some();
        let forbids_stale = control.must_revalidate()
            || control.no_cache()
            || control.no_store()
            || (cache == Cache::Shared && forbids_stale_if_shared);
        let limit = |window: Option<u32>| match window {
            Some(window) if !forbids_stale => lifetime.seconds.saturating_add(window.into()),
            _ => 0,
        };
        Self {
            lifetime,
            // C-22.
            without_validation: if control.no_cache() { 0 } else { lifetime.seconds },
            while_revalidating: limit(control.stale_while_revalidate()),
            on_error: limit(control.stale_if_error()),
            forbids_stale,
        }
    }

    /// Returns the freshness lifetime. It may be longer than [`without_validation`](Self::without_validation), which is
    /// zero for `no-cache`.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// Returns the age in seconds up to which the cache may reuse the response without validation.
    ///
    /// A response whose age equals the limit is stale.
    #[must_use]
    pub const fn without_validation(&self) -> u64 {
        // F-02, C-22.
        self.without_validation
    }

    /// Returns the age in seconds up to which the cache may reuse the response while it revalidates, according to
    /// `stale-while-revalidate` ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    ///
    /// The limit is zero if the directive is absent or stale reuse is [forbidden](Self::forbids_stale).
    #[must_use]
    pub const fn while_revalidating(&self) -> u64 {
        // C-31, C-32.
        self.while_revalidating
    }

    /// Returns the age in seconds up to which the cache may reuse the response in place of a 500, 502, 503 or 504,
    /// according to `stale-if-error` ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    ///
    /// The limit is zero if the directive is absent or stale reuse is [forbidden](Self::forbids_stale).
    #[must_use]
    pub const fn on_error(&self) -> u64 {
        // C-31, C-32.
        self.on_error
    }

    /// Returns whether a directive prohibits reuse of the stale response, even if the cache is disconnected
    /// ([RFC 9111 section 4.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.4)).
    ///
    /// These directives are `must-revalidate`, `no-cache` and `no-store`, and for a shared cache also
    /// `proxy-revalidate` and `s-maxage`.
    #[must_use]
    pub const fn forbids_stale(&self) -> bool {
        // C-32, F-05.
        self.forbids_stale
    }
}

/// The freshness of a response in one kind of cache at one time
/// ([RFC 9111 section 4.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2)).
///
/// # Example
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
// F-02, F-05.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    limits: ReuseLimits,
    age: Age,
}

impl Freshness {
    /// Evaluates a response with this current age, received at `response_time`.
    ///
    /// To calculate the current age, use [`Age::corrected_initial`] and [`Age::current`].
    #[must_use]
    pub fn of_response(
        cache: Cache,
        status: StatusCode,
        headers: &HeaderMap,
        response_time: HttpDate,
        age: Age,
    ) -> Self {
        let control = EffectiveControl::from_headers(headers);
        Self::within(ReuseLimits::under(&control, cache, status, headers, response_time), age)
    }

    /// Evaluates a response with this current age, whose limits are known.
    #[must_use]
    pub const fn within(limits: ReuseLimits, age: Age) -> Self {
        Self { limits, age }
    }

    /// Returns the limits, which apply to any age.
    #[must_use]
    pub const fn limits(&self) -> ReuseLimits {
        self.limits
    }

    /// Returns the freshness lifetime.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        self.limits.lifetime
    }

    /// Returns the current age.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.age
    }

    /// Returns whether the lifetime is longer than the age. A response whose age equals its lifetime is stale.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        // F-02.
        self.lifetime().seconds > self.age.seconds
    }

    /// Returns whether the cache may reuse the response without validation: it is fresh and does not have `no-cache`.
    #[must_use]
    pub const fn may_reuse(&self) -> bool {
        // C-22.
        self.age.seconds < self.limits.without_validation
    }

    /// Returns the seconds until the response becomes stale, or zero if it is stale.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.lifetime().seconds.saturating_sub(self.age.seconds)
    }

    /// Returns the seconds since the response became stale, or zero if it is fresh.
    #[must_use]
    pub const fn staleness(&self) -> u64 {
        self.age.seconds.saturating_sub(self.lifetime().seconds)
    }

    /// Returns whether a directive prohibits reuse of the stale response. See [`ReuseLimits::forbids_stale`].
    #[must_use]
    pub const fn forbids_stale(&self) -> bool {
        // C-32, F-05.
        self.limits.forbids_stale
    }

    /// Returns whether `stale-while-revalidate` allows reuse of the stale response during revalidation
    /// ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    ///
    /// Returns `false` if the response is fresh.
    #[must_use]
    pub const fn may_serve_while_revalidating(&self) -> bool {
        // C-31.
        !self.is_fresh() && self.age.seconds < self.limits.while_revalidating
    }

    /// Returns whether `stale-if-error` allows reuse of the stale response in place of a 500, 502, 503 or 504
    /// ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    ///
    /// Returns `false` if the response is fresh.
    #[must_use]
    pub const fn may_serve_on_error(&self) -> bool {
        // C-31.
        !self.is_fresh() && self.age.seconds < self.limits.on_error
    }
}

/// Returns whether a cache may store a response with this status code without explicit freshness (RFC 9110 section
/// 15.1, RFC 7725 section 3).
pub(crate) fn is_heuristically_cacheable(status: StatusCode) -> bool {
    // M-04.
    matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 451 | 501)
}

/// Returns the seconds from `date` to `Expires`. An `Expires` that is invalid or repeated counts as expired.
fn expires_lifetime(headers: &HeaderMap, date: HttpDate, now: HttpDate) -> u64 {
    // C-33.
    single_date(headers, &EXPIRES, now).map_or(0, |expires| expires.seconds_since(date))
}

/// Returns the date of a field, parsed in any case, or `None` if the field is absent, invalid or repeated.
pub(super) fn single_date(headers: &HeaderMap, name: &HeaderName, now: HttpDate) -> Option<HttpDate> {
    // D-05.
    only_line(headers, name).and_then(|line| HttpDate::parse_in_any_case(line.as_bytes(), now).ok())
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

    /// Parses lines of the form `name: value`. `{+n}` and `{-n}` are dates relative to [`NOW`].
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
    fn the_lifetime_follows_the_order_of_precedence() {
        use Cache::{Private, Shared};
        use LifetimeSource::{Expires, Heuristic, MaxAge, None, SMaxage};

        const ALL: &[&str] =
            &["cache-control: s-maxage=600, max-age=60", "expires: {+30}", "date: {+0}", "last-modified: {-1000}"];
        type Row<'a> = (&'a str, Cache, u16, &'a [&'a str], u64, LifetimeSource);
        let table: &[Row<'_>] = &[
            ("s-maxage for a shared cache (C-21)", Shared, 200, ALL, 600, SMaxage),
            ("max-age for a private cache (F-01)", Private, 200, ALL, 60, MaxAge),
            ("max-age without s-maxage", Shared, 200, &["cache-control: max-age=60"], 60, MaxAge),
            (
                "an invalid max-age is zero (C-07)",
                Shared,
                200,
                &["cache-control: max-age=lolz", "expires: {+30}"],
                0,
                MaxAge,
            ),
            ("Expires minus Date (F-01)", Private, 200, &["expires: {+30}", "date: {-10}"], 40, Expires),
            ("Expires minus the response time if Date is missing", Private, 200, &["expires: {+30}"], 30, Expires),
            (
                "Expires minus the response time if Date is invalid",
                Private,
                200,
                &["expires: {+30}", "date: soon"],
                30,
                Expires,
            ),
            (
                "Expires minus the response time if Date is repeated",
                Private,
                200,
                &["expires: {+30}", "date: {-5}", "date: {-5}"],
                30,
                Expires,
            ),
            ("Expires before Date", Private, 200, &["expires: {-30}", "date: {+0}"], 0, Expires),
            ("an Expires of 0 has expired (C-33)", Private, 200, &["expires: 0", "last-modified: {-1000}"], 0, Expires),
            ("an empty Expires has expired (C-33)", Private, 200, &["expires: ", "last-modified: {-1000}"], 0, Expires),
            ("a repeated Expires has expired (C-33)", Private, 200, &["expires: {+30}", "expires: {+30}"], 0, Expires),
            (
                "an Expires in another time zone has expired (D-07)",
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
            (
                "a tenth of the time since modification (F-03)",
                Private,
                200,
                &["last-modified: {-1009}"],
                100,
                Heuristic,
            ),
            ("modification relative to Date", Private, 200, &["last-modified: {-1000}", "date: {-500}"], 50, Heuristic),
            ("never negative", Private, 200, &["last-modified: {+1000}"], 0, Heuristic),
            ("heuristic freshness of a 404 (M-04)", Shared, 404, &["last-modified: {-1000}"], 100, Heuristic),
            ("no heuristic freshness of a 302 (M-04)", Shared, 302, &["last-modified: {-1000}"], 0, None),
            (
                "heuristic freshness of a public 302 (F-03)",
                Shared,
                302,
                &["cache-control: public", "last-modified: {-1000}"],
                100,
                Heuristic,
            ),
            ("an invalid Last-Modified", Shared, 200, &["last-modified: yesterday"], 0, None),
            ("no fields", Shared, 200, &[], 0, None),
        ];
        for (sentence, cache, status, lines, seconds, source) in table {
            let status = StatusCode::from_u16(*status).unwrap();
            let lifetime = Lifetime::of_response(*cache, status, &headers(lines), date(0));
            assert_eq!((lifetime.seconds(), lifetime.source()), (*seconds, *source), "{sentence}");
        }
    }

    #[test]
    fn the_first_member_of_the_age_field_counts() {
        let table: &[(&str, &[&str], Option<u64>)] = &[
            ("a number", &["age: 30"], Some(30)),
            ("the first of a list (A-05)", &["age: 30, 60"], Some(30)),
            ("the first of two lines (A-05)", &["age: 30", "age: 60"], Some(30)),
            ("an overflow is clamped (C-04)", &["age: 99999999999999999999"], Some(2_147_483_648)),
            ("a negative number is ignored (A-05)", &["age: -30"], None),
            ("a fraction is ignored (A-05)", &["age: 30.5"], None),
            ("a later member is not used instead (A-05)", &["age: abc, 30"], None),
            ("an empty field", &["age: "], None),
            ("no field", &[], None),
        ];
        for (sentence, lines, seconds) in table {
            let age = Age::from_headers(&headers(lines));
            assert_eq!(age.map(Age::seconds), *seconds, "{sentence}");
        }
    }

    #[test]
    fn the_initial_age_is_the_larger_of_date_and_age() {
        let table: &[(&str, &[&str], i64, u64)] = &[
            ("neither field", &["x: y"], 0, 0),
            ("the delay only", &["x: y"], -3, 3),
            ("Date gives the larger age", &["date: {-20}", "age: 10"], -3, 20),
            ("Age plus the delay gives the larger age (A-04, A-06)", &["date: {-12}", "age: 10"], -3, 13),
            ("a Date in the future is ignored", &["date: {+60}"], 0, 0),
            ("an invalid Date is ignored", &["date: soon", "age: 10"], 0, 10),
            ("a request time after the response time", &["age: 10"], 5, 10),
        ];
        for (sentence, lines, request, seconds) in table {
            let age = Age::corrected_initial(&headers(lines), date(*request), date(0));
            assert_eq!(age.seconds(), *seconds, "{sentence}");
        }
        let age = Age::from_seconds(10);
        assert_eq!(age.current(date(0), date(25)).seconds(), 35, "A-07");
        assert_eq!(age.current(date(0), date(-25)).seconds(), 10, "the clock was set back");
        let oldest = Age::from_seconds(u64::MAX);
        assert_eq!(oldest.current(HttpDate::MIN, HttpDate::MAX), oldest);
    }

    #[test]
    fn a_response_is_stale_when_its_age_reaches_its_lifetime() {
        let table: &[(&str, u64, bool, u64, u64)] = &[
            ("new", 0, true, 60, 0),
            ("the last fresh second", 59, true, 1, 0),
            ("age equals lifetime (F-02)", 60, false, 0, 0),
            ("age exceeds lifetime", 75, false, 0, 15),
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
    fn stale_reuse_needs_a_permission_and_no_prohibition() {
        use Cache::{Private, Shared};

        let table: &[(&str, Cache, &str, u64, bool, bool)] = &[
            ("within both windows", Shared, "max-age=60, stale-while-revalidate=30, stale-if-error=90", 89, true, true),
            (
                "after the first window",
                Shared,
                "max-age=60, stale-while-revalidate=30, stale-if-error=90",
                90,
                false,
                true,
            ),
            (
                "after both windows",
                Shared,
                "max-age=60, stale-while-revalidate=30, stale-if-error=90",
                150,
                false,
                false,
            ),
            ("a fresh response", Shared, "max-age=60, stale-while-revalidate=30, stale-if-error=90", 59, false, false),
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
    fn the_limits_of_reuse_are_ages() {
        use Cache::{Private, Shared};

        // Columns: the sentence, the cache, the directives, and the limits without validation, while revalidating and
        // on an error.
        let table: &[(&str, Cache, &str, [u64; 3])] = &[
            ("no directive", Shared, "", [0, 0, 0]),
            ("a lifetime", Shared, "max-age=60", [60, 0, 0]),
            ("the lifetime of the kind of cache", Private, "max-age=60, s-maxage=600", [60, 0, 0]),
            (
                "windows start at the lifetime (C-31)",
                Shared,
                "max-age=60, stale-while-revalidate=30, stale-if-error=90",
                [60, 90, 150],
            ),
            ("a window of zero", Shared, "max-age=60, stale-if-error=0", [60, 0, 60]),
            ("no-cache (C-22)", Shared, "max-age=60, no-cache, stale-if-error=30", [0, 0, 0]),
            ("must-revalidate (C-32)", Shared, "max-age=60, must-revalidate, stale-if-error=30", [60, 0, 0]),
            ("s-maxage (C-32)", Shared, "s-maxage=60, stale-while-revalidate=30", [60, 0, 0]),
            ("s-maxage in a private cache", Private, "s-maxage=60, stale-while-revalidate=30", [0, 30, 0]),
            (
                "the longest values",
                Shared,
                "max-age=99999999999, stale-if-error=99999999999",
                [2_147_483_647, 0, 4_294_967_294],
            ),
        ];
        for (sentence, cache, control, expected) in table {
            let headers = headers(&[&format!("cache-control: {control}")]);
            let control = EffectiveControl::from_headers(&headers);
            let limits = ReuseLimits::under(&control, *cache, StatusCode::OK, &headers, date(0));
            let found = [limits.without_validation(), limits.while_revalidating(), limits.on_error()];
            assert_eq!(found, *expected, "{sentence}");
        }
    }

    #[test]
    fn freshness_reads_dates_in_any_case() {
        let table: &[(&str, &[&str], u64)] = &[
            ("Expires (D-05)", &["expires: sun, 06 nov 1994 08:50:37 gmt"], 60),
            ("Date (D-05)", &["expires: SUN, 06 NOV 1994 08:50:37 GMT", "date: sun, 06 Nov 1994 08:49:27 GMT"], 70),
            ("Last-Modified (D-05)", &["last-modified: Sun, 06 Nov 1994 08:32:57 gmt"], 100),
        ];
        for (sentence, lines, seconds) in table {
            let lifetime = Lifetime::of_response(Cache::Shared, StatusCode::OK, &headers(lines), date(0));
            assert_eq!(lifetime.seconds(), *seconds, "{sentence}");
        }
        let age = Age::corrected_initial(&headers(&["date: sun, 06 nov 1994 08:49:27 gmt"]), date(0), date(0));
        assert_eq!(age.seconds(), 10, "D-05");
    }

    #[test]
    fn a_fresh_no_cache_response_is_not_reused() {
        let headers = headers(&["cache-control: max-age=60, no-cache"]);
        let freshness = Freshness::of_response(Cache::Private, StatusCode::OK, &headers, date(0), Age::ZERO);
        assert!(freshness.is_fresh() && !freshness.may_reuse() && freshness.forbids_stale());
    }

    proptest! {
        #[test]
        fn reuse_agrees_with_the_words_of_the_standards(
            max_age in 0u64..100,
            windows in proptest::array::uniform2(proptest::option::of(0u64..100)),
            forbids in proptest::option::of(proptest::sample::select(vec!["no-cache", "must-revalidate", "proxy-revalidate"])),
            age in 0u64..250,
        ) {
            let mut control = format!("cache-control: max-age={max_age}");
            for (name, window) in ["stale-while-revalidate", "stale-if-error"].iter().zip(windows) {
                control += &window.map_or(String::new(), |seconds| format!(", {name}={seconds}"));
            }
            control += &forbids.map_or(String::new(), |name| format!(", {name}"));
            let age_of = Age::from_seconds(age);
            let found = Freshness::of_response(Cache::Shared, StatusCode::OK, &headers(&[&control]), date(0), age_of);
            prop_assert_eq!(found.may_reuse(), max_age > age && forbids != Some("no-cache"), "F-02, C-22");
            let expired_for = age.checked_sub(max_age);
            let within = |window: Option<u64>| match (expired_for, window, forbids) {
                (Some(expired_for), Some(window), None) => expired_for < window,
                _ => false,
            };
            prop_assert_eq!(found.may_serve_while_revalidating(), within(windows[0]), "C-31");
            prop_assert_eq!(found.may_serve_on_error(), within(windows[1]), "C-31");
            prop_assert_eq!(Freshness::within(found.limits(), age_of), found);
        }

        #[test]
        fn arbitrary_times_and_bytes_never_panic(
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
