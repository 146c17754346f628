//! `AssetsLayer` inside random stacks of the other layers, around a service of files that is right,
//! outdated, broken or lies: what a URL promises is kept, and nothing else is promised.
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
use self::hostile::preconditions::{Asked, Has, outcome, without_coding};
use self::hostile::purger::Purger;
use self::hostile::service::{AnyBody, AnyService, Content, FramesBody, Hint, Step, code, read};

const STYLE: &[u8] = b"p{color:red}";
/// As long as the style.
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
    /// Another length than the manifest knows.
    Outdated,
    /// The page of an application, for whatever is not there.
    Fallback,
    Gone,
    Broken,
    /// Right, with a head that does not show it.
    Silent,
}

#[derive(Clone, Debug)]
struct Exchange {
    case: Case,
    path: Path,
    files: Files,
    stale: StaleFingerprint,
}

struct Came {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
    /// How often the inner service was called.
    asked: usize,
}

impl Exchange {
    fn ask(&self, assets: &AssetManifest, method: &Method, headers: &HeaderMap) -> Came {
        let asked = Rc::new(RefCell::new(0));
        let files = {
            let (files, asked) = (self.files, Rc::clone(&asked));
            AnyService::new(move |request| {
                *asked.borrow_mut() += 1;
                files.answer(&request)
            })
        };
        let mut service = files.within(AssetsLayer::new(assets).stale_fingerprint(self.stale));
        let purger = Purger::default();
        for kind in self.case.layers.iter().rev() {
            service = kind.around(service, &purger);
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
        let (head, body) = service.ask(request).into_parts();
        let content = read(body);
        let asked = *asked.borrow();
        Came { status: head.status, headers: head.headers, content, asked }
    }

    /// Whether every layer preserves the inner service's decision.
    fn is_tame(&self) -> bool {
        let kinds = &self.case.layers;
        kinds.iter().all(|kind| kind.risks().is_empty())
            && kinds.iter().filter_map(|kind| kind.policy()).all(|policy| {
                !matches!(policy.precedence, Precedence::Override | Precedence::OverrideEvenNoStore)
                    && policy.for_status.is_none()
                    && policy.default.is_none()
            })
    }
}

impl Files {
    /// Ranges are served whatever `If-Range` says, as some services do.
    fn answer<B>(self, request: &Request<B>) -> Response<AnyBody> {
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
        // As a service by the time of modification has them, and a directory with one time for all.
        headers.insert(ETAG, HeaderValue::from_static("\"a\""));
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        response
    }
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let case = prop::collection::vec(any::<u8>(), 0..400)
        .prop_map(|octets| Case::arbitrary(&mut Unstructured::new(&octets)))
        .prop_filter_map("too few octets", Result::ok);
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
    // Half of the clients hold something, which names drawn at random never are.
    let held = prop::option::of(prop::sample::select(vec!["", "W/", "--gzip", "range"]));
    (case, path, files, stale, held).prop_map(|(mut case, path, files, stale, held)| {
        for kind in &mut case.layers {
            if let Kind::Conditional(conditional) | Kind::Caching(_, conditional) = kind {
                // A source drawn at random speaks of something else than the file.
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

/// How many responses each kind of check saw.
static NOT_MODIFIED: AtomicUsize = AtomicUsize::new(0);
static KEPT: AtomicUsize = AtomicUsize::new(0);
static PARTS: AtomicUsize = AtomicUsize::new(0);

fn check(exchange: &Exchange) {
    let assets = manifest();
    let Exchange { case, path, files, .. } = exchange;
    let method = &case.request.method;
    let came = exchange.ask(&assets, method, &case.request.headers);
    assert!(came.asked <= 1);
    if !matches!(*method, Method::GET | Method::HEAD) {
        return;
    }
    let Some(control) = CacheControl::from_headers(&came.headers) else {
        // The fields of the 200 still apply (N-01).
        return assert_eq!(came.status, 304, "no response leaves without a policy (G-14)");
    };
    assert_eq!(came.headers.get_all(CACHE_CONTROL).iter().count(), 1, "G-25");
    assert!(!came.headers.contains_key(LAST_MODIFIED), "a date that all files share (pitfall 17)");

    // B-01, B-03, G-19: a promise for a year is one about bytes that were named and verified.
    let for_long = control.immutable() || control.max_age().or(control.s_maxage()).is_some_and(|age| age >= YEAR);
    if for_long && !control.no_cache() && exchange.is_tame() {
        assert_eq!(*path, Path::Versioned, "{} for a year", came.status);
        assert!(matches!(came.status.as_u16(), 200 | 206 | 304), "{} for a year", came.status);
        assert!(came.status == 304 || *files == Files::Right, "{files:?} for a year");
    }
    // Every stored response under the name of the stylesheet is the stylesheet.
    let of_style = matches!(path, Path::Versioned | Path::Plain);
    if of_style && came.status == 200 && *method == Method::GET && !control.no_store() && exchange.is_tame() {
        KEPT.fetch_add(1, Ordering::Relaxed);
        let is_coded = came.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
        let octets = if is_coded { code(&came.content.octets) } else { came.content.octets.clone() };
        assert_eq!(octets, STYLE, "{control}");
    }
    if came.status == 304 {
        assert_eq!(came.content, Content::default(), "N-04");
        is_true_not_modified(exchange, &assets);
    }
    if came.status == 206 {
        is_part_of_what_the_client_has(exchange, &assets);
    }
}

/// The response to the same request without preconditions and ranges.
fn whole(exchange: &Exchange, assets: &AssetManifest, asked: &HeaderMap) -> Came {
    let mut headers = asked.clone();
    for name in ["if-none-match", "if-match", "if-modified-since", "if-unmodified-since", "if-range", "range"] {
        headers.remove(name);
    }
    exchange.ask(assets, &Method::GET, &headers)
}

/// P-14, P-15: it names what the client would be sent, or, where the URL names the bytes itself, those.
fn is_true_not_modified(exchange: &Exchange, assets: &AssetManifest) {
    NOT_MODIFIED.fetch_add(1, Ordering::Relaxed);
    let mut asked = Asked::read(&exchange.case.request.method, &exchange.case.request.headers, now());
    // Each conditional layer names the coding, and takes the name off; AssetsLayer as well.
    let layers = 1 + exchange.case.layers.iter().filter_map(|kind| kind.conditional()).count();
    for _ in 0..layers {
        asked = asked.without_codings();
    }
    let whole = whole(exchange, assets, &exchange.case.request.headers);
    let mut has = whole.headers;
    if exchange.path == Path::Versioned {
        let fingerprint = assets.asset("style.css").unwrap().fingerprint();
        has.insert(ETAG, HeaderValue::try_from(format!("\"{fingerprint}\"")).unwrap());
    } else {
        assert_eq!(whole.status, 200, "a 304 for what is none");
    }
    let mut has = Has::read(&has, now());
    if let Some((_, opaque)) = &mut has.etag {
        (0..layers).for_each(|_| opaque.truncate(without_coding(opaque).len()));
    }
    assert_eq!(outcome(&asked, Some(&has)), Outcome::NotModified, "a false 304");
}

/// a partial response is sent only to a client that has the rest of the same representation.
fn is_part_of_what_the_client_has(exchange: &Exchange, assets: &AssetManifest) {
    let mut asked = exchange.case.request.headers.clone();
    let Some(held) = asked.remove("if-range") else { return };
    PARTS.fetch_add(1, Ordering::Relaxed);
    // No part is in a coding.
    asked.remove("accept-encoding");
    assert_eq!(Some(&held), whole(exchange, assets, &asked).headers.get(ETAG), "a part of something else");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    fn hold(exchange in exchange()) {
        check(&exchange);
    }
}

#[test]
fn a_versioned_url_is_immutable_in_every_stack() {
    hold();
    for (name, count, least) in [("304s", &NOT_MODIFIED, 100), ("answers to keep", &KEPT, 100), ("parts", &PARTS, 20)] {
        let count = count.load(Ordering::Relaxed);
        assert!(count >= least, "only {count} {name} were looked at");
    }
}
