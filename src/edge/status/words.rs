//! The words of vendors, as data.

use super::outcome::CacheOutcome;

/// What nginx, Cloudflare, Fastly, Bunny, KeyCDN, Squid and others say alike, and then
/// what CloudFront and Azure Front Door say for themselves.
const WORDS: [(&str, CacheOutcome); 18] = [
    ("HIT", CacheOutcome::Hit),
    ("MISS", CacheOutcome::Miss),
    ("EXPIRED", CacheOutcome::Expired),
    ("STALE", CacheOutcome::Stale),
    ("UPDATING", CacheOutcome::Updating),
    ("REVALIDATED", CacheOutcome::Revalidated),
    ("BYPASS", CacheOutcome::Bypass),
    ("DYNAMIC", CacheOutcome::Dynamic),
    // Cloudflare, where no cache had a part in it.
    ("NONE", CacheOutcome::Unknown),
    ("UNKNOWN", CacheOutcome::Unknown),
    ("RefreshHit", CacheOutcome::Revalidated),
    ("Error", CacheOutcome::Error),
    ("LambdaGeneratedResponse", CacheOutcome::Generated),
    ("TCP_HIT", CacheOutcome::Hit),
    ("TCP_REMOTE_HIT", CacheOutcome::Hit),
    ("TCP_MISS", CacheOutcome::Miss),
    ("PRIVATE_NOSTORE", CacheOutcome::Bypass),
    ("CONFIG_NOCACHE", CacheOutcome::Bypass),
];

/// Where Vercel differs: a `REVALIDATED` answer is one that the origin sent anew.
const VERCEL: [(&str, CacheOutcome); 2] =
    [("PRERENDER", CacheOutcome::Prerendered), ("REVALIDATED", CacheOutcome::Expired)];

/// What `text`, a member of the field `name`, says: a word, with or without a `from`
/// and a name behind it.
pub(super) fn outcome_of(name: &str, text: &str) -> CacheOutcome {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_known_form = rest.is_empty() || rest.get(..5).is_some_and(|from| from.eq_ignore_ascii_case("from "));
    let own = if name == "x-vercel-cache" { &VERCEL[..] } else { &[] };
    let mut words = own.iter().chain(&WORDS).filter(|_| is_known_form);
    words.find(|(known, _)| known.eq_ignore_ascii_case(word)).map_or(CacheOutcome::Unknown, |(_, outcome)| *outcome)
}
