//! The report for people.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tower_cache_policy::audit::{FreshFrom, Keeper, Level, Verdict};

use super::finding::Finding;
use super::probes::{CacheSaid, Works};
use super::report::Report;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// One URL.
pub(crate) fn write(out: &mut impl Write, report: &Report, verbose: bool) -> io::Result<()> {
    write!(out, "{BOLD}{}{BOLD:#}", Plain(&report.url))?;
    match &report.answer {
        Some(answer) => {
            write!(out, "  {} {}", answer.status, answer.version)?;
            if let Some(bytes) = answer.content_bytes {
                write!(out, ", {bytes} bytes")?;
            }
            writeln!(out)?;
        }
        None => writeln!(out)?,
    }
    if let Some(page) = &report.page {
        line(out, "of", page)?;
    }
    for hop in &report.redirects {
        let kept = hop.cache_control.as_deref().unwrap_or("no Cache-Control");
        line(out, "moved", format_args!("{} to {} ({})", hop.status, hop.location, Plain(kept)))?;
        hop.findings.iter().try_for_each(|finding| write_finding(out, finding))?;
    }
    if let Some(answer) = &report.answer {
        line(out, "says", Plain(answer.cache_control.as_deref().unwrap_or("no Cache-Control")))?;
    }
    if let Some(audit) = &report.audit {
        let kept: Vec<String> = audit.verdicts().map(|verdict| Kept(verdict).to_string()).collect();
        line(out, "kept", kept.join(", "))?;
        if verbose {
            audit.verdicts().try_for_each(|verdict| line(out, "", Plain(&verdict.to_string())))?;
        }
    }
    if let Some(works) = &report.works {
        write_works(out, works)?;
    }
    for trouble in &report.troubles {
        writeln!(out, "  {BAD}failed{BAD:#}   {}", Plain(&trouble.to_string()))?;
    }
    report.findings.iter().try_for_each(|finding| write_finding(out, finding))?;
    if report.troubles.is_empty() && report.all_findings().next().is_none() {
        writeln!(out, "  {GOOD}fine{GOOD:#}")?;
    }
    writeln!(out)
}

/// All URLs, in a line.
pub(crate) fn write_summary(out: &mut impl Write, reports: &[Report]) -> io::Result<()> {
    write!(out, "{BOLD}{}{BOLD:#}", Count(reports.len(), "URL"))?;
    let mut separator = ": ";
    for level in [Level::Danger, Level::Warning, Level::Note] {
        let count = reports.iter().flat_map(Report::all_findings).filter(|finding| finding.level == level).count();
        if count > 0 {
            let style = style(level);
            write!(out, "{separator}{style}{}{style:#}", Count(count, &level.to_string()))?;
            separator = ", ";
        }
    }
    let failed = reports.iter().filter(|report| !report.troubles.is_empty()).count();
    if failed > 0 {
        write!(out, "{separator}{BAD}{failed} not checked in full{BAD:#}")?;
        separator = ", ";
    }
    if separator == ": " {
        write!(out, ": {GOOD}nothing to change{GOOD:#}")?;
    }
    writeln!(out)
}

fn line(out: &mut impl Write, label: &str, text: impl fmt::Display) -> io::Result<()> {
    writeln!(out, "  {DIM}{label:<8}{DIM:#} {text}")
}

fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let style = style(finding.level);
    writeln!(out, "  {style}{:<8}{style:#} {}", finding.level, Plain(&finding.text))?;
    let rest = if finding.change.is_empty() { String::new() } else { format!("{} ", finding.change) };
    let basis = format!("({}, {})", finding.section, finding.rule);
    writeln!(out, "           {rest}{DIM}{basis}{DIM:#}")
}

fn write_works(out: &mut impl Write, works: &Works) -> io::Result<()> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (name, holds) in [
        ("304", works.revalidates),
        ("HEAD", works.head),
        // To ignore ranges is no fault.
        ("ranges", works.ranges.filter(|holds| *holds)),
        ("If-Range", works.if_range),
        ("a tag for each coding", works.tags_differ_by_coding),
    ] {
        match holds {
            Some(true) => good.push(name),
            Some(false) => bad.push(name),
            None => {}
        }
    }
    if !good.is_empty() {
        line(out, "works", good.join(", "))?;
    }
    if !bad.is_empty() {
        line(out, "not", bad.join(", "))?;
    }
    if !works.codings.is_empty() {
        let codings: Vec<String> = works
            .codings
            .iter()
            .map(|coding| format!("{} {}", coding.name, Plain(coding.etag.as_deref().unwrap_or("without a tag"))))
            .collect();
        line(out, "codings", codings.join(", "))?;
    }
    if works.cold.is_some() || works.again.is_some() {
        let said =
            |said: &Option<CacheSaid>| said.as_ref().map_or("nothing".to_owned(), |said| Plain(&said.text).to_string());
        line(out, "cache", format_args!("first `{}`, then `{}`", said(&works.cold), said(&works.again)))?;
    }
    Ok(())
}

fn style(level: Level) -> Style {
    match level {
        Level::Danger => BAD,
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        _ => AnsiColor::Cyan.on_default(),
    }
}

/// What came over the wire, without what a terminal would obey.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") })
    }
}

struct Count<'a>(usize, &'a str);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// How long one cache keeps it.
struct Kept<'a>(&'a Verdict);

impl fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.keeper() {
            Keeper::Browser => f.write_str("browser ")?,
            Keeper::Edge(name) => write!(f, "{name} ")?,
            _ => f.write_str("shared cache ")?,
        }
        let Some(lifetime) = self.0.lifetime() else { return f.write_str("never") };
        match (lifetime.from(), lifetime.seconds()) {
            (FreshFrom::Validated, _) => f.write_str("asking each time"),
            (_, None) => f.write_str("as long as it likes"),
            (_, Some(0)) => f.write_str("stale at once"),
            (_, Some(seconds)) => {
                let guessed = if lifetime.is_guessed() { " (its guess)" } else { "" };
                write!(f, "{}{guessed}", Span(seconds))
            }
        }
    }
}

/// Seconds in the largest unit that is exact.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
        match units.iter().find(|(unit, _)| self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{} {name}", self.0 / unit),
            None => write!(f, "{} s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(Plain("a\u{1b}[31m\u{9b}é").to_string(), "a\\u{1b}[31m\\u{9b}é");
    }

    #[test]
    fn a_span_is_exact() {
        for (seconds, text) in [(1, "1 s"), (60, "1 min"), (90, "90 s"), (7_200, "2 h"), (86_400, "1 d")] {
            assert_eq!(Span(seconds).to_string(), text);
        }
    }
}
