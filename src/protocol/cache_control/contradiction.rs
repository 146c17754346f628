//! [`Contradiction`]: directives that conflict with each other.

use std::fmt;

use http::HeaderValue;

use super::response::CacheControl;

const ONE_YEAR: u32 = 31_536_000;

/// Directives of one response that conflict with each other, or a directive without effect.
///
/// Reported by [`CacheControl::contradictions`] and [`CacheControl::contradictions_in`]. The `Display` text explains
/// the problem and how to fix it.
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::{CacheControl, Contradiction};
///
/// let line = HeaderValue::from_static("public, private, max-age=60");
/// let found: Vec<_> = CacheControl::contradictions_in([&line]).collect();
/// assert_eq!(found, [Contradiction::PublicWithPrivate]);
/// ```
///
/// | Contradiction | Example | Fix |
/// |---|---|---|
/// | [`NoStoreWithOthers`](Self::NoStoreWithOthers) | `no-store, max-age=60` | `private, no-store` |
/// | [`PublicWithPrivate`](Self::PublicWithPrivate) | `public, private` | remove one |
/// | [`SMaxageWithPrivate`](Self::SMaxageWithPrivate) | `private, s-maxage=60` | remove `s-maxage` |
/// | [`RevalidationWithImmutable`](Self::RevalidationWithImmutable) | `no-cache, immutable` | remove one |
/// | [`RevalidationWithStale`](Self::RevalidationWithStale) | `must-revalidate, stale-if-error=60` | remove one |
/// | [`SharedRevalidationWithStale`](Self::SharedRevalidationWithStale) | `s-maxage=60, stale-if-error=60` | set the lifetime for the CDN in a targeted field |
/// | [`ImmutableWithoutMaxAge`](Self::ImmutableWithoutMaxAge) | `immutable` | add `max-age` |
/// | [`MaxAgeOverOneYear`](Self::MaxAgeOverOneYear) | `max-age=99999999` | `max-age=31536000` |
/// | [`MustUnderstandWithoutNoStore`](Self::MustUnderstandWithoutNoStore) | `must-understand` | add `no-store` |
// C-35.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Contradiction {
    /// `no-store` with a directive other than `private`, `no-transform` or an extension.
    ///
    /// Not reported if `must-understand` is present, which gives the other directives a meaning.
    // C-23, C-35, C-28.
    NoStoreWithOthers,
    /// `public` with `private`.
    // C-06, C-35.
    PublicWithPrivate,
    /// `s-maxage` with `private`.
    // C-35.
    SMaxageWithPrivate,
    /// `immutable` with `no-cache` or `must-revalidate`.
    // C-35.
    RevalidationWithImmutable,
    /// `stale-while-revalidate` or `stale-if-error` with `no-cache` or `must-revalidate`.
    // C-32, C-35.
    RevalidationWithStale,
    /// `stale-while-revalidate` or `stale-if-error` with `s-maxage`.
    ///
    /// Not reported if `proxy-revalidate` is present: the directives then clearly address browsers.
    // C-32.
    SharedRevalidationWithStale,
    /// `immutable` without a nonzero `max-age`.
    // C-30, C-35.
    ImmutableWithoutMaxAge,
    /// A `max-age` of more than one year.
    // C-35.
    MaxAgeOverOneYear,
    /// `must-understand` without `no-store`.
    // C-28, C-35.
    MustUnderstandWithoutNoStore,
}

impl CacheControl {
    /// Returns the contradictions in this value.
    ///
    /// Parsing already resolves `public` with `private`. To find that contradiction too, use
    /// [`contradictions_in`](Self::contradictions_in).
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_no_cache().with_stale_if_error(60);
    /// let texts: Vec<String> = control.contradictions().map(|contradiction| contradiction.to_string()).collect();
    /// assert_eq!(
    ///     texts,
    ///     ["`no-cache` and `must-revalidate` forbid the stale responses that `stale-while-revalidate` and `stale-if-error` \
    ///       allow; remove one of them"]
    /// );
    /// ```
    #[inline]
    pub fn contradictions(&self) -> impl Iterator<Item = Contradiction> + use<> {
        // C-35.
        let revalidated = self.must_revalidate() || self.no_cache();
        let revalidated_if_shared = self.s_maxage().is_some() && !self.proxy_revalidate();
        let permits_stale = self.stale_while_revalidate().max(self.stale_if_error()).is_some_and(|seconds| seconds > 0);
        [
            (self.forbids_storage() && *self != self.no_store_alone(), Contradiction::NoStoreWithOthers),
            (self.public() && self.private(), Contradiction::PublicWithPrivate),
            (self.s_maxage().is_some() && self.private(), Contradiction::SMaxageWithPrivate),
            (revalidated && self.immutable(), Contradiction::RevalidationWithImmutable),
            (revalidated && permits_stale, Contradiction::RevalidationWithStale),
            (revalidated_if_shared && permits_stale, Contradiction::SharedRevalidationWithStale),
            (self.immutable() && self.max_age().unwrap_or(0) == 0, Contradiction::ImmutableWithoutMaxAge),
            (self.max_age().is_some_and(|seconds| seconds > ONE_YEAR), Contradiction::MaxAgeOverOneYear),
            (self.must_understand() && !self.no_store(), Contradiction::MustUnderstandWithoutNoStore),
        ]
        .into_iter()
        .filter_map(|(is_so, contradiction)| is_so.then_some(contradiction))
    }

    /// Returns the contradictions in the lines of a `Cache-Control` field, as written.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::{CacheControl, Contradiction};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.append("cache-control", HeaderValue::from_static("public"));
    /// headers.append("cache-control", HeaderValue::from_static("private"));
    /// let lines = headers.get_all("cache-control");
    /// assert!(CacheControl::contradictions_in(lines).eq([Contradiction::PublicWithPrivate]));
    /// ```
    #[inline]
    pub fn contradictions_in<'a>(
        lines: impl IntoIterator<Item = &'a HeaderValue>,
    ) -> impl Iterator<Item = Contradiction> {
        // C-35.
        Self::as_written(lines).contradictions()
    }
}

impl fmt::Display for Contradiction {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoStoreWithOthers => {
                "`no-store` overrides the other directives, but some CDNs obey them \
                 instead; send `private, no-store`"
            }
            Self::PublicWithPrivate => {
                "`public` and `private` exclude each other, and caches differ in which one they \
                 obey; remove `private` if the response is the same for all users, or else `public`"
            }
            Self::SMaxageWithPrivate => {
                "`s-maxage` applies to shared caches, which must not store a `private` response; \
                 remove `s-maxage`"
            }
            Self::RevalidationWithImmutable => {
                "`immutable` means that the response never changes, but `no-cache` and \
                 `must-revalidate` that it may; remove one of them"
            }
            Self::RevalidationWithStale => {
                "`no-cache` and `must-revalidate` forbid the stale responses that \
                 `stale-while-revalidate` and `stale-if-error` allow; remove one of them"
            }
            Self::SharedRevalidationWithStale => {
                "`s-maxage` forbids shared caches to serve the stale responses that \
                 `stale-while-revalidate` and `stale-if-error` allow; set `max-age` for the CDN in \
                 a targeted field instead"
            }
            Self::ImmutableWithoutMaxAge => "`immutable` applies only while a response is fresh; add a `max-age`",
            Self::MaxAgeOverOneYear => "caches shorten a `max-age` of more than one year; use 31536000 or less",
            Self::MustUnderstandWithoutNoStore => {
                "a cache that does not support `must-understand` stores the response anyway; add \
                 `no-store`"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::values;
    use super::*;

    #[test]
    fn contradictions_are_reported_with_their_remedy() {
        use Contradiction as C;

        let table: &[(&str, &[Contradiction])] = &[
            ("public, max-age=60", &[]),
            ("private, no-store, no-transform, foo", &[]),
            ("must-understand, no-store, max-age=60", &[]),
            ("no-cache, must-revalidate", &[]),
            ("no-store, max-age=60", &[C::NoStoreWithOthers]),
            ("no-store, no-cache", &[C::NoStoreWithOthers]),
            ("public, private", &[C::PublicWithPrivate]),
            (r#"public, private="a""#, &[]),
            ("private, s-maxage=60", &[C::SMaxageWithPrivate]),
            ("no-cache, max-age=60, immutable", &[C::RevalidationWithImmutable]),
            ("must-revalidate, stale-if-error=5", &[C::RevalidationWithStale]),
            ("must-revalidate, stale-if-error=0", &[]),
            ("s-maxage=60, stale-while-revalidate=5", &[C::SharedRevalidationWithStale]),
            ("s-maxage=60, proxy-revalidate, stale-while-revalidate=5", &[]),
            ("max-age=60, proxy-revalidate, stale-if-error=5", &[]),
            ("immutable", &[C::ImmutableWithoutMaxAge]),
            ("max-age=0, immutable", &[C::ImmutableWithoutMaxAge]),
            ("max-age=31536000", &[]),
            ("max-age=31536001", &[C::MaxAgeOverOneYear]),
            ("must-understand", &[C::MustUnderstandWithoutNoStore]),
        ];
        for (line, expected) in table {
            let found: Vec<_> = CacheControl::contradictions_in(&values(&[line])).collect();
            assert_eq!(&found, expected, "{line}");
            let in_value: Vec<_> = CacheControl::parse(&values(&[line])).contradictions().collect();
            let decided: Vec<_> = expected.iter().copied().filter(|&c| c != C::PublicWithPrivate).collect();
            assert_eq!(in_value, decided, "{line}");
            assert!(expected.iter().all(|c| c.to_string().contains("; ")), "{line}");
        }
    }
}
