//! [`SnapshotChange`]: the difference between the expected and the actual response to one request.

use std::fmt;

use super::cells::{TITLES, shown};
use super::row::SnapshotRow;

/// The difference between the expected and the actual response to one request.
///
/// Displays with the request in the first line, and one line for each cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotChange {
    expected: Option<SnapshotRow>,
    found: Option<SnapshotRow>,
}

impl SnapshotChange {
    pub(super) fn between(expected: Option<&SnapshotRow>, found: Option<&SnapshotRow>) -> Option<Self> {
        (expected != found).then(|| Self { expected: expected.cloned(), found: found.cloned() })
    }

    /// Returns the method, the path and the query of the request, such as `GET /account`.
    #[must_use]
    pub fn request(&self) -> String {
        let row = self.found.as_ref().or(self.expected.as_ref());
        row.map_or_else(String::new, |row| format!("{} {}", row.method, row.target))
    }

    /// Returns the expected response, or `None` if the snapshot does not have a row for the request.
    #[must_use]
    pub const fn expected(&self) -> Option<&SnapshotRow> {
        self.expected.as_ref()
    }

    /// Returns the actual response, or `None` if the request was not sent.
    #[must_use]
    pub const fn found(&self) -> Option<&SnapshotRow> {
        self.found.as_ref()
    }

    /// Returns whether a shared cache or a CDN may store the response, although the snapshot does not contain that.
    #[must_use]
    pub fn becomes_shared(&self) -> bool {
        self.found.as_ref().is_some_and(SnapshotRow::is_shared)
            && !self.expected.as_ref().is_some_and(SnapshotRow::is_shared)
    }
}

impl fmt::Display for SnapshotChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", shown(&self.request()))?;
        let shared = if self.becomes_shared() { "shared caches may now store it" } else { "" };
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => {
                f.write_str(if shared.is_empty() { "the response has changed" } else { shared })?;
                let (expected, found) = (expected.cells(), found.cells());
                for (title, (expected, found)) in TITLES.iter().zip(expected.iter().zip(&found)) {
                    if expected != found {
                        write!(f, "\n  {title}: expected {}, but got {}", quoted(expected), quoted(found))?;
                    }
                }
                Ok(())
            }
            (None, Some(found)) => {
                f.write_str("the snapshot does not have this request")?;
                if !shared.is_empty() {
                    write!(f, ", and {shared}")?;
                }
                let cells = found.cells();
                TITLES
                    .iter()
                    .zip(&cells)
                    .skip(1)
                    .filter(|(_, cell)| !cell.is_empty())
                    .try_for_each(|(title, cell)| write!(f, "\n  {title}: got {}", quoted(cell)))
            }
            _ => f.write_str("the snapshot has this request, but it was not sent"),
        }
    }
}

fn quoted(cell: &str) -> String {
    if cell.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(cell)) }
}
