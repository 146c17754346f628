//! [`List`] and [`Dictionary`]: what a whole field is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderValue;

use super::input::Input;
use super::member::Member;
use crate::protocol::syntax::MAX_MEMBERS;

/// All lines of a field as one value, with a comma between them (RFC 9651 section
/// 4.2, X-06); borrowed where there is one line.
///
/// An empty line beside others leaves an empty member, and so a fault.
pub(crate) fn combined<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Cow<'a, [u8]> {
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
    /// `None` when anything in `value` is at fault: the field is to be ignored.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
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

/// A Dictionary (RFC 9651 section 3.2), sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dictionary<'a>(pub(super) BTreeMap<&'a str, Member<'a>>);

impl<'a> Dictionary<'a> {
    /// `None` when anything in `value` is at fault: the field is to be ignored.
    ///
    /// Of a key that is there twice the last one counts.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let mut dictionary = BTreeMap::new();
        members(value, |input| {
            let key = input.key()?;
            dictionary.insert(key, Member::parse_after_key(input)?);
            Some(())
        })?;
        Some(Self(dictionary))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &Member<'a>)> {
        self.0.iter().map(|(key, member)| (*key, member))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Calls `read` at each member. `None` when it says so, or what stands between or
/// around members is at fault (RFC 9651 sections 4.2, 4.2.1 and 4.2.2, X-02).
fn members<'a>(value: &'a [u8], mut read: impl FnMut(&mut Input<'a>) -> Option<()>) -> Option<()> {
    let mut input = Input::new(value);
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
        // After a comma a member must follow, which `read` sees to.
        input.skip_ows();
    }
    None
}
