//! What a URL is asked beside the plain fetch, and what the answers should be.

mod answer;
mod codings;
mod head;
mod not_modified;
mod order;
mod probe;
mod ranges;
mod repeat;
mod revalidation;
mod works;

pub(crate) use self::order::all;
pub(crate) use self::probe::{Asked, Probe};
pub(crate) use self::works::{CacheSaid, Works};
