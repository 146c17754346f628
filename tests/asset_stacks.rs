//! Tests `AssetsLayer` in random stacks of the other layers, with a file service that is correct, outdated, broken or
//! wrong. Only verified content under a versioned URL is immutable.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/hostile/mod.rs"]
mod hostile;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use proptest::prelude::*;
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::AssetManifest;
use tower_cache_policy::layers::assets::StaleFingerprint;
use tower_cache_policy::protocol::{CacheControl, Outcome};

use self::hostile::case::{Case, Kind, Precedence, now};
use self::hostile::preconditions::{OriginValidators, RequestPreconditions, outcome, without_coding};
use self::hostile::purger::Purger;
use self::hostile::service::{AnyBody, AnyService, Content, FramesBody, Hint, Step, encode, read};

const STYLE: &[u8] = b"p{color:red}";
/// Content with the length of the stylesheet.
const OUTDATED: &[u8] = b"p{color:blue}";
const PAGE: &[u8] = b"<!doctype html>";
const YEAR: u32 = 31_536_000;

/// The path that is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Versioned,
    Plain,
    Stale,
    Unknown,
}

/// The files of the inner service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    Right,
    /// A file whose length differs from the manifest.
    Outdated,
    /// The page of an application, in place of missing files.
    Fallback,
    Gone,
    Broken,
    /// The correct file, without headers that prove it.
    Silent,
}

#[derive(Clone, Debug)]
struct Exchange {
    case: Case,
    path: Path,
    files: Files,
    stale: StaleFingerprint,
}

struct CaseResult {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
    /// The number of calls of the inner service.
    calls: usize,
}

impl Exchange {
    fn fetch(&self, assets: &AssetManifest, method: &Method, headers: &HeaderMap) -> CaseResult {
        let calls = Rc::new(RefCell::new(0));
        let files = {
            let (files, calls) = (self.files, Rc::clone(&calls));
            AnyService::new(move |request| {
                *calls.borrow_mut() += 1;
                files.response(&request)
            })
        };
        let mut service = files.wrapped_in(AssetsLayer::new(assets).stale_fingerprint(self.stale));
        let purger = Purger::default();
        for kind in self.case.layers.iter().rev() {
            service = kind.wrap(service, &purger);
        }
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers.clone();
        *request.uri_mut() = match self.path {
            Path::Versioned => assets.url("style.css").unwrap().parse().unwrap(),
            Path::Plain => "/style.css".parse().unwrap(),
            Path::Stale => "/style.00000000000000000000000000000000.css".parse().unwrap(),
            Path::Unknown => "/other.css".parse().unwrap(),
        };
        let (head, body) = service.respond(request).into_parts();
        let content = read(body);
        let calls = *calls.borrow();
        CaseResult { status: head.status, headers: head.headers, content, calls }
    }

    /// Returns whether every layer preserves the inner service's decision.
    fn is_tame(&self) -> bool {
        let kinds = &self.case.layers;
        kinds.iter().all(|kind| kind.risks().is_empty())
            && kinds.iter().filter_map(|kind| kind.policy()).all(|policy| {
                !matches!(policy.precedence, Precedence::Override | Precedence::OverrideNoStore)
                    && policy.for_status.is_none()
                    && policy.default.is_none()
            })
    }
}

impl Files {
    /// Serves ranges without evaluating `If-Range`, as some services do.
    fn response<B>(self, request: &Request<B>) -> Response<AnyBody> {
        let is_style = request.uri().path() == "/style.css";
        let (status, content_type, content) = match self {
            Self::Right | Self::Silent if is_style => (StatusCode::OK, "text/css", STYLE),
            Self::Outdated if is_style => (StatusCode::OK, "text/css", OUTDATED),
            Self::Fallback => (StatusCode::OK, "text/html", PAGE),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "text/css", STYLE),
            _ => (StatusCode::NOT_FOUND, "text/plain", &b"no such file"[..]),
        };
        let ranged = status == StatusCode::OK && request.headers().contains_key(RANGE);
        let part = if ranged { &content[..2] } else { content };
        let is_head = *request.method() == Method::HEAD;
        let steps = if is_head { [].into() } else { [Step::Data(Bytes::from_static(part))].into() };
        let hint = if self == Self::Silent { Hint::Nothing } else { Hint::Exact };
        let mut response = Response::new(Box::pin(FramesBody { steps, hint }) as AnyBody);
        *response.status_mut() = if ranged { StatusCode::PARTIAL_CONTENT } else { status };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self != Self::Silent {
            headers.insert(CONTENT_LENGTH, part.len().into());
            if ranged {
                let range = format!("bytes 0-1/{}", content.len());
                headers.insert(CONTENT_RANGE, HeaderValue::try_from(range).unwrap());
            }
        }
        // Like a service whose tags depend on the modification time, if all files have the same time.
        headers.insert(ETAG, HeaderValue::from_static("\"a\""));
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        response
    }
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let case = prop::collection::vec(any::<u8>(), 0..400)
        .prop_map(|bytes| Case::arbitrary(&mut Unstructured::new(&bytes)))
        .prop_filter_map("too few bytes", Result::ok);
    let path = prop::sample::select(vec![Path::Versioned, Path::Versioned, Path::Plain, Path::Stale, Path::Unknown]);
    let files = prop::sample::select(vec![
        Files::Right,
        Files::Right,
        Files::Outdated,
        Files::Fallback,
        Files::Gone,
        Files::Broken,
        Files::Silent,
    ]);
    let stale =
        prop::sample::select(vec![StaleFingerprint::NotFound, StaleFingerprint::Current, StaleFingerprint::Redirect]);
    // Half of the clients have a stored response, because a random tag would never match.
    let held = prop::option::of(prop::sample::select(vec!["", "W/", "--gzip", "range"]));
    (case, path, files, stale, held).prop_map(|(mut case, path, files, stale, held)| {
        for kind in &mut case.layers {
            if let Kind::Conditional(conditional) | Kind::Caching(_, conditional) = kind {
                // A random source would describe a representation other than the file.
                conditional.source = None;
            }
        }
        if let Some(form) = held {
            let fingerprint = manifest().asset("style.css").unwrap().fingerprint().to_owned();
            let (name, tag) = match form {
                "range" => ("if-range", format!("\"{fingerprint}\"")),
                "--gzip" => ("if-none-match", format!("\"{fingerprint}--gzip\"")),
                weak => ("if-none-match", format!("{weak}\"{fingerprint}\"")),
            };
            case.request.headers.append(name, HeaderValue::try_from(tag).unwrap());
            if form == "range" {
                case.request.headers.insert(RANGE, HeaderValue::from_static("bytes=0-1"));
            }
        }
        Exchange { case, path, files, stale }
    })
}

fn manifest() -> AssetManifest {
    AssetManifest::from_contents([("style.css", STYLE)]).unwrap()
}

/// The number of responses that each check covered.
static NOT_MODIFIED: AtomicUsize = AtomicUsize::new(0);
static STORED: AtomicUsize = AtomicUsize::new(0);
static PARTIAL: AtomicUsize = AtomicUsize::new(0);

fn check(exchange: &Exchange) {
    let assets = manifest();
    let Exchange { case, path, files, .. } = exchange;
    let method = &case.request.method;
    let result = exchange.fetch(&assets, method, &case.request.headers);
    assert!(result.calls <= 1);
    if !matches!(*method, Method::GET | Method::HEAD) {
        return;
    }
    let Some(control) = CacheControl::from_headers(&result.headers) else {
        // The fields of the 200 still apply (N-01).
        return assert_eq!(result.status, 304, "a response without a policy (G-14)");
    };
    assert_eq!(result.headers.get_all(CACHE_CONTROL).iter().count(), 1, "G-25");
    assert!(!result.headers.contains_key(LAST_MODIFIED), "a date that all files share (pitfall 17)");

    // B-01, B-03, G-19: only verified content under a versioned URL may be stored for a year.
    let for_long = control.immutable() || control.max_age().or(control.s_maxage()).is_some_and(|age| age >= YEAR);
    if for_long && !control.no_cache() && exchange.is_tame() {
        assert_eq!(*path, Path::Versioned, "{} for a year", result.status);
        assert!(matches!(result.status.as_u16(), 200 | 206 | 304), "{} for a year", result.status);
        assert!(result.status == 304 || *files == Files::Right, "{files:?} for a year");
    }
    // Every storable response for the stylesheet contains the stylesheet.
    let of_style = matches!(path, Path::Versioned | Path::Plain);
    if of_style && result.status == 200 && *method == Method::GET && !control.no_store() && exchange.is_tame() {
        STORED.fetch_add(1, Ordering::Relaxed);
        let is_coded = result.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
        let bytes = if is_coded { encode(&result.content.bytes) } else { result.content.bytes.clone() };
        assert_eq!(bytes, STYLE, "{control}");
    }
    if result.status == 304 {
        assert_eq!(result.content, Content::default(), "N-04");
        assert_not_modified_is_correct(exchange, &assets);
    }
    if result.status == 206 {
        assert_range_is_of_the_stored_representation(exchange, &assets);
    }
}

/// The response to the same request without preconditions and ranges.
fn complete_response(exchange: &Exchange, assets: &AssetManifest, request: &HeaderMap) -> CaseResult {
    let mut headers = request.clone();
    for name in ["if-none-match", "if-match", "if-modified-since", "if-unmodified-since", "if-range", "range"] {
        headers.remove(name);
    }
    exchange.fetch(assets, &Method::GET, &headers)
}

/// P-14, P-15: the tag of a 304 is the tag of the 200 or, under a versioned URL, of the content of this version.
fn assert_not_modified_is_correct(exchange: &Exchange, assets: &AssetManifest) {
    NOT_MODIFIED.fetch_add(1, Ordering::Relaxed);
    let mut preconditions =
        RequestPreconditions::read(&exchange.case.request.method, &exchange.case.request.headers, now());
    // Each conditional layer and AssetsLayer add and remove one coding suffix.
    let layers = 1 + exchange.case.layers.iter().filter_map(|kind| kind.conditional()).count();
    for _ in 0..layers {
        preconditions = preconditions.without_codings();
    }
    let complete = complete_response(exchange, assets, &exchange.case.request.headers);
    let mut current = complete.headers;
    if exchange.path == Path::Versioned {
        let fingerprint = assets.asset("style.css").unwrap().fingerprint();
        current.insert(ETAG, HeaderValue::try_from(format!("\"{fingerprint}\"")).unwrap());
    } else {
        assert_eq!(complete.status, 200, "a 304 for a response other than 200");
    }
    let mut current = OriginValidators::read(&current, now());
    if let Some((_, opaque)) = &mut current.etag {
        (0..layers).for_each(|_| opaque.truncate(without_coding(opaque).len()));
    }
    assert_eq!(outcome(&preconditions, Some(&current)), Outcome::NotModified, "a false 304");
}

/// a partial response is sent only to a client that has the rest of the same representation.
fn assert_range_is_of_the_stored_representation(exchange: &Exchange, assets: &AssetManifest) {
    let mut headers = exchange.case.request.headers.clone();
    let Some(held) = headers.remove("if-range") else { return };
    PARTIAL.fetch_add(1, Ordering::Relaxed);
    // A range is never encoded.
    headers.remove("accept-encoding");
    assert_eq!(
        Some(&held),
        complete_response(exchange, assets, &headers).headers.get(ETAG),
        "a range of another representation"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    fn check_exchanges(exchange in exchange()) {
        check(&exchange);
    }
}

#[test]
fn a_versioned_url_is_immutable_in_every_stack() {
    check_exchanges();
    for (name, count, least) in
        [("304s", &NOT_MODIFIED, 100), ("stored responses", &STORED, 100), ("partial responses", &PARTIAL, 20)]
    {
        let count = count.load(Ordering::Relaxed);
        assert!(count >= least, "only {count} {name} were checked");
    }
}
