//! Reads a line of `Cache-Status` that is not a valid structured field.
//!
//! Squid writes its host name without quotes, even if it starts with a digit. Souin writes the URL into `key` without
//! quotes, although `?` and `=` require them, and sometimes omits the value. A client can choose that URL, so a key
//! without quotes ends only at white space, which a URL cannot contain.

use std::borrow::Cow;

use crate::protocol::{BareItem, MAX_MEMBERS, quoted_string_end, trim_ows};

/// A member of an invalid `Cache-Status`.
pub(super) struct LenientMember<'a> {
    /// The member as written.
    pub(super) text: &'a [u8],
    name: Option<Cow<'a, str>>,
    /// The value is `None` if it is invalid.
    parameters: Vec<(&'a [u8], Option<BareItem<'a>>)>,
}

/// Iterates over the members of one line, in linear time.
pub(super) struct LenientMembers<'a> {
    rest: &'a [u8],
}

impl<'a> LenientMembers<'a> {
    #[inline]
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { rest: trim_ows(line) }
    }

    /// Takes the text up to the next `;` or `,` outside of a quoted string.
    #[inline]
    fn value(&mut self) -> &'a [u8] {
        let rest = trim_ows(self.rest);
        let quoted = if rest.first() == Some(&b'"') { quoted_string_end(rest).unwrap_or(rest.len()) } else { 0 };
        self.rest = rest;
        self.take_until(quoted, b";,")
    }

    /// Takes the value of `key`, and returns whether its end is unambiguous.
    #[inline]
    fn key_value(&mut self) -> (&'a [u8], bool) {
        let rest = trim_ows(self.rest);
        let plain = rest.iter().position(|byte| b";, \t".contains(byte)).unwrap_or(rest.len());
        if rest.first() == Some(&b'"') || BareItem::parse_all(&rest[..plain]).is_some() {
            return (self.value(), true);
        }
        let mut end = rest.iter().position(|byte| b" \t".contains(byte)).unwrap_or(rest.len());
        let is_separated = end == rest.len() || (end > 0 && b";,".contains(&rest[end - 1]));
        if end > 0 && b";,".contains(&rest[end - 1]) {
            end -= 1;
        }
        self.rest = rest;
        (self.take_until(end, b";,"), is_separated)
    }

    /// Takes the text up to the first of these bytes at or after `start`.
    #[inline]
    fn take_until(&mut self, start: usize, stops: &[u8]) -> &'a [u8] {
        let length = self.rest[start..].iter().position(|byte| stops.contains(byte));
        let (taken, rest) = self.rest.split_at(length.map_or(self.rest.len(), |length| start + length));
        self.rest = rest;
        trim_ows(taken)
    }
}

impl<'a> Iterator for LenientMembers<'a> {
    type Item = LenientMember<'a>;

    #[inline]
    fn next(&mut self) -> Option<LenientMember<'a>> {
        while let [b',' | b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        let line = self.rest;
        if line.is_empty() {
            return None;
        }
        let mut name = name(self.value());
        let mut parameters = Vec::new();
        while let [b';', rest @ ..] = self.rest {
            self.rest = rest;
            let key = self.take_until(0, b"=;,");
            let value = match self.rest {
                [b'=', rest @ ..] if key == b"key" => {
                    self.rest = rest;
                    let (value, is_separated) = self.key_value();
                    if !is_separated {
                        // The rest of the line may be part of the key, so it is ignored.
                        (self.rest, name) = (&[], None);
                    }
                    BareItem::parse_all(value)
                }
                [b'=', rest @ ..] => {
                    self.rest = rest;
                    BareItem::parse_all(self.value())
                }
                _ => Some(BareItem::Boolean(true)),
            };
            if parameters.len() < MAX_MEMBERS {
                parameters.push((key, value));
            }
        }
        let text = trim_ows(&line[..line.len() - self.rest.len()]);
        Some(LenientMember { text, name, parameters })
    }
}

impl<'a> LenientMember<'a> {
    /// Returns the name of the cache, or `None` if the member does not have a name, or if a parameter with the outcome
    /// is invalid.
    #[inline]
    pub(super) fn cache(&self) -> Option<&str> {
        const OUTCOME: [&[u8]; 4] = [b"hit", b"fwd", b"fwd-status", b"ttl"];
        let is_unclear = self.parameters.iter().any(|(key, value)| value.is_none() && OUTCOME.contains(key));
        self.name.as_deref().filter(|_| !is_unclear)
    }

    /// Returns the last parameter with this key, which overrides earlier ones.
    //
    #[inline]
    pub(super) fn parameter(&self, key: &str) -> Option<&BareItem<'a>> {
        self.parameters.iter().rev().find(|(own, _)| *own == key.as_bytes())?.1.as_ref()
    }
}

/// Parses the name of a cache: a String, a Token, or a host name without quotes.
#[inline]
fn name(text: &[u8]) -> Option<Cow<'_, str>> {
    match BareItem::parse_all(text) {
        Some(BareItem::String(name)) => Some(name),
        Some(BareItem::Token(name)) => Some(Cow::Borrowed(name)),
        Some(_) => None,
        None if text.is_empty() || text[0] == b'(' || text.contains(&b'"') => None,
        None => Some(String::from_utf8_lossy(text)),
    }
}
