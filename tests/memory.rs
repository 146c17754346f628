//! Tests the memory of the layers: only the documented length of a stream is buffered, and the memory of each waiting
//! request is limited.
//!
//! `cargo test --all-features --test memory -- --nocapture` prints the tables.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "memory/endless.rs"]
mod endless;
#[path = "memory/slow_clients.rs"]
mod slow_clients;
#[path = "memory/streams.rs"]
mod streams;
