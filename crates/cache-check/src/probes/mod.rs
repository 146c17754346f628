//! The requests for a URL that follow the plain request, and the checks of their responses.

mod capabilities;
mod codings;
mod first;
mod head;
mod nonces;
mod not_modified;
mod order;
mod probe;
mod ranges;
mod repeat;
mod revalidation;
mod sample;
mod variants;

pub(crate) use self::capabilities::{CacheReport, Capabilities};
pub(crate) use self::order::run_all;
pub(crate) use self::probe::{Probe, ProbeRecord};
pub(crate) use self::variants::compare_variants;
