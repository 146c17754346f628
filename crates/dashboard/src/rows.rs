//! Renders the rows of the tables. Each row has an id, by which an event replaces it.

use std::fmt;

use http::Method;
use tower_cache_policy::audit::Level;
use tower_cache_policy::edge::CacheOutcome;
use tower_cache_policy::policy::routes::PolicyRow;

use crate::record::{Record, RecordedWarning, RouteCount, RouteName, Saved, Totals, WarningCount};
use crate::text::{Bytes, Escaped, ShortTime};
use crate::timeline::Timeline;

/// A row of the table of routes.
pub(crate) struct PolicyCells<'a>(pub(crate) &'a PolicyRow<'a>, pub(crate) Timeline);

/// The counters of a route.
pub(crate) struct RouteCells<'a>(pub(crate) usize, pub(crate) &'a RouteCount);

/// A warning.
pub(crate) struct WarningCells<'a>(pub(crate) usize, pub(crate) &'a WarningCount);

/// A request and its response.
pub(crate) struct RequestCells<'a>(pub(crate) u64, pub(crate) &'a Record);

impl fmt::Display for PolicyCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(row, timeline) = self;
        match row.pattern() {
            Some(pattern) => write!(f, r#"<tr><th scope="row"><code>{}</code></th>"#, Escaped(pattern))?,
            None => f.write_str(r#"<tr><th scope="row"><i>any other</i></th>"#)?,
        }
        let methods: Vec<&str> = row.methods().iter().map(Method::as_str).collect();
        write!(f, r#"<td><span class="line">{}</span>"#, Escaped(&methods.join(", ")))?;
        write!(f, r#"<div class="small">{}"#, Escaped(row.status_label()))?;
        match row.content_type_label() {
            "any" => {}
            label => write!(f, ", {}", Escaped(label))?,
        }
        write!(f, "</div></td><td>{}", Field(Some(row.cache_control())))?;
        for (name, value) in row.at_edge() {
            let value = String::from_utf8_lossy(value.as_bytes());
            write!(f, r#"<div class="small"><code>{name}:</code> {}</div>"#, Field(Some(&value)))?;
        }
        if let Some(vary) = row.vary() {
            write!(f, r#"<div class="small"><code>vary: {}</code></div>"#, Escaped(vary))?;
        }
        write!(f, "</td><td>{timeline}</td></tr>")
    }
}

impl fmt::Display for RouteCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(place, count) = self;
        let RouteCount { route, requests, ok, not_modified, precondition_failed, no_store, saved, last, .. } = count;
        let RouteCount { hits, reported, .. } = count;
        write!(f, r#"<tr id="o{place}"><th scope="row">{route}</th>"#)?;
        for number in [requests, ok, not_modified, precondition_failed, no_store] {
            write!(f, r#"<td class="number">{number}</td>"#)?;
        }
        write!(f, r#"<td class="number">{}</td>"#, Bytes(*saved))?;
        match (hits * 100).checked_div(*reported) {
            Some(percent) => write!(f, r#"<td class="number">{percent} % of {reported}</td>"#)?,
            None => f.write_str("<td></td>")?,
        }
        match last {
            Some(last) => {
                write!(f, "<td>{}</td><td>{}</td></tr>", Field(last.cache_control.as_deref()), last.timeline)
            }
            None => f.write_str(r#"<td colspan="2" class="small">no success yet</td></tr>"#),
        }
    }
}

impl fmt::Display for WarningCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(place, WarningCount { warning: RecordedWarning { level, text }, route, times, path, .. }) = self;
        write!(f, r#"<tr id="w{place}"><td>{}</td><th scope="row">{route}</th>"#, Badge(*level))?;
        write!(f, r#"<td>{}</td><td class="number">{times}</td>"#, Prose(text))?;
        write!(f, "<td><code>{}</code></td></tr>", Escaped(path))
    }
}

impl fmt::Display for RequestCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, record) = self;
        let status = record.status.as_u16();
        let kind = match status {
            304 => "not-modified",
            200..300 => "success",
            400..500 => "client-error",
            500.. => "server-error",
            _ => "other",
        };
        let at = record.at.to_string();
        let time = at.get(17..25).unwrap_or_default();
        write!(f, r#"<tr id="r{number}"><td class="number">{number}</td><td>{time}</td>"#)?;
        write!(f, r#"<th scope="row"><code>{} {}</code></th>"#, Escaped(&record.method), Escaped(&record.path))?;
        write!(f, r#"<td><span class="status {kind}">{status}</span></td>"#)?;
        write!(f, "<td>{}</td><td>", Field(record.cache_control.as_deref()))?;
        match (&record.decision, &record.reason) {
            (Some(decision), Some(reason)) => {
                write!(f, "{}; {}", Escaped(&decision.to_string()), Escaped(&reason.to_string()))?;
            }
            (Some(decision), None) => Escaped(&decision.to_string()).fmt(f)?,
            (None, Some(reason)) => Escaped(&reason.to_string()).fmt(f)?,
            (None, None) => f.write_str(r#"<span class="small">not recorded</span>"#)?,
        }
        if let Some(outcome) = record.cache.and_then(outcome) {
            write!(f, r#"<div class="small">cache: {outcome}</div>"#)?;
        }
        if let Some(RecordedWarning { level, text }) = &record.warning {
            write!(f, r#"<div class="small">{} {}</div>"#, Badge(*level), Prose(text))?;
        }
        f.write_str(r#"</td><td class="number">"#)?;
        match record.saved {
            Saved::Nothing => {}
            Saved::Unknown => f.write_str("not known")?,
            Saved::Bytes(bytes) => Bytes(bytes).fmt(f)?,
        }
        write!(f, r#"</td><td class="number">{}</td></tr>"#, ShortTime(record.took))
    }
}

/// Renders how the in-process cache handled a request.
const fn outcome(outcome: CacheOutcome) -> Option<&'static str> {
    match outcome {
        CacheOutcome::Hit => Some("hit"),
        CacheOutcome::Stale => Some("stale"),
        CacheOutcome::Revalidated => Some("revalidated"),
        CacheOutcome::Miss => Some("miss"),
        CacheOutcome::Expired => Some("expired"),
        CacheOutcome::Bypass => Some("passed through"),
        _ => None,
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, not_modified, saved, more_warnings } = self;
        write!(f, "<li><b>{requests}</b> requests<li><b>{not_modified}</b> responses with 304")?;
        write!(f, "<li><b>{}</b> of content not sent again", Bytes(*saved))?;
        match more_warnings {
            0 => Ok(()),
            more => write!(f, "<li><b>{more}</b> more warnings than are shown"),
        }
    }
}

impl fmt::Display for RouteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => write!(f, "<code>{}</code>", Escaped(pattern)),
            Self::Unknown => f.write_str("<i>no route</i>"),
            Self::Others => f.write_str("<i>other routes</i>"),
        }
    }
}

/// The value of `Cache-Control`.
struct Field<'a>(Option<&'a str>);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => {
                f.write_str("<code>")?;
                for (index, directive) in value.split(", ").enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    // A line may break between two directives, but not at a hyphen.
                    write!(f, "{separator}<span class=\"directive\">{}</span>", Escaped(directive))?;
                }
                f.write_str("</code>")
            }
            None => f.write_str(r#"<span class="small">none</span>"#),
        }
    }
}

struct Badge(Level);

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="level {0}">{0}</span>"#, self.0)
    }
}

/// Renders a sentence, with the text between backticks as code.
struct Prose<'a>(&'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.0.split('`').collect();
        // If a backtick does not have a counterpart, the text was truncated.
        parts.iter().enumerate().try_for_each(|(index, part)| match index % 2 {
            0 => Escaped(part).fmt(f),
            _ => write!(f, "<code>{}</code>", Escaped(part)),
        })
    }
}
