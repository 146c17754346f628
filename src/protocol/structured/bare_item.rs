//! [`BareItem`]: a value without parameters.

use std::borrow::Cow;

use super::input::Input;
use crate::protocol::syntax::is_tchar;

/// A value without parameters (RFC 9651 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BareItem<'a> {
    Integer(i64),
    /// In thousandths.
    Decimal(i64),
    String(Cow<'a, str>),
    Token(&'a str),
    /// The base64 text. It is not decoded, because no caller needs the content.
    ByteSequence(&'a str),
    Boolean(bool),
    /// The seconds since the Unix epoch.
    Date(i64),
    DisplayString(String),
}

impl<'a> BareItem<'a> {
    /// Parses a value. It must be the complete `text`.
    pub(crate) fn parse_all(text: &'a [u8]) -> Option<Self> {
        let mut input = Input::new(text)?;
        Self::parse(&mut input).filter(|_| input.is_empty())
    }

    /// Parses a value (RFC 9651 section 4.2.3.1). Returns `None` if it is invalid.
    pub(super) fn parse(input: &mut Input<'a>) -> Option<Self> {
        match input.peek()? {
            b'-' | b'0'..=b'9' => number(input),
            b'"' => string(input).map(Self::String),
            b'*' | b'A'..=b'Z' | b'a'..=b'z' => Some(Self::Token(token(input))),
            b':' => byte_sequence(input).map(Self::ByteSequence),
            b'?' => boolean(input).map(Self::Boolean),
            b'@' => date(input),
            b'%' => display_string(input).map(Self::DisplayString),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn as_boolean(&self) -> Option<bool> {
        if let Self::Boolean(flag) = self { Some(*flag) } else { None }
    }

    /// Returns the text of a String or a Token.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Token(text) => Some(text),
            Self::Integer(_)
            | Self::Decimal(_)
            | Self::ByteSequence(_)
            | Self::Boolean(_)
            | Self::Date(_)
            | Self::DisplayString(_) => None,
        }
    }
}

/// Returns whether `text` is a Token (RFC 9651 section 3.3.4).
pub(crate) fn is_token(text: &str) -> bool {
    matches!(BareItem::parse_all(text.as_bytes()), Some(BareItem::Token(_)))
}

/// Returns whether a String can contain `text` (RFC 9651 section 3.3.3): visible ASCII and spaces.
pub(crate) fn is_string(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Appends a String (RFC 9651 section 4.1.6). The characters must be visible ASCII or spaces.
pub(crate) fn push_string(text: &mut String, characters: impl IntoIterator<Item = char>) {
    text.push('"');
    for character in characters {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

/// Parses an Integer or a Decimal (RFC 9651 section 4.2.4).
fn number<'a>(input: &mut Input<'a>) -> Option<BareItem<'a>> {
    //
    let sign = if input.eat(b'-') { -1 } else { 1 };
    let whole = input.take_while(|byte| byte.is_ascii_digit());
    let is_decimal = input.eat(b'.');
    if whole.is_empty() || whole.len() > if is_decimal { 12 } else { 15 } {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    if !is_decimal {
        return Some(BareItem::Integer(sign * value));
    }
    let fraction = input.take_while(|byte| byte.is_ascii_digit());
    let thousandths: i64 = match fraction.len() {
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    Some(BareItem::Decimal(sign * (value * 1_000 + fraction.parse::<i64>().ok()? * thousandths)))
}

/// Parses a String (RFC 9651 section 4.2.5). Borrows it if it does not contain escapes.
fn string<'a>(input: &mut Input<'a>) -> Option<Cow<'a, str>> {
    let plain =
        |input: &mut Input<'a>| input.take_while(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte));
    if !input.eat(b'"') {
        return None;
    }
    let mut text = Cow::Borrowed(plain(input));
    loop {
        match input.next()? {
            b'"' => return Some(text),
            b'\\' => {
                let escaped = input.next().filter(|byte| b"\"\\".contains(byte))?;
                text.to_mut().push(escaped.into());
                text.to_mut().push_str(plain(input));
            }
            _ => return None,
        }
    }
}

/// Parses a Token (RFC 9651 section 4.2.6). The caller has checked that the first byte is valid in a Token.
fn token<'a>(input: &mut Input<'a>) -> &'a str {
    input.take_while(|byte| is_tchar(byte) || byte == b':' || byte == b'/')
}

/// Parses a Byte Sequence (RFC 9651 section 4.2.7). Accepts missing padding and nonzero pad bits, as recommended there.
fn byte_sequence<'a>(input: &mut Input<'a>) -> Option<&'a str> {
    if !input.eat(b':') {
        return None;
    }
    let base64 = input.take_while(|byte| byte != b':');
    let digits = base64.trim_end_matches('=');
    let padding = base64.len() - digits.len();
    let room = match digits.len() % 4 {
        0 => 0,
        1 => return None,
        2 => 2,
        _ => 1,
    };
    let is_sound = padding <= room
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
        && input.eat(b':');
    is_sound.then_some(base64)
}

/// Parses a Boolean (RFC 9651 section 4.2.8).
fn boolean(input: &mut Input<'_>) -> Option<bool> {
    if !input.eat(b'?') {
        return None;
    }
    match input.next()? {
        b'0' => Some(false),
        b'1' => Some(true),
        _ => None,
    }
}

/// Parses a Date (RFC 9651 section 4.2.9).
fn date<'a>(input: &mut Input<'a>) -> Option<BareItem<'a>> {
    if !input.eat(b'@') {
        return None;
    }
    number(input)?.as_integer().map(BareItem::Date)
}

/// Parses a Display String (RFC 9651 section 4.2.10).
fn display_string(input: &mut Input<'_>) -> Option<String> {
    if !(input.eat(b'%') && input.eat(b'"')) {
        return None;
    }
    let hex = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut text = Vec::new();
    loop {
        match input.next()? {
            b'"' => return String::from_utf8(text).ok(),
            b'%' => text.push(hex(input.next()?)? << 4 | hex(input.next()?)?),
            byte @ b' '..=b'~' => text.push(byte),
            _ => return None,
        }
    }
}
