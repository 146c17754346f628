//! A server for one variant, on loopback and with one thread. `scripts/end-to-end` measures it.
//!
//! ```text
//! cargo run --release                      # the names of the variants
//! cargo run --release -- policy DIRECTORY  # serves, and prints the port and the path to ask for
//! ```
//!
//! It supports HTTP/1.1 and HTTP/2 without TLS on the same port.

mod by_hand;
mod noop;
mod pages;
mod variants;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use variants::Served;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            for (name, _) in variants::ALL {
                println!("{name}");
            }
            ExitCode::SUCCESS
        }
        [name, directory] => {
            let Some((_, make)) = variants::ALL.iter().find(|(candidate, _)| candidate == name) else {
                eprintln!("error: there is no variant {name:?}");
                return ExitCode::FAILURE;
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let served = runtime.and_then(|runtime| runtime.block_on(serve(make(Path::new(directory)))));
            if let Err(error) = served {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("error: expected a variant and a directory of files");
            ExitCode::FAILURE
        }
    }
}

async fn serve(served: Served) -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{} {}", listener.local_addr()?.port(), served.path);
    // Small responses are sent without delay, as in nginx.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, served.app).await
}
