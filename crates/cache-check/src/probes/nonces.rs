//! Checks pages with a nonce for their Content Security Policy. A nonce is for a single response, but a cache repeats
//! responses.

use tower_cache_policy::audit::{CacheAudit, Level};

use super::probe::Probe;
use crate::exchange::Exchange;
use crate::html::nonces;

const SECTION: &str = "Content Security Policy Level 3 section 7.1";
const CHANGE: &str =
    "send `Cache-Control: no-store`, or allow the scripts by hashes (`'sha256-...'`) instead of a nonce";

pub(super) fn examine(probe: &mut Probe<'_>, audit: &CacheAudit, repeat: &Exchange) {
    let (first, second) = (nonces(probe.first), nonces(repeat));
    probe.capabilities.has_nonce = Some(!first.is_empty());
    if first.is_empty() {
        return;
    }
    let is_shared =
        std::iter::once(audit.shared()).chain(audit.edges()).any(|cache| cache.remaining_freshness() != Some(0));
    if is_shared {
        probe.found(
            Level::Warning,
            ("G-18", SECTION),
            "the page has a nonce for its Content Security Policy, and shared caches serve the same nonce to all visitors",
            CHANGE,
        );
    } else if first == second && !repeat.is_from_cache() {
        probe.found(
            Level::Warning,
            ("G-18", SECTION),
            "two responses have the same nonce for their Content Security Policy, so an attacker can learn it",
            "generate a new nonce for each response",
        );
    } else if audit.browser().may_store() {
        probe.found(
            Level::Note,
            ("G-18", SECTION),
            "each response has a new nonce for its Content Security Policy, so the page is never the same twice and no \
             validator can match",
            CHANGE,
        );
    }
}
