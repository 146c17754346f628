//! The parsers of untrusted text.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tower_cache_policy::assets::css::rewrite_contents;
use tower_cache_policy::assets::{AssetManifest, FingerprintLocation};
use tower_cache_policy::audit::{CacheAudit, CacheSnapshot};
use tower_cache_policy::edge::{CacheStatus, EdgeProfile};
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{
    Age, Cache, CacheControl, ContentCodedTags, EffectiveControl, EntityTag, EntityTagList, EntityTagRef, FieldNames,
    Freshness, HttpDate, IfRange, Preconditions, RequestCacheControl, RequestedBytes, ReuseLimits, SelectingFields,
    Storability, Validators, Vary, add_coding_suffix, into_not_modified, into_precondition_failed,
    is_confirmed_by_head, is_confirmed_by_not_modified, remove_targeted_fields, remove_unstored_fields,
    update_stored_fields,
};
use tower_cache_policy_purge::{Bunny, Cloudflare, Credential, Fastly, Nginx, Purge, PurgeApi, Squid, Varnish, Vercel};

use super::Parser;
use super::input::{PATHS, TELLING, TEXTS};

const NOW: HttpDate = HttpDate::UNIX_EPOCH;

pub(crate) fn all() -> Vec<Parser> {
    let on = |shapes, parsers: Vec<Parser>| parsers.into_iter().map(move |parser| parser.on(shapes));
    let of_fields = [protocol(), response_parsers(), preconditions(), statuses()].into_iter().flatten();
    of_fields.chain(on(TELLING, audits())).chain(on(PATHS, paths())).chain(on(TEXTS, texts())).collect()
}

/// Parsers and writers of caching fields.
fn protocol() -> Vec<Parser> {
    vec![
        Parser::new("HttpDate::parse", |input| HttpDate::parse(input.text.as_bytes(), NOW)),
        Parser::new("HttpDate::parse_in_any_case", |input| HttpDate::parse_in_any_case(input.text.as_bytes(), NOW)),
        Parser::new("EntityTag::parse", |input| EntityTag::parse(input.text.as_bytes())),
        Parser::new("EntityTag::weak", |input| EntityTag::weak(&input.text)),
        Parser::new("EntityTagRef::parse", |input| EntityTagRef::parse(input.text.as_bytes()).is_some()),
        Parser::new("EntityTagList", |input| EntityTagList::new(&input.lines).count()),
        Parser::new("CacheControl::parse", |input| CacheControl::parse(&input.lines)),
        Parser::new("CacheControl::to_header_value", |input| CacheControl::parse(&input.lines).to_header_value()),
        Parser::new("CacheControl::contradictions", |input| CacheControl::parse(&input.lines).contradictions().count()),
        Parser::new("CacheControl::contradictions_in", |input| CacheControl::contradictions_in(&input.lines).count()),
        Parser::new("CacheControl::tighten", |input| {
            CacheControl::parse(&input.lines).tighten(&CacheControl::parse(input.lines.iter().rev()))
        }),
        Parser::new("CacheControl::to_private", |input| CacheControl::parse(&input.lines).to_private()),
        Parser::new("CacheControl::with_extension", |input| {
            CacheControl::new()
                .with_extension("a", Some(&input.text))
                .and_then(|one| one.with_extension(&input.text, None))
        }),
        Parser::new("CacheControl::from_targeted", |input| {
            CacheControl::from_targeted(&input.fields(&["cdn-cache-control"]), "cdn-cache-control")
        }),
        Parser::new("CacheControl::to_targeted_value", |input| CacheControl::parse(&input.lines).to_targeted_value()),
        Parser::new("FieldNames::new", |input| FieldNames::new(input.text.split(','))),
        Parser::new("RequestCacheControl::parse", |input| RequestCacheControl::parse(&input.lines)),
        Parser::new("RequestCacheControl::to_header_value", |input| {
            RequestCacheControl::parse(&input.lines).to_header_value()
        }),
        Parser::new("Vary::parse", |input| Vary::parse(&input.lines)),
        Parser::new("Vary::to_header_value", |input| Vary::parse(&input.lines).to_header_value()),
        Parser::new("Vary::union", |input| Vary::parse(&input.lines).union(&Vary::parse(input.lines.iter().rev()))),
        Parser::new("Vary::add_to", |input| {
            let mut response = input.fields(&["vary"]);
            Vary::parse([&HeaderValue::from_static("accept, accept-encoding, origin")]).add_to(&mut response);
            response
        }),
        Parser::new("Age::parse", |input| Age::parse(&input.lines)),
    ]
}

/// Parsers of a complete response.
fn response_parsers() -> Vec<Parser> {
    const FIELDS: &[&str] = &["age", "cache-control", "date", "expires", "last-modified", "pragma"];
    const ALL: &[&str] = &[
        "cdn-cache-control",
        "content-location",
        "content-security-policy",
        "etag",
        "last-modified",
        "surrogate-control",
        "surrogate-key",
        "trailer",
        "vary",
    ];
    vec![
        Parser::new("Freshness::of_response", |input| {
            let headers = input.fields(FIELDS);
            let age = Age::corrected_initial(&headers, NOW, NOW);
            Freshness::of_response(Cache::Shared, StatusCode::OK, &headers, NOW, age)
        }),
        Parser::new("Storability::of_response", |input| {
            let (mut request, ()) = Request::post("/page").body(()).unwrap().into_parts();
            request.headers = input.fields(&["cache-control"]);
            let response = input.fields(&["cache-control", "content-location", "expires"]);
            Storability::of_response(Cache::Shared, &request, StatusCode::OK, &response)
        }),
        Parser::new("ReuseLimits::under", |input| {
            let headers = input.fields(&["cache-control", "date", "expires", "last-modified"]);
            let control = EffectiveControl::from_headers(&headers);
            ReuseLimits::under(&control, Cache::Shared, StatusCode::OK, &headers, NOW)
        }),
        Parser::new("remove_unstored_fields", |input| {
            let mut answer = input.fields(&["cache-control", "connection", "vary"]);
            let control = CacheControl::parse(&input.lines);
            (remove_unstored_fields(&mut answer, &control, Cache::Shared).is_ok(), answer)
        }),
        Parser::new("update_stored_fields", |input| {
            let mut stored = input.fields(&["vary", "x-a"]);
            let update = input.fields(&["connection", "vary", "x-b"]);
            (update_stored_fields(&mut stored, &update).is_ok(), stored)
        }),
        Parser::new("is_confirmed_by_not_modified", |input| {
            let headers = input.fields(&["etag", "last-modified"]);
            is_confirmed_by_not_modified(&headers, &headers, NOW)
        }),
        Parser::new("is_confirmed_by_head", |input| {
            let headers = input.fields(&["content-length", "etag", "last-modified"]);
            is_confirmed_by_head(&headers, 1, &headers, NOW)
        }),
        Parser::new("SelectingFields::from_vary", |input| SelectingFields::from_vary(&Vary::parse(&input.lines))),
        Parser::new("SelectingFields::values_in", |input| {
            // Parses each separately, because parsing ends at the first one that is too long.
            ["accept-encoding", "accept-language", "cookie", "origin", "x-a"].map(|name| {
                let vary = Vary::parse([&HeaderValue::from_static(name)]);
                SelectingFields::from_vary(&vary).and_then(|fields| fields.values_in(&input.fields(&[name])))
            })
        }),
        Parser::new("Validators::from_headers", |input| {
            Validators::from_headers(&input.fields(&["etag", "last-modified"]), NOW)
        }),
        Parser::new("add_coding_suffix", |input| {
            let mut response = input.fields(&["content-encoding", "etag"]);
            add_coding_suffix(&mut response);
            response
        }),
        Parser::new("add_coding_suffix, a tag", |input| {
            let mut response = HeaderMap::new();
            response.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let tag = EntityTag::strong(input.text.replace(['"', ' ', '\t'], "-")).unwrap();
            response.insert("etag", tag.into());
            add_coding_suffix(&mut response);
            response
        }),
        Parser::new("into_not_modified", |input| {
            let mut response = input.fields(ALL);
            into_not_modified(&mut response);
            response
        }),
        Parser::new("into_precondition_failed", |input| {
            let mut response = input.fields(ALL);
            into_precondition_failed(&mut response);
            response
        }),
        Parser::new("remove_targeted_fields", |input| {
            let mut response = input.fields(ALL);
            remove_targeted_fields(&mut response);
            response
        }),
    ]
}

/// The evaluation of preconditions.
fn preconditions() -> Vec<Parser> {
    let row = |name, method: Method, field: HeaderName| {
        let current = Validators::new().with_etag(EntityTag::from_static("\"v1\"")).with_last_modified(NOW).into();
        Parser::new(name, move |input| {
            let mut headers = HeaderMap::new();
            for line in &input.lines {
                headers.append(&field, line.clone());
            }
            let preconditions = Preconditions::new(&method, &headers);
            (preconditions.evaluate(&current, NOW), preconditions.is_unprotected_write(&current, NOW))
        })
    };
    vec![
        row("Preconditions, If-None-Match of a GET", Method::GET, IF_NONE_MATCH),
        row("Preconditions, If-None-Match of a PUT", Method::PUT, IF_NONE_MATCH),
        row("Preconditions, If-Match", Method::PUT, IF_MATCH),
        row("Preconditions, If-Modified-Since", Method::GET, IF_MODIFIED_SINCE),
        row("Preconditions, If-Unmodified-Since", Method::PUT, IF_UNMODIFIED_SINCE),
        Parser::new("Preconditions::evaluate_stored", |input| {
            let preconditions =
                Preconditions::new(&Method::GET, &input.fields(&["if-modified-since", "if-none-match"]));
            preconditions.evaluate_stored(&input.fields(&["date", "etag"]), NOW, NOW)
        }),
        Parser::new("RequestedBytes::of_request", |input| {
            RequestedBytes::of_request(&Method::GET, &input.fields(&["range"]), IfRange::Absent, 1_000)
        }),
        Parser::new("Preconditions::if_range", |input| {
            let mut headers = input.fields(&["if-range"]);
            headers.insert(RANGE, HeaderValue::from_static("bytes=0-1"));
            let current = Validators::new().with_etag(EntityTag::from_static("\"v1\"")).into();
            Preconditions::new(&Method::GET, &headers).if_range(&current, NOW)
        }),
        Parser::new("ContentCodedTags", |input| {
            let mut headers = input.fields(&["if-match", "if-none-match"]);
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br;q=0.5, *;q=0"));
            let coded = ContentCodedTags::take_from(&Method::GET, &mut headers);
            let mut response = input.fields(&["etag"]);
            coded.restore_in_not_modified(&mut response);
            (headers, response)
        }),
        Parser::new("ContentCodedTags, Accept-Encoding", |input| {
            let mut headers = input.fields(&["accept-encoding", "if-none-match"]);
            headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"a--gzip\""));
            headers.insert(IF_RANGE, HeaderValue::from_static("\"a--gzip\""));
            ContentCodedTags::take_from(&Method::GET, &mut headers)
        }),
        // The cost must not be the product of the two lengths.
        Parser::new("ContentCodedTags, many tags and codings", |input| {
            let members = input.text.len() / 16;
            let tags: Vec<String> = (0..members).map(|n| format!("\"{n}--gzip\"")).collect();
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&tags.join(",")).unwrap());
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(&vec!["br;q=0.1"; members].join(",")).unwrap());
            ContentCodedTags::take_from(&Method::GET, &mut headers)
        }),
    ]
}

/// The fields in which caches report their result.
fn statuses() -> Vec<Parser> {
    ["akamai-cache-status", "cache-status", "cdn-cache", "via", "x-cache", "x-varnish", "x-vercel-cache"]
        .map(|field| {
            Parser::new(field, move |input| {
                CacheStatus::all_in(&input.fields(&[field, "age"]))
                    .fold(0, |length, status| length + status.to_string().len())
            })
        })
        .into()
}

/// The fields that CDNs read, each with its own directives.
fn audits() -> Vec<Parser> {
    const EDGES: [EdgeProfile; 5] =
        [EdgeProfile::STANDARD, EdgeProfile::FASTLY, EdgeProfile::AKAMAI, EdgeProfile::NETLIFY, EdgeProfile::NGINX];
    let audit = |name, fields: &'static [&'static str]| {
        Parser::new(name, move |input| {
            let (mut request, ()) = Request::get("/page").body(()).unwrap().into_parts();
            request.headers = input.fields(&["accept-encoding", "cache-control", "cookie"]);
            let (mut response, ()) = Response::new(()).into_parts();
            response.headers = input.fields(fields);
            let audit = CacheAudit::of(&request, &response, NOW).with_edges(&EDGES);
            let tags: usize = audit.edges().map(|verdict| verdict.tags().len()).sum();
            (tags, audit.warnings().len())
        })
    };
    vec![
        audit("CacheAudit, Cache-Control", &["cache-control"]),
        audit("CacheAudit, Vary", &["netlify-vary", "vary"]),
        audit(
            "CacheAudit, the rest",
            &["age", "date", "etag", "expires", "last-modified", "set-cookie", "content-type"],
        ),
        audit("CacheAudit, targeted", &["cdn-cache-control", "netlify-cdn-cache-control"]),
        audit("CacheAudit, vendors' own", &["edge-control", "surrogate-control", "x-accel-expires"]),
        audit("CacheAudit, tags", &["netlify-cache-tag", "edge-cache-tag", "surrogate-key"]),
    ]
}

fn apis() -> [Box<dyn PurgeApi>; 7] {
    let secret = || Credential::new("s3cr3t").unwrap();
    [
        Box::new(Cloudflare::new("z0ne", secret()).unwrap()),
        Box::new(Fastly::new("service", secret()).unwrap()),
        Box::new(Vercel::new("prj", secret()).unwrap()),
        Box::new(Bunny::new(1, secret())),
        Box::new(Varnish::new("http://10.0.0.7:6081/").unwrap()),
        Box::new(Squid::new("http://10.0.0.7:3128/").unwrap()),
        Box::new(Nginx::new("http://10.0.0.7/").unwrap()),
    ]
}

/// The bodies of responses to purges.
fn judged(name: &'static str, body: fn(&str) -> String) -> Parser {
    let apis = apis();
    Parser::new(name, move |input| {
        let mut response = Response::new(Bytes::from(body(&input.text)));
        let success = apis.iter().filter(|api| api.judge(&response).is_ok()).count();
        *response.status_mut() = StatusCode::FORBIDDEN;
        success + apis.iter().filter(|api| api.judge(&response).is_ok()).count()
    })
}

/// URLs of purges, patterns of routes, and names of files.
fn paths() -> Vec<Parser> {
    const PAGE: CachePolicy = CachePolicy::NO_CACHE;
    let purged = |name, make: fn(&str) -> Vec<Purge>| {
        let apis = apis();
        Parser::new(name, move |input| {
            let purges = make(&input.text);
            let requests = purges.iter().flat_map(|purge| apis.iter().map(|api| api.requests(purge).is_ok()));
            (requests.count(), purges.iter().filter_map(Purge::cache_group_invalidation).count())
        })
    };
    vec![
        purged("Purge::url", |text| {
            [format!("https://example.org/{text}"), text.to_owned()]
                .iter()
                .filter_map(|url| Purge::url(url).ok())
                .collect()
        }),
        purged("Purge::tags", |text| vec![Purge::tags(text.split([',', ' ', '/']).filter_map(|tag| tag.parse().ok()))]),
        Parser::new("Varnish::new", |input| (Varnish::new(&input.text).is_ok(), Squid::new(&input.text).is_ok())),
        Parser::new("Nginx::location", |input| Nginx::new("http://10.0.0.7").unwrap().location(&input.path()).is_ok()),
        Parser::new("CacheTag::new", |input| CacheTag::new(input.text.clone()).map_err(|error| error.to_string())),
        Parser::new("CacheTags", |input| -> CacheTags {
            input.text.split([',', ' ', '/']).filter_map(|tag| tag.parse().ok()).collect()
        }),
        Parser::new("RoutePolicies, a pattern", |input| {
            RoutePolicies::builder().route(input.path(), PAGE).build().is_ok()
        }),
        Parser::new("AssetManifest, a name", |input| AssetManifest::from_contents([(input.path(), "a")]).is_ok()),
        Parser::new("AssetManifest::with_prefix", |input| {
            AssetManifest::from_contents([("a", "a")]).unwrap().with_prefix(&input.path()).is_ok()
        }),
        Parser::new("rewrite_contents, a URL", |input| {
            let css = format!("a {{ background: url('{}') }}", input.text.replace(['\'', '\\'], "-"));
            rewrite_contents([("a.css", css), ("a", String::new())], "/static", FingerprintLocation::default()).is_ok()
        }),
    ]
}

/// Policy files, manifests and stylesheets.
fn texts() -> Vec<Parser> {
    const PAGE: CachePolicy = CachePolicy::NO_CACHE;
    vec![
        Parser::new("Credential::new", |input| Credential::new(input.text.clone()).is_ok()),
        judged("PurgeApi::judge, a body", |text| text.to_owned()),
        judged("PurgeApi::judge, a message", |text| {
            let message: String = text.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
            format!("{{\"message\": \"{message} s3cr3t\"}}")
        }),
        Parser::new("RoutePolicies, a content type", |input| {
            RoutePolicies::builder().route("/", RoutePolicy::new(PAGE).content_type(&*input.text, PAGE)).build().is_ok()
        }),
        Parser::new("RoutePolicies, names for Vary", |input| {
            RoutePolicies::builder().route("/", RoutePolicy::new(PAGE).vary(input.text.split(','))).build().is_ok()
        }),
        Parser::new("RoutePolicies, tags", |input| {
            RoutePolicies::builder().route("/", RoutePolicy::new(PAGE).tags(input.text.split(','))).build().is_ok()
        }),
        Parser::new("RoutePolicies::from_toml, a duration", |input| {
            let text = format!("[routes]\n\"/\" = {{ public = '{}' }}\n", input.text);
            RoutePolicies::from_toml(&text).map_err(|error| error.to_string()).is_ok()
        }),
        Parser::new("RoutePolicies::from_toml, a name", |input| {
            let text = format!("[routes]\n\"/\" = '{}'\n", input.text);
            RoutePolicies::from_toml(&text).map_err(|error| error.to_string()).is_ok()
        }),
        Parser::new("CacheSnapshot, a cell", |input| {
            const TITLES: &str = "| Request | Status | Cache-Control | Vary | At the edge | Browsers | Shared caches |";
            let cell = input.text.replace('|', "\\|");
            let text = format!("{TITLES}\n|-|\n| GET / | 200 | {cell} |  |  | not stored | not stored |\n");
            text.parse::<CacheSnapshot>().map(|snapshot| snapshot.to_markdown()).map_err(|error| error.to_string())
        }),
        Parser::new("AssetManifest::from_json", |input| AssetManifest::from_json(&input.text).is_ok()),
        Parser::new("rewrite_contents, a stylesheet", |input| {
            let contents = [("a.css", input.text.clone()), ("a", String::new())];
            rewrite_contents(contents, "/static", FingerprintLocation::default()).is_ok()
        }),
    ]
}
