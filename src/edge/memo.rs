//! [`Memo`]: a cache of values that were computed from field values.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue};

use super::directive::EdgeDirective;

/// A cache of the values that were computed from the first field values. An application sends only a few different
/// field values. A filled slot is read without a lock. The cache has a fixed size, and never evicts a value.
#[derive(Clone)]
pub(super) struct Memo<T>(Arc<[OnceLock<(Box<[u8]>, T)>; SLOTS]>);

/// A decision in the fields of the edges.
#[derive(Clone, Debug)]
pub(super) struct EdgeFields {
    pub(super) directive: EdgeDirective,
    /// `None` leaves the field unchanged.
    pub(super) cache_control: Option<HeaderValue>,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
}

const SLOTS: usize = 64;

/// The longest field value that is cached, in bytes. The values that an application repeats are shorter.
const MAX_LENGTH: usize = 256;

impl<T: Clone> Memo<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new([const { OnceLock::new() }; SLOTS]))
    }

    /// Returns the cached value for a field value. If the field value is long, or if another one has its slot, the
    /// value is computed.
    ///
    /// The slot has a copy of the bytes, because a field value may be a slice of a buffer with all fields of a
    /// response.
    pub(super) fn recall(&self, value: &HeaderValue, make: impl Fn() -> T) -> Cow<'_, T> {
        let bytes = value.as_bytes();
        if bytes.len() > MAX_LENGTH {
            return Cow::Owned(make());
        }
        let hash = bytes.iter().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let (known, made) = self.0[hash % SLOTS].get_or_init(|| (bytes.into(), make()));
        if **known == *bytes { Cow::Borrowed(made) } else { Cow::Owned(make()) }
    }
}

impl<T> fmt::Debug for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_repeated_value_is_computed_once() {
        let memo = Memo::new();
        let made = Cell::new(0);
        let length = |text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            let length = memo.recall(&value, || {
                made.set(made.get() + 1);
                text.len()
            });
            assert_eq!(*length, text.len());
        };
        length("max-age=60");
        length("max-age=60");
        assert_eq!(made.get(), 1);
        // More values than slots, twice.
        for n in (0..1_000).chain(0..1_000) {
            length(&"a".repeat(n));
        }
    }

    #[test]
    fn e15_a_cached_value_does_not_retain_the_buffer_of_the_response() {
        let memo = Memo::new();
        let buffer = Bytes::from(vec![b'a'; 256 * 1024]);
        for length in [0, 10, MAX_LENGTH, MAX_LENGTH + 1, 64 * 1024] {
            let value = HeaderValue::from_maybe_shared(buffer.slice(..length)).unwrap();
            assert_eq!(*memo.recall(&value, || length), length);
        }
        assert!(buffer.is_unique());
    }

    #[test]
    fn e15_a_long_value_is_computed_each_time() {
        let memo = Memo::new();
        let made = Cell::new(0);
        for (length, expected) in [(MAX_LENGTH, 1), (MAX_LENGTH + 1, 2)] {
            made.set(0);
            let value = HeaderValue::from_str(&"a".repeat(length)).unwrap();
            for _ in 0..2 {
                memo.recall(&value, || made.set(made.get() + 1));
            }
            assert_eq!(made.get(), expected, "{length}");
        }
    }
}
