//! [`CacheStatusMember`]: one member of the standard field `Cache-Status`.

use http::StatusCode;

use super::lenient::LenientMember;
use super::outcome::CacheOutcome;
use crate::protocol::{BareItem, Member};

/// One member of `Cache-Status`, which reports how one cache handled a request ([RFC 9211 section 2]).
///
/// A parameter of the wrong type is treated as missing. The parameter `key` is not available.
///
/// [RFC 9211 section 2]: https://www.rfc-editor.org/rfc/rfc9211#section-2
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::edge::CacheStatus;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-status", HeaderValue::from_static("edge; fwd=uri-miss; stored; collapsed"));
/// let status = CacheStatus::from_headers(&headers).unwrap();
///
/// // The page was not in the cache. Several clients requested it at once, and the next one gets a hit.
/// let member = status.handling().unwrap();
/// assert!(!member.hit());
/// assert_eq!(member.fwd(), Some("uri-miss"));
/// assert!(member.stored() && member.collapsed());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheStatusMember {
    cache: Box<str>,
    hit: bool,
    fwd: Option<Box<str>>,
    fwd_status: Option<StatusCode>,
    ttl: Option<i64>,
    stored: bool,
    collapsed: bool,
    detail: Option<Box<str>>,
}

impl CacheStatusMember {
    /// Reads a member of a valid List. Returns `None` if the member does not name a cache.
    #[inline]
    pub(super) fn of_member(member: &Member<'_>) -> Option<Self> {
        Some(Self::new(member.item()?.as_text()?, |key| member.parameters.get(key)))
    }

    /// Like [`of_member`](Self::of_member), for a member of an invalid List.
    #[inline]
    pub(super) fn of_lenient_member(member: &LenientMember<'_>) -> Option<Self> {
        Some(Self::new(member.cache()?, |key| member.parameter(key)))
    }

    #[inline]
    fn new<'a, 'b: 'a>(cache: &str, parameter: impl Fn(&str) -> Option<&'a BareItem<'b>>) -> Self {
        let flag = |key| parameter(key).and_then(BareItem::as_boolean).unwrap_or(false);
        let integer = |key| parameter(key).and_then(BareItem::as_integer);
        let text = |key| parameter(key).and_then(BareItem::as_text).map(Into::into);
        let fwd_status = integer("fwd-status").and_then(|code| u16::try_from(code).ok());
        Self {
            cache: cache.into(),
            hit: flag("hit"),
            fwd: text("fwd"),
            fwd_status: fwd_status.and_then(|code| StatusCode::from_u16(code).ok()),
            ttl: integer("ttl"),
            stored: flag("stored"),
            collapsed: flag("collapsed"),
            detail: text("detail"),
        }
    }

    /// Returns the name of the cache.
    #[must_use]
    #[inline]
    pub fn cache(&self) -> &str {
        &self.cache
    }

    /// Returns whether the cache responded without forwarding the request
    /// ([`hit`](https://www.rfc-editor.org/rfc/rfc9211#section-2.1)).
    #[must_use]
    #[inline]
    pub fn hit(&self) -> bool {
        self.hit
    }

    /// Returns why the cache forwarded the request: `bypass`, `method`, `uri-miss`, `vary-miss`, `miss`, `request`,
    /// `stale` or `partial` ([`fwd`](https://www.rfc-editor.org/rfc/rfc9211#section-2.2)). Returns `None` if it did
    /// not.
    ///
    /// [`ForwardReason`](crate::edge::ForwardReason) explains these values.
    #[must_use]
    #[inline]
    pub fn fwd(&self) -> Option<&str> {
        self.fwd.as_deref()
    }

    /// Returns the status of the next server's response
    /// ([`fwd-status`](https://www.rfc-editor.org/rfc/rfc9211#section-2.3)).
    #[must_use]
    #[inline]
    pub fn fwd_status(&self) -> Option<StatusCode> {
        self.fwd_status
    }

    /// Returns the remaining freshness lifetime in seconds, negative if the response is stale
    /// ([`ttl`](https://www.rfc-editor.org/rfc/rfc9211#section-2.4)).
    ///
    /// A negative value together with [`hit`](Self::hit) is a stale response.
    #[must_use]
    #[inline]
    pub fn ttl(&self) -> Option<i64> {
        self.ttl
    }

    /// Returns whether the cache stored the response ([`stored`](https://www.rfc-editor.org/rfc/rfc9211#section-2.5)).
    #[must_use]
    #[inline]
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// Returns whether the cache combined the request with others when it forwarded it
    /// ([`collapsed`](https://www.rfc-editor.org/rfc/rfc9211#section-2.6)).
    #[must_use]
    #[inline]
    pub fn collapsed(&self) -> bool {
        self.collapsed
    }

    /// Returns further information, in the format of the cache
    /// ([`detail`](https://www.rfc-editor.org/rfc/rfc9211#section-2.8)).
    #[must_use]
    #[inline]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns the outcome. The standard forbids `hit` together with `fwd`. Such a member counts as stale if `fwd` is
    /// `stale`. Otherwise, it does not count as a hit.
    // H-02
    #[inline]
    pub(super) fn outcome(&self) -> CacheOutcome {
        match self.fwd() {
            None if self.hit && self.ttl.is_some_and(|ttl| ttl < 0) => CacheOutcome::Stale,
            None if self.hit => CacheOutcome::Hit,
            Some("miss" | "uri-miss" | "vary-miss" | "partial") => CacheOutcome::Miss,
            Some("stale") if self.fwd_status == Some(StatusCode::NOT_MODIFIED) => CacheOutcome::Revalidated,
            Some("stale") if self.hit => CacheOutcome::Stale,
            Some("stale") => CacheOutcome::Expired,
            Some("bypass" | "method" | "request") => CacheOutcome::Bypass,
            None | Some(_) => CacheOutcome::Unknown,
        }
    }
}
