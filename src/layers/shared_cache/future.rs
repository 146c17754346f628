//! [`ResponseFuture`]: waits for the inner service, or for another request to it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::request::Parts as RequestParts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::SharedCacheBody;
use super::config::{Config, Core};
use super::exchange::{Exchange, Stale};
use super::flight::{First, Flight};
use super::flights::{Boarding, Drive, Joined, Landing, MAX_WAITING, Progress, Reservation};
use super::invalidate::Invalidation;
use super::plan::{Plan, Signs};
use super::reply::Client;
use super::stats::count;
use super::task::BackgroundTask;
use super::tee::Tee;
use super::waiters::Waiter;
use crate::edge::{CacheStatusReport, ForwardReason};
use crate::protocol::{HttpDate, into_not_modified};
use crate::store::{Found, KeyBuffer, KeyRef, Moment, PrimaryKey, Selection, Usability};

/// The number of other requests that one request waits for, one after the other.
const MAX_ROUNDS: u8 = 2;

pin_project! {
    /// The future of a [`SharedCacheService`](super::SharedCacheService).
    pub struct ResponseFuture<S, Q, B>
    where
        S: Service<Request<Q>, Response = Response<B>>,
        B: Body,
    {
        #[pin]
        state: State<S, Q, B, S::Future, S::Error>,
        // `None` if the response is ready, so that no counter is shared with other threads.
        cache: Option<Cache>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q, B: Body, F, E> {
        // The response is ready.
        Ready { response: Option<Response<SharedCacheBody<B>>> },
        // The inner service handles the request, and its response is not stored.
        Passing { #[pin] inner: F, passage: Option<Passage> },
        // The inner service handles the request, and its response may be stored.
        First { flight: Arc<Flight<F, B, E>>, waiting: Option<(Waiter, Own<S>, Arc<RequestParts>)> },
        // The client needs no content, and the body is collected for the store.
        // The flight is held so that others can join it meanwhile.
        Collecting {
            tee: Arc<Tee<B>>,
            waiter: Waiter,
            flight: Arc<dyn Drive>,
            response: Option<Response<SharedCacheBody<B>>>,
        },
        // Another request is under way.
        Waiting { joined: Joined, request: Option<Request<Q>>, own: Option<Own<S>> },
        // The request has to be passed to the inner service, as soon as that is ready.
        Repeating { request: Option<Request<Q>>, own: Option<Own<S>> },
    }
}

/// The cache and its settings.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    pub(super) config: Arc<Config>,
    pub(super) core: Arc<Core>,
    pub(super) space: u32,
}

/// What is needed to handle a request again.
struct Own<S> {
    service: S,
    reason: ForwardReason,
    rounds: u8,
}

/// What remains to be done with a response that is passed through.
struct Passage {
    report: Option<CacheStatusReport>,
    invalidation: Option<Invalidation>,
}

impl<S, Q, B> ResponseFuture<S, Q, B>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    Q: Body,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    /// Handles a request with a service that is ready.
    pub(super) fn new(cache: &Cache, service: &mut S, request: Request<Q>) -> Self {
        let state = State::begin(cache, service, request, 0);
        let is_ready = matches!(state, State::Ready { .. });
        Self { state, cache: (!is_ready).then(|| cache.clone()) }
    }
}

impl<S, Q, B> State<S, Q, B, S::Future, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    Q: Body,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    fn begin(cache: &Cache, service: &mut S, request: Request<Q>, rounds: u8) -> Self {
        let stats = &cache.core.stats;
        let mut buffer = KeyBuffer::new();
        match Plan::of(&cache.config, cache.space, &request, &mut buffer) {
            Plan::Through => Self::Passing { inner: service.call(request), passage: None },
            Plan::OtherMethod => {
                count(&stats.bypassed);
                let invalidation = Invalidation::of(&cache.config, &request);
                let passage = Some(Passage { report: None, invalidation });
                Self::Passing { inner: service.call(request), passage }
            }
            Plan::Bypass(detail) => {
                count(&stats.bypassed);
                Self::pass(service, request, Plan::bypass(detail))
            }
            Plan::LookUp(key, signs) => Self::look_up(cache, service, request, key, signs, rounds),
        }
    }

    fn pass(service: &mut S, request: Request<Q>, report: CacheStatusReport) -> Self {
        let passage = Some(Passage { report: Some(report), invalidation: None });
        Self::Passing { inner: service.call(request), passage }
    }

    fn look_up(cache: &Cache, service: &mut S, request: Request<Q>, key: KeyRef<'_>, signs: Signs, rounds: u8) -> Self {
        let Cache { config, core, .. } = cache;
        // Before the lookup, so that a purge from now on covers the response.
        let moment = core.purges.moment();
        let now = config.clock.now();
        let (found, usability) = core.find(key, request.headers(), now);
        let client = Client::of(&request, signs);
        if let (Found::Record(record), Usability::Fresh(ttl)) = (&found, usability) {
            debug_assert!(config.keys.admits(key), "a response is stored only under a key that is admitted");
            core.stats.hits.count();
            return Self::Ready { response: Some(client.reply(config, record, now, hit(ttl))) };
        }
        if !config.keys.admits(key) {
            count(&core.stats.bypassed);
            return Self::pass(service, request, Plan::bypass("key"));
        }
        let key = key.to_owned();
        let directives = signs.directives(request.headers());
        let may_fill = signs.may_fill(directives);
        let started_since = config.waits_for_since(now);
        let (reason, stale, expected) = match (found, usability) {
            (Found::Record(record), Usability::Stale { staleness, while_revalidating, on_error }) => {
                let expected = Selection::of(&record.head().headers, request.headers(), config.selection_rules());
                let spawner = config.spawner.as_ref().filter(|_| may_fill && config.coalesces);
                let is_under_way = while_revalidating && core.flights.is_under_way(&key, started_since);
                if while_revalidating && (is_under_way || spawner.is_some()) {
                    count(&core.stats.stale);
                    let response = client.reply(config, &record, now, stale_hit(staleness));
                    // One request revalidates, and the others get the stale response meanwhile.
                    if let Some(spawner) = spawner.filter(|_| !is_under_way) {
                        let own = Progress::new(moment, now, expected);
                        let boarding = core.flights.board(&key, request.headers(), own, started_since, || None::<()>);
                        if let Boarding::First(place) = boarding {
                            let stale = Stale { record, on_error, when_disconnected: false, is_validated: false };
                            let takeoff = Takeoff { key: key.clone(), signs, moment, now, stale: Some(stale), place };
                            if let Ok((flight, waiter, _)) = takeoff.start(cache, service, request) {
                                let progress = Arc::clone(flight.progress());
                                spawner.spawn(BackgroundTask::new(Joined::own(key, waiter, progress, flight)));
                            }
                        }
                    }
                    return Self::Ready { response: Some(response) };
                }
                let when_disconnected =
                    !record.head().terms.forbids_stale && staleness < config.stale_when_disconnected;
                (
                    ForwardReason::Stale,
                    Some(Stale { record, on_error, when_disconnected, is_validated: false }),
                    expected,
                )
            }
            (Found::OtherVariants(record), _) => {
                let expected = Selection::of(&record.head().headers, request.headers(), config.selection_rules());
                (ForwardReason::VaryMiss, None, expected)
            }
            (Found::Nothing | Found::Record(_), _) => (ForwardReason::UriMiss, None, None),
        };
        if directives.only_if_cached {
            let mut response = Response::new(SharedCacheBody::nothing());
            *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
            config.report(CacheStatusReport::forwarded(ForwardReason::Request), response.headers_mut());
            return Self::Ready { response: Some(response) };
        }
        count(&core.stats.misses);
        // A 206 is not stored, and neither is the response to HEAD, which has no content.
        if !may_fill {
            return Self::pass(service, request, CacheStatusReport::forwarded(reason));
        }
        // The last response was not stored, so this one is not likely to be.
        if stale.is_none() && core.is_marked(&key, now) {
            return Self::pass(service, request, CacheStatusReport::forwarded(reason));
        }
        // What cannot be used without a revalidation is of no use to others.
        let is_for_others = stale.as_ref().is_none_or(|stale| stale.record.head().terms.can_be_fresh());
        let coalesces = config.coalesces && is_for_others;
        let own = Own { service: service.clone(), reason, rounds };
        let progress = Progress::new(moment, now, expected);
        let place = if coalesces {
            let stored = || match core.find(&key, request.headers(), now) {
                (Found::Record(record), Usability::Fresh(ttl)) => Some((record, ttl)),
                _ => None,
            };
            match core.flights.board(&key, request.headers(), progress, started_since, stored) {
                Boarding::First(place) => place,
                Boarding::Joined(joined) => return Self::Waiting { joined, own: Some(own), request: Some(request) },
                Boarding::Stored((record, ttl)) => {
                    let response = client.reply(config, &record, now, hit(ttl));
                    return Self::Ready { response: Some(response) };
                }
            }
        } else {
            Reservation::alone(progress)
        };
        let takeoff = Takeoff { key, signs, moment, now, stale, place };
        match takeoff.start(cache, service, request) {
            Ok((flight, waiter, parts)) => Self::First { flight, waiting: Some((waiter, own, parts)) },
            Err(request) => Self::pass(service, *request, CacheStatusReport::forwarded(reason)),
        }
    }
}

/// A request that is about to be passed to the inner service, whose response may be stored.
struct Takeoff {
    key: PrimaryKey,
    signs: Signs,
    moment: Moment,
    now: HttpDate,
    stale: Option<Stale>,
    place: Reservation,
}

type Started<F, B, E> = (Arc<Flight<F, B, E>>, Waiter, Arc<RequestParts>);

impl Takeoff {
    /// Calls the inner service. Returns the request if it cannot be waited for.
    fn start<S, Q, B>(
        mut self,
        cache: &Cache,
        service: &mut S,
        request: Request<Q>,
    ) -> Result<Started<S::Future, B, S::Error>, Box<Request<Q>>>
    where
        S: Service<Request<Q>, Response = Response<B>>,
        S::Future: Send + 'static,
        S::Error: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Send,
    {
        let Cache { config, core, .. } = cache;
        let progress = Arc::clone(self.place.progress());
        let Some(waiter) = progress.waiters.join(MAX_WAITING) else { return Err(Box::new(request)) };
        let (parts, body) = request.into_parts();
        let parts = Arc::new(parts);
        let mut request = Request::from_parts((*parts).clone(), body);
        // The complete response is stored, and the conditions are evaluated with it.
        if self.signs.is_conditional {
            request.headers_mut().remove(IF_NONE_MATCH);
            request.headers_mut().remove(IF_MODIFIED_SINCE);
        }
        if let Some(stale) = &mut self.stale {
            stale.add_validators(request.headers_mut(), self.now);
        }
        let facts = config.rules.facts(&request);
        facts.leave_in(&mut request);
        let exchange = Exchange {
            config: Arc::clone(config),
            core: Arc::clone(core),
            key: self.key,
            request: Arc::clone(&parts),
            facts,
            has_cookie: self.signs.has_cookie,
            moment: self.moment,
            requested: self.now,
            stale: self.stale,
            progress,
        };
        let flight = Flight::start(service.call(request), exchange, self.place);
        Ok((flight, waiter, parts))
    }
}

impl<S, Q, B> Future for ResponseFuture<S, Q, B>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    Q: Body + Default,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Output = Result<Response<SharedCacheBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let StateProjection::Ready { response } = this.state.as_mut().project() {
            return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
        }
        let Some(cache) = &*this.cache else { return Poll::Pending };
        let Cache { config, core, .. } = cache;
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Ready { response } => {
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StateProjection::Passing { inner, passage } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some(passage) = passage.take() {
                        passage.finish(core, config, &mut response);
                    }
                    return Poll::Ready(Ok(response.map(SharedCacheBody::inner)));
                }
                StateProjection::First { flight, waiting } => {
                    let Some((waiter, ..)) = waiting.as_ref() else { return Poll::Pending };
                    let first = ready!(flight.poll_first(waiter, cx));
                    let Some((waiter, own, parts)) = waiting.take() else { return Poll::Pending };
                    let drive: Arc<dyn Drive> = Arc::<Flight<S::Future, B, S::Error>>::clone(flight);
                    match own.first(config, core, first, &parts, waiter, drive) {
                        Next::Done(result) => return Poll::Ready(result),
                        Next::State(state) => state,
                    }
                }
                StateProjection::Collecting { tee, waiter, response, .. } => {
                    ready!(tee.poll_collected(waiter, cx));
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StateProjection::Waiting { joined, request, own } => {
                    let landing = ready!(joined.poll_landing(cx));
                    let (Some(request), Some(own)) = (request.take(), own.take()) else { return Poll::Pending };
                    own.landed(config, core, &landing, &joined.key, request)
                }
                StateProjection::Repeating { request, own } => {
                    let Some(waiting) = own.as_mut() else { return Poll::Pending };
                    ready!(waiting.service.poll_ready(cx))?;
                    let (Some(request), Some(mut own)) = (request.take(), own.take()) else { return Poll::Pending };
                    if own.rounds < MAX_ROUNDS {
                        State::begin(cache, &mut own.service, request, own.rounds)
                    } else {
                        State::pass(&mut own.service, request, CacheStatusReport::forwarded(own.reason))
                    }
                }
            };
            this.state.set(next);
        }
    }
}

enum Next<S, Q, B: Body, F, E> {
    Done(Result<Response<SharedCacheBody<B>>, E>),
    State(State<S, Q, B, F, E>),
}

impl<S> Own<S> {
    /// Continues with the result of a flight that this request caused.
    fn first<Q, B, F, E>(
        mut self,
        config: &Arc<Config>,
        core: &Core,
        first: First<B, E>,
        parts: &RequestParts,
        waiter: Waiter,
        drive: Arc<dyn Drive>,
    ) -> Next<S, Q, B, F, E>
    where
        Q: Body + Default,
        B: Body<Data = Bytes>,
    {
        let client = Client::of_parts(parts);
        let now = config.clock.now();
        let done = |response| Next::Done(Ok(response));
        let forwarded = CacheStatusReport::forwarded(self.reason);
        match first {
            First::Collected(mut head, tee) => {
                config.report(forwarded.with_fwd_status(head.status).with_stored(), &mut head.headers);
                if client.has_current(head.status, &head.headers, now) {
                    head.status = StatusCode::NOT_MODIFIED;
                    into_not_modified(&mut head.headers);
                    let response = Some(Response::from_parts(head, SharedCacheBody::nothing()));
                    return Next::State(State::Collecting { tee, waiter, flight: drive, response });
                }
                done(Response::from_parts(head, SharedCacheBody::collected(tee, waiter, drive)))
            }
            First::Passed(response) => {
                let (mut head, body) = response.into_parts();
                config.report(forwarded.with_fwd_status(head.status), &mut head.headers);
                if client.has_current(head.status, &head.headers, now) {
                    head.status = StatusCode::NOT_MODIFIED;
                    into_not_modified(&mut head.headers);
                    return done(Response::from_parts(head, SharedCacheBody::nothing()));
                }
                done(Response::from_parts(head, SharedCacheBody::inner(body)))
            }
            First::Confirmed { record, is_stored } => {
                count(&core.stats.revalidated);
                let report = forwarded.with_fwd_status(StatusCode::NOT_MODIFIED);
                done(client.reply(config, &record, now, if is_stored { report.with_stored() } else { report }))
            }
            First::Failed(record) => {
                count(&core.stats.stale);
                let staleness = record.age(now).saturating_sub(record.head().terms.lifetime);
                done(client.reply(config, &record, now, stale_hit(staleness)))
            }
            First::Error(error) => Next::Done(Err(error)),
            First::Again => {
                let request = Request::from_parts(parts.clone(), Q::default());
                // It must not wait again, because the result would be the same.
                self.rounds = MAX_ROUNDS;
                Next::State(State::Repeating { request: Some(request), own: Some(self) })
            }
        }
    }

    /// Continues with the result of a flight that another request caused.
    fn landed<Q, B, F, E>(
        mut self,
        config: &Arc<Config>,
        core: &Core,
        landing: &Landing,
        key: &PrimaryKey,
        request: Request<Q>,
    ) -> State<S, Q, B, F, E>
    where
        B: Body<Data = Bytes>,
    {
        let now = config.clock.now();
        let client = Client::waiting(&request);
        match landing {
            Landing::Stored(record) if record.head().selection.matches(request.headers()) => {
                // A purge may have come since.
                match record.usability(key, now, &core.purges) {
                    Usability::Fresh(_) => {
                        count(&core.stats.collapsed);
                        let report = CacheStatusReport::forwarded(self.reason).with_collapsed();
                        let response = client.reply(config, record, now, report);
                        return State::Ready { response: Some(response) };
                    }
                    Usability::Stale { .. } | Usability::Purged => self.rounds = MAX_ROUNDS,
                }
            }
            Landing::Failed(record)
                if record.head().selection.matches(request.headers())
                    && record.moment_is_current(key, &core.purges) =>
            {
                count(&core.stats.stale);
                let staleness = record.age(now).saturating_sub(record.head().terms.lifetime);
                let response = client.reply(config, record, now, stale_hit(staleness));
                return State::Ready { response: Some(response) };
            }
            // The response is for another variant, so the request may wait for its own.
            Landing::Stored(_) | Landing::Failed(_) => self.rounds += 1,
            Landing::NotShared => self.rounds = MAX_ROUNDS,
        }
        State::Repeating { request: Some(request), own: Some(self) }
    }
}

impl Passage {
    fn finish<B>(self, core: &Core, config: &Config, response: &mut Response<B>) {
        if let Some(invalidation) = self.invalidation {
            invalidation.apply(core, response.status(), response.headers());
        }
        if let Some(report) = self.report {
            config.report(report.with_fwd_status(response.status()), response.headers_mut());
        }
    }
}

/// The report about a fresh response.
fn hit(ttl: u64) -> CacheStatusReport {
    CacheStatusReport::hit().with_ttl(i64::try_from(ttl).unwrap_or(i64::MAX))
}

/// The report about a stale response.
fn stale_hit(staleness: u64) -> CacheStatusReport {
    CacheStatusReport::hit().with_ttl(i64::try_from(staleness).map_or(i64::MIN, |seconds| -seconds))
}

impl<S, Q, B> fmt::Debug for ResponseFuture<S, Q, B>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
