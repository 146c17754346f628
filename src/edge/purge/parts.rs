//! What requests of all APIs are made of.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde_json::Value;

use super::base::Base;
use super::credential::Credential;
use super::error::PurgeError;
use super::signer::Signer;
use super::value::Purge;
use crate::edge::{EdgeProfile, Edges};
use crate::policy::CacheTag;

pub(super) type PurgeRequest = Request<Full<Bytes>>;

/// The method that caches know for it, if they know any.
pub(super) fn purge_method() -> Method {
    method(b"PURGE")
}

/// A method of ours.
pub(super) fn method(name: &[u8]) -> Method {
    Method::from_bytes(name).expect("the name is a token")
}

/// A request without a body.
pub(super) fn bare(method: Method, url: String) -> Result<PurgeRequest, PurgeError> {
    let Ok(uri) = Uri::try_from(url.as_str()) else {
        return Err(PurgeError::InvalidUrl { url, reason: "is too long for a request: purge by tag" });
    };
    let mut request = PurgeRequest::default();
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    Ok(request)
}

/// A request with a JSON document.
pub(super) fn json(method: Method, url: String, document: &Value) -> Result<PurgeRequest, PurgeError> {
    let mut request = of_json(bare(method, url)?);
    *request.body_mut() = Full::from(document.to_string());
    Ok(request)
}

/// The request with the fields of one that has a JSON document.
pub(super) fn of_json(request: PurgeRequest) -> PurgeRequest {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    with(with(request, CONTENT_TYPE, JSON), ACCEPT, JSON)
}

/// The request with this body, signed.
pub(super) fn signed(
    api: &'static str,
    signer: &impl Signer,
    request: PurgeRequest,
    body: Bytes,
) -> Result<PurgeRequest, PurgeError> {
    let (mut head, _) = request.into_parts();
    match signer.sign(&mut head, &body) {
        Ok(()) => Ok(PurgeRequest::from_parts(head, Full::new(body))),
        Err(error) => Err(PurgeError::Other { api, reason: error.to_string() }),
    }
}

/// A request with a JSON document and a bearer token.
pub(super) fn bearer_post(url: String, token: &Credential, document: &Value) -> Result<PurgeRequest, PurgeError> {
    let request = json(Method::POST, url, document)?;
    Ok(with(request, AUTHORIZATION, token.bearer()))
}

/// The request and one field more.
pub(super) fn with(mut request: PurgeRequest, name: HeaderName, value: HeaderValue) -> PurgeRequest {
    request.headers_mut().insert(name, value);
    request
}

/// A request to one cache, where the URL is stored under its host and not under that of the cache.
pub(super) fn to_cache(cache: &Base, method: Method, prefix: &str, url: &Uri) -> Result<PurgeRequest, PurgeError> {
    let request = bare(method, cache.join(format_args!("{prefix}{}", path_and_query(url))))?;
    let host = HeaderValue::from_str(authority(url)).expect("the authority of a purge is of ASCII");
    Ok(with(request, HOST, host))
}

/// The host, and the port if it has one.
pub(super) fn authority(url: &Uri) -> &str {
    url.authority().map_or("", |authority| authority.as_str())
}

/// The path, and the query if it has one.
pub(super) fn path_and_query(url: &Uri) -> &str {
    url.path_and_query().map_or("/", |path| path.as_str())
}

/// Fails for the softness that an API has not.
pub(super) fn refuse_soft(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if !purge.is_soft() {
        return Ok(());
    }
    Err(PurgeError::Unsupported { api, what: "soft purge", remedy: "give it `Purge::hard`" })
}

/// Fails for the URLs that an API has not.
pub(super) fn refuse_urls(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if purge.urls().is_empty() {
        return Ok(());
    }
    let remedy = "tag the answers, and purge by `Purge::tags`";
    Err(PurgeError::Unsupported { api, what: "purge by URL", remedy })
}

/// Fails for the tags that an API has not.
pub(super) fn refuse_tags(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if purge.cache_tags().is_empty() {
        return Ok(());
    }
    let remedy = "purge each URL by `Purge::url`, or keep lifetimes at this cache short";
    Err(PurgeError::Unsupported { api, what: "purge by tag", remedy })
}

/// Fails for everything at an API that has it not.
pub(super) fn refuse_everything(api: &'static str, remedy: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if !purge.is_everything() {
        return Ok(());
    }
    Err(PurgeError::Unsupported { api, what: "purge of everything", remedy })
}

/// What to do where tags are all there is.
pub(super) const ONE_TAG_FOR_ALL: &str = "give all answers one tag, and purge by that";

/// Fails for a star, which stands for anything at some APIs.
pub(super) fn refuse_star(url: &Uri) -> Result<(), PurgeError> {
    if !path_and_query(url).contains('*') {
        return Ok(());
    }
    let reason = "has a '*', which this cache takes for anything: write %2A if it was stored so, or purge by tag";
    Err(PurgeError::InvalidUrl { url: url.to_string(), reason })
}

/// The tags, as text. Fails for a tag that the edge cannot carry, and by which it has stored nothing.
pub(super) fn tags<'a>(
    edge: EdgeProfile,
    purge: &'a Purge,
) -> Result<impl Iterator<Item = &'a str> + use<'a>, PurgeError> {
    let check = Edges::from(edge).check_tags(purge.cache_tags());
    check.map_err(|error| PurgeError::UnsupportedTag { error })?;
    Ok(purge.cache_tags().iter().map(CacheTag::as_str))
}

/// The URLs, as text.
pub(super) fn urls(purge: &Purge) -> Vec<String> {
    purge.urls().iter().map(Uri::to_string).collect()
}

/// The items in batches of at most so many, and of at most so many octets, when each takes
/// `around` more than its own. An item that is longer is a batch by itself.
pub(super) fn batches<'a>(
    items: impl IntoIterator<Item = &'a str>,
    most: usize,
    octets: usize,
    around: usize,
) -> Vec<Vec<&'a str>> {
    let mut batches: Vec<Vec<&str>> = Vec::new();
    let mut filled = 0;
    for item in items {
        let length = item.len() + around;
        match batches.last_mut() {
            Some(batch) if batch.len() < most && filled + length <= octets => {
                filled += length;
                batch.push(item);
            }
            _ => {
                filled = length;
                batches.push(vec![item]);
            }
        }
    }
    batches
}

/// The items in batches of at most so many.
pub(super) fn batches_of<'a>(most: usize, items: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    batches(items, most, usize::MAX, 0)
}
