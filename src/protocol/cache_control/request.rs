//! [`RequestCacheControl`]: what a request asks of caches.

use std::fmt;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::directive::{Directive, InvalidDirective};
use super::extensions::Extensions;
use super::limits::{MAX_LIFETIME, clamped, least};
use super::member::Member;
use super::rendering::Rendering;
use crate::protocol::syntax::members;

/// The `Cache-Control` of a request (RFC 9111 section 5.2.1, RFC 5861 section 4).
///
/// A client's wishes, which a cache may ignore, and which never change an origin's
/// policy (C-17). Parsed as leniently as [`CacheControl`](crate::protocol::CacheControl),
/// with the restrictive direction of a request: a `max-age` without a proper argument
/// is 0, such a `min-fresh` the greatest there is, such a `max-stale` or
/// `stale-if-error` absent, and more than
/// [`MAX_MEMBERS`](crate::protocol::MAX_MEMBERS) members are `no-cache, no-store`.
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::{MaxStale, RequestCacheControl};
///
/// let lines = [HeaderValue::from_static("max-age=0, Max-Stale")];
/// let control = RequestCacheControl::parse(&lines);
/// assert_eq!(control.max_age(), Some(0));
/// assert_eq!(control.max_stale(), Some(MaxStale::Any));
/// assert_eq!(control.to_string(), "max-age=0, max-stale");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RequestCacheControl {
    max_age: Option<u32>,
    max_stale: Option<MaxStale>,
    min_fresh: Option<u32>,
    no_cache: bool,
    no_store: bool,
    no_transform: bool,
    only_if_cached: bool,
    stale_if_error: Option<u32>,
    extensions: Extensions,
}

impl RequestCacheControl {
    /// No directive at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all lines of a `Cache-Control` field as one list; never fails (C-01).
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut control = Self::new();
        match Extensions::read(lines, |member| control.read(member)) {
            Some(extensions) => Self { extensions, ..control },
            None => Self { no_cache: true, no_store: true, max_stale: None, stale_if_error: None, ..control },
        }
    }

    /// Reads the `Cache-Control` of a request, or `None` when no line of it has a
    /// member (C-01).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(CACHE_CONTROL);
        members(&lines).next()?;
        Some(Self::parse(lines))
    }

    /// Sets `max-age` in seconds, in place of any other (RFC 9111 section 5.2.1.1,
    /// C-10).
    #[must_use]
    pub fn with_max_age(self, seconds: u32) -> Self {
        Self { max_age: Some(clamped(seconds)), ..self }
    }

    /// Sets `max-stale`, in place of any other (RFC 9111 section 5.2.1.2, C-11).
    #[must_use]
    pub fn with_max_stale(self, max_stale: MaxStale) -> Self {
        Self { max_stale: Some(max_stale.clamped()), ..self }
    }

    /// Sets `min-fresh` in seconds, in place of any other (RFC 9111 section
    /// 5.2.1.3, C-12).
    #[must_use]
    pub fn with_min_fresh(self, seconds: u32) -> Self {
        Self { min_fresh: Some(clamped(seconds)), ..self }
    }

    /// Sets `no-cache` (RFC 9111 section 5.2.1.4, C-13).
    #[must_use]
    pub fn with_no_cache(self) -> Self {
        Self { no_cache: true, ..self }
    }

    /// Sets `no-store` (RFC 9111 section 5.2.1.5, C-14).
    #[must_use]
    pub fn with_no_store(self) -> Self {
        Self { no_store: true, ..self }
    }

    /// Sets `no-transform` (RFC 9111 section 5.2.1.6, C-15).
    #[must_use]
    pub fn with_no_transform(self) -> Self {
        Self { no_transform: true, ..self }
    }

    /// Sets `only-if-cached` (RFC 9111 section 5.2.1.7, C-16).
    #[must_use]
    pub fn with_only_if_cached(self) -> Self {
        Self { only_if_cached: true, ..self }
    }

    /// Sets `stale-if-error` in seconds, in place of any other (RFC 5861 section 4,
    /// C-16).
    #[must_use]
    pub fn with_stale_if_error(self, seconds: u32) -> Self {
        Self { stale_if_error: Some(clamped(seconds)), ..self }
    }

    /// Adds a directive that this type does not know (RFC 9111 section 5.2.3, C-08).
    ///
    /// The argument is given as plain text, and is quoted where it is no token.
    ///
    /// # Errors
    ///
    /// When `name` is no token or is a directive that has a method of its own, or
    /// `argument` holds a control character.
    pub fn with_extension(mut self, name: &str, argument: Option<&str>) -> Result<Self, InvalidDirective> {
        let is_known = |member: &Member<'_>| Self::new().read(member);
        self.extensions.insert(Directive::extension(name, argument, is_known)?);
        Ok(self)
    }

    /// The greatest age in seconds that the client prefers (RFC 9111 section
    /// 5.2.1.1, C-10).
    #[must_use]
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
    }

    /// How stale an answer the client accepts (RFC 9111 section 5.2.1.2, C-11).
    #[must_use]
    pub fn max_stale(&self) -> Option<MaxStale> {
        self.max_stale
    }

    /// Seconds for which the answer should still be fresh (RFC 9111 section
    /// 5.2.1.3, C-12).
    #[must_use]
    pub fn min_fresh(&self) -> Option<u32> {
        self.min_fresh
    }

    /// Whether the client prefers a validated answer (RFC 9111 section 5.2.1.4,
    /// C-13).
    #[must_use]
    pub fn no_cache(&self) -> bool {
        self.no_cache
    }

    /// Whether no cache may store the request or its answer (RFC 9111 section
    /// 5.2.1.5, C-14).
    #[must_use]
    pub fn no_store(&self) -> bool {
        self.no_store
    }

    /// Whether no intermediary may transform the content (RFC 9111 section 5.2.1.6,
    /// C-15).
    #[must_use]
    pub fn no_transform(&self) -> bool {
        self.no_transform
    }

    /// Whether the client only wants a stored answer (RFC 9111 section 5.2.1.7,
    /// C-16).
    #[must_use]
    pub fn only_if_cached(&self) -> bool {
        self.only_if_cached
    }

    /// Seconds past its lifetime for which the client accepts an answer in place of
    /// an error (RFC 5861 section 4, C-16).
    #[must_use]
    pub fn stale_if_error(&self) -> Option<u32> {
        self.stale_if_error
    }

    /// The members that this type does not know, sorted, each once (RFC 9111
    /// section 5.2.3, C-08).
    #[must_use]
    pub fn extensions(&self) -> &[Directive] {
        self.extensions.as_slice()
    }

    /// Whether there is nothing to render.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The canonical form as a field value: lower case, each directive once (C-05).
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        self.render().into_header_value()
    }

    /// Takes `member` in, or returns false when it is an extension.
    fn read(&mut self, member: &Member<'_>) -> bool {
        match &member.lower_case_name()[..] {
            b"no-cache" => self.no_cache = true,
            b"no-store" => self.no_store = true,
            b"no-transform" => self.no_transform = true,
            b"max-age" => self.max_age = least(self.max_age, member.seconds().or(Some(0))),
            // The greatest of several is the tightest here.
            b"min-fresh" => {
                self.min_fresh = self.min_fresh.max(member.seconds().or(Some(MAX_LIFETIME)));
            }
            b"max-stale" if member.is_bare() => {
                self.max_stale = least(self.max_stale, Some(MaxStale::Any));
            }
            b"max-stale" => {
                self.max_stale = least(self.max_stale, member.seconds().map(MaxStale::Seconds));
            }
            b"stale-if-error" => {
                self.stale_if_error = least(self.stale_if_error, member.seconds());
            }
            b"only-if-cached" if member.is_bare() => self.only_if_cached = true,
            _ => return false,
        }
        true
    }

    fn render(&self) -> Rendering {
        let mut rendering = Rendering::default();
        rendering.seconds("max-age", self.max_age);
        match self.max_stale {
            Some(MaxStale::Seconds(seconds)) => rendering.seconds("max-stale", Some(seconds)),
            any => rendering.flag("max-stale", any.is_some()),
        }
        rendering.seconds("min-fresh", self.min_fresh);
        rendering.flag("no-cache", self.no_cache);
        rendering.flag("no-store", self.no_store);
        rendering.flag("no-transform", self.no_transform);
        rendering.flag("only-if-cached", self.only_if_cached);
        rendering.seconds("stale-if-error", self.stale_if_error);
        rendering.extensions(&self.extensions);
        rendering
    }
}

impl fmt::Display for RequestCacheControl {
    /// The canonical form; octets of an extension that are no UTF-8 are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render().fmt(f)
    }
}

impl fmt::Debug for RequestCacheControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestCacheControl({self})")
    }
}

/// How stale an answer a request accepts (RFC 9111 section 5.2.1.2, C-11).
///
/// `max-stale` and `max-stale=0` are opposites, so they are not one number. The
/// lesser is the tighter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the directive has an argument or has none")]
pub enum MaxStale {
    /// So many seconds past its lifetime.
    Seconds(u32),
    /// However stale.
    Any,
}

impl MaxStale {
    fn clamped(self) -> Self {
        match self {
            Self::Seconds(seconds) => Self::Seconds(clamped(seconds)),
            Self::Any => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_bytes, any_lines, has_no_store, values};
    use super::*;
    use crate::protocol::MAX_MEMBERS;

    fn request(line: &str) -> RequestCacheControl {
        RequestCacheControl::parse(&values(&[line]))
    }

    #[test]
    fn a_request_is_read_in_the_restrictive_direction() {
        let table: &[(&str, &str, &str)] = &[
            (
                "each directive (C-10 to C-16)",
                "stale-if-error=9, only-if-cached, no-transform, no-store, no-cache, min-fresh=3, \
                 max-stale=2, max-age=1",
                "max-age=1, max-stale=2, min-fresh=3, no-cache, no-store, no-transform, \
                 only-if-cached, stale-if-error=9",
            ),
            ("however stale (C-11)", "max-stale", "max-stale"),
            ("the tighter max-stale", "max-stale, max-stale=5", "max-stale=5"),
            ("a broken max-stale", "max-stale=x", ""),
            ("a max-stale that is no number is not any", "max-stale=", ""),
            ("a broken max-age (C-07)", "max-age=x, max-age=9", "max-age=0"),
            ("a broken min-fresh", "min-fresh=x", "min-fresh=2147483647"),
            ("the tighter min-fresh", "min-fresh=5, min-fresh=9, min-fresh=1", "min-fresh=9"),
            ("a restriction with an argument", "no-cache=x, No-Store=1", "no-cache, no-store"),
            ("only-if-cached with an argument", "only-if-cached=1", "only-if-cached=1"),
            ("what means nothing in a request (C-09)", "private, immutable", "immutable, private"),
        ];
        for (sentence, line, expected) in table {
            assert_eq!(request(line).to_string(), *expected, "{sentence}: {line}");
            assert_eq!(request(line).to_header_value(), *expected, "{sentence}: {line}");
        }
        assert_eq!(request("max-stale").max_stale(), Some(MaxStale::Any));
        assert_eq!(request("max-stale=0").max_stale(), Some(MaxStale::Seconds(0)));
        let built = RequestCacheControl::new()
            .with_max_age(1)
            .with_max_stale(MaxStale::Seconds(u32::MAX))
            .with_min_fresh(u32::MAX)
            .with_no_cache()
            .with_no_store()
            .with_no_transform()
            .with_only_if_cached()
            .with_stale_if_error(4);
        assert_eq!(request(&built.to_string()), built);
        assert_eq!(built.min_fresh(), Some(MAX_LIFETIME));
    }

    #[test]
    fn each_directive_is_set_and_told_by_itself() {
        let new = RequestCacheControl::new;
        let said = |control: &RequestCacheControl| {
            (
                (control.max_age(), control.max_stale(), control.min_fresh(), control.stale_if_error()),
                (control.no_cache(), control.no_store(), control.no_transform(), control.only_if_cached()),
                control.extensions().len(),
            )
        };
        let nothing = (None, None, None, None);
        let none = (false, false, false, false);
        let five = Some(MaxStale::Seconds(5));
        let table = [
            ("max-age=5", new().with_max_age(5), ((Some(5), None, None, None), none, 0)),
            ("max-stale=5", new().with_max_stale(MaxStale::Seconds(5)), ((None, five, None, None), none, 0)),
            ("min-fresh=5", new().with_min_fresh(5), ((None, None, Some(5), None), none, 0)),
            ("stale-if-error=5", new().with_stale_if_error(5), ((None, None, None, Some(5)), none, 0)),
            ("no-cache", new().with_no_cache(), (nothing, (true, false, false, false), 0)),
            ("no-store", new().with_no_store(), (nothing, (false, true, false, false), 0)),
            ("no-transform", new().with_no_transform(), (nothing, (false, false, true, false), 0)),
            ("only-if-cached", new().with_only_if_cached(), (nothing, (false, false, false, true), 0)),
            ("x=5", new().with_extension("x", Some("5")).unwrap(), (nothing, none, 1)),
        ];
        for (line, built, expected) in table {
            assert_eq!(built.to_string(), line);
            assert_eq!(request(line), built, "{line}");
            assert_eq!(said(&built), expected, "{line}");
            assert!(!built.is_empty(), "{line}");
        }
        assert_eq!(said(&new()), (nothing, none, 0));
        assert!(new().is_empty());
    }

    #[test]
    fn lines_are_one_list_and_a_field_without_members_is_none() {
        let read = |lines: &[&str]| {
            RequestCacheControl::from_headers(&values(lines).into_iter().map(|value| (CACHE_CONTROL, value)).collect())
        };
        let two = read(&["max-age=60", "no-cache"]).unwrap();
        assert!(two.no_cache() && two.max_age() == Some(60));
        for lines in [&[][..], &[""], &[" ,", ""]] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn more_than_the_greatest_number_of_members_is_no_store() {
        let line = format!("foo, max-stale=5, stale-if-error=5{}", ", max-age=60".repeat(MAX_MEMBERS - 2));
        assert_eq!(request(&line).to_string(), "max-age=60, no-cache, no-store");
    }

    #[test]
    fn an_extension_is_no_directive_with_a_method_of_its_own() {
        let extended = RequestCacheControl::new().with_extension("public", None).unwrap();
        assert_eq!(extended, request("public"));
        assert!(RequestCacheControl::new().with_extension("max-stale", None).is_err());
    }

    #[test]
    fn debug_reads_like_the_field() {
        assert_eq!(format!("{:?}", request("no-cache")), "RequestCacheControl(no-cache)");
    }

    proptest! {
        #[test]
        fn parse_of_render_is_the_identity(lines in any_lines()) {
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn parse_of_render_is_the_identity_for_any_bytes(lines in any_bytes()) {
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn no_store_is_never_lost(lines in prop_oneof![any_lines(), any_bytes()]) {
            prop_assert_eq!(RequestCacheControl::parse(&lines).no_store(), has_no_store(&lines));
        }
    }
}
