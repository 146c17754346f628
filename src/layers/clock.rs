//! [`Clock`]: the one place where the time is read.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::protocol::HttpDate;

/// Where a layer reads the time from: the system's clock, unless a test gives another.
///
/// ```
/// use std::time::UNIX_EPOCH;
/// use tower_cache_policy::Clock;
///
/// let stopped = Clock::from_fn(|| UNIX_EPOCH);
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that asks `now` at each reading.
    pub fn from_fn(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// Returns the current time, to the second. A time that an HTTP date cannot express is returned as the Unix epoch, so
    /// that no stored response looks newer than it is.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use tower_cache_policy::Clock;
    ///
    /// let clock = Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(784_111_777));
    /// assert_eq!(clock.now().to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
    /// ```
    #[must_use]
    pub fn now(&self) -> HttpDate {
        #[allow(clippy::disallowed_methods)] // This is the place.
        let time = self.0.as_ref().map_or_else(SystemTime::now, |now| now());
        HttpDate::from_system_time(time).unwrap_or(HttpDate::UNIX_EPOCH)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(<fn>)" } else { "Clock(system)" })
    }
}
