//! Response parts and an extractor for axum handlers.
//!
//! - [`CachePolicy`] in a handler's answer is its word on storing it, which a
//!   [`CachePolicyLayer`](crate::CachePolicyLayer) around it renders.
//! - [`CacheTag`] and [`CacheTags`] in a handler's answer name it for a purge, by way of an
//!   [`EdgeLayer`](crate::EdgeLayer).
//! - [`Validators`] in a handler's answer set `ETag` and `Last-Modified`.
//! - [`Vary`] in a handler's answer adds to `Vary`: what
//!   [`SelectingFields`](crate::protocol::SelectingFields) recorded, for one.
#![cfg_attr(
    feature = "purge",
    doc = "- [`Purge`](crate::edge::purge::Purge) in a handler's response to a write is what a"
)]
#![cfg_attr(feature = "purge", doc = "  [`PurgeLayer`](crate::layers::purge::PurgeLayer) purges.")]
//! - A [table of routes](crate::policy#many-routes) and
//!   [`original_path`](crate::policy::original_path) go by axum's `OriginalUri`, so that a policy by
//!   path sees the whole path under `Router::nest`, and on method routers and nested services.
//! - [`Preconditions`] as an argument, for handlers that decide inside a transaction.
//!
//! ```
//! use axum::{Router, extract::Path, response::IntoResponse, routing::put};
//! use tower_cache_policy::axum_handler::PreconditionFailure;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators};
//!
//! async fn update(
//!     Path(id): Path<u32>,
//!     preconditions: Preconditions,
//!     body: String,
//! ) -> Result<impl IntoResponse, PreconditionFailure> {
//!     // Begin a transaction, and lock the row.
//!     let current = Representation::Current(
//!         Validators::new().with_etag(EntityTag::from_static("\"rev-7\"")),
//!     );
//!     preconditions.check(&current)?;
//!     // Write, and commit.
//!     Ok((CachePolicy::no_store(), format!("{id} is {body}")))
//! }
//!
//! let app: Router = Router::new().route("/articles/{id}", put(update));
//! ```

use std::convert::Infallible;
use std::fmt;
use std::time::SystemTime;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::StatusCode;
use http::request::Parts;

use crate::layers::conditional::{ConditionalBody, ModifiedInFuture};
use crate::policy::{CachePolicy, CacheTag, CacheTags};
use crate::protocol::{
    Evaluation, HttpDate, Outcome, Preconditions, Representation, Validators, Vary, into_not_modified,
    into_precondition_failed,
};

/// Puts the policy into the answer's extensions, where a layer finds it.
impl IntoResponseParts for CachePolicy {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

impl IntoResponse for CachePolicy {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// Puts the tags into the answer's extensions, after those that are there.
impl IntoResponseParts for CacheTags {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(response.extensions_mut());
        Ok(response)
    }
}

/// As [`CacheTags`].
impl IntoResponseParts for CacheTag {
    type Error = Infallible;

    fn into_response_parts(self, response: ResponseParts) -> Result<ResponseParts, Infallible> {
        CacheTags::from(self).into_response_parts(response)
    }
}

/// Adds the names to the `Vary` of the answer (K-06).
impl IntoResponseParts for Vary {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(response.headers_mut());
        Ok(response)
    }
}

/// Puts the purge into the response's extensions, where a
/// [`PurgeLayer`](crate::PurgeLayer) finds it, and unites it with one that is there.
#[cfg(feature = "purge")]
#[cfg_attr(docsrs, doc(cfg(feature = "purge")))]
impl IntoResponseParts for crate::edge::purge::Purge {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(response.extensions_mut());
        Ok(response)
    }
}

/// Sets `ETag` and `Last-Modified`. A date in the future is replaced by the present one, and decides
/// preconditions as it was.
impl IntoResponseParts for Validators {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        let now = now();
        self.write_to(response.headers_mut(), now);
        // V-14
        if let Some(modified) = self.last_modified().filter(|modified| *modified > now) {
            response.extensions_mut().insert(ModifiedInFuture(modified));
        }
        Ok(response)
    }
}

impl IntoResponse for Validators {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::new(&parts.method, &parts.headers))
    }
}

impl Preconditions {
    /// Holds the preconditions against what the application has, for a handler that
    /// returns the failure with `?` (feature `axum`).
    ///
    /// # Errors
    ///
    /// The 304 or 412 to answer with. Nothing must have been changed by then.
    pub fn check(&self, current: &Representation) -> Result<(), PreconditionFailure> {
        let evaluation = self.evaluate(current, now());
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

/// A request whose preconditions do not let it proceed. As a response it is the 304 or 412.
#[derive(Clone, Debug)]
pub struct PreconditionFailure {
    evaluation: Evaluation,
    current: Validators,
}

impl PreconditionFailure {
    /// What became of the request, and by which field.
    #[must_use]
    pub const fn evaluation(&self) -> Evaluation {
        self.evaluation
    }
}

impl fmt::Display for PreconditionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.evaluation.outcome() {
            Outcome::NotModified => "the client has the current representation",
            Outcome::PreconditionFailed | Outcome::Proceed => "a precondition of the request is false",
        })
    }
}

impl std::error::Error for PreconditionFailure {}

impl IntoResponse for PreconditionFailure {
    fn into_response(self) -> Response {
        // Not `Body::empty()`: axum would write `content-length: 0`, which a 304 must not have (N-03).
        let mut response = Response::new(Body::new(ConditionalBody::<Body>::default()));
        let headers = response.headers_mut();
        if self.evaluation.outcome() == Outcome::NotModified {
            self.current.write_to(headers, now());
            into_not_modified(headers);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            into_precondition_failed(headers);
            *response.status_mut() = StatusCode::PRECONDITION_FAILED;
        }
        response
    }
}

fn now() -> HttpDate {
    #[allow(clippy::disallowed_methods)] // Outside the layers there is no clock to ask.
    let time = SystemTime::now();
    HttpDate::from_system_time(time).unwrap_or(HttpDate::UNIX_EPOCH)
}
