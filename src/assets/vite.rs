//! The manifest that Vite writes.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::asset::AssetFacts;
use super::directory::AssetDirectory;
use super::error::{AssetError, AssetErrorKind};
use super::manifest::AssetManifest;

/// One entry of `.vite/manifest.json`. What else stands there is about imports.
#[derive(Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    src: Option<String>,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    assets: Vec<String>,
}

impl AssetManifest {
    /// The directory that Vite built (`dist`), with the names of its manifest
    /// (`dist/.vite/manifest.json`, by `build.manifest`): `url("src/main.ts")` is the URL of the
    /// script that was made of it.
    ///
    /// The files refer to each other by the names that Vite gave them, so these are their URLs.
    /// One whose name Vite has put a hash into is served as versioned; one without is not, and
    /// gets a fingerprint of ours in its URL. Vite's hashes have 48 bits, fewer than ours (B-05);
    /// entity tags and `integrity` rest on the content. Everything else in the directory is there
    /// under its own name.
    ///
    /// # Errors
    ///
    /// As [`AssetDirectory::build`], when the text is no such manifest, and when it names a file
    /// that is not there.
    pub fn from_vite(manifest: &str, directory: &AssetDirectory) -> Result<Self, AssetError> {
        let chunks: BTreeMap<String, Chunk> =
            serde_json::from_str(manifest).map_err(|error| AssetError::invalid_manifest(error.to_string()))?;
        let built = directory.build()?;
        let mut by_file: HashMap<String, AssetFacts> =
            built.iter().map(|asset| (asset.file().to_owned(), asset.facts().clone())).collect();
        let mut named: Vec<AssetFacts> = Vec::new();
        let missing = |file: &str| AssetError::new(file, AssetErrorKind::Missing);
        for (name, chunk) in &chunks {
            let facts = by_file.get(&chunk.file).ok_or_else(|| missing(&chunk.file))?;
            let named_by_tool = chunk.names().any(|source| is_hashed(&chunk.file, source));
            named.push(AssetFacts { name: name.clone(), named_by_tool, ..facts.clone() });
        }
        for chunk in chunks.values() {
            for file in chunk.css.iter().chain(&chunk.assets) {
                let facts = by_file.get_mut(file).ok_or_else(|| missing(file))?;
                facts.named_by_tool |= chunk.names().any(|source| is_hashed(file, source));
            }
        }
        for chunk in chunks.values() {
            by_file.remove(&chunk.file);
        }
        named.extend(by_file.into_values());
        Self::new(built.settings().clone(), named, Vec::new())
    }
}

impl Chunk {
    /// What the file was called before a hash was put to it.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.name.as_deref().into_iter().chain(self.src.as_deref().map(stem))
    }
}

/// Whether the file is called `name-hash.ext`: the name is known, so that no part of it is taken
/// for a hash.
fn is_hashed(file: &str, name: &str) -> bool {
    const LEAST_DIGITS: usize = 8;
    let is_digit = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    stem(file)
        .strip_prefix(last_part(name))
        .and_then(|rest| rest.strip_prefix(['-', '.']))
        .is_some_and(|hash| hash.len() >= LEAST_DIGITS && hash.bytes().all(is_digit))
}

fn stem(path: &str) -> &str {
    let part = last_part(path);
    part.rsplit_once('.').map_or(part, |(stem, _)| stem)
}

fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_stands_behind_the_known_name() {
        for (file, name, hashed) in [
            ("assets/main-BRBmoGS9.js", "main", true),
            ("assets/main.BRBmoGS9.js", "main", true),
            ("assets/main-_-_aB3-x.js", "views/main", true),
            ("assets/main.js", "main", false),
            ("assets/my-component.js", "my-component", false),
            ("assets/my-component.js", "other", false),
            ("assets/main-abc.js", "main", false),
            ("assets/main-BRBm.GS9.js", "main", false),
        ] {
            assert_eq!(is_hashed(file, name), hashed, "{file}");
        }
    }
}
