//! [`PurgeApi`]: from a purge to requests, and from a response to an outcome.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower_cache_policy::edge::purge::Purge;

use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};

/// The requests that purge one edge cache, and the meaning of its responses.
///
/// Each vendor type of this package implements this trait. Implement it for another cache to use that cache with a
/// [`Purger`](crate::Purger).
pub trait PurgeApi {
    /// Returns the name of the API for errors.
    fn name(&self) -> &'static str {
        "the cache"
    }

    /// Returns the requests that purge, in batches that the API accepts. They are independent of each other. An empty
    /// purge does not need any.
    ///
    /// # Errors
    ///
    /// Returns an error if the API does not support such a purge. It then does not return any requests, even if it
    /// supports a part of the purge.
    fn requests(&self, purge: &Purge) -> Result<Vec<Request<Bytes>>, PurgeError>;

    /// Interprets the response to one of the requests, with its complete body.
    ///
    /// By default, a status of 2xx is a success. The implementations for vendors also read the body and other statuses:
    /// Cloudflare returns a 200 with `"success": false`, and nginx and Squid return 404 or 412 for a URL that was not
    /// stored, which is [a separate kind of success](PurgeOutcome::NotStored). They run in linear time, and read at
    /// most 1 MiB.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing was purged. The error states whether to [retry](PurgeFailure::is_retryable).
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        PurgeFailure::unless_success(self.name(), response)
    }

    /// Returns the request for another attempt after a failure. APIs with a [`Signer`](crate::Signer) sign it again,
    /// because a signature is valid only for a short time.
    ///
    /// # Errors
    ///
    /// Returns an error if the request cannot be signed.
    fn renew(&self, request: &Request<Bytes>) -> Result<Request<Bytes>, PurgeError> {
        Ok(request.clone())
    }
}

macro_rules! through_a_pointer {
    ($($pointer:ty),*) => {$(
        impl<A: PurgeApi + ?Sized> PurgeApi for $pointer {
            fn name(&self) -> &'static str {
                (**self).name()
            }

            fn requests(&self, purge: &Purge) -> Result<Vec<Request<Bytes>>, PurgeError> {
                (**self).requests(purge)
            }

            fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
                (**self).judge(response)
            }

            fn renew(&self, request: &Request<Bytes>) -> Result<Request<Bytes>, PurgeError> {
                (**self).renew(request)
            }
        }
    )*};
}

through_a_pointer!(&A, Box<A>, Arc<A>);
