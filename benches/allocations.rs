//! What one call of each case allocates: how often and how many bytes, as JSON.
//!
//! ```text
//! cargo bench --bench allocations --all-features
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/allocated.rs"]
mod allocated;
mod support;

fn main() {
    let cases: Vec<_> = [support::stacks(), support::functions()].into_iter().flatten().collect();
    println!("{}", allocated::allocations(&cases));
}
