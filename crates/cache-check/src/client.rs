//! [`Client`]: sends one request and reads one answer, bounded in time and length.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, HeaderValue};
use http::{HeaderMap, HeaderName, Method, Request, Response};
use reqwest::redirect::Policy;
use tower_cache_policy::protocol::HttpDate;
use url::{Origin, Url};

use super::arguments::Arguments;
use super::exchange::{Content, Exchange};
use super::trouble::{Trouble, innermost};

/// Sends one request and reads one answer, bounded in time and length. It decodes no content
/// coding and follows no redirect.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    headers: HeaderMap,
    seconds: u64,
    max_body: usize,
}

/// How much of an answer is worth reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Head,
    Whole,
}

impl Client {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, String> {
        // Err means that there is one already, which serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("cache-check/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(Duration::from_secs(arguments.timeout))
            .build()
            .map_err(|error| format!("no HTTP client: {}", innermost(&error)))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &arguments.headers {
            headers.append(name, value.clone());
        }
        Ok(Self { http, headers, seconds: arguments.timeout, max_body: arguments.max_body })
    }

    /// Asks for `url`. The user's own fields go along only `home`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &Url,
        home: &Origin,
        fields: &[(HeaderName, HeaderValue)],
        read: Read,
    ) -> Result<Exchange, Trouble> {
        let mut headers = if url.origin() == *home { self.headers.clone() } else { HeaderMap::new() };
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        for (name, value) in fields {
            headers.insert(name, value.clone());
        }
        let mut request = Request::builder().method(method.clone()).uri(url.as_str());
        if let Some(all) = request.headers_mut() {
            *all = headers.clone();
        }
        let (request, ()) = request.body(()).map_err(|error| Trouble::Url { why: error.to_string() })?.into_parts();

        let trouble = |error: &reqwest::Error| Trouble::of(error, self.seconds);
        let sent = self.http.request(method, url.clone()).headers(headers).send();
        let mut received = sent.await.map_err(|error| trouble(&error))?;
        let at = now();
        let (mut answer, ()) = Response::new(()).into_parts();
        answer.status = received.status();
        answer.version = received.version();
        answer.headers = std::mem::take(received.headers_mut());
        let content = match read {
            Read::Head => Content::Unread,
            Read::Whole => match self.content(received).await {
                Ok(Some(bytes)) => Content::Whole(bytes),
                Ok(None) => Content::Unfinished(Trouble::Endless { limit: self.max_body }),
                Err(error) => Content::Unfinished(trouble(&error)),
            },
        };
        Ok(Exchange { request, answer, content, at })
    }

    /// `None` where it is longer than allowed; the rest is not fetched.
    async fn content(&self, mut received: reqwest::Response) -> Result<Option<Bytes>, reqwest::Error> {
        let mut content = BytesMut::new();
        while let Some(chunk) = received.chunk().await? {
            if content.len() + chunk.len() > self.max_body {
                return Ok(None);
            }
            content.extend_from_slice(&chunk);
        }
        Ok(Some(content.freeze()))
    }
}

fn now() -> HttpDate {
    #[allow(clippy::disallowed_methods)] // A program reads the clock itself.
    let time = SystemTime::now();
    HttpDate::from_system_time(time).unwrap_or(HttpDate::UNIX_EPOCH)
}
