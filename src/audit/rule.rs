//! [`Rule`]: the section of a standard behind a statement.

use std::fmt;

/// The section of a standard behind a statement of an audit, and the id that this crate gives the rule.
///
/// Displays as `RFC 9111 section 3, S-01`. The page `docs/conformance.md` in the repository lists all ids, with the
/// code and the tests for each.
///
/// ```
/// use tower_cache_policy::audit::StorageReason;
/// use tower_cache_policy::protocol::StorageProhibition;
///
/// let rule = StorageReason::Forbidden(StorageProhibition::Private).rule();
/// assert_eq!(rule.section(), "RFC 9111 section 5.2.2.7");
/// assert_eq!(rule.to_string(), "RFC 9111 section 5.2.2.7, C-24");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    id: &'static str,
    section: &'static str,
}

impl Rule {
    pub(super) const fn new(id: &'static str, section: &'static str) -> Self {
        Self { id, section }
    }

    /// Returns the id, which marks the rule in this crate's sources and tests.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// Returns the section, such as `RFC 9111 section 3`.
    ///
    /// If an edge cache deviates from the standard, this is the section that it deviates from.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.section
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.section, self.id)
    }
}
