//! [`CloudFront`].

use std::fmt::{self, Write};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::error::PurgeError;
use crate::identifier::identifier;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::reply::{MAX_BODY, unreadable};
use crate::request::{
    PurgeRequest, bare, batches_of, path_and_query, refuse_in_tags, refuse_soft, refuse_star, refuse_uncarried, signed,
    tags, with,
};
use crate::signer::Signer;

const NAME: &str = "CloudFront";
/// The maximum number of paths and tags in progress for a distribution, which also limits one request.
const MAX_ITEMS: usize = 3_000;
/// The maximum length of a path, in characters.
const MAX_PATH: usize = 4_000;
/// Codes of temporary errors with a 4xx status.
const PASSING: [&str; 4] =
    ["TooManyInvalidationsInProgress", "Throttling", "ThrottlingException", "RequestLimitExceeded"];

/// CloudFront: `POST /2020-05-31/distribution/{distribution}/invalidation`, with tags written as
/// `#tag`.
///
/// The host of a URL is ignored: a distribution has one cache for all of its names. Tags need a `CacheTagConfig` in the
/// distribution. Requests are signed with Signature Version 4 for the service `cloudfront` in the region `us-east-1`,
/// regardless of the region that serves the content.
#[derive(Clone)]
pub struct CloudFront<R, S> {
    base: Base,
    distribution: String,
    references: R,
    signer: S,
}

impl<R: Fn() -> String, S: Signer> CloudFront<R, S> {
    /// Creates the API for one distribution, with two functions. The first function returns a new caller reference for
    /// each request, such as a UUID or a time in nanoseconds: CloudFront ignores an invalidation whose reference it has
    /// seen before. The second function is the signer: a closure, or [`Unsigned`](crate::Unsigned) if the client that
    /// sends the requests signs them.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(distribution_id: impl Into<String>, references: R, signer: S) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://cloudfront.amazonaws.com");
        Ok(Self { base, distribution: identifier("distribution id", distribution_id)?, references, signer })
    }

    /// Sets the URL of the API, instead of `https://cloudfront.amazonaws.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }

    fn request(&self, items: &[&str]) -> Result<PurgeRequest, PurgeError> {
        let url = self.base.join(format_args!("/2020-05-31/distribution/{}/invalidation", self.distribution));
        let reference = identifier("caller reference", (self.references)())?;
        let mut request = with(bare(Method::POST, &url)?, CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        *request.body_mut() = Bytes::from(invalidation_batch(&reference, items));
        signed(NAME, &self.signer, request)
    }
}

impl<R: Fn() -> String, S: Signer> PurgeApi for CloudFront<R, S> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::CLOUDFRONT.with_tags(Some(EdgeProfile::CLOUDFRONT_TAGS)), purge)?;
        refuse_soft(NAME, purge)?;
        refuse_in_tags(NAME, purge, |c| c == '*', "has a '*', which is a wildcard at this cache")?;
        if purge.is_everything() {
            return Ok(vec![self.request(&["/*"])?]);
        }
        let mut items: Vec<String> = tags(purge).map(|tag| format!("#{tag}")).collect();
        for url in purge.urls() {
            refuse_star(url)?;
            let path = path_and_query(url);
            if path.len() > MAX_PATH {
                return Err(PurgeError::url(url, "has a path of more than 4000 characters: purge by tag"));
            }
            items.push(path.to_owned());
        }
        batches_of(MAX_ITEMS, items.iter().map(String::as_str)).iter().map(|batch| self.request(batch)).collect()
    }

    /// The document of a success is an `Invalidation`. If too many invalidations are in progress, the response is a 400
    /// that can be retried.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        let body = response.body().get(..MAX_BODY).unwrap_or(response.body());
        let body = String::from_utf8_lossy(body);
        match PurgeFailure::unless_success(NAME, response) {
            Ok(_) if body.contains("<ErrorResponse") || !body.contains("<Invalidation") => {
                Err(unreadable(NAME, response, "has no Invalidation"))
            }
            Ok(outcome) => Ok(outcome),
            Err(failure) => {
                let code = element(&body, "Code");
                let is_passing = code.is_some_and(|code| PASSING.contains(&code));
                let message = match (code, element(&body, "Message")) {
                    (Some(code), Some(message)) => Some(format!("{code} {message}")),
                    (code, message) => code.or(message).map(str::to_owned),
                };
                let failure = failure.with_message(message.as_deref(), []);
                Err(if is_passing { failure.retryable() } else { failure })
            }
        }
    }

    fn renew(&self, request: &Request<Bytes>) -> Result<PurgeRequest, PurgeError> {
        signed(NAME, &self.signer, request.clone())
    }
}

impl<R, S> fmt::Debug for CloudFront<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CloudFront");
        shown.field("base", &self.base).field("distribution", &self.distribution).finish_non_exhaustive()
    }
}

fn invalidation_batch(reference: &str, items: &[&str]) -> String {
    let mut xml = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    xml.push_str(r#"<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">"#);
    let mut write = |text: fmt::Arguments<'_>| xml.write_fmt(text).expect("a String takes any text");
    write(format_args!("<CallerReference>{reference}</CallerReference><Paths><Items>"));
    for item in items {
        let item = item.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        write(format_args!("<Path>{item}</Path>"));
    }
    write(format_args!("</Items><Quantity>{}</Quantity></Paths></InvalidationBatch>", items.len()));
    xml
}

/// Returns the text of the first element with this name. It is used only in error messages.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0)
}
