//! One decision as a field for developers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Decision;

/// Deliberately not `Cache-Status`: whoever writes that is a cache (H-03).
pub(crate) const CACHE_POLICY_EXPLAIN: HeaderName = HeaderName::from_static("cache-policy-explain");

/// Says which rule spoke, what the handler had said, and what the guards changed, as a
/// structured field (RFC 9651): a token with parameters.
///
/// ```text
/// Cache-Policy-Explain: layer;rule="/me";said="public";wrote="private, no-cache";guards="G-01 Set-Cookie: private"
/// ```
pub(crate) fn explain(decision: &Decision, rule: &str, said: Option<&HeaderValue>, answer: &HeaderMap) -> HeaderValue {
    let mut text = decision.source().token().as_bytes().to_vec();
    push_parameter(&mut text, "rule", rule.as_bytes());
    if let Some(said) = said {
        push_parameter(&mut text, "said", said.as_bytes());
    }
    if let Some(wrote) = answer.get(http::header::CACHE_CONTROL) {
        push_parameter(&mut text, "wrote", wrote.as_bytes());
    }
    if !decision.guards().is_empty() {
        let reasons: Vec<_> = decision.guards().iter().map(super::Guard::reason).collect();
        push_parameter(&mut text, "guards", reasons.join(", ").as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("an escaped string is visible ASCII")
}

/// A parameter whose value is a String, which holds ASCII only (X-04).
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
