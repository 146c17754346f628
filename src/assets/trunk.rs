//! The output of Trunk.

use std::collections::HashMap;

use super::asset::{AssetFacts, Naming};
use super::directory::AssetDirectory;
use super::error::AssetError;
use super::manifest::AssetManifest;

impl AssetManifest {
    /// Builds a manifest of the output directory of [Trunk](https://trunkrs.dev) (`dist`). Trunk does not write a
    /// manifest, but adds a dash and a hash of 64 bits to the names of files. Such a file has only one URL and is
    /// served as a versioned file. The name of the asset does not contain the hash: `url("app.js")` returns the URL of
    /// `app-af4a2d3bd1ca8f3e.js`, and `url("app_bg.wasm")` that of the module. If the directory contains several
    /// builds, the name of each asset is its path.
    ///
    /// Scripts, modules and stylesheets without a hash, such as those below `snippets/`, also have only one URL, and
    /// are served as `no-cache`. Every other file is an asset under its own path.
    ///
    /// [`AssetDirectory::hashed_names`] overrides which names contain a hash.
    ///
    /// ```
    /// use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
    ///
    /// # let dist = tempfile::tempdir()?;
    /// # let dist = dist.path();
    /// # std::fs::write(dist.join("app-af4a2d3bd1ca8f3e.js"), "start()")?;
    /// # std::fs::write(dist.join("app-af4a2d3bd1ca8f3e_bg.wasm"), "\0asm")?;
    /// let assets = AssetManifest::from_trunk(&AssetDirectory::new(dist))?;
    /// assert_eq!(assets.url("app.js")?, "/app-af4a2d3bd1ca8f3e.js");
    /// assert_eq!(assets.url("app_bg.wasm")?, "/app-af4a2d3bd1ca8f3e_bg.wasm");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Warning
    ///
    /// Trunk computes the hash of a module before it optimizes the module. A different version of its tools, or a
    /// different level of optimization, writes different bytes under the same name. Deploy such a build together with a
    /// change of the program.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`AssetDirectory::build`].
    pub fn from_trunk(directory: &AssetDirectory) -> Result<Self, AssetError> {
        let built = directory.build()?;
        let mut named: HashMap<String, usize> = HashMap::new();
        for asset in built.iter() {
            *named.entry(without_hash(asset.file()).unwrap_or_else(|| asset.file().to_owned())).or_default() += 1;
        }
        let facts = built.iter().map(|asset| {
            let facts = asset.facts().clone();
            let plain = without_hash(asset.file());
            let naming = if directory.is_hashed(asset.file()).unwrap_or(plain.is_some()) {
                Naming::HashedByTool
            } else if matches!(asset.expected().destination(), Some("script" | "style")) || is_module(asset.file()) {
                Naming::PlainByTool
            } else {
                facts.naming
            };
            let name = plain.filter(|plain| named.get(plain) == Some(&1)).unwrap_or_else(|| facts.name.clone());
            AssetFacts { name, naming, ..facts }
        });
        Self::new(built.settings().clone(), facts.collect(), Vec::new())
    }
}

fn is_module(file: &str) -> bool {
    file.ends_with(".wasm")
}

/// `app_bg.wasm` for `app-af4a2d3bd1ca8f3e_bg.wasm`. A hash is a number of 64 bits without leading zeros, which seldom
/// has fewer than 14 hexadecimal digits. A hash without a letter could be a timestamp.
fn without_hash(file: &str) -> Option<String> {
    let (directory, name) =
        file.rsplit_once('/').map_or(("", file), |(directory, _)| file.split_at(directory.len() + 1));
    let (stem, extension) = name.split_once('.')?;
    let (stem, part) = stem.strip_suffix("_bg").map_or((stem, ""), |stem| (stem, "_bg"));
    let (plain, hash) = stem.rsplit_once('-')?;
    let is_hash = (14..=16).contains(&hash.len())
        && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && hash.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_hash && !plain.is_empty()).then(|| format!("{directory}{plain}{part}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_hash_is_a_hexadecimal_number_after_a_dash() {
        for (file, plain) in [
            ("app-af4a2d3bd1ca8f3e.js", Some("app.js")),
            ("app-af4a2d3bd1ca8f3e_bg.wasm", Some("app_bg.wasm")),
            ("app-af4a2d3bd1ca8f3e.d.ts", Some("app.d.ts")),
            ("css/my-style-4a2d3bd1ca8f3e.css", Some("css/my-style.css")),
            ("photo-20240131123456.png", None),
            ("snippets/app-af4a2d3bd1ca8f3e/inline0.js", None),
            ("app-af4a2d3bd1ca8f3e1.js", None),
            ("app-AF4A2D3BD1CA8F3E.js", None),
            ("app-af4a2d3b.js", None),
            ("-af4a2d3bd1ca8f3e.js", None),
            ("index.html", None),
            ("LICENSE", None),
        ] {
            assert_eq!(without_hash(file).as_deref(), plain, "{file}");
        }
    }
}
