//! The report as annotations for a GitHub workflow.

use std::fmt;
use std::io::{self, Write};

use tower_cache_policy::audit::Level;

use crate::case::Case;
use crate::text::Plain;

/// Writes one annotation for each problem, and one for each URL that could not be checked. The last line counts them.
pub(crate) fn write(out: &mut impl Write, cases: &[Case]) -> io::Result<()> {
    for case in cases {
        for error in &case.errors {
            annotate(out, "error", case, &format!("not checked: {error}"))?;
        }
        for problem in &case.problems {
            let command = match problem.level {
                Level::Danger => "error",
                Level::Warning => "warning",
                _ => "notice",
            };
            annotate(out, command, case, &problem.text)?;
        }
    }
    let failed = cases.iter().filter(|case| case.problems.iter().any(|problem| problem.fails)).count();
    let errors = cases.iter().filter(|case| !case.errors.is_empty()).count();
    writeln!(out, "{} checked, {failed} failed, {errors} not checked completely", cases.len())
}

fn annotate(out: &mut impl Write, command: &str, case: &Case, text: &str) -> io::Result<()> {
    write!(out, "::{command} ")?;
    if let Some(place) = &case.place {
        write!(out, "file={},line={},", Property(&place.file), place.line)?;
    }
    writeln!(out, "title={}::{}", Property(&format!("cache-check: {}", case.name)), Data(text))
}

/// Escapes the message of a workflow command. A line break in it would start another command.
struct Data<'a>(&'a str);

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.0.split('\n').enumerate() {
            let separator = if index == 0 { "" } else { "%0A" };
            write!(f, "{separator}{}", Plain(&line.replace('%', "%25")))?;
        }
        Ok(())
    }
}

/// Escapes the value of a property of a workflow command.
struct Property<'a>(&'a str);

impl fmt::Display for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Data(self.0).to_string().replace(':', "%3A").replace(',', "%2C"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_start_another_command_or_property() {
        assert_eq!(Data("50%\n::error::x\r\u{1b}").to_string(), "50%25%0A::error::x\\r\\u{1b}");
        assert_eq!(Property("a: b, c\n%").to_string(), "a%3A b%2C c%0A%25");
    }
}
