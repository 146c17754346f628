//! Renders text in HTML, times and sizes.

use std::fmt::{self, Write};
use std::time::Duration;

/// Writes text between tags and in quoted attributes. Replaces control characters, and characters that change the
/// direction of the text after them.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ if char.is_control() || is_bidi_control(char) => f.write_char(char::REPLACEMENT_CHARACTER),
            _ => f.write_char(char),
        })
    }
}

const fn is_bidi_control(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Renders seconds in the largest units: `60 s`, `5 min`, `1 h 30 min`.
pub(crate) struct Span(pub(crate) u64);

const UNITS: [(u64, &str, &str); 5] =
    [(31_536_000, "year", "years"), (86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s")];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 120 {
            return write!(f, "{} s", self.0);
        }
        let mut rest = self.0;
        let mut separator = "";
        for (seconds, one, many) in UNITS {
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                write!(f, "{separator}{count} {}", if count == 1 { one } else { many })?;
                separator = " ";
            }
        }
        Ok(())
    }
}

/// Renders bytes: `812 B`, `4.2 kB`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => return write!(f, "{} B", self.0),
            1_000..1_000_000 => (1_000, "kB"),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            1_000_000_000.. => (1_000_000_000, "GB"),
        };
        write!(f, "{}.{} {name}", self.0 / unit, self.0 % unit / (unit / 10))
    }
}

/// Renders a short time: `0.4 ms`, `12 ms`, `1.5 s`.
pub(crate) struct ShortTime(pub(crate) Duration);

impl fmt::Display for ShortTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_secs_f64() * 1e3;
        match millis {
            ..10.0 => write!(f, "{millis:.1} ms"),
            ..1_000.0 => write!(f, "{millis:.0} ms"),
            _ => write!(f, "{:.1} s", millis / 1e3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_escaped() {
        for (text, escaped) in [
            ("/a?b=c", "/a?b=c"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"),
            ("a\r\ndata: b\0", "a\u{fffd}\u{fffd}data: b\u{fffd}"),
            ("gpj.\u{202e}exe", "gpj.\u{fffd}exe"),
            ("größe", "größe"),
        ] {
            assert_eq!(Escaped(text).to_string(), escaped);
        }
    }

    #[test]
    fn times_and_sizes_have_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (60, "60 s"),
            (119, "119 s"),
            (300, "5 min"),
            (3_600, "1 h"),
            (5_400, "1 h 30 min"),
            (86_400, "1 day"),
            (2_592_000, "30 days"),
            (31_536_000, "1 year"),
            (90_061, "1 day 1 h 1 min 1 s"),
        ] {
            assert_eq!(Span(seconds).to_string(), text);
        }
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (4_250, "4.2 kB"), (1_999_999, "1.9 MB")] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        for (micros, text) in [(400, "0.4 ms"), (12_400, "12 ms"), (1_500_000, "1.5 s")] {
            assert_eq!(ShortTime(Duration::from_micros(micros)).to_string(), text);
        }
    }
}
