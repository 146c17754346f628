//! [`Case`]: any stack of our layers around any service, asked anything.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::edge::{EdgeProfile, TagOverflow};
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized, Risk};
use tower_cache_policy::protocol::{EntityTag, HttpDate, Representation, Validators};
use tower_cache_policy::{
    CachePolicyLayer, CachingLayer, Clock, ConditionalLayer, EdgeLayer, EntityTagLayer, HeadValidators, PurgeLayer,
};

use super::purger::Purger;
use super::service::{AnyBody, AnyService, Content, FramesBody, Hint, Step, read};

pub const NOW: u64 = 1_780_272_000;

#[derive(Clone, Debug)]
pub struct Case {
    /// The outermost first.
    pub layers: Vec<Kind>,
    pub asked: Asked,
    pub inner: Inner,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Policy(Policy),
    Conditional(Conditional),
    EntityTag {
        unknown_length: Option<u64>,
        max_body: u64,
        digest: Digest,
    },
    Edge(Edge),
    Caching(Policy, Conditional),
    Purge {
        announces: bool,
        fails: bool,
    },
    /// What tower-http's `CompressionLayer` does to an answer.
    Compression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    Weak,
    Strong,
    Keyed,
    StrongAndKeyed,
}

#[derive(Clone, Debug)]
pub struct Policy {
    /// `None`: a closure that has no word.
    pub policy: Option<CachePolicy>,
    /// Said by a table of routes.
    pub in_table: bool,
    pub precedence: Precedence,
    pub risks: Vec<Risk>,
    pub for_status: Option<(StatusCode, CachePolicy)>,
    pub default: Option<CachePolicy>,
    pub development: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    Answer,
    Tighten,
    Override,
    OverrideEvenNoStore,
}

#[derive(Clone, Debug)]
pub struct Conditional {
    /// `None`: no source.
    pub source: Option<Representation>,
    /// The source asks a service that has this, with HEAD.
    pub by_head: bool,
    pub require: bool,
    pub trust_ranges: bool,
}

#[derive(Clone, Debug)]
pub struct Edge {
    pub profile: EdgeProfile,
    pub risks: Vec<Risk>,
    pub default: Option<CachePolicy>,
    pub coarser: bool,
}

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    pub headers: HeaderMap,
    pub personalized: bool,
}

/// What the service inside answers.
#[derive(Clone, Debug)]
pub struct Inner {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: FramesBody,
    pub policy: Option<CachePolicy>,
    pub personalized: bool,
    pub tags: Vec<CacheTag>,
    pub purge: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Came {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub content: Content,
    /// What the service inside was asked, each time.
    pub handled: Vec<(Method, HeaderMap)>,
    /// How many purges were asked for.
    pub purged: usize,
    /// Whether the answer still asks for one.
    pub asks_for_purge: bool,
}

pub fn now() -> HttpDate {
    HttpDate::from_unix_seconds(NOW as i64).unwrap()
}

fn clock() -> Clock {
    Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(NOW))
}

impl Case {
    pub fn run(&self) -> Came {
        let handled = Rc::new(RefCell::new(Vec::new()));
        let mut service = {
            let (inner, handled) = (self.inner.clone(), Rc::clone(&handled));
            AnyService::new(move |request| {
                handled.borrow_mut().push((request.method().clone(), request.headers().clone()));
                inner.answer()
            })
        };
        let purger = Purger::default();
        for kind in self.layers.iter().rev() {
            service = kind.around(service, &purger);
        }
        let mut request = Request::new(());
        *request.method_mut() = self.asked.method.clone();
        *request.headers_mut() = self.asked.headers.clone();
        if self.asked.personalized {
            request.extensions_mut().insert(Personalized);
        }
        let (head, body) = service.ask(request).into_parts();
        let content = read(body);
        drop(service);
        let handled = handled.borrow().clone();
        let asks_for_purge = head.extensions.get::<Purge>().is_some();
        let purged = purger.purged();
        Came { status: head.status, headers: head.headers, content, handled, purged, asks_for_purge }
    }
}

impl Inner {
    fn answer(&self) -> Response<AnyBody> {
        let mut response = Response::new(Box::pin(self.body.clone()) as AnyBody);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        let extensions = response.extensions_mut();
        if let Some(policy) = self.policy {
            extensions.insert(policy);
        }
        if self.personalized {
            extensions.insert(Personalized);
        }
        if self.purge {
            Purge::tags([CacheTag::from_static("t0")]).add_to(extensions);
        }
        if !self.tags.is_empty() {
            self.tags.iter().cloned().collect::<CacheTags>().add_to(extensions);
        }
        response
    }
}

impl Kind {
    pub fn around(&self, service: AnyService, purger: &Purger) -> AnyService {
        match self {
            Self::Policy(policy) => service.within(policy.layer()),
            Self::Conditional(conditional) => {
                let layer = conditional.settings(ConditionalLayer::new());
                match conditional.source.clone() {
                    Some(current) if conditional.by_head => {
                        service.within(layer.validator_source(asked_with_head(current)))
                    }
                    Some(current) => service.within(layer.validators(move |_| std::future::ready(current.clone()))),
                    None => service.within(layer),
                }
            }
            Self::EntityTag { unknown_length, max_body, digest } => {
                let layer = EntityTagLayer::new().max_body(*max_body);
                let mut layer = match digest {
                    Digest::Weak => layer,
                    Digest::Strong => layer.strong(),
                    Digest::Keyed => layer.keyed([7; 32]),
                    Digest::StrongAndKeyed => layer.strong().keyed([7; 32]),
                };
                if let Some(bytes) = unknown_length {
                    layer = layer.buffer_unknown_length(*bytes);
                }
                service.within(layer)
            }
            Self::Edge(edge) => {
                let mut layer = EdgeLayer::new(edge.profile.clone()).clock(clock());
                if edge.coarser {
                    layer = layer.on_overflow(TagOverflow::Coarser(CacheTag::from_static("all")));
                }
                if let Some(policy) = edge.default {
                    layer = layer.default_policy(policy);
                }
                service.within(edge.risks.iter().fold(layer, |layer, risk| layer.accept_risk(*risk)))
            }
            Self::Caching(policy, conditional) => {
                let of_policy = policy.policy;
                let layer = CachingLayer::new(move |_: &http::request::Parts| of_policy)
                    .policy(|layer| policy.settings(layer))
                    .conditional(|layer| conditional.settings(layer));
                match conditional.source.clone() {
                    Some(current) if conditional.by_head => {
                        service.within(layer.validator_source(asked_with_head(current)))
                    }
                    Some(current) => service.within(layer.validators(move |_| std::future::ready(current.clone()))),
                    None => service.within(layer),
                }
            }
            Self::Purge { announces, fails } => {
                let layer = PurgeLayer::new(purger.failing(*fails));
                service.within(if *announces { layer.announce_groups() } else { layer })
            }
            Self::Compression => service.compressed(),
        }
    }

    /// The layers that write `Cache-Control`.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Policy(_) | Self::Edge(_) | Self::Caching(..))
    }

    pub const fn conditional(&self) -> Option<&Conditional> {
        match self {
            Self::Conditional(conditional) | Self::Caching(_, conditional) => Some(conditional),
            _ => None,
        }
    }

    pub const fn policy(&self) -> Option<&Policy> {
        match self {
            Self::Policy(policy) | Self::Caching(policy, _) => Some(policy),
            _ => None,
        }
    }

    pub fn risks(&self) -> &[Risk] {
        match self {
            Self::Policy(policy) | Self::Caching(policy, _) => &policy.risks,
            Self::Edge(edge) => &edge.risks,
            _ => &[],
        }
    }
}

impl Policy {
    fn layer(&self) -> CachePolicyLayer {
        // Not every policy may stand in a table.
        let table = |policy| RoutePolicies::builder().route("/", policy).build().ok().filter(|_| self.in_table);
        self.settings(match self.policy {
            Some(policy) => match table(policy) {
                Some(table) => CachePolicyLayer::new(table),
                None => CachePolicyLayer::new(policy),
            },
            None => CachePolicyLayer::new(|_: &http::request::Parts| None::<CachePolicy>),
        })
    }

    fn settings(&self, mut layer: CachePolicyLayer) -> CachePolicyLayer {
        layer = layer.clock(clock()).development(self.development);
        layer = match self.precedence {
            Precedence::Answer => layer,
            Precedence::Tighten => layer.tighten(),
            Precedence::Override => layer.overriding(),
            Precedence::OverrideEvenNoStore => layer.overriding_even_no_store(),
        };
        if let Some((status, policy)) = self.for_status {
            layer = layer.for_status(status, policy);
        }
        if let Some(policy) = self.default {
            layer = layer.default_policy(policy);
        }
        self.risks.iter().fold(layer, |layer, risk| layer.accept_risk(*risk))
    }
}

impl Conditional {
    fn settings<V: Clone>(&self, mut layer: ConditionalLayer<V>) -> ConditionalLayer<V> {
        layer = layer.clock(clock());
        if self.require {
            layer = layer.require_preconditions();
        }
        if self.trust_ranges {
            layer = layer.trust_service_with_if_range();
        }
        layer
    }
}

/// A source that asks a service for what there is.
fn asked_with_head(current: Representation) -> HeadValidators<AnyService, ()> {
    let service = AnyService::new(move |request| {
        assert_eq!(*request.method(), Method::HEAD);
        let mut response = Response::new(Box::pin(FramesBody::empty()) as AnyBody);
        match &current {
            Representation::Current(validators) => validators.write_to(response.headers_mut(), now()),
            Representation::Missing => *response.status_mut() = StatusCode::NOT_FOUND,
            Representation::Unknown => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
        response
    });
    HeadValidators::new(service).clock(clock())
}

// ==== From octets ====

const STATUSES: [u16; 20] =
    [200, 200, 200, 203, 204, 206, 301, 302, 304, 308, 404, 410, 412, 416, 428, 429, 500, 503, 511, 103];

const METHODS: [Method; 9] = [
    Method::GET,
    Method::GET,
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::DELETE,
    Method::POST,
    Method::PATCH,
    Method::OPTIONS,
];

const TAGS: [&str; 12] = [
    "\"a\"",
    "\"b\"",
    "W/\"a\"",
    "W/\"b\"",
    "\"a--gzip\"",
    "\"a--identity\"",
    "W/\"a--gzip\"",
    "\"a--br--gzip\"",
    "*",
    "\"a",
    "a",
    "\"\"",
];

const DATES: [&str; 6] = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT",
    "Sunday, 06-Nov-94 08:49:38 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 01 Jun 2026 00:00:00 GMT",
    "soon",
];

const DIRECTIVES: [&str; 30] = [
    "public",
    "private",
    "no-store",
    "no-cache",
    "max-age=60",
    "max-age=5",
    "Max-Age=\"600\"",
    "max-age",
    "max-age=x",
    "s-maxage=600",
    "s-maxage=0",
    "must-revalidate",
    "proxy-revalidate",
    "must-understand",
    "immutable",
    "no-transform",
    "stale-while-revalidate=30",
    "stale-if-error=30",
    "private=\"set-cookie\"",
    "no-cache=\"set-cookie\"",
    "no-cache=",
    "x=\"",
    "y=\"z\"",
    "\"",
    "\\",
    "x\"y",
    "NO-STORE",
    "private=x",
    "no-store=1",
    "",
];

/// The fields of a request, and how each value is made.
const OF_REQUESTS: [(&str, &[&str]); 13] = [
    ("if-none-match", &TAGS),
    ("if-none-match", &TAGS),
    ("if-match", &TAGS),
    ("if-match", &TAGS),
    ("if-modified-since", &DATES),
    ("if-unmodified-since", &DATES),
    ("if-range", &["\"a\"", "\"a--gzip\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT"]),
    ("range", &["bytes=0-1", "bytes=-1"]),
    ("accept-encoding", &["gzip", "gzip, br", "gzip;q=0", "*", "identity"]),
    ("authorization", &["x"]),
    ("content-type", &["application/grpc", "text/plain"]),
    ("cookie", &["a=b"]),
    ("x-forwarded-host", &["evil"]),
];

const OF_ANSWERS: [(&str, &[&str]); 29] = [
    ("cache-control", &DIRECTIVES),
    ("cache-control", &DIRECTIVES),
    ("cache-control", &DIRECTIVES),
    ("etag", &TAGS),
    ("etag", &TAGS),
    ("last-modified", &DATES),
    ("expires", &DATES),
    ("date", &DATES),
    ("pragma", &["no-cache", "x"]),
    ("vary", &["accept", "*", "origin, accept-encoding", "a b", "", "Accept-Encoding"]),
    ("set-cookie", &["a=b", "c=d"]),
    ("content-type", &["text/html", "image/png", "application/grpc", "text/event-stream", "application/json"]),
    ("content-encoding", &["gzip", "br", "identity", "gzip, br", "x", "GZIP"]),
    ("content-length", &["5", "0"]),
    ("content-range", &["bytes 0-1/5"]),
    ("content-location", &["/a"]),
    ("access-control-allow-origin", &["*", "https://a.example", "null"]),
    ("access-control-allow-credentials", &["true"]),
    ("cdn-cache-control", &["max-age=600", "no-store", "max-age=60, no-cache", "0", "x y"]),
    ("cloudflare-cdn-cache-control", &["max-age=600", "no-store", "private"]),
    ("surrogate-control", &["max-age=600", "no-store", "max-age=60+600", "content=\"ESI/1.0\""]),
    ("edge-control", &["cache-maxage=1h", "no-store", "!no-store"]),
    ("x-accel-expires", &["600", "0", "@1780272600", "off"]),
    ("surrogate-key", &["a b", "a,b", "\"a\""]),
    ("cache-tag", &["a,b", "a b", "A", "\u{e9}"]),
    ("content-security-policy", &["script-src 'nonce-x'", "default-src 'self'"]),
    ("age", &["5"]),
    ("x-cache", &["HIT"]),
    ("trailer", &["x"]),
];

const VARIES: [&[&str]; 3] = [&[], &["accept-language"], &["accept", "origin"]];

const RISKS: [Risk; 13] = [
    Risk::SetCookieReplayedToOthers,
    Risk::AuthorizedAnswerServedToOthers,
    Risk::PersonalizedAnswerServedToOthers,
    Risk::ErrorServedAsLongAsASuccess,
    Risk::UnexpectedSuccessServedAsThePage,
    Risk::RedirectOutlivesItsReason,
    Risk::EdgeFieldOverrulesNoStore,
    Risk::UnsafeAnswerReused,
    Risk::VariantServedToEverybody,
    Risk::OneOriginsAnswerServedToAnother,
    Risk::LifetimeGuessedByCaches,
    Risk::RestrictionInASecondLineMissed,
    Risk::PageSurvivesReload,
];

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let asked = Asked {
            method: u.choose(&METHODS)?.clone(),
            headers: lines(u, &OF_REQUESTS, 5)?,
            personalized: rarely(u)?,
        };
        let layers = (0..u.int_in_range(0..=4)?).map(|_| kind(u)).collect::<Result<_>>()?;
        let status = match u.ratio(1, 16)? {
            true => StatusCode::from_u16(u.int_in_range(100..=999)?).unwrap(),
            false => StatusCode::from_u16(*u.choose(&STATUSES)?).unwrap(),
        };
        let headers = lines(u, &OF_ANSWERS, 9)?;
        let policy = if u.ratio(1, 4)? { Some(policy(u)?) } else { None };
        let personalized = rarely(u)?;
        let tags = (0..u.int_in_range(0..=2)?).map(|n| CacheTag::new(format!("t{n}")).unwrap()).collect();
        let inner = Inner { status, headers, body: body(u)?, policy, personalized, tags, purge: false };
        let mut case = Self { layers, asked, inner };
        case.add(u)?;
        Ok(case)
    }
}

impl Case {
    /// What came later, read last, so that inputs that were found before keep their meaning.
    fn add(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for kind in &mut self.layers {
            let more = u.arbitrary::<u8>()?;
            if let Kind::EntityTag { digest, .. } = kind {
                *digest = [Digest::Weak, Digest::Strong, Digest::Keyed, Digest::StrongAndKeyed][usize::from(more % 4)];
            }
            if let Kind::Policy(policy) = kind {
                policy.in_table = more % 4 == 1;
            }
            if let Kind::Conditional(conditional) | Kind::Caching(_, conditional) = kind {
                conditional.by_head = more % 4 == 1;
            }
        }
        let more = u.arbitrary::<u8>()?;
        self.inner.purge = more & 1 == 1;
        for kind in [
            (more & 6 == 6).then_some(Kind::Purge { announces: more & 8 == 8, fails: more & 16 == 16 }),
            (more & 96 == 96).then_some(Kind::Compression),
        ] {
            let place = u.int_in_range(0..=self.layers.len())?;
            self.layers.splice(place..place, kind);
        }
        Ok(())
    }
}

fn rarely(u: &mut Unstructured<'_>) -> Result<bool> {
    u.ratio(1, 16)
}

fn lines(u: &mut Unstructured<'_>, fields: &[(&'static str, &[&str])], most: usize) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for _ in 0..u.int_in_range(0..=most)? {
        let (name, values) = *u.choose(fields)?;
        let mut value = Vec::new();
        if u.ratio(1, 8)? {
            let length = usize::from(u.arbitrary::<u8>()? % 24);
            value.extend_from_slice(u.bytes(length.min(u.len()))?);
        } else {
            // Lists are what most of them are.
            let is_list = values.len() >= 12 || name == "vary";
            let members = if is_list { u.int_in_range(1..=3)? } else { 1 };
            for member in 0..members {
                if member > 0 {
                    value.extend_from_slice(b", ");
                }
                value.extend_from_slice(u.choose(values)?.as_bytes());
            }
        }
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

fn kind(u: &mut Unstructured<'_>) -> Result<Kind> {
    Ok(match u.int_in_range(0..=8)? {
        0..=2 => Kind::Policy(layer_policy(u)?),
        3 | 4 => Kind::Conditional(conditional(u)?),
        5 => Kind::EntityTag {
            unknown_length: if u.arbitrary()? { Some(u.int_in_range(0..=16)?) } else { None },
            max_body: if u.arbitrary()? { 1 << 20 } else { u.int_in_range(0..=16)? },
            digest: Digest::Weak,
        },
        6 | 7 => Kind::Edge(Edge {
            profile: u.choose(&EdgeProfile::ALL)?.clone(),
            risks: risks(u)?,
            default: if rarely(u)? { Some(policy(u)?) } else { None },
            coarser: u.arbitrary()?,
        }),
        _ => Kind::Caching(layer_policy(u)?, conditional(u)?),
    })
}

fn layer_policy(u: &mut Unstructured<'_>) -> Result<Policy> {
    const FOR_STATUS: [u16; 6] = [200, 204, 301, 404, 410, 500];
    Ok(Policy {
        policy: if u.ratio(7, 8)? { Some(policy(u)?) } else { None },
        in_table: false,
        precedence: *u.choose(&[
            Precedence::Answer,
            Precedence::Tighten,
            Precedence::Override,
            Precedence::OverrideEvenNoStore,
        ])?,
        risks: risks(u)?,
        for_status: match rarely(u)? {
            true => Some((StatusCode::from_u16(*u.choose(&FOR_STATUS)?).unwrap(), policy(u)?)),
            false => None,
        },
        default: if rarely(u)? { Some(policy(u)?) } else { None },
        development: u.ratio(1, 32)?,
    })
}

fn risks(u: &mut Unstructured<'_>) -> Result<Vec<Risk>> {
    let count = if u.ratio(1, 4)? { u.int_in_range(1..=3)? } else { 0 };
    (0..count).map(|_| u.choose(&RISKS).copied()).collect()
}

fn policy(u: &mut Unstructured<'_>) -> Result<CachePolicy> {
    let seconds =
        |u: &mut Unstructured<'_>| u.choose(&[0, 1, 30, 3_600, 1 << 40]).map(|seconds| Duration::from_secs(*seconds));
    let lifetime = seconds(u)?;
    let mut policy = match u.int_in_range(0..=6)? {
        0 => CachePolicy::public(lifetime),
        1 => CachePolicy::public(lifetime).edge(seconds(u)?),
        2 => CachePolicy::max_age(lifetime),
        3 => CachePolicy::private(lifetime),
        4 => CachePolicy::edge_only(lifetime),
        5 => CachePolicy::NO_CACHE,
        _ => CachePolicy::NO_STORE,
    };
    let has_lifetime = policy.to_string().contains("max-age");
    match u.int_in_range(0..=6)? {
        0 if has_lifetime => policy = policy.stale_while_revalidate(seconds(u)?),
        1 if has_lifetime => policy = policy.stale_if_error(seconds(u)?),
        2 if has_lifetime => policy = policy.must_revalidate(),
        3 if has_lifetime => policy = policy.immutable(),
        4 if !has_lifetime => policy = policy.for_http10(),
        5 => policy = policy.no_transform(),
        _ => {}
    }
    Ok(policy.vary(u.choose(&VARIES)?))
}

fn conditional(u: &mut Unstructured<'_>) -> Result<Conditional> {
    let source = match u.int_in_range(0..=5)? {
        0 | 1 => None,
        2 => Some(Representation::Missing),
        3 => Some(Representation::Unknown),
        _ => {
            let mut validators = Validators::new();
            if let Ok(tag) = EntityTag::parse(u.choose(&TAGS)?.as_bytes()) {
                validators = validators.with_etag(tag);
            }
            if u.arbitrary()?
                && let Ok(date) = HttpDate::parse(u.choose(&DATES)?.as_bytes(), now())
            {
                validators = validators.with_last_modified(date);
            }
            Some(Representation::Current(validators))
        }
    };
    Ok(Conditional { source, by_head: false, require: rarely(u)?, trust_ranges: u.arbitrary()? })
}

fn body(u: &mut Unstructured<'_>) -> Result<FramesBody> {
    let mut steps = std::collections::VecDeque::new();
    for _ in 0..u.int_in_range(0..=4)? {
        if u.ratio(1, 4)? {
            steps.push_back(Step::Pending);
        }
        let length = usize::from(u.arbitrary::<u8>()? % 12);
        steps.push_back(Step::Data(Bytes::copy_from_slice(u.bytes(length.min(u.len()))?)));
    }
    let mut hint = *u.choose(&[Hint::Exact, Hint::Nothing, Hint::AtLeast])?;
    match u.int_in_range(0..=7)? {
        0 => {
            steps.push_back(Step::Break);
            hint = Hint::Nothing;
        }
        1 => {
            let trailers = [(HeaderName::from_static("x"), HeaderValue::from_static("y"))];
            steps.push_back(Step::Trailers(trailers.into_iter().collect()));
        }
        _ => {}
    }
    Ok(FramesBody { steps, hint })
}
