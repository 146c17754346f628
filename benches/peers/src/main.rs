//! The peers that are tower layers, each around the same service, in one process.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers -- behaviours
//! ```
//!
//! `time` measures by criterion, `calls` tells the cases and runs one so many times, `behaviours`
//! tells what each was seen to do, and with the feature `allocations` there is `allocations`.
#![allow(clippy::unwrap_used)] // As in any test.

mod asking;
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
