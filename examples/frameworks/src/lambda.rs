//! An axum application as an AWS Lambda function.
//!
//! A request that a browser or CloudFront serves from its cache does not invoke the function. The events of API Gateway
//! preserve all fields, and conditional requests get a 304.
//!
//! `scripts/check-frameworks` runs the function with the events in `tests/data/lambda`.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, Response};
use axum::{Json, Router, middleware::map_response, routing::get};
use tower_cache_policy::{CachingLayer, EdgeLayer, edge::EdgeProfile, policy::CachePolicy};

/// One minute in browsers, one hour at CloudFront.
const TEAS: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(3600));

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let languages = AppendHeaders([(header::VARY, "accept-language"), (header::VARY, "x-region")]);
    let app = Router::new()
        .route("/teas", get(async || (TEAS, Json(["green", "black"]))))
        .route("/welcome", get(async move || (TEAS, languages, "Welcome")))
        .route("/login", get(async || (TEAS, [(header::SET_COOKIE, "session=1")], "You are visitor 1.")))
        .route("/image", get(async || (TEAS, [(header::CONTENT_TYPE, "image/png")], &[0x89, 0x50, 0xff][..])))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE))
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFRONT))
        .layer(map_response(one_line_per_field));
    lambda_http::run(app).await
}

/// Joins the lines of each field. In the response format of HTTP APIs, a field has one line, and `lambda_http` sends
/// the first. Without this function, a second `Vary` line would be lost, and caches would mix up the languages.
async fn one_line_per_field(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let names: Vec<_> = headers.keys().filter(|name| *name != header::SET_COOKIE).cloned().collect();
    for name in names {
        let lines: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if lines.len() > 1
            && let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b", "[..]))
        {
            headers.insert(name, joined);
        }
    }
    response
}
