//! [`Lengths`]: the lengths of the last responses, which a 304 saves.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, ETAG, LAST_MODIFIED};
use http::request::Parts;

/// The maximum number of stored lengths.
const MAX_LENGTHS: usize = 1_024;

/// Identifies content by its URL and validator, which a 304 has in common with its 200 (N-01). The length of a new
/// version is therefore not used for an older one. Content codings may share a weak tag, so the accepted codings are
/// part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ContentKey(u64);

#[derive(Debug, Default)]
pub(crate) struct Lengths {
    by_key: BTreeMap<ContentKey, u64>,
    /// The lengths, the oldest first.
    order: VecDeque<ContentKey>,
}

impl ContentKey {
    /// Returns `None` without a validator, because a 304 is then impossible.
    pub(crate) fn of(request: &Parts, response: &HeaderMap) -> Option<Self> {
        let validator = response.get(ETAG).or_else(|| response.get(LAST_MODIFIED))?;
        let mut hasher = DefaultHasher::new();
        (request.uri.path(), request.uri.query(), validator.as_bytes()).hash(&mut hasher);
        request.headers.get_all(ACCEPT_ENCODING).iter().for_each(|value| value.as_bytes().hash(&mut hasher));
        Some(Self(hasher.finish()))
    }
}

impl Lengths {
    pub(crate) fn remember(&mut self, key: ContentKey, length: u64) {
        if self.by_key.insert(key, length).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > MAX_LENGTHS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    pub(crate) fn of(&self, key: ContentKey) -> Option<u64> {
        self.by_key.get(&key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_length_is_dropped() {
        let mut lengths = Lengths::default();
        for key in 0..=MAX_LENGTHS as u64 {
            lengths.remember(ContentKey(key), key);
        }
        assert_eq!(lengths.of(ContentKey(0)), None);
        assert_eq!(lengths.of(ContentKey(1)), Some(1));
        assert_eq!((lengths.by_key.len(), lengths.order.len()), (MAX_LENGTHS, MAX_LENGTHS));
    }
}
