//! `cache-check`: checks how browsers and CDNs cache the responses of a deployed site, and reports what to change.

mod arguments;
mod case;
mod check;
mod client;
mod error;
mod exchange;
mod expect;
mod finding;
mod github;
mod html;
mod input;
mod junit;
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
    let outcome = match (&arguments.expect, &arguments.write_expect) {
        (Some(file), _) => expect::compare(&arguments, file),
        (None, Some(file)) => expect::write(&arguments, file),
        (None, None) => check::run(&arguments),
    };
    match outcome {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            anstream::eprintln!("cache-check: {error}");
            report::Outcome::NotChecked.exit_code()
        }
    }
}
