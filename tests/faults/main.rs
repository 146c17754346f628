//! Tests faults: clients that disconnect, handlers that panic, bodies that fail, services that are never ready, sources
//! that fail or hang, clocks that jump, and files that change during a response.
//!
//! | File | Content |
//! |---|---|
//! | `disconnects.rs` | clients that disconnect at each step |
//! | `panics.rs` | handlers, sources and bodies that panic |
//! | `bodies.rs` | bodies that fail, are slow, or never end |
//! | `readiness.rs` | back-pressure, and futures that are dropped |
//! | `sources.rs` | validator sources that fail or hang |
//! | `clocks.rs` | clocks that jump |
//! | `files.rs` | files that change between validator and body |
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../support/loopback.rs"]
mod loopback;
#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod clocks;
mod disconnects;
mod files;
mod panics;
mod readiness;
mod sources;

use std::time::Duration;

use http::HeaderMap;
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::is_targeted_field;

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300)).edge(Duration::from_secs(600));

/// Checks that no cache may store the response: it forbids storage, or has no freshness information.
fn is_kept_by_nobody(headers: &HeaderMap) {
    let cache_control = support::field(headers, "cache-control");
    assert!(cache_control.as_deref().is_none_or(|value| value == "private, no-store"), "{headers:?}");
    for name in ["etag", "last-modified", "expires"] {
        assert!(!headers.contains_key(name), "{name}: {headers:?}");
    }
    for (name, value) in headers.iter().filter(|(name, _)| is_targeted_field(name)) {
        assert!(value == "no-store" || value == "0", "{name}: {value:?}");
    }
}
