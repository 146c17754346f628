//! [`Report`] of one URL, and the [`Document`] of all.

use serde::Serialize;
use tower_cache_policy::audit::{CacheAudit, Level};
use url::Url;

use super::exchange::Exchange;
use super::finding::Finding;
use super::outcome::Outcome;
use super::probes::{Asked, Works};
use super::redirects::Hop;
use super::trouble::Trouble;

/// What came of one URL.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// As the user wrote it, or as the page says.
    pub(crate) url: String,
    /// The page whose asset it is.
    pub(crate) page: Option<Url>,
    pub(crate) redirects: Vec<Hop>,
    pub(crate) answer: Option<Answer>,
    pub(crate) works: Option<Works>,
    /// The worst first.
    pub(crate) findings: Vec<Finding>,
    /// Why it could not be checked, or not in full.
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) audit: Option<CacheAudit>,
    pub(crate) probes: Vec<Asked>,
}

/// The first answer that was no redirect.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) version: String,
    pub(crate) content_bytes: Option<usize>,
    pub(crate) cache_control: Option<String>,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    /// Moves when a field changes its meaning or goes.
    pub(crate) format: u32,
    pub(crate) urls: &'a [Report],
    pub(crate) exit_status: u8,
}

impl Report {
    pub(crate) fn new(url: &str, page: Option<&Url>) -> Self {
        Self {
            url: url.to_owned(),
            page: page.cloned(),
            redirects: Vec::new(),
            answer: None,
            works: None,
            findings: Vec::new(),
            troubles: Vec::new(),
            audit: None,
            probes: Vec::new(),
        }
    }

    pub(crate) fn with_trouble(mut self, trouble: Trouble) -> Self {
        self.troubles.push(trouble);
        self
    }

    /// Of the answer and of the redirects on the way to it.
    pub(crate) fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.redirects.iter().flat_map(|hop| &hop.findings).chain(&self.findings)
    }

    pub(crate) fn outcome(&self, least: Level) -> Outcome {
        if !self.troubles.is_empty() {
            Outcome::Unchecked
        } else if self.all_findings().any(|finding| finding.level >= least) {
            Outcome::Found
        } else {
            Outcome::Fine
        }
    }
}

impl Answer {
    pub(crate) fn new(url: Url, exchange: &Exchange) -> Self {
        Self {
            url,
            status: exchange.status().as_u16(),
            version: format!("{:?}", exchange.answer.version),
            content_bytes: exchange.content().map(bytes::Bytes::len),
            cache_control: exchange.cache_control(),
        }
    }
}
