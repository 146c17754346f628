//! [`Record`] of one request and its response, and the counters that records add up to.

use std::time::Duration;

use http::StatusCode;
use tower_cache_policy::audit::Level;
use tower_cache_policy::edge::CacheOutcome;
use tower_cache_policy::layers::conditional::ConditionalReason;
use tower_cache_policy::policy::Decision;
use tower_cache_policy::protocol::HttpDate;

use crate::timeline::Timeline;

/// The maximum length of a path, pattern or field value, in bytes.
const MAX_TEXT: usize = 300;

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) at: HttpDate,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) route: RouteName,
    pub(crate) status: StatusCode,
    pub(crate) cache_control: Option<String>,
    pub(crate) no_store: bool,
    pub(crate) decision: Option<Decision>,
    pub(crate) reason: Option<ConditionalReason>,
    pub(crate) saved: Saved,
    /// How the in-process cache handled the request.
    pub(crate) cache: Option<CacheOutcome>,
    /// The time until the start of the response.
    pub(crate) took: Duration,
    /// The most severe warning.
    pub(crate) warning: Option<RecordedWarning>,
    pub(crate) timeline: Timeline,
}

/// The name under which a request is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RouteName {
    Pattern(String),
    /// No route matches the path.
    Unknown,
    /// All routes beyond the limit.
    Others,
}

/// The content that a 304 avoided sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// The response is not a 304 to GET.
    Nothing,
    /// The response is a 304, but its 200 was not recorded.
    Unknown,
    Bytes(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordedWarning {
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// A route, and its responses.
#[derive(Clone, Debug)]
pub(crate) struct RouteCount {
    pub(crate) route: RouteName,
    pub(crate) requests: u64,
    pub(crate) ok: u64,
    pub(crate) not_modified: u64,
    pub(crate) precondition_failed: u64,
    pub(crate) no_store: u64,
    pub(crate) saved: u64,
    /// The responses that came from the in-process cache.
    pub(crate) hits: u64,
    /// The responses with a report of that cache.
    pub(crate) reported: u64,
    pub(crate) last: Option<LastSuccess>,
    /// The number of the last request that changed it.
    pub(crate) changed: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct LastSuccess {
    pub(crate) cache_control: Option<String>,
    pub(crate) timeline: Timeline,
}

/// A warning about a route.
#[derive(Clone, Debug)]
pub(crate) struct WarningCount {
    pub(crate) warning: RecordedWarning,
    pub(crate) route: RouteName,
    pub(crate) times: u64,
    /// The path of the last request.
    pub(crate) path: String,
    /// The number of the last request that changed it.
    pub(crate) changed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) not_modified: u64,
    pub(crate) saved: u64,
    /// The number of responses with a warning beyond the limit.
    pub(crate) more_warnings: u64,
}

impl Saved {
    const fn bytes(self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Nothing | Self::Unknown => 0,
        }
    }
}

impl RouteCount {
    pub(crate) const fn new(route: RouteName) -> Self {
        Self {
            route,
            requests: 0,
            ok: 0,
            not_modified: 0,
            precondition_failed: 0,
            no_store: 0,
            saved: 0,
            hits: 0,
            reported: 0,
            last: None,
            changed: 0,
        }
    }

    pub(crate) fn add(&mut self, number: u64, record: &Record) {
        self.changed = number;
        self.requests += 1;
        match record.status {
            StatusCode::OK => self.ok += 1,
            StatusCode::NOT_MODIFIED => self.not_modified += 1,
            StatusCode::PRECONDITION_FAILED => self.precondition_failed += 1,
            _ => {}
        }
        self.no_store += u64::from(record.no_store);
        self.saved = self.saved.saturating_add(record.saved.bytes());
        self.hits += u64::from(record.cache.is_some_and(CacheOutcome::is_hit));
        self.reported += u64::from(record.cache.is_some());
        let reads = record.method == "GET" || record.method == "HEAD";
        if reads && matches!(record.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
            let (cache_control, timeline) = (record.cache_control.clone(), record.timeline.clone());
            self.last = Some(LastSuccess { cache_control, timeline });
        }
    }
}

impl Totals {
    pub(crate) fn add(&mut self, record: &Record) {
        self.requests += 1;
        self.not_modified += u64::from(record.status == StatusCode::NOT_MODIFIED);
        self.saved = self.saved.saturating_add(record.saved.bytes());
    }
}

/// Text from a request or a response. Bytes that are not UTF-8 are replaced, and long text is truncated.
pub(crate) fn bounded(text: &[u8]) -> String {
    let cut = String::from_utf8_lossy(&text[..text.len().min(MAX_TEXT)]).into_owned();
    if text.len() > MAX_TEXT { cut + "…" } else { cut }
}
