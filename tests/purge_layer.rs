//! Tests the layer that purges after a write.
#![cfg(feature = "purge")]
#![allow(clippy::unwrap_used)] // As in any test.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio_test::task;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::PurgeLayer;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::purge::PurgeFailed;
use tower_cache_policy::policy::CacheTag;
use tower_test::{assert_request_eq, mock};

const ARTICLE: CacheTag = CacheTag::from_static("article-7");

fn request(method: Method) -> Request<()> {
    Request::builder().method(method).uri("/articles/7").body(()).unwrap()
}

fn response_with(status: StatusCode, purge: Option<Purge>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("written"));
    *response.status_mut() = status;
    if let Some(purge) = purge {
        purge.add_to(response.extensions_mut());
    }
    response
}

fn handler(
    status: StatusCode,
    purge: Option<Purge>,
) -> impl Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |_: Request<()>| ready(Ok(response_with(status, purge.clone()))))
}

/// A purger that records its purges.
fn recording() -> (Arc<Mutex<Vec<Purge>>>, impl Service<Purge, Response = (), Error = Infallible> + Clone) {
    let purged = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&purged);
    let purger = service_fn(move |purge: Purge| {
        keep.lock().unwrap().push(purge);
        ready(Ok(()))
    });
    (purged, purger)
}

fn article() -> Purge {
    Purge::tags([ARTICLE])
}

fn extension(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

#[tokio::test]
async fn only_a_successful_write_purges() {
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, extension("MKCOL")];
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
    for (methods, status, purges) in [
        (&writes[..], 200, true),
        (&writes, 201, true),
        (&writes, 204, true),
        (&writes, 303, true),
        (&writes, 304, true),
        (&writes, 400, false),
        (&writes, 404, false),
        (&writes, 412, false),
        (&writes, 500, false),
        (&writes, 503, false),
        (&reads, 200, false),
        (&reads, 303, false),
        (&reads, 404, false),
    ] {
        for method in methods {
            let (purged, purger) = recording();
            let status = StatusCode::from_u16(status).unwrap();
            let service = PurgeLayer::new(purger).layer(handler(status, Some(article())));
            let response = service.oneshot(request(method.clone())).await.unwrap();
            assert_eq!(response.status(), status);
            assert!(response.extensions().get::<Purge>().is_none(), "{method} {status}: it stays inside");
            assert!(response.extensions().get::<PurgeFailed>().is_none());
            let expected = if purges { vec![article()] } else { vec![] };
            assert_eq!(*purged.lock().unwrap(), expected, "I-01: {method} {status}");
        }
    }
}

#[tokio::test]
async fn without_a_purge_or_with_an_empty_one_nothing_is_called() {
    for purge in [None, Some(Purge::default()), Some(Purge::tags([]).soft())] {
        let (purged, purger) = recording();
        let service = PurgeLayer::new(purger).layer(handler(StatusCode::OK, purge));
        let response = service.oneshot(request(Method::POST)).await.unwrap();
        assert!(response.extensions().get::<Purge>().is_none());
        assert!(purged.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_layer_that_is_not_enabled_drops_the_purge() {
    let (purged, purger) = recording();
    let service = PurgeLayer::new(purger).enabled(false).layer(handler(StatusCode::OK, Some(article())));
    let response = service.oneshot(request(Method::POST)).await.unwrap();
    assert!(response.extensions().get::<Purge>().is_none() && purged.lock().unwrap().is_empty());
}

#[tokio::test]
async fn i03_groups_are_announced_only_after_a_successful_write() {
    for (method, status, announced) in [
        (Method::PUT, 204, Some("\"article-7\"")),
        (Method::DELETE, 303, Some("\"article-7\"")),
        (Method::PUT, 409, None),
        (Method::GET, 200, None),
        (Method::HEAD, 200, None),
    ] {
        let (_, purger) = recording();
        let inner = handler(StatusCode::from_u16(status).unwrap(), Some(article()));
        let response = PurgeLayer::new(purger).announce_groups().layer(inner).oneshot(request(method)).await.unwrap();
        let value = response.headers().get("cache-group-invalidation").map(|value| value.to_str().unwrap());
        assert_eq!(value, announced, "{status}");
    }
    let (_, purger) = recording();
    let silent = PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article())));
    assert!(silent.oneshot(request(Method::PUT)).await.unwrap().headers().is_empty());
}

#[tokio::test]
async fn several_purges_are_combined_into_one() {
    let (purged, purger) = recording();
    let service = ServiceBuilder::new()
        .layer(PurgeLayer::new(purger))
        .map_response(|mut response: Response<Full<Bytes>>| {
            Purge::tags([CacheTag::from_static("all")]).add_to(response.extensions_mut());
            response
        })
        .service(handler(StatusCode::OK, Some(article())));
    service.oneshot(request(Method::POST)).await.unwrap();
    let both = Purge::tags([ARTICLE, CacheTag::from_static("all")]);
    assert_eq!(*purged.lock().unwrap(), [both]);
}

#[tokio::test]
async fn the_inner_of_two_layers_purges() {
    let (inner, purger) = recording();
    let (outer, other) = recording();
    let service = PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article())));
    PurgeLayer::new(other).layer(service).oneshot(request(Method::POST)).await.unwrap();
    assert!(inner.lock().unwrap().len() == 1 && outer.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_response_waits_for_the_purge() {
    let (purger, mut purges) = mock::pair::<Purge, ()>();
    let service = PurgeLayer::new(purger).layer(handler(StatusCode::CREATED, Some(article())));
    let mut call = task::spawn(service.oneshot(request(Method::POST)));
    purges.allow(1);
    assert!(call.poll().is_pending());
    let done = assert_request_eq!(purges, article());
    assert!(call.poll().is_pending(), "the purge is under way");
    done.send_response(());
    let Poll::Ready(Ok(response)) = call.poll() else { panic!("the purge is done") };
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_purger_that_is_not_ready_delays_only_a_purge() {
    let (purger, mut purges) = mock::pair::<Purge, ()>();
    purges.allow(0);
    let layer = PurgeLayer::new(purger);
    // Requests without a purge do not call the purger.
    let without = layer.layer(handler(StatusCode::OK, None));
    without.oneshot(request(Method::POST)).await.unwrap();
    let read = layer.layer(handler(StatusCode::OK, Some(article())));
    read.clone().oneshot(request(Method::GET)).await.unwrap();
    let mut call = task::spawn(read.oneshot(request(Method::POST)));
    assert!(call.poll().is_pending());
    assert!(purges.poll_request().is_pending(), "it is not called before it is ready");
    purges.allow(1);
    assert!(call.is_woken() && call.poll().is_pending());
    assert_request_eq!(purges, article()).send_response(());
    assert!(call.poll().is_ready());
}

#[tokio::test]
async fn back_pressure_depends_only_on_the_inner_service() {
    let (_, purger) = recording();
    let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<Full<Bytes>>, _>(PurgeLayer::new(purger));
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.is_woken() && service.poll_ready().is_ready());
}

#[tokio::test]
async fn a_failed_purge_is_reported_and_the_write_still_succeeds() {
    let purger = service_fn(|_: Purge| ready(Err::<(), _>("the cache returned 503")));
    let service = PurgeLayer::new(purger).layer(handler(StatusCode::CREATED, Some(article())));
    let response = service.oneshot(request(Method::POST)).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let failed = response.extensions().get::<PurgeFailed>().unwrap();
    assert_eq!((failed.purge(), failed.reason()), (&article(), "the cache returned 503"));
    assert_eq!(failed.to_string(), "the purge after a write failed: the cache returned 503");
    assert!(response.extensions().get::<Purge>().is_none());
}

#[tokio::test]
async fn a_purger_that_fails_to_become_ready_is_a_failed_purge() {
    let (purger, mut purges) = mock::pair::<Purge, ()>();
    purges.send_error("closed");
    let service = PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article())));
    let response = service.oneshot(request(Method::POST)).await.unwrap();
    assert_eq!(response.extensions().get::<PurgeFailed>().unwrap().reason(), "closed");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_purger_ends_a_hanging_purge() {
    let purger = ServiceBuilder::new()
        .timeout(Duration::from_secs(5))
        .service(service_fn(|_: Purge| pending::<Result<(), Infallible>>()));
    let service = PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article())));
    let response = service.oneshot(request(Method::POST)).await.unwrap();
    assert_eq!(response.extensions().get::<PurgeFailed>().unwrap().reason(), "request timed out");
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_returned_and_purges_nothing() {
    let (purged, purger) = recording();
    let inner = service_fn(|_: Request<()>| ready(Err::<Response<()>, _>("broken")));
    let error = PurgeLayer::new(purger).layer(inner).oneshot(request(Method::POST)).await.unwrap_err();
    assert_eq!(error, "broken");
    assert!(purged.lock().unwrap().is_empty());
}

/// Polls a future once and drops it.
fn give_up<F: Future>(future: F) {
    assert!(pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test]
async fn a_client_that_disconnects_cancels_the_purge() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dropped);
    let purger = service_fn(move |_: Purge| {
        let under_way = Counted(Arc::clone(&counter));
        async move {
            pending::<()>().await;
            drop(under_way);
            Ok::<_, Infallible>(())
        }
    });
    give_up(PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article()))).oneshot(request(Method::POST)));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_purger_that_spawns_its_work_finishes_without_the_client() {
    let (started, has_started) = tokio::sync::oneshot::channel();
    let started = Arc::new(Mutex::new(Some(started)));
    let purger = service_fn(move |_: Purge| {
        let started = started.lock().unwrap().take().unwrap();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            started.send(()).unwrap();
        })
    });
    give_up(PurgeLayer::new(purger).layer(handler(StatusCode::OK, Some(article()))).oneshot(request(Method::POST)));
    has_started.await.unwrap();
}

#[tokio::test]
async fn a_client_that_disconnects_before_the_response_purges_nothing() {
    let (purged, purger) = recording();
    let inner = service_fn(|_: Request<()>| pending::<Result<Response<()>, Infallible>>());
    give_up(PurgeLayer::new(purger).layer(inner).oneshot(request(Method::POST)));
    assert!(purged.lock().unwrap().is_empty());
}

#[test]
fn a_response_without_a_purge_allocates_nothing() {
    struct Cloned(Arc<AtomicUsize>);
    impl Clone for Cloned {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::SeqCst);
            Self(Arc::clone(&self.0))
        }
    }
    impl Service<Purge> for Cloned {
        type Response = ();
        type Error = Infallible;
        type Future = std::future::Ready<Result<(), Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            panic!("the purger is not polled")
        }

        fn call(&mut self, _: Purge) -> Self::Future {
            panic!("it is not called")
        }
    }
    fn allocated<S: Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible>>(
        mut service: S,
        method: Method,
    ) -> u64 {
        let mut request = Some(request(method));
        let mut kept = None;
        let info = measure(|| {
            let mut future = pin!(service.call(request.take().unwrap()));
            kept = Some(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).map(Result::unwrap));
        });
        assert!(kept.unwrap().is_ready());
        info.count_total
    }
    let clones = Arc::new(AtomicUsize::new(0));
    for (method, expected) in [(Method::GET, 0), (Method::POST, 1), (Method::DELETE, 1)] {
        let bare = allocated(handler(StatusCode::OK, None), method.clone());
        let service = PurgeLayer::new(Cloned(Arc::clone(&clones))).layer(handler(StatusCode::OK, None));
        let before = clones.load(Ordering::SeqCst);
        assert_eq!(allocated(service, method.clone()), bare, "{method}");
        assert_eq!(clones.load(Ordering::SeqCst) - before, expected, "{method}");
    }
}

#[tokio::test]
async fn grpc_and_its_trailers_are_unchanged() {
    use http_body_util::{BodyExt, StreamBody};
    let (purged, purger) = recording();
    let inner = service_fn(|_: Request<()>| {
        let trailers =
            http::HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), "0".parse().unwrap())]);
        let frames = [http_body::Frame::data(Bytes::from("message")), http_body::Frame::trailers(trailers)];
        let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, Infallible>)));
        ready(Ok::<_, Infallible>(Response::builder().header("content-type", "application/grpc").body(body).unwrap()))
    });
    let response = PurgeLayer::new(purger).layer(inner).oneshot(request(Method::POST)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(collected.to_bytes(), "message");
    assert!(purged.lock().unwrap().is_empty());
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn a_purge_is_a_response_part_in_axum() {
    use axum::{Router, body::Body, routing::put};
    let purged = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&purged);
    let purger = service_fn(move |purge: Purge| {
        keep.lock().unwrap().push(purge);
        ready(Ok::<_, Infallible>(()))
    });
    let save = async || (StatusCode::NO_CONTENT, article(), Purge::tags([CacheTag::from_static("articles")]), "");
    let app = Router::new().route("/articles/7", put(save)).layer(PurgeLayer::new(purger));
    let response = app.oneshot(Request::put("/articles/7").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(*purged.lock().unwrap(), [Purge::tags([ARTICLE, CacheTag::from_static("articles")])]);
}
