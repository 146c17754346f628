//! This program does not report events.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotStored {
    Forbidden,
    Incomplete,
    TooLarge,
    TooManyUnderWay,
}
