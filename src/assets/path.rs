//! The paths of assets: valid names, the encoding in URLs, and the location of the fingerprint.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::digest::is_fingerprint;
use super::error::{AssetError, AssetErrorKind};
use crate::protocol::has_dot_segment;

/// The characters to escape: all except for `/` and the unreserved characters of RFC 3986. Each path then has only one
/// spelling, and does not need escaping in HTML, CSS or a field value.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Returns an error if `name` cannot be the name of an asset or the path of a file below a directory.
pub(super) fn check_name(name: &str) -> Result<(), AssetError> {
    let reason = if name.is_empty() {
        "a name cannot be empty"
    } else if name.len() > 1_024 {
        "a name must not be longer than 1024 bytes"
    } else if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
        "a name must not have an empty segment; write it like `css/style.css`"
    } else if name.split('/').any(|part| matches!(part, "." | ".."))
        || has_dot_segment(&format!("/{}", encode(name)))
        || has_dot_segment(&format!("/{name}"))
    {
        "a name must not have a segment `.` or `..`, even if it is percent-encoded; write the path below the directory"
    } else if name.chars().any(|c| c.is_control() || matches!(c, '%' | '\\' | ';' | '?' | '#')) {
        "a name must not have a control character or one of `%`, `\\`, `;`, `?` and `#`, because servers and proxies \
         interpret them differently; rename the file"
    } else {
        return Ok(());
    };
    Err(AssetError::new(name.escape_debug().to_string(), AssetErrorKind::InvalidName { reason }))
}

/// Returns the spelling of this path in URLs.
pub(super) fn encode(path: &str) -> Cow<'_, str> {
    utf8_percent_encode(path, &ESCAPED).into()
}

/// Normalizes the spelling of a path in a request. Returns `None` if it is not UTF-8.
pub(super) fn respell(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    Some(encode(&decoded).into_owned())
}

/// Adds a fingerprint to a path: `style.css` becomes `style.3f9a.css`. The extension remains at the end, because other
/// software depends on it.
pub(super) fn with_fingerprint(path: &str, fingerprint: &str) -> String {
    let (stem, extension) = split_extension(path);
    format!("{stem}.{fingerprint}{extension}")
}

/// Reverses [`with_fingerprint`] for a path that looks like its output.
pub(super) fn without_fingerprint(path: &str) -> Option<(String, &str)> {
    let (stem, extension) = split_extension(path);
    // A name without an extension has the fingerprint in the place of the extension.
    if let Some(fingerprint) = extension.strip_prefix('.').filter(|text| is_fingerprint(text)) {
        return Some((stem.to_owned(), fingerprint));
    }
    let (plain, fingerprint) = stem.rsplit_once('.')?;
    (is_fingerprint(fingerprint) && !plain.is_empty() && !plain.ends_with('/'))
        .then(|| (format!("{plain}{extension}"), fingerprint))
}

/// Returns the fingerprint in a query parameter such as `v=3f9a...`.
pub(super) fn query_fingerprint(parameter: &str) -> Option<&str> {
    parameter.strip_prefix("v=").filter(|version| is_fingerprint(version))
}

/// Splits a path at the last dot of its last segment. A dot at the start of the segment does not begin an extension.
fn split_extension(path: &str) -> (&str, &str) {
    let part = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[part..].rfind('.') {
        None | Some(0) => (path, ""),
        Some(dot) => path.split_at(part + dot),
    }
}

/// Returns the extension of a path, without the dot.
pub(super) fn extension(path: &str) -> &str {
    split_extension(path).1.trim_start_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_fingerprint_is_inserted_and_removed_again() {
        for (plain, versioned) in [
            ("style.css", format!("style.{FINGERPRINT}.css")),
            ("a/b.min.js", format!("a/b.min.{FINGERPRINT}.js")),
            ("LICENSE", format!("LICENSE.{FINGERPRINT}")),
            ("a.b/LICENSE", format!("a.b/LICENSE.{FINGERPRINT}")),
            (".hidden", format!(".hidden.{FINGERPRINT}")),
            ("caf%C3%A9.css", format!("caf%C3%A9.{FINGERPRINT}.css")),
        ] {
            assert_eq!(with_fingerprint(plain, FINGERPRINT), versioned);
            assert_eq!(without_fingerprint(&versioned), Some((plain.to_owned(), FINGERPRINT)), "{versioned}");
            assert_eq!(without_fingerprint(plain), None, "{plain}");
        }
        for path in ["", "style.0123.css", &format!("a/{FINGERPRINT}.css"), &format!("a/.{FINGERPRINT}.css")] {
            assert_eq!(without_fingerprint(path), None, "{path}");
        }
    }

    #[test]
    fn names_that_leave_the_directory_are_rejected() {
        for name in [
            "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\..\\b", "a\0b", "a;b", "a?b", "a#b",
            "a\nb", "%2e%2e/a", "a/..%2fb", "a%b", "a/ ./b", ". /b",
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["a", "a.css", "a/b.css", ".well-known/x", "café.css", "a b.css", "...", "a..b"] {
            assert!(check_name(name).is_ok(), "{name:?}");
        }
    }
}
