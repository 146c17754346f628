//! [`AssetDirectory`]: finds the assets in a directory.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::asset::Naming;
use super::embedded::EmbeddedFiles;
use super::error::{AssetError, AssetErrorKind};
use super::hashing::{AssetProgress, FileToHash, OnProgress, hash_files};
use super::manifest::AssetManifest;
use super::settings::{FingerprintLocation, UrlSettings};
use super::stored::StoredFile;

/// A directory of assets and its options. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct AssetDirectory {
    root: Root,
    prefix: String,
    place: FingerprintLocation,
    hidden_files: bool,
    symlinks: bool,
    on_progress: Option<Arc<OnProgress>>,
    on_problem: Option<Arc<dyn Fn(&AssetError) + Send + Sync>>,
    hashed_names: Option<Arc<dyn Fn(&str) -> bool + Send + Sync>>,
}

#[derive(Clone, Debug)]
enum Root {
    Path(PathBuf),
    Embedded(EmbeddedFiles),
}

/// A file and its metadata when it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundFile {
    name: String,
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl AssetDirectory {
    /// Includes every file below `root`, except for hidden files and symbolic links.
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self::of(Root::Path(root.as_ref().to_owned()))
    }

    /// Includes every file that is embedded in the program, except for hidden files.
    #[must_use]
    pub fn embedded(files: &EmbeddedFiles) -> Self {
        Self::of(Root::Embedded(files.clone()))
    }

    fn of(root: Root) -> Self {
        Self {
            root,
            prefix: String::new(),
            place: FingerprintLocation::default(),
            hidden_files: false,
            symlinks: false,
            on_progress: None,
            on_problem: None,
            hashed_names: None,
        }
    }

    /// Sets the prefix of all URLs: see [`AssetManifest::with_prefix`].
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # std::fs::write(directory.path().join("style.css"), "p{}")?;
    /// let assets = AssetDirectory::new(directory.path()).prefix("/static").build()?;
    /// assert!(assets.url("style.css")?.starts_with("/static/style."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Sets the location of the fingerprint in URLs: see [`FingerprintLocation`].
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetDirectory, FingerprintLocation};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # std::fs::write(directory.path().join("style.css"), "p{}")?;
    /// let assets = AssetDirectory::new(directory.path()).fingerprint_in(FingerprintLocation::Query).build()?;
    /// assert!(assets.url("style.css")?.starts_with("/style.css?v="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn fingerprint_in(mut self, place: FingerprintLocation) -> Self {
        self.place = place;
        self
    }

    /// Includes the files and directories whose names begin with a dot, such as `.well-known`, but also `.git` and
    /// `.env`.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # std::fs::create_dir(directory.path().join(".well-known"))?;
    /// # std::fs::write(directory.path().join(".well-known/security.txt"), "Contact: mailto:a@example.com")?;
    /// let assets = AssetDirectory::new(directory.path());
    /// assert!(assets.build()?.is_empty());
    /// assert_eq!(assets.with_hidden_files().build()?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Check that the directory does not contain secrets: every file in it is served.
    #[must_use]
    pub const fn with_hidden_files(mut self) -> Self {
        self.hidden_files = true;
        self
    }

    /// Includes the targets of symbolic links, regardless of their location. A directory that Kubernetes mounts from a
    /// ConfigMap needs this option.
    #[must_use]
    pub const fn with_symlinks(mut self) -> Self {
        self.symlinks = true;
        self
    }

    /// Calls `listener` after each file, to report progress for large directories. The listener runs on the threads
    /// that read the files.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # std::fs::write(directory.path().join("style.css"), "p{}")?;
    /// let assets = AssetDirectory::new(directory.path())
    ///     .on_progress(|progress| println!("{} of {}: {}", progress.done(), progress.total(), progress.name()))
    ///     .build()?;
    /// # let _ = assets;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(AssetProgress<'_>) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(listener));
        self
    }

    /// Sets which files have a hash of their content in their names, which a build tool has added. The argument of the
    /// function is the path below the directory. These files have no other URLs, and are served as versioned.
    ///
    /// By default, [`AssetManifest::from_vite`] and [`AssetManifest::from_webpack`] find hashes with the manifest of
    /// the tool. They do not treat a part of a name that may consist of words as a hash, but some hashes look like
    /// words.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// // Vite with its default settings puts every file that it hashed below `assets/`, and no other file.
    /// let directory = AssetDirectory::new("dist").hashed_names(|file| file.starts_with("assets/"));
    /// # let _ = directory;
    /// ```
    ///
    /// # Warning
    ///
    /// The URL of such a file is `immutable`: browsers do not notice a change under the same name.
    #[must_use]
    pub fn hashed_names(mut self, is_hashed: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.hashed_names = Some(Arc::new(is_hashed));
        self
    }

    pub(super) fn is_hashed(&self, file: &str) -> Option<bool> {
        self.hashed_names.as_ref().map(|is_hashed| is_hashed(file))
    }

    /// Calls `report` with each problem in third-party files and continues, instead of returning an error.
    ///
    /// Such problems are a missing file that Vite's manifest names, a reference in a stylesheet that does not lead to
    /// an asset or closes a cycle, and a stylesheet that cannot be parsed. Problems of the directory itself are still
    /// errors.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::sync::Arc;
    /// use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
    ///
    /// # let dist = tempfile::tempdir()?;
    /// # std::fs::write(dist.path().join("index.html"), "<p>")?;
    /// // The manifest names a file that the build did not write.
    /// let manifest = r#"{ "src/main.ts": { "file": "assets/main-BRBmoGS9.js", "isEntry": true } }"#;
    /// let faults = Arc::new(AtomicUsize::new(0));
    /// let directory = AssetDirectory::new(dist.path()).lenient({
    ///     let faults = Arc::clone(&faults);
    ///     move |error| {
    ///         eprintln!("{error}");
    ///         faults.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// });
    /// let assets = AssetManifest::from_vite(manifest, &directory)?;
    /// assert_eq!(faults.load(Ordering::Relaxed), 1);
    /// assert!(assets.url("index.html").is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lenient(mut self, report: impl Fn(&AssetError) + Send + Sync + 'static) -> Self {
        self.on_problem = Some(Arc::new(report));
        self
    }

    /// Reports a problem in lenient mode, and returns it otherwise.
    pub(super) fn tolerate(&self, fault: AssetError) -> Result<(), AssetError> {
        let Some(report) = &self.on_problem else { return Err(fault) };
        report(&fault);
        Ok(())
    }

    /// Reads every file, on all cores, and builds the manifest.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetDirectory;
    ///
    /// let error = AssetDirectory::new("no-such-directory").build().unwrap_err();
    /// assert_eq!(error.to_string(), "`no-such-directory`: does not exist; correct the path, or run the build that creates it");
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read, changes while it is read, or has a name that cannot be part of a URL,
    /// if a symbolic link leads back to a directory that contains it, if all files are symbolic links and these are not
    /// included, or if the prefix is invalid.
    pub fn build(&self) -> Result<AssetManifest, AssetError> {
        self.build_from(&self.find_files()?)
    }

    pub(super) fn build_from(&self, found: &[FoundFile]) -> Result<AssetManifest, AssetError> {
        let mut settings = UrlSettings::default();
        settings.set_prefix(&self.prefix)?;
        settings.set_place(self.place);
        let files = match &self.root {
            Root::Path(_) => {
                let files: Vec<_> = found.iter().map(|file| FileToHash::new(&file.name, file.path.clone())).collect();
                let hashed = hash_files(&files, self.on_progress.as_deref())?;
                files.into_iter().zip(hashed).map(|(file, hashed)| (file.name, hashed.digest, hashed.stored)).collect()
            }
            Root::Embedded(files) => found
                .iter()
                .filter_map(|found| files.get(&found.name))
                .map(|file| (file.name().to_owned(), file.digest(), StoredFile::of_length(file.content().len() as u64)))
                .collect(),
        };
        AssetManifest::of_files(settings, files, |file| match self.is_hashed(file) {
            Some(true) => Naming::HashedByTool,
            Some(false) | None => Naming::Manifest,
        })
    }

    /// Returns every file that is an asset, sorted by name.
    pub(super) fn find_files(&self) -> Result<Vec<FoundFile>, AssetError> {
        let mut found = Vec::new();
        match &self.root {
            Root::Path(root) => {
                let mut skipped_link = false;
                self.walk(root, "", &mut Vec::new(), &mut found, &mut skipped_link)?;
                if found.is_empty() && skipped_link {
                    return Err(AssetError::at_path(root, AssetErrorKind::OnlySymlinks));
                }
            }
            Root::Embedded(files) => {
                let is_asset = |name: &str| self.hidden_files || !name.split('/').any(|part| part.starts_with('.'));
                found.extend(files.iter().filter(|file| is_asset(file.name())).map(|file| FoundFile {
                    name: file.name().to_owned(),
                    path: PathBuf::new(),
                    length: file.content().len() as u64,
                    modified: None,
                }));
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn walk(
        &self,
        directory: &Path,
        prefix: &str,
        above: &mut Vec<PathBuf>,
        found: &mut Vec<FoundFile>,
        skipped_link: &mut bool,
    ) -> Result<(), AssetError> {
        if self.symlinks {
            let real = fs::canonicalize(directory).map_err(|error| AssetError::unread(directory, error))?;
            if above.contains(&real) {
                return Err(AssetError::at_path(directory, AssetErrorKind::SymlinkLoop));
            }
            above.push(real);
        }
        let unread = |error| AssetError::unread(directory, error);
        if !self.symlinks && is_mounted_volume(directory) {
            return Err(AssetError::at_path(directory, AssetErrorKind::OnlySymlinks));
        }
        for entry in fs::read_dir(directory).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let path = entry.path();
            let name = entry.file_name();
            if !self.hidden_files && name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let unread = |error| AssetError::unread(&path, error);
            if !self.symlinks && entry.file_type().map_err(unread)?.is_symlink() {
                *skipped_link = true;
                continue;
            }
            let Some(name) = name.to_str() else {
                let reason = "a name is UTF-8; rename it";
                return Err(AssetError::at_path(&path, AssetErrorKind::InvalidName { reason }));
            };
            let name = format!("{prefix}{name}");
            let metadata = fs::metadata(&path).map_err(unread)?;
            if metadata.is_dir() {
                self.walk(&path, &format!("{name}/"), above, found, skipped_link)?;
            } else if metadata.is_file() {
                found.push(FoundFile { name, path, length: metadata.len(), modified: metadata.modified().ok() });
            }
        }
        above.pop();
        Ok(())
    }
}

/// Returns whether Kubernetes mounted the directory, for example from a ConfigMap or a Secret. All files of such a
/// directory are links through `..data`, which Kubernetes replaces when the content changes.
fn is_mounted_volume(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join("..data")).is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(feature = "assets-css")]
impl AssetDirectory {
    pub(super) fn with_root(&self, root: &Path) -> Self {
        Self { root: Root::Path(root.to_owned()), ..self.clone() }
    }

    pub(super) const fn is_embedded(&self) -> bool {
        matches!(self.root, Root::Embedded(_))
    }

    pub(super) fn url_prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) const fn place(&self) -> FingerprintLocation {
        self.place
    }
}

#[cfg(feature = "assets-css")]
impl FoundFile {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl AssetManifest {
    /// Builds a manifest of every file below a directory, except for hidden files and symbolic links. For options, use
    /// [`AssetDirectory`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`AssetDirectory::build`].
    pub fn from_directory(directory: impl AsRef<Path>) -> Result<Self, AssetError> {
        AssetDirectory::new(directory).build()
    }
}

impl fmt::Debug for AssetDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetDirectory")
            .field("root", &self.root)
            .field("prefix", &self.prefix)
            .field("place", &self.place)
            .field("hidden_files", &self.hidden_files)
            .field("symlinks", &self.symlinks)
            .finish_non_exhaustive()
    }
}
