//! The layers and the functions of the protocol, called in process.
//!
//! ```text
//! cargo run --release                                # the cases as JSON
//! cargo run --release -- count                       # runs each case, for `scripts/count-instructions`
//! cargo run --release -- count 'layers/policy'       # runs one, for a profile
//! cargo run --release -- time                        # CPU time on one thread and on two, as JSON
//! cargo run --release -- time 'layers/policy'
//! ```
#![allow(clippy::unwrap_used)] // As in any test.
#![allow(clippy::type_complexity)]

mod case;
mod content;
mod counted;
mod functions;
mod layers;
mod question;
mod requests;
mod responses;
mod shared_cache;
mod timed;

use std::process::ExitCode;

use case::Case;

/// With this allocator, the cost of a block depends only on its size. With others, it also depends on the earlier
/// contents of the heap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let groups = [layers::layers(), shared_cache::shared_cache(), functions::functions()];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    let Some((mode, wanted)) = arguments.split_first() else {
        println!("{}", counted::list(&cases));
        return ExitCode::SUCCESS;
    };
    if let Some(unknown) = wanted.iter().find(|id| !cases.iter().any(|case| case.id() == **id)) {
        eprintln!("error: no case {unknown:?}; without arguments, the program lists them");
        return ExitCode::FAILURE;
    }
    let chosen = |case: &Case| wanted.is_empty() || wanted.contains(&case.id());
    match mode.as_str() {
        "count" => counted::count(cases.iter().filter(|case| chosen(case))),
        "time" => {
            let timed: Vec<Case> = cases.into_iter().filter(|case| case.per_thread.is_some() && chosen(case)).collect();
            println!("{}", timed::time(&timed));
        }
        _ => {
            eprintln!("error: expected `count` or `time`, not {mode:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
