//! A tonic server with JSON, grpc-web and metrics next to its gRPC service, with one stack of layers.
//!
//! ```text
//! cargo run --example tonic  # then: curl -i http://127.0.0.1:3005/v1/health/tea
//! ```
//!
//! A gRPC call is a POST, which no cache stores, so the layers do not change it. The layers are useful for the other
//! routes: a method that only reads data can also be a GET route that returns JSON, which browsers and CDNs can store
//! and revalidate. Metrics are never stored. grpc-web calls pass through like gRPC calls.

use std::{env, error::Error};

use axum::extract::{Path, State};
use axum::{Json, Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tonic::service::Routes;
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_server::Health};
use tonic_health::server::{HealthReporter, HealthService, health_reporter};
use tonic_web::GrpcWebLayer;
use tower_cache_policy::{CachePolicyLayer, CachingLayer, policy::CachePolicy};

/// `GET /v1/health/{service}` is the method `grpc.health.v1.Health/Check` in JSON.
async fn check(
    State(reporter): State<HealthReporter>,
    Path(service): Path<String>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let service = Request::new(HealthCheckRequest { service });
    match HealthService::from_health_reporter(reporter).check(service).await {
        Ok(reply) => Ok(Json(json!({ "status": reply.get_ref().status().as_str_name() }))),
        Err(error) if error.code() == Code::NotFound => Err((StatusCode::NOT_FOUND, error.message().to_owned())),
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.message().to_owned())),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (reporter, health) = health_reporter();
    reporter.set_service_status("tea", tonic_health::ServingStatus::Serving).await;
    let grpc = Routes::new(health).into_axum_router().layer(GrpcWebLayer::new());
    let metrics = get(async || "teas 2\n").layer(CachePolicyLayer::new(CachePolicy::NO_STORE));
    let app = Router::new()
        .route("/v1/health/{service}", get(check))
        .route("/metrics", metrics)
        .with_state(reporter)
        .merge(grpc)
        // tonic's fallback would respond to an unknown path with status 200 and a gRPC error.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(CachingLayer::new(CachePolicy::NO_CACHE));

    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3005".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
