//! [`CloudFront`].

use std::fmt::{self, Write};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::api::PurgeApi;
use super::base::Base;
use super::checks::identifier;
use super::error::PurgeError;
use super::parts::{PurgeRequest, bare, batches_of, path_and_query, refuse_soft, refuse_star, signed, tags, with};
use super::signer::Signer;
use super::value::Purge;
use crate::edge::EdgeProfile;

/// Paths and tags of a distribution that may be in progress at once, and so in one request.
const MOST: usize = 3_000;
/// The longest path, in characters.
const MAX_PATH: usize = 4_000;

/// CloudFront: `POST /2020-05-31/distribution/{distribution}/invalidation`, with tags written as
/// `#tag`.
///
/// The host of a URL does not count: a distribution has one cache for all of its names. Tags need
/// a `CacheTagConfig` in the distribution. Requests are signed by Signature Version 4 for the
/// service `cloudfront` in the region `us-east-1`, whatever region serves.
#[derive(Clone)]
pub struct CloudFront<R, S> {
    base: Base,
    distribution: String,
    references: R,
    signer: S,
}

impl<R: Fn() -> String, S: Signer> CloudFront<R, S> {
    /// One distribution; what makes a new caller reference for each request, a UUID or a time in
    /// nanoseconds, because a purge with a reference that was used before is not done again; and
    /// what signs: a closure, or [`Unsigned`](super::Unsigned) where the client that sends does.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidId`].
    pub fn new(distribution_id: impl Into<String>, references: R, signer: S) -> Result<Self, PurgeError> {
        let base = Base::of_vendor("https://cloudfront.amazonaws.com");
        Ok(Self { base, distribution: identifier("distribution id", distribution_id)?, references, signer })
    }

    /// Where the API is, instead of `https://cloudfront.amazonaws.com`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn base_url(self, url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, ..self })
    }

    fn request(&self, items: &[&str]) -> Result<PurgeRequest, PurgeError> {
        let url = self.base.join(format_args!("/2020-05-31/distribution/{}/invalidation", self.distribution));
        let body = Bytes::from(invalidation_batch(&identifier("caller reference", (self.references)())?, items));
        let request = with(bare(Method::POST, url)?, CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        signed("CloudFront", &self.signer, request, body)
    }
}

impl<R: Fn() -> String, S: Signer> PurgeApi for CloudFront<R, S> {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("CloudFront", purge)?;
        if purge.is_everything() {
            return Ok(vec![self.request(&["/*"])?]);
        }
        let edge = EdgeProfile::CLOUDFRONT.with_tags(Some(EdgeProfile::CLOUDFRONT_TAGS));
        let mut items: Vec<String> = tags(edge, purge)?.map(|tag| format!("#{tag}")).collect();
        for url in purge.urls() {
            refuse_star(url)?;
            let path = path_and_query(url);
            if path.len() > MAX_PATH {
                let reason = "has a path of more than 4000 characters: purge by tag";
                return Err(PurgeError::InvalidUrl { url: url.to_string(), reason });
            }
            items.push(path.to_owned());
        }
        batches_of(MOST, items.iter().map(String::as_str)).iter().map(|batch| self.request(batch)).collect()
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
        // `>` and quotes mean nothing in text after that.
        write(format_args!("<Path>{}</Path>", item.replace('&', "&amp;").replace('<', "&lt;")));
    }
    write(format_args!("</Items><Quantity>{}</Quantity></Paths></InvalidationBatch>", items.len()));
    xml
}
