//! Runs the program, and serves sites for it.
#![allow(dead_code, unreachable_pub)] // Each test uses its own part.
#![allow(clippy::unwrap_used)] // As in any test.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

pub struct ProgramOutput {
    pub status: i32,
    pub out: String,
    pub errors: String,
}

impl ProgramOutput {
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.errors))
    }
}

pub async fn run_in(environment: &[(&str, &str)], arguments: &[&str], input: &str) -> ProgramOutput {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cache-check"));
    command.args(arguments).env("NO_PROXY", "*").env_remove("CLICOLOR_FORCE").kill_on_drop(true);
    command.envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let done = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    ProgramOutput { status: done.status.code().unwrap(), out: text(done.stdout), errors: text(done.stderr) }
}

pub async fn run_with(arguments: &[&str], input: &str) -> ProgramOutput {
    run_in(&[], arguments, input).await
}

pub async fn run(arguments: &[&str]) -> ProgramOutput {
    run_with(arguments, "").await
}

pub async fn serve_app(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}
