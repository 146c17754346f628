//! [`Nginx`].

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use tower_cache_policy::edge::purge::Purge;

use super::variants::Variants;
use crate::api::PurgeApi;
use crate::base::Base;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::request::{PurgeRequest, purge_method, refuse_everything, refuse_soft, refuse_star, refuse_tags, to_cache};

const NAME: &str = "nginx";

/// nginx with `proxy_cache_purge`, which is part of the commercial version or of the module `ngx_cache_purge`. nginx
/// without it cannot purge. Use one value for each instance.
///
/// A URL is purged with `PURGE` at its own path, with its host in `Host`. Configure `proxy_cache_purge $purge_method`
/// with a `map` in the commercial version, or `proxy_cache_purge PURGE from 127.0.0.1` in the module. The purge request
/// must have the same cache key as the GET. Send it over HTTP/1.1, because an HTTP/2 request does not have a `Host`
/// that differs from the authority of the URL.
///
/// With version 2.3 of the module, `PURGE` crashes nginx 1.22. With a separate [`location`](Self::location), it worked
/// in one setup and crashed in another: test it before you rely on it. Without such a module, `PURGE` reaches the
/// application. Therefore, only a response that nginx itself wrote is a success: do not replace its pages for the
/// statuses 404 and 412 with `error_page` where URLs are purged.
///
/// # Variants
///
/// nginx stores a response with `Vary` once for each value of the request fields that it names, compared byte for byte.
/// A purge removes one of these variants, and nginx serves the others again when it has stored that one again.
/// Therefore, the cache key must distinguish the variants, instead of `Vary`. This configuration stores one response
/// for each content coding, regardless of the exact field value:
///
/// ```nginx
/// map $http_accept_encoding $coding { default ""; ~\bbr\b br; ~\bgzip\b gzip; }
///
/// location / {
///     proxy_set_header Accept-Encoding $coding;
///     proxy_ignore_headers Vary;
///     proxy_cache_key $host$request_uri$coding;
/// }
/// location ~ ^/purge(?<page>/.*) {  # A name, because `map` overwrites $1.
///     proxy_cache_purge edge $host$page$is_args$args$coding;
/// }
/// ```
///
/// Each other field that the application names in `Vary`, for example `Accept-Language`, must be part of the key in the
/// same way: without `Vary`, only the key distinguishes the variants. The purge lists the values:
///
/// ```
/// use http::{HeaderValue, header::ACCEPT_ENCODING};
/// use tower_cache_policy_purge::{Nginx, Purge, PurgeApi};
///
/// let codings = ["br", "gzip"].map(HeaderValue::from_static);
/// let nginx = Nginx::new("http://10.0.0.7")?.location("/purge")?.variants(&ACCEPT_ENCODING, codings)?;
///
/// // Without `Accept-Encoding`, with `br`, and with `gzip`.
/// assert_eq!(nginx.requests(&Purge::url("https://example.com/")?)?.len(), 3);
/// # Ok::<_, tower_cache_policy_purge::PurgeError>(())
/// ```
///
/// If nginx compresses the responses (`gzip on`), `proxy_set_header Accept-Encoding ""` and `proxy_ignore_headers Vary`
/// store one response for all content codings, and the purge does not need a list.
#[derive(Clone, Debug)]
pub struct Nginx {
    base: Base,
    location: Option<String>,
    variants: Variants,
}

impl Nginx {
    /// Creates the API for one instance, such as `http://10.0.0.7`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, location: None, variants: Variants::default() })
    }

    /// Purges with a GET to a separate location: `/purge` for the module's `location ~ /purge(/.*)` with
    /// `proxy_cache_purge zone $1$is_args$args`. Allow only your own machines to send this request, because this GET is
    /// not safe. If nginx does not have such a location and serves files itself, its 404 looks like the response for a
    /// URL that is not stored. Check once that the purge of a stored URL is
    /// [counted as purged](crate::PurgeReport::purged).
    ///
    /// # Errors
    ///
    /// Returns [`PurgeError::InvalidUrl`] if it is not a path.
    pub fn location(self, path: &str) -> Result<Self, PurgeError> {
        let not_a_path = "is not a location: write a path that begins with a slash";
        if !path.starts_with('/') {
            return Err(PurgeError::InvalidUrl { url: "***".to_owned(), reason: not_a_path });
        }
        Base::new(&format!("http://localhost{path}"))?;
        Ok(Self { location: Some(path.trim_end_matches('/').to_owned()), ..self })
    }

    /// Repeats the purge of each URL with each of these values of a request field, and without the
    /// field. The field must be [part of the cache key](Self#variants). Several calls combine their
    /// fields.
    ///
    /// # Errors
    ///
    /// Returns [`PurgeError::Other`] if there are more than 64 combinations, or for `Host`.
    pub fn variants(
        self,
        field: &HeaderName,
        values: impl IntoIterator<Item = HeaderValue>,
    ) -> Result<Self, PurgeError> {
        Ok(Self { variants: self.variants.and(NAME, field, values)?, ..self })
    }
}

impl PurgeApi for Nginx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft(NAME, purge)?;
        refuse_tags(NAME, purge)?;
        refuse_everything(NAME, "purge each URL with `Purge::url`, or remove the files of the cache", purge)?;
        let (method, prefix) = match &self.location {
            Some(location) => (Method::GET, location.as_str()),
            None => (purge_method(), ""),
        };
        let mut requests = Vec::new();
        for url in purge.urls() {
            refuse_star(url)?;
            requests.extend(self.variants.of(&to_cache(&self.base, method.clone(), prefix, url)?));
        }
        Ok(requests)
    }

    /// The response must be one of nginx itself, because `PURGE` may have reached the application. A success has the
    /// page of the module, or no body. For a URL that is not stored, the commercial version and new versions of the
    /// module return nginx's page for the status 404, and other versions of the module the one for 412.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        let of_application = || {
            Err(PurgeFailure::from_response(NAME, response).with_reason(
                "the body is not from nginx, so the request may have reached the application: check \
                 `proxy_cache_purge`, and that no `error_page` applies there",
            ))
        };
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED if is_own_error_page(response) => {
                Ok(PurgeOutcome::NotStored)
            }
            StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED => of_application(),
            status if status.is_success() && !is_of_module(response.body()) => of_application(),
            _ => PurgeFailure::unless_success(NAME, response),
        }
    }
}

/// The number of bytes of a page that are compared. The pages of nginx and of the module are shorter, except for the key.
const COMPARED: usize = 1024;

/// Returns whether the body is the error page that nginx, or a server derived from it, writes for the status.
fn is_own_error_page(response: &Response<Bytes>) -> bool {
    let page = start_of(response.body());
    page.contains(&format!("<center><h1>{} ", response.status().as_u16())) && page.contains("<hr><center>")
}

/// Returns whether the body is one that the module sends after a purge: a page, JSON, XML or text with the key. The
/// commercial version sends no body.
fn is_of_module(body: &[u8]) -> bool {
    let body = start_of(body);
    let begins = ["{\"Key\":", "Key:"].iter().any(|start| body.starts_with(start));
    let contains = ["<h1>Successful purge</h1>", "<h1>Cache Purge</h1>", "<status><Key>"];
    body.is_empty() || begins || contains.iter().any(|text| body.contains(text))
}

fn start_of(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.get(..COMPARED).unwrap_or(body))
}
