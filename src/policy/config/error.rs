//! [`ConfigError`]: the error of loading a file of policies.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// The error of loading a file of policies: the position of the mistake, and its fix.
///
/// Displays as `policies.toml:12:9: ..`, or as `line 12, column 9: ..` for a text that is not from a file. See the
/// [module docs](super#errors) for the possible mistakes.
///
/// ```
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let error = RoutePolicies::from_toml("[routes]\n\"/\" = \"no-stroe\"").unwrap_err();
/// assert_eq!((error.line(), error.column()), (Some(2), Some(7)));
/// assert_eq!(error.message(), "unknown policy `no-stroe`; did you mean `no-store`?");
/// ```
///
/// The text contains the position, the mistake and the fix:
///
/// ```
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let file = std::env::temp_dir().join("no-such-directory/policies.toml");
/// let error = RoutePolicies::from_toml_file(&file).unwrap_err();
/// assert_eq!(error.path(), Some(file.as_path()));
/// assert_eq!(error.line(), None);
///
/// for (text, message) in [
///     (
///         "[routes]\n\"/\" = { private = \"5m\", edge = \"1h\" }",
///         "line 2, column 25: `private` forbids shared caches, so `edge` has no effect; remove `edge`, or use `public` \
///          if the response is the same for all users",
///     ),
///     ("[routes]\n\"/\" = { publik = \"5m\" }", "line 2, column 9: unknown key `publik`; did you mean `public`?"),
///     (
///         "[routes]\n\"/users/:id\" = \"no-store\"",
///         "line 2, column 1: a segment cannot begin with `:`; write a parameter as `{id}`",
///     ),
/// ] {
///     assert_eq!(RoutePolicies::from_toml(text).unwrap_err().to_string(), message);
/// }
/// ```
#[derive(Debug)]
pub struct ConfigError {
    path: Option<PathBuf>,
    /// `None` if the file could not be read.
    position: Option<Position>,
    message: String,
    source: Option<io::Error>,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    line: usize,
    column: usize,
}

/// A mistake in a text.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The byte offset.
    pub(super) at: usize,
    pub(super) message: String,
}

impl ConfigError {
    /// Returns the path of the file, or `None` if the text is not from a file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the line of the wrong key or value, counted from 1, or `None` if the file could not be read.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.position.map(|position| position.line)
    }

    /// Returns the column of the wrong key or value, in characters counted from 1, or `None` if the file could not be
    /// read.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.position.map(|position| position.column)
    }

    /// Returns the mistake and its fix, without the position.
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
    #[inline]
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
