//! The request to a service.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

/// A path and the fields. All values are static, so that cloning the request has no cost.
#[derive(Clone)]
pub(crate) struct Question {
    uri: Uri,
    fields: HeaderMap,
}

impl Question {
    pub(crate) fn path(path: &str) -> Self {
        Self { uri: path.parse().unwrap(), fields: HeaderMap::new() }
    }

    /// The fields that Chromium sends for a page.
    pub(crate) fn of_browser() -> Self {
        const FIELDS: [(&str, &str); 15] = [
            ("host", "www.example.com"),
            ("connection", "keep-alive"),
            ("sec-ch-ua", "\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\""),
            ("sec-ch-ua-mobile", "?0"),
            ("sec-ch-ua-platform", "\"Linux\""),
            ("upgrade-insecure-requests", "1"),
            (
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            ),
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-user", "?1"),
            ("sec-fetch-dest", "document"),
            ("referer", "https://www.example.com/articles"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("accept-language", "en-US,en;q=0.9"),
        ];
        FIELDS
            .into_iter()
            .fold(Self::path("/"), |question, (name, value)| question.with(HeaderName::from_static(name), value))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.fields.insert(name, HeaderValue::from_static(value));
        self
    }

    pub(crate) fn request<B: Default>(&self) -> Request<B> {
        let mut request = Request::new(B::default());
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().clone_from(&self.fields);
        request
    }
}
