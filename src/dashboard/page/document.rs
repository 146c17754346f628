//! The whole page.

use std::fmt;

use super::resources::{SCRIPT, STYLE};
use super::rows::{PolicyCells, RequestCells, RouteCells, WarningCells};
use super::timeline::{Axis, LEGEND, PATTERNS};
use crate::dashboard::config::Config;
use crate::dashboard::history::News;
use crate::dashboard::lanes::Lanes;
use crate::policy::routes::RoutePolicies;

/// One HTML document that loads nothing, and says all that it knows without its script.
pub(in crate::dashboard) fn document(config: &Config, news: &News) -> String {
    let routes = config.routes.as_ref().map(|routes| routes.current());
    Document { config, routes: routes.as_ref(), news }.to_string()
}

struct Document<'a> {
    config: &'a Config,
    routes: Option<&'a RoutePolicies>,
    news: &'a News,
}

impl fmt::Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let News { number, requests, routes, warnings, totals } = self.news;
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>Cache policy</title>\n<style>{STYLE}</style>\n\
             <body data-last=\"{number}\">\n{PATTERNS}\n\
             <a class=\"skip\" href=\"#requests-title\">Skip to the last requests</a>\n\
             <header><h1>Cache policy</h1>\n<ul id=\"totals\">{totals}</ul>\n\
             <p class=\"live\"><span id=\"live\" role=\"status\">as of when the page was loaded</span> \
             <button id=\"pause\" type=\"button\" hidden>Pause</button></p>\n<nav aria-label=\"Tables\"><ul>"
        )?;
        if self.routes.is_some() {
            f.write_str("<li><a href=\"#policies-title\">Policies</a>")?;
        }
        f.write_str(
            "<li><a href=\"#warnings-title\">Warnings</a><li><a href=\"#routes-title\">Routes</a>\
             <li><a href=\"#requests-title\">Last requests</a></ul></nav></header>\n<main>\n",
        )?;
        if let Some(policies) = self.routes {
            self.policies(f, policies)?;
        } else {
            f.write_str(LEGEND)?;
        }

        let columns = ["Level", "Route", "What is seldom meant", "Times", "Last path"];
        open(f, "warnings", "Warnings", "What an audit of each answer finds, the worst of it.", &columns)?;
        body(f, "warnings", warnings.iter().map(|(place, warning)| WarningCells(*place, warning)), columns.len())?;

        let columns =
            ["Route", "Requests", "200", "304", "412", "no-store", "Saved", "Last Cache-Control", "As caches read it"];
        open(f, "routes", "Routes", "What was answered, and what the last success of each says.", &columns)?;
        body(f, "routes", routes.iter().map(|(place, route)| RouteCells(*place, route)), columns.len())?;

        let columns = ["No.", "Time", "Request", "Status", "Cache-Control", "Why", "Saved", "Took"];
        let note = "The newest first, in GMT. Saved is the content that a 304 did not send again.";
        open(f, "requests", "Last requests", note, &columns)?;
        body(f, "requests", requests.iter().map(|(number, record)| RequestCells(*number, record)), columns.len())?;
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
        let columns = ["Route", "For", "Cache-Control", "As caches read it"];
        let note = "What each kind of answers gets, before the handler and the guards have their word.";
        open(f, "policies", "Policies", note, &columns)?;
        let rows = table.rows().map(|row| PolicyCells(row, Lanes::of_row(row, self.config.edges.as_ref(), now)));
        body(f, "policies", rows, columns.len())?;
        f.write_str(LEGEND)
    }
}

/// A section with its table, up to the rows. The table scrolls by itself where it is too wide,
/// also by keys.
fn open(f: &mut fmt::Formatter<'_>, id: &str, title: &str, note: &str, columns: &[&str]) -> fmt::Result {
    write!(
        f,
        "<section aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\" tabindex=\"-1\">{title}</h2><p>{note}</p>\n\
         <div class=\"wide\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}-title\"><table><thead><tr>"
    )?;
    for column in columns {
        match *column {
            "As caches read it" => write!(f, "<th scope=\"col\">{column}{Axis}</th>")?,
            "No." | "Requests" | "200" | "304" | "412" | "no-store" | "Saved" | "Times" | "Took" => {
                write!(f, "<th scope=\"col\" class=\"number\">{column}</th>")?;
            }
            _ => write!(f, "<th scope=\"col\">{column}</th>")?,
        }
    }
    f.write_str("</tr></thead>\n")
}

fn body(f: &mut fmt::Formatter<'_>, id: &str, rows: impl Iterator<Item: fmt::Display>, columns: usize) -> fmt::Result {
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
