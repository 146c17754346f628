//! HEAD: does it say what GET says?

use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderName, Method};
use tower_cache_policy::audit::Level;

use super::not_modified::names;
use super::probe::Probe;
use crate::client::Read;

/// What caches take over from an answer to HEAD.
const COMPARED: [HeaderName; 4] = [CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY];

pub(super) async fn ask(probe: &mut Probe<'_>) {
    let first = probe.first;
    let Some(answer) = probe.ask("head", Method::HEAD, &[], Read::Head).await else { return };
    if answer.status() != first.status() {
        probe.works.head = Some(false);
        probe.found(
            Level::Warning,
            ("M-06", "RFC 9110 section 9.3.2"),
            format!("HEAD is answered {} and GET {}", answer.status().as_u16(), first.status().as_u16()),
            "answer HEAD as GET, without the content",
        );
        return;
    }
    // A tag that changes by itself is told of already.
    let compared = || {
        let changing = probe.works.stable_tag == Some(false);
        COMPARED.iter().filter(move |name| !(changing && **name == ETAG))
    };
    let of = |name: &HeaderName| (first.value(name), answer.value(name));
    let differing = names(compared().filter(|name| {
        let (get, head) = of(name);
        head.is_some() && get != head
    }));
    // What is known only while the content is made may be left out, such as its tag (V-19).
    let policy = [CACHE_CONTROL, VARY];
    let lacking = names(policy.iter().filter(|name| {
        let (get, head) = of(name);
        get.is_some() && head.is_none()
    }));
    let length = first.content().map(|content| content.len() as u64).or_else(|| first.length());
    // What changes from answer to answer has no length to agree on.
    let other_length = probe.works.stable_content != Some(false)
        && answer.length().is_some_and(|own| length.is_some_and(|length| own != length));

    probe.works.head = Some(differing.is_empty() && lacking.is_empty() && !other_length);
    if !differing.is_empty() {
        probe.found(
            Level::Warning,
            ("S-07", "RFC 9111 section 4.3.5"),
            format!("HEAD has another {differing} than GET, so that caches drop or change what they keep"),
            "send the same fields with both",
        );
    }
    if !lacking.is_empty() {
        probe.found(
            Level::Warning,
            ("S-07", "RFC 9111 section 4.3.5"),
            format!("HEAD lacks {lacking}, which GET has"),
            "send the same fields with both",
        );
    }
    if other_length {
        probe.found(
            Level::Warning,
            ("M-06", "RFC 9110 section 8.6"),
            "HEAD has another `Content-Length` than GET has content",
            "send the same length, or none",
        );
    }
}
