//! Recognizes URLs that change with their content.

/// The minimum length of a fingerprint, in bytes.
const MIN_LENGTH: usize = 8;

/// Returns whether a part of the path looks like a fingerprint: eight or more letters and digits, with at least one of
/// each. The parts of a path are separated by `/`, `.`, `-`, `_` or `~`.
///
/// A long word with a digit in it also passes. This avoids false warnings.
// B-02
pub(super) fn has_fingerprint(path: &str) -> bool {
    path.split(['/', '.', '-', '_', '~']).any(|part| {
        let bytes = part.as_bytes();
        bytes.len() >= MIN_LENGTH
            && bytes.iter().all(u8::is_ascii_alphanumeric)
            && bytes.iter().any(u8::is_ascii_digit)
            && bytes.iter().any(u8::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_differ_from_names() {
        for path in ["/app.3f2a9c1b.js", "/assets/index-DiwrgTda1x.css", "/3f2a9c1b0d/app.js", "/a~Zx81kQp0"] {
            assert!(has_fingerprint(path), "{path}");
        }
        for path in ["/app.js", "/", "/jquery-3.7.1.min.js", "/2024/01/17/a-page", "/typography.css", "/20240117"] {
            assert!(!has_fingerprint(path), "{path}");
        }
    }
}
