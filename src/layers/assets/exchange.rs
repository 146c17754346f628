//! [`Exchange`]: one request for an asset and its response.
//!
//! This module makes all decisions. The future only polls.

use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, EXPIRES, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, PRAGMA, RANGE,
};
use http::response::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;

use super::config::{Config, PathPrefix, StaleFingerprint, UnknownName};
use super::fallback::{FallbackKind, fallback};
use super::verdict::{Verdict, recheck};
use crate::assets::{Asset, Recheck, Resolved, is_fallback_page, is_suspicious};
use crate::layers::bypass::{is_grpc_exchange, is_interim};
use crate::layers::conditional::{ConditionalBody, Exchange as Conditional};
use crate::policy::{Facts, Layer, Rendered, RequestFacts, ResolvedPolicy};
use crate::protocol::{
    EntityTag, EntityTagList, EntityTagMember, HttpDate, IfRange, Preconditions, Representation, Validators,
    accepts_coding, add_coding_suffix, has_valid_byte_range, only_line, set_field, tag_in_coding,
};

/// The next step for a request.
pub(super) enum RequestPlan<B> {
    /// The request is not for an asset.
    PassThrough,
    /// The layer responds without the inner service.
    Respond(Response<ConditionalBody<B>>),
    /// The inner service responds.
    Forward(Exchange),
}

/// The state of a request until its response arrives.
#[derive(Debug)]
pub(super) struct Exchange {
    config: Arc<Config>,
    facts: RequestFacts,
    is_head: bool,
    target: AssetTarget,
}

/// The outcome of [`Exchange::complete`].
pub(super) enum Completion<B> {
    Complete(Response<ConditionalBody<B>>),
    /// The modification time has changed, so the file must be read again.
    Wait {
        recheck: Recheck,
        unverified: Unverified<B>,
    },
}

/// A response that waits for its file to be read again.
pub(super) struct Unverified<B> {
    exchange: Exchange,
    head: Parts,
    body: B,
}

impl<B: Body> Unverified<B> {
    /// Verifies the response after the file was read again. If the file has changed again, the response stays
    /// unverified.
    pub(super) fn complete(self) -> Response<ConditionalBody<B>> {
        let Self { exchange, head, body } = self;
        let verdict = exchange.judge(&head, &body);
        exchange.finish(head, body, verdict)
    }
}

#[derive(Debug)]
enum AssetTarget {
    /// A known file.
    ///
    /// `open` contains the preconditions that the manifest decides after the inner service has responded, if that
    /// service still has the file. `resumed` is the content coding of the partial copy that a client resumes. A range
    /// in another coding would corrupt this copy.
    Known { asset: Arc<Asset>, url: UrlKind, open: Option<Box<Conditional>>, resumed: Option<&'static str> },
    /// A path that the manifest does not contain.
    Unknown { path: PathAndQuery },
    /// A request whose response no cache may store.
    Other,
}

/// The kind of URL by which a request names a known file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlKind {
    /// The URL contains the fingerprint.
    Versioned,
    /// The URL contains only the name.
    Plain,
    /// The URL does not name the file: the file is the page that every unknown path gets.
    Fallback(FallbackKind),
}

/// The precondition fields. The inner service would evaluate them by modification time. A build that sets all times to
/// one value gives different files the same time (pitfall 17).
const PRECONDITIONS: [HeaderName; 5] = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE];

impl Exchange {
    /// Finds the asset of a request. Responds if the inner service is not needed, and otherwise prepares the request
    /// for it.
    pub(super) fn begin<Q, B>(config: &Arc<Config>, request: &mut Request<Q>) -> RequestPlan<B> {
        let facts = config.rules.facts(request);
        let is_head = *request.method() == Method::HEAD;
        let exchange = |target| Self { config: Arc::clone(config), facts, is_head, target };
        let not_found = || RequestPlan::Respond(exchange(AssetTarget::Other).respond(StatusCode::NOT_FOUND));
        let assets = config.source.current();
        let path = request.uri().path();
        let below_prefix = match config.mount {
            PathPrefix::AlreadyStripped => path.strip_prefix('/'),
            PathPrefix::Strip | PathPrefix::Keep => {
                path.strip_prefix(assets.prefix()).and_then(|rest| rest.strip_prefix('/'))
            }
        };
        let Some(below_prefix) = below_prefix else {
            return if config.mount == PathPrefix::Keep { RequestPlan::PassThrough } else { not_found() };
        };
        let resolved = assets.resolve(below_prefix, request.uri().query());
        if matches!(resolved, Resolved::Unknown) {
            if config.passes_unknown(&assets) {
                if config.mount == PathPrefix::Strip
                    && let Some(target) = original_target(config.mount, assets.prefix(), request.uri())
                {
                    retarget(request, &target);
                }
                return RequestPlan::PassThrough;
            }
            if let Some((asset, kind)) = fallback(config, &assets, below_prefix, request) {
                return exchange(AssetTarget::Other).request_asset(asset, UrlKind::Fallback(kind), request);
            }
        }
        if is_suspicious(path) {
            return not_found();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            if let Some(target) = original_target(config.mount, assets.prefix(), request.uri()) {
                retarget(request, &target);
            }
            return RequestPlan::Forward(exchange(AssetTarget::Other));
        }
        let (asset, url) = match resolved {
            Resolved::Versioned(asset) => (asset, UrlKind::Versioned),
            Resolved::Plain(asset) => (asset, UrlKind::Plain),
            Resolved::Stale(asset) => match config.stale {
                StaleFingerprint::Current => (asset, UrlKind::Plain),
                StaleFingerprint::Redirect => {
                    return RequestPlan::Respond(exchange(AssetTarget::Other).redirect(&asset));
                }
                StaleFingerprint::NotFound => return not_found(),
            },
            Resolved::Unknown => {
                let target = original_target(config.mount, assets.prefix(), request.uri());
                match (config.unknown.unwrap_or_default(), target) {
                    (UnknownName::Service, Some(path)) => {
                        // There is no validator to compare `If-Range` with.
                        if request.headers().contains_key(IF_RANGE) {
                            request.headers_mut().remove(RANGE);
                        }
                        remove_preconditions(request.headers_mut());
                        retarget(request, &path);
                        return RequestPlan::Forward(exchange(AssetTarget::Unknown { path }));
                    }
                    _ => return not_found(),
                }
            }
        };
        exchange(AssetTarget::Other).request_asset(asset, url, request)
    }

    /// Evaluates the preconditions by the entity tag of the content, for every kind of URL. Requests the file from the
    /// inner service if the result depends on it.
    // B-04, B-06
    fn request_asset<Q, B>(mut self, asset: Arc<Asset>, url: UrlKind, request: &mut Request<Q>) -> RequestPlan<B> {
        // In development mode, the bytes of the file take precedence over the URL.
        let by_url = url == UrlKind::Versioned && !self.config.rules.development;
        if by_url && has_only_tag(asset.entity_tag(), request.headers()) {
            return RequestPlan::Respond(self.not_modified(asset));
        }
        let current = Representation::Current(Validators::new().with_etag(asset.entity_tag().clone()));
        let resumed = resumed_form(&asset, request);
        let range = request.headers().get(RANGE).cloned().filter(|_| resumed.is_some());
        let mut conditional = Conditional::begin(&self.config.conditional, request);
        let is_open = match conditional.decide_before(current, request) {
            Some(early) if by_url && !has_any_condition(request.headers()) => {
                let (mut head, body) = early.into_response().into_parts();
                self.target = AssetTarget::Known { asset, url, open: None, resumed: None };
                self.set_policy(&mut head, true);
                return RequestPlan::Respond(Response::from_parts(head, body));
            }
            Some(_) => {
                // The precondition takes precedence over the range.
                request.headers_mut().remove(RANGE);
                true
            }
            // The response may have a content coding. Its tag then differs from the tag that was evaluated here.
            None => {
                let headers = request.headers_mut();
                match (resumed, range) {
                    (Some(form), Some(range)) => {
                        set_field(headers, RANGE, range);
                        // Requests the coding of the client's partial copy, even if it would prefer another coding.
                        set_field(headers, ACCEPT_ENCODING, HeaderValue::from_static(form));
                    }
                    // `If-Range` identifies another file, or another coding of this one.
                    _ if headers.contains_key(IF_RANGE) => _ = headers.remove(RANGE),
                    _ => {}
                }
                !conditional.is_unconditional()
            }
        };
        remove_preconditions(request.headers_mut());
        // A range of an empty file is unsatisfiable, and some services send `bytes 0-0/0` for it. R-14: A response with
        // several ranges does not identify the file.
        if asset.length() == 0 || request.headers().get_all(RANGE).iter().any(|line| line.as_bytes().contains(&b',')) {
            request.headers_mut().remove(RANGE);
        }
        let target = match self.config.mount {
            PathPrefix::AlreadyStripped | PathPrefix::Strip => asset.target(),
            PathPrefix::Keep => asset.target_below_prefix(),
        };
        retarget(request, target);
        self.target = AssetTarget::Known { asset, url, open: is_open.then(|| Box::new(conditional)), resumed };
        RequestPlan::Forward(self)
    }

    /// Verifies the response of the inner service. The response may have to wait until its file has been read again.
    pub(super) fn complete<B: Body>(self, response: Response<B>) -> Completion<B> {
        let (head, body) = response.into_parts();
        if is_interim(head.status) || is_grpc_exchange(self.facts.has(Facts::GRPC_REQUEST), &head.headers) {
            return Completion::Complete(Response::from_parts(head, ConditionalBody::inner(body)));
        }
        let verdict = self.judge(&head, &body);
        if verdict == Verdict::OtherTime
            && let Some(recheck) = self.asset().and_then(|asset| recheck(asset, &head.headers))
        {
            return Completion::Wait { recheck, unverified: Unverified { exchange: self, head, body } };
        }
        Completion::Complete(self.finish(head, body, verdict))
    }

    /// Sets the policy and the entity tag of the response, or replaces it by an error.
    fn finish<B: Body>(self, mut head: Parts, body: B, verdict: Verdict) -> Response<ConditionalBody<B>> {
        // The URL does not identify the bytes of another file, and a client would combine a range of these bytes with
        // its partial copy.
        match (verdict, &self.target) {
            (Verdict::Page, _) => return self.respond(StatusCode::NOT_FOUND),
            (Verdict::Different | Verdict::OtherTime, AssetTarget::Known { url: UrlKind::Versioned, .. })
                if self.config.stale == StaleFingerprint::NotFound && !self.config.rules.development =>
            {
                return self.respond(StatusCode::NOT_FOUND);
            }
            (Verdict::Different | Verdict::OtherTime, _) if head.status == StatusCode::PARTIAL_CONTENT => {
                return self.respond(StatusCode::SERVICE_UNAVAILABLE);
            }
            (_, AssetTarget::Known { resumed: Some(form), .. })
                if head.status == StatusCode::PARTIAL_CONTENT
                    && (verdict != Verdict::Proven || !is_in_coding(&head.headers, form)) =>
            {
                return self.respond(StatusCode::SERVICE_UNAVAILABLE);
            }
            _ => {}
        }
        head.headers.remove(ETAG);
        head.headers.remove(LAST_MODIFIED);
        if verdict == Verdict::Proven
            && let Some(asset) = self.asset()
        {
            set_field(&mut head.headers, ETAG, asset.entity_tag().to_header_value());
        }
        self.set_policy(&mut head, verdict == Verdict::Proven);
        match self.target {
            AssetTarget::Known { open: Some(conditional), .. } if verdict == Verdict::Proven => {
                conditional.decide_after(Response::from_parts(head, body))
            }
            _ => {
                add_coding_suffix(&mut head.headers);
                Response::from_parts(head, ConditionalBody::inner(body))
            }
        }
    }

    fn judge<B: Body>(&self, head: &Parts, body: &B) -> Verdict {
        match &self.target {
            AssetTarget::Known { asset, .. } if matches!(head.status.as_u16(), 200 | 206) => {
                // L-06: The body of a response to HEAD is empty, or it is the content.
                let length = body.size_hint().exact().filter(|length| !self.is_head || *length > 0);
                Verdict::of(asset, head, length, self.config.conditional.clock.now())
            }
            AssetTarget::Unknown { path } => {
                let content_type = head.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
                if is_fallback_page(path.path(), content_type) { Verdict::Page } else { Verdict::Unproven }
            }
            AssetTarget::Known { .. } | AssetTarget::Other => Verdict::Unproven,
        }
    }

    /// Creates the 304 for a client that has the bytes that the URL names.
    fn not_modified<B>(mut self, asset: Arc<Asset>) -> Response<ConditionalBody<B>> {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = StatusCode::NOT_MODIFIED;
        set_field(&mut head.headers, ETAG, asset.entity_tag().to_header_value());
        self.target = AssetTarget::Known { asset, url: UrlKind::Versioned, open: None, resumed: None };
        self.set_policy(&mut head, true);
        Response::from_parts(head, ConditionalBody::nothing())
    }

    /// Creates a response without content that no cache stores.
    // B-03
    fn respond<B>(&self, status: StatusCode) -> Response<ConditionalBody<B>> {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = status;
        self.set_policy(&mut head, false);
        Response::from_parts(head, ConditionalBody::nothing())
    }

    fn asset(&self) -> Option<&Asset> {
        match &self.target {
            AssetTarget::Known { asset, .. } => Some(asset),
            AssetTarget::Unknown { .. } | AssetTarget::Other => None,
        }
    }

    fn redirect<B>(&self, asset: &Asset) -> Response<ConditionalBody<B>> {
        let mut response = self.respond(StatusCode::FOUND);
        let location = HeaderValue::try_from(asset.url()).expect("a URL is visible ASCII");
        response.headers_mut().insert(LOCATION, location);
        response
    }

    /// Sets `Cache-Control` and the fields that depend on it.
    fn set_policy(&self, head: &mut Parts, proven: bool) {
        let rendered = match &self.target {
            AssetTarget::Known { asset, url, .. } if proven && *url != UrlKind::Fallback(FallbackKind::NotStored) => {
                let coded = !asset.coded().is_empty() || head.headers.contains_key(CONTENT_ENCODING);
                // G-27
                let immutable = *url == UrlKind::Versioned && !asset.is_page();
                if immutable
                    && self.config.dictionaries
                    && !self.config.rules.development
                    && matches!(head.status, StatusCode::OK | StatusCode::NOT_MODIFIED)
                    && let Some(dictionary) = asset.dictionary()
                {
                    set_field(&mut head.headers, USE_AS_DICTIONARY, dictionary.clone());
                }
                let by_accept = *url == UrlKind::Fallback(FallbackKind::ByAccept);
                self.config.policies.of_asset(immutable, by_accept, coded)
            }
            _ => {
                for name in [CACHE_CONTROL, EXPIRES, PRAGMA] {
                    head.headers.remove(name);
                }
                self.config.policies.no_store()
            }
        };
        self.decide(head, rendered);
    }

    fn decide(&self, head: &mut Parts, rendered: &Rendered) {
        let policy = ResolvedPolicy::fixed(rendered);
        let layer = Layer { rules: &self.config.rules, request: self.facts, policy };
        let now = || self.config.conditional.clock.now();
        layer.rule_head(head.status, &mut head.headers, &mut head.extensions, now);
    }
}

const USE_AS_DICTIONARY: HeaderName = HeaderName::from_static("use-as-dictionary");

/// Returns whether the only precondition of the request is `If-None-Match` with exactly this tag, as a browser sends
/// it.
///
/// [`Conditional`] has the same result, but requires many more steps.
// P-15, and P-05: an `If-Match` would be evaluated first.
fn has_only_tag(tag: &EntityTag, headers: &HeaderMap) -> bool {
    only_line(headers, &IF_NONE_MATCH).is_some_and(|line| tag.as_ref().is_all_of(line))
        && !headers.contains_key(IF_MATCH)
}

/// Returns whether `If-None-Match` contains `*`. It tests whether the file exists, which only the inner service knows.
// P-02
fn has_any_condition(headers: &HeaderMap) -> bool {
    EntityTagList::new(headers.get_all(IF_NONE_MATCH)).any(|member| matches!(member, EntityTagMember::Any))
}

/// Returns the content coding of the partial copy that a client resumes, or `identity`. Returns `None` if the client
/// does not accept this coding.
fn resumed_form<Q>(asset: &Asset, request: &Request<Q>) -> Option<&'static str> {
    let headers = request.headers();
    if !headers.contains_key(IF_RANGE) || *request.method() != Method::GET || !has_valid_byte_range(headers) {
        return None;
    }
    let preconditions = Preconditions::new(request.method(), headers);
    // These validators do not contain a date, so the time is irrelevant.
    let names = |tag: EntityTag| {
        let current = Representation::Current(Validators::new().with_etag(tag));
        preconditions.if_range(&current, HttpDate::MAX) == IfRange::True
    };
    let plain = names(asset.entity_tag().clone()).then_some("identity");
    let mut coded = asset.coded().iter().map(|(coding, _)| coding);
    plain
        .or_else(|| coded.find(|coding| tag_in_coding(asset.entity_tag(), coding).is_some_and(names)))
        .filter(|form| accepts_coding(headers, form))
}

fn is_in_coding(headers: &HeaderMap, form: &str) -> bool {
    match only_line(headers, &CONTENT_ENCODING) {
        Some(line) => line.as_bytes().trim_ascii().eq_ignore_ascii_case(form.as_bytes()),
        None => form == "identity" && !headers.contains_key(CONTENT_ENCODING),
    }
}

fn remove_preconditions(headers: &mut HeaderMap) {
    for name in &PRECONDITIONS {
        headers.remove(name);
    }
}

/// Returns the path of the request as the inner service expects it, without a change to the file name.
fn original_target(mount: PathPrefix, prefix: &str, uri: &Uri) -> Option<PathAndQuery> {
    let original = uri.path_and_query()?;
    match mount {
        PathPrefix::AlreadyStripped | PathPrefix::Keep => Some(original.clone()),
        PathPrefix::Strip => PathAndQuery::try_from(original.as_str().strip_prefix(prefix)?).ok(),
    }
}

fn retarget<Q>(request: &mut Request<Q>, target: &PathAndQuery) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(target.clone());
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_else(|_| Uri::from(target.clone()));
}
