//! Counts the allocations of cases.

use allocation_counter::measure;
use serde_json::Value;

use crate::support::Case;

/// Returns the number of allocations and bytes of each case, without one-time allocations of the first calls.
pub(crate) fn allocations(cases: &[Case]) -> Value {
    const TIMES: u64 = 10;
    let counted = cases.iter().map(|case| {
        let mut run = (case.prepare)();
        run(2);
        let info = measure(|| run(TIMES));
        let of_one = |total: u64| total as f64 / TIMES as f64;
        serde_json::json!({
            "group": case.group,
            "name": case.name,
            "base": case.base,
            "allocations": of_one(info.count_total),
            "bytes": of_one(info.bytes_total),
        })
    });
    counted.collect()
}
