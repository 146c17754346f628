//! This program does not report events.

#[derive(Clone, Copy, Debug)]
pub(super) enum NotStored {
    Forbidden,
    Incomplete,
    TooLarge,
    TooManyUnderWay,
}
