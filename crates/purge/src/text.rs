//! Limits and redacts external texts before they become part of an error.

/// The maximum length of an external text in an error, in characters.
const MAX_CHARS: usize = 200;

/// Returns the start of the text, in one line: control characters are replaced by spaces.
pub(crate) fn bounded(text: &str) -> String {
    let printable = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let mut start: String = text.chars().take(MAX_CHARS).map(printable).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        start.push_str("...");
    }
    start
}

/// Returns the URL up to its query or fragment.
pub(crate) fn without_query(url: &str) -> &str {
    url.find(['?', '#']).map_or(url, |at| &url[..at])
}

/// Returns the text with `***` in place of each secret.
pub(crate) fn without_secrets<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    // The longest secret is replaced first, because one may be part of another.
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_bounded_line_without_secrets() {
        assert_eq!(bounded("a\r\nb\u{2028}c"), "a  b c");
        assert_eq!(bounded(&"ä".repeat(200)), "ä".repeat(200));
        assert_eq!(bounded(&"ä".repeat(201)), format!("{}...", "ä".repeat(200)));
        assert_eq!(without_query("https://a/b?c#d"), "https://a/b");
        assert_eq!(without_secrets("Basic abc, abc, ab", ["ab", "", "abc"]), "Basic ***, ***, ***");
    }
}
