//! The strict mode: handlers return policies and never write cache fields.

use std::fmt;

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA};
use http::{HeaderName, HeaderValue, Method, Request, Response};

use crate::policy::Ruling;
use crate::protocol::edge_field_kind;

/// The longest value that a message shows, in characters.
const SHOWN: usize = 200;

/// The method and the path of a request, for a message. A query may contain a token.
#[derive(Debug)]
pub(super) struct RequestTarget {
    method: Method,
    path: String,
}

impl RequestTarget {
    /// Boxed, because the future of each request has room for it.
    pub(super) fn of<B>(request: &Request<B>) -> Box<Self> {
        Box::new(Self { method: request.method().clone(), path: request.uri().path().to_owned() })
    }
}

impl fmt::Display for RequestTarget {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Panics if the inner service wrote a cache field that no inner layer of this crate has decided.
pub(super) fn assert_no_fields_of_handler<B>(target: &RequestTarget, response: &Response<B>) {
    let headers = response.headers();
    let inner = response.extensions().get::<Ruling>();
    let is_undecided = |name: &HeaderName, value: &HeaderValue| match inner {
        None => true,
        // A service between the layers replaced the field.
        Some(inner) => *name == CACHE_CONTROL && inner.line().is_some_and(|line| line != value),
    };
    let is_of_handler = |(name, value): &(&HeaderName, &HeaderValue)| is_cache_field(name) && is_undecided(name, value);
    let Some((name, value)) = headers.iter().find(is_of_handler) else { return };
    let value: String = String::from_utf8_lossy(value.as_bytes()).chars().take(SHOWN).collect();
    panic!(
        "{target}: the handler set `{name}: {value}` itself; return a `CachePolicy` or `CacheTags` instead, or turn \
         `panic_on_handler_fields` off"
    );
}

fn is_cache_field(name: &HeaderName) -> bool {
    matches!(*name, CACHE_CONTROL | EXPIRES | PRAGMA) || edge_field_kind(name.as_str()).is_some()
}
