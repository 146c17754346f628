//! [`Ruling`]: the decision about one response, for outer layers.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::facts::{Facts, RequestFacts};
use super::guards::{Guard, GuardSet};
use super::{CachePolicy, CacheTags};
use crate::protocol::{CacheControl, remove_fields};

/// The decision about one response, in its extensions. Outer layers compare the fields with it, and read again
/// only those that have changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ruling {
    /// The directives of `Cache-Control`.
    pub(super) directives: CacheControl,
    /// The line of `Cache-Control` that was written, if there is exactly one.
    pub(super) line: Option<HeaderValue>,
    /// The line of `Vary`, if there is exactly one.
    pub(super) vary: Option<HeaderValue>,
    /// The status of the response. `None` if nothing was decided.
    pub(super) status: Option<StatusCode>,
    /// The facts about request and response.
    pub(super) seen: Facts,
    /// The guards that were switched off.
    pub(super) waived: GuardSet,
    /// The field values that would have triggered those guards.
    pub(super) accepted: Accepted,
    /// The policy that was written, if it gives edge caches more than `Cache-Control` does.
    pub(super) edge_policy: Option<CachePolicy>,
    /// The tags of routes.
    pub(super) tags: CacheTags,
    /// Whether this 304 replaces a response of the handler, so that all its tags are known.
    pub(super) stands_for_response: bool,
    /// Whether a layer overrode or tightened the handler's directives, so that the handler's lifetimes for edge caches
    /// no longer apply.
    pub(super) replaces: bool,
    /// Whether the directives come from a policy, of a layer or in the handler's extensions.
    #[cfg(feature = "shared-cache")]
    pub(super) by_policy: bool,
    /// Fields that only the profiles of an inner edge layer know.
    pub(super) edge_names: Vec<HeaderName>,
}

/// The field values that would have triggered switched-off guards. The guards still apply to any other value.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepted {
    guards: GuardSet,
    cookies: Vec<HeaderValue>,
    origin: Option<HeaderValue>,
}

/// A ruling as plain values, for records that other processes read.
#[cfg(feature = "shared-cache")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RulingParts {
    /// The directives, in canonical form.
    pub(crate) directives: Option<HeaderValue>,
    pub(crate) line: Option<HeaderValue>,
    pub(crate) vary: Option<HeaderValue>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) facts: u32,
    pub(crate) waived: u16,
    /// The policy for edge caches, as [`CachePolicy::to_numbers`] writes it.
    pub(crate) edge_policy: Option<[u32; 6]>,
    pub(crate) tags: CacheTags,
    pub(crate) edge_names: Vec<HeaderName>,
    pub(crate) stands_for_response: bool,
    pub(crate) replaces: bool,
    pub(crate) by_policy: bool,
}

/// Marks, in the extensions, a 304 without a storage decision. The handler may have narrowed the policy of its
/// 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unruled {
    /// The 304 was created before the handler ran.
    BeforeHandler,
    /// The inner service created the 304, and the policy depends on the content, which a 304 does not have.
    WithoutContent,
}

impl Ruling {
    /// The ruling of a policy if no guard has a reason to act.
    #[cfg(feature = "routes")]
    pub(crate) fn for_policy(policy: CachePolicy, tags: Option<&CacheTags>) -> Self {
        Self {
            directives: policy.into(),
            line: Some(CacheControl::from(policy).to_header_value()),
            edge_policy: policy.says_more_to_edges().then_some(policy),
            tags: tags.cloned().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Returns the ruling as plain values. Returns `None` if another process could not restore it: it depends on field
    /// values that were accepted in place of a guard, or on directives that their text does not contain.
    #[cfg(feature = "shared-cache")]
    pub(crate) fn to_parts(&self) -> Option<RulingParts> {
        let parts = RulingParts {
            directives: (!self.directives.is_empty()).then(|| self.directives.to_header_value()),
            line: self.line.clone(),
            vary: self.vary.clone(),
            status: self.status,
            facts: self.seen.bits(),
            waived: self.waived.bits(),
            edge_policy: self.edge_policy.map(|policy| policy.to_numbers()),
            tags: self.tags.clone(),
            edge_names: self.edge_names.clone(),
            stands_for_response: self.stands_for_response,
            replaces: self.replaces,
            by_policy: self.by_policy,
        };
        let is_complete = self.accepted.guards == GuardSet::EMPTY
            && Self::from_parts(parts.clone()).is_some_and(|restored| restored.directives == self.directives);
        is_complete.then_some(parts)
    }

    /// Restores a ruling.
    #[cfg(feature = "shared-cache")]
    pub(crate) fn from_parts(parts: RulingParts) -> Option<Self> {
        let edge_policy = match parts.edge_policy {
            Some(numbers) => Some(CachePolicy::from_numbers(numbers)?),
            None => None,
        };
        Some(Self {
            directives: CacheControl::parse(&parts.directives),
            line: parts.line,
            vary: parts.vary,
            status: parts.status,
            seen: Facts::from_bits(parts.facts),
            waived: GuardSet::from_bits(parts.waived),
            accepted: Accepted::default(),
            edge_policy,
            tags: parts.tags,
            stands_for_response: parts.stands_for_response,
            replaces: parts.replaces,
            by_policy: parts.by_policy,
            edge_names: parts.edge_names,
        })
    }

    /// The directives of `Cache-Control`, if the response has any.
    pub(crate) const fn directives(&self) -> &CacheControl {
        &self.directives
    }

    /// The line of `Cache-Control`, if there is exactly one.
    pub(crate) const fn line(&self) -> Option<&HeaderValue> {
        self.line.as_ref()
    }

    /// The policy that was written, if it gives edge caches more than `Cache-Control` does.
    pub(crate) const fn edge_policy(&self) -> Option<CachePolicy> {
        self.edge_policy
    }

    /// Whether a layer overrode or tightened the handler's directives, so that the handler's lifetimes for edge caches
    /// no longer apply.
    pub(crate) const fn replaces_handler(&self) -> bool {
        self.replaces
    }

    /// Whether the response was left with a field for edge caches.
    pub(crate) const fn has_edge_field(&self) -> bool {
        self.seen.has(Facts::EDGE_FIELD)
    }

    /// Whether the directives come from a policy, of a layer or in the handler's extensions.
    #[cfg(feature = "shared-cache")]
    pub(crate) const fn is_by_policy(&self) -> bool {
        self.by_policy
    }

    /// Whether the ruling was made for a response with this status.
    #[cfg(feature = "shared-cache")]
    pub(crate) fn is_of_status(&self, status: StatusCode) -> bool {
        self.has_directives() && self.status == Some(status)
    }

    /// The directives of the policy for edge caches, if it gives them more than `Cache-Control` does, and no guard or
    /// outer layer has changed it.
    #[cfg(feature = "shared-cache")]
    pub(crate) fn policy_for_edges(&self) -> Option<CacheControl> {
        let policy = self.edge_policy.filter(|policy| CacheControl::from(*policy) == self.directives)?;
        Some(policy.at_the_edge())
    }

    /// Whether the request or the response is marked as [`Personalized`](super::Personalized), or the request has
    /// credentials or another field that its response must not be shared for.
    #[cfg(feature = "shared-cache")]
    pub(crate) const fn is_for_one_client(&self) -> bool {
        self.seen.has(Facts::OF_REQUEST)
    }

    /// The tags of routes. `None` if the handler's tags are not known, as for a 304 from before the handler: a
    /// cache would replace its complete list with the incomplete one.
    // N-06
    pub(crate) fn tags(&self, status: StatusCode) -> Option<&CacheTags> {
        (status != StatusCode::NOT_MODIFIED || self.stands_for_response).then_some(&self.tags)
    }

    /// The known tags, which may be incomplete.
    pub(crate) const fn known_tags(&self) -> &CacheTags {
        &self.tags
    }

    /// Appends the handler's tags to those of routes.
    pub(crate) fn add_tags(&mut self, tags: &CacheTags) {
        self.tags.unite(tags);
    }

    /// Prepares the ruling for the outer layers of an edge layer, which has changed the lines and knows these fields.
    /// Returns whether an outer layer needs the ruling.
    pub(crate) fn leave_edge(&mut self, own_names: &[HeaderName], request: RequestFacts) -> bool {
        for name in own_names {
            if !self.edge_names.contains(name) {
                self.edge_names.push(name.clone());
            }
        }
        (self.line, self.vary, self.status) = (None, None, None);
        request.ruling_is_wanted || !self.edge_names.is_empty()
    }

    /// Removes the ruling of a 200 that became a 412, and the fields for edge caches that only a profile knows.
    pub(crate) fn forget(headers: &mut HeaderMap, extensions: &mut Extensions) {
        if let Some(ruling) = extensions.remove::<Self>() {
            remove_fields(headers, |name| ruling.edge_names.contains(name));
        }
    }

    /// Records that the 304 with these extensions replaces a response of the handler.
    pub(crate) fn stand_for_response(extensions: &mut Extensions) {
        extensions.get_or_insert_default::<Self>().stands_for_response = true;
    }

    /// Whether `Cache-Control` of a response with these facts is still the line that was written.
    pub(super) fn wrote_line_of(&self, facts: Facts, headers: &HeaderMap) -> bool {
        match &self.line {
            Some(line) => !facts.has(Facts::SEVERAL_LINES) && headers.get(CACHE_CONTROL) == Some(line),
            None => self.status.is_some() && !facts.has(Facts::CACHE_CONTROL),
        }
    }

    /// The guards whose condition was met and that need not act again.
    pub(super) fn satisfied(&self) -> GuardSet {
        GuardSet::seeing(self.seen).without(self.waived)
    }

    /// Whether `Cache-Control` has a known directive. Otherwise an outer policy still applies.
    pub(super) fn has_directives(&self) -> bool {
        !self.directives.is_empty() && !self.directives.has_extensions_only()
    }

    /// Whether the ruling is for this status, or for the 200 that a 304 replaces.
    pub(super) fn is_for(&self, status: StatusCode) -> bool {
        let class = |status: StatusCode| match status.as_u16() {
            200 | 203 | 206 | 304 => 200,
            other => other,
        };
        self.status.is_some_and(|own| class(own) == class(status))
    }
}

impl Accepted {
    /// Records the values in this response that would have triggered switched-off guards.
    pub(super) fn add(&mut self, waived: GuardSet, facts: Facts, headers: &HeaderMap) {
        if waived.is_empty() {
            return;
        }
        let guards = waived.common(GuardSet::seeing(facts));
        self.guards = self.guards.union(guards);
        if guards.contains(Guard::SetCookie) {
            self.cookies.extend(headers.get_all(SET_COOKIE).iter().cloned());
        }
        if guards.contains(Guard::Cors) {
            self.origin = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned();
        }
    }

    /// The guards that only accepted values in this response trigger, so they need not act.
    pub(super) fn still_covers(&self, headers: &HeaderMap) -> GuardSet {
        let mut guards = self.guards;
        if guards.is_empty() {
            return guards;
        }
        let cookies = headers.get_all(SET_COOKIE);
        if guards.contains(Guard::SetCookie) && !cookies.iter().all(|cookie| self.cookies.contains(cookie)) {
            guards.remove(Guard::SetCookie);
        }
        let mut origins = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter();
        if guards.contains(Guard::Cors) && !origins.all(|origin| Some(origin) == self.origin.as_ref()) {
            guards.remove(Guard::Cors);
        }
        guards
    }
}
