//! A soak test: many clients on loopback read and change one service with all layers, over HTTP/1.1 and HTTP/2. The
//! test compares each response with a model.
//!
//! ```text
//! cargo run --release --manifest-path benches/soak/Cargo.toml                     # two minutes
//! cargo run --release --manifest-path benches/soak/Cargo.toml -- --seconds 3600
//! ```
//!
//! The program starts a second process with the server. It asserts:
//!
//! - No update is lost. Each accepted write replaces one version, each version is replaced once, and the final values
//!   are the numbers of accepted writes. A rejected write was outdated. A write without a condition, with a weak tag or
//!   with an outdated tag changes nothing.
//! - If several clients request a lease, one gets it.
//! - No client gets a response or a cookie that was created for another, even through a shared cache that stores as
//!   much as it may.
//! - A 304 and a 200 are for a version that was current after the request was sent. A client never gets a 200 with the
//!   version that it already has.
//! - After a purge, a shared cache does not contain an older version.
//! - The server's memory does not grow.
//!
//! | File | Content |
//! |---|---|
//! | `server.rs` | the service |
//! | `model.rs` | the state of the service, as known from its responses |
//! | `clients.rs` | the clients and their requests |
//! | `checks.rs` | the checks of each response |
//! | `cache.rs` | a shared cache in front of the clients |
//! | `connection.rs` | HTTP/1.1 and HTTP/2 |
//! | `memory.rs` | the memory of the server |
#![allow(clippy::unwrap_used)] // As in any test.

mod cache;
mod checks;
mod clients;
mod connection;
mod memory;
mod model;
mod server;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Parser;

use self::memory::Memory;
use self::model::Model;

#[derive(Debug, Parser)]
struct Arguments {
    /// The duration in seconds
    #[arg(long, default_value_t = 120)]
    seconds: u64,

    /// The minimum number of conditional writes. The test runs up to three times as long to reach it
    #[arg(long, default_value_t = 100_000)]
    writes: u64,

    /// The number of clients. Half of them use HTTP/2
    #[arg(long, default_value_t = 32)]
    clients: usize,

    /// The seed of the random requests
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Only serve until the input ends
    #[arg(long, hide = true)]
    serve: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if arguments.serve {
        runtime.block_on(server::serve());
        return ExitCode::SUCCESS;
    }
    let (mut server, address) = begin_server();
    let outcome = runtime.block_on(soak(&arguments, address, &mut server));
    // The server ends with its input.
    drop(server.stdin.take());
    _ = server.wait();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts this program in a second process, so that its memory can be measured.
fn begin_server() -> (Child, SocketAddr) {
    let program = std::env::current_exe().unwrap();
    let mut server = Command::new(program).arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (server, line.trim().parse().unwrap())
}

async fn soak(arguments: &Arguments, address: SocketAddr, server: &mut Child) -> Result<(), String> {
    let model = Arc::new(Model::new());
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in clients::all(arguments.clients, arguments.seed, address, &model) {
        clients.spawn(client);
    }

    let (least, most) = (Duration::from_secs(arguments.seconds), Duration::from_secs(3 * arguments.seconds));
    let mut memory = Memory::default();
    let writes = || model.conditional_writes.load(Ordering::Relaxed);
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    while began.elapsed() < least || (writes() < arguments.writes && began.elapsed() < most) {
        tokio::select! {
            _ = every_second.tick() => memory.measure(server.id(), began.elapsed(), &model)?,
            // A client ends early only after a failure.
            ended = clients.join_next() => ended.unwrap().map_err(|error| error.to_string())??,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    model.ended.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    clients::settle(address, &model).await?;

    model.print(seconds);
    memory.print();
    if writes() < arguments.writes {
        return Err(format!(
            "{} conditional writes in {seconds:.0} s, and {} are required",
            writes(),
            arguments.writes
        ));
    }
    memory.is_flat()
}
