//! [`EdgeFields`]: a decision in the fields of the edges, and the ones that a thread made recently.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::directive::EdgeDirective;
use crate::policy::{MAX_LENGTH, Recent, StaticValues, short_hash};
use crate::protocol::set_field;

/// A decision, rendered as the fields of the edges.
#[derive(Clone, Debug)]
pub(super) struct EdgeFields {
    pub(super) directive: EdgeDirective,
    /// `None` leaves the field unchanged.
    pub(super) cache_control: Option<HeaderValue>,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
}

/// The number of a configuration of edges. Configurations with the same number write the same fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EdgesId(u64);

impl EdgesId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The fields for one `Cache-Control` line.
struct MemoEntry {
    edges: EdgesId,
    /// A copy, because a field value may be a slice of a buffer with all fields of a response.
    line: Box<[u8]>,
    fields: RefCell<Rc<EdgeFields>>,
    uses: Cell<u8>,
}

/// The number of uses of a line after which its values move to static memory. A line that differs each time is not used so
/// often.
const USES: u8 = 32;

impl EdgeFields {
    /// Writes the fields of the edges. The caller writes `Cache-Control`.
    pub(super) fn write_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.fields {
            set_field(headers, name.clone(), value.clone());
        }
    }

    /// Returns the fields for a `Cache-Control` line. Creates them unless this thread has created them recently.
    pub(super) fn recall(edges: EdgesId, line: &[u8], make: impl FnOnce() -> Self) -> Rc<Self> {
        thread_local! {
            static RECENT: Recent<MemoEntry> = const { Recent::new() };
        }
        if line.len() > MAX_LENGTH {
            return Rc::new(make());
        }
        let is_wanted = |known: &MemoEntry| known.edges == edges && *known.line == *line;
        let make = || MemoEntry { edges, line: line.into(), fields: RefCell::new(Rc::new(make())), uses: Cell::new(0) };
        let entry = Recent::recall(&RECENT, short_hash(line) ^ edges.0, is_wanted, make);
        let uses = entry.uses.get().saturating_add(1);
        entry.uses.set(uses);
        if uses == USES {
            let fields = entry.fields.borrow().uncounted();
            entry.fields.replace(Rc::new(fields));
        }
        entry.fields.borrow().clone()
    }

    fn uncounted(&self) -> Self {
        static VALUES: StaticValues = StaticValues::new();
        let uncounted = |value| VALUES.uncounted(value);
        Self {
            directive: self.directive,
            cache_control: self.cache_control.as_ref().map(uncounted),
            fields: self.fields.iter().map(|(name, value)| (name.clone(), uncounted(value))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bytes::Bytes;

    use super::*;

    fn recall(edges: EdgesId, line: &HeaderValue, made: &Cell<usize>) {
        let make = || {
            made.set(made.get() + 1);
            EdgeFields { directive: EdgeDirective::Silent, cache_control: Some(line.clone()), fields: Vec::new() }
        };
        assert_eq!(EdgeFields::recall(edges, line.as_bytes(), make).cache_control.as_ref(), Some(line));
    }

    #[test]
    fn a_repeated_line_is_translated_once_for_each_configuration() {
        let made = Cell::new(0);
        let (one, other) = (EdgesId::next(), EdgesId::next());
        let line = HeaderValue::from_static("max-age=60");
        for _ in 0..3 {
            recall(one, &line, &made);
        }
        assert_eq!(made.get(), 1);
        recall(other, &line, &made);
        assert_eq!(made.get(), 2);
    }

    #[test]
    fn lines_that_vary_do_not_exclude_other_lines() {
        let made = Cell::new(0);
        let edges = EdgesId::next();
        (0..1_000).for_each(|n| recall(edges, &HeaderValue::from_str(&format!("max-age={n}")).unwrap(), &made));
        made.set(0);
        for _ in 0..3 {
            recall(edges, &HeaderValue::from_static("public, max-age=60"), &made);
        }
        assert_eq!(made.get(), 1);
    }

    #[test]
    fn the_values_of_a_repeated_line_are_the_same_memory_in_all_threads() {
        let edges = EdgesId::next();
        let last = move |uses: u8| {
            let make = || EdgeFields {
                directive: EdgeDirective::Silent,
                cache_control: HeaderValue::from_str("max-age=7").ok(),
                fields: Vec::new(),
            };
            let mut all: Vec<_> = (0..uses).map(|_| EdgeFields::recall(edges, b"max-age=8", make)).collect();
            all.pop().unwrap().cache_control.clone().unwrap()
        };
        for (uses, is_same) in [(USES - 1, false), (USES, true), (USES + 1, true)] {
            let (one, other) = (last(uses), std::thread::spawn(move || last(uses)).join().unwrap());
            assert_eq!(std::ptr::eq(one.as_bytes(), other.as_bytes()), is_same, "{uses} uses");
        }
    }

    #[test]
    fn e15_a_remembered_line_does_not_retain_the_buffer_of_the_response() {
        let edges = EdgesId::next();
        let buffer = Bytes::from(vec![b'a'; 256 * 1024]);
        for length in [0, 10, MAX_LENGTH, MAX_LENGTH + 1, 64 * 1024] {
            let line = HeaderValue::from_maybe_shared(buffer.slice(..length)).unwrap();
            let make = || EdgeFields { directive: EdgeDirective::Silent, cache_control: None, fields: Vec::new() };
            assert_eq!(EdgeFields::recall(edges, line.as_bytes(), make).cache_control, None);
        }
        assert!(buffer.is_unique());
    }

    #[test]
    fn e15_a_long_line_is_translated_each_time() {
        let edges = EdgesId::next();
        for (length, expected) in [(MAX_LENGTH, 1), (MAX_LENGTH + 1, 2)] {
            let made = Cell::new(0);
            let line = HeaderValue::from_str(&"a".repeat(length)).unwrap();
            recall(edges, &line, &made);
            recall(edges, &line, &made);
            assert_eq!(made.get(), expected, "{length}");
        }
    }
}
