//! Runs the concurrent code of the shared cache in many interleavings: the requests that others wait for, the bodies
//! that are collected, and the purges. `shuttle` chooses the order at each lock and each atomic.
//!
//! ```text
//! cargo run --release --manifest-path benches/interleavings/Cargo.toml                 # a minute
//! cargo run --release --manifest-path benches/interleavings/Cargo.toml -- 1000000     # the runs of each check
//! ```
//!
//! The files of the library are compiled again, with `interleaved-std` instead of the standard library. `store.rs`,
//! `exchange.rs` and this file replace the rest of the library.
#![allow(clippy::unwrap_used)] // As in any test.
#![allow(dead_code, unreachable_pub)] // The library uses more of its files.

extern crate interleaved_std as std;

mod shared_cache;
mod store;

mod policy {
    pub(crate) use tower_cache_policy::policy::{CacheTag, CacheTags};

    /// The responses in this program do not have a decision.
    #[derive(Clone, Debug)]
    pub(crate) struct Ruling;
}

mod protocol {
    pub(crate) use tower_cache_policy::protocol::{
        Age, Cache, CacheControl, EntityTagRef, HttpDate, Outcome, Preconditions, into_not_modified,
    };

    /// All fields of the responses in this program are stored.
    pub(crate) struct NoFields;

    impl NoFields {
        pub(crate) fn contain(&self, _: &http::HeaderName) -> bool {
            false
        }
    }

    pub(crate) fn unstored_fields(_: &http::HeaderMap, _: &CacheControl, _: Cache) -> Result<NoFields, ()> {
        Ok(NoFields)
    }

    /// The responses in this program do not repeat a field line.
    pub(crate) fn only_line<'a>(
        headers: &'a http::HeaderMap,
        name: &http::HeaderName,
    ) -> Option<&'a http::HeaderValue> {
        headers.get(name)
    }
}

use shared_cache::checks;

/// One set of threads, whose order the scheduler chooses.
type Check = fn();

const CHECKS: [(&str, Check, usize); 7] = [
    ("clients of a cold key", checks::cold, 60_000),
    ("a body of which a client waits for each frame", checks::prompt, 60_000),
    ("clients of a cold key that leave", checks::leaving, 60_000),
    ("clients that leave, with a spawner", checks::finishing, 60_000),
    ("a call that panics before it starts", checks::panicking, 40_000),
    ("purges while clients read", checks::purging, 60_000),
    ("purges of tags, URLs and everything", checks::marks, 40_000),
];

fn main() {
    let runs: Option<usize> = std::args().nth(1).map(|text| text.parse().expect("the argument is a number of runs"));
    for (name, check, usual) in CHECKS {
        let runs = runs.unwrap_or(usual);
        // Half of the runs choose the order at random, and the other half switch threads only a few times, which finds
        // other bugs.
        shuttle::check_random(check, runs / 2);
        shuttle::check_pct(check, runs / 2, 3);
        println!("{name:48}{runs:>10} runs");
    }
}
