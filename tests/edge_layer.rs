//! Tests the fields for each CDN, and the fields that a CDN never receives.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use proptest::prelude::*;
use support::{TestBody, field, get, request, response_with};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_cache_policy::edge::{
    CacheControlRole, DirectiveSyntax, EdgeDiagnostic, EdgeProfile, Edges, TagFormat, TagOverflow, TagSyntax,
    TargetedField,
};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized, Risk};
use tower_cache_policy::protocol::{EntityTag, Representation, Validators, is_tag_field, is_targeted_field};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, ConditionalLayer, EdgeLayer};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const LONGER_AT_THE_EDGE: CachePolicy = CachePolicy::public(MINUTE)
    .edge(HOUR)
    .stale_while_revalidate(Duration::from_secs(30))
    .stale_if_error(Duration::from_secs(90));

fn tags(tags: &[&'static str]) -> CacheTags {
    tags.iter().copied().map(CacheTag::from_static).collect()
}

/// Sends a request through a layer to a service that returns these fields and extensions.
async fn through(
    layer: &EdgeLayer,
    request: Request<TestBody>,
    lines: &[(&str, &str)],
    prepare: impl Fn(&mut Response<TestBody>) + Clone,
) -> Response<TestBody> {
    let service = service_fn(move |_: Request<TestBody>| {
        let mut response = response_with("hello", lines);
        prepare(&mut response);
        ready(Ok::<_, Infallible>(response))
    });
    layer.layer(service).oneshot(request).await.unwrap()
}

/// The fields of a policy for each CDN.
async fn fields_for(profile: EdgeProfile, policy: CachePolicy) -> String {
    // One edge accepts only one tag.
    let names = if profile.name() == "bunny" { &["articles"][..] } else { &["articles", "article-7"] };
    let response = through(&EdgeLayer::new(profile), get("/", &[]), &[], |response| {
        response.extensions_mut().insert(policy);
        tags(names).add_to(response.extensions_mut());
    })
    .await;
    caching_fields(response.headers())
}

/// Returns all fields that affect storage, with `Cache-Control` as the last.
fn caching_fields(headers: &HeaderMap) -> String {
    let place = |name: &str| headers.keys().position(|key| key == name);
    // Some caches ignore an `X-Accel-Expires` that follows `Cache-Control`.
    if let (Some(own), Some(last)) = (place("x-accel-expires"), place("cache-control")) {
        assert!(own < last, "{headers:?}");
    }
    let mut names: Vec<_> = headers
        .keys()
        .filter(|name| *name == "cache-control" || *name == "expires" || is_targeted_field(name) || is_tag_field(name))
        .collect();
    names.sort_by_key(|name| *name == "cache-control");
    names
        .iter()
        .map(|name| format!("{name}: {}", field(headers, name.as_str()).unwrap()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn each_edge_reads_a_policy_in_its_own_dialect() {
    let policies = [
        ("stored for longer at the edge", LONGER_AT_THE_EDGE),
        ("for less", CachePolicy::public(HOUR).edge(MINUTE)),
        ("validated at each reuse", CachePolicy::NO_CACHE),
        ("private", CachePolicy::private(MINUTE)),
        ("not stored", CachePolicy::NO_STORE),
        ("at the edge only", CachePolicy::edge_only(HOUR).stale_while_revalidate(MINUTE)),
        ("stale at the edge only", CachePolicy::max_age(MINUTE).stale_if_error(HOUR).stale_at_edge_only()),
    ];
    let mut table = String::new();
    for profile in EdgeProfile::all() {
        for (sentence, policy) in policies {
            let name = profile.name();
            table.push_str(&format!("# {name}: {sentence}\n{}\n\n", fields_for(profile.clone(), policy).await));
        }
    }
    let expected = include_str!("data/edge-fields.txt");
    if table != expected {
        let seen = std::env::temp_dir().join("edge-fields.txt");
        std::fs::write(&seen, &table).unwrap();
        panic!("tests/data/edge-fields.txt differs from the fields that are sent, which are in {}", seen.display());
    }
}

#[tokio::test]
async fn the_output_is_a_valid_structured_field() {
    for profile in EdgeProfile::all() {
        let dictionaries =
            profile.field().filter(|field| field.syntax() == DirectiveSyntax::Dictionary).map(TargetedField::name);
        let Some(name) = dictionaries.cloned() else { continue };
        for policy in [
            LONGER_AT_THE_EDGE,
            CachePolicy::NO_STORE,
            CachePolicy::NO_CACHE,
            CachePolicy::IMMUTABLE,
            CachePolicy::edge_only(HOUR),
            CachePolicy::public(MINUTE).must_revalidate().no_transform(),
        ] {
            let response = through(&EdgeLayer::new(profile.clone()), get("/", &[]), &[], |response| {
                response.extensions_mut().insert(policy);
            })
            .await;
            let lines: Vec<_> = response.headers().get_all(&name).iter().collect();
            // T-10: the field is one line.
            let [line] = lines.as_slice() else { panic!("{name}: {lines:?}") };
            // T-01, T-04
            let members: sfv::Dictionary = sfv::Parser::new(line.as_bytes()).parse().unwrap();
            assert!(!members.is_empty(), "T-04");
            for (key, member) in &members {
                let sfv::ListEntry::Item(item) = member else { panic!("{key}") };
                assert!(item.params.is_empty(), "T-03");
                // T-02, T-06
                match key.as_str() {
                    "max-age" | "stale-while-revalidate" | "stale-if-error" => {
                        assert!(matches!(item.bare_item, sfv::BareItem::Integer(_)), "{line:?}");
                    }
                    "no-store" | "no-cache" | "must-revalidate" | "no-transform" | "public" => {
                        assert!(matches!(item.bare_item, sfv::BareItem::Boolean(true)), "{line:?}");
                    }
                    other => panic!("{other} in {line:?}"),
                }
            }
        }
    }
}

/// A typical stack: the edge layer is the outermost, and preconditions and a policy are inner layers.
async fn stack(
    profile: EdgeProfile,
    request: Request<TestBody>,
    source: bool,
    prepare: impl Fn(&mut Response<TestBody>) + Clone + Send + 'static,
) -> Response<impl http_body::Body> {
    let service = service_fn(move |_: Request<TestBody>| {
        let mut response = response_with("hello", &[("etag", "\"a\"")]);
        prepare(&mut response);
        ready(Ok::<_, Infallible>(response))
    });
    let known = move |_: &http::request::Parts| {
        let validators = Validators::new().with_etag(EntityTag::from_static("\"a\""));
        ready(if source { Representation::Current(validators) } else { Representation::Unknown })
    };
    ServiceBuilder::new()
        .layer(EdgeLayer::new(profile))
        .layer(CachePolicyLayer::new(LONGER_AT_THE_EDGE))
        .layer(ConditionalLayer::new().validators(known))
        .service(service)
        .oneshot(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn n05_a_304_has_the_edge_fields_of_its_200() {
    for profile in EdgeProfile::all() {
        let tagged = |response: &mut Response<TestBody>| tags(&["articles"]).add_to(response.extensions_mut());
        let whole = stack(profile.clone(), get("/", &[]), false, tagged).await;
        let again = get("/", &[("if-none-match", "\"a\"")]);
        let not_modified = stack(profile.clone(), again, false, tagged).await;
        assert_eq!((whole.status(), not_modified.status()), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        assert_eq!(caching_fields(not_modified.headers()), caching_fields(whole.headers()), "{}", profile.name());
        assert_eq!(
            profile.tags().is_some(),
            caching_fields(whole.headers()).contains("articles"),
            "{}",
            profile.name()
        );
    }
}

#[tokio::test]
async fn n06_a_304_before_the_handler_does_not_replace_stored_fields() {
    let again = get("/", &[("if-none-match", "\"a\"")]);
    let handler = |_: &mut Response<TestBody>| panic!("the handler does not run");
    let response = stack(EdgeProfile::FASTLY, again, true, handler).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(caching_fields(response.headers()), "", "a handler may permit less than the layers");
}

#[tokio::test]
async fn guards_check_the_changes_of_layers_in_between() {
    let table: &[(&str, &[(&str, &str)], &[(&str, &str)])] = &[
        ("G-01: a cookie", &[], &[("set-cookie", "id=1")]),
        ("G-02: credentials", &[("authorization", "Basic YTpi")], &[]),
        ("G-11: Vary *", &[], &[("vary", "accept, *")]),
        (
            "G-12: one origin, with credentials",
            &[],
            &[("access-control-allow-origin", "https://a"), ("access-control-allow-credentials", "true")],
        ),
    ];
    for (sentence, request_lines, added) in table {
        for profile in EdgeProfile::all() {
            let between = tower::util::MapResponseLayer::new(|mut response: Response<TestBody>| {
                for (name, value) in *added {
                    response.headers_mut().append(support::field_name(name), support::latin1(value));
                }
                response
            });
            let service = ServiceBuilder::new()
                .layer(EdgeLayer::new(profile.clone()))
                .layer(between)
                .layer(CachePolicyLayer::new(CachePolicy::edge_only(HOUR)))
                .service(service_fn(|_: Request<TestBody>| {
                    let mut response = response_with("hello", &[("cdn-cache-control", "max-age=60")]);
                    tags(&["a"]).add_to(response.extensions_mut());
                    ready(Ok::<_, Infallible>(response))
                }));
            let response = service.oneshot(get("/", request_lines)).await.unwrap();
            is_kept_out(response.headers(), &format!("L-04, T-11, {sentence}, {}", profile.name()));
        }
    }
    let layer = EdgeLayer::new(EdgeProfile::STANDARD);
    let response = through(&layer, get("/", &[]), &[("cache-control", "max-age=60")], |response| {
        response.extensions_mut().insert(Personalized);
    })
    .await;
    is_kept_out(response.headers(), "G-03");
}

/// No edge may store the response, regardless of the field that it reads, and the response does not have tags.
fn is_kept_out(headers: &HeaderMap, sentence: &str) {
    let cache_control = field(headers, "cache-control").unwrap();
    assert!(cache_control.contains("private"), "{sentence}: {cache_control}");
    for name in headers.keys().filter(|name| is_targeted_field(name)) {
        let value = field(headers, name.as_str()).unwrap();
        assert!(value == "no-store" || value == "0", "{sentence}: {name}: {value}");
    }
    assert!(!headers.keys().any(is_tag_field), "{sentence}: {headers:?}");
}

#[tokio::test]
async fn g04_no_edge_stores_an_error() {
    for profile in EdgeProfile::all() {
        let response = through(&EdgeLayer::new(profile.clone()), get("/", &[]), &[], |response| {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response.extensions_mut().insert(CachePolicy::edge_only(HOUR));
            tags(&["a"]).add_to(response.extensions_mut());
        })
        .await;
        is_kept_out(response.headers(), "an error");
    }
}

#[tokio::test]
async fn g09_a_response_to_an_unsafe_request_has_no_edge_fields() {
    for profile in EdgeProfile::all() {
        let lines = [("cdn-cache-control", "max-age=60"), ("surrogate-key", "a")];
        let response = through(&EdgeLayer::new(profile.clone()), request(Method::POST, "/", &[]), &lines, |response| {
            response.extensions_mut().insert(LONGER_AT_THE_EDGE);
            tags(&["a"]).add_to(response.extensions_mut());
        })
        .await;
        assert_eq!(caching_fields(response.headers()), "cache-control: private, no-store");
    }
}

#[tokio::test]
async fn the_edge_layer_respects_a_risk_that_a_route_accepted() {
    let run = |added: &'static [(&str, &str)]| {
        let between = tower::util::MapResponseLayer::new(move |mut response: Response<TestBody>| {
            for (name, value) in added {
                response.headers_mut().append(support::field_name(name), support::latin1(value));
            }
            response
        });
        let service = ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::STANDARD))
            .layer(between)
            .layer(CachePolicyLayer::new(CachePolicy::public(MINUTE)).accept_risk(Risk::SetCookieReplayedToOthers))
            .service(service_fn(|_: Request<TestBody>| {
                ready(Ok::<_, Infallible>(response_with("hello", &[("set-cookie", "theme=dark")])))
            }));
        async move { field(service.oneshot(get("/", &[])).await.unwrap().headers(), "cache-control").unwrap() }
    };
    assert_eq!(run(&[]).await, "public, max-age=60");
    assert_eq!(run(&[("set-cookie", "id=1")]).await, "private, max-age=60", "a cookie that the route did not see");
    assert_eq!(run(&[("vary", "*")]).await, "private, max-age=60, no-cache", "another guard");
}

#[tokio::test]
async fn an_accepted_risk_covers_only_the_values_that_the_route_saw() {
    type Between = fn(&mut Response<TestBody>);
    let table: [(Risk, &[(&str, &str)], Between); 4] = [
        (Risk::AuthorizedResponseServedToOthers, &[("authorization", "Basic YTpi")], |_| {}),
        (Risk::PersonalizedResponseServedToOthers, &[], |response| {
            response.extensions_mut().insert(Personalized);
        }),
        (Risk::VariantServedToEverybody, &[], |response| {
            response.headers_mut().insert("vary", HeaderValue::from_static("*"));
        }),
        (Risk::OneOriginsResponseServedToAnother, &[], |response| {
            let headers = response.headers_mut();
            headers.insert("access-control-allow-origin", HeaderValue::from_static("https://a.example"));
            headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        }),
    ];
    for (risk, request_lines, between) in table {
        let service = ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::STANDARD))
            .map_request(|mut request: Request<TestBody>| {
                request.headers_mut().remove("authorization");
                request
            })
            .map_response(move |mut response: Response<TestBody>| {
                between(&mut response);
                response
            })
            .layer(CachePolicyLayer::new(CachePolicy::public(MINUTE)).accept_risk(risk))
            .service(service_fn(|_: Request<TestBody>| ready(Ok::<_, Infallible>(response_with("hello", &[])))));
        let response = service.oneshot(get("/", request_lines)).await.unwrap();
        let fields_for = field(response.headers(), "cache-control").unwrap();
        assert!(fields_for.starts_with("private"), "{risk:?}: {fields_for}");
    }
}

#[tokio::test]
async fn an_outer_policy_layer_does_not_accept_the_risk_of_a_route() {
    for (outer, expected) in [
        (Risk::VariantServedToEverybody, "private, max-age=60"),
        (Risk::SetCookieReplayedToOthers, "public, max-age=60"),
    ] {
        let policy = CachePolicyLayer::new(CachePolicy::public(MINUTE));
        let service = ServiceBuilder::new()
            .layer(EdgeLayer::new(EdgeProfile::STANDARD))
            .layer(policy.clone().accept_risk(outer))
            .layer(policy.accept_risk(Risk::SetCookieReplayedToOthers))
            .service(service_fn(|_: Request<TestBody>| {
                ready(Ok::<_, Infallible>(response_with("hello", &[("set-cookie", "theme=dark")])))
            }));
        let response = service.oneshot(get("/", &[])).await.unwrap();
        assert_eq!(field(response.headers(), "cache-control").unwrap(), expected, "{outer:?}");
    }
}

#[tokio::test]
async fn edge_fields_of_inner_services_are_interpreted() {
    let table: &[(&str, EdgeProfile, &[(&str, &str)], &str)] = &[
        (
            "for another edge: removed",
            EdgeProfile::CLOUDFLARE,
            &[("surrogate-control", "max-age=9"), ("surrogate-key", "a"), ("cache-control", "max-age=60")],
            "cloudflare-cdn-cache-control: max-age=60\ncache-control: max-age=60",
        ),
        (
            "for this edge: it counts",
            EdgeProfile::STANDARD,
            &[("cdn-cache-control", "max-age=600"), ("cache-control", "max-age=60")],
            "cdn-cache-control: max-age=600\ncache-control: max-age=60",
        ),
        (
            "unless it cannot be read",
            EdgeProfile::STANDARD,
            &[("cdn-cache-control", "Max-Age = x"), ("cache-control", "max-age=60")],
            "cdn-cache-control: no-store\ncache-control: private, max-age=60",
        ),
        (
            "G-22: not with a restriction",
            EdgeProfile::STANDARD,
            &[("cdn-cache-control", "max-age=600"), ("cache-control", "no-store")],
            "cdn-cache-control: no-store\ncache-control: private, no-store",
        ),
        (
            "E1-1: a restriction is one for all, whichever edge it was for",
            EdgeProfile::VARNISH,
            &[("cloudflare-cdn-cache-control", "no-store"), ("cache-control", "max-age=60")],
            "cache-control: private, max-age=60",
        ),
        (
            "a zero for nginx is one too",
            EdgeProfile::FASTLY,
            &[("x-accel-expires", "0"), ("cache-control", "max-age=60")],
            "cache-control: private, max-age=60",
        ),
        (
            "tags for this edge are tags",
            EdgeProfile::FASTLY,
            &[("surrogate-key", "b  c"), ("surrogate-key", "a"), ("cache-control", "max-age=60")],
            "surrogate-control: max-age=60\nsurrogate-key: b c a\ncache-control: max-age=60",
        ),
        (
            "and an invalid value forbids storage",
            EdgeProfile::FASTLY,
            &[("surrogate-key", "User\t7"), ("cache-control", "max-age=60")],
            "cache-control: private, max-age=60",
        ),
        (
            "a lifetime in seconds for nginx",
            EdgeProfile::KEYCDN,
            &[("x-accel-expires", "600"), ("cache-control", "max-age=60")],
            "x-accel-expires: 600\ncache-control: max-age=60",
        ),
    ];
    for (sentence, profile, lines, expected) in table {
        let response = through(&EdgeLayer::new(profile.clone()), get("/", &[]), lines, |_| {}).await;
        assert_eq!(caching_fields(response.headers()), *expected, "{sentence}");
    }
}

async fn with_tags(layer: EdgeLayer, count: usize) -> (String, Vec<EdgeDiagnostic>) {
    let response =
        through(&layer.record_diagnostics(), get("/", &[]), &[("cache-control", "max-age=60")], move |response| {
            let many = (0..count).map(|n| CacheTag::new(format!("tag-{n}")).unwrap());
            many.collect::<CacheTags>().add_to(response.extensions_mut());
        })
        .await;
    (
        caching_fields(response.headers()),
        response.extensions().get::<Vec<EdgeDiagnostic>>().cloned().unwrap_or_default(),
    )
}

#[tokio::test]
async fn g20_tags_that_do_not_fit_are_not_truncated_or_silently_omitted() {
    let cloudfront = EdgeProfile::CLOUDFRONT.with_tags(Some(EdgeProfile::CLOUDFRONT_TAGS));
    let (fits, notes) = with_tags(EdgeLayer::new(cloudfront.clone()), 50).await;
    assert!(fits.contains("tag-0,tag-1,") && fits.ends_with("cache-control: max-age=60") && notes.is_empty(), "{fits}");

    let too_many =
        |stored| EdgeDiagnostic::TooManyTags { field: HeaderName::from_static("cache-tag"), count: 51, stored };
    let (kept_out, notes) = with_tags(EdgeLayer::new(cloudfront.clone()), 51).await;
    assert_eq!(kept_out, "cache-control: private, max-age=60");
    assert_eq!(notes, [too_many(false)]);
    assert_eq!(
        notes[0].to_string(),
        "51 tags do not fit into cache-tag; the response is private, so no shared cache stores it"
    );

    let coarser = TagOverflow::Coarser(CacheTag::from_static("all"));
    let (coarse, notes) = with_tags(EdgeLayer::new(cloudfront).on_overflow(coarser.clone()), 51).await;
    assert!(coarse.starts_with("cache-tag: all,tag-0,") && coarse.contains(",tag-48\n"), "{coarse}");
    assert!(coarse.ends_with("cache-control: max-age=60"));
    assert_eq!(notes, [too_many(true)]);

    // Two edges with different limits share one response.
    let both = || Edges::new([EdgeProfile::FASTLY, EdgeProfile::VERCEL]).unwrap();
    let (kept_out, _) = with_tags(EdgeLayer::new(both()), 129).await;
    assert_eq!(kept_out, "vercel-cdn-cache-control: no-store\ncache-control: private, max-age=60");
    let (coarse, _) = with_tags(EdgeLayer::new(both()).on_overflow(coarser), 129).await;
    assert!(coarse.contains("surrogate-key: tag-0 tag-1 ") && coarse.contains(" tag-128\n"), "{coarse}");
    assert!(coarse.contains("vercel-cache-tag: all,tag-0,") && !coarse.contains(",tag-127"), "{coarse}");
}

#[cfg(feature = "routes")]
#[tokio::test]
async fn tags_of_route_handler_and_other_layers_are_combined_in_order() {
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    let routes = RoutePolicies::builder()
        .named("page", RoutePolicy::new(CachePolicy::max_age(MINUTE)).tags(["pages"]))
        .route("/articles/{id}", RoutePolicy::named("page").tags(["articles", "pages"]))
        .build()
        .unwrap();
    let between = tower::util::MapResponseLayer::new(|mut response: Response<TestBody>| {
        tags(&["tenant-1", "articles"]).add_to(response.extensions_mut());
        response
    });
    let service = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::SOUIN))
        .layer(CachePolicyLayer::new(routes))
        .layer(between)
        .service(service_fn(|_: Request<TestBody>| {
            let mut response = response_with("hello", &[("surrogate-key", "by-hand")]);
            tags(&["article-7"]).add_to(response.extensions_mut());
            ready(Ok::<_, Infallible>(response))
        }));
    let response = service.clone().oneshot(get("/articles/7", &[])).await.unwrap();
    let expected = "pages, articles, article-7, tenant-1, by-hand";
    assert_eq!(field(response.headers(), "surrogate-key").unwrap(), expected);

    let response = service.oneshot(get("/articles/7", &[("authorization", "x")])).await.unwrap();
    assert_eq!(field(response.headers(), "surrogate-key"), None, "G-20: not on what is not stored");
}

#[tokio::test]
async fn tags_are_not_sent_without_a_profile_for_tags() {
    for profile in EdgeProfile::all().iter().filter(|profile| profile.tags().is_none()) {
        let response = through(&EdgeLayer::new(profile.clone()), get("/", &[]), &[("cache-tag", "a")], |response| {
            tags(&["b"]).add_to(response.extensions_mut());
        })
        .await;
        assert!(!response.headers().keys().any(is_tag_field));
    }
    // The same without an edge layer.
    let service = CachePolicyLayer::new(CachePolicy::public(MINUTE)).layer(service_fn(|_: Request<TestBody>| {
        let mut response = response_with("hello", &[]);
        tags(&["b"]).add_to(response.extensions_mut());
        ready(Ok::<_, Infallible>(response))
    }));
    let response = service.oneshot(get("/", &[])).await.unwrap();
    assert_eq!(caching_fields(response.headers()), "cache-control: public, max-age=60");
}

#[test]
fn no_text_becomes_more_than_one_tag() {
    for text in ["a\r\nset-cookie: id=1", "a b", "a\tb", "a\n", "\u{e4}", "", "a\0", "a\u{7f}"] {
        assert!(CacheTag::new(text).is_err(), "{text:?}");
    }
    let attempt = std::panic::catch_unwind(|| CacheTag::from_static("a\r\nx: y"));
    assert!(attempt.is_err());
}

#[test]
fn two_edges_with_a_conflict_in_one_field_are_rejected_with_its_name() {
    let all = EdgeProfile::all();
    let mut refused = Vec::new();
    for (index, one) in all.iter().enumerate() {
        for other in &all[index..] {
            let there = Edges::new([one.clone(), other.clone()]);
            let back = Edges::new([other.clone(), one.clone()]);
            assert_eq!(there.is_err(), back.is_err(), "{} {}", one.name(), other.name());
            if let Err(conflict) = there {
                let text = conflict.to_string();
                assert!(text.contains(one.name()) && text.contains(other.name()), "{text}");
                refused.push(format!("{} {}: {}", one.name(), other.name(), conflict.field()));
            }
        }
    }
    assert_eq!(
        refused,
        [
            "cloudflare fastly: surrogate-control",
            "cloudflare keycdn: cache-tag",
            "cloudflare squid: surrogate-control",
            "fastly varnish: surrogate-control",
            "fastly squid: surrogate-control",
            "fastly souin: surrogate-control",
            "google keycdn: cache-tag",
            "varnish squid: surrogate-control",
            "squid souin: surrogate-control",
        ]
    );
}

#[tokio::test]
async fn surrogate_control_is_written_only_for_edges_that_read_it() {
    let mut writers = Vec::new();
    for profile in EdgeProfile::all() {
        for policy in [LONGER_AT_THE_EDGE, CachePolicy::edge_only(HOUR), CachePolicy::NO_STORE] {
            if fields_for(profile.clone(), policy).await.contains("surrogate-control")
                && !writers.contains(&profile.name())
            {
                writers.push(profile.name());
            }
        }
    }
    assert_eq!(writers, ["fastly", "squid"], "G-21: other caches would ignore Cache-Control");
}

#[tokio::test]
async fn a_custom_profile_writes_its_configured_field() {
    let field = TargetedField::new(HeaderName::from_static("acme-cdn-cache-control"), DirectiveSyntax::Dictionary);
    let acme = EdgeProfile::custom("acme")
        .with_cache_control(CacheControlRole::Nothing)
        .with_field(Some(field.directives(&["public", "durable"])))
        .with_precedence(&["acme-cdn-cache-control", "cache-control"])
        .with_restriction(Some((HeaderName::from_static("x-acme"), HeaderValue::from_static("off"))))
        .with_tags(Some(TagFormat::CACHE_GROUPS));
    assert_eq!(
        fields_for(acme.clone(), LONGER_AT_THE_EDGE).await,
        "acme-cdn-cache-control: public, durable, max-age=3600, stale-while-revalidate=30, stale-if-error=90\n\
         cache-groups: \"articles\", \"article-7\"\n\
         cache-control: public, max-age=60, stale-while-revalidate=30, stale-if-error=90"
    );
    let response = through(&EdgeLayer::new(acme.clone()), get("/", &[]), &[], |_| {}).await;
    assert_eq!(response.headers()["x-acme"], "off");

    let spaces = TagFormat::new(HeaderName::from_static("cache-groups"), TagSyntax::Space);
    let conflict = Edges::new([acme, EdgeProfile::VARNISH.with_tags(Some(spaces))]).unwrap_err();
    assert_eq!(conflict.profiles(), ["acme", "varnish"]);
}

#[tokio::test]
async fn the_field_of_an_inner_custom_profile_is_removed_from_a_private_response() {
    let field = TargetedField::new(HeaderName::from_static("my-edge-ttl"), DirectiveSyntax::Dictionary);
    let own = EdgeProfile::custom("own").with_field(Some(field)).with_precedence(&["my-edge-ttl", "cache-control"]);
    for edge_in_between in [false, true] {
        let service = ServiceBuilder::new()
            .layer(CachePolicyLayer::new(CachePolicy::NO_STORE).override_handler())
            .layer(EdgeLayer::new(EdgeProfile::STANDARD).enabled(edge_in_between))
            .layer(EdgeLayer::new(own.clone()))
            .service(service_fn(|_: Request<TestBody>| {
                let lines = [("cache-control", "public, max-age=60"), ("my-edge-ttl", "max-age=600")];
                ready(Ok::<_, Infallible>(response_with("hello", &lines)))
            }));
        let response = service.oneshot(get("/", &[])).await.unwrap();
        assert_eq!(response.headers()["cache-control"], "private, no-store");
        assert!(!response.headers().contains_key("my-edge-ttl"), "D16, with an edge in between: {edge_in_between}");
    }
}

#[tokio::test]
async fn a_412_does_not_have_the_fields_of_a_custom_profile() {
    let field = TargetedField::new(HeaderName::from_static("my-edge-ttl"), DirectiveSyntax::Dictionary);
    let own = EdgeProfile::custom("own").with_field(Some(field)).with_precedence(&["my-edge-ttl", "cache-control"]);
    let service = ServiceBuilder::new()
        .layer(ConditionalLayer::new())
        .layer(EdgeLayer::new(own))
        .layer(CachePolicyLayer::new(LONGER_AT_THE_EDGE))
        .service(service_fn(|_: Request<TestBody>| {
            ready(Ok::<_, Infallible>(response_with("hello", &[("etag", "\"a\"")])))
        }));
    for (tag, status, is_permitted) in [("\"a\"", 200, true), ("\"b\"", 412, false)] {
        let response = service.clone().oneshot(get("/", &[("if-match", tag)])).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("my-edge-ttl"), is_permitted, "N-08: {status}");
    }
}

#[tokio::test]
async fn a_content_range_of_a_layer_in_between_is_guarded() {
    let service = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::STANDARD))
        .map_request(|mut request: Request<TestBody>| {
            let headers = request.headers_mut();
            headers.remove("x-range");
            headers.remove("x-if-range");
            headers.insert("range", HeaderValue::from_static("bytes=0-1"));
            headers.insert("if-range", HeaderValue::from_static("\"old\""));
            request
        })
        .layer(ConditionalLayer::new())
        .service(service_fn(|request: Request<TestBody>| {
            assert!(!request.headers().contains_key("range"), "R-10: the tag is not known to be the current one");
            ready(Ok::<_, Infallible>(response_with("hello", &[("etag", "\"new\"")])))
        }));
    service.oneshot(get("/", &[("x-range", "bytes=0-1"), ("x-if-range", "\"old\"")])).await.unwrap();
}

#[tokio::test]
async fn i02_cache_groups_are_a_list_of_strings() {
    let profile = EdgeProfile::STANDARD.with_tags(Some(TagFormat::CACHE_GROUPS));
    let (fields, notes) = with_tags(EdgeLayer::new(profile.clone()), 32).await;
    assert!(notes.is_empty());
    let value = fields.lines().find_map(|line| line.strip_prefix("cache-groups: ")).unwrap();
    let groups: sfv::List = sfv::Parser::new(value).parse().unwrap();
    assert_eq!(groups.len(), 32, "I-02");
    let (fields, notes) = with_tags(EdgeLayer::new(profile), 33).await;
    assert!(!fields.contains("cache-groups") && notes.len() == 1);
}

#[tokio::test]
async fn the_usual_stack_works_the_same_within_an_edge_layer() {
    let service = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
        .layer(CachingLayer::new(CachePolicy::edge_only(HOUR).stale_if_error(HOUR)))
        .service(service_fn(|_: Request<TestBody>| {
            let mut response = response_with("hello", &[]);
            tags(&["a"]).add_to(response.extensions_mut());
            ready(Ok::<_, Infallible>(response))
        }));
    let whole = service.clone().oneshot(get("/", &[])).await.unwrap();
    let expected = "cloudflare-cdn-cache-control: max-age=3600, stale-if-error=3600\n\
                    cache-tag: a\n\
                    cache-control: no-store";
    assert_eq!(caching_fields(whole.headers()), expected);
    let tag = field(whole.headers(), "etag").unwrap();
    let not_modified = service.oneshot(get("/", &[("if-none-match", &tag)])).await.unwrap();
    assert_eq!(not_modified.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(caching_fields(not_modified.headers()), expected, "N-05");
}

#[tokio::test]
async fn grpc_and_tunnels_are_unchanged() {
    let lines = [("content-type", "application/grpc"), ("surrogate-control", "max-age=5")];
    let grpc = request(Method::POST, "/", &[("content-type", "application/grpc")]);
    let response = through(&EdgeLayer::new(EdgeProfile::CLOUDFLARE), grpc, &lines, |_| {}).await;
    assert_eq!(caching_fields(response.headers()), "surrogate-control: max-age=5");
    let tunnel = request(Method::CONNECT, "/", &[]);
    let response = through(&EdgeLayer::new(EdgeProfile::CLOUDFLARE), tunnel, &[], |_| {}).await;
    assert!(response.headers().is_empty());
}

fn any_field_line() -> impl Strategy<Value = (&'static str, String)> {
    let name = prop::sample::select(vec![
        "cache-control",
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "surrogate-control",
        "edge-control",
        "x-accel-expires",
        "surrogate-key",
        "cache-tag",
        "vary",
        "set-cookie",
        "expires",
        "content-type",
    ]);
    let value = prop_oneof![
        "(public|private|no-store|no-cache|max-age=[0-9]{1,4}|s-maxage=[0-9]{1,4}|must-revalidate|stale-if-error=9)(, ?(public|private|no-store|no-cache|max-age=[0-9]{1,4}|s-maxage=[0-9]{1,4}|immutable|x=\"y\")){0,3}",
        "[a-z0-9, *=\";]{0,20}",
        "[ -~]{0,20}",
    ];
    (name, value)
}

#[tokio::test]
async fn no_line_is_lost_if_lines_are_not_joined() {
    let layer = EdgeLayer::new(EdgeProfile::STANDARD).accept_risk(Risk::RestrictionInASecondLineMissed);
    let lines = [("cache-control", "max-age=60"), ("cache-control", "no-cache")];
    let response = through(&layer, get("/", &[]), &lines, |_| {}).await;
    assert_eq!(field(response.headers(), "cache-control").unwrap(), "max-age=60, no-cache");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn all_fields_contain_the_same_decision(
        lines in prop::collection::vec(any_field_line(), 0..6),
        profile in prop::sample::select(EdgeProfile::all().to_vec()),
        authorized in any::<bool>(),
        status in prop::sample::select(vec![200_u16, 204, 206, 301, 304, 404, 429, 500]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let request_lines: &[(&str, &str)] = if authorized { &[("authorization", "x")] } else { &[] };
        let lines: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = runtime.block_on(through(&EdgeLayer::new(profile.clone()), get("/", request_lines), &lines, |response| {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
        }));
        let headers = response.headers();
        prop_assert_eq!(headers.get_all("cache-control").iter().count(), 1, "{:?}", headers);
        let cache_control = field(headers, "cache-control").unwrap();
        let cookie = headers.contains_key("set-cookie");
        let closed = cache_control.contains("private") || cache_control.contains("no-store");
        prop_assert!(closed || !(authorized || cookie), "{}", cache_control);
        for name in headers.keys().filter(|name| is_targeted_field(name)) {
            prop_assert!(!profile.stripped_fields().contains(&name.as_str()));
            let value = field(headers, name.as_str()).unwrap();
            prop_assert!(!closed || value == "no-store" || value == "0", "{}: {} beside {}", name, value, cache_control);
        }
        for name in headers.keys().filter(|name| is_tag_field(name)) {
            prop_assert!(!closed);
            prop_assert_eq!(profile.tags().map(TagFormat::field), Some(name));
            let value = field(headers, name.as_str()).unwrap();
            let tags = value.split([',', ' ']).filter(|tag| !tag.is_empty());
            prop_assert!(tags.clone().all(|tag| CacheTag::new(tag).is_ok()), "{}", value);
        }
    }
}

#[tokio::test]
async fn a_restriction_for_another_edge_is_read_in_its_own_syntax() {
    for (name, value) in [
        ("edge-control", "bypass-cache"),
        ("edge-control", "cache-maxage=0s"),
        ("edge-control", "!no-store"),
        ("x-accel-expires", "0"),
        ("x-accel-expires", "@0"),
        ("x-varnish-ttl", "0"),
        ("surrogate-control", "no-store"),
        ("vercel-cdn-cache-control", "private"),
    ] {
        let layer = EdgeLayer::new(EdgeProfile::CLOUDFLARE);
        let response = through(&layer, get("/", &[]), &[("cache-control", "max-age=60"), (name, value)], |_| {}).await;
        is_kept_out(response.headers(), &format!("{name}: {value}"));
    }
    // The same applies after a write whose response may be stored because a risk was accepted.
    let layer = EdgeLayer::new(EdgeProfile::CLOUDFLARE).accept_risk(Risk::UnsafeResponseReused);
    let lines = [("cache-control", "max-age=60"), ("surrogate-control", "no-store")];
    let response = through(&layer, request(Method::POST, "/", &[]), &lines, |_| {}).await;
    assert_eq!(caching_fields(response.headers()), "cache-control: private, max-age=60");
}

#[tokio::test]
async fn n05_a_304_has_the_restrictions_of_its_200() {
    let lines = [("cache-control", "max-age=60"), ("surrogate-key", "User\t7")];
    for status in [200, 304] {
        let response = through(&EdgeLayer::new(EdgeProfile::FASTLY), get("/", &[]), &lines, move |response| {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
        })
        .await;
        assert_eq!(caching_fields(response.headers()), "cache-control: private, max-age=60", "{status}");
    }
}

#[tokio::test]
async fn separate_lines_under_a_risk_lose_no_directive() {
    let layer = EdgeLayer::new(EdgeProfile::CLOUDFLARE).accept_risk(Risk::RestrictionInASecondLineMissed);
    for (lines, expected) in [
        (["public", "max-age=60"], "cloudflare-cdn-cache-control: max-age=60\ncache-control: public, max-age=60"),
        (["max-age=60", "no-store"], "cloudflare-cdn-cache-control: no-store\ncache-control: private, no-store"),
    ] {
        let lines = lines.map(|line| ("cache-control", line));
        for _ in 0..2 {
            let response = through(&layer, get("/", &[]), &lines, |_| {}).await;
            assert_eq!(caching_fields(response.headers()), expected);
        }
    }
}

#[cfg(feature = "routes")]
#[tokio::test]
async fn a_tightened_policy_has_the_vary_names_and_tags_of_both() {
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    let page = RoutePolicy::new(CachePolicy::public(MINUTE)).vary(["accept-language"]).tags(["pages"]);
    let routes = RoutePolicies::builder().route("/", page).build().unwrap();
    let service = ServiceBuilder::new()
        .layer(EdgeLayer::new(EdgeProfile::FASTLY))
        .layer(CachePolicyLayer::new(routes).tighten())
        .service(service_fn(|_: Request<TestBody>| {
            let lines = [("cache-control", "public, max-age=5, s-maxage=9"), ("vary", "accept")];
            let mut response = response_with("hello", &lines);
            tags(&["page-1"]).add_to(response.extensions_mut());
            ready(Ok::<_, Infallible>(response))
        }));
    let response = service.oneshot(get("/", &[])).await.unwrap();
    assert_eq!(field(response.headers(), "vary").unwrap(), "accept, accept-language");
    assert_eq!(
        caching_fields(response.headers()),
        "surrogate-control: max-age=9\nsurrogate-key: pages page-1\ncache-control: public, max-age=5"
    );
}

#[cfg(feature = "config")]
#[test]
fn a_table_of_routes_has_the_exact_fields_for_browsers_and_edges() {
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    let routes = RoutePolicies::builder()
        .route("/page", RoutePolicy::new(CachePolicy::edge_only(HOUR).stale_if_error(HOUR)).tags(["pages"]))
        .route("/me", CachePolicy::private(MINUTE))
        .build()
        .unwrap();
    let edges = Edges::new([EdgeProfile::FASTLY, EdgeProfile::VERCEL]).unwrap();
    let table = edges.policy_table(&routes);
    assert_eq!(
        serde_json::to_value(&table).unwrap()["routes"][1],
        serde_json::json!({
            "pattern": "/page",
            "methods": ["GET", "HEAD"],
            "content_type": "*/*",
            "cache_control": "no-store",
            "tags": ["pages"],
            "at_edge": {
                "surrogate-control": "max-age=3600, stale-if-error=3600",
                "surrogate-key": "pages",
                "vercel-cdn-cache-control": "max-age=3600, stale-if-error=3600",
                "vercel-cache-tag": "pages",
            },
        })
    );
    let toml = toml::to_string(&table).unwrap();
    assert!(
        toml.contains("surrogate-key = \"pages\"") && toml.contains("cache_control = \"private, max-age=60\""),
        "{toml}"
    );
    let markdown = table.to_markdown();
    assert!(
        markdown.contains(
            "| surrogate-control: max-age=3600, stale-if-error=3600; vercel-cdn-cache-control: max-age=3600, \
             stale-if-error=3600; surrogate-key: pages; vercel-cache-tag: pages |"
        ),
        "{markdown}"
    );
}

/// `stale-while-revalidate` only for browsers.
#[tokio::test]
async fn e10_the_edge_field_has_no_stale_times_for_browsers() {
    let policies = [
        CachePolicy::public(MINUTE).stale_while_revalidate(HOUR).stale_in_browser_only(),
        CachePolicy::public(MINUTE).edge(HOUR).stale_while_revalidate(HOUR).stale_in_browser_only(),
        CachePolicy::max_age(MINUTE).stale_if_error(HOUR).stale_in_browser_only(),
    ];
    for profile in EdgeProfile::all() {
        let name = profile.name();
        for policy in policies {
            let sent = fields_for(profile.clone(), policy).await;
            let (own, browser) = sent.rsplit_once("cache-control: ").unwrap();
            assert!(!own.contains("stale-") && !own.contains("revalidate"), "{name}: {sent}");
            assert_eq!(profile.field().is_some(), own.contains("60") || own.contains("3600"), "{name}: {sent}");
            assert!(browser.contains("proxy-revalidate"), "{name}: {sent}");
            // An edge that reads only `Cache-Control` would obey the permission in that field.
            assert_eq!(browser.contains("stale-"), profile.field().is_some(), "{name}: {sent}");
        }
    }
    let expected = "cloudflare-cdn-cache-control: max-age=60\ncache-tag: articles,article-7\n\
                    cache-control: public, max-age=60, proxy-revalidate, stale-while-revalidate=3600";
    assert_eq!(fields_for(EdgeProfile::CLOUDFLARE, policies[0]).await, expected);
    let expected = "xkey: articles article-7\ncache-control: public, max-age=60, proxy-revalidate";
    assert_eq!(fields_for(EdgeProfile::VARNISH, policies[0]).await, expected);
    let expected = "surrogate-control: max-age=3600\nsurrogate-key: articles article-7\n\
                    cache-control: public, max-age=60, proxy-revalidate, stale-while-revalidate=3600";
    assert_eq!(fields_for(EdgeProfile::FASTLY, policies[1]).await, expected);
}

#[tokio::test]
async fn e10_a_handler_that_forbids_stale_responses_to_shared_caches_is_obeyed() {
    let lines = [("cache-control", "max-age=60, proxy-revalidate, stale-while-revalidate=30")];
    for (profile, expected) in [
        (
            EdgeProfile::CLOUDFLARE,
            "cloudflare-cdn-cache-control: max-age=60, must-revalidate\n\
             cache-control: max-age=60, proxy-revalidate, stale-while-revalidate=30",
        ),
        (EdgeProfile::VARNISH, "cache-control: max-age=60, proxy-revalidate"),
        (EdgeProfile::NGINX, "cache-control: max-age=60, proxy-revalidate"),
    ] {
        let response = through(&EdgeLayer::new(profile), get("/", &[]), &lines, |_| {}).await;
        assert_eq!(caching_fields(response.headers()), expected);
    }
}

#[tokio::test]
async fn a_handlers_private_policy_also_replaces_its_lifetime_for_edges() {
    for profile in [EdgeProfile::CLOUDFLARE, EdgeProfile::FASTLY] {
        let name = profile.field().unwrap().name().clone();
        let lines = [(name.as_str(), "max-age=600")];
        let response = through(&EdgeLayer::new(profile.clone()), get("/", &[]), &lines, |response| {
            response.extensions_mut().insert(CachePolicy::private(MINUTE));
        })
        .await;
        let sent = caching_fields(response.headers());
        assert!(sent.ends_with("cache-control: private, max-age=60"), "{sent}");
        assert!(!sent.contains("max-age=600"), "{sent}");
    }
}
