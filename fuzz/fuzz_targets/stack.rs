//! Checks the invariants of `tests/support/hostile/check/` for any request to any stack of the layers, with any inner
//! service.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cache_policy_fuzz::hostile::case::Case;
use tower_cache_policy_fuzz::hostile::check::check;

fuzz_target!(|case: Case| {
    check(&case);
});
