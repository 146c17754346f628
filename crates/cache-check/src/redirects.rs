//! Redirects, followed one by one, as each of them is an answer that caches keep.

use http::header::LOCATION;
use http::{Method, StatusCode};
use serde::Serialize;
use tower_cache_policy::audit::CacheAudit;
use url::{Origin, Url};

use super::client::{Client, Read};
use super::exchange::Exchange;
use super::finding::Finding;
use super::target::bare;
use super::trouble::Trouble;

/// As many as browsers follow.
const MOST: usize = 20;

/// A redirect on the way, and what caches do with it.
#[derive(Debug, Serialize)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) location: Url,
    pub(crate) cache_control: Option<String>,
    pub(crate) audit: CacheAudit,
    pub(crate) findings: Vec<Finding>,
}

/// Fetches `url` and where it leads. The hops are those up to the answer or the trouble.
pub(crate) async fn follow(
    client: &Client,
    url: &Url,
    home: &Origin,
    audit: impl Fn(&Exchange) -> CacheAudit,
) -> (Vec<Hop>, Result<(Url, Exchange), Trouble>) {
    let (mut url, mut hops) = (url.clone(), Vec::<Hop>::new());
    loop {
        let exchange = match client.ask(Method::GET, &url, home, &[], Read::Whole).await {
            Ok(exchange) => exchange,
            Err(trouble) => return (hops, Err(trouble)),
        };
        let to = match target(&url, &exchange) {
            Ok(None) => return (hops, Ok((url, exchange))),
            Ok(Some(to)) => to,
            Err(trouble) => return (hops, Err(trouble)),
        };
        let audit = audit(&exchange);
        let findings = audit.warnings().iter().map(Finding::from).collect();
        hops.push(Hop {
            url: url.clone(),
            status: exchange.status().as_u16(),
            location: to.clone(),
            cache_control: exchange.cache_control(),
            audit,
            findings,
        });
        if hops.iter().any(|hop| hop.url == to) {
            return (hops, Err(Trouble::Loop { to }));
        }
        if hops.len() > MOST {
            return (hops, Err(Trouble::Redirects { followed: MOST }));
        }
        url = to;
    }
}

/// Where the answer leads; `None` where it is no redirect.
fn target(url: &Url, exchange: &Exchange) -> Result<Option<Url>, Trouble> {
    let status = exchange.status();
    if ![
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ]
    .contains(&status)
    {
        return Ok(None);
    }
    let trouble = |why: String| Trouble::Location { why };
    let location = exchange.fields().get(LOCATION).ok_or_else(|| trouble(format!("{status} without `Location`")))?;
    let location = str::from_utf8(location.as_bytes()).map_err(|_| trouble("`Location` is no UTF-8".to_owned()))?;
    let to = bare(url.join(location).map_err(|error| trouble(format!("`{location}`: {error}")))?);
    if !matches!(to.scheme(), "http" | "https") {
        return Err(trouble(format!("`{to}` is neither http nor https")));
    }
    Ok(Some(to))
}
