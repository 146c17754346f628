//! `--expect` and `--write-expect`: compares a site with a committed table.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use futures_util::{StreamExt, stream};
use http::Method;
use serde::Serialize;
use tower_cache_policy::audit::{CacheSnapshot, Level, SnapshotChange, SnapshotRow};
use url::{Origin, Url};

use crate::arguments::{Arguments, Format};
use crate::case::{Case, Place, Problem};
use crate::check::{block_on, progress, reported};
use crate::client::{Changes, Client, Read};
use crate::error::{CheckError, shown};
use crate::exchange::Exchange;
use crate::input::{self, Target};
use crate::report::Outcome;
use crate::{github, junit, text};

/// The result for one row of the table.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The method and the path.
    pub(crate) request: String,
    /// The difference, if there is one.
    pub(crate) result: Result<Option<SnapshotChange>, CheckError>,
}

/// Compares the site of the arguments with the table in `file`, and writes the report.
///
/// # Errors
///
/// Returns a message for the user if nothing could be compared.
pub(crate) fn compare(arguments: &Arguments, file: &Path) -> Result<Outcome, String> {
    let content = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let expected = parse(file, &content)?;
    let rows: Vec<&SnapshotRow> = expected.rows().collect();
    if rows.is_empty() {
        return Err(format!("{} does not have a row, so there is nothing to compare", file.display()));
    }
    let site = site(arguments)?;
    let client = Client::new(arguments)?;
    let comparisons = block_on(async {
        let progress = progress(rows.len());
        let comparisons = stream::iter(&rows).map(|row| compare_row(&client, &site, row));
        let comparisons = comparisons.buffered(arguments.concurrency).inspect(|_| progress.inc(1));
        let comparisons: Vec<Comparison> = comparisons.collect().await;
        progress.finish_and_clear();
        comparisons
    })?;
    let report = Report { file, content: &content, site: site.url.as_str(), comparisons: &comparisons };
    reported(report.write(arguments.format).map(|()| report.outcome()))
}

/// Requests the URLs of the arguments and the paths that are already in `file`, and writes the file.
///
/// # Errors
///
/// Returns a message for the user if a URL could not be requested, or if the file could not be read or written. The
/// file is then unchanged.
pub(crate) fn write(arguments: &Arguments, file: &Path) -> Result<Outcome, String> {
    let content = match fs::read_to_string(file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("cannot read {}: {error}", file.display())),
    };
    let mut requests: BTreeMap<String, (Method, Url)> = BTreeMap::new();
    let mut home: Option<Origin> = None;
    for (text, target) in input::urls(&arguments.urls)? {
        let Target { url, home: origin, .. } = target.map_err(|error| format!("{}: {error}", shown(&text)))?;
        if *home.get_or_insert_with(|| origin.clone()) != origin {
            let remedy = "it belongs to another site than the first URL; write a file for each site";
            return Err(format!("{}: {remedy}", shown(&text)));
        }
        requests.insert(format!("GET {}", target_of(&url)), (Method::GET, url));
    }
    let Some(home) = home else { return Err("there is no URL on standard input".to_owned()) };
    for row in parse(file, &content)?.rows() {
        let request = request_of(row);
        let url = url_of(&home, row).map_err(|error| format!("{}: {error}", shown(&request)))?;
        requests.insert(request, (row.method().clone(), url));
    }

    let client = Client::new(arguments)?;
    let rows = block_on(async {
        let rows = stream::iter(requests.values()).map(|(method, url)| row_of(&client, &home, method, url));
        rows.buffered(arguments.concurrency).collect::<Vec<_>>().await
    })?;
    let count = rows.len();
    let snapshot = rows.into_iter().collect::<Result<CacheSnapshot, String>>()?;
    let written = fs::write(file, snapshot.replace_in(&content));
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    reported(writeln!(anstream::stdout(), "wrote {count} rows to {}", file.display()).map(|()| Outcome::Fine))
}

fn parse(file: &Path, content: &str) -> Result<CacheSnapshot, String> {
    content.parse().map_err(|error| format!("{}: {error}", file.display()))
}

/// Returns the only URL of the arguments, which must be the root of a site.
fn site(arguments: &Arguments) -> Result<Target, String> {
    let urls = input::urls(&arguments.urls)?;
    let [(text, target)] = &urls[..] else {
        return Err("--expect takes one URL, the root of the site; the paths come from the file".to_owned());
    };
    let target = target.clone().map_err(|error| format!("{}: {error}", shown(text)))?;
    if target_of(&target.url) != "/" {
        let site = target.home.ascii_serialization();
        let remedy = format!("write {site}/, because the paths come from the file");
        return Err(format!("{}: --expect takes the URL of a site; {remedy}", shown(text)));
    }
    Ok(target)
}

async fn compare_row(client: &Client, site: &Target, expected: &SnapshotRow) -> Comparison {
    let request = request_of(expected);
    let result = async {
        let url = url_of(&site.home, expected)?;
        let exchange = send(client, &site.home, expected.method(), &url).await?;
        let is_challenge = |error: &CheckError| matches!(error, CheckError::Challenge { .. });
        match exchange.obstacle_at_first() {
            // A table may expect a 401 or a 500.
            Some(error) if is_challenge(&error) || exchange.status() != expected.status() => Err(error),
            _ => {
                let table = |row| CacheSnapshot::from_iter([row]).behind_cdn();
                Ok(table(expected.clone()).changes_to(&table(audited(&exchange))).pop())
            }
        }
    };
    Comparison { request, result: result.await }
}

/// Returns the row for a response in a new table.
async fn row_of(client: &Client, home: &Origin, method: &Method, url: &Url) -> Result<SnapshotRow, String> {
    let exchange = match send(client, home, method, url).await {
        Ok(exchange) => exchange.obstacle().map_or(Ok(exchange), Err),
        Err(error) => Err(error),
    };
    exchange.map(|exchange| audited(&exchange)).map_err(|error| format!("{}: {error}", shown(url.as_str())))
}

async fn send(client: &Client, home: &Origin, method: &Method, url: &Url) -> Result<Exchange, CheckError> {
    client.request(url, home, Changes { method, read: Read::Fields, ..Changes::default() }).await
}

fn audited(exchange: &Exchange) -> SnapshotRow {
    SnapshotRow::of(&exchange.request, &exchange.response, exchange.at)
}

fn request_of(row: &SnapshotRow) -> String {
    format!("{} {}", row.method(), row.target())
}

/// Returns the path and the query.
fn target_of(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

fn url_of(home: &Origin, row: &SnapshotRow) -> Result<Url, CheckError> {
    let refused = |reason: String| Err(CheckError::Url { reason });
    if !matches!(*row.method(), Method::GET | Method::HEAD) {
        return refused("only GET and HEAD are sent; remove the row".to_owned());
    }
    match Url::parse(&format!("{}{}", home.ascii_serialization(), row.target())) {
        Ok(url) if target_of(&url) == row.target() => Ok(url),
        Ok(url) => refused(format!("clients send `{}` instead of this path; write that", shown(target_of(&url)))),
        Err(error) => refused(error.to_string()),
    }
}

/// The results for all rows.
#[derive(Clone, Copy, Debug)]
struct Report<'a> {
    file: &'a Path,
    content: &'a str,
    site: &'a str,
    comparisons: &'a [Comparison],
}

impl Report<'_> {
    fn outcome(&self) -> Outcome {
        self.comparisons.iter().map(Comparison::outcome).max().unwrap_or(Outcome::Fine)
    }

    fn write(&self, format: Format) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        match format {
            Format::Text => text::write_comparisons(&mut out, self.comparisons)?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &self.document())?;
                writeln!(out)?;
            }
            Format::Junit => junit::write(&mut out, &self.cases())?,
            Format::Github => github::write(&mut out, &self.cases())?,
        }
        out.flush()
    }

    fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Document {
            format: u32,
            site: String,
            file: String,
            requests: Vec<Request>,
            exit_status: u8,
        }
        #[derive(Serialize)]
        struct Request {
            request: String,
            /// `null` if it could not be compared.
            as_expected: Option<bool>,
            becomes_shared: bool,
            difference: Option<String>,
            error: Option<CheckError>,
        }
        let request = |comparison: &Comparison| {
            let change = comparison.result.as_ref().ok().and_then(Option::as_ref);
            Request {
                request: comparison.request.clone(),
                as_expected: comparison.result.as_ref().ok().map(Option::is_none),
                becomes_shared: change.is_some_and(SnapshotChange::becomes_shared),
                difference: change.map(ToString::to_string),
                error: comparison.result.as_ref().err().cloned(),
            }
        };
        Document {
            format: 1,
            site: self.site.to_owned(),
            file: self.file.display().to_string(),
            requests: self.comparisons.iter().map(request).collect(),
            exit_status: self.outcome().status(),
        }
    }

    fn cases(&self) -> Vec<Case> {
        let case = |comparison: &Comparison| {
            let change = comparison.result.as_ref().ok().and_then(Option::as_ref);
            let problem =
                |change: &SnapshotChange| Problem { level: Level::Danger, fails: true, text: change.to_string() };
            let line = self.line_of(&comparison.request);
            Case {
                suite: self.site.to_owned(),
                name: comparison.request.clone(),
                place: line.map(|line| Place { file: self.file.display().to_string(), line }),
                problems: change.map(problem).into_iter().collect(),
                errors: comparison.result.as_ref().err().map(ToString::to_string).into_iter().collect(),
            }
        };
        self.comparisons.iter().map(case).collect()
    }

    /// Returns the line of the row in the file, counted from 1.
    fn line_of(&self, request: &str) -> Option<usize> {
        let cell = request.replace('\\', "\\\\").replace('|', "\\|");
        let is_row = |line: &str| {
            let row = line.strip_prefix('|').map(str::trim_start).and_then(|row| row.strip_prefix(&cell));
            row.is_some_and(|rest| rest.trim_start().starts_with('|'))
        };
        self.content.lines().position(is_row).map(|index| index + 1)
    }
}

impl Comparison {
    fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(None) => Outcome::Fine,
            Ok(Some(_)) => Outcome::Found,
            Err(_) => Outcome::NotChecked,
        }
    }
}
