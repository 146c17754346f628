//! [`Contradiction`]: directives that do not go together.

use std::fmt;

use http::HeaderValue;

use super::response::CacheControl;

const ONE_YEAR: u32 = 31_536_000;

/// Directives of one response that contradict each other, or one that serves
/// nothing (C-35). The text names the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Contradiction {
    /// `no-store` beside anything but `private`, `no-transform` or an extension
    /// (C-23, C-35).
    ///
    /// `must-understand` gives the others a meaning, so beside it nothing is
    /// reported (C-28).
    NoStoreWithOthers,
    /// `public` beside `private` (C-06, C-35).
    PublicWithPrivate,
    /// `s-maxage` beside `private` (C-35).
    SMaxageWithPrivate,
    /// `immutable` beside `no-cache` or `must-revalidate` (C-35).
    RevalidationWithImmutable,
    /// `stale-while-revalidate` or `stale-if-error` beside `no-cache` or
    /// `must-revalidate` (C-32, C-35).
    RevalidationWithStale,
    /// `stale-while-revalidate` or `stale-if-error` beside `s-maxage` (C-32).
    ///
    /// With `proxy-revalidate` the directives clearly address browsers, so nothing is reported.
    SharedRevalidationWithStale,
    /// `immutable` without a `max-age` above zero (C-30, C-35).
    ImmutableWithoutMaxAge,
    /// A `max-age` of more than a year (C-35).
    MaxAgeOverOneYear,
    /// `must-understand` without `no-store` (C-28, C-35).
    MustUnderstandWithoutNoStore,
}

impl CacheControl {
    /// What in this value contradicts itself or serves nothing (C-35).
    ///
    /// Parsing has already decided between `public` and `private`, so that
    /// contradiction is only seen by [`contradictions_in`](Self::contradictions_in).
    pub fn contradictions(&self) -> impl Iterator<Item = Contradiction> + use<> {
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

    /// What in the lines of a field contradicts itself or serves nothing, before
    /// parsing decides for the tighter (C-35).
    pub fn contradictions_in<'a>(
        lines: impl IntoIterator<Item = &'a HeaderValue>,
    ) -> impl Iterator<Item = Contradiction> {
        Self::as_written(lines).contradictions()
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoStoreWithOthers => {
                "`no-store` leaves nothing to the other directives, and some CDNs heed them \
                 instead; send `private, no-store`"
            }
            Self::PublicWithPrivate => {
                "`public` and `private` exclude each other, and caches differ in which one they \
                 heed; remove `public` unless the answer is the same for everyone"
            }
            Self::SMaxageWithPrivate => {
                "`s-maxage` speaks to shared caches, which must not store what is `private`; \
                 remove `s-maxage`"
            }
            Self::RevalidationWithImmutable => {
                "`immutable` says that the answer never changes, and `no-cache` or \
                 `must-revalidate` that it may; remove one of them"
            }
            Self::RevalidationWithStale => {
                "`no-cache` and `must-revalidate` forbid the stale answers that \
                 `stale-while-revalidate` and `stale-if-error` allow; remove one of them"
            }
            Self::SharedRevalidationWithStale => {
                "`s-maxage` forbids shared caches the stale answers that \
                 `stale-while-revalidate` and `stale-if-error` allow; send the CDN `max-age` in \
                 a targeted field instead"
            }
            Self::ImmutableWithoutMaxAge => "`immutable` only applies while an answer is fresh; give a `max-age`",
            Self::MaxAgeOverOneYear => "a `max-age` of more than a year is cut short by caches; give 31536000 at most",
            Self::MustUnderstandWithoutNoStore => {
                "a cache that does not know `must-understand` stores the answer anyway; add \
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
