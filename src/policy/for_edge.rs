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
    /// Guards that a route did without, knowing what they saw.
    pub(super) waived: GuardSet,
    /// How many cookies they saw.
    pub(super) cookies: usize,
}

impl ForEdge {
    /// What is in these extensions, to be completed.
    pub(crate) fn in_extensions(extensions: &mut Extensions) -> &mut Self {
        extensions.get_or_insert_default::<Self>()
    }

    /// Takes over what a layer did without: of the guards against sharing those that saw
    /// something, of the others all.
    pub(super) fn waive(&mut self, waived: GuardSet, seen: GuardSet, cookies: usize) {
        let unseen = GuardSet::AGAINST_SHARING.without(seen);
        self.waived = self.waived.union(waived.without(unseen));
        self.cookies = cookies;
    }

    /// The guards that need not act again on what they were told to let pass. One that looks at
    /// the answer does so again where the answer got more for it to see.
    pub(super) fn waived(&self, cookies: usize) -> GuardSet {
        let mut waived = self.waived;
        if self.cookies != cookies {
            waived.remove(Guard::SetCookie);
        }
        waived
    }
}
