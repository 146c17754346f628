//! Limits in seconds: how great they may be, and which of two is the tighter.

/// The longest lifetime that is held and written: one second less than RFC 9111
/// section 1.2.2 allows, because Squid takes 2^31 for stale (C-04).
pub(super) const MAX_LIFETIME: u32 = 2_147_483_647;

pub(super) fn clamped(seconds: u32) -> u32 {
    seconds.min(MAX_LIFETIME)
}

/// The lesser of two limits, where none is given as `None`.
pub(super) fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

/// The lesser of two permissions. An explicit zero forbids, so it goes before
/// silence, which merely does not permit.
pub(super) fn narrower(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (Some(0), None) | (None, Some(0)) => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_sets_no_limit_and_gives_no_permission() {
        for (a, b, limit, permission) in [
            (None, None, None, None),
            (Some(0), None, Some(0), Some(0)),
            (Some(5), None, Some(5), None),
            (Some(5), Some(0), Some(0), Some(0)),
            (Some(5), Some(9), Some(5), Some(5)),
        ] {
            assert_eq!((least(a, b), narrower(a, b)), (limit, permission), "{a:?} {b:?}");
            assert_eq!((least(b, a), narrower(b, a)), (limit, permission), "{b:?} {a:?}");
        }
    }
}
