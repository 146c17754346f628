//! Reads many files on all cores.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::digest::ContentDigest;
use super::error::AssetError;
use super::recheck::FileOnDisk;
use super::stored::StoredFile;
use crate::protocol::HttpDate;

/// The progress of reading a directory.
///
/// A listener of [`AssetDirectory::on_progress`](super::AssetDirectory::on_progress) receives it.
#[derive(Clone, Copy, Debug)]
pub struct AssetProgress<'a> {
    name: &'a str,
    done: usize,
    total: usize,
}

/// A listener for the progress. It is called on the threads that read the files.
pub(super) type OnProgress = dyn Fn(AssetProgress<'_>) + Send + Sync;

#[derive(Clone, Debug)]
pub(super) struct FileToHash {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

#[derive(Clone, Debug)]
pub(super) struct HashedFile {
    pub(super) digest: ContentDigest,
    pub(super) stored: StoredFile,
}

impl AssetProgress<'_> {
    /// Returns the asset that was read last.
    #[must_use]
    pub const fn name(&self) -> &str {
        self.name
    }

    /// Returns the number of files that were read.
    #[must_use]
    pub const fn done(&self) -> usize {
        self.done
    }

    /// Returns the number of files.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }
}

impl FileToHash {
    pub(super) fn new(name: &str, path: PathBuf) -> Self {
        Self { name: name.to_owned(), path }
    }
}

/// Reads every file. If files cannot be read, all threads stop, and the function returns the first error in the order
/// of the files.
pub(super) fn hash_files(
    files: &[FileToHash],
    on_progress: Option<&OnProgress>,
) -> Result<Vec<HashedFile>, AssetError> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let failed = Mutex::new(None::<(usize, AssetError)>);
    let work = || {
        let mut hashed = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else { return hashed };
            match read_and_hash(&file.path) {
                Ok(one) => hashed.push((index, one)),
                Err(error) => {
                    // The other threads stop at their next file.
                    next.store(files.len(), Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if failed.as_ref().is_none_or(|(first, _)| index < *first) {
                        *failed = Some((index, error));
                    }
                    return hashed;
                }
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(on_progress) = on_progress {
                on_progress(AssetProgress { name: &file.name, done, total: files.len() });
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(files.len());
    let mut hashed: Vec<(usize, HashedFile)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut hashed = work();
        for other in others {
            match other.join() {
                Ok(more) => hashed.extend(more),
                // Only the listener can panic.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        hashed
    });
    if let Some((_, error)) = failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        return Err(error);
    }
    hashed.sort_by_key(|(index, _)| *index);
    Ok(hashed.into_iter().map(|(_, file)| file).collect())
}

/// Reads a file.
pub(super) fn read_and_hash(path: &Path) -> Result<HashedFile, AssetError> {
    let (digest, metadata) = ContentDigest::of_file(path)?;
    let modified = metadata.modified().ok();
    let stored = StoredFile {
        length: metadata.len(),
        modified: modified.and_then(HttpDate::from_system_time),
        disk: modified.map(|modified| FileOnDisk::new(path, digest, metadata.len(), modified)),
    };
    Ok(HashedFile { digest, stored })
}
