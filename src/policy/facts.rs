//! [`RequestFacts`] and [`Facts`]: everything that a decision depends on, collected in one walk over
//! the fields of each side.

use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, DATE, ETAG, EXPIRES,
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LINK, PRAGMA,
    PROXY_AUTHORIZATION, REFERRER_POLICY, SERVER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

use crate::protocol::{edge_field_kind, is_grpc_type, is_live_stream_type, is_never_stored, is_page_type};

/// Marks a request or a response as made for one user.
///
/// A session or authentication layer inserts it into the extensions when it reads, refreshes or checks a session.
/// Shared caches then do not store the response, and it gets a generated entity tag only if tags are
/// [keyed](crate::layers::entity_tag).
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

            /// The names of the facts, in the order of their bits.
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];
            pub(super) const COUNT: usize = Self::NAMES.len();
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
    /// The request has a field that changes responses and is missing from cache keys.
    UNKEYED_INPUT,
    /// The request is a POST that claims to be gRPC.
    GRPC_REQUEST,
    /// The request has a precondition. The `If` of WebDAV does not count, which is for unsafe methods.
    CONDITIONAL,

    /// The response has a `Cache-Control` line.
    CACHE_CONTROL,
    /// The response has several `Cache-Control` lines.
    SEVERAL_LINES,
    /// The response has `Expires` or `Pragma`.
    HTTP10,
    SET_COOKIE,
    CLEAR_SITE_DATA,
    VARY,
    /// `Vary` has a member that is `*` or cannot be read.
    VARY_ANY,
    /// The response names the one origin that may read it.
    ONE_ORIGIN,
    /// The response may be read with credentials.
    CREDENTIALS_ALLOWED,
    /// One origin may read the response with credentials.
    CREDENTIALED_ORIGIN,
    /// The response has a field for edge caches, for freshness or for tags.
    EDGE_FIELD,
    GRPC_RESPONSE,
    TYPED,
    /// The content is a page.
    PAGE,
    LIVE_STREAM,

    /// The status must not be stored.
    NEVER_STORED,
    ERROR,
    REDIRECT,
    /// A successful status to which policies do not apply, such as 204.
    OTHER_SUCCESS,
    /// A 304 without a `Content-Type`.
    UNTYPED_NOT_MODIFIED,
}

impl Facts {
    pub(crate) const NONE: Self = Self(0);

    #[cfg(feature = "shared-cache")]
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[cfg(feature = "shared-cache")]
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The facts that a guard acts on, or that decide the precedence of directives. Without one of them, a policy or the
    /// response's own field applies unchanged, except that a page is never `immutable`.
    pub(super) const DISPUTING: Self = {
        let mut undisputing = Self::CONDITIONAL.and(Self::CACHE_CONTROL).and(Self::TYPED).and(Self::PAGE);
        undisputing = undisputing.and(Self::VARY).and(Self::ONE_ORIGIN).and(Self::CREDENTIALS_ALLOWED);
        Self(!undisputing.0)
    };

    /// The facts about a request that can trigger a guard.
    pub(super) const OF_REQUEST: Self = Self::AUTHORIZED.and(Self::PERSONALIZED).and(Self::UNKEYED_INPUT);

    /// Collects the facts of a response in one walk. `own_names` are fields for edge caches that only custom profiles
    /// know.
    #[inline(always)]
    pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, own_names: [&[HeaderName]; 2]) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.response_walks += 1);
        let has_own_names = own_names.iter().any(|own| !own.is_empty());
        let mut found = Self::of_status(status);
        for (name, value) in headers {
            found.insert(match *name {
                CACHE_CONTROL if found.has(Self::CACHE_CONTROL) => Self::SEVERAL_LINES,
                CACHE_CONTROL => Self::CACHE_CONTROL,
                // Every layer uses the first line of `Content-Type`.
                CONTENT_TYPE if !found.has(Self::TYPED) => Self::of_content_type(value),
                SET_COOKIE => Self::SET_COOKIE,
                VARY => Self::VARY,
                EXPIRES | PRAGMA => Self::HTTP10,
                ACCESS_CONTROL_ALLOW_ORIGIN if value != "*" => Self::ONE_ORIGIN,
                ACCESS_CONTROL_ALLOW_CREDENTIALS => Self::CREDENTIALS_ALLOWED,
                CONTENT_LENGTH | DATE | ETAG | LAST_MODIFIED => Self::NONE,
                // Other usual fields, without a comparison of text.
                ACCEPT_RANGES
                | CONTENT_ENCODING
                | CONTENT_LANGUAGE
                | CONTENT_SECURITY_POLICY
                | LINK
                | REFERRER_POLICY
                | SERVER
                | STRICT_TRANSPORT_SECURITY
                | X_CONTENT_TYPE_OPTIONS
                | X_FRAME_OPTIONS
                    if !has_own_names =>
                {
                    Self::NONE
                }
                ref other => Self::of_other_field(other, own_names),
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

    #[inline(never)]
    fn of_other_field(name: &HeaderName, own_names: [&[HeaderName]; 2]) -> Self {
        match name.as_str() {
            "clear-site-data" => Self::CLEAR_SITE_DATA,
            text if edge_field_kind(text).is_some() => Self::EDGE_FIELD,
            _ if own_names.iter().any(|own| own.contains(name)) => Self::EDGE_FIELD,
            _ => Self::NONE,
        }
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

    #[inline(always)]
    fn of_content_type(content_type: &HeaderValue) -> Self {
        match content_type.as_bytes().first_chunk() {
            Some(b"text/html") => Self::TYPED.and(Self::PAGE),
            _ => Self::of_other_type(content_type),
        }
    }

    #[inline(never)]
    fn of_other_type(content_type: &HeaderValue) -> Self {
        // The first letter rules out nearly all types.
        Self::TYPED.and(match content_type.as_bytes().first() {
            Some(b'a' | b'A') if is_grpc_type(content_type) => Self::GRPC_RESPONSE,
            Some(b't' | b'T' | b'm' | b'M') if is_live_stream_type(content_type) => Self::LIVE_STREAM,
            Some(b'a' | b'A' | b't' | b'T' | b' ' | b'\t') if is_page_type(content_type.as_bytes()) => Self::PAGE,
            _ => Self::NONE,
        })
    }

    /// The numbers of the facts that are true.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let fact = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (fact < Self::COUNT).then_some(fact)
        })
    }

    /// Whether the fact with this number holds.
    pub(super) const fn contains(self, fact: usize) -> bool {
        self.0 >> fact & 1 != 0
    }

    /// Whether any of these facts holds.
    pub(crate) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) const fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Adds the fact if the condition is true.
    pub(crate) const fn set_if(&mut self, fact: Self, condition: bool) {
        if condition {
            self.0 |= fact.0;
        }
    }
}

/// The facts of a request, stored until its response arrives. An outer layer stores them in the extensions of the
/// request, so that inner layers need not walk over the fields, and leave their [`Ruling`](super::Ruling).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts {
    pub(super) facts: Facts,
    /// The number of field lines, if the facts are stored in the request.
    lines: u16,
    pub(super) ruling_is_wanted: bool,
    /// Whether only an edge layer wants the ruling. It needs none for a plain policy.
    pub(super) is_for_edge: bool,
}

impl RequestFacts {
    /// Collects the facts, unless an outer layer's facts still hold.
    #[inline]
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let (method, headers) = (request.method(), request.headers());
        if !request.extensions().is_empty() {
            return Self::of_marked(method, headers, request.extensions());
        }
        Self::of_unmarked(method, headers)
    }

    #[inline]
    fn of_unmarked(method: &Method, headers: &HeaderMap) -> Self {
        Self { facts: Facts::of_request(method, headers), lines: 0, ruling_is_wanted: false, is_for_edge: false }
    }

    #[inline(never)]
    fn of_marked(method: &Method, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let left = extensions.get::<Self>().copied();
        let known = left.filter(|known| known.still_holds_for(method, headers));
        let mut found = known.unwrap_or_else(|| Self::of_unmarked(method, headers));
        found.ruling_is_wanted = left.is_some();
        found.is_for_edge = left.is_some_and(|left| left.is_for_edge);
        found.facts.set_if(Facts::PERSONALIZED, extensions.get::<Personalized>().is_some());
        found
    }

    /// Returns whether an outer layer stored facts in the request, and the facts if they still hold.
    pub(crate) fn left_in<B>(request: &Request<B>) -> (bool, Option<Self>) {
        let left = request.extensions().get::<Self>().copied();
        let known = left.filter(|known| known.still_holds_for(request.method(), request.headers()));
        (left.is_some(), known)
    }

    /// Whether the request has as many field lines as when the facts were collected, and no new credentials:
    /// a layer in between may have replaced another field with them.
    fn still_holds_for(&self, method: &Method, headers: &HeaderMap) -> bool {
        self.lines == count(headers)
            && !is_other_method(method)
            // Requests with unsafe methods are read again, because the effect of such a request cannot be undone.
            && !self.facts.has(Facts::OTHER_METHOD)
            && (self.facts.has(Facts::AUTHORIZED) || !has_credentials(headers))
    }

    /// The same facts, for a layer that reads the ruling itself.
    #[cfg(any(test, feature = "shared-cache"))]
    pub(crate) const fn wanting_the_ruling(self) -> Self {
        Self { ruling_is_wanted: true, is_for_edge: false, ..self }
    }

    /// Stores the facts in the request for inner layers, including the facts that only inner layers need.
    pub(crate) fn leave_in<B>(self, request: &mut Request<B>) {
        Self { is_for_edge: false, ..self }.insert_in(request);
    }

    /// Like [`leave_in`](Self::leave_in), for an edge layer. An outer layer may want each ruling nevertheless.
    pub(crate) fn leave_for_edge_in<B>(self, request: &mut Request<B>) {
        Self { is_for_edge: self.is_for_edge || !self.ruling_is_wanted, ..self }.insert_in(request);
    }

    fn insert_in<B>(mut self, request: &mut Request<B>) {
        let is_condition =
            |name: &_| matches!(*name, IF_MATCH | IF_NONE_MATCH | IF_MODIFIED_SINCE | IF_UNMODIFIED_SINCE | IF_RANGE);
        self.facts.set_if(Facts::CONDITIONAL, request.headers().keys().any(is_condition));
        self.lines = count(request.headers());
        request.extensions_mut().insert(self);
    }

    pub(crate) const fn has(self, any: Facts) -> bool {
        self.facts.has(any)
    }

    /// Whether an outer layer needs the ruling.
    pub(crate) const fn ruling_is_wanted(self) -> bool {
        self.ruling_is_wanted
    }

    /// Whether the method is GET or HEAD, the methods that policies apply to.
    // M-05
    pub(crate) const fn is_get_or_head(self) -> bool {
        !self.facts.has(Facts::OTHER_METHOD)
    }
}

impl Facts {
    #[inline]
    fn of_request(method: &Method, headers: &HeaderMap) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.request_walks += 1);
        let mut found = Self::NONE;
        found.set_if(Self::OTHER_METHOD, is_other_method(method));
        if !headers.is_empty() {
            found.set_if(Self::AUTHORIZED, has_credentials(headers));
            found.set_if(Self::GRPC_REQUEST, *method == Method::POST && claims_grpc(headers));
        }
        found
    }
}

/// Two lookups take less than a walk over the fields of a browser.
#[inline(never)]
fn has_credentials(headers: &HeaderMap) -> bool {
    // Constants would be copied for each lookup.
    static NAMES: [HeaderName; 2] = [AUTHORIZATION, PROXY_AUTHORIZATION];
    NAMES.iter().any(|name| headers.contains_key(name))
}

/// A gRPC call is always a POST (Q-01). Every layer uses the first line of `Content-Type`.
#[inline(never)]
fn claims_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(is_grpc_type)
}

fn is_other_method(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The number of field lines. No server accepts a request with more than 65,535 of them.
fn count(headers: &HeaderMap) -> u16 {
    u16::try_from(headers.len()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

    use super::{CONTENT_TYPE, Facts};

    fn types(lines: [&'static str; 2]) -> HeaderMap {
        lines.into_iter().map(|line| (CONTENT_TYPE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn only_the_first_content_type_of_a_response_counts() {
        let of = |lines| Facts::of_response(StatusCode::OK, &types(lines), [&[], &[]]);
        assert!(of(["text/html", "image/png"]).has(Facts::PAGE));
        assert!(!of(["image/png", "text/html"]).has(Facts::PAGE));
        assert!(!of(["image/png", "text/event-stream"]).has(Facts::LIVE_STREAM));
        assert!(!of(["image/png", "application/grpc"]).has(Facts::GRPC_RESPONSE));
    }

    #[test]
    fn only_a_post_whose_first_content_type_is_grpc_claims_to_be_grpc() {
        for (method, lines, expected) in [
            (Method::POST, ["application/grpc", "text/plain"], true),
            (Method::POST, ["text/plain", "application/grpc"], false),
            (Method::GET, ["application/grpc", "text/plain"], false),
            (Method::PUT, ["application/grpc+proto", "text/plain"], false),
        ] {
            let mut request = Request::builder().method(&method).body(()).unwrap();
            *request.headers_mut() = types(lines);
            assert_eq!(
                Facts::of_request(request.method(), request.headers()).has(Facts::GRPC_REQUEST),
                expected,
                "{method} {lines:?}"
            );
        }
    }

    #[test]
    fn only_the_fields_of_a_profile_are_edge_fields() {
        let own = [HeaderName::from_static("my-edge-ttl")];
        for (name, expected) in [("my-edge-ttl", true), ("my-other-field", false), ("cdn-cache-control", true)] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static("60"))]);
            let facts = Facts::of_response(StatusCode::OK, &headers, [&own, &[]]);
            assert_eq!(facts.has(Facts::EDGE_FIELD), expected, "{name}");
            let facts = Facts::of_response(StatusCode::OK, &headers, [&[], &own]);
            assert_eq!(facts.has(Facts::EDGE_FIELD), expected, "{name}");
        }
    }
}
