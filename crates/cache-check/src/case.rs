//! [`Case`]: the result for one URL or one row, for formats that list test cases.

use tower_cache_policy::audit::Level;

/// The result for one URL or one row of a table.
#[derive(Debug)]
pub(crate) struct Case {
    /// Equal for cases that belong together.
    pub(crate) suite: String,
    pub(crate) name: String,
    /// The line of a file that the case comes from.
    pub(crate) place: Option<Place>,
    pub(crate) problems: Vec<Problem>,
    /// Why it could not be checked, or not completely.
    pub(crate) errors: Vec<String>,
}

/// A line of a file in the repository.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// Something to change.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) level: Level,
    /// Whether it causes exit status 1.
    pub(crate) fails: bool,
    pub(crate) text: String,
}
