//! No event is reported here.

#[derive(Clone, Copy, Debug)]
pub(super) enum NotStored {
    Forbidden,
    Incomplete,
    TooLarge,
    TooManyUnderWay,
}
