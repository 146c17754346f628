//! Runs cases a given number of times, for external counters.

use std::hint::black_box;

use super::case::{Case, Run};

/// The number of runs of a case that are counted.
const TIMES: u64 = 200;
/// The number of runs before the count, which do all one-time work.
const WARM_UP: u64 = 100;

/// The cases as JSON, in the order in which they are counted.
pub(crate) fn list(cases: &[Case]) -> serde_json::Value {
    let described = cases
        .iter()
        .map(|case| serde_json::json!({ "group": case.group, "name": case.name, "base": case.base, "times": TIMES }));
    described.collect()
}

/// Runs these cases, each with the same heap.
pub(crate) fn count<'a>(cases: impl Iterator<Item = &'a Case> + Clone) {
    settle_heap();
    cases.clone().for_each(|case| (case.prepare)()(WARM_UP));
    cases.for_each(count_one);
}

/// Holds one block of each size. Otherwise, freeing the last block of a page would return the page, and the next block
/// of this size would need a new page.
fn settle_heap() {
    for size in (8..2_048).step_by(8).chain((2_048..65_536).step_by(256)) {
        black_box(Vec::<u8>::with_capacity(size)).leak();
    }
}

fn count_one(case: &Case) {
    let mut run = (case.prepare)();
    run(WARM_UP);
    run_counted(&mut run, TIMES);
}

/// `scripts/count-instructions` counts the instructions of this function.
#[inline(never)]
fn run_counted(run: &mut Run, times: u64) {
    run_written(run, times);
    black_box(());
}

/// The counts are written when this function ends. It is separate because callgrind detects only the end of a function
/// whose start it has counted.
#[inline(never)]
fn run_written(run: &mut Run, times: u64) {
    run(times);
    black_box(());
}
