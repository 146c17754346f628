//! [`Told`]: a decision in the fields of the edges.

use http::{HeaderName, HeaderValue};

use super::word::EdgeWord;

/// What a decision is in the fields of the edges.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) word: EdgeWord,
    /// `None`: as it was.
    pub(super) cache_control: Option<HeaderValue>,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
}
