//! One purge: all requests, their attempts, and what came of them.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tower_cache_policy::edge::purge::Purge;
use tower_service::Service;

use super::error::PurgerError;
use super::service::{PurgeReport, Settings};
use crate::api::PurgeApi;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::MAX_BODY;
use crate::text::without_secrets;

/// The wait before the first retry, where the API does not name one. It doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);

pub(super) async fn purge<A, C, B>(
    api: &A,
    client: C,
    settings: Settings,
    purge: &Purge,
) -> Result<PurgeReport, PurgerError>
where
    A: PurgeApi + Sync,
    C: Service<Request<Bytes>, Response = Response<B>> + Clone + Send,
    C::Future: Send,
    C::Error: fmt::Display + Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: fmt::Display + Send,
{
    let requests = api.requests(purge)?;
    let count = requests.len();
    let run = Run { api, settings, retries_left: AtomicU32::new(settings.retries), stopped: AtomicBool::new(false) };
    let run = &run;
    let sent = requests.into_iter().map(move |request| run.send(client.clone(), request));
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
            // Not sent.
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

/// What the requests of one purge share.
struct Run<'a, A> {
    api: &'a A,
    settings: Settings,
    retries_left: AtomicU32,
    /// Set by a failure that each further request would have.
    stopped: AtomicBool,
}

impl<A: PurgeApi + Sync> Run<'_, A> {
    /// Sends one request, and repeats it. `None` if it was not sent at all.
    async fn send<C, B>(&self, client: C, mut request: Request<Bytes>) -> Option<Result<PurgeOutcome, PurgeFailure>>
    where
        C: Service<Request<Bytes>, Response = Response<B>> + Clone + Send,
        C::Future: Send,
        C::Error: fmt::Display + Send,
        B: Body + Send,
        B::Data: Send,
        B::Error: fmt::Display + Send,
    {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut wait = FIRST_WAIT;
        loop {
            let failure = match self.attempt(client.clone(), &request).await {
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

    async fn attempt<C, B>(&self, mut client: C, request: &Request<Bytes>) -> Result<PurgeOutcome, PurgeFailure>
    where
        C: Service<Request<Bytes>, Response = Response<B>> + Clone + Send,
        C::Future: Send,
        C::Error: fmt::Display + Send,
        B: Body + Send,
        B::Data: Send,
        B::Error: fmt::Display + Send,
    {
        let failure = |reason: &str| PurgeFailure::new(self.api.name(), reason).retryable();
        let response = async {
            let failed = |error: C::Error| failure(&redacted(&error, request));
            poll_fn(|cx| client.poll_ready(cx)).await.map_err(failed)?;
            let (head, body) = client.call(request.clone()).await.map_err(failed)?.into_parts();
            let body = match read(body).await {
                Ok(body) => body,
                Err((_, error)) if head.status.is_success() => return Err(failure(&redacted(&error, request))),
                // An error is an error without the end of its body, too.
                Err((start, _)) => start,
            };
            Ok(Response::from_parts(head, body))
        };
        let timeout = self.settings.timeout;
        match tokio::time::timeout(timeout, response).await {
            Ok(response) => self.api.judge(&response?),
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

/// The body up to what is read of one, and one byte more, so that a longer one is seen to be so. An
/// error comes with what was there before it.
async fn read<B: Body>(body: B) -> Result<Bytes, (Bytes, B::Error)> {
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    while read.len() <= MAX_BODY {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    let room = MAX_BODY + 1 - read.len();
                    read.put((&mut data).take(room));
                }
            }
            Some(Err(error)) => return Err((read.freeze(), error)),
        }
    }
    Ok(read.freeze())
}

/// The text of a client's error, which may quote the request.
fn redacted(error: &impl fmt::Display, request: &Request<Bytes>) -> String {
    without_secrets(&error.to_string(), secrets_of(request).iter().map(String::as_str))
}

/// The values of the request's sensitive fields, and the words of which they consist.
fn secrets_of(request: &Request<Bytes>) -> Vec<String> {
    /// The names of schemes and the like are shorter.
    const MIN_WORD: usize = 8;

    let mut secrets = Vec::new();
    let fields = request.headers().iter();
    for (_, value) in fields.filter(|(name, value)| value.is_sensitive() || *name == AUTHORIZATION) {
        let Ok(value) = value.to_str() else { continue };
        for word in value.split([' ', ',', ';']) {
            let word = word.split_once('=').map_or(word, |(_, value)| value);
            if word.len() >= MIN_WORD {
                secrets.push(word.to_owned());
            }
        }
        secrets.push(value.to_owned());
    }
    secrets
}
