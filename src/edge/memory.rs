//! [`Memory`]: what was made of a field value before.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue};

use super::directive::EdgeDirective;

/// What was made of the field values that came first: an application has a few, and each comes
/// again with nearly every answer. Has no lock to wait for once a value is in it, never grows, and
/// forgets nothing.
#[derive(Clone)]
pub(super) struct Memory<T>(Arc<[OnceLock<(HeaderValue, T)>; SLOTS]>);

/// A decision in the fields of the edges.
#[derive(Clone, Debug)]
pub(super) struct EdgeFields {
    pub(super) directive: EdgeDirective,
    /// `None` leaves the field unchanged.
    pub(super) cache_control: Option<HeaderValue>,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
}

const SLOTS: usize = 64;

impl<T: Clone> Memory<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new([const { OnceLock::new() }; SLOTS]))
    }

    /// What is made of the value: remembered, or made anew where another value has its place.
    pub(super) fn recall(&self, value: &HeaderValue, make: impl Fn() -> T) -> Cow<'_, T> {
        let octets = value.as_bytes();
        let hash = octets.iter().fold(0_usize, |hash, octet| hash.wrapping_mul(31).wrapping_add(usize::from(*octet)));
        let (known, made) = self.0[hash % SLOTS].get_or_init(|| (value.clone(), make()));
        if known.as_bytes() == octets { Cow::Borrowed(made) } else { Cow::Owned(make()) }
    }
}

impl<T> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_comes_again_is_made_once_and_every_value_has_its_own() {
        let memory = Memory::new();
        let made = Cell::new(0);
        let length = |text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            let length = memory.recall(&value, || {
                made.set(made.get() + 1);
                text.len()
            });
            assert_eq!(*length, text.len());
        };
        length("max-age=60");
        length("max-age=60");
        assert_eq!(made.get(), 1);
        // More than there are places for, twice.
        for n in (0..1_000).chain(0..1_000) {
            length(&"a".repeat(n));
        }
    }
}
