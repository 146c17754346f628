//! `SharedCache`: what is stored, who gets it, and what happens when something goes wrong.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod costs;
mod failures;
mod flights;
mod leaks;
mod model;
mod purges;
mod reuse;
mod site;
