//! [`List`] and [`Dictionary`]: complete structured fields.

use std::borrow::Cow;

use http::HeaderValue;

use super::input::Input;
use super::member::Member;
use crate::protocol::name_table::NameTable;
use crate::protocol::syntax::MAX_MEMBERS;

/// Joins the lines of a field with commas (RFC 9651 section 4.2). Borrows a single line.
///
/// An empty line among others results in an empty member, which makes the field invalid.
pub(crate) fn combined<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Cow<'a, [u8]> {
    //
    let mut lines = lines.into_iter().map(HeaderValue::as_bytes);
    let mut value = Cow::Borrowed(lines.next().unwrap_or_default());
    for line in lines {
        value.to_mut().extend_from_slice(b", ");
        value.to_mut().extend_from_slice(line);
    }
    value
}

/// A List (RFC 9651 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<'a>(pub(super) Vec<Member<'a>>);

impl<'a> List<'a> {
    /// Returns `None` if any part of `value` is invalid. The field must then be ignored.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        //
        let mut list = Vec::new();
        members(value, |input| {
            list.push(Member::parse(input)?);
            Some(())
        })?;
        Some(Self(list))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> {
        self.0.iter()
    }
}

/// A Dictionary (RFC 9651 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dictionary<'a>(pub(super) Vec<(&'a str, Member<'a>)>);

impl<'a> Dictionary<'a> {
    /// Returns `None` if any part of `value` is invalid. The field must then be ignored.
    ///
    /// If a key is repeated, the last value counts.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        //
        /// The number of keys up to which all pairs are compared.
        const FEW: usize = 16;

        let mut dictionary: Vec<(&'a str, Member<'a>)> = Vec::new();
        // The other keys, as a set: comparing all pairs would take quadratic time.
        let mut others = NameTable::default();
        members(value, |input| {
            let key = input.key()?;
            let member = Member::parse_after_key(input)?;
            let place = dictionary
                .iter()
                .take(FEW)
                .position(|(own, _)| *own == key)
                .or_else(|| others.number(key.as_bytes()).map(|number| FEW + number));
            match place {
                Some(place) => dictionary[place].1 = member,
                None => {
                    if dictionary.len() >= FEW {
                        others.insert(key.as_bytes().to_vec());
                    }
                    dictionary.push((key, member));
                }
            }
            Some(())
        })?;
        Some(Self(dictionary))
    }

    /// Iterates in the order in which the keys first occur.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &Member<'a>)> {
        self.0.iter().map(|(key, member)| (*key, member))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Calls `read` for each member. Returns `None` if `read` does, or if the syntax between members is invalid (RFC 9651
/// sections 4.2, 4.2.1 and 4.2.2).
fn members<'a>(value: &'a [u8], mut read: impl FnMut(&mut Input<'a>) -> Option<()>) -> Option<()> {
    //
    let mut input = Input::new(value)?;
    input.skip_spaces();
    if input.is_empty() {
        return Some(());
    }
    for _ in 0..MAX_MEMBERS {
        read(&mut input)?;
        input.skip_ows();
        if input.is_empty() {
            return Some(());
        }
        if !input.eat(b',') {
            return None;
        }
        // A comma must be followed by a member. `read` checks that.
        input.skip_ows();
    }
    None
}
