//! Limits and comparison of durations in seconds.

/// The longest duration that is stored and written. It is one second less than
/// [RFC 9111 section 1.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2) allows, because Squid treats
/// 2^31 as stale.
// C-04.
pub(super) const MAX_LIFETIME: u32 = 2_147_483_647;

pub(super) fn clamped(seconds: u32) -> u32 {
    seconds.min(MAX_LIFETIME)
}

/// Returns the smaller of two limits, or the only one.
pub(super) fn smaller_limit<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

/// Returns the smaller of two permissions. An explicit zero forbids, so it takes precedence over a missing permission.
pub(super) fn smaller_permission(a: Option<u32>, b: Option<u32>) -> Option<u32> {
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
    fn a_missing_value_is_neither_a_limit_nor_a_permission() {
        for (a, b, limit, permission) in [
            (None, None, None, None),
            (Some(0), None, Some(0), Some(0)),
            (Some(5), None, Some(5), None),
            (Some(5), Some(0), Some(0), Some(0)),
            (Some(5), Some(9), Some(5), Some(5)),
        ] {
            assert_eq!((smaller_limit(a, b), smaller_permission(a, b)), (limit, permission), "{a:?} {b:?}");
            assert_eq!((smaller_limit(b, a), smaller_permission(b, a)), (limit, permission), "{b:?} {a:?}");
        }
    }
}
