//! How much is kept, whatever is asked for.

/// The last requests.
pub(super) const MAX_REQUESTS: usize = 200;

/// Routes with counters of their own. Those that come later share one row.
pub(super) const MAX_ROUTES: usize = 256;

/// Different warnings. Those that come later are counted only.
pub(super) const MAX_WARNINGS: usize = 100;

/// Lengths of answers, by which a 304 tells what it saved.
pub(super) const MAX_LENGTHS: usize = 1_024;

/// Event streams at a time.
pub(super) const MAX_LISTENERS: usize = 32;

/// Octets of a path, a pattern or a field's value.
pub(super) const MAX_TEXT: usize = 300;

/// A text that a request or an answer chose: what is not UTF-8 is replaced, and what is too long
/// is cut.
pub(super) fn bounded(text: &[u8]) -> String {
    let cut = String::from_utf8_lossy(&text[..text.len().min(MAX_TEXT)]).into_owned();
    if text.len() > MAX_TEXT { cut + "…" } else { cut }
}
