//! Random stacks of the layers in random order, around a service that answers anything: what
//! has to hold, holds.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/hostile/mod.rs"]
mod hostile;

use std::sync::atomic::Ordering;

use arbitrary::{Arbitrary, Unstructured};
use proptest::prelude::*;

use self::hostile::case::Case;
use self::hostile::check::{COMPARED, check};

fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec(any::<u8>(), 0..600)
        .prop_map(|octets| Case::arbitrary(&mut Unstructured::new(&octets)))
        .prop_filter_map("too few octets", Result::ok)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    fn hold(case in case()) {
        check(&case);
    }
}

#[test]
fn whatever_is_asked_of_whatever_stack_the_invariants_hold() {
    hold();
    let compared = COMPARED.load(Ordering::Relaxed);
    assert!(compared > 100, "a 304 was held against its 200 only {compared} times");
}
