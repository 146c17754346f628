//! The memory of the layers: a stream is not buffered, the documented length of its beginning is, and each waiting
//! request has a limit.
//!
//! The tables are printed by `cargo test --all-features --test memory -- --nocapture`.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "memory/endless.rs"]
mod endless;
#[path = "memory/slow_clients.rs"]
mod slow_clients;
#[path = "memory/streams.rs"]
mod streams;
