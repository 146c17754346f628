//! Finds the [`Warning`]s of an audit.

use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};

use super::at_edge;
use super::exchange::Exchange;
use super::fingerprint::has_fingerprint;
use super::lifetime::FreshnessLifetime;
use super::storage::StorageReason;
use super::verdict::{CacheKind, Verdict};
use super::warning::{PersonalizationEvidence, Warning};
use crate::edge::{EdgeProfile, SetCookieAtEdge};
use crate::protocol::{CacheControl, invalid_etag, strong_tag_hides_coding};

/// The longest lifetime, in seconds, that does not need a fingerprint in the URL.
const LONG: u64 = 7 * 24 * 3_600;

/// Returns all warnings, the most severe first.
pub(super) fn warnings(
    exchange: &Exchange,
    browser: &Verdict,
    shared: &Verdict,
    edges: &[(EdgeProfile, Verdict)],
) -> Vec<Warning> {
    let lines = exchange.headers.get_all(CACHE_CONTROL);
    let mut warnings: Vec<Warning> = CacheControl::contradictions_in(lines).map(Warning::Contradiction).collect();
    let verdicts = || edges.iter().map(|(_, verdict)| verdict);
    let stored = |verdict: &&Verdict| verdict.may_store();
    let reused = |verdict: &&Verdict| verdict.remaining_freshness() != Some(0);
    let sharing: Vec<&Verdict> = std::iter::once(shared).chain(verdicts()).filter(stored).collect();

    // An edge cache that does not obey `no-store` gets its own warning.
    let guessed = |verdict: &&Verdict| {
        verdict.lifetime().is_some_and(FreshnessLifetime::is_guessed)
            && *verdict.storage().reason() != StorageReason::NoStoreAtEdge
    };
    let by = keepers([browser, shared].into_iter().chain(verdicts()).filter(guessed).filter(reused));
    if !by.is_empty() {
        warnings.push(Warning::LifetimeGuessed { by });
    }
    if exchange.sets_cookie() {
        let by = replaying(exchange, shared, edges);
        if !by.is_empty() {
            warnings.push(Warning::SetCookieShared { by });
        }
    }
    if let Some(sign) = personal_sign(exchange) {
        let by = match sign {
            PersonalizationEvidence::Cookie => keepers(sharing.iter().copied().filter(reused)),
            PersonalizationEvidence::Mark | PersonalizationEvidence::Authorization => keepers(sharing.iter().copied()),
        };
        if !by.is_empty() {
            warnings.push(Warning::PersonalShared { sign, by });
        }
    }
    if strong_tag_hides_coding(&exchange.headers) {
        warnings.push(Warning::StrongTagUnderCoding);
    }
    warnings.extend(invalid_etag(&exchange.headers).map(|value| Warning::InvalidEntityTag { value: value.clone() }));
    warnings.extend(long_without_fingerprint(exchange, browser));
    for (profile, verdict) in edges {
        warnings.extend(of_edge(exchange, profile, verdict));
    }
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.level()));
    warnings
}

fn keepers<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Vec<CacheKind> {
    verdicts.map(Verdict::kind).collect()
}

/// Returns the caches that may replay the cookie to other clients.
fn replaying(exchange: &Exchange, shared: &Verdict, edges: &[(EdgeProfile, Verdict)]) -> Vec<CacheKind> {
    let control = &exchange.control;
    let kept_out =
        [control.private_fields(), control.no_cache_fields()].iter().any(|fields| fields.contains(SET_COOKIE.as_str()));
    let shared = Some(shared).filter(|shared| shared.may_store() && !kept_out);
    let edges = edges.iter().filter(|(profile, verdict)| {
        verdict.may_store() && profile.facts().set_cookie != Some(SetCookieAtEdge::StoredWithoutIt)
    });
    keepers(shared.into_iter().chain(edges.map(|(_, verdict)| verdict)))
}

fn personal_sign(exchange: &Exchange) -> Option<PersonalizationEvidence> {
    if exchange.marked_personal {
        return Some(PersonalizationEvidence::Mark);
    }
    if exchange.is_authorized() {
        return Some(PersonalizationEvidence::Authorization);
    }
    let is_html = exchange.headers.get(CONTENT_TYPE).is_some_and(|value| {
        let kind = value.as_bytes();
        kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
    });
    let varies = exchange.vary.is_any() || exchange.vary.contains(COOKIE.as_str());
    (is_html && !varies && exchange.request.headers.contains_key(COOKIE)).then_some(PersonalizationEvidence::Cookie)
}

fn long_without_fingerprint(exchange: &Exchange, browser: &Verdict) -> Option<Warning> {
    let seconds = browser.lifetime()?.seconds()?;
    let long = seconds > LONG || (exchange.control.immutable() && seconds > 0);
    let page = matches!(exchange.request.method, Method::GET | Method::HEAD) && exchange.status.is_success();
    let guessed = browser.lifetime()?.is_guessed();
    (long && page && !guessed && !has_fingerprint(exchange.request.uri.path()))
        .then_some(Warning::LongWithoutFingerprint { seconds })
}

fn of_edge(exchange: &Exchange, profile: &EdgeProfile, verdict: &Verdict) -> Vec<Warning> {
    let edge = profile.name();
    let mut warnings: Vec<Warning> = at_edge::ignored_fields(exchange, profile)
        .into_iter()
        .map(|field| Warning::FieldIgnored { edge, field })
        .collect();
    let Some(key) = verdict.key() else { return warnings };
    if !key.ignored().is_empty() {
        let known = profile.facts().vary.is_some();
        warnings.push(Warning::VaryIgnored { edge, fields: key.ignored().to_vec(), known });
    }
    if *verdict.storage().reason() == StorageReason::NoStoreAtEdge {
        warnings.push(Warning::NoStoreDisobeyed { edge });
    }
    if key.query() == Some(false) && exchange.request.uri.query().is_some_and(|query| !query.is_empty()) {
        warnings.push(Warning::QueryNotInKey { edge });
    }
    warnings
}
