//! [`Nginx`].

use http::Method;

use super::api::PurgeApi;
use super::base::Base;
use super::error::PurgeError;
use super::parts::{PurgeRequest, purge_method, refuse_everything, refuse_soft, refuse_star, refuse_tags, to_cache};
use super::value::Purge;

/// nginx with `proxy_cache_purge`: that of the commercial version, or the module
/// `ngx_cache_purge`. Plain nginx cannot purge. Several instances are several values.
///
/// A URL is purged by `PURGE` at its own path, with its host in `Host`: by `proxy_cache_purge
/// $purge_method` with a `map` in the commercial version, by `proxy_cache_purge PURGE from
/// 127.0.0.1` in the module. The purge request has to come to the same cache key as the GET did.
///
/// Version 2.3 of the module crashes nginx 1.22 by `PURGE`. With a [`location`](Self::location) of
/// its own it worked there in one set-up and crashed in another: try it before you rely on it.
#[derive(Clone, Debug)]
pub struct Nginx {
    base: Base,
    location: Option<String>,
}

impl Nginx {
    /// One instance, such as `http://10.0.0.7`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        Ok(Self { base: Base::new(url)?, location: None })
    }

    /// Purges by GET under a location of its own: `/purge` for the module's `location ~
    /// /purge(/.*)` with `proxy_cache_purge zone $1$is_args$args`. A GET that changes something
    /// must be allowed to no stranger.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`] when it is no path.
    pub fn location(self, path: &str) -> Result<Self, PurgeError> {
        if !path.starts_with('/') {
            let reason = "is no location: write a path that begins with a slash";
            return Err(PurgeError::InvalidUrl { url: path.to_owned(), reason });
        }
        Base::new(&format!("http://localhost{path}"))?;
        Ok(Self { location: Some(path.trim_end_matches('/').to_owned()), ..self })
    }
}

impl PurgeApi for Nginx {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_soft("nginx", purge)?;
        refuse_tags("nginx", purge)?;
        refuse_everything("nginx", "purge each URL by `Purge::url`, or remove the files of the cache", purge)?;
        let (method, prefix) = match &self.location {
            Some(location) => (Method::GET, location.as_str()),
            None => (purge_method(), ""),
        };
        let requests = purge.urls().iter().map(|url| {
            refuse_star(url)?;
            to_cache(&self.base, method.clone(), prefix, url)
        });
        requests.collect()
    }
}
