//! The fields that caches in front of an origin read beside `Cache-Control`, by name.
//!
//! Written by hand from the documentation of each vendor, and not from the crate's own list: a name that is missing there
//! would be missing here too. `stacks.rs` compares both lists, so that a name in only one of them fails.

use http::HeaderName;

/// Fields that give a cache a lifetime of its own, or forbid it to store.
pub const TARGETED: [&str; 13] = [
    "akamai-cache-control",
    "cdn-cache-control",            // RFC 9213: Cloudflare, Vercel, Netlify, Traffic Server, Souin
    "cloudflare-cdn-cache-control", // Cloudflare
    "edge-control",                 // Akamai
    "fastly-cache-control",
    "netlify-cdn-cache-control", // Netlify
    "souin-cache-control",       // Souin
    "surrogate-control",         // Fastly, Squid, Souin; its presence counts at Cloudflare and Varnish
    "vercel-cdn-cache-control",  // Vercel
    "x-accel-expires",           // nginx, KeyCDN
    "x-litespeed-cache-control", // LiteSpeed
    "x-lsadc-cache-control",     // LiteSpeed's load balancer
    "x-varnish-ttl",
];

/// Fields that name a stored response for a purge.
pub const TAGS: [&str; 15] = [
    "cache-groups",      // RFC 9875, Souin
    "cache-tag",         // Cloudflare, Google, Netlify, KeyCDN
    "cache-tags",        // Souin
    "cdn-tag",           // Bunny
    "edge-cache-tag",    // Akamai, Souin
    "netlify-cache-id",  // Netlify
    "netlify-cache-tag", // Netlify
    "surrogate-key",     // Fastly, Souin
    "vercel-cache-tag",  // Vercel
    "x-cache-tag",
    "x-cache-tags",
    "x-key",
    "x-litespeed-tag", // LiteSpeed
    "x-magento-tags",  // Varnish before Magento
    "xkey",            // Varnish
];

/// The freshness field of the custom profile.
pub const OWN_FIELD: HeaderName = HeaderName::from_static("my-edge-ttl");
/// The custom profile's field that forbids storing.
pub const OWN_RESTRICTION: HeaderName = HeaderName::from_static("my-edge-stop");
/// The custom profile's field for cache tags.
pub const OWN_TAGS: HeaderName = HeaderName::from_static("my-tags");

/// Whether some known cache reads a lifetime or a restriction in the field.
///
/// Vendors follow the habit of RFC 9213, `<Vendor>-CDN-Cache-Control`, so that a new one is recognised
/// here before it is known. A cache must not do that (T-08); a judge may.
pub fn is_targeted(name: &HeaderName) -> bool {
    TARGETED.contains(&name.as_str()) || name.as_str().ends_with("-cdn-cache-control")
}

/// Whether some known cache reads tags in the field.
pub fn is_tags(name: &HeaderName) -> bool {
    TAGS.contains(&name.as_str())
}
