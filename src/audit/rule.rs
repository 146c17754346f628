//! [`Rule`]: what a statement rests on.

use std::fmt;

/// What a statement rests on: the id under which this crate knows the rule, and the section of
/// the standard. Displays as `RFC 9111 section 3, S-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    id: &'static str,
    section: &'static str,
}

impl Rule {
    pub(super) const fn new(id: &'static str, section: &'static str) -> Self {
        Self { id, section }
    }

    /// The id, such as `S-01`, which stands beside the clause in the sources and the tests.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// The section, such as `RFC 9111 section 3`. Of what an edge does otherwise than the
    /// standard it is the section that the edge departs from.
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
