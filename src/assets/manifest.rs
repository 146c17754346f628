//! [`AssetManifest`]: names to URLs, and URLs to files.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::asset::{Asset, AssetFacts, Links, Naming};
use super::digest::ContentDigest;
use super::error::{AssetError, AssetErrorKind, UnknownAsset};
use super::hashing::{FileToHash, hash_files, read_and_hash};
use super::media_type::ExpectedType;
use super::path::{encode, query_fingerprint, respell, with_fingerprint, without_fingerprint};
use super::settings::{FingerprintLocation, UrlSettings};
use super::stored::{CodedFiles, StoredFile};
use crate::policy::nearest;

/// The assets of a site: their fingerprints, URLs and files. See the [module docs](super) for
/// an example.
///
/// It is immutable, and cloning it copies a counted reference.
#[derive(Clone, Debug)]
pub struct AssetManifest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: UrlSettings,
    current: Vec<Arc<Asset>>,
    previous: Vec<Arc<Asset>>,
    by_name: HashMap<String, Arc<Asset>>,
    /// By the path below the prefix, as URLs write it.
    by_path: HashMap<String, (Role, Arc<Asset>)>,
    /// The directories of the files that a build tool hashed, other than the root, as URLs write them.
    hashed_directories: HashSet<String>,
}

/// What a path is for its asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    Versioned,
}

/// What a request for a path is about.
#[derive(Clone, Debug)]
pub(crate) enum Resolved {
    /// The fingerprint is that of the asset.
    Versioned(Arc<Asset>),
    /// There is no fingerprint.
    Plain(Arc<Asset>),
    /// The name is that of the asset, and the fingerprint is none that it has here.
    Stale(Arc<Asset>),
    Unknown,
}

impl AssetManifest {
    /// Makes a manifest of names and contents, for a service of your own. [`EmbeddedFiles`](super::EmbeddedFiles) is a
    /// service for them.
    ///
    /// # Errors
    ///
    /// If a name is invalid or appears twice.
    pub fn from_contents<N, C>(contents: impl IntoIterator<Item = (N, C)>) -> Result<Self, AssetError>
    where
        N: Into<String>,
        C: AsRef<[u8]>,
    {
        let files = contents.into_iter().map(|(name, content)| {
            let content = content.as_ref();
            let stored = StoredFile::of_length(content.len() as u64);
            (name.into(), ContentDigest::of(content), stored)
        });
        Self::of_files(UrlSettings::default(), files.collect(), |_| Naming::Manifest)
    }

    /// Sets the prefix of the paths of all URLs, like `/static`. By default it is empty.
    ///
    /// # Errors
    ///
    /// If it is not written like that.
    pub fn with_prefix(&self, prefix: &str) -> Result<Self, AssetError> {
        self.with_settings(|settings| settings.set_prefix(prefix))
    }

    /// Sets the origin that all URLs begin with, like `https://cdn.example.com`. By default they begin with the prefix.
    ///
    /// # Errors
    ///
    /// If it is not written like that.
    pub fn with_origin(&self, origin: &str) -> Result<Self, AssetError> {
        self.with_settings(|settings| settings.set_origin(origin))
    }

    /// Sets where URLs have the fingerprint. Names with the hash of a build tool stay as they are.
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // It does not, as the message says.
    pub fn with_fingerprint_in(&self, place: FingerprintLocation) -> Self {
        let changed = self.with_settings(|settings| {
            settings.set_place(place);
            Ok(())
        });
        changed.expect("the paths are those that were accepted before")
    }

    /// Sets the directory below which the service has the files, so that two generations can be stored next to each
    /// other. URLs stay as they are.
    ///
    /// # Errors
    ///
    /// If the directory is not a path like `release-41`.
    pub fn stored_under(&self, directory: &str) -> Result<Self, AssetError> {
        let moved = |facts: &AssetFacts| AssetFacts { file: format!("{directory}/{}", facts.file), ..facts.clone() };
        Self::new(
            self.0.settings.clone(),
            self.0.current.iter().map(|asset| moved(asset.facts())).collect(),
            self.0.previous.iter().map(|asset| moved(asset.facts())).collect(),
        )
    }

    /// Adds the generations of an earlier manifest, so that the versioned URLs on its pages are still served. Plain
    /// names are those of this manifest.
    ///
    /// # Errors
    ///
    /// If both are stored in one file, so that the earlier content is gone: see
    /// [`stored_under`](AssetManifest::stored_under).
    pub fn merge_previous(&self, previous: &Self) -> Result<Self, AssetError> {
        let mut earlier: Vec<AssetFacts> = self.0.previous.iter().map(|asset| asset.facts().clone()).collect();
        earlier.extend(previous.0.current.iter().chain(&previous.0.previous).map(|asset| asset.facts().clone()));
        Self::new(self.0.settings.clone(), self.0.current.iter().map(|asset| asset.facts().clone()).collect(), earlier)
    }

    /// Reads every file of the manifest below `directory`, the root of the service, and compares it: for a manifest
    /// that another machine made. The layer then compares modification times too.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be read, or has other content.
    pub fn verify_directory(&self, directory: impl AsRef<Path>) -> Result<Self, AssetError> {
        let directory = directory.as_ref();
        let verified = |assets: &[Arc<Asset>]| {
            let files: Vec<FileToHash> =
                assets.iter().map(|asset| FileToHash::new(asset.file(), directory.join(asset.file()))).collect();
            let hashed = hash_files(&files, None)?;
            let facts = assets.iter().zip(&files).zip(hashed).map(|((asset, file), hashed)| {
                if hashed.digest != asset.facts().digest {
                    return Err(AssetError::at_path(&file.path, AssetErrorKind::ContentMismatch));
                }
                // A missing or unreadable file leaves its responses unverified.
                let coded = CodedFiles::find(&hashed.stored, |extension| {
                    let path = directory.join(format!("{}{extension}", asset.file()));
                    read_and_hash(&path).ok().map(|coded| coded.stored)
                });
                Ok(AssetFacts { stored: hashed.stored, coded, ..asset.facts().clone() })
            });
            facts.collect::<Result<Vec<_>, AssetError>>()
        };
        Self::new(self.0.settings.clone(), verified(&self.0.current)?, verified(&self.0.previous)?)
    }

    /// The versioned URL of an asset.
    ///
    /// # Errors
    ///
    /// If no asset has this name. The error names the nearest.
    pub fn url(&self, name: &str) -> Result<&str, UnknownAsset> {
        self.asset(name).map(Asset::url)
    }

    /// An asset of the current generation.
    ///
    /// # Errors
    ///
    /// If no asset has this name. The error names the nearest.
    pub fn asset(&self, name: &str) -> Result<&Asset, UnknownAsset> {
        self.0
            .by_name
            .get(name)
            .map(AsRef::as_ref)
            .ok_or_else(|| UnknownAsset::new(name.to_owned(), self.nearest(name).map(str::to_owned)))
    }

    /// The assets of the current generation, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.0.current.iter().map(AsRef::as_ref)
    }

    /// Returns the number of assets of the current generation.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.current.len()
    }

    /// Returns whether there is no asset.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.current.is_empty()
    }

    /// The prefix of the paths of all URLs: empty, or like `/static`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.settings.prefix()
    }

    /// What a request is about, by its path below the prefix and its query.
    pub(crate) fn resolve(&self, path: &str, query: Option<&str>) -> Resolved {
        let spelled;
        let (path, found) = match self.find(path) {
            Some(found) => (path, Some(found)),
            None if path
                .contains(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_' | '~' | '/')) =>
            {
                match respell(path) {
                    Some(respelled) => {
                        spelled = respelled;
                        (spelled.as_str(), self.find(&spelled))
                    }
                    None => return Resolved::Unknown,
                }
            }
            None => (path, None),
        };
        let version = query.and_then(QueryVersion::of);
        let other_version = |version: QueryVersion<'_>| {
            let QueryVersion::One(fingerprint) = version else { return None };
            match self.find(&with_fingerprint(path, fingerprint)) {
                Some((Role::Versioned, asset)) => Some(Resolved::Versioned(Arc::clone(asset))),
                _ => None,
            }
        };
        match (found, version) {
            (Some((Role::Versioned, asset)), None) => Resolved::Versioned(Arc::clone(asset)),
            (Some((Role::Plain, asset)), None) => Resolved::Plain(Arc::clone(asset)),
            (Some((_, asset)), Some(version)) if version.is(asset.fingerprint()) => {
                Resolved::Versioned(Arc::clone(asset))
            }
            (Some((Role::Versioned, asset)), Some(_)) => Resolved::Stale(Arc::clone(asset)),
            (Some((Role::Plain, asset)), Some(version)) => {
                other_version(version).unwrap_or_else(|| Resolved::Stale(Arc::clone(asset)))
            }
            // An asset that an earlier generation had and the current one has not.
            (None, Some(version)) => other_version(version).unwrap_or_else(|| self.resolve_stale(path)),
            (None, None) => self.resolve_stale(path),
        }
    }

    /// The asset whose plain name is this path of a file.
    pub(crate) fn file(&self, file: &str) -> Result<Arc<Asset>, UnknownAsset> {
        match self.find(&encode(file)) {
            Some((Role::Plain, asset)) => Ok(Arc::clone(asset)),
            _ => Err(UnknownAsset::new(file.to_owned(), self.nearest(file).map(str::to_owned))),
        }
    }

    /// Whether a path below the prefix is in a directory of files that a build tool hashed. A file that is not there was
    /// in another build.
    pub(crate) fn is_beside_hashed_files(&self, path: &str) -> bool {
        let directories = &self.0.hashed_directories;
        let longest = directories.iter().map(String::len).max().unwrap_or_default();
        let path = respell(path).unwrap_or_else(|| path.to_owned());
        let mut parents =
            path.match_indices('/').map(|(at, _)| &path[..at]).take_while(|parent| parent.len() <= longest);
        parents.any(|parent| directories.contains(parent))
    }

    /// Whether a path ends in the extension of a file that is not a page, such as `.js`.
    pub(crate) fn is_name_of_file(path: &str) -> bool {
        ExpectedType::of(path).is_file()
    }

    /// Makes a manifest of files that stand for themselves, and finds the coded ones among them.
    pub(super) fn of_files(
        settings: UrlSettings,
        files: Vec<(String, ContentDigest, StoredFile)>,
        naming: impl Fn(&str) -> Naming,
    ) -> Result<Self, AssetError> {
        let by_name: HashMap<&str, &StoredFile> =
            files.iter().map(|(name, _, stored)| (name.as_str(), stored)).collect();
        let coded: Vec<CodedFiles> = files
            .iter()
            .map(|(name, _, stored)| {
                CodedFiles::find(stored, |extension| {
                    by_name.get(format!("{name}{extension}").as_str()).map(|&stored| stored.clone())
                })
            })
            .collect();
        let facts = files.into_iter().zip(coded).map(|((name, digest, stored), coded)| AssetFacts {
            path: name.clone(),
            file: name.clone(),
            naming: naming(&name),
            name,
            digest,
            stored,
            coded,
            links: Links::default(),
        });
        Self::new(settings, facts.collect(), Vec::new())
    }

    /// Everything that a manifest promises is checked here.
    pub(super) fn new(
        settings: UrlSettings,
        mut current: Vec<AssetFacts>,
        previous: Vec<AssetFacts>,
    ) -> Result<Self, AssetError> {
        current.sort_by(|one, other| one.name.cmp(&other.name));
        let mut inner = Inner {
            settings,
            current: Vec::with_capacity(current.len()),
            previous: Vec::new(),
            by_name: HashMap::with_capacity(current.len()),
            by_path: HashMap::with_capacity(2 * current.len()),
            hashed_directories: HashSet::new(),
        };
        let mut files: HashMap<String, ContentDigest> = HashMap::with_capacity(current.len());
        let mut store = |asset: &Asset| {
            let digest = asset.facts().digest;
            if *files.entry(asset.file().to_owned()).or_insert(digest) == digest {
                return Ok(());
            }
            let file = asset.file().to_owned();
            Err(AssetError::new(asset.name(), AssetErrorKind::SharedFile { file }))
        };
        for facts in current {
            let asset = Arc::new(Asset::new(facts, &inner.settings)?);
            if inner.by_name.insert(asset.name().to_owned(), Arc::clone(&asset)).is_some() {
                return Err(AssetError::new(asset.name(), AssetErrorKind::DuplicateName));
            }
            store(&asset)?;
            let naming = asset.facts().naming;
            if let (Naming::HashedByTool, Some((directory, _))) = (naming, asset.versioned_path().rsplit_once('/')) {
                inner.hashed_directories.insert(directory.to_owned());
            }
            if naming != Naming::HashedByTool {
                inner.add_path(asset.plain_path(), Role::Plain, &asset)?;
            }
            if naming != Naming::PlainByTool {
                inner.add_path(asset.versioned_path(), Role::Versioned, &asset)?;
            }
            inner.current.push(asset);
        }
        // Without a version, the URL of an earlier generation is that of the current one.
        for facts in previous.into_iter().filter(|facts| facts.naming != Naming::PlainByTool) {
            let asset = Arc::new(Asset::new(facts, &inner.settings)?);
            let known = inner
                .by_path
                .get(asset.versioned_path())
                .is_some_and(|(role, known)| *role == Role::Versioned && known.facts().digest == asset.facts().digest);
            if !known {
                store(&asset)?;
                inner.add_path(asset.versioned_path(), Role::Versioned, &asset)?;
                inner.previous.push(asset);
            }
        }
        Ok(Self(Arc::new(inner)))
    }

    pub(super) fn settings(&self) -> &UrlSettings {
        &self.0.settings
    }

    pub(super) fn previous(&self) -> impl Iterator<Item = &Asset> {
        self.0.previous.iter().map(AsRef::as_ref)
    }

    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.0.current.iter().map(|asset| asset.name()))
    }

    fn with_settings(
        &self,
        change: impl FnOnce(&mut UrlSettings) -> Result<(), AssetError>,
    ) -> Result<Self, AssetError> {
        let mut settings = self.0.settings.clone();
        change(&mut settings)?;
        Self::new(
            settings,
            self.0.current.iter().map(|asset| asset.facts().clone()).collect(),
            self.0.previous.iter().map(|asset| asset.facts().clone()).collect(),
        )
    }

    fn find(&self, path: &str) -> Option<(Role, &Arc<Asset>)> {
        self.0.by_path.get(path).map(|(role, asset)| (*role, asset))
    }

    /// A path that is none of ours may be that of an asset with the fingerprint of a
    /// generation that is not here.
    fn resolve_stale(&self, path: &str) -> Resolved {
        match without_fingerprint(path).and_then(|(plain, _)| self.0.by_path.get(&plain)) {
            Some((Role::Plain, asset)) => Resolved::Stale(Arc::clone(asset)),
            _ => Resolved::Unknown,
        }
    }
}

impl Inner {
    fn add_path(&mut self, path: &str, role: Role, asset: &Arc<Asset>) -> Result<(), AssetError> {
        let Some((known_role, known)) = self.by_path.insert(path.to_owned(), (role, Arc::clone(asset))) else {
            return Ok(());
        };
        // A build tool gives two sources with one content one file.
        if known_role == role && known.file() == asset.file() && known.facts().digest == asset.facts().digest {
            return Ok(());
        }
        let with = known.name().to_owned();
        Err(AssetError::new(asset.name(), AssetErrorKind::UrlConflict { with }))
    }
}

/// The fingerprint in the parameter `v` of a query. Other values of `v` have no meaning here: fonts and libraries use
/// it for version numbers.
#[derive(Clone, Copy)]
enum QueryVersion<'a> {
    One(&'a str),
    /// Two different fingerprints. A cache and a server may read different ones.
    Several,
}

impl<'a> QueryVersion<'a> {
    fn of(query: &'a str) -> Option<Self> {
        let mut versions = query.split('&').filter_map(query_fingerprint);
        let first = versions.next()?;
        Some(if versions.all(|other| other == first) { Self::One(first) } else { Self::Several })
    }

    fn is(self, fingerprint: &str) -> bool {
        matches!(self, Self::One(version) if version == fingerprint)
    }
}
