//! [`StoredFile`] and [`CodedFiles`]: evidence for the files behind responses.

use std::sync::Arc;

use super::recheck::FileOnDisk;
use crate::protocol::HttpDate;

/// The evidence that a response gives about its file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) length: u64,
    /// The modification time, if the manifest was built on this machine.
    pub(crate) modified: Option<HttpDate>,
    /// A known location, from which the file can be read again.
    pub(crate) disk: Option<Arc<FileOnDisk>>,
}

impl StoredFile {
    /// Creates a value for a file of which only the length is known.
    pub(super) const fn of_length(length: u64) -> Self {
        Self { length, modified: None, disk: None }
    }
}

/// The content codings and the file extensions that static file services use for them.
pub(super) const CODINGS: [(&str, &str); 4] = [("br", ".br"), ("deflate", ".zz"), ("gzip", ".gz"), ("zstd", ".zst")];

/// The extensions of files that contain another file in a content coding.
#[cfg(feature = "assets-css")]
pub(super) const CODED_EXTENSIONS: [&str; CODINGS.len()] = [CODINGS[0].1, CODINGS[1].1, CODINGS[2].1, CODINGS[3].1];

/// The compressed files of an asset, by content coding.
#[derive(Clone, Debug, Default)]
pub(crate) struct CodedFiles([Option<StoredFile>; CODINGS.len()]);

impl CodedFiles {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the file in a content coding. The name is not case-sensitive.
    pub(crate) fn get(&self, coding: &[u8]) -> Option<&StoredFile> {
        let index = CODINGS.iter().position(|(name, _)| name.as_bytes().eq_ignore_ascii_case(coding))?;
        self.0[index].as_ref()
    }

    pub(super) fn insert(&mut self, coding: &str, stored: StoredFile) -> bool {
        let index = CODINGS.iter().position(|(name, _)| *name == coding);
        if let Some(index) = index {
            self.0[index] = Some(stored);
        }
        index.is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &StoredFile)> {
        CODINGS.iter().zip(&self.0).filter_map(|((name, _), stored)| Some((*name, stored.as_ref()?)))
    }

    /// Finds the compressed files of an asset.
    ///
    /// A compressed file that is older than the asset comes from an earlier build. Such a file is skipped, so no cache
    /// stores a response from it.
    pub(super) fn find(of: &StoredFile, mut stored: impl FnMut(&'static str) -> Option<StoredFile>) -> Self {
        Self(CODINGS.map(|(_, extension)| {
            stored(extension).filter(|coded| coded.modified.zip(of.modified).is_none_or(|(coded, of)| coded >= of))
        }))
    }
}
