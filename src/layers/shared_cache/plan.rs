//! [`Plan`]: how the cache handles a request.

use http::{HeaderMap, HeaderValue, Method, Request};
use http_body::Body;

use super::config::Config;
use crate::edge::{CacheStatusReport, ForwardReason};
use crate::layers::bypass::is_tunnel;
use crate::policy::{Guard, Personalized, target_as_sent};
use crate::protocol::{RequestCacheControl, members};
use crate::store::{KeyBuffer, KeyParts, KeyRef};

/// The action of the cache for a request.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// Passes it through, and the response too.
    Through,
    /// Passes it through. An unsafe method may invalidate stored responses.
    OtherMethod,
    /// Passes it through, because its response must not come from the cache or get into it.
    Bypass(&'static str),
    /// Looks up a stored response.
    LookUp(KeyRef<'a>, Signs),
}

/// The fields of a request that change what the cache may do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signs {
    pub(super) is_head: bool,
    pub(super) has_cookie: bool,
    pub(super) has_range: bool,
    /// A condition that a cache evaluates.
    pub(super) is_conditional: bool,
    has_control: bool,
}

/// The directives of a request that have an effect. They do not prevent the use of a fresh stored response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Directives {
    /// `no-store`: the response must not be stored.
    pub(super) no_store: bool,
    /// `only-if-cached`: the inner service must not be called.
    pub(super) only_if_cached: bool,
}

impl Signs {
    /// The directives of the request.
    pub(super) fn directives(&self, request: &HeaderMap) -> Directives {
        if !self.has_control {
            return Directives::default();
        }
        let control = RequestCacheControl::from_headers(request).unwrap_or_default();
        Directives { no_store: control.no_store(), only_if_cached: control.only_if_cached() }
    }

    /// Whether the complete response can be stored.
    pub(super) const fn may_fill(&self, directives: Directives) -> bool {
        !self.is_head && !self.has_range && !directives.no_store
    }
}

impl<'a> Plan<'a> {
    pub(super) fn of<B: Body>(config: &Config, space: u32, request: &Request<B>, buffer: &'a mut KeyBuffer) -> Self {
        let method = request.method();
        if !config.enabled || config.development || is_tunnel(method) {
            return Self::Through;
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Self::OtherMethod;
        }
        let mut signs = Signs { is_head: *method == Method::HEAD, ..Signs::default() };
        let mut host = None;
        for (name, value) in request.headers() {
            match name.as_str() {
                "host" if host.is_some() => return Self::Bypass("host"),
                "host" => host = Some(value),
                "cookie" => signs.has_cookie = true,
                "range" => signs.has_range = true,
                "if-none-match" | "if-modified-since" => signs.is_conditional = true,
                // Only the origin server can evaluate these (RFC 9111 section 4.3.2).
                "if-match" | "if-unmodified-since" | "if" => return Self::Bypass("precondition"),
                "authorization" if config.accepts(Guard::Authorization) => {}
                "authorization" | "proxy-authorization" => return Self::Bypass("credentials"),
                "cache-control" => signs.has_control = true,
                "upgrade" | "expect" => return Self::Bypass("upgrade"),
                "connection" if names_other_fields(value) => return Self::Bypass("connection"),
                // The handler may read a content, which is not part of the key.
                "transfer-encoding" => return Self::Bypass("content"),
                "content-length" if value != "0" => return Self::Bypass("content"),
                // The handler may use another method.
                "x-http-method" | "x-http-method-override" | "x-method-override" => {
                    return Self::Bypass("method-override");
                }
                _ if config.rules.credentials.contains(name) => return Self::Bypass("credentials"),
                _ => {}
            }
        }
        if !request.body().is_end_stream() {
            return Self::Bypass("content");
        }
        if request.extensions().get::<Personalized>().is_some() {
            return Self::Bypass("personalized");
        }
        if config.rules.distrusts(request.headers()) {
            return Self::Bypass("unkeyed-field");
        }
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let host = match (host.map(HeaderValue::as_bytes), authority) {
            (Some(host), Some(authority)) if !authority.eq_ignore_ascii_case(host) => return Self::Bypass("host"),
            (host, authority) => host.or(authority).unwrap_or_default(),
        };
        let Some(target) = target_as_sent(request) else { return Self::Bypass("path") };
        let scheme = request.uri().scheme_str().unwrap_or_default();
        let inner = request.uri().path_and_query().filter(|inner| !std::ptr::eq(*inner, target) && *inner != target);
        match config.keys.key(KeyParts { space, scheme, host, target, inner }, buffer) {
            Some(key) => Self::LookUp(key, signs),
            None => Self::Bypass("key"),
        }
    }

    /// The report about a request that is passed through.
    pub(super) const fn bypass(detail: &'static str) -> CacheStatusReport {
        CacheStatusReport::forwarded(ForwardReason::Bypass).with_detail(detail)
    }
}

/// Whether a line of `Connection` names fields that a proxy must remove before it forwards the request, other than
/// those of the connection (RFC 9110 section 7.6.1).
///
/// The response then does not depend on these fields, although the request has them. Stored under their values, it
/// would be served to clients whose requests are forwarded with the same values.
// K-03, S-02
fn names_other_fields(line: &HeaderValue) -> bool {
    const OF_CONNECTION: [&[u8]; 9] = [
        b"close",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    ];
    members([line]).any(|option| !OF_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(option)))
}
