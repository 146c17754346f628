//! The requests of each vendor's API.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use serde_json::Value;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy_purge::{
    Akamai, Bunny, CloudFront, Cloudflare, Credential, Fastly, Google, KeyCdn, Netlify, Nginx, Purge, PurgeApi,
    PurgeError, Signer, Squid, Unsigned, Varnish, Vercel, VercelTarget,
};

const SECRET: &str = "s3cr3t-t0ken";

fn secret() -> Credential {
    Credential::new(SECRET).unwrap()
}

fn tags(tags: &[&'static str]) -> Purge {
    Purge::tags(tags.iter().copied().map(CacheTag::from_static))
}

fn many(count: usize) -> Purge {
    Purge::tags((0..count).map(|n| CacheTag::new(format!("t{n}")).unwrap()))
}

fn url(url: &str) -> Purge {
    Purge::url(url).unwrap()
}

fn cloudflare() -> Cloudflare {
    Cloudflare::new("z0ne", secret()).unwrap()
}

fn fastly() -> Fastly {
    Fastly::new("SU1Z0isxPaozGVKXdv0eY", secret()).unwrap()
}

fn akamai() -> Akamai<Unsigned> {
    Akamai::new("akab-x.luna.akamaiapis.net", Unsigned::new()).unwrap()
}

fn cloudfront() -> CloudFront<impl Fn() -> String, Unsigned> {
    let count = AtomicU32::new(0);
    let reference = move || format!("ref-{}", 1 + count.fetch_add(1, Ordering::Relaxed));
    CloudFront::new("EDFDVBD6EXAMPLE", reference, Unsigned::new()).unwrap()
}

fn google() -> Google {
    Google::new("example.com:shop", "web-map", secret()).unwrap()
}

fn vercel() -> Vercel {
    Vercel::new("prj_1", secret()).unwrap().team("team_2").unwrap()
}

fn netlify() -> Netlify {
    Netlify::new("11aa-22bb", secret()).unwrap()
}

fn bunny() -> Bunny {
    Bunny::new(77, secret())
}

fn keycdn() -> KeyCdn {
    KeyCdn::new(88, secret())
}

fn varnish() -> Varnish {
    Varnish::new("http://10.0.0.7:6081/").unwrap()
}

fn bans() -> Varnish {
    varnish().bans(HeaderName::from_static("ban-tags"))
}

fn squid() -> Squid {
    Squid::new("http://10.0.0.7:3128").unwrap()
}

fn nginx() -> Nginx {
    Nginx::new("http://10.0.0.7").unwrap()
}

/// Every API, with its name.
fn apis() -> Vec<(&'static str, Box<dyn PurgeApi>)> {
    vec![
        ("Cloudflare", Box::new(cloudflare())),
        ("Fastly", Box::new(fastly())),
        ("Akamai", Box::new(akamai())),
        ("CloudFront", Box::new(cloudfront())),
        ("Google", Box::new(google())),
        ("Vercel", Box::new(vercel())),
        ("Netlify", Box::new(netlify())),
        ("Bunny", Box::new(bunny())),
        ("KeyCDN", Box::new(keycdn())),
        ("Varnish", Box::new(varnish())),
        ("Varnish, bans", Box::new(bans())),
        ("Squid", Box::new(squid())),
        ("nginx", Box::new(nginx())),
    ]
}

fn body(request: &Request<Bytes>) -> String {
    String::from_utf8(request.body().to_vec()).unwrap()
}

/// The request line, the fields in order of their names, and the body.
fn written(request: &Request<Bytes>) -> Vec<String> {
    let mut fields: Vec<String> = request
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "accept"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    fields.sort();
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    lines.extend(fields);
    let body = body(request);
    if !body.is_empty() {
        lines.push(body);
    }
    lines
}

#[track_caller]
fn assert_requests(api: &impl PurgeApi, purge: &Purge, expected: &[&[&str]]) {
    let requests = api.requests(purge).unwrap();
    assert_eq!(requests.iter().map(written).collect::<Vec<_>>(), expected);
}

const BEARER: &str = "authorization: Bearer s3cr3t-t0ken";
const JSON: &str = "content-type: application/json";
const PAGE: &str = "https://www.example.com/a%20b?x=1&y=2";

#[test]
fn cloudflare_purges_and_invalidates() {
    let purge = "POST https://api.cloudflare.com/client/v4/zones/z0ne/purge_cache";
    let invalidate = "POST https://api.cloudflare.com/client/v4/zones/z0ne/invalidate_cache";
    let (a_and_b, files) = (r#"{"tags":["a","b"]}"#, r#"{"files":["https://www.example.com/a%20b?x=1&y=2"]}"#);
    let everything = r#"{"purge_everything":true}"#;
    assert_requests(&cloudflare(), &tags(&["a", "b"]), &[&[purge, BEARER, JSON, a_and_b]]);
    assert_requests(&cloudflare(), &tags(&["a", "b"]).soft(), &[&[invalidate, BEARER, JSON, a_and_b]]);
    assert_requests(&cloudflare(), &url(PAGE), &[&[purge, BEARER, JSON, files]]);
    assert_requests(&cloudflare(), &Purge::everything(), &[&[purge, BEARER, JSON, everything]]);
    assert_requests(&cloudflare(), &Purge::everything().soft(), &[&[invalidate, BEARER, JSON, everything]]);
    let both = tags(&["a", "b"]).and(url(PAGE));
    assert_requests(&cloudflare(), &both, &[&[purge, BEARER, JSON, a_and_b], &[purge, BEARER, JSON, files]]);
}

#[test]
fn fastly_purges_keys_urls_and_everything_but_not_everything_softly() {
    const KEY: &str = "fastly-key: s3cr3t-t0ken";
    const SOFT: &str = "fastly-soft-purge: 1";
    let service = "POST https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY";
    let (keys, all) = (format!("{service}/purge"), format!("{service}/purge_all"));
    let page = "POST https://api.fastly.com/purge/www.example.com/a%20b?x=1&y=2";
    let document = r#"{"surrogate_keys":["a","b"]}"#;
    assert_requests(&fastly(), &tags(&["a", "b"]), &[&[&keys, JSON, KEY, document]]);
    assert_requests(&fastly(), &tags(&["a", "b"]).soft(), &[&[&keys, JSON, KEY, SOFT, document]]);
    assert_requests(&fastly(), &url(PAGE), &[&[page, KEY]]);
    assert_requests(&fastly(), &url(PAGE).soft(), &[&[page, KEY, SOFT]]);
    assert_requests(&fastly(), &Purge::everything(), &[&[&all, KEY]]);
    let error = fastly().requests(&Purge::everything().soft()).unwrap_err();
    let text = "Fastly does not support a soft purge of everything: give all responses the same tag, and purge softly by that tag";
    assert_eq!(error.to_string(), text);
}

#[test]
fn akamai_deletes_and_invalidates_on_both_networks() {
    let at = |path| format!("POST https://akab-x.luna.akamaiapis.net/ccu/v3/{path}");
    let (hard, soft) = (at("delete/tag/production"), at("invalidate/tag/production"));
    let (document, page) = (r#"{"objects":["a","b"]}"#, r#"{"objects":["https://www.example.com/a%20b?x=1&y=2"]}"#);
    assert_requests(&akamai(), &tags(&["a", "b"]), &[&[&hard, JSON, document]]);
    assert_requests(&akamai(), &tags(&["a", "b"]).soft(), &[&[&soft, JSON, document]]);
    assert_requests(&akamai().staging(), &url(PAGE), &[&[&at("delete/url/staging"), JSON, page]]);
}

#[test]
fn cloudfront_writes_tags_and_paths_into_one_invalidation() {
    let line = "POST https://cloudfront.amazonaws.com/2020-05-31/distribution/EDFDVBD6EXAMPLE/invalidation";
    let document = |reference: &str, items: &str, quantity: u32| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InvalidationBatch \
             xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><CallerReference>{reference}</CallerReference>\
             <Paths><Items>{items}</Items><Quantity>{quantity}</Quantity></Paths></InvalidationBatch>"
        )
    };
    let both = document("ref-1", "<Path>#a</Path><Path>/a%20b?x=1&amp;y=2</Path>", 2);
    let api = cloudfront();
    assert_requests(&api, &tags(&["a"]).and(url(PAGE)), &[&[line, "content-type: application/xml", &both]]);
    let everything = document("ref-2", "<Path>/*</Path>", 1);
    assert_requests(&api, &Purge::everything(), &[&[line, "content-type: application/xml", &everything]]);
}

#[test]
fn google_invalidates_tags_paths_and_everything() {
    let line = "POST https://compute.googleapis.com/compute/v1/projects/example.com:shop/global/urlMaps/web-map/\
                invalidateCache";
    assert_requests(&google(), &tags(&["a", "b"]), &[&[line, BEARER, JSON, r#"{"cacheTags":["a","b"]}"#]]);
    let page = r#"{"host":"www.example.com","path":"/a%20b"}"#;
    assert_requests(&google(), &url(PAGE), &[&[line, BEARER, JSON, page]]);
    assert_requests(&google(), &Purge::everything(), &[&[line, BEARER, JSON, r#"{"path":"/*"}"#]]);
}

#[test]
fn vercel_deletes_and_invalidates_tags() {
    let at = |action| {
        format!("POST https://api.vercel.com/v1/edge-cache/{action}-by-tags?projectIdOrName=prj_1&teamId=team_2")
    };
    let document = r#"{"tags":["a","b"]}"#;
    let purge = tags(&["a", "b"]);
    assert_requests(&vercel(), &purge, &[&[&at("dangerously-delete"), BEARER, JSON, document]]);
    assert_requests(&vercel(), &purge.soft(), &[&[&at("invalidate"), BEARER, JSON, document]]);
}

#[test]
fn netlify_purges_tags_or_the_site() {
    let line = "POST https://api.netlify.com/api/v1/purge";
    let document = r#"{"cache_tags":["a","b"],"site_id":"11aa-22bb"}"#;
    assert_requests(&netlify(), &tags(&["a", "b"]), &[&[line, BEARER, JSON, document]]);
    assert_requests(&netlify(), &Purge::everything(), &[&[line, BEARER, JSON, r#"{"site_id":"11aa-22bb"}"#]]);
}

#[test]
fn bunny_purges_one_tag_or_url_per_request() {
    const KEY: &str = "accesskey: s3cr3t-t0ken";
    let zone = "POST https://api.bunny.net/pullzone/77/purgeCache";
    let (a, b) = (r#"{"CacheTag":"a"}"#, r#"{"CacheTag":"b"}"#);
    assert_requests(&bunny(), &tags(&["a", "b"]), &[&[zone, KEY, JSON, a], &[zone, KEY, JSON, b]]);
    assert_requests(&bunny(), &Purge::everything(), &[&[zone, KEY]]);
    let page = "POST https://api.bunny.net/purge?url=https%3A%2F%2Fwww.example.com%2Fa%2520b%3Fx%3D1%26y%3D2";
    assert_requests(&bunny(), &url(PAGE), &[&[page, KEY]]);
    // A slash at the end would include everything below the path.
    let home = "POST https://api.bunny.net/purge?url=https%3A%2F%2Fwww.example.com%2F&exactPath=true";
    assert_requests(&bunny(), &url("https://www.example.com/"), &[&[home, KEY]]);
}

#[test]
fn keycdn_purges_tags_with_delete_and_everything_with_get() {
    const BASIC: &str = "authorization: Basic czNjcjN0LXQwa2VuOg==";
    let at = |line: &str| line.replace(' ', " https://api.keycdn.com/zones/");
    let tags_line = at("DELETE purgetag/88.json");
    assert_requests(&keycdn(), &tags(&["a", "b"]), &[&[&tags_line, BASIC, JSON, r#"{"tags":["a","b"]}"#]]);
    let page = r#"{"urls":["demo-1.kxcdn.com/a.css?v=1"]}"#;
    let purge = url("https://demo-1.kxcdn.com/a.css?v=1");
    assert_requests(&keycdn(), &purge, &[&[&at("DELETE purgeurl/88.json"), BASIC, JSON, page]]);
    assert_requests(&keycdn(), &Purge::everything(), &[&[&at("GET purge/88.json"), BASIC]]);
}

#[test]
fn varnish_purges_with_xkey_bans_and_urls() {
    let line = "PURGE http://10.0.0.7:6081/";
    assert_requests(&varnish(), &tags(&["a", "b"]), &[&[line, "xkey-purge: a b"]]);
    assert_requests(&varnish(), &tags(&["a", "b"]).soft(), &[&[line, "xkey-softpurge: a b"]]);
    let own = varnish().xkey_fields(HeaderName::from_static("xkey"), HeaderName::from_static("xkey-soft"));
    assert_requests(&own, &tags(&["a", "b"]), &[&[line, "xkey: a b"]]);
    assert_requests(&own, &tags(&["a", "b"]).soft(), &[&[line, "xkey-soft: a b"]]);
    let ban = "ban-tags: (^|[^!-+--~])(a|v1[.]2)($|[^!-+--~])";
    assert_requests(&bans(), &tags(&["a", "v1.2"]), &[&["BAN http://10.0.0.7:6081/", ban]]);
    let page = "PURGE http://10.0.0.7:6081/a%20b?x=1&y=2";
    assert_requests(&varnish(), &url(PAGE), &[&[page, "host: www.example.com"]]);
}

#[test]
fn squid_and_nginx_purge_urls() {
    let host = "host: www.example.com:8080";
    let purge = url("https://www.example.com:8080/a?x=1");
    assert_requests(&squid(), &purge, &[&["PURGE http://10.0.0.7:3128/a?x=1", host]]);
    assert_requests(&nginx(), &purge, &[&["PURGE http://10.0.0.7/a?x=1", host]]);
    let apart = nginx().location("/purge").unwrap();
    assert_requests(&apart, &purge, &[&["GET http://10.0.0.7/purge/a?x=1", host]]);
}

#[test]
fn batches_are_as_large_as_the_limit_permits() {
    let in_one = |api: &dyn PurgeApi, limit: usize| {
        assert_eq!(api.requests(&many(limit)).unwrap().len(), 1, "{limit}");
        assert_eq!(api.requests(&many(limit + 1)).unwrap().len(), 2, "{limit}");
        assert_eq!(api.requests(&many(2 * limit + 1)).unwrap().len(), 3, "{limit}");
    };
    in_one(&cloudflare(), 100);
    in_one(&fastly(), 256);
    in_one(&cloudfront(), 3_000);
    in_one(&google(), 10);
    in_one(&vercel(), 16);
    in_one(&netlify(), 100);
    in_one(&bunny(), 1);
    in_one(&keycdn(), 100);
}

#[test]
fn bodies_and_fields_respect_their_length_limits() {
    let long = Purge::tags((0..1_000).map(|n| CacheTag::new(format!("{n:0128}")).unwrap()));
    let bodies: Vec<usize> = akamai().requests(&long).unwrap().iter().map(|request| body(request).len()).collect();
    // 131 bytes each. 381 tags are 49,911 bytes, plus the rest of the body.
    assert_eq!(bodies, [49_924, 49_924, 31_191]);
    // Short tags reach the limit of the account first.
    let counts = akamai().requests(&many(6_000)).unwrap();
    let counts: Vec<usize> = counts.iter().map(|request| read_back("Akamai", request).len()).collect();
    assert_eq!(counts, [5_000, 1_000]);
    for (api, field) in [(varnish(), "xkey-purge"), (bans(), "ban-tags")] {
        let requests = api.requests(&long).unwrap();
        assert!(requests.len() > 30 && requests.iter().all(|request| request.headers()[field].len() < 4_100));
    }
}

#[test]
fn an_empty_purge_has_no_requests() {
    for (name, api) in apis() {
        assert!(api.requests(&Purge::default()).unwrap().is_empty(), "{name}");
        assert!(api.requests(&tags(&[])).unwrap().is_empty(), "{name}");
    }
}

#[test]
fn an_unsupported_purge_is_an_error_and_not_a_partial_purge() {
    let whole = "tags, urls, everything, soft tags, soft urls, soft everything";
    for (name, api) in apis() {
        let cases = [("tags", tags(&["a"])), ("urls", url(PAGE)), ("everything", Purge::everything())];
        let soft = cases.clone().map(|(_, purge)| purge.soft());
        let soft = ["soft tags", "soft urls", "soft everything"].into_iter().zip(soft);
        let has: Vec<&str> =
            cases.into_iter().chain(soft).filter(|(_, p)| api.requests(p).is_ok()).map(|(case, _)| case).collect();
        let expected = match name {
            "Cloudflare" => whole,
            "Fastly" => "tags, urls, everything, soft tags, soft urls",
            "Akamai" => "tags, urls, soft tags, soft urls",
            "CloudFront" | "Google" | "Bunny" | "KeyCDN" => "tags, urls, everything",
            "Vercel" => "tags, soft tags",
            "Netlify" => "tags, everything",
            "Varnish" => "tags, urls, soft tags",
            "Varnish, bans" => "tags, urls",
            _ => "urls",
        };
        assert_eq!(has.join(", "), expected, "{name}");
    }
    let both = tags(&["a"]).and(url(PAGE));
    assert!(netlify().requests(&both).is_err() && vercel().requests(&both).is_err());
    assert!(squid().requests(&both).is_err() && nginx().requests(&both).is_err());
    assert!(varnish().requests(&both).is_ok() && varnish().requests(&both.soft()).is_err());
    let error = google().requests(&tags(&["a"]).soft()).unwrap_err();
    assert_eq!(error.to_string(), "Google Cloud CDN does not support a soft purge: use `Purge::hard`");
    assert!(google().requests(&tags(&["a"]).soft().hard()).is_ok());
    let error = squid().requests(&tags(&["a"])).unwrap_err();
    assert!(matches!(error, PurgeError::Unsupported { api: "Squid", what: "purge by tag", .. }));
}

#[test]
fn debug_output_and_errors_contain_no_secret() {
    let apis = [
        format!("{:?} {:?} {:?}", secret(), cloudflare(), fastly()),
        format!("{:?} {:?} {:?}", google(), vercel(), netlify()),
        format!("{:?} {:?}", bunny(), keycdn()),
    ];
    // The `Debug` output of a request contains neither the credential nor its base64 form.
    let all: Vec<Box<dyn PurgeApi>> = vec![
        Box::new(cloudflare()),
        Box::new(fastly()),
        Box::new(google()),
        Box::new(vercel()),
        Box::new(netlify()),
        Box::new(bunny()),
        Box::new(keycdn()),
    ];
    let requests = all.iter().map(|api| format!("{:?}", api.requests(&tags(&["a"])).unwrap()));
    for text in apis.into_iter().chain(requests) {
        assert!(!text.contains(SECRET) && !text.contains("czNjcjN0"), "{text}");
        assert!(text.contains("Credential(..)") || text.contains("Sensitive"), "{text}");
    }
    let signed = |key: &'static str| move |_: &mut Parts, _: &Bytes| Err::<(), _>(format!("{} is no key", key.len()));
    let akamai = Akamai::new("example.net", signed(SECRET)).unwrap();
    let cloudfront = CloudFront::new("E1", || SECRET.to_owned(), signed(SECRET)).unwrap();
    assert!(!format!("{akamai:?} {cloudfront:?}").contains(SECRET));
    for bad in ["", "two words", "a\r\nx-admin: 1", "a\n", "a\0", "schlüssel"] {
        let error = Credential::new(bad).unwrap_err();
        assert_eq!(error, PurgeError::InvalidCredential);
        assert_eq!(error.to_string(), "the credential is not valid: write one or more visible ASCII characters");
    }
}

#[test]
fn a_signer_gets_the_complete_request_and_may_fail() {
    let signer = |head: &mut Parts, body: &Bytes| {
        let text = format!("{} {} {} {}", head.method, head.uri, head.headers.len(), body.len());
        head.headers.insert(AUTHORIZATION, HeaderValue::try_from(text).unwrap());
        Ok::<_, &str>(())
    };
    let request = &Akamai::new("h.example", signer).unwrap().requests(&tags(&["a"])).unwrap()[0];
    let signature = request.headers()[AUTHORIZATION].to_str().unwrap();
    assert_eq!(signature, "POST https://h.example/ccu/v3/delete/tag/production 2 17");
    assert_eq!(body(request).len(), 17);
    let failing = |_: &mut Parts, _: &Bytes| Err("the credentials have expired");
    assert!(Signer::sign(&failing, &mut Request::new(()).into_parts().0, &Bytes::new()).is_err());
    let cloudfront = CloudFront::new("E1", || "r".to_owned(), failing).unwrap();
    let error = cloudfront.requests(&Purge::everything()).unwrap_err();
    assert_eq!(error.to_string(), "CloudFront: the credentials have expired");
}

#[test]
fn each_invalidation_has_its_own_caller_reference() {
    let api = cloudfront();
    let mut requests = api.requests(&many(3_001)).unwrap();
    requests.extend(api.requests(&many(1)).unwrap());
    for (request, reference) in requests.iter().zip(["ref-1", "ref-2", "ref-3"]) {
        assert!(body(request).contains(&format!("<CallerReference>{reference}</CallerReference>")));
    }
    let injecting = CloudFront::new("E1", || "</CallerReference>".to_owned(), Unsigned::new()).unwrap();
    let error = injecting.requests(&many(1)).unwrap_err();
    assert!(matches!(error, PurgeError::InvalidId { name: "caller reference", .. }));
}

/// Characters that would change the target of a request, or end one of its lines.
const INJECTIONS: &[&str] = &[
    "",
    ".",
    "..",
    "a b",
    "a/b",
    "a/../b",
    "../b",
    "a?b=c",
    "a#b",
    "a&b=c",
    "a%2fb",
    "a\\b",
    "a\"b",
    "a<b",
    "a@b",
    "a\r\nx-admin: 1",
    "a\n",
    "a\0b",
    "ä",
    "a\u{2028}b",
];

#[test]
fn no_identifier_changes_the_target_of_a_request() {
    let long = "a".repeat(129);
    for id in INJECTIONS.iter().copied().chain([long.as_str()]) {
        let errors = [
            Cloudflare::new(id, secret()).unwrap_err(),
            Fastly::new(id, secret()).unwrap_err(),
            CloudFront::new(id, String::new, Unsigned::new()).unwrap_err(),
            Google::new(id, "map", secret()).unwrap_err(),
            Google::new("project", id, secret()).unwrap_err(),
            Vercel::new(id, secret()).unwrap_err(),
            Vercel::new("project", secret()).unwrap().team(id).unwrap_err(),
            Netlify::new(id, secret()).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(&error, PurgeError::InvalidId { .. }), "{id:?}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error}");
            assert!(id.len() < 3 || !format!("{error} {error:?}").contains(id), "E7: {error:?}");
        }
        if id != long {
            assert!(Akamai::new(id, Unsigned::new()).is_err(), "{id:?}");
        }
    }
}

#[test]
fn no_tag_changes_the_target_or_the_lines_of_a_request() {
    // `CacheTag` defines the grammar of tags. Each accepted tag must be safe at each API.
    let tags = INJECTIONS.iter().chain(&["a*", "a:b", "a|b", "(a)", "a^b", "[a]"]);
    for tag in tags.filter_map(|tag| CacheTag::new(*tag).ok()) {
        for (name, api) in apis() {
            let of = |tag| api.requests(&Purge::tags([tag])).ok();
            let (Some(found), Some(plain)) = (of(tag.clone()), of(CacheTag::from_static("a"))) else { continue };
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].uri(), plain[0].uri(), "{name}: no tag is in a URL");
            assert_eq!(read_back(name, &found[0]), [tag.as_str()], "{name}");
        }
    }
}

#[test]
fn e4_a_tag_that_the_edge_does_not_accept_is_not_purged_there() {
    let purges = |tag: &'static str| -> Vec<&'static str> {
        let purge = Purge::tags([CacheTag::from_static("all"), CacheTag::from_static(tag)]);
        apis().into_iter().filter(|(_, api)| api.requests(&purge).is_ok()).map(|(name, _)| name).collect()
    };
    let all = purges("crate-Inflector");
    let without = |names: &[&str]| -> Vec<&str> { all.iter().filter(|name| !names.contains(name)).copied().collect() };
    assert_eq!(all.len(), 11, "{all:?}");
    assert_eq!(purges("crate:serde"), without(&["Akamai"]));
    assert_eq!(purges("release:serde@1.0.0"), without(&["Akamai", "Bunny", "KeyCDN"]));
    assert_eq!(purges("a,b"), ["Fastly"]);
    assert_eq!(purges("a\\b"), without(&["Akamai", "Bunny", "KeyCDN", "Varnish, bans"]));

    let error = akamai().requests(&tags(&["crate:serde"])).unwrap_err();
    assert!(matches!(&error, PurgeError::UnsupportedTag { error } if error.edge() == "akamai"));
    assert!(error.to_string().contains("cannot carry the tag \"crate:serde\""), "{error}");
    let error = bans().requests(&tags(&["a^b"])).unwrap_err();
    assert!(error.to_string().contains("use the module xkey"), "{error}");
}

#[test]
fn the_url_of_an_api_is_absolute_and_unambiguous() {
    for text in [
        "",
        "/relative",
        "www.example.com/path",
        "ftp://example.com/",
        "https://user:pw@example.com/",
        "https://example.com:port/",
        "https://../service/x",
        "https://example.com/a/../b",
        "https://example.com/%2e%2e/b",
        "https://example.com/a\r\nX-Admin: 1",
        "http://10.0.0.7/?x",
        "http://10.0.0.7/#x",
    ] {
        assert!(Varnish::new(text).is_err() && Squid::new(text).is_err() && Nginx::new(text).is_err(), "{text:?}");
        assert!(cloudflare().base_url(text).is_err() && akamai().base_url(text).is_err(), "{text:?}");
    }
    assert!(nginx().location("purge").is_err() && nginx().location("/../x").is_err());
}

#[test]
fn a_star_in_a_url_purges_only_this_url() {
    let purge = url("https://example.com/a*");
    let wild: BTreeSet<&str> =
        apis().into_iter().filter(|(_, api)| api.requests(&purge).is_err()).map(|(name, _)| name).collect();
    // The APIs with wildcards, and those without URLs.
    assert_eq!(wild, BTreeSet::from(["Bunny", "CloudFront", "Google", "Netlify", "Vercel", "nginx"]));
    let error = bunny().requests(&purge).unwrap_err();
    assert!(error.to_string().contains("a wildcard at this cache"), "{error}");
}

#[test]
fn a_purge_that_is_too_long_for_a_vendor_is_an_error() {
    let url_of = |length: usize| url(&format!("https://example.com/{}", "a".repeat(length)));
    assert!(cloudfront().requests(&url_of(3_999)).is_ok() && cloudfront().requests(&url_of(4_000)).is_err());
    assert!(akamai().requests(&url_of(49_000)).is_ok() && akamai().requests(&url_of(50_000)).is_err());
    let error = bunny().requests(&url_of(65_500)).unwrap_err();
    assert!(matches!(&error, PurgeError::InvalidUrl { .. }) && error.to_string().len() < 300, "{error}");
}

#[test]
fn e10_a_purge_at_netlify_can_name_a_deploy_and_a_domain() {
    let line = "POST https://api.netlify.com/api/v1/purge";
    let preview = netlify().deploy_alias("deploy-preview-12").unwrap();
    let of_tags = r#"{"cache_tags":["a"],"deploy_alias":"deploy-preview-12","site_id":"11aa-22bb"}"#;
    assert_requests(&preview, &tags(&["a"]), &[&[line, BEARER, JSON, of_tags]]);
    let all = r#"{"deploy_alias":"deploy-preview-12","domain":"shop.example.com","site_id":"11aa-22bb"}"#;
    let preview = preview.domain("shop.example.com").unwrap();
    assert_requests(&preview, &Purge::everything(), &[&[line, BEARER, JSON, all]]);
    for injection in INJECTIONS {
        assert!(netlify().deploy_alias(*injection).is_err() && netlify().domain(*injection).is_err(), "{injection:?}");
    }
}

#[test]
fn e10_a_purge_at_vercel_can_name_a_target() {
    let query = "projectIdOrName=prj_1&teamId=team_2";
    let line = format!("POST https://api.vercel.com/v1/edge-cache/invalidate-by-tags?{query}");
    for (target, name) in [(VercelTarget::Production, "production"), (VercelTarget::Preview, "preview")] {
        let document = format!(r#"{{"tags":["a"],"target":"{name}"}}"#);
        assert_requests(&vercel().target(target), &tags(&["a"]).soft(), &[&[&line, BEARER, JSON, &document]]);
    }
}

#[test]
fn e6_each_variant_of_a_url_is_purged_if_the_cache_purges_only_one() {
    let codings = || ["gzip", "br"].map(HeaderValue::from_static);
    let (line, host) = ("PURGE http://10.0.0.7/a%20b?x=1&y=2", "host: www.example.com");
    let (gzip, br) = ("accept-encoding: gzip", "accept-encoding: br");
    let of_codings = nginx().variants(&ACCEPT_ENCODING, codings()).unwrap();
    assert_requests(&of_codings, &url(PAGE), &[&[line, host], &[line, gzip, host], &[line, br, host]]);
    let german = [HeaderValue::from_static("de")];
    let both = of_codings.variants(&ACCEPT_LANGUAGE, german).unwrap();
    let de = "accept-language: de";
    assert_requests(
        &both,
        &url(PAGE),
        &[
            &[line, host],
            &[line, gzip, host],
            &[line, br, host],
            &[line, de, host],
            &[line, gzip, de, host],
            &[line, br, de, host],
        ],
    );
    // The number is limited, and the host of the URL is unchanged.
    let many = |count: u32| (0..count).map(HeaderValue::from);
    assert!(nginx().variants(&ACCEPT_LANGUAGE, many(63)).is_ok());
    let error = nginx().variants(&ACCEPT_LANGUAGE, many(u32::MAX)).unwrap_err();
    assert_eq!(error.to_string(), "nginx: there are more than 64 variants of a URL: purge by tag");
    assert!(nginx().variants(&HOST, codings()).is_err());
    // Varnish purges all variants with one request.
    assert_eq!(varnish().requests(&url(PAGE)).unwrap().len(), 1);
}

#[test]
fn e7_no_error_shows_a_credential_in_the_wrong_argument() {
    let with_token = || Cloudflare::new("z0ne", secret()).unwrap();
    for text in [
        "http://user:s3cr3t-t0ken@varnish:6081",
        "http://s3cr3t-t0ken@varnish:6081/",
        "http://varnish:6081/?key=s3cr3t-t0ken",
        "http://varnish:6081/#s3cr3t-t0ken",
        "http://varnish:s3cr3t-t0ken/",
        "user:s3cr3t-t0ken@varnish",
        "s3cr3t-t0ken/",
        "s3cr3t-t0ken?",
        "s3cr3t-t0ken@",
        "s3cr3t-t0ken\n",
    ] {
        let errors = [
            Varnish::new(text).unwrap_err(),
            Squid::new(text).unwrap_err(),
            Nginx::new(text).unwrap_err(),
            nginx().location(text).unwrap_err(),
            with_token().base_url(text).unwrap_err(),
            Akamai::new(text, Unsigned::new()).unwrap_err(),
            akamai().base_url(text).unwrap_err(),
            Cloudflare::new(text, secret()).unwrap_err(),
            Vercel::new("project", secret()).unwrap().team(text).unwrap_err(),
            Purge::url(text).map(drop).map_err(PurgeError::from).err().unwrap_or(PurgeError::InvalidCredential),
        ];
        for error in errors {
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("s3cr3t") && texts.len() < 1_000, "{texts}");
        }
    }
    let error = Cloudflare::new("z0ne\n", secret()).unwrap_err();
    let text = "the zone id has '\\n' at byte 5: write 1 to 128 letters, digits, '.', '_', '-' and ':'";
    assert_eq!(error.to_string(), text);
    let error = cloudfront().requests(&url(&format!("https://example.com/{}?s3cr3t", "a".repeat(4_000)))).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cr3t") && error.to_string().len() < 400, "{error}");
}

#[test]
fn the_address_of_an_api_can_be_replaced() {
    let line = |api: &dyn PurgeApi| api.requests(&tags(&["a"])).unwrap()[0].uri().to_string();
    let proxy = "http://127.0.0.1:9/api/";
    assert_eq!(line(&cloudflare().base_url(proxy).unwrap()), "http://127.0.0.1:9/api/zones/z0ne/purge_cache");
    assert_eq!(line(&akamai().base_url(proxy).unwrap()), "http://127.0.0.1:9/api/ccu/v3/delete/tag/production");
    for start in [
        line(&fastly().base_url(proxy).unwrap()),
        line(&cloudfront().base_url(proxy).unwrap()),
        line(&google().base_url(proxy).unwrap()),
        line(&vercel().base_url(proxy).unwrap()),
        line(&netlify().base_url(proxy).unwrap()),
        line(&bunny().base_url(proxy).unwrap()),
        line(&keycdn().base_url(proxy).unwrap()),
    ] {
        assert!(start.starts_with("http://127.0.0.1:9/api/") && !start.contains("api//"), "{start}");
    }
}

#[test]
fn a_custom_api_can_read_the_purge() {
    struct Own;
    impl PurgeApi for Own {
        fn requests(&self, purge: &Purge) -> Result<Vec<Request<Bytes>>, PurgeError> {
            if purge.is_everything() || purge.is_soft() || !purge.urls().is_empty() {
                return Err(PurgeError::Other { api: "Own", reason: "tags alone".to_owned() });
            }
            let of = |tag: &CacheTag| Request::delete(format!("http://cache/{tag}")).body(Bytes::new()).unwrap();
            Ok(purge.cache_tags().iter().map(of).collect())
        }
    }
    assert_requests(&Own, &tags(&["a"]), &[&["DELETE http://cache/a"]]);
    assert_eq!(Own.requests(&Purge::everything()).unwrap_err().to_string(), "Own: tags alone");
}

/// Returns the tags in an expression, in which a class of one character means that character.
fn alternatives(expression: &str) -> Vec<String> {
    let mut tags = vec![String::new()];
    let mut characters = expression.chars();
    while let Some(c) = characters.next() {
        match c {
            '|' => tags.push(String::new()),
            '[' => {
                tags.last_mut().unwrap().push(characters.next().unwrap());
                assert_eq!(characters.next(), Some(']'));
            }
            _ => tags.last_mut().unwrap().push(c),
        }
    }
    tags
}

fn unescaped(xml: &str) -> String {
    xml.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Returns the tags of a request, as the API parses them.
fn read_back(api: &str, request: &Request<Bytes>) -> Vec<String> {
    let tags = |field: &str| request.headers()[field].to_str().unwrap().split(' ').map(str::to_owned).collect();
    let document = || serde_json::from_str::<Value>(&body(request)).unwrap();
    let list = |name: &str| {
        let document = document();
        document[name].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
    };
    match api {
        "Cloudflare" | "Vercel" | "KeyCDN" => list("tags"),
        "Fastly" => list("surrogate_keys"),
        "Akamai" => list("objects"),
        "CloudFront" => {
            let body = body(request);
            let tags: Vec<String> =
                body.split("<Path>#").skip(1).map(|rest| unescaped(rest.split("</Path>").next().unwrap())).collect();
            assert!(body.contains(&format!("<Quantity>{}</Quantity>", tags.len())));
            tags
        }
        "Google" => list("cacheTags"),
        "Netlify" => list("cache_tags"),
        "Bunny" => vec![document()["CacheTag"].as_str().unwrap().to_owned()],
        "Varnish" => tags("xkey-purge"),
        "Varnish, bans" => {
            let value = request.headers()["ban-tags"].to_str().unwrap();
            let tags = value.strip_prefix("(^|[^!-+--~])(").unwrap().strip_suffix(")($|[^!-+--~])").unwrap();
            alternatives(tags)
        }
        _ => panic!("{api} has no tags"),
    }
}

proptest! {
    #[test]
    fn all_requests_together_contain_each_tag_once_in_order(
        texts in proptest::collection::vec("[a-z0-9._-]{1,24}", 0..400)
    ) {
        let purge = Purge::tags(texts.iter().map(|text| CacheTag::new(text).unwrap()));
        let expected: Vec<String> = purge.cache_tags().iter().map(ToString::to_string).collect();
        for (name, api) in apis() {
            if matches!(name, "Squid" | "nginx") {
                continue;
            }
            let requests = api.requests(&purge).unwrap();
            let found: Vec<String> = requests.iter().flat_map(|request| read_back(name, request)).collect();
            prop_assert_eq!(&found, &expected, "{}", name);
        }
    }
}
