//! Purges as values, and the requests of each vendor's API.
#![cfg(feature = "purge")]
#![allow(clippy::unwrap_used)] // As in any test.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use serde_json::Value;
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::{
    Akamai, Bunny, CloudFront, Cloudflare, Credential, Fastly, Google, KeyCdn, Netlify, Nginx, Purge, PurgeApi,
    PurgeError, Signer, Squid, Unsigned, Varnish, Vercel,
};
use tower_cache_policy::policy::{CacheTag, CacheTags};

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
    let count = Cell::new(0);
    let reference = move || {
        count.set(count.get() + 1);
        format!("ref-{}", count.get())
    };
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

fn body(request: &Request<Full<Bytes>>) -> String {
    let Poll::Ready(collected) =
        pin!(request.body().clone().collect()).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("nothing here waits");
    };
    String::from_utf8(collected.unwrap().to_bytes().into()).unwrap()
}

/// The request line, the fields in order of their names, and the body.
fn written(request: &Request<Full<Bytes>>) -> Vec<String> {
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
fn fastly_purges_keys_urls_and_all_and_has_no_soft_purge_of_all() {
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
    let text = "Fastly has no soft purge of everything: give all answers one tag, and purge softly by that";
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
fn google_invalidates_tags_paths_and_all() {
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
fn bunny_purges_one_tag_or_one_url_a_request() {
    const KEY: &str = "accesskey: s3cr3t-t0ken";
    let zone = "POST https://api.bunny.net/pullzone/77/purgeCache";
    let (a, b) = (r#"{"CacheTag":"a"}"#, r#"{"CacheTag":"b"}"#);
    assert_requests(&bunny(), &tags(&["a", "b"]), &[&[zone, KEY, JSON, a], &[zone, KEY, JSON, b]]);
    assert_requests(&bunny(), &Purge::everything(), &[&[zone, KEY]]);
    let page = "POST https://api.bunny.net/purge?url=https%3A%2F%2Fwww.example.com%2Fa%2520b%3Fx%3D1%26y%3D2";
    assert_requests(&bunny(), &url(PAGE), &[&[page, KEY]]);
    // A slash at the end would stand for all that is below.
    let home = "POST https://api.bunny.net/purge?url=https%3A%2F%2Fwww.example.com%2F&exactPath=true";
    assert_requests(&bunny(), &url("https://www.example.com/"), &[&[home, KEY]]);
}

#[test]
fn keycdn_purges_by_delete_and_all_by_get() {
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
fn varnish_purges_by_xkey_by_ban_and_by_url() {
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
fn batches_are_as_large_as_the_limit_and_no_larger() {
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
fn bodies_and_fields_stay_within_their_octets() {
    let long = Purge::tags((0..1_000).map(|n| CacheTag::new(format!("{n:0128}")).unwrap()));
    let bodies: Vec<usize> = akamai().requests(&long).unwrap().iter().map(|request| body(request).len()).collect();
    // 131 octets each: 381 of them are 49 911 and what is around them.
    assert_eq!(bodies, [49_924, 49_924, 31_191]);
    // Short ones come to the limit of an account first.
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
fn what_a_vendor_has_not_is_an_error_and_not_half_of_a_purge() {
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
    assert_eq!(error.to_string(), "Google Cloud CDN has no soft purge: give it `Purge::hard`");
    assert!(google().requests(&tags(&["a"]).soft().hard()).is_ok());
    let error = squid().requests(&tags(&["a"])).unwrap_err();
    assert!(matches!(error, PurgeError::Unsupported { api: "Squid", what: "purge by tag", .. }));
}

#[test]
fn purges_unite_and_the_harder_one_wins() {
    let united = tags(&["a", "b"]).and(tags(&["b", "c"])).and(url(PAGE)).and(url(PAGE));
    assert_eq!(united.cache_tags(), &CacheTags::from_iter(["a", "b", "c"].map(CacheTag::from_static)));
    assert_eq!(united.urls(), [PAGE.parse::<Uri>().unwrap()]);
    assert!(tags(&["a"]).soft().and(tags(&["b"]).soft()).is_soft());
    assert!(!tags(&["a"]).soft().and(tags(&["b"])).is_soft());
    assert!(!tags(&["a"]).and(tags(&["b"]).soft()).is_soft());
    assert!(Purge::default().and(tags(&["b"]).soft()).is_soft(), "an empty one does not count");
    assert!(tags(&["b"]).soft().and(Purge::default()).is_soft());
    assert_eq!(tags(&["a"]).and(Purge::everything()).and(url(PAGE)), Purge::everything());
    let mut extensions = Extensions::new();
    tags(&["a"]).add_to(&mut extensions);
    tags(&["b"]).add_to(&mut extensions);
    assert_eq!(extensions.get::<Purge>(), Some(&tags(&["a", "b"])));
}

#[test]
fn no_secret_is_seen_in_debug_or_in_an_error() {
    let apis = [
        format!("{:?} {:?} {:?}", secret(), cloudflare(), fastly()),
        format!("{:?} {:?} {:?}", google(), vercel(), netlify()),
        format!("{:?} {:?}", bunny(), keycdn()),
    ];
    // In a request, too, nor in its base64.
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
        assert_eq!(error.to_string(), "the credential: write one or more visible ASCII characters");
    }
}

#[test]
fn a_signer_sees_the_whole_request_and_may_fail() {
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
fn each_invalidation_has_a_caller_reference_of_its_own() {
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

/// What would lead a request elsewhere, or end a line of it.
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
fn no_identifier_leads_a_request_elsewhere() {
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
            assert!(matches!(&error, PurgeError::InvalidId { value, .. } if value == id), "{id:?}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error}");
        }
        if id != long {
            assert!(Akamai::new(id, Unsigned::new()).is_err(), "{id:?}");
        }
    }
}

#[test]
fn no_text_that_is_not_a_tag_reaches_a_request_and_no_tag_leads_elsewhere() {
    for text in INJECTIONS {
        let Ok(tag) = CacheTag::new(*text) else { continue };
        for (name, api) in apis() {
            for request in api.requests(&Purge::tags([tag.clone()])).unwrap_or_default() {
                let expected = api.requests(&tags(&["t"])).unwrap();
                assert_eq!(request.uri(), expected[0].uri(), "{name}: {text}");
                assert_eq!(request.headers().len(), expected[0].headers().len(), "{name}: {text}");
                assert_eq!(read_back(name, &request), [*text], "{name}");
            }
        }
    }
    let refused = INJECTIONS.iter().filter(|text| CacheTag::new(**text).is_err());
    assert!(refused.eq(&["", "a b", "a\r\nx-admin: 1", "a\n", "a\0b", "ä", "a\u{2028}b"]));
}

#[test]
fn e4_a_tag_that_the_edge_cannot_carry_is_not_purged_there() {
    let purges = |tag: &'static str| -> Vec<&'static str> {
        let purge = Purge::tags([CacheTag::from_static("all"), CacheTag::from_static(tag)]);
        apis().into_iter().filter(|(_, api)| api.requests(&purge).is_ok()).map(|(name, _)| name).collect()
    };
    let all = purges("crate-Inflector");
    let without = |names: &[&str]| -> Vec<&str> { all.iter().filter(|name| !names.contains(name)).copied().collect() };
    assert_eq!(all.len(), 11, "{all:?}");
    assert_eq!(purges("crate:serde"), without(&["Akamai"]));
    assert_eq!(purges("release:serde@1.0.0"), without(&["Akamai", "Bunny", "KeyCDN"]));
    assert_eq!(purges("a/b"), without(&["Akamai", "Bunny", "KeyCDN"]));
    assert_eq!(purges("a,b"), ["Fastly"]);
    assert_eq!(purges("a\\b"), without(&["Akamai", "Bunny", "KeyCDN", "Varnish, bans"]));

    let error = akamai().requests(&tags(&["crate:serde"])).unwrap_err();
    assert!(matches!(&error, PurgeError::UnsupportedTag { error } if error.edge() == "akamai"));
    assert!(error.to_string().contains("cannot carry the tag \"crate:serde\""), "{error}");
    let error = bans().requests(&tags(&["a^b"])).unwrap_err();
    assert!(error.to_string().contains("purge it by the module xkey"), "{error}");
}

#[test]
fn a_ban_matches_a_tag_and_none_that_begins_or_ends_with_it() {
    let ban = |tag| {
        let requests = bans().requests(&Purge::tags([CacheTag::from_static(tag)])).unwrap();
        requests[0].headers()["ban-tags"].to_str().unwrap().to_owned()
    };
    assert_eq!(ban("crate:serde"), "(^|[^!-+--~])(crate:serde)($|[^!-+--~])");
    assert_eq!(ban("a.(b)*[c]$"), "(^|[^!-+--~])(a[.][(]b[)][*][[]c[]][$])($|[^!-+--~])");
    // The class has all visible characters but the comma: what the edge can carry.
    let class = |character: char| matches!(character, '!'..='+' | '-'..='~');
    let format = EdgeProfile::VARNISH.tags().unwrap().allowed_characters();
    assert!((' '..='\u{7f}').all(|character| class(character) == format.contains(character)));
}

#[test]
fn a_url_is_absolute_and_leads_nowhere_else() {
    for text in [
        "",
        "/relative",
        "www.example.com",
        "www.example.com/path",
        "//example.com/",
        "ftp://example.com/",
        "mailto:a@example.com",
        "https:///path",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com:/",
        "https://example.com:port/",
        "https://example.com:123456/",
        "https://../service/x",
        "https://a..b/",
        "https://.a/",
        "https://%2e%2e/x",
        "https://[zz]/",
        "https://example.com/a/../b",
        "https://example.com/..",
        "https://example.com/./b",
        "https://example.com/../../service/abc/purge_all",
        "https://example.com/%2e%2e/b",
        "https://example.com/.%2E/b",
        "https://example.com/a/..%2fb",
        "https://example.com/a/..%5Cb",
        "https://example.com/a\\..\\b",
        "https://example.com/a b",
        "https://example.com/a\r\nX-Admin: 1",
        "https://example.com/a\nb",
        "https://example.com/a\0",
        "https://example.com/ä",
        "https://example.com/a\"b",
        "https://example.com/<a>",
        "https://example.com/{a}",
        "https://example.com/a?b=ä",
        "https://example.com/a?b=\"",
    ] {
        let error = Purge::url(text).unwrap_err();
        assert!(matches!(&error, PurgeError::InvalidUrl { url, .. } if url == text), "{text:?}");
        assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error}");
        assert!(Varnish::new(text).is_err(), "{text:?}");
        assert!(cloudflare().base_url(text).is_err(), "{text:?}");
    }
    for text in [
        "https://example.com",
        "http://example.com:8080/",
        "https://[2001:db8::1]:8443/x",
        "https://example.com/...",
        "https://example.com/.well-known/x..y",
        "https://example.com/a%2Fb?q=..%2f..&r[]=/../",
        "https://example.com/a;b=c,d(e)'f!*",
    ] {
        assert!(Purge::url(text).is_ok(), "{text}");
        assert!(Purge::url(text.parse::<Uri>().unwrap()).is_ok(), "{text}");
    }
    assert!(nginx().location("purge").is_err() && nginx().location("/../x").is_err());
    assert!(Varnish::new("http://10.0.0.7/?x").is_err() && Varnish::new("http://10.0.0.7/#x").is_err());
    // The fragment is no part of what is stored.
    assert_eq!(Purge::url("https://example.com/a#b").unwrap(), Purge::url("https://example.com/a").unwrap());
}

#[test]
fn a_star_purges_no_more_than_one_url() {
    let purge = url("https://example.com/a*");
    let wild: BTreeSet<&str> =
        apis().into_iter().filter(|(_, api)| api.requests(&purge).is_err()).map(|(name, _)| name).collect();
    // Those that have wildcards, and those that have no URLs.
    assert_eq!(wild, BTreeSet::from(["Bunny", "CloudFront", "Google", "Netlify", "Vercel", "nginx"]));
    let error = bunny().requests(&purge).unwrap_err();
    assert!(error.to_string().contains("takes for anything"), "{error}");
}

#[test]
fn what_is_too_long_for_a_vendor_is_an_error() {
    let url_of = |length: usize| url(&format!("https://example.com/{}", "a".repeat(length)));
    assert!(cloudfront().requests(&url_of(3_999)).is_ok() && cloudfront().requests(&url_of(4_000)).is_err());
    assert!(akamai().requests(&url_of(49_000)).is_ok() && akamai().requests(&url_of(50_000)).is_err());
    let error = bunny().requests(&url_of(65_500)).unwrap_err();
    assert!(matches!(&error, PurgeError::InvalidUrl { .. }) && error.to_string().len() < 300, "{error}");
}

#[test]
fn an_api_may_be_elsewhere() {
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
fn an_api_of_ones_own_reads_the_purge() {
    struct Own;
    impl PurgeApi for Own {
        fn requests(&self, purge: &Purge) -> Result<Vec<Request<Full<Bytes>>>, PurgeError> {
            if purge.is_everything() || purge.is_soft() || !purge.urls().is_empty() {
                return Err(PurgeError::Other { api: "Own", reason: "tags alone".to_owned() });
            }
            let of = |tag: &CacheTag| Request::delete(format!("http://cache/{tag}")).body(Full::default()).unwrap();
            Ok(purge.cache_tags().iter().map(of).collect())
        }
    }
    assert_requests(&Own, &tags(&["a"]), &[&["DELETE http://cache/a"]]);
    assert_eq!(Own.requests(&Purge::everything()).unwrap_err().to_string(), "Own: tags alone");
}

#[test]
fn cache_group_invalidation_is_a_list_of_strings() {
    // I-03, RFC 9875 section 3.
    let value = tags(&["a", "v1.2", "x_y-z"]).cache_group_invalidation().unwrap();
    assert_eq!(value, r#""a", "v1.2", "x_y-z""#);
    assert_eq!(strings(&value), ["a", "v1.2", "x_y-z"]);
    assert_eq!(url(PAGE).cache_group_invalidation(), None);
    assert_eq!(Purge::everything().cache_group_invalidation(), None);
    assert_eq!(tags(&[]).cache_group_invalidation(), None);
}

fn strings(value: &HeaderValue) -> Vec<String> {
    let list: sfv::List = sfv::Parser::new(value.as_bytes()).parse().unwrap();
    let string = |entry: &sfv::ListEntry| match entry {
        sfv::ListEntry::Item(item) => item.bare_item.as_string().unwrap().as_str().to_owned(),
        sfv::ListEntry::InnerList(_) => panic!("an inner list"),
    };
    list.iter().map(string).collect()
}

/// The tags of a request, as that API reads them.
fn read_back(api: &str, request: &Request<Full<Bytes>>) -> Vec<String> {
    let words = |field: &str| request.headers()[field].to_str().unwrap().split(' ').map(str::to_owned).collect();
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
            let tags: Vec<String> = body
                .split("<Path>#")
                .skip(1)
                .map(|rest| rest.split("</Path>").next().unwrap())
                .map(|text| text.replace("&lt;", "<").replace("&amp;", "&"))
                .collect();
            assert!(body.contains(&format!("<Quantity>{}</Quantity>", tags.len())));
            tags
        }
        "Google" => list("cacheTags"),
        "Netlify" => list("cache_tags"),
        "Bunny" => vec![document()["CacheTag"].as_str().unwrap().to_owned()],
        "Varnish" => words("xkey-purge"),
        "Varnish, bans" => {
            let value = request.headers()["ban-tags"].to_str().unwrap();
            let tags = value.strip_prefix("(^|[^!-+--~])(").unwrap().strip_suffix(")($|[^!-+--~])").unwrap();
            let literal = |tag: &str| {
                ".*+?()[]{}|$".chars().fold(tag.to_owned(), |tag, c| tag.replace(&format!("[{c}]"), &c.to_string()))
            };
            tags.split('|').map(literal).collect()
        }
        _ => panic!("{api} has no tags"),
    }
}

proptest! {
    #[test]
    fn the_tags_of_all_requests_are_all_tags_exactly_once_in_order(
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
        if let Some(value) = purge.cache_group_invalidation() {
            prop_assert_eq!(strings(&value), expected);
        }
    }

    #[test]
    fn no_text_is_taken_for_a_url_that_ends_a_line_or_climbs(text in "(https?://)?\\PC{0,40}") {
        if let Ok(purge) = Purge::url(&text) {
            let url = purge.urls()[0].to_string();
            prop_assert!(url.bytes().all(|octet| octet.is_ascii_graphic()));
            prop_assert!(!purge.urls()[0].path().split('/').any(|segment| segment == ".."));
        }
    }
}
