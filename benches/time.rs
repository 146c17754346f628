//! Measures with criterion the time of each layer around the same service, and of the functions of the protocol and
//! their counterparts in other crates.
//!
//! ```text
//! cargo bench --bench time --all-features
//! cargo bench --bench time --all-features -- '304'
//! ```
//!
//! `scripts/bench` creates tables from the results. No measured function waits.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

fn main() {
    let mut criterion = support::criterion().configure_from_args();
    support::time(&mut criterion, &support::stacks());
    support::time(&mut criterion, &support::shared_cache());
    support::time(&mut criterion, &support::functions());
    criterion.final_summary();
}
