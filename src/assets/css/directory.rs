//! Rewrites the stylesheets of a directory into another directory.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::{fs, io};

use super::rewrite::{OnProblem, Source, is_stylesheet, outdated, rewrite, stylesheet};
use crate::assets::directory::FoundFile;
use crate::assets::hashing::{FileToHash, hash_files};
use crate::assets::{AssetDirectory, AssetError, AssetErrorKind, AssetManifest};

impl AssetDirectory {
    /// Writes the assets into `output` with [rewritten](crate::assets::css) stylesheets, and returns their manifest.
    ///
    /// Serve the files from `output`. If you compress them afterwards, build the manifest again from `output`.
    ///
    /// The method creates `output` at the end, only on success. The directory must not exist, and must be outside of
    /// this directory.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`build`](AssetDirectory::build). Also returns an error if a reference does not lead to an
    /// asset, if references form a cycle, or if `output` exists or cannot be written.
    pub fn rewrite_stylesheets(&self, output: impl AsRef<Path>) -> Result<AssetManifest, AssetError> {
        let output = output.as_ref();
        if self.is_embedded() {
            let reason =
                "they are not in a directory; rewrite them with `css::rewrite_contents` before they are embedded";
            let unread = io::Error::new(io::ErrorKind::Unsupported, reason);
            return Err(AssetError::new("embedded files", AssetErrorKind::Read(unread)));
        }
        if output.exists() {
            return Err(unwritten(output, io::ErrorKind::AlreadyExists.into()));
        }
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = output.with_file_name(name);
        fs::create_dir(&partial).map_err(|error| unwritten(&partial, error))?;
        let manifest = self.rewrite_into(&partial).and_then(|manifest| match fs::rename(&partial, output) {
            Ok(()) => Ok(manifest),
            Err(error) => Err(unwritten(output, error)),
        });
        if manifest.is_err() {
            // The first error is more useful than an error of the cleanup.
            _ = fs::remove_dir_all(&partial);
        }
        manifest
    }

    fn rewrite_into(&self, output: &Path) -> Result<AssetManifest, AssetError> {
        let on_problem: &mut OnProblem<'_> = &mut |fault| self.tolerate(fault);
        let found = self.find_files()?;
        let (stylesheets, others): (Vec<_>, Vec<_>) = found.iter().partition(|file| is_stylesheet(file.name()));
        let others: Vec<FileToHash> =
            others.into_iter().map(|file| FileToHash::new(file.name(), file.path().to_owned())).collect();
        let mut sources = BTreeMap::new();
        for (file, hashed) in others.iter().zip(hash_files(&others, None)?) {
            sources.insert(file.name.clone(), Source::Other(hashed.digest.fingerprint()));
        }
        for file in stylesheets {
            let content = fs::read(file.path()).map_err(|error| AssetError::unread(file.path(), error))?;
            sources.insert(file.name().to_owned(), stylesheet(file.name(), &content, on_problem)?);
        }
        let rewritten = rewrite(&sources, self.url_prefix(), self.place(), on_problem)?;
        let outdated = outdated(&rewritten);
        for file in found.iter().filter(|file| !outdated.contains(file.name())) {
            write(file, rewritten.get(file.name()).map(Vec::as_slice), output)?;
        }
        let manifest = self.with_root(output).build()?;
        check(&manifest, &sources, &outdated)?;
        Ok(manifest)
    }
}

fn write(file: &FoundFile, rewritten: Option<&[u8]>, output: &Path) -> Result<(), AssetError> {
    let path = output.join(file.name());
    let written = || {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        match rewritten {
            Some(text) => fs::write(&path, text),
            None => fs::copy(file.path(), &path).map(drop),
        }
    };
    written().map_err(|error| unwritten(&path, error))
}

/// Verifies that no file changed after it was fingerprinted.
fn check(
    manifest: &AssetManifest,
    sources: &BTreeMap<String, Source>,
    outdated: &HashSet<String>,
) -> Result<(), AssetError> {
    for (name, source) in sources {
        if let Source::Other(fingerprint) = source
            && !outdated.contains(name)
            && !manifest.asset(name).is_ok_and(|asset| asset.fingerprint() == fingerprint)
        {
            return Err(AssetError::new(name, AssetErrorKind::Changed));
        }
    }
    Ok(())
}

fn unwritten(path: &Path, error: io::Error) -> AssetError {
    AssetError::at_path(path, AssetErrorKind::Write(error))
}
