//! The output of Trunk.

use std::collections::HashMap;

use super::asset::{AssetFacts, Naming};
use super::directory::AssetDirectory;
use super::error::AssetError;
use super::manifest::AssetManifest;

impl AssetManifest {
    /// Builds a manifest of the directory that [Trunk](https://trunkrs.dev) built (`dist`). Trunk does not write a
    /// manifest. Its file names end in
    /// a dash and a hash of 64 bits. They have no other URLs, and are served as versioned. An asset is named without
    /// the hash: `url("app.js")` is the URL of `app-af4a2d3bd1ca8f3e.js`, and `app_bg.wasm` that of the module. With
    /// several builds in one directory, each file is named by its path.
    ///
    /// Scripts, modules and stylesheets without a hash, such as those below `snippets/`, keep their one URL and are
    /// served as `no-cache`. Every other file is an asset under its own path.
    ///
    /// With [`AssetDirectory::hashed_names`], the caller decides which names have a hash.
    ///
    /// # Warning
    ///
    /// Trunk makes the hash of a module before it optimizes the module. Another version of its tools, or another level
    /// of optimization, writes other bytes under the same name: deploy such a build with a change of the program.
    ///
    /// # Errors
    ///
    /// As [`AssetDirectory::build`].
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
/// has fewer than 14 hexadecimal digits. A hash without a letter could be a time.
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
