//! Runs one purge: all requests, their attempts, and the outcome.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{Request, Response, StatusCode};
use tower_cache_policy::edge::purge::Purge;

use super::error::PurgerError;
use super::exchange::secrets_of;
use super::service::{PurgeReport, Settings};
use crate::api::PurgeApi;
use crate::outcome::{PurgeFailure, PurgeOutcome};

/// The pause before the first retry, if the API does not specify one. It doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Runs a purge. `exchange` sends one request, and returns its response or the text of an error.
pub(super) async fn purge<A, E, F>(
    api: &A,
    exchange: E,
    settings: Settings,
    purge: &Purge,
) -> Result<PurgeReport, PurgerError>
where
    A: PurgeApi,
    E: Fn(Request<Bytes>) -> F + Clone,
    F: Future<Output = Result<Response<Bytes>, String>>,
{
    let requests = api.requests(purge)?;
    let count = requests.len();
    let run = Run { api, settings, retries_left: AtomicU32::new(settings.retries), stopped: AtomicBool::new(false) };
    let run = &run;
    let sent = requests.into_iter().map(move |request| run.send(exchange.clone(), request));
    let mut results = pin!(stream::iter(sent).buffer_unordered(settings.concurrency));

    let mut report = PurgeReport::default();
    let (mut first, mut failed) = (None, 0);
    while let Some(result) = results.next().await {
        match result {
            Some(Ok(PurgeOutcome::Purged)) => report.purged += 1,
            Some(Ok(PurgeOutcome::NotStored)) => report.not_stored += 1,
            Some(Err(failure)) => {
                failed += 1;
                first.get_or_insert(failure);
            }
            // The request is not sent.
            None => {}
        }
    }
    report.retries = (settings.retries - run.retries_left.load(Ordering::Relaxed)) as usize;
    match first {
        None => Ok(report),
        Some(first) => {
            let not_sent = count - failed - report.purged - report.not_stored;
            Err(PurgerError::Failed { first, failed, not_sent, requests: count })
        }
    }
}

/// The state that the requests of one purge share.
struct Run<'a, A> {
    api: &'a A,
    settings: Settings,
    retries_left: AtomicU32,
    /// Set by a failure that would also occur for each further request.
    stopped: AtomicBool,
}

impl<A: PurgeApi> Run<'_, A> {
    /// Sends one request, and retries it. Returns `None` if the request was not sent at all.
    async fn send<F>(
        &self,
        exchange: impl Fn(Request<Bytes>) -> F,
        mut request: Request<Bytes>,
    ) -> Option<Result<PurgeOutcome, PurgeFailure>>
    where
        F: Future<Output = Result<Response<Bytes>, String>>,
    {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut wait = FIRST_WAIT;
        loop {
            let failure = match self.attempt(exchange(request.clone())).await {
                Ok(outcome) => return Some(Ok(outcome)),
                Err(failure) => failure.redacted(secrets_of(&request).iter().map(String::as_str)),
            };
            let own_pause = wait.min(self.settings.max_wait);
            let pause = failure.retry_after().map_or(own_pause, |after| after.max(own_pause));
            if !failure.is_retryable() || pause > self.settings.max_wait || !self.takes_a_retry() {
                return Some(Err(self.given_up(failure)));
            }
            tokio::time::sleep(pause).await;
            wait = wait.saturating_mul(2);
            request = match self.api.renew(&request) {
                Ok(request) => request,
                Err(error) => return Some(Err(PurgeFailure::new(self.api.name(), &error.to_string()))),
            };
        }
    }

    async fn attempt(
        &self,
        response: impl Future<Output = Result<Response<Bytes>, String>>,
    ) -> Result<PurgeOutcome, PurgeFailure> {
        let failure = |reason: &str| PurgeFailure::new(self.api.name(), reason).retryable();
        let timeout = self.settings.timeout;
        match tokio::time::timeout(timeout, response).await {
            Ok(Ok(response)) => self.api.judge(&response),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(failure(&format!("no complete response within {} ms", timeout.as_millis()))),
        }
    }

    fn takes_a_retry(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.retries_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn given_up(&self, failure: PurgeFailure) -> PurgeFailure {
        let is_common = matches!(failure.status(), None | Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN));
        if is_common || failure.retry_after().is_some() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        failure
    }
}
