//! [`Purger`]: the service, and its settings.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_cache_policy::edge::purge::Purge;
use tower_service::Service;

use super::error::PurgerError;
use super::exchange::exchange;
use super::run;
use crate::api::PurgeApi;

/// A `tower::Service<Purge>` that makes the requests of an API, sends them with an HTTP client, and
/// judges the responses. A `PurgeLayer` takes it as it is.
///
/// The client is any `tower::Service<http::Request<Bytes>>` that returns an `http::Response`. The
/// [front page](crate#with-reqwest) shows it with `reqwest`. The client must not follow redirects:
/// it could send a credential elsewhere, and a `PURGE` that is redirected becomes a GET.
///
/// # What is repeated
///
/// A request is repeated after a timeout, after an error of the client, and after a response that
/// [may be another one later](crate::PurgeFailure::is_retryable). It waits for the time of
/// `Retry-After`, or for 0.25 s, 0.5 s, 1 s and so on. If `Retry-After` is longer than
/// [`max_wait`](Self::max_wait), the purge fails at once, since an earlier attempt is of no use. All
/// requests of one purge share the number of [`retries`](Self::retries).
///
/// If a request fails, the others are sent nevertheless. They are not sent after a 401 or 403, after
/// a failure with `Retry-After`, or when there was no response, because they would fail in the same
/// way.
///
/// # Time
///
/// A purge takes at most the timeout for each request and each retry, and `max_wait` for each
/// retry: by default 35 s for a purge of one request, if the API does not respond. A
/// [`PurgeLayer`](tower_cache_policy::PurgeLayer) sends its response after the purge. To limit the
/// purge as a whole, put `tower::timeout` around the purger.
///
/// # Several caches
///
/// One purger for several caches passes a clone of the purge to each of them, and waits for all, so
/// that a cache that does not respond does not keep the purge from the others:
///
/// ```
/// use futures_util::future::join_all;
/// use tower::{Service, service_fn};
/// use tower_cache_policy::PurgeLayer;
/// use tower_cache_policy_purge::{Purge, PurgeReport, Purger, PurgerError, Varnish};
///
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # let client = service_fn(async |_: Request<Bytes>| Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default())));
/// let caches = ["http://10.0.0.7:6081", "http://10.0.0.8:6081"];
/// let purgers = caches.map(|url| Varnish::new(url).map(|varnish| Purger::new(varnish, client.clone())));
/// let purgers = purgers.into_iter().collect::<Result<Vec<_>, _>>()?;
///
/// let purger = service_fn(move |purge: Purge| {
///     let purging: Vec<_> = purgers.clone().iter_mut().map(|purger| purger.call(purge.clone())).collect();
///     async { join_all(purging).await.into_iter().collect::<Result<Vec<PurgeReport>, PurgerError>>() }
/// });
/// let layer = PurgeLayer::new(purger);
/// # Ok::<_, tower_cache_policy_purge::PurgeError>(())
/// ```
///
/// # Panics
///
/// Its future panics outside of a Tokio runtime with a timer.
pub struct Purger<A, C> {
    api: Arc<A>,
    client: C,
    settings: Settings,
}

/// The limits of a purge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) retries: u32,
    pub(super) max_wait: Duration,
    pub(super) concurrency: usize,
}

impl<A, C> Purger<A, C> {
    /// A purger for one API, over a client.
    pub fn new(api: A, client: C) -> Self {
        let (timeout, max_wait) = (Duration::from_secs(5), Duration::from_secs(5));
        Self { api: Arc::new(api), client, settings: Settings { timeout, retries: 3, max_wait, concurrency: 1 } }
    }

    /// Limits each attempt, from the client's readiness to the end of the response. 5 s by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { settings: Settings { timeout, ..self.settings }, ..self }
    }

    /// Limits the retries of all requests of a purge together. 3 by default; 0 repeats nothing.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { settings: Settings { retries, ..self.settings }, ..self }
    }

    /// Limits the wait before a retry. 5 s by default.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { settings: Settings { max_wait, ..self.settings }, ..self }
    }

    /// Limits how many requests of a purge are under way at a time, at least 1. 1 by default. It
    /// matters where an API needs many requests for one purge, as Bunny does, which takes one tag in
    /// each.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { settings: Settings { concurrency: concurrency.max(1), ..self.settings }, ..self }
    }
}

impl<A, C: Clone> Clone for Purger<A, C> {
    fn clone(&self) -> Self {
        Self { api: Arc::clone(&self.api), client: self.client.clone(), settings: self.settings }
    }
}

impl<A: PurgeApi, C> fmt::Debug for Purger<A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purger")
            .field("api", &self.api.name())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<A, C, B> Service<Purge> for Purger<A, C>
where
    A: PurgeApi + Send + Sync + 'static,
    C: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + 'static,
    C::Future: Send,
    C::Error: fmt::Display + Send,
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display + Send,
{
    type Response = PurgeReport;
    type Error = PurgerError;
    type Future = Purging;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), PurgerError>> {
        // Each attempt includes the readiness of the client.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, purge: Purge) -> Purging {
        let Self { api, client, settings } = self.clone();
        let send = move |request| exchange(client.clone(), request);
        Purging(Box::pin(async move { run::purge(&*api, send, settings, &purge).await }))
    }
}

/// The future of a [`Purger`].
// The future is boxed, because an allocation costs little compared with a network request, and an async function is
// easier to read.
pub struct Purging(Pin<Box<dyn Future<Output = Result<PurgeReport, PurgerError>> + Send>>);

impl Future for Purging {
    type Output = Result<PurgeReport, PurgerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Purging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purging").finish_non_exhaustive()
    }
}

/// The result of a [`Purger`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    pub(super) purged: usize,
    pub(super) not_stored: usize,
    pub(super) retries: usize,
}

impl PurgeReport {
    /// How many requests the API accepted.
    #[must_use]
    pub const fn purged(self) -> usize {
        self.purged
    }

    /// How many requests named nothing that was stored.
    #[must_use]
    pub const fn not_stored(self) -> usize {
        self.not_stored
    }

    /// How many times a request was repeated.
    #[must_use]
    pub const fn retries(self) -> usize {
        self.retries
    }
}
