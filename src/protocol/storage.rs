//! [`Storability`]: whether a cache may store a response at all, and by which rule.

use http::header::{AUTHORIZATION, CONTENT_LOCATION, EXPIRES};
use http::{HeaderMap, Method, StatusCode, Uri, request};

use super::cache_control::{CacheControl, RequestCacheControl};
use super::freshness::{Cache, is_heuristically_cacheable};
use super::syntax::only_line;

/// Whether one kind of cache may store a response, and by which rule (RFC 9111 section 3,
/// S-01).
///
/// To be storable is not to be reusable: what is `no-cache`, stale at once, or varies on `*`
/// is stored and asked about each time.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a cache may store a response, or may not")]
pub enum Storability {
    /// The cache may store it: nothing forbids it, and this allows it.
    Allowed(StoragePermission),
    /// The cache must not store it.
    Forbidden(StorageProhibition),
}

/// What allows a cache to store a response: the first of these that is there (RFC 9111
/// section 3, S-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoragePermission {
    /// `s-maxage`, for a shared cache (C-21).
    SMaxage,
    /// `max-age` (C-20).
    MaxAge,
    /// `Expires`, be it in the past or no date at all (C-33).
    Expires,
    /// `public` (C-25).
    Public,
    /// `private`, for a private cache (C-24).
    Private,
    /// The status, which caches may store without being told so (M-04).
    Status,
}

/// What forbids a cache to store a response: the first of these that is there (RFC 9111
/// section 3, S-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageProhibition {
    /// Answers to this method are not stored (M-01, M-03).
    Method,
    /// An answer to POST or PATCH is stored only where it has a stated lifetime and a
    /// `Content-Location` that is the target (M-02).
    NotTheTarget,
    /// The response is an interim one (RFC 9110 section 15.2).
    Interim,
    /// 428, 429, 431 and 511 are never stored (N-09).
    Status,
    /// `must-understand` on a status that nobody knows (C-28).
    NotUnderstood,
    /// `no-store` in the response (C-23).
    NoStore,
    /// `no-store` in the request (C-14).
    RequestNoStore,
    /// `private`, for a shared cache (C-24).
    Private,
    /// The request has `Authorization`, and neither `public`, `s-maxage` nor
    /// `must-revalidate` lets a shared cache keep the answer (S-04).
    Authorization,
    /// Nothing allows it: no lifetime, and a status that is not stored without one (M-04).
    NothingAllows,
}

impl Storability {
    /// Whether the cache may store the response of this status and with these fields.
    ///
    /// The status 304 is asked about as the 200 whose place it takes: its fields become those
    /// of what is stored (N-06). A 206 may be stored by a cache that combines ranges, and is
    /// never served as complete (S-05).
    ///
    /// `no-store` beside `must-understand` forbids nothing where the status is known, as there
    /// are caches that ignore it then (C-28). A qualified `private` keeps only its fields from
    /// a shared cache (C-24).
    #[must_use]
    pub fn of_response(cache: Cache, request: &request::Parts, status: StatusCode, headers: &HeaderMap) -> Self {
        let control = CacheControl::from_headers(headers).unwrap_or_default();
        match prohibition(&control, cache, request, status, headers) {
            Some(prohibition) => Self::Forbidden(prohibition),
            None => permission(&control, cache, status, headers)
                .map_or(Self::Forbidden(StorageProhibition::NothingAllows), Self::Allowed),
        }
    }

    /// Whether the cache may store it.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl StorageProhibition {
    /// What forbids every cache to store what has this method and status, whatever its fields
    /// say.
    ///
    /// Only of GET and HEAD are answers stored in practice (M-02), so a POST is here too.
    #[cfg(feature = "audit")]
    pub(crate) fn of_kind(method: &Method, status: StatusCode) -> Option<Self> {
        of_status(status).or_else(|| (!matches!(*method, Method::GET | Method::HEAD)).then_some(Self::Method))
    }
}

/// Whether no cache may store an answer of this status (RFC 6585 sections 3 to 6, N-09).
pub(crate) const fn is_never_stored(status: StatusCode) -> bool {
    matches!(status.as_u16(), 428 | 429 | 431 | 511)
}

/// The status of what is stored: a 304 freshens a 200 (RFC 9110 section 15.4.5, N-06).
pub(crate) const fn stored_status(status: StatusCode) -> StatusCode {
    if status.as_u16() == 304 { StatusCode::OK } else { status }
}

fn prohibition(
    control: &CacheControl,
    cache: Cache,
    request: &request::Parts,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<StorageProhibition> {
    use StorageProhibition as No;

    let shared = cache == Cache::Shared;
    let understood = control.must_understand() && status.canonical_reason().is_some();
    let asked = RequestCacheControl::from_headers(&request.headers).unwrap_or_default();
    let authorizes = || control.public() || control.must_revalidate() || control.s_maxage().is_some();
    of_method(control, cache, request, headers).or_else(|| of_status(status)).or_else(|| {
        [
            (control.must_understand() && !understood, No::NotUnderstood),
            (control.no_store() && !understood, No::NoStore),
            (asked.no_store(), No::RequestNoStore),
            (shared && control.private(), No::Private),
            (shared && request.headers.contains_key(AUTHORIZATION) && !authorizes(), No::Authorization),
        ]
        .into_iter()
        .find_map(|(is_so, prohibition)| is_so.then_some(prohibition))
    })
}

fn of_method(
    control: &CacheControl,
    cache: Cache,
    request: &request::Parts,
    headers: &HeaderMap,
) -> Option<StorageProhibition> {
    match request.method {
        Method::GET | Method::HEAD => None,
        Method::POST | Method::PATCH => {
            let stated = matches!(
                explicit(control, cache, headers),
                Some(StoragePermission::SMaxage | StoragePermission::MaxAge | StoragePermission::Expires)
            );
            (!stated || !is_target(&request.uri, headers)).then_some(StorageProhibition::NotTheTarget)
        }
        _ => Some(StorageProhibition::Method),
    }
}

fn of_status(status: StatusCode) -> Option<StorageProhibition> {
    if status.is_informational() {
        return Some(StorageProhibition::Interim);
    }
    is_never_stored(status).then_some(StorageProhibition::Status)
}

fn permission(
    control: &CacheControl,
    cache: Cache,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<StoragePermission> {
    explicit(control, cache, headers)
        .or_else(|| control.public().then_some(StoragePermission::Public))
        .or_else(|| (cache == Cache::Private && control.private()).then_some(StoragePermission::Private))
        .or_else(|| is_heuristically_cacheable(stored_status(status)).then_some(StoragePermission::Status))
}

/// A stated lifetime, be it one that has ended.
fn explicit(control: &CacheControl, cache: Cache, headers: &HeaderMap) -> Option<StoragePermission> {
    if cache == Cache::Shared && control.s_maxage().is_some() {
        return Some(StoragePermission::SMaxage);
    }
    if control.max_age().is_some() {
        return Some(StoragePermission::MaxAge);
    }
    headers.contains_key(EXPIRES).then_some(StoragePermission::Expires)
}

/// Whether `Content-Location` names the target, in full or by its path and query.
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
    fn a_response_is_stored_by_the_first_rule_that_allows_it_and_by_none_that_forbids() {
        use Cache::{Private, Shared};
        use Storability::{Allowed, Forbidden};
        use StoragePermission as Yes;
        use StorageProhibition as No;

        type Row<'a> = (&'a str, Cache, &'a str, &'a [&'a str], u16, &'a [&'a str], Storability);
        let table: &[Row<'_>] = &[
            ("a page that says nothing (M-04)", Shared, "GET", &[], 200, &[], Allowed(Yes::Status)),
            ("max-age (C-20)", Shared, "GET", &[], 302, &["cache-control: max-age=0"], Allowed(Yes::MaxAge)),
            ("s-maxage (C-21)", Shared, "GET", &[], 500, &["cache-control: s-maxage=1"], Allowed(Yes::SMaxage)),
            (
                "s-maxage is nothing to a browser",
                Private,
                "GET",
                &[],
                500,
                &["cache-control: s-maxage=1"],
                Forbidden(No::NothingAllows),
            ),
            ("an Expires that is no date (C-33)", Shared, "GET", &[], 302, &["expires: 0"], Allowed(Yes::Expires)),
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
            ("private for others (C-24)", Shared, "GET", &[], 200, &["cache-control: PRIVATE"], Forbidden(No::Private)),
            (
                "a qualified private (C-24)",
                Shared,
                "GET",
                &[],
                200,
                &[r#"cache-control: private="set-cookie""#],
                Allowed(Yes::Status),
            ),
            ("a redirect that says nothing", Shared, "GET", &[], 302, &[], Forbidden(No::NothingAllows)),
            ("no-store (C-23)", Private, "GET", &[], 200, &["cache-control: No-Store"], Forbidden(No::NoStore)),
            (
                "no-store that must be understood (C-28)",
                Private,
                "GET",
                &[],
                200,
                &["cache-control: no-store, must-understand"],
                Allowed(Yes::Status),
            ),
            (
                "a status that nobody understands (C-28)",
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
                "POST that answers with the target (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: /page?q"],
                Allowed(Yes::MaxAge),
            ),
            (
                "by its whole URI (M-02)",
                Shared,
                "PATCH",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: http://a.example/page?q"],
                Allowed(Yes::MaxAge),
            ),
            (
                "and not with what has its path elsewhere (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: http://b.example/page?q"],
                Forbidden(No::NotTheTarget),
            ),
            (
                "nor with another query of it (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: max-age=9", "content-location: /page"],
                Forbidden(No::NotTheTarget),
            ),
            (
                "and without a lifetime (M-02)",
                Shared,
                "POST",
                &[],
                200,
                &["cache-control: public", "content-location: /page?q"],
                Forbidden(No::NotTheTarget),
            ),
            ("an interim response", Shared, "GET", &[], 103, &["cache-control: max-age=9"], Forbidden(No::Interim)),
            ("429 (N-09)", Private, "GET", &[], 429, &["cache-control: max-age=9"], Forbidden(No::Status)),
            ("a 304 for the 200 that it freshens (N-06)", Shared, "GET", &[], 304, &[], Allowed(Yes::Status)),
        ];
        for (sentence, cache, method, asked, status, answered, expected) in table {
            let (mut request, ()) =
                Request::builder().method(*method).uri("http://a.example/page?q").body(()).unwrap().into_parts();
            request.headers = fields(asked);
            let status = StatusCode::from_u16(*status).unwrap();
            let found = Storability::of_response(*cache, &request, status, &fields(answered));
            assert_eq!(found, *expected, "{sentence}");
            assert_eq!(found.is_allowed(), matches!(expected, Allowed(_)), "{sentence}");
        }
    }
}
