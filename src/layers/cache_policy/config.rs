//! [`Config`]: the settings of a layer.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::layers::Clock;
use crate::layers::shared::{Shared, Table};
use crate::policy::{Chooser, PendingPolicy, Precedence, Rendered, Rules};
use crate::protocol::NoVarySearch;

/// The settings that a layer shares with its services and futures.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// The policy, if it does not depend on the request.
    pub(super) policy: Option<Rendered>,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) record: bool,
    pub(super) explain: bool,
    pub(super) panics_on_handler_fields: bool,
    pub(super) no_vary_search: Option<NoVarySearch>,
    pub(super) enabled: bool,
    pub(super) position: Position,
    /// Whether no setting changes the decision or adds to it. [`settle`](Self::settle) determines this.
    pub(super) is_plain: bool,
}

/// The settings of a service, and what chooses its policies. The two are separate, so that the future of a request need
/// not count the references of a closure or a table.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Fixed(Shared<Config>),
    PerRequest(Arc<(Shared<Config>, Arc<Chooser>)>),
}

/// The position of the layer in a [`CachingLayer`](crate::CachingLayer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Not part of a caching layer.
    Standalone,
    /// The innermost layer of a stack, next to the service.
    Innermost,
    /// The outermost layer of a stack, with only layers of this crate in between. Only a response that was created
    /// before the handler ran has no decision.
    Outermost,
    /// The outermost layer of a stack, with a compression layer in between.
    OutermostWithCompression,
}

static USUAL: Table<Config> = Table::new();

impl Source {
    pub(super) fn new(config: &Arc<Config>, chooser: Option<&Arc<Chooser>>) -> Self {
        let is_usual = config.clock.is_system();
        let config = if is_usual { USUAL.share_equal(config) } else { Shared::Counted(Arc::clone(config)) };
        match chooser {
            Some(chooser) => Self::PerRequest(Arc::new((config, Arc::clone(chooser)))),
            None => Self::Fixed(config),
        }
    }

    pub(super) fn config(&self) -> &Shared<Config> {
        match self {
            Self::Fixed(config) => config,
            Self::PerRequest(source) => &source.0,
        }
    }

    pub(super) fn chooser(&self) -> Option<&Chooser> {
        match self {
            Self::Fixed(_) => None,
            Self::PerRequest(source) => Some(&source.1),
        }
    }
}

/// Only configurations without closures are equal.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        // A new setting must be compared too, or layers would share a configuration that is not theirs.
        let Self {
            policy,
            rules,
            clock,
            record,
            explain,
            panics_on_handler_fields,
            no_vary_search,
            enabled,
            position,
            // It follows from the others.
            is_plain: _,
        } = self;
        (clock.is_system() && other.clock.is_system())
            && *policy == other.policy
            && *rules == other.rules
            && *record == other.record
            && *explain == other.explain
            && *panics_on_handler_fields == other.panics_on_handler_fields
            && *no_vary_search == other.no_vary_search
            && *enabled == other.enabled
            && *position == other.position
    }
}

impl Config {
    /// Summarizes the settings after a change.
    pub(super) fn settle(&mut self) {
        let says_more = self.explain || self.record || self.no_vary_search.is_some() || self.panics_on_handler_fields;
        let Rules { credentials, distrust_unkeyed, waived, .. } = &self.rules;
        let reads_more = self.needs_ruling() || !credentials.is_empty() || *distrust_unkeyed;
        let has_plain_rules = self.rules.are_plain() && waived.is_empty();
        self.is_plain = self.enabled && has_plain_rules && !reads_more && !says_more;
    }

    /// Returns whether the layer needs the decisions of inner layers, which used information that it does not have.
    pub(super) fn needs_ruling(&self) -> bool {
        let overrides = matches!(self.rules.precedence, Precedence::Layer | Precedence::LayerEvenOverNoStore);
        self.position == Position::OutermostWithCompression || overrides || self.panics_on_handler_fields
    }

    /// Removes the preconditions from the request if the policy depends on the content. The inner service then sends
    /// the complete response, and an outer layer turns it into a 304 with the fields of the 200.
    pub(super) fn withhold_conditions(&self, pending: &PendingPolicy, request: &mut HeaderMap) {
        // N-01
        if pending.resolve(self.policy.as_ref()).depends_on_content(true) {
            request.remove(IF_NONE_MATCH);
            request.remove(IF_MODIFIED_SINCE);
        }
    }
}
