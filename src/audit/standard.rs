//! Determines the verdicts on caches that follow RFC 9111.

use super::after::AfterFreshness;
use super::exchange::Exchange;
use super::lifetime::{FreshnessLifetime, FreshnessSource};
use super::storage::{Storage, StorageReason};
use super::verdict::{CacheKind, Verdict};
use crate::edge::TagFormat;
use crate::policy::CacheTags;
use crate::protocol::{Age, Cache, Freshness, Storability};

pub(super) fn browser(exchange: &Exchange) -> Verdict {
    verdict(exchange, Cache::Private, CacheKind::Browser, CacheTags::new())
}

pub(super) fn shared_cache(exchange: &Exchange) -> Verdict {
    let groups = TagFormat::CACHE_GROUPS;
    let (tags, _) = groups.tags_in(&exchange.headers);
    verdict(exchange, Cache::Shared, CacheKind::SharedCache, tags)
}

pub(super) fn storage(exchange: &Exchange, cache: Cache) -> Storage {
    match Storability::of_response(cache, &exchange.request, exchange.status, &exchange.headers) {
        Storability::Allowed(permission) => Storage::stored(StorageReason::Allowed(permission)),
        Storability::Forbidden(prohibition) => Storage::not_stored(StorageReason::Forbidden(prohibition)),
    }
}

pub(super) fn lifetime(exchange: &Exchange, cache: Cache) -> FreshnessLifetime {
    if exchange.control.no_cache() {
        return FreshnessLifetime::new(0, FreshnessSource::Validated);
    }
    let lifetime = freshness(exchange, cache).lifetime();
    FreshnessLifetime::new(lifetime.seconds(), FreshnessSource::Answer(lifetime.source()))
}

pub(super) fn then(exchange: &Exchange, cache: Cache) -> AfterFreshness {
    let never_stale = freshness(exchange, cache).forbids_stale();
    let window = |seconds: Option<u32>| seconds.filter(|seconds| *seconds > 0 && !never_stale).map(u64::from);
    AfterFreshness {
        validation: exchange.validation(),
        stale_while_revalidate: window(exchange.control.stale_while_revalidate()),
        stale_if_error: window(exchange.control.stale_if_error()),
        never_stale,
        stale_when_unreachable: false,
    }
}

fn freshness(exchange: &Exchange, cache: Cache) -> Freshness {
    Freshness::of_response(cache, exchange.status, &exchange.headers, exchange.now, Age::ZERO)
}

fn verdict(exchange: &Exchange, cache: Cache, kind: CacheKind, tags: CacheTags) -> Verdict {
    Verdict {
        kind,
        storage: storage(exchange, cache),
        lifetime: lifetime(exchange, cache),
        age: exchange.age,
        then: then(exchange, cache),
        key: exchange.key(),
        tags,
    }
}
