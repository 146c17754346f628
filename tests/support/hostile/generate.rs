//! Generates a [`Case`] from random bytes, for the tests and the fuzzer.
//!
//! Most parts of a case are chosen independently. A [`Theme`] sets a combination that random choices rarely produce,
//! such as an unsafe request with the content type of gRPC and a failed precondition.

use std::collections::VecDeque;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_cache_policy::edge::{DirectiveSyntax, EdgeProfile, TagFormat, TagSyntax, TargetedField};
use tower_cache_policy::policy::{CachePolicy, CacheTag, Risk, StatusPolicy};
use tower_cache_policy::protocol::{EntityTag, HttpDate, Representation, Validators};

use super::case::{
    Case, Change, ClientRequest, Conditional, Digest, Edge, Form, Handler, Kind, Policy, Precedence, now,
};
use super::fields::{OWN_FIELD, OWN_RESTRICTION, OWN_TAGS};
use super::service::{FramesBody, Hint, Step};

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

const DATES: [&str; 7] = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:36 GMT",
    "Sunday, 06-Nov-94 08:49:38 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 01 Jun 2026 00:00:00 GMT",
    "Wed, 01 Jul 2026 00:00:00 GMT",
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

/// Content types of requests.
const CLAIMS: [&str; 6] = [
    "application/grpc",
    "application/grpc+json",
    "application/grpc-web",
    "application/grpcx",
    "application/grpc; x",
    "text/plain",
];

/// Values without a directive that any standard defines.
const UNKNOWN: [&str; 4] = ["undefined", ";", "\"", "="];

/// Lines whose meaning changes when they are joined.
const SPLIT_QUOTES: [[&str; 2]; 4] = [
    ["x=\"a", "b\", no-store, y=\"c"],
    ["x=\"a", "b\", private, y=\"c"],
    ["public, x=\"a", "b\", max-age=5, no-cache, y=\"c"],
    ["max-age=60, x=\"", "\", s-maxage=0, private, \""],
];

/// The fields of requests, and their values.
const REQUEST_FIELDS: [(&str, &[&str]); 13] = [
    ("if-none-match", &TAGS),
    ("if-none-match", &TAGS),
    ("if-match", &TAGS),
    ("if-match", &TAGS),
    ("if-modified-since", &DATES),
    ("if-unmodified-since", &DATES),
    ("if-range", &["\"a\"", "\"a--gzip\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT"]),
    ("range", &["bytes=0-1", "bytes=-1", "pages=0-1"]),
    ("accept-encoding", &["gzip", "gzip, br", "gzip;q=0", "*", "identity"]),
    ("authorization", &["x"]),
    ("content-type", &CLAIMS),
    ("cookie", &["a=b"]),
    ("x-forwarded-host", &["evil"]),
];

/// The fields of responses, and their values.
const RESPONSE_FIELDS: [(&str, &[&str]); 31] = [
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
    (
        "content-type",
        &[
            "text/html",
            "image/png",
            "application/grpc",
            "text/event-stream",
            "multipart/x-mixed-replace; boundary=x",
            "application/json",
            "application/grpcx",
        ],
    ),
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
    ("x-litespeed-cache-control", &["public,max-age=600", "no-store"]),
    ("x-litespeed-tag", &["a,b"]),
    ("age", &["5"]),
    ("x-cache", &["HIT"]),
    ("trailer", &["x"]),
];

const VARIES: [&[&str]; 3] = [&[], &["accept-language"], &["accept", "origin"]];

const RISKS: [Risk; 13] = [
    Risk::SetCookieReplayedToOthers,
    Risk::AuthorizedResponseServedToOthers,
    Risk::PersonalizedResponseServedToOthers,
    Risk::ErrorServedAsLongAsASuccess,
    Risk::UnexpectedSuccessServedAsThePage,
    Risk::RedirectOutlivesItsReason,
    Risk::EdgeFieldOverrulesNoStore,
    Risk::UnsafeResponseReused,
    Risk::VariantServedToEverybody,
    Risk::OneOriginsResponseServedToAnother,
    Risk::LifetimeGuessedByCaches,
    Risk::RestrictionInASecondLineMissed,
    Risk::PageSurvivesReload,
];

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let request = ClientRequest {
            method: u.choose(&METHODS)?.clone(),
            headers: lines(u, &REQUEST_FIELDS, 5)?,
            personalized: rarely(u)?,
        };
        let layers = (0..u.int_in_range(0..=4)?).map(|_| kind(u)).collect::<Result<_>>()?;
        let status = match u.ratio(1, 16)? {
            true => StatusCode::from_u16(u.int_in_range(100..=999)?).unwrap(),
            false => StatusCode::from_u16(*u.choose(&STATUSES)?).unwrap(),
        };
        let handler = Handler {
            status,
            headers: lines(u, &RESPONSE_FIELDS, 9)?,
            policy: if u.ratio(1, 4)? { Some(policy(u)?) } else { None },
            status_policy: if u.ratio(1, 6)? { Some(status_policy(u, status)?) } else { None },
            personalized: rarely(u)?,
            tags: (0..u.int_in_range(0..=2)?).map(|n| CacheTag::new(format!("t{n}")).unwrap()).collect(),
            body: body(u)?,
            purge: u.arbitrary()?,
            not_modified: u.ratio(1, 4)?,
        };
        let mut case = Self { layers, request, handler };
        if u.arbitrary()? {
            u.choose(&Theme::ALL)?.apply(&mut case, u)?;
        }
        Ok(case)
    }
}

/// A combination that random choices rarely produce.
#[derive(Clone, Copy, Debug)]
enum Theme {
    /// An unsafe request with the content type of gRPC, with a source or required preconditions.
    GrpcClaim,
    /// A live stream without a lifetime.
    LiveStream,
    /// Two lines of `Cache-Control` with a quote that starts in the first and ends in the second.
    SplitQuote,
    /// More than 1,000 members.
    LongField,
    /// A field without a known directive.
    NoKnownDirective,
    /// A profile with custom field names, and a handler that writes these fields.
    CustomProfile,
    /// A source in a `CachingLayer`, and a handler without validators.
    SourceInCaching,
    /// A handler that generates a 304.
    NotModifiedByHandler,
    /// An accepted risk, and a layer that changes the value for which it was accepted.
    Waiver,
    /// A layer that overrides or tightens a response with fields for edges.
    Replacement,
    /// A partial response.
    PartialContent,
}

impl Theme {
    const ALL: [Self; 11] = [
        Self::GrpcClaim,
        Self::LiveStream,
        Self::SplitQuote,
        Self::LongField,
        Self::NoKnownDirective,
        Self::CustomProfile,
        Self::SourceInCaching,
        Self::NotModifiedByHandler,
        Self::Waiver,
        Self::Replacement,
        Self::PartialContent,
    ];

    fn apply(self, case: &mut Case, u: &mut Unstructured<'_>) -> Result<()> {
        let headers = &mut case.handler.headers;
        match self {
            Self::GrpcClaim => {
                case.request.method = u.choose(&[Method::POST, Method::POST, Method::PUT, Method::DELETE])?.clone();
                insert(&mut case.request.headers, "content-type", u.choose(&CLAIMS)?);
                let mut guard = conditional(u)?;
                guard.require |= u.arbitrary::<bool>()?;
                if u.arbitrary()? {
                    guard.source = Some(Validators::new().with_etag(EntityTag::from_static("\"v1\"")).into());
                    insert(&mut case.request.headers, "if-match", "\"v0\"");
                }
                let layer =
                    if u.arbitrary()? { Kind::Caching(layer_policy(u)?, guard) } else { Kind::Conditional(guard) };
                case.layers.push(layer);
            }
            Self::LiveStream => {
                // Removes the fields that would give the stream a lifetime.
                for name in ["cache-control", "expires", "content-type"] {
                    headers.remove(name);
                }
                insert(
                    headers,
                    "content-type",
                    u.choose(&["text/event-stream", "multipart/x-mixed-replace; boundary=x"])?,
                );
                case.handler.status = StatusCode::OK;
                (case.handler.policy, case.handler.status_policy) = (None, None);
                case.request.method = Method::GET;
                case.layers.push(Kind::Policy(layer_policy(u)?));
            }
            Self::SplitQuote => {
                headers.remove("cache-control");
                for line in u.choose(&SPLIT_QUOTES)? {
                    headers.append("cache-control", HeaderValue::from_static(line));
                }
                case.layers.push(Kind::Policy(layer_policy(u)?));
            }
            Self::LongField => {
                let mut value = u.choose(&["", "public, max-age=600", "max-age=600"])?.to_string();
                value.push_str(&", a".repeat(u.int_in_range(998..=1_100)?));
                value.push_str(u.choose(&["", ", private", ", no-store", ", public"])?);
                headers.insert("cache-control", HeaderValue::try_from(value).unwrap());
                if u.arbitrary()? {
                    insert(headers, "set-cookie", "a=b");
                }
                case.layers.push(Kind::Policy(layer_policy(u)?));
            }
            Self::NoKnownDirective => {
                insert(headers, "cache-control", u.choose(&UNKNOWN)?);
                case.layers.push(Kind::Policy(layer_policy(u)?));
            }
            Self::CustomProfile => {
                let place = u.int_in_range(0..=case.layers.len())?;
                case.layers.insert(place, Kind::Edge(Edge { profile: custom_profile(u)?, ..edge(u)? }));
                let own = CUSTOM_FIELDS;
                for _ in 0..u.int_in_range(1..=2)? {
                    let (name, values) = u.choose(&own)?;
                    headers.append(name, HeaderValue::from_static(u.choose(values)?));
                }
            }
            Self::SourceInCaching => {
                for name in ["etag", "last-modified"] {
                    headers.remove(name);
                }
                let mut guard = conditional(u)?;
                guard.source = Some(Representation::Current(validators(u)?));
                case.layers.push(Kind::Caching(layer_policy(u)?, guard));
                case.request.method = u.choose(&[Method::GET, Method::HEAD])?.clone();
                case.handler.status = StatusCode::OK;
            }
            Self::NotModifiedByHandler => {
                case.handler.not_modified = true;
                case.handler.status = StatusCode::OK;
                case.request.method = u.choose(&[Method::GET, Method::HEAD])?.clone();
                insert(headers, "etag", "\"a\"");
                insert(headers, "content-type", u.choose(&["text/html", "image/png"])?);
                insert(&mut case.request.headers, "if-none-match", "\"a\"");
                let mut policy = layer_policy(u)?;
                if u.arbitrary()? {
                    policy.policy = Some(CachePolicy::IMMUTABLE);
                }
                let layer = if u.arbitrary()? { Kind::Policy(policy) } else { Kind::Caching(policy, conditional(u)?) };
                case.layers.push(layer);
            }
            Self::Waiver => {
                let (risk, change) = *u.choose(&[
                    (Risk::SetCookieReplayedToOthers, Change::Cookie),
                    (Risk::OneOriginsResponseServedToAnother, Change::Origin),
                    (Risk::AuthorizedResponseServedToOthers, Change::Credentials),
                ])?;
                insert(headers, "set-cookie", "theme=dark");
                insert(headers, "access-control-allow-origin", "https://a.example");
                insert(headers, "access-control-allow-credentials", "true");
                case.handler.status = StatusCode::OK;
                case.request.method = Method::GET;
                let mut layers = vec![Kind::Policy(Policy { risks: risks_with(u, risk)?, ..layer_policy(u)? })];
                if u.arbitrary()? {
                    layers.insert(0, Kind::Change(change));
                }
                let outer = match u.int_in_range(0..=2)? {
                    0 => Kind::Policy(layer_policy(u)?),
                    1 => Kind::Edge(edge(u)?),
                    _ => Kind::Caching(layer_policy(u)?, conditional(u)?),
                };
                layers.insert(0, outer);
                case.layers.truncate(1);
                case.layers.extend(layers);
            }
            Self::Replacement => {
                insert(headers, "cache-control", "public, max-age=86400");
                for _ in 0..u.int_in_range(1..=2)? {
                    let name = u.choose(&super::fields::TARGETED)?;
                    insert(headers, name, if *name == "x-accel-expires" { "86400" } else { "max-age=86400" });
                }
                let mut policy = layer_policy(u)?;
                policy.precedence =
                    *u.choose(&[Precedence::Tighten, Precedence::Override, Precedence::OverrideNoStore])?;
                case.layers.push(Kind::Policy(policy));
                case.handler.status = StatusCode::OK;
                case.request.method = Method::GET;
            }
            Self::PartialContent => {
                case.handler.status = StatusCode::PARTIAL_CONTENT;
                case.request.method = Method::GET;
                insert(headers, "content-range", "bytes 0-1/5");
                let mut policy = layer_policy(u)?;
                policy.development |= u.ratio(1, 4)?;
                policy.compresses |= policy.development;
                let layer = if u.arbitrary()? { Kind::Policy(policy) } else { Kind::Caching(policy, conditional(u)?) };
                case.layers.push(layer);
            }
        }
        Ok(())
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
}

/// The fields of a handler for a custom profile.
const CUSTOM_FIELDS: [(HeaderName, &[&str]); 3] = [
    (OWN_FIELD, &["600", "0", "max-age=600", "no-store"]),
    (OWN_RESTRICTION, &["off"]),
    (OWN_TAGS, &["user-7", "a b"]),
];

fn custom_profile(u: &mut Unstructured<'_>) -> Result<EdgeProfile> {
    let syntax = *u.choose(&[DirectiveSyntax::Seconds, DirectiveSyntax::Dictionary, DirectiveSyntax::Surrogate])?;
    let restriction = (OWN_RESTRICTION, HeaderValue::from_static("no-store"));
    let own = EdgeProfile::custom("own")
        .with_field(if u.ratio(3, 4)? { Some(TargetedField::new(OWN_FIELD, syntax)) } else { None })
        .with_tags(if u.ratio(3, 4)? { Some(TagFormat::new(OWN_TAGS, TagSyntax::Space)) } else { None })
        .with_restriction(if u.arbitrary()? { Some(restriction) } else { None });
    Ok(own.with_precedence(&["my-edge-ttl", "cache-control", "expires"]))
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
            // Most fields are lists.
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
    Ok(match u.int_in_range(0..=11)? {
        0..=2 => Kind::Policy(layer_policy(u)?),
        3 | 4 => Kind::Conditional(conditional(u)?),
        5 => Kind::EntityTag {
            unknown_length: if u.arbitrary()? { Some(u.int_in_range(0..=16)?) } else { None },
            max_body: if u.arbitrary()? { 1 << 20 } else { u.int_in_range(0..=16)? },
            digest: *u.choose(&[Digest::Weak, Digest::Strong, Digest::Keyed, Digest::StrongAndKeyed])?,
        },
        6 | 7 => Kind::Edge(edge(u)?),
        8 | 9 => Kind::Caching(layer_policy(u)?, conditional(u)?),
        10 => Kind::Change(*u.choose(&[Change::Cookie, Change::Origin, Change::Credentials])?),
        _ => {
            if u.arbitrary()? {
                Kind::Compression
            } else {
                Kind::Purge { announces: u.arbitrary()?, fails: u.arbitrary()? }
            }
        }
    })
}

fn edge(u: &mut Unstructured<'_>) -> Result<Edge> {
    let profile = if u.ratio(1, 8)? { custom_profile(u)? } else { u.choose(EdgeProfile::all())?.clone() };
    Ok(Edge {
        profile,
        risks: risks(u)?,
        default: if rarely(u)? { Some(policy(u)?) } else { None },
        coarser: u.arbitrary()?,
    })
}

/// A handler's policy for the status of its response, or for another one.
fn status_policy(u: &mut Unstructured<'_>, status: StatusCode) -> Result<StatusPolicy> {
    let other = StatusCode::from_u16(*u.choose(&FOR_STATUS)?).unwrap();
    // The 200 of a 304 or a 206 would not get the policy that is compared.
    let is_of_another = matches!(status.as_u16(), 206 | 304);
    Ok(StatusPolicy::new(if u.arbitrary()? && !is_of_another { status } else { other }, policy(u)?))
}

const FOR_STATUS: [u16; 6] = [200, 204, 301, 404, 410, 500];

fn layer_policy(u: &mut Unstructured<'_>) -> Result<Policy> {
    Ok(Policy {
        policy: if u.ratio(7, 8)? { Some(policy(u)?) } else { None },
        form: *u.choose(&[Form::Closure, Form::Fixed, Form::Fixed, Form::Table, Form::TableByType])?,
        compresses: u.ratio(1, 4)?,
        vary: if u.ratio(1, 8)? { vec![*u.choose(&VARIES)?, *u.choose(&VARIES)?] } else { Vec::new() },
        precedence: *u.choose(&[
            Precedence::HandlerFirst,
            Precedence::Tighten,
            Precedence::Override,
            Precedence::OverrideNoStore,
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

fn risks_with(u: &mut Unstructured<'_>, risk: Risk) -> Result<Vec<Risk>> {
    let mut all = risks(u)?;
    all.push(risk);
    Ok(all)
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
        4 if !has_lifetime => policy = policy.with_http10_fields(),
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
        _ => Some(Representation::Current(validators(u)?)),
    };
    Ok(Conditional { source, by_head: u.ratio(1, 4)?, require: rarely(u)?, trust_ranges: u.arbitrary()? })
}

fn validators(u: &mut Unstructured<'_>) -> Result<Validators> {
    let mut validators = Validators::new();
    if let Ok(tag) = EntityTag::parse(u.choose(&TAGS)?.as_bytes()) {
        validators = validators.with_etag(tag);
    }
    if u.arbitrary()?
        && let Ok(date) = HttpDate::parse(u.choose(&DATES)?.as_bytes(), now())
    {
        validators = validators.with_last_modified(date);
    }
    Ok(validators)
}

fn body(u: &mut Unstructured<'_>) -> Result<FramesBody> {
    let mut steps = VecDeque::new();
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
