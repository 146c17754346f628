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
    /// In none.
    Alone,
    /// Innermost.
    InCachingLayer,
    /// Outermost, where nothing but this crate's own layers is in between: only what was made without the
    /// handler is left to decide about.
    AroundCachingLayer,
    /// Outermost, with a compression layer in between.
    AroundCompression,
}

impl Config {
    /// Whether the layer has to know what was decided further in: it cannot see all of that, and may write
    /// something else.
    pub(super) fn wants_the_ruling(&self) -> bool {
        let overrides = matches!(self.rules.precedence, Precedence::Layer | Precedence::LayerEvenOverNoStore);
        self.place == Place::AroundCompression || overrides
    }

    /// Has the inner service send the complete response where its policy goes by the content: the layer further
    /// out makes the 304 from it, which then says what the 200 says (N-01).
    pub(super) fn withhold_conditions(&self, pending: &PendingPolicy, request: &mut HeaderMap) {
        if self.source.resolve(pending).depends_on_content(true) {
            request.remove(IF_NONE_MATCH);
            request.remove(IF_MODIFIED_SINCE);
        }
    }
}
