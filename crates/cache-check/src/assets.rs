//! What a page takes along: its scripts, styles and images.

use html5gum::{Token, Tokenizer};
use http::header::CONTENT_TYPE;
use url::Url;

use super::exchange::Exchange;
use super::target::bare;

/// The assets of a page from its own origin, at most `most`, in the order of the page and each
/// once.
pub(crate) fn of(page: &Url, exchange: &Exchange, most: usize) -> Vec<Url> {
    let is_html = exchange
        .fields()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html")));
    match exchange.content() {
        Some(content) if is_html => in_html(page, content, most),
        _ => Vec::new(),
    }
}

fn in_html(page: &Url, html: &[u8], most: usize) -> Vec<Url> {
    let (mut base, mut has_base, mut found) = (page.clone(), false, Vec::<Url>::new());
    for Ok(token) in Tokenizer::new(html) {
        if found.len() >= most {
            break;
        }
        let Token::StartTag(tag) = token else { continue };
        let attribute = |name: &str| tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value));
        let reference = match tag.name.as_slice() {
            b"script" | b"img" => attribute("src"),
            b"link" if attribute("rel").is_some_and(|rel| is_asset(&rel)) => attribute("href"),
            b"base" if !has_base => {
                has_base = true;
                base = attribute("href").and_then(|href| page.join(&href).ok()).unwrap_or(base);
                None
            }
            _ => None,
        };
        let Some(url) = reference.and_then(|reference| base.join(reference.trim()).ok()).map(bare) else { continue };
        if url.origin() == page.origin() && url != *page && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

fn is_asset(rel: &str) -> bool {
    let kinds = ["stylesheet", "icon", "modulepreload", "preload"];
    rel.split_ascii_whitespace().any(|word| kinds.iter().any(|kind| word.eq_ignore_ascii_case(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_along_its_own_scripts_styles_and_images() {
        let page = Url::parse("https://example.com/a/b").unwrap();
        let html = br#"<base href="/c/"><!-- <img src=comment.png> -->
            <LINK REL="preload StyleSheet" HREF=one.css><link rel=next href=next><script src="/two.js?x=1&amp;y=2">
            </script><img src="three.png#part"><img src=three.png><img src="https://elsewhere.test/four.png">
            <img src="data:image/png;base64,AAAA"><img><img src="http://["><img src=five.png>"#;
        let found: Vec<String> = in_html(&page, html, 4).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "https://example.com/c/one.css",
                "https://example.com/two.js?x=1&y=2",
                "https://example.com/c/three.png",
                "https://example.com/c/five.png",
            ]
        );
        assert_eq!(in_html(&page, html, 2).len(), 2);
    }
}
