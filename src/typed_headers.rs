//! Conversions from the typed fields of the crate `headers`, for handlers that already have them.

use std::time::SystemTime;

use headers::{ETag, HeaderMapExt, LastModified};
use http::HeaderMap;
use http::header::ETAG;

use crate::protocol::{EntityTag, HttpDate, InvalidEntityTag};

/// Converts the tag of the crate `headers`. Both accept the same tags today.
///
/// ```
/// use headers::{ETag, LastModified};
/// use std::time::{Duration, UNIX_EPOCH};
/// use tower_cache_policy::protocol::Validators;
///
/// let etag: ETag = "\"v7\"".parse().unwrap();
/// let last_modified = LastModified::from(UNIX_EPOCH + Duration::from_secs(784_111_777));
///
/// let validators = Validators::new().with_etag(etag.try_into()?).with_last_modified(last_modified.into());
/// assert_eq!(validators.etag().unwrap().to_string(), "\"v7\"");
/// assert_eq!(validators.last_modified().unwrap().to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<(), tower_cache_policy::protocol::InvalidEntityTag>(())
/// ```
impl TryFrom<ETag> for EntityTag {
    type Error = InvalidEntityTag;

    /// # Errors
    ///
    /// Returns an error if a later version of `headers` accepts a tag that is not valid here.
    fn try_from(etag: ETag) -> Result<Self, InvalidEntityTag> {
        // `ETag` has no accessor for its text.
        let mut fields = HeaderMap::with_capacity(1);
        fields.typed_insert(etag);
        fields.remove(ETAG).map_or_else(|| Self::parse(b""), Self::try_from)
    }
}

/// Converts the date of the crate `headers`. A date outside the years 0000 to 9999 becomes 1970, so that no
/// representation looks newer than it is.
impl From<LastModified> for HttpDate {
    fn from(date: LastModified) -> Self {
        // D-09, D-10
        Self::from_system_time(SystemTime::from(date)).unwrap_or(Self::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_tag_keeps_its_text_and_its_strength() {
        for text in ["\"v7\"", "W/\"v7\"", "\"\"", "\"!#~\"", "W/\"a--gzip\""] {
            let etag: ETag = text.parse().unwrap();
            assert_eq!(EntityTag::try_from(etag).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_date_loses_the_fraction_of_its_second() {
        let date = LastModified::from(UNIX_EPOCH + Duration::from_millis(784_111_777_900));
        assert_eq!(HttpDate::from(date).to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
