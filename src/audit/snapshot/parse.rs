//! Reads a snapshot from its table.

use std::fmt;
use std::str::FromStr;

use http::{Method, StatusCode, Uri};

use super::cells::{COLUMNS, TITLES, read_cells, shown};
use super::row::SnapshotRow;
use super::table::CacheSnapshot;

/// An error for a string that is not a [`CacheSnapshot`]. It names the line and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotError {
    line: usize,
    message: String,
}

impl SnapshotError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    /// Returns the number of the line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for SnapshotError {}

/// Reads the table that [`to_markdown`](CacheSnapshot::to_markdown) writes. Lines before and after the table, such as
/// headings, are ignored. An empty string results in a snapshot without rows.
impl FromStr for CacheSnapshot {
    type Err = SnapshotError;

    fn from_str(text: &str) -> Result<Self, SnapshotError> {
        let mut snapshot = Self::new();
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| line.starts_with('|'));
        let Some((number, titles)) = lines.next() else {
            return match text.trim().is_empty() {
                true => Ok(snapshot),
                false => Err(SnapshotError::new(1, "there is no table; write it again")),
            };
        };
        if read_cells(titles).is_none_or(|cells| cells != TITLES) {
            let titles = TITLES.join(" | ");
            return Err(SnapshotError::new(number, format!("the table does not have the columns | {titles} |")));
        }
        match lines.next() {
            Some((_, rule)) if rule.chars().all(|character| matches!(character, '|' | '-' | ' ' | ':')) => {}
            _ => return Err(SnapshotError::new(number + 1, "the line of dashes under the titles is missing")),
        }
        for (number, line) in lines {
            let row = read_row(line).map_err(|message| SnapshotError::new(number, message))?;
            if let Some(row) = snapshot.insert(row) {
                let message = format!("there are two rows for `{} {}`; remove one", row.method, shown(&row.target));
                return Err(SnapshotError::new(number, message));
            }
        }
        Ok(snapshot)
    }
}

fn read_row(line: &str) -> Result<SnapshotRow, String> {
    let cells = read_cells(line).ok_or("the row does not end with `|`")?;
    let count = cells.len();
    let [request, status, cache_control, vary, at_edge, browsers, shared_caches]: [String; COLUMNS] =
        cells.try_into().map_err(|_| format!("the row has {count} cells, but the table has {COLUMNS} columns"))?;
    let invalid = || format!("`{}` is not a request; write it as `GET /path`", shown(&request));
    let (method, target) = request.split_once(' ').ok_or_else(invalid)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| invalid())?;
    if !target.starts_with('/') || target.parse::<Uri>().is_err() {
        return Err(invalid());
    }
    let status = StatusCode::from_bytes(status.as_bytes())
        .map_err(|_| format!("`{}` is not a status; write three digits", shown(&status)))?;
    let reuse = |cell: &str| {
        let remedy = "write `60 s`, `revalidated`, `heuristic`, `not stored` or `CDNs only`";
        cell.parse().map_err(|()| format!("`{}` is not the behavior of a cache; {remedy}", shown(cell)))
    };
    Ok(SnapshotRow {
        method,
        target: target.to_owned(),
        status,
        cache_control,
        vary,
        at_edge,
        browsers: reuse(&browsers)?,
        shared_caches: reuse(&shared_caches)?,
    })
}
