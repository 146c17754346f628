//! A policy in time, drawn: one lane for each cache, all on one scale.

use std::fmt;

use super::escape::Escaped;
use super::words::Span;
use crate::audit::Keeper;
use crate::dashboard::lanes::{Kept, Lane, Lanes};

const WIDTH: f64 = 320.0;

/// A year of freshness and a year after it.
const LONGEST: f64 = 63_072_000.0;

/// What is too short for the scale is seen nevertheless.
const LEAST: f64 = 5.0;

const TICKS: [(u64, &str); 6] =
    [(0, "0"), (60, "1 min"), (3_600, "1 h"), (86_400, "1 day"), (2_592_000, "30 d"), (31_536_000, "1 y")];

/// The patterns of the windows in which an answer is stale, once for the page.
pub(super) const PATTERNS: &str = concat!(
    r#"<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>"#,
    r#"<pattern id="swr" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"#,
    r#"<rect class="swr-back" width="6" height="6"/><rect class="swr" width="3" height="6"/></pattern>"#,
    r#"<pattern id="sie" width="5" height="5" patternUnits="userSpaceOnUse">"#,
    r#"<rect class="sie-back" width="5" height="5"/><circle class="sie" cx="2.5" cy="2.5" r="1.4"/></pattern>"#,
    "</defs></svg>"
);

/// What the colours mean.
pub(super) const LEGEND: &str = concat!(
    r#"<ul class="legend">"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect class="browser" width="28" height="14"/></svg> fresh in the browser"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect class="edge" width="28" height="14"/></svg> fresh at the edge"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect fill="url(#swr)" width="28" height="14"/></svg> stale-while-revalidate: served stale while a new one is fetched"#,
    r#"<li><svg width="28" height="14" aria-hidden="true"><rect fill="url(#sie)" width="28" height="14"/></svg> stale-if-error: served stale in place of an error"#,
    "</ul>"
);

/// The scale, for the head of a column of lanes.
pub(super) struct Axis;

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

impl fmt::Display for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|lane| lane.fmt(f))
    }
}

/// The words say all that the drawing does.
impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, who) = match self.keeper {
            Keeper::Browser => ("browser", "browser"),
            Keeper::SharedCache => ("edge", "shared cache"),
            Keeper::Edge(name) => ("edge", name),
        };
        write!(f, r#"<div class="lane"><span class="who">{}</span>"#, Escaped(who))?;
        write!(f, r#"<svg width="{WIDTH}" height="16" aria-hidden="true" focusable="false">"#)?;
        write!(f, r#"<rect class="track" width="{WIDTH}" height="16"/>"#)?;
        if let Some(kept) = &self.kept {
            draw(f, class, kept)?;
        }
        for (seconds, _) in &TICKS[1..] {
            write!(f, r#"<path class="tick" d="M{:.1} 0v16"/>"#, place(*seconds))?;
        }
        write!(f, r#"</svg><span class="words">{}</span></div>"#, Words(self.kept.as_ref()))
    }
}

fn draw(f: &mut fmt::Formatter<'_>, class: &str, kept: &Kept) -> fmt::Result {
    let fresh = kept.fresh.unwrap_or(0);
    let bar = |f: &mut fmt::Formatter<'_>, fill: &str, (from, to): (u64, u64), (y, height): (u8, u8)| {
        let from = place(from);
        let width = (place(to) - from).max(LEAST);
        let from = from.min(WIDTH - width);
        write!(f, r#"<rect {fill} x="{from:.1}" y="{y}" width="{width:.1}" height="{height}"/>"#)
    };
    if fresh > 0 {
        bar(f, &format!(r#"class="{class}""#), (0, fresh), (0, 16))?;
    } else {
        f.write_str(r#"<path class="asks" d="M1 0v16"/>"#)?;
    }
    // Both begin where it goes stale, so they share the height.
    let (upper, lower) = match (kept.stale_while_revalidate, kept.stale_if_error) {
        (Some(_), Some(_)) => ((0, 8), (8, 8)),
        _ => ((0, 16), (0, 16)),
    };
    if let Some(window) = kept.stale_while_revalidate {
        bar(f, r#"fill="url(#swr)""#, (fresh, fresh.saturating_add(window)), upper)?;
    }
    if let Some(window) = kept.stale_if_error {
        bar(f, r#"fill="url(#sie)""#, (fresh, fresh.saturating_add(window)), lower)?;
    }
    Ok(())
}

struct Words<'a>(Option<&'a Kept>);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(kept) = self.0 else { return f.write_str("not stored") };
        match kept.fresh {
            None => f.write_str("stored, for as long as it chooses")?,
            Some(0) => f.write_str("asks before each reuse")?,
            Some(seconds) => write!(f, "fresh for {}", Span(seconds))?,
        }
        if kept.guessed && kept.fresh.is_some_and(|seconds| seconds > 0) {
            f.write_str(", by guess")?;
        }
        if let Some(seconds) = kept.stale_while_revalidate {
            write!(f, "; {} stale-while-revalidate", Span(seconds))?;
        }
        if let Some(seconds) = kept.stale_if_error {
            write!(f, "; {} stale-if-error", Span(seconds))?;
        }
        Ok(())
    }
}

/// Where a time stands on the scale, which is logarithmic: seconds and years on one line.
fn place(seconds: u64) -> f64 {
    ((seconds as f64).ln_1p() / LONGEST.ln_1p() * WIDTH).min(WIDTH)
}
