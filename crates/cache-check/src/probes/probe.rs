//! [`Probe`]: sends further requests for one URL, and collects the results.

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use tower_cache_policy::audit::Level;
use url::{Origin, Url};

use super::capabilities::Capabilities;
use crate::client::{Changes, Client, Read};
use crate::error::{CheckError, cut};
use crate::exchange::{Content, Exchange};
use crate::finding::{Basis, Finding};

/// The number of errors after which no more requests are sent, because each may take the complete timeout.
const MOST_ERRORS: usize = 2;

/// The maximum number of characters of a field value in the report.
const MOST_RECORDED: usize = 2_000;

/// The statuses that probes cause. Any other status may mean that the site no longer serves this client.
const EXPECTED: [StatusCode; 6] = [
    StatusCode::OK,
    StatusCode::NON_AUTHORITATIVE_INFORMATION,
    StatusCode::PARTIAL_CONTENT,
    StatusCode::NOT_MODIFIED,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::RANGE_NOT_SATISFIABLE,
];

/// Sends further requests for one URL, and collects the results.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    client: &'a Client,
    url: &'a Url,
    home: &'a Origin,
    pub(crate) first: &'a Exchange,
    /// The entity tag or the date differs in each response, so no request can match it.
    pub(super) tag_changes: bool,
    pub(super) date_changes: bool,
    pub(crate) records: Vec<ProbeRecord>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: Vec<CheckError>,
    pub(crate) capabilities: Capabilities,
}

/// A request and its response, for the report.
#[derive(Debug, Serialize)]
pub(crate) struct ProbeRecord {
    probe: &'static str,
    method: String,
    /// The fields that this probe sends in addition to those of each request.
    request_fields: Vec<(String, String)>,
    status: u16,
    response_fields: Vec<(String, String)>,
    content_bytes: Option<usize>,
}

impl<'a> Probe<'a> {
    /// `home` is the origin to which user fields are sent.
    pub(crate) fn new(client: &'a Client, url: &'a Url, home: &'a Origin, first: &'a Exchange) -> Self {
        let mut probe = Self {
            client,
            url,
            home,
            first,
            tag_changes: false,
            date_changes: false,
            records: Vec::new(),
            findings: Vec::new(),
            errors: Vec::new(),
            capabilities: Capabilities::default(),
        };
        probe.record("first", &[], first);
        if let Content::Incomplete(error) = &first.content {
            probe.errors.push(error.clone());
        }
        probe
    }

    /// Returns whether the user fields that are sent to this URL contain this field.
    pub(super) fn sends(&self, name: &HeaderName) -> bool {
        self.url.origin() == *self.home && self.client.sends(name)
    }

    /// Returns `None` if the response is not for the page, or if no further response can be expected.
    pub(super) async fn request(&mut self, name: &'static str, changes: Changes<'_>) -> Option<Exchange> {
        let exchange = self.send(name, changes).await?;
        let (first, now) = (self.first.status(), exchange.status());
        if now != first && !EXPECTED.contains(&now) {
            // Either the probe caused this, or the site now rejects this client.
            self.plain("control", Read::Fields).await?;
        }
        Some(exchange)
    }

    /// Repeats the plain request. Returns `None` if the site no longer returns the status of the first response.
    pub(super) async fn plain(&mut self, name: &'static str, read: Read) -> Option<Exchange> {
        let exchange = self.send(name, Changes { read, ..Changes::default() }).await?;
        let (first, now) = (self.first.status(), exchange.status());
        if now != first {
            self.fail(name, CheckError::Changed { first, now });
            return None;
        }
        Some(exchange)
    }

    pub(super) async fn get(&mut self, name: &'static str, set: &[(HeaderName, HeaderValue)]) -> Option<Exchange> {
        self.request(name, Changes { set, ..Changes::default() }).await
    }

    /// Like [`request`](Self::request), but accepts every status as a result.
    pub(super) async fn send(&mut self, name: &'static str, mut changes: Changes<'_>) -> Option<Exchange> {
        if self.errors.len() >= MOST_ERRORS || self.errors.iter().any(CheckError::stops_probing) {
            return None;
        }
        // If the content did not end, it is not read again.
        if self.first.content().is_none() {
            changes.read = Read::Fields;
        }
        let exchange = match self.client.request(self.url, self.home, changes).await {
            Ok(exchange) => exchange,
            Err(error) => {
                self.fail(name, error);
                return None;
            }
        };
        self.record(name, changes.set, &exchange);
        if let Some(error) = exchange.obstacle() {
            self.fail(name, error);
            return None;
        }
        if let Content::Incomplete(error) = &exchange.content {
            self.fail(name, error.clone());
        }
        Some(exchange)
    }

    pub(super) fn found(&mut self, level: Level, basis: Basis, text: impl Into<String>, change: impl Into<String>) {
        let finding = Finding::new(level, basis, text, change);
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn fail(&mut self, probe: &'static str, error: CheckError) {
        self.errors.push(CheckError::During { probe, error: Box::new(error) });
    }

    fn record(&mut self, probe: &'static str, set: &[(HeaderName, HeaderValue)], exchange: &Exchange) {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), cut(&String::from_utf8_lossy(value.as_bytes()), MOST_RECORDED))
        };
        self.records.push(ProbeRecord {
            probe,
            method: exchange.request.method.to_string(),
            request_fields: set.iter().map(|(name, value)| line((name, value))).collect(),
            status: exchange.status().as_u16(),
            response_fields: exchange.fields().iter().map(line).collect(),
            content_bytes: exchange.content().map(bytes::Bytes::len),
        });
    }
}
