//! [`DirectiveScope`]: which part of a response a directive applies to.

use std::mem;

use super::field_names::FieldNames;
use super::member::Member;

/// The part of a response that `private` or `no-cache` applies to.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum DirectiveScope {
    #[default]
    Nothing,
    /// The qualified form. Its list is never empty.
    Fields(FieldNames),
    /// The unqualified form.
    Everything,
}

impl DirectiveScope {
    /// Reads an argument without field names as the unqualified form.
    pub(super) fn of_member(member: &Member<'_>) -> Self {
        member.field_names().filter(|names| !names.is_empty()).map_or(Self::Everything, Self::Fields)
    }

    pub(super) fn of_fields(names: FieldNames) -> Self {
        if names.is_empty() { Self::Nothing } else { Self::Fields(names) }
    }

    pub(super) fn fields(&self) -> &FieldNames {
        match self {
            Self::Fields(names) => names,
            Self::Nothing | Self::Everything => FieldNames::EMPTY,
        }
    }

    /// Combines two scopes. If there are too many names for one list, the result is the unqualified form.
    pub(super) fn union(mut self, other: Self) -> Self {
        self.append(other);
        self.without_duplicates()
    }

    /// Appends names, but does not remove duplicates: removing them after each of many lists would take quadratic time.
    pub(super) fn append(&mut self, other: Self) {
        *self = match (mem::take(self), other) {
            (Self::Nothing, scope) | (scope, Self::Nothing) => scope,
            (Self::Fields(mut names), Self::Fields(others)) => {
                names.append(&others);
                Self::Fields(names)
            }
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
        };
    }

    pub(super) fn without_duplicates(self) -> Self {
        match self {
            Self::Fields(names) => names.without_duplicates().map_or(Self::Everything, Self::Fields),
            Self::Nothing | Self::Everything => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MAX_MEMBERS;

    fn fields(names: &[&str]) -> DirectiveScope {
        DirectiveScope::of_fields(FieldNames::new(names).unwrap())
    }

    #[test]
    fn the_wider_scope_absorbs_the_other() {
        for (a, b, expected) in [
            (DirectiveScope::Nothing, DirectiveScope::Nothing, DirectiveScope::Nothing),
            (fields(&["a"]), fields(&[]), fields(&["a"])),
            (fields(&["a", "b"]), fields(&["B", "c"]), fields(&["a", "b", "c"])),
            (fields(&["a"]), DirectiveScope::Everything, DirectiveScope::Everything),
        ] {
            assert!(a.clone().union(b.clone()) == expected && b.union(a) == expected);
        }
    }

    #[test]
    fn too_many_names_become_the_unqualified_form() {
        let many: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        let many = DirectiveScope::of_fields(FieldNames::new(many).unwrap());
        assert!(many.clone().union(fields(&["X-0"])) == many);
        assert!(many.union(fields(&["a"])) == DirectiveScope::Everything);
    }
}
