//! A page that leptos renders on the server, with a validator, a versioned stylesheet, and server functions.
//!
//! A client that has the page gets a 304, and leptos renders nothing for it. The tag comes from a closure, because
//! leptos writes a different nonce into each page, so a tag computed from the bytes would never match. A server
//! function that only reads data can use GET and get a policy. Responses to POST calls are not stored.

use std::{env, error::Error, time::Duration};

use axum::{Router, http::request::Parts, routing::get, routing::post};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_axum::{handle_server_fns, render_app_async_with_context};
use tower::Layer;
use tower_cache_policy::policy::{CachePolicy, routes::RoutePolicies};
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{AssetsLayer, CachingLayer, assets::AssetManifest};
use tower_http::services::ServeDir;

#[component]
fn Page() -> impl IntoView {
    let style = expect_context::<AssetManifest>().url("style.css").map(|url| url.to_string()).unwrap_or_default();
    view! {
        <html>
            <head><link rel="stylesheet" href=style/></head>
            <body><h1>"Tea"</h1></body>
        </html>
    }
}

#[server(endpoint = "teas", input = GetUrl)]
async fn teas() -> Result<Vec<String>, ServerFnError> {
    Ok(vec!["green".to_owned(), "black".to_owned()])
}

#[server(endpoint = "order")]
async fn order(tea: String) -> Result<String, ServerFnError> {
    Ok(format!("one {tea}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    any_spawner::Executor::init_tokio()?; // An application with a router calls `generate_route_list`, which does it.
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/static");
    let assets = AssetManifest::from_directory(directory)?.with_prefix("/static")?;
    let files = AssetsLayer::new(&assets).layer(ServeDir::new(directory));
    let policies = RoutePolicies::builder().route("/api/teas", CachePolicy::public(Duration::from_secs(60))).build()?;
    // This page depends only on the program. For a page with data, use the revision of the data as the tag.
    let revision = |_: &Parts| async { Some(Validators::new().with_etag(EntityTag::from_static("W/\"7\""))) };
    let page = get(render_app_async_with_context(move || provide_context(assets.clone()), Page));
    let app = Router::new()
        .route("/", page.layer(CachingLayer::new(CachePolicy::NO_CACHE).validators(revision)))
        .route("/api/{*name}", get(handle_server_fns).merge(post(handle_server_fns)))
        .nest_service("/static", files)
        .layer(CachingLayer::new(policies));

    let listener = tokio::net::TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:3004")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
