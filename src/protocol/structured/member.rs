//! [`Member`]: an Item or an Inner List, with parameters.

use super::bare_item::BareItem;
use super::input::Input;
use crate::protocol::syntax::MAX_MEMBERS;

/// A member of a List or a Dictionary (RFC 9651 sections 3.1 and 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) parameters: Parameters<'a>,
    /// The value as written, without parameters. Empty for a key without a value.
    pub(crate) text: &'a [u8],
    /// The value and the parameters as written.
    pub(crate) whole_text: &'a [u8],
}

/// The value of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Item(BareItem<'a>),
    InnerList(Vec<(BareItem<'a>, Parameters<'a>)>),
}

impl<'a> Member<'a> {
    /// Parses a member (RFC 9651 section 4.2.1.1). Returns `None` if it is invalid.
    pub(super) fn parse(input: &mut Input<'a>) -> Option<Self> {
        let before = *input;
        let value = if input.peek() == Some(b'(') {
            Value::InnerList(inner_list(input)?)
        } else {
            Value::Item(BareItem::parse(input)?)
        };
        let text = input.taken_since(before);
        let parameters = Parameters::parse(input)?;
        Some(Self { value, parameters, text, whole_text: input.taken_since(before) })
    }

    /// Parses the rest of a Dictionary member after its key: `=` and a value, or nothing, which means Boolean true (RFC
    /// 9651 section 4.2.2).
    pub(super) fn parse_after_key(input: &mut Input<'a>) -> Option<Self> {
        if input.eat(b'=') {
            return Self::parse(input);
        }
        let before = *input;
        let value = Value::Item(BareItem::Boolean(true));
        let parameters = Parameters::parse(input)?;
        Some(Self { value, parameters, text: &[], whole_text: input.taken_since(before) })
    }

    /// Returns the value, unless it is an Inner List.
    pub(crate) fn item(&self) -> Option<&BareItem<'a>> {
        match &self.value {
            Value::Item(item) => Some(item),
            Value::InnerList(_) => None,
        }
    }
}

/// Parses an Inner List (RFC 9651 section 4.2.1.2).
fn inner_list<'a>(input: &mut Input<'a>) -> Option<Vec<(BareItem<'a>, Parameters<'a>)>> {
    if !input.eat(b'(') {
        return None;
    }
    let mut items = Vec::new();
    loop {
        input.skip_spaces();
        if input.eat(b')') {
            return Some(items);
        }
        if items.len() == MAX_MEMBERS {
            return None;
        }
        items.push((BareItem::parse(input)?, Parameters::parse(input)?));
        input.peek().filter(|&next| next == b' ' || next == b')')?;
    }
}

/// The parameters of an Item or an Inner List as written (RFC 9651 section 3.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a>(Vec<(&'a str, BareItem<'a>)>);

impl<'a> Parameters<'a> {
    /// Parses parameters (RFC 9651 section 4.2.3.2). Returns `None` if they are invalid.
    fn parse(input: &mut Input<'a>) -> Option<Self> {
        let mut parameters = Vec::new();
        while input.eat(b';') {
            if parameters.len() == MAX_MEMBERS {
                return None;
            }
            input.skip_spaces();
            let key = input.key()?;
            let value = if input.eat(b'=') { BareItem::parse(input)? } else { BareItem::Boolean(true) };
            parameters.push((key, value));
        }
        Some(Self(parameters))
    }

    /// Returns the last value of this key, which is the one that counts.
    pub(crate) fn get(&self, key: &str) -> Option<&BareItem<'a>> {
        //
        self.0.iter().rev().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &(&'a str, BareItem<'a>)> {
        self.0.iter()
    }
}
