//! Parses tokens, quoted strings, lists across field lines, and delta-seconds.
//!
//! All functions take bytes, because a field value may contain bytes above 127. Their running time is linear.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The maximum number of list members that this crate reads from one header field, across all its lines.
///
/// A field with more members is treated restrictively: `Vary` is read as `*`, and `Cache-Control` of a response as
/// `no-store`. A list of entity tags with more members never permits an unsafe request.
pub const MAX_MEMBERS: usize = 1_024;

/// The largest number of seconds that the parsers return: 2^31, to which
/// [RFC 9111 section 1.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2) clamps larger values.
// C-04.
pub const MAX_DELTA_SECONDS: u32 = 2_147_483_648;

/// Returns whether `byte` is allowed in a token (RFC 9110 section 5.6.2).
#[inline]
pub(crate) const fn is_tchar(byte: u8) -> bool {
    // A table lookup takes a third of the instructions of comparisons with each range.
    TCHARS[byte as usize]
}

static TCHARS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
            | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z');
        byte += 1;
    }
    table
};

/// Returns whether `bytes` is one nonempty token.
pub(crate) const fn is_token(bytes: &[u8]) -> bool {
    let mut i = 0;
    while i < bytes.len() {
        if !is_tchar(bytes[i]) {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// Returns the length of the token that `bytes` starts with. Checks four bytes at once.
fn token_length(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks();
    let whole =
        chunks.iter().take_while(|[a, b, c, d]| is_tchar(*a) & is_tchar(*b) & is_tchar(*c) & is_tchar(*d)).count();
    let rest = &bytes[4 * whole..];
    4 * whole + rest.iter().take_while(|byte| is_tchar(**byte)).count()
}

/// Returns where a byte occurs first. Compares eight bytes at once.
pub(super) fn position(text: &[u8], byte: u8) -> Option<usize> {
    let (chunks, rest) = text.as_chunks();
    for (index, chunk) in chunks.iter().enumerate() {
        let found = zeros(u64::from_le_bytes(*chunk) ^ every(byte));
        if found != 0 {
            return Some(8 * index + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|other| *other == byte).map(|index| 8 * chunks.len() + index)
}

/// Eight times the byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte that is zero.
const fn zeros(bytes: u64) -> u64 {
    !((bytes & every(0x7f)).wrapping_add(every(0x7f)) | bytes | every(0x7f))
}

/// Removes spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
pub(crate) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Returns whether `text` contains these two adjacent bytes, the second one in any case. Compares eight pairs at once.
pub(super) fn has_pair(text: &[u8], [one, next]: [u8; 2]) -> bool {
    const CASE: u8 = 0x20;
    let eight_pairs = |bytes: &[u8; 9]| {
        let [first @ .., _] = bytes;
        let [_, second @ ..] = bytes;
        // A byte is zero if both bytes of its pair are as wanted.
        let pairs =
            (u64::from_le_bytes(*first) ^ every(one)) | ((u64::from_le_bytes(*second) | every(CASE)) ^ every(next));
        pairs.wrapping_sub(every(1)) & !pairs & every(0x80) != 0
    };
    let Some(last) = text.last_chunk() else {
        return text.windows(2).any(|pair| pair[0] == one && pair[1] | CASE == next);
    };
    let mut rest = text;
    while let Some(bytes) = rest.first_chunk() {
        if eight_pairs(bytes) {
            return true;
        }
        rest = &rest[8..];
    }
    // May contain pairs that were compared before.
    eight_pairs(last)
}

/// Returns whether the lines of a `#list` have a nonempty member.
pub(crate) fn has_members<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    lines.into_iter().any(|line| line.as_bytes().iter().any(|byte| !matches!(byte, b',' | b' ' | b'\t')))
}

/// Iterates over the nonempty members of a `#list`, across all field lines, without surrounding white space (RFC 9110
/// sections 5.3 and 5.6.1.2).
///
/// A comma inside a quoted string does not separate members. A quoted string never continues on the next line. If a
/// quoted string is not terminated, the rest of the line is split at every comma, so that a stray quote cannot hide a
/// restriction.
pub(crate) fn members<'a, L>(lines: L) -> Members<'a, L::IntoIter>
where
    L: IntoIterator<Item = &'a HeaderValue>,
{
    // P-21.
    Members { lines: lines.into_iter(), rest: &[], quotes: true }
}

/// Returns whether these bytes, which must not be empty or start with a comma, are one member of a `#list`.
pub(crate) fn is_one_member(bytes: &[u8]) -> bool {
    Members::<std::iter::Empty<_>> { lines: std::iter::empty(), rest: bytes, quotes: true }.count() == 1
}

#[derive(Debug)]
pub(crate) struct Members<'a, L> {
    lines: L,
    rest: &'a [u8],
    /// Whether quotes are significant in the rest of the line.
    quotes: bool,
}

impl<'a, L: Iterator<Item = &'a HeaderValue>> Members<'a, L> {
    /// Returns the next member, and the length of the token that it starts with.
    pub(crate) fn next_with_token(&mut self) -> Option<(&'a [u8], usize)> {
        loop {
            while let [b',' | b' ' | b'\t', rest @ ..] = self.rest {
                self.rest = rest;
            }
            if !self.rest.is_empty() {
                break;
            }
            self.rest = self.lines.next()?.as_bytes();
            self.quotes = true;
        }
        let token = token_length(self.rest);
        let end = self.member_end(token);
        let member = trim_ows(&self.rest[..end]);
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some((member, token))
    }

    /// Returns the end of the first member of `rest`, at or after `start`. Turns quoting off for the rest of the line
    /// at an unterminated quoted string, so that each line is scanned again at most once.
    fn member_end(&mut self, start: usize) -> usize {
        let mut bytes = self.rest[start..].iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b',' => return self.rest.len() - bytes.len() - 1,
                b'"' if self.quotes => {
                    let start = self.rest.len() - bytes.len() - 1;
                    match quoted_string_end(&self.rest[start..]) {
                        Some(length) => bytes = self.rest[start + length..].iter(),
                        None => self.quotes = false,
                    }
                }
                _ => {}
            }
        }
        self.rest.len()
    }
}

impl<'a, L> Iterator for Members<'a, L>
where
    L: Iterator<Item = &'a HeaderValue>,
{
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.next_with_token().map(|(member, _)| member)
    }
}

/// Returns the length of the quoted string that `bytes` starts with, including both quotes. Returns `None` if it is not
/// terminated.
pub(crate) fn quoted_string_end(bytes: &[u8]) -> Option<usize> {
    let mut i = 1;
    while i < bytes.len() {
        match bytes[i] {
            b'"' => return Some(i + 1),
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    None
}

/// Returns the line of a field that is not a list. Returns `None` if there are several lines, because it is unknown
/// which one applies.
pub(crate) fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    // The usual case: no field has a second line. This path takes a fifth of the instructions.
    if headers.len() == headers.keys_len() {
        return headers.get(name);
    }
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    lines.next().is_none().then_some(first)
}

/// Sets a field. `HeaderMap::insert` would panic if the map is full. This function then removes a field that neither
/// caches nor clients act on.
#[inline]
pub(crate) fn set_field(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    /// The capacity of `HeaderMap`, according to its documentation.
    const MAX_NAMES: usize = 24_576;
    if headers.keys_len() >= MAX_NAMES {
        make_room(headers, &name);
    }
    _ = headers.try_insert(name, value);
}

#[cold]
fn make_room(headers: &mut HeaderMap, name: &HeaderName) {
    let unknown = headers.keys().find(|name| !is_significant(name.as_str())).cloned();
    // Not all of so many fields can be known fields.
    headers.remove(unknown.unwrap_or_else(|| name.clone()));
}

/// Returns whether caches or clients act on a response field.
pub(super) fn is_significant(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "access-control-allow-credentials",
        "access-control-allow-origin",
        "age",
        "cache-control",
        "content-encoding",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "location",
        "pragma",
        "set-cookie",
        "vary",
    ];
    NAMES.contains(&name)
}

/// Returns the text of a quoted string without quotes and escapes. Returns `None` if `bytes` is not exactly one quoted
/// string.
pub(crate) fn unquote(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.first() != Some(&b'"') || quoted_string_end(bytes)? != bytes.len() {
        return None;
    }
    let mut text = Vec::with_capacity(bytes.len() - 2);
    let mut escaped = false;
    for &byte in &bytes[1..bytes.len() - 1] {
        if byte == b'\\' && !escaped {
            escaped = true;
        } else {
            text.push(byte);
            escaped = false;
        }
    }
    Some(text)
}

/// Parses `1*DIGIT`. A number that exceeds 64 bits is invalid.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    // R-03.
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes a number without allocating, and returns its digits.
pub(crate) fn put_decimal(mut number: u64, place: &mut [u8; 20]) -> &[u8] {
    let mut start = place.len();
    for (index, digit) in place.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        start = index;
        if number == 0 {
            break;
        }
    }
    &place[start..]
}

/// Parses `1*DIGIT`. Clamps the value to [`MAX_DELTA_SECONDS`] (RFC 9111 section 1.2.2).
pub(crate) fn delta_seconds(bytes: &[u8]) -> Option<u32> {
    // C-04.
    if bytes.is_empty() {
        return None;
    }
    let mut seconds: u32 = 0;
    for &byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        seconds = seconds.saturating_mul(10).saturating_add(u32::from(byte - b'0')).min(MAX_DELTA_SECONDS);
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(lines: &[&'static str]) -> Vec<String> {
        let lines: Vec<_> = lines.iter().map(|l| HeaderValue::from_static(l)).collect();
        members(&lines).map(|member| String::from_utf8_lossy(member).into_owned()).collect()
    }

    #[test]
    fn a_pair_is_found_at_every_position_and_across_chunks() {
        for length in 0..40 {
            let plain =
                vec![b'-'; length].iter().enumerate().map(|(at, byte)| byte ^ (at as u8 & 1)).collect::<Vec<_>>();
            assert!(!has_pair(&plain, *b"--"), "{length} bytes without a pair");
            for at in 1..length {
                for (pair, sent) in [(*b"--", *b"--"), (*b"-s", *b"-s"), (*b"-s", *b"-S")] {
                    let mut text = vec![b'x'; length];
                    text[at - 1..=at].copy_from_slice(&sent);
                    assert!(has_pair(&text, pair), "at {at} of {length}");
                    text.swap(at - 1, at);
                    assert_eq!(has_pair(&text, pair), sent == *b"--", "reversed, at {at} of {length}");
                    text[at] = 0x80;
                    assert!(!has_pair(&text, pair), "one byte alone, at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn the_first_byte_and_the_end_of_a_token_are_found_at_every_position() {
        for length in 0..40 {
            for at in 0..=length {
                for (byte, around) in [(b',', b'x'), (b',', b'-'), (b',', b'~'), (0x80, b'x')] {
                    let mut text = vec![around; length];
                    // A second occurrence must not count.
                    text[at..].fill(byte);
                    let expected = (at < length).then_some(at);
                    assert_eq!(position(&text, byte), expected, "{byte} at {at} of {length}");
                    assert_eq!(token_length(&text), at, "{byte} at {at} of {length}");
                    if let Some(rest) = text.get_mut(at + 1..) {
                        rest.fill(around);
                    }
                    assert_eq!(position(&text, byte), expected, "{byte} at {at} of {length}, alone");
                    assert_eq!(token_length(&text), at, "{byte} at {at} of {length}, alone");
                }
            }
        }
    }

    #[test]
    fn members_are_read_across_lines_and_empty_ones_are_skipped() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("one member", &["a"], &["a"]),
            ("two lines form one list", &["a, b", "c"], &["a", "b", "c"]),
            ("empty members are ignored (P-21)", &[", a,, b ,"], &["a", "b"]),
            ("an empty line has no members", &["", "a"], &["a"]),
            ("tabs are white space", &["\ta\t,\tb"], &["a", "b"]),
            ("a comma inside quotes does not split", &[r#"a="x,y", b"#], &[r#"a="x,y""#, "b"]),
            ("an escaped quote does not end the string", &[r#"a="x\",y", b"#], &[r#"a="x\",y""#, "b"]),
            ("an unterminated quoted string hides no members", &[r#"a="x, no-store"#], &[r#"a="x"#, "no-store"]),
            ("an unterminated quoted string ends with its line", &[r#"a="x"#, "b"], &[r#"a="x"#, "b"]),
            ("an escaped quote does not terminate a string", &[r#"a="x\"#, "b"], &[r#"a="x\"#, "b"]),
        ];
        for (sentence, lines, expected) in table {
            assert_eq!(&split(lines), expected, "{sentence}");
        }
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        for number in (0..200).chain([999, 1_000, 86_400, u64::MAX - 1, u64::MAX]) {
            assert_eq!(put_decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }

    #[test]
    fn delta_seconds_are_digits_and_are_clamped() {
        let table: &[(&str, Option<u32>)] = &[
            ("0", Some(0)),
            ("060", Some(60)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", Some(MAX_DELTA_SECONDS)),
            ("2147483649", Some(MAX_DELTA_SECONDS)),
            ("4294967296", Some(MAX_DELTA_SECONDS)),
            ("99999999999999999999999", Some(MAX_DELTA_SECONDS)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("60.0", None),
            ("6 0", None),
            ("1e3", None),
        ];
        for (text, expected) in table {
            assert_eq!(delta_seconds(text.as_bytes()), *expected, "{text:?}");
        }
    }

    #[test]
    fn unquote_accepts_exactly_one_quoted_string() {
        assert_eq!(unquote(br#""a b""#).as_deref(), Some(&b"a b"[..]));
        assert_eq!(unquote(br#""a\"b\\""#).as_deref(), Some(&br#"a"b\"#[..]));
        assert_eq!(unquote(br#""""#).as_deref(), Some(&b""[..]));
        for odd in [&br#"""#[..], br#""a"#, br#"a"b""#, br#""a"b"#, br#""a\""#, b"a", b""] {
            assert_eq!(unquote(odd), None, "{odd:?}");
        }
    }
}
