//! [`ValidatorSource`]: what the application says it has, before a handler runs.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, EXPECT, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    RANGE, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::layers::Clock;
use crate::protocol::{Preconditions, Representation, Validators};

/// Says what the application has for a request, so that a
/// [`ConditionalLayer`](super::ConditionalLayer) can decide before the handler runs.
///
/// For a closure use [`ConditionalLayer::validators`](super::ConditionalLayer::validators);
/// for another kind of source implement this trait and use
/// [`ConditionalLayer::validator_source`](super::ConditionalLayer::validator_source).
///
/// # Warning
///
/// It is asked before the handler, so before anything inside the layer that checks who is
/// asking. A 304 or 412 tells that something exists, and which version. Put the layer
/// inside authentication (L-03, G-16).
pub trait ValidatorSource {
    /// Resolves to what the application has.
    type Future: Future<Output = Representation>;

    /// Looks it up.
    fn validators(&self, request: &Parts) -> Self::Future;
}

/// No source: what can be decided is decided after the handler.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoSource;

/// A closure as a [`ValidatorSource`].
#[derive(Clone, Copy)]
pub struct FnSource<F>(F);

impl<F> FnSource<F> {
    pub(crate) const fn new(source: F) -> Self {
        Self(source)
    }
}

impl<F, Fut> ValidatorSource for FnSource<F>
where
    F: Fn(&Parts) -> Fut,
    Fut: Future,
    Fut::Output: Into<Representation>,
{
    type Future = IntoRepresentation<Fut>;

    fn validators(&self, request: &Parts) -> Self::Future {
        IntoRepresentation { inner: (self.0)(request) }
    }
}

impl<F> fmt::Debug for FnSource<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}

pin_project! {
    /// The future of a [`FnSource`].
    #[derive(Debug)]
    pub struct IntoRepresentation<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Future for IntoRepresentation<F>
where
    F: Future,
    F::Output: Into<Representation>,
{
    type Output = Representation;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Representation> {
        self.project().inner.poll(cx).map(Into::into)
    }
}

/// Asks a service with HEAD, as a [`ValidatorSource`]: for services that set validators
/// and can say them cheaply, such as one that serves files.
///
/// It asks only where the answer decides something that cannot be decided later: for an
/// unsafe request with a precondition, and for a `Range` with an `If-Range`. A service that
/// serves ranges without looking at `If-Range` would otherwise join the bytes of two
/// versions, and without a source the layer has to send everything instead.
///
/// 200 is taken for a current representation, 404 and 410 for a missing one, and anything
/// else, an error among it, for one that is not known.
///
/// ```
/// use tower_cache_policy::{ConditionalLayer, HeadValidators};
/// use tower_http::services::ServeDir;
///
/// # type Body = http_body_util::Empty<bytes::Bytes>;
/// let files = ServeDir::new("static");
/// let layer = ConditionalLayer::new()
///     .validator_source(HeadValidators::<_, Body>::new(files.clone()));
/// let service = tower::ServiceBuilder::new().layer(layer).service(files);
/// # let _: &dyn std::any::Any = &service;
/// ```
pub struct HeadValidators<S, B> {
    service: S,
    strong_dates: bool,
    clock: Clock,
    body: PhantomData<fn() -> B>,
}

impl<S, B> HeadValidators<S, B> {
    /// Asks this service, with bodies that are `B::default()`.
    pub const fn new(service: S) -> Self {
        Self { service, strong_dates: false, clock: Clock::system(), body: PhantomData }
    }

    /// States that what the service has never changes twice within one second, so that
    /// `If-Range` may rest on its `Last-Modified`: see
    /// [`Validators::modified_at_most_once_a_second`], and the warning there.
    #[must_use]
    pub const fn modified_at_most_once_a_second(mut self) -> Self {
        self.strong_dates = true;
        self
    }

    /// Reads the time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// Fields of a request that a question about what there is must not repeat.
const NOT_ASKED: [HeaderName; 10] = [
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    TRANSFER_ENCODING,
];

impl<S, B, R> ValidatorSource for HeadValidators<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Default,
{
    type Future = HeadFuture<S, B>;

    fn validators(&self, request: &Parts) -> Self::Future {
        let safe = matches!(request.method, Method::GET | Method::HEAD);
        let decides = if safe {
            request.headers.contains_key(RANGE) && request.headers.contains_key(IF_RANGE)
        } else {
            !Preconditions::new(&request.method, &request.headers).is_empty()
        };
        let question = decides.then(|| {
            let mut head = request.clone();
            head.method = Method::HEAD;
            for name in &NOT_ASKED {
                head.headers.remove(name);
            }
            (self.service.clone(), Request::from_parts(head, B::default()))
        });
        HeadFuture { question, answer: None, strong_dates: self.strong_dates, clock: self.clock.clone() }
    }
}

impl<S: Clone, B> Clone for HeadValidators<S, B> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            strong_dates: self.strong_dates,
            clock: self.clock.clone(),
            body: PhantomData,
        }
    }
}

impl<S: fmt::Debug, B> fmt::Debug for HeadValidators<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadValidators")
            .field("service", &self.service)
            .field("strong_dates", &self.strong_dates)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of a [`HeadValidators`].
    pub struct HeadFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        // Until the service is ready for it. `None` from the start when nothing is asked.
        question: Option<(S, Request<B>)>,
        #[pin]
        answer: Option<S::Future>,
        strong_dates: bool,
        clock: Clock,
    }
}

impl<S, B, R> Future for HeadFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Representation;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Representation> {
        let mut this = self.project();
        if let Some((service, _)) = this.question {
            if ready!(service.poll_ready(cx)).is_err() {
                return Poll::Ready(Representation::Unknown);
            }
            if let Some((mut service, request)) = this.question.take() {
                this.answer.set(Some(service.call(request)));
            }
        }
        let Some(answer) = this.answer.as_pin_mut() else {
            return Poll::Ready(Representation::Unknown);
        };
        Poll::Ready(match ready!(answer.poll(cx)) {
            Ok(response) if response.status() == StatusCode::OK => {
                let validators = Validators::from_headers(response.headers(), this.clock.now());
                Representation::Current(if *this.strong_dates {
                    validators.modified_at_most_once_a_second()
                } else {
                    validators
                })
            }
            Ok(response) if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Representation::Missing
            }
            Ok(_) | Err(_) => Representation::Unknown,
        })
    }
}

impl<S, B> fmt::Debug for HeadFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadFuture").finish_non_exhaustive()
    }
}
