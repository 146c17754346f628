//! [`PurgerError`]: the requests of a purge that failed.

use std::fmt;
use std::time::Duration;

use crate::error::PurgeError;
use crate::outcome::PurgeFailure;

/// The reason why a [`Purger`](crate::Purger) did not complete a purge. Neither `Display` nor `Debug` shows a
/// credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgerError {
    /// The API does not support such a purge. No request was sent.
    Requests(PurgeError),
    /// Some of the requests failed, or were not sent because of a failure.
    Failed {
        /// The first failure.
        first: PurgeFailure,
        /// The number of requests that failed.
        failed: usize,
        /// The number of requests that were not sent, because each of them would have failed in the same way.
        not_sent: usize,
        /// The number of requests of the purge.
        requests: usize,
    },
}

impl PurgerError {
    /// Returns whether the purge may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Requests(_) => false,
            Self::Failed { first, .. } => first.is_retryable(),
        }
    }

    /// Returns how long to wait before another attempt, if the API specifies that.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Requests(_) => None,
            Self::Failed { first, .. } => first.retry_after(),
        }
    }
}

impl From<PurgeError> for PurgerError {
    fn from(error: PurgeError) -> Self {
        Self::Requests(error)
    }
}

impl fmt::Display for PurgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests(error) => write!(f, "{error}"),
            Self::Failed { first, requests: 1, .. } => write!(f, "{first}"),
            Self::Failed { first, failed, not_sent, requests } => {
                write!(f, "{first} ({failed} of {requests} requests failed")?;
                if *not_sent > 0 {
                    write!(f, ", {not_sent} were not sent")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl std::error::Error for PurgerError {}
