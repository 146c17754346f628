//! [`AssetManifest`]: maps names to URLs, and URLs to files.

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
use crate::nearest::nearest;

/// The assets of a site: their fingerprints, URLs and files. See the [module docs](super) for an example.
///
/// A manifest is immutable, and cloning it is cheap.
#[derive(Clone, Debug)]
pub struct AssetManifest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: UrlSettings,
    current: Vec<Arc<Asset>>,
    previous: Vec<Arc<Asset>>,
    by_name: HashMap<String, Arc<Asset>>,
    /// The assets by their encoded path below the prefix.
    by_path: HashMap<String, (Role, Arc<Asset>)>,
    /// The encoded paths of the directories that contain hashed files of a build tool, except for the root.
    hashed_directories: HashSet<String>,
}

/// The kind of path of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    Versioned,
}

/// The asset that a request identifies.
#[derive(Clone, Debug)]
pub(crate) enum Resolved {
    /// The request has the current fingerprint of the asset.
    Versioned(Arc<Asset>),
    /// The request does not have a fingerprint.
    Plain(Arc<Asset>),
    /// The request has an unknown fingerprint of a known asset.
    Stale(Arc<Asset>),
    Unknown,
}

impl AssetManifest {
    /// Builds a manifest from names and contents, for example for your own service.
    /// [`EmbeddedFiles`](super::EmbeddedFiles) serves contents from memory.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// // A stylesheet that the program renders when it starts.
    /// let stylesheet = format!("body {{ color: {} }}", "brown");
    /// let assets = AssetManifest::from_contents([("theme.css", stylesheet)])?;
    /// assert!(assets.url("theme.css").unwrap().starts_with("/theme."));
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a name is invalid or appears twice.
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

    /// Sets the prefix of the paths of all URLs, such as `/static`. The default is empty.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let assets = AssetManifest::from_contents([("style.css", "p{}")])?.with_prefix("/static")?;
    /// assert!(assets.url("style.css").unwrap().starts_with("/static/style."));
    ///
    /// assert!(assets.with_prefix("static/").is_err(), "a prefix begins with a slash and does not end with one");
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the prefix does not have this form.
    pub fn with_prefix(&self, prefix: &str) -> Result<Self, AssetError> {
        self.with_settings(|settings| settings.set_prefix(prefix))
    }

    /// Sets the origin of all URLs, such as `https://cdn.example.com`. By default, URLs begin with the prefix.
    ///
    /// Use it if a CDN with its own host fetches the files from the service:
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let assets = AssetManifest::from_contents([("style.css", "p{}")])?
    ///     .with_prefix("/static")?
    ///     .with_origin("https://cdn.example.com")?;
    /// assert!(assets.url("style.css").unwrap().starts_with("https://cdn.example.com/static/style."));
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the origin does not have this form.
    pub fn with_origin(&self, origin: &str) -> Result<Self, AssetError> {
        self.with_settings(|settings| settings.set_origin(origin))
    }

    /// Sets the location of the fingerprint in URLs. Names with the hash of a build tool stay unchanged.
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // The message explains why it cannot panic.
    pub fn with_fingerprint_in(&self, place: FingerprintLocation) -> Self {
        let changed = self.with_settings(|settings| {
            settings.set_place(place);
            Ok(())
        });
        changed.expect("the same paths were valid before")
    }

    /// Sets the directory in which the service has the files, so that two generations can be stored next to each other.
    /// URLs stay unchanged.
    ///
    /// The [module page](super#while-two-versions-run) has an example.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory is not a relative path such as `release-41`.
    pub fn stored_under(&self, directory: &str) -> Result<Self, AssetError> {
        let moved = |facts: &AssetFacts| AssetFacts { file: format!("{directory}/{}", facts.file), ..facts.clone() };
        Self::new(
            self.0.settings.clone(),
            self.0.current.iter().map(|asset| moved(asset.facts())).collect(),
            self.0.previous.iter().map(|asset| moved(asset.facts())).collect(),
        )
    }

    /// Adds the generations of an earlier manifest, so that versioned URLs in older pages are still served. Plain names
    /// still refer to the files of this manifest.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let old = AssetManifest::from_contents([("style.css", "p { color: red }")])?;
    /// let new = AssetManifest::from_contents([("style.css", "p { color: tan }")])?;
    /// let error = new.merge_previous(&old).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`style.css`: both generations are stored as `style.css`; store each generation in its own directory, and \
    ///      pass that to `AssetManifest::stored_under`"
    /// );
    /// assert!(new.stored_under("new")?.merge_previous(&old.stored_under("old")?).is_ok());
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if two generations of an asset are stored in the same file, because the earlier content has
    /// then been overwritten: see [`stored_under`](AssetManifest::stored_under).
    pub fn merge_previous(&self, previous: &Self) -> Result<Self, AssetError> {
        let mut earlier: Vec<AssetFacts> = self.0.previous.iter().map(|asset| asset.facts().clone()).collect();
        earlier.extend(previous.0.current.iter().chain(&previous.0.previous).map(|asset| asset.facts().clone()));
        Self::new(self.0.settings.clone(), self.0.current.iter().map(|asset| asset.facts().clone()).collect(), earlier)
    }

    /// Verifies every file of the manifest below `directory`, the root of the service. Use it for a manifest that was
    /// built on another machine. In the returned manifest, the layer also compares modification times.
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetErrorKind, AssetManifest};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let directory = directory.path();
    /// # std::fs::write(directory.join("style.css"), "p{}")?;
    /// let assets = AssetManifest::from_directory(directory)?;
    /// std::fs::write(directory.join("style.css"), "p { color: red }")?;
    /// let error = assets.verify_directory(directory).unwrap_err();
    /// assert!(matches!(error.kind(), AssetErrorKind::ContentMismatch), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a file is missing, cannot be read, or has different content.
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

    /// Returns the versioned URL of an asset.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let of = |content| AssetManifest::from_contents([("style.css", content)]).unwrap().url("style.css").unwrap().to_owned();
    /// assert_eq!(of("p { color: red }"), of("p { color: red }"), "on each machine and in each release");
    /// assert_ne!(of("p { color: red }"), of("p { color: tan }"));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if no asset has this name. The error suggests the most similar name.
    pub fn url(&self, name: &str) -> Result<&str, UnknownAsset> {
        self.asset(name).map(Asset::url)
    }

    /// Returns an asset of the current generation.
    ///
    /// # Errors
    ///
    /// Returns an error if no asset has this name. The error suggests the most similar name.
    pub fn asset(&self, name: &str) -> Result<&Asset, UnknownAsset> {
        self.0
            .by_name
            .get(name)
            .map(AsRef::as_ref)
            .ok_or_else(|| UnknownAsset::new(name.to_owned(), self.nearest(name).map(str::to_owned)))
    }

    /// Returns the assets of the current generation, sorted by name.
    ///
    /// ```
    /// use tower_cache_policy::assets::{Asset, AssetManifest};
    ///
    /// let assets = AssetManifest::from_contents([("style.css", "p{}"), ("app.js", "start()")])?;
    /// assert!(assets.iter().map(Asset::name).eq(["app.js", "style.css"]));
    /// assert_eq!(assets.iter().map(Asset::length).sum::<u64>(), 10);
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.0.current.iter().map(AsRef::as_ref)
    }

    /// Returns the number of assets of the current generation.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.current.len()
    }

    /// Returns whether the current generation is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.current.is_empty()
    }

    /// Returns the prefix of the paths of all URLs, such as `/static`. It may be empty.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.settings.prefix()
    }

    /// Finds the asset of a request by its path below the prefix and its query.
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
            // An earlier generation has this asset, but the current one does not.
            (None, Some(version)) => other_version(version).unwrap_or_else(|| self.resolve_stale(path)),
            (None, None) => self.resolve_stale(path),
        }
    }

    /// Returns the asset whose plain name is the path of this file.
    pub(crate) fn file(&self, file: &str) -> Result<Arc<Asset>, UnknownAsset> {
        match self.find(&encode(file)) {
            Some((Role::Plain, asset)) => Ok(Arc::clone(asset)),
            _ => Err(UnknownAsset::new(file.to_owned(), self.nearest(file).map(str::to_owned))),
        }
    }

    /// Returns whether a path below the prefix is in a directory of files that a build tool hashed. A missing file in
    /// such a directory was part of another build.
    pub(crate) fn is_beside_hashed_files(&self, path: &str) -> bool {
        let directories = &self.0.hashed_directories;
        let longest = directories.iter().map(String::len).max().unwrap_or_default();
        let path = respell(path).unwrap_or_else(|| path.to_owned());
        let mut parents =
            path.match_indices('/').map(|(at, _)| &path[..at]).take_while(|parent| parent.len() <= longest);
        parents.any(|parent| directories.contains(parent))
    }

    /// Returns whether a path ends in the extension of a file that is not a page, such as `.js`.
    pub(crate) fn is_name_of_file(path: &str) -> bool {
        ExpectedType::of(path).is_file()
    }

    /// Builds a manifest from files and finds the compressed files among them.
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

    /// Builds a manifest and verifies all of its invariants.
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
        // If the URL does not contain a version, an earlier generation has the same URL as the current one.
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

    /// Finds a known asset by an unknown path, which may have the fingerprint of an unknown generation.
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
        // A build tool writes one file for two sources with the same content.
        if known_role == role && known.file() == asset.file() && known.facts().digest == asset.facts().digest {
            return Ok(());
        }
        let with = known.name().to_owned();
        Err(AssetError::new(asset.name(), AssetErrorKind::UrlConflict { with }))
    }
}

/// The fingerprint in the parameter `v` of a query. Other values of `v` are ignored, because fonts and libraries use
/// the parameter for version numbers.
#[derive(Clone, Copy)]
enum QueryVersion<'a> {
    One(&'a str),
    /// Two different fingerprints. A cache and a server may use different ones.
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
