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

/// A `tower::Service<Purge>` that creates the requests of an API, sends them with an HTTP client, and interprets the
/// responses. You can pass it to a `PurgeLayer`.
///
/// The client is any `tower::Service<http::Request<Bytes>>` that returns an `http::Response`. The [crate
/// page](crate#with-reqwest) has an example with `reqwest`. The client must not follow redirects: it could send a
/// credential to another host, and a redirected `PURGE` becomes a GET.
///
/// # What is repeated
///
/// The purger retries a request after a timeout, after an error of the client, and after a
/// [retryable](crate::PurgeFailure::is_retryable) failure. Before that, it waits for the time of `Retry-After`, or for
/// 0.25 s, 0.5 s, 1 s and so on. If `Retry-After` is longer than [`max_wait`](Self::max_wait), the purge fails
/// immediately, because an earlier attempt would be useless. All requests of one purge share the number of
/// [`retries`](Self::retries).
///
/// If a request fails, the other requests are usually still sent. They are not sent after a 401 or 403, after a failure
/// with `Retry-After`, or if there was no response, because they would fail in the same way.
///
/// # Time
///
/// A purge takes at most the timeout for each request and each retry, and `max_wait` for each retry: by default, 35 s
/// for a purge of one request, if the API does not respond. A [`PurgeLayer`](tower_cache_policy::PurgeLayer) sends its
/// response after the purge. To limit the purge as a whole, put `tower::timeout` around the purger.
///
/// # Several caches
///
/// A purger for several caches passes a clone of the purge to the purger of each cache, and waits for all of them. The
/// purge then reaches the other caches even if one cache does not respond:
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
/// The future panics outside of a Tokio runtime with a timer.
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
    /// Creates a purger for one API, with a client that sends the requests.
    pub fn new(api: A, client: C) -> Self {
        let (timeout, max_wait) = (Duration::from_secs(5), Duration::from_secs(5));
        Self { api: Arc::new(api), client, settings: Settings { timeout, retries: 3, max_wait, concurrency: 1 } }
    }

    /// Limits the time of each attempt, including the client's readiness and the complete response. The default is 5 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { settings: Settings { timeout, ..self.settings }, ..self }
    }

    /// Limits the retries of all requests of a purge together. The default is 3. With 0, no request is retried.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { settings: Settings { retries, ..self.settings }, ..self }
    }

    /// Limits the wait before a retry. The default is 5 s.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { settings: Settings { max_wait, ..self.settings }, ..self }
    }

    /// Limits how many requests of a purge run at the same time. The minimum and the default are 1. A higher limit is
    /// useful if an API needs many requests for one purge, like Bunny, which accepts one tag in each request.
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
    /// Returns the number of requests that the API accepted.
    #[must_use]
    pub const fn purged(self) -> usize {
        self.purged
    }

    /// Returns the number of requests for which nothing was stored.
    #[must_use]
    pub const fn not_stored(self) -> usize {
        self.not_stored
    }

    /// Returns the number of retries.
    #[must_use]
    pub const fn retries(self) -> usize {
        self.retries
    }
}
