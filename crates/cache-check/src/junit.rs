//! The report as JUnit XML, which CI servers read.

use std::fmt;
use std::io::{self, Write};

use crate::case::{Case, Problem};

/// Writes one document with one test case for each URL or row. A finding below `--level` appears in the output of its
/// test case, which does not fail.
pub(crate) fn write(out: &mut impl Write, cases: &[Case]) -> io::Result<()> {
    let failed = |case: &&Case| case.errors.is_empty() && case.problems.iter().any(|problem| problem.fails);
    let failures = cases.iter().filter(failed).count();
    let errors = cases.iter().filter(|case| !case.errors.is_empty()).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", cases.len());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites {counts}>")?;
    writeln!(out, "  <testsuite name=\"cache-check\" {counts}>")?;
    for case in cases {
        write_case(out, case)?;
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

fn write_case(out: &mut impl Write, case: &Case) -> io::Result<()> {
    writeln!(out, "    <testcase classname=\"{}\" name=\"{}\">", Xml(&case.suite), Xml(&case.name))?;
    for error in &case.errors {
        writeln!(out, "      <error message=\"{}\"/>", Xml(error))?;
    }
    let (failing, others): (Vec<&Problem>, Vec<&Problem>) = case.problems.iter().partition(|problem| problem.fails);
    for problem in failing {
        let first = problem.text.lines().next().unwrap_or_default();
        let (kind, text) = (problem.level, Xml(&problem.text));
        writeln!(out, "      <failure type=\"{kind}\" message=\"{}\">{text}</failure>", Xml(first))?;
    }
    if !others.is_empty() {
        write!(out, "      <system-out>")?;
        for problem in others {
            writeln!(out, "{}: {}", problem.level, Xml(&problem.text))?;
        }
        writeln!(out, "</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Escapes text for an XML element or a value in double quotes. Characters that XML 1.0 does not allow are replaced.
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\n' | '\t' => write!(f, "{character}"),
            '\u{fffe}' | '\u{ffff}' => f.write_str("\u{fffd}"),
            other if other.is_control() => f.write_str("\u{fffd}"),
            other => write!(f, "{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_an_element_or_contain_what_xml_forbids() {
        let text = "a<b>&\"c\"]]>\u{1b}[31m\0\u{ffff}\r\n\u{85}é";
        let expected = "a&lt;b&gt;&amp;&quot;c&quot;]]&gt;\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}\n\u{fffd}é";
        assert_eq!(Xml(text).to_string(), expected);
    }
}
