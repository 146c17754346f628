//! [`follow`]: follows redirects one by one, as each of them is a response that caches store.

use http::header::LOCATION;
use serde::Serialize;
use tower_cache_policy::audit::CacheAudit;
use url::{Origin, Url};

use crate::client::{Changes, Client};
use crate::error::{CheckError, shown};
use crate::exchange::Exchange;
use crate::finding::Finding;
use crate::html::MAX_URL;
use crate::input::bare;
use crate::probes::{self, Probe};

/// The maximum number of redirects, which is the same as in browsers.
const MOST: usize = 20;

/// One redirect, and how caches treat it.
#[derive(Debug, Serialize)]
pub(crate) struct RedirectReport {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) location: Url,
    pub(crate) cache_control: Option<String>,
    pub(crate) audit: CacheAudit,
    pub(crate) findings: Vec<Finding>,
}

/// The redirects from a URL to the page.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) hops: Vec<RedirectReport>,
    /// The reason why a redirect could not be checked completely.
    pub(crate) errors: Vec<CheckError>,
    /// The page, or the reason why it was not reached.
    pub(crate) end: Result<(Url, Exchange), CheckError>,
}

/// Requests `url`, and follows its redirects.
pub(crate) async fn follow(
    client: &Client,
    url: &Url,
    home: &Origin,
    audit: impl Fn(&Exchange) -> CacheAudit,
) -> Route {
    let (mut hops, mut errors) = (Vec::new(), Vec::new());
    let end = walk(client, url, home, audit, &mut hops, &mut errors).await;
    Route { hops, errors, end }
}

async fn walk(
    client: &Client,
    url: &Url,
    home: &Origin,
    audit: impl Fn(&Exchange) -> CacheAudit,
    hops: &mut Vec<RedirectReport>,
    errors: &mut Vec<CheckError>,
) -> Result<(Url, Exchange), CheckError> {
    let mut url = url.clone();
    loop {
        let exchange = client.request(&url, home, Changes::default()).await?;
        // A challenge may be a redirect.
        let to = match exchange.obstacle() {
            Some(_) => None,
            None => target(&url, &exchange)?,
        };
        let Some(to) = to else { return Ok((url, exchange)) };
        let audit = audit(&exchange);
        let mut probe = Probe::new(client, &url, home, &exchange);
        probes::compare_variants(&mut probe, &audit).await;
        errors.extend(probe.errors);
        hops.push(RedirectReport {
            url: url.clone(),
            status: exchange.status().as_u16(),
            location: to.clone(),
            cache_control: exchange.cache_control(),
            findings: audit.warnings().iter().map(Finding::from).chain(probe.findings).collect(),
            audit,
        });
        if hops.iter().any(|hop| hop.url == to) {
            return Err(CheckError::RedirectLoop { to });
        }
        if hops.len() > MOST {
            return Err(CheckError::TooManyRedirects { followed: MOST });
        }
        url = to;
    }
}

/// Returns the target URL of a redirect, or `None` if the response is not a redirect.
fn target(url: &Url, exchange: &Exchange) -> Result<Option<Url>, CheckError> {
    let status = exchange.status();
    if !exchange.is_redirect() {
        return Ok(None);
    }
    let refused = |reason: String| CheckError::Location { reason };
    let location = exchange.fields().get(LOCATION).ok_or_else(|| refused(format!("{status} without `Location`")))?;
    let location = str::from_utf8(location.as_bytes()).map_err(|_| refused("`Location` is not UTF-8".to_owned()))?;
    if location.len() > MAX_URL {
        return Err(refused(format!("`Location` has {} bytes, and {MAX_URL} are allowed", location.len())));
    }
    let to = url.join(location).map_err(|error| refused(format!("`{}`: {error}", shown(location))))?;
    let to = bare(to);
    if !matches!(to.scheme(), "http" | "https") {
        return Err(refused(format!("`{}` is neither http nor https", shown(to.as_str()))));
    }
    Ok(Some(to))
}
