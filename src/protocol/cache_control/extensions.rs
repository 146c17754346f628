//! [`Extensions`]: the members that a type does not recognize.

use http::HeaderValue;

use super::directive::Directive;
use super::member::Member;
use crate::protocol::syntax::{MAX_MEMBERS, members};

/// Directives, sorted and without duplicates.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Extensions(Vec<Directive>);

impl Extensions {
    /// Passes each member to `read_known` and collects those for which it returns `false`.
    ///
    /// Returns `None` if there are more than [`MAX_MEMBERS`], after passing that many to `read_known`.
    pub(super) fn read<'a>(
        lines: impl IntoIterator<Item = &'a HeaderValue>,
        mut read_known: impl FnMut(&Member<'_>) -> bool,
    ) -> Option<Self> {
        let mut extensions = Self::default();
        let (mut members, mut count) = (members(lines), 0);
        while let Some((member, token)) = members.next_with_token() {
            if count == MAX_MEMBERS {
                return None;
            }
            count += 1;
            if !read_known(&Member::split_at(member, token)) {
                extensions.insert_member(member);
            }
        }
        Some(extensions)
    }

    /// Inserts a member, unless it has an open quote.
    pub(super) fn insert_member(&mut self, member: &[u8]) {
        if let Some(directive) = Directive::from_member(member) {
            self.insert(directive);
        }
    }

    pub(super) fn insert(&mut self, directive: Directive) {
        if let Err(place) = self.0.binary_search(&directive) {
            self.0.insert(place, directive);
        }
    }

    /// Combines both lists. A directive that resembles a permission must be in both.
    pub(super) fn tighten(mut self, other: &Self) -> Self {
        self.0.retain(|directive| !directive.claims_permission() || other.0.binary_search(directive).is_ok());
        for directive in other.0.iter().filter(|directive| !directive.claims_permission()) {
            self.insert(directive.clone());
        }
        self
    }

    pub(super) fn drop_permissions(&mut self) {
        self.0.retain(|directive| !directive.claims_permission());
    }

    pub(super) fn drop_unreadable(&mut self) {
        self.0.retain(Directive::is_ascii);
    }

    pub(super) fn as_slice(&self) -> &[Directive] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::values;
    use super::*;

    fn extensions(line: &str) -> Extensions {
        Extensions::read(&values(&[line]), |member| *member.lower_case_name() == *b"no-store").unwrap()
    }

    fn names(extensions: &Extensions) -> Vec<String> {
        extensions.as_slice().iter().map(Directive::to_string).collect()
    }

    #[test]
    fn unknown_members_are_sorted_without_duplicates() {
        assert_eq!(names(&extensions(r#"foo, No-Store, a b, foo, FOO, "open"#)), ["FOO", "a b", "foo"]);
        let many = values(&["foo,".repeat(MAX_MEMBERS), "no-store".to_owned()]);
        assert!(Extensions::read(&many[..1], |_| false).is_some());
        assert!(Extensions::read(&many, |_| false).is_none(), "the limit applies to all lines together");
    }

    #[test]
    fn a_permission_must_be_on_both_sides() {
        let (a, b) = (extensions("Public=1, immutable x, foo"), extensions("bar, immutable x"));
        for met in [a.clone().tighten(&b), b.clone().tighten(&a)] {
            assert_eq!(names(&met), ["bar", "foo", "immutable x"]);
        }
        let mut dropped = a;
        dropped.drop_permissions();
        assert_eq!(names(&dropped), ["foo"]);
    }
}
