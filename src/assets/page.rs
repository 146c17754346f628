//! What a page says of its assets beside their URLs: preloads and an import map.

use http::HeaderValue;

use super::asset::Asset;
use super::error::UnknownAsset;
use super::manifest::AssetManifest;

impl AssetManifest {
    /// The value of a `Link` field that has the browser fetch an asset before the page asks
    /// for it:
    ///
    /// ```text
    /// Link: </static/style.38b0….css>; rel=preload; as=style
    /// ```
    ///
    /// `as` goes by the extension. Fonts, and what a script fetches, have `crossorigin`
    /// beside it, without which the browser fetches them twice.
    ///
    /// # Errors
    ///
    /// When there is no asset of this name.
    pub fn preload(&self, name: &str) -> Result<HeaderValue, UnknownAsset> {
        let asset = self.asset(name)?;
        let destination = asset.expected().destination().unwrap_or("fetch");
        let crossorigin = if matches!(destination, "font" | "fetch") { "; crossorigin" } else { "" };
        Ok(link(asset, &format!("rel=preload; as={destination}{crossorigin}")))
    }

    /// As [`preload`](AssetManifest::preload), for an ES module, with `rel=modulepreload`.
    ///
    /// # Warning
    ///
    /// A page with an [import map](AssetManifest::import_map) names its modules in a
    /// `<link rel="modulepreload">` behind the map: a field comes before it, and browsers that
    /// take one map only then ignore it.
    ///
    /// # Errors
    ///
    /// When there is no asset of this name.
    pub fn modulepreload(&self, name: &str) -> Result<HeaderValue, UnknownAsset> {
        Ok(link(self.asset(name)?, "rel=modulepreload"))
    }

    /// The content of a `<script type="importmap">`, with which `import "./other.js"` in a
    /// script loads the versioned URL of `other.js`, and with the `integrity` of each.
    ///
    /// It is JSON, and can stand in a page as it is: it holds no `<`. Scripts that a build
    /// tool named refer to each other by versioned URLs already, and are not in it.
    #[must_use]
    pub fn import_map(&self) -> String {
        let scripts = || {
            self.iter().filter(|asset| asset.expected().destination() == Some("script") && !asset.facts().named_by_tool)
        };
        let imports: serde_json::Map<_, _> =
            scripts().map(|asset| (self.settings().url(asset.plain_path()), asset.url().into())).collect();
        let integrity: serde_json::Map<_, _> =
            scripts().map(|asset| (asset.url().to_owned(), asset.integrity().into())).collect();
        serde_json::json!({ "imports": imports, "integrity": integrity }).to_string()
    }
}

fn link(asset: &Asset, parameters: &str) -> HeaderValue {
    HeaderValue::try_from(format!("<{}>; {parameters}", asset.url())).expect("a URL is visible ASCII")
}
