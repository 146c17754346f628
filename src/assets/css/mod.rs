//! References inside stylesheets, rewritten to versioned URLs when a site is built.
//!
//! `url(logo.png)` in a stylesheet names a picture without its version: the browser would ask
//! again for each, and a new picture would not change the stylesheet that shows it. Here every
//! stylesheet is written anew with versioned references, those that others refer to first, so
//! that a change goes up to the page:
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
//!     "a.css:2:17: `te.png` leads to no asset; did you mean `tea.png`?",
//! );
//! # Ok::<(), tower_cache_policy::assets::AssetError>(())
//! ```
//!
//! For a directory
//! [`AssetDirectory::rewrite_stylesheets`](crate::assets::AssetDirectory::rewrite_stylesheets)
//! writes a second one.
//!
//! # What is a reference
//!
//! `url(...)` and `src(...)`, quoted or not, the texts of `@import` and of `image-set(...)`, and
//! the `sourceMappingURL` at the end, as a tokenizer of CSS finds them: not in comments and other
//! texts, and with escapes read. `@namespace` is a name and no reference.
//!
//! A reference stays as it is where it has a scheme or a host, is a fragment only, or begins with
//! `/` and not with the prefix. A relative one stays relative, and its path is written in the one
//! spelling that the layer finds. Fragments and queries stay, except a `v` that would contradict the version.
//! Everything else leads to an asset or is an error with file, line and column, except a source
//! map: a stylesheet from elsewhere often names one that it was not shipped with, and only
//! developer tools ask for it. Stylesheets that refer to each other in a circle are an error:
//! none could be fingerprinted first.
//!
//! For stylesheets of others, which may name files that they were not shipped with,
//! [`rewrite_contents_leniently`] and [`AssetDirectory::lenient`](crate::assets::AssetDirectory::lenient) report each
//! fault and leave the reference as it is.
//!
//! # What is not
//!
//! Scripts. They are not read; an [import map](crate::assets::AssetManifest::import_map) gives
//! their imports versions. The content of a source map stays as it is, so that columns on a line
//! with a rewritten reference are off.
//!
//! Compress afterwards: a `.gz`, `.br`, `.zst` or `.zz` of a stylesheet that was rewritten is
//! left out.

mod charset;
mod directory;
mod reference;
mod resolve;
mod rewrite;

pub use self::rewrite::{rewrite_contents, rewrite_contents_leniently};
