//! [`Case`]: the result for one URL or one row, for formats that list test cases.

use tower_cache_policy::audit::Level;

/// The result for one URL or one row of a table.
#[derive(Debug)]
pub(crate) struct Case {
    /// The group of the case, which is equal for related cases.
    pub(crate) suite: String,
    pub(crate) name: String,
    /// The line of a file that the case comes from.
    pub(crate) place: Option<Place>,
    pub(crate) problems: Vec<Problem>,
    /// The reason why it could not be checked completely.
    pub(crate) errors: Vec<String>,
}

/// The location of a line in a file of the repository.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// A problem to fix.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) level: Level,
    /// Whether the problem causes exit status 1.
    pub(crate) fails: bool,
    pub(crate) text: String,
}
