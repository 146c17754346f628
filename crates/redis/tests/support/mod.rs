//! A real engine, and instances of one site behind it.
#![allow(dead_code, clippy::unwrap_used)] // Each test program uses a part.

pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod engine;
pub(crate) mod model;
pub(crate) mod proxy;
pub(crate) mod site;
