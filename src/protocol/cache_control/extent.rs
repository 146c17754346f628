//! [`Extent`]: how much of a response a directive is about.

use std::mem;

use super::field_names::FieldNames;
use super::member::Member;

/// How much of a response `private` or `no-cache` is about.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Extent {
    #[default]
    Nothing,
    /// The qualified form, never with an empty list.
    Fields(FieldNames),
    /// The unqualified form.
    Everything,
}

impl Extent {
    /// An argument that names no fields qualifies nothing.
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

    /// The wider of both; more names than a list can hold are everything.
    pub(super) fn union(mut self, other: Self) -> Self {
        self.append(other);
        self.without_duplicates()
    }

    /// Leaves duplicates in: to look for them at each of many lists would be
    /// quadratic.
    pub(super) fn append(&mut self, other: Self) {
        *self = match (mem::take(self), other) {
            (Self::Nothing, extent) | (extent, Self::Nothing) => extent,
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

    fn fields(names: &[&str]) -> Extent {
        Extent::of_fields(FieldNames::new(names).unwrap())
    }

    #[test]
    fn the_wider_extent_absorbs_the_other() {
        for (a, b, expected) in [
            (Extent::Nothing, Extent::Nothing, Extent::Nothing),
            (fields(&["a"]), fields(&[]), fields(&["a"])),
            (fields(&["a", "b"]), fields(&["B", "c"]), fields(&["a", "b", "c"])),
            (fields(&["a"]), Extent::Everything, Extent::Everything),
        ] {
            assert!(a.clone().union(b.clone()) == expected && b.union(a) == expected);
        }
    }

    #[test]
    fn too_many_names_are_all_of_them() {
        let many: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        let many = Extent::of_fields(FieldNames::new(many).unwrap());
        assert!(many.clone().union(fields(&["X-0"])) == many);
        assert!(many.union(fields(&["a"])) == Extent::Everything);
    }
}
