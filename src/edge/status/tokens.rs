//! The keywords with which caches report an outcome.

use super::outcome::CacheOutcome;
use CacheOutcome::{Bypass, Dynamic, Error, Expired, Generated, Hit, Miss, Prerendered, Revalidated, Stale, Unknown};

/// The keywords of all caches. All caches use them with the same meaning, except for those in [`VERCEL`].
const WORDS: &[(&str, CacheOutcome)] = &[
    // nginx, Cloudflare, Fastly, Bunny, KeyCDN, Squid, HAProxy and Google Cloud CDN.
    ("HIT", Hit),
    ("MISS", Miss),
    ("EXPIRED", Expired),
    ("STALE", Stale),
    ("UPDATING", CacheOutcome::Updating),
    ("REVALIDATED", Revalidated),
    ("BYPASS", Bypass),
    ("DYNAMIC", Dynamic),
    // Google Cloud CDN.
    ("UNCACHEABLE", Bypass),
    ("DISABLED", Bypass),
    // Cloudflare, for responses that did not pass through its cache, and Traffic Server, for a lookup that was not
    // attempted.
    ("NONE", Unknown),
    ("UNKNOWN", Unknown),
    // Apache httpd.
    ("REVALIDATE", Revalidated),
    // CloudFront.
    ("RefreshHit", Revalidated),
    ("Error", Error),
    ("Redirect", Generated),
    ("LambdaGeneratedResponse", Generated),
    ("LambdaExecutionError", Error),
    ("LambdaLimitExceeded", Error),
    ("LambdaValidationError", Error),
    ("FunctionGeneratedResponse", Generated),
    ("FunctionExecutionError", Error),
    ("FunctionThrottledError", Error),
    ("LimitExceeded", Error),
    ("CapacityExceeded", Error),
    // Akamai's Return Cache Status, which also has `Hit`, `Miss`, `RefreshHit`, `Redirect` and `Error`.
    ("HitStale", Stale),
    ("NotCacheable", Bypass),
    ("Constructed", Generated),
    // Akamai's `Pragma: akamai-x-cache-on`, and Azure Front Door.
    ("TCP_HIT", Hit),
    ("TCP_MEM_HIT", Hit),
    // The cache responded to a conditional request of the client itself.
    ("TCP_IMS_HIT", Hit),
    // A stored error.
    ("TCP_NEGATIVE_HIT", Hit),
    ("TCP_REMOTE_HIT", Hit),
    ("TCP_MISS", Miss),
    ("TCP_REFRESH_HIT", Revalidated),
    ("TCP_REFRESH_MISS", Expired),
    ("TCP_REFRESH_FAIL_HIT", Stale),
    ("TCP_DENIED", Error),
    ("TCP_COOKIE_DENY", Error),
    ("PRIVATE_NOSTORE", Bypass),
    ("CONFIG_NOCACHE", Bypass),
    // The plugin xdebug of Traffic Server. `hit-stale` is the result of the lookup. It does not show whether the cache
    // sent the stored response.
    ("hit-fresh", Hit),
    ("hit-stale", Unknown),
    ("skipped", Bypass),
];

/// The keywords that have a different meaning at Vercel, where `REVALIDATED` means that the origin sent a new response.
const VERCEL: &[(&str, CacheOutcome)] = &[("PRERENDER", Prerendered), ("REVALIDATED", Expired)];

/// Returns the outcome in a member of the field `name`. The member is a keyword, optionally followed by `from` and a
/// name.
#[inline]
pub(super) fn outcome_of(name: &str, text: &[u8]) -> CacheOutcome {
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let is_known_form = rest.is_empty() || rest.get(..6).is_some_and(|from| from.eq_ignore_ascii_case(b" from "));
    let own = if name == "x-vercel-cache" { VERCEL } else { &[] };
    let mut words = own.iter().chain(WORDS).filter(|_| is_known_form && str::from_utf8(rest).is_ok());
    let known = words.find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word));
    known.map_or(Unknown, |(_, outcome)| *outcome)
}

/// Returns whether the member is the report of Akamai's child server. The child is nearer to the client than the
/// parent, and its report comes first.
#[inline]
pub(super) fn is_from_child(text: &[u8]) -> bool {
    ends_with(text, b" from child")
}

/// Returns whether the member is the report of Akamai's parent server.
#[inline]
pub(super) fn is_from_parent(text: &[u8]) -> bool {
    ends_with(text, b" from parent")
}

#[inline]
fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).is_some_and(|start| text[start..].eq_ignore_ascii_case(end))
}
