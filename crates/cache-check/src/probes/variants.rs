//! Repeats the request with a different `Accept-Language` and a different `Cookie`, to check whether the content
//! depends on them, and whether `Vary` names them.

use http::HeaderName;
use http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderValue, SET_COOKIE};
use tower_cache_policy::audit::{CacheAudit, Level};

use super::probe::Probe;
use super::sample::{Sample, differ};
use crate::client::{Changes, Read};
use crate::exchange::Exchange;

/// The number of times that a difference must be observed before it is reported, because random content can differ by
/// chance.
const ROUNDS: usize = 3;

/// Some servers read only the first language, and some support only a few.
const LANGUAGES: [&str; 4] = [
    "de, fr;q=0.9, es;q=0.8, ja;q=0.7, zh;q=0.6, pt;q=0.5, it;q=0.5, nl;q=0.4, ru;q=0.4, pl;q=0.3, sv;q=0.3, ko;q=0.3, ar;q=0.2",
    "en",
    "fr",
    "ja",
];

/// Names that applications often use, with values that differ from the usual ones.
const COOKIES: &str = "session=cache-check; sessionid=cache-check; sid=cache-check; PHPSESSID=cache-check; \
    JSESSIONID=cache-check; connect.sid=cache-check; id=cache-check; uid=cache-check; user=cache-check; username=cache-check; auth=cache-check; token=cache-check; logged_in=true; lang=fr; language=fr; locale=fr; theme=dark; currency=JPY; country=JP; ab=b; variant=b";

/// The maximum number of cookies of the site that are sent back with different values.
const MOST_COOKIES: usize = 8;

/// Compares the variants of the page. `repeat` is a second response to the plain request.
pub(super) async fn run(probe: &mut Probe<'_>, audit: &CacheAudit, repeat: &Exchange) {
    // If the content changes each time, two compressed responses do not have any words in common.
    let is_opaque = probe.first.coding().is_some() && probe.capabilities.stable_content == Some(false);
    if !is_shared(audit) || is_opaque {
        return;
    }
    let mut plain = vec![Sample::of(probe.first), Sample::of(repeat)];
    let languages = LANGUAGES.map(HeaderValue::from_static).map(Some);
    probe.capabilities.varies_by_language = compare(probe, audit, &mut plain, ACCEPT_LANGUAGE, &languages).await;
    let cookies = cookies(probe);
    probe.capabilities.varies_by_cookie = compare(probe, audit, &mut plain, COOKIE, &cookies).await;
}

/// Compares the variants of a redirect, for which only the first response is known.
pub(crate) async fn compare_variants(probe: &mut Probe<'_>, audit: &CacheAudit) {
    if !is_shared(audit) {
        return;
    }
    let Some(repeat) = probe.plain("repeat", Read::Content).await else { return };
    run(probe, audit, &repeat).await;
}

/// Returns whether a cache that several visitors share may store the response.
fn is_shared(audit: &CacheAudit) -> bool {
    audit.shared().may_store() || audit.edges().any(|edge| edge.may_store())
}

/// Returns whether a shared cache may serve the response to another visitor without revalidation.
fn is_reused(audit: &CacheAudit) -> bool {
    let is_reused = |seconds| seconds != Some(0);
    is_reused(audit.shared().remaining_freshness()) || audit.edges().any(|edge| is_reused(edge.remaining_freshness()))
}

/// Returns the values of `Cookie` to try. `None` omits the user field.
fn cookies(probe: &Probe<'_>) -> Vec<Option<HeaderValue>> {
    let own = probe.first.fields().get_all(SET_COOKIE).iter().filter_map(|line| {
        let name = line.as_bytes().split(|byte| matches!(byte, b'=' | b';')).next()?.trim_ascii();
        let is_name = !name.is_empty() && name.len() <= 64 && name.iter().all(u8::is_ascii_graphic);
        is_name.then(|| format!("{}=cache-check; ", String::from_utf8_lossy(name)))
    });
    let all = own.take(MOST_COOKIES).collect::<String>() + COOKIES;
    let mut values = Vec::new();
    if probe.sends(&COOKIE) {
        values.push(None);
    }
    values.extend(HeaderValue::from_str(&all).ok().map(Some));
    values
}

/// Returns whether the content depends on the field, or `None` if that cannot be determined.
async fn compare(
    probe: &mut Probe<'_>,
    audit: &CacheAudit,
    plain: &mut Vec<Sample>,
    name: HeaderName,
    values: &[Option<HeaderValue>],
) -> Option<bool> {
    let mut is_known = true;
    for value in values {
        match try_value(probe, plain, &name, value.as_ref()).await? {
            Tried::Same { from_cache } => is_known &= !from_cache,
            Tried::Different(variant) => {
                report(probe, audit, &name, value.as_ref(), &variant);
                return Some(true);
            }
        }
    }
    is_known.then_some(false)
}

enum Tried {
    /// A cache in front may have returned its stored response to the plain request.
    Same {
        from_cache: bool,
    },
    Different(Box<Exchange>),
}

async fn try_value(
    probe: &mut Probe<'_>,
    plain: &mut Vec<Sample>,
    name: &HeaderName,
    value: Option<&HeaderValue>,
) -> Option<Tried> {
    let probe_name = if *name == COOKIE { "other-cookie" } else { "other-language" };
    let set: Vec<_> = value.map(|value| (name.clone(), value.clone())).into_iter().collect();
    let changes = Changes { set: &set, without: Some(name), ..Changes::default() };
    let variant = probe.send(probe_name, changes).await?;
    // If a site rejects this value, it may still accept a value that it has set itself. It may also have begun to
    // reject this client.
    if variant.status().as_u16() >= 400 && probe.first.status().as_u16() < 400 {
        probe.plain("control", Read::Fields).await?;
        return None;
    }
    let mut variants = vec![Sample::of(&variant)];
    for _ in 1..ROUNDS {
        if !differ(plain, &variants) {
            return Some(Tried::Same { from_cache: variant.is_from_cache() });
        }
        let again = probe.plain("repeat", Read::Content).await?;
        plain.push(Sample::of(&again));
        variants.push(Sample::of(&probe.send(probe_name, changes).await?));
    }
    // The plain request is last, so that a change of the site in the meantime is not mistaken for a variant.
    let again = probe.plain("repeat", Read::Content).await?;
    plain.push(Sample::of(&again));
    let differ = differ(plain, &variants);
    Some(if differ { Tried::Different(Box::new(variant)) } else { Tried::Same { from_cache: variant.is_from_cache() } })
}

fn report(
    probe: &mut Probe<'_>,
    audit: &CacheAudit,
    name: &HeaderName,
    value: Option<&HeaderValue>,
    variant: &Exchange,
) {
    let first = probe.first;
    let shown = if *name == COOKIE { "Cookie" } else { "Accept-Language" };
    let lacks_vary = !(first.varies_on(name) && variant.varies_on(name));
    if lacks_vary && is_reused(audit) {
        let (level, section, change) = if *name == COOKIE {
            let change = "send `Cache-Control: private`, or `no-store`, or `Vary: Cookie`";
            (Level::Danger, "RFC 9111 section 4.1", change)
        } else {
            let change = "send `Vary: Accept-Language` with each of them, or use a separate URL for each language";
            (Level::Warning, "RFC 9111 section 4.1", change)
        };
        let example = match value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()) {
            Some(value) => format!("`{shown}: {}`", crate::error::shown(value.split([',', ';']).next().unwrap_or(""))),
            None => format!("no `{shown}`"),
        };
        let text = format!(
            "the content depends on `{shown}` (it differs for {example}) but the response lacks `Vary: {shown}`, so \
             shared caches serve one visitor's response to another"
        );
        probe.found(level, ("K-02", section), text, change);
    }
    if let (Some(tag), Some(other)) = (first.etag(), variant.etag())
        && tag.weak_eq(&other)
    {
        probe.found(
            Level::Warning,
            ("V-07", "RFC 9110 section 8.8.1"),
            format!("contents that differ by `{shown}` have the same entity tag, so a 304 confirms the wrong content"),
            "compute the tag from the content",
        );
    }
}
