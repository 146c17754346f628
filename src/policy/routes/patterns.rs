//! [`Patterns`]: finds the pattern that matches a path.

use std::fmt;

use crate::protocol::{has_dot_segment, has_encoded_unreserved};

/// The maximum number of parameters that matchit supports.
const MAX_PARAMETERS: usize = 25;

/// Patterns, each with the index of its route. axum's router also uses [`matchit::Router`], so a pattern has the same
/// meaning in both.
#[derive(Clone, Default)]
pub(super) struct Patterns(matchit::Router<usize>);

/// The reason why a pattern was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// The pattern is invalid. The text explains what to write instead.
    Invalid(&'static str),
    /// An earlier pattern is equally specific.
    Conflict,
}

impl Patterns {
    /// Adds a pattern. After an error the patterns must not be used.
    pub(super) fn insert(&mut self, text: &str, route: usize) -> Result<(), Rejected> {
        check(text).map_err(Rejected::Invalid)?;
        self.insert_one(text, route)?;
        // Most clients percent-encode non-ASCII characters, with hexadecimal digits in either case. Some send them
        // unencoded.
        let [upper, lower] = [char::to_ascii_uppercase, char::to_ascii_lowercase].map(|digit| encode(text, digit));
        if upper != text {
            self.insert_one(&upper, route)?;
        }
        if lower != text && lower != upper {
            self.insert_one(&lower, route)?;
        }
        Ok(())
    }

    fn insert_one(&mut self, text: &str, route: usize) -> Result<(), Rejected> {
        self.0.insert(text, route).map_err(|error| match error {
            matchit::InsertError::Conflict { .. } => Rejected::Conflict,
            matchit::InsertError::InvalidParamSegment => {
                Rejected::Invalid("a segment can have only one parameter, at its end; write `/v{major}/`, for example")
            }
            matchit::InsertError::InvalidCatchAll => {
                Rejected::Invalid("a catch-all must be the last segment; write `/static/{*path}`, for example")
            }
            _ => Rejected::Invalid(
                "the braces are invalid; write a parameter as `{id}` or `{*path}`, and literal braces as `{{` and `}}`",
            ),
        })
    }

    /// The route of the most specific pattern that matches.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.0.at(path).ok().map(|found| *found.value)
    }
}

impl fmt::Debug for Patterns {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns").finish_non_exhaustive()
    }
}

/// Percent-encodes the non-ASCII text of a pattern, except for the names of parameters, with these digits.
fn encode(text: &str, digit: fn(&char) -> char) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (piece, is_parameter) in pieces(text) {
        if is_parameter {
            encoded.push_str(piece);
            continue;
        }
        let mut digits = 0;
        for byte in piece.bytes() {
            if !byte.is_ascii() {
                let hex = |value: u8| digit(&char::from_digit(value.into(), 16).unwrap_or('0'));
                encoded.extend(['%', hex(byte >> 4), hex(byte & 0xf)]);
            } else if byte == b'%' {
                encoded.push('%');
                digits = 2;
            } else if digits > 0 && byte.is_ascii_hexdigit() {
                encoded.push(digit(&char::from(byte)));
                digits -= 1;
            } else {
                encoded.push(char::from(byte));
                digits = 0;
            }
        }
    }
    encoded
}

/// Splits a pattern into pieces. Each piece is literal text or one parameter with its braces, and the flag is `true`
/// for a parameter. Doubled braces are literal text.
fn pieces(pattern: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = pattern;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_parameter = rest.starts_with('{') && !rest.starts_with("{{");
        let end = if is_parameter { rest.find('}').map_or(rest.len(), |brace| brace + 1) } else { text_length(rest) };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, is_parameter))
    })
}

/// The number of bytes before the next parameter.
fn text_length(text: &str) -> usize {
    let mut at = 0;
    while let Some(brace) = text[at..].find('{') {
        at += brace;
        if !text[at..].starts_with("{{") {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// Rejects patterns that matchit accepts although no path can match them, and those that axum rejects.
fn check(text: &str) -> Result<(), &'static str> {
    if !text.starts_with('/') {
        return Err("a pattern must begin with `/`");
    }
    if pieces(text).any(|(piece, is_parameter)| is_parameter && !has_plain_name(piece)) {
        return Err(
            "the braces of a parameter contain only its name; write `{id}`, or `{*path}` for the rest of a path",
        );
    }
    if text.contains(['?', '#']) {
        return Err("a path cannot contain `?` or `#`; leave the query out, because a route matches every query");
    }
    if text.contains(|c: char| c.is_ascii_control() || c == ' ') {
        return Err("a path cannot contain a space or a control character; write its encoded form, such as `%20`");
    }
    // G-19: A path with such a segment does not get the policy of any route.
    if has_dot_segment(text) {
        return Err("a path with a segment `.` or `..`, even percent-encoded, has no route; write the path without it");
    }
    if has_encoded_unreserved(text) {
        return Err("letters, digits, `-`, `.`, `_` and `~` have no route in encoded form; write the character itself");
    }
    // The syntax of earlier versions of axum, which axum rejects too.
    if text.split('/').any(|segment| segment.starts_with(':')) {
        return Err("a segment cannot begin with `:`; write a parameter as `{id}`");
    }
    if text.split('/').any(|segment| segment.starts_with('*')) {
        return Err("a segment cannot begin with `*`; write `{*path}` for the rest of a path");
    }
    if pieces(text).any(|(piece, is_parameter)| !is_parameter && has_pair(piece, '[', ']'))
        || text.split('/').any(|segment| segment.starts_with('['))
    {
        return Err(
            "brackets are not a parameter; write `{slug}` for `[slug]` and `{*slug}` for `[...slug]`, or `%5B` \
                    and `%5D` for literal brackets",
        );
    }
    if text.split('/').any(|segment| has_pair(segment, '<', '>') && !segment.contains(is_rare)) {
        return Err(
            "angle brackets are not a parameter; write `{id}` for `<id>` and `{*path}` for `<path..>`, or `%3C` and \
             `%3E` for literal angle brackets",
        );
    }
    if pieces(text).any(|(piece, is_parameter)| !is_parameter && piece.split('/').any(|part| part.ends_with('*'))) {
        return Err(
            "`*` at the end of a segment is not a wildcard; write `{*path}` for the rest of a path, or `%2A` for a \
             literal `*`",
        );
    }
    if text.matches('{').count() - 2 * text.matches("{{").count() > MAX_PARAMETERS {
        return Err("a pattern can have at most 25 parameters");
    }
    Ok(())
}

/// Whether the text contains the opening character and, after it, the closing one.
fn has_pair(text: &str, opening: char, closing: char) -> bool {
    text.find(opening).is_some_and(|at| text[at..].contains(closing))
}

/// Whether the character is unusual in the parameters of other routers and in the text next to them.
fn is_rare(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '<' | '>' | ':' | '.' | '_' | '-')
}

/// Whether a parameter contains only a name. Other routers allow a type, a regular expression or a repetition, and
/// matchit would read all of it as the name.
fn has_plain_name(parameter: &str) -> bool {
    let name = parameter.trim_start_matches('{').trim_end_matches('}');
    let name = name.strip_prefix('*').unwrap_or(name);
    !name.contains([':', '*', '+', '?', '(', '[', '<', '\\', '=', '|']) && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pattern_panics(text in r#"[/ab{}*:?é\x00 ]{0,40}"#, other in r#"/[/ab{}*]{0,40}"#) {
            let mut patterns = Patterns::default();
            for (route, text) in [text, other].iter().enumerate() {
                let _ = patterns.insert(text, route);
                let _ = patterns.find(text);
            }
        }
    }

    #[test]
    fn matchit_supports_25_parameters() {
        let with = |count: usize| Patterns::default().insert(&"/{p}".repeat(count), 0);
        assert_eq!(with(MAX_PARAMETERS), Ok(()));
        assert!(with(MAX_PARAMETERS + 1).is_err());
    }

    #[test]
    fn patterns_that_no_path_can_match_are_rejected() {
        for text in [
            "",
            "a",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\nb",
            "/:id",
            "/*rest",
            "/{a}{b}",
            "/{*rest}/a",
            "/{",
            "/a/../b",
            "/%61",
            "/{id}/a%2Eb",
            "/.",
            "/{id}/%2E%2e",
            "/a/..;/{*rest}",
        ] {
            assert!(matches!(Patterns::default().insert(text, 0), Err(Rejected::Invalid(_))), "{text:?}");
        }
    }

    #[test]
    fn patterns_in_the_syntax_of_other_routers_are_rejected_with_a_hint() {
        for (text, hint) in [
            ("/blog/[slug]", "`{slug}` for `[slug]`"),
            ("/blog/[...slug]", "`{*slug}` for `[...slug]`"),
            ("/blog/[[...slug]]", "`{*slug}` for `[...slug]`"),
            ("/post-[id].html", "`{slug}` for `[slug]`"),
            ("/users/:id", "`{id}`"),
            ("/users/<id>", "`{id}` for `<id>`"),
            ("/users/<int:id>", "`{id}` for `<id>`"),
            ("/static/<path..>", "`{*path}` for `<path..>`"),
            ("/files/<name>.json", "`{id}` for `<id>`"),
            ("/v<int:major>/x", "`{id}` for `<id>`"),
            ("/static/*", "`{*path}`"),
            ("/static/**", "`{*path}`"),
            ("/static/app*", "`{*path}`"),
            ("/static/{path:.*}", "`{*path}`"),
            ("/users/{id:[0-9]+}", "`{id}`"),
            ("/users/{id?}", "`{id}`"),
            ("/static/{path...}", "`{*path}`"),
            ("/static/{**path}", "`{*path}`"),
        ] {
            let Err(Rejected::Invalid(reason)) = Patterns::default().insert(text, 0) else { panic!("{text}") };
            assert!(reason.contains(hint), "{text}: {reason}");
        }
        for text in
            ["/a[b", "/{{a}}", "/@{name}", "/{user_id}", "/a:b", "/a>b", "/<b>&amp;", "/*", "/{größe}", "/{{:}}"]
        {
            let is_ok = Patterns::default().insert(text, 0).is_ok();
            assert_eq!(is_ok, text != "/*", "{text}");
        }
    }

    #[test]
    fn non_ascii_text_matches_encoded_and_unencoded_paths() {
        let mut patterns = Patterns::default();
        patterns.insert("/café/{größe}", 0).unwrap();
        patterns.insert("/{größe}", 1).unwrap();
        patterns.insert("/日本/{*rest}", 2).unwrap();
        for (path, expected) in [
            ("/caf%C3%A9/7", Some(0)),
            ("/caf%c3%a9/7", Some(0)),
            ("/café/7", Some(0)),
            ("/cafe/7", None),
            ("/caf%C3%A9", Some(1)),
            ("/%E6%97%A5%E6%9C%AC/a/b", Some(2)),
        ] {
            assert_eq!(patterns.find(path), expected, "{path}");
        }
        assert_eq!(patterns.insert("/caf%C3%A9/{id}", 3), Err(Rejected::Conflict));
    }
}
