//! What the benches share: cases, how they are called, and how they are run.
//!
//! | File | Has |
//! |---|---|
//! | `case.rs` | a case: a thing that can be done so many times |
//! | `asking.rs` | a service asked in process |
//! | `content.rs` | the bodies |
//! | `answers.rs` | what the handlers answer |
//! | `stacks.rs` | every layer, around the same service bare |
//! | `functions.rs` | the functions of the protocol, beside those of other crates |
//! | `growth.rs` | what the costs grow with |
//! | `counted.rs`, `timed.rs` | the ways to run cases |
//!
//! `allocated.rs` is a way as well, and no part of this module: who names the crate that counts
//! allocations gets its allocator, which costs time.

mod answers;
mod asking;
mod case;
mod content;
#[allow(dead_code)] // Each bench runs its cases in one way.
mod counted;
mod functions;
#[allow(dead_code)] // The time of growth is not measured.
mod growth;
mod stacks;
#[allow(dead_code)]
mod timed;

#[allow(unused_imports)]
pub(crate) use self::case::Case;
#[allow(unused_imports)]
pub(crate) use self::counted::calls_main;
pub(crate) use self::functions::functions;
#[allow(unused_imports)]
pub(crate) use self::growth::growth;
pub(crate) use self::stacks::stacks;
#[allow(unused_imports)]
pub(crate) use self::timed::{criterion, time};
