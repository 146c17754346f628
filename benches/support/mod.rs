//! The code that the benches share: cases, how to call them, and how to run them.
//!
//! | File | Has |
//! |---|---|
//! | `case.rs` | a case: a thing that can be done so many times |
//! | `question.rs`, `asking.rs` | a service asked in process |
//! | `content.rs` | the bodies |
//! | `answers.rs` | what the handlers answer |
//! | `stacks.rs` | every layer, around the same service bare |
//! | `functions.rs` | the functions of the protocol, beside those of other crates |
//! | `growth.rs` | what the costs grow with, where instructions are counted |
//! | `counted.rs`, `timed.rs` | the ways to run cases |
//!
//! `counted.rs` and `growth.rs` are for `benches/instructions`, which counts instructions. `allocated.rs` also runs
//! cases, but is not part of this module. A program that links the crate that counts allocations uses its allocator,
//! which takes time.

mod answers;
mod asking;
mod case;
mod content;
mod functions;
mod question;
mod stacks;
#[allow(dead_code)]
mod timed;

#[allow(unused_imports)]
pub(crate) use self::case::Case;
pub(crate) use self::functions::functions;
pub(crate) use self::stacks::stacks;
#[allow(unused_imports)]
pub(crate) use self::timed::{criterion, time};
