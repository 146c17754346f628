//! The manifest of Vite.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Deserializer};

use super::asset::{AssetFacts, Links};
use super::bundler::{by_file, consists_of_words, keep, keep_url, last_part, looks_like_hash, stem, with_names};
use super::directory::AssetDirectory;
use super::error::{AssetError, AssetErrorKind};
use super::manifest::AssetManifest;

/// One entry of `.vite/manifest.json`.
#[derive(Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    src: Option<String>,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    css: Vec<String>,
    #[serde(default)]
    assets: Vec<String>,
}

/// Vite 2 wrote one stylesheet, without a list.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    })
}

impl AssetManifest {
    /// Builds a manifest of the output directory of Vite (`dist`), with the names of Vite's own manifest. Vite writes
    /// that manifest to `dist/.vite/manifest.json` if `build.manifest` is set. `url("src/main.ts")` then returns the
    /// URL of the script that Vite built from this file.
    ///
    /// The files refer to each other by the names that Vite gave them, so each file has only one URL. A file whose name
    /// contains a hash is served as a versioned file, and any other file as `no-cache`. A part of a name that may
    /// consist of words does not count as a hash. [`AssetDirectory::hashed_names`] overrides that. Vite's hashes have
    /// 48 bits, fewer than the fingerprints of this crate. Entity tags and `integrity` are computed from the content.
    ///
    /// Every other file of the directory is an asset under its own path. If an entry has the same name, as `index.html`
    /// in most applications, the name refers to the entry, and the file has the name `/index.html`.
    ///
    /// [`entry_tags`](AssetManifest::entry_tags) returns the tags for a page:
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
    ///
    /// # let dist = tempfile::tempdir()?;
    /// # let dist = dist.path();
    /// # std::fs::create_dir(dist.join("assets"))?;
    /// # std::fs::write(dist.join("assets/main-BRBmoGS9.js"), "start()")?;
    /// # std::fs::write(dist.join("assets/main-5UjPuW-k.css"), "p{}")?;
    /// // Usually `std::fs::read_to_string("dist/.vite/manifest.json")`.
    /// let manifest = r#"{
    ///     "src/main.ts": { "file": "assets/main-BRBmoGS9.js", "isEntry": true, "css": ["assets/main-5UjPuW-k.css"] }
    /// }"#;
    /// let assets = AssetManifest::from_vite(manifest, &AssetDirectory::new(dist))?;
    /// assert_eq!(assets.url("src/main.ts")?, "/assets/main-BRBmoGS9.js");
    /// assert_eq!(
    ///     assets.entry_tags("src/main.ts")?.trim_end(),
    ///     "<link rel=\"stylesheet\" href=\"/assets/main-5UjPuW-k.css\">\n\
    ///      <script type=\"module\" src=\"/assets/main-BRBmoGS9.js\"></script>"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`AssetDirectory::build`], and an error if the string is not a Vite manifest. Unless the
    /// directory is [lenient](AssetDirectory::lenient), also returns an error if the manifest names a file or a chunk
    /// that does not exist.
    pub fn from_vite(manifest: &str, directory: &AssetDirectory) -> Result<Self, AssetError> {
        let mut chunks: BTreeMap<String, Chunk> =
            serde_json::from_str(manifest).map_err(|error| AssetError::invalid_manifest(error.to_string()))?;
        let built = directory.build()?;
        let mut by_file = by_file(&built);
        let exists = |file: &str| match by_file.contains_key(file) {
            true => Ok(true),
            false => directory.tolerate(AssetError::new(file, AssetErrorKind::Missing)).map(|()| false),
        };
        chunks = keep(chunks, |(_, chunk)| exists(&chunk.file))?.into_iter().collect();
        let names: HashSet<String> = chunks.keys().cloned().collect();
        for (name, chunk) in &mut chunks {
            chunk.css = keep(std::mem::take(&mut chunk.css), |file| exists(file))?;
            chunk.assets = keep(std::mem::take(&mut chunk.assets), |file| exists(file))?;
            chunk.imports = keep(std::mem::take(&mut chunk.imports), |import| match names.contains(import) {
                true => Ok(true),
                false => {
                    let message = format!("imports `{import}`, which is not in the manifest; build again");
                    let fault = AssetError::new(name, AssetErrorKind::InvalidManifest { message });
                    directory.tolerate(fault).map(|()| false)
                }
            })?;
        }
        let suffixes = HashedSuffixes::of(&chunks);
        for (key, chunk) in &chunks {
            // Vite names the stylesheets of a chunk after it. Other files may have such a name by chance.
            let named_after = std::iter::once(&chunk.file).chain(&chunk.css).map(|file| (file, true));
            for (file, is_named_after) in named_after.chain(chunk.assets.iter().map(|file| (file, false))) {
                let Some(facts) = by_file.get_mut(file) else { continue };
                let hashed = || {
                    let is_pattern = |name| is_named_after && suffixes.include(file, name);
                    chunk.names(key).any(|name| is_hashed(file, name) || is_pattern(name))
                };
                keep_url(facts, directory.is_hashed(file).unwrap_or_else(hashed));
            }
        }
        let name_of: HashMap<&str, &str> =
            chunks.iter().map(|(name, chunk)| (chunk.file.as_str(), name.as_str())).collect();
        let mut named: Vec<AssetFacts> = Vec::new();
        for (name, chunk) in &chunks {
            let style = |file: &String| match name_of.get(file.as_str()) {
                Some(name) => (*name).to_owned(),
                None if names.contains(file) => format!("/{file}"),
                None => file.clone(),
            };
            let links = Links { styles: chunk.css.iter().map(style).collect(), imports: chunk.imports.clone() };
            if let Some(facts) = by_file.get(&chunk.file) {
                named.push(AssetFacts { name: name.clone(), links, ..facts.clone() });
            }
        }
        by_file.retain(|file, _| !name_of.contains_key(file.as_str()));
        named.extend(with_names(by_file.into_values(), &names));
        Self::new(built.settings().clone(), named, Vec::new())
    }
}

impl Chunk {
    /// Returns the names that the file may have had before Vite added the hash.
    fn names<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.name.as_deref().into_iter().chain(self.src.as_deref().map(stem)).chain([stem(key)])
    }
}

/// The number of names in a manifest that certainly have a hash, by the number of characters after the known name. Vite
/// uses one pattern for all names. If most names certainly have a hash, the others have hashes that look like words by
/// chance.
struct HashedSuffixes(HashMap<usize, Certain>);

#[derive(Default)]
struct Certain {
    count: usize,
    of: usize,
}

impl HashedSuffixes {
    fn of(chunks: &BTreeMap<String, Chunk>) -> Self {
        let mut suffixes = HashMap::<usize, Certain>::new();
        for (key, chunk) in chunks {
            if let Some(suffix) = chunk.names(key).find_map(|name| suffix(&chunk.file, name)) {
                let certain = suffixes.entry(suffix.len()).or_default();
                certain.of += 1;
                certain.count += usize::from(looks_like_hash(suffix));
            }
        }
        Self(suffixes)
    }

    /// Returns whether a file that is named after a chunk has a hash according to the pattern. Text that a person may
    /// have written does not count as a hash.
    fn include(&self, file: &str, name: &str) -> bool {
        suffix(file, name).is_some_and(|suffix| {
            let is_pattern = |certain: &Certain| certain.count >= 2 && 2 * certain.count >= certain.of;
            let has = |is: fn(&u8) -> bool| suffix.as_bytes().iter().any(is);
            self.0.get(&suffix.len()).is_some_and(is_pattern)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && !consists_of_words(suffix)
        })
    }
}

/// Returns whether the file name is `name-hash.ext`. The name is known, so no part of it is mistaken for a hash.
fn is_hashed(file: &str, name: &str) -> bool {
    // The key of a shared chunk is `_` followed by its file name.
    if last_part(name).strip_prefix('_') == Some(stem(file)) {
        return stem(file).match_indices(['-', '.']).any(|(at, _)| looks_like_hash(&stem(file)[at + 1..]));
    }
    suffix(file, name).is_some_and(looks_like_hash)
}

/// Returns the text between a known name with a separator and the extension.
fn suffix<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    stem(file).strip_prefix(last_part(name))?.strip_prefix(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_follows_the_known_name() {
        for (file, name, hashed) in [
            ("assets/main-BRBmoGS9.js", "main", true),
            ("assets/main.BRBmoGS9.js", "main", true),
            ("assets/main-_-_aB3-x.js", "views/main", true),
            ("assets/main.js", "main", false),
            ("assets/my-component.js", "my-component", false),
            ("assets/my-component.js", "other", false),
            ("assets/main-abc.js", "main", false),
            ("assets/main-BRBm.GS9.js", "main", false),
            ("assets/shared-ChJ_j-JJ.css", "_shared-ChJ_j-JJ", true),
            ("assets/shared-B7PI925R.js", "_shared-B7PI925R", true),
            ("assets/main-06d14ce2.js", "main", true),
            ("assets/main-background.png", "main", false),
            ("assets/app.frontend.js", "app", false),
            ("assets/app-stylesheet.css", "app", false),
            ("assets/index-HomePage.js", "index", false),
            ("assets/main-iPhone14.png", "main", false),
            ("assets/main-version2.png", "main", false),
            ("assets/main-20240131.png", "main", false),
            ("assets/main-1280x720.png", "main", false),
            ("assets/main-v1-10-20.js", "main", false),
            ("assets/main-my-photo.png", "main", false),
            ("assets/main-GoToPage.js", "main", false),
            ("assets/main-de-DE-v2.js", "main", false),
        ] {
            assert_eq!(is_hashed(file, name), hashed, "{file}");
        }
    }

    #[test]
    fn a_hash_like_words_is_recognized_by_the_other_hashes_of_the_build() {
        let chunks = |files: &[&str]| {
            let entries = files.iter().enumerate().map(|(at, file)| {
                let document = serde_json::json!({ "file": file, "name": "main" });
                (at.to_string(), serde_json::from_value::<Chunk>(document).unwrap())
            });
            HashedSuffixes::of(&entries.collect())
        };
        let hashed = chunks(&["a/main-BRBmoGS9.js", "a/main-C3Ztj6tZ.js", "a/main-CRKXnaJI.js", "a/main-Homepage.js"]);
        for (file, is_hashed) in [
            ("a/main-CRKXnaJI.js", true),
            ("a/main-B_iADybv.js", true),
            ("a/main-homepage.js", false),
            ("a/main-HomePage.js", false),
            ("a/main-HOMEPAGE.js", false),
            ("a/main-20240131.js", false),
            ("a/main-version2.js", false),
            ("a/main-v2-final.js", false),
            ("a/main-my-theme.js", false),
            ("a/main-iPhone14.js", false),
            ("a/main-GoToPage.js", false),
            ("a/main-MyPhotos.js", false),
            ("a/main-1280x720.js", false),
            ("a/main-homepages.js", false),
            ("a/main.js", false),
            ("a/other-CRKXnaJI.js", false),
        ] {
            assert_eq!(hashed.include(file, "main"), is_hashed, "{file}");
        }
        for files in [
            &["a/main-BRBmoGS9.js", "a/main-CRKXnaJI.js"][..],
            &[
                "a/main-BRBmoGS9.js",
                "a/main-C3Ztj6tZ.js",
                "a/main-homepage.js",
                "a/main-Settings.js",
                "a/main-tutorial.js",
            ],
            &["a/main-homepage.js", "a/main-settings.js", "a/main-CRKXnaJI.js"],
        ] {
            assert!(!chunks(files).include("a/main-CRKXnaJI.js", "main"), "{files:?}");
        }
    }
}
