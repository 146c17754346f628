//! A soak test: many clients on loopback read and change one service with all layers, over HTTP/1.1 and HTTP/2. The
//! test compares each response with a model.
//!
//! ```text
//! cargo run --release --manifest-path benches/soak/Cargo.toml                     # two minutes
//! cargo run --release --manifest-path benches/soak/Cargo.toml -- --seconds 3600
//! cargo run --release --manifest-path benches/soak/Cargo.toml -- --churn          # only the memory of a full cache
//! ```
//!
//! The service runs twice, without and with an in-process `SharedCache`, each time in a separate process. The program
//! asserts:
//!
//! - No update is lost. Each accepted write replaces one version, each version is replaced once, and the final values
//!   are the numbers of accepted writes. A rejected write was outdated. A write without a condition, with a weak tag or
//!   with an outdated tag changes nothing.
//! - If several clients request a lease, only one gets it.
//! - No client gets a response or a cookie that was created for another client, even through a shared cache that stores
//!   every permitted response.
//! - A 304 and a 200 are for a version that was current after the request was sent. A client never gets a 200 with the
//!   version that it already has.
//! - After a purge, neither the cache in the service nor one in front of the clients contains an older version.
//! - The server's memory does not grow.
//!
//! With `--churn`, a million URLs are requested from a `SharedCache` that is always full. The program then asserts that
//! the allocated memory is at most 1.1 times the capacity of the store plus a fixed amount for everything else. It also
//! asserts that the resident memory is at most that plus a fixed amount for the gaps of the allocator.
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
//! | `churn.rs` | the memory of a cache under churn |
#![allow(clippy::unwrap_used)] // As in any test.

mod cache;
mod checks;
mod churn;
mod clients;
mod connection;
mod memory;
mod model;
mod server;

use std::alloc::System;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cap::Cap;
use clap::Parser;

use self::memory::Memory;
use self::model::Model;

/// The system allocator, with a counter for the allocated memory.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

#[derive(Debug, Parser)]
struct Arguments {
    /// The duration in seconds, half of it with a cache in the service
    #[arg(long, default_value_t = 120)]
    seconds: u64,

    /// The minimum number of conditional writes, half of it with a cache in the service. The test runs up to three
    /// times as long to reach it
    #[arg(long, default_value_t = 100_000)]
    writes: u64,

    /// The number of clients. Half of them use HTTP/2
    #[arg(long, default_value_t = 32)]
    clients: usize,

    /// The seed of the random requests
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Only measure the memory of a full cache, in this process
    #[arg(long)]
    churn: bool,

    /// Only serve until the input ends
    #[arg(long, hide = true)]
    serve: bool,

    /// With a cache in the service
    #[arg(long, hide = true)]
    cache: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if arguments.serve {
        runtime.block_on(server::serve(arguments.cache));
        return ExitCode::SUCCESS;
    }
    if arguments.churn {
        if let Err(error) = runtime.block_on(churn::churn(arguments.seconds, arguments.seed)) {
            eprintln!("churn: {error}");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    for has_cache in [false, true] {
        println!("\n==> {} a cache in the service", if has_cache { "with" } else { "without" });
        let (mut server, address) = begin_server(has_cache);
        let outcome = runtime.block_on(soak(&arguments, has_cache, address, &mut server));
        // The server ends when its input ends.
        drop(server.stdin.take());
        _ = server.wait();
        if let Err(error) = outcome {
            eprintln!("soak: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Starts this program in a second process, so that its memory can be measured.
fn begin_server(has_cache: bool) -> (Child, SocketAddr) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--serve").args(has_cache.then_some("--cache"));
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (server, line.trim().parse().unwrap())
}

async fn soak(arguments: &Arguments, has_cache: bool, address: SocketAddr, server: &mut Child) -> Result<(), String> {
    let model = Arc::new(Model::new(has_cache));
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in clients::all(arguments.clients, arguments.seed, address, &model) {
        clients.spawn(client);
    }

    let least = Duration::from_secs(arguments.seconds) / 2;
    let most = 3 * least;
    let required = arguments.writes / 2;
    let mut memory = Memory::default();
    let writes = || model.conditional_writes.load(Ordering::Relaxed);
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    while began.elapsed() < least || (writes() < required && began.elapsed() < most) {
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
    if writes() < required {
        return Err(format!("{} conditional writes in {seconds:.0} s, and {required} are required", writes()));
    }
    model.used_its_cache()?;
    memory.is_flat()
}
