//! [`ConditionalLayer`]: configuration only.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::Method;
use http::request::Parts;
use tower_layer::Layer;

use super::config::{InnerCoding, RequiredPreconditions, Settings};
use super::mark::ValidatorSourcePresent;
use super::selected::SelectedRepresentation;
use super::service::ConditionalService;
use super::source::{FnSource, NoSource, ValidatorSource};
use crate::layers::Clock;
use crate::layers::cache_policy::NoPolicy;
use crate::layers::shared::{Shared, Table};
use crate::policy::Development;

/// Evaluates the preconditions of requests and returns 304, 412 and 428. See the [module docs](super) for an example.
pub struct ConditionalLayer<V = NoSource> {
    /// `None` for [`NoSource`].
    source: Option<Arc<V>>,
    settings: Arc<Settings>,
}

impl ConditionalLayer {
    /// Creates a layer without a validator source.
    ///
    /// It evaluates the preconditions of GET, HEAD and QUERY after the handler, with the validators of the response.
    /// The handler must evaluate those of other methods. [`validators`](ConditionalLayer::validators) changes both.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::ConditionalLayer;
    ///
    /// # tokio_test::block_on(async {
    /// // The handler sets the tag, and the layer compares it.
    /// let service = ServiceBuilder::new().layer(ConditionalLayer::new()).service_fn(async |_: Request<()>| {
    ///     let response = Response::builder().header("etag", "\"v7\"").body(Full::<Bytes>::from("seven"));
    ///     Ok::<_, Infallible>(response.unwrap())
    /// });
    /// for (tags, status) in [("\"v6\", \"v7\"", StatusCode::NOT_MODIFIED), ("\"v6\"", StatusCode::OK)] {
    ///     let request = Request::get("/").header("if-none-match", tags).body(()).unwrap();
    ///     assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status);
    /// }
    /// # });
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings { inner_coding: Some(InnerCoding::new(false)), ..Settings::new() };
        Self { source: None, settings: Arc::new(settings) }
    }
}

impl<V> ConditionalLayer<V> {
    /// Decides before the handler, for every method, from the validators that this closure looks up.
    ///
    /// The closure receives the request without its body and returns a future of one of these:
    ///
    /// - a [`Representation`](crate::protocol::Representation),
    /// - [`Validators`](crate::protocol::Validators), if the representation always exists,
    /// - an `Option` of `Validators`, where `None` means that the resource does not exist,
    /// - a pair of one of these and the [`CachePolicy`](crate::policy::CachePolicy) of the 200: see
    ///   [`SelectedRepresentation`]. With an `Option`, the pair is inside it.
    ///
    /// ```
    /// use tower_cache_policy::ConditionalLayer;
    /// use tower_cache_policy::protocol::{EntityTag, Validators};
    ///
    /// async fn revision(path: &str) -> Option<u64> {
    ///     // Usually a database lookup.
    ///     (path == "/articles/1").then_some(7)
    /// }
    ///
    /// let layer = ConditionalLayer::new().validators(|request| {
    ///     let path = request.uri.path().to_owned();
    ///     async move {
    ///         let revision = revision(&path).await?;
    ///         Some(Validators::new().with_etag(EntityTag::strong(&format!("rev-{revision}")).ok()?))
    ///     }
    /// });
    /// # let _ = layer;
    /// ```
    ///
    /// # Warning
    ///
    /// Put authentication outside this layer. A 304 or 412 reveals that a resource exists: see [`ValidatorSource`].
    #[inline]
    pub fn validators<F, Fut>(self, source: F) -> ConditionalLayer<FnSource<F>>
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future,
        Fut::Output: Into<SelectedRepresentation>,
    {
        self.validator_source(FnSource::new(source))
    }

    /// Like [`validators`](ConditionalLayer::validators), for any [`ValidatorSource`], such as
    /// [`HeadValidators`](super::HeadValidators).
    #[inline]
    pub fn validator_source<W: ValidatorSource>(self, source: W) -> ConditionalLayer<W> {
        let mark = (!source.reads_inner_tags()).then_some(ValidatorSourcePresent::ForAllTags);
        self.with_source(source, mark)
    }

    /// Like [`validator_source`](Self::validator_source), for a stack whose entity tag layer is not part of the
    /// service that the source reads.
    #[inline]
    pub(crate) fn validator_source_inside_tags<W: ValidatorSource>(self, source: W) -> ConditionalLayer<W> {
        let mark = if source.reads_inner_tags() {
            ValidatorSourcePresent::ForOutermostTags
        } else {
            ValidatorSourcePresent::ForAllTags
        };
        self.with_source(source, Some(mark))
    }

    #[inline]
    fn with_source<W>(self, source: W, mark: Option<ValidatorSourcePresent>) -> ConditionalLayer<W> {
        let Self { settings, .. } = self.with(|settings| settings.mark = mark);
        ConditionalLayer { source: Some(Arc::new(source)), settings }
    }

    /// Assumes from the start that an inner layer compresses responses to GET.
    #[inline]
    pub(crate) fn with_inner_coding(self) -> Self {
        self.with(|settings| settings.inner_coding = Some(InnerCoding::new(true)))
    }

    /// Returns 428 for an unsafe request without an effective precondition
    /// ([RFC 6585 section 3](https://www.rfc-editor.org/rfc/rfc6585.html#section-3)).
    ///
    /// Two clients that edit the same resource then cannot overwrite each other's changes by accident, provided that the
    /// precondition is evaluated: by this layer if it has a [validator source](Self::validators), otherwise by the handler
    /// with [`Preconditions::evaluate`](crate::protocol::Preconditions::evaluate). The 428 contains a short text that
    /// explains how to repeat the request.
    ///
    /// These preconditions are effective: `If-Match`, an `If-None-Match` with a valid tag or `*`, a valid
    /// `If-Unmodified-Since` for a resource that has a modification date, and a well-formed WebDAV `If`, which the
    /// application evaluates.
    ///
    /// Every method that is not registered as safe is unsafe. That includes POST, methods that the inner service
    /// does not support, and gRPC calls, which never have preconditions. To require preconditions only for some
    /// methods, use [`require_preconditions_for`](Self::require_preconditions_for).
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::{BodyExt, Full};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::ConditionalLayer;
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(ConditionalLayer::new().require_preconditions())
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("saved"))));
    /// let response = service.oneshot(Request::put("/articles/7").body(()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED);
    /// assert_eq!(response.headers()["cache-control"], "private, no-store");
    /// let text = response.into_body().collect().await.unwrap().to_bytes();
    /// assert!(text.starts_with(b"This resource accepts only conditional changes"));
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn require_preconditions(self) -> Self {
        self.with(|settings| settings.required = RequiredPreconditions::AllUnsafeMethods)
    }

    /// Like [`require_preconditions`](Self::require_preconditions), for these methods only. A later call of either
    /// method replaces the earlier one.
    ///
    /// Leave out `POST` if it creates resources: the client does not have an entity tag to send. Safe methods never
    /// need a precondition, even if they are listed.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Method, Request, Response, StatusCode};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::ConditionalLayer;
    ///
    /// # tokio_test::block_on(async {
    /// let layer = ConditionalLayer::new().require_preconditions_for([Method::PUT, Method::PATCH, Method::DELETE]);
    /// let service = ServiceBuilder::new()
    ///     .layer(layer)
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    /// for (method, status) in [(Method::POST, StatusCode::OK), (Method::DELETE, StatusCode::PRECONDITION_REQUIRED)] {
    ///     let request = Request::builder().method(method).body(()).unwrap();
    ///     assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status);
    /// }
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn require_preconditions_for(self, methods: impl IntoIterator<Item = Method>) -> Self {
        let methods = methods.into_iter().collect();
        self.with(|settings| settings.required = RequiredPreconditions::Methods(methods))
    }

    /// Forwards `Range` to an inner service that evaluates all preconditions itself, including `If-Range`.
    ///
    /// The layer then does not need a source to prove `If-Range`, and it forwards a `Range` that comes with
    /// `If-None-Match` or `If-Modified-Since`.
    ///
    /// ```
    /// use http::{Request, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::ConditionalLayer;
    /// # #[cfg(feature = "assets")] {
    /// use tower_cache_policy::assets::EmbeddedFiles;
    ///
    /// # tokio_test::block_on(async {
    /// // This service evaluates `If-Range` itself.
    /// let files = EmbeddedFiles::new([("film.mp4", b"0123456789".as_slice())]).unwrap();
    /// let service = ServiceBuilder::new().layer(ConditionalLayer::new().inner_handles_if_range()).service(files);
    ///
    /// let first = service.clone().oneshot(Request::get("/film.mp4").body(()).unwrap()).await.unwrap();
    /// let resume = Request::get("/film.mp4").header("range", "bytes=5-").header("if-range", &first.headers()["etag"]);
    /// let rest = service.oneshot(resume.body(()).unwrap()).await.unwrap();
    /// assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    /// assert_eq!(rest.headers()["content-range"], "bytes 5-9/10");
    /// # }); }
    /// ```
    ///
    /// # Warning
    ///
    /// Do not use this if the service ignores `If-Range`, as tower-http's `ServeDir` does. A client that resumes a
    /// download would then combine bytes of two different representations.
    #[must_use]
    #[inline]
    pub fn inner_handles_if_range(self) -> Self {
        self.with(|settings| settings.inner_handles_if_range = true)
    }

    /// Adds a [`ConditionalReason`](super::ConditionalReason) to the extensions of each 304, 412 and 428 that the
    /// layer returns, for example for a log.
    ///
    /// This is off by default because it allocates.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::ConditionalLayer;
    /// use tower_cache_policy::layers::conditional::ConditionalReason;
    /// use tower_cache_policy::protocol::{Condition, EntityTag, Validators};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = ConditionalLayer::new()
    ///     .validators(|_| async { Validators::new().with_etag(EntityTag::from_static("\"v7\"")) })
    ///     .record_decisions();
    /// let service = ServiceBuilder::new()
    ///     .layer(layer)
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    /// let request = Request::put("/").header("if-match", "\"v6\"").body(()).unwrap();
    /// let response = service.oneshot(request).await.unwrap();
    /// assert_eq!(response.status(), 412);
    /// let reason = response.extensions().get::<ConditionalReason>().unwrap();
    /// assert_eq!(*reason, ConditionalReason::BeforeHandler(Condition::IfMatch));
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn record_decisions(self) -> Self {
        self.with(|settings| settings.record = true)
    }

    /// Reads the time from this clock. The default is the system clock.
    #[must_use]
    #[inline]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Sends the complete response to a GET if the [switch](Development) is on, even if the client has a stored
    /// response that would get a 304: while developing, the content can change without its validators.
    ///
    /// Preconditions of unsafe requests and [required](Self::require_preconditions) ones apply as before.
    #[must_use]
    #[inline]
    pub fn development(self, switch: impl Into<Development>) -> Self {
        self.with(|settings| settings.development = switch.into().is_on())
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    ///
    /// # Warning
    ///
    /// With `false`, unsafe requests are not protected either.
    #[must_use]
    #[inline]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|settings| settings.enabled = enabled)
    }

    #[inline]
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for ConditionalLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, V> Layer<S> for ConditionalLayer<V> {
    type Service = ConditionalService<S, V>;

    fn layer(&self, inner: S) -> ConditionalService<S, V> {
        self.with_policy(inner, NoPolicy)
    }
}

impl<V> ConditionalLayer<V> {
    /// Wraps a service with the layer and a policy around it.
    pub(crate) fn with_policy<S, P>(&self, inner: S, policy: P) -> ConditionalService<S, V, P> {
        static SETTINGS: Table<Settings> = Table::new();
        let is_usual = self.settings.clock.is_system();
        let settings =
            if is_usual { SETTINGS.share(&self.settings) } else { Shared::Counted(Arc::clone(&self.settings)) };
        ConditionalService::new(inner, self.source.clone(), settings, policy)
    }
}

impl<V> Clone for ConditionalLayer<V> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), settings: Arc::clone(&self.settings) }
    }
}

impl<V: fmt::Debug> fmt::Debug for ConditionalLayer<V> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalLayer").field("source", &self.source).field("settings", &self.settings).finish()
    }
}
