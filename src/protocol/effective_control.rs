//! [`EffectiveControl`]: the directives that a cache obeys in a response.

use http::header::{CACHE_CONTROL, EXPIRES};
use http::{HeaderMap, HeaderName};

use super::cache_control::{CacheControl, RequestCacheControl};

/// The directives that a cache obeys in a response: those of `Cache-Control`, or those of a targeted field.
///
/// A cache with a list of targeted fields, such as `CDN-Cache-Control`, uses the first one that is present and valid.
/// It then ignores `Cache-Control` and `Expires`
/// ([RFC 9213 section 2.2](https://www.rfc-editor.org/rfc/rfc9213.html#section-2.2)).
///
/// Create this value once for each response, and pass it to [`Storability::under`](super::Storability::under) and
/// [`ReuseLimits::under`](super::ReuseLimits::under).
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
/// use tower_cache_policy::protocol::{Cache, EffectiveControl, HttpDate, Lifetime};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("no-store"));
/// headers.insert("cdn-cache-control", HeaderValue::from_static("max-age=600"));
///
/// let targets = [HeaderName::from_static("cdn-cache-control")];
/// let control = EffectiveControl::from_targeted(&headers, &targets);
/// let now = HttpDate::UNIX_EPOCH;
/// let lifetime = Lifetime::under(&control, Cache::Shared, StatusCode::OK, &headers, now);
/// assert_eq!(lifetime.seconds(), 600);
/// ```
// T-05.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveControl {
    control: CacheControl,
    is_targeted: bool,
    ignores_request: bool,
}

impl EffectiveControl {
    /// Reads `Cache-Control`. A response without the field has no directives.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        // Without members, the result has no directives.
        let control = CacheControl::parse(headers.get_all(CACHE_CONTROL));
        Self { control, is_targeted: false, ignores_request: false }
    }

    /// Reads the first of these targeted fields that is present and valid, or `Cache-Control` if none is.
    ///
    /// For the rules by which a field is valid, see [`CacheControl::from_targeted`].
    #[must_use]
    pub fn from_targeted(headers: &HeaderMap, targets: &[HeaderName]) -> Self {
        // T-04, T-05.
        let control = targets.iter().find_map(|name| CacheControl::from_targeted(headers, name));
        control.map_or_else(|| Self::from_headers(headers), Self::given)
    }

    /// Uses these directives in place of `Cache-Control` and `Expires`, like those of a targeted field.
    ///
    /// Use this function for directives that are not in a header field, such as those of a policy.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, StatusCode};
    /// use tower_cache_policy::protocol::{Cache, CacheControl, EffectiveControl, HttpDate, Lifetime};
    ///
    /// // The response has a date in the past, and the policy of the application takes precedence.
    /// let mut headers = HeaderMap::new();
    /// headers.insert("expires", HeaderValue::from_static("0"));
    /// let control = EffectiveControl::given(CacheControl::new().with_max_age(60));
    /// let lifetime = Lifetime::under(&control, Cache::Shared, StatusCode::OK, &headers, HttpDate::UNIX_EPOCH);
    /// assert_eq!(lifetime.seconds(), 60);
    /// ```
    #[must_use]
    pub fn given(control: CacheControl) -> Self {
        Self { control, is_targeted: true, ignores_request: false }
    }

    /// Ignores `no-store` in the request, so that a client cannot prevent storage.
    ///
    /// The standard requires a cache to obey the directive
    /// ([RFC 9111 section 5.2.1.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.5)). Most CDNs ignore it.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Request, StatusCode};
    /// use tower_cache_policy::protocol::{Cache, EffectiveControl, Storability};
    ///
    /// let (request, ()) = Request::get("/").header("cache-control", "no-store").body(()).unwrap().into_parts();
    /// let mut headers = HeaderMap::new();
    /// headers.insert("cache-control", HeaderValue::from_static("max-age=60"));
    ///
    /// let control = EffectiveControl::from_headers(&headers);
    /// let is_allowed = |control: &EffectiveControl| {
    ///     Storability::under(control, Cache::Shared, &request, StatusCode::OK, &headers).is_allowed()
    /// };
    /// assert!(!is_allowed(&control));
    /// assert!(is_allowed(&control.ignoring_request()));
    /// ```
    #[must_use]
    pub fn ignoring_request(self) -> Self {
        // C-17.
        Self { ignores_request: true, ..self }
    }

    /// Returns the directives.
    #[must_use]
    pub fn control(&self) -> &CacheControl {
        &self.control
    }

    /// Returns whether the directives replace `Cache-Control` and `Expires`.
    #[must_use]
    pub fn is_targeted(&self) -> bool {
        self.is_targeted
    }

    /// Returns whether the response has an `Expires` that applies.
    pub(super) fn has_expires(&self, headers: &HeaderMap) -> bool {
        // T-05.
        !self.is_targeted && headers.contains_key(EXPIRES)
    }

    /// Returns whether the request forbids storage.
    pub(super) fn is_forbidden_by(&self, request: &HeaderMap) -> bool {
        // C-14.
        !self.ignores_request && RequestCacheControl::from_headers(request).is_some_and(|request| request.no_store())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request, StatusCode};

    use super::*;
    use crate::protocol::{Cache, HttpDate, Lifetime, LifetimeSource, Storability, StoragePermission};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        lines.iter().map(pair).collect()
    }

    #[test]
    fn the_first_valid_targeted_field_replaces_cache_control_and_expires() {
        use LifetimeSource::{Expires, Heuristic, MaxAge};

        const MODIFIED: (&str, &str) = ("last-modified", "Wed, 31 Dec 1969 23:43:20 GMT");
        const EXPIRED: (&str, &str) = ("expires", "0");
        let targets = ["a-cache-control", "b-cache-control"].map(HeaderName::from_static);
        type Row<'a> = (&'a str, &'a [(&'static str, &'static str)], bool, u64, LifetimeSource);
        let table: &[Row<'_>] = &[
            ("the first field", &[("b-cache-control", "max-age=2"), ("a-cache-control", "max-age=1")], true, 1, MaxAge),
            (
                "an invalid field is skipped (T-04)",
                &[("a-cache-control", "Max-Age=1"), ("b-cache-control", "max-age=2")],
                true,
                2,
                MaxAge,
            ),
            (
                "an empty field is skipped (T-04)",
                &[("a-cache-control", ""), ("cache-control", "max-age=3")],
                false,
                3,
                MaxAge,
            ),
            (
                "Cache-Control is ignored (T-05)",
                &[("a-cache-control", "max-age=1"), ("cache-control", "max-age=3")],
                true,
                1,
                MaxAge,
            ),
            ("Expires is ignored (T-05)", &[("a-cache-control", "public"), EXPIRED, MODIFIED], true, 100, Heuristic),
            ("Expires counts without a targeted field", &[EXPIRED, MODIFIED], false, 0, Expires),
        ];
        for (sentence, lines, is_targeted, seconds, source) in table {
            let headers = headers(lines);
            let control = EffectiveControl::from_targeted(&headers, &targets);
            assert_eq!(control.is_targeted(), *is_targeted, "{sentence}");
            let lifetime = Lifetime::under(&control, Cache::Shared, StatusCode::OK, &headers, HttpDate::UNIX_EPOCH);
            assert_eq!((lifetime.seconds(), lifetime.source()), (*seconds, *source), "{sentence}");
        }
    }

    #[test]
    fn a_targeted_field_decides_storage() {
        use crate::protocol::StorageProhibition as No;
        use Storability::{Allowed, Forbidden};

        let targets = [HeaderName::from_static("cdn-cache-control")];
        type Row<'a> = (&'a str, &'a [(&'static str, &'static str)], u16, Storability);
        let table: &[Row<'_>] = &[
            (
                "it permits more (T-05)",
                &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=1")],
                200,
                Allowed(StoragePermission::MaxAge),
            ),
            (
                "it permits less (T-05)",
                &[("cache-control", "max-age=1"), ("cdn-cache-control", "no-store")],
                200,
                Forbidden(No::NoStore),
            ),
            (
                "Expires permits nothing next to it (T-05)",
                &[("expires", "0"), ("cdn-cache-control", "must-revalidate")],
                302,
                Forbidden(No::NothingAllows),
            ),
            ("Expires permits storage without it", &[("expires", "0")], 302, Allowed(StoragePermission::Expires)),
        ];
        let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
        for (sentence, lines, status, expected) in table {
            let headers = headers(lines);
            let control = EffectiveControl::from_targeted(&headers, &targets);
            let status = StatusCode::from_u16(*status).unwrap();
            assert_eq!(
                Storability::under(&control, Cache::Shared, &request, status, &headers),
                *expected,
                "{sentence}"
            );
        }
    }

    #[test]
    fn the_request_forbids_storage_unless_it_is_ignored() {
        use crate::protocol::StorageProhibition::{Private, RequestNoStore};

        let (mut request, ()) = Request::get("/").body(()).unwrap().into_parts();
        request.headers = headers(&[("cache-control", "no-store")]);
        let found = |control: &EffectiveControl| {
            Storability::under(control, Cache::Shared, &request, StatusCode::OK, &HeaderMap::new())
        };
        let (stored, private) = (EffectiveControl::given(CacheControl::new()), CacheControl::new().with_private());
        assert_eq!(found(&stored), Storability::Forbidden(RequestNoStore), "C-14");
        assert_eq!(found(&stored.ignoring_request()), Storability::Allowed(StoragePermission::Status), "C-17");
        let private = EffectiveControl::given(private).ignoring_request();
        assert_eq!(found(&private), Storability::Forbidden(Private));
    }
}
