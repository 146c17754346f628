//! A `Sync` body for peers that require one. axum's body is not `Sync`.

use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tower::layer::layer_fn;
use tower::util::MapResponse;
use tower::{Layer, Service, ServiceExt};

pub(crate) struct Synced(Mutex<Body>);

/// A layer for a service with such a body.
pub(crate) fn synced<L, S>(layer: L) -> impl Layer<S, Service = L::Service>
where
    L: Layer<MapResponse<S, fn(Response<Body>) -> Response<Synced>>>,
    S: Service<Request<Body>, Response = Response<Body>>,
{
    layer_fn(move |service: S| {
        let sync: fn(Response<Body>) -> Response<Synced> = |response| response.map(|body| Synced(Mutex::new(body)));
        layer.layer(service.map_response(sync))
    })
}

impl http_body::Body for Synced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(self.0.get_mut().unwrap()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap().size_hint()
    }
}
