//! Tests versioned URLs in the supported template engines.
#![cfg(all(feature = "assets", feature = "minijinja"))]
#![allow(clippy::unwrap_used)] // As in any test.

use askama::Template;
use minijinja::{Environment, context};
use tower_cache_policy::assets::minijinja::add_asset_functions;
use tower_cache_policy::assets::{AssetDirectory, AssetManifest, FingerprintLocation};

fn assets() -> AssetManifest {
    let files = [("css/style.css", "p{}"), ("app.js", "alert(1)"), ("it's \"<&>\".png", "png")];
    AssetManifest::from_contents(files).unwrap().with_prefix("/static").unwrap()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<link href="{{ assets.url("css/style.css")? }}" integrity="{{ assets.asset("css/style.css")?.integrity() }}">"#
)]
struct Page {
    assets: AssetManifest,
}

#[derive(Template)]
#[template(ext = "html", source = r#"<img src="{{ assets.url(name)? }}">"#)]
struct Picture<'a> {
    assets: &'a AssetManifest,
    name: &'a str,
}

#[test]
fn the_manifest_is_a_value_in_askama_templates() {
    let assets = assets();
    let style = assets.asset("css/style.css").unwrap();
    let page = Page { assets: assets.clone() }.render().unwrap();
    // askama escapes the `+` of base64, and HTML decodes it.
    let page = page.replace("&#43;", "+");
    assert_eq!(page, format!(r#"<link href="{}" integrity="{}">"#, style.url(), style.integrity()));
}

#[test]
fn an_unknown_name_fails_the_page_instead_of_a_broken_link() {
    let assets = assets();
    let error = Picture { assets: &assets, name: "app.jss" }.render().unwrap_err();
    assert!(format!("{error:?} {error}").contains("app.js"), "{error:?}");

    let mut templates = Environment::new();
    add_asset_functions(&mut templates, &assets);
    for function in ["asset_url", "asset_integrity"] {
        let error = templates.render_str(&format!("{{{{ {function}('app.jss') }}}}"), context! {}).unwrap_err();
        assert!(error.to_string().contains("did you mean `app.js`?"), "{error}");
    }
}

#[test]
fn minijinja_functions_need_no_escaping() {
    for assets in [assets(), assets().with_fingerprint_in(FingerprintLocation::Query)] {
        let mut templates = Environment::new();
        add_asset_functions(&mut templates, &assets);
        templates
            .add_template(
                "page.html",
                "<link href=\"{{ asset_url('css/style.css') }}\" integrity=\"{{ asset_integrity('css/style.css') }}\">\
                 <script type=\"importmap\">{{ asset_import_map() }}</script>",
            )
            .unwrap();
        let style = assets.asset("css/style.css").unwrap();
        let page = templates.get_template("page.html").unwrap().render(context! {}).unwrap();
        let expected = format!(
            "<link href=\"{}\" integrity=\"{}\"><script type=\"importmap\">{}</script>",
            style.url(),
            style.integrity(),
            assets.import_map()
        );
        assert_eq!(page, expected);
    }
}

#[test]
fn no_name_escapes_from_an_attribute_or_a_script() {
    let assets = AssetManifest::from_contents([("it's \"<&>\".png", "png"), ("</script>'\"&.js", "js")]).unwrap();
    for text in assets.iter().flat_map(|asset| [asset.url(), asset.integrity()]) {
        assert!(!text.contains(['<', '>', '"', '\'', '&', ' ', '\\']), "{text}");
    }
    assert!(!assets.import_map().contains(['<', '>', '&', '\'']));
}

#[test]
fn in_development_a_template_sees_a_changed_file() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("a.css"), "a").unwrap();
    let source = AssetDirectory::new(files.path()).source(true).unwrap();
    let mut templates = Environment::new();
    add_asset_functions(&mut templates, &source);
    let render = || templates.render_str("{{ asset_url('a.css') }}", context! {}).unwrap();
    let before = render();
    assert_eq!(before, render());
    std::fs::write(files.path().join("a.css"), "bb").unwrap();
    assert_ne!(before, render());
}
