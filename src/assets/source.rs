//! [`AssetSource`]: a fixed manifest, or in development a directory that is listed at each request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::directory::{AssetDirectory, FoundFile};
use super::error::AssetError;
use super::manifest::AssetManifest;
use crate::policy::Development;

/// The source of the manifest for layers and templates: a fixed manifest, or a directory during development.
///
/// In development, the source lists the files of the directory for each request, and reads them if one has changed.
/// This blocks the thread of the request.
///
/// ```
/// use tower_cache_policy::assets::AssetDirectory;
///
/// # let static_files = tempfile::tempdir().unwrap();
/// # std::fs::write(static_files.path().join("style.css"), "p{}").unwrap();
/// # let (static_files, development) = (static_files.path(), true);
/// // `development` is an argument of the program, never the kind of its build.
/// let assets = AssetDirectory::new(static_files).prefix("/static").source(development)?;
/// let before = assets.current().url("style.css").unwrap().to_owned();
///
/// std::fs::write(static_files.join("style.css"), "p{color:red}").unwrap();
/// assert_ne!(assets.current().url("style.css").unwrap(), before);
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
#[derive(Clone)]
pub struct AssetSource(Source);

#[derive(Clone)]
enum Source {
    Fixed(AssetManifest),
    Live(Arc<LiveDirectory>),
}

struct LiveDirectory {
    directory: AssetDirectory,
    snapshot: Mutex<Snapshot>,
}

struct Snapshot {
    files: Vec<FoundFile>,
    manifest: AssetManifest,
}

impl AssetDirectory {
    /// Returns a source with the manifest of the directory, or, if the [switch](Development) is on, with the directory
    /// itself. An [`AssetsLayer`](crate::AssetsLayer) for the source has the same switch.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`build`](AssetDirectory::build).
    pub fn source(&self, switch: impl Into<Development>) -> Result<AssetSource, AssetError> {
        let files = self.find_files()?;
        let manifest = self.build_from(&files)?;
        Ok(AssetSource(if switch.into().is_on() {
            let directory = self.clone();
            Source::Live(Arc::new(LiveDirectory { directory, snapshot: Mutex::new(Snapshot { files, manifest }) }))
        } else {
            Source::Fixed(manifest)
        }))
    }
}

impl AssetSource {
    /// Returns the current manifest. If the directory cannot be read, for example during a build, returns the last
    /// manifest that was read successfully.
    #[must_use]
    pub fn current(&self) -> AssetManifest {
        match &self.0 {
            Source::Fixed(manifest) => manifest.clone(),
            Source::Live(live) => live.refresh().unwrap_or_else(|_| live.snapshot().manifest.clone()),
        }
    }

    /// Returns the current manifest, or the error if the directory cannot be read.
    ///
    /// A page for developers can show the error of the directory:
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// let dist = directory.path().join("dist");
    /// std::fs::create_dir(&dist)?;
    /// let assets = AssetDirectory::new(&dist).source(true)?;
    /// std::fs::remove_dir(&dist)?;
    /// assert!(assets.try_current().is_err());
    /// assert!(assets.current().is_empty(), "the last manifest that could be read");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`AssetDirectory::build`].
    pub fn try_current(&self) -> Result<AssetManifest, AssetError> {
        match &self.0 {
            Source::Fixed(manifest) => Ok(manifest.clone()),
            Source::Live(live) => live.refresh(),
        }
    }

    /// Returns whether this is a directory in development.
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetManifest, AssetSource};
    ///
    /// let fixed = AssetSource::from(AssetManifest::from_contents([("style.css", "p{}")])?);
    /// assert!(!fixed.is_development());
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    #[must_use]
    pub const fn is_development(&self) -> bool {
        matches!(self.0, Source::Live(_))
    }
}

impl LiveDirectory {
    fn refresh(&self) -> Result<AssetManifest, AssetError> {
        let mut snapshot = self.snapshot();
        let files = self.directory.find_files()?;
        if files != snapshot.files {
            snapshot.manifest = self.directory.build_from(&files)?;
            snapshot.files = files;
        }
        Ok(snapshot.manifest.clone())
    }

    /// Locks the snapshot. A panic of another thread cannot leave it inconsistent.
    fn snapshot(&self) -> MutexGuard<'_, Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<AssetManifest> for AssetSource {
    fn from(manifest: AssetManifest) -> Self {
        Self(Source::Fixed(manifest))
    }
}

impl From<&AssetManifest> for AssetSource {
    fn from(manifest: &AssetManifest) -> Self {
        manifest.clone().into()
    }
}

impl From<&Self> for AssetSource {
    fn from(source: &Self) -> Self {
        source.clone()
    }
}

impl fmt::Debug for AssetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(manifest) => manifest.fmt(f),
            Source::Live(live) => live.directory.fmt(f),
        }
    }
}
