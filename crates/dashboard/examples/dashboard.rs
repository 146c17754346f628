//! An axum router with a page that shows how its responses are cached, and why.
//!
//! ```text
//! cargo run -p tower-cache-policy-dashboard --example dashboard
//! cargo run -p tower-cache-policy-dashboard --example dashboard -- 127.0.0.1:8080
//! ```

use std::{env, error::Error, net::SocketAddr, time::Duration};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::SET_COOKIE;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, Response};
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::policy::{CachePolicy, routes::RouteError, routes::RoutePolicies};
use tower_cache_policy::{CachingLayer, EdgeLayer};
use tower_cache_policy_dashboard::{Dashboard, PeerAddress};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const NEWS: CachePolicy = CachePolicy::public(MINUTE).edge(HOUR).stale_while_revalidate(HOUR).stale_if_error(DAY);

fn policies() -> Result<RoutePolicies, RouteError> {
    RoutePolicies::builder()
        .route("/", CachePolicy::public(5 * MINUTE))
        .route("/news/{id}", NEWS)
        .route("/account", CachePolicy::private(MINUTE))
        .route("/login", CachePolicy::NO_STORE)
        .route("/assets/{*name}", CachePolicy::IMMUTABLE)
        .build()
}

/// Adds the address of the peer, which axum provides in its own extension.
async fn add_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(PeerAddress(peer));
    next.run(request).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let policies = policies()?;
    let dashboard = Dashboard::new().routes(policies.clone()).edges(EdgeProfile::FASTLY);

    let app = Router::new()
        .route("/", get(async || Html("<!doctype html><title>Tea</title><h1>Tea</h1><p>Hot.\n".repeat(20))))
        .route("/news/{id}", get(async || "The kettle is on.\n".repeat(500)))
        // The policy of this route is already private. On a public route, the guards would detect the cookie.
        .route("/account", get(async || ([(SET_COOKIE, "visitor=42; HttpOnly")], "You are visitor 42.\n")))
        .route("/login", get(async || "Your code is 4711.\n"))
        .route("/assets/{*name}", get(async || "p { color: brown }\n"))
        .layer(CachingLayer::new(policies).record_decisions())
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
        .layer(dashboard.observe())
        .nest_service("/_cache", dashboard.service())
        .layer(from_fn(add_peer));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{0}; the page is http://{0}/_cache", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
