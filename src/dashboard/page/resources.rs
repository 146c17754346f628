//! The style and the script, which stand in the document itself.

pub(super) const STYLE: &str = include_str!("style.css");

pub(super) const SCRIPT: &str = include_str!("script.js");

/// Nothing is loaded and nothing runs but these two, which are named by their SHA-256. A test
/// tells when they change.
pub(in crate::dashboard) const CONTENT_SECURITY_POLICY: &str = concat!(
    "default-src 'none'; ",
    "style-src 'sha256-pLwEG6PWLVu6ZUh/e5JqY2itnPcuKU1kKCzfIeD7dt8='; ",
    "script-src 'sha256-X7h+R4i9x9IOpbd4ZgocoitK3+R0DaMgMX4aRpu27cQ='; ",
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
