//! [`Verdict`]: what one cache will do.

use super::after::AfterFreshness;
use super::key::CacheKey;
use super::lifetime::FreshFor;
use super::storage::Storage;
use crate::policy::CacheTags;
use crate::protocol::Age;

/// The cache that a [`Verdict`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Keeper {
    /// A browser: a cache of one user.
    Browser,
    /// A shared cache that does as RFC 9111 has it.
    SharedCache,
    /// The edge of this name.
    Edge(&'static str),
}

/// What one cache will do with the answer. Displays as plain English, with the rule of each
/// statement behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(super) keeper: Keeper,
    pub(super) storage: Storage,
    pub(super) lifetime: FreshFor,
    pub(super) age: Age,
    pub(super) then: AfterFreshness,
    pub(super) key: CacheKey,
    pub(super) tags: CacheTags,
}

impl Verdict {
    /// The cache that it is about.
    #[must_use]
    pub const fn keeper(&self) -> Keeper {
        self.keeper
    }

    /// Whether the cache may store the answer, and why.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Whether the cache may store the answer.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.storage.is_stored()
    }

    /// How long it is fresh, counted from its generation. `None` where it is not stored.
    #[must_use]
    pub const fn lifetime(&self) -> Option<&FreshFor> {
        if self.is_stored() { Some(&self.lifetime) } else { None }
    }

    /// Seconds for which the cache may reuse it from now on without asking: the lifetime less
    /// the age. Zero where it is not stored or no request matches it, and `None` where the edge
    /// chooses a lifetime that is not known.
    #[must_use]
    pub fn reused_for(&self) -> Option<u64> {
        if !self.is_stored() || self.key.never_matches() {
            return Some(0);
        }
        self.lifetime.seconds().map(|seconds| seconds.saturating_sub(self.age.seconds()))
    }

    /// How old it is already, by `Age` and `Date`.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.age
    }

    /// What happens when it is no longer fresh. `None` where it is not stored.
    #[must_use]
    pub const fn then(&self) -> Option<&AfterFreshness> {
        if self.is_stored() { Some(&self.then) } else { None }
    }

    /// What a request must have in common with this one to get it. `None` where it is not
    /// stored.
    #[must_use]
    pub const fn key(&self) -> Option<&CacheKey> {
        if self.is_stored() { Some(&self.key) } else { None }
    }

    /// The tags by which a purge reaches it. None in a browser, which no purge reaches.
    #[must_use]
    pub const fn tags(&self) -> &CacheTags {
        &self.tags
    }
}
