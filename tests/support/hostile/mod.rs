//! Hostile requests, responses and stacks, and the invariants that hold for all of them.
//!
//! The tests and the targets in `fuzz/` share these modules, so that each rule is written once. The parsers are
//! written from the text of the RFCs and of the vendors. They are slow, and they do not use the crate's own parsers.
//!
//! | File | Contents |
//! |---|---|
//! | `fields.rs` | the names of the fields that caches in front read |
//! | `readers.rs` | the permissions of a `Cache-Control`, as strict and permissive caches read it (RFC 9111 section 5.2) |
//! | `other_reader.rs` | the verdict of a third-party cache library on a response |
//! | `preconditions.rs` | the outcome of a conditional request (RFC 9110 section 13) |
//! | `service.rs` | a service with any response, which runs without a runtime |
//! | `purger.rs` | a purger that counts the purges that it receives |
//! | `case.rs` | any request to any stack around any service |
//! | `generate.rs` | generates a case from random bytes |
//! | `shrink.rs` | finds a smaller case with the same fault |
//! | `check/` | the invariants |
//! | `coverage.rs` | counts how often each kind of case and check ran |
#![allow(dead_code, unreachable_pub)] // Each user needs a part of it.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, clippy::must_use_candidate)] // As in any test.

pub mod case;
pub mod check;
pub mod coverage;
pub mod fields;
mod generate;
pub mod other_reader;
pub mod preconditions;
pub mod purger;
pub mod readers;
pub mod service;
pub mod shrink;
