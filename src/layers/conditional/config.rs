//! [`Config`]: what a layer was told, shared by its services.

use crate::layers::Clock;

#[derive(Debug)]
pub(super) struct Config<V> {
    pub(super) source: V,
    pub(super) settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) require_preconditions: bool,
    pub(super) trust_service_with_if_range: bool,
    pub(super) record: bool,
    pub(super) enabled: bool,
    pub(super) clock: Clock,
}
