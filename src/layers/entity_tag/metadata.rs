//! [`Metadata`]: the fields that describe the content.

use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::protocol::only_line;

/// The set of fields in a response that describe its content. A 304 does not have them, so a client with stored content
/// would never learn that one of them changed. An entity tag therefore depends on them.
// V-10
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata(u8);

/// The index of a field is its bit in [`Metadata`] and its number in a hash. Never reorder these fields.
static FIELDS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, CONTENT_DISPOSITION];

impl Metadata {
    const CONTENT_TYPE_ALONE: Self = Self(1);

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

    /// Returns the field lines in a fixed order, each with the number of its field.
    pub(super) fn lines(self, headers: &HeaderMap) -> impl Iterator<Item = (u8, &HeaderValue)> {
        let present = (0..).zip(&FIELDS).filter(move |(number, _)| self.0 & 1 << number != 0);
        present.flat_map(|(number, name)| headers.get_all(name).iter().map(move |line| (number, line)))
    }

    /// Returns the content type. Returns `Err` if the response has another of the fields, or several content types.
    pub(super) fn as_content_type(self, headers: &HeaderMap) -> Result<Option<&HeaderValue>, ()> {
        match self {
            Self(0) => Ok(None),
            Self::CONTENT_TYPE_ALONE => only_line(headers, &CONTENT_TYPE).map(Some).ok_or(()),
            Self(_) => Err(()),
        }
    }
}
