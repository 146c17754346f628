//! [`Settings`]: the configuration that a layer shares with its services and futures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;

use super::mark::ValidatorSourcePresent;
use crate::layers::Clock;
#[cfg(feature = "assets")]
use crate::layers::shared::Shared;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) required: RequiredPreconditions,
    pub(crate) inner_handles_if_range: bool,
    pub(crate) record: bool,
    pub(crate) enabled: bool,
    pub(super) development: bool,
    pub(crate) clock: Clock,
    /// The mark that tells inner layers not to generate entity tags.
    pub(super) mark: Option<ValidatorSourcePresent>,
    /// `None` if each response to HEAD has the same `Content-Encoding` as the response to GET.
    pub(super) inner_coding: Option<InnerCoding>,
}

/// The methods for which a precondition is required.
#[derive(Clone, Debug)]
pub(crate) enum RequiredPreconditions {
    None,
    AllUnsafeMethods,
    Methods(Arc<[Method]>),
}

/// Records whether the inner service applies content codings. The layer knows this from its configuration, or
/// learns it from the first response that has one.
#[derive(Clone, Debug)]
pub(super) struct InnerCoding(Arc<AtomicBool>);

impl Settings {
    #[cfg(feature = "assets")]
    pub(crate) const DEFAULT: &'static Self = &Self::new();

    /// Returns the same settings with another clock.
    #[cfg(feature = "assets")]
    pub(crate) fn with_clock(&self, clock: Clock) -> Shared<Self> {
        Shared::Counted(Arc::new(Self { clock, ..self.clone() }))
    }

    pub(super) const fn new() -> Self {
        Self {
            required: RequiredPreconditions::None,
            inner_handles_if_range: false,
            record: false,
            enabled: true,
            development: false,
            clock: Clock::system(),
            mark: None,
            inner_coding: None,
        }
    }
}

impl RequiredPreconditions {
    pub(super) fn include(&self, method: &Method) -> bool {
        match self {
            Self::None => false,
            Self::AllUnsafeMethods => true,
            Self::Methods(methods) => methods.contains(method),
        }
    }
}

impl InnerCoding {
    pub(super) fn new(is_known: bool) -> Self {
        Self(Arc::new(AtomicBool::new(is_known)))
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set_known(&self) {
        if !self.is_known() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
