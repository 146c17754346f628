//! [`Arguments`]: what the command line says.

use clap::{Parser, ValueEnum};
use http::{HeaderName, HeaderValue};
use tower_cache_policy::audit::Level;
use tower_cache_policy::edge::EdgeProfile;

const AFTER: &str = "\
Each URL is fetched cold and then again, with its validators, with each content
coding, with HEAD, and with a range and `If-Range`. All requests are GET or HEAD.
Redirects are followed, and each is looked at. Colours are for terminals, and
NO_COLOR turns them off.

Exit status:
  0  nothing at the level of --level or above it
  1  a finding at that level or above it
  2  some URL could not be checked, or not in full (whatever was found)

Examples:
  cache-check https://example.com/ --edge cloudflare --follow-assets
  cache-check --json --level danger - < urls.txt";

/// Asks a deployed site how its answers are cached, and says what to change.
#[derive(Debug, Parser)]
#[command(name = "cache-check", version, after_help = AFTER)]
pub(crate) struct Arguments {
    /// What to check, with http:// or https://; `-` reads one URL from each line of the input
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,

    /// Tell also what these edges do with each answer; several with commas
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = edge)]
    pub(crate) edge: Vec<EdgeProfile>,

    /// Send this field with each request to the origins of the URLs; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = field)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,

    /// Check the scripts, styles and images of each page too, those of its own origin
    #[arg(long)]
    pub(crate) follow_assets: bool,

    /// The most assets to take along from one page
    #[arg(long, value_name = "N", default_value_t = 50, requires = "follow_assets")]
    pub(crate) max_assets: usize,

    /// Write one JSON document in place of text
    #[arg(long)]
    pub(crate) json: bool,

    /// Write in full what each cache does, and by which rule
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) verbose: bool,

    /// The least level of a finding that makes the exit status 1
    #[arg(long, value_enum, default_value_t = LeastLevel::Warning)]
    pub(crate) level: LeastLevel,

    /// How long one answer may take, content and all
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,

    /// How much of one content is read
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    pub(crate) max_body: usize,

    /// How many URLs are checked at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_once)]
    pub(crate) concurrency: usize,
}

/// [`Level`] as a word of the command line.
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
        format!("no edge of this name; there are {}", names.join(", "))
    })
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("no colon; write `Name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("`{name}` is not the name of a field"))?;
    let value = value.trim().parse().map_err(|_| "the value has a character that no field may have".to_owned())?;
    Ok((name, value))
}

fn at_once(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=64) => Ok(number),
        _ => Err("not a number from 1 to 64".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_field_is_told_from_what_is_none() {
        assert_eq!(field("X-A: b: c").unwrap().1, "b: c");
        for text in ["no colon", "b c: d", ": d", "a: \n"] {
            assert_eq!(field(text).is_err(), text != "a: \n", "{text:?}");
        }
    }
}
