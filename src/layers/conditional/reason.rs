//! [`ConditionalReason`]: the reason for a 304, 412 or 428.

use std::fmt;

use crate::protocol::Condition;

/// The reason why a [`ConditionalLayer`](super::ConditionalLayer) returned 304, 412 or 428.
///
/// [`ConditionalLayer::record_decisions`](super::ConditionalLayer::record_decisions) adds it to the response
/// extensions. Its `Display` is one line for a log:
///
/// ```
/// use tower_cache_policy::layers::conditional::ConditionalReason;
/// use tower_cache_policy::protocol::Condition;
///
/// let reason = ConditionalReason::BeforeHandler(Condition::IfNoneMatch);
/// assert_eq!(reason.to_string(), "If-None-Match, before the handler");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConditionalReason {
    /// This request field was evaluated with the validators of a source. The handler did not run.
    BeforeHandler(Condition),
    /// This request field was evaluated with the validators of the handler's response.
    AfterHandler(Condition),
    /// An unsafe request did not have the required precondition. The handler did not run.
    PreconditionRequired,
}

impl fmt::Display for ConditionalReason {
    #[inline]
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
