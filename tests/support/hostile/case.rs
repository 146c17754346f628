//! [`Case`]: any request to any stack of the layers around any service.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::edge::{EdgeProfile, TagOverflow};
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::policy::{
    CachePolicy, CacheTag, CacheTags, IntoPolicySource, Personalized, PolicySource, Risk, StatusPolicy,
};
use tower_cache_policy::protocol::{HttpDate, Outcome, Representation};
use tower_cache_policy::{
    CachePolicyLayer, CachingLayer, Clock, ConditionalLayer, EdgeLayer, EntityTagLayer, HeadValidators, PurgeLayer,
};

use super::fields;
use super::preconditions::{OriginValidators, RequestPreconditions, outcome};
use super::purger::Purger;
use super::service::{AnyBody, AnyService, Content, FramesBody, TestCompression, read};

pub const NOW: u64 = 1_780_272_000;

#[derive(Clone, Debug)]
pub struct Case {
    /// The outermost layer is the first.
    pub layers: Vec<Kind>,
    pub request: ClientRequest,
    pub handler: Handler,
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
    /// The effect of tower-http's `CompressionLayer` on a response.
    Compression,
    /// A custom layer of the application.
    Change(Change),
}

/// The change that a custom layer of the application makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces the cookies of the response.
    Cookie,
    /// Replaces the origin of `Access-Control-Allow-Origin`.
    Origin,
    /// Adds credentials to a request without them.
    Credentials,
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
    /// `None`: a closure that returns no policy.
    pub policy: Option<CachePolicy>,
    pub form: Form,
    /// Whether a `CachingLayer` contains a compression layer.
    pub compresses: bool,
    /// The names for each call of `vary`.
    pub vary: Vec<&'static [&'static str]>,
    pub precedence: Precedence,
    pub risks: Vec<Risk>,
    pub for_status: Option<(StatusCode, CachePolicy)>,
    pub default: Option<CachePolicy>,
    pub development: bool,
}

/// The type of the policy that a layer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Closure,
    Fixed,
    Table,
    /// The policy is for one content type, and `no-cache` for the others.
    TableByType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    HandlerFirst,
    Tighten,
    Override,
    OverrideNoStore,
}

#[derive(Clone, Debug)]
pub struct Conditional {
    /// `None`: no source.
    pub source: Option<Representation>,
    /// Whether the source sends HEAD requests to a service with this representation.
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
pub struct ClientRequest {
    pub method: Method,
    pub headers: HeaderMap,
    pub personalized: bool,
}

/// The innermost service.
#[derive(Clone, Debug)]
pub struct Handler {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: FramesBody,
    pub policy: Option<CachePolicy>,
    /// The policy for one status, which takes precedence over `policy`, unless that is `no-store`.
    pub status_policy: Option<StatusPolicy>,
    pub personalized: bool,
    pub tags: Vec<CacheTag>,
    pub purge: bool,
    /// Whether the handler evaluates the preconditions of a safe request, as a file service does. Its 304 has no content
    /// type.
    pub not_modified: bool,
}

/// The result of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub content: Content,
    /// The requests that the handler received.
    pub handler_requests: Vec<(Method, HeaderMap)>,
    /// The last response of the handler.
    pub handler_response: Option<(StatusCode, HeaderMap)>,
    /// How many purges were requested.
    pub purges: usize,
    /// Whether the response still contains a purge for an outer layer.
    pub has_unhandled_purge: bool,
}

pub fn now() -> HttpDate {
    HttpDate::from_unix_seconds(NOW as i64).unwrap()
}

fn clock() -> Clock {
    Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(NOW))
}

impl Case {
    pub fn run(&self) -> CaseResult {
        let handler_requests = Rc::new(RefCell::new(Vec::new()));
        let handler_response = Rc::new(RefCell::new(None));
        let mut service = {
            let (handler, handler_requests, handler_response) =
                (self.handler.clone(), Rc::clone(&handler_requests), Rc::clone(&handler_response));
            AnyService::new(move |request| {
                let response = handler.respond(&request);
                *handler_response.borrow_mut() = Some((response.status(), response.headers().clone()));
                let (head, ()) = request.into_parts();
                handler_requests.borrow_mut().push((head.method, head.headers));
                response
            })
        };
        let purger = Purger::default();
        for kind in self.layers.iter().rev() {
            service = kind.wrap(service, &purger);
        }
        let mut request = Request::new(());
        *request.method_mut() = self.request.method.clone();
        *request.headers_mut() = self.request.headers.clone();
        if self.request.personalized {
            request.extensions_mut().insert(Personalized);
        }
        let (head, body) = service.respond(request).into_parts();
        let content = read(body);
        drop(service);
        let (handler_requests, handler_response) = (handler_requests.take(), handler_response.take());
        let has_unhandled_purge = head.extensions.get::<Purge>().is_some();
        let purges = purger.purged();
        CaseResult {
            status: head.status,
            headers: head.headers,
            content,
            handler_requests,
            handler_response,
            purges,
            has_unhandled_purge,
        }
    }

    /// The fields of a response as the layer at this index receives it, after the changes of inner custom layers.
    pub fn as_seen_at(&self, place: usize, headers: &HeaderMap) -> HeaderMap {
        let mut headers = headers.clone();
        for kind in self.layers.get(place + 1..).unwrap_or_default().iter().rev() {
            if let Kind::Change(change) = kind {
                change.apply_to_response(&mut headers);
            }
        }
        headers
    }

    /// The fields of a response after the changes of all custom layers.
    pub fn as_changed(&self, headers: &HeaderMap) -> HeaderMap {
        let mut headers = headers.clone();
        for kind in self.layers.iter().rev() {
            if let Kind::Change(change) = kind {
                change.apply_to_response(&mut headers);
            }
        }
        headers
    }

    /// Returns whether the layer at this index receives a request with credentials.
    pub fn has_credentials_at(&self, place: usize) -> bool {
        self.request.headers.contains_key("authorization")
            || self.layers[..place].iter().any(|kind| matches!(kind, Kind::Change(Change::Credentials)))
    }

    /// Returns whether a configured or known cache reads a lifetime or a restriction in the field.
    pub fn is_targeted(&self, name: &HeaderName) -> bool {
        fields::is_targeted(name) || self.own_fields().any(|own| own == name)
    }

    /// Returns whether a configured or known cache reads tags in the field.
    pub fn is_tags(&self, name: &HeaderName) -> bool {
        fields::is_tags(name)
            || self.edges().any(|edge| edge.profile.tags().is_some_and(|format| format.field() == name))
    }

    /// The fields of the configured profiles for a lifetime or a restriction.
    fn own_fields(&self) -> impl Iterator<Item = &HeaderName> {
        self.edges().flat_map(|edge| {
            let field = edge.profile.field().map(|field| field.name());
            field.into_iter().chain(edge.profile.restriction().map(|(name, _)| name))
        })
    }

    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.layers.iter().filter_map(|kind| match kind {
            Kind::Edge(edge) => Some(edge),
            _ => None,
        })
    }

    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.layers.iter().filter_map(Kind::policy)
    }

    pub fn conditionals(&self) -> impl Iterator<Item = &Conditional> {
        self.layers.iter().filter_map(Kind::conditional)
    }
}

impl Handler {
    /// The handler's policy for one status, if a response with this status gets it (N-01).
    pub fn policy_for(&self, status: StatusCode) -> Option<CachePolicy> {
        let is_for = |own: &StatusPolicy| own.status() == status || (own.status() == 200 && status == 304);
        let own = self.status_policy.filter(is_for)?.policy();
        self.policy.is_none_or(|policy| !policy.is_no_store()).then_some(own)
    }

    fn respond(&self, request: &Request<()>) -> Response<AnyBody> {
        let is_not_modified = self.not_modified && self.status == 200 && {
            let preconditions = RequestPreconditions::read(request.method(), request.headers(), now());
            outcome(&preconditions, Some(&OriginValidators::read(&self.headers, now()))) == Outcome::NotModified
        };
        let body = if is_not_modified { FramesBody::empty() } else { self.body.clone() };
        let mut response = Response::new(Box::pin(body) as AnyBody);
        *response.status_mut() = if is_not_modified { StatusCode::NOT_MODIFIED } else { self.status };
        *response.headers_mut() = self.headers.clone();
        if is_not_modified {
            for name in ["content-type", "content-length", "content-encoding", "content-range"] {
                response.headers_mut().remove(name);
            }
        }
        let extensions = response.extensions_mut();
        if let Some(policy) = self.policy {
            extensions.insert(policy);
        }
        if let Some(policy) = self.status_policy {
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

impl Change {
    pub fn apply_to_request(self, headers: &mut HeaderMap) {
        if self == Self::Credentials && !headers.contains_key("authorization") {
            headers.insert("authorization", HeaderValue::from_static("added"));
        }
    }

    pub fn apply_to_response(self, headers: &mut HeaderMap) {
        let (name, value) = match self {
            Self::Cookie => ("set-cookie", "session=secret"),
            Self::Origin => ("access-control-allow-origin", "https://b.example"),
            Self::Credentials => return,
        };
        if headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

impl Kind {
    pub fn wrap(&self, service: AnyService, purger: &Purger) -> AnyService {
        match self {
            Self::Policy(policy) => service.wrapped_in(policy.settings(CachePolicyLayer::new(policy.source()))),
            Self::Conditional(conditional) => {
                let layer = conditional.settings(ConditionalLayer::new());
                match conditional.source.clone() {
                    Some(current) if conditional.by_head => {
                        service.wrapped_in(layer.validator_source(head_source(current)))
                    }
                    Some(current) => service.wrapped_in(layer.validators(move |_| std::future::ready(current.clone()))),
                    None => service.wrapped_in(layer),
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
                service.wrapped_in(layer)
            }
            Self::Edge(edge) => {
                let mut layer = EdgeLayer::new(edge.profile.clone()).clock(clock());
                if edge.coarser {
                    layer = layer.on_overflow(TagOverflow::Coarser(CacheTag::from_static("all")));
                }
                if let Some(policy) = edge.default {
                    layer = layer.default_policy(policy);
                }
                service.wrapped_in(edge.risks.iter().fold(layer, |layer, risk| layer.accept_risk(*risk)))
            }
            Self::Caching(policy, conditional) => {
                let layer = CachingLayer::new(policy.source())
                    .policy(|layer| policy.settings(layer))
                    .conditional(|layer| conditional.settings(layer));
                // The layers have different types.
                macro_rules! wrap {
                    ($layer:expr) => {
                        match conditional.source.clone() {
                            Some(current) if conditional.by_head => {
                                service.wrapped_in($layer.validator_source(head_source(current)))
                            }
                            Some(current) => {
                                service.wrapped_in($layer.validators(move |_| std::future::ready(current.clone())))
                            }
                            None => service.wrapped_in($layer),
                        }
                    };
                }
                if policy.compresses { wrap!(layer.compression(TestCompression)) } else { wrap!(layer) }
            }
            Self::Purge { announces, fails } => {
                let layer = PurgeLayer::new(purger.failing(*fails));
                service.wrapped_in(if *announces { layer.announce_groups() } else { layer })
            }
            Self::Compression => service.compressed(),
            Self::Change(change) => service.changed(*change),
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

    /// Returns whether the layer encodes the content of responses.
    pub const fn compresses(&self) -> bool {
        match self {
            Self::Compression => true,
            Self::Caching(policy, _) => policy.compresses,
            _ => false,
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
    /// Returns whether its decision about a response depends on the content type.
    pub fn depends_on_type(&self) -> bool {
        self.form == Form::TableByType || self.policy.is_some_and(|policy| policy.to_string().contains("immutable"))
    }

    fn source(&self) -> PolicySource {
        let Some(policy) = self.policy else {
            return PolicySource::from_fn(|_| None::<CachePolicy>);
        };
        // A table does not accept every policy.
        let table = |policy: RoutePolicy| RoutePolicies::builder().route("/", policy).build().ok();
        let by_type = || RoutePolicy::new(CachePolicy::NO_CACHE).content_type("image/*", policy);
        match self.form {
            Form::Closure => PolicySource::from_fn(move |_| policy),
            Form::Fixed => policy.into_policy_source(),
            Form::Table => {
                table(policy.into()).map_or_else(|| policy.into_policy_source(), |it| it.into_policy_source())
            }
            Form::TableByType => {
                table(by_type()).map_or_else(|| policy.into_policy_source(), |it| it.into_policy_source())
            }
        }
    }

    fn settings(&self, mut layer: CachePolicyLayer) -> CachePolicyLayer {
        layer = layer.clock(clock()).development(self.development);
        layer = match self.precedence {
            Precedence::HandlerFirst => layer,
            Precedence::Tighten => layer.tighten(),
            Precedence::Override => layer.override_handler(),
            Precedence::OverrideNoStore => layer.override_handler_no_store(),
        };
        if let Some((status, policy)) = self.for_status {
            layer = layer.for_status(status, policy);
        }
        if let Some(policy) = self.default {
            layer = layer.default_policy(policy);
        }
        layer = self.vary.iter().fold(layer, |layer, names| layer.vary(names));
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
            layer = layer.inner_handles_if_range();
        }
        layer
    }
}

/// A source that sends HEAD to a service.
fn head_source(current: Representation) -> HeadValidators<AnyService, ()> {
    let service = AnyService::new(move |request| {
        // The layer sends GET if the response to HEAD has no validator for the precondition.
        assert!(matches!(*request.method(), Method::HEAD | Method::GET));
        let mut response = Response::new(Box::pin(FramesBody::empty()) as AnyBody);
        match &current {
            Representation::Current(validators) => validators.write_to(response.headers_mut(), HttpDate::MAX),
            Representation::Missing => *response.status_mut() = StatusCode::NOT_FOUND,
            Representation::Unknown => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
        response
    });
    HeadValidators::new(service).clock(clock())
}
