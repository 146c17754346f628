//! The manifest that Vite writes.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::asset::{AssetFacts, Links, Naming};
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
    /// The files refer to each other by the names that Vite gave them, so these are their only URLs. A file whose name
    /// has a hash of Vite is served as versioned, and one without is served as `no-cache`. A name that may consist of
    /// words does not count as a hash: [`AssetDirectory::hashed_names`] overrides that. Vite's hashes have 48 bits,
    /// fewer than those of the crate; entity tags and `integrity` rest on the content.
    ///
    /// Everything else in the directory is an asset under its own path. Where an entry has that name, as `index.html`
    /// has in most applications, the name is the entry's, and the file is named `/index.html`.
    ///
    /// [`entry_tags`](AssetManifest::entry_tags) gives the tags for a page.
    ///
    /// # Errors
    ///
    /// As [`AssetDirectory::build`], when the text is not such a manifest, and, unless the directory is
    /// [lenient](AssetDirectory::lenient), when it names a file or a chunk that does not exist.
    pub fn from_vite(manifest: &str, directory: &AssetDirectory) -> Result<Self, AssetError> {
        let mut chunks: BTreeMap<String, Chunk> =
            serde_json::from_str(manifest).map_err(|error| AssetError::invalid_manifest(error.to_string()))?;
        let built = directory.build()?;
        let mut by_file: BTreeMap<String, AssetFacts> =
            built.iter().map(|asset| (asset.file().to_owned(), asset.facts().clone())).collect();
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
        for chunk in chunks.values() {
            for file in std::iter::once(&chunk.file).chain(&chunk.css).chain(&chunk.assets) {
                let Some(facts) = by_file.get_mut(file) else { continue };
                let hashed = || chunk.names().any(|source| is_hashed(file, source));
                if directory.is_hashed(file).unwrap_or_else(hashed) {
                    facts.naming = Naming::HashedByTool;
                } else if facts.naming == Naming::Manifest {
                    facts.naming = Naming::PlainByTool;
                }
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
        named.extend(by_file.into_values().map(|facts| match names.contains(&facts.name) {
            true => AssetFacts { name: format!("/{}", facts.name), ..facts },
            false => facts,
        }));
        Self::new(built.settings().clone(), named, Vec::new())
    }
}

/// The accepted items, or the first fault in strict mode.
fn keep<T>(
    items: impl IntoIterator<Item = T>,
    mut is_kept: impl FnMut(&T) -> Result<bool, AssetError>,
) -> Result<Vec<T>, AssetError> {
    items
        .into_iter()
        .filter_map(|item| match is_kept(&item) {
            Ok(true) => Some(Ok(item)),
            Ok(false) => None,
            Err(fault) => Some(Err(fault)),
        })
        .collect()
}

impl Chunk {
    /// What the file was called before a hash was put to it.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.name.as_deref().into_iter().chain(self.src.as_deref().map(stem))
    }
}

/// Whether the file is called `name-hash.ext`. The name is known, so that no part of it is taken for a hash.
fn is_hashed(file: &str, name: &str) -> bool {
    // The key of a shared chunk is `_` followed by its file name.
    if last_part(name).strip_prefix('_') == Some(stem(file)) {
        return stem(file).match_indices(['-', '.']).any(|(at, _)| looks_like_hash(&stem(file)[at + 1..]));
    }
    stem(file).strip_prefix(last_part(name)).and_then(|rest| rest.strip_prefix(['-', '.'])).is_some_and(looks_like_hash)
}

/// Whether a text is random, and does not consist of words, numbers, dates or versions. It fails for some hashes: their
/// files are revalidated, while a word taken for a hash would keep a file in use for a year.
fn looks_like_hash(text: &str) -> bool {
    const LEAST_DIGITS: usize = 8;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.len() < LEAST_DIGITS || !text.bytes().all(is_digit) {
        return false;
    }
    let (mut runs, mut short, mut parts) = (0, 0, 0);
    for part in text.split(['-', '_']).filter(|part| !part.is_empty()) {
        parts += 1;
        let mut rest = part;
        while let Some(first) = rest.bytes().next() {
            let length = run_length(rest);
            runs += 1;
            short += usize::from(length <= 2 && first.is_ascii_alphabetic());
            rest = &rest[length..];
        }
    }
    let is_mixed_case =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    runs >= 3 && short >= 2 && (is_mixed_case || runs - parts >= 2)
}

/// The length of the number or of the word that the text begins with. A word begins with one capital letter at most,
/// unless it has no other letters.
fn run_length(text: &str) -> usize {
    let count = |text: &str, is: fn(&u8) -> bool| text.bytes().take_while(is).count();
    let digits = count(text, u8::is_ascii_digit);
    let capitals = count(text, u8::is_ascii_uppercase);
    let small = count(&text[capitals..], u8::is_ascii_lowercase);
    match (digits, capitals, small) {
        (1.., ..) => digits,
        (_, 0 | 1, _) => capitals + small,
        (_, _, 0) => capitals,
        // The last capital letter begins the next word.
        _ => capitals - 1,
    }
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
        ] {
            assert_eq!(is_hashed(file, name), hashed, "{file}");
        }
    }
}
