//! [`PurgeApi`]: from a purge to requests.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::error::PurgeError;
use super::value::Purge;

/// How an edge cache is told what to forget.
///
/// Every vendor of this module has one, and a cache of your own may have another.
pub trait PurgeApi {
    /// The requests that purge, in batches that the API takes. They are independent of one another,
    /// and an empty purge has none.
    ///
    /// An answer that is not 2xx, or a body that tells of an error, is for the client to look at.
    /// Where nothing was stored, [`Squid`](super::Squid) and [`Nginx`](super::Nginx) answer 404, and
    /// some versions of the module of nginx 412: that is no failure.
    ///
    /// # Errors
    ///
    /// When the API has no such purge. Then there is no request at all, also for that part which
    /// it has.
    fn requests(&self, purge: &Purge) -> Result<Vec<Request<Full<Bytes>>>, PurgeError>;
}
