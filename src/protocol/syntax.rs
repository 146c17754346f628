//! Tokens, quoted strings, lists over all field lines, and delta-seconds.
//!
//! Everything here takes bytes, because a field value may carry obs-text
//! (V-04), and visits each byte a constant number of times.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The greatest number of list members that any parser of this crate reads from
/// one field, over all its lines.
///
/// A field with more members than this is treated in the restrictive direction:
/// `Vary` becomes `*`, `Cache-Control` of a response `no-store`, and a list of
/// entity tags matches whatever refuses the request.
pub const MAX_MEMBERS: usize = 1_024;

/// The greatest number of seconds that `delta-seconds` denotes when parsed: 2^31,
/// the value RFC 9111 section 1.2.2 gives for an overflow (C-04).
pub const MAX_DELTA_SECONDS: u32 = 2_147_483_648;

/// Whether `byte` may stand in a token (RFC 9110 section 5.6.2).
pub(crate) const fn is_tchar(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
        | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// Whether `bytes` are one token, which is never empty.
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

/// `bytes` without the spaces and tabs at either end (OWS, RFC 9110 section 5.6.3).
pub(crate) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The non-empty members of a `#list` over all field lines, in order, each
/// trimmed of OWS (RFC 9110 sections 5.3 and 5.6.1.2, P-21).
///
/// A comma inside a quoted string does not separate members. A quoted string
/// ends with its line at the latest, and a line whose quoted string never ends is
/// split at every comma from that quote on: a directive that restricts must not
/// hide behind a stray quote.
pub(crate) fn members<'a, L>(lines: L) -> Members<'a, L::IntoIter>
where
    L: IntoIterator<Item = &'a HeaderValue>,
{
    Members { lines: lines.into_iter(), rest: &[], quotes: true }
}

#[derive(Debug)]
pub(crate) struct Members<'a, L> {
    lines: L,
    rest: &'a [u8],
    /// Whether quotes still mean something in the current line.
    quotes: bool,
}

impl<'a, L> Members<'a, L> {
    /// Where the member at the head of `rest` ends. Turns quoting off for the
    /// rest of the line when a quoted string does not end, so that the rescan
    /// happens once per line and the whole stays linear.
    fn member_end(&mut self) -> usize {
        let mut i = 0;
        while i < self.rest.len() {
            match self.rest[i] {
                b',' => return i,
                b'"' if self.quotes => match quoted_string_end(&self.rest[i..]) {
                    Some(length) => i += length,
                    None => self.quotes = false,
                },
                _ => i += 1,
            }
        }
        i
    }
}

impl<'a, L> Iterator for Members<'a, L>
where
    L: Iterator<Item = &'a HeaderValue>,
{
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            while self.rest.is_empty() {
                self.rest = self.lines.next()?.as_bytes();
                self.quotes = true;
            }
            let end = self.member_end();
            let member = trim_ows(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !member.is_empty() {
                return Some(member);
            }
        }
    }
}

/// The length of the quoted string at the head of `bytes`, both quotes included,
/// or `None` when it does not end.
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

/// The line of a field that is not a list, or `None` when it has none or several: which of
/// them counts cannot be known.
pub(crate) fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    // No field has a second line: the usual case, and a fifth of the steps.
    if headers.len() == headers.keys_len() {
        return headers.get(name);
    }
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    lines.next().is_none().then_some(first)
}

/// Sets a field, also in a map that has as many names as it can have: there `insert` panics, so a field that
/// has no say in what caches and clients may do gives way.
pub(crate) fn set_field(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    /// What `HeaderMap` can hold, by its documentation.
    const MOST_NAMES: usize = 24_576;
    if headers.keys_len() >= MOST_NAMES {
        let unknown = headers.keys().find(|name| !matters(name.as_str())).cloned();
        // So many names are not all known.
        headers.remove(unknown.unwrap_or_else(|| name.clone()));
    }
    _ = headers.try_insert(name, value);
}

/// Whether a field has a say in what caches and clients may do with a response.
fn matters(name: &str) -> bool {
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

/// The text of a quoted string without its quotes and escapes, or `None` when
/// `bytes` are not exactly one quoted string.
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

/// Parses `1*DIGIT`, clamped to [`MAX_DELTA_SECONDS`] (RFC 9111 section 1.2.2, C-04).
pub(crate) fn delta_seconds(bytes: &[u8]) -> Option<u32> {
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
    fn members_are_read_over_all_lines_and_empty_ones_are_skipped() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("one member", &["a"], &["a"]),
            ("two lines are one list", &["a, b", "c"], &["a", "b", "c"]),
            ("empty members are ignored (P-21)", &[", a,, b ,"], &["a", "b"]),
            ("an empty line has no member", &["", "a"], &["a"]),
            ("tabs are white space", &["\ta\t,\tb"], &["a", "b"]),
            ("a comma inside quotes does not split", &[r#"a="x,y", b"#], &[r#"a="x,y""#, "b"]),
            ("an escaped quote does not end the string", &[r#"a="x\",y", b"#], &[r#"a="x\",y""#, "b"]),
            ("an open quote hides nothing", &[r#"a="x, no-store"#], &[r#"a="x"#, "no-store"]),
            ("an open quote ends with its line", &[r#"a="x"#, "b"], &[r#"a="x"#, "b"]),
            ("a quote escaped at the end is open", &[r#"a="x\"#, "b"], &[r#"a="x\"#, "b"]),
        ];
        for (sentence, lines, expected) in table {
            assert_eq!(&split(lines), expected, "{sentence}");
        }
    }

    #[test]
    fn delta_seconds_are_digits_and_clamp() {
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
    fn unquote_takes_exactly_one_quoted_string() {
        assert_eq!(unquote(br#""a b""#).as_deref(), Some(&b"a b"[..]));
        assert_eq!(unquote(br#""a\"b\\""#).as_deref(), Some(&br#"a"b\"#[..]));
        assert_eq!(unquote(br#""""#).as_deref(), Some(&b""[..]));
        for odd in [&br#"""#[..], br#""a"#, br#"a"b""#, br#""a"b"#, br#""a\""#, b"a", b""] {
            assert_eq!(unquote(odd), None, "{odd:?}");
        }
    }
}
