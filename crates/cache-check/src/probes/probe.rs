//! [`Probe`]: asks one URL again and again, and notes what comes of it.

use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use tower_cache_policy::audit::Level;
use url::{Origin, Url};

use super::works::Works;
use crate::client::{Client, Read};
use crate::exchange::{Content, Exchange};
use crate::finding::{Basis, Finding};
use crate::trouble::Trouble;

/// After so many failures nothing more is asked: each may take the whole timeout.
const MOST_TROUBLES: usize = 2;

/// Asks one URL again and again, and notes what comes of it.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    client: &'a Client,
    url: &'a Url,
    home: &'a Origin,
    pub(crate) first: &'a Exchange,
    pub(crate) asked: Vec<Asked>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) works: Works,
}

/// What was asked, and what came.
#[derive(Debug, Serialize)]
pub(crate) struct Asked {
    probe: &'static str,
    method: String,
    /// What this probe sends beside what each request has.
    sends: Vec<(String, String)>,
    status: u16,
    fields: Vec<(String, String)>,
    content_bytes: Option<usize>,
}

impl<'a> Probe<'a> {
    /// `home` is the origin to which the user's own fields go.
    pub(crate) fn new(client: &'a Client, url: &'a Url, home: &'a Origin, first: &'a Exchange) -> Self {
        let mut probe = Self {
            client,
            url,
            home,
            first,
            asked: Vec::new(),
            findings: Vec::new(),
            troubles: Vec::new(),
            works: Works::default(),
        };
        probe.note("cold", &[], first);
        if let Content::Unfinished(trouble) = &first.content {
            probe.troubles.push(trouble.clone());
        }
        probe
    }

    /// `None` where no answer came, or none can be expected any more.
    pub(super) async fn ask(
        &mut self,
        name: &'static str,
        method: Method,
        fields: &[(HeaderName, HeaderValue)],
        read: Read,
    ) -> Option<Exchange> {
        if self.troubles.len() >= MOST_TROUBLES {
            return None;
        }
        // What did not end once is not read again.
        let read = if self.first.content().is_some() { read } else { Read::Head };
        match self.client.ask(method, self.url, self.home, fields, read).await {
            Ok(exchange) => {
                self.note(name, fields, &exchange);
                if let Content::Unfinished(trouble) = &exchange.content {
                    self.trouble(name, trouble.clone());
                }
                Some(exchange)
            }
            Err(trouble) => {
                self.trouble(name, trouble);
                None
            }
        }
    }

    pub(super) async fn get(&mut self, name: &'static str, fields: &[(HeaderName, HeaderValue)]) -> Option<Exchange> {
        self.ask(name, Method::GET, fields, Read::Whole).await
    }

    pub(super) fn found(&mut self, level: Level, basis: Basis, text: impl Into<String>, change: impl Into<String>) {
        let finding = Finding::new(level, basis, text, change);
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn trouble(&mut self, probe: &'static str, trouble: Trouble) {
        self.troubles.push(Trouble::During { probe, trouble: Box::new(trouble) });
    }

    fn note(&mut self, probe: &'static str, sends: &[(HeaderName, HeaderValue)], exchange: &Exchange) {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        self.asked.push(Asked {
            probe,
            method: exchange.request.method.to_string(),
            sends: sends.iter().map(|(name, value)| line((name, value))).collect(),
            status: exchange.status().as_u16(),
            fields: exchange.fields().iter().map(line).collect(),
            content_bytes: exchange.content().map(bytes::Bytes::len),
        });
    }
}
