//! [`Exchange`]: a request and its response, in the form that an audit needs.

use http::header::{AUTHORIZATION, CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderName, StatusCode, request, response};

use super::after::Validation;
use super::key::CacheKey;
use crate::policy::Personalized;
use crate::protocol::{Age, CacheControl, HttpDate, Validators, Vary, stored_status};

#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) request: request::Parts,
    /// The status of the stored response: 200 for a 304.
    // N-06
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Empty if the response does not have `Cache-Control`.
    pub(super) control: CacheControl,
    pub(super) vary: Vary,
    pub(super) age: Age,
    pub(super) now: HttpDate,
    pub(super) marked_personal: bool,
}

impl Exchange {
    pub(super) fn new(request: &request::Parts, response: &response::Parts, now: HttpDate) -> Self {
        let marked = |extensions: &http::Extensions| extensions.get::<Personalized>().is_some();
        Self {
            request: request.clone(),
            status: stored_status(response.status),
            headers: response.headers.clone(),
            control: CacheControl::from_headers(&response.headers).unwrap_or_default(),
            vary: Vary::from_headers(&response.headers).unwrap_or_default(),
            age: Age::corrected_initial(&response.headers, now, now),
            now,
            marked_personal: marked(&request.extensions) || marked(&response.extensions),
        }
    }

    /// Returns the exchange for a cache that ignores `Cache-Control`.
    pub(super) fn without_cache_control(&self) -> Self {
        let mut exchange = self.clone();
        exchange.headers.remove(CACHE_CONTROL);
        exchange.control = CacheControl::default();
        exchange
    }

    pub(super) fn sets_cookie(&self) -> bool {
        self.headers.contains_key(SET_COOKIE)
    }

    pub(super) fn is_authorized(&self) -> bool {
        self.request.headers.contains_key(AUTHORIZATION)
    }

    pub(super) fn validation(&self) -> Validation {
        let validators = Validators::from_headers(&self.headers, self.now);
        match (validators.etag().is_some(), validators.last_modified().is_some()) {
            (true, true) => Validation::Both,
            (true, false) => Validation::EntityTag,
            (false, true) => Validation::LastModified,
            (false, false) => Validation::Nothing,
        }
    }

    /// Returns the fields that `Vary` names.
    pub(super) fn varies_on(&self) -> Vec<HeaderName> {
        self.vary.names().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
    }

    /// Returns the key of a cache that obeys `Vary`.
    pub(super) fn key(&self) -> CacheKey {
        CacheKey { fields: self.varies_on(), ignored: Vec::new(), any: self.vary.is_any(), query: Some(true) }
    }
}

impl PartialEq for Exchange {
    fn eq(&self, other: &Self) -> bool {
        (&self.request.method, &self.request.uri, &self.request.headers)
            == (&other.request.method, &other.request.uri, &other.request.headers)
            && (self.status, &self.headers, self.now, self.marked_personal)
                == (other.status, &other.headers, other.now, other.marked_personal)
    }
}
