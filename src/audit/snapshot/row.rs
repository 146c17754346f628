//! [`SnapshotRow`]: how caches treat the response to one request.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, Method, StatusCode, request, response};

use super::cells::{COLUMNS, Reuse};
use crate::audit::cache_audit::CacheAudit;
use crate::audit::verdict::Verdict;
use crate::edge::EdgeProfile;
use crate::protocol::{HttpDate, Vary, edge_field_kind};

/// A row of a [`CacheSnapshot`](super::CacheSnapshot): how caches treat the response to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    pub(super) method: Method,
    /// The path and the query.
    pub(super) target: String,
    pub(super) status: StatusCode,
    /// Empty if the response does not have the field. The same applies to the next two fields.
    pub(super) cache_control: String,
    /// In lower case and sorted.
    pub(super) vary: String,
    pub(super) at_edge: String,
    pub(super) browsers: Reuse,
    pub(super) shared_caches: Reuse,
}

impl SnapshotRow {
    /// Audits a response that caches receive at `now`.
    pub fn of(request: &request::Parts, response: &response::Parts, now: HttpDate) -> Self {
        let audit = CacheAudit::of(request, response, now).with_edges(EdgeProfile::all());
        let headers = &response.headers;
        let shared_caches = match Reuse::of(audit.shared()) {
            Reuse::NotStored if audit.edges().any(Verdict::may_store) => Reuse::CdnsOnly,
            reuse => reuse,
        };
        let target = request.uri.path_and_query().map_or_else(|| request.uri.path(), |target| target.as_str());
        Self {
            method: request.method.clone(),
            target: target.to_owned(),
            status: response.status,
            cache_control: value_of(headers, &CACHE_CONTROL),
            vary: vary_of(headers),
            at_edge: edge_fields_of(headers),
            browsers: Reuse::of(audit.browser()),
            shared_caches,
        }
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path and the query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the value of `Cache-Control`, or an empty string if the response does not have it.
    #[must_use]
    pub fn cache_control(&self) -> &str {
        &self.cache_control
    }

    /// Returns whether a shared cache or a CDN may store the response.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared_caches != Reuse::NotStored
    }

    pub(super) fn key(&self) -> (String, String) {
        (self.target.clone(), self.method.to_string())
    }

    pub(super) fn cells(&self) -> [String; COLUMNS] {
        [
            format!("{} {}", self.method, self.target),
            self.status.as_str().to_owned(),
            self.cache_control.clone(),
            self.vary.clone(),
            self.at_edge.clone(),
            self.browsers.to_string(),
            self.shared_caches.to_string(),
        ]
    }

    pub(super) fn behind_cdn(mut self) -> Self {
        self.at_edge.clear();
        let names: Vec<&str> = self.vary.split(", ").filter(|name| *name != "accept-encoding").collect();
        self.vary = names.join(", ");
        if self.shared_caches == Reuse::CdnsOnly {
            self.shared_caches = Reuse::NotStored;
        }
        self
    }
}

fn value_of(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    // A table does not preserve white space.
    lines.join(", ").replace('\t', " ").trim().to_owned()
}

fn vary_of(headers: &HeaderMap) -> String {
    let vary = Vary::from_headers(headers).unwrap_or_default();
    if vary.is_any() {
        return "*".to_owned();
    }
    let mut names: Vec<String> = vary.names().map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names.join(", ")
}

fn edge_fields_of(headers: &HeaderMap) -> String {
    let mut names: Vec<&HeaderName> = headers.keys().filter(|name| edge_field_kind(name.as_str()).is_some()).collect();
    names.sort_unstable_by_key(|name| name.as_str());
    let fields: Vec<String> = names.iter().map(|name| format!("{name}: {}", value_of(headers, name))).collect();
    fields.join("; ").trim().to_owned()
}
