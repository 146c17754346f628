//! Reads and writes the cells of the table.

use std::fmt;
use std::str::FromStr;

use crate::audit::lifetime::FreshnessSource;
use crate::audit::verdict::Verdict;
use crate::protocol::LifetimeSource;

pub(super) const COLUMNS: usize = 7;

pub(super) const TITLES: [&str; COLUMNS] =
    ["Request", "Status", "Cache-Control", "Vary", "At the edge", "Browsers", "Shared caches"];

/// How long one kind of cache may reuse a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    NotStored,
    /// A CDN stores the response, although a cache that follows the standard must not store it.
    CdnsOnly,
    Revalidated,
    Heuristic,
    Seconds(u64),
}

impl Reuse {
    pub(super) fn of(verdict: &Verdict) -> Self {
        let Some(lifetime) = verdict.lifetime() else { return Self::NotStored };
        match (lifetime.source(), lifetime.seconds()) {
            (FreshnessSource::Validated, _) => Self::Revalidated,
            (FreshnessSource::Answer(LifetimeSource::Heuristic | LifetimeSource::None), _) | (_, None) => {
                Self::Heuristic
            }
            (_, Some(seconds)) => Self::Seconds(seconds),
        }
    }
}

impl fmt::Display for Reuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStored => f.write_str("not stored"),
            Self::CdnsOnly => f.write_str("CDNs only"),
            Self::Revalidated => f.write_str("revalidated"),
            Self::Heuristic => f.write_str("heuristic"),
            Self::Seconds(seconds) => write!(f, "{seconds} s"),
        }
    }
}

/// The text of any other cell.
impl FromStr for Reuse {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "not stored" => Ok(Self::NotStored),
            "CDNs only" => Ok(Self::CdnsOnly),
            "revalidated" => Ok(Self::Revalidated),
            "heuristic" => Ok(Self::Heuristic),
            _ => text.strip_suffix(" s").and_then(|seconds| seconds.parse().ok()).map(Self::Seconds).ok_or(()),
        }
    }
}

/// The maximum length of a value in a message, in characters.
const SHOWN: usize = 200;

/// Returns the beginning of a string for a message, with its length if it was truncated.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// Returns the cells of a line that starts with `|`, or `None` if it does not end with one.
pub(super) fn read_cells(line: &str) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    // A table does not preserve white space.
    let text = line.trim_end().strip_prefix('|')?.replace('\t', " ");
    let mut characters = text.chars();
    let mut is_open = false;
    while let Some(character) = characters.next() {
        is_open = true;
        match character {
            '\\' => cell.push(characters.next()?),
            '|' => {
                cells.push(cell.trim().to_owned());
                cell.clear();
                is_open = false;
            }
            other => cell.push(other),
        }
    }
    (!is_open).then_some(cells)
}
