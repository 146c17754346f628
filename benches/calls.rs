//! Cases, so many times each, for `scripts/bench`, which has their instructions counted by
//! callgrind. The cases are those of the bench `time`, and those that show what the costs grow
//! with.
//!
//! ```text
//! cargo bench --bench calls --all-features            # the cases as JSON
//! cargo bench --bench calls --all-features -- 'routes/a route is found @ 1000' 100
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let cases: Vec<_> = [support::stacks(), support::functions(), support::growth()].into_iter().flatten().collect();
    support::calls_main(&cases, &arguments)
}
