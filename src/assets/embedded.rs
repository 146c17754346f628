//! [`EmbeddedFiles`]: files whose contents are in memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::digest::ContentDigest;
use super::error::{AssetError, AssetErrorKind};
use super::media_type::ExpectedType;
use super::path::{check_name, encode, respell};
use super::stored::CODINGS;
use crate::protocol::EntityTag;

/// A service for files that are embedded in the program, like `ServeDir` for a directory. Cloning it is cheap.
///
/// With `rust-embed` and an [`AssetsLayer`](crate::AssetsLayer):
///
/// ```
/// use axum::Router;
/// use tower::Layer;
/// use tower_cache_policy::AssetsLayer;
/// use tower_cache_policy::assets::{AssetDirectory, EmbeddedFiles};
///
/// #[derive(rust_embed::RustEmbed)]
/// #[folder = "tests/data/assets"]
/// struct Files;
///
/// let files = EmbeddedFiles::new(Files::iter().filter_map(|name| {
///     let file = Files::get(&name)?;
///     Some((name.into_owned(), file.data))
/// }))?;
/// let assets = AssetDirectory::embedded(&files).prefix("/static").build()?;
/// assert!(assets.url("css/style.css").unwrap().starts_with("/static/css/style."));
///
/// let app: Router = Router::new().nest_service("/static", AssetsLayer::new(&assets).layer(files));
/// # let _ = app;
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
///
/// `rust-embed` reads the files when the program starts, unless it is built for release. With `include_dir`:
///
/// ```
/// use include_dir::{Dir, include_dir};
/// use tower_cache_policy::assets::EmbeddedFiles;
///
/// static DIRECTORY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/data/assets");
///
/// fn contents(directory: &'static Dir<'static>) -> Vec<(String, &'static [u8])> {
///     let files = directory.files().map(|file| (file.path().display().to_string(), file.contents()));
///     files.chain(directory.dirs().flat_map(contents)).collect()
/// }
///
/// let files = EmbeddedFiles::new(contents(&DIRECTORY))?;
/// # let _ = files;
/// # Ok::<(), tower_cache_policy::assets::AssetError>(())
/// ```
///
/// The service responds to GET and HEAD. It supports single ranges. If the request has several ranges, it sends the
/// complete file.
///
/// # Compressed files
///
/// A file next to another one, with `.br`, `.gz`, `.zst` or `.zz` added to its name, is the same file in that content
/// coding. The service selects the form with the highest weight in `Accept-Encoding`, and among those with the same
/// weight the shortest. It responds with 406 if the client does not accept any form. The compressed file must be
/// created from the file next to it, so compress the file in the build step that writes it.
///
/// # Without an `AssetsLayer`
///
/// Every response has `no-cache` and the strong entity tag of its content. Errors have `no-store`. With a
/// [`ConditionalLayer`](crate::ConditionalLayer), clients get 304 responses.
#[derive(Clone)]
pub struct EmbeddedFiles(Arc<HashMap<String, EmbeddedFile>>);

/// One of the files.
pub(crate) struct EmbeddedFile {
    name: String,
    content: Bytes,
    digest: ContentDigest,
    entity_tag: EntityTag,
    media_type: &'static str,
    coded: Vec<(&'static str, Bytes)>,
}

impl EmbeddedFiles {
    /// Creates the service from names and contents. The contents may come from `rust-embed` or `include_dir`, or be
    /// `Vec`s.
    ///
    /// ```
    /// use http::{Request, StatusCode};
    /// use tower::ServiceExt;
    /// use tower_cache_policy::assets::EmbeddedFiles;
    ///
    /// # tokio_test::block_on(async {
    /// let files = EmbeddedFiles::new([("robots.txt", b"User-agent: *".as_slice())]).unwrap();
    /// let request = Request::get("/robots.txt").header("range", "bytes=0-3").body(()).unwrap();
    /// let response = files.clone().oneshot(request).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    /// assert_eq!(response.headers()["content-range"], "bytes 0-3/13");
    /// assert_eq!(response.headers()["content-type"], "text/plain");
    ///
    /// let response = files.oneshot(Request::get("/humans.txt").body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::NOT_FOUND);
    /// assert_eq!(response.headers()["cache-control"], "private, no-store");
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a name is invalid or appears twice.
    pub fn new<N, C>(files: impl IntoIterator<Item = (N, C)>) -> Result<Self, AssetError>
    where
        N: Into<String>,
        C: Into<Cow<'static, [u8]>>,
    {
        let mut contents = HashMap::new();
        for (name, content) in files {
            let name = name.into();
            check_name(&name)?;
            let content = match content.into() {
                Cow::Borrowed(content) => Bytes::from_static(content),
                Cow::Owned(content) => Bytes::from(content),
            };
            if contents.contains_key(&name) {
                return Err(AssetError::new(name, AssetErrorKind::DuplicateName));
            }
            contents.insert(name, content);
        }
        let files = contents.iter().map(|(name, content)| {
            let digest = ContentDigest::of(content);
            let coded = CODINGS.iter().filter_map(|(coding, extension)| {
                contents.get(&format!("{name}{extension}")).map(|content| (*coding, content.clone()))
            });
            let file = EmbeddedFile {
                name: name.clone(),
                content: content.clone(),
                digest,
                entity_tag: digest.entity_tag(),
                media_type: ExpectedType::of(name).first().unwrap_or("application/octet-stream"),
                coded: coded.collect(),
            };
            (encode(name).into_owned(), file)
        });
        Ok(Self(Arc::new(files.collect())))
    }

    /// Finds a file by the path of a URL. The path may have unnecessary escapes.
    pub(crate) fn find(&self, path: &str) -> Option<&EmbeddedFile> {
        let path = path.strip_prefix('/')?;
        self.0.get(path).or_else(|| self.0.get(&respell(path)?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &EmbeddedFile> {
        self.0.values()
    }

    /// Returns the file with this name.
    pub(super) fn get(&self, name: &str) -> Option<&EmbeddedFile> {
        self.0.get(encode(name).as_ref())
    }
}

impl EmbeddedFile {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn digest(&self) -> ContentDigest {
        self.digest
    }

    pub(crate) const fn content(&self) -> &Bytes {
        &self.content
    }

    /// Returns the entity tag of the content without a content coding.
    pub(crate) const fn entity_tag(&self) -> &EntityTag {
        &self.entity_tag
    }

    pub(crate) const fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Returns the content in each available content coding.
    pub(crate) fn coded(&self) -> &[(&'static str, Bytes)] {
        &self.coded
    }
}

impl fmt::Debug for EmbeddedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values().map(|file| &file.name)).finish()
    }
}
