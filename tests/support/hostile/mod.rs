//! Hostile requests, answers and stacks, and what has to hold of them whatever they are.
//!
//! Shared by the tests and by the targets in `fuzz/`, so that each rule is written once. The
//! readings here are written from the text of the RFCs, are slow, and use nothing of the crate
//! but the values that it is handed.
//!
//! | File | What it has |
//! |---|---|
//! | `preconditions.rs` | RFC 9110 section 13: what becomes of a conditional request |
//! | `words.rs` | RFC 9111 section 5.2: what a field lets caches do, read for the worst |
//! | `service.rs` | a service that gives any answer, and a way to run it without a runtime |
//! | `purger.rs` | a client of caches that counts what it is asked for |
//! | `case.rs` | any stack around any service, asked anything |
//! | `check.rs` | the invariants |
#![allow(dead_code, unreachable_pub)] // Each user takes its own part.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, clippy::must_use_candidate)] // As in any test.

pub mod case;
pub mod check;
pub mod preconditions;
pub mod purger;
pub mod service;
pub mod words;
