//! Response parts and an extractor for axum handlers.
//!
//! # Response parts
//!
//! A handler returns these values alone or in a tuple with its content:
//!
//! - [`CachePolicy`] sets the policy of the response. An outer [`CachePolicyLayer`](crate::CachePolicyLayer) writes it
//!   as `Cache-Control` and `Vary`, instead of its own policy. Without such a layer, the value has no effect.
//! - [`StatusPolicy`] does the same for one status, such as a redirect that caches may store.
//! - [`CacheTag`] and [`CacheTags`] name the response for later purges. An outer [`EdgeLayer`](crate::EdgeLayer)
//!   sends them to the CDN.
//! - [`Validators`] sets `ETag` and `Last-Modified`.
//! - [`Vary`] adds field names to `Vary`, for example those that
//!   [`VaryRecorder`](crate::protocol::VaryRecorder) recorded.
//! - [`NoVarySearch`] lets caches ignore query parameters.
//! - [`ClearSiteData`] lets a browser delete its stored responses at sign-out.
#![cfg_attr(feature = "purge", doc = "- [`Purge`](crate::edge::purge::Purge) states which responses an outer")]
#![cfg_attr(feature = "purge", doc = "  [`PurgeLayer`](crate::layers::purge::PurgeLayer) purges from the CDN.")]
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::response::{Html, IntoResponse};
//! use axum::{Router, routing::get};
//! use tower_cache_policy::CachingLayer;
//! use tower_cache_policy::policy::CachePolicy;
//!
//! async fn news() -> impl IntoResponse {
//!     (CachePolicy::public(Duration::from_secs(60)), Html("<h1>News</h1>"))
//! }
//!
//! let app: Router = Router::new()
//!     .route("/news", get(news))
//!     .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE));
//! ```
//!
//! The feature is for axum 0.8. With axum 0.7, or without the feature, a handler returns its policy as
//! `axum::Extension(policy)`, with the same effect.
//!
//! # Paths
//!
//! A [table of routes](crate::policy#many-routes) and [`original_path`](crate::policy::original_path) read axum's
//! `OriginalUri`. A policy by path therefore applies to the complete path under `Router::nest`, on method routers and
//! in nested services.
//!
//! # Preconditions
//!
//! A handler that decides inside a transaction takes [`Preconditions`] as an argument. A failed precondition returns
//! 412 and leaves the stored data unchanged:
//!
//! ```
//! use axum::{Router, extract::Path, response::IntoResponse, routing::put};
//! use tower_cache_policy::axum_handler::PreconditionFailure;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::protocol::{Preconditions, Representation, Validators};
//!
//! async fn update(
//!     Path(id): Path<u32>,
//!     preconditions: Preconditions,
//!     body: String,
//! ) -> Result<impl IntoResponse, PreconditionFailure> {
//!     // Begin a transaction and lock the row.
//!     let current = Representation::Current(Validators::version(7));
//!     preconditions.check(&current)?;
//!     // Write the row and commit.
//!     Ok((CachePolicy::NO_STORE, format!("{id} is {body}")))
//! }
//!
//! let app: Router = Router::new().route("/articles/{id}", put(update));
//! ```

use std::convert::Infallible;
use std::fmt;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::StatusCode;
use http::request::Parts;

use crate::layers::conditional::{ConditionalBody, ModifiedInFuture};
use crate::policy::{CachePolicy, CacheTag, CacheTags, StatusPolicy};
use crate::protocol::{
    ClearSiteData, Evaluation, HttpDate, NoVarySearch, Outcome, Preconditions, Representation, Validators, Vary,
    into_not_modified, into_precondition_failed,
};

/// Adds the policy to the response extensions, where an outer layer reads it.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, body::Body, http::{Request, StatusCode}, response::IntoResponse, routing::get};
/// use tower::ServiceExt;
/// use tower_cache_policy::{CachingLayer, policy::CachePolicy};
///
/// const MINUTE: CachePolicy = CachePolicy::public(Duration::from_secs(60));
///
/// async fn news() -> impl IntoResponse {
///     (MINUTE, "news")
/// }
///
/// /// The policy of a failed lookup does not apply, because the response is an error.
/// async fn article() -> impl IntoResponse {
///     (MINUTE, Err::<(), _>(StatusCode::NOT_FOUND))
/// }
///
/// # tokio_test::block_on(async {
/// let app: Router = Router::new()
///     .route("/news", get(news))
///     .route("/articles/7", get(article))
///     .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE));
/// for (path, cache_control) in [("/news", "public, max-age=60"), ("/articles/7", "private, no-store")] {
///     let response = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
///     assert_eq!(response.headers()["cache-control"], cache_control);
/// }
/// # });
/// ```
impl IntoResponseParts for CachePolicy {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

/// Returns an empty 200 with this policy.
impl IntoResponse for CachePolicy {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// Adds the policy to the response extensions, where an outer layer reads it.
impl IntoResponseParts for StatusPolicy {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

/// Adds the tags to the response extensions, after any existing tags.
///
/// ```
/// use axum::response::IntoResponse;
/// use tower_cache_policy::policy::{CacheTag, CacheTags};
///
/// async fn article(id: u32) -> impl IntoResponse {
///     let one = CacheTag::new(format!("article-{id}")).expect("letters, digits and '-' are valid in a tag");
///     (CacheTags::from_iter([CacheTag::from_static("articles"), one]), "an article")
/// }
///
/// # tokio_test::block_on(async {
/// let response = article(7).await.into_response();
/// let tags = response.extensions().get::<CacheTags>().unwrap();
/// assert!(tags.iter().map(CacheTag::as_str).eq(["articles", "article-7"]));
/// # });
/// ```
impl IntoResponseParts for CacheTags {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(response.extensions_mut());
        Ok(response)
    }
}

/// Adds the tag to the response extensions, after any existing tags.
impl IntoResponseParts for CacheTag {
    type Error = Infallible;

    fn into_response_parts(self, response: ResponseParts) -> Result<ResponseParts, Infallible> {
        CacheTags::from(self).into_response_parts(response)
    }
}

/// Adds the names to the `Vary` field of the response. Existing names are preserved.
///
/// ```
/// use axum::response::IntoResponse;
/// use tower_cache_policy::protocol::Vary;
///
/// let mut vary = Vary::new();
/// vary.insert("accept-language");
/// let response = (vary, "Hallo").into_response();
/// assert_eq!(response.headers()["vary"], "accept-language");
/// ```
impl IntoResponseParts for Vary {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        // K-06
        self.add_to(response.headers_mut());
        Ok(response)
    }
}

/// Sets `No-Vary-Search`.
impl IntoResponseParts for NoVarySearch {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        // E-01
        self.write_to(response.headers_mut());
        Ok(response)
    }
}

/// Sets `Clear-Site-Data`. Return it with [`CachePolicy::NO_STORE`].
impl IntoResponseParts for ClearSiteData {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        // E-02
        self.write_to(response.headers_mut());
        Ok(response)
    }
}

/// Adds the purge to the response extensions, where an outer [`PurgeLayer`](crate::PurgeLayer) reads it. An existing
/// purge is merged with it.
///
/// ```
/// use axum::{http::StatusCode, response::IntoResponse};
/// use tower_cache_policy::edge::purge::Purge;
/// use tower_cache_policy::policy::CacheTag;
///
/// async fn delete() -> impl IntoResponse {
///     (StatusCode::NO_CONTENT, Purge::tags([CacheTag::from_static("article-7")]), ())
/// }
///
/// # tokio_test::block_on(async {
/// let response = delete().await.into_response();
/// assert!(response.extensions().get::<Purge>().unwrap().cache_tags().contains("article-7"));
/// # });
/// ```
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
impl IntoResponseParts for crate::edge::purge::Purge {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(response.extensions_mut());
        Ok(response)
    }
}

/// Sets `ETag` and `Last-Modified`.
///
/// If the modification date is in the future, `Last-Modified` is the current time
/// ([RFC 9110 section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.2.1)). An outer
/// [`ConditionalLayer`](crate::ConditionalLayer) still compares preconditions with the real date.
///
/// ```
/// use axum::response::IntoResponse;
/// use tower_cache_policy::protocol::{EntityTag, HttpDate, Validators};
///
/// let modified = HttpDate::from_unix_seconds(784_111_777).unwrap();
/// let validators = Validators::new().with_etag(EntityTag::from_static("\"rev-7\"")).with_last_modified(modified);
/// let response = (validators, "an article").into_response();
/// assert_eq!(response.headers()["etag"], "\"rev-7\"");
/// assert_eq!(response.headers()["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
impl IntoResponseParts for Validators {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        let now = HttpDate::now();
        self.write_to(response.headers_mut(), now);
        // V-14
        if let Some(modified) = self.last_modified().filter(|modified| *modified > now) {
            response.extensions_mut().insert(ModifiedInFuture(modified));
        }
        Ok(response)
    }
}

/// Returns an empty 200 with these validators.
impl IntoResponse for Validators {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// Reads the preconditions from the request fields. The extractor never rejects a request.
impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::new(&parts.method, &parts.headers))
    }
}

impl Preconditions {
    /// Evaluates the preconditions against the current representation, so that an axum handler can return a failure
    /// with `?` (feature `axum`).
    ///
    /// Call it inside the transaction, before the first change: a handler that returns 412 must not have changed
    /// anything ([RFC 9110 section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.1)).
    ///
    /// ```
    /// use axum::{http::{Method, Request}, response::IntoResponse};
    /// use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators};
    ///
    /// let (request, ()) = Request::put("/articles/7").header("if-match", "\"rev-6\"").body(()).unwrap().into_parts();
    /// let preconditions = Preconditions::new(&request.method, &request.headers);
    ///
    /// // Another client has changed the article in the meantime.
    /// let current = Representation::Current(Validators::new().with_etag(EntityTag::from_static("\"rev-7\"")));
    /// let failure = preconditions.check(&current).unwrap_err();
    /// assert_eq!(failure.to_string(), "a precondition of the request failed");
    /// assert_eq!(failure.into_response().status(), 412);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`PreconditionFailure`] if the preconditions do not let the request proceed. As a response, it is a
    /// 304 or a 412.
    pub fn check(&self, current: &Representation) -> Result<(), PreconditionFailure> {
        let evaluation = self.evaluate(current, HttpDate::now());
        match evaluation.outcome() {
            Outcome::Proceed => Ok(()),
            Outcome::NotModified | Outcome::PreconditionFailed => Err(PreconditionFailure {
                evaluation,
                current: match current {
                    Representation::Current(validators) => validators.clone(),
                    Representation::Missing | Representation::Unknown => Validators::new(),
                },
            }),
        }
    }
}

/// The failure of [`Preconditions::check`].
///
/// As a response, it is a 304 with the current validators, or a 412. Neither has content.
///
/// In a handler with its own error type, convert it:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use tower_cache_policy::axum_handler::PreconditionFailure;
///
/// enum SaveError {
///     Precondition(PreconditionFailure),
///     Database,
/// }
///
/// impl From<PreconditionFailure> for SaveError {
///     fn from(failure: PreconditionFailure) -> Self {
///         Self::Precondition(failure)
///     }
/// }
///
/// impl IntoResponse for SaveError {
///     fn into_response(self) -> Response {
///         match self {
///             Self::Precondition(failure) => failure.into_response(),
///             Self::Database => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
///         }
///     }
/// }
/// # let _ = SaveError::Database;
/// ```
#[derive(Clone, Debug)]
pub struct PreconditionFailure {
    evaluation: Evaluation,
    current: Validators,
}

impl PreconditionFailure {
    /// Returns the outcome and the request field that caused it.
    ///
    /// Use it for a log message, or for a page that explains the conflict.
    #[must_use]
    pub const fn evaluation(&self) -> Evaluation {
        self.evaluation
    }
}

impl fmt::Display for PreconditionFailure {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.evaluation.outcome() {
            Outcome::NotModified => "the client already has the current representation",
            Outcome::PreconditionFailed | Outcome::Proceed => "a precondition of the request failed",
        })
    }
}

impl std::error::Error for PreconditionFailure {}

impl IntoResponse for PreconditionFailure {
    fn into_response(self) -> Response {
        // N-03: axum would write `content-length: 0` for `Body::empty()`, which a 304 must not have.
        let mut response = Response::new(Body::new(ConditionalBody::<Body>::default()));
        let headers = response.headers_mut();
        if self.evaluation.outcome() == Outcome::NotModified {
            self.current.write_to(headers, HttpDate::now());
            into_not_modified(headers);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            into_precondition_failed(headers);
            *response.status_mut() = StatusCode::PRECONDITION_FAILED;
        }
        response
    }
}
