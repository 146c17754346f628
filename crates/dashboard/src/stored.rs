//! Renders the section about an in-process cache: its statistics, the largest stored responses, and purges.

use std::fmt;

use http::HeaderName;
use http::request::Parts;
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::shared_cache::{SecondLevelStats, SharedCacheStats, StoredUrl};
use tower_cache_policy::policy::CacheTag;

use crate::dashboard::Config;
use crate::record::bounded;
use crate::text::{Bytes, Escaped, ShortTime, Span};

/// The maximum number of URLs on the page.
const MAX_URLS: usize = 50;

/// The field that contains the purge. Browsers do not let a page of another site send this field without a preflight
/// request, which is refused.
pub(crate) const PURGE: HeaderName = HeaderName::from_static("x-cache-purge");

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 7] = ["URL", "Variants", "Size", "Status", "Age", "Fresh for", "Tags"];

/// The data that the page shows about a cache.
pub(crate) struct Stored {
    stats: SharedCacheStats,
    largest: Vec<StoredUrl>,
    can_purge: bool,
}

/// Renders the statistics of a cache.
pub(crate) struct Numbers<'a>(&'a Stored);

/// Renders a row of the table.
pub(crate) struct UrlCells<'a> {
    url: &'a StoredUrl,
    can_purge: bool,
}

impl Stored {
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let cache = config.cache.as_ref()?;
        Some(Self { stats: cache.stats(), largest: cache.largest(MAX_URLS), can_purge: config.allows_purges })
    }

    pub(crate) const fn numbers(&self) -> Numbers<'_> {
        Numbers(self)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = UrlCells<'_>> {
        self.largest.iter().map(|url| UrlCells { url, can_purge: self.can_purge })
    }
}

/// Runs the purge that a request names: `*`, `tag` and a tag, or `url` and a URL without its scheme. Returns `false` if
/// it does not name a purge.
pub(crate) fn purge(cache: &SharedCache, request: &Parts) -> bool {
    let mut lines = request.headers.get_all(PURGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let Ok(line) = line.to_str() else { return false };
    let purge = match line.split_once(' ') {
        None if line == "*" => Purge::everything(),
        Some(("tag", tag)) => match CacheTag::new(tag) {
            Ok(tag) => Purge::tags([tag]),
            Err(_) => return false,
        },
        Some(("url", url)) => match url_purge(url) {
            Some(purge) => purge,
            None => return false,
        },
        _ => return false,
    };
    cache.purge(&purge);
    true
}

/// Returns the purge of a URL without its scheme, for both schemes.
fn url_purge(url: &str) -> Option<Purge> {
    Purge::url(format_args!("http://{url}")).ok()
}

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Stored { stats, can_purge, .. }) = self;
        let SharedCacheStats { hits, stale, collapsed, misses, revalidated, bypassed, stored, not_stored, .. } = stats;
        write!(f, "<ul class=\"numbers\"><li><b>{}</b> of {} used", Bytes(stats.bytes), Bytes(stats.capacity))?;
        write!(f, "<li><b>{}</b> URLs<li><b>{hits}</b> hits<li><b>{stale}</b> stale", stats.urls)?;
        write!(f, "<li><b>{misses}</b> misses, of which <b>{collapsed}</b> waited for another request")?;
        write!(f, "<li><b>{revalidated}</b> revalidated<li><b>{bypassed}</b> passed through")?;
        write!(f, "<li><b>{stored}</b> stored<li><b>{not_stored}</b> not stored<li><b>{}</b> purges", stats.purges)?;
        if *can_purge {
            write!(f, "<li>{}", Button { what: "*", label: "Purge everything" })?;
        }
        f.write_str("</ul>")?;
        stats.second_level.as_ref().map_or(Ok(()), |second| SecondLevel(second).fmt(f))
    }
}

/// Renders the statistics of the store that several processes share.
struct SecondLevel<'a>(&'a SecondLevelStats);

impl fmt::Display for SecondLevel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stats) = self;
        let SecondLevelStats { hits, misses, written, not_written, timeouts, errors, refused, damaged, .. } = stats;
        let state = if stats.is_open {
            "temporarily not used, because it failed repeatedly"
        } else if stats.is_current {
            "in use"
        } else {
            "not in use, because the purges of other processes are not known"
        };
        write!(f, "<ul class=\"numbers\" aria-label=\"Second level\"><li>Second level: <b>{state}</b>")?;
        write!(f, "<li><b>{hits}</b> hits<li><b>{misses}</b> misses")?;
        if let Some(time) = stats.mean_lookup_time() {
            write!(f, "<li><b>{}</b> for a lookup on average", ShortTime(time))?;
        }
        write!(f, "<li><b>{written}</b> written<li><b>{not_written}</b> not written")?;
        write!(f, "<li><b>{timeouts}</b> over the limit<li><b>{errors}</b> errors<li><b>{refused}</b> refused")?;
        write!(f, "<li><b>{damaged}</b> damaged<li><b>{}</b> skipped", stats.skipped)?;
        if stats.waited > 0 {
            write!(f, "<li><b>{}</b> waited for another process", stats.waited)?;
        }
        write!(f, "<li><b>{}</b> purges published", stats.purges_sent)?;
        if stats.purges_pending > 0 {
            write!(f, ", <b>{}</b> waiting", stats.purges_pending)?;
        }
        write!(f, "<li><b>{}</b> purges received", stats.purges_received)?;
        write!(f, "<li><b>{}</b> purges of everything, because some may have been lost</ul>", stats.resets)
    }
}

impl fmt::Display for UrlCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoredUrl { host, target, variants, bytes, status, age, ttl, tags, .. } = self.url;
        let url = format!("{host}{target}");
        write!(f, r#"<tr><th scope="row"><code>{}</code>"#, Escaped(&bounded(url.as_bytes())))?;
        // A URL without a host, or with characters that clients encode in several ways, cannot be purged.
        if self.can_purge && url_purge(&url).is_some() {
            write!(f, " {}", Button { what: &format!("url {url}"), label: "Purge" })?;
        }
        write!(f, r#"</th><td class="number">{variants}</td><td class="number">{}</td>"#, Bytes(*bytes))?;
        write!(f, r#"<td class="number">{}</td><td class="number">{}</td>"#, status.as_u16(), Span(*age))?;
        match u64::try_from(*ttl) {
            Ok(ttl) if ttl > 0 => write!(f, r#"<td class="number">{}</td><td>"#, Span(ttl))?,
            _ => write!(f, r#"<td class="number">stale for {}</td><td>"#, Span(ttl.unsigned_abs()))?,
        }
        for tag in tags {
            write!(f, "<span class=\"line\"><code>{}</code>", Escaped(tag.as_str()))?;
            if self.can_purge {
                write!(f, " {}", Button { what: &format!("tag {tag}"), label: "Purge tag" })?;
            }
            f.write_str("</span> ")?;
        }
        f.write_str("</td></tr>")
    }
}

/// Renders a button. The script makes it visible, because a purge needs the script.
struct Button<'a> {
    what: &'a str,
    label: &'a str,
}

impl fmt::Display for Button<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, label } = self;
        write!(f, r#"<button type="button" data-purge="{}" hidden>{label}</button>"#, Escaped(what))
    }
}
