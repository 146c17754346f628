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

use super::mark::{ModifiedInFuture, ValidatorSourcePresent};
use super::selected::SelectedRepresentation;
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
/// The source runs before the handler, and before any inner layer that authenticates the
/// client. A 304 or 412 reveals that a resource exists, and which version it has. Put the
/// layer inside authentication.
// L-03, G-16
pub trait ValidatorSource {
    /// Resolves to what the application has: usually a [`Representation`], or anything else
    /// that converts into a [`SelectedRepresentation`].
    type Future: Future<Output: Into<SelectedRepresentation>>;

    /// Looks up the representation that this request selects.
    fn validators(&self, request: &Parts) -> Self::Future;

    /// Returns whether the source reads the validators from responses of the inner service,
    /// so that it knows the entity tags that an inner [`EntityTagLayer`](crate::EntityTagLayer)
    /// generates.
    ///
    /// If it does not, which is the default, no tag is generated: a request that names it
    /// would always fail.
    fn reads_inner_tags(&self) -> bool {
        false
    }
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
    Fut::Output: Into<SelectedRepresentation>,
{
    type Future = Fut;

    fn validators(&self, request: &Parts) -> Fut {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for FnSource<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}

/// A [`ValidatorSource`] that sends HEAD to a service and reads the validators of its
/// response, for services that know them cheaply, such as one that serves files.
///
/// It sends HEAD only for a decision that cannot be made later: for an unsafe request with a
/// precondition, and for a `Range` with an `If-Range`. A service that serves ranges without
/// evaluating `If-Range` would otherwise let a client join the bytes of two versions, and
/// without a source the layer has to send the complete representation instead.
///
/// Where the response to HEAD lacks the validator that the decision needs, the source sends
/// GET, and drops the body unread. That is the case for a service with an
/// [`EntityTagLayer`](crate::EntityTagLayer), which generates tags for GET only. Give the
/// source the very service that the layer wraps, the entity tag layer included. Strong
/// tags are needed there: a weak tag never satisfies `If-Match` or `If-Range`.
///
/// A 200 means a current representation, 404 and 410 a missing one, and anything else, an
/// error among it, one that is not known.
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

/// Fields of the request that a probe for the validators must not repeat.
const NOT_FORWARDED: [HeaderName; 10] = [
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
        let stated = Preconditions::new(&request.method, &request.headers);
        let decides = match request.method {
            Method::GET | Method::HEAD => request.headers.contains_key(RANGE) && request.headers.contains_key(IF_RANGE),
            // The response to QUERY is not the representation that GET returns.
            _ => stated.guards_a_write() && !stated.is_empty(),
        };
        let probe = decides.then(|| {
            let mut head = request.clone();
            for name in &NOT_FORWARDED {
                head.headers.remove(name);
            }
            // An inner entity tag layer is to generate its tag here.
            head.extensions.remove::<ValidatorSourcePresent>();
            Probe {
                service: self.service.clone(),
                request: head,
                next: Some(Method::HEAD),
                needs_validators: stated.needs_validators(),
                needs_entity_tag: stated.needs_entity_tag(),
                body: PhantomData,
            }
        });
        HeadFuture { probe, response: None, strong_dates: self.strong_dates, clock: self.clock.clone() }
    }

    fn reads_inner_tags(&self) -> bool {
        true
    }
}

/// Requests that have the fields of another, and no body.
struct Probe<S, B> {
    service: S,
    request: Parts,
    /// The method of the next request, until the service is ready for it.
    next: Option<Method>,
    needs_validators: bool,
    needs_entity_tag: bool,
    body: PhantomData<fn() -> B>,
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
        // `None` from the start where no request is needed.
        probe: Option<Probe<S, B>>,
        #[pin]
        response: Option<S::Future>,
        strong_dates: bool,
        clock: Clock,
    }
}

impl<S, B, R> Future for HeadFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Default,
{
    type Output = Representation;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Representation> {
        let mut this = self.project();
        let Some(probe) = this.probe else { return Poll::Ready(Representation::Unknown) };
        loop {
            if let Some(method) = &probe.next {
                if ready!(probe.service.poll_ready(cx)).is_err() {
                    return Poll::Ready(Representation::Unknown);
                }
                let mut request = Request::from_parts(probe.request.clone(), B::default());
                *request.method_mut() = method.clone();
                // What it is once the response is there.
                probe.request.method = method.clone();
                probe.next = None;
                this.response.set(Some(probe.service.call(request)));
            }
            let Some(response) = this.response.as_mut().as_pin_mut() else {
                return Poll::Ready(Representation::Unknown);
            };
            let response = match ready!(response.poll(cx)) {
                Ok(response) if response.status() == StatusCode::OK => response,
                Ok(response) if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) => {
                    return Poll::Ready(Representation::Missing);
                }
                Ok(_) | Err(_) => return Poll::Ready(Representation::Unknown),
            };
            let mut validators = Validators::from_headers(response.headers(), this.clock.now());
            if let Some(ModifiedInFuture(modified)) = response.extensions().get() {
                validators = validators.with_last_modified(*modified);
            }
            if probe.request.method == Method::HEAD && probe.lacks(&validators) {
                this.response.set(None);
                probe.next = Some(Method::GET);
                continue;
            }
            return Poll::Ready(Representation::Current(if *this.strong_dates {
                validators.modified_at_most_once_a_second()
            } else {
                validators
            }));
        }
    }
}

impl<S, B> Probe<S, B> {
    /// Whether the response to GET may have a validator that decides, and the one to HEAD has not.
    fn lacks(&self, validators: &Validators) -> bool {
        let has_none = validators.etag().is_none() && validators.last_modified().is_none();
        self.needs_validators && (has_none || (self.needs_entity_tag && validators.etag().is_none()))
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
