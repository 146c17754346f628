//! [`MediaRange`]: content types that a policy is for.

use std::cmp::Ordering;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};

use crate::policy::work::step;

/// `text/css`, or `image/*`. Exact ones order before ranges, which is the order to try them in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MediaRange {
    /// The whole, in lower case.
    Exact(String),
    /// What stands before `/*`, in lower case.
    Kind(String),
}

impl MediaRange {
    /// `None` for what is neither, and for `*/*`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        let text = text.to_ascii_lowercase();
        match name {
            "*" if is_name(kind) => Some(Self::Kind(kind.to_ascii_lowercase())),
            _ if is_name(kind) && is_name(name) => Some(Self::Exact(text)),
            _ => None,
        }
    }

    /// What a content type gets by the ranges, which are in order: an exact one before its kind.
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

/// The order of a text in lower case and one in any case.
fn compare(own: &str, text: &[u8]) -> Ordering {
    step();
    own.bytes().cmp(text.iter().map(u8::to_ascii_lowercase))
}

impl std::fmt::Display for MediaRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(own) => f.write_str(own),
            Self::Kind(own) => write!(f, "{own}/*"),
        }
    }
}

/// A token, as a field name is one, that is no wildcard.
fn is_name(text: &str) -> bool {
    !text.contains('*') && HeaderName::from_bytes(text.as_bytes()).is_ok()
}

/// The content type of an answer without its parameters, or `None` when the answer does not
/// say in one way what it is.
pub(super) fn content_type(status: StatusCode, answer: &HeaderMap) -> Option<&[u8]> {
    let mut lines = answer.get_all(CONTENT_TYPE).iter();
    let (line, None) = (lines.next()?.as_bytes(), lines.next()) else { return None };
    let media_type = line.split(|&octet| octet == b';').next()?.trim_ascii();
    let (kind, name) = media_type.split_at(media_type.iter().position(|&octet| octet == b'/')?);
    let readable = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|&octet| octet.is_ascii_graphic() && !matches!(octet, b'/' | b',' | b'"'))
    };
    if !readable(kind) || !readable(&name[1..]) {
        return None;
    }
    // The type is that of the envelope; those of the parts are inside.
    let in_parts = status == StatusCode::PARTIAL_CONTENT && media_type.eq_ignore_ascii_case(b"multipart/byteranges");
    (!in_parts).then_some(media_type)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::policy::work::steps_of;

    #[test]
    fn a_content_type_is_read_without_parameters_or_not_at_all() {
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
            let answer: HeaderMap = lines.iter().map(|line| (CONTENT_TYPE, HeaderValue::from_static(line))).collect();
            assert_eq!(content_type(StatusCode::OK, &answer), expected.map(str::as_bytes), "{lines:?}");
        }
        let parts: HeaderMap =
            [(CONTENT_TYPE, HeaderValue::from_static("Multipart/ByteRanges; boundary=x"))].into_iter().collect();
        assert!(content_type(StatusCode::OK, &parts).is_some());
        assert!(content_type(StatusCode::PARTIAL_CONTENT, &parts).is_none());
    }

    #[test]
    fn a_range_is_a_type_or_a_kind() {
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
    fn a_route_with_many_content_types_is_searched_in_logarithmic_steps() {
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
