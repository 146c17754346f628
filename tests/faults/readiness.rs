//! Tests back-pressure, calls of the ready instance, and dropped futures.

use std::convert::Infallible;
use std::future::{Future, Ready, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::limit::ConcurrencyLimitLayer;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy::protocol::{EntityTag, Representation, Validators};
use tower_cache_policy::{
    AssetsLayer, CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer, EntityTagLayer, HeadValidators,
    PurgeLayer,
};
use tower_test::mock;

use super::PUBLIC;
use crate::loopback::Events;
use crate::support::{TestBody, request, response_with};

type Boxed = BoxCloneService<Request<TestBody>, Response<TestBody>, BoxError>;

fn v1() -> Validators {
    Validators::new().with_etag(EntityTag::from_static("\"v1\""))
}

/// The service in each layer, and in all of them.
fn in_each_layer<S>(service: S) -> Vec<(&'static str, Boxed)>
where
    S: Service<Request<TestBody>, Response = Response<TestBody>, Future: Send> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
{
    fn boxed<S, B>(service: S) -> Boxed
    where
        S: Service<Request<TestBody>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data: Send, Error: std::fmt::Debug> + Send + 'static,
    {
        Boxed::new(service.map_err(Into::into).and_then(async |response: Response<B>| {
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, TestBody::from(body.collect().await.unwrap().to_bytes())))
        }))
    }
    let source = |_: &Parts| ready(v1());
    let purger = || service_fn(|_: Purge| ready(Ok::<_, Infallible>(())));
    let assets = AssetManifest::from_directory(tempfile::tempdir().unwrap().path()).unwrap();
    let all = tower::ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::STANDARD))
        .layer(PurgeLayer::new(purger()))
        .layer(CachingLayer::new(PUBLIC).validators(source));
    vec![
        ("CachePolicyLayer", boxed(CachePolicyLayer::new(PUBLIC).layer(service.clone()))),
        ("ConditionalLayer", boxed(ConditionalLayer::new().layer(service.clone()))),
        ("ConditionalLayer with a source", boxed(ConditionalLayer::new().validators(source).layer(service.clone()))),
        ("EntityTagLayer", boxed(EntityTagLayer::new().layer(service.clone()))),
        ("EdgeLayer", boxed(EdgeLayer::new(EdgeProfile::STANDARD).layer(service.clone()))),
        ("CachingLayer", boxed(CachingLayer::new(PUBLIC).layer(service.clone()))),
        ("CachingLayer with a source", boxed(CachingLayer::new(PUBLIC).validators(source).layer(service.clone()))),
        ("PurgeLayer", boxed(PurgeLayer::new(purger()).layer(service.clone()))),
        ("AssetsLayer", boxed(AssetsLayer::new(&assets).layer(service.clone()))),
        ("all of them", boxed(all.service(service))),
    ]
}

fn is_ready(service: &mut Boxed) -> Poll<Result<(), BoxError>> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn every_layer_is_ready_exactly_when_the_inner_service_is() {
    let layers = in_each_layer(mock::pair::<Request<TestBody>, Response<TestBody>>().0).len();
    for index in 0..layers {
        let (service, mut handle) = mock::pair::<Request<TestBody>, Response<TestBody>>();
        handle.allow(0);
        let (name, mut layered) = in_each_layer(service).swap_remove(index);
        for _ in 0..3 {
            assert!(is_ready(&mut layered).is_pending(), "{name}");
        }
        handle.allow(1);
        assert!(matches!(is_ready(&mut layered), Poll::Ready(Ok(()))), "{name}");
        // An unsafe request always reaches the inner service.
        let call = tokio::spawn(layered.call(request(Method::PUT, "/", &[])));
        let received = tokio::time::timeout(crate::loopback::TIMEOUT, handle.next_request()).await;
        let (received, respond) = received.expect("the inner service is polled").unwrap();
        assert_eq!(received.method(), Method::PUT, "{name}");
        // The only permit is in use.
        assert!(is_ready(&mut layered).is_pending(), "{name}");
        respond.send_response(response_with("written", &[]));
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn every_layer_reports_a_service_that_is_never_ready() {
    let layers = in_each_layer(mock::pair::<Request<TestBody>, Response<TestBody>>().0).len();
    for index in 0..layers {
        let (service, mut handle) = mock::pair::<Request<TestBody>, Response<TestBody>>();
        handle.send_error("down");
        let (name, mut layered) = in_each_layer(service).swap_remove(index);
        let Poll::Ready(Err(error)) = is_ready(&mut layered) else { panic!("{name}: not an error") };
        assert_eq!(error.to_string(), "down", "{name}");
    }
}

#[tokio::test]
async fn the_error_of_the_inner_service_is_returned() {
    let fails = service_fn(|_: Request<TestBody>| ready(Err::<Response<TestBody>, BoxError>("broken".into())));
    for (name, layered) in in_each_layer(fails) {
        let error = layered.oneshot(request(Method::PUT, "/", &[])).await.unwrap_err();
        assert_eq!(error.to_string(), "broken", "{name}");
    }
}

/// A service that panics if an instance is called before it is ready, and that counts the permits in use.
struct Placed {
    place: Option<Place>,
    held: Arc<AtomicUsize>,
    calls: Events,
}

struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Placed {
    fn new(held: &Arc<AtomicUsize>, calls: &Events) -> Self {
        Self { place: None, held: Arc::clone(held), calls: calls.clone() }
    }
}

impl Clone for Placed {
    fn clone(&self) -> Self {
        Self::new(&self.held, &self.calls)
    }
}

impl Service<Request<TestBody>> for Placed {
    type Response = Response<TestBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<TestBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.place.get_or_insert_with(|| {
            self.held.fetch_add(1, Ordering::SeqCst);
            Place(Arc::clone(&self.held))
        });
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<TestBody>) -> Self::Future {
        self.place.take().expect("it was called without having been ready");
        self.calls.add("called");
        ready(Ok(response_with("hello", &[("etag", "\"v1\"")])))
    }
}

#[tokio::test]
async fn the_ready_instance_is_called_and_its_permit_is_released() {
    let (held, calls) = (Arc::new(AtomicUsize::new(0)), Events::default());
    for (name, mut layered) in in_each_layer(Placed::new(&held, &calls)) {
        for (method, lines) in [
            (Method::GET, &[][..]),
            // With a source, the request is decided before the handler, and the permit is released.
            (Method::GET, &[("if-none-match", "\"v1\"")]),
            (Method::PUT, &[("if-match", "\"v0\"")]),
            (Method::PUT, &[("if-match", "\"v1\"")]),
            (Method::POST, &[("content-type", "application/grpc")]),
        ] {
            assert!(is_ready(&mut layered).is_ready());
            layered.call(request(method.clone(), "/", lines)).await.unwrap();
            // A layer that responded without calling the service retains its permit for the next request.
            assert!(held.load(Ordering::SeqCst) <= 1, "{name}: {method} {lines:?}");
        }
        drop(layered);
        assert_eq!(held.load(Ordering::SeqCst), 0, "{name}: a permit was never released");
    }
    assert!(calls.count("called") > 0);
}

#[tokio::test]
async fn a_response_before_the_handler_releases_its_permit() {
    let handler = service_fn(|_: Request<TestBody>| ready(Ok::<_, Infallible>(response_with("hello", &[]))));
    let limited = ConcurrencyLimitLayer::new(1).layer(handler);
    let mut service = CachingLayer::new(PUBLIC).validators(|_| ready(v1())).layer(limited);
    let mut other = service.clone();
    for (method, lines, status) in [
        (Method::GET, [("if-none-match", "\"v1\"")], 304),
        (Method::PUT, [("if-match", "\"v0\"")], 412),
        (Method::GET, [("if-none-match", "\"v0\"")], 200),
    ] {
        let response = service.ready().await.unwrap().call(request(method.clone(), "/", &lines)).await.unwrap();
        assert_eq!(response.status(), status);
        let others = tokio::time::timeout(crate::loopback::TIMEOUT, other.ready()).await;
        let call = others.expect("the permit was never released").unwrap().call(request(Method::GET, "/", &[]));
        assert_eq!(call.await.unwrap().status(), StatusCode::OK, "after {method} {lines:?}");
    }
}

/// Polls a future once and drops it.
fn give_up<F: Future>(future: F) {
    let mut future = Box::pin(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_future_at_any_step_calls_nothing_afterwards() {
    let events = Events::default();
    let gate = Arc::new(AtomicBool::new(false));
    // Each step is counted and waits for the gate, which does not wake a task.
    let step = |name: &'static str, waits: bool| {
        let (events, gate) = (events.clone(), Arc::clone(&gate));
        move || {
            events.add(name);
            let gate = Arc::clone(&gate);
            async move {
                std::future::poll_fn(|_| {
                    if waits && !gate.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
            }
        }
    };
    for (waiting, expected) in
        [("source", [1, 0, 0, 0]), ("handler", [1, 1, 0, 0]), ("body", [1, 1, 1, 0]), ("purge", [1, 1, 1, 1])]
    {
        let names = ["source", "handler", "body", "purge"];
        let before = names.map(|name| events.count(name));
        gate.store(false, Ordering::SeqCst);
        let (source, handler) = (step("source", waiting == "source"), step("handler", waiting == "handler"));
        let (body, purge) = (step("body", waiting == "body"), step("purge", waiting == "purge"));
        let service = tower::ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::STANDARD))
            .layer(ConditionalLayer::new().validators(move |_| {
                let looked_up = source();
                async move {
                    looked_up.await;
                    Representation::Current(v1())
                }
            }))
            .layer(PurgeLayer::new(service_fn(move |_: Purge| {
                let purged = purge();
                async move {
                    purged.await;
                    Ok::<_, Infallible>(())
                }
            })))
            .layer(ReadWhole)
            .service_fn(move |_: Request<TestBody>| {
                let (handled, body) = (handler(), body.clone());
                async move {
                    handled.await;
                    let frame = futures_util::stream::once(async move {
                        body().await;
                        Ok::<_, Infallible>(http_body::Frame::data(bytes::Bytes::from_static(b"written")))
                    });
                    let mut response = Response::new(http_body_util::StreamBody::new(Box::pin(frame)));
                    Purge::tags([CacheTag::from_static("a")]).add_to(response.extensions_mut());
                    Ok::<_, Infallible>(response)
                }
            });
        give_up(service.oneshot(request(Method::PUT, "/", &[("if-match", "\"v1\"")])));
        gate.store(true, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        let after = names.map(|name| events.count(name));
        let called: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        assert_eq!(called, expected, "dropped while it waited for the {waiting}");
    }
}

/// A layer that reads a body to its end before it returns the response. `EntityTagLayer` does the same, except for a
/// write.
#[derive(Clone, Copy)]
struct ReadWhole;

impl<S> Layer<S> for ReadWhole {
    type Service = ReadWholeService<S>;

    fn layer(&self, inner: S) -> ReadWholeService<S> {
        ReadWholeService(inner)
    }
}

#[derive(Clone)]
struct ReadWholeService<S>(S);

impl<S, B> Service<Request<TestBody>> for ReadWholeService<S>
where
    S: Service<Request<TestBody>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    B: http_body::Body<Data: Send, Error: std::fmt::Debug> + Send + 'static,
{
    type Response = Response<TestBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<TestBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<TestBody>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let (head, body) = response.await?.into_parts();
            Ok(Response::from_parts(head, TestBody::from(body.collect().await.unwrap().to_bytes())))
        })
    }
}

#[tokio::test]
async fn a_source_waits_until_its_service_is_ready_and_calls_it_once() {
    let (files, mut handle) = mock::pair::<Request<TestBody>, Response<TestBody>>();
    handle.allow(0);
    let events = Events::default();
    let of_handler = events.clone();
    let service = ConditionalLayer::new().validator_source(HeadValidators::<_, TestBody>::new(files)).layer(
        service_fn(move |_: Request<TestBody>| {
            of_handler.add("handled");
            ready(Ok::<_, Infallible>(response_with("written", &[])))
        }),
    );
    let write = || request(Method::PUT, "/", &[("if-match", "\"v1\"")]);
    let mut call = tokio_test::task::spawn(service.clone().oneshot(write()));
    assert!(call.poll().is_pending());
    assert_eq!(events.count("handled"), 0);
    handle.allow(1);
    assert!(call.is_woken() && call.poll().is_pending());
    let (question, respond) = handle.next_request().await.unwrap();
    assert_eq!((question.method(), question.headers().contains_key("if-match")), (&Method::HEAD, false));
    respond.send_response(response_with("", &[("etag", "\"v1\"")]));
    assert!(call.is_woken());
    let Poll::Ready(response) = call.poll() else { panic!("the source has returned") };
    assert_eq!((response.unwrap().status().as_u16(), events.count("handled")), (200, 1));

    // A request that is dropped while it waits does not use a permit or call a service.
    let mut call = tokio_test::task::spawn(service.clone().oneshot(write()));
    assert!(call.poll().is_pending());
    drop(call);
    handle.allow(1);
    assert!(tokio_test::task::spawn(handle.next_request()).poll().is_pending());

    // If the source is never ready, the representation is unknown.
    handle.send_error("down");
    let response = service.oneshot(write()).await.unwrap();
    assert_eq!((response.status().as_u16(), events.count("handled")), (412, 1));
}

#[tokio::test]
async fn an_inner_service_that_never_responds_does_not_block_other_requests() {
    let service =
        CachingLayer::new(PUBLIC).validators(|_| ready(v1())).layer(service_fn(async |request: Request<TestBody>| {
            if request.uri().path() == "/hangs" {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(response_with("hello", &[]))
        }));
    let mut hanging = tokio_test::task::spawn(service.clone().oneshot(request(Method::GET, "/hangs", &[])));
    assert!(hanging.poll().is_pending());
    for _ in 0..10 {
        let response = service.clone().oneshot(request(Method::GET, "/", &[])).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert!(!hanging.is_woken() && hanging.poll().is_pending());
}
