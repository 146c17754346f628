//! The CPU time of a case, on one thread and on two.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use cpu_time::ThreadTime;
use serde_json::json;

use super::case::Case;

const ROUNDS: usize = 15;
/// The number of calls in a round, which take ten milliseconds or more.
const TIMES: u64 = 40_000;

/// Returns the nanoseconds of one call of each case, in each round. All cases run in each round, so that a disturbance
/// appears as the spread between rounds.
pub(crate) fn time(cases: &[Case]) -> serde_json::Value {
    let mut rounds = vec![[Vec::new(), Vec::new()]; cases.len()];
    for _ in 0..ROUNDS {
        for (case, found) in cases.iter().zip(&mut rounds) {
            for (threads, found) in (1..).zip(found) {
                found.push(nanoseconds(case, threads));
            }
        }
    }
    let described = cases.iter().zip(rounds).map(|(case, [one, two])| {
        json!({ "group": case.group, "name": case.name, "base": case.base, "one_thread": one, "two_threads": two })
    });
    described.collect()
}

/// Returns the mean of the threads, which run concurrently.
fn nanoseconds(case: &Case, threads: usize) -> f64 {
    let Some(per_thread) = &case.per_thread else { return f64::NAN };
    let start = Barrier::new(threads);
    let used: Duration = thread::scope(|scope| {
        let running: Vec<_> = per_thread(threads)
            .into_iter()
            .map(|mut run| {
                let start = &start;
                scope.spawn(move || {
                    run(TIMES / 20);
                    start.wait();
                    let began = ThreadTime::now();
                    run(TIMES);
                    began.elapsed()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let each = used.as_nanos() as f64 / (threads as f64 * TIMES as f64);
    (each * 10.0).round() / 10.0
}
