//! Tests of `SharedCache`: which responses it stores, which clients get them, and how it handles failures.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../support/mod.rs"]
mod support;

mod abandoned;
#[cfg(feature = "audit")]
mod audited;
mod bodies;
mod costs;
mod differential;
mod dropped;
mod failures;
mod flights;
mod leaks;
mod leases;
mod methods;
mod model;
mod observed;
mod purges;
mod reuse;
mod second_level;
mod site;
