//! [`Exchange`]: one request for an asset and its answer.
//!
//! Everything that is decided stands here; the future only waits.

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

/// What becomes of a request.
pub(super) enum Next<B> {
    /// It is not about assets.
    Pass,
    /// It was decided without the service inside.
    Answer(Response<ConditionalBody<B>>),
    /// The service inside is to answer.
    Ask(Exchange),
}

/// What is kept of a request until its answer comes.
#[derive(Debug)]
pub(super) struct Exchange {
    config: Arc<Config>,
    facts: RequestFacts,
    is_head: bool,
    subject: Subject,
}

/// The outcome of [`Exchange::complete`].
pub(super) enum Completion<B> {
    Done(Response<ConditionalBody<B>>),
    /// The modification time has changed, so the file is read again first.
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
    /// Verifies the response by the result. A file that has changed again stays unverified.
    pub(super) fn complete(self) -> Response<ConditionalBody<B>> {
        let Self { exchange, head, body } = self;
        let verdict = exchange.judge(&head, &body);
        exchange.finish(head, body, verdict)
    }
}

#[derive(Debug)]
enum Subject {
    /// A known file. What is left open is decided by the manifest, but only when the service inside still has the file
    /// that the manifest knows. A client that resumes has a part of one form of that file, and would join another to it.
    Known { asset: Arc<Asset>, url: UrlKind, open: Option<Box<Conditional>>, resumed: Option<&'static str> },
    /// A path that the manifest does not know.
    Unknown { path: PathAndQuery },
    /// Nothing that anybody keeps.
    Other,
}

/// How a URL names a known file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlKind {
    /// By its fingerprint.
    Versioned,
    /// By its plain name.
    Plain,
    /// Not at all: it is the page for every unknown path.
    Fallback(FallbackKind),
}

/// The preconditions, which the service inside would decide by the time of modification, and
/// that is the same for two different files where a build has made all times equal (pitfall 17).
const PRECONDITIONS: [HeaderName; 5] = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE];

impl Exchange {
    /// Finds out what a request is about, decides what can be decided without the service
    /// inside, and prepares the request for it.
    pub(super) fn begin<Q, B>(config: &Arc<Config>, request: &mut Request<Q>) -> Next<B> {
        let facts = config.rules.facts(request);
        let is_head = *request.method() == Method::HEAD;
        let exchange = |subject| Self { config: Arc::clone(config), facts, is_head, subject };
        let not_found = || Next::Answer(exchange(Subject::Other).answer(StatusCode::NOT_FOUND));
        let assets = config.source.current();
        let path = request.uri().path();
        let below_prefix = match config.mount {
            PathPrefix::AlreadyStripped => path.strip_prefix('/'),
            PathPrefix::Strip | PathPrefix::Keep => {
                path.strip_prefix(assets.prefix()).and_then(|rest| rest.strip_prefix('/'))
            }
        };
        let Some(below_prefix) = below_prefix else {
            return if config.mount == PathPrefix::Keep { Next::Pass } else { not_found() };
        };
        let resolved = assets.resolve(below_prefix, request.uri().query());
        if matches!(resolved, Resolved::Unknown) {
            if config.passes_unknown(&assets) {
                if config.mount == PathPrefix::Strip
                    && let Some(target) = target_as_asked(config.mount, assets.prefix(), request.uri())
                {
                    retarget(request, &target);
                }
                return Next::Pass;
            }
            if let Some((asset, kind)) = fallback(config, &assets, below_prefix, request) {
                return exchange(Subject::Other).ask_for(asset, UrlKind::Fallback(kind), request);
            }
        }
        if is_suspicious(path) {
            return not_found();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            if let Some(target) = target_as_asked(config.mount, assets.prefix(), request.uri()) {
                retarget(request, &target);
            }
            return Next::Ask(exchange(Subject::Other));
        }
        let (asset, url) = match resolved {
            Resolved::Versioned(asset) => (asset, UrlKind::Versioned),
            Resolved::Plain(asset) => (asset, UrlKind::Plain),
            Resolved::Stale(asset) => match config.stale {
                StaleFingerprint::Current => (asset, UrlKind::Plain),
                StaleFingerprint::Redirect => return Next::Answer(exchange(Subject::Other).redirect(&asset)),
                StaleFingerprint::NotFound => return not_found(),
            },
            Resolved::Unknown => {
                let target = target_as_asked(config.mount, assets.prefix(), request.uri());
                match (config.unknown.unwrap_or_default(), target) {
                    (UnknownName::Service, Some(path)) => {
                        // Nothing is known that an `If-Range` could be held against.
                        if request.headers().contains_key(IF_RANGE) {
                            request.headers_mut().remove(RANGE);
                        }
                        remove_preconditions(request.headers_mut());
                        retarget(request, &path);
                        return Next::Ask(exchange(Subject::Unknown { path }));
                    }
                    _ => return not_found(),
                }
            }
        };
        exchange(Subject::Other).ask_for(asset, url, request)
    }

    /// Decides the preconditions by the tag of the content, under every kind of URL (B-04, B-06), where
    /// that needs no file. Otherwise requests the file.
    fn ask_for<Q, B>(mut self, asset: Arc<Asset>, url: UrlKind, request: &mut Request<Q>) -> Next<B> {
        // In development the bytes of the file count, whatever the URL says.
        let by_url = url == UrlKind::Versioned && !self.config.rules.development;
        if by_url && names_only(asset.entity_tag(), request.headers()) {
            return Next::Answer(self.not_modified(asset));
        }
        let current = Representation::Current(Validators::new().with_etag(asset.entity_tag().clone()));
        let resumed = resumed_form(&asset, request);
        let range = request.headers().get(RANGE).cloned().filter(|_| resumed.is_some());
        let mut conditional = Conditional::begin(&self.config.conditional, request);
        let is_open = match conditional.decide_before(current, request) {
            Some(answer) if by_url && !asks_for_any(request.headers()) => {
                let (mut head, body) = answer.into_response().into_parts();
                self.subject = Subject::Known { asset, url, open: None, resumed: None };
                self.say(&mut head, true);
                return Next::Answer(Response::from_parts(head, body));
            }
            Some(_) => {
                // the range does not come into it.
                request.headers_mut().remove(RANGE);
                true
            }
            // What comes may be in a coding, with a tag of its own, which is not the one that this was
            // decided by.
            None => {
                let headers = request.headers_mut();
                match (resumed, range) {
                    (Some(form), Some(range)) => {
                        set_field(headers, RANGE, range);
                        // The form that the client has a part of, and not the one that it would get from the start.
                        set_field(headers, ACCEPT_ENCODING, HeaderValue::from_static(form));
                    }
                    // another file, or another form of this one.
                    _ if headers.contains_key(IF_RANGE) => _ = headers.remove(RANGE),
                    _ => {}
                }
                !conditional.is_unconditional()
            }
        };
        remove_preconditions(request.headers_mut());
        // A range of an empty file cannot be satisfied, and some services send `bytes 0-0/0` for it. R-14: no response
        // to several ranges shows of which file they are.
        if asset.length() == 0 || request.headers().get_all(RANGE).iter().any(|line| line.as_bytes().contains(&b',')) {
            request.headers_mut().remove(RANGE);
        }
        let target = match self.config.mount {
            PathPrefix::AlreadyStripped | PathPrefix::Strip => asset.target(),
            PathPrefix::Keep => asset.target_below_prefix(),
        };
        retarget(request, target);
        self.subject = Subject::Known { asset, url, open: is_open.then(|| Box::new(conditional)), resumed };
        Next::Ask(self)
    }

    /// Verifies the response of the inner service, which may have to wait for its file to be read again.
    pub(super) fn complete<B: Body>(self, response: Response<B>) -> Completion<B> {
        let (head, body) = response.into_parts();
        if is_interim(head.status) || is_grpc_exchange(self.facts.has(Facts::GRPC_REQUEST), &head.headers) {
            return Completion::Done(Response::from_parts(head, ConditionalBody::inner(body)));
        }
        let verdict = self.judge(&head, &body);
        if verdict == Verdict::OtherTime
            && let Some(recheck) = self.asset().and_then(|asset| recheck(asset, &head.headers))
        {
            return Completion::Wait { recheck, unverified: Unverified { exchange: self, head, body } };
        }
        Completion::Done(self.finish(head, body, verdict))
    }

    /// Decides how long the response may be stored.
    fn finish<B: Body>(self, mut head: Parts, body: B, verdict: Verdict) -> Response<ConditionalBody<B>> {
        // The bytes of another file are not those of the URL, and a range of them would be joined
        // with a part of the right ones.
        match (verdict, &self.subject) {
            (Verdict::Page, _) => return self.answer(StatusCode::NOT_FOUND),
            (Verdict::Different | Verdict::OtherTime, Subject::Known { url: UrlKind::Versioned, .. })
                if self.config.stale == StaleFingerprint::NotFound && !self.config.rules.development =>
            {
                return self.answer(StatusCode::NOT_FOUND);
            }
            (Verdict::Different | Verdict::OtherTime, _) if head.status == StatusCode::PARTIAL_CONTENT => {
                return self.answer(StatusCode::SERVICE_UNAVAILABLE);
            }
            (_, Subject::Known { resumed: Some(form), .. })
                if head.status == StatusCode::PARTIAL_CONTENT
                    && (verdict != Verdict::Proven || !is_in_coding(&head.headers, form)) =>
            {
                return self.answer(StatusCode::SERVICE_UNAVAILABLE);
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
        self.say(&mut head, verdict == Verdict::Proven);
        match self.subject {
            Subject::Known { open: Some(conditional), .. } if verdict == Verdict::Proven => {
                conditional.decide_after(Response::from_parts(head, body))
            }
            _ => {
                add_coding_suffix(&mut head.headers);
                Response::from_parts(head, ConditionalBody::inner(body))
            }
        }
    }

    fn judge<B: Body>(&self, head: &Parts, body: &B) -> Verdict {
        match &self.subject {
            Subject::Known { asset, .. } if matches!(head.status.as_u16(), 200 | 206) => {
                // The body of the answer to HEAD is empty, or it is the content (L-06).
                let length = body.size_hint().exact().filter(|length| !self.is_head || *length > 0);
                Verdict::of(asset, head, length, self.config.conditional.clock.now())
            }
            Subject::Unknown { path } => {
                let content_type = head.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
                if is_fallback_page(path.path(), content_type) { Verdict::Page } else { Verdict::Unproven }
            }
            Subject::Known { .. } | Subject::Other => Verdict::Unproven,
        }
    }

    /// The client has the bytes that the URL names.
    fn not_modified<B>(mut self, asset: Arc<Asset>) -> Response<ConditionalBody<B>> {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = StatusCode::NOT_MODIFIED;
        set_field(&mut head.headers, ETAG, asset.entity_tag().to_header_value());
        self.subject = Subject::Known { asset, url: UrlKind::Versioned, open: None, resumed: None };
        self.say(&mut head, true);
        Response::from_parts(head, ConditionalBody::nothing())
    }

    /// An answer without content, kept by nobody (B-03).
    fn answer<B>(&self, status: StatusCode) -> Response<ConditionalBody<B>> {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = status;
        self.say(&mut head, false);
        Response::from_parts(head, ConditionalBody::nothing())
    }

    fn asset(&self) -> Option<&Asset> {
        match &self.subject {
            Subject::Known { asset, .. } => Some(asset),
            Subject::Unknown { .. } | Subject::Other => None,
        }
    }

    fn redirect<B>(&self, asset: &Asset) -> Response<ConditionalBody<B>> {
        let mut response = self.answer(StatusCode::FOUND);
        let location = HeaderValue::try_from(asset.url()).expect("a URL is visible ASCII");
        response.headers_mut().insert(LOCATION, location);
        response
    }

    /// Writes how long the answer may be kept, and what depends on it.
    fn say(&self, head: &mut Parts, proven: bool) {
        let rendered = match &self.subject {
            Subject::Known { asset, url, .. } if proven && *url != UrlKind::Fallback(FallbackKind::NotStored) => {
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
        let policy = ResolvedPolicy::Fixed(rendered);
        let layer = Layer { rules: &self.config.rules, request: self.facts, policy };
        let now = || self.config.conditional.clock.now();
        layer.rule_head(head.status, &mut head.headers, &mut head.extensions, now);
    }
}

const USE_AS_DICTIONARY: HeaderName = HeaderName::from_static("use-as-dictionary");

/// Whether the request is what a browser sends that has the bytes of this tag: `If-None-Match`
/// holds the tag and no other (P-15), and there is no `If-Match`, which would come first (P-05).
/// [`Conditional`] comes to the same, in many more steps.
fn names_only(tag: &EntityTag, headers: &HeaderMap) -> bool {
    only_line(headers, &IF_NONE_MATCH).is_some_and(|line| tag.as_ref().is_all_of(line))
        && !headers.contains_key(IF_MATCH)
}

/// Whether a 304 would rest on `If-None-Match: *`. It asks whether there is a file, which only the
/// service inside knows (P-02); a client that has the bytes names their tag.
fn asks_for_any(headers: &HeaderMap) -> bool {
    EntityTagList::new(headers.get_all(IF_NONE_MATCH)).any(|member| matches!(member, EntityTagMember::Any))
}

/// The form of the file that a client resumes, of those that it accepts: the content coding, or `identity`.
fn resumed_form<Q>(asset: &Asset, request: &Request<Q>) -> Option<&'static str> {
    let headers = request.headers();
    if !headers.contains_key(IF_RANGE) || *request.method() != Method::GET || !has_valid_byte_range(headers) {
        return None;
    }
    let preconditions = Preconditions::new(request.method(), headers);
    // the tags have no date beside them, so that the time plays no part.
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

/// Where the service inside looks for a path as it was asked for.
fn target_as_asked(mount: PathPrefix, prefix: &str, uri: &Uri) -> Option<PathAndQuery> {
    let asked = uri.path_and_query()?;
    match mount {
        PathPrefix::AlreadyStripped | PathPrefix::Keep => Some(asked.clone()),
        PathPrefix::Strip => PathAndQuery::try_from(asked.as_str().strip_prefix(prefix)?).ok(),
    }
}

fn retarget<Q>(request: &mut Request<Q>, target: &PathAndQuery) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(target.clone());
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_else(|_| Uri::from(target.clone()));
}
