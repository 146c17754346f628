//! Checks whether the response to HEAD has the fields of the response to GET.

use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderName, Method};
use tower_cache_policy::audit::Level;

use super::not_modified::names;
use super::probe::Probe;
use crate::client::{Changes, Read};

/// The fields that caches update from a response to HEAD.
const COMPARED: [HeaderName; 4] = [CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY];

pub(super) async fn run(probe: &mut Probe<'_>) {
    let first = probe.first;
    let changes = Changes { method: &Method::HEAD, read: Read::Fields, ..Changes::default() };
    let Some(response) = probe.request("head", changes).await else { return };
    if response.status() != first.status() {
        probe.capabilities.head = Some(false);
        probe.found(
            Level::Warning,
            ("M-06", "RFC 9110 section 9.3.2"),
            format!("HEAD gets {}, but GET gets {}", response.status().as_u16(), first.status().as_u16()),
            "respond to HEAD as to GET, without the content",
        );
        return;
    }
    // A tag that changes in each response is already reported.
    let compared = || {
        let (tag, date) = (probe.tag_changes, probe.date_changes);
        COMPARED.iter().filter(move |name| !((tag && **name == ETAG) || (date && **name == LAST_MODIFIED)))
    };
    let of = |name: &HeaderName| (first.value(name), response.value(name));
    let differing = names(compared().filter(|name| {
        let (get, head) = of(name);
        head.is_some() && get != head
    }));
    // A field that requires the content may be omitted, such as its tag (V-19).
    let policy = [CACHE_CONTROL, VARY];
    let lacking = names(policy.iter().filter(|name| {
        let (get, head) = of(name);
        get.is_some() && head.is_none()
    }));
    let length = first.content().map(|content| content.len() as u64).or_else(|| first.length());
    // Content that differs each time does not have a fixed length.
    let other_length = probe.capabilities.stable_content != Some(false)
        && response.length().is_some_and(|own| length.is_some_and(|length| own != length));

    probe.capabilities.head = Some(differing.is_empty() && lacking.is_empty() && !other_length);
    if !differing.is_empty() {
        probe.found(
            Level::Warning,
            ("S-07", "RFC 9111 section 4.3.5"),
            format!("the response to HEAD has a different {differing} than GET, so caches drop or change the stored response"),
            "send the same fields with both",
        );
    }
    if !lacking.is_empty() {
        probe.found(
            Level::Warning,
            ("S-07", "RFC 9111 section 4.3.5"),
            format!("the response to HEAD lacks {lacking}, which the response to GET has"),
            "send the same fields with both",
        );
    }
    if other_length {
        probe.found(
            Level::Warning,
            ("M-06", "RFC 9110 section 8.6"),
            "`Content-Length` in the response to HEAD is not the length of the content of GET",
            "send the same length with HEAD, or omit it",
        );
    }
}
