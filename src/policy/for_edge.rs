//! [`ForEdge`]: what layers inside know, and an edge layer around them needs.

use http::Extensions;

use super::guards::{Guard, GuardSet};
use super::{CachePolicy, CacheTags};

/// In the extensions of a request: an edge layer is around, so that what is for it alone is
/// worth an allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeListens;

/// In the extensions of an answer: what a layer inside knows, and an edge layer needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForEdge {
    /// Those of the routes. What handlers say are [`CacheTags`] in the extensions.
    pub(crate) tags: CacheTags,
    /// The policy, where it says more to edges than `Cache-Control` does.
    pub(crate) policy: Option<CachePolicy>,
    /// Whether this 304 stands for an answer that a handler made, so that all its tags are known.
    pub(crate) stands_for_whole: bool,
    /// Guards that a route did without.
    pub(super) waived: Waived,
}

/// Guards that a layer did without, knowing what they saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waived {
    guards: GuardSet,
    /// How many cookies there were.
    cookies: usize,
}

/// What one layer leaves for an edge layer around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeftForEdge<'a> {
    pub(super) tags: Option<&'a CacheTags>,
    pub(super) policy: Option<CachePolicy>,
    pub(super) waived: Option<Waived>,
}

impl ForEdge {
    /// What is in these extensions, to be completed.
    pub(crate) fn in_extensions(extensions: &mut Extensions) -> &mut Self {
        extensions.get_or_insert_default::<Self>()
    }
}

impl Waived {
    /// Of the guards against sharing those that saw something, of the others all.
    pub(super) const fn of(waived: GuardSet, seen: GuardSet, cookies: usize) -> Self {
        let unseen = GuardSet::AGAINST_SHARING.without(seen);
        Self { guards: waived.without(unseen), cookies }
    }

    /// The guards that need not act again on what they were told to let pass. One that looks at
    /// the answer does so again where the answer got more for it to see.
    pub(super) const fn by_count_of_cookies(self, cookies: usize) -> GuardSet {
        let mut guards = self.guards;
        if self.cookies != cookies {
            guards.remove(Guard::SetCookie);
        }
        guards
    }
}

impl LeftForEdge<'_> {
    /// Puts it beside what layers inside left.
    pub(super) fn leave_in(self, extensions: &mut Extensions) {
        if let Some(tags) = self.tags {
            ForEdge::in_extensions(extensions).tags.unite(tags);
        }
        if let Some(policy) = self.policy {
            ForEdge::in_extensions(extensions).policy = Some(policy);
        }
        if let Some(waived) = self.waived {
            let for_edge = ForEdge::in_extensions(extensions);
            for_edge.waived = Waived { guards: for_edge.waived.guards.union(waived.guards), ..waived };
        }
    }
}
