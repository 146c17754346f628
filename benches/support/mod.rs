//! The code that the benches share.
//!
//! | File | Content |
//! |---|---|
//! | `case.rs` | a case, which runs a given number of times |
//! | `question.rs`, `requests.rs` | requests to a service without a connection |
//! | `content.rs` | the bodies |
//! | `responses.rs` | the responses of the handlers |
//! | `stacks.rs` | each layer, and the same service without a layer |
//! | `shared_cache.rs` | the shared cache in front of a page |
//! | `functions.rs` | the functions of the protocol, and functions of other crates |
//! | `growth.rs` | cases whose cost grows with a quantity |
//! | `counted.rs`, `timed.rs` | the ways to run cases |
//!
//! `counted.rs` and `growth.rs` are for `benches/instructions`, which counts instructions. `allocated.rs` also runs
//! cases, but is not part of this module. A program that links the crate that counts allocations uses its allocator,
//! which takes time.

mod case;
mod content;
mod functions;
mod question;
mod requests;
mod responses;
mod shared_cache;
mod stacks;
#[allow(dead_code)]
mod timed;

#[allow(unused_imports)]
pub(crate) use self::case::Case;
pub(crate) use self::functions::functions;
pub(crate) use self::shared_cache::shared_cache;
pub(crate) use self::stacks::stacks;
#[allow(unused_imports)]
pub(crate) use self::timed::{criterion, time};
