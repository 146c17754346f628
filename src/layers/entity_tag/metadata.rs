//! [`Metadata`]: the fields that describe the content.

use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The set of fields in a response that describe its content. A 304 does not have them, so a client with stored content
/// would never learn that one of them changed. An entity tag therefore depends on them.
// V-10
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata(u8);

/// The index of a field is its bit in [`Metadata`] and its number in a hash. Never reorder these fields.
static FIELDS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, CONTENT_DISPOSITION];

impl Metadata {
    /// The number of `Content-Type`.
    pub(super) const CONTENT_TYPE: u8 = 0;

    pub(super) fn add(&mut self, name: &HeaderName) {
        self.0 |= match *name {
            CONTENT_TYPE => 1,
            CONTENT_LANGUAGE => 1 << 1,
            CONTENT_ENCODING => 1 << 2,
            CONTENT_DISPOSITION => 1 << 3,
            _ => 0,
        };
    }

    /// Records a second line of `Content-Type`.
    pub(super) const fn add_second_type(&mut self) {
        self.0 |= 1 << FIELDS.len();
    }

    /// Returns the field lines in a fixed order, each with the number of its field.
    pub(super) fn lines(self, headers: &HeaderMap) -> impl Iterator<Item = (u8, &HeaderValue)> {
        let present = (0..).zip(&FIELDS).filter(move |(number, _)| self.0 & 1 << number != 0);
        present.flat_map(|(number, name)| headers.get_all(name).iter().map(move |line| (number, line)))
    }

    /// Returns whether the response has none of the fields, or only one line of `Content-Type`.
    pub(super) const fn is_at_most_one_type(self) -> bool {
        self.0 <= 1
    }
}
