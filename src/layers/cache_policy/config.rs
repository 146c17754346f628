//! [`Config`]: how a layer was configured.

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::layers::Clock;
use crate::policy::{PendingPolicy, PolicySource, Precedence, Rules};

/// How the layer was configured, shared by its services and futures.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) source: PolicySource,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) record: bool,
    pub(super) explain: bool,
    pub(super) enabled: bool,
    pub(super) place: Place,
}

/// Where the layer is in a [`CachingLayer`](crate::CachingLayer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not in a caching layer.
    Alone,
    /// Innermost.
    InCachingLayer,
    /// Outermost, with only this crate's layers in between: only responses from before the handler are undecided.
    AroundCachingLayer,
    /// Outermost, with a compression layer in between.
    AroundCompression,
}

impl Config {
    /// Whether the layer needs the rulings of inner layers, which rest on facts that it cannot see.
    pub(super) fn wants_the_ruling(&self) -> bool {
        let overrides = matches!(self.rules.precedence, Precedence::Layer | Precedence::LayerEvenOverNoStore);
        self.place == Place::AroundCompression || overrides
    }

    /// Removes the conditions from the request if the policy depends on the content. The inner service then sends
    /// the complete response, and an outer layer makes a 304 with the fields of the 200 (N-01).
    pub(super) fn withhold_conditions(&self, pending: &PendingPolicy, request: &mut HeaderMap) {
        if self.source.resolve(pending).depends_on_content(true) {
            request.remove(IF_NONE_MATCH);
            request.remove(IF_MODIFIED_SINCE);
        }
    }
}
