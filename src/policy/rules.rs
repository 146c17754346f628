//! [`Rules`]: the configuration of a layer.

use http::{HeaderMap, HeaderName, Request, StatusCode};

use super::CachePolicy;
use super::facts::{Facts, RequestFacts};
use super::guards::GuardSet;
use super::rendered::{Rendered, RenderedVary};

/// Whether the response or the layer takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Precedence {
    /// The handler's directives apply.
    #[default]
    Response,
    /// The tighter of both applies, directive by directive.
    Tightest,
    /// The layer's policy replaces the handler's, unless that is `no-store`.
    Layer,
    /// The layer's policy replaces even `no-store`.
    LayerEvenOverNoStore,
}

/// Everything about a layer that a decision depends on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) precedence: Precedence,
    pub(crate) waived: GuardSet,
    pub(crate) fallback: Rendered,
    pub(crate) by_status: Vec<(StatusCode, Rendered)>,
    pub(crate) credentials: Vec<HeaderName>,
    pub(crate) distrust_unkeyed: bool,
    pub(crate) development: bool,
    pub(crate) vary: Option<RenderedVary>,
    /// Fields for edge caches that only the layer's custom profiles know.
    pub(crate) edge_names: Vec<HeaderName>,
    /// Whether the inner service's fields for edge caches are dropped.
    pub(crate) drops_edge_fields: bool,
    /// Whether this layer also accepts the risks that an inner layer accepted.
    pub(crate) heeds_accepted: bool,
    pub(super) no_store: Rendered,
    pub(super) for_development: Rendered,
}

impl Rules {
    /// The facts of a request, including those that only this layer collects.
    #[inline]
    pub(crate) fn facts<B>(&self, request: &Request<B>) -> RequestFacts {
        let mut found = RequestFacts::of(request);
        let headers = request.headers();
        if !self.credentials.is_empty() {
            found.facts.set_if(Facts::AUTHORIZED, self.credentials.iter().any(|name| headers.contains_key(name)));
        }
        if self.distrust_unkeyed {
            found.facts.set_if(Facts::UNKEYED_INPUT, self.distrusts(headers));
        }
        found
    }

    /// Whether the rules leave the policy of a successful response unchanged, apart from the guards.
    pub(crate) fn are_plain(&self) -> bool {
        !self.development && self.vary.is_none() && self.by_status.is_empty() && self.edge_names.is_empty()
    }

    /// Whether a request has a field that the layer distrusts.
    // G-13
    pub(crate) fn distrusts(&self, headers: &HeaderMap) -> bool {
        self.distrust_unkeyed && UNKEYED.iter().any(|name| headers.contains_key(name))
    }

    /// Adds names to the `Vary` of every response under the layer.
    // K-02
    pub(crate) fn add_vary_names(&mut self, names: impl IntoIterator<Item = &'static str>) {
        let mut vary = self.vary.take().map(RenderedVary::into_names).unwrap_or_default();
        for name in names {
            vary.insert(name);
        }
        self.vary = RenderedVary::of_names(vary);
    }

    /// The policy of a status. A 304 gets that of its 200.
    // N-01
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
            edge_names: Vec::new(),
            drops_edge_fields: false,
            heeds_accepted: false,
            no_store: Rendered::new(CachePolicy::NO_STORE),
            for_development: Rendered::new(CachePolicy::NO_STORE.with_http10_fields()),
        }
    }
}

/// Request fields that change the responses of many frameworks and are not part of cache keys. Attackers
/// use them to poison caches.
// G-13
static UNKEYED: [HeaderName; 9] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-host"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
];
