//! Runs the cases of the benches, and those whose cost grows with a quantity. `scripts/count-instructions` and
//! `scripts/bench` count their instructions with callgrind.
//!
//! ```text
//! cargo run --release                                  # the cases as JSON
//! cargo run --release 'layers/policy @ 1 KiB' 100
//! ```
#![allow(clippy::unwrap_used)] // As in any test.
#![allow(clippy::type_complexity)]

mod support;

use std::process::ExitCode;

/// With this allocator, the cost of a block depends only on its size. With others, it also depends on the earlier
/// contents of the heap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let groups = [support::stacks(), support::shared_cache(), support::functions(), support::growth()];
    let cases: Vec<_> = groups.into_iter().flatten().collect();
    support::calls_main(&cases, &arguments)
}
