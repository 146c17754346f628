//! Typical handwritten middleware, with SHA-256 and `from_fn`.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

pub(crate) async fn etag(request: Request, next: Next) -> Result<Response, StatusCode> {
    let if_none_match = request.headers().get(IF_NONE_MATCH).cloned();
    let (mut head, body) = next.run(request).await.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(&bytes)));
    let etag = HeaderValue::from_str(&etag).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if if_none_match.as_ref() == Some(&etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(ETAG, etag);
        return Ok(response);
    }
    head.headers.insert(ETAG, etag);
    Ok(Response::from_parts(head, Body::from(bytes)))
}
