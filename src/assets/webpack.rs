//! The manifests of webpack plugins.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::asset::AssetFacts;
use super::bundler::{by_file, keep, keep_url, last_part, looks_like_hash, stem, with_names};
use super::digest::ContentDigest;
use super::directory::AssetDirectory;
use super::error::{AssetError, AssetErrorKind};
use super::manifest::AssetManifest;

/// A file that the manifest names.
struct Entry {
    name: String,
    file: String,
    integrity: Option<ContentDigest>,
}

impl AssetManifest {
    /// Builds a manifest of the output directory of webpack, with the names of a manifest that a plugin wrote.
    /// `url("main.js")` then returns the URL of `static/js/main.8efea723.js`.
    ///
    /// The manifest is that of `webpack-manifest-plugin`, that of `webpack-assets-manifest`, or the
    /// `asset-manifest.json` of Create React App:
    ///
    /// ```json
    /// { "main.js": "/static/js/main.8efea723.js" }
    /// { "main.js": { "src": "static/js/main.8efea723.js", "integrity": "sha384-…" } }
    /// { "files": { "main.js": "/static/js/main.8efea723.js" }, "entrypoints": [] }
    /// ```
    ///
    /// Set the [prefix](AssetDirectory::prefix) to the path of webpack's `output.publicPath`, because the files refer
    /// to each other by this path: `/app` for `/app/` and for `https://cdn.example.com/app/`.
    ///
    /// Each file that the manifest names has only one URL. A file whose name contains a hash is served as a versioned
    /// file, and any other file as `no-cache`. A part of a name that may consist of words does not count as a hash.
    /// [`AssetDirectory::hashed_names`] overrides that. Every other file of the directory is an asset under its own
    /// path.
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
    ///
    /// # let dist = tempfile::tempdir()?;
    /// # let dist = dist.path();
    /// # std::fs::create_dir_all(dist.join("static/js"))?;
    /// # std::fs::write(dist.join("static/js/main.8efea723.js"), "start()")?;
    /// let manifest = r#"{ "main.js": "/static/js/main.8efea723.js" }"#;
    /// let assets = AssetManifest::from_webpack(manifest, &AssetDirectory::new(dist))?;
    /// assert_eq!(assets.url("main.js")?, "/static/js/main.8efea723.js");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`AssetDirectory::build`], and an error if the string is not such a manifest. Unless the
    /// directory is [lenient](AssetDirectory::lenient), also returns an error if the manifest names a file that does
    /// not exist or has different content.
    pub fn from_webpack(manifest: &str, directory: &AssetDirectory) -> Result<Self, AssetError> {
        let document: Map<String, Value> =
            serde_json::from_str(manifest).map_err(|error| AssetError::invalid_manifest(error.to_string()))?;
        let built = directory.build()?;
        let mut by_file = by_file(&built);
        let entries = keep(entries_of(&document, built.prefix())?, |entry| {
            let kind = match by_file.get(&entry.file) {
                None => AssetErrorKind::Missing,
                Some(facts) if entry.integrity.is_some_and(|expected| expected != facts.digest) => {
                    AssetErrorKind::ContentMismatch
                }
                Some(_) => return Ok(true),
            };
            directory.tolerate(AssetError::new(&entry.file, kind)).map(|()| false)
        })?;
        let names: HashSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        let named: HashSet<String> = entries.iter().map(|entry| entry.file.clone()).collect();
        for Entry { name, file, .. } in &entries {
            let Some(facts) = by_file.get_mut(file) else { continue };
            keep_url(facts, directory.is_hashed(file).unwrap_or_else(|| is_hashed(file, name)));
        }
        let mut assets: Vec<AssetFacts> = entries
            .into_iter()
            .filter_map(|entry| Some(AssetFacts { name: entry.name, ..by_file.get(&entry.file)?.clone() }))
            .collect();
        by_file.retain(|file, _| !named.contains(file));
        assets.extend(with_names(by_file.into_values(), &names));
        Self::new(built.settings().clone(), assets, Vec::new())
    }
}

fn entries_of(document: &Map<String, Value>, prefix: &str) -> Result<Vec<Entry>, AssetError> {
    let files = match document.get("files") {
        Some(Value::Object(files)) => files,
        _ => document,
    };
    let entries = files.iter().filter(|(name, value)| *name != "entrypoints" || value.is_string());
    entries.map(|(name, value)| entry_of(name, value, prefix)).collect()
}

fn entry_of(name: &str, value: &Value, prefix: &str) -> Result<Entry, AssetError> {
    let invalid =
        |message: &str| AssetError::new(name, AssetErrorKind::InvalidManifest { message: message.to_owned() });
    let (url, integrity) = match value {
        Value::String(url) => (url.as_str(), None),
        Value::Object(members) => match members.get("src") {
            Some(Value::String(url)) => (url.as_str(), members.get("integrity").and_then(Value::as_str)),
            _ => {
                return Err(invalid(
                    "does not have the path of a file in `src`; write the manifest with a webpack plugin",
                ));
            }
        },
        _ => return Err(invalid("is not the path of a file; write the manifest with a webpack plugin")),
    };
    let file = file_of(url, prefix).ok_or_else(|| {
        invalid("is not below the prefix; set `AssetDirectory::prefix` to the path of webpack's `output.publicPath`")
    })?;
    Ok(Entry {
        name: name.to_owned(),
        file: file.to_owned(),
        integrity: integrity.and_then(ContentDigest::from_integrity),
    })
}

/// Returns the path of a file below the output directory. The URL may begin with the public path.
fn file_of<'a>(url: &'a str, prefix: &str) -> Option<&'a str> {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let path = match url.split_once("//") {
        // The path follows the host.
        Some(("" | "http:" | "https:", rest)) => &rest[rest.find('/')?..],
        _ => url,
    };
    match path.strip_prefix('/') {
        Some(_) => path.strip_prefix(prefix)?.strip_prefix('/'),
        // webpack's value for a public path that scripts detect at run time.
        None => Some(path.strip_prefix("auto/").or_else(|| path.strip_prefix("./")).unwrap_or(path)),
    }
}

/// Returns whether the file name has a hash, such as `main.8efea723.js` for `main.js`, or consists of a hash.
fn is_hashed(file: &str, name: &str) -> bool {
    const WHOLE_NAME: usize = 16;
    let file = stem(file);
    match file.strip_prefix(stem(last_part(name))) {
        Some(rest) => rest.starts_with(['.', '-', '_', '~']) && rest.split(['.', '-', '_', '~']).any(looks_like_hash),
        None => file.len() >= WHOLE_NAME && looks_like_hash(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_below_the_public_path() {
        for (url, prefix, file) in [
            ("/app/js/main.js", "/app", Some("js/main.js")),
            ("/js/main.js", "", Some("js/main.js")),
            ("https://cdn.example.com/app/js/main.js", "/app", Some("js/main.js")),
            ("//cdn.example.com/js/main.js", "", Some("js/main.js")),
            ("auto/js/main.js", "", Some("js/main.js")),
            ("./js/main.js", "/app", Some("js/main.js")),
            ("js/main.js?id=1#x", "/app", Some("js/main.js")),
            ("/js/main.js", "/app", None),
            ("/application/main.js", "/app", None),
            ("https://cdn.example.com", "", None),
        ] {
            assert_eq!(file_of(url, prefix), file, "{url} below {prefix:?}");
        }
    }

    #[test]
    fn a_hash_follows_the_known_name() {
        for (file, name, hashed) in [
            ("js/main.8efea723.js", "main.js", true),
            ("js/main.8efea7233a39cd3b1d72.js", "main.js", true),
            ("js/lazy.1d726147.chunk.js", "lazy.js", true),
            ("media/logo.b7c2ba6fa07daa69a954.svg", "media/logo.svg", true),
            ("b7c2ba6fa07daa69a954.svg", "logo.svg", true),
            ("runtime~main.3a39cd3b.js", "runtime~main.js", true),
            ("js/main.js", "main.js", false),
            ("js/main.chunk.js", "main.js", false),
            ("js/main.bundle.min.js", "main.js", false),
            ("js/main.20240131.js", "main.js", false),
            ("js/main.cafe2024.js", "main.js", false),
            ("js/main.frontend.js", "main.js", false),
            ("js/main8efea723.js", "main.js", false),
            ("js/other.8efea723.js", "main.js", false),
        ] {
            assert_eq!(is_hashed(file, name), hashed, "{file}");
        }
    }
}
