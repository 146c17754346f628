//! The page: one HTML document, and the events that update it.

use std::fmt::{self, Display, Write};

use tower_cache_policy::policy::routes::RoutePolicies;

use crate::dashboard::Config;
use crate::history::Update;
use crate::rows::{PolicyCells, RequestCells, RouteCells, WarningCells};
use crate::stored::{COLUMNS, Stored};
use crate::timeline::{Axis, LEGEND, PATTERNS, Timeline};

const STYLE: &str = include_str!("style.css");

const SCRIPT: &str = include_str!("script.js");

/// The hashes of the only permitted script and style. A test fails if they change.
pub(crate) const CONTENT_SECURITY_POLICY: &str = concat!(
    "default-src 'none'; ",
    "style-src 'sha256-yYmV92yx8+BIo4oiitsnSG8wjzNjWI7usWxSX9LG/rI='; ",
    "script-src 'sha256-Hyg7xZhej7jZRxCdaKkKjPzcj8ax4G7Uyf3K5D/L3XI='; ",
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Renders one HTML document that does not load any other resource, and is complete without its script.
pub(crate) fn document(config: &Config, update: &Update) -> String {
    let routes = config.routes.as_ref().map(|routes| routes.current());
    Document { config, routes: routes.as_ref(), stored: Stored::of(config), update }.to_string()
}

/// Renders the beginning of a stream. If the service was restarted after the page was loaded, the rows of the page are
/// outdated.
pub(crate) fn opening(restarted: bool) -> String {
    let mut text = "retry: 1000\n\n".to_owned();
    if restarted {
        text.push_str("event: restart\ndata: 1\n\n");
    }
    text
}

/// Renders the same rows as in the document, as server-sent events. Each event has the name of its list.
pub(crate) fn events(update: &Update) -> String {
    let Update { number, requests, routes, warnings, totals } = update;
    let mut text = String::new();
    event(&mut text, *number, "routes", routes.iter().map(|(place, route)| RouteCells(*place, route)));
    event(&mut text, *number, "warnings", warnings.iter().map(|(place, warning)| WarningCells(*place, warning)));
    event(&mut text, *number, "totals", [totals].into_iter());
    event(&mut text, *number, "requests", requests.iter().map(|(number, record)| RequestCells(*number, record)));
    text
}

struct Document<'a> {
    config: &'a Config,
    routes: Option<&'a RoutePolicies>,
    stored: Option<Stored>,
    update: &'a Update,
}

impl Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Update { number, requests, routes, warnings, totals } = self.update;
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>Cache policy</title>\n<style>{STYLE}</style>\n\
             <body data-last=\"{number}\">\n{PATTERNS}\n\
             <a class=\"skip\" href=\"#requests-title\">Skip to the last requests</a>\n\
             <header><h1>Cache policy</h1>\n<ul id=\"totals\">{totals}</ul>\n\
             <p class=\"live\"><span id=\"live\" role=\"status\">as of the time when the page was loaded</span> \
             <button id=\"pause\" type=\"button\" hidden>Pause</button></p>\n<nav aria-label=\"Tables\"><ul>"
        )?;
        if self.routes.is_some() {
            f.write_str("<li><a href=\"#policies-title\">Policies</a>")?;
        }
        f.write_str(
            "<li><a href=\"#warnings-title\">Warnings</a><li><a href=\"#routes-title\">Routes</a>\
             <li><a href=\"#requests-title\">Last requests</a>",
        )?;
        if self.stored.is_some() {
            f.write_str("<li><a href=\"#stored-title\">Stored responses</a>")?;
        }
        f.write_str("</ul></nav></header>\n<main>\n")?;
        if let Some(policies) = self.routes {
            self.policies(f, policies)?;
        } else {
            f.write_str(LEGEND)?;
        }

        let columns = ["Level", "Route", "Warning", "Times", "Last path"];
        open(f, "warnings", "Warnings", "The most severe warning about each response.", &columns)?;
        body(f, "warnings", warnings.iter().map(|(place, warning)| WarningCells(*place, warning)), columns.len())?;

        let columns =
            ["Route", "Requests", "200", "304", "412", "no-store", "Saved", "Hits", "Last Cache-Control", "Stored"];
        open(
            f,
            "routes",
            "Routes",
            "The responses of each route, and the policy of its last success. Hits are responses from the in-process cache.",
            &columns,
        )?;
        body(f, "routes", routes.iter().map(|(place, route)| RouteCells(*place, route)), columns.len())?;

        let columns = ["No.", "Time", "Request", "Status", "Cache-Control", "Reason", "Saved", "ShortTime"];
        let note = "The newest first, in GMT. Saved is the size of the content that a 304 did not send again.";
        open(f, "requests", "Last requests", note, &columns)?;
        body(f, "requests", requests.iter().map(|(number, record)| RequestCells(*number, record)), columns.len())?;
        if let Some(stored) = &self.stored {
            let note = "The largest responses in the in-process cache, when this page was loaded.";
            open(f, "stored", "Stored responses", note, &COLUMNS)?;
            body(f, "stored", stored.rows(), COLUMNS.len())?;
            stored.numbers().fmt(f)?;
        }
        write!(f, "</main>\n<script>{SCRIPT}</script>\n</html>\n")
    }
}

impl Document<'_> {
    fn policies(&self, f: &mut fmt::Formatter<'_>, policies: &RoutePolicies) -> fmt::Result {
        let table = match &self.config.edges {
            Some(edges) => edges.policy_table(policies),
            None => policies.policy_table(),
        };
        let now = self.config.clock.now();
        let columns = ["Route", "For", "Cache-Control", "Stored"];
        let note = "The policy of each kind of response, before handlers and guards change it.";
        open(f, "policies", "Policies", note, &columns)?;
        let rows = table.rows().map(|row| PolicyCells(row, Timeline::of_row(row, self.config.edges.as_ref(), now)));
        body(f, "policies", rows, columns.len())?;
        f.write_str(LEGEND)
    }
}

/// Renders a section with its table, up to the rows. A table that is too wide can be scrolled, including with the
/// keyboard.
fn open(f: &mut fmt::Formatter<'_>, id: &str, title: &str, note: &str, columns: &[&str]) -> fmt::Result {
    write!(
        f,
        "<section aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\" tabindex=\"-1\">{title}</h2><p>{note}</p>\n\
         <div class=\"wide\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}-title\"><table><thead><tr>"
    )?;
    for column in columns {
        match *column {
            "Stored" => write!(f, "<th scope=\"col\">{column}{Axis}</th>")?,
            "No." | "Requests" | "200" | "304" | "412" | "no-store" | "Saved" | "Hits" | "Times" | "ShortTime"
            | "Variants" | "Size" | "Age" | "Fresh for" => {
                write!(f, "<th scope=\"col\" class=\"number\">{column}</th>")?;
            }
            _ => write!(f, "<th scope=\"col\">{column}</th>")?,
        }
    }
    f.write_str("</tr></thead>\n")
}

fn body(f: &mut fmt::Formatter<'_>, id: &str, rows: impl Iterator<Item: Display>, columns: usize) -> fmt::Result {
    write!(f, "<tbody id=\"{id}\">")?;
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        write!(f, "<tr class=\"none\"><td colspan=\"{columns}\">None yet.</td></tr>")?;
    }
    for row in rows {
        writeln!(f, "{row}")?;
    }
    f.write_str("</tbody></table></div></section>\n")
}

/// Renders one line of data for each row. A row does not contain line breaks, because it is escaped.
fn event(text: &mut String, number: u64, name: &str, rows: impl Iterator<Item: Display>) {
    let before = text.len();
    for row in rows {
        _ = writeln!(text, "data: {row}");
    }
    if text.len() > before {
        _ = write!(text, "event: {name}\nid: {number}\n\n");
    }
}
