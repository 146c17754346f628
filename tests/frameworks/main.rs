//! Tests the layers in frameworks and with third-party layers, on real connections.
//!
//! | File | Content |
//! |---|---|
//! | `grpc_frames.rs` | every kind of gRPC response, byte by byte |
//! | `grpc_calls.rs` | streams in both directions, deadlines, `grpc-web` |
//! | `axum_07.rs` | axum 0.7, which the feature `axum` does not support |
//! | `filters.rs` | warp |
//! | `orders.rs` | tower-http's layers in the documented order, and in wrong orders |
//! | `sessions.rs` | tower-sessions |
//! | `upgrades.rs` | 101, WebSockets over HTTP/1.1 and HTTP/2, 103 |
//!
//! `scripts/check-frameworks` starts the examples and sends requests to them. `tests/compression.rs` tests entity tags
//! and ranges under compression, and `tests/wire.rs` the bytes of a 304.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "../support/loopback.rs"]
mod loopback;
#[path = "../support/mod.rs"]
mod support;

mod axum_07;
mod filters;
mod grpc_calls;
mod grpc_frames;
mod orders;
mod sessions;
mod upgrades;

use std::time::Duration;

use tower_cache_policy::policy::CachePolicy;

const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(300));
