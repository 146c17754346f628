//! What cases allocate.

use allocation_counter::measure;
use serde_json::Value;

use crate::support::Case;

/// For each case how often it allocates, and how many bytes. What is set aside once, at the first
/// times, does not count.
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
