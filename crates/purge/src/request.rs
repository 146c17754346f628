//! Builds requests.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::Value;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::edge::{EdgeProfile, Edges};
use tower_cache_policy::policy::CacheTag;

use crate::base::Base;
use crate::credential::Credential;
use crate::error::PurgeError;
use crate::signer::Signer;
use crate::text::{bounded, without_query};

pub(crate) type PurgeRequest = Request<Bytes>;

/// Returns the method `PURGE`, which caches commonly use.
pub(crate) fn purge_method() -> Method {
    method(b"PURGE")
}

/// Returns a method that the crate `http` does not define.
pub(crate) fn method(name: &[u8]) -> Method {
    Method::from_bytes(name).expect("the name is a token")
}

/// Creates a request without a body.
pub(crate) fn bare(method: Method, url: &str) -> Result<PurgeRequest, PurgeError> {
    let Ok(uri) = Uri::try_from(url) else {
        let reason = "is too long for a request: purge by tag";
        return Err(PurgeError::InvalidUrl { url: bounded(without_query(url)), reason });
    };
    let mut request = PurgeRequest::default();
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    Ok(request)
}

/// Creates a request with a JSON document.
pub(crate) fn json(method: Method, url: &str, document: &Value) -> Result<PurgeRequest, PurgeError> {
    let mut request = with_json_fields(bare(method, url)?);
    *request.body_mut() = Bytes::from(document.to_string());
    Ok(request)
}

/// Adds the fields of a request with a JSON document.
pub(crate) fn with_json_fields(request: PurgeRequest) -> PurgeRequest {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    with(with(request, CONTENT_TYPE, JSON), ACCEPT, JSON)
}

/// Returns the signed request.
pub(crate) fn signed(
    api: &'static str,
    signer: &impl Signer,
    request: PurgeRequest,
) -> Result<PurgeRequest, PurgeError> {
    let (mut head, body) = request.into_parts();
    match signer.sign(&mut head, &body) {
        Ok(()) => Ok(PurgeRequest::from_parts(head, body)),
        Err(error) => Err(PurgeError::Other { api, reason: bounded(&error.to_string()) }),
    }
}

/// Creates a request with a JSON document and a bearer token.
pub(crate) fn bearer_post(url: &str, token: &Credential, document: &Value) -> Result<PurgeRequest, PurgeError> {
    let request = json(Method::POST, url, document)?;
    Ok(with(request, AUTHORIZATION, token.bearer()))
}

/// Adds a field to the request.
pub(crate) fn with(mut request: PurgeRequest, name: HeaderName, value: HeaderValue) -> PurgeRequest {
    request.headers_mut().insert(name, value);
    request
}

/// Creates a request to one cache. Its `Host` is that of the URL, and not that of the cache.
pub(crate) fn to_cache(cache: &Base, method: Method, prefix: &str, url: &Uri) -> Result<PurgeRequest, PurgeError> {
    let request = bare(method, &cache.join(format_args!("{prefix}{}", path_and_query(url))))?;
    let host = HeaderValue::from_str(authority(url)).expect("the authority of a purge is ASCII");
    Ok(with(request, HOST, host))
}

/// Returns the host, and the port if there is one.
pub(crate) fn authority(url: &Uri) -> &str {
    url.authority().map_or("", |authority| authority.as_str())
}

/// Returns the path, and the query if there is one.
pub(crate) fn path_and_query(url: &Uri) -> &str {
    url.path_and_query().map_or("/", |path| path.as_str())
}

/// Rejects a soft purge.
pub(crate) fn refuse_soft(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if !purge.is_soft() {
        return Ok(());
    }
    Err(PurgeError::Unsupported { api, what: "soft purge", remedy: "use `Purge::hard`" })
}

/// Rejects URLs.
pub(crate) fn refuse_urls(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if purge.urls().is_empty() {
        return Ok(());
    }
    let remedy = "tag the responses, and purge them with `Purge::tags`";
    Err(PurgeError::Unsupported { api, what: "purge by URL", remedy })
}

/// Rejects tags.
pub(crate) fn refuse_tags(api: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if purge.cache_tags().is_empty() {
        return Ok(());
    }
    let remedy = "purge each URL with `Purge::url`, or use short lifetimes at this cache";
    Err(PurgeError::Unsupported { api, what: "purge by tag", remedy })
}

/// Rejects a purge of everything.
pub(crate) fn refuse_everything(api: &'static str, remedy: &'static str, purge: &Purge) -> Result<(), PurgeError> {
    if !purge.is_everything() {
        return Ok(());
    }
    Err(PurgeError::Unsupported { api, what: "purge of everything", remedy })
}

/// Returns the remedy for an API that purges only by tag.
pub(crate) const ONE_TAG_FOR_ALL: &str = "give all responses the same tag, and purge by that tag";

/// Rejects an asterisk in a URL, which is a wildcard in some APIs.
pub(crate) fn refuse_star(url: &Uri) -> Result<(), PurgeError> {
    if !path_and_query(url).contains('*') {
        return Ok(());
    }
    let reason =
        "has a '*', which is a wildcard at this cache: write %2A if the URL was stored in this form, or purge by tag";
    Err(PurgeError::url(url, reason))
}

/// Rejects a tag that the edge does not accept. The edge has not stored any response with such a tag.
pub(crate) fn refuse_uncarried(edge: EdgeProfile, purge: &Purge) -> Result<(), PurgeError> {
    Edges::from(edge).check_tags(purge.cache_tags()).map_err(|error| PurgeError::UnsupportedTag { error })
}

/// Rejects a tag with one of these characters, which the API would not treat as part of the tag.
pub(crate) fn refuse_in_tags(
    api: &'static str,
    purge: &Purge,
    is_refused: impl Fn(char) -> bool,
    reason: &'static str,
) -> Result<(), PurgeError> {
    match tags(purge).find(|tag| tag.contains(&is_refused)) {
        None => Ok(()),
        Some(tag) => Err(PurgeError::InvalidTag { api, tag: bounded(tag), reason }),
    }
}

/// Returns the tags as strings.
pub(crate) fn tags(purge: &Purge) -> impl Iterator<Item = &str> {
    purge.cache_tags().iter().map(CacheTag::as_str)
}

/// Returns the URLs as strings.
pub(crate) fn urls(purge: &Purge) -> Vec<String> {
    purge.urls().iter().map(Uri::to_string).collect()
}

/// Splits the items into batches of at most `max_items` items and `max_bytes` bytes, where each item needs `around`
/// additional bytes. An item that is longer than that becomes its own batch.
pub(crate) fn batches<'a>(
    items: impl IntoIterator<Item = &'a str>,
    max_items: usize,
    max_bytes: usize,
    around: usize,
) -> Vec<Vec<&'a str>> {
    let mut batches: Vec<Vec<&str>> = Vec::new();
    let mut filled = 0;
    for item in items {
        let length = item.len() + around;
        match batches.last_mut() {
            Some(batch) if batch.len() < max_items && filled + length <= max_bytes => {
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

/// Splits the items into batches of at most `max_items`.
pub(crate) fn batches_of<'a>(max_items: usize, items: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    batches(items, max_items, usize::MAX, 0)
}
