//! The files of the front page. The URL of each file changes with its content.

use std::error::Error;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tower::Layer;
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::{AssetDirectory, AssetSource};
use tower_cache_policy::layers::assets::AssetsService;
use tower_http::services::ServeDir;

pub const PREFIX: &str = "/static";

/// The files that come with the site.
pub const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/site/static");

#[derive(Debug)]
pub struct Assets {
    pub source: AssetSource,
    served: PathBuf,
    /// The temporary directory, which is deleted on drop.
    _scratch: Option<TempDir>,
}

impl Assets {
    /// Prepares the files of the directory.
    ///
    /// In development mode, the site serves the files unchanged and notices a changed file at the next request.
    /// Otherwise it rewrites the stylesheets, so that they refer to versioned URLs.
    pub fn new(directory: &Path, development: bool) -> Result<Self, Box<dyn Error>> {
        let files = AssetDirectory::new(directory).prefix(PREFIX);
        if development {
            return Ok(Self { source: files.source(true)?, served: directory.to_owned(), _scratch: None });
        }
        let scratch = tempfile::Builder::new().prefix("site-static-").tempdir()?;
        let served = scratch.path().join("static");
        let source = files.rewrite_stylesheets(&served)?.into();
        Ok(Self { source, served, _scratch: Some(scratch) })
    }

    /// Returns the service for the URLs below the prefix.
    pub fn service(&self) -> AssetsService<ServeDir> {
        AssetsLayer::new(&self.source).layer(ServeDir::new(&self.served))
    }
}
