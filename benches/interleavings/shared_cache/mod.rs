//! The files of the library that handle requests that others wait for.

#[path = "../../../src/layers/shared_cache/baton.rs"]
mod baton;
pub(crate) mod checks;
mod event;
mod exchange;
#[path = "../../../src/layers/shared_cache/flight.rs"]
mod flight;
#[path = "../../../src/layers/shared_cache/flights.rs"]
mod flights;
#[path = "../../../src/layers/shared_cache/tee.rs"]
mod tee;
#[path = "../../../src/layers/shared_cache/waiters.rs"]
mod waiters;

/// There are no other processes.
mod second_level {
    #[derive(Debug)]
    pub(super) enum Lease {}

    impl Lease {
        pub(super) fn end(&self) {
            match *self {}
        }
    }
}
