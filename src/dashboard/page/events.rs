//! What came since, as server-sent events: the same rows as in the document.

use std::fmt::{Display, Write};

use super::rows::{RequestCells, RouteCells, WarningCells};
use crate::dashboard::history::News;

/// The first words of a stream. The service may have been restarted since the page was loaded,
/// and then knows nothing of its rows.
pub(in crate::dashboard) fn opening(restarted: bool) -> String {
    let mut text = "retry: 1000\n\n".to_owned();
    if restarted {
        text.push_str("event: restart\ndata: 1\n\n");
    }
    text
}

/// Each event has the name of the list that it is for.
pub(in crate::dashboard) fn events(news: &News) -> String {
    let News { number, requests, routes, warnings, totals } = news;
    let mut text = String::new();
    event(&mut text, *number, "routes", routes.iter().map(|(place, route)| RouteCells(*place, route)));
    event(&mut text, *number, "warnings", warnings.iter().map(|(place, warning)| WarningCells(*place, warning)));
    event(&mut text, *number, "totals", [totals].into_iter());
    event(&mut text, *number, "requests", requests.iter().map(|(number, record)| RequestCells(*number, record)));
    text
}

/// One line of data for each row: no row holds a line break, which its escaping replaced.
fn event(text: &mut String, number: u64, name: &str, rows: impl Iterator<Item: Display>) {
    let before = text.len();
    for row in rows {
        _ = writeln!(text, "data: {row}");
    }
    if text.len() > before {
        _ = write!(text, "event: {name}\nid: {number}\n\n");
    }
}
