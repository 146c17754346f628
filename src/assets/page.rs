//! Preloads, import maps and entry tags for pages.

use std::collections::HashSet;

use http::HeaderValue;

use super::asset::{Asset, Naming};
use super::error::UnknownAsset;
use super::manifest::AssetManifest;

impl AssetManifest {
    /// Returns the value of a `Link` field that makes the browser fetch an asset before it finds it in the page:
    ///
    /// ```text
    /// Link: </static/style.38b0….css>; rel=preload; as=style
    /// ```
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let assets = AssetManifest::from_contents([("style.css", "p{}"), ("tea.woff2", "a font")])?;
    /// let link = |name| assets.preload(name).unwrap().to_str().unwrap().to_owned();
    /// assert!(link("style.css").ends_with(".css>; rel=preload; as=style"));
    /// assert!(link("tea.woff2").ends_with(".woff2>; rel=preload; as=font; crossorigin"));
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    ///
    /// `as` depends on the extension. Fonts, and files that a script fetches, also get `crossorigin`, without which the
    /// browser would fetch them twice.
    ///
    /// # Early Hints
    ///
    /// Add the field to the response with the page. A service cannot send it earlier, in a `103 Early Hints` ([RFC
    /// 8297](https://www.rfc-editor.org/rfc/rfc8297.html)): it returns one response for each request, and servers based
    /// on hyper 1 do not send informational responses. Some CDNs, such as Cloudflare, remember the `Link` fields of a
    /// page and send them in a 103 to the next client.
    ///
    /// # Errors
    ///
    /// Returns an error if no asset has this name.
    pub fn preload(&self, name: &str) -> Result<HeaderValue, UnknownAsset> {
        let asset = self.asset(name)?;
        let destination = asset.expected().destination().unwrap_or("fetch");
        let crossorigin = if matches!(destination, "font" | "fetch") { "; crossorigin" } else { "" };
        Ok(link(asset, &format!("rel=preload; as={destination}{crossorigin}")))
    }

    /// Returns the value of a `Link` field with `rel=modulepreload`, which is the [`preload`](AssetManifest::preload)
    /// of an ES module.
    ///
    /// # Warning
    ///
    /// In a page with an [import map](AssetManifest::import_map), use a `<link rel="modulepreload">` after the map
    /// instead. Browsers process the header field before the map, and some of them then ignore the map.
    ///
    /// # Errors
    ///
    /// Returns an error if no asset has this name.
    pub fn modulepreload(&self, name: &str) -> Result<HeaderValue, UnknownAsset> {
        Ok(link(self.asset(name)?, "rel=modulepreload"))
    }

    /// Returns the content of a `<script type="importmap">`. With it, `import "./other.js"` in a script loads the
    /// versioned URL of `other.js`. It also has the `integrity` of each script.
    ///
    /// The content is JSON without `<`, and does not need escaping in a page. Scripts that a build tool named already
    /// refer to each other by versioned URLs, and are omitted.
    ///
    /// ```
    /// use tower_cache_policy::assets::AssetManifest;
    ///
    /// let assets = AssetManifest::from_contents([("app.js", "import './tea.js'"), ("tea.js", "")])?.with_prefix("/js")?;
    /// let page = format!(r#"<script type="importmap">{}</script>"#, assets.import_map());
    /// let tea = assets.url("tea.js").unwrap();
    /// assert!(page.contains(&format!(r#""/js/tea.js":"{tea}""#)), "{page}");
    /// # Ok::<(), tower_cache_policy::assets::AssetError>(())
    /// ```
    #[must_use]
    pub fn import_map(&self) -> String {
        let scripts = || {
            self.iter().filter(|asset| {
                asset.expected().destination() == Some("script") && asset.facts().naming == Naming::Manifest
            })
        };
        let imports: serde_json::Map<_, _> =
            scripts().map(|asset| (self.settings().url(asset.plain_path()), asset.url().into())).collect();
        let integrity: serde_json::Map<_, _> =
            scripts().map(|asset| (asset.url().to_owned(), asset.integrity().into())).collect();
        serde_json::json!({ "imports": imports, "integrity": integrity }).to_string()
    }
}

impl AssetManifest {
    /// Returns the HTML tags for an entry of [Vite](AssetManifest::from_vite), in the order that Vite recommends: the
    /// stylesheets of the entry and of the chunks that it imports, the script, and a `modulepreload` for each of these
    /// chunks.
    ///
    /// ```html
    /// <link rel="stylesheet" href="/assets/main-5UjPuW-k.css">
    /// <link rel="stylesheet" href="/assets/shared-ChJ_j-JJ.css">
    /// <script type="module" src="/assets/main-BRBmoGS9.js"></script>
    /// <link rel="modulepreload" href="/assets/shared-B7PI925R.js">
    /// ```
    ///
    /// Do not escape the tags: they are HTML.
    ///
    /// # Errors
    ///
    /// Returns an error if no asset has this name.
    pub fn entry_tags(&self, name: &str) -> Result<String, UnknownAsset> {
        let entry = self.asset(name)?;
        let imported = self.imported_by(entry);
        let mut seen = HashSet::new();
        let mut tags = Vec::new();
        let stylesheet = |asset: &Asset| format!("<link rel=\"stylesheet\" href=\"{}\">", asset.url());
        let chunks = std::iter::once(entry).chain(imported.iter().copied());
        for style in chunks.flat_map(|chunk| &chunk.facts().links.styles) {
            let style = self.asset(style)?;
            if seen.insert(style.url()) {
                tags.push(stylesheet(style));
            }
        }
        if seen.insert(entry.url()) {
            tags.push(match entry.expected().destination() {
                Some("style") => stylesheet(entry),
                _ => format!("<script type=\"module\" src=\"{}\"></script>", entry.url()),
            });
        }
        for chunk in imported {
            if chunk.expected().destination() == Some("script") && seen.insert(chunk.url()) {
                tags.push(format!("<link rel=\"modulepreload\" href=\"{}\">", chunk.url()));
            }
        }
        Ok(tags.join("\n"))
    }

    /// Returns the chunks that an entry imports, each after those that it imports itself. The function does not
    /// recurse, because a chain of imports can be long.
    fn imported_by<'a>(&'a self, entry: &'a Asset) -> Vec<&'a Asset> {
        let mut seen = HashSet::from([entry.name()]);
        let mut imported = Vec::new();
        let mut way = vec![(entry, 0)];
        while let Some((chunk, at)) = way.last_mut() {
            let next = chunk.facts().links.imports.get(*at);
            *at += 1;
            match next {
                Some(name) if seen.insert(name) => way.extend(self.asset(name).ok().map(|chunk| (chunk, 0))),
                Some(_) => {}
                None => imported.extend(way.pop().map(|(chunk, _)| chunk)),
            }
        }
        imported.pop();
        imported
    }
}

fn link(asset: &Asset, parameters: &str) -> HeaderValue {
    HeaderValue::try_from(format!("<{}>; {parameters}", asset.url())).expect("a URL is visible ASCII")
}
