//! Tests the references in stylesheets, which are rewritten at build time.
#![cfg(feature = "assets-css")]
#![allow(clippy::unwrap_used)] // As in any test.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;
use tower_cache_policy::assets::css::rewrite_contents;
use tower_cache_policy::assets::{AssetDirectory, AssetErrorKind, AssetManifest, FingerprintLocation};

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

const SITE: &[(&str, &str)] = &[
    (
        "css/style.css",
        "@import \"base.css\";\n@import url(../vendor/grid.css) screen;\n\
         p { background: url( ../img/tea.png ); mask: url('/static/img/mask.svg#m') }\n\
         a { background: url(https://cdn.example/x.png), url(data:image/png;base64,AA==) }\n\
         /*# sourceMappingURL=style.css.map */\n",
    ),
    ("css/base.css", "@font-face { src: url(\"../fonts/a.woff?#iefix\") }\n"),
    ("css/style.css.map", "{}"),
    ("css/style.css.gz", "of the text before"),
    ("vendor/grid.css", "p { color: red }\n/*# sourceMappingURL=not-shipped.map */\n"),
    ("vendor/grid.css.gz", "of a text that stays"),
    ("img/tea.png", "png"),
    ("img/mask.svg", "<svg/>"),
    ("fonts/a.woff", "woff"),
];

/// The name without its directory, as in the versioned URL.
fn versioned(assets: &AssetManifest, name: &str) -> String {
    assets.url(name).unwrap().rsplit_once('/').unwrap().1.to_owned()
}

#[test]
fn every_reference_is_the_versioned_url_of_the_written_file() {
    for place in [FingerprintLocation::Path, FingerprintLocation::Query] {
        let source = directory(SITE);
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("dist");
        let assets = AssetDirectory::new(source.path())
            .prefix("/static")
            .fingerprint_in(place)
            .rewrite_stylesheets(&output)
            .unwrap();
        let v = |name: &str| versioned(&assets, name);
        let base = fs::read_to_string(output.join("css/base.css")).unwrap();
        let font = match place {
            FingerprintLocation::Query => format!("{}#iefix", v("fonts/a.woff")),
            _ => format!("{}?#iefix", v("fonts/a.woff")),
        };
        assert_eq!(base, format!("@font-face {{ src: url(\"../fonts/{font}\") }}\n"));
        assert_eq!(
            fs::read_to_string(output.join("css/style.css")).unwrap(),
            format!(
                "@import \"{}\";\n@import url(\"../vendor/{}\") screen;\n\
                 p {{ background: url(\"../img/{}\"); mask: url(\"/static/img/{}#m\") }}\n\
                 a {{ background: url(https://cdn.example/x.png), url(data:image/png;base64,AA==) }}\n\
                 /*# sourceMappingURL={} */\n",
                v("css/base.css"),
                v("vendor/grid.css"),
                v("img/tea.png"),
                v("img/mask.svg"),
                v("css/style.css.map"),
            )
        );
        // Files that were not rewritten are unchanged, and outdated files are removed.
        assert_eq!(fs::read_to_string(output.join("vendor/grid.css")).unwrap(), SITE[4].1);
        assert!(output.join("vendor/grid.css.gz").exists());
        assert!(!output.join("css/style.css.gz").exists());
        assert_eq!(AssetManifest::from_directory(&output).unwrap().len(), assets.len());

        let embedded = rewrite_contents(SITE.iter().copied(), "/static", place).unwrap();
        for (name, content) in &embedded {
            assert_eq!(*content, fs::read(output.join(name)).unwrap(), "{name}");
        }
        assert_eq!(embedded.len(), assets.len());
    }
}

#[test]
fn a_change_of_a_file_changes_the_urls_up_to_the_page() {
    let url = |picture: &str| {
        let files = [
            ("a.css", "@import 'b.css';"),
            ("b.css", "@import 'c.css';"),
            ("c.css", "p { background: url(tea.png) }"),
            ("tea.png", picture),
        ];
        let files = rewrite_contents(files, "", FingerprintLocation::Path).unwrap();
        AssetManifest::from_contents(files).unwrap().url("a.css").unwrap().to_owned()
    };
    assert_eq!(url("one"), url("one"));
    assert_ne!(url("one"), url("other"));
}

#[test]
fn missing_and_circular_references_are_reported_with_file_and_line() {
    let error = |files: &[(&'static str, &'static str)]| {
        rewrite_contents(files.iter().copied(), "/static", FingerprintLocation::Path).unwrap_err()
    };
    let missing = error(&[("css/a.css", "p {\n  background: url(tee.png) }"), ("css/tea.png", "x")]);
    assert_eq!(missing.to_string(), "css/a.css:2:15: `tee.png` does not lead to an asset; did you mean `css/tea.png`?");
    assert!(matches!(missing.kind(), AssetErrorKind::MissingReference { line: 2, .. }));
    let out = error(&[("css/a.css", "@import '../../secret.css';")]);
    assert_eq!(
        out.to_string(),
        "css/a.css:1:9: `../../secret.css` does not lead to an asset; add the file, or remove the reference"
    );
    let circle = error(&[
        ("a.css", "@import 'b.css';"),
        ("b.css", "p { color: red }\n\n@import 'c.css';"),
        ("c.css", "\n@import 'b.css';"),
    ]);
    assert_eq!(
        circle.to_string(),
        "c.css:2: the references form a cycle, `b.css` to `c.css` to `b.css`; remove one of them"
    );
    let itself = error(&[("a.css", "p { background: url(a.css) }")]);
    assert_eq!(itself.to_string(), "a.css:1: the references form a cycle, `a.css` to `a.css`; remove one of them");
    assert!(matches!(error(&[("a.css", "x"), ("a.css", "y")]).kind(), AssetErrorKind::DuplicateName));
    assert!(rewrite_contents([("a.css", vec![0xff])], "", FingerprintLocation::Path).is_err());
    assert!(rewrite_contents([("../a.css", "x")], "", FingerprintLocation::Path).is_err());
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let files: Vec<(String, String)> = (0..20_000)
        .map(|n| {
            (format!("{n:05}.css"), if n < 19_999 { format!("@import '{:05}.css';", n + 1) } else { String::new() })
        })
        .collect();
    assert_eq!(rewrite_contents(files, "", FingerprintLocation::Path).unwrap().len(), 20_000);
}

#[test]
fn a_failed_build_leaves_no_files() {
    let source = directory(&[("a.css", "p { background: url(missing.png) }"), ("b.png", "x")]);
    let parent = tempfile::tempdir().unwrap();
    let output = parent.path().join("dist");
    assert!(AssetDirectory::new(source.path()).rewrite_stylesheets(&output).is_err());
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);

    fs::create_dir(&output).unwrap();
    fs::write(source.path().join("missing.png"), "x").unwrap();
    let error = AssetDirectory::new(source.path()).rewrite_stylesheets(&output).unwrap_err();
    assert!(matches!(error.kind(), AssetErrorKind::Write(_)), "{error}");
    assert_eq!(fs::read_dir(&output).unwrap().count(), 0, "what was there stays");
    fs::remove_dir(&output).unwrap();
    assert!(AssetDirectory::new(source.path()).rewrite_stylesheets(&output).is_ok());
    assert!(Path::new(&output).join("a.css").exists());
}

proptest! {
    #[test]
    fn no_text_panics_and_text_that_is_not_a_reference_is_unchanged(text in "[ -~\n\\\\é]{0,200}") {
        if let Ok(files) = rewrite_contents([("a.css", text.as_str())], "", FingerprintLocation::Path) {
            prop_assert_eq!(&files[0].1[..], text.as_bytes());
        }
    }

    #[test]
    fn no_tokens_panic(tokens in prop::collection::vec(prop::sample::select(vec![
        "url(", "'b.png'", "b.png", ")", "(", "{", "}", "[", "]", "@import ", "@namespace ", "image-set(", ";", "/*", "*/",
        "# sourceMappingURL=", "\\", "\"", "'", "\n", " ", "\u{feff}", "é", "<!--", "-->", "type(",
    ]), 0..40)) {
        let text = tokens.concat();
        if let Ok(files) = rewrite_contents([("a.css", text.as_str()), ("b.png", "x")], "", FingerprintLocation::Path) {
            // The rewritten file does not contain a reference to a plain name that the rewriter would find.
            let again = rewrite_contents(
                [("a.css", files[0].1.clone()), ("b.png", b"x".to_vec())],
                "",
                FingerprintLocation::Path,
            );
            if text == String::from_utf8_lossy(&files[0].1) {
                prop_assert!(again.is_ok());
            }
        }
    }
}
