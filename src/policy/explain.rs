//! Writes a decision into a response field, for developers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Decision;

/// Deliberately not `Cache-Status`, which only caches write.
// H-03
pub(crate) const CACHE_POLICY_EXPLAIN: HeaderName = HeaderName::from_static("cache-policy-explain");

/// The value of `Cache-Policy-Explain`: the source of the decision, the `Cache-Control` of the inner service, the one
/// that was sent, and the guards that changed it. It is a structured field (RFC 9651), a token with parameters.
///
/// ```text
/// Cache-Policy-Explain: layer;rule="/me";inner="public";sent="private, no-cache";guards="G-01 Set-Cookie: private"
/// ```
pub(crate) fn explain(
    decision: &Decision,
    rule: &str,
    inner: Option<&HeaderValue>,
    headers: &HeaderMap,
) -> HeaderValue {
    let mut text = decision.source().token().as_bytes().to_vec();
    push_parameter(&mut text, "rule", rule.as_bytes());
    if let Some(inner) = inner {
        push_parameter(&mut text, "inner", inner.as_bytes());
    }
    if let Some(sent) = headers.get(http::header::CACHE_CONTROL) {
        push_parameter(&mut text, "sent", sent.as_bytes());
    }
    if !decision.guards().is_empty() {
        let reasons: Vec<_> = decision.guards().iter().map(super::Guard::reason).collect();
        push_parameter(&mut text, "guards", reasons.join(", ").as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("an escaped string is visible ASCII")
}

/// Appends a parameter whose value is a String. Strings can contain only ASCII, so other bytes become `?`.
// X-04
fn push_parameter(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    text.push(b';');
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"=\"");
    for &byte in value {
        match byte {
            b'"' | b'\\' => text.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => text.push(byte),
            _ => text.push(b'?'),
        }
    }
    text.push(b'"');
}
