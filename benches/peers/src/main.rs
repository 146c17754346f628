//! Compares the peers that are tower layers, with the same service in one process.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers -- behaviours
//! ```
//!
//! `time` measures with criterion. `calls` lists the cases, or runs one of them a number of times. `behaviours` observes
//! the behavior of each peer. `allocations` needs the feature of the same name.
#![allow(clippy::unwrap_used)] // As in any test.

mod requests;
mod behaviours;
mod by_hand;
mod files;
mod layers;
mod stacks;
mod support;
mod synced;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["behaviours"] {
        println!("{}", behaviours::behaviours());
        return ExitCode::SUCCESS;
    }
    let (_directory, files) = files::files();
    let cases: Vec<_> = stacks::stacks().into_iter().chain(files).collect();
    support::main(&cases, &arguments)
}
