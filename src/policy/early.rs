//! [`WithoutHandler`]: the mark of a response that no handler has decided about.

/// In the extensions of a response that was made before a handler ran, or of a 304 whose 200 is not known:
/// a handler may say less on storing it than any layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithoutHandler;
