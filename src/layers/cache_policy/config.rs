//! [`Config`]: what a layer was told, shared by its services and futures.

use crate::layers::Clock;
use crate::policy::{PolicySource, Rules};

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) source: PolicySource,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) record: bool,
    pub(super) explain: bool,
    pub(super) enabled: bool,
}
