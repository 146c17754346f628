//! [`Record`]: what is kept of one request and its answer.

use std::time::Duration;

use http::StatusCode;

use crate::audit::Level;
use crate::layers::conditional::ConditionalReason;
use crate::policy::Decision;
use crate::protocol::HttpDate;

use super::lanes::Lanes;

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) at: HttpDate,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) route: RouteName,
    pub(super) status: StatusCode,
    pub(super) cache_control: Option<String>,
    pub(super) no_store: bool,
    pub(super) decision: Option<Decision>,
    pub(super) reason: Option<ConditionalReason>,
    pub(super) saved: Saved,
    /// Until the head of the answer was there.
    pub(super) took: Duration,
    /// The worst.
    pub(super) warning: Option<Warned>,
    pub(super) lanes: Lanes,
}

/// What a request is counted under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RouteName {
    Pattern(String),
    /// No route names the path.
    Nothing,
    /// One of those that came when there were too many.
    Others,
}

/// Octets of content that were not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// The answer is no 304 to GET.
    Nothing,
    /// It is one, but its 200 was not seen.
    Unknown,
    Octets(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warned {
    pub(super) level: Level,
    pub(super) text: String,
}

impl Saved {
    pub(super) const fn octets(self) -> u64 {
        match self {
            Self::Octets(octets) => octets,
            Self::Nothing | Self::Unknown => 0,
        }
    }
}
