//! The JSON form of a manifest, which a build step writes and a service loads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::asset::{Asset, AssetFacts, Links, Naming};
use super::digest::ContentDigest;
use super::error::{AssetError, AssetErrorKind};
use super::manifest::AssetManifest;
use super::settings::{FingerprintLocation, UrlSettings};
use super::stored::{CodedFiles, StoredFile};

/// The version of the format. Increase it if an older reader would misread the file.
const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    origin: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    prefix: String,
    #[serde(default)]
    fingerprint_in: Place,
    /// The assets. This is a list, because a parser of a map would drop one of two equal keys.
    assets: Vec<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    previous: Vec<Row>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    #[default]
    Path,
    Query,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// The path, if it differs from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The file, if it differs from the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The fingerprint, which is the beginning of the hash in `integrity`. It is for other programs that read the file.
    fingerprint: String,
    integrity: String,
    length: u64,
    /// The lengths of the compressed files, by content coding.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    coded: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    named_by_tool: bool,
    /// A file named by a build tool, without a hash in the path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unversioned: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    styles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    imports: Vec<String>,
}

impl AssetManifest {
    /// Returns the manifest as JSON, for [`from_json`](AssetManifest::from_json) and for other programs.
    ///
    /// The JSON does not contain modification times, because they differ on the machine that serves the files.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let built = AssetManifest::from_contents([("style.css", "p{}")])?.with_prefix("/static")?;
    /// let loaded = AssetManifest::from_json(&built.to_json())?;
    /// assert_eq!(loaded.url("style.css").unwrap(), built.url("style.css").unwrap());
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // The message explains why it cannot panic.
    pub fn to_json(&self) -> String {
        let settings = self.settings();
        let document = Document {
            version: VERSION,
            origin: settings.origin().to_owned(),
            prefix: settings.prefix().to_owned(),
            fingerprint_in: match settings.place() {
                FingerprintLocation::Path => Place::Path,
                FingerprintLocation::Query => Place::Query,
            },
            assets: self.iter().map(Row::of).collect(),
            previous: self.previous().map(Row::of).collect(),
        };
        let mut text = serde_json::to_string_pretty(&document).expect("strings and numbers can be serialized");
        text.push('\n');
        text
    }

    /// Parses the output of [`to_json`](AssetManifest::to_json).
    ///
    /// This method does not read the files. [`verify_directory`](AssetManifest::verify_directory) does.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let error = AssetManifest::from_json("{}").unwrap_err();
    /// assert!(error.to_string().starts_with("manifest: missing field `version`"), "{error}");
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a manifest, contradicts itself, or has unknown members.
    pub fn from_json(text: &str) -> Result<Self, AssetError> {
        let document: Document =
            serde_json::from_str(text).map_err(|error| AssetError::invalid_manifest(error.to_string()))?;
        if document.version != VERSION {
            let message = format!("version {} is not known; create the manifest again", document.version);
            return Err(AssetError::invalid_manifest(message));
        }
        let mut settings = UrlSettings::default();
        settings.set_prefix(&document.prefix)?;
        if !document.origin.is_empty() {
            settings.set_origin(&document.origin)?;
        }
        settings.set_place(match document.fingerprint_in {
            Place::Path => FingerprintLocation::Path,
            Place::Query => FingerprintLocation::Query,
        });
        let facts = |rows: Vec<Row>| rows.into_iter().map(Row::into_facts).collect::<Result<Vec<_>, AssetError>>();
        Self::new(settings, facts(document.assets)?, facts(document.previous)?)
    }

    /// Writes the output of [`to_json`](AssetManifest::to_json) to a file.
    ///
    /// A build step saves the manifest, and the service loads it when it starts:
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// # let release = tempfile::tempdir()?;
    /// # let release = release.path();
    /// # std::fs::create_dir(release.join("static"))?;
    /// # std::fs::write(release.join("static/style.css"), "p{}")?;
    /// // In the build:
    /// AssetManifest::from_directory(release.join("static"))?.with_prefix("/static")?.save(release.join("assets.json"))?;
    ///
    /// // In the service. The second call reads the files, to be sure that they are those of the build.
    /// let assets = AssetManifest::load(release.join("assets.json"))?.verify_directory(release.join("static"))?;
    /// assert_eq!(assets.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), AssetError> {
        let path = path.as_ref();
        fs::write(path, self.to_json()).map_err(|error| AssetError::at_path(path, AssetErrorKind::Write(error)))
    }

    /// Reads a file that [`save`](AssetManifest::save) wrote.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and the errors of [`from_json`](AssetManifest::from_json).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, AssetError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| AssetError::unread(path, error))?;
        Self::from_json(&text).map_err(|error| error.in_manifest(path))
    }
}

impl Row {
    fn of(asset: &Asset) -> Self {
        let facts = asset.facts();
        Self {
            path: (facts.path != facts.name).then(|| facts.path.clone()),
            file: (facts.file != facts.path).then(|| facts.file.clone()),
            name: facts.name.clone(),
            fingerprint: asset.fingerprint().to_owned(),
            integrity: asset.integrity().to_owned(),
            length: facts.stored.length,
            coded: facts.coded.iter().map(|(coding, stored)| (coding.to_owned(), stored.length)).collect(),
            named_by_tool: facts.naming == Naming::HashedByTool,
            unversioned: facts.naming == Naming::PlainByTool,
            styles: facts.links.styles.clone(),
            imports: facts.links.imports.clone(),
        }
    }

    fn into_facts(self) -> Result<AssetFacts, AssetError> {
        let invalid = |message: &str| {
            AssetError::new(self.name.clone(), AssetErrorKind::InvalidManifest { message: message.to_owned() })
        };
        let digest = ContentDigest::from_integrity(&self.integrity)
            .ok_or_else(|| invalid("`integrity` must be `sha384-` and a hash in base64; create the manifest again"))?;
        if digest.fingerprint() != self.fingerprint {
            return Err(invalid("`fingerprint` does not match `integrity`; create the manifest again"));
        }
        let mut coded = CodedFiles::default();
        for (coding, length) in &self.coded {
            if !coded.insert(coding, StoredFile::of_length(*length)) {
                return Err(invalid("`coded` supports `br`, `deflate`, `gzip` and `zstd`; remove others"));
            }
        }
        let naming = match (self.named_by_tool, self.unversioned) {
            (false, false) => Naming::Manifest,
            (true, false) => Naming::HashedByTool,
            (false, true) => Naming::PlainByTool,
            (true, true) => return Err(invalid("`named_by_tool` and `unversioned` exclude each other; remove one")),
        };
        let path = self.path.unwrap_or_else(|| self.name.clone());
        Ok(AssetFacts {
            file: self.file.unwrap_or_else(|| path.clone()),
            path,
            name: self.name,
            digest,
            stored: StoredFile::of_length(self.length),
            coded,
            naming,
            links: Links { styles: self.styles, imports: self.imports },
        })
    }
}
