//! Tests typical cache tags at each edge: they are sent, rejected when a layer is built, or recorded.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use http::{HeaderMap, Request};
use support::{TestBody, field, get, response_with};
use tower::{Layer, ServiceExt, service_fn};
use tower_cache_policy::edge::{EdgeDiagnostic, EdgeProfile, Edges, TagCase, TagFormat, TagOverflow, TagSyntax};
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::{CachePolicyLayer, EdgeLayer};

const MINUTE: Duration = Duration::from_secs(60);

/// Tags of the package registry, of a blog, of Drupal and of DatoCMS.
const OF_APPLICATIONS: [&str; 12] = [
    "crate:serde",
    "release:serde@1.0.0",
    "crate-Inflector",
    "Post:9",
    "01J9ZC8W4M3T7QK5N2X6V0HBYA",
    "node_list",
    "config:user.role.anonymous",
    "page/news/7",
    "lang=de",
    "BQD?*",
    "t#k[uP",
    "article-7",
];

/// The profiles that read tags.
fn with_tags() -> Vec<(EdgeProfile, TagFormat)> {
    let cloudfront = EdgeProfile::CLOUDFRONT.with_tags(Some(EdgeProfile::CLOUDFRONT_TAGS));
    let profiles = EdgeProfile::all().iter().cloned().chain([cloudfront]);
    profiles.filter_map(|profile| profile.tags().cloned().map(|format| (profile, format))).collect()
}

/// Sends a response with tags through an edge layer, and returns the result with the diagnostics.
async fn sent(layer: EdgeLayer, tags: &[&str], lines: &[(&str, &str)]) -> (HeaderMap, Vec<EdgeDiagnostic>) {
    let tags: CacheTags = tags.iter().map(|tag| CacheTag::new(*tag).unwrap()).collect();
    let response = response_with("hello", lines);
    let handler = service_fn(move |_: Request<TestBody>| {
        let mut response = response.clone();
        tags.clone().add_to(response.extensions_mut());
        ready(Ok::<_, Infallible>(response))
    });
    let service = (layer.record_diagnostics(), CachePolicyLayer::new(CachePolicy::public(MINUTE))).layer(handler);
    let response = service.oneshot(get("/", &[])).await.unwrap();
    let notes = response.extensions().get::<Vec<EdgeDiagnostic>>().cloned().unwrap_or_default();
    (response.headers().clone(), notes)
}

fn is_private(headers: &HeaderMap) -> bool {
    headers["cache-control"].to_str().unwrap().starts_with("private")
}

#[tokio::test]
async fn e4_a_tag_that_the_edge_does_not_accept_is_recorded_and_not_sent() {
    let mut carried = 0;
    for (profile, format) in with_tags() {
        for text in OF_APPLICATIONS {
            let tag = CacheTag::new(text).unwrap();
            let (headers, notes) = sent(EdgeLayer::new(profile.clone()), &[text], &[]).await;
            if format.carries(&tag) {
                assert_eq!(headers[format.field()], text, "{}", profile.name());
                assert!(!is_private(&headers) && notes.is_empty(), "{}: {text}", profile.name());
                carried += 1;
            } else {
                assert!(is_private(&headers) && !headers.contains_key(format.field()), "{}: {text}", profile.name());
                let [EdgeDiagnostic::UnsupportedTag { error, stored: false }] = notes.as_slice() else {
                    panic!("{notes:?}")
                };
                assert_eq!((error.edge(), error.tag().as_str()), (profile.name(), text));
            }
        }
    }
    // Six edges accept all tags. Bunny and KeyCDN accept ten, without the last characters, and Akamai accepts six.
    assert!(carried > 100, "{carried}");
}

#[test]
fn e4_each_profile_states_the_characters_of_its_tags() {
    let all = "release:serde@1.0.0";
    let table = [
        ("cloudflare", all, "a,b", Some(TagCase::Insensitive)),
        ("fastly", "a,b:c@d\"e", "", Some(TagCase::Sensitive)),
        ("akamai", "!#$%&'+-.^_`|~aZ9", "a:b", Some(TagCase::Sensitive)),
        ("akamai", "Inflector", "a*b", Some(TagCase::Sensitive)),
        ("cloudfront", all, "a,b", Some(TagCase::Insensitive)),
        ("google", all, "a,b", None),
        ("vercel", all, "a,b", Some(TagCase::Sensitive)),
        ("netlify", all, "a,b", Some(TagCase::Insensitive)),
        ("bunny", "crate:Serde_1.0-x", "a@b", None),
        ("keycdn", "crate:Serde_1.0-x", "a@b", None),
        ("varnish", all, "a,b", Some(TagCase::Sensitive)),
        ("souin", all, "a,b", Some(TagCase::Sensitive)),
    ];
    for (name, yes, no, case) in table {
        let (_, format) = with_tags().into_iter().find(|(profile, _)| profile.name() == name).unwrap();
        assert!(format.carries(&CacheTag::from_static(yes)), "{name}: {yes}");
        assert!(no.is_empty() || !format.carries(&CacheTag::from_static(no)), "{name}: {no}");
        assert_eq!(format.case_sensitivity(), case, "{name}");
    }
    let longest = [
        ("cloudflare", 1_024),
        ("fastly", 1_024),
        ("akamai", 128),
        ("cloudfront", 256),
        ("google", 120),
        ("vercel", 256),
        ("netlify", 1_024),
        ("bunny", 1_024),
        ("keycdn", 128),
    ];
    for (name, length) in longest {
        let (_, format) = with_tags().into_iter().find(|(profile, _)| profile.name() == name).unwrap();
        let tag = |length: usize| CacheTag::new("a".repeat(length)).unwrap();
        assert!(format.carries(&tag(length)), "{name}");
        assert!(length == CacheTag::MAX_LENGTH || !format.carries(&tag(length + 1)), "{name}");
    }
    // The grammar that is valid for all edges.
    let common = CacheTag::new("aZ9._-".repeat(20)).unwrap();
    assert_eq!(common.as_str().len(), 120);
    assert!(with_tags().iter().all(|(_, format)| format.carries(&common)));
}

#[tokio::test]
async fn e4_a_handler_that_writes_the_field_itself_stays_public() {
    for (profile, line) in [
        (EdgeProfile::CLOUDFLARE, "post:9"),
        (EdgeProfile::CLOUDFLARE, "post:9,User-7, release:serde@1.0.0"),
        (EdgeProfile::NETLIFY, "post:9"),
        (EdgeProfile::FASTLY, "post:9 a,b"),
        (EdgeProfile::VARNISH, "post:9, post:10 post:11"),
        (EdgeProfile::SOUIN, "post:9, post:10"),
    ] {
        let field = profile.tags().unwrap().field().as_str().to_owned();
        let (headers, notes) = sent(EdgeLayer::new(profile.clone()), &[], &[(&field, line)]).await;
        assert!(!is_private(&headers), "{}: {line}", profile.name());
        assert!(headers[&field].to_str().unwrap().starts_with("post:9"), "{headers:?}");
        assert_eq!(notes, [], "{line}");
    }
    // Akamai does not store a response with tags that it does not accept, and the diagnostic is recorded.
    let line = [("edge-cache-tag", "post:9")];
    let (headers, notes) = sent(EdgeLayer::new(EdgeProfile::AKAMAI), &[], &line).await;
    assert!(is_private(&headers) && !headers.contains_key("edge-cache-tag"));
    assert!(matches!(notes[0], EdgeDiagnostic::NotTags { .. }), "{notes:?}");
}

#[tokio::test]
async fn e4_a_coarser_tag_replaces_tags_that_the_edge_does_not_accept() {
    let layer = || EdgeLayer::new(EdgeProfile::AKAMAI).on_overflow(TagOverflow::Coarser(CacheTag::from_static("all")));
    let (headers, notes) = sent(layer(), &["crates", "crate:serde", "versions"], &[]).await;
    assert_eq!(headers["edge-cache-tag"], "all,crates,versions");
    assert!(!is_private(&headers));
    assert_eq!(
        notes[0].to_string(),
        "the edge `akamai` cannot carry the tag \"crate:serde\" in `edge-cache-tag`, which contains ':': use 1 to 128 \
         characters of A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~; a coarser tag replaces it"
    );
    // With two CDNs, each gets the tags that it accepts.
    let both = Edges::new([EdgeProfile::AKAMAI, EdgeProfile::CLOUDFLARE]).unwrap();
    let layer = EdgeLayer::new(both).on_overflow(TagOverflow::Coarser(CacheTag::from_static("all")));
    let (headers, _) = sent(layer, &["crate:serde"], &[]).await;
    assert_eq!(field(&headers, "edge-cache-tag").as_deref(), Some("all"));
    assert_eq!(field(&headers, "cache-tag").as_deref(), Some("crate:serde"));
}

#[test]
fn e4_a_constant_tag_is_refused_when_the_layer_is_built() {
    let serde = CacheTag::from_static("crate:serde");
    let akamai = || EdgeLayer::new(EdgeProfile::AKAMAI);
    let error = akamai().check_tags([&CacheTag::from_static("crates"), &serde]).unwrap_err();
    assert_eq!((error.edge(), error.field().as_str(), error.tag()), ("akamai", "edge-cache-tag", &serde));
    for part in ["akamai", "\"crate:serde\"", "':'", "A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(EdgeLayer::new(EdgeProfile::NGINX).check_tags([&serde]).is_ok(), "nginx reads no tags");
    assert!(Edges::new([EdgeProfile::NGINX, EdgeProfile::AKAMAI]).unwrap().check_tags([&serde]).is_err());

    let coarser = || TagOverflow::Coarser(CacheTag::from_static("crate:serde"));
    assert_eq!(akamai().try_on_overflow(coarser()).unwrap_err(), error);
    assert!(EdgeLayer::new(EdgeProfile::FASTLY).try_on_overflow(coarser()).is_ok());
    assert!(std::panic::catch_unwind(|| akamai().on_overflow(coarser())).is_err());

    let long = CacheTag::new("a".repeat(1_000)).unwrap();
    let error = akamai().check_tags([&long]).unwrap_err().to_string();
    assert!(error.contains("\" ... in") && error.contains("has 1000 characters") && error.len() < 300, "{error}");
}

/// A response without its tag could not be purged, and its 304 must not permit more than the response (N-05).
#[cfg(feature = "routes")]
#[tokio::test]
async fn e4_the_304_of_a_response_with_an_unsupported_tag_is_private_too() {
    use tower_cache_policy::ConditionalLayer;
    use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    use tower_cache_policy::protocol::{EntityTag, Validators};

    let page = RoutePolicy::new(CachePolicy::public(MINUTE)).tags(["crate:serde"]);
    let routes = RoutePolicies::builder().route("/", page).build().unwrap();
    assert!(routes.tags().eq([&CacheTag::from_static("crate:serde")]));
    let current = || Validators::new().with_etag(EntityTag::strong("1").unwrap());
    let service = (
        EdgeLayer::new(EdgeProfile::AKAMAI),
        CachePolicyLayer::new(routes),
        ConditionalLayer::new().validators(move |_| ready((current(), CachePolicy::public(MINUTE)))),
    )
        .layer(service_fn(|_: Request<TestBody>| ready(Ok::<_, Infallible>(response_with("hello", &[])))));
    for (tag, status) in [("\"0\"", 200), ("\"1\"", 304)] {
        let response = service.clone().oneshot(get("/", &[("if-none-match", tag)])).await.unwrap();
        assert_eq!(response.status(), status);
        assert!(is_private(response.headers()), "{status}: {:?}", response.headers());
    }
}

#[test]
fn a_separator_is_never_part_of_a_tag() {
    for (profile, format) in with_tags() {
        let carries_comma = format.carries(&CacheTag::from_static("a,b"));
        assert_eq!(
            carries_comma,
            format.syntax() == TagSyntax::Space && profile.name() == "fastly",
            "{}",
            profile.name()
        );
    }
}
