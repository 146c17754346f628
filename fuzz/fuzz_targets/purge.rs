//! Purges of any URL and any tags result in an error or valid requests for every API. The same text as the body of a
//! response results in an outcome without the credential.
//!
//! The input consists of a URL and a line of tags.
#![no_main]

use bytes::Bytes;
use http::{HeaderName, Response};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy_purge::{
    Akamai, Bunny, CloudFront, Cloudflare, Credential, Fastly, Google, KeyCdn, Netlify, Nginx, Purge, PurgeApi, Squid,
    Unsigned, Varnish, Vercel,
};

fuzz_target!(|text: &str| {
    // The fuzzer finds the credential through comparisons, and may use it in a URL.
    if text.contains("s3cr3t") {
        return;
    }
    let (url, tags) = text.split_once('\n').unwrap_or((text, ""));
    let mut purge = Purge::tags(tags.split(' ').filter_map(|word| CacheTag::new(word).ok()));
    if let Ok(by_url) = Purge::url(url) {
        let uri = by_url.urls()[0].to_string();
        assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
        assert!(!by_url.urls()[0].path().split('/').any(|segment| segment == ".."), "{uri}");
        send(&by_url);
        purge = purge.and(by_url);
    }
    judge(text);
    send(&purge);
    send(&purge.clone().soft());
    send(&purge.and(Purge::everything()));
    // Settings that an operator may get wrong.
    let _ = (Varnish::new(url).is_ok(), Squid::new(url).is_ok(), Akamai::new(url, Unsigned::new()).is_ok());
    let _ = Nginx::new("http://10.0.0.7").map(|nginx| nginx.location(url).is_ok());
    let _ = (Credential::new(url).is_ok(), Cloudflare::new(url, secret()).is_ok());
});

fn secret() -> Credential {
    Credential::new("s3cr3t").unwrap()
}

fn send(purge: &Purge) {
    let _ = purge.cache_group_invalidation();
    for api in apis() {
        match api.requests(purge) {
            Ok(requests) => {
                assert!(requests.is_empty() == purge.is_empty());
                for request in requests {
                    let uri = request.uri().to_string();
                    assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
                    assert!(!uri.contains("s3cr3t"), "a secret in a URL");
                }
            }
            Err(error) => assert!(!error.to_string().contains("s3cr3t")),
        }
    }
}

fn judge(text: &str) {
    // Vendors may quote the credential.
    for body in [text.to_owned(), text.replace('a', "s3cr3t")] {
        for status in [200, 201, 403, 404, 412, 429, 500] {
            let mut response = Response::new(Bytes::from(body.clone()));
            *response.status_mut() = status.try_into().unwrap();
            if let Ok(value) = text.lines().next().unwrap_or_default().try_into() {
                response.headers_mut().insert("retry-after", value);
            }
            for api in apis() {
                match api.judge(&response) {
                    Ok(_) => assert!(matches!(status, 200 | 201 | 404 | 412)),
                    Err(failure) => {
                        let text = format!("{failure} {failure:?}");
                        assert!(text.len() < 4_000, "{text}");
                        // For these two APIs, only the signer has the key.
                        let is_signed = matches!(api.name(), "Akamai" | "CloudFront");
                        assert!(is_signed || !text.contains("s3cr3t"), "{text}");
                    }
                }
            }
        }
    }
}

fn apis() -> [Box<dyn PurgeApi>; 13] {
    [
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
    ]
}
