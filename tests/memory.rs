//! What the layers hold: of a stream no more than passes, of its beginning what is documented,
//! and for each request that waits so many bytes.
//!
//! The tables are printed by `cargo test --all-features --test memory -- --nocapture`.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "memory/endless.rs"]
mod endless;
#[path = "memory/slow_clients.rs"]
mod slow_clients;
#[path = "memory/streams.rs"]
mod streams;
