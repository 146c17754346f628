//! The [`assets`] that a page uses, and the [`nonces`] that it contains.

use std::collections::{BTreeSet, HashSet};

use html5gum::{StartTag, Token, Tokenizer};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY};
use url::Url;

use crate::error::CheckError;
use crate::exchange::Exchange;
use crate::input::bare;

/// The maximum length of a URL that is followed, in bytes. RFC 9110 section 4.1 recommends at least 8,000.
pub(crate) const MAX_URL: usize = 8_192;

/// The maximum length of a nonce in bytes, and the maximum number of nonces in one response.
const MAX_NONCE: usize = 256;
const MAX_NONCES: usize = 16;

/// The assets of a page that have the same origin, without duplicates, in the order of the page.
#[derive(Debug, Default)]
pub(crate) struct Assets {
    pub(crate) urls: Vec<Url>,
    /// The reason why some assets are missing.
    pub(crate) error: Option<CheckError>,
}

/// Returns the assets that the page uses, at most `most`.
pub(crate) fn assets(page: &Url, exchange: &Exchange, most: usize) -> Assets {
    match exchange.content() {
        Some(content) if most > 0 && exchange.has_media_type("text/html") => {
            let mut references = References::new(page, content.len(), most);
            for tag in start_tags(content) {
                if references.is_done() {
                    break;
                }
                references.add(&tag);
            }
            references.found
        }
        _ => Assets::default(),
    }
}

/// Returns the nonces of the Content Security Policy and of the elements of a response.
pub(crate) fn nonces(exchange: &Exchange) -> BTreeSet<Vec<u8>> {
    let mut found = policy_nonces(exchange);
    if let (Some(content), true) = (exchange.content(), exchange.has_media_type("text/html")) {
        for tag in start_tags(content) {
            if found.len() >= MAX_NONCES {
                break;
            }
            if let Some(nonce) = tag.attributes.get(&b"nonce"[..]) {
                add_nonce(&mut found, nonce);
            }
            if tag.name.as_slice() == b"meta"
                && let Some(policy) = tag.attributes.get(&b"content"[..])
            {
                add_nonces_of_policy(&mut found, policy);
            }
        }
    }
    found
}

/// Returns the nonces in the fields of a response.
pub(crate) fn policy_nonces(exchange: &Exchange) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for name in [CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY] {
        for line in exchange.fields().get_all(name) {
            add_nonces_of_policy(&mut found, line.as_bytes());
        }
    }
    found
}

fn add_nonces_of_policy(found: &mut BTreeSet<Vec<u8>>, policy: &[u8]) {
    const BEFORE: &[u8] = b"'nonce-";
    for word in policy.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b';' | b',')) {
        if let Some((before, nonce)) = word.split_at_checked(BEFORE.len())
            && before.eq_ignore_ascii_case(BEFORE)
        {
            add_nonce(found, nonce.strip_suffix(b"'").unwrap_or(nonce));
        }
    }
}

fn add_nonce(found: &mut BTreeSet<Vec<u8>>, nonce: &[u8]) {
    if !nonce.is_empty() && found.len() < MAX_NONCES {
        found.insert(nonce[..nonce.len().min(MAX_NONCE)].to_vec());
    }
}

fn start_tags(html: &[u8]) -> impl Iterator<Item = StartTag<()>> {
    Tokenizer::new(html).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) => Some(tag),
        _ => None,
    })
}

/// Collects references, with a limit on the work. Resolving a reference copies the base URL, so many short references
/// with a long base would take quadratic time.
#[derive(Debug)]
struct References<'a> {
    page: &'a Url,
    base: Option<Url>,
    most: usize,
    seen: HashSet<Url>,
    /// The number of bytes copied so far, and the limit.
    copied: usize,
    copied_at_most: usize,
    found: Assets,
}

impl<'a> References<'a> {
    fn new(page: &'a Url, html_bytes: usize, most: usize) -> Self {
        // For an ordinary page, the copies add up to a few times its length.
        let copied_at_most = html_bytes.saturating_mul(16).saturating_add(64 << 10);
        let found = Assets::default();
        Self { page, base: None, most, seen: HashSet::from([page.clone()]), copied: 0, copied_at_most, found }
    }

    fn is_done(&self) -> bool {
        self.found.urls.len() >= self.most || self.found.error.is_some()
    }

    fn add(&mut self, tag: &StartTag<()>) {
        let attribute = |name: &str| tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value));
        let reference = match tag.name.as_slice() {
            b"script" | b"img" => attribute("src"),
            b"link" if attribute("rel").is_some_and(|rel| is_asset(&rel)) => attribute("href"),
            b"base" if self.base.is_none() => {
                if let Some(href) = attribute("href") {
                    self.set_base(href.trim());
                }
                return;
            }
            _ => return,
        };
        let Some(reference) = reference else { return };
        let reference = reference.trim();
        // Longer URLs are usually `data:` URLs, which do not need a request.
        if reference.len() > MAX_URL {
            return;
        }
        let base = self.base.as_ref().unwrap_or(self.page);
        self.copied += base.as_str().len() + reference.len();
        if self.copied > self.copied_at_most {
            let reason = "it has too many references under too long a base URL";
            self.found.error = Some(CheckError::References { reason: reason.to_owned() });
            return;
        }
        let Some(url) = base.join(reference).ok().map(bare) else { return };
        if url.origin() == self.page.origin() && self.seen.insert(url.clone()) {
            self.found.urls.push(url);
        }
    }

    fn set_base(&mut self, href: &str) {
        if href.len() > MAX_URL {
            let reason = format!("`<base href>` has {} bytes, and {MAX_URL} are allowed", href.len());
            self.found.error = Some(CheckError::References { reason });
            return;
        }
        // An element without a usable `href` has no effect, and later elements are ignored too (HTML section 4.2.3).
        self.base = Some(self.page.join(href).unwrap_or_else(|_| self.page.clone()));
    }
}

fn is_asset(rel: &str) -> bool {
    let kinds = ["stylesheet", "icon", "modulepreload", "preload"];
    rel.split_ascii_whitespace().any(|word| kinds.iter().any(|kind| word.eq_ignore_ascii_case(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("https://example.com/a/b").unwrap()
    }

    fn references<'a>(page: &'a Url, html: &str, most: usize) -> References<'a> {
        let mut references = References::new(page, html.len(), most);
        for tag in start_tags(html.as_bytes()) {
            if references.is_done() {
                break;
            }
            references.add(&tag);
        }
        references
    }

    #[test]
    fn assets_are_the_scripts_styles_and_images_of_the_same_origin() {
        let html = r#"<base href="/c/"><!-- <img src=comment.png> -->
            <LINK REL="preload StyleSheet" HREF=one.css><link rel=next href=next><script src="/two.js?x=1&amp;y=2">
            </script><img src="three.png#part"><img src=three.png><img src="https://elsewhere.test/four.png">
            <img src="data:image/png;base64,AAAA"><img><img src="http://["><img src=five.png>"#;
        let page = page();
        let found: Vec<String> = references(&page, html, 4).found.urls.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "https://example.com/c/one.css",
                "https://example.com/two.js?x=1&y=2",
                "https://example.com/c/three.png",
                "https://example.com/c/five.png",
            ]
        );
        assert_eq!(references(&page, html, 2).found.urls.len(), 2);
    }

    #[test]
    fn only_the_first_base_with_a_href_counts() {
        let html = "<base target=_top><base href=/x/><base href=/y/><img src=a.png>";
        assert_eq!(references(&page(), html, 9).found.urls[0].path(), "/x/a.png");
    }

    #[test]
    fn the_work_for_a_page_grows_linearly_with_its_length() {
        let page = page();
        let long = |bytes| format!("/{}/", "d".repeat(bytes));
        let images = |count: usize| (0..count).map(|n| format!("<img src={n}.png>")).collect::<String>();
        for (name, html) in [
            ("a base of 1 MiB and many references", format!("<base href={}>{}", long(1 << 20), images(100_000))),
            ("the longest base and many references", format!("<base href={}>{}", long(8_000), images(100_000))),
            ("one reference many times", format!("<base href={}>{}", long(8_000), "<img src=a>".repeat(100_000))),
            ("many references of other origins", "<img src=//x.test/a>".repeat(100_000)),
            ("references of 1 MiB", format!("<img src={}>", long(1 << 20)).repeat(8)),
            ("deep nesting", format!("{}{}", "<div>".repeat(100_000), images(10))),
            ("many attributes", format!("<img {}src=a>", (0..100_000).map(|n| format!("a{n} ")).collect::<String>())),
        ] {
            let references = references(&page, &html, 10_000);
            let bound = 16 * html.len() + (80 << 10);
            assert!(references.copied <= bound, "{name}: {} bytes for {}", references.copied, html.len());
        }
    }

    #[test]
    fn a_page_whose_assets_cannot_all_be_resolved_is_reported() {
        let page = page();
        let base = format!("<base href=/{}/><img src=a>", "d".repeat(1 << 20));
        let error = references(&page, &base, 9).found.error.unwrap();
        assert_eq!(
            error.to_string(),
            "not all assets of the page were found: `<base href>` has 1048578 bytes, and 8192 are allowed"
        );
        let many = format!("<base href=/{}/>{}", "d".repeat(8_000), "<img src=a>".repeat(10_000));
        assert!(references(&page, &many, 9).found.error.is_some());
        let ordinary = format!("<base href=/{}/>{}", "d".repeat(60), "<link rel=icon href=icon.svg>".repeat(10_000));
        assert_eq!(references(&page, &ordinary, 9).found.error, None);
    }

    #[test]
    fn nonces_are_read_from_a_policy() {
        for (policy, expected) in [
            ("script-src 'self' 'nonce-abc' 'NONCE-d/f=='; object-src 'none'", &["abc", "d/f=="][..]),
            ("script-src 'nonce-a','nonce-b'", &["a", "b"]),
            ("script-src 'sha256-abc' nonce-x 'nonce-'", &[]),
        ] {
            let mut found = BTreeSet::new();
            add_nonces_of_policy(&mut found, policy.as_bytes());
            let expected: BTreeSet<Vec<u8>> = expected.iter().map(|nonce| nonce.as_bytes().to_vec()).collect();
            assert_eq!(found, expected, "{policy}");
        }
    }
}
