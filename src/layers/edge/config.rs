//! [`Config`]: the configuration of an edge layer.

use std::sync::Arc;

use crate::edge::{Edges, TagOverflow};
use crate::layers::Clock;
use crate::layers::shared::{Shared, Table};
use crate::policy::Rules;

/// The configuration of the layer, shared by its services and futures.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) edges: Edges,
    pub(super) overflow: TagOverflow,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) record: bool,
    pub(super) enabled: bool,
}

static USUAL: Table<Config> = Table::new();

/// Only configurations without closures are equal.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        (self.clock.is_system() && other.clock.is_system())
            && self.edges.profiles().eq(other.edges.profiles())
            && self.overflow == other.overflow
            && self.rules == other.rules
            && (self.record, self.enabled) == (other.record, other.enabled)
    }
}

impl Config {
    pub(super) fn shared(config: &Arc<Self>) -> Shared<Self> {
        if config.clock.is_system() { USUAL.share_equal(config) } else { Shared::Counted(Arc::clone(config)) }
    }
}
