//! Detects paths that other software may resolve to a different path.
//!
//! Route tables, assets and purges share this module, so that they interpret a path in the same way.

/// The number of times that a path is decoded. No software is known to decode more often.
const MAX_DECODINGS: usize = 4;

/// Returns whether the path has a segment `.` or `..` in any spelling that some software accepts: percent-encoded once
/// or several times, after `\`, or before `;`. Servers resolve such paths differently, and an attacker can make a
/// browser send one.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    // G-19.
    let path = path.as_bytes();
    // Most paths do not need a further check. Because the loop does not exit early, the compiler can compare many bytes
    // at once.
    let after = path.get(1..).unwrap_or_default();
    let may_have = path.iter().zip(after).fold(false, |found, (&byte, &next)| {
        found | (byte == b'/') & (next == b'.') | (byte == b'%') | (byte == b'\\') | (byte >= 0x80)
    });
    may_have && resolves_elsewhere_in_any_decoding(path)
}

/// Returns an equivalent path in which unreserved characters are not encoded and the digits of the others are in upper
/// case ([RFC 3986 section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986.html#section-6.2.2)). Returns `None` if the path
/// is in this form already.
#[cfg(any(feature = "routes", feature = "shared-cache"))]
pub(crate) fn normalized_encoding(path: &str) -> Option<String> {
    // G-19.
    if !path.contains('%') {
        return None;
    }
    let (mut normalized, mut rest) = (String::new(), path);
    while let Some(at) = rest.find('%') {
        normalized.push_str(&rest[..at]);
        match rest.as_bytes()[at..] {
            [_, high, low, ..] if is_hex(high, low) => {
                match hex(high) << 4 | hex(low) {
                    byte if is_unreserved(byte) => normalized.push(char::from(byte)),
                    _ => normalized.extend(['%', high.to_ascii_uppercase().into(), low.to_ascii_uppercase().into()]),
                }
                rest = &rest[at + 3..];
            }
            _ => {
                normalized.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    normalized.push_str(rest);
    (normalized != path).then_some(normalized)
}

/// Returns whether an unreserved character is encoded. Some software decodes it before it routes.
#[cfg(any(feature = "routes", feature = "shared-cache"))]
pub(crate) fn has_encoded_unreserved(path: &str) -> bool {
    // G-19.
    path.as_bytes().windows(3).any(
        |window| matches!(*window, [b'%', high, low] if is_hex(high, low) && is_unreserved(hex(high) << 4 | hex(low))),
    )
}

/// Returns whether a character has the same meaning encoded (RFC 3986 section 2.3).
#[cfg(any(feature = "routes", feature = "shared-cache"))]
const fn is_unreserved(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
}

fn resolves_elsewhere_in_any_decoding(path: &[u8]) -> bool {
    if resolves_elsewhere(path) {
        return true;
    }
    if !is_encoded_again(path) {
        return false;
    }
    let mut decoded = decode(path);
    for _ in 0..MAX_DECODINGS {
        if resolves_elsewhere(&decoded) {
            return true;
        }
        let again = decode(&decoded);
        if again.len() == decoded.len() {
            return false;
        }
        decoded = again;
    }
    true
}

/// Returns whether any software may resolve the path to a different path. Checks for `;`, `\`, an encoded separator,
/// dot, `%` or NUL, and dot segments.
///
/// This check is stricter than [`has_dot_segment`]. It is for file names, which do not need these characters. Expects
/// the path of a request, which begins with `/`.
#[cfg(feature = "assets")]
pub(crate) fn is_suspicious(path: &str) -> bool {
    // If none of these bytes occurs, no character is encoded or special.
    let may_be = |byte: u8| (byte == b'%') | (byte == b';') | (byte == b'\\') | (byte >= 0x80);
    let may_have = path.bytes().fold(false, |found, byte| found | may_be(byte));
    (may_have && has_suspicious_character(path.as_bytes())) || has_dot_segment(path)
}

#[cfg(feature = "assets")]
fn has_suspicious_character(path: &[u8]) -> bool {
    let mut rest = path;
    while let Some((byte, after)) = character(rest) {
        let is_encoded = matches!(rest, [b'%' | 0x80.., _, ..]);
        let is_special = matches!(byte, 0 | b'.' | b'/' | b'#' | b';' | b'?' | b'\\')
            // Software that decodes twice would decode the remaining `%` again.
            || (byte == b'%' && after.len() + 3 == rest.len());
        if matches!(byte, b';' | b'\\') || (is_encoded && is_special) {
            return true;
        }
        rest = after;
    }
    false
}

/// Returns whether a decoded segment of the path is `.` or `..`.
fn resolves_elsewhere(path: &[u8]) -> bool {
    let mut rest = path;
    // The number of dots in the segment, or `None` if the segment contains other characters.
    let mut dots = Some(0);
    while let Some((byte, after)) = character(rest) {
        rest = after;
        match byte {
            b'/' | b'\\' | b';' | b'?' | b'#' | 0 if matches!(dots, Some(1 | 2)) => return true,
            b'/' | b'\\' => dots = Some(0),
            b'.' => dots = dots.map(|count| count + 1),
            // Some software trims or removes these characters.
            1..=b' ' | 0x7f => {}
            _ => dots = None,
        }
    }
    matches!(dots, Some(1 | 2))
}

/// Returns the first character, decoded, and the rest of the path.
///
/// Overlong and fullwidth forms of an ASCII character are returned as that character, because some decoders do the
/// same. For any other character, returns its first byte.
fn character(path: &[u8]) -> Option<(u8, &[u8])> {
    let (first, after) = byte(path)?;
    let next = |path| byte(path).filter(|(byte, _)| matches!(byte, 0x80..=0xbf));
    let seven_bits = |high: u8, low: u8| (high & 1) << 6 | (low & 0x3f);
    let folded = match first {
        0xc0 | 0xc1 => next(after).map(|(low, after)| (seven_bits(first, low), after)),
        0xe0 | 0xef => next(after).and_then(|(middle, after)| {
            let (low, after) = next(after)?;
            match (first, middle) {
                (0xe0, 0x80 | 0x81) => Some((seven_bits(middle, low), after)),
                // U+FF01 to U+FF3F.
                (0xef, 0xbc) => Some((b' ' + (low & 0x3f), after)),
                _ => None,
            }
        }),
        0xf0 => next(after).filter(|(second, _)| *second == 0x80).and_then(|(_, after)| {
            let (middle, after) = next(after).filter(|(middle, _)| matches!(middle, 0x80 | 0x81))?;
            let (low, after) = next(after)?;
            Some((seven_bits(middle, low), after))
        }),
        _ => None,
    };
    Some(folded.unwrap_or((first, after)))
}

/// Returns the first byte, decoded once, and the rest of the path.
fn byte(path: &[u8]) -> Option<(u8, &[u8])> {
    match path {
        [b'%', high, low, after @ ..] if is_hex(*high, *low) => Some((hex(*high) << 4 | hex(*low), after)),
        // An obsolete form that some servers still decode.
        [b'%', b'u' | b'U', b'0', b'0', high, low, after @ ..] if is_hex(*high, *low) => {
            Some((hex(*high) << 4 | hex(*low), after))
        }
        [byte, after @ ..] => Some((*byte, after)),
        [] => None,
    }
}

/// Returns whether a `%` remains after the path is decoded once.
fn is_encoded_again(path: &[u8]) -> bool {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'%').any(|(at, _)| match path[at + 1..] {
        [b'2', b'5', ..] => true,
        [high, low, ..] => !is_hex(high, low),
        _ => false,
    })
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = byte(rest) {
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn is_hex(high: u8, low: u8) -> bool {
    high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
}

/// Returns the value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dot_segments_are_detected_in_every_spelling() {
        for path in [
            "/..",
            "/.",
            "/a/../b",
            "/a/./b",
            "/a/..%2fb",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a%2f..%2Fb",
            "/a/..%5cb",
            "/a\\..\\b",
            "/a/..;/b",
            "/a/..;x=1/b",
            // An encoded `;`.
            "/a/..%3b/b",
            "/a/%2e%2e%3Bx=1/b",
            // Encoded two, three and four times.
            "/a/..%252fb",
            "/a/..%255cb",
            "/a/%252e%252e",
            "/a/%252E./b",
            "/a/..%253b/b",
            "/a/%25252e%25252e/b",
            "/a/%2525252e%2525252e/b",
            // Only a digit is encoded.
            "/a/%2%65%2%65/b",
            "/a/%%32%65./b",
            // With characters that end a string or a path, or that are trimmed.
            "/a/..%00",
            "/a/..%00.css",
            "/a/..%3fb",
            "/a/..%23b",
            "/a/.%09./b",
            "/a/%0a../b",
            "/a/..%20/b",
            // Forms that lenient decoders accept.
            "/a/%c0%ae%c0%ae/b",
            "/a/..%c0%afb",
            "/a/..%c1%9cb",
            "/a/%e0%80%ae%e0%80%ae/b",
            "/a/%f0%80%80%ae./b",
            "/a/%u002e%u002e/b",
            "/a/..%u002fb",
            "/a/%ef%bc%8e%ef%bc%8e/b",
            "/a/\u{ff0e}\u{ff0e}/b",
            "/a/..\u{ff0f}b",
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in [
            "",
            "*",
            "/",
            "//",
            "/a",
            "/.well-known/x",
            "/a..b",
            "/a/...",
            "/a/..b",
            "/a/b..",
            "/a;v=1.2/b",
            "/a%2fb",
            "/caf%C3%A9",
            "/café",
            "/%",
            "/%2",
            "/a/;..",
            "/100%25",
            "/100%2525",
            "/c%23",
            "/What%3F",
            "/a%20b",
            "/%E3%80%82",
            "/a/..%2b",
            "/%zz%u12",
        ] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_encoded_too_often_is_rejected() {
        assert!(!has_dot_segment(&format!("/a%{}41", "25".repeat(3))));
        assert!(has_dot_segment(&format!("/a%{}41", "25".repeat(2_000))));
    }

    #[cfg(feature = "assets")]
    #[test]
    fn a_path_that_may_resolve_elsewhere_is_suspicious() {
        for path in [
            "a;b",
            "a;.css",
            "a%00.css",
            "a%2fb",
            "a%2Fb",
            "%2e%2e/a",
            "a%2Ecss",
            "../a",
            "a/./b",
            "a\\b",
            "a%5cb",
            "a%3f",
            "a%23",
            "a%3Bb",
            "a%252fb",
            "a%c0%afb",
            "a%u002fb",
            "a%ef%bc%8fb",
        ] {
            assert!(is_suspicious(&format!("/{path}")), "{path}");
        }
        for path in ["a.css", "a/b.css", "caf%C3%A9.css", "a%20b.css", ".well-known/x", "", "%", "%2"] {
            assert!(!is_suspicious(&format!("/{path}")), "{path}");
        }
    }

    proptest! {
        #[test]
        fn repeated_encoding_does_not_hide_a_dot_segment(
            before in "[a-z]{0,3}",
            dots in prop::sample::select(vec!["..", ".", "..;", "..\\", "..;x=1"]),
            encodings in 0_usize..8,
            which in any::<u32>(),
        ) {
            let mut path = format!("/{before}/{dots}/x");
            for round in 0..encodings {
                path = path
                    .bytes()
                    .enumerate()
                    .map(|(at, byte)| match byte {
                        b'%' => "%25".to_owned(),
                        b'/' if at == 0 => "/".to_owned(),
                        _ if round == 0 && which >> (at % 32) & 1 == 1 => format!("%{byte:02x}"),
                        _ => char::from(byte).to_string(),
                    })
                    .collect();
            }
            prop_assert!(has_dot_segment(&path), "{}", path);
            #[cfg(feature = "assets")]
            prop_assert!(is_suspicious(&path), "{}", path);
        }

        #[test]
        fn arbitrary_paths_never_panic(path in any::<String>(), near in "[/.%2eEfF5cCu0\\\\;ａ．é]{0,40}") {
            for path in [&path, &near] {
                let _ = has_dot_segment(path);
                #[cfg(feature = "assets")]
                prop_assert!(!has_dot_segment(path) || is_suspicious(path));
            }
        }

        #[test]
        fn the_first_look_skips_only_paths_that_the_others_accept(near in "/[/.%2eEfF5cCu0\\\\;ab．é]{0,12}") {
            prop_assert_eq!(has_dot_segment(&near), resolves_elsewhere_in_any_decoding(near.as_bytes()));
            #[cfg(feature = "assets")]
            prop_assert_eq!(
                is_suspicious(&near),
                has_suspicious_character(near.as_bytes()) || resolves_elsewhere_in_any_decoding(near.as_bytes())
            );
        }
    }
}
