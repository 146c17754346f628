//! [`ResponseFuture`]: waits for the response and for the purge.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderName, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::failed::PurgeFailed;
use super::trace;
use crate::edge::purge::Purge;
use crate::protocol::set_field;

const CACHE_GROUP_INVALIDATION: HeaderName = HeaderName::from_static("cache-group-invalidation");

pin_project! {
    /// The future of a [`PurgeService`](super::PurgeService).
    pub struct ResponseFuture<F, P: Service<Purge>, B> {
        #[pin]
        state: State<F, P, P::Future>,
        // The response, while the purge runs.
        response: Option<(Response<B>, Purge)>,
        announce_groups: bool,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, P, G> {
        // The purger is `None` if nothing may be purged, for example after a safe method.
        Handling {
            #[pin]
            inner: F,
            purger: Option<P>,
        },
        // The purge, until the purger is ready.
        Waiting { purger: P },
        Purging {
            #[pin]
            purging: G,
        },
        Done,
    }
}

impl<F, P: Service<Purge>, B> ResponseFuture<F, P, B> {
    pub(super) const fn new(inner: F, purger: Option<P>, announce_groups: bool) -> Self {
        Self { state: State::Handling { inner, purger }, response: None, announce_groups }
    }
}

impl<F, P, B, E> Future for ResponseFuture<F, P, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    P: Service<Purge>,
    P::Error: fmt::Display,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let outcome = loop {
            match this.state.as_mut().project() {
                StateProjection::Handling { inner, purger } => {
                    let mut response = ready!(inner.poll(cx))?;
                    let purger = purger.take();
                    // The purge is always removed, so that an outer layer does not run it again.
                    let purge = response.extensions_mut().remove::<Purge>();
                    let (Some(purge), Some(purger)) = (purge, purger) else {
                        this.state.set(State::Done);
                        return Poll::Ready(Ok(response));
                    };
                    if purge.is_empty() || !invalidates(response.status()) {
                        this.state.set(State::Done);
                        return Poll::Ready(Ok(response));
                    }
                    *this.response = Some((response, purge));
                    this.state.set(State::Waiting { purger });
                }
                StateProjection::Waiting { purger } => match ready!(purger.poll_ready(cx)) {
                    Ok(()) => {
                        let (_, purge) = this.response.as_ref().expect("the response is set while the purge runs");
                        let purging = purger.call(purge.clone());
                        this.state.set(State::Purging { purging });
                    }
                    Err(error) => break Err(error),
                },
                StateProjection::Purging { purging } => break ready!(purging.poll(cx)).map(drop),
                // The future has completed.
                StateProjection::Done => return Poll::Pending,
            }
        };
        this.state.set(State::Done);
        let (mut response, purge) = this.response.take().expect("the response is set while the purge runs");
        // I-03: the purger exists only after an unsafe method, and the response is a success.
        if *this.announce_groups
            && let Some(groups) = purge.cache_group_invalidation()
        {
            set_field(response.headers_mut(), CACHE_GROUP_INVALIDATION, groups);
        }
        if let Err(error) = outcome {
            let failed = PurgeFailed::new(purge, &error);
            trace::event(&failed);
            response.extensions_mut().insert(failed);
        }
        Poll::Ready(Ok(response))
    }
}

impl<F, P: Service<Purge>, B> fmt::Debug for ResponseFuture<F, P, B> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Returns whether a response with this status invalidates stored responses (RFC 9111 section 4.4).
// I-01
fn invalidates(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}
