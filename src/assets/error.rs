//! [`AssetError`] and [`UnknownAsset`]: the errors of assets, which name the file and the remedy.

use std::path::Path;
use std::{fmt, io};

/// The maximum length of a name in an error. Longer names are truncated.
const MAX_NAME: usize = 1_024;

/// The file name in errors of a manifest that does not come from a file.
const MANIFEST: &str = "manifest";

/// The error of an operation on a manifest. It contains the file and the problem with it.
///
/// ```
/// use tower_cache_policy::assets::{AssetErrorKind, AssetManifest};
///
/// let error = AssetManifest::from_contents([("../secret.txt", "")]).unwrap_err();
/// assert_eq!(error.file(), "../secret.txt");
/// assert!(matches!(error.kind(), AssetErrorKind::InvalidName { .. }));
///
/// let error = AssetManifest::from_contents([("a.css", ""), ("a.css", "p{}")]).unwrap_err();
/// assert_eq!(error.to_string(), "`a.css`: two assets have this name; remove or rename one");
/// ```
#[derive(Debug)]
pub struct AssetError {
    file: String,
    kind: AssetErrorKind,
}

/// The kind of an [`AssetError`].
///
/// | Kind | Usual cause |
/// |---|---|
/// | [`InvalidName`](Self::InvalidName), [`DuplicateName`](Self::DuplicateName), [`UrlConflict`](Self::UrlConflict) | a name from another program |
/// | [`Missing`](Self::Missing), [`ContentMismatch`](Self::ContentMismatch) | the manifest and the directory come from different builds |
/// | [`Changed`](Self::Changed) | a build that is still running |
/// | [`SharedFile`](Self::SharedFile) | two releases in one directory: use [`AssetManifest::stored_under`](super::AssetManifest::stored_under) |
/// | [`OnlySymlinks`](Self::OnlySymlinks) | a directory that Kubernetes mounts: use [`AssetDirectory::with_symlinks`](super::AssetDirectory::with_symlinks) |
/// | [`MissingReference`](Self::MissingReference), [`CircularReference`](Self::CircularReference) | a mistake in a stylesheet |
/// | [`Read`](Self::Read), [`Write`](Self::Write) | permissions, or a wrong path |
#[derive(Debug)]
#[non_exhaustive]
pub enum AssetErrorKind {
    /// The name cannot be part of a URL below the prefix.
    InvalidName {
        /// The problem, and a valid form.
        reason: &'static str,
    },
    /// Two assets have this name.
    DuplicateName,
    /// Another asset has the same URL.
    UrlConflict {
        /// The other asset.
        with: String,
    },
    /// Two generations of the asset are stored in the same file, so one of them has been overwritten.
    SharedFile {
        /// The file.
        file: String,
    },
    /// The file could not be read.
    Read(io::Error),
    /// The file could not be written.
    Write(io::Error),
    /// The file changed while it was read.
    Changed,
    /// A manifest names the file, which does not exist.
    Missing,
    /// The content of the file is not that of the manifest.
    ContentMismatch,
    /// A symbolic link leads back to a directory that contains it.
    SymlinkLoop,
    /// The files of the directory are symbolic links, which are skipped by default.
    OnlySymlinks,
    /// The text of a manifest is invalid.
    InvalidManifest {
        /// The problem.
        message: String,
    },
    /// A reference in a stylesheet leads to a file that does not exist.
    MissingReference {
        /// The line of the reference, from 1.
        line: u32,
        /// The column of the reference, from 1.
        column: u32,
        /// The reference as written.
        reference: String,
        /// The asset with the most similar name.
        nearest: Option<String>,
    },
    /// Stylesheets or source maps refer to each other in a cycle, so none of them can be fingerprinted first.
    CircularReference {
        /// The line of the reference, from 1.
        line: u32,
        /// The names. Each refers to the next, and the last one is equal to an earlier one.
        names: Vec<String>,
    },
}

impl AssetError {
    pub(super) fn new(file: impl Into<String>, kind: AssetErrorKind) -> Self {
        let mut file: String = file.into();
        if file.len() > MAX_NAME {
            let end = (0..=MAX_NAME).rev().find(|end| file.is_char_boundary(*end)).unwrap_or(0);
            file.truncate(end);
            file.push('…');
        }
        Self { file, kind }
    }

    pub(super) fn at_path(path: &Path, kind: AssetErrorKind) -> Self {
        Self::new(path.display().to_string(), kind)
    }

    pub(super) fn unread(path: &Path, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => AssetErrorKind::Missing,
            _ => AssetErrorKind::Read(error),
        };
        Self::at_path(path, kind)
    }

    pub(super) fn invalid_manifest(message: impl Into<String>) -> Self {
        Self::new(MANIFEST, AssetErrorKind::InvalidManifest { message: message.into() })
    }

    /// Adds the name of the file that contains the text of a manifest.
    pub(super) fn in_manifest(self, path: &Path) -> Self {
        match self.kind {
            AssetErrorKind::InvalidManifest { message } if self.file == MANIFEST => {
                Self::at_path(path, AssetErrorKind::InvalidManifest { message })
            }
            kind => Self { kind, ..self },
        }
    }

    /// Returns the asset, the file, or the setting that caused the error.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the kind of the error.
    #[must_use]
    pub const fn kind(&self) -> &AssetErrorKind {
        &self.kind
    }
}

impl fmt::Display for AssetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        match &self.kind {
            AssetErrorKind::InvalidName { reason } => write!(f, "`{file}`: {reason}"),
            AssetErrorKind::DuplicateName => write!(f, "`{file}`: two assets have this name; remove or rename one"),
            AssetErrorKind::UrlConflict { with } => {
                write!(f, "`{file}`: has the same URL as `{with}`; rename one")
            }
            AssetErrorKind::SharedFile { file: stored } => write!(
                f,
                "`{file}`: both generations are stored as `{stored}`; store each generation in its own directory, \
                 and pass that to `AssetManifest::stored_under`"
            ),
            AssetErrorKind::Read(error) => write!(f, "`{file}`: cannot be read: {error}"),
            AssetErrorKind::Write(error) => write!(f, "`{file}`: cannot be written: {error}"),
            AssetErrorKind::Changed => {
                write!(f, "`{file}`: changed while it was read; create the manifest after the build has ended")
            }
            AssetErrorKind::Missing => {
                write!(f, "`{file}`: does not exist; correct the path, or run the build that creates it")
            }
            AssetErrorKind::ContentMismatch => {
                write!(f, "`{file}`: is not the file from which the manifest was created; create the manifest again")
            }
            AssetErrorKind::SymlinkLoop => {
                write!(f, "`{file}`: this link leads back to a directory that contains it; remove it")
            }
            AssetErrorKind::OnlySymlinks => write!(
                f,
                "`{file}`: its files are symbolic links, which are skipped by default, as in a directory that \
                 Kubernetes mounts from a ConfigMap; add `AssetDirectory::with_symlinks`"
            ),
            AssetErrorKind::InvalidManifest { message } => write!(f, "{file}: {message}"),
            AssetErrorKind::MissingReference { line, column, reference, nearest } => {
                write!(f, "{file}:{line}:{column}: `{reference}` does not lead to an asset")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => f.write_str("; add the file, or remove the reference"),
                }
            }
            AssetErrorKind::CircularReference { line, names } => write!(
                f,
                "{file}:{line}: the references form a cycle, {}; remove one of them",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" to ")
            ),
        }
    }
}

impl std::error::Error for AssetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            AssetErrorKind::Read(error) | AssetErrorKind::Write(error) => Some(error),
            _ => None,
        }
    }
}

/// The error for a name that no asset has.
///
/// A template engine shows it when a page is rendered:
///
/// ```
/// use tower_cache_policy::assets::AssetManifest;
///
/// let assets = AssetManifest::from_contents([("css/style.css", "p{}")])?;
/// let error = assets.url("css/styles.css").unwrap_err();
/// assert_eq!((error.name(), error.nearest()), ("css/styles.css", Some("css/style.css")));
/// assert_eq!(error.to_string(), "there is no asset named `css/styles.css`; did you mean `css/style.css`?");
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAsset {
    name: String,
    nearest: Option<String>,
}

impl UnknownAsset {
    pub(super) const fn new(name: String, nearest: Option<String>) -> Self {
        Self { name, nearest }
    }

    /// Returns the unknown name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the most similar name of an asset.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

impl fmt::Display for UnknownAsset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no asset named `{}`", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => f.write_str("; names are paths below the directory of the assets, like `css/style.css`"),
        }
    }
}

impl std::error::Error for UnknownAsset {}
