//! Functions for minijinja templates.
//!
//! ```
//! use minijinja::{Environment, context};
//! use tower_cache_policy::assets::{AssetManifest, minijinja::add_asset_functions};
//!
//! let assets = AssetManifest::from_contents([("style.css", "p{}")])?.with_prefix("/static")?;
//! let mut templates = Environment::new();
//! add_asset_functions(&mut templates, &assets);
//! templates.add_template(
//!     "page.html",
//!     r#"<link rel="stylesheet" href="{{ asset_url('style.css') }}" integrity="{{ asset_integrity('style.css') }}">"#,
//! )?;
//!
//! let page = templates.get_template("page.html")?.render(context! {})?;
//! assert!(page.starts_with(r#"<link rel="stylesheet" href="/static/style."#), "{page}");
//!
//! let error = templates.render_str("{{ asset_url('style.cs') }}", context! {}).unwrap_err();
//! assert!(error.to_string().contains("did you mean `style.css`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use super::error::UnknownAsset;
use super::source::AssetSource;

/// Adds the functions `asset_url(name)`, `asset_integrity(name)`, `asset_entry_tags(name)` and `asset_import_map()`.
///
/// `asset_import_map()` returns the content of a `<script type="importmap">`. For the other functions, an unknown name
/// is an error. The values are marked as safe, because they do not need escaping in a quoted attribute or in this
/// script.
pub fn add_asset_functions(environment: &mut Environment<'_>, source: impl Into<AssetSource>) {
    let source: AssetSource = source.into();
    let urls = source.clone();
    environment.add_function("asset_url", move |name: &str| {
        urls.current().url(name).map(|url| Value::from_safe_string(url.to_owned())).map_err(unknown)
    });
    let integrities = source.clone();
    environment.add_function("asset_integrity", move |name: &str| {
        let assets = integrities.current();
        assets.asset(name).map(|asset| Value::from_safe_string(asset.integrity().to_owned())).map_err(unknown)
    });
    let entries = source.clone();
    environment.add_function("asset_entry_tags", move |name: &str| {
        entries.current().entry_tags(name).map(Value::from_safe_string).map_err(unknown)
    });
    environment.add_function("asset_import_map", move || Value::from_safe_string(source.current().import_map()));
}

fn unknown(error: UnknownAsset) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}
