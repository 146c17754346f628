//! An axum application with state, nested routers, a login, a layer that can fail, and a fallback.
//!
//! ```text
//! cargo run --example axum --features axum  # then: curl -i http://127.0.0.1:3000/teas/green
//! ```
//!
//! Each policy is defined once, next to its routes. Every route then has `Cache-Control`, an entity tag and 304
//! responses. Responses without a policy, such as errors, timeouts or responses for unknown paths, are not stored.

use std::{collections::BTreeMap, env, sync::Arc, time::Duration};

use axum::error_handling::HandleErrorLayer;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header::AUTHORIZATION};
use axum::{BoxError, Json, Router, middleware, middleware::Next, response::Response, routing::get};
use tower::ServiceBuilder;
use tower_cache_policy::protocol::{EntityTag, Validators};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, policy::CachePolicy};

const TEAS: CachePolicy = CachePolicy::public(Duration::from_secs(60));

/// The revision of each tea.
type Teas = Arc<BTreeMap<&'static str, u64>>;

async fn tea(State(teas): State<Teas>, Path(name): Path<String>) -> Result<(Validators, Json<u64>), StatusCode> {
    let revision = *teas.get(name.as_str()).ok_or(StatusCode::NOT_FOUND)?;
    let tag = EntityTag::strong(format!("rev-{revision}")).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((Validators::new().with_etag(tag), Json(revision)))
}

async fn require_login(request: Request, next: Next) -> Result<Response, StatusCode> {
    request.headers().get(AUTHORIZATION).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(next.run(request).await)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let teas = Router::new().route("/{name}", get(tea)).layer(CachePolicyLayer::new(TEAS));
    let account = Router::new()
        .route("/", get(async || "You are visitor 42.\n"))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
        .route_layer(middleware::from_fn(require_login));
    let app = Router::new()
        .nest("/teas", teas)
        .nest("/account", account)
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
        .layer(
            ServiceBuilder::new()
                // This layer is the outermost, so that the error responses of the next layer get their fields too.
                .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE))
                .layer(HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE))
                .timeout(Duration::from_secs(1)),
        )
        .with_state(Teas::new(BTreeMap::from([("green", 7)])));
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
