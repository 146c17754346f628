//! [`Config`]: what a layer was told, shared by its services.

use crate::layers::Clock;

#[derive(Debug)]
pub(super) struct Config<V> {
    pub(super) source: V,
    pub(super) settings: Settings,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) require_preconditions: bool,
    pub(crate) trust_service_with_if_range: bool,
    pub(crate) record: bool,
    pub(crate) enabled: bool,
    pub(crate) clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            require_preconditions: false,
            trust_service_with_if_range: false,
            record: false,
            enabled: true,
            clock: Clock::system(),
        }
    }
}
