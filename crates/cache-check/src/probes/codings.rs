//! Repeats the request for each content coding, to check whether caches and clients can distinguish the codings.

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use tower_cache_policy::audit::Level;
use tower_cache_policy::protocol::EntityTag;

use super::capabilities::Coding;
use super::probe::Probe;
use super::revalidation::{expect, in_list};
use crate::client::{Changes, Read};
use crate::exchange::Exchange;

const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

const IF_NONE_MATCH_SECTION: &str = "RFC 9110 section 13.1.2";

pub(super) async fn run(probe: &mut Probe<'_>) {
    let mut tags: Vec<(String, EntityTag)> =
        probe.first.etag().map(|tag| (own_coding(probe.first), tag)).into_iter().collect();
    let mut without_vary = Vec::new();
    for coding in CODINGS {
        let accept = (ACCEPT_ENCODING, HeaderValue::from_static(coding));
        let Some(response) = probe.get(coding, std::slice::from_ref(&accept)).await else { continue };
        if response.status() != probe.first.status() || response.coding().as_deref() != Some(coding) {
            continue;
        }
        if !response.varies_on_coding() {
            without_vary.push(coding);
        }
        let tag = response.etag();
        let mut revalidates = None;
        if let Some(tag) = &tag {
            shared_tags(probe, coding, tag, &tags);
            tags.push((coding.to_owned(), tag.clone()));
            if !probe.tag_changes {
                revalidates = revalidation(probe, coding, &response, tag).await;
            }
        } else if probe.first.etag().is_some() {
            probe.found(
                Level::Note,
                ("V-13", "RFC 9110 section 15.3.1"),
                format!("with the content coding `{coding}`, the response does not have an entity tag"),
                "send a tag with a suffix for the content coding, or a weak tag",
            );
        }
        let etag = tag.map(|tag| String::from_utf8_lossy(tag.to_header_value().as_bytes()).into_owned());
        probe.capabilities.codings.push(Coding { name: coding, etag, revalidates });
    }
    if tags.len() > 1 {
        let share = |(index, (_, tag)): (usize, &(String, EntityTag))| {
            tags[..index].iter().any(|(_, other)| other.strong_eq(tag))
        };
        probe.capabilities.tags_differ_by_coding = Some(!tags.iter().enumerate().any(share));
    }
    vary(probe, without_vary);
}

fn own_coding(exchange: &Exchange) -> String {
    exchange.coding().unwrap_or_else(|| "identity".to_owned())
}

fn shared_tags(probe: &mut Probe<'_>, coding: &str, tag: &EntityTag, others: &[(String, EntityTag)]) {
    let other = others.iter().find(|(other, own)| other != coding && own.strong_eq(tag));
    if let Some((other, tag)) = other {
        let tag = tag.to_header_value();
        let tag = String::from_utf8_lossy(tag.as_bytes());
        probe.found(
            Level::Warning,
            ("V-09", "RFC 9110 section 8.8.3.3"),
            format!(
                "`{coding}` and `{other}` share the strong entity tag {tag}, so a client may combine ranges of both"
            ),
            "add a suffix for the content coding to the tag, or make the tag weak",
        );
    }
}

/// Checks whether the tag of the coded content gets a 304, alone and in a list.
async fn revalidation(probe: &mut Probe<'_>, coding: &'static str, full: &Exchange, tag: &EntityTag) -> Option<bool> {
    let accept = (ACCEPT_ENCODING, HeaderValue::from_static(coding));
    let own = tag.to_header_value();
    let shown = String::from_utf8_lossy(own.as_bytes()).into_owned();
    let response = probe.get("if-none-match-coded", &[accept.clone(), (IF_NONE_MATCH, own.clone())]).await?;
    let text = format!("the entity tag {shown} of `{coding}` does not get a 304");
    let holds = expect(probe, &response, Some((coding, full)), ("P-16", IF_NONE_MATCH_SECTION), &text);
    if holds
        && let Some(list) = in_list(tag)
        && let Some(response) = probe.get("if-none-match-coded-list", &[accept.clone(), (IF_NONE_MATCH, list)]).await
    {
        let text = format!("the entity tag {shown} of `{coding}` in a list of others does not get a 304");
        expect(probe, &response, Some((coding, full)), ("P-21", IF_NONE_MATCH_SECTION), &text);
    }
    // A weak tag never matches here (P-07).
    let set = [accept, (IF_MATCH, own)];
    let changes = Changes { set: &set, read: Read::Fields, ..Changes::default() };
    if !tag.is_weak()
        && let Some(response) = probe.request("if-match-coded", changes).await
        && response.status() == StatusCode::PRECONDITION_FAILED
    {
        probe.found(
            Level::Warning,
            ("P-06", "RFC 9110 section 13.1.1"),
            format!("`If-Match` with the entity tag {shown} of `{coding}` gets a 412"),
            "remove the suffix of the content coding before the comparison, or make the tag weak",
        );
    }
    Some(holds)
}

/// Checks for `Vary` on each response of a resource that has several codings (K-02).
fn vary(probe: &mut Probe<'_>, mut without: Vec<&'static str>) {
    if probe.capabilities.codings.is_empty() {
        return;
    }
    if !probe.first.varies_on_coding() && probe.first.coding().is_none() {
        without.insert(0, "identity");
    }
    if !without.is_empty() {
        let without = without.iter().map(|coding| format!("`{coding}`")).collect::<Vec<_>>().join(", ");
        probe.found(
            Level::Warning,
            ("K-02", "RFC 9111 section 4.1"),
            format!("there are several content codings, but the response for {without} lacks `Vary: Accept-Encoding`"),
            "send `Vary: Accept-Encoding` with each of them; otherwise a cache serves one coding to all clients",
        );
    }
}
