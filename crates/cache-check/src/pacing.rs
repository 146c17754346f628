//! [`Pacing`]: pauses that a site requests with `Retry-After`, up to a limit.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use tower_cache_policy::protocol::HttpDate;
use url::Origin;

use crate::error::CheckError;

/// Waits if a site requests a pause with `Retry-After`, up to a limit for each origin.
#[derive(Debug)]
pub(crate) struct Pacing {
    most: Duration,
    origins: Mutex<HashMap<Origin, Pause>>,
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    /// The remaining time that this program waits for the origin.
    left: Duration,
    /// The end of a pause that exceeds the remaining time. No request is sent before it.
    closed_until: Option<Instant>,
}

impl Pacing {
    pub(crate) fn new(most: Duration) -> Self {
        Self { most, origins: Mutex::default() }
    }

    /// Waits until the origin accepts requests.
    ///
    /// # Errors
    ///
    /// Returns an error if that takes longer than the limit.
    pub(crate) async fn wait(&self, origin: &Origin) -> Result<(), CheckError> {
        let (until, closed_until) = match self.origins().get(origin) {
            Some(pause) => (pause.until, pause.closed_until),
            None => return Ok(()),
        };
        let now = Instant::now();
        if let Some(closed_until) = closed_until
            && closed_until > now
        {
            let seconds = (closed_until - now).as_secs_f64().ceil() as u64;
            return Err(CheckError::RateLimited { retry_after: Some(seconds) });
        }
        tokio::time::sleep_until(until.into()).await;
        Ok(())
    }

    /// Records a pause that a response requests, and returns whether it is short enough. If `closes` is set, a longer
    /// pause applies to all requests to the origin.
    pub(crate) fn pause(&self, origin: &Origin, seconds: u64, closes: bool) -> bool {
        let now = Instant::now();
        // A pause of zero seconds would allow an endless loop. A year is treated as forever.
        let asked = Duration::from_secs(seconds.clamp(1, 31_536_000));
        let until = now + asked;
        let mut origins = self.origins();
        let pause = origins.entry(origin.clone()).or_insert(Pause { until: now, left: self.most, closed_until: None });
        let longer = until.saturating_duration_since(pause.until.max(now));
        if longer <= pause.left {
            pause.left -= longer;
            pause.until = pause.until.max(until);
            return true;
        }
        if closes {
            pause.closed_until = pause.closed_until.max(Some(until));
        }
        false
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<Origin, Pause>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the pause in `Retry-After`, in seconds: the longest of all lines, each of which is a number or a date (RFC
/// 9110 section 10.2.3).
pub(crate) fn retry_after(fields: &HeaderMap, now: HttpDate) -> Option<u64> {
    let lines = fields.get_all(RETRY_AFTER).iter();
    lines
        .filter_map(|line| {
            let value = line.as_bytes().trim_ascii();
            if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
                // A number with too many digits is longer than any pause.
                return Some(str::from_utf8(value).ok()?.parse().unwrap_or(u64::MAX));
            }
            HttpDate::parse(value, now).ok().map(|date| date.seconds_since(now))
        })
        .max()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use url::Url;

    use super::*;

    #[test]
    fn retry_after_is_a_number_or_a_date_and_the_longest_line_counts() {
        let now = HttpDate::from_unix_seconds(784_111_777).unwrap(); // Sun, 06 Nov 1994 08:49:37 GMT
        for (lines, expected) in [
            (&["120"][..], Some(120)),
            (&[" 7 "], Some(7)),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60)),
            (&["Sun, 06 Nov 1994 08:40:00 GMT"], Some(0)),
            (&["1", "90", "soon"], Some(90)),
            (&["99999999999999999999999"], Some(u64::MAX)),
            (&["-1"], None),
            (&["1.5"], None),
            (&[""], None),
            (&["soon"], None),
            (&[], None),
        ] {
            let mut fields = HeaderMap::new();
            for line in lines {
                fields.append(RETRY_AFTER, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(retry_after(&fields, now), expected, "{lines:?}");
        }
    }

    #[test]
    fn the_sum_of_all_pauses_for_an_origin_is_limited() {
        let pacing = Pacing::new(Duration::from_secs(10));
        let origin = Url::parse("http://example.com/").unwrap().origin();
        assert!(pacing.pause(&origin, 6, true));
        assert!(pacing.pause(&origin, 6, true), "the same pause, from a concurrent response");
        assert!(!pacing.pause(&origin, 11, false), "only 4 seconds are left");
        assert!(pacing.origins()[&origin].closed_until.is_none());
        assert!(!pacing.pause(&origin, u64::MAX, true));
        assert!(pacing.origins()[&origin].closed_until.is_some());
        assert!(pacing.pause(&Url::parse("http://example.org/").unwrap().origin(), 6, true), "another origin");
    }

    #[test]
    fn a_pause_of_zero_seconds_counts_towards_the_limit() {
        let pacing = Pacing::new(Duration::from_secs(3));
        let origin = Url::parse("http://example.com/").unwrap().origin();
        let pauses = (0..100).take_while(|_| {
            let granted = pacing.pause(&origin, 0, true);
            pacing.origins().get_mut(&origin).unwrap().until = Instant::now();
            granted
        });
        assert!(pauses.count() <= 3);
    }
}
