//! [`Storability`]: whether a cache may store a response, and which rule decides it.

use http::header::{AUTHORIZATION, CONTENT_LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri, request};

use super::effective_control::EffectiveControl;
use super::freshness::{Cache, is_heuristically_cacheable};
use super::syntax::only_line;

/// Whether one kind of cache may store a response, and the rule that decides it ([RFC 9111 section
/// 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3)).
///
/// A stored response is not always reusable: if it is `no-cache`, stale or varies on `*`, the cache revalidates it
/// before each reuse.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue, Request, StatusCode};
/// use tower_cache_policy::protocol::{Cache, Storability, StoragePermission, StorageProhibition};
///
/// let (request, ()) = Request::get("/me").body(()).unwrap().into_parts();
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("private, max-age=60"));
///
/// let by = |cache| Storability::of_response(cache, &request, StatusCode::OK, &headers);
/// assert_eq!(by(Cache::Private), Storability::Allowed(StoragePermission::MaxAge));
/// assert_eq!(by(Cache::Shared), Storability::Forbidden(StorageProhibition::Private));
/// ```
// S-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a cache either may or must not store a response")]
pub enum Storability {
    /// The cache may store the response: no rule forbids it, and this rule allows it.
    Allowed(StoragePermission),
    /// The cache must not store the response.
    Forbidden(StorageProhibition),
}

/// The first rule that allows a cache to store a response
/// ([RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3)).
///
/// ```
/// use http::{HeaderMap, HeaderValue, Request, StatusCode};
/// use tower_cache_policy::protocol::{Cache, Storability, StoragePermission};
///
/// let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// let permission = |status, cache_control: &'static str| {
///     let mut headers = HeaderMap::new();
///     headers.insert("cache-control", HeaderValue::from_static(cache_control));
///     Storability::of_response(Cache::Shared, &request, status, &headers)
/// };
/// let allowed = Storability::Allowed;
/// assert_eq!(permission(StatusCode::OK, "max-age=60"), allowed(StoragePermission::MaxAge));
/// assert_eq!(permission(StatusCode::FOUND, "public"), allowed(StoragePermission::Public));
/// // Without a directive, the status decides.
/// assert_eq!(permission(StatusCode::NOT_FOUND, "no-transform"), allowed(StoragePermission::Status));
/// ```
// S-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoragePermission {
    /// `s-maxage`, for a shared cache.
    // C-21.
    SMaxage,
    /// `max-age`.
    // C-20.
    MaxAge,
    /// `Expires`, even if it is invalid or in the past.
    // C-33.
    Expires,
    /// `public`.
    // C-25.
    Public,
    /// `private`, for a private cache.
    // C-24.
    Private,
    /// A status code that is heuristically cacheable
    /// ([RFC 9110 section 15.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.1)).
    // M-04.
    Status,
}

/// The first rule that forbids a cache to store a response
/// ([RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3)).
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
/// use tower_cache_policy::protocol::{Cache, Storability, StorageProhibition};
///
/// let prohibition = |method, status, cache_control: &'static str| {
///     let (request, ()) = Request::builder().method(method).body(()).unwrap().into_parts();
///     let mut headers = HeaderMap::new();
///     headers.insert("cache-control", HeaderValue::from_static(cache_control));
///     Storability::of_response(Cache::Shared, &request, status, &headers)
/// };
/// let forbidden = Storability::Forbidden;
/// assert_eq!(prohibition(Method::GET, StatusCode::OK, "private"), forbidden(StorageProhibition::Private));
/// assert_eq!(prohibition(Method::PUT, StatusCode::OK, "max-age=60"), forbidden(StorageProhibition::Method));
/// let limited = StatusCode::TOO_MANY_REQUESTS;
/// assert_eq!(prohibition(Method::GET, limited, "max-age=60"), forbidden(StorageProhibition::Status));
/// assert_eq!(
///     prohibition(Method::GET, StatusCode::FOUND, "no-transform"),
///     forbidden(StorageProhibition::NothingAllows)
/// );
/// ```
// S-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageProhibition {
    /// Caches do not store responses to this method.
    // M-01, M-03.
    Method,
    /// A response to POST or PATCH without explicit freshness, or without a `Content-Location` equal to the target URI
    /// ([RFC 9110 section 9.3.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.3)).
    // M-02.
    NotTheTarget,
    /// An informational response (1xx,
    /// [RFC 9110 section 15.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-15.2)).
    Interim,
    /// The status code 428, 429, 431 or 511, which caches must not store.
    // N-09.
    Status,
    /// `must-understand` with an unknown status code.
    // C-28.
    NotUnderstood,
    /// `no-store` in the response.
    // C-23.
    NoStore,
    /// `no-store` in the request.
    // C-14.
    RequestNoStore,
    /// `private`, for a shared cache.
    // C-24.
    Private,
    /// A request with `Authorization`, for a shared cache, without `public`, `s-maxage` or `must-revalidate` in the
    /// response.
    // S-04.
    Authorization,
    /// No rule allows it: the response does not have a lifetime, and the status code is not heuristically cacheable.
    // M-04.
    NothingAllows,
}

impl Storability {
    /// Evaluates a response with this status code and these header fields.
    ///
    /// - A 304 is evaluated like the 200 that it updates.
    /// - A 206 is allowed: a cache that combines partial responses may store it, but must not serve it as complete.
    /// - `no-store` has no effect together with `must-understand` if the status code is known, because some caches
    ///   ignore it then.
    /// - A qualified `private` does not forbid a shared cache to store the response without the listed fields.
    #[must_use]
    #[inline]
    pub fn of_response(cache: Cache, request: &request::Parts, status: StatusCode, headers: &HeaderMap) -> Self {
        // N-06, S-05, C-24, C-28.
        Self::under(&EffectiveControl::from_headers(headers), cache, request, status, headers)
    }

    /// Evaluates a response like [`of_response`](Self::of_response), with these directives. `Cache-Control` is not
    /// read.
    #[must_use]
    #[inline]
    pub fn under(
        control: &EffectiveControl,
        cache: Cache,
        request: &request::Parts,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Self {
        match prohibition(control, cache, request, status, headers) {
            Some(prohibition) => Self::Forbidden(prohibition),
            None => permission(control, cache, status, headers)
                .map_or(Self::Forbidden(StorageProhibition::NothingAllows), Self::Allowed),
        }
    }

    /// Returns whether the cache may store the response.
    #[must_use]
    #[inline]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl StorageProhibition {
    /// Returns the rule that forbids every cache to store a response with this method and status code, regardless of
    /// its fields.
    ///
    /// Includes POST: in practice caches store only responses to GET and HEAD.
    #[cfg(feature = "audit")]
    #[inline]
    pub(crate) fn of_kind(method: &Method, status: StatusCode) -> Option<Self> {
        // M-02.
        of_status(status).or_else(|| (!matches!(*method, Method::GET | Method::HEAD)).then_some(Self::Method))
    }
}

/// Returns whether caches must not store a response with this status code (RFC 6585 sections 3 to 6).
pub(crate) const fn is_never_stored(status: StatusCode) -> bool {
    // N-09.
    matches!(status.as_u16(), 428 | 429 | 431 | 511)
}

/// Returns the status code of the stored response, which is 200 for a 304 (RFC 9110 section 15.4.5).
pub(crate) const fn stored_status(status: StatusCode) -> StatusCode {
    // N-06.
    if status.as_u16() == 304 { StatusCode::OK } else { status }
}

#[inline]
fn prohibition(
    effective: &EffectiveControl,
    cache: Cache,
    request: &request::Parts,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<StorageProhibition> {
    use StorageProhibition as No;

    let control = effective.control();
    let shared = cache == Cache::Shared;
    let understood = control.must_understand() && status.canonical_reason().is_some();
    let authorizes = || control.public() || control.must_revalidate() || control.s_maxage().is_some();
    of_method(effective, cache, request, headers).or_else(|| of_status(status)).or_else(|| {
        [
            (control.must_understand() && !understood, No::NotUnderstood),
            (control.no_store() && !understood, No::NoStore),
            (effective.is_forbidden_by(&request.headers), No::RequestNoStore),
            (shared && control.private(), No::Private),
            (shared && request.headers.contains_key(AUTHORIZATION) && !authorizes(), No::Authorization),
        ]
        .into_iter()
        .find_map(|(is_so, prohibition)| is_so.then_some(prohibition))
    })
}

#[inline]
fn of_method(
    control: &EffectiveControl,
    cache: Cache,
    request: &request::Parts,
    headers: &HeaderMap,
) -> Option<StorageProhibition> {
    match request.method {
        Method::GET | Method::HEAD => None,
        Method::POST | Method::PATCH => {
            let has_lifetime = matches!(
                explicit(control, cache, headers),
                Some(StoragePermission::SMaxage | StoragePermission::MaxAge | StoragePermission::Expires)
            );
            (!has_lifetime || !is_target(&request.uri, headers)).then_some(StorageProhibition::NotTheTarget)
        }
        _ => Some(StorageProhibition::Method),
    }
}

#[inline]
fn of_status(status: StatusCode) -> Option<StorageProhibition> {
    if status.is_informational() {
        return Some(StorageProhibition::Interim);
    }
    is_never_stored(status).then_some(StorageProhibition::Status)
}

#[inline]
fn permission(
    effective: &EffectiveControl,
    cache: Cache,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<StoragePermission> {
    let control = effective.control();
    explicit(effective, cache, headers)
        .or_else(|| control.public().then_some(StoragePermission::Public))
        .or_else(|| (cache == Cache::Private && control.private()).then_some(StoragePermission::Private))
        .or_else(|| is_heuristically_cacheable(stored_status(status)).then_some(StoragePermission::Status))
}

/// Returns the directive or field that sets a lifetime, even an expired one.
#[inline]
fn explicit(effective: &EffectiveControl, cache: Cache, headers: &HeaderMap) -> Option<StoragePermission> {
    let control = effective.control();
    if cache == Cache::Shared && control.s_maxage().is_some() {
        return Some(StoragePermission::SMaxage);
    }
    if control.max_age().is_some() {
        return Some(StoragePermission::MaxAge);
    }
    effective.has_expires(headers).then_some(StoragePermission::Expires)
}

/// Returns whether `Content-Location` equals the target URI or its path and query.
#[inline]
fn is_target(uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(location) = only_line(headers, &CONTENT_LOCATION).and_then(|line| Uri::try_from(line.as_bytes()).ok())
    else {
        return false;
    };
    location == *uri || (location.authority().is_none() && location.path_and_query() == uri.path_and_query())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, Request};

    use super::*;

    fn fields(lines: &[&str]) -> HeaderMap {
        let pair = |line: &&str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(pair).collect()
    }

    #[test]
    fn the_first_rule_decides_whether_a_response_is_stored() {
        use Cache::{Private, Shared};
        use Storability::{Allowed, Forbidden};
        use StoragePermission as Yes;
        use StorageProhibition as No;

        type Row<'a> = (&'a str, Cache, &'a str, &'a [&'a str], u16, &'a [&'a str], Storability);
        let table: &[Row<'_>] = &[
            ("a page without fields (M-04)", Shared, "GET", &[], 200, &[], Allowed(Yes::Status)),
            ("max-age (C-20)", Shared, "GET", &[], 302, &["cache-control: max-age=0"], Allowed(Yes::MaxAge)),
            ("s-maxage (C-21)", Shared, "GET", &[], 500, &["cache-control: s-maxage=1"], Allowed(Yes::SMaxage)),
            (
                "a browser ignores s-maxage",
                Private,
                "GET",
                &[],
                500,
                &["cache-control: s-maxage=1"],
                Forbidden(No::NothingAllows),
            ),
            ("an invalid Expires (C-33)", Shared, "GET", &[], 302, &["expires: 0"], Allowed(Yes::Expires)),
            ("public (C-25)", Shared, "GET", &[], 503, &["cache-control: public"], Allowed(Yes::Public)),
            (
                "private for a browser (C-24)",
                Private,
                "GET",
                &[],
                503,
                &["cache-control: private"],
                Allowed(Yes::Private),
            ),
            (
                "private for a shared cache (C-24)",
                Shared,
                "GET",
                &[],
                200,
                &["cache-control: PRIVATE"],
                Forbidden(No::Private),
            ),
            (
                "a qualified private (C-24)",
                Shared,
                "GET",
                &[],
                200,
                &[r#"cache-control: private="set-cookie""#],
                Allowed(Yes::Status),
            ),
            ("a redirect without fields", Shared, "GET", &[], 302, &[], Forbidden(No::NothingAllows)),
            ("no-store (C-23)", Private, "GET", &[], 200, &["cache-control: No-Store"], Forbidden(No::NoStore)),
            (
                "no-store with must-understand (C-28)",
                Private,
                "GET",
                &[],
                200,
                &["cache-control: no-store, must-understand"],
                Allowed(Yes::Status),
            ),
            (
                "must-understand with an unknown status (C-28)",
                Private,
                "GET",
                &[],
                299,
                &["cache-control: max-age=9, must-understand"],
                Forbidden(No::NotUnderstood),
            ),
            (
                "no-store of the request (C-14)",
                Private,
                "GET",
                &["cache-control: no-store"],
                200,
                &[],
                Forbidden(No::RequestNoStore),
            ),
            (
                "credentials (S-04)",
                Shared,
                "GET",
                &["authorization: x"],
                200,
                &["cache-control: max-age=9"],
                Forbidden(No::Authorization),
            ),
            (
                "credentials and must-revalidate (S-04)",
                Shared,
                "GET",
                &["authorization: x"],
                200,
                &["cache-control: max-age=9, must-revalidate"],
                Allowed(Yes::MaxAge),
            ),
            ("credentials in a browser", Private, "GET", &["authorization: x"], 200, &[], Allowed(Yes::Status)),
            ("DELETE (M-01, M-03)", Shared, "DELETE", &[], 200, &["cache-control: max-age=9"], Forbidden(No::Method)),
            ("POST (M-02)", Shared, "POST", &[], 200, &["cache-control: max-age=9"], Forbidden(No::NotTheTarget)),
            (
                "POST with the target as Content-Location (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: /page?q"],
                Allowed(Yes::MaxAge),
            ),
            (
                "PATCH with the complete target URI (M-02)",
                Shared,
                "PATCH",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: http://a.example/page?q"],
                Allowed(Yes::MaxAge),
            ),
            (
                "POST with the same path on another host (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: http://b.example/page?q"],
                Forbidden(No::NotTheTarget),
            ),
            (
                "POST with another query (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: /page"],
                Forbidden(No::NotTheTarget),
            ),
            (
                "POST without a lifetime (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: public", "content-location: /page?q"],
                Forbidden(No::NotTheTarget),
            ),
            (
                "an informational response",
                Shared,
                "GET",
                &[],
                103,
                &["cache-control: max-age=9"],
                Forbidden(No::Interim),
            ),
            ("429 (N-09)", Private, "GET", &[], 429, &["cache-control: max-age=9"], Forbidden(No::Status)),
            ("a 304 counts as the 200 that it updates (N-06)", Shared, "GET", &[], 304, &[], Allowed(Yes::Status)),
        ];
        for (sentence, cache, method, request_fields, status, response_fields, expected) in table {
            let (mut request, ()) =
                Request::builder().method(*method).uri("http://a.example/page?q").body(()).unwrap().into_parts();
            request.headers = fields(request_fields);
            let status = StatusCode::from_u16(*status).unwrap();
            let found = Storability::of_response(*cache, &request, status, &fields(response_fields));
            assert_eq!(found, *expected, "{sentence}");
            assert_eq!(found.is_allowed(), matches!(expected, Allowed(_)), "{sentence}");
        }
    }
}
