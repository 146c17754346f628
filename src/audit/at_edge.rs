//! Determines the verdict on an edge cache from its profile.

use http::header::{CACHE_CONTROL, EXPIRES, VARY};
use http::{HeaderName, HeaderValue};

use super::after::{AfterFreshness, Validation};
use super::exchange::Exchange;
use super::key::CacheKey;
use super::lifetime::{FreshnessLifetime, FreshnessSource};
use super::standard;
use super::storage::{Storage, StorageReason};
use super::verdict::{CacheKind, Verdict};
use crate::edge::{
    AuthorizationAtEdge, DirectiveSyntax, EdgeDirective, EdgeProfile, HeuristicCaching, SetCookieAtEdge,
    SurrogateControlAtEdge, TargetedField, VaryAnyAtEdge, VaryAtEdge,
};
use crate::protocol::{
    Age, Cache, HttpDate, Lifetime, LifetimeSource, StoragePermission, StorageProhibition, members, only_line,
};

const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

pub(super) fn verdict(exchange: &Exchange, profile: &EdgeProfile) -> Verdict {
    let (effective, storage, lifetime) = less_safe(exchange, profile);
    let (tags, _) = profile.tags().map(|format| format.tags_in(&exchange.headers)).unwrap_or_default();
    Verdict {
        kind: CacheKind::Edge(profile.name()),
        storage,
        lifetime,
        age: if profile.facts().reads_age == Some(false) { Age::ZERO } else { exchange.age },
        then: then(exchange, profile, &effective),
        key: key(exchange, profile),
        tags,
    }
}

/// Decides by the field that takes precedence. An edge may ignore its own field if that is
/// [optional](TargetedField::optional). Then the reading with which it stores the response for longer counts.
fn less_safe(exchange: &Exchange, profile: &EdgeProfile) -> (EffectiveField, Storage, FreshnessLifetime) {
    let decide = |effective: EffectiveField| {
        let (storage, lifetime) = decided(exchange, profile, &effective);
        (effective, storage, lifetime)
    };
    let read = decide(effective_field(exchange, profile, None, &mut Vec::new()));
    let EffectiveField::Field(name, _) = &read.0 else { return read };
    if !profile.field().is_some_and(|own| own.name() == name && !own.overrules_no_store()) {
        return read;
    }
    let ignored = decide(effective_field(exchange, profile, Some(name), &mut Vec::new()));
    let reach = |(_, storage, lifetime): &(EffectiveField, Storage, FreshnessLifetime)| {
        (storage.may_store(), lifetime.seconds().unwrap_or(u64::MAX))
    };
    if reach(&ignored) > reach(&read) { ignored } else { read }
}

/// The fields for edge caches that this one ignores because their values are invalid.
// T-04
pub(super) fn ignored_fields(exchange: &Exchange, profile: &EdgeProfile) -> Vec<HeaderName> {
    let mut ignored = Vec::new();
    effective_field(exchange, profile, None, &mut ignored);
    ignored
}

/// The field that takes precedence at the edge cache, and its directive.
enum EffectiveField {
    Field(HeaderName, EdgeDirective),
    CacheControl(EdgeDirective),
    /// `Cache-Control`, whose restrictions have no effect.
    LifetimeOnly,
    Expires,
    Nothing,
}

/// Finds the first field in the edge cache's order of precedence that is present and valid. All later fields are
/// ignored.
// T-05
fn effective_field(
    exchange: &Exchange,
    profile: &EdgeProfile,
    skipped: Option<&HeaderName>,
    ignored: &mut Vec<HeaderName>,
) -> EffectiveField {
    let headers = &exchange.headers;
    for name in profile.precedence() {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if !headers.contains_key(&name) || skipped == Some(&name) {
            continue;
        }
        if name == CACHE_CONTROL {
            let directive = EdgeDirective::of(&exchange.control);
            let restricts = matches!(directive, EdgeDirective::NotStored | EdgeDirective::Validated);
            // E1-3
            match profile.facts().surrogate_control.filter(|_| restricts && has_surrogate_control(exchange)) {
                Some(SurrogateControlAtEdge::LiftsRestrictions) => return EffectiveField::LifetimeOnly,
                Some(SurrogateControlAtEdge::ReplacesCacheControl) => continue,
                Some(SurrogateControlAtEdge::Ignored) | None => {}
            }
            match directive {
                EdgeDirective::Silent => continue,
                directive => return EffectiveField::CacheControl(directive),
            }
        }
        if name == EXPIRES {
            // An invalid value is in the past for most caches. Those that store all responses may not read it.
            let is_valid = || only_line(headers, &EXPIRES).is_some_and(|line| is_date(line, exchange.now));
            if matches!(profile.facts().without_cache_control, Some(HeuristicCaching::StoredFor(_))) && !is_valid() {
                continue;
            }
            return EffectiveField::Expires;
        }
        let own = profile.field().filter(|field| *field.name() == name).cloned();
        let field = own.unwrap_or_else(|| TargetedField::known(name.clone()));
        // `Surrogate-Control` does not have a directive that forbids storage, so `private` in `Cache-Control` takes
        // precedence over it.
        let is_own_surrogate = field.syntax() == DirectiveSyntax::Surrogate
            && profile.field().is_some_and(|own| own.syntax() == DirectiveSyntax::Surrogate);
        if is_own_surrogate && exchange.control.private() {
            return EffectiveField::CacheControl(EdgeDirective::NotStored);
        }
        match field.obeyed_in(headers, exchange.now) {
            // Such an edge reads only a lifetime from it, and otherwise the next field.
            Some(EdgeDirective::Silent) if is_own_surrogate => {}
            Some(EdgeDirective::Silent)
                if name == SURROGATE_CONTROL
                    && profile.facts().surrogate_control == Some(SurrogateControlAtEdge::LiftsRestrictions) =>
            {
                return EffectiveField::LifetimeOnly;
            }
            // E1-1
            Some(EdgeDirective::NotStored | EdgeDirective::Validated)
                if field.syntax() == DirectiveSyntax::Dictionary
                    && profile.facts().obeys_targeted_restriction == Some(false) => {}
            Some(directive) => return EffectiveField::Field(name, directive),
            None => ignored.push(name),
        }
    }
    EffectiveField::Nothing
}

/// Returns whether the response has a `Surrogate-Control` that does not forbid storage.
fn has_surrogate_control(exchange: &Exchange) -> bool {
    let mut lines = exchange.headers.get_all(SURROGATE_CONTROL).iter().peekable();
    let forbids = |line: &HeaderValue| line.as_bytes().to_ascii_lowercase().windows(8).any(|text| text == b"no-store");
    lines.peek().is_some() && !lines.any(forbids)
}

fn decided(exchange: &Exchange, profile: &EdgeProfile, effective: &EffectiveField) -> (Storage, FreshnessLifetime) {
    let unknown = || FreshnessLifetime::unknown(FreshnessSource::EdgeDefault);
    let kind = StorageProhibition::of_kind(&exchange.request.method, exchange.status);
    let (storage, lifetime) = match (kind, effective) {
        (Some(prohibition), _) => (Storage::not_stored(StorageReason::Forbidden(prohibition)), unknown()),
        (None, EffectiveField::Field(name, directive)) => by_field(exchange, profile, name, *directive),
        (None, EffectiveField::CacheControl(directive)) => by_cache_control(exchange, profile, *directive),
        (None, EffectiveField::LifetimeOnly) => by_lifetime(exchange, profile),
        (None, EffectiveField::Expires) => (
            Storage::stored(StorageReason::Allowed(StoragePermission::Expires)),
            standard::lifetime(exchange, Cache::Shared),
        ),
        (None, EffectiveField::Nothing) => without_directive(exchange, profile),
    };
    match refused(exchange, profile, effective).filter(|_| storage.may_store()) {
        Some(why) => (Storage::not_stored(why), lifetime),
        None => (storage, lifetime),
    }
}

fn by_field(
    exchange: &Exchange,
    profile: &EdgeProfile,
    name: &HeaderName,
    directive: EdgeDirective,
) -> (Storage, FreshnessLifetime) {
    let from = FreshnessSource::EdgeField(name.clone());
    match directive {
        EdgeDirective::NotStored => {
            (Storage::not_stored(StorageReason::EdgeFieldForbids(name.clone())), FreshnessLifetime::new(0, from))
        }
        EdgeDirective::Validated => (
            Storage::stored(StorageReason::EdgeField(name.clone())),
            FreshnessLifetime::new(0, FreshnessSource::Validated),
        ),
        EdgeDirective::Stored(lifetime) => (
            Storage::stored(StorageReason::EdgeField(name.clone())),
            FreshnessLifetime::new(lifetime.seconds.into(), from),
        ),
        // T-05, T-07: the field takes precedence, although it does not contain a directive.
        EdgeDirective::Silent => without_directive(exchange, profile),
    }
}

fn by_cache_control(
    exchange: &Exchange,
    profile: &EdgeProfile,
    directive: EdgeDirective,
) -> (Storage, FreshnessLifetime) {
    let control = &exchange.control;
    let facts = profile.facts();
    let lifetime = match standard::lifetime(exchange, Cache::Shared) {
        heuristic if heuristic.is_guessed() && facts.without_cache_control == Some(HeuristicCaching::Validated) => {
            FreshnessLifetime::new(0, FreshnessSource::EdgeDefault)
        }
        lifetime => lifetime,
    };
    let stored = match directive {
        _ if facts.implements_all_directives == Some(true) => standard::storage(exchange, Cache::Shared),
        EdgeDirective::NotStored if facts.public_overrides == Some(true) && has_public(exchange) => {
            Storage::stored(StorageReason::Allowed(StoragePermission::Public))
        }
        EdgeDirective::NotStored if control.private() => {
            Storage::not_stored(StorageReason::Forbidden(StorageProhibition::Private))
        }
        EdgeDirective::NotStored if control.no_store() => match facts.obeys_no_store {
            Some(true) => Storage::not_stored(StorageReason::Forbidden(StorageProhibition::NoStore)),
            Some(false) | None => Storage::stored(StorageReason::NoStoreAtEdge),
        },
        // A qualified `private`.
        EdgeDirective::NotStored if facts.stores_qualified_private == Some(false) => {
            Storage::not_stored(StorageReason::Forbidden(StorageProhibition::Private))
        }
        _ => by_permission(exchange),
    };
    match stored.reason() {
        StorageReason::NoStoreAtEdge if lifetime.seconds() == Some(0) => {
            (stored, FreshnessLifetime::unknown(FreshnessSource::EdgeDefault))
        }
        _ => (stored, lifetime),
    }
}

/// Returns whether `Cache-Control` contains `public`, even next to a prohibition, which takes precedence in
/// [`CacheControl`](crate::protocol::CacheControl).
fn has_public(exchange: &Exchange) -> bool {
    members(exchange.headers.get_all(CACHE_CONTROL)).any(|member| member.eq_ignore_ascii_case(b"public"))
}

fn is_date(line: &HeaderValue, now: HttpDate) -> bool {
    HttpDate::parse(line.as_bytes(), now).is_ok()
}

/// Returns the reason why `Cache-Control` allows storage. Edge caches differ in how they treat request directives and
/// credentials (C-17).
fn by_permission(exchange: &Exchange) -> Storage {
    let control = &exchange.control;
    match standard::storage(exchange, Cache::Shared) {
        storage if storage.may_store() => storage,
        _ if control.s_maxage().is_some() => Storage::stored(StorageReason::Allowed(StoragePermission::SMaxage)),
        _ if control.max_age().is_some() => Storage::stored(StorageReason::Allowed(StoragePermission::MaxAge)),
        _ => Storage::stored(StorageReason::Allowed(StoragePermission::Status)),
    }
}

/// Decides by the lifetime in `Cache-Control` or `Expires`, without the other directives.
fn by_lifetime(exchange: &Exchange, profile: &EdgeProfile) -> (Storage, FreshnessLifetime) {
    let lifetime = Lifetime::of_response(Cache::Shared, exchange.status, &exchange.headers, exchange.now);
    match lifetime.source() {
        LifetimeSource::SMaxage | LifetimeSource::MaxAge | LifetimeSource::Expires => (
            Storage::stored(StorageReason::EdgeField(SURROGATE_CONTROL)),
            FreshnessLifetime::new(lifetime.seconds(), FreshnessSource::Answer(lifetime.source())),
        ),
        _ => without_directive(exchange, profile),
    }
}

/// Returns the behavior if no field contains a lifetime for the edge cache.
fn without_directive(exchange: &Exchange, profile: &EdgeProfile) -> (Storage, FreshnessLifetime) {
    if profile.facts().stores_public == Some(true) && has_public(exchange) {
        let stored = Storage::stored(StorageReason::Allowed(StoragePermission::Public));
        return (stored, FreshnessLifetime::unknown(FreshnessSource::EdgeDefault));
    }
    let facts = profile.facts().without_cache_control;
    // Except for these defaults, the facts do not cover errors and redirects.
    let covers_all = |facts: &HeuristicCaching| match facts {
        HeuristicCaching::Validated => true,
        HeuristicCaching::StoredFor(_) => {
            standard::storage(&exchange.without_cache_control(), Cache::Shared).may_store()
        }
        _ => false,
    };
    let facts = facts.filter(|facts| exchange.status.is_success() || covers_all(facts));
    let why = StorageReason::HeuristicCaching(facts);
    let unknown = FreshnessLifetime::unknown(FreshnessSource::EdgeDefault);
    let heuristic = || {
        let lifetime = Lifetime::of_response(Cache::Shared, exchange.status, &exchange.headers, exchange.now);
        FreshnessLifetime::new(
            if lifetime.source() == LifetimeSource::Heuristic { lifetime.seconds() } else { 0 },
            FreshnessSource::Answer(LifetimeSource::Heuristic),
        )
    };
    match facts {
        Some(HeuristicCaching::NotStored) => (Storage::not_stored(why), unknown),
        Some(HeuristicCaching::ByExtension) if !has_static_extension(exchange.request.uri.path()) => {
            (Storage::not_stored(why), unknown)
        }
        Some(HeuristicCaching::ByExtension) => (Storage::stored(why), unknown),
        Some(HeuristicCaching::ByLastModified) => (Storage::stored(why), heuristic()),
        Some(HeuristicCaching::Validated) => {
            let storage = match standard::storage(exchange, Cache::Shared) {
                storage if storage.may_store() => Storage::stored(why),
                storage => storage,
            };
            (storage, FreshnessLifetime::new(0, FreshnessSource::EdgeDefault))
        }
        Some(HeuristicCaching::StoredFor(seconds)) => {
            (Storage::stored(why), FreshnessLifetime::new(seconds.into(), FreshnessSource::EdgeDefault))
        }
        None if exchange.status.is_success() => (Storage::stored(why), unknown),
        // `Cache-Control` has no directive, or the edge does not read it.
        None => {
            let exchange = exchange.without_cache_control();
            (standard::storage(&exchange, Cache::Shared), standard::lifetime(&exchange, Cache::Shared))
        }
    }
}

/// Returns the reason why the edge cache does not store a response although its fields allow storage.
fn refused(exchange: &Exchange, profile: &EdgeProfile, effective: &EffectiveField) -> Option<StorageReason> {
    let facts = profile.facts();
    if exchange.sets_cookie() && facts.set_cookie == Some(SetCookieAtEdge::NotStored) {
        return Some(StorageReason::SetCookieAtEdge);
    }
    let control = &exchange.control;
    let shared = control.public()
        || control.s_maxage().is_some()
        || control.must_revalidate()
        || matches!(effective, EffectiveField::Field(_, EdgeDirective::Stored(lifetime)) if lifetime.must_revalidate);
    let unauthorized = match facts.authorization {
        Some(AuthorizationAtEdge::NotStored) => true,
        Some(AuthorizationAtEdge::StoredWhenAllowed) => !shared,
        Some(AuthorizationAtEdge::Stored) | None => false,
    };
    if exchange.is_authorized() && unauthorized {
        return Some(StorageReason::AuthorizationAtEdge);
    }
    let (names, are_stored) = match facts.vary {
        Some(VaryAtEdge::OnlyStores(names)) => (names, true),
        Some(VaryAtEdge::NeverStores(names)) => (names, false),
        _ => return None,
    };
    let others: Vec<HeaderName> =
        exchange.varies_on().into_iter().filter(|name| names.contains(&name.as_str()) != are_stored).collect();
    (exchange.vary.is_any() || !others.is_empty()).then_some(StorageReason::VaryAtEdge(others))
}

fn then(exchange: &Exchange, profile: &EdgeProfile, effective: &EffectiveField) -> AfterFreshness {
    let mut then = match effective {
        EffectiveField::Field(_, EdgeDirective::Stored(lifetime)) => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: lifetime.stale_while_revalidate.map(u64::from),
            stale_if_error: lifetime.stale_if_error.map(u64::from),
            never_stale: lifetime.must_revalidate,
            stale_when_unreachable: false,
        },
        EffectiveField::LifetimeOnly => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: exchange.control.stale_while_revalidate().map(u64::from),
            stale_if_error: exchange.control.stale_if_error().map(u64::from),
            never_stale: false,
            stale_when_unreachable: false,
        },
        EffectiveField::Field(..) => AfterFreshness {
            validation: exchange.validation(),
            stale_while_revalidate: None,
            stale_if_error: None,
            never_stale: false,
            stale_when_unreachable: false,
        },
        // This branch is reached only if the edge cache does not obey `no-store`. Not every edge cache knows that
        // `s-maxage` forbids stale reuse (C-32).
        EffectiveField::CacheControl(_)
            if !forbids_stale(exchange) && profile.facts().implements_all_directives != Some(true) =>
        {
            AfterFreshness {
                validation: exchange.validation(),
                stale_while_revalidate: exchange.control.stale_while_revalidate().map(u64::from),
                stale_if_error: exchange.control.stale_if_error().map(u64::from),
                never_stale: false,
                stale_when_unreachable: false,
            }
        }
        EffectiveField::CacheControl(_) | EffectiveField::Expires | EffectiveField::Nothing => {
            standard::then(exchange, Cache::Shared)
        }
    };
    let facts = profile.facts();
    let obeyed = |fact: Option<bool>| move |seconds: &u64| fact != Some(false) && *seconds > 0;
    then.stale_while_revalidate = then.stale_while_revalidate.filter(obeyed(facts.stale_while_revalidate));
    then.stale_if_error = then.stale_if_error.filter(obeyed(facts.stale_if_error));
    then.stale_when_unreachable = facts.stale_when_unreachable == Some(true) && !then.never_stale;
    if facts.revalidates == Some(false) {
        then.validation = Validation::NeverRevalidates;
    }
    if then.never_stale {
        (then.stale_while_revalidate, then.stale_if_error) = (None, None);
    }
    then
}

/// Returns whether the response has a directive whose purpose is to forbid stale reuse, which excludes `s-maxage`.
fn forbids_stale(exchange: &Exchange) -> bool {
    let control = &exchange.control;
    control.must_revalidate() || control.proxy_revalidate() || control.no_cache()
}

fn key(exchange: &Exchange, profile: &EdgeProfile) -> CacheKey {
    let facts = profile.facts();
    let named = exchange.varies_on();
    let (fields, ignored) = match facts.vary {
        Some(VaryAtEdge::Obeyed | VaryAtEdge::OnlyStores(_) | VaryAtEdge::NeverStores(_)) => (named, Vec::new()),
        Some(VaryAtEdge::OnlySelects(known)) => named.into_iter().partition(|name| known.contains(&name.as_str())),
        Some(VaryAtEdge::Ignored) | None => (Vec::new(), named),
    };
    // K-06: an edge cache that obeys the names may still not recognize `*`.
    let obeys_any = match facts.vary_any {
        Some(VaryAnyAtEdge::Obeyed) => true,
        Some(VaryAnyAtEdge::ObeyedAlone) => only_line(&exchange.headers, &VARY).is_some_and(|line| line == "*"),
        Some(VaryAnyAtEdge::Ignored) | None => false,
    };
    let any = exchange.vary.is_any() && facts.vary == Some(VaryAtEdge::Obeyed) && obeys_any;
    CacheKey { fields, ignored, any, query: facts.query_in_key }
}

/// Returns whether the path has the extension of a static file.
fn has_static_extension(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| !matches!(&*extension, "" | "htm" | "html" | "json" | "php" | "xml"))
}
