//! [`Client`]: sends one request and reads one response, bounded in time and length.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, HeaderValue};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use reqwest::redirect::Policy;
use tower_cache_policy::protocol::HttpDate;
use url::{Origin, Url};

use crate::arguments::Arguments;
use crate::error::{CheckError, innermost};
use crate::exchange::{Content, Exchange};
use crate::pacing::Pacing;

/// Sends one request and reads one response, with limits for time and length. Does not decode content codings or follow
/// redirects.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    headers: HeaderMap,
    pacing: Pacing,
    seconds: u64,
    max_body: usize,
}

/// The differences between a request and the plain request, which is a GET whose content is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes<'a> {
    pub(crate) method: &'a Method,
    pub(crate) set: &'a [(HeaderName, HeaderValue)],
    /// A user field that is omitted.
    pub(crate) without: Option<&'a HeaderName>,
    pub(crate) read: Read,
}

impl Default for Changes<'_> {
    fn default() -> Self {
        Self { method: &Method::GET, set: &[], without: None, read: Read::Content }
    }
}

/// The part of a response that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Fields,
    Content,
}

impl Client {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, String> {
        // An error means that a provider is already installed.
        _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("cache-check/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(Duration::from_secs(arguments.timeout))
            .build()
            .map_err(|error| format!("cannot create an HTTP client: {}", innermost(&error)))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &arguments.headers {
            headers.append(name, value.clone());
        }
        let pacing = Pacing::new(Duration::from_secs(arguments.max_wait));
        Ok(Self { http, headers, pacing, seconds: arguments.timeout, max_body: arguments.max_body })
    }

    /// Returns whether the user fields contain this field.
    pub(crate) fn sends(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name)
    }

    /// Requests `url`. User fields are sent only to `home`. If the site requests a pause with 429 or 503, the client
    /// repeats the request after the pause, as often as [`Pacing`] allows.
    pub(crate) async fn request(&self, url: &Url, home: &Origin, changes: Changes<'_>) -> Result<Exchange, CheckError> {
        let origin = url.origin();
        loop {
            self.pacing.wait(&origin).await?;
            let exchange = self.send(url, home, changes).await?;
            let closes = match exchange.status() {
                StatusCode::TOO_MANY_REQUESTS => true,
                StatusCode::SERVICE_UNAVAILABLE => false,
                _ => return Ok(exchange),
            };
            match exchange.retry_after() {
                Some(seconds) if self.pacing.pause(&origin, seconds, closes) => {}
                _ => return Ok(exchange),
            }
        }
    }

    async fn send(&self, url: &Url, home: &Origin, changes: Changes<'_>) -> Result<Exchange, CheckError> {
        let mut headers = if url.origin() == *home { self.headers.clone() } else { HeaderMap::new() };
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        if let Some(name) = changes.without {
            headers.remove(name);
        }
        for (name, value) in changes.set {
            headers.insert(name, value.clone());
        }
        let mut request = Request::builder().method(changes.method).uri(url.as_str());
        if let Some(all) = request.headers_mut() {
            *all = headers.clone();
        }
        let request = request.body(()).map_err(|error| CheckError::Url { reason: error.to_string() })?;
        let (request, ()) = request.into_parts();

        let failed = |error: &reqwest::Error| CheckError::of(error, self.seconds);
        let sent = self.http.request(changes.method.clone(), url.clone()).headers(headers).send();
        let mut received = sent.await.map_err(|error| failed(&error))?;
        let at = now();
        let (mut response, ()) = Response::new(()).into_parts();
        response.status = received.status();
        response.version = received.version();
        response.headers = std::mem::take(received.headers_mut());
        let mut exchange = Exchange { request, response, content: Content::NotRead, at };
        let is_page = !exchange.is_redirect() && !exchange.is_live_stream() && exchange.obstacle().is_none();
        if changes.read == Read::Content && is_page {
            exchange.content = match self.content(received).await {
                Ok(Some(bytes)) => Content::Complete(bytes),
                Ok(None) => Content::Incomplete(CheckError::ContentTooLong { limit: self.max_body }),
                Err(error) => Content::Incomplete(failed(&error)),
            };
        }
        Ok(exchange)
    }

    /// Returns `None` if the content is longer than allowed. The rest is then not read.
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
