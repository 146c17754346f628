//! [`SecondLevelTable`]: the table of a second level, for the package that reads it.

use std::time::Duration;

use super::document::{Entry, fault};
use super::error::{ConfigError, Fault};

/// The table of a second level in the section `[store]`, such as `[store.redis]`. It is read by the package that
/// implements the [`RemoteStore`](crate::store::RemoteStore). See
/// [`PolicyConfig::from_toml_with`](super::PolicyConfig::from_toml_with).
///
/// The error of each function contains the line and the column.
#[derive(Debug)]
pub struct SecondLevelTable<'a> {
    text: &'a str,
    name: &'a str,
    at: usize,
    entries: Vec<Entry<'a>>,
}

impl<'a> SecondLevelTable<'a> {
    pub(super) fn of(text: &'a str, table: &Entry<'a>) -> Result<Self, Fault> {
        let entries = table.table(&format!("[store.{}]", table.key))?;
        Ok(Self { text, name: table.key, at: table.at, entries })
    }

    /// Returns the name of the table, such as `redis`.
    #[must_use]
    pub const fn name(&self) -> &str {
        self.name
    }

    /// Returns whether the table has this key.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Checks that the table has no other keys than these.
    ///
    /// # Errors
    ///
    /// If it has. The error contains the known key that is most similar.
    pub fn check_keys(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self.entries.iter().find(|entry| !known.contains(&entry.key));
        unknown.map_or(Ok(()), |entry| Err(self.in_text(entry.unknown(known))))
    }

    /// Returns a text, or `None` if the table does not have the key.
    ///
    /// # Errors
    ///
    /// If the value is not a text. The error contains the example.
    pub fn text(&self, key: &str, example: &str) -> Result<Option<&'a str>, ConfigError> {
        self.read(key, |entry| {
            entry.as_str().ok_or_else(|| entry.unexpected("must be a text", &format!("{key} = \"{example}\"")))
        })
    }

    /// Returns a list of texts, or `None` if the table does not have the key.
    ///
    /// # Errors
    ///
    /// If the value is not a list of texts. The error contains the example of one.
    pub fn texts(&self, key: &str, example: &str) -> Result<Option<Vec<&'a str>>, ConfigError> {
        let texts = self.read(key, |entry| entry.texts(&format!("{key} = [\"{example}\"]")))?;
        Ok(texts.map(|texts| texts.into_iter().map(|(_, text)| text).collect()))
    }

    /// Returns a [duration](super#durations), which may also be a number of milliseconds such as `"50ms"`, or `None` if
    /// the table does not have the key.
    ///
    /// # Errors
    ///
    /// If the value is not a duration.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        self.read(key, Entry::limit)
    }

    /// Returns a number of bytes, which may be a text such as `"1 MiB"`, or `None` if the table does not have the key.
    ///
    /// # Errors
    ///
    /// If the value is not a size. The error contains the example.
    pub fn size(&self, key: &str, example: &str) -> Result<Option<u64>, ConfigError> {
        self.read(key, |entry| entry.size(example))
    }

    /// Returns the error for the value of this key, or for the table if it does not have the key. The message should
    /// contain the fix.
    #[must_use]
    pub fn error(&self, key: &str, message: &str) -> ConfigError {
        self.in_text(fault(self.find(key).map_or(self.at, Entry::value_at), message))
    }

    fn find(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn read<T>(&self, key: &str, read: impl FnOnce(&Entry<'a>) -> Result<T, Fault>) -> Result<Option<T>, ConfigError> {
        self.find(key).map(read).transpose().map_err(|fault| self.in_text(fault))
    }

    fn in_text(&self, fault: Fault) -> ConfigError {
        ConfigError::in_text(self.text, fault)
    }
}
