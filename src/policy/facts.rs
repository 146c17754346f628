//! [`RequestFacts`] and [`Facts`]: everything that a decision depends on, collected in one walk over
//! the fields of each side.

use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

use crate::protocol::{edge_field_kind, is_grpc_type, is_live_stream_type, is_never_stored, is_page_type};

/// Marks a request or an answer as personal: a session or authentication layer puts
/// it into the extensions of either when it has read, refreshed or merely probed a
/// session.
///
/// An answer so marked is kept by no shared cache (G-03) and gets no generated
/// entity tag unless that is keyed (G-16).
///
/// ```
/// use tower_cache_policy::policy::Personalized;
///
/// let mut response = http::Response::new(());
/// response.extensions_mut().insert(Personalized);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // A mark, written as such.
pub struct Personalized;

/// A set of facts about a request and its response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(u32);

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[repr(u8)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Bit { $($name,)* }

        impl Facts {
            $($(#[$doc])* pub(crate) const $name: Self = Self(1 << Bit::$name as u8);)*
        }
    };
}

facts! {
    /// The method is not GET or HEAD.
    OTHER_METHOD,
    /// The request carries credentials.
    AUTHORIZED,
    /// The request or the response is marked as [`Personalized`].
    PERSONALIZED,
    /// The request has a field that changes responses and is in no cache's key.
    UNKEYED_INPUT,
    /// The request is a POST that claims to be gRPC.
    GRPC_REQUEST,
    /// The request has a precondition.
    CONDITIONAL,
    /// The request asks for a range.
    RANGE,

    /// The response has a `Cache-Control` line.
    CACHE_CONTROL,
    /// The response has several `Cache-Control` lines.
    SEVERAL_LINES,
    /// The response has `Expires` or `Pragma`.
    HTTP10,
    SET_COOKIE,
    VARY,
    /// `Vary` has a member that is `*` or cannot be read.
    VARY_ANY,
    /// The response may be read by one origin, which it names.
    ONE_ORIGIN,
    /// The response may be read with credentials.
    CREDENTIALS_ALLOWED,
    /// One origin may read the response with credentials.
    CREDENTIALED_ORIGIN,
    /// The response has a field for edges: one for freshness, or one for tags.
    EDGE_FIELD,
    GRPC_RESPONSE,
    TYPED,
    /// The content is a page.
    PAGE,
    LIVE_STREAM,
    ETAG,

    /// The status must not be stored.
    NEVER_STORED,
    ERROR,
    REDIRECT,
    /// A success for which no policy is made, such as 204.
    OTHER_SUCCESS,
    /// A 304 that does not tell the type of the content that it stands for.
    UNTYPED_NOT_MODIFIED,
}

impl Facts {
    pub(crate) const NONE: Self = Self(0);

    /// The facts about a request that give a guard a reason.
    pub(super) const OF_REQUEST: Self = Self::AUTHORIZED.and(Self::PERSONALIZED).and(Self::UNKEYED_INPUT);

    /// Collects the facts of a response in one walk. `own_names` are fields for edges beside those that
    /// are known to everybody.
    pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, own_names: [&[HeaderName]; 2]) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.response_walks += 1);
        let mut found = Self::of_status(status);
        for (name, value) in headers {
            // A comparison of texts by their length first, which is faster than one of names.
            found.insert(match name.as_str() {
                "cache-control" if found.has(Self::CACHE_CONTROL) => Self::SEVERAL_LINES,
                "cache-control" => Self::CACHE_CONTROL,
                // The content type counts by its first line, as for every layer.
                "content-type" if !found.has(Self::TYPED) => Self::of_content_type(value),
                "set-cookie" => Self::SET_COOKIE,
                "vary" => Self::VARY,
                "etag" => Self::ETAG,
                "expires" | "pragma" => Self::HTTP10,
                "access-control-allow-origin" if value != "*" => Self::ONE_ORIGIN,
                "access-control-allow-credentials" => Self::CREDENTIALS_ALLOWED,
                "date" | "content-length" | "last-modified" => Self::NONE,
                other if edge_field_kind(other).is_some() => Self::EDGE_FIELD,
                _ if own_names.iter().any(|own| !own.is_empty() && own.contains(name)) => Self::EDGE_FIELD,
                _ => Self::NONE,
            });
        }
        if found.has(Self::ONE_ORIGIN) && found.has(Self::CREDENTIALS_ALLOWED) {
            found.insert(Self::CREDENTIALED_ORIGIN);
        }
        if status == StatusCode::NOT_MODIFIED && !found.has(Self::TYPED) {
            found.insert(Self::UNTYPED_NOT_MODIFIED);
        }
        found
    }

    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200 | 203 | 206 | 304 => Self::NONE,
            400.. if is_never_stored(status) => Self::ERROR.and(Self::NEVER_STORED),
            400.. => Self::ERROR,
            300..=399 => Self::REDIRECT,
            _ => Self::OTHER_SUCCESS,
        }
    }

    fn of_content_type(content_type: &HeaderValue) -> Self {
        // The first letter tells nearly all types from these.
        Self::TYPED.and(match content_type.as_bytes().first() {
            Some(b'a' | b'A') if is_grpc_type(content_type) => Self::GRPC_RESPONSE,
            Some(b't' | b'T' | b'm' | b'M') if is_live_stream_type(content_type) => Self::LIVE_STREAM,
            Some(b'a' | b'A' | b't' | b'T' | b' ' | b'\t') if is_page_type(content_type.as_bytes()) => Self::PAGE,
            _ => Self::NONE,
        })
    }

    /// Whether one of these is among the facts.
    pub(crate) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) const fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Adds a fact that is asked for apart.
    pub(crate) const fn set_if(&mut self, fact: Self, condition: bool) {
        if condition {
            self.0 |= fact.0;
        }
    }
}

/// The facts of a request, kept until its response comes. In the extensions of a request they save the
/// layers further in a walk, and tell them that an outer layer wants to know the
/// [`Ruling`](super::Ruling).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts {
    pub(super) facts: Facts,
    lines: u16,
    pub(super) ruling_is_wanted: bool,
}

impl RequestFacts {
    /// Collects the facts in one walk, unless an outer layer of this crate did so and they still hold.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let mut found = Self::left_in(request).unwrap_or_else(|| Self {
            facts: Facts::of_request(request),
            lines: count(request.headers()),
            ruling_is_wanted: false,
        });
        found.ruling_is_wanted = request.extensions().get::<Self>().is_some();
        found.facts.set_if(Facts::PERSONALIZED, request.extensions().get::<Personalized>().is_some());
        found
    }

    /// What an outer layer of this crate left in a request, where it still holds.
    pub(crate) fn left_in<B>(request: &Request<B>) -> Option<Self> {
        request.extensions().get::<Self>().copied().filter(|known| known.still_holds_for(request))
    }

    /// Whether the request has as many field lines as when the facts were collected, and no credentials
    /// that were not seen: a layer in between may have put them in the place of another field.
    fn still_holds_for<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        self.lines == count(headers)
            && !is_other_method(request.method())
            // Only a read may go by facts that another layer collected: a write that is let through by
            // mistake cannot be taken back.
            && !self.facts.has(Facts::OTHER_METHOD)
            && (self.facts.has(Facts::AUTHORIZED)
                || !(headers.contains_key(AUTHORIZATION) || headers.contains_key(PROXY_AUTHORIZATION)))
    }

    /// The same, for a layer that reads the ruling itself.
    pub(crate) const fn wanting_the_ruling(self) -> Self {
        Self { ruling_is_wanted: true, ..self }
    }

    /// Leaves them for the layers further in.
    pub(crate) fn leave_in<B>(self, request: &mut Request<B>) {
        request.extensions_mut().insert(self);
    }

    pub(crate) const fn has(self, any: Facts) -> bool {
        self.facts.has(any)
    }

    /// Whether the method is GET or HEAD, for which policies are made (M-05).
    pub(crate) const fn is_get_or_head(self) -> bool {
        !self.facts.has(Facts::OTHER_METHOD)
    }
}

impl Facts {
    fn of_request<B>(request: &Request<B>) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.request_walks += 1);
        let mut found = Self::NONE;
        found.set_if(Self::OTHER_METHOD, is_other_method(request.method()));
        let mut has_type = false;
        for (name, value) in request.headers() {
            found.insert(match name.as_str() {
                "authorization" | "proxy-authorization" => Self::AUTHORIZED,
                "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since" | "if-range" | "if" => {
                    Self::CONDITIONAL
                }
                "range" => Self::RANGE,
                // A call of gRPC is always a POST (Q-01): any other method that claims to be one is not. The
                // first line counts, as for every layer.
                "content-type" if !std::mem::replace(&mut has_type, true) => {
                    let is_call = *request.method() == Method::POST && is_grpc_type(value);
                    if is_call { Self::GRPC_REQUEST } else { Self::NONE }
                }
                _ => Self::NONE,
            });
        }
        found
    }
}

fn is_other_method(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// More lines than this are no field lines of a request that anybody sent.
fn count(headers: &HeaderMap) -> u16 {
    u16::try_from(headers.len()).unwrap_or(u16::MAX)
}
