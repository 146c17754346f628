//! [`Arguments`]: the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use http::{HeaderName, HeaderValue};
use tower_cache_policy::audit::Level;
use tower_cache_policy::edge::EdgeProfile;

const AFTER: &str = "\
Each URL is requested twice in the same way, then with its validators, with each
content coding, with a different Accept-Language and Cookie, with HEAD, and with a
range and If-Range. Only GET and HEAD requests are sent. Redirects are followed,
and each of them is checked.

A rate limit, a firewall challenge, a server error or a timeout is not a finding.
The URL is then reported as not checked. If the site requests a pause
(Retry-After), cache-check waits, up to --max-wait.

With --expect, the paths come from FILE, and URL is the site. One request is sent
for each row of its table, and redirects are not followed. A difference is a
response that caches would not treat as recorded in FILE. --write-expect writes
such a FILE, as does a test with `assert_matches_snapshot` of tower-cache-policy.

Colors are used only in terminals, and NO_COLOR turns them off.

Exit status:
  0  no finding of --level or above; with --expect, no difference
  1  a finding of --level or above; with --expect, a difference
  2  a URL could not be checked, or not completely (even if there are findings or
     differences), or FILE could not be read or written

Examples:
  cache-check https://example.com/ --edge cloudflare --follow-assets
  cache-check --format json --level danger - < urls.txt
  cache-check --write-expect caching.md https://example.com/ https://example.com/account
  cache-check --expect caching.md --format github https://example.com/";

/// Checks how browsers and CDNs cache the responses of a site, and reports what to change
#[derive(Debug, Parser)]
#[command(name = "cache-check", version, after_help = AFTER)]
pub(crate) struct Arguments {
    /// URLs to check, with http:// or https://; `-` reads one URL per line from standard input
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,

    /// Also report how these edge caches treat each response; separate several names with commas
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = edge)]
    pub(crate) edge: Vec<EdgeProfile>,

    /// Send this field with each request to the origins of the URLs; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = field)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,

    /// Also check the scripts, styles and images of each page that have the same origin
    #[arg(long)]
    pub(crate) follow_assets: bool,

    /// Maximum number of assets to check per page
    #[arg(long, value_name = "N", default_value_t = 50, requires = "follow_assets", value_parser = assets)]
    pub(crate) max_assets: usize,

    /// Compare the responses of the site with the table in this file, instead of all other checks
    #[arg(long, value_name = "FILE", conflicts_with_all = ["edge", "follow_assets", "level", "verbose", "write_expect"])]
    pub(crate) expect: Option<PathBuf>,

    /// Request the URLs and the paths that are already in this file, and write the file for --expect
    #[arg(long, value_name = "FILE", conflicts_with_all = ["edge", "follow_assets", "format", "level", "verbose"])]
    pub(crate) write_expect: Option<PathBuf>,

    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Explain the behavior of each cache, and the rules behind it
    #[arg(long, short, conflicts_with = "format")]
    pub(crate) verbose: bool,

    /// Minimum severity that causes exit status 1
    #[arg(long, value_enum, default_value_t = LeastLevel::Warning)]
    pub(crate) level: LeastLevel,

    /// Maximum time for one response, including its content
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,

    /// Maximum total time to wait for one origin if it requests pauses with Retry-After
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    pub(crate) max_wait: u64,

    /// Maximum number of bytes to read from one response
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    pub(crate) max_body: usize,

    /// Number of URLs to check at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = concurrency)]
    pub(crate) concurrency: usize,
}

/// The format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// One JUnit XML document, for CI servers
    Junit,
    /// Annotations for a GitHub workflow
    Github,
}

/// [`Level`] as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LeastLevel {
    Note,
    Warning,
    Danger,
}

impl From<LeastLevel> for Level {
    fn from(level: LeastLevel) -> Self {
        match level {
            LeastLevel::Note => Self::Note,
            LeastLevel::Warning => Self::Warning,
            LeastLevel::Danger => Self::Danger,
        }
    }
}

fn edge(name: &str) -> Result<EdgeProfile, String> {
    EdgeProfile::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = EdgeProfile::all().iter().map(EdgeProfile::name).collect();
        format!("unknown edge; use one of {}", names.join(", "))
    })
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("there is no colon; write `Name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("`{name}` is not a field name"))?;
    let value =
        value.trim().parse().map_err(|_| "the value contains a character that is not allowed in a field".to_owned())?;
    Ok((name, value))
}

fn concurrency(text: &str) -> Result<usize, String> {
    number(text, 1, 64)
}

fn assets(text: &str) -> Result<usize, String> {
    number(text, 0, 10_000)
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("not a number from {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_pass_the_checks_of_clap() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_header_argument_is_a_name_and_a_value() {
        assert_eq!(field("X-A: b: c").unwrap().1, "b: c");
        for text in ["no colon", "b c: d", ": d", "a: \n"] {
            assert_eq!(field(text).is_err(), text != "a: \n", "{text:?}");
        }
    }
}
