//! [`MediaRange`]: the content types that a policy applies to.

use std::cmp::Ordering;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};

use crate::work::step;

/// A media type such as `text/css`, or a range such as `image/*`. Exact types sort before ranges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MediaRange {
    /// The complete type, in lower case.
    Exact(String),
    /// The part before `/*`, in lower case.
    Kind(String),
}

impl MediaRange {
    /// Parses a type or a range. Returns `None` for anything else, including `*/*`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        let text = text.to_ascii_lowercase();
        match name {
            "*" if is_name(kind) => Some(Self::Kind(kind.to_ascii_lowercase())),
            _ if is_name(kind) && is_name(name) => Some(Self::Exact(text)),
            _ => None,
        }
    }

    /// Finds the value for a content type in sorted ranges. An exact type takes precedence over a range.
    pub(super) fn find<'a, T>(ranges: &'a [(Self, T)], content_type: &[u8]) -> Option<&'a T> {
        let exact = |range: &Self| match range {
            Self::Exact(own) => compare(own, content_type),
            Self::Kind(_) => Ordering::Greater,
        };
        let kind = content_type.split(|&byte| byte == b'/').next().unwrap_or_default();
        let of_kind = |range: &Self| match range {
            Self::Exact(_) => Ordering::Less,
            Self::Kind(own) => compare(own, kind),
        };
        let found = ranges
            .binary_search_by(|(range, _)| exact(range))
            .or_else(|_| ranges.binary_search_by(|(range, _)| of_kind(range)));
        found.ok().map(|found| &ranges[found].1)
    }
}

/// Compares a lower-case text with a text in any case.
fn compare(own: &str, text: &[u8]) -> Ordering {
    step();
    own.bytes().cmp(text.iter().map(u8::to_ascii_lowercase))
}

impl std::fmt::Display for MediaRange {
    #[inline]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(own) => f.write_str(own),
            Self::Kind(own) => write!(f, "{own}/*"),
        }
    }
}

/// Whether the text is a token without `*`. A field name is also a token.
fn is_name(text: &str) -> bool {
    !text.contains('*') && HeaderName::from_bytes(text.as_bytes()).is_ok()
}

/// The content type of a response without its parameters, or `None` unless the response has exactly one valid
/// `Content-Type`.
pub(super) fn content_type(status: StatusCode, headers: &HeaderMap) -> Option<&[u8]> {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (line, None) = (lines.next()?.as_bytes(), lines.next()) else { return None };
    let media_type = line.split(|&byte| byte == b';').next()?.trim_ascii();
    let (kind, name) = media_type.split_at(media_type.iter().position(|&byte| byte == b'/')?);
    let readable = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|&byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'"'))
    };
    if !readable(kind) || !readable(&name[1..]) {
        return None;
    }
    // This is the type of the envelope. The parts have their own types.
    let in_parts = status == StatusCode::PARTIAL_CONTENT && media_type.eq_ignore_ascii_case(b"multipart/byteranges");
    (!in_parts).then_some(media_type)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::work::steps_of;

    #[test]
    fn content_types_are_read_without_parameters_and_invalid_ones_are_ignored() {
        let table: &[(&[&str], Option<&str>)] = &[
            (&["text/html"], Some("text/html")),
            (&["Text/HTML ; charset=utf-8"], Some("Text/HTML")),
            (&[" image/svg+xml;a/b"], Some("image/svg+xml")),
            (&[], None),
            (&[""], None),
            (&["text"], None),
            (&["text/"], None),
            (&["/html"], None),
            (&["text/html/x"], None),
            (&["text/html charset=utf-8"], None),
            (&["text/html, text/plain"], None),
            (&["text/html", "text/html"], None),
        ];
        for (lines, expected) in table {
            let headers: HeaderMap = lines.iter().map(|line| (CONTENT_TYPE, HeaderValue::from_static(line))).collect();
            assert_eq!(content_type(StatusCode::OK, &headers), expected.map(str::as_bytes), "{lines:?}");
        }
        let parts: HeaderMap =
            [(CONTENT_TYPE, HeaderValue::from_static("Multipart/ByteRanges; boundary=x"))].into_iter().collect();
        assert!(content_type(StatusCode::OK, &parts).is_some());
        assert!(content_type(StatusCode::PARTIAL_CONTENT, &parts).is_none());
    }

    #[test]
    fn a_media_range_is_an_exact_type_or_a_range() {
        let matches = |range: &str, media_type: &str| {
            MediaRange::find(&[(MediaRange::parse(range).unwrap(), ())], media_type.as_bytes()).is_some()
        };
        assert!(matches("Image/*", "IMAGE/png"));
        assert!(!matches("image/*", "images/png"));
        assert!(matches("text/CSS", "text/css"));
        assert!(!matches("text/css", "text/css2"));
        for odd in
            ["", "text", "text/", "/css", "*/*", "*/css", "te*/css", "text/c*", "text/css; a=b", "a/b/c", "a b/c"]
        {
            assert_eq!(MediaRange::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_search_among_content_types_is_logarithmic() {
        let texts = (0..4_000).map(|n| format!("application/x-{n}")).chain((0..4_000).map(|n| format!("x-{n}/*")));
        let mut ranges: Vec<_> = texts.map(|text| (MediaRange::parse(&text).unwrap(), text)).collect();
        ranges.sort();
        for (content_type, expected) in [
            ("application/X-3999", Some("application/x-3999")),
            ("X-7/anything", Some("x-7/*")),
            ("application/x-4000", None),
            ("text/html", None),
        ] {
            let find = || MediaRange::find(&ranges, content_type.as_bytes());
            assert_eq!(find().map(String::as_str), expected, "{content_type}");
            assert!(steps_of(find) < 60, "{content_type}");
        }
        for (range, text) in &ranges {
            let content_type = text.replace('*', "anything");
            assert_eq!(MediaRange::find(&ranges, content_type.as_bytes()), Some(text), "{range}");
        }
    }
}
