//! [`Ruling`]: the decision about one response, for outer layers.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};

#[cfg(feature = "routes")]
use super::CachePolicy;
use super::CacheTags;
use super::facts::{Facts, RequestFacts};
use super::guards::{Guard, GuardSet};
use super::rendered::EdgeDirectives;
use crate::protocol::{CacheControl, remove_fields};

/// The decision about one response, in its extensions. Outer layers compare the fields with it, and read again
/// only those that have changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ruling {
    /// The directives of `Cache-Control`.
    pub(crate) directives: CacheControl,
    /// The line of `Cache-Control` that was written, if there is exactly one.
    pub(crate) line: Option<HeaderValue>,
    /// The line of `Vary`, if there is exactly one.
    pub(crate) vary: Option<HeaderValue>,
    /// The status of the response. `None` if nothing was decided.
    pub(crate) status: Option<StatusCode>,
    /// The facts about request and response.
    pub(crate) seen: Facts,
    /// The guards that were switched off.
    pub(crate) waived: GuardSet,
    /// The field values that would have triggered those guards.
    pub(crate) accepted: Accepted,
    /// The directives for edge caches of the policy that was written, if they differ.
    pub(crate) edge: Option<Box<EdgeDirectives>>,
    /// The tags of routes.
    pub(crate) tags: CacheTags,
    /// Whether this 304 replaces a response of the handler, so that all its tags are known.
    pub(crate) stands_for_response: bool,
    /// Whether a layer overrode or tightened the handler's directives, so that the handler's lifetimes for edge caches
    /// no longer apply.
    pub(crate) replaces: bool,
    /// Whether the directives come from a policy, of a layer or in the handler's extensions.
    #[cfg(feature = "shared-cache")]
    pub(crate) by_policy: bool,
    /// Fields that only the profiles of an inner edge layer know.
    pub(crate) edge_names: Vec<HeaderName>,
}

/// The field values that would have triggered switched-off guards. The guards still apply to any other value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    guards: GuardSet,
    cookies: Vec<HeaderValue>,
    origin: Option<HeaderValue>,
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
            edge: EdgeDirectives::of(policy).map(Box::new),
            tags: tags.cloned().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The directives of `Cache-Control`, if the response has any.
    pub(crate) const fn directives(&self) -> &CacheControl {
        &self.directives
    }

    /// The line of `Cache-Control`, if there is exactly one.
    pub(crate) const fn line(&self) -> Option<&HeaderValue> {
        self.line.as_ref()
    }

    /// The directives for edge caches of the policy that was written, if they differ.
    pub(crate) fn edge(&self) -> Option<&EdgeDirectives> {
        self.edge.as_deref()
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
    #[cfg(feature = "shared-cache")]
    pub(crate) const fn is_empty(&self) -> bool {
        self.guards.is_empty()
    }

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
