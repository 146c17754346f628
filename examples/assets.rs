//! A page with a stylesheet and a script. Their URLs change with their content.
//!
//! The example writes its files to a temporary directory.
//!
//! ```text
//! cargo run --example assets --features assets,minijinja
//! cargo run --example assets --features assets,minijinja -- --development
//! ```
//!
//! Request the page with `curl -i`, and then change a file. In development mode, the next page contains a new URL for
//! it. Otherwise, requests for the URL get a 404 that no cache stores.

use std::sync::Arc;
use std::{env, error::Error, fs};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header::LINK};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, routing::get};
use minijinja::{Environment, context};
use tokio::net::TcpListener;
use tower::Layer;
use tower_cache_policy::assets::minijinja::add_asset_functions;
use tower_cache_policy::assets::{AssetDirectory, AssetSource};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::{AssetsLayer, CachingLayer};
use tower_http::services::ServeDir;

const PAGE: &str = r#"<!doctype html>
<title>Tea</title>
<link rel="stylesheet" href="{{ asset_url('style.css') }}" integrity="{{ asset_integrity('style.css') }}">
<script type="importmap">{{ asset_import_map() }}</script>
<script type="module" src="{{ asset_url('app.js') }}"></script>
<p>Hot.
"#;

struct Site {
    assets: AssetSource,
    templates: Environment<'static>,
}

async fn page(State(site): State<Arc<Site>>) -> Result<Response, Failure> {
    let html = site.templates.get_template("page.html")?.render(context! {})?;
    let preload: HeaderValue = site.assets.current().preload("style.css")?;
    Ok(([(LINK, preload)], Html(html)).into_response())
}

/// An error while rendering a page, which is written to the log and not sent to the client.
struct Failure(String);

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let development = env::args().any(|argument| argument == "--development");
    let directory = env::temp_dir().join(format!("tower-cache-policy-assets-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("style.css"), "p { color: brown }\n")?;
    fs::write(directory.join("app.js"), "import { pour } from './pour.js';\npour();\n")?;
    fs::write(directory.join("pour.js"), "export const pour = () => console.log('tea');\n")?;

    let assets = AssetDirectory::new(&directory).prefix("/static").source(development)?;
    let mut templates = Environment::new();
    add_asset_functions(&mut templates, &assets);
    templates.add_template("page.html", PAGE)?;

    let files = AssetsLayer::new(&assets).layer(ServeDir::new(&directory));
    let app = Router::new()
        .route("/", get(page))
        .with_state(Arc::new(Site { assets, templates }))
        .nest_service("/static", files)
        // Caches must revalidate the page. A stale page would contain the old URLs.
        .layer(CachingLayer::new(CachePolicy::NO_CACHE).development(development));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("serving {}", directory.display());
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
