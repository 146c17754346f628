//! Reads a line of `Cache-Status` that is not a structured field, as some caches write it.
//!
//! Squid writes the name of its host as it is, which may begin with a digit. Souin writes the URL into `key`, where `?`
//! and `=` need quotes and where the value may be missing. A client chooses that URL, so a key without quotes ends only
//! where no URL can go on: at white space.

use std::borrow::Cow;

use crate::protocol::{BareItem, MAX_MEMBERS, quoted_string_end, trim_ows};

/// A member of `Cache-Status`, read leniently.
pub(super) struct LenientMember<'a> {
    /// The member as written.
    pub(super) text: &'a [u8],
    name: Option<Cow<'a, str>>,
    /// `None` for a value that cannot be read.
    parameters: Vec<(&'a [u8], Option<BareItem<'a>>)>,
}

/// The members of one line, in order. Visits each byte a constant number of times.
pub(super) struct LenientMembers<'a> {
    rest: &'a [u8],
}

impl<'a> LenientMembers<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { rest: trim_ows(line) }
    }

    /// The text up to the next `;` or `,` outside of a quoted string.
    fn value(&mut self) -> &'a [u8] {
        let rest = trim_ows(self.rest);
        let quoted = if rest.first() == Some(&b'"') { quoted_string_end(rest).unwrap_or(rest.len()) } else { 0 };
        self.rest = rest;
        self.take_until(quoted, b";,")
    }

    /// The value of `key`, and whether it is clear where it ends.
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

    /// The text up to the first of these bytes at or after `start`.
    fn take_until(&mut self, start: usize, stops: &[u8]) -> &'a [u8] {
        let length = self.rest[start..].iter().position(|byte| stops.contains(byte));
        let (taken, rest) = self.rest.split_at(length.map_or(self.rest.len(), |length| start + length));
        self.rest = rest;
        trim_ows(taken)
    }
}

impl<'a> Iterator for LenientMembers<'a> {
    type Item = LenientMember<'a>;

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
                        // The rest of the line may be part of the key, so nothing in it is believed.
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
    /// The name of the cache. `None` if the member has none, or if a parameter that tells the outcome cannot be read.
    pub(super) fn cache(&self) -> Option<&str> {
        const TELL_THE_OUTCOME: [&[u8]; 4] = [b"hit", b"fwd", b"fwd-status", b"ttl"];
        let is_unclear = self.parameters.iter().any(|(key, value)| value.is_none() && TELL_THE_OUTCOME.contains(key));
        self.name.as_deref().filter(|_| !is_unclear)
    }

    /// The last parameter with this key, which is the one that counts.
    pub(super) fn parameter(&self, key: &str) -> Option<&BareItem<'a>> {
        self.parameters.iter().rev().find(|(own, _)| *own == key.as_bytes())?.1.as_ref()
    }
}

/// The name of a cache: a String, a Token, or the bare name of a host.
fn name(text: &[u8]) -> Option<Cow<'_, str>> {
    match BareItem::parse_all(text) {
        Some(BareItem::String(name)) => Some(name),
        Some(BareItem::Token(name)) => Some(Cow::Borrowed(name)),
        Some(_) => None,
        None if text.is_empty() || text[0] == b'(' || text.contains(&b'"') => None,
        None => Some(String::from_utf8_lossy(text)),
    }
}
