//! [`PurgeApi`]: from a purge to requests, and from a response to an outcome.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower_cache_policy::edge::purge::Purge;

use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};

/// The requests that purge one edge cache, and the meaning of its responses.
///
/// Each vendor of this package implements it. Implement it for another cache to use it with a
/// [`Purger`](crate::Purger).
pub trait PurgeApi {
    /// The name of the API in errors.
    fn name(&self) -> &'static str {
        "the cache"
    }

    /// Returns the requests that purge, in batches that the API accepts. They are independent of
    /// each other. An empty purge has none.
    ///
    /// # Errors
    ///
    /// When the API does not have such a purge. There is then no request at all, also not for the
    /// part that the API has.
    fn requests(&self, purge: &Purge) -> Result<Vec<Request<Bytes>>, PurgeError>;

    /// Reads the response to one of the requests, with its complete body.
    ///
    /// By default, a status of 2xx is a success. The implementations of the vendors read what the
    /// vendor sends besides: Cloudflare returns a 200 with `"success": false`, and nginx and Squid
    /// return 404 or 412 for a URL that was not stored, which is
    /// [a success of its own kind](PurgeOutcome::NotStored). They take time in proportion to the
    /// body, and read at most 1 MiB.
    ///
    /// # Errors
    ///
    /// When nothing was purged. The error states whether to [retry](PurgeFailure::is_retryable).
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        PurgeFailure::unless_success(self.name(), response)
    }

    /// Returns a request again, for another attempt after a failure. APIs with a
    /// [`Signer`](crate::Signer) sign it again, because a signature is valid only for a short time.
    ///
    /// # Errors
    ///
    /// When it cannot be signed.
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
