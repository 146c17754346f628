//! The names of the fields that caches in front of an origin read in addition to `Cache-Control`.
//!
//! The list is written by hand from the documentation of each vendor, because a copy of the crate's list would have the
//! same gaps. `stacks.rs` compares both lists.

use http::HeaderName;

/// Fields with a lifetime or a restriction for one kind of cache.
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

/// Fields with tags for purges.
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

/// Returns whether a known cache reads a lifetime or a restriction from the field.
///
/// Vendors use names of the form `<Vendor>-CDN-Cache-Control`, so the suffix also counts. A cache must not do that
/// (T-08), but a test may.
pub fn is_targeted(name: &HeaderName) -> bool {
    TARGETED.contains(&name.as_str()) || name.as_str().ends_with("-cdn-cache-control")
}

/// Returns whether a known cache reads tags in the field.
pub fn is_tags(name: &HeaderName) -> bool {
    TAGS.contains(&name.as_str())
}
