//! The modules that are shared with the benches of the crate.

#[cfg(feature = "allocations")]
#[path = "../../support/allocated.rs"]
pub(crate) mod allocated;
#[path = "../../support/case.rs"]
mod case;
#[path = "../../support/counted.rs"]
mod counted;
#[path = "../../support/timed.rs"]
mod timed;

use std::process::ExitCode;

pub(crate) use self::case::Case;

/// Runs the mode in the first argument: `time`, `calls` with its arguments, or `allocations`.
pub(crate) fn main(cases: &[Case], arguments: &[String]) -> ExitCode {
    match arguments.split_first() {
        Some((mode, rest)) if mode == "calls" => self::counted::calls_main(cases, rest),
        Some((mode, [])) if mode == "time" => {
            let mut criterion = self::timed::criterion();
            self::timed::time(&mut criterion, cases);
            criterion.final_summary();
            ExitCode::SUCCESS
        }
        #[cfg(feature = "allocations")]
        Some((mode, [])) if mode == "allocations" => {
            println!("{}", self::allocated::allocations(cases));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("error: expected `time`, `calls`, or, with the feature of that name, `allocations`");
            ExitCode::FAILURE
        }
    }
}
