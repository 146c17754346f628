//! Derives the media type of a file from its extension.
// G-19

use mime_guess::MimeGuess;

use super::path::extension;
use crate::protocol::is_page_type;

/// The media type that an extension implies.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpectedType {
    guess: MimeGuess,
    is_page: bool,
}

/// Extensions of pages. Some of them are in other tables, but not in [`mime_guess`].
const PAGES: [&str; 6] = ["htm", "html", "shtml", "xht", "xhtm", "xhtml"];

/// Returns whether a response is the fallback page of a service, although the path belongs to another kind of file.
pub(crate) fn is_fallback_page(path: &str, content_type: &[u8]) -> bool {
    !extension(path).is_empty() && ExpectedType::of(path).is_replaced_by(content_type)
}

/// The media types of scripts.
const SCRIPTS: [&str; 4] = ["text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript"];

impl ExpectedType {
    /// Returns the type for the extension of `path`, which is empty for an unregistered extension.
    pub(super) fn of(path: &str) -> Self {
        let extension = extension(path);
        Self {
            guess: mime_guess::from_ext(extension),
            is_page: PAGES.iter().any(|page| page.eq_ignore_ascii_case(extension)),
        }
    }

    /// Returns whether a response with this media type is a fallback page in place of another kind of file. Every other
    /// type is accepted, because servers use different names for the same media type.
    pub(super) fn is_replaced_by(self, content_type: &[u8]) -> bool {
        is_page_type(content_type) && !self.is_page()
    }

    /// Returns whether the file is a page, which is never `immutable`.
    // G-27
    pub(super) const fn is_page(self) -> bool {
        self.is_page
    }

    /// Returns whether the extension is known and does not belong to a page.
    pub(super) fn is_file(self) -> bool {
        !self.is_page && self.first().is_some()
    }

    /// Returns whether the file compresses well, so that it is useful as a dictionary.
    pub(super) fn is_text(self) -> bool {
        self.first().is_some_and(|known| {
            known.starts_with("text/")
                || known.ends_with("+xml")
                || known.ends_with("+json")
                || matches!(known, "application/json" | "application/wasm" | "application/xml")
                || SCRIPTS.contains(&known)
        })
    }

    /// Returns the value of `as` for a preload, which is a destination of the Fetch standard.
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
        self.guess.first_raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_html_page_counts_as_a_fallback_for_another_file() {
        for (path, content_type, replaced) in [
            ("a.css", "text/css", false),
            ("a.css", "text/plain", false),
            ("a.css", "text/html", true),
            ("a.css", "Text/HTML ; charset=utf-8", true),
            ("a.css", "application/xhtml+xml", true),
            ("a.js", "application/x-javascript", false),
            ("a.html", "text/html", false),
            ("a.HTM", "text/html", false),
            ("a.xht", "application/xhtml+xml", false),
            ("LICENSE", "text/plain", false),
            ("LICENSE", "text/html", true),
            ("a.unheard-of", "application/x-unheard-of", false),
            ("a.unheard-of", "text/html", true),
        ] {
            let expected = ExpectedType::of(path);
            assert_eq!(expected.is_replaced_by(content_type.as_bytes()), replaced, "{path} as {content_type}");
        }
    }

    #[test]
    fn each_preloaded_type_has_a_destination() {
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
