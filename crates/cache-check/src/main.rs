//! `cache-check`: asks a deployed site how its answers are cached, and says what to change.

mod arguments;
mod assets;
mod check;
mod client;
mod exchange;
mod finding;
mod input;
mod outcome;
mod page;
mod probes;
mod redirects;
mod report;
mod target;
mod text;
mod trouble;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match check::run(&arguments) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            anstream::eprintln!("cache-check: {error}");
            outcome::Outcome::Unchecked.exit_code()
        }
    }
}
