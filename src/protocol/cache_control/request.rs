//! [`RequestCacheControl`]: the `Cache-Control` field of a request.

use std::fmt;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::directive::{Directive, InvalidDirective};
use super::extensions::Extensions;
use super::limits::{MAX_LIFETIME, clamped, smaller_limit};
use super::member::Member;
use super::rendering::Rendering;
use crate::protocol::syntax::has_members;

/// The `Cache-Control` of a request, with one accessor and one builder per directive.
///
/// The directives are those of [RFC 9111 section 5.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1), and
/// `stale-if-error` of [RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4). They express a
/// preference of the client. A cache may ignore them, and they never change the policy of an origin server.
///
/// Parsing never fails. Malformed directives are read in the direction that is restrictive for a request:
///
/// | Field value | Read as |
/// |---|---|
/// | `max-age` without a valid argument | 0 seconds |
/// | `min-fresh` without a valid argument | the largest value |
/// | `max-stale` or `stale-if-error` with an invalid argument | absent |
/// | `only-if-cached` with an argument | an extension without effect |
/// | more than [`MAX_MEMBERS`](crate::protocol::MAX_MEMBERS) members | `no-cache, no-store` |
///
/// # Example
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
///
/// # Directives
///
/// | Directive | The client | Method |
/// |---|---|---|
/// | `max-age=N` | does not accept a response that is older than `N` seconds | [`with_max_age`](Self::with_max_age) |
/// | `min-fresh=N` | requires that the response stays fresh for `N` seconds | [`with_min_fresh`](Self::with_min_fresh) |
/// | `max-stale`, `max-stale=N` | accepts a stale response, of any age or for `N` seconds | [`with_max_stale`](Self::with_max_stale) |
/// | `no-cache` | requires revalidation; browsers send it on a forced reload | [`with_no_cache`](Self::with_no_cache) |
/// | `no-store` | does not want the response to be stored | [`with_no_store`](Self::with_no_store) |
/// | `only-if-cached` | wants a stored response, or a 504 | [`with_only_if_cached`](Self::with_only_if_cached) |
/// | `no-transform` | wants the content unchanged | [`with_no_transform`](Self::with_no_transform) |
/// | `stale-if-error=N` | accepts a stale response in place of an error | [`with_stale_if_error`](Self::with_stale_if_error) |
// C-17. C-09.
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
    /// Creates a value without directives.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses all lines of a `Cache-Control` field as one list. Never fails.
    #[must_use]
    #[inline]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        // C-01.
        let mut control = Self::new();
        match Extensions::read(lines, |member| control.read(member)) {
            Some(extensions) => Self { extensions, ..control },
            None => Self { no_cache: true, no_store: true, max_stale: None, stale_if_error: None, ..control },
        }
    }

    /// Parses the `Cache-Control` of a request.
    ///
    /// Returns `None` if the field is absent or has no members.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::RequestCacheControl;
    ///
    /// // A forced reload in a browser.
    /// let mut headers = HeaderMap::new();
    /// headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    /// assert!(RequestCacheControl::from_headers(&headers).unwrap().no_cache());
    /// ```
    #[must_use]
    #[inline]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        // C-01.
        let lines = headers.get_all(CACHE_CONTROL);
        has_members(&lines).then(|| Self::parse(lines))
    }

    /// Sets `max-age` in seconds and replaces an earlier value
    /// ([RFC 9111 section 5.2.1.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.1)).
    ///
    /// Larger values than 2,147,483,647 are clamped to it, here and in the other methods that take seconds.
    #[must_use]
    #[inline]
    pub fn with_max_age(self, seconds: u32) -> Self {
        // C-10.
        Self { max_age: Some(clamped(seconds)), ..self }
    }

    /// Sets `max-stale` and replaces an earlier value
    /// ([RFC 9111 section 5.2.1.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.2)).
    ///
    /// ```
    /// use tower_cache_policy::protocol::{MaxStale, RequestCacheControl};
    ///
    /// // A client without a network connection accepts any stored response.
    /// let offline = RequestCacheControl::new().with_max_stale(MaxStale::Any).with_only_if_cached();
    /// assert_eq!(offline.to_string(), "max-stale, only-if-cached");
    /// ```
    #[must_use]
    #[inline]
    pub fn with_max_stale(self, max_stale: MaxStale) -> Self {
        // C-11.
        Self { max_stale: Some(max_stale.clamped()), ..self }
    }

    /// Sets `min-fresh` in seconds and replaces an earlier value
    /// ([RFC 9111 section 5.2.1.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.3)).
    #[must_use]
    #[inline]
    pub fn with_min_fresh(self, seconds: u32) -> Self {
        // C-12.
        Self { min_fresh: Some(clamped(seconds)), ..self }
    }

    /// Sets `no-cache` ([RFC 9111 section 5.2.1.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.4)).
    #[must_use]
    #[inline]
    pub fn with_no_cache(self) -> Self {
        // C-13.
        Self { no_cache: true, ..self }
    }

    /// Sets `no-store` ([RFC 9111 section 5.2.1.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.5)).
    #[must_use]
    #[inline]
    pub fn with_no_store(self) -> Self {
        // C-14.
        Self { no_store: true, ..self }
    }

    /// Sets `no-transform` ([RFC 9111 section 5.2.1.6](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.6)).
    #[must_use]
    #[inline]
    pub fn with_no_transform(self) -> Self {
        // C-15.
        Self { no_transform: true, ..self }
    }

    /// Sets `only-if-cached` ([RFC 9111 section 5.2.1.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.7)).
    #[must_use]
    #[inline]
    pub fn with_only_if_cached(self) -> Self {
        // C-16.
        Self { only_if_cached: true, ..self }
    }

    /// Sets `stale-if-error` in seconds and replaces an earlier value
    /// ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    #[must_use]
    #[inline]
    pub fn with_stale_if_error(self, seconds: u32) -> Self {
        // C-16.
        Self { stale_if_error: Some(clamped(seconds)), ..self }
    }

    /// Adds an extension directive
    /// ([RFC 9111 section 5.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.3)).
    ///
    /// Pass the argument as plain text. It is written as a quoted string if it is not a token.
    ///
    /// # Errors
    ///
    /// Returns an error if `name` is not a token or names a directive that has its own method, or if `argument`
    /// contains a control character.
    #[inline]
    pub fn with_extension(mut self, name: &str, argument: Option<&str>) -> Result<Self, InvalidDirective> {
        // C-08.
        let is_known = |member: &Member<'_>| Self::new().read(member);
        self.extensions.insert(Directive::extension(name, argument, is_known)?);
        Ok(self)
    }

    /// Returns `max-age`: the largest age in seconds that the client accepts
    /// ([RFC 9111 section 5.2.1.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.1)).
    #[must_use]
    #[inline]
    pub fn max_age(&self) -> Option<u32> {
        // C-10.
        self.max_age
    }

    /// Returns `max-stale`: how stale a response the client accepts
    /// ([RFC 9111 section 5.2.1.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.2)).
    #[must_use]
    #[inline]
    pub fn max_stale(&self) -> Option<MaxStale> {
        // C-11.
        self.max_stale
    }

    /// Returns `min-fresh`: how long the response must remain fresh, in seconds
    /// ([RFC 9111 section 5.2.1.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.3)).
    #[must_use]
    #[inline]
    pub fn min_fresh(&self) -> Option<u32> {
        // C-12.
        self.min_fresh
    }

    /// Returns whether `no-cache` is set: the client prefers a validated response
    /// ([RFC 9111 section 5.2.1.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.4)).
    #[must_use]
    #[inline]
    pub fn no_cache(&self) -> bool {
        // C-13.
        self.no_cache
    }

    /// Returns whether `no-store` is set: a cache must not store the request or its response
    /// ([RFC 9111 section 5.2.1.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.5)).
    #[must_use]
    #[inline]
    pub fn no_store(&self) -> bool {
        // C-14.
        self.no_store
    }

    /// Returns whether `no-transform` is set: an intermediary must not transform the content
    /// ([RFC 9111 section 5.2.1.6](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.6)).
    #[must_use]
    #[inline]
    pub fn no_transform(&self) -> bool {
        // C-15.
        self.no_transform
    }

    /// Returns whether `only-if-cached` is set: the client accepts only a stored response
    /// ([RFC 9111 section 5.2.1.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.7)).
    #[must_use]
    #[inline]
    pub fn only_if_cached(&self) -> bool {
        // C-16.
        self.only_if_cached
    }

    /// Returns `stale-if-error`: how long after expiry the client accepts a response in place of an error, in seconds
    /// ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    #[must_use]
    #[inline]
    pub fn stale_if_error(&self) -> Option<u32> {
        // C-16.
        self.stale_if_error
    }

    /// Returns the members that this type does not recognize, sorted and without duplicates
    /// ([RFC 9111 section 5.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.3)).
    #[must_use]
    #[inline]
    pub fn extensions(&self) -> &[Directive] {
        // C-08.
        self.extensions.as_slice()
    }

    /// Returns whether the value has no directives and no extensions.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Renders the canonical form as a header value: names in lower case and each directive once.
    ///
    /// The header value is empty if the directive list [is empty](Self::is_empty). Do not send an empty field.
    #[must_use]
    #[inline]
    pub fn to_header_value(&self) -> HeaderValue {
        // C-05.
        self.render().into_header_value()
    }

    /// Reads a known directive. Returns `false` if `member` is an extension.
    #[inline]
    fn read(&mut self, member: &Member<'_>) -> bool {
        member.read_name(|name| self.read_as(name, member))
    }

    #[inline]
    fn read_as(&mut self, name: &[u8], member: &Member<'_>) -> bool {
        match name {
            b"no-cache" => self.no_cache = true,
            b"no-store" => self.no_store = true,
            b"no-transform" => self.no_transform = true,
            b"max-age" => self.max_age = smaller_limit(self.max_age, member.seconds().or(Some(0))),
            // For `min-fresh`, the largest value is the strictest.
            b"min-fresh" => {
                self.min_fresh = self.min_fresh.max(member.seconds().or(Some(MAX_LIFETIME)));
            }
            b"max-stale" if member.is_bare() => {
                self.max_stale = smaller_limit(self.max_stale, Some(MaxStale::Any));
            }
            b"max-stale" => {
                self.max_stale = smaller_limit(self.max_stale, member.seconds().map(MaxStale::Seconds));
            }
            b"stale-if-error" => {
                self.stale_if_error = smaller_limit(self.stale_if_error, member.seconds());
            }
            b"only-if-cached" if member.is_bare() => self.only_if_cached = true,
            _ => return false,
        }
        true
    }

    #[inline]
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
    /// Writes the canonical form. Bytes of an extension that are not UTF-8 are replaced with U+FFFD.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render().fmt(f)
    }
}

impl fmt::Debug for RequestCacheControl {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestCacheControl({self})")
    }
}

/// How stale a response the client accepts
/// ([RFC 9111 section 5.2.1.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.2)).
///
/// An enum, because `max-stale` without an argument and `max-stale=0` are opposites. The smaller value is the stricter.
///
/// ```
/// use tower_cache_policy::protocol::{MaxStale, RequestCacheControl};
///
/// let any = RequestCacheControl::new().with_max_stale(MaxStale::Any);
/// let none = RequestCacheControl::new().with_max_stale(MaxStale::Seconds(0));
/// assert_eq!((any.to_string(), none.to_string()), ("max-stale".to_owned(), "max-stale=0".to_owned()));
/// assert!(MaxStale::Seconds(600) < MaxStale::Any);
/// ```
// C-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the directive has an argument or has none")]
pub enum MaxStale {
    /// Up to this many seconds after expiry.
    Seconds(u32),
    /// Any staleness: `max-stale` without an argument.
    Any,
}

impl MaxStale {
    #[inline]
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
    fn parsing_reads_in_the_restrictive_direction() {
        let table: &[(&str, &str, &str)] = &[
            (
                "each directive (C-10 to C-16)",
                "stale-if-error=9, only-if-cached, no-transform, no-store, no-cache, min-fresh=3, \
                 max-stale=2, max-age=1",
                "max-age=1, max-stale=2, min-fresh=3, no-cache, no-store, no-transform, \
                 only-if-cached, stale-if-error=9",
            ),
            ("max-stale without an argument (C-11)", "max-stale", "max-stale"),
            ("the stricter max-stale wins", "max-stale, max-stale=5", "max-stale=5"),
            ("an invalid max-stale", "max-stale=x", ""),
            ("an empty max-stale does not mean any", "max-stale=", ""),
            ("an invalid max-age (C-07)", "max-age=x, max-age=9", "max-age=0"),
            ("an invalid min-fresh", "min-fresh=x", "min-fresh=2147483647"),
            ("the stricter min-fresh wins", "min-fresh=5, min-fresh=9, min-fresh=1", "min-fresh=9"),
            ("a restriction with an argument", "no-cache=x, No-Store=1", "no-cache, no-store"),
            ("only-if-cached with an argument", "only-if-cached=1", "only-if-cached=1"),
            ("directives without a meaning in a request (C-09)", "private, immutable", "immutable, private"),
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
    fn each_builder_and_accessor_handles_one_directive() {
        let new = RequestCacheControl::new;
        let directives = |control: &RequestCacheControl| {
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
            assert_eq!(directives(&built), expected, "{line}");
            assert!(!built.is_empty(), "{line}");
        }
        assert_eq!(directives(&new()), (nothing, none, 0));
        assert!(new().is_empty());
    }

    #[test]
    fn all_lines_form_one_list_and_an_empty_field_is_none() {
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
    fn too_many_members_read_as_no_store() {
        let line = format!("foo, max-stale=5, stale-if-error=5{}", ", max-age=60".repeat(MAX_MEMBERS - 2));
        assert_eq!(request(&line).to_string(), "max-age=60, no-cache, no-store");
    }

    #[test]
    fn an_extension_cannot_use_the_name_of_a_known_directive() {
        let extended = RequestCacheControl::new().with_extension("public", None).unwrap();
        assert_eq!(extended, request("public"));
        assert!(RequestCacheControl::new().with_extension("max-stale", None).is_err());
    }

    #[test]
    fn debug_shows_the_field_value() {
        assert_eq!(format!("{:?}", request("no-cache")), "RequestCacheControl(no-cache)");
    }

    proptest! {
        #[test]
        fn parsing_a_rendered_value_returns_the_value(lines in any_lines()) {
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn parsing_a_rendered_value_of_any_bytes_returns_the_value(lines in any_bytes()) {
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn no_store_is_never_lost(lines in prop_oneof![any_lines(), any_bytes()]) {
            prop_assert_eq!(RequestCacheControl::parse(&lines).no_store(), has_no_store(&lines));
        }
    }
}
