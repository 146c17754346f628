//! [`Patterns`]: which pattern matches a path.

use std::borrow::Cow;
use std::fmt;

/// The greatest number of parameters that matchit can name.
const MAX_PARAMETERS: usize = 25;

/// Patterns, each with the number of its route: a [`matchit::Router`], so that the same text
/// means the same here and in axum's router.
#[derive(Clone, Default)]
pub(super) struct Patterns(matchit::Router<usize>);

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is none, and this is what to write.
    Invalid(&'static str),
    /// It is as specific as one that is there.
    Conflict,
}

impl Patterns {
    /// Adds a pattern. After one that is refused the others are not to be relied on.
    pub(super) fn insert(&mut self, text: &str, route: usize) -> Result<(), Refused> {
        check(text).map_err(Refused::Invalid)?;
        // A request has a path outside of ASCII percent-encoded, in either case of the digits, or, from
        // some clients, as it is.
        if let Cow::Owned(upper) = encode(text, char::to_ascii_uppercase) {
            self.insert_one(&upper, route)?;
            self.insert_one(&encode(text, char::to_ascii_lowercase), route)?;
        }
        self.insert_one(text, route)
    }

    fn insert_one(&mut self, text: &str, route: usize) -> Result<(), Refused> {
        self.0.insert(text, route).map_err(|error| match error {
            matchit::InsertError::Conflict { .. } => Refused::Conflict,
            matchit::InsertError::InvalidParamSegment => {
                Refused::Invalid("a segment holds one parameter at most, at its end, as in `/v{major}/`")
            }
            matchit::InsertError::InvalidCatchAll => {
                Refused::Invalid("`{*path}` stands at the end, as in `/static/{*path}`")
            }
            _ => Refused::Invalid("a parameter is written `{id}` or `{*path}`, and a brace that is text `{{` or `}}`"),
        })
    }

    /// The route of the most specific pattern that matches.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.0.at(path).ok().map(|found| *found.value)
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns").finish_non_exhaustive()
    }
}

/// The pattern with its text outside of ASCII percent-encoded. The names of parameters stay.
fn encode(text: &str, digit: fn(&char) -> char) -> Cow<'_, str> {
    if pieces(text).all(|(piece, is_parameter)| is_parameter || piece.is_ascii()) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(3 * text.len());
    for (piece, is_parameter) in pieces(text) {
        if is_parameter {
            encoded.push_str(piece);
            continue;
        }
        for byte in piece.bytes() {
            if byte.is_ascii() {
                encoded.push(char::from(byte));
            } else {
                let hex = |value: u8| digit(&char::from_digit(value.into(), 16).unwrap_or('0'));
                encoded.extend(['%', hex(byte >> 4), hex(byte & 0xf)]);
            }
        }
    }
    Cow::Owned(encoded)
}

/// The pattern in pieces, of which each is text or one parameter with its braces. Doubled braces are
/// text.
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

/// What matchit takes for a pattern and no path can match, or axum refuses.
fn check(text: &str) -> Result<(), &'static str> {
    if !text.starts_with('/') {
        return Err("a pattern begins with `/`");
    }
    if pieces(text).any(|(piece, is_parameter)| is_parameter && !has_plain_name(piece)) {
        return Err("a parameter has a name and nothing more, as in `{id}`; the rest of a path is written `{*path}`");
    }
    if text.contains(['?', '#']) {
        return Err("no path holds `?` or `#`; leave the query out, every policy is for all of them");
    }
    if text.contains(|c: char| c.is_ascii_control() || c == ' ') {
        return Err("no path holds a space or a control character; write it as it is sent, as in `%20`");
    }
    // Both are what older patterns looked like, and axum refuses them too.
    if text.split('/').any(|segment| segment.starts_with(':')) {
        return Err("a segment does not begin with `:`; a parameter is written `{id}`");
    }
    if text.split('/').any(|segment| segment.starts_with('*')) {
        return Err("a segment does not begin with `*`; the rest of a path is written `{*path}`");
    }
    if pieces(text).any(|(piece, is_parameter)| !is_parameter && has_pair(piece, '[', ']'))
        || text.split('/').any(|segment| segment.starts_with('['))
    {
        return Err("a parameter is written `{slug}` for `[slug]`, and `{*slug}` for `[...slug]`; brackets that are \
                    text are written `%5B` and `%5D`");
    }
    if text.split('/').any(|segment| has_pair(segment, '<', '>') && !segment.contains(is_rare)) {
        return Err(
            "a parameter is written `{id}` for `<id>`, and `{*path}` for `<path..>`; angle brackets that are text are \
             written `%3C` and `%3E`",
        );
    }
    if pieces(text).any(|(piece, is_parameter)| !is_parameter && piece.split('/').any(|part| part.ends_with('*'))) {
        return Err(
            "a `*` at the end of a segment is text, and no wildcard; the rest of a path is written `{*path}`, \
                    and a `*` that is text `%2A`",
        );
    }
    if text.matches('{').count() - 2 * text.matches("{{").count() > MAX_PARAMETERS {
        return Err("a pattern holds 25 parameters at most");
    }
    Ok(())
}

/// Whether the text has an opening and then a closing character.
fn has_pair(text: &str, opening: char, closing: char) -> bool {
    text.find(opening).is_some_and(|at| text[at..].contains(closing))
}

/// Whether the character is in no parameter of another router, nor in the text beside one.
fn is_rare(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '<' | '>' | ':' | '.' | '_' | '-')
}

/// Whether there is no type, expression or repetition in a parameter, as other routers have them. To
/// matchit all of it would be the name of a parameter for one segment.
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
    fn the_greatest_number_of_parameters_is_what_matchit_can_name() {
        let with = |count: usize| Patterns::default().insert(&"/{p}".repeat(count), 0);
        assert_eq!(with(MAX_PARAMETERS), Ok(()));
        assert!(with(MAX_PARAMETERS + 1).is_err());
    }

    #[test]
    fn a_pattern_that_no_path_can_match_is_refused() {
        for text in ["", "a", "/a?b", "/a#b", "/a b", "/a\nb", "/:id", "/*rest", "/{a}{b}", "/{*rest}/a", "/{"] {
            assert!(matches!(Patterns::default().insert(text, 0), Err(Refused::Invalid(_))), "{text:?}");
        }
    }

    #[test]
    fn a_pattern_of_another_router_gets_a_hint() {
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
            let Err(Refused::Invalid(reason)) = Patterns::default().insert(text, 0) else { panic!("{text}") };
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
    fn text_outside_of_ascii_matches_as_clients_send_it() {
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
        assert_eq!(patterns.insert("/caf%C3%A9/{id}", 3), Err(Refused::Conflict));
    }
}
