//! [`Unruled`]: the mark of a 304 whose 200 is not known.

/// In the extensions of a 304 on which nobody has said how long it may be stored. Its 200 may say less than any
/// layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unruled {
    /// It was made before the handler ran.
    BeforeHandler,
    /// The inner service made it, and the policy goes by a content that it does not have.
    WithoutContent,
}
