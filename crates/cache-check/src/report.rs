//! [`Report`] of one URL, and the [`Document`] of all.

use std::process::ExitCode;

use serde::Serialize;
use tower_cache_policy::audit::{CacheAudit, Level};
use url::Url;

use crate::case::{Case, Problem};
use crate::error::CheckError;
use crate::exchange::Exchange;
use crate::finding::Finding;
use crate::probes::{Capabilities, ProbeRecord};
use crate::redirects::RedirectReport;

/// The result for one URL.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The URL as written by the user or in the page.
    pub(crate) url: String,
    /// The page that uses the URL, if it is an asset.
    pub(crate) page: Option<Url>,
    pub(crate) redirects: Vec<RedirectReport>,
    pub(crate) response: Option<PageResponse>,
    pub(crate) capabilities: Option<Capabilities>,
    /// The findings, the most severe first.
    pub(crate) findings: Vec<Finding>,
    /// The reasons why the URL could not be checked completely.
    pub(crate) errors: Vec<CheckError>,
    pub(crate) audit: Option<CacheAudit>,
    pub(crate) probes: Vec<ProbeRecord>,
}

/// The first response that is not a redirect.
#[derive(Debug, Serialize)]
pub(crate) struct PageResponse {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) version: String,
    pub(crate) content_bytes: Option<usize>,
    pub(crate) live_stream: bool,
    pub(crate) cache_control: Option<String>,
}

/// The results for all URLs.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    /// The version of the format. It changes if a key is removed or its meaning changes.
    pub(crate) format: u32,
    pub(crate) urls: &'a [Report],
    pub(crate) exit_status: u8,
}

/// The result of a check, in ascending severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// No finding of the requested level.
    Fine,
    /// A finding of that level or above.
    Found,
    /// A URL could not be checked completely.
    NotChecked,
}

impl Report {
    pub(crate) fn new(url: &str, page: Option<&Url>) -> Self {
        Self {
            url: url.to_owned(),
            page: page.cloned(),
            redirects: Vec::new(),
            response: None,
            capabilities: None,
            findings: Vec::new(),
            errors: Vec::new(),
            audit: None,
            probes: Vec::new(),
        }
    }

    pub(crate) fn with_error(mut self, error: CheckError) -> Self {
        self.errors.push(error);
        self
    }

    /// Returns the findings of the redirects, and then those of the page.
    pub(crate) fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.redirects.iter().flat_map(|hop| &hop.findings).chain(&self.findings)
    }

    /// Returns the report as a test case, which fails if there are findings of this level or above.
    pub(crate) fn case(&self, least: Level) -> Case {
        let problem = |finding: &Finding| Problem {
            level: finding.level,
            fails: finding.level >= least,
            text: format!("{}\n{} ({}, {})", finding.text, finding.change, finding.section, finding.rule),
        };
        Case {
            suite: self.response.as_ref().map_or(self.url.as_str(), |response| response.url.as_str()).to_owned(),
            name: self.url.clone(),
            place: None,
            problems: self.all_findings().map(problem).collect(),
            errors: self.errors.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn outcome(&self, least: Level) -> Outcome {
        if !self.errors.is_empty() {
            Outcome::NotChecked
        } else if self.all_findings().any(|finding| finding.level >= least) {
            Outcome::Found
        } else {
            Outcome::Fine
        }
    }
}

impl PageResponse {
    pub(crate) fn new(url: Url, exchange: &Exchange) -> Self {
        Self {
            url,
            status: exchange.status().as_u16(),
            version: format!("{:?}", exchange.response.version),
            content_bytes: exchange.content().map(bytes::Bytes::len),
            live_stream: exchange.is_live_stream(),
            cache_control: exchange.cache_control(),
        }
    }
}

impl Outcome {
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Found => 1,
            Self::NotChecked => 2,
        }
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self.status())
    }
}
