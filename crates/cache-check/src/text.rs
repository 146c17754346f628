//! The report as text.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tower_cache_policy::audit::{CacheKind, FreshnessSource, Level, Verdict};

use crate::error::shown;
use crate::expect::Comparison;
use crate::finding::Finding;
use crate::probes::{CacheReport, Capabilities};
use crate::report::Report;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Writes the report of one URL.
pub(crate) fn write(out: &mut impl Write, report: &Report, verbose: bool) -> io::Result<()> {
    write!(out, "{BOLD}{}{BOLD:#}", Plain(&shown(&report.url)))?;
    match &report.response {
        Some(response) => {
            write!(out, "  {} {}", response.status, response.version)?;
            if let Some(bytes) = response.content_bytes {
                write!(out, ", {bytes} bytes")?;
            }
            if response.live_stream {
                write!(out, ", a live stream")?;
            }
            writeln!(out)?;
        }
        None => writeln!(out)?,
    }
    if let Some(page) = &report.page {
        line(out, "used by", shown(page.as_str()))?;
    }
    for hop in &report.redirects {
        let cache_control = shown(hop.cache_control.as_deref().unwrap_or("no Cache-Control"));
        let to = shown(hop.location.as_str());
        line(out, "redirect", format_args!("{} to {to} ({})", hop.status, Plain(&cache_control)))?;
        hop.findings.iter().try_for_each(|finding| write_finding(out, finding))?;
    }
    if let Some(response) = &report.response {
        let cache_control = shown(response.cache_control.as_deref().unwrap_or("no Cache-Control"));
        line(out, "policy", Plain(&cache_control))?;
    }
    if let Some(audit) = &report.audit {
        let stored: Vec<String> = audit.verdicts().map(|verdict| Stored(verdict).to_string()).collect();
        line(out, "stored", stored.join(", "))?;
        if verbose {
            audit.verdicts().try_for_each(|verdict| line(out, "", Plain(&verdict.to_string())))?;
        }
    }
    if let Some(capabilities) = &report.capabilities {
        write_capabilities(out, capabilities)?;
    }
    for error in &report.errors {
        writeln!(out, "  {BAD}not checked{BAD:#} {}", Plain(&error.to_string()))?;
    }
    report.findings.iter().try_for_each(|finding| write_finding(out, finding))?;
    if report.errors.is_empty() && report.all_findings().next().is_none() {
        writeln!(out, "  {GOOD}fine{GOOD:#}")?;
    }
    writeln!(out)
}

/// Writes the rows that differ from the table or could not be compared, and a line about all rows.
pub(crate) fn write_comparisons(out: &mut impl Write, comparisons: &[Comparison]) -> io::Result<()> {
    let (mut differing, mut not_checked) = (0, 0);
    for comparison in comparisons {
        match &comparison.result {
            Ok(None) => {}
            Ok(Some(change)) => {
                differing += 1;
                let style = if change.becomes_shared() { BAD } else { AnsiColor::Yellow.on_default().bold() };
                for (index, line) in change.to_string().lines().enumerate() {
                    let style = if index == 0 { style } else { Style::new() };
                    writeln!(out, "{style}{}{style:#}", Plain(line))?;
                }
            }
            Err(error) => {
                not_checked += 1;
                let request = shown(&comparison.request);
                writeln!(out, "`{}`: {BAD}not checked{BAD:#}: {}", Plain(&request), Plain(&error.to_string()))?;
            }
        }
    }
    write!(out, "{BOLD}{}{BOLD:#}: ", Count(comparisons.len(), "request"))?;
    match (differing, not_checked) {
        (0, 0) => writeln!(out, "{GOOD}all as expected{GOOD:#}"),
        (differing, 0) => writeln!(out, "{BAD}{differing} not as expected{BAD:#}"),
        (0, not_checked) => writeln!(out, "{BAD}{not_checked} not checked{BAD:#}"),
        _ => writeln!(out, "{BAD}{differing} not as expected{BAD:#}, {BAD}{not_checked} not checked{BAD:#}"),
    }
}

/// Writes a line about all URLs.
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
    let not_checked = reports.iter().filter(|report| !report.errors.is_empty()).count();
    if not_checked > 0 {
        write!(out, "{separator}{BAD}{not_checked} not checked completely{BAD:#}")?;
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
    let change = if finding.change.is_empty() { String::new() } else { format!("{} ", finding.change) };
    let basis = format!("({}, {})", finding.section, finding.rule);
    writeln!(out, "           {change}{DIM}{basis}{DIM:#}")
}

fn write_capabilities(out: &mut impl Write, capabilities: &Capabilities) -> io::Result<()> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (name, holds) in [
        ("304", capabilities.revalidates),
        ("HEAD", capabilities.head),
        // A server may ignore ranges.
        ("ranges", capabilities.ranges.filter(|holds| *holds)),
        ("If-Range", capabilities.if_range),
        ("a tag for each coding", capabilities.tags_differ_by_coding),
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
        line(out, "fails", bad.join(", "))?;
    }
    let mut depends = Vec::new();
    for (name, holds) in
        [("Accept-Language", capabilities.varies_by_language), ("Cookie", capabilities.varies_by_cookie)]
    {
        if holds == Some(true) {
            depends.push(name);
        }
    }
    if !depends.is_empty() {
        line(out, "depends", format_args!("on {}", depends.join(", ")))?;
    }
    if capabilities.has_nonce == Some(true) {
        line(out, "nonce", "the page has a nonce for its Content Security Policy")?;
    }
    if !capabilities.codings.is_empty() {
        let etag = |etag: Option<&str>| etag.map_or("without an entity tag".to_owned(), shown);
        let codings: Vec<String> = capabilities
            .codings
            .iter()
            .map(|coding| format!("{} {}", coding.name, Plain(&etag(coding.etag.as_deref()))))
            .collect();
        line(out, "codings", codings.join(", "))?;
    }
    if capabilities.first.is_some() || capabilities.repeat.is_some() {
        let status = |report: &Option<CacheReport>| {
            report.as_ref().map_or("nothing".to_owned(), |report| Plain(&report.text).to_string())
        };
        let (first, repeat) = (status(&capabilities.first), status(&capabilities.repeat));
        line(out, "cache", format_args!("first `{first}`, then `{repeat}`"))?;
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

/// Escapes the control characters in text from the network, because a terminal would interpret them.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

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

/// Renders how long one cache may reuse the response.
struct Stored<'a>(&'a Verdict);

impl fmt::Display for Stored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            CacheKind::Browser => f.write_str("browser ")?,
            CacheKind::Edge(name) => write!(f, "{name} ")?,
            _ => f.write_str("shared cache ")?,
        }
        let Some(lifetime) = self.0.lifetime() else { return f.write_str("never") };
        match (lifetime.source(), lifetime.seconds()) {
            (FreshnessSource::Validated, _) => f.write_str("with revalidation each time"),
            (_, None) => f.write_str("for a lifetime that it chooses"),
            (_, Some(0)) => f.write_str("0 s"),
            (_, Some(seconds)) => {
                let heuristic = if lifetime.is_guessed() { " (heuristic)" } else { "" };
                write!(f, "{}{heuristic}", Span(seconds))
            }
        }
    }
}

/// Renders seconds in the largest exact unit.
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
    fn control_characters_are_escaped() {
        assert_eq!(Plain("a\u{1b}[31m\u{9b}é").to_string(), "a\\u{1b}[31m\\u{9b}é");
    }

    #[test]
    fn a_duration_has_the_largest_exact_unit() {
        for (seconds, text) in [(1, "1 s"), (60, "1 min"), (90, "90 s"), (7_200, "2 h"), (86_400, "1 d")] {
            assert_eq!(Span(seconds).to_string(), text);
        }
    }
}
