//! [`Asset`]: one file of one generation, with its URL and header values.

use http::HeaderValue;
use http::uri::PathAndQuery;

use super::digest::ContentDigest;
use super::error::{AssetError, AssetErrorKind};
use super::media_type::ExpectedType;
use super::path::{check_name, encode, with_fingerprint};
use super::settings::{FingerprintLocation, UrlSettings};
use super::stored::{CodedFiles, StoredFile};
use crate::protocol::EntityTag;

/// A file of one generation of a manifest.
///
/// ```
/// use tower_cache_policy::assets::AssetManifest;
///
/// let assets = AssetManifest::from_contents([("css/style.css", "p{}")])?.with_prefix("/static")?;
/// let style = assets.asset("css/style.css").unwrap();
/// assert_eq!(style.fingerprint(), "979b631d6f0b0033521350323d49b06e");
/// assert_eq!(style.url(), format!("/static/css/style.{}.css", style.fingerprint()));
/// assert_eq!(style.length(), 3);
/// assert!(style.integrity().starts_with("sha384-"));
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Asset {
    facts: AssetFacts,
    fingerprint: String,
    integrity: String,
    entity_tag: EntityTag,
    expected: ExpectedType,
    plain_path: String,
    versioned_path: String,
    url: String,
    target: PathAndQuery,
    target_below_prefix: PathAndQuery,
    dictionary: Option<HeaderValue>,
}

/// The description from which an [`Asset`] is built.
#[derive(Clone, Debug)]
pub(super) struct AssetFacts {
    /// The name that templates use.
    pub(super) name: String,
    /// The path below the prefix, without the fingerprint.
    pub(super) path: String,
    /// The path below the root of the inner service.
    pub(super) file: String,
    pub(super) digest: ContentDigest,
    pub(super) stored: StoredFile,
    /// The compressed files next to it.
    pub(super) coded: CodedFiles,
    pub(super) naming: Naming,
    /// The other assets that a page needs if it uses this one as a bundler entry.
    pub(super) links: Links,
}

/// The source of the URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// The manifest, which adds the fingerprint to the URL.
    #[default]
    Manifest,
    /// A build tool that adds a hash to the path.
    HashedByTool,
    /// A build tool that does not add a hash to the path. Its files refer to each other by this URL. With a second URL,
    /// a browser would run a module twice.
    PlainByTool,
}

/// The names of the assets that a chunk of a bundler refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    pub(super) styles: Vec<String>,
    pub(super) imports: Vec<String>,
}

impl Asset {
    pub(super) fn new(facts: AssetFacts, settings: &UrlSettings) -> Result<Self, AssetError> {
        check_name(&facts.path)?;
        check_name(&facts.file)?;
        if facts.name.is_empty() {
            let reason = "a name cannot be empty";
            return Err(AssetError::new(facts.path, AssetErrorKind::InvalidName { reason }));
        }
        let fingerprint = facts.digest.fingerprint();
        let plain_path = encode(&facts.path).into_owned();
        let versioned_path = if facts.naming == Naming::Manifest {
            with_fingerprint(&plain_path, &fingerprint)
        } else {
            plain_path.clone()
        };
        let expected = ExpectedType::of(&facts.path);
        let file = encode(&facts.file);
        let target = |prefix: &str| {
            let path = format!("{prefix}/{file}");
            PathAndQuery::try_from(path).map_err(|_| {
                let reason = "the path is too long for a URL; shorten it";
                AssetError::new(facts.file.clone(), AssetErrorKind::InvalidName { reason })
            })
        };
        Ok(Self {
            entity_tag: facts.digest.entity_tag(),
            integrity: facts.digest.integrity(),
            url: match settings.place() {
                FingerprintLocation::Query if facts.naming == Naming::Manifest => {
                    settings.url(&format!("{plain_path}?v={fingerprint}"))
                }
                FingerprintLocation::Path | FingerprintLocation::Query => settings.url(&versioned_path),
            },
            target: target("")?,
            target_below_prefix: target(settings.prefix())?,
            dictionary: dictionary(&facts, &plain_path, expected, settings),
            fingerprint,
            expected,
            plain_path,
            versioned_path,
            facts,
        })
    }

    /// Returns the name that templates use: the path below the directory, or the name in the manifest of a build tool.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Returns the path of the file below the root of the inner service.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.facts.file
    }

    /// Returns the fingerprint: 32 hexadecimal digits, which depend only on the content.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns the value of an `integrity` attribute, such as `sha384-oqVuAf…`.
    ///
    /// A browser rejects a script or stylesheet whose content does not have this hash ([Subresource
    /// Integrity](https://www.w3.org/TR/sri-2/)). It needs the attribute `crossorigin` if the file is on another
    /// origin.
    #[must_use]
    pub fn integrity(&self) -> &str {
        &self.integrity
    }

    /// Returns the versioned URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the length of the content in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.facts.stored.length
    }

    pub(crate) const fn entity_tag(&self) -> &EntityTag {
        &self.entity_tag
    }

    pub(crate) const fn stored(&self) -> &StoredFile {
        &self.facts.stored
    }

    pub(crate) const fn coded(&self) -> &CodedFiles {
        &self.facts.coded
    }

    /// Returns whether a response with this media type is a page although the asset is not a page.
    pub(crate) fn is_replaced_by(&self, content_type: &[u8]) -> bool {
        self.expected.is_replaced_by(content_type)
    }

    pub(crate) const fn is_page(&self) -> bool {
        self.expected.is_page()
    }

    /// Returns the path for a service that has the files at its root.
    pub(crate) const fn target(&self) -> &PathAndQuery {
        &self.target
    }

    /// Returns the path for a service that has the files below the prefix.
    pub(crate) const fn target_below_prefix(&self) -> &PathAndQuery {
        &self.target_below_prefix
    }

    /// Returns the value of `Use-As-Dictionary` for an asset that is useful as a dictionary (RFC 9842 section 2.1).
    pub(crate) const fn dictionary(&self) -> Option<&HeaderValue> {
        self.dictionary.as_ref()
    }

    pub(super) const fn facts(&self) -> &AssetFacts {
        &self.facts
    }

    pub(super) const fn expected(&self) -> ExpectedType {
        self.expected
    }

    /// Returns the encoded path below the prefix, without the fingerprint.
    pub(super) fn plain_path(&self) -> &str {
        &self.plain_path
    }

    /// Returns the encoded path below the prefix, with the fingerprint.
    pub(super) fn versioned_path(&self) -> &str {
        &self.versioned_path
    }
}

/// Returns a dictionary for the other versions of the same file. The path contains only unreserved characters and `%`.
/// None of these is special in a URL pattern or needs an escape in a string.
fn dictionary(
    facts: &AssetFacts,
    plain_path: &str,
    expected: ExpectedType,
    settings: &UrlSettings,
) -> Option<HeaderValue> {
    if facts.naming != Naming::Manifest || !expected.is_text() || expected.is_page() {
        return None;
    }
    let path = match settings.place() {
        FingerprintLocation::Path => with_fingerprint(plain_path, "*"),
        FingerprintLocation::Query => plain_path.to_owned(),
    };
    let mut value = format!("match=\"{}/{path}\"", settings.prefix());
    if let Some(destination @ ("script" | "style")) = expected.destination() {
        value.push_str(&format!(", match-dest=(\"{destination}\")"));
    }
    HeaderValue::try_from(value).ok()
}
