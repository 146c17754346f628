//! [`Timeline`]: how long each cache stores a response, drawn as one lane per cache on a common scale.

use std::fmt;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_cache_policy::audit::{CacheAudit, CacheKind, Verdict};
use tower_cache_policy::edge::Edges;
use tower_cache_policy::policy::routes::PolicyRow;
use tower_cache_policy::protocol::HttpDate;

use crate::text::{Escaped, Span};

const WIDTH: f64 = 320.0;

/// The length of the scale: a year of freshness and another year of stale reuse.
const LONGEST: f64 = 63_072_000.0;

/// The minimum width of a bar, so that it is visible.
const LEAST: f64 = 5.0;

const TICKS: [(u64, &str); 6] =
    [(0, "0"), (60, "1 min"), (3_600, "1 h"), (86_400, "1 day"), (2_592_000, "30 d"), (31_536_000, "1 y")];

/// The patterns for the time during which a response is stale, which are defined once per page.
pub(crate) const PATTERNS: &str = concat!(
    r#"<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>"#,
    r#"<pattern id="swr" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"#,
    r#"<rect class="swr-back" width="6" height="6"/><rect class="swr" width="3" height="6"/></pattern>"#,
    r#"<pattern id="sie" width="5" height="5" patternUnits="userSpaceOnUse">"#,
    r#"<rect class="sie-back" width="5" height="5"/><circle class="sie" cx="2.5" cy="2.5" r="1.4"/></pattern>"#,
    "</defs></svg>"
);

/// The legend of the colors.
pub(crate) const LEGEND: &str = concat!(
    r#"<ul class="legend">"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect class="browser" width="28" height="14"/></svg> fresh in the browser"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect class="edge" width="28" height="14"/></svg> fresh at the edge"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect fill="url(#swr)" width="28" height="14"/></svg> stale-while-revalidate: served stale during revalidation"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect fill="url(#sie)" width="28" height="14"/></svg> stale-if-error: served stale instead of an error"#,
    "</ul>"
);

/// Returns one lane for a browser, and one for each edge, or for a shared cache if there are no edges.
#[derive(Clone, Debug)]
pub(crate) struct Timeline(Vec<Lane>);

/// How long one cache may reuse a response.
#[derive(Clone, Copy, Debug)]
struct Lane {
    kind: CacheKind,
    /// `None` if the cache does not store the response.
    freshness: Option<Freshness>,
}

#[derive(Clone, Copy, Debug)]
struct Freshness {
    /// Seconds, or `None` if the edge chooses.
    fresh: Option<u64>,
    heuristic: bool,
    stale_while_revalidate: Option<u64>,
    stale_if_error: Option<u64>,
}

impl Timeline {
    pub(crate) fn of(audit: &CacheAudit) -> Self {
        let mut lanes = vec![Lane::of(audit.browser())];
        lanes.extend(audit.edges().map(Lane::of));
        if lanes.len() == 1 {
            lanes.push(Lane::of(audit.shared()));
        }
        Self(lanes)
    }

    /// Renders the timeline of the responses that a row of the table covers.
    pub(crate) fn of_row(row: &PolicyRow<'_>, edges: Option<&Edges>, now: HttpDate) -> Self {
        let (mut request, ()) = Request::new(()).into_parts();
        request.method = row.methods().first().cloned().unwrap_or(Method::GET);
        let (mut response, ()) = Response::new(()).into_parts();
        response.status = row.status().unwrap_or(StatusCode::OK);
        response.headers = fields_of(row);
        Self::of(&CacheAudit::of(&request, &response, now).with_edges(edges.into_iter().flat_map(Edges::profiles)))
    }

    fn iter(&self) -> std::slice::Iter<'_, Lane> {
        self.0.iter()
    }
}

impl Lane {
    fn of(verdict: &Verdict) -> Self {
        let lifetime = verdict.lifetime();
        let freshness = verdict.after_expiry().map(|then| Freshness {
            fresh: lifetime.and_then(|lifetime| lifetime.seconds()),
            heuristic: lifetime.is_some_and(|lifetime| lifetime.is_guessed()),
            stale_while_revalidate: then.stale_while_revalidate().filter(|seconds| *seconds > 0),
            stale_if_error: then.stale_if_error().filter(|seconds| *seconds > 0),
        });
        Self { kind: verdict.kind(), freshness }
    }
}

fn fields_of(row: &PolicyRow<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Ok(value) = row.cache_control().parse() {
        fields.insert(http::header::CACHE_CONTROL, value);
    }
    fields.extend(row.at_edge().map(|(name, value)| (name.clone(), value.clone())));
    fields
}

/// Renders the scale for the head of a column of timelines.
pub(crate) struct Axis;

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<span class="lane" aria-hidden="true"><span></span><svg class="axis" width="{WIDTH}" height="18">"#
        )?;
        for (seconds, label) in TICKS {
            let anchor = if seconds == 0 { "start" } else { "middle" };
            write!(f, r#"<text x="{:.1}" y="13" text-anchor="{anchor}">{label}</text>"#, place(seconds))?;
        }
        f.write_str("</svg></span>")
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|lane| lane.fmt(f))
    }
}

/// The text describes the drawing.
impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, cache) = match self.kind {
            CacheKind::Browser => ("browser", "browser"),
            CacheKind::Edge(name) => ("edge", name),
            _ => ("edge", "shared cache"),
        };
        write!(f, r#"<div class="lane"><span class="who">{}</span>"#, Escaped(cache))?;
        write!(f, r#"<svg width="{WIDTH}" height="16" aria-hidden="true" focusable="false">"#)?;
        write!(f, r#"<rect class="track" width="{WIDTH}" height="16"/>"#)?;
        if let Some(freshness) = &self.freshness {
            draw(f, class, freshness)?;
        }
        for (seconds, _) in &TICKS[1..] {
            write!(f, r#"<path class="tick" d="M{:.1} 0v16"/>"#, place(*seconds))?;
        }
        write!(f, r#"</svg><span class="words">{}</span></div>"#, Words(self.freshness.as_ref()))
    }
}

fn draw(f: &mut fmt::Formatter<'_>, class: &str, freshness: &Freshness) -> fmt::Result {
    let fresh = freshness.fresh.unwrap_or(0);
    let bar = |f: &mut fmt::Formatter<'_>, fill: &str, (from, to): (u64, u64), (y, height): (u8, u8)| {
        let from = place(from);
        let width = (place(to) - from).max(LEAST);
        let from = from.min(WIDTH - width);
        write!(f, r#"<rect {fill} x="{from:.1}" y="{y}" width="{width:.1}" height="{height}"/>"#)
    };
    if fresh > 0 {
        bar(f, &format!(r#"class="{class}""#), (0, fresh), (0, 16))?;
    } else {
        f.write_str(r#"<path class="revalidated" d="M1 0v16"/>"#)?;
    }
    // Both start when the response becomes stale, so they share the height.
    let (upper, lower) = match (freshness.stale_while_revalidate, freshness.stale_if_error) {
        (Some(_), Some(_)) => ((0, 8), (8, 8)),
        _ => ((0, 16), (0, 16)),
    };
    if let Some(window) = freshness.stale_while_revalidate {
        bar(f, r#"fill="url(#swr)""#, (fresh, fresh.saturating_add(window)), upper)?;
    }
    if let Some(window) = freshness.stale_if_error {
        bar(f, r#"fill="url(#sie)""#, (fresh, fresh.saturating_add(window)), lower)?;
    }
    Ok(())
}

struct Words<'a>(Option<&'a Freshness>);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(freshness) = self.0 else { return f.write_str("not stored") };
        match freshness.fresh {
            None => f.write_str("stored for a lifetime that the cache chooses")?,
            Some(0) => f.write_str("revalidated before each reuse")?,
            Some(seconds) => write!(f, "fresh for {}", Span(seconds))?,
        }
        if freshness.heuristic && freshness.fresh.is_some_and(|seconds| seconds > 0) {
            f.write_str(" (heuristic)")?;
        }
        if let Some(seconds) = freshness.stale_while_revalidate {
            write!(f, "; {} stale-while-revalidate", Span(seconds))?;
        }
        if let Some(seconds) = freshness.stale_if_error {
            write!(f, "; {} stale-if-error", Span(seconds))?;
        }
        Ok(())
    }
}

/// Returns the position of a time on the scale, which is logarithmic, so that seconds and years fit on one line.
fn place(seconds: u64) -> f64 {
    ((seconds as f64).ln_1p() / LONGEST.ln_1p() * WIDTH).min(WIDTH)
}
