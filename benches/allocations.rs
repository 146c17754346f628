//! Prints the number of allocations and bytes of one call of each case, as JSON.
//!
//! ```text
//! cargo bench --bench allocations --all-features
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/allocated.rs"]
mod allocated;
mod support;

fn main() {
    let cases: Vec<_> =
        [support::stacks(), support::shared_cache(), support::functions()].into_iter().flatten().collect();
    println!("{}", allocated::allocations(&cases));
}
