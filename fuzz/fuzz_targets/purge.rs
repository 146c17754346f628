//! Purges of any URL and any tags, at every API: an error, or requests that say what was asked
//! and nothing more.
//!
//! The input: a URL, a line with words for tags.
#![no_main]

use http::HeaderName;
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::edge::purge::{
    Akamai, Bunny, CloudFront, Cloudflare, Credential, Fastly, Google, KeyCdn, Netlify, Nginx, Purge, PurgeApi, Squid,
    Unsigned, Varnish, Vercel,
};
use tower_cache_policy::policy::CacheTag;

fuzz_target!(|text: &str| {
    let (url, words) = text.split_once('\n').unwrap_or((text, ""));
    let mut purge = Purge::tags(words.split(' ').filter_map(|word| CacheTag::new(word).ok()));
    if let Ok(by_url) = Purge::url(url) {
        let uri = by_url.urls()[0].to_string();
        assert!(uri.bytes().all(|octet| octet.is_ascii_graphic()), "{uri}");
        assert!(!by_url.urls()[0].path().split('/').any(|segment| segment == ".."), "{uri}");
        ask(&by_url);
        purge = purge.and(by_url);
    }
    ask(&purge);
    ask(&purge.clone().soft());
    ask(&purge.and(Purge::everything()));
    // What an operator may have mistyped.
    let _ = (Varnish::new(url).is_ok(), Squid::new(url).is_ok(), Akamai::new(url, Unsigned::new()).is_ok());
    let _ = Nginx::new("http://10.0.0.7").map(|nginx| nginx.location(url).is_ok());
    let _ = (Credential::new(url).is_ok(), Cloudflare::new(url, secret()).is_ok());
});

fn secret() -> Credential {
    Credential::new("s3cr3t").unwrap()
}

fn ask(purge: &Purge) {
    let _ = purge.cache_group_invalidation();
    let apis: [Box<dyn PurgeApi>; 13] = [
        Box::new(Cloudflare::new("z0ne", secret()).unwrap()),
        Box::new(Fastly::new("service", secret()).unwrap()),
        Box::new(Akamai::new("akab-x.luna.akamaiapis.net", Unsigned::new()).unwrap()),
        Box::new(CloudFront::new("EXAMPLE", || "ref".to_owned(), Unsigned::new()).unwrap()),
        Box::new(Google::new("shop", "map", secret()).unwrap()),
        Box::new(Vercel::new("prj", secret()).unwrap()),
        Box::new(Netlify::new("site", secret()).unwrap()),
        Box::new(Bunny::new(1, secret())),
        Box::new(KeyCdn::new(1, secret())),
        Box::new(Varnish::new("http://10.0.0.7:6081/").unwrap()),
        Box::new(Varnish::new("http://10.0.0.7/").unwrap().bans(HeaderName::from_static("ban"))),
        Box::new(Squid::new("http://10.0.0.7:3128").unwrap()),
        Box::new(Nginx::new("http://10.0.0.7").unwrap()),
    ];
    for api in apis {
        match api.requests(purge) {
            Ok(requests) => {
                assert!(requests.is_empty() == purge.is_empty());
                for request in requests {
                    let uri = request.uri().to_string();
                    assert!(uri.bytes().all(|octet| octet.is_ascii_graphic()), "{uri}");
                    assert!(!uri.contains("s3cr3t"), "a secret in a URL");
                }
            }
            Err(error) => assert!(!error.to_string().contains("s3cr3t")),
        }
    }
}
