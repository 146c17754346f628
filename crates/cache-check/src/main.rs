//! `cache-check`: checks how browsers and CDNs cache the responses of a deployed site, and reports what to change.

mod arguments;
mod check;
mod client;
mod error;
mod exchange;
mod finding;
mod html;
mod input;
mod pacing;
mod page;
mod probes;
mod redirects;
mod report;
mod text;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match check::run(&arguments) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            anstream::eprintln!("cache-check: {error}");
            report::Outcome::NotChecked.exit_code()
        }
    }
}
