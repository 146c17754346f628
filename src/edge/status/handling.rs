//! [`Handling`]: a member of the standard field `Cache-Status`.

use http::StatusCode;

use super::outcome::CacheOutcome;
use crate::protocol::Member;

/// A member of `Cache-Status`: how one cache handled a request (RFC 9211 section 2,
/// H-01, H-02).
///
/// A parameter of the wrong type is as good as absent. `key` is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    cache: Box<str>,
    hit: bool,
    fwd: Option<Box<str>>,
    fwd_status: Option<StatusCode>,
    ttl: Option<i64>,
    stored: bool,
    collapsed: bool,
    detail: Option<Box<str>>,
}

impl Handling {
    /// `None` when the member names no cache, as it must.
    pub(super) fn of_member(member: &Member<'_>) -> Option<Self> {
        let parameter = |key| member.parameters.get(key);
        let flag = |key| parameter(key).and_then(|value| value.as_boolean()).unwrap_or(false);
        let integer = |key| parameter(key).and_then(|value| value.as_integer());
        let text = |key| parameter(key).and_then(|value| value.as_text()).map(Into::into);
        let fwd_status = integer("fwd-status").and_then(|code| u16::try_from(code).ok());
        Some(Self {
            cache: member.item()?.as_text()?.into(),
            hit: flag("hit"),
            fwd: text("fwd"),
            fwd_status: fwd_status.and_then(|code| StatusCode::from_u16(code).ok()),
            ttl: integer("ttl"),
            stored: flag("stored"),
            collapsed: flag("collapsed"),
            detail: text("detail"),
        })
    }

    /// The name of the cache (RFC 9211 section 2, H-01).
    #[must_use]
    pub fn cache(&self) -> &str {
        &self.cache
    }

    /// Whether the cache answered without asking further (RFC 9211 section 2.1).
    #[must_use]
    pub fn hit(&self) -> bool {
        self.hit
    }

    /// Why the request went further, if it did: `bypass`, `method`, `uri-miss`,
    /// `vary-miss`, `miss`, `request`, `stale` or `partial` (RFC 9211 section 2.2).
    #[must_use]
    pub fn fwd(&self) -> Option<&str> {
        self.fwd.as_deref()
    }

    /// The status that the next server answered with (RFC 9211 section 2.3).
    #[must_use]
    pub fn fwd_status(&self) -> Option<StatusCode> {
        self.fwd_status
    }

    /// Seconds for which the answer stays fresh, less than zero when it is stale (RFC
    /// 9211 section 2.4).
    #[must_use]
    pub fn ttl(&self) -> Option<i64> {
        self.ttl
    }

    /// Whether the cache stored the answer (RFC 9211 section 2.5).
    #[must_use]
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// Whether the request went further as one with others (RFC 9211 section 2.6).
    #[must_use]
    pub fn collapsed(&self) -> bool {
        self.collapsed
    }

    /// What the cache adds in words of its own (RFC 9211 section 2.8).
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What it comes to. `fwd` beside `hit`, which must not be (H-02), is believed.
    pub(super) fn outcome(&self) -> CacheOutcome {
        match self.fwd() {
            None if self.hit && self.ttl.is_some_and(|ttl| ttl < 0) => CacheOutcome::Stale,
            None if self.hit => CacheOutcome::Hit,
            Some("miss" | "uri-miss" | "vary-miss" | "partial") => CacheOutcome::Miss,
            Some("stale") if self.fwd_status == Some(StatusCode::NOT_MODIFIED) => CacheOutcome::Revalidated,
            Some("stale") => CacheOutcome::Expired,
            Some("bypass" | "method" | "request") => CacheOutcome::Bypass,
            None | Some(_) => CacheOutcome::Unknown,
        }
    }
}
