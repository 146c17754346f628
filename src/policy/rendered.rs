//! [`Rendered`] and [`RenderedVary`]: policies and `Vary` names with their rendered field values.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::CachePolicy;
use super::facts::Facts;
use super::guards::{Guard, GuardSet};
use super::recent::Recent;
use crate::protocol::{CacheControl, Vary, VaryLines, set_field};

/// A policy with its directives and field values.
///
/// That of a layer is rendered when the layer is built. A response then needs no formatting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    policy: CachePolicy,
    directives: CacheControl,
    value: HeaderValue,
    /// The directives that exclude shared caches.
    // SPD
    private_directives: CacheControl,
    private: HeaderValue,
    edge: Option<Box<EdgeDirectives>>,
    vary: Option<RenderedVary>,
    /// Whether the policy writes only `Cache-Control`.
    is_one_line: bool,
    /// Whether an edge layer can read the complete policy from that line.
    is_plain: bool,
}

/// The directives of a policy for a field that only edge caches read, which differ from those of `Cache-Control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EdgeDirectives {
    pub(crate) directives: CacheControl,
    /// Whether browsers must not store the response.
    pub(crate) edge_only: bool,
}

/// The names that responses add to `Vary`, with their field value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RenderedVary {
    names: Vary,
    value: HeaderValue,
}

/// The policy of a layer, or one that a closure or a handler returned.
#[derive(Clone, Debug)]
pub(crate) enum RenderedPolicy<'a> {
    OfLayer(&'a Rendered),
    OfRequest(&'a Rendered),
    Recent(Arc<Rendered>),
}

impl Rendered {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        let mut new = Self::with_values(policy, uncounted);
        let is_complete = new.is_one_line && new.edge.is_none() && !new.directives.immutable();
        new.is_plain = is_complete && is_of_layer(&new.value) && CacheControl::parse([&new.value]) == new.directives;
        new
    }

    fn with_values(policy: CachePolicy, value: fn(&HeaderValue) -> HeaderValue) -> Self {
        let directives = CacheControl::from(policy);
        let private = directives.clone().to_private();
        let names = Vary::of(policy.vary_names());
        Self {
            policy,
            value: value(&directives.to_header_value()),
            private: value(&private.to_header_value()),
            private_directives: private,
            edge: EdgeDirectives::of(policy).map(Box::new),
            is_one_line: names.is_empty() && !policy.is_for_http10(),
            is_plain: false,
            vary: (!names.is_empty()).then(|| RenderedVary { value: value(&names.to_header_value()), names }),
            directives,
        }
    }

    /// Renders the policy of a single request or response, unless this thread has rendered it recently.
    pub(super) fn recall(policy: CachePolicy) -> Arc<Self> {
        thread_local! {
            static RECENT: Recent<Arc<Rendered>> = const { Recent::new() };
        }
        let make = || Arc::new(Self::with_values(policy, counted_once));
        Arc::clone(&Recent::recall(&RECENT, policy.short_hash(), |known| known.policy == policy, make))
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    /// Returns the policy if its line is all that a layer with plain rules writes into a response with these facts: neither
    /// another field nor the policy itself changes more. A guard can still make the line private.
    #[inline(always)]
    pub(super) fn usual(&self, facts: Facts, waived: GuardSet, headers: &HeaderMap) -> Option<&Self> {
        const UNUSUAL: Facts = Facts::DISPUTING
            .without(Facts::UNTYPED_NOT_MODIFIED)
            .without(GuardSet::SEEN_AGAINST_SHARING)
            .and(Facts::CACHE_CONTROL);
        #[cfg(test)]
        if crate::protocol::counters::decides_in_full() {
            return None;
        }
        let may_be_page = facts.has(Facts::PAGE.and(Facts::UNTYPED_NOT_MODIFIED)) && !waived.contains(Guard::Immutable);
        if facts.has(UNUSUAL) || !self.is_one_line || (may_be_page && self.directives.immutable()) {
            return None;
        }
        if facts.has(Facts::VARY.and(Facts::ONE_ORIGIN)) {
            let lines = VaryLines::read(headers, "origin");
            if lines.have_any || (facts.has(Facts::ONE_ORIGIN) && !lines.have_name) {
                return None;
            }
        }
        #[cfg(test)]
        crate::protocol::counters::count(|counts| {
            counts.usual += 1;
            counts.decisions += 1;
        });
        Some(self)
    }

    pub(super) const fn directives(&self) -> &CacheControl {
        &self.directives
    }

    #[inline]
    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }

    pub(super) const fn private_directives(&self) -> &CacheControl {
        &self.private_directives
    }

    #[inline]
    pub(super) fn private(&self) -> HeaderValue {
        self.private.clone()
    }

    /// Returns whether the line is equal to this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    /// Whether an edge layer can read the complete policy, and that it is one of a layer, from the line.
    pub(super) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(super) fn edge(&self) -> Option<Box<EdgeDirectives>> {
        self.edge.clone()
    }

    pub(crate) const fn vary(&self) -> Option<&RenderedVary> {
        self.vary.as_ref()
    }
}

impl EdgeDirectives {
    /// Returns `None` if the policy gives edges no more than `Cache-Control` does.
    pub(super) fn of(policy: CachePolicy) -> Option<Self> {
        let new = || Self { directives: policy.at_the_edge(), edge_only: policy.is_edge_only() };
        policy.says_more_to_edges().then(new)
    }
}

impl RenderedPolicy<'_> {
    /// Renders the policy that a handler returned.
    pub(super) fn of_response(policy: CachePolicy) -> Self {
        Self::Recent(Rendered::recall(policy))
    }
}

impl Deref for RenderedPolicy<'_> {
    type Target = Rendered;

    fn deref(&self) -> &Rendered {
        match self {
            Self::OfLayer(rendered) | Self::OfRequest(rendered) => rendered,
            Self::Recent(rendered) => rendered,
        }
    }
}

impl RenderedVary {
    /// Renders the names, or returns `None` if there are none.
    #[cfg(feature = "routes")]
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        Self::of_names(Vary::of(names))
    }

    /// Renders the names, or returns `None` if there are none.
    pub(crate) fn of_names(names: Vary) -> Option<Self> {
        (!names.is_empty()).then(|| Self { value: uncounted(&names.to_header_value()), names })
    }

    /// Renders the names of a policy.
    #[cfg(feature = "routes")]
    pub(crate) fn of(policy: CachePolicy) -> Option<Self> {
        Self::new(policy.vary_names())
    }

    /// Writes the field into a response without `Vary`.
    pub(crate) fn set_in(&self, headers: &mut HeaderMap) {
        set_field(headers, VARY, self.value.clone());
    }

    /// Returns whether the line is equal to this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    pub(crate) const fn names(&self) -> &Vary {
        &self.names
    }

    pub(crate) fn into_names(self) -> Vary {
        self.names
    }
}

/// Field values in static memory, which is never freed. Other values count their clones, in memory that all threads
/// write to.
///
/// Only the first values are moved there. An application configures fewer policies than that.
pub(crate) struct StaticValues([OnceLock<&'static str>; 128]);

static OF_LAYERS: StaticValues = StaticValues::new();

impl StaticValues {
    const MAX_LENGTH: usize = 256;

    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; 128])
    }

    /// Returns an equal value without a counter, if there is room for it.
    pub(crate) fn uncounted(&'static self, value: &HeaderValue) -> HeaderValue {
        let text = value.to_str().ok().filter(|text| text.len() <= Self::MAX_LENGTH);
        let found = text.and_then(|text| {
            let mut known = self.0.iter().map(|slot| *slot.get_or_init(|| Box::leak(text.into())));
            known.find(|known| *known == text)
        });
        found.map_or_else(|| counted_once(value), HeaderValue::from_static)
    }

    /// Whether the value is in this memory. An equal text of a handler is elsewhere.
    fn contain(&self, value: &HeaderValue) -> bool {
        self.0.iter().map_while(OnceLock::get).any(|known| std::ptr::eq(known.as_bytes(), value.as_bytes()))
    }
}

fn uncounted(value: &HeaderValue) -> HeaderValue {
    OF_LAYERS.uncounted(value)
}

/// Whether a layer wrote this value.
pub(super) fn is_of_layer(value: &HeaderValue) -> bool {
    OF_LAYERS.contain(value)
}

/// Clones the value once. The first clone of an owned value allocates the reference count; later clones do not.
fn counted_once(value: &HeaderValue) -> HeaderValue {
    value.clone()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_layer_is_recognized_by_the_memory_of_its_value() {
        let value = Rendered::new(CachePolicy::NO_CACHE).value();
        assert!(is_of_layer(&value) && is_of_layer(&value.clone()));
        assert!(!is_of_layer(&HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        assert!(!is_of_layer(&RenderedPolicy::of_response(CachePolicy::NO_CACHE).value()));
    }

    #[test]
    fn a_plain_policy_has_no_more_than_its_line() {
        let minute = CachePolicy::public(Duration::from_secs(60));
        for (policy, is_plain) in [
            (minute, true),
            (CachePolicy::NO_STORE, true),
            (minute.edge(Duration::from_secs(600)), true),
            (CachePolicy::edge_only(Duration::from_secs(600)), false),
            (minute.vary(&["accept"]), false),
            (CachePolicy::NO_CACHE.with_http10_fields(), false),
            (CachePolicy::IMMUTABLE, false),
        ] {
            assert_eq!(Rendered::new(policy).is_plain(), is_plain, "{policy:?}");
        }
        assert!(!RenderedPolicy::of_response(minute).is_plain());
    }
}
