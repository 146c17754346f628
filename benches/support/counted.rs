//! Runs cases a given number of times, for external counters.

use std::hint::black_box;
use std::process::ExitCode;

use super::case::{Case, Run};

/// Without arguments, prints the cases and their number of runs as JSON. With `all`, runs each of them. With a group, a
/// name and a number, runs that case this number of times.
pub(crate) fn calls_main(cases: &[Case], arguments: &[String]) -> ExitCode {
    match arguments {
        [] => println!("{}", list(cases)),
        [all] if all == "all" => cases.iter().for_each(|case| run(case, case.times)),
        [id, times] => {
            let case = cases.iter().find(|case| format!("{}/{}", case.group, case.name) == *id);
            let (Some(case), Ok(times)) = (case, times.parse()) else {
                eprintln!("error: no case {id:?}, or {times:?} is no number");
                return ExitCode::FAILURE;
            };
            run(case, times);
        }
        _ => {
            eprintln!("error: expected `all`, or a case and a number");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn list(cases: &[Case]) -> serde_json::Value {
    let described = cases.iter().map(
        |case| serde_json::json!({ "group": case.group, "name": case.name, "base": case.base, "times": case.times }),
    );
    described.collect()
}

fn run(case: &Case, times: u64) {
    let mut run = (case.prepare)();
    // One-time allocations of the first calls are not counted.
    run(2);
    run_counted(&mut run, times);
}

/// `scripts/bench` counts instructions while this function runs.
#[inline(never)]
fn run_counted(run: &mut Run, times: u64) {
    run_written(run, times);
    black_box(());
}

/// The counts are written when this function ends. It is separate, because callgrind only sees the end of a function
/// whose start it counted.
#[inline(never)]
fn run_written(run: &mut Run, times: u64) {
    run(times);
    black_box(());
}
