//! [`Metadata`]: the fields that say how the content is to be read.

use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Which of the fields a response has that describe its content. A 304 does not carry them, so a client
/// that has the content would never learn of a change: they are part of what a tag names (V-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata(u8);

/// Where a field stands is its bit, and what sets it apart in a hash. Never reorder.
const FIELDS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, CONTENT_DISPOSITION];

impl Metadata {
    const CONTENT_TYPE_ALONE: Self = Self(1);

    pub(super) fn add(&mut self, name: &str) {
        self.0 |= match name {
            "content-type" => 1,
            "content-language" => 1 << 1,
            "content-encoding" => 1 << 2,
            "content-disposition" => 1 << 3,
            _ => 0,
        };
    }

    /// The lines in an order that does not depend on the response, each with the number of its field.
    pub(super) fn lines(self, headers: &HeaderMap) -> impl Iterator<Item = (u8, &HeaderValue)> {
        let present = (0..).zip(FIELDS).filter(move |(number, _)| self.0 & 1 << number != 0);
        present.flat_map(|(number, name)| headers.get_all(name).iter().map(move |line| (number, line)))
    }

    /// The one content type, where the response has no other of the fields. `Err` where it has.
    pub(super) fn as_content_type(self, headers: &HeaderMap) -> Result<Option<&HeaderValue>, ()> {
        match self {
            Self(0) => Ok(None),
            Self::CONTENT_TYPE_ALONE => {
                let mut lines = headers.get_all(CONTENT_TYPE).iter();
                let first = lines.next();
                if lines.next().is_none() { Ok(first) } else { Err(()) }
            }
            Self(_) => Err(()),
        }
    }
}
