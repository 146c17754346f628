//! [`Lengths`]: how long the last answers were, by which a 304 tells what it saved.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, ETAG, LAST_MODIFIED};
use http::request::Parts;

use super::bounds::MAX_LENGTHS;

/// Which content it is: the URL and the validator, which the 304 has in common with the 200
/// (N-01). So a client that holds an older version is not told the length of the present one.
/// Codings may share a weak tag, and which of them was sent goes by what the client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ContentKey(u64);

#[derive(Debug, Default)]
pub(super) struct Lengths {
    by_key: BTreeMap<ContentKey, u64>,
    /// The oldest first.
    order: VecDeque<ContentKey>,
}

impl ContentKey {
    /// `None` without a validator, as no 304 can follow.
    pub(super) fn of(request: &Parts, answer: &HeaderMap) -> Option<Self> {
        let validator = answer.get(ETAG).or_else(|| answer.get(LAST_MODIFIED))?;
        let mut hasher = DefaultHasher::new();
        (request.uri.path(), request.uri.query(), validator.as_bytes()).hash(&mut hasher);
        request.headers.get_all(ACCEPT_ENCODING).iter().for_each(|value| value.as_bytes().hash(&mut hasher));
        Some(Self(hasher.finish()))
    }
}

impl Lengths {
    pub(super) fn remember(&mut self, key: ContentKey, length: u64) {
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

    pub(super) fn of(&self, key: ContentKey) -> Option<u64> {
        self.by_key.get(&key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_length_makes_room() {
        let mut lengths = Lengths::default();
        for key in 0..=MAX_LENGTHS as u64 {
            lengths.remember(ContentKey(key), key);
        }
        assert_eq!(lengths.of(ContentKey(0)), None);
        assert_eq!(lengths.of(ContentKey(1)), Some(1));
        assert_eq!((lengths.by_key.len(), lengths.order.len()), (MAX_LENGTHS, MAX_LENGTHS));
    }
}
