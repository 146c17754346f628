//! [`Rules`] and [`RequestFacts`]: what a layer was told, and what a request tells.

use http::{Extensions, HeaderMap, HeaderName, Method, StatusCode};

use super::for_edge::EdgeListens;
use super::guards::GuardSet;
use super::rendered::{Rendered, RenderedVary};
use super::{CachePolicy, Personalized};

/// Who goes first, the answer or the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Precedence {
    /// The handler's word stands.
    #[default]
    Answer,
    /// Both count, and of each the tighter.
    Tightest,
    /// The layer's word replaces it, unless it is `no-store`.
    Layer,
    /// The layer's word replaces even `no-store`.
    LayerEvenOverNoStore,
}

/// Everything about a layer that a decision depends on.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) precedence: Precedence,
    pub(crate) waived: GuardSet,
    pub(crate) fallback: Rendered,
    pub(crate) by_status: Vec<(StatusCode, Rendered)>,
    pub(crate) credentials: Vec<HeaderName>,
    pub(crate) distrust_unkeyed: bool,
    pub(crate) development: bool,
    pub(crate) vary: Option<RenderedVary>,
    /// Whether a compression layer may be between this layer and one of the same rules inside. It
    /// makes a 406 of what was decided there as a success.
    pub(crate) around_compression: bool,
    pub(super) no_store: Rendered,
    pub(super) for_development: Rendered,
}

/// What a decision needs to know of a request, kept while the handler runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts {
    pub(super) get_or_head: bool,
    pub(super) may_be_grpc: bool,
    pub(super) authorized: bool,
    pub(super) personalized: bool,
    pub(super) unkeyed: bool,
    /// Whether an edge layer is around.
    pub(super) for_edge: bool,
}

impl RequestFacts {
    /// Whether it is GET or HEAD, and there is nothing in it for a guard to see or for an edge
    /// layer to be told.
    pub(super) const fn are_plain(self) -> bool {
        self.get_or_head && !self.authorized && !self.personalized && !self.unkeyed && !self.for_edge
    }

    /// Whether an answer of that type is one of gRPC, which is always asked for by POST. A file
    /// that somebody gave the type is an answer as any other, and passes no guard.
    pub(crate) const fn may_be_grpc(self) -> bool {
        self.may_be_grpc
    }

    /// Whether the answer is one to GET or HEAD, for which policies are (M-05).
    pub(crate) const fn get_or_head(self) -> bool {
        self.get_or_head
    }
}

impl Rules {
    pub(crate) fn facts(&self, method: &Method, headers: &HeaderMap, extensions: &Extensions) -> RequestFacts {
        RequestFacts {
            get_or_head: matches!(*method, Method::GET | Method::HEAD),
            may_be_grpc: *method == Method::POST,
            // One walk costs less than to ask for both, even of the dozen fields that a browser sends.
            authorized: headers.keys().any(|name| matches!(name.as_str(), "authorization" | "proxy-authorization"))
                || self.credentials.iter().any(|name| headers.contains_key(name)),
            personalized: extensions.get::<Personalized>().is_some(),
            for_edge: extensions.get::<EdgeListens>().is_some(),
            unkeyed: self.distrust_unkeyed && UNKEYED.iter().any(|name| headers.contains_key(*name)),
        }
    }

    /// Adds names to those that every response under the layer has in `Vary` (K-02).
    pub(crate) fn add_vary_names(&mut self, names: impl IntoIterator<Item = &'static str>) {
        let mut vary = self.vary.take().map(RenderedVary::into_names).unwrap_or_default();
        for name in names {
            vary.insert(name);
        }
        self.vary = RenderedVary::of_names(vary);
    }

    /// Whether the layer was told nothing that changes what its policy says of a success.
    pub(super) const fn say_nothing_of_a_success(&self) -> bool {
        !self.development && self.by_status.is_empty() && self.vary.is_none()
    }

    /// The policy of a status. A 304 says what the 200 would have said (N-01).
    pub(super) fn for_status(&self, status: StatusCode) -> Option<&Rendered> {
        let of = |status| self.by_status.iter().find_map(|(own, rendered)| (*own == status).then_some(rendered));
        of(status).or_else(|| (status == StatusCode::NOT_MODIFIED).then(|| of(StatusCode::OK)).flatten())
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            precedence: Precedence::default(),
            waived: GuardSet::EMPTY,
            fallback: Rendered::new(CachePolicy::PRIVATE_NO_CACHE),
            by_status: Vec::new(),
            credentials: Vec::new(),
            distrust_unkeyed: false,
            development: false,
            vary: None,
            around_compression: false,
            no_store: Rendered::new(CachePolicy::NO_STORE),
            for_development: Rendered::new(CachePolicy::NO_STORE.for_http10()),
        }
    }
}

/// Request fields that change the answers of many frameworks and stand in no cache's key
/// (G-13). They are how caches get poisoned.
const UNKEYED: [&str; 9] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-scheme",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];
