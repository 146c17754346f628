//! Compares the peers that are tower layers, with the same service in one process.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers -- behaviours
//! ```
//!
//! `behaviours` prints the behavior of each peer, and `time` the CPU time of those that store responses, both as JSON.
#![allow(clippy::unwrap_used)] // As in any test.

mod behaviours;
mod by_hand;
mod layers;
mod requests;
mod stacks;
mod synced;
mod timed;

use std::process::ExitCode;

fn main() -> ExitCode {
    let found = match std::env::args().nth(1).as_deref() {
        Some("behaviours") => behaviours::behaviours(),
        Some("time") => timed::time(stacks::stacks()),
        _ => {
            eprintln!("error: expected `behaviours` or `time`");
            return ExitCode::FAILURE;
        }
    };
    println!("{found}");
    ExitCode::SUCCESS
}
