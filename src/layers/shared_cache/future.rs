//! [`ResponseFuture`]: waits for the inner service, or for another request to it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, IF_MODIFIED_SINCE, IF_NONE_MATCH, TRANSFER_ENCODING};
use http::request::Parts as RequestParts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::SharedCacheBody;
use super::config::{Config, Core, Mode};
use super::event::{NotStored, Observed, SharedCacheEvent, SharedCacheOutcome};
use super::exchange::{Exchange, Stale};
use super::flight::{First, Flight};
use super::flights::{Boarding, Finish, Joined, Landing, Reservation};
use super::invalidate::Invalidation;
use super::plan::{Plan, Signs};
use super::reply::Client;
use super::second_level::{IsFresh, LookedUp};
use super::stats::count;
use super::tee::Tee;
use super::time_limit::TimeLimit;
use crate::edge::{CacheStatusReport, ForwardReason};
use crate::layers::HttpRequest;
use crate::layers::bypass::{is_grpc_call, is_grpc_exchange};
use crate::protocol::{HttpDate, into_not_modified};
use crate::store::{Found, KeyBuffer, KeyRef, Moment, PrimaryKey, RemoteFuture, Selection, Usability};

/// The number of other requests that one request waits for, one after the other.
const MAX_ROUNDS: u8 = 2;

pin_project! {
    /// The future of a [`SharedCacheService`](super::SharedCacheService).
    pub struct ResponseFuture<S, R, B>
    where
        R: HttpRequest,
        S: Service<R, Response = Response<B>>,
        B: Body,
    {
        #[pin]
        state: State<S, R::Body, B, S::Future, S::Error>,
        // `None` if the response is ready, so that no counter is shared with other threads.
        cache: Option<Cache>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q, B: Body, F, E> {
        // The response is ready.
        Ready { response: Option<Response<SharedCacheBody<B>>> },
        // The request is looked up in the second level.
        LookingUp { lookup: RemoteFuture<LookedUp>, waiting: Option<Box<(Takeoff, Request<Q>, Own<S>)>> },
        // The inner service handles the request, and its response is not stored.
        Passing { #[pin] inner: F, passage: Option<Passage> },
        // The inner service handles the request, and its response may be stored.
        First { flight: Arc<Flight<F, B, E>>, waiting: Option<(Joined, Own<S>, Arc<RequestParts>)> },
        // The client does not need the content, and the body is collected for the store.
        // The flight is held so that others can join it in the meantime.
        Collecting {
            tee: Arc<Tee<B>>,
            flight: Joined,
            response: Option<Response<SharedCacheBody<B>>>,
            // The time until which the client waits for the body. Set when it begins to wait.
            limit: Option<TimeLimit>,
        },
        // Another request is in progress.
        Waiting { joined: Joined, key: PrimaryKey, request: Option<Request<Q>>, own: Option<Own<S>> },
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

impl Cache {
    /// Returns the function that determines whether a record for a key is fresh.
    fn freshness(&self, key: &PrimaryKey) -> IsFresh {
        let (Self { config, core, .. }, key) = (self.clone(), key.clone());
        Arc::new(move |record| matches!(core.usability(&key, record, config.clock.now()), Usability::Fresh(_)))
    }
}

/// The data that is needed to handle a request again.
struct Own<S> {
    service: S,
    signs: Signs,
    reason: ForwardReason,
    rounds: u8,
    /// The time until which the request waits for others. Set when it begins to wait.
    limit: Option<TimeLimit>,
}

/// The remaining work on a response that is passed through.
#[derive(Default)]
struct Passage {
    report: Option<CacheStatusReport>,
    invalidation: Option<Invalidation>,
    /// The stored response that the response to HEAD may update.
    exchange: Option<Box<Exchange>>,
}

impl<S, R, B> ResponseFuture<S, R, B>
where
    R: HttpRequest<Body: Body>,
    S: Service<R, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    /// Handles a request with a service that is ready.
    pub(super) fn new(cache: &Cache, service: &mut S, request: Request<R::Body>) -> Self {
        let state = State::begin::<R>(cache, service, request, 0);
        let is_ready = matches!(state, State::Ready { .. });
        Self { state, cache: (!is_ready).then(|| cache.clone()) }
    }
}

impl<S, Q, B, F, E> State<S, Q, B, F, E>
where
    S: Clone,
    Q: Body,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    E: Send + 'static,
{
    fn begin<R>(cache: &Cache, service: &mut S, request: Request<Q>, rounds: u8) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        let stats = &cache.core.stats;
        let mut buffer = KeyBuffer::new();
        match Plan::of(&cache.config, cache.space, &request, &mut buffer) {
            Plan::Through => Self::Passing { inner: service.call(R::from_http(request)), passage: None },
            Plan::OtherMethod => {
                count(&stats.bypassed);
                let invalidation = Invalidation::of(&cache.config, &request);
                if let Some((key, signs)) = Self::plan_for_get(cache, &request) {
                    return Self::post::<R>(cache, service, request, key, signs, invalidation);
                }
                cache.config.observe(|| bypass(&request, "method"));
                let passage = Some(Passage { invalidation, ..Passage::default() });
                Self::Passing { inner: service.call(R::from_http(request)), passage }
            }
            Plan::Bypass(detail) => {
                count(&stats.bypassed);
                cache.config.observe(|| bypass(&request, detail));
                Self::pass::<R>(service, request, Plan::bypass(detail))
            }
            Plan::LookUp(key, signs) => Self::look_up::<R>(cache, service, request, key, signs, rounds),
        }
    }

    /// Passes a request through whose response is not stored.
    fn miss<R>(
        config: &Config,
        service: &mut S,
        request: Request<Q>,
        reason: ForwardReason,
        not_stored: NotStored,
    ) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        config.observe(|| miss(&request, reason, not_stored));
        Self::pass::<R>(service, request, CacheStatusReport::forwarded(reason))
    }

    fn pass<R>(service: &mut S, request: Request<Q>, report: CacheStatusReport) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        let passage = Some(Passage { report: Some(report), ..Passage::default() });
        Self::Passing { inner: service.call(R::from_http(request)), passage }
    }

    /// Returns the plan for a GET in place of a POST, because the response to the POST may also be the response to that
    /// GET. Returns `None` if the response to the POST is never stored.
    // M-02
    fn plan_for_get(cache: &Cache, request: &Request<Q>) -> Option<(PrimaryKey, Signs)> {
        let Cache { config, .. } = cache;
        if request.method() != Method::POST || config.mode != Mode::Fields {
            return None;
        }
        let mut get = Request::new(String::new());
        *get.uri_mut() = request.uri().clone();
        *get.headers_mut() = request.headers().clone();
        *get.extensions_mut() = request.extensions().clone();
        get.headers_mut().remove(CONTENT_LENGTH);
        get.headers_mut().remove(TRANSFER_ENCODING);
        let mut buffer = KeyBuffer::new();
        match Plan::of(config, cache.space, &get, &mut buffer) {
            Plan::LookUp(key, signs)
                if signs.may_fill(signs.directives(get.headers()))
                    && !signs.is_conditional
                    && config.keys.admits(key) =>
            {
                Some((key.to_owned(), signs))
            }
            _ => None,
        }
    }

    /// Passes a POST to the inner service. If its response is the one to a GET of the same URL, it is stored.
    fn post<R>(
        cache: &Cache,
        service: &mut S,
        request: Request<Q>,
        key: PrimaryKey,
        signs: Signs,
        invalidation: Option<Invalidation>,
    ) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        let Cache { config, core, .. } = cache;
        let (moment, now) = (core.purges.moment(), config.clock.now());
        let place = Reservation::alone(config.progress(moment, now, None));
        let reason = ForwardReason::Method;
        let own = Own { service: service.clone(), signs, reason, rounds: MAX_ROUNDS, limit: None };
        let takeoff =
            Takeoff { key, signs, moment, now, stale: None, invalidation, place, reason, is_in_background: false };
        match takeoff.start::<_, R, _>(cache, service, request) {
            Ok((flight, joined, parts)) => Self::First { flight, waiting: Some((joined, own, parts)) },
            Err(request) => Self::miss::<R>(config, service, *request, reason, NotStored::Recently),
        }
    }

    fn look_up<R>(
        cache: &Cache,
        service: &mut S,
        request: Request<Q>,
        key: KeyRef<'_>,
        signs: Signs,
        rounds: u8,
    ) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        let Cache { config, core, .. } = cache;
        // Before the lookup, so that a purge from now on covers the response.
        let moment = core.purges.moment();
        let now = config.clock.now();
        let (found, usability) = core.find(key, request.headers(), now);
        let client = Client::of(&request, signs);
        if let (Found::Record(record), Usability::Fresh(ttl)) = (&found, usability) {
            debug_assert!(config.keys.admits(key), "a response is stored only under a key that is admitted");
            core.stats.hits.count();
            config.observe(|| event(&request, SharedCacheOutcome::Hit).with_record(record, now));
            return Self::Ready { response: Some(client.reply(config, record, now, hit(ttl))) };
        }
        if !config.keys.admits(key) {
            count(&core.stats.bypassed);
            config.observe(|| bypass(&request, "key"));
            return Self::pass::<R>(service, request, Plan::bypass("key"));
        }
        let key = key.to_owned();
        let directives = signs.directives(request.headers());
        let may_fill = signs.may_fill(directives);
        let started_since = config.waits_for_since(now);
        let (reason, stale, expected) = match (found, usability) {
            (Found::Record(record), Usability::Stale { staleness, while_revalidating, on_error }) => {
                let expected = Selection::of(&record.head().headers, request.headers(), config.selection_rules());
                let has_spawner = config.spawner.is_some() && may_fill && config.coalesces;
                let is_under_way = while_revalidating && core.flights.is_under_way(&key, started_since, now);
                if while_revalidating && (is_under_way || has_spawner) {
                    count(&core.stats.stale);
                    config.observe(|| event(&request, SharedCacheOutcome::Stale).with_record(&record, now));
                    let response = client.reply(config, &record, now, stale_hit(staleness));
                    // One request revalidates, and the others get the stale response in the meantime.
                    if has_spawner && !is_under_way {
                        let own = config.progress(moment, now, expected);
                        let boarding = core.flights.board(&key, request.headers(), own, started_since, || None::<()>);
                        if let Boarding::First(place) = boarding {
                            let stale = Stale { record, on_error, when_disconnected: false, is_validated: false };
                            let stale = Some(stale);
                            let takeoff = Takeoff {
                                key,
                                signs,
                                moment,
                                now,
                                stale,
                                invalidation: None,
                                place,
                                reason: ForwardReason::Stale,
                                is_in_background: true,
                            };
                            if let Ok((_, joined, _)) = takeoff.start::<_, R, _>(cache, service, request) {
                                config.finish(joined);
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
            config.observe(|| {
                miss(&request, ForwardReason::Request, NotStored::Request).with_status(StatusCode::GATEWAY_TIMEOUT)
            });
            config.report(CacheStatusReport::forwarded(ForwardReason::Request), response.headers_mut());
            return Self::Ready { response: Some(response) };
        }
        if signs.is_head && !directives.no_store && stale.is_some() {
            count(&core.stats.misses);
            let place = Reservation::alone(config.progress(moment, now, None));
            let takeoff =
                Takeoff { key, signs, moment, now, stale, invalidation: None, place, reason, is_in_background: false };
            config.observe(|| miss(&request, reason, NotStored::Request));
            let report = CacheStatusReport::forwarded(reason);
            return takeoff.head::<_, R, _, _, _>(cache, service, request, report);
        }
        // A 206 is not stored, and neither is the response to HEAD, which has no content.
        if !may_fill {
            count(&core.stats.misses);
            return Self::miss::<R>(config, service, request, reason, NotStored::Request);
        }
        // The last response was not stored, so this one is not likely to be.
        if stale.is_none() && core.is_marked(&key, now) {
            count(&core.stats.misses);
            return Self::miss::<R>(config, service, request, reason, NotStored::Recently);
        }
        // Other requests cannot use a response that needs a revalidation before each reuse.
        let is_for_others = stale.as_ref().is_none_or(|stale| stale.record.head().terms.can_be_fresh());
        let coalesces = config.coalesces && is_for_others;
        let mut own = Own { service: service.clone(), signs, reason, rounds, limit: None };
        let progress = config.progress(moment, now, expected);
        let place = if coalesces {
            let stored = || match core.find(&key, request.headers(), now) {
                (Found::Record(record), Usability::Fresh(ttl)) => Some((record, ttl)),
                _ => None,
            };
            match core.flights.board(&key, request.headers(), progress, started_since, stored) {
                Boarding::First(place) => place,
                Boarding::Joined(joined) => {
                    count(&core.stats.misses);
                    return Self::Waiting { joined, key, own: Some(own), request: Some(request) };
                }
                Boarding::Stored((record, ttl)) => {
                    core.stats.hits.count();
                    config.observe(|| event(&request, SharedCacheOutcome::Hit).with_record(&record, now));
                    let response = client.reply(config, &record, now, hit(ttl));
                    return Self::Ready { response: Some(response) };
                }
            }
        } else {
            Reservation::alone(progress)
        };
        let takeoff =
            Takeoff { key, signs, moment, now, stale, invalidation: None, place, reason, is_in_background: false };
        let freshness = || cache.freshness(&takeoff.key);
        let lookup = core.second_level().and_then(|second| second.look_up(&takeoff.key, request.headers(), freshness));
        if let Some(lookup) = lookup {
            // The service that is ready waits with the request, and the clone takes its place.
            std::mem::swap(service, &mut own.service);
            return Self::LookingUp { lookup, waiting: Some(Box::new((takeoff, request, own))) };
        }
        Self::take_off::<R>(cache, takeoff, request, own, service)
    }

    /// Calls a service that is ready. If no place is left to wait for the response, it is passed on without being stored.
    fn take_off<R>(cache: &Cache, takeoff: Takeoff, request: Request<Q>, own: Own<S>, service: &mut S) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        count(&cache.core.stats.misses);
        let reason = own.reason;
        match takeoff.start::<_, R, _>(cache, service, request) {
            Ok((flight, joined, parts)) => Self::First { flight, waiting: Some((joined, own, parts)) },
            Err(request) => Self::miss::<R>(&cache.config, service, *request, reason, NotStored::Recently),
        }
    }

    /// Continues with the result of a lookup in the second level.
    fn looked_up<R>(
        cache: &Cache,
        LookedUp { record: found, lease }: LookedUp,
        mut takeoff: Takeoff,
        request: Request<Q>,
        own: Own<S>,
    ) -> Self
    where
        R: HttpRequest<Body = Q>,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
    {
        let Cache { config, core, .. } = cache;
        if let Some(record) = found {
            let now = config.clock.now();
            // A purge may have come since, or the store may be ahead of this process.
            let usability = core.usability(&takeoff.key, &record, now);
            if let Some(second) = core.second_level() {
                second.count_found(matches!(usability, Usability::Fresh(_)));
            }
            match usability {
                Usability::Fresh(ttl) => {
                    core.stats.hits.count();
                    config.observe(|| event(&request, SharedCacheOutcome::Hit).with_record(&record, now));
                    // Before the others continue, so that each of them finds it.
                    _ = core.keep(&takeoff.key, &record);
                    takeoff.place.progress().land(Landing::Stored(Arc::clone(&record)));
                    let report = hit(ttl).with_detail("second-level");
                    return Self::Ready {
                        response: Some(Client::of(&request, takeoff.signs).reply(config, &record, now, report)),
                    };
                }
                Usability::Stale { staleness, on_error, .. } if takeoff.stale.is_none() => {
                    let when_disconnected =
                        !record.head().terms.forbids_stale && staleness < config.stale_when_disconnected;
                    takeoff.stale = Some(Stale { record, on_error, when_disconnected, is_validated: false });
                }
                Usability::Stale { .. } | Usability::Purged => {}
            }
        }
        if let Some(lease) = lease {
            takeoff.place.progress().hold(lease);
        }
        let Own { mut service, signs, reason, rounds, limit } = own;
        let own = Own { service: service.clone(), signs, reason, rounds, limit };
        Self::take_off::<R>(cache, takeoff, request, own, &mut service)
    }
}

/// A request that is about to be passed to the inner service, whose response may be stored.
struct Takeoff {
    key: PrimaryKey,
    signs: Signs,
    moment: Moment,
    now: HttpDate,
    stale: Option<Stale>,
    invalidation: Option<Invalidation>,
    place: Reservation,
    reason: ForwardReason,
    is_in_background: bool,
}

type Started<F, B, E> = (Arc<Flight<F, B, E>>, Joined, Arc<RequestParts>);

impl Takeoff {
    /// Calls the inner service. Returns the request if it cannot be waited for.
    fn start<S, R, B>(
        mut self,
        cache: &Cache,
        service: &mut S,
        request: Request<R::Body>,
    ) -> Result<Started<S::Future, B, S::Error>, Box<Request<R::Body>>>
    where
        R: HttpRequest,
        S: Service<R, Response = Response<B>>,
        S::Future: Send + 'static,
        S::Error: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Send,
    {
        let Some(mut joined) = Joined::own(self.place.progress()) else { return Err(Box::new(request)) };
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
        let (exchange, place) = self.exchange(cache, &parts, &mut request);
        let flight = Flight::start(service.call(R::from_http(request)), exchange, place);
        joined.hold(Arc::<Flight<S::Future, B, S::Error>>::clone(&flight));
        Ok((flight, joined, parts))
    }

    /// Passes a HEAD to the inner service. Its response may update the stored one.
    // S-07
    fn head<S, R, B, F, E>(
        self,
        cache: &Cache,
        service: &mut S,
        mut request: Request<R::Body>,
        report: CacheStatusReport,
    ) -> State<S, R::Body, B, F, E>
    where
        R: HttpRequest,
        S: Service<R, Response = Response<B>, Error = E, Future = F>,
        B: Body,
    {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.headers = request.headers().clone();
        let (exchange, _) = self.exchange(cache, &Arc::new(parts), &mut request);
        let exchange = Some(Box::new(exchange));
        let passage = Some(Passage { report: Some(report), invalidation: None, exchange });
        State::Passing { inner: service.call(R::from_http(request)), passage }
    }

    fn exchange<Q>(
        self,
        cache: &Cache,
        parts: &Arc<RequestParts>,
        request: &mut Request<Q>,
    ) -> (Exchange, Reservation) {
        let Cache { config, core, .. } = cache;
        let facts = config.rules.facts(request);
        facts.leave_in(request);
        let [host, target] = self.key.url_parts();
        core.urls.insert([&host, &target]);
        let exchange = Exchange {
            config: Arc::clone(config),
            core: Arc::clone(core),
            key: self.key,
            request: Arc::clone(parts),
            facts,
            has_cookie: self.signs.has_cookie,
            moment: self.moment,
            requested: self.now,
            stale: self.stale,
            replaced: Weak::new(),
            invalidation: self.invalidation,
            reason: self.reason,
            is_in_background: self.is_in_background,
            status: None,
        };
        (exchange, self.place)
    }
}

impl<S, R, B> Future for ResponseFuture<S, R, B>
where
    R: HttpRequest<Body: Body + Default>,
    S: Service<R, Response = Response<B>> + Clone,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
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
                StateProjection::LookingUp { lookup, waiting } => {
                    let found = ready!(lookup.as_mut().poll(cx));
                    let Some(waiting) = waiting.take() else { return Poll::Pending };
                    let (takeoff, request, own) = *waiting;
                    State::looked_up::<R>(cache, found, takeoff, request, own)
                }
                StateProjection::Passing { inner, passage } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some(passage) = passage.take() {
                        passage.finish(core, config, &mut response);
                    }
                    return Poll::Ready(Ok(response.map(SharedCacheBody::inner)));
                }
                StateProjection::First { flight, waiting } => {
                    let Some((joined, ..)) = waiting.as_ref() else { return Poll::Pending };
                    let first = ready!(flight.poll_first(joined.waiter(), cx));
                    let Some((joined, own, parts)) = waiting.take() else { return Poll::Pending };
                    match own.first(config, core, first, &parts, joined) {
                        Next::Done(result) => return Poll::Ready(result),
                        Next::State(state) => state,
                    }
                }
                StateProjection::Collecting { tee, flight, response, limit } => {
                    let is_collected = tee.poll_collected(flight.waiter(), cx).is_ready();
                    // A background task collects the rest. Without one, a body that takes too long is not stored.
                    let mut is_over = || limit.get_or_insert_with(|| config.wait_limit()).is_over(cx);
                    if !is_collected && config.spawner.is_none() && !is_over() {
                        return Poll::Pending;
                    }
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StateProjection::Waiting { joined, key, request, own } => {
                    let Some(waiting) = own.as_mut() else { return Poll::Pending };
                    let landing = match joined.poll_landing(cx) {
                        Poll::Ready(landing) => landing,
                        Poll::Pending if waiting.is_tired(config, cx) => Landing::NotShared,
                        Poll::Pending => return Poll::Pending,
                    };
                    let (Some(request), Some(own)) = (request.take(), own.take()) else { return Poll::Pending };
                    own.landed(config, core, &landing, key, request)
                }
                StateProjection::Repeating { request, own } => {
                    let Some(waiting) = own.as_mut() else { return Poll::Pending };
                    ready!(waiting.service.poll_ready(cx))?;
                    let (Some(request), Some(mut own)) = (request.take(), own.take()) else { return Poll::Pending };
                    if own.rounds < MAX_ROUNDS {
                        State::begin::<R>(cache, &mut own.service, request, own.rounds)
                    } else {
                        State::miss::<R>(config, &mut own.service, request, own.reason, NotStored::Recently)
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
    /// Whether the request no longer waits for another one.
    fn is_tired(&mut self, config: &Config, cx: &mut Context<'_>) -> bool {
        self.limit.get_or_insert_with(|| config.wait_limit()).is_over(cx)
    }

    /// Continues with the result of a flight that this request caused.
    fn first<Q, B, F, E>(
        mut self,
        config: &Arc<Config>,
        core: &Core,
        first: First<B, E>,
        parts: &RequestParts,
        flight: Joined,
    ) -> Next<S, Q, B, F, E>
    where
        Q: Body + Default,
        B: Body<Data = Bytes>,
    {
        let client = Client::of_parts(parts, self.signs);
        let now = || config.clock.now();
        let done = |response| Next::Done(Ok(response));
        let forwarded = CacheStatusReport::forwarded(self.reason);
        match first {
            First::Collected(mut head, tee) => {
                config.report(forwarded.with_fwd_status(head.status).with_stored(), &mut head.headers);
                if client.has_current(head.status, &head.headers, now) {
                    head.status = StatusCode::NOT_MODIFIED;
                    into_not_modified(&mut head.headers);
                    let response = Some(Response::from_parts(head, SharedCacheBody::nothing()));
                    return Next::State(State::Collecting { tee, flight, response, limit: None });
                }
                done(Response::from_parts(head, SharedCacheBody::collected(tee, flight)))
            }
            First::Passed(response) => {
                let (mut head, body) = response.into_parts();
                //
                if !is_grpc_exchange(is_grpc_call(&parts.method, &parts.headers), &head.headers) {
                    config.report_forwarded(forwarded, head.status, &mut head.headers);
                }
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
                done(client.reply(config, &record, now(), if is_stored { report.with_stored() } else { report }))
            }
            First::Failed(record) => {
                count(&core.stats.stale);
                let now = now();
                let staleness = record.age(now).saturating_sub(record.head().terms.lifetime);
                done(client.reply(config, &record, now, stale_hit(staleness)))
            }
            First::Error(error) => Next::Done(Err(error)),
            // The call panicked in this task. It must not be repeated, because its content is gone.
            First::Again if !parts.method.is_safe() => Next::State(State::Ready { response: None }),
            First::Again => {
                let request = Request::from_parts(parts.clone(), Q::default());
                // It must not wait again, because the result would be the same.
                self.rounds = MAX_ROUNDS;
                Next::State(State::Repeating { request: Some(request), own: Some(self) })
            }
        }
    }

    /// Continues with the result of a flight that another request started.
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
        let client = Client::of(&request, self.signs);
        match landing {
            Landing::Stored(record) if record.head().selection.matches(request.headers()) => {
                // A purge may have come since.
                match record.usability(key, now, &core.purges) {
                    Usability::Fresh(_) => {
                        count(&core.stats.collapsed);
                        config.observe(|| event(&request, SharedCacheOutcome::Coalesced).with_record(record, now));
                        let report = CacheStatusReport::forwarded(self.reason).with_collapsed();
                        let response = client.reply(config, record, now, report);
                        return State::Ready { response: Some(response) };
                    }
                    // The next response is one from after the purge, which all of them can use.
                    _ if record.is_purged(key, &core.purges) => self.rounds += 1,
                    Usability::Stale { .. } | Usability::Purged => self.rounds = MAX_ROUNDS,
                }
            }
            Landing::Failed(record)
                if record.head().selection.matches(request.headers())
                    && record.moment_is_current(key, &core.purges) =>
            {
                count(&core.stats.stale);
                config.observe(|| event(&request, SharedCacheOutcome::Stale).with_record(record, now));
                let staleness = record.age(now).saturating_sub(record.head().terms.lifetime);
                let response = client.reply(config, record, now, stale_hit(staleness));
                return State::Ready { response: Some(response) };
            }
            // The response is for another variant, so the request may wait for its own.
            Landing::Stored(_) | Landing::Failed(_) => self.rounds += 1,
            Landing::NotShared => self.rounds = MAX_ROUNDS,
            Landing::Left => {}
        }
        State::Repeating { request: Some(request), own: Some(self) }
    }
}

impl Passage {
    fn finish<B>(self, core: &Core, config: &Config, response: &mut Response<B>) {
        if let Some(invalidation) = self.invalidation {
            invalidation.apply(core, response.status(), response.headers());
        }
        if let Some(exchange) = self.exchange {
            exchange.update_by_head(response);
        }
        if let Some(report) = self.report {
            config.report_forwarded(report, response.status(), response.headers_mut());
        }
    }
}

fn event<Q>(request: &Request<Q>, outcome: SharedCacheOutcome) -> SharedCacheEvent<'_> {
    SharedCacheEvent::new(Observed::of(request), outcome)
}

fn bypass<'a, Q>(request: &'a Request<Q>, detail: &'static str) -> SharedCacheEvent<'a> {
    event(request, SharedCacheOutcome::Bypass(detail))
}

fn miss<Q>(request: &Request<Q>, reason: ForwardReason, not_stored: NotStored) -> SharedCacheEvent<'_> {
    event(request, SharedCacheOutcome::Miss(reason)).with_storing(Err(not_stored))
}

/// The `Cache-Status` report for a fresh response.
fn hit(ttl: u64) -> CacheStatusReport {
    CacheStatusReport::hit().with_ttl(i64::try_from(ttl).unwrap_or(i64::MAX))
}

/// The report about a stale response.
fn stale_hit(staleness: u64) -> CacheStatusReport {
    CacheStatusReport::hit().with_ttl(i64::try_from(staleness).map_or(i64::MIN, |seconds| -seconds))
}

impl<S, R, B> fmt::Debug for ResponseFuture<S, R, B>
where
    R: HttpRequest,
    S: Service<R, Response = Response<B>>,
    B: Body,
{
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
