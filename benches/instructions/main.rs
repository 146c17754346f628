//! One case of the hot path, so many times: what `scripts/count-instructions` runs under
//! valgrind, where two runs of different length tell what one call costs, to the instruction.
//!
//! ```text
//! cargo run --release                  # the names of the cases
//! cargo run --release -- policy 1000
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            for (name, _) in cases::ALL {
                println!("{name}");
            }
            ExitCode::SUCCESS
        }
        [name, times] => {
            let case = cases::ALL.iter().find(|(candidate, _)| candidate == name);
            let (Some((_, run)), Ok(times)) = (case, times.parse()) else {
                eprintln!("error: no case {name:?}, or {times:?} is no number");
                return ExitCode::FAILURE;
            };
            run(times);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("error: expected a case and a number");
            ExitCode::FAILURE
        }
    }
}
