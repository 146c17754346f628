//! [`ConditionalReason`]: why an answer is a 304, 412 or 428.

use std::fmt;

use crate::protocol::Condition;

/// Why a [`ConditionalLayer`](super::ConditionalLayer) answered 304, 412 or 428, for a log.
///
/// ```text
/// If-None-Match, before the handler
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConditionalReason {
    /// The field decided from a validator source. The handler did not run.
    BeforeHandler(Condition),
    /// The field decided from the validators of the handler's answer.
    AfterHandler(Condition),
    /// A write came without a precondition where one is required. The handler did not run.
    PreconditionRequired,
}

impl fmt::Display for ConditionalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (condition, place) = match self {
            Self::BeforeHandler(condition) => (condition, "before the handler"),
            Self::AfterHandler(condition) => (condition, "after the handler"),
            Self::PreconditionRequired => return f.write_str("no precondition, before the handler"),
        };
        let name = match condition {
            Condition::IfMatch => "If-Match",
            Condition::IfNoneMatch => "If-None-Match",
            Condition::IfModifiedSince => "If-Modified-Since",
            Condition::IfUnmodifiedSince => "If-Unmodified-Since",
        };
        write!(f, "{name}, {place}")
    }
}
