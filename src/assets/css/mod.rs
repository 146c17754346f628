//! Rewrites references in stylesheets to versioned URLs when a site is built.
//!
//! `url(logo.png)` in a stylesheet names a picture without its version. Browsers would have to revalidate the picture,
//! and a new picture would not change the URL of the stylesheet. The functions here replace each reference with a
//! versioned one. They rewrite a stylesheet after those that it refers to, so that a change of any file also changes
//! the URL of the stylesheet in the page:
//!
//! ```
//! use tower_cache_policy::assets::FingerprintLocation;
//! use tower_cache_policy::assets::css::rewrite_contents;
//!
//! let files = [
//!     ("css/style.css", "@import 'base.css'; p { background: url(../img/tea.png) }"),
//!     ("css/base.css", "a { color: brown }"),
//!     ("img/tea.png", "a picture"),
//! ];
//! let files = rewrite_contents(files, "/static", FingerprintLocation::Path)?;
//! let (_, style) = files.iter().find(|(name, _)| name == "css/style.css").unwrap();
//! let style = std::str::from_utf8(style).unwrap();
//! assert!(style.starts_with(r#"@import "base."#), "{style}");
//! assert!(style.contains(r#"url("../img/tea."#), "{style}");
//!
//! let files = [("a.css", "\np { background: url(te.png) }"), ("tea.png", "")];
//! let error = rewrite_contents(files, "/static", FingerprintLocation::Path).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "a.css:2:17: `te.png` does not lead to an asset; did you mean `tea.png`?",
//! );
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! For files in a directory, use
//! [`AssetDirectory::rewrite_stylesheets`](crate::assets::AssetDirectory::rewrite_stylesheets), which writes a second
//! directory.
//!
//! # References
//!
//! A CSS tokenizer finds the references, so text in comments and strings is ignored and escapes are decoded. The
//! following are references: `url(...)` and `src(...)`, quoted or not, the strings of `@import` and `image-set(...)`,
//! and the `sourceMappingURL` at the end. The URL of `@namespace` is a name and not a reference.
//!
//! A reference stays unchanged if it has a scheme or a host, is only a fragment, or begins with `/` but not with the
//! prefix. A relative reference stays relative, and its path is normalized. Fragments and queries are preserved, except
//! for a parameter `v` that would contradict the version.
//!
//! Any other reference must lead to an asset. If it does not, the error contains the file, line and column. Source maps
//! are an exception: third-party stylesheets are often shipped without a source map, and only developer tools request
//! it. Stylesheets that refer to each other in a cycle are an error, because none of them can be fingerprinted first.
//!
//! Third-party stylesheets may refer to files that were not shipped with them. For these stylesheets,
//! [`rewrite_contents_leniently`] and [`AssetDirectory::lenient`](crate::assets::AssetDirectory::lenient) report each
//! problem and leave the reference unchanged.
//!
//! # Limits
//!
//! Scripts are not rewritten. Use an [import map](crate::assets::AssetManifest::import_map) to give their imports
//! versioned URLs. The content of a source map stays unchanged, so its columns are wrong on a line with a rewritten
//! reference.
//!
//! Compress the files afterwards. The output does not include a `.gz`, `.br`, `.zst` or `.zz` file of a rewritten
//! stylesheet.

mod charset;
mod directory;
mod reference;
mod resolve;
mod rewrite;

pub use self::rewrite::{rewrite_contents, rewrite_contents_leniently};
