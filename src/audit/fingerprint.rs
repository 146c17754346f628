//! Whether a URL changes with its content.

/// The least length of a part of a path that is taken for a fingerprint.
const LEAST: usize = 8;

/// Whether some part of the path looks like a fingerprint: eight or more letters and digits
/// with both among them, parted from the rest by `/`, `.`, `-`, `_` or `~` (B-02).
///
/// A guess, in the direction that warns less: a word with a digit in it passes.
pub(super) fn has_fingerprint(path: &str) -> bool {
    path.split(['/', '.', '-', '_', '~']).any(|part| {
        let bytes = part.as_bytes();
        bytes.len() >= LEAST
            && bytes.iter().all(u8::is_ascii_alphanumeric)
            && bytes.iter().any(u8::is_ascii_digit)
            && bytes.iter().any(u8::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_told_from_a_name() {
        for path in ["/app.3f2a9c1b.js", "/assets/index-DiwrgTda1x.css", "/3f2a9c1b0d/app.js", "/a~Zx81kQp0"] {
            assert!(has_fingerprint(path), "{path}");
        }
        for path in ["/app.js", "/", "/jquery-3.7.1.min.js", "/2024/01/17/a-page", "/typography.css", "/20240117"] {
            assert!(!has_fingerprint(path), "{path}");
        }
    }
}
