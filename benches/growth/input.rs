//! The worst inputs, which repeat one unit.

use std::fmt::{self, Write as _};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The lengths of inputs, each eight times the previous one. The last length is slightly below the limit of servers for
/// all fields together, because a URI has at most 65,534 bytes. The first length is shorter than the limits of the
/// parsers, above which quadratic growth would not be visible.
pub(crate) const LENGTHS: [usize; 3] = [1_000, 8_000, 64_000];

/// A text that is repeated, and the way in which the repetitions form lines. In the text, `#` is replaced by the number
/// of the repetition.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    unit: &'static str,
    lines: Lines,
}

#[derive(Clone, Copy)]
enum Lines {
    /// All repetitions on one line.
    One,
    /// Each repetition on its own line.
    Each,
}

const fn one(unit: &'static str) -> Shape {
    Shape { unit, lines: Lines::One }
}

const fn each(unit: &'static str) -> Shape {
    Shape { unit, lines: Lines::Each }
}

/// White space, separators, quotation marks that are closed, open or escaped, equal and different words, and prefixes
/// of the text that a parser searches for.
pub(crate) const SHAPES: &[Shape] = &[
    one("a"),
    one(","),
    one(" "),
    one("\t,"),
    one(";"),
    one("*,"),
    one("\""),
    one("\\"),
    one("\"\\"),
    one("\"a"),
    one("W/"),
    one("W/\""),
    one("\"a\","),
    one("\"#\","),
    one("W/\"#\","),
    one("\"#--gzip\","),
    one("--gzip\",\""),
    one("a#,"),
    one("a# "),
    one("a#=1,"),
    one("max-age=#,"),
    one("private=\"a,"),
    one("private=\"a#\","),
    one("no-cache=\"\\\","),
    one("no-cache=\"a#, b\","),
    one("x=\"a\\\"\"\","),
    one("a#;q=0.5,"),
    one(";a#"),
    one("(a b);c "),
    one("a=(b# c),"),
    one("a=:YQ==:,"),
    one("a=%\"%c3%a9\","),
    one("HIT from a,"),
    one("a#; hit; ttl=1,"),
    one("1.#;key=?#;hit, "),
    one(";key=?"),
    one("a [cHs f ],"),
    one("Sun, 06 Nov 1994 08:49:37 GMT,"),
    one("0"),
    one("../"),
    each("a#"),
    each("\"#\""),
    each("private=\"a#\""),
];

/// The units on which the parsers differ most, for functions that call several parsers.
pub(crate) const TELLING: &[Shape] = &[
    one(","),
    one("\"\\"),
    one("W/\"#\","),
    one("\"#--gzip\","),
    one("a#,"),
    one("a# "),
    one("a#=1,"),
    one("private=\"a#\","),
    one("a#;q=0.5,"),
    each("a#"),
];

/// The units for URLs and paths.
pub(crate) const PATHS: &[Shape] =
    &[one("a"), one("/"), one("../"), one("%2e%2E/"), one("a#/"), one("%"), one("{a}"), one(":"), one("a#,")];

/// The units for texts with their own syntax.
pub(crate) const TEXTS: &[Shape] = &[
    one("a"),
    one("1s "),
    one("1"),
    one("-"),
    one("\""),
    one("a#,"),
    one("url(a) "),
    one("url("),
    one("/*"),
    one("\\"),
    one("{"),
    one("[{\"a\":"),
    one("@import 'a';"),
];

/// The fields in which the unit is repeated.
pub(crate) struct Input {
    /// Returns the complete input as one string.
    pub(crate) text: String,
    /// Returns the lines of a field.
    pub(crate) lines: Vec<HeaderValue>,
}

impl Shape {
    /// Creates an input of this many bytes, or slightly fewer.
    pub(crate) fn input(&self, bytes: usize) -> Input {
        let length = self.unit.len() + 4 * self.unit.matches('#').count();
        let mut text = String::with_capacity(bytes);
        for n in 0..bytes / length {
            match self.unit.split_once('#') {
                Some((before, after)) => write!(text, "{before}{n:05}{after}").unwrap(),
                None => text.push_str(self.unit),
            }
        }
        let line = |text: &[u8]| HeaderValue::from_bytes(text).unwrap();
        let lines = match self.lines {
            Lines::One => vec![line(text.as_bytes())],
            Lines::Each => text.as_bytes().chunks(length).map(line).collect(),
        };
        Input { text, lines }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = match self.lines {
            Lines::One => "",
            Lines::Each => ", each a line",
        };
        write!(f, "{:?}{lines}", self.unit)
    }
}

impl Input {
    /// Creates a message in which each of these fields contains the input.
    pub(crate) fn fields(&self, names: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(names.len());
        for name in names {
            for line in &self.lines {
                headers.append(HeaderName::from_static(name), line.clone());
            }
        }
        headers
    }

    /// Creates a path that contains the input, without characters that a URI must not contain.
    pub(crate) fn path(&self) -> String {
        let allowed = |c: &char| c.is_ascii_graphic() && !"\"<>\\^`{|}#?".contains(*c);
        let path: String = self.text.chars().filter(allowed).collect();
        format!("/files/{path}")
    }
}
