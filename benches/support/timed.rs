//! Runs cases with criterion.

use std::time::{Duration, Instant};

use criterion::Criterion;

use super::case::Case;

/// The time is short, because `scripts/bench` runs all cases in several rounds. A disturbance then appears as the
/// spread between rounds.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(15)
        .nresamples(2_000)
        .warm_up_time(Duration::from_millis(40))
        .measurement_time(Duration::from_millis(160))
}

pub(crate) fn time(criterion: &mut Criterion, cases: &[Case]) {
    for case in cases {
        criterion.benchmark_group(case.group).bench_function(&case.name, |bencher| {
            let mut run = (case.prepare)();
            bencher.iter_custom(|times| {
                let start = Instant::now();
                run(times);
                start.elapsed()
            });
        });
    }
}
