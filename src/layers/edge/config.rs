//! [`Config`]: the configuration of an edge layer.

use crate::edge::{Edges, TagOverflow};
use crate::layers::Clock;
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
