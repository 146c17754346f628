//! [`Rendered`] and [`RenderedVary`]: policies and `Vary` names with their rendered field values.

use std::ops::Deref;
use std::rc::Rc;
use std::sync::OnceLock;

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::CachePolicy;
use super::recent::Recent;
use crate::protocol::{CacheControl, Vary, set_field};

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
    vary: Option<RenderedVary>,
    is_one_line: bool,
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
    Recent(Rc<Rendered>),
}

impl Rendered {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        Self::with_values(policy, uncounted)
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
            is_one_line: names.is_empty() && !policy.is_for_http10() && !policy.is_immutable(),
            vary: (!names.is_empty()).then(|| RenderedVary { value: value(&names.to_header_value()), names }),
            directives,
        }
    }

    pub(crate) const fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(super) const fn directives(&self) -> &CacheControl {
        &self.directives
    }

    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }

    pub(super) const fn private_directives(&self) -> &CacheControl {
        &self.private_directives
    }

    pub(super) fn private(&self) -> HeaderValue {
        self.private.clone()
    }

    /// Returns whether the line is equal to this value, byte for byte.
    pub(super) fn is(&self, line: &HeaderValue) -> bool {
        self.value == *line
    }

    /// Whether the policy writes only `Cache-Control`, whatever the content is.
    pub(super) const fn is_one_line(&self) -> bool {
        self.is_one_line
    }

    pub(crate) const fn vary(&self) -> Option<&RenderedVary> {
        self.vary.as_ref()
    }
}

impl RenderedPolicy<'_> {
    /// Renders a policy that was made for one response, unless this thread has rendered it recently.
    pub(super) fn of_response(policy: CachePolicy) -> Self {
        thread_local! {
            static RECENT: Recent<Rendered> = const { Recent::new() };
        }
        let make = || Rendered::with_values(policy, counted_once);
        Self::Recent(Recent::recall(&RECENT, policy.short_hash(), |known| known.policy == policy, make))
    }
}

impl Deref for RenderedPolicy<'_> {
    type Target = Rendered;

    fn deref(&self) -> &Rendered {
        match self {
            Self::OfLayer(rendered) => rendered,
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

/// Returns an equal value in static memory. Other values count their clones, in memory that all threads write to.
///
/// Only the first values of a process are moved to static memory, which is never freed. An application configures
/// fewer policies than that.
fn uncounted(value: &HeaderValue) -> HeaderValue {
    const VALUES: usize = 128;
    const MAX_LENGTH: usize = 256;
    static STATIC: [OnceLock<&'static str>; VALUES] = [const { OnceLock::new() }; VALUES];
    let text = value.to_str().ok().filter(|text| text.len() <= MAX_LENGTH);
    let found = text.and_then(|text| {
        let mut known = STATIC.iter().map(|slot| *slot.get_or_init(|| Box::leak(text.into())));
        known.find(|known| *known == text)
    });
    found.map_or_else(|| counted_once(value), HeaderValue::from_static)
}

/// Clones the value once. The first clone of an owned value allocates the reference count; later clones do not.
fn counted_once(value: &HeaderValue) -> HeaderValue {
    value.clone()
}
