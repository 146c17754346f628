//! [`Storage`]: whether a cache may store the response, and the reason.

use std::fmt;

use http::HeaderName;

use super::rule::Rule;
use crate::edge::HeuristicCaching;
use crate::protocol::{StoragePermission, StorageProhibition};

/// Whether a cache may store the response, and the reason.
///
/// A cache may store a response that it cannot reuse immediately: with `no-cache` or `Vary: *`, it revalidates the
/// response before each reuse.
///
/// ```
/// # use http::{Request, Response};
/// # use tower_cache_policy::audit::CacheAudit;
/// # use tower_cache_policy::protocol::HttpDate;
/// let (request, ()) = Request::get("/").header("authorization", "Bearer t").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "max-age=60");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// assert!(audit.browser().storage().may_store());
/// assert_eq!(audit.browser().storage().reason().to_string(), "`max-age` allows it");
/// assert!(!audit.shared().storage().may_store());
/// assert_eq!(
///     audit.shared().storage().reason().to_string(),
///     "the request has `Authorization`, and no directive allows a shared cache to store it"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    stored: bool,
    reason: StorageReason,
}

/// The reason why a cache may or must not store a response. Displays as a clause, such as `` `max-age` allows it ``.
///
/// A test can match on the reason, to check that the response is excluded for the intended reason:
///
/// ```
/// # use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheAudit, StorageReason};
/// use tower_cache_policy::edge::EdgeProfile;
/// use tower_cache_policy::protocol::StorageProhibition;
/// # use tower_cache_policy::protocol::HttpDate;
/// # let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// # let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let response = Response::builder().header("cache-control", "private, max-age=60");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let audit = CacheAudit::of(&request, &response, now).with_edge(&EdgeProfile::NGINX);
///
/// let expected = StorageReason::Forbidden(StorageProhibition::Private);
/// assert_eq!(*audit.shared().storage().reason(), expected);
/// assert_eq!(*audit.edge("nginx").unwrap().storage().reason(), expected);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageReason {
    /// [RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111.html#section-3) allows storage.
    Allowed(StoragePermission),
    /// RFC 9111 or the definition of the method or status forbids storage.
    Forbidden(StorageProhibition),
    /// A field that only edge caches read gives the response a lifetime.
    EdgeField(HeaderName),
    /// A field that only edge caches read forbids storage.
    EdgeFieldForbids(HeaderName),
    /// The edge cache does not store responses with `Set-Cookie`.
    SetCookieAtEdge,
    /// The edge cache does not store responses to requests with `Authorization`, or requires a directive that this
    /// response does not have.
    AuthorizationAtEdge,
    /// The edge cache does not store responses whose `Vary` names these fields. The list is empty for `Vary: *`.
    VaryAtEdge(Vec<HeaderName>),
    /// The response has `no-store` without `private`, and the edge cache does not always obey that. The audit therefore
    /// assumes that it stores the response.
    NoStoreAtEdge,
    /// No field gives the edge cache a directive, so its own default applies. `None` if the default is not known.
    HeuristicCaching(Option<HeuristicCaching>),
}

impl Storage {
    pub(super) const fn stored(reason: StorageReason) -> Self {
        Self { stored: true, reason }
    }

    pub(super) const fn not_stored(reason: StorageReason) -> Self {
        Self { stored: false, reason }
    }

    /// Returns whether the cache may store the response.
    #[must_use]
    pub const fn may_store(&self) -> bool {
        self.stored
    }

    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> &StorageReason {
        &self.reason
    }
}

impl StorageReason {
    /// Returns the rule behind this reason.
    ///
    /// ```
    /// use tower_cache_policy::audit::StorageReason;
    /// use tower_cache_policy::protocol::{StoragePermission, StorageProhibition};
    ///
    /// let allowed = StorageReason::Allowed(StoragePermission::MaxAge);
    /// assert_eq!(allowed.rule().section(), "RFC 9111 section 3");
    /// let forbidden = StorageReason::Forbidden(StorageProhibition::NoStore);
    /// assert_eq!(forbidden.rule().section(), "RFC 9111 section 5.2.2.5");
    /// ```
    #[must_use]
    pub const fn rule(&self) -> Rule {
        use StorageProhibition as No;
        match self {
            Self::Allowed(_) => Rule::new("S-01", "RFC 9111 section 3"),
            Self::Forbidden(no) => match no {
                No::Method => Rule::new("M-01", "RFC 9110 section 9.2.3"),
                No::NotTheTarget => Rule::new("M-02", "RFC 9110 section 9.3.3"),
                No::Interim | No::NothingAllows => Rule::new("S-01", "RFC 9111 section 3"),
                No::Status => Rule::new("N-09", "RFC 6585 sections 3 to 6"),
                No::NotUnderstood => Rule::new("C-28", "RFC 9111 section 5.2.2.3"),
                No::NoStore => Rule::new("C-23", "RFC 9111 section 5.2.2.5"),
                No::RequestNoStore => Rule::new("C-14", "RFC 9111 section 5.2.1.5"),
                No::Private => Rule::new("C-24", "RFC 9111 section 5.2.2.7"),
                No::Authorization => Rule::new("S-04", "RFC 9111 section 3.5"),
            },
            Self::EdgeField(_) | Self::EdgeFieldForbids(_) => Rule::new("T-05", "RFC 9213 section 2.2"),
            Self::SetCookieAtEdge => Rule::new("S-02", "RFC 9111 section 7.3"),
            Self::AuthorizationAtEdge => Rule::new("S-04", "RFC 9111 section 3.5"),
            Self::VaryAtEdge(_) => Rule::new("K-08", "RFC 9111 section 4.1"),
            Self::NoStoreAtEdge => Rule::new("G-07", "RFC 9111 section 5.2.2.5"),
            Self::HeuristicCaching(_) => Rule::new("G-14", "RFC 9111 section 4.2.2"),
        }
    }
}

impl fmt::Display for StorageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use StoragePermission as Yes;
        use StorageProhibition as No;
        match self {
            Self::Allowed(yes) => f.write_str(match yes {
                Yes::SMaxage => "`s-maxage` allows it",
                Yes::MaxAge => "`max-age` allows it",
                Yes::Expires => "`Expires` allows it",
                Yes::Public => "`public` allows it",
                Yes::Private => "`private` allows it",
                Yes::Status => "no directive forbids it, and the status is heuristically cacheable",
            }),
            Self::Forbidden(no) => f.write_str(match no {
                No::Method => "responses to this method are not stored",
                No::NotTheTarget => {
                    "responses to this method are stored only with a lifetime and a `Content-Location` that equals the \
                     target URL"
                }
                No::Interim => "it is an informational response",
                No::Status => "this status is never stored",
                No::NotUnderstood => "`must-understand`, and this crate does not know the status",
                No::NoStore => "`no-store`",
                No::RequestNoStore => "`no-store` in the request",
                No::Private => "`private`",
                No::Authorization => {
                    "the request has `Authorization`, and no directive allows a shared cache to store it"
                }
                No::NothingAllows => "no lifetime is stated, and the status is not heuristically cacheable",
            }),
            Self::EdgeField(field) => write!(f, "`{field}` allows it"),
            Self::EdgeFieldForbids(field) => write!(f, "`{field}` forbids it"),
            Self::SetCookieAtEdge => f.write_str("this cache does not store responses with `Set-Cookie`"),
            Self::AuthorizationAtEdge => {
                f.write_str("this cache does not store this response to a request with `Authorization`")
            }
            Self::VaryAtEdge(fields) if fields.is_empty() => {
                f.write_str("this cache does not store responses with `Vary: *`")
            }
            Self::VaryAtEdge(fields) => {
                f.write_str("this cache does not store responses whose `Vary` names ")?;
                for (index, field) in fields.iter().enumerate() {
                    write!(f, "{}`{field}`", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::NoStoreAtEdge => f.write_str("this cache does not always obey `no-store` without `private`"),
            Self::HeuristicCaching(unsaid) => f.write_str(match unsaid {
                Some(HeuristicCaching::NotStored) => "no directive allows it, and this cache requires one",
                Some(HeuristicCaching::ByExtension) => {
                    "without a directive, this cache decides by the file extension in the path"
                }
                Some(HeuristicCaching::ByLastModified) => "without a directive, this cache decides by `Last-Modified`",
                Some(HeuristicCaching::Validated) => {
                    "without a directive, this cache revalidates the response before each reuse"
                }
                Some(HeuristicCaching::StoredFor(_)) => "without a directive, this cache stores every response",
                None => "the behavior of this cache without a directive is not known",
            }),
        }
    }
}
