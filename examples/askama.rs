//! An askama page with files that are embedded in the program. Their URLs change with their content.
//!
//! ```text
//! cargo run --example askama --features assets
//! ```
//!
//! With an unknown file name in the template, the page fails to render instead of containing a broken link.

use std::error::Error;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::{Router, http::StatusCode, http::header::CONTENT_TYPE, routing::get};
use tower::Layer;
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{AssetsLayer, CachingLayer};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<title>Tea</title>
<link rel="stylesheet" href="{{ assets.url("style.css")? }}" integrity="{{ assets.asset("style.css")?.integrity() }}">
<p>Hot.
"#
)]
struct Page {
    assets: AssetManifest,
}

async fn page(State(assets): State<AssetManifest>) -> Result<impl IntoResponse, (StatusCode, String)> {
    let page = Page { assets }.render().map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Html(page))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    const STYLE: &str = "p { color: tan }\n";
    let assets = AssetManifest::from_contents([("style.css", STYLE)])?.with_prefix("/static")?;
    // The layer verifies the fingerprint and removes it, so this service gets only plain names.
    let files = Router::new().route("/style.css", get(async || ([(CONTENT_TYPE, "text/css")], STYLE)));
    let app = Router::new()
        .route("/", get(page))
        .nest_service("/static", AssetsLayer::new(&assets).layer(files))
        .layer(CachingLayer::new(CachePolicy::NO_CACHE))
        .with_state(assets);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
