//! [`Patterns`]: which pattern matches a path.

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

/// What matchit takes for a pattern and no path can match, or axum refuses.
fn check(text: &str) -> Result<(), &'static str> {
    if !text.starts_with('/') {
        return Err("a pattern begins with `/`");
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
    if text.matches('{').count() - 2 * text.matches("{{").count() > MAX_PARAMETERS {
        return Err("a pattern holds 25 parameters at most");
    }
    Ok(())
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
}
