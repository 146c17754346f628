//! Checks all URLs concurrently, and reports them in the order of the arguments.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use crate::arguments::{Arguments, Format};
use crate::client::Client;
use crate::github;
use crate::input::{self, Named, Target};
use crate::junit;
use crate::page::Checker;
use crate::report::{Document, Outcome, Report};
use crate::text;

/// Checks the URLs of the arguments, and writes the report.
///
/// # Errors
///
/// Returns a message for the user if no URL could be checked.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let urls = input::urls(&arguments.urls)?;
    let client = Client::new(arguments)?;
    reported(block_on(check_all(arguments, &client, urls))?)
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| format!("cannot start the runtime: {error}"))?.block_on(future))
}

/// Returns the outcome of a check, unless its report could not be written.
pub(crate) fn reported(outcome: io::Result<Outcome>) -> Result<Outcome, String> {
    match outcome {
        Ok(outcome) => Ok(outcome),
        // If a reader such as `head` stops early, this is not an error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::NotChecked),
        Err(error) => Err(format!("cannot write the report: {error}")),
    }
}

async fn check_all(arguments: &Arguments, client: &Client, urls: Vec<Named>) -> io::Result<Outcome> {
    let most_assets = if arguments.follow_assets { arguments.max_assets } else { 0 };
    let checker = Checker { client, edges: &arguments.edge, most_assets };
    let progress = progress(urls.len());
    let mut seen: HashSet<Url> =
        urls.iter().filter_map(|(_, target)| Some(target.as_ref().ok()?.url.clone())).collect();
    let (mut reports, mut assets) = (Vec::new(), Vec::new());

    let mut pages = stream::iter(&urls).map(|named| check_named(&checker, named)).buffered(arguments.concurrency);
    while let Some((report, found)) = pages.next().await {
        assets.extend(found.into_iter().filter(|asset| seen.insert(asset.url.clone())));
        progress.set_length((urls.len() + assets.len()) as u64);
        add(&mut reports, report, arguments, &progress)?;
    }
    // The assets of assets are not followed: a page in place of an image would otherwise start a crawl of the site.
    let checker = Checker { most_assets: 0, ..checker };
    let mut checks = stream::iter(&assets).map(|asset| checker.check(asset)).buffered(arguments.concurrency);
    while let Some((report, _)) = checks.next().await {
        add(&mut reports, report, arguments, &progress)?;
    }
    progress.finish_and_clear();

    let least = arguments.level.into();
    let outcome = reports.iter().map(|report| report.outcome(least)).max().unwrap_or(Outcome::Fine);
    let mut out = anstream::stdout().lock();
    let cases = || reports.iter().map(|report| report.case(least)).collect::<Vec<_>>();
    match arguments.format {
        Format::Text => text::write_summary(&mut out, &reports)?,
        Format::Json => {
            let document = Document { format: 1, urls: &reports, exit_status: outcome.status() };
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        Format::Junit => junit::write(&mut out, &cases())?,
        Format::Github => github::write(&mut out, &cases())?,
    }
    out.flush()?;
    Ok(outcome)
}

async fn check_named(checker: &Checker<'_>, (text, target): &Named) -> (Report, Vec<Target>) {
    match target {
        Ok(target) => checker.check(target).await,
        Err(error) => (Report::new(text, None).with_error(error.clone()), Vec::new()),
    }
}

fn add(reports: &mut Vec<Report>, report: Report, arguments: &Arguments, progress: &ProgressBar) -> io::Result<()> {
    progress.inc(1);
    if arguments.format == Format::Text {
        progress.suspend(|| text::write(&mut anstream::stdout().lock(), &report, arguments.verbose))?;
    }
    reports.push(report);
    Ok(())
}

/// Returns the progress bar, which is shown on a terminal and for several URLs.
pub(crate) fn progress(urls: usize) -> ProgressBar {
    if urls < 2 {
        return ProgressBar::hidden();
    }
    let progress = ProgressBar::new(urls as u64);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} of {len} URLs {bar:30} {elapsed}") {
        progress.set_style(style);
    }
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}
