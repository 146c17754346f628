//! Any stack of the layers, in any order, around any service, sent any request: the invariants of
//! `tests/support/hostile/check/`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cache_policy_fuzz::hostile::case::Case;
use tower_cache_policy_fuzz::hostile::check::check;

fuzz_target!(|case: Case| {
    check(&case);
});
