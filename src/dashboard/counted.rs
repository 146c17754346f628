//! What is counted for each route, each warning, and over all.

use http::StatusCode;

use super::lanes::Lanes;
use super::record::{Record, RouteName, Warned};

/// A route, and the answers that it gave.
#[derive(Clone, Debug)]
pub(super) struct RouteCount {
    pub(super) route: RouteName,
    pub(super) requests: u64,
    pub(super) ok: u64,
    pub(super) not_modified: u64,
    pub(super) precondition_failed: u64,
    pub(super) no_store: u64,
    pub(super) saved: u64,
    /// What the last success said.
    pub(super) last: Option<Last>,
    /// The number of the request that changed it.
    pub(super) changed: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) cache_control: Option<String>,
    pub(super) lanes: Lanes,
}

/// A warning on a route.
#[derive(Clone, Debug)]
pub(super) struct WarningCount {
    pub(super) warned: Warned,
    pub(super) route: RouteName,
    pub(super) times: u64,
    /// The path of the last request.
    pub(super) path: String,
    /// The number of the request that changed it.
    pub(super) changed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) not_modified: u64,
    pub(super) saved: u64,
    /// Answers whose warning found no room.
    pub(super) more_warnings: u64,
}

impl RouteCount {
    pub(super) const fn new(route: RouteName) -> Self {
        Self {
            route,
            requests: 0,
            ok: 0,
            not_modified: 0,
            precondition_failed: 0,
            no_store: 0,
            saved: 0,
            last: None,
            changed: 0,
        }
    }

    pub(super) fn count(&mut self, number: u64, record: &Record) {
        self.changed = number;
        self.requests += 1;
        match record.status {
            StatusCode::OK => self.ok += 1,
            StatusCode::NOT_MODIFIED => self.not_modified += 1,
            StatusCode::PRECONDITION_FAILED => self.precondition_failed += 1,
            _ => {}
        }
        self.no_store += u64::from(record.no_store);
        self.saved = self.saved.saturating_add(record.saved.octets());
        let to_read = record.method == "GET" || record.method == "HEAD";
        if to_read && matches!(record.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
            self.last = Some(Last { cache_control: record.cache_control.clone(), lanes: record.lanes.clone() });
        }
    }
}

impl Totals {
    pub(super) fn count(&mut self, record: &Record) {
        self.requests += 1;
        self.not_modified += u64::from(record.status == StatusCode::NOT_MODIFIED);
        self.saved = self.saved.saturating_add(record.saved.octets());
    }
}
