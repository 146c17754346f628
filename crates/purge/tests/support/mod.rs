//! The APIs of the vendors, with one credential.
#![allow(dead_code)] // Each test uses some of it.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy_purge::{
    Akamai, Bunny, CloudFront, Cloudflare, Credential, Fastly, Google, KeyCdn, Netlify, Nginx, Purge, PurgeApi, Squid,
    Varnish, Vercel,
};

pub(crate) const SECRET: &str = "s3cr3t-t0ken";
pub(crate) const PAGE: &str = "https://www.example.com/a%20b?x=1&y=2";

pub(crate) type AnyApi = Box<dyn PurgeApi + Send + Sync>;

pub(crate) fn secret() -> Credential {
    Credential::new(SECRET).unwrap()
}

pub(crate) fn tag() -> Purge {
    Purge::tags([CacheTag::from_static("a")])
}

pub(crate) fn page() -> Purge {
    Purge::url(PAGE).unwrap()
}

/// A signature that differs each time.
pub(crate) fn signer() -> impl Fn(&mut Parts, &Bytes) -> Result<(), &'static str> {
    let count = AtomicU32::new(0);
    move |head, body| {
        let text = format!("HMAC key={SECRET};n={};{}", count.fetch_add(1, Ordering::Relaxed), body.len());
        head.headers.insert("authorization", HeaderValue::try_from(text).unwrap());
        Ok(())
    }
}

/// Every API, with a purge that it supports. `url` is the address of the API.
pub(crate) fn apis(url: &str) -> Vec<(AnyApi, Purge)> {
    let ban = HeaderName::from_static("ban-tags");
    let akamai = Akamai::new("akab-x.luna.akamaiapis.net", signer()).unwrap();
    let cloudfront = CloudFront::new("E1", || "reference".to_owned(), signer()).unwrap();
    vec![
        (Box::new(Cloudflare::new("z0ne", secret()).unwrap().base_url(url).unwrap()), tag()),
        (Box::new(Fastly::new("service", secret()).unwrap().base_url(url).unwrap()), tag()),
        (Box::new(akamai.base_url(url).unwrap()), tag()),
        (Box::new(cloudfront.base_url(url).unwrap()), tag()),
        (Box::new(Google::new("project", "map", secret()).unwrap().base_url(url).unwrap()), tag()),
        (Box::new(Vercel::new("prj", secret()).unwrap().base_url(url).unwrap()), tag()),
        (Box::new(Netlify::new("site", secret()).unwrap().base_url(url).unwrap()), tag()),
        (Box::new(Bunny::new(77, secret()).base_url(url).unwrap()), tag()),
        (Box::new(KeyCdn::new(88, secret()).base_url(url).unwrap()), tag()),
        (Box::new(Varnish::new(url).unwrap()), tag()),
        (Box::new(Varnish::new(url).unwrap().bans(ban)), tag()),
        (Box::new(Squid::new(url).unwrap()), page()),
        (Box::new(Nginx::new(url).unwrap()), page()),
    ]
}

/// The page that nginx itself writes for an error, as version 1.22 does.
macro_rules! nginx_error_page {
    ($reason:literal) => {
        concat!(
            "<html>\r\n<head><title>",
            $reason,
            "</title></head>\r\n<body>\r\n<center><h1>",
            $reason,
            "</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
        )
    };
}

/// The body of a success from this API, according to its documentation.
pub(crate) fn success_body(api: &str) -> &'static str {
    match api {
        "Cloudflare" => {
            r#"{"success": true, "errors": [], "messages": [], "result": {"id": "9a7806061c88ada191ed06f989cc3dac"}}"#
        }
        "Fastly" => r#"{"a": "108-1391560174-974124"}"#,
        "Akamai" => {
            r#"{"httpStatus": 201, "estimatedSeconds": 5, "purgeId": "e535071c", "detail": "Request accepted"}"#
        }
        "CloudFront" => {
            r#"<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2</Id><Status>InProgress</Status></Invalidation>"#
        }
        "Google Cloud CDN" => r#"{"kind": "compute#operation", "id": "1", "status": "RUNNING", "progress": 0}"#,
        "KeyCDN" => r#"{"status": "success", "description": "Cache has been cleared for Tag(s)."}"#,
        "Varnish" => "<!DOCTYPE html><html><head><title>200 Purged</title></head></html>",
        "nginx" => "<html><head><title>Successful purge</title></head><body><h1>Successful purge</h1></body></html>",
        _ => "",
    }
}

/// Returns whether the API returns a document with each success.
pub(crate) fn has_document(api: &str) -> bool {
    matches!(api, "Cloudflare" | "Fastly" | "Akamai" | "CloudFront" | "Google Cloud CDN" | "KeyCDN")
}
