//! Hostile requests, responses and stacks, and what has to hold for every one of them.
//!
//! Shared by the tests and by the targets in `fuzz/`, so that each rule is written once. The
//! readers here are written from the text of the RFCs and of the vendors. They are slow, and they use
//! nothing of the crate except the values that they are handed.
//!
//! | File | Contents |
//! |---|---|
//! | `fields.rs` | the fields that caches in front read, by name |
//! | `words.rs` | RFC 9111 section 5.2: what `Cache-Control` permits, to the strictest and the laxest reader |
//! | `other_reader.rs` | what a cache library written by others makes of a response |
//! | `preconditions.rs` | RFC 9110 section 13: the outcome of a conditional request |
//! | `service.rs` | a service with any response, and a way to run it without a runtime |
//! | `purger.rs` | a client of caches that counts the purges it is sent |
//! | `case.rs` | any stack around any service, sent any request |
//! | `generate.rs` | a case from random bytes |
//! | `shrink.rs` | the smallest case with the same fault |
//! | `check/` | the invariants |
//! | `counts.rs` | how often each kind of case and check was taken |
#![allow(dead_code, unreachable_pub)] // Each user takes its own part.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, clippy::must_use_candidate)] // As in any test.

pub mod case;
pub mod check;
pub mod counts;
pub mod fields;
mod generate;
pub mod other_reader;
pub mod preconditions;
pub mod purger;
pub mod service;
pub mod shrink;
pub mod words;
