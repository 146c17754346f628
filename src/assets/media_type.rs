//! Which content types an extension may be served as (G-19).

use mime_guess::MimeGuess;

use super::path::extension;
use crate::protocol::is_page_type;

/// What the extension of a path says of its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpectedType(MimeGuess);

/// Whether an answer is the page that a service falls back to for a path that says that it is
/// something else.
pub(crate) fn is_fallback_page(path: &str, content_type: &[u8]) -> bool {
    !extension(path).is_empty() && is_page_type(content_type) && !ExpectedType::of(path).is_page()
}

/// What stands for the same content, beside what the table of types says.
const SCRIPTS: [&str; 4] = ["text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript"];

impl ExpectedType {
    /// By the extension of `path`. Nothing is known of an extension that is not registered.
    pub(super) fn of(path: &str) -> Self {
        Self(mime_guess::from_ext(extension(path)))
    }

    /// Whether an answer of this media type can be the file. Pages are told apart from all
    /// else: they are what a service falls back to.
    pub(super) fn allows(self, content_type: &[u8]) -> bool {
        let essence = essence(content_type);
        let is = |media_type: &&str| media_type.as_bytes().eq_ignore_ascii_case(essence);
        if self.0.is_empty() {
            return !essence.is_empty() && !is_page_type(essence);
        }
        let is_script = self.0.iter_raw().any(|known| SCRIPTS.contains(&known));
        self.0.iter_raw().any(|known| is(&known))
            || is(&"application/octet-stream")
            || (is_script && SCRIPTS.iter().any(is))
    }

    /// A page, which is never `immutable` (G-27).
    pub(super) fn is_page(self) -> bool {
        self.0.iter_raw().any(|known| is_page_type(known.as_bytes()))
    }

    /// What compresses well, and so is of use as a dictionary.
    pub(super) fn is_text(self) -> bool {
        self.first().is_some_and(|known| {
            known.starts_with("text/")
                || known.ends_with("+xml")
                || known.ends_with("+json")
                || matches!(known, "application/json" | "application/wasm" | "application/xml")
                || SCRIPTS.contains(&known)
        })
    }

    /// The `as` of a preload (the Fetch standard's destinations), where there is one.
    pub(super) fn destination(self) -> Option<&'static str> {
        let known = self.first()?;
        let kind = known.split('/').next().unwrap_or_default();
        Some(match (kind, known) {
            (_, "text/css") => "style",
            _ if SCRIPTS.contains(&known) => "script",
            (_, "text/vtt") => "track",
            ("font", _)
            | (_, "application/font-woff" | "application/x-font-woff" | "application/vnd.ms-fontobject") => "font",
            ("image", _) => "image",
            ("audio", _) => "audio",
            ("video", _) => "video",
            _ => "fetch",
        })
    }

    pub(super) fn first(self) -> Option<&'static str> {
        self.0.first_raw()
    }
}

fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_no_stylesheet_and_a_script_has_many_names() {
        for (path, content_type, allowed) in [
            ("a.css", "text/css", true),
            ("a.css", "Text/CSS; charset=utf-8", true),
            ("a.css", "text/html", false),
            ("a.css", "text/plain", false),
            ("a.js", "text/javascript", true),
            ("a.js", "application/javascript", true),
            ("a.mjs", "text/javascript", true),
            ("a.js", "text/html; charset=utf-8", false),
            ("a.html", "text/html", true),
            ("a.woff2", "font/woff2", true),
            ("a.png", "application/octet-stream", true),
            ("LICENSE", "text/plain", true),
            ("LICENSE", "application/octet-stream", true),
            ("LICENSE", "text/html", false),
            ("a.unheard-of", "text/html", false),
            ("a.css", "", false),
        ] {
            assert_eq!(ExpectedType::of(path).allows(content_type.as_bytes()), allowed, "{path} as {content_type}");
        }
    }

    #[test]
    fn what_is_preloaded_has_a_destination() {
        for (path, destination) in [
            ("a.css", Some("style")),
            ("a.js", Some("script")),
            ("a.mjs", Some("script")),
            ("a.woff2", Some("font")),
            ("a.svg", Some("image")),
            ("a.mp4", Some("video")),
            ("a.json", Some("fetch")),
            ("LICENSE", None),
        ] {
            assert_eq!(ExpectedType::of(path).destination(), destination, "{path}");
        }
    }
}
