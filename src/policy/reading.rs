//! [`Reading`]: a `Cache-Control` line with its directives.

use std::rc::Rc;

use http::HeaderMap;
use http::header::CACHE_CONTROL;

use super::recent::{MAX_LENGTH, Recent, short_hash};
use crate::protocol::{CacheControl, hides_a_restriction, is_misspelled};

/// A `Cache-Control` line that all caches read in the same way, with its directives.
#[derive(Debug)]
pub(crate) struct Reading {
    /// A copy, because a field value may be a slice of a buffer with all fields of a response.
    line: Box<[u8]>,
    field: CacheControl,
    is_plain: bool,
}

impl Reading {
    /// Reads the only line of a response, unless this thread has read an equal one recently. Returns `None` if the line
    /// is long, if it has no known directive, or if caches read it in different ways.
    pub(super) fn of_only_line(headers: &HeaderMap) -> Option<Rc<Self>> {
        thread_local! {
            static RECENT: Recent<Reading> = const { Recent::new() };
        }
        let line = headers.get(CACHE_CONTROL)?.as_bytes();
        if line.len() > MAX_LENGTH {
            return None;
        }
        let read = || {
            let field = CacheControl::from_headers(headers).unwrap_or_default();
            let is_unclear = field.has_extensions_only()
                || field.is_empty()
                || hides_a_restriction(headers, &field)
                || is_misspelled(headers, &field);
            Self { line: line.into(), field, is_plain: !is_unclear }
        };
        let reading = Recent::recall(&RECENT, short_hash(line), |known| *known.line == *line, read);
        reading.is_plain.then_some(reading)
    }

    pub(crate) const fn line(&self) -> &[u8] {
        &self.line
    }

    pub(crate) const fn directives(&self) -> &CacheControl {
        &self.field
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn lines_that_differ_only_in_the_middle_are_told_apart() {
        let lines = ["max-age=1, s-maxage=1111, immutable", "max-age=1, s-maxage=2222, immutable"];
        assert_eq!(short_hash(lines[0].as_bytes()), short_hash(lines[1].as_bytes()), "both are for one slot");
        for _ in 0..3 {
            for (line, expected) in lines.into_iter().zip([1_111, 2_222]) {
                let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(line))]);
                let reading = Reading::of_only_line(&headers).unwrap();
                assert_eq!(reading.directives().s_maxage(), Some(expected));
            }
        }
    }

    #[test]
    fn only_a_line_that_is_read_again_in_full_is_too_long() {
        for (length, is_read) in [(MAX_LENGTH, true), (MAX_LENGTH + 1, false)] {
            let line = format!("max-age=1, x={}", "a".repeat(length - 13));
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_str(&line).unwrap())]);
            assert_eq!(Reading::of_only_line(&headers).is_some(), is_read, "{length}");
        }
    }
}
