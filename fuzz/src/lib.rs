//! Functions that several targets share.

// The module is shared with the tests.
#[path = "../../tests/support/hostile/mod.rs"]
pub mod hostile;

pub mod records;

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_cache_policy::protocol::HttpDate;

/// 2026-06-01.
pub fn now() -> HttpDate {
    hostile::case::now()
}

/// The lines of the input that can be field lines.
pub fn lines(input: &[u8]) -> Vec<HeaderValue> {
    input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()).collect()
}

/// Reads the input as a message: lines of `name: value` up to an empty line, and the rest.
pub fn fields(input: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    let mut rest = input;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n').or((!rest.is_empty()).then_some(rest.len())) {
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]));
        // Inserting more names than a map can hold causes a panic.
        if let (Ok(name), Ok(value), true) = (name, value, headers.len() < 1_000) {
            headers.append(name, value);
        }
    }
    (headers, rest)
}
