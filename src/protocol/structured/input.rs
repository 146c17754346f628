//! [`Input`]: the unread rest of a field value.

/// The unread rest of a field value.
///
/// Each method only moves forward, so that parsing takes linear time.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// ASCII.
    rest: &'a str,
}

impl<'a> Input<'a> {
    /// Returns `None` if a byte is not ASCII, which is invalid in every structured field (RFC 9651 section 4.2).
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let rest = str::from_utf8(bytes).ok().filter(|text| text.is_ascii())?;
        Some(Self { rest })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.as_bytes().first().copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let first = self.peek()?;
        self.rest = &self.rest[1..];
        Some(first)
    }

    /// Consumes `byte` if it is the next one.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    /// Consumes the bytes that match `is_wanted`, which may be none.
    pub(super) fn take_while(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !is_wanted(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(super) fn skip_spaces(&mut self) {
        while self.eat(b' ') {}
    }

    /// Skips optional white space (RFC 9110 section 5.6.3).
    pub(super) fn skip_ows(&mut self) {
        while self.eat(b' ') || self.eat(b'\t') {}
    }

    /// Parses a key (RFC 9651 section 4.2.3.3).
    pub(super) fn key(&mut self) -> Option<&'a str> {
        //
        self.peek().filter(|&first| first.is_ascii_lowercase() || first == b'*')?;
        Some(self.take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*')))
    }

    /// Returns the bytes consumed since `before`, an earlier state of this input.
    pub(super) fn taken_since(&self, before: Self) -> &'a [u8] {
        &before.rest.as_bytes()[..before.rest.len() - self.rest.len()]
    }
}
