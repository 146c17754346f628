//! What an edge does, by its profile.

use http::HeaderName;
use http::header::{CACHE_CONTROL, EXPIRES};

use super::after::{AfterFreshness, Validation};
use super::exchange::Exchange;
use super::key::CacheKey;
use super::lifetime::{FreshFor, FreshFrom};
use super::standard;
use super::storage::{Storage, Why};
use super::verdict::{Keeper, Verdict};
use crate::edge::{
    AuthorizationAtEdge, DirectiveSyntax, EdgeDirective, EdgeProfile, FreshnessField, SetCookieAtEdge, UnsaidAtEdge,
    VaryAtEdge,
};
use crate::protocol::{Cache, Lifetime, LifetimeSource, StoragePermission, StorageProhibition};

pub(super) fn verdict(exchange: &Exchange, profile: &EdgeProfile) -> Verdict {
    let heard = heard(exchange, profile, &mut Vec::new());
    let (storage, lifetime) = decided(exchange, profile, &heard);
    let (tags, _) = profile.tags().map(|format| format.tags_in(&exchange.headers)).unwrap_or_default();
    Verdict {
        keeper: Keeper::Edge(profile.name()),
        storage,
        lifetime,
        age: exchange.age,
        then: then(exchange, profile, &heard),
        key: key(exchange, profile),
        tags,
    }
}

/// The fields for the edge that it ignores for a fault (T-04).
pub(super) fn ignored_fields(exchange: &Exchange, profile: &EdgeProfile) -> Vec<HeaderName> {
    let mut ignored = Vec::new();
    heard(exchange, profile, &mut ignored);
    ignored
}

/// The first field of the edge's list that says something.
enum Heard {
    Field(HeaderName, EdgeDirective),
    CacheControl(EdgeDirective),
    Expires,
    Nothing,
}

/// T-05: the first field that is there and sound, and after it no other.
fn heard(exchange: &Exchange, profile: &EdgeProfile, ignored: &mut Vec<HeaderName>) -> Heard {
    let headers = &exchange.headers;
    for name in profile.precedence() {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if !headers.contains_key(&name) {
            continue;
        }
        if name == CACHE_CONTROL {
            match EdgeDirective::of(&exchange.control) {
                EdgeDirective::Silent => continue,
                word => return Heard::CacheControl(word),
            }
        }
        if name == EXPIRES {
            return Heard::Expires;
        }
        let own = profile.field().filter(|field| *field.name() == name).cloned();
        let field = own.unwrap_or_else(|| FreshnessField::known(name.clone()));
        // Its syntax has no word that forbids to store, so that stands in `Cache-Control`.
        if field.syntax() == DirectiveSyntax::Surrogate
            && profile.field().is_some_and(|own| own.syntax() == DirectiveSyntax::Surrogate)
            && exchange.control.private()
        {
            return Heard::CacheControl(EdgeDirective::NotStored);
        }
        match field.obeyed_in(headers) {
            Some(word) => return Heard::Field(name, word),
            None => ignored.push(name),
        }
    }
    Heard::Nothing
}

fn decided(exchange: &Exchange, profile: &EdgeProfile, heard: &Heard) -> (Storage, FreshFor) {
    let guess = || FreshFor::unknown(FreshFrom::EdgeDefault);
    let kind = StorageProhibition::of_kind(&exchange.request.method, exchange.status);
    let (storage, lifetime) = match (kind, heard) {
        (Some(prohibition), _) => (Storage::not_stored(Why::Forbidden(prohibition)), guess()),
        (None, Heard::Field(name, word)) => by_field(exchange, profile, name, *word),
        (None, Heard::CacheControl(word)) => by_cache_control(exchange, profile, *word),
        (None, Heard::Expires) => {
            (Storage::stored(Why::Allowed(StoragePermission::Expires)), standard::lifetime(exchange, Cache::Shared))
        }
        (None, Heard::Nothing) => unsaid(exchange, profile),
    };
    match refused(exchange, profile, heard).filter(|_| storage.is_stored()) {
        Some(why) => (Storage::not_stored(why), lifetime),
        None => (storage, lifetime),
    }
}

fn by_field(exchange: &Exchange, profile: &EdgeProfile, name: &HeaderName, word: EdgeDirective) -> (Storage, FreshFor) {
    let from = FreshFrom::EdgeField(name.clone());
    match word {
        EdgeDirective::NotStored => (Storage::not_stored(Why::EdgeFieldForbids(name.clone())), FreshFor::new(0, from)),
        EdgeDirective::Validated => {
            (Storage::stored(Why::EdgeField(name.clone())), FreshFor::new(0, FreshFrom::Validated))
        }
        EdgeDirective::Stored(lifetime) => {
            (Storage::stored(Why::EdgeField(name.clone())), FreshFor::new(lifetime.seconds.into(), from))
        }
        // T-05, T-07: it overrules the others and says nothing.
        EdgeDirective::Silent => unsaid(exchange, profile),
    }
}

fn by_cache_control(exchange: &Exchange, profile: &EdgeProfile, word: EdgeDirective) -> (Storage, FreshFor) {
    let control = &exchange.control;
    let lifetime = standard::lifetime(exchange, Cache::Shared);
    let stored = match word {
        EdgeDirective::NotStored if control.private() => {
            Storage::not_stored(Why::Forbidden(StorageProhibition::Private))
        }
        EdgeDirective::NotStored if control.no_store() => match profile.facts().obeys_no_store {
            Some(true) => Storage::not_stored(Why::Forbidden(StorageProhibition::NoStore)),
            Some(false) | None => Storage::stored(Why::NoStoreAtEdge),
        },
        // A qualified `private`, which few can leave the fields out for.
        EdgeDirective::NotStored => Storage::not_stored(Why::Forbidden(StorageProhibition::Private)),
        EdgeDirective::Validated | EdgeDirective::Stored(_) | EdgeDirective::Silent => {
            match standard::storage(exchange, Cache::Shared) {
                storage if storage.is_stored() => storage,
                // What the request asks for, or comes with, is each edge's own matter (C-17).
                _ if control.s_maxage().is_some() => Storage::stored(Why::Allowed(StoragePermission::SMaxage)),
                _ if control.max_age().is_some() => Storage::stored(Why::Allowed(StoragePermission::MaxAge)),
                _ => Storage::stored(Why::Allowed(StoragePermission::Status)),
            }
        }
    };
    match stored.why() {
        Why::NoStoreAtEdge if lifetime.seconds() == Some(0) => (stored, FreshFor::unknown(FreshFrom::EdgeDefault)),
        _ => (stored, lifetime),
    }
}

/// Nothing states a lifetime for the edge.
fn unsaid(exchange: &Exchange, profile: &EdgeProfile) -> (Storage, FreshFor) {
    let facts = profile.facts().without_cache_control.filter(|_| exchange.status.is_success());
    let why = Why::UnsaidAtEdge(facts);
    let guess = FreshFor::unknown(FreshFrom::EdgeDefault);
    let heuristic = || {
        let lifetime = Lifetime::of_response(Cache::Shared, exchange.status, &exchange.headers, exchange.now);
        FreshFor::new(
            if lifetime.source() == LifetimeSource::Heuristic { lifetime.seconds() } else { 0 },
            FreshFrom::Answer(LifetimeSource::Heuristic),
        )
    };
    match facts {
        Some(UnsaidAtEdge::NotStored) => (Storage::not_stored(why), guess),
        Some(UnsaidAtEdge::ByExtension) if !has_static_extension(exchange.request.uri.path()) => {
            (Storage::not_stored(why), guess)
        }
        Some(UnsaidAtEdge::ByExtension) => (Storage::stored(why), guess),
        Some(UnsaidAtEdge::ByLastModified) => (Storage::stored(why), heuristic()),
        Some(UnsaidAtEdge::StoredFor(seconds)) => {
            (Storage::stored(why), FreshFor::new(seconds.into(), FreshFrom::EdgeDefault))
        }
        None if exchange.status.is_success() => (Storage::stored(why), guess),
        // Of errors and redirects the facts say nothing.
        None => (standard::storage(exchange, Cache::Shared), standard::lifetime(exchange, Cache::Shared)),
    }
}

/// What keeps an answer out of the edge that its fields would let in.
fn refused(exchange: &Exchange, profile: &EdgeProfile, heard: &Heard) -> Option<Why> {
    let facts = profile.facts();
    if exchange.sets_cookie() && facts.set_cookie == Some(SetCookieAtEdge::NotStored) {
        return Some(Why::SetCookieAtEdge);
    }
    let control = &exchange.control;
    let shared = control.public()
        || control.s_maxage().is_some()
        || control.must_revalidate()
        || matches!(heard, Heard::Field(_, EdgeDirective::Stored(lifetime)) if lifetime.must_revalidate);
    let unauthorized = match facts.authorization {
        Some(AuthorizationAtEdge::NotStored) => true,
        Some(AuthorizationAtEdge::StoredWhenAllowed) => !shared,
        Some(AuthorizationAtEdge::Stored) | None => false,
    };
    if exchange.is_authorized() && unauthorized {
        return Some(Why::AuthorizationAtEdge);
    }
    let Some(VaryAtEdge::OnlyStores(known)) = facts.vary else { return None };
    let others: Vec<HeaderName> =
        exchange.varies_on().into_iter().filter(|name| !known.contains(&name.as_str())).collect();
    (exchange.vary.is_any() || !others.is_empty()).then_some(Why::VaryAtEdge(others))
}

fn then(exchange: &Exchange, profile: &EdgeProfile, heard: &Heard) -> AfterFreshness {
    let mut then = match heard {
        Heard::Field(_, EdgeDirective::Stored(lifetime)) => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: lifetime.stale_while_revalidate.map(u64::from),
            stale_if_error: lifetime.stale_if_error.map(u64::from),
            never_stale: lifetime.must_revalidate,
            stale_when_unreachable: false,
        },
        Heard::Field(..) => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: None,
            stale_if_error: None,
            never_stale: false,
            stale_when_unreachable: false,
        },
        // What `no-store` says is not obeyed where this is asked, and not every edge knows that
        // `s-maxage` forbids what the windows allow (C-32).
        Heard::CacheControl(_) if !forbids_stale(exchange) => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: exchange.control.stale_while_revalidate().map(u64::from),
            stale_if_error: exchange.control.stale_if_error().map(u64::from),
            never_stale: false,
            stale_when_unreachable: false,
        },
        Heard::CacheControl(_) | Heard::Expires | Heard::Nothing => standard::then(exchange, Cache::Shared),
    };
    let facts = profile.facts();
    let obeyed = |fact: Option<bool>| move |seconds: &u64| fact != Some(false) && *seconds > 0;
    then.stale_while_revalidate = then.stale_while_revalidate.filter(obeyed(facts.stale_while_revalidate));
    then.stale_if_error = then.stale_if_error.filter(obeyed(facts.stale_if_error));
    then.stale_when_unreachable = facts.stale_when_unreachable == Some(true) && !then.never_stale;
    if facts.revalidates == Some(false) {
        then.validation = Validation::NeverAsks;
    }
    if then.never_stale {
        (then.stale_while_revalidate, then.stale_if_error) = (None, None);
    }
    then
}

/// Whether a directive forbids stale reuse that is there for nothing else.
fn forbids_stale(exchange: &Exchange) -> bool {
    let control = &exchange.control;
    control.must_revalidate() || control.proxy_revalidate() || control.no_cache()
}

fn key(exchange: &Exchange, profile: &EdgeProfile) -> CacheKey {
    let facts = profile.facts();
    let named = exchange.varies_on();
    let (fields, ignored) = match facts.vary {
        Some(VaryAtEdge::Obeyed | VaryAtEdge::OnlyStores(_)) => (named, Vec::new()),
        Some(VaryAtEdge::OnlySelects(known)) => named.into_iter().partition(|name| known.contains(&name.as_str())),
        Some(VaryAtEdge::Ignored) | None => (Vec::new(), named),
    };
    // K-06: not even one that obeys the names is sure to know `*`, but that is not in the facts.
    let any = exchange.vary.is_any() && facts.vary == Some(VaryAtEdge::Obeyed);
    CacheKey { fields, ignored, any, query: facts.query_in_key }
}

/// Whether the path ends like a file that is not made for each request.
fn has_static_extension(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| !matches!(&*extension, "" | "htm" | "html" | "json" | "php" | "xml"))
}
