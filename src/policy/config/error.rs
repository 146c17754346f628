//! [`ConfigError`]: why a file of policies was not loaded, and where.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a file of policies was not loaded: where, what is wrong there, and what to write
/// instead. Nothing of the file is in force.
///
/// Reads `policies.toml:12:9: ..`, and `line 12, column 9: ..` where the text has no file.
#[derive(Debug)]
pub struct ConfigError {
    path: Option<PathBuf>,
    /// Absent where there is no text to be wrong.
    position: Option<Position>,
    message: String,
    source: Option<io::Error>,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    line: usize,
    column: usize,
}

/// What is wrong in a text, and at which octet.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl ConfigError {
    /// The file, where it is known.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The line of the offending key or value, from 1. `None` when the file could not be read.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.position.map(|position| position.line)
    }

    /// The column of the offending key or value, in characters from 1. `None` when the file
    /// could not be read.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.position.map(|position| position.column)
    }

    /// What is wrong, and what to write instead.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn in_text(text: &str, fault: Fault) -> Self {
        let before = text.get(..fault.at).unwrap_or(text);
        let (lines, start) = (before.matches('\n').count(), before.rfind('\n').map_or(0, |at| at + 1));
        let position = Position { line: lines + 1, column: before[start..].chars().count() + 1 };
        Self { path: None, position: Some(position), message: fault.message, source: None }
    }

    pub(super) fn unread(error: io::Error) -> Self {
        Self { path: None, position: None, message: format!("cannot be read: {error}"), source: Some(error) }
    }

    pub(super) fn with_path(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.position) {
            (Some(path), Some(Position { line, column })) => write!(f, "{}:{line}:{column}: ", path.display())?,
            (Some(path), None) => write!(f, "{}: ", path.display())?,
            (None, Some(Position { line, column })) => write!(f, "line {line}, column {column}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
