//! A single-page application built by Vite, on every path that no other route matches.
//!
//! ```text
//! cargo run --example spa --features assets
//! cargo run --example spa --features assets -- DIST [PORT]
//! ```
//!
//! Browsers revalidate the page on each load, store the hashed files for a year, and revalidate the files of `public/`,
//! whose names do not contain a hash. A request for a script of another build gets a 404 that no cache stores.

use std::path::PathBuf;
use std::{env, error::Error, fs};

use axum::http::StatusCode;
use axum::{Json, Router, routing::get};
use tokio::net::TcpListener;
use tower::Layer;
use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{AssetsLayer, CachingLayer};
use tower_http::services::ServeDir;

const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vite/plain");

fn app(dist: PathBuf) -> Result<Router, Box<dyn Error>> {
    // Vite writes this file if `build.manifest` is set. The closure selects the files that Vite hashed.
    let manifest = fs::read_to_string(dist.join(".vite/manifest.json"))?;
    let directory = AssetDirectory::new(&dist).hashed_names(|file| file.starts_with("assets/"));
    let assets = AssetManifest::from_vite(&manifest, &directory)?;

    let files = ServeDir::new(dist).precompressed_br().precompressed_gzip();
    let application = AssetsLayer::new(&assets).fallback_page("index.html")?.layer(files);

    // With its own fallback, the API returns 404 for an unknown path instead of the page.
    let api = Router::new()
        .route("/teas", get(async || Json(["green", "black"])))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(CachingLayer::new(CachePolicy::NO_CACHE));
    Ok(Router::new().nest("/api", api).fallback_service(application))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let dist = arguments.next().unwrap_or_else(|| DIST.to_owned());
    let port = arguments.next().map_or(Ok(0), |port| port.parse::<u16>())?;
    let app = app(dist.into())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
