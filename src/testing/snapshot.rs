//! [`assert_matches_snapshot`] and [`assert_table_matches_snapshot`].

use std::fmt::Debug;
use std::fs;
use std::io::ErrorKind;
use std::panic::Location;
use std::path::Path;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::exchange::{Exchange, Place};
use crate::audit::{CacheSnapshot, SnapshotRow};
#[cfg(feature = "routes")]
use crate::markdown::replace_table;
#[cfg(feature = "routes")]
use crate::policy::routes::PolicyTable;

/// The environment variable that makes the assertions write their files.
const UPDATE: &str = "UPDATE_CACHE_SNAPSHOTS";

/// Asserts that caches treat the responses to these requests as recorded in a committed file.
///
/// The file is the table of a [`CacheSnapshot`], with one row for each request. If a change makes a route publicly
/// cacheable, the test fails, and the message starts with the path of that route. The test also fails if a route is
/// missing in the table or was not requested.
///
/// `file` is relative to the directory of the package. If the environment variable `UPDATE_CACHE_SNAPSHOTS` is `1`, the
/// assertion writes the table and passes. Review the difference before you commit it. Text before and after the table
/// is preserved.
///
/// ```no_run
/// # use std::convert::Infallible;
/// # use std::time::Duration;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::ServiceBuilder;
/// use tower_cache_policy::CachingLayer;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::testing::assert_matches_snapshot;
///
/// # async fn test() {
/// let service = ServiceBuilder::new()
///     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(60))))
///     .service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
///
/// let requests = ["/", "/account", "/orders"].map(|path| Request::get(path).body(String::new()).unwrap());
/// assert_matches_snapshot(&service, requests, "tests/caching.md").await;
/// # }
/// ```
///
/// # Panics
///
/// Panics if a response differs from the file, if the file cannot be read or is not a table, if two requests have the
/// same method and URL, or if the service fails.
#[track_caller]
pub fn assert_matches_snapshot<S, B, R, I, P>(service: &S, requests: I, file: P) -> impl Future<Output = ()>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
    I: IntoIterator<Item = Request<B>>,
    P: AsRef<Path>,
{
    let place = Location::caller();
    async move {
        let file = file.as_ref();
        let mut now = CacheSnapshot::new();
        for request in requests {
            let exchange = Exchange::send(service, request, place).await;
            let row = SnapshotRow::of(&exchange.request, &exchange.response, exchange.now);
            if let Some(row) = now.insert(row) {
                panic!(
                    "the request `{} {}` is listed twice; remove one\nasserted at {place}",
                    row.method(),
                    row.target()
                );
            }
        }
        let Some(text) = read(file, |text| now.replace_in(text), place) else { return };
        let expected: CacheSnapshot = match text.parse() {
            Ok(expected) => expected,
            Err(error) => panic!("{}: {error}{}", file.display(), remedy(place)),
        };
        let changes: Vec<String> = expected.changes_to(&now).iter().map(ToString::to_string).collect();
        if !changes.is_empty() {
            panic!("{}\n\ncompared with {}{}", changes.join("\n"), file.display(), remedy(place));
        }
    }
}

/// Asserts that a table of routes is the same as in a committed file. Requires the feature `routes`.
///
/// [`RoutePolicies::policy_table`](crate::policy::routes::RoutePolicies::policy_table) and
/// [`Edges::policy_table`](crate::edge::Edges::policy_table) return the table. It shows the policy of each route before
/// guards apply, and no request is sent. The widths of the columns may differ. `UPDATE_CACHE_SNAPSHOTS` works as for
/// [`assert_matches_snapshot`].
///
/// # Panics
///
/// Panics with the pattern of a row that differs. Also panics if the file cannot be read.
#[cfg(feature = "routes")]
#[cfg_attr(docsrs, doc(cfg(feature = "routes")))]
#[track_caller]
pub fn assert_table_matches_snapshot<P: AsRef<Path>>(table: &PolicyTable<'_>, file: P) {
    let (place, file) = (Location::caller(), file.as_ref());
    let now = table.to_markdown();
    let Some(text) = read(file, |text| replace_table(text, &now), place) else { return };
    let (expected, found) = (rows_of(&text), rows_of(&now));
    if expected == found {
        return;
    }
    let removed = expected.iter().filter(|row| !found.contains(row)).map(|row| format!("expected {row}"));
    let added = found.iter().filter(|row| !expected.contains(row)).map(|row| format!("but got  {row}"));
    let mut changes: Vec<String> = removed.chain(added).collect();
    if changes.is_empty() {
        changes.push("the same rows are in a different order, or are repeated".to_owned());
    }
    panic!("{}\n\ncompared with {}{}", changes.join("\n"), file.display(), remedy(place));
}

/// Returns the rows of a Markdown table, without the white space that aligns columns and without the line of dashes.
#[cfg(feature = "routes")]
fn rows_of(text: &str) -> Vec<String> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let is_rule = |line: &str| line.chars().all(|character| matches!(character, '|' | '-' | ' ' | ':'));
    rows.filter(|line| !is_rule(line)).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Returns the text of the file, or rewrites the file and returns `None` if the environment variable is set.
fn read(file: &Path, rewrite: impl FnOnce(&str) -> String, place: Place) -> Option<String> {
    let writes = std::env::var_os(UPDATE).is_some_and(|value| value == "1");
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && writes => String::new(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("there is no file {}{}", file.display(), remedy(place))
        }
        Err(error) => panic!("cannot read {}: {error}\nasserted at {place}", file.display()),
    };
    if !writes {
        return Some(text);
    }
    if let Err(error) = fs::write(file, rewrite(&text)) {
        panic!("cannot write {}: {error}\nasserted at {place}", file.display());
    }
    None
}

fn remedy(place: Place) -> String {
    format!("\nto accept the responses, run the test with {UPDATE}=1 and review the difference\nasserted at {place}")
}
