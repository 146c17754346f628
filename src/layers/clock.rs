//! [`Clock`]: the only place where a layer reads the time.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::protocol::HttpDate;

/// The source of the current time for a layer.
///
/// Layers use the system clock by default. A test can set another clock with the `clock` method of a layer,
/// so that dates in its responses do not depend on when the test runs:
///
/// ```
/// use std::convert::Infallible;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Empty;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::protocol::{HttpDate, Validators};
/// use tower_cache_policy::{Clock, ConditionalLayer};
///
/// # tokio_test::block_on(async {
/// let new_year = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
/// let tomorrow = HttpDate::from_unix_seconds(1_767_312_000).unwrap();
///
/// // A `Last-Modified` in the future becomes the current time.
/// let layer = ConditionalLayer::new()
///     .validators(move |_| async move { Validators::new().with_last_modified(tomorrow) })
///     .clock(Clock::from_fn(move || new_year));
/// let service = ServiceBuilder::new()
///     .layer(layer)
///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.headers()["last-modified"], "Thu, 01 Jan 2026 00:00:00 GMT");
/// # });
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    /// Returns the system clock, which is the default of every layer.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    pub(super) const fn is_system(&self) -> bool {
        self.0.is_none()
    }

    /// Creates a clock that calls `now` each time a layer needs the time.
    ///
    /// HTTP dates have whole seconds, so fractions of a second are dropped.
    pub fn from_fn(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// Returns the current time, to the second. A time that an HTTP date cannot express is returned as the Unix epoch,
    /// so that no stored response looks newer than it is.
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
        #[allow(clippy::disallowed_methods)] // Layers read the time only here.
        let time = self.0.as_ref().map_or_else(SystemTime::now, |now| now());
        HttpDate::from_system_time(time).unwrap_or(HttpDate::UNIX_EPOCH)
    }
}

// This is not in `protocol`, which does not read clocks: only this file reads the system clock.
impl HttpDate {
    /// Returns the current time of the system clock, rounded down to whole seconds.
    ///
    /// Use it where a function of [`protocol`](crate::protocol) takes the current time and the code is not part of a
    /// layer. A layer has a [`Clock`], which a test can replace.
    ///
    /// ```
    /// use http::Response;
    /// use tower_cache_policy::protocol::{HttpDate, Validators};
    ///
    /// let mut response = Response::new("the seventh revision of a row");
    /// Validators::version(7).write_to(response.headers_mut(), HttpDate::now());
    /// assert_eq!(response.headers()["etag"], "\"7\"");
    /// ```
    #[must_use]
    pub fn now() -> Self {
        Clock::system().now()
    }
}

impl fmt::Debug for Clock {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(<fn>)" } else { "Clock(system)" })
    }
}
