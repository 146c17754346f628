//! [`Ruling`]: what was decided about one response, as it travels to the layers further out.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::facts::{Facts, RequestFacts};
use super::guards::{Guard, GuardSet};
use super::{CachePolicy, CacheTags, Personalized};
use crate::protocol::{CacheControl, remove_fields};

/// What was decided about one response: in its extensions, for the layers further out. They compare the
/// fields with it, and read again only what has changed since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ruling {
    /// What `Cache-Control` says.
    pub(super) directives: Directives,
    /// Its one line, as it was left.
    pub(super) line: Option<HeaderValue>,
    /// The one line of `Vary`, as it was left.
    pub(super) vary: Option<HeaderValue>,
    /// The status that was decided about. `None` where nothing was decided.
    pub(super) status: Option<StatusCode>,
    /// What request and response showed.
    pub(super) seen: Facts,
    /// The guards that were switched off.
    pub(super) waived: GuardSet,
    /// What those guards saw.
    pub(super) accepted: Accepted,
    /// The policy that was written, where it gives edges more than `Cache-Control` says.
    pub(super) edge_policy: Option<CachePolicy>,
    /// The tags of routes.
    pub(super) tags: CacheTags,
    /// Whether this 304 stands for a response that a handler made, so that all its tags are known.
    pub(super) stands_for_response: bool,
    /// Whether a layer overrode or tightened what the handler said, so that no lifetime of the handler counts.
    pub(super) replaces: bool,
    /// Fields that only the profiles of an edge layer further in know.
    pub(super) edge_names: Vec<HeaderName>,
}

/// What `Cache-Control` says.
#[derive(Clone, Debug, Default)]
pub(crate) enum Directives {
    #[default]
    Nothing,
    /// What the policy says.
    Policy(CachePolicy),
    /// What is left of the policy for the client's own cache.
    Private(CachePolicy),
    Field(CacheControl),
}

/// What the guards saw that were switched off, by value: whatever else they would see is guarded.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepted {
    guards: GuardSet,
    cookies: Vec<HeaderValue>,
    origin: Option<HeaderValue>,
}

/// What the extensions of a response hold about storing it. Mostly nothing, and then nothing is looked up.
#[derive(Debug, Default)]
pub(super) struct HandlerExtensions {
    /// The handler's.
    pub(super) policy: Option<CachePolicy>,
    pub(super) personalized: bool,
    pub(super) unruled: Option<Unruled>,
    /// Whether a layer further in left its [`Ruling`].
    pub(super) has_ruling: bool,
}

/// In the extensions of a 304 on which nobody has said how long it may be stored. Its 200 may say less than any
/// layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unruled {
    /// It was made before the handler ran.
    BeforeHandler,
    /// The inner service made it, and the policy goes by a content that it does not have.
    WithoutContent,
}

impl Ruling {
    /// The ruling that a policy comes to where no guard has a reason to act.
    #[cfg(feature = "routes")]
    pub(crate) fn for_policy(policy: CachePolicy, tags: Option<&CacheTags>) -> Self {
        Self {
            directives: Directives::Policy(policy),
            line: Some(CacheControl::from(policy).to_header_value()),
            edge_policy: policy.says_more_to_edges().then_some(policy),
            tags: tags.cloned().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The directives of `Cache-Control`, if the response has any.
    pub(crate) fn cache_control(&self) -> CacheControl {
        self.directives.to_cache_control()
    }

    /// The line that states them, if there is one line.
    pub(crate) const fn line(&self) -> Option<&HeaderValue> {
        self.line.as_ref()
    }

    /// The policy that was written, where it gives edges more than `Cache-Control` says.
    pub(crate) const fn edge_policy(&self) -> Option<CachePolicy> {
        self.edge_policy
    }

    /// Whether a layer overrode or tightened what the handler said, so that no lifetime of the handler counts.
    pub(crate) const fn replaces_handler(&self) -> bool {
        self.replaces
    }

    /// Whether the response was left with a field for edges.
    pub(crate) const fn has_edge_field(&self) -> bool {
        self.seen.has(Facts::EDGE_FIELD)
    }

    /// The tags of routes. `None` where those of the handler are not known, as on a 304 that was decided
    /// without it: a cache would put a part of them in the place of all that it has (N-06).
    pub(crate) fn tags(&self, status: StatusCode) -> Option<&CacheTags> {
        (status != StatusCode::NOT_MODIFIED || self.stands_for_response).then_some(&self.tags)
    }

    /// Adds the tags that a handler gave, after those of routes.
    pub(crate) fn add_tags(&mut self, tags: &CacheTags) {
        self.tags.unite(tags);
    }

    /// Leaves what layers further out have to know of a response that an edge layer has written: its fields are
    /// no longer those that were ruled.
    pub(crate) fn leave_after_edge(
        mut self,
        own_names: &[HeaderName],
        request: RequestFacts,
        extensions: &mut Extensions,
    ) {
        for name in own_names {
            if !self.edge_names.contains(name) {
                self.edge_names.push(name.clone());
            }
        }
        if request.ruling_is_wanted || !self.edge_names.is_empty() {
            (self.line, self.vary, self.status) = (None, None, None);
            extensions.insert(self);
        }
    }

    /// Removes what was decided about a 200 that became a 412, with the fields for edges that only a profile
    /// knows.
    pub(crate) fn forget(headers: &mut HeaderMap, extensions: &mut Extensions) {
        if let Some(ruling) = extensions.remove::<Self>() {
            remove_fields(headers, |name| ruling.edge_names.contains(name));
        }
    }

    /// Notes that the 304 with these extensions stands for a response that a handler made.
    pub(crate) fn stand_for_response(extensions: &mut Extensions) {
        extensions.get_or_insert_default::<Self>().stands_for_response = true;
    }

    /// The guards that acted on what they saw, or had nothing to change.
    pub(super) fn satisfied(&self) -> GuardSet {
        GuardSet::seeing(self.seen).without(self.waived)
    }

    /// Whether it was made for this status, or for one that a 304 stands for.
    pub(super) fn is_for(&self, status: StatusCode) -> bool {
        let class = |status: StatusCode| match status.as_u16() {
            200 | 203 | 206 | 304 => 200,
            other => other,
        };
        self.status.is_some_and(|own| class(own) == class(status))
    }
}

impl Directives {
    pub(super) fn to_cache_control(&self) -> CacheControl {
        match self {
            Self::Nothing => CacheControl::new(),
            Self::Policy(policy) => (*policy).into(),
            Self::Private(policy) => CacheControl::from(*policy).to_private(),
            Self::Field(field) => field.clone(),
        }
    }
}

impl Accepted {
    /// Adds what the waived guards see in this response.
    pub(super) fn add(&mut self, waived: GuardSet, facts: Facts, headers: &HeaderMap) {
        let guards = waived.common(GuardSet::seeing(facts));
        self.guards = self.guards.union(guards);
        if guards.contains(Guard::SetCookie) {
            self.cookies.extend(headers.get_all(SET_COOKIE).iter().cloned());
        }
        if guards.contains(Guard::Cors) {
            self.origin = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned();
        }
    }

    /// The guards that need not act, because they see nothing but what was accepted.
    pub(super) fn still_covers(&self, headers: &HeaderMap) -> GuardSet {
        let mut guards = self.guards;
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

impl HandlerExtensions {
    /// Takes the handler's policy out: a layer further out must not undo what a guard makes of it here.
    pub(super) fn take_from(extensions: &mut Extensions) -> Self {
        if extensions.is_empty() {
            return Self::default();
        }
        Self {
            policy: extensions.remove::<CachePolicy>(),
            personalized: extensions.get::<Personalized>().is_some(),
            unruled: extensions.get::<Unruled>().copied(),
            has_ruling: extensions.get::<Ruling>().is_some(),
        }
    }
}
