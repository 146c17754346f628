//! Tests which responses get a tag from `EntityTagLayer`, and that bodies are unchanged.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, service_fn};
use tower_cache_policy::EntityTagLayer;
use tower_cache_policy::layers::entity_tag::EntityTagBody;
use tower_cache_policy::policy::{CachePolicy, Personalized};

use support::{BodyError, Frames, NeverPolled, TestBody, call, content, field, frames, get, request, response_with};

/// Sends `request` through the layer to a service that returns `response`.
async fn through<B>(
    layer: EntityTagLayer,
    request: Request<TestBody>,
    response: Response<B>,
) -> Response<EntityTagBody<B>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut response = Some(response);
    let mut service = layer.layer(service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))
    }));
    tower::Service::call(&mut service, request).await.unwrap()
}

fn tag<B>(response: &Response<B>) -> Option<String> {
    field(response.headers(), "etag")
}

async fn tag_of_body(layer: EntityTagLayer, body: Frames) -> Option<String> {
    tag(&through(layer, get("/", &[]), Response::new(body)).await)
}

#[tokio::test]
async fn a_body_that_gets_no_tag_is_not_polled() {
    fn with(status: u16, lines: &[(&str, &str)]) -> Response<NeverPolled> {
        let (mut head, _) = response_with("", lines).into_parts();
        head.status = StatusCode::from_u16(status).unwrap();
        Response::from_parts(head, NeverPolled)
    }
    let html = ("content-type", "text/html");
    let table: Vec<(&str, Request<TestBody>, Response<NeverPolled>)> = vec![
        ("HEAD (V-19)", request(Method::HEAD, "/", &[]), with(200, &[html])),
        ("POST (V-18)", request(Method::POST, "/", &[]), with(200, &[html])),
        ("PUT (V-17)", request(Method::PUT, "/", &[]), with(200, &[html])),
        ("206 (V-20, R-13)", get("/", &[]), with(206, &[html])),
        ("204", get("/", &[]), with(204, &[])),
        ("201", get("/", &[]), with(201, &[html])),
        ("203, another's content", get("/", &[]), with(203, &[html])),
        ("304 (V-20)", get("/", &[]), with(304, &[])),
        ("404", get("/", &[]), with(404, &[html])),
        ("500", get("/", &[]), with(500, &[html])),
        ("no-store", get("/", &[]), with(200, &[("cache-control", "private, NO-STORE")])),
        (
            "no-store in a second line",
            get("/", &[]),
            with(200, &[("cache-control", "private"), ("cache-control", "no-store")]),
        ),
        ("a tag of the handler's", get("/", &[]), with(200, &[("etag", "\"own\"")])),
        ("an unquoted one too", get("/", &[]), with(200, &[("etag", "own")])),
        ("Set-Cookie", get("/", &[]), with(200, &[("set-cookie", "a=b")])),
        ("server-sent events", get("/", &[]), with(200, &[("content-type", "Text/Event-Stream")])),
        ("a gRPC response (Q-03)", get("/", &[]), with(200, &[("content-type", "application/grpc+proto")])),
        (
            "a call of gRPC",
            request(Method::POST, "/", &[("content-type", "application/grpc-web")]),
            with(200, &[("content-type", "application/grpc-web")]),
        ),
    ];
    for (sentence, request, response) in table {
        let before = tag(&response);
        let after = through(EntityTagLayer::new().buffer_unknown_length(1_024), request, response).await;
        assert_eq!(tag(&after), before, "{sentence}");
    }

    let mut by_policy = with(200, &[]);
    by_policy.extensions_mut().insert(CachePolicy::NO_STORE);
    assert_eq!(tag(&through(EntityTagLayer::new(), get("/", &[]), by_policy).await), None);

    let mut personal = with(200, &[]);
    personal.extensions_mut().insert(Personalized);
    assert_eq!(tag(&through(EntityTagLayer::new(), get("/", &[]), personal).await), None, "G-16");
    let mut from_session = get("/", &[]);
    from_session.extensions_mut().insert(Personalized);
    assert_eq!(tag(&through(EntityTagLayer::new(), from_session, with(200, &[])).await), None, "G-16");

    let off = EntityTagLayer::new().enabled(false);
    assert_eq!(tag(&through(off, get("/", &[]), with(200, &[])).await), None);
    let too_long = EntityTagLayer::new().max_body(10);
    assert_eq!(tag(&through(too_long, get("/", &[]), with(200, &[])).await), None, "the hint says 11");
}

#[tokio::test]
async fn the_first_of_two_content_types_counts() {
    for (first, second, tagged) in [
        ("text/html", "application/grpc", true),
        ("application/grpc", "text/html", false),
        ("a/b", "text/event-stream", true),
    ] {
        let response = response_with("x", &[("content-type", first), ("content-type", second)]);
        assert_eq!(tag(&through(EntityTagLayer::new(), get("/", &[]), response).await).is_some(), tagged, "{first}");
    }
}

#[cfg(feature = "strong-tags")]
#[tokio::test]
async fn personalized_responses_get_a_keyed_tag() {
    for (layer, tagged) in [
        (EntityTagLayer::new(), false),
        (EntityTagLayer::new().strong(), false),
        (EntityTagLayer::new().keyed([7; 32]), true),
    ] {
        let mut response = response_with("x", &[]);
        response.extensions_mut().insert(Personalized);
        assert_eq!(tag(&through(layer, get("/", &[]), response).await).is_some(), tagged, "G-16");
    }
}

#[tokio::test]
async fn a_buffered_body_has_an_exact_size_hint() {
    let body = Frames::of(&["hello ", "world"]).sized();
    let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(body)).await;
    let mut body = response.into_body();
    for left in [11, 5] {
        assert_eq!(body.size_hint().exact(), Some(left));
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(body.size_hint().exact(), Some(0));
}

#[tokio::test]
async fn an_extension_directive_that_contains_no_store_is_not_no_store() {
    let response = response_with("x", &[("cache-control", "my-directive=\"my-no-store, no-store\"")]);
    assert!(tag(&through(EntityTagLayer::new(), get("/", &[]), response).await).is_some());
}

#[tokio::test]
async fn a_single_frame_is_forwarded_without_a_copy() {
    let content = Bytes::from(vec![7; 10_000]);
    let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(Full::new(content.clone()))).await;
    assert!(tag(&response).is_some());
    assert_eq!(response.body().size_hint().exact(), Some(10_000));
    let frames = frames(response.into_body()).await;
    let data = frames[0].as_ref().unwrap().data_ref().unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(data.as_ptr(), content.as_ptr(), "the same memory");
}

#[tokio::test]
async fn several_frames_remain_and_have_the_tag_of_the_complete_content() {
    let whole = tag_of_body(EntityTagLayer::new(), Frames::of(&["hello world"]).sized()).await;
    let table: &[(&str, &[&'static str])] = &[
        ("two frames", &["hello ", "world"]),
        ("an empty frame among them", &["hello ", "", "world"]),
        ("one byte each", &["h", "e", "l", "l", "o", " ", "w", "o", "r", "l", "d"]),
    ];
    for (sentence, pieces) in table {
        for slow in [false, true] {
            let mut body = Frames::of(pieces).sized();
            body.slow = slow;
            let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(body)).await;
            assert_eq!(tag(&response), whole, "{sentence}");
            let got: Vec<_> = frames(response.into_body())
                .await
                .into_iter()
                .map(|frame| frame.unwrap().into_data().unwrap())
                .collect();
            let expected: Vec<_> = pieces.iter().filter(|piece| !piece.is_empty()).collect();
            assert_eq!(got, expected, "{sentence}");
        }
    }
}

#[tokio::test]
async fn a_body_of_empty_frames_does_not_delay_the_response() {
    let pieces: Vec<&'static str> = [&["hello"][..], &[""; 100_000], &["world"]].concat();
    for layer in [EntityTagLayer::new(), EntityTagLayer::new().buffer_unknown_length(1_000)] {
        for slow in [false, true] {
            let mut body = Frames::of(&pieces).sized();
            body.slow = slow;
            let polls = body.polls.clone();
            let response = through(layer.clone(), get("/", &[]), Response::new(body)).await;
            assert_eq!(tag(&response), None);
            assert!(
                polls.load(Ordering::Relaxed) < 1_000,
                "{} polls before the response",
                polls.load(Ordering::Relaxed)
            );
            assert_eq!(content(response.into_body()).await, "helloworld");
        }
    }
}

#[tokio::test]
async fn an_empty_body_gets_no_tag() {
    assert_eq!(tag_of_body(EntityTagLayer::new(), Frames::of(&[]).sized()).await, None);
    let unknown = EntityTagLayer::new().buffer_unknown_length(10);
    assert_eq!(tag_of_body(unknown.clone(), Frames::of(&[])).await, None);
    assert_eq!(tag_of_body(unknown, Frames::of(&["", ""])).await, None);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_streamed_by_default() {
    let body = Frames::of(&["hello ", "world"]);
    let polls = body.polls.clone();
    let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(body)).await;
    assert_eq!(tag(&response), None);
    assert_eq!(polls.load(Ordering::Relaxed), 0, "G-24");
    assert_eq!(content(response.into_body()).await, "hello world");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_up_to_the_limit_and_then_streamed() {
    let layer = || EntityTagLayer::new().buffer_unknown_length(11);
    let known = tag_of_body(EntityTagLayer::new(), Frames::of(&["hello world"]).sized()).await;
    for slow in [false, true] {
        let mut fits = Frames::of(&["hello ", "world"]);
        fits.slow = slow;
        let response = through(layer(), get("/", &[]), Response::new(fits)).await;
        assert_eq!(tag(&response), known);
        assert_eq!(response.body().size_hint().exact(), Some(11), "now it is known");
        assert_eq!(content(response.into_body()).await, "hello world");

        let mut longer = Frames::of(&["hello ", "world", "!", " and", " so on"]);
        longer.slow = slow;
        let polls = longer.polls.clone();
        let response = through(layer(), get("/", &[]), Response::new(longer)).await;
        assert_eq!(tag(&response), None);
        let polled = polls.load(Ordering::Relaxed);
        assert_eq!(polled, if slow { 6 } else { 3 }, "G-24: no frame is read beyond the limit");
        assert_eq!(response.body().size_hint().exact(), None);
        assert_eq!(content(response.into_body()).await, "hello world! and so on");
    }
    // The limit for all bodies also applies here.
    let capped = layer().max_body(5);
    assert_eq!(tag_of_body(capped, Frames::of(&["hello ", "world"])).await, None);
}

#[tokio::test]
async fn an_endless_stream_is_not_read_forever() {
    let endless = http_body_util::StreamBody::new(futures_util::stream::repeat_with(|| {
        Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(b"tick")))
    }));
    let layer = EntityTagLayer::new().buffer_unknown_length(100);
    let response = through(layer, get("/", &[]), Response::new(endless)).await;
    assert_eq!(tag(&response), None);
    let mut body = std::pin::pin!(response.into_body());
    for _ in 0..1_000 {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "tick");
    }
}

#[tokio::test]
async fn a_body_longer_than_its_size_hint_is_streamed_completely() {
    let lies = Frames::of(&["hello ", "world", "!"]).hinted(7);
    let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(lies)).await;
    assert_eq!(tag(&response), None);
    assert_eq!(content(response.into_body()).await, "hello world!");
}

#[tokio::test]
async fn trailers_are_preserved() {
    for pieces in [vec!["hello"], vec!["hel", "lo"]] {
        for sized in [false, true] {
            let mut body =
                Frames::new(pieces.iter().map(|piece| Frames::data(piece)).chain([Frames::trailers("x-sum", "5")]));
            if sized {
                body = body.sized();
            }
            let layer = EntityTagLayer::new().buffer_unknown_length(100);
            let response = through(layer, get("/", &[]), Response::new(body)).await;
            assert!(tag(&response).is_some());
            assert_eq!(response.body().size_hint().exact(), None, "a length would exclude trailers");
            let collected = response.into_body().collect().await.unwrap();
            let trailers = collected.trailers().unwrap();
            assert_eq!(trailers["x-sum"], "5", "Q-05");
            assert!(!trailers.contains_key("etag"), "V-12");
            assert_eq!(collected.to_bytes(), "hello");
        }
    }
}

#[tokio::test]
async fn the_error_of_a_body_reaches_the_client_at_the_same_position() {
    for pieces in [vec![], vec!["hel"], vec!["hel", "lo"]] {
        let mut all: Vec<_> = pieces.iter().map(|piece| Frames::data(piece)).collect();
        all.push(Err(BodyError));
        let response = through(EntityTagLayer::new(), get("/", &[]), Response::new(Frames::new(all).hinted(5))).await;
        assert_eq!(response.status(), StatusCode::OK, "as it would have been without the layer");
        assert_eq!(tag(&response), None);
        let got = frames(response.into_body()).await;
        assert_eq!(got.len(), pieces.len() + 1);
        assert_eq!(got.last().unwrap().as_ref().unwrap_err(), &BodyError);
    }
}

#[tokio::test]
async fn a_failing_service_returns_its_error() {
    let service = EntityTagLayer::new()
        .layer(service_fn(|_: Request<TestBody>| std::future::ready(Err::<Response<TestBody>, _>("down"))));
    let error = tower::ServiceExt::oneshot(service, get("/", &[])).await.unwrap_err();
    assert_eq!(error, "down");
}

#[tokio::test]
async fn replicas_agree_and_equal_contents_have_equal_tags() {
    let one = EntityTagLayer::new()
        .layer(service_fn(|_: Request<TestBody>| std::future::ready(Ok::<_, Infallible>(response_with("hello", &[])))));
    let two = EntityTagLayer::new().layer(service_fn(|_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(response_with("hello", &[("x-replica", "2")])))
    }));
    let (one, two) = (call(&one, get("/a", &[])).await, call(&two, get("/b", &[("cookie", "id=1")])).await);
    assert_eq!(tag(&one), tag(&two), "G-15");
}

#[test]
fn a_service_is_send_and_sync_if_the_inner_service_is() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<EntityTagBody<Full<Bytes>>>();
    is_sync::<EntityTagBody<Full<Bytes>>>();
    let _: Arc<EntityTagLayer> = Arc::default();
}
