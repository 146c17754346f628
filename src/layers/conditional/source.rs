//! [`ValidatorSource`]: looks up validators before the handler runs.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::mark::{ModifiedInFuture, ValidatorSourcePresent};
use super::selected::SelectedRepresentation;
use crate::layers::Clock;
use crate::protocol::{Preconditions, Representation, Validators};

/// Looks up the validators for a request, so that a [`ConditionalLayer`](super::ConditionalLayer) can decide before
/// the handler runs.
///
/// Most applications pass a closure to [`ConditionalLayer::validators`](super::ConditionalLayer::validators).
/// Implement this trait for a source that needs its own type, and pass it to
/// [`ConditionalLayer::validator_source`](super::ConditionalLayer::validator_source):
///
/// ```
/// use std::collections::HashMap;
/// use std::future::{Ready, ready};
///
/// use http::request::Parts;
/// use tower_cache_policy::ConditionalLayer;
/// use tower_cache_policy::layers::conditional::ValidatorSource;
/// use tower_cache_policy::protocol::{EntityTag, Validators};
///
/// /// The entity tag of each page, by its path.
/// struct Pages(HashMap<String, EntityTag>);
///
/// impl ValidatorSource for Pages {
///     type Future = Ready<Option<Validators>>;
///
///     fn validators(&self, request: &Parts) -> Self::Future {
///         ready(self.0.get(request.uri.path()).map(|tag| Validators::new().with_etag(tag.clone())))
///     }
/// }
///
/// let layer = ConditionalLayer::new().validator_source(Pages(HashMap::new()));
/// # let _ = layer;
/// ```
///
/// # Warning
///
/// Put authentication outside the layer. The source runs before the handler and before all inner layers. A 304 or 412
/// reveals that a resource exists and what its current entity tag is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of validators",
    label = "expected a type that implements `ValidatorSource`, such as `HeadValidators`",
    note = "pass a closure to `validators` instead of `validator_source`: `validators(|request| ...)`"
)]
// L-03, G-16
pub trait ValidatorSource {
    /// The future of the lookup. Its output is usually a [`Representation`], [`Validators`], or an `Option` of them.
    /// Any type that converts into a [`SelectedRepresentation`] works.
    type Future: Future<Output: Into<SelectedRepresentation>>;

    /// Looks up the representation that this request selects.
    ///
    /// A lookup that fails should return [`Representation::Unknown`]. A lookup without a timeout can delay the
    /// request without limit.
    fn validators(&self, request: &Parts) -> Self::Future;

    /// Returns whether the source reads the validators from responses of the inner service. Such a source knows the
    /// entity tags that an inner [`EntityTagLayer`](crate::EntityTagLayer) generates.
    ///
    /// The default is `false`. Inner layers then generate no tags, because a later `If-Match` with such a tag would
    /// always fail.
    fn reads_inner_tags(&self) -> bool {
        false
    }
}

/// The source type of a [`ConditionalLayer`](super::ConditionalLayer) without a validator source. Such a layer
/// decides after the handler.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoSource;

/// A closure as a [`ValidatorSource`], created by
/// [`ConditionalLayer::validators`](super::ConditionalLayer::validators).
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}

/// A [`ValidatorSource`] that sends HEAD to a service and reads the validators from its response.
///
/// Use it for services that know their validators cheaply, such as a file service:
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
///
/// # When it sends a request
///
/// The source sends HEAD only for a decision that cannot be made later: for an unsafe request with a precondition,
/// and for a `Range` with an `If-Range`. Many file services ignore `If-Range`. A client could then combine bytes of two
/// representations. Without a source, the layer prevents this by sending the complete representation.
///
/// If the response to HEAD lacks the required validator, the source sends GET and drops the body unread. This
/// happens if the service has an [`EntityTagLayer`](crate::EntityTagLayer), which generates tags only for GET. Give
/// the source the same service that the layer wraps, including the entity tag layer. Use strong tags there, because
/// a weak tag never satisfies `If-Match` or `If-Range`.
///
/// # How it reads the response
///
/// | Status | Result |
/// |---|---|
/// | 200 | [`Representation::Current`] with the validators of the response |
/// | 404, 410 | [`Representation::Missing`] |
/// | any other status, or an error | [`Representation::Unknown`] |
pub struct HeadValidators<S, B> {
    service: S,
    strong_dates: bool,
    clock: Clock,
    body: PhantomData<fn() -> B>,
}

impl<S, B> HeadValidators<S, B> {
    /// Creates a source that sends its requests to `service`, with `B::default()` as their body.
    ///
    /// With it, a file service does not run for an unsafe request whose precondition fails, and a resumed download gets
    /// the rest of the file only if the file has not changed:
    ///
    /// ```
    /// use http::{Request, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::{ConditionalLayer, HeadValidators};
    /// use tower_http::services::ServeDir;
    ///
    /// # type Body = http_body_util::Empty<bytes::Bytes>;
    /// # let directory = tempfile::tempdir().unwrap();
    /// # std::fs::write(directory.path().join("film.mp4"), "0123456789").unwrap();
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let files = ServeDir::new(directory.path());
    /// let source = HeadValidators::<_, Body>::new(files.clone());
    /// let service = ServiceBuilder::new().layer(ConditionalLayer::new().validator_source(source)).service(files);
    ///
    /// let resume = Request::get("/film.mp4").header("range", "bytes=5-").header("if-range", "\"another-version\"");
    /// let response = service.oneshot(resume.body(Body::new()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::OK, "not 206: the client has a part of another file");
    /// # });
    /// ```
    pub const fn new(service: S) -> Self {
        Self { service, strong_dates: false, clock: Clock::system(), body: PhantomData }
    }

    /// States that no representation of the service changes twice within one second. The layer then accepts its
    /// `Last-Modified` as a strong validator for `If-Range`: see
    /// [`Validators::modified_at_most_once_a_second`] and the warning there.
    #[must_use]
    pub const fn modified_at_most_once_a_second(mut self) -> Self {
        self.strong_dates = true;
        self
    }

    /// Reads the time from this clock. The default is the system clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// Request fields that a request for validators must not repeat.
// P-08: with a field that names another method, a service could run the method before the precondition is evaluated.
const NOT_FORWARDED: [HeaderName; 14] = [
    CONTENT_ENCODING,
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
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
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
            _ => stated.is_unsafe_method() && !stated.is_empty(),
        };
        let probe = decides.then(|| {
            let mut head = request.clone();
            for name in &NOT_FORWARDED {
                head.headers.remove(name);
            }
            // An inner entity tag layer generates its tag for this request.
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

/// Requests with the fields of the client's request and without its body.
struct Probe<S, B> {
    service: S,
    request: Parts,
    /// The method of the next request, or `None` once it was sent.
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadValidators")
            .field("service", &self.service)
            .field("strong_dates", &self.strong_dates)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The lookup future of [`HeadValidators`].
    pub struct HeadFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        // `None` if the decision does not need a request.
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
                // Records the method of the request in flight.
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
    /// Returns whether the response to HEAD lacks the required validator. The response to GET may have it.
    fn lacks(&self, validators: &Validators) -> bool {
        let has_none = validators.etag().is_none() && validators.last_modified().is_none();
        self.needs_validators && (has_none || (self.needs_entity_tag && validators.etag().is_none()))
    }
}

impl<S, B> fmt::Debug for HeadFuture<S, B>
where
    S: Service<Request<B>>,
{
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadFuture").finish_non_exhaustive()
    }
}
