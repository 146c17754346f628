//! [`CacheControl`]: the `Cache-Control` field of a response.

use std::fmt;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::directive::{Directive, InvalidDirective};
use super::extensions::Extensions;
use super::field_names::FieldNames;
use super::limits::{clamped, smaller_limit, smaller_permission};
use super::member::Member;
use super::rendering::Rendering;
use super::scope::DirectiveScope;
use crate::protocol::syntax::has_members;

/// The `Cache-Control` of a response, with one accessor and one builder per directive.
///
/// The directives are those of [RFC 9111 section 5.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2),
/// [RFC 8246](https://www.rfc-editor.org/rfc/rfc8246.html) (`immutable`) and
/// [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861.html) (`stale-while-revalidate`, `stale-if-error`):
///
/// ```text
/// Cache-Control   = #cache-directive
/// cache-directive = token [ "=" ( token / quoted-string ) ]
/// ```
///
/// # Parsing
///
/// Parsing never fails. A malformed or repeated directive is read in the restrictive direction:
///
/// | Field value | Read as |
/// |---|---|
/// | a name in any case, an argument as token or quoted string | the directive |
/// | a lifetime given twice | the shorter one |
/// | `max-age` or `s-maxage` without a valid argument | 0 seconds |
/// | `stale-*` without a valid argument | absent, because it would be a permission |
/// | a restriction with an argument that it does not take | the restriction |
/// | `private` or `no-cache` with an argument that is not a list of field names | the unqualified directive |
/// | `public` or `must-understand` with an argument | an extension without effect |
/// | `public` together with `private` | `private` |
/// | more than [`MAX_MEMBERS`](crate::protocol::MAX_MEMBERS) members | `no-store` |
///
/// Every other member becomes a [`Directive`] in [`extensions`](Self::extensions) and is rendered again. A member with
/// an unterminated quoted string is dropped, because it would change how a cache reads the members after it.
///
/// # Example
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::CacheControl;
///
/// let lines = [HeaderValue::from_static("Max-Age=600, community=UCI, PRIVATE=Set-Cookie")];
/// let control = CacheControl::parse(&lines);
/// assert_eq!(control.max_age(), Some(600));
/// assert!(!control.private() && control.private_fields().contains("set-cookie"));
/// assert_eq!(control.to_string(), r#"private="Set-Cookie", max-age=600, community=UCI"#);
///
/// let control = CacheControl::new().with_public().with_max_age(300).with_stale_while_revalidate(30);
/// assert_eq!(control.to_string(), "public, max-age=300, stale-while-revalidate=30");
/// ```
///
/// # Directives
///
/// | Directive | Meaning | Method |
/// |---|---|---|
/// | `public` | any cache may store the response, even for a request with `Authorization` | [`with_public`](Self::with_public) |
/// | `private` | only a private cache may store it | [`with_private`](Self::with_private) |
/// | `max-age=N` | fresh for `N` seconds | [`with_max_age`](Self::with_max_age) |
/// | `s-maxage=N` | fresh for `N` seconds in shared caches | [`with_s_maxage`](Self::with_s_maxage) |
/// | `no-cache` | revalidated before each reuse | [`with_no_cache`](Self::with_no_cache) |
/// | `no-store` | not stored | [`with_no_store`](Self::with_no_store) |
/// | `must-revalidate` | never served stale | [`with_must_revalidate`](Self::with_must_revalidate) |
/// | `proxy-revalidate` | never served stale by shared caches | [`with_proxy_revalidate`](Self::with_proxy_revalidate) |
/// | `stale-while-revalidate=N` | served stale for `N` seconds while it is revalidated | [`with_stale_while_revalidate`](Self::with_stale_while_revalidate) |
/// | `stale-if-error=N` | served stale for `N` seconds in place of an error | [`with_stale_if_error`](Self::with_stale_if_error) |
/// | `immutable` | not revalidated on reload while it is fresh | [`with_immutable`](Self::with_immutable) |
/// | `no-transform` | not compressed or changed by a proxy | [`with_no_transform`](Self::with_no_transform) |
/// | `must-understand` | stored only by caches that know the status code | [`with_must_understand`](Self::with_must_understand) |
///
/// To choose a policy for the responses of an application, use [`CachePolicy`](crate::policy::CachePolicy). It rejects
/// contradictory combinations.
// C-01, C-02, C-05 to C-07, C-22, C-24.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CacheControl {
    public: bool,
    private: DirectiveScope,
    max_age: Option<u32>,
    s_maxage: Option<u32>,
    no_cache: DirectiveScope,
    no_store: bool,
    must_revalidate: bool,
    proxy_revalidate: bool,
    must_understand: bool,
    no_transform: bool,
    immutable: bool,
    stale_while_revalidate: Option<u32>,
    stale_if_error: Option<u32>,
    extensions: Extensions,
}

impl CacheControl {
    /// Creates a value without directives.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses all lines of a `Cache-Control` field as one list. Never fails.
    ///
    /// Caches disagree on whether a quoted string that is not closed at the end of a line continues on the next line.
    /// This method reads such lines both ways and returns the stricter combination.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let parse = |lines: &[&'static str]| {
    ///     let lines: Vec<HeaderValue> = lines.iter().copied().map(HeaderValue::from_static).collect();
    ///     CacheControl::parse(&lines).to_string()
    /// };
    /// assert_eq!(parse(&["max-age=60", "private"]), "private, max-age=60");
    /// assert_eq!(parse(&["max-age=60, max-age=600"]), "max-age=60");
    /// assert_eq!(parse(&["max-age=a minute"]), "max-age=0");
    /// ```
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        // C-01.
        let mut lines = lines.into_iter();
        let (first, second) = (lines.next(), lines.next());
        if second.is_none() {
            return Self::parse_apart(first);
        }
        let lines: Vec<&HeaderValue> = first.into_iter().chain(second).chain(lines).collect();
        let apart = Self::parse_apart(lines.iter().copied());
        // Without a quote, both readings are the same.
        if !lines.iter().any(|line| line.as_bytes().contains(&b'"')) {
            return apart;
        }
        let joined = Self::parse_apart([&join(lines)]).without_extensions();
        if apart.clone().without_extensions() == joined { apart } else { apart.tighten(&joined) }
    }

    /// Parses each line separately. A quoted string never continues on the next line.
    pub(crate) fn parse_apart<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.cache_control_parsed += 1);
        Self::as_written(lines).without_public_if_private()
    }

    /// Parses the `Cache-Control` of a response.
    ///
    /// Returns `None` if the field is absent or has no members.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let mut headers = HeaderMap::new();
    /// assert_eq!(CacheControl::from_headers(&headers), None);
    /// headers.insert("cache-control", HeaderValue::from_static("no-store"));
    /// assert!(CacheControl::from_headers(&headers).unwrap().no_store());
    /// ```
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        // C-01.
        let lines = headers.get_all(CACHE_CONTROL);
        has_members(&lines).then(|| Self::parse(lines))
    }

    /// Sets `public` ([RFC 9111 section 5.2.2.9](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.9)).
    ///
    /// Has no effect if the value is `private` or `no-store`, which take precedence.
    #[must_use]
    pub fn with_public(self) -> Self {
        // C-25, C-06.
        Self { public: !self.private() && !self.no_store, ..self }
    }

    /// Removes `public`.
    #[must_use]
    pub fn without_public(self) -> Self {
        Self { public: false, ..self }
    }

    /// Sets `private` for the complete response
    /// ([RFC 9111 section 5.2.2.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.7)).
    ///
    /// Also removes the directives that only apply to shared caches: `public`, `s-maxage`, `proxy-revalidate` and
    /// `must-understand`.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_public().with_max_age(60).with_s_maxage(600);
    /// assert_eq!(control.to_string(), "public, max-age=60, s-maxage=600");
    /// assert_eq!(control.with_private().to_string(), "private, max-age=60");
    /// ```
    #[must_use]
    pub fn with_private(self) -> Self {
        // C-24.
        Self { private: DirectiveScope::Everything, ..self }.settled()
    }

    /// Adds field names to the qualified form, `private="..."`
    /// ([RFC 9111 section 5.2.2.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.7)).
    ///
    /// Has no effect if the complete response is `private`. Many caches treat the qualified form as the unqualified
    /// one.
    ///
    /// ```
    /// use tower_cache_policy::protocol::{CacheControl, FieldNames};
    ///
    /// let names = FieldNames::new(["set-cookie"])?;
    /// let control = CacheControl::new().with_max_age(60).with_private_fields(names);
    /// assert_eq!(control.to_string(), r#"private="set-cookie", max-age=60"#);
    /// # Ok::<(), tower_cache_policy::protocol::InvalidFieldName>(())
    /// ```
    #[must_use]
    pub fn with_private_fields(self, names: FieldNames) -> Self {
        // C-24, C-03.
        Self { private: self.private.union(DirectiveScope::of_fields(names)), ..self }
    }

    /// Sets `max-age` in seconds and replaces an earlier value
    /// ([RFC 9111 section 5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.1)).
    ///
    /// Larger values are clamped to 2,147,483,647 (about 68 years).
    #[must_use]
    pub fn with_max_age(self, seconds: u32) -> Self {
        // C-20.
        Self { max_age: Some(clamped(seconds)), ..self }
    }

    /// Removes `max-age`.
    #[must_use]
    pub fn without_max_age(self) -> Self {
        Self { max_age: None, ..self }
    }

    /// Sets `s-maxage` in seconds and replaces an earlier value
    /// ([RFC 9111 section 5.2.2.10](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10)).
    ///
    /// Has no effect if the value is `private`: a shared cache must not store such a response. Large values are clamped
    /// as in [`with_max_age`](Self::with_max_age).
    #[must_use]
    pub fn with_s_maxage(self, seconds: u32) -> Self {
        // C-21, C-35.
        if self.private() { self } else { Self { s_maxage: Some(clamped(seconds)), ..self } }
    }

    /// Removes `s-maxage`.
    #[must_use]
    pub fn without_s_maxage(self) -> Self {
        Self { s_maxage: None, ..self }
    }

    /// Sets `no-cache` for the complete response
    /// ([RFC 9111 section 5.2.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.4)).
    #[must_use]
    pub fn with_no_cache(self) -> Self {
        // C-22.
        Self { no_cache: DirectiveScope::Everything, ..self }
    }

    /// Adds field names to the qualified form, `no-cache="..."`
    /// ([RFC 9111 section 5.2.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.4)).
    ///
    /// Has no effect if the complete response is `no-cache`.
    #[must_use]
    pub fn with_no_cache_fields(self, names: FieldNames) -> Self {
        // C-22.
        Self { no_cache: self.no_cache.union(DirectiveScope::of_fields(names)), ..self }
    }

    /// Sets `no-store` ([RFC 9111 section 5.2.2.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.5)).
    ///
    /// Also removes the directives that grant a permission: `public`, nonzero lifetimes, `stale-*`, `immutable` and
    /// `must-understand`. Some caches would obey them: by default, Fastly stores a response with `max-age=10000,
    /// no-store`.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_public().with_max_age(10_000).with_no_transform();
    /// assert_eq!(control.with_no_store().to_string(), "no-store, no-transform");
    /// ```
    #[must_use]
    pub fn with_no_store(self) -> Self {
        // C-23, C-28, G-07.
        Self { no_store: true, must_understand: false, ..self }.settled()
    }

    /// Sets `must-revalidate`
    /// ([RFC 9111 section 5.2.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.2)).
    #[must_use]
    pub fn with_must_revalidate(self) -> Self {
        // C-26.
        Self { must_revalidate: true, ..self }
    }

    /// Sets `proxy-revalidate`
    /// ([RFC 9111 section 5.2.2.8](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.8)).
    #[must_use]
    pub fn with_proxy_revalidate(self) -> Self {
        // C-27.
        Self { proxy_revalidate: true, ..self }
    }

    /// Removes `proxy-revalidate`.
    #[must_use]
    pub fn without_proxy_revalidate(self) -> Self {
        Self { proxy_revalidate: false, ..self }
    }

    /// Sets `must-understand`
    /// ([RFC 9111 section 5.2.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3)).
    ///
    /// Together with `no-store` it is a permission: a cache that understands the status code ignores `no-store`.
    #[must_use]
    pub fn with_must_understand(self) -> Self {
        // C-28.
        Self { must_understand: true, ..self }
    }

    /// Removes `must-understand`.
    #[must_use]
    pub fn without_must_understand(self) -> Self {
        Self { must_understand: false, ..self }
    }

    /// Sets `no-transform` ([RFC 9111 section 5.2.2.6](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.6)).
    #[must_use]
    pub fn with_no_transform(self) -> Self {
        // C-29.
        Self { no_transform: true, ..self }
    }

    /// Sets `immutable` ([RFC 8246 section 2](https://www.rfc-editor.org/rfc/rfc8246.html#section-2)).
    #[must_use]
    pub fn with_immutable(self) -> Self {
        // C-30.
        Self { immutable: true, ..self }
    }

    /// Removes `immutable`.
    #[must_use]
    pub fn without_immutable(self) -> Self {
        Self { immutable: false, ..self }
    }

    /// Sets `stale-while-revalidate` in seconds and replaces an earlier value
    /// ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    #[must_use]
    pub fn with_stale_while_revalidate(self, seconds: u32) -> Self {
        // C-31.
        Self { stale_while_revalidate: Some(clamped(seconds)), ..self }
    }

    /// Removes `stale-while-revalidate`.
    #[must_use]
    pub fn without_stale_while_revalidate(self) -> Self {
        Self { stale_while_revalidate: None, ..self }
    }

    /// Sets `stale-if-error` in seconds and replaces an earlier value
    /// ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    #[must_use]
    pub fn with_stale_if_error(self, seconds: u32) -> Self {
        // C-31.
        Self { stale_if_error: Some(clamped(seconds)), ..self }
    }

    /// Removes `stale-if-error`.
    #[must_use]
    pub fn without_stale_if_error(self) -> Self {
        Self { stale_if_error: None, ..self }
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
    ///
    /// # Example
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_private().with_extension("community", Some("UCI"))?;
    /// assert_eq!(control.to_string(), "private, community=UCI");
    /// # Ok::<(), tower_cache_policy::protocol::InvalidDirective>(())
    /// ```
    pub fn with_extension(mut self, name: &str, argument: Option<&str>) -> Result<Self, InvalidDirective> {
        // C-08.
        let is_known = |member: &Member<'_>| Self::new().read(member);
        self.extensions.insert(Directive::extension(name, argument, is_known)?);
        Ok(self)
    }

    /// Combines two values so that the result permits only what both permit.
    ///
    /// - Lifetimes: the shorter one wins. A side without a lifetime does not set a limit. The lifetime for shared
    ///   caches is `s-maxage`, or `max-age` if there is no `s-maxage`. For example, `max-age=60` and `s-maxage=600`
    ///   combine to `max-age=60, s-maxage=60`.
    /// - Restrictions of either side apply: `no-store`, `no-cache`, `private`, `must-revalidate`, `proxy-revalidate`,
    ///   `no-transform`, and all fields listed in `no-cache="..."` and `private="..."`.
    /// - Permissions need both sides: `public`, `immutable`, and the shorter `stale-*`. A `stale-*` of zero is a
    ///   restriction, so it is preserved.
    /// - `must-understand` is preserved if either side has it, unless one side has `no-store` without it.
    /// - Extensions of both sides are preserved, because their meaning is unknown.
    /// - The result does not contain directives that [`with_private`](Self::with_private) or
    ///   [`with_no_store`](Self::with_no_store) would remove.
    ///
    /// The order of the operands does not matter, and combining with the same value again changes nothing.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let handler = CacheControl::new().with_public().with_max_age(600);
    /// let layer = CacheControl::new().with_max_age(60).with_no_transform();
    /// assert_eq!(handler.tighten(&layer).to_string(), "max-age=60, no-transform");
    /// ```
    ///
    /// # Limits
    ///
    /// This method does not see the request and the other response fields. In two cases the result may permit more than
    /// before:
    ///
    /// - `s-maxage` and `must-revalidate` allow shared caches to reuse a response to a request with `Authorization`
    ///   ([RFC 9111 section 3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5)).
    /// - A `max-age` added here overrides the `Expires` field of the response.
    ///
    /// The layers of this crate check both.
    #[must_use]
    pub fn tighten(self, other: &Self) -> Self {
        // C-08, C-28. The layers check S-04, F-01 and G-02.
        let must_understand =
            (self.must_understand || other.must_understand) && !self.forbids_storage() && !other.forbids_storage();
        let names_s_maxage = self.s_maxage.is_some() || other.s_maxage.is_some();
        let shared_lifetime = smaller_limit(self.shared_lifetime(), other.shared_lifetime());
        Self {
            public: self.public && other.public,
            private: self.private.union(other.private.clone()),
            max_age: smaller_limit(self.max_age, other.max_age),
            s_maxage: shared_lifetime.filter(|_| names_s_maxage),
            no_cache: self.no_cache.union(other.no_cache.clone()),
            no_store: self.no_store || other.no_store,
            must_revalidate: self.must_revalidate || other.must_revalidate,
            proxy_revalidate: self.proxy_revalidate || other.proxy_revalidate,
            must_understand,
            no_transform: self.no_transform || other.no_transform,
            immutable: self.immutable && other.immutable,
            stale_while_revalidate: smaller_permission(self.stale_while_revalidate, other.stale_while_revalidate),
            stale_if_error: smaller_permission(self.stale_if_error, other.stale_if_error),
            extensions: self.extensions.tighten(&other.extensions),
        }
        .settled()
    }

    /// Excludes shared caches and ensures that private caches do not use heuristic freshness.
    ///
    /// Works like [`with_private`](Self::with_private), and adds `no-cache` if the result has neither `max-age`,
    /// `no-cache` nor `no-store`. The layers use this method to downgrade a shared response. It never adds a
    /// permission, and a second call changes nothing.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_public().with_s_maxage(600);
    /// assert_eq!(control.to_private().to_string(), "private, no-cache");
    /// ```
    #[must_use]
    pub fn to_private(self) -> Self {
        // Step 1 of the shared-to-private downgrade (SPD). No heuristics: F-04.
        let private = self.with_private();
        if private.max_age.is_some() || private.no_cache() || private.no_store {
            private
        } else {
            private.with_no_cache()
        }
    }

    /// Returns whether `public` is set: any cache may store the response, even one that otherwise could not
    /// ([RFC 9111 section 5.2.2.9](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.9)).
    #[must_use]
    pub fn public(&self) -> bool {
        // C-25.
        self.public
    }

    /// Returns whether unqualified `private` is set: a shared cache must not store the response
    /// ([RFC 9111 section 5.2.2.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.7)).
    #[must_use]
    pub fn private(&self) -> bool {
        // C-24.
        self.private == DirectiveScope::Everything
    }

    /// Returns the fields of `private="..."`, which a shared cache must not store
    /// ([RFC 9111 section 5.2.2.7](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.7)).
    ///
    /// The list is empty if `private` is absent or unqualified.
    #[must_use]
    pub fn private_fields(&self) -> &FieldNames {
        // C-24.
        self.private.fields()
    }

    /// Returns `max-age`: the freshness lifetime in seconds
    /// ([RFC 9111 section 5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.1)).
    #[must_use]
    pub fn max_age(&self) -> Option<u32> {
        // C-20.
        self.max_age
    }

    /// Returns `s-maxage`: the freshness lifetime in shared caches, in seconds
    /// ([RFC 9111 section 5.2.2.10](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10)).
    #[must_use]
    pub fn s_maxage(&self) -> Option<u32> {
        // C-21.
        self.s_maxage
    }

    /// Returns whether unqualified `no-cache` is set: a cache must validate the response before each reuse
    /// ([RFC 9111 section 5.2.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.4)).
    #[must_use]
    pub fn no_cache(&self) -> bool {
        // C-22.
        self.no_cache == DirectiveScope::Everything
    }

    /// Returns the fields of `no-cache="..."`, which a cache must not reuse without validation
    /// ([RFC 9111 section 5.2.2.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.4)).
    ///
    /// The list is empty if `no-cache` is absent or unqualified.
    #[must_use]
    pub fn no_cache_fields(&self) -> &FieldNames {
        // C-22.
        self.no_cache.fields()
    }

    /// Returns whether `no-store` is set: no cache may store the response
    /// ([RFC 9111 section 5.2.2.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.5)).
    #[must_use]
    pub fn no_store(&self) -> bool {
        // C-23.
        self.no_store
    }

    /// Returns whether `must-revalidate` is set: a cache must not reuse the response when stale
    /// ([RFC 9111 section 5.2.2.2](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.2)).
    #[must_use]
    pub fn must_revalidate(&self) -> bool {
        // C-26.
        self.must_revalidate
    }

    /// Returns whether `proxy-revalidate` is set: a shared cache must not reuse the response when stale
    /// ([RFC 9111 section 5.2.2.8](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.8)).
    #[must_use]
    pub fn proxy_revalidate(&self) -> bool {
        // C-27.
        self.proxy_revalidate
    }

    /// Returns whether `must-understand` is set: only a cache that understands the status code may store the response
    /// ([RFC 9111 section 5.2.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3)).
    #[must_use]
    pub fn must_understand(&self) -> bool {
        // C-28.
        self.must_understand
    }

    /// Returns whether `no-transform` is set: an intermediary must not transform the content
    /// ([RFC 9111 section 5.2.2.6](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.6)).
    #[must_use]
    pub fn no_transform(&self) -> bool {
        // C-29.
        self.no_transform
    }

    /// Returns whether `immutable` is set: a client need not validate a fresh response, even on reload
    /// ([RFC 8246 section 2](https://www.rfc-editor.org/rfc/rfc8246.html#section-2)).
    #[must_use]
    pub fn immutable(&self) -> bool {
        // C-30.
        self.immutable
    }

    /// Returns `stale-while-revalidate`: how long after expiry a cache may reuse the response while it revalidates, in
    /// seconds ([RFC 5861 section 3](https://www.rfc-editor.org/rfc/rfc5861.html#section-3)).
    #[must_use]
    pub fn stale_while_revalidate(&self) -> Option<u32> {
        // C-31.
        self.stale_while_revalidate
    }

    /// Returns `stale-if-error`: how long after expiry a cache may reuse the response in place of a 500, 502, 503 or
    /// 504, in seconds ([RFC 5861 section 4](https://www.rfc-editor.org/rfc/rfc5861.html#section-4)).
    #[must_use]
    pub fn stale_if_error(&self) -> Option<u32> {
        // C-31.
        self.stale_if_error
    }

    /// Returns the members that this type does not recognize, sorted and without duplicates
    /// ([RFC 9111 section 5.2.3](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.3)).
    #[must_use]
    pub fn extensions(&self) -> &[Directive] {
        // C-08.
        self.extensions.as_slice()
    }

    /// Returns whether the value has no directives and no extensions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Returns whether `private` or `no-store` forbids every shared cache to store the response.
    ///
    /// Returns `false` for `no-store` together with `must-understand`, because a cache that understands the status code
    /// then ignores `no-store`.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// assert!(CacheControl::new().with_private().forbids_shared_storage());
    /// assert!(CacheControl::new().with_no_store().forbids_shared_storage());
    /// assert!(!CacheControl::new().with_no_cache().forbids_shared_storage());
    /// ```
    #[must_use]
    pub fn forbids_shared_storage(&self) -> bool {
        // C-23, C-24, C-28.
        self.private() || self.forbids_storage()
    }

    /// Returns whether `max-age` or `s-maxage` sets a freshness lifetime, which may be zero.
    ///
    /// Does not see an `Expires` field.
    #[must_use]
    pub fn has_explicit_freshness(&self) -> bool {
        // F-01.
        self.shared_lifetime().is_some()
    }

    /// Renders the canonical form as a header value: names in lower case, each directive once, and field names quoted.
    ///
    /// The header value is empty if the directive list [is empty](Self::is_empty). Do not send an empty field.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        // C-03, C-05.
        self.render().into_header_value()
    }

    /// Parses like [`parse_apart`](Self::parse_apart), but allows `public` together with `private`.
    pub(super) fn as_written<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut control = Self::new();
        let extensions = Extensions::read(lines, |member| control.read(member));
        let control = control.without_duplicates();
        match extensions {
            Some(extensions) => Self { extensions, ..control },
            None => control.with_no_store(),
        }
    }

    /// Returns whether `no-store` is set without `must-understand`, so that no cache may ignore it.
    /// Reads directives whose names are in lower case and that cannot contain a comma outside quotes.
    pub(crate) fn of_directives<'a>(directives: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.cache_control_parsed += 1);
        let mut control = Self::new();
        for (name, argument) in directives {
            let name = name.as_bytes();
            if !control.read_as(name, &Member::given(name, argument)) {
                let argument = argument.map(|argument| [b"=", argument].concat()).unwrap_or_default();
                control.extensions.insert_member(&[name, &argument].concat());
            }
        }
        control.without_duplicates().without_public_if_private()
    }

    fn without_duplicates(self) -> Self {
        Self { private: self.private.without_duplicates(), no_cache: self.no_cache.without_duplicates(), ..self }
    }

    fn without_public_if_private(self) -> Self {
        Self { public: self.public && !self.private(), ..self }
    }

    pub(super) fn forbids_storage(&self) -> bool {
        // C-28.
        self.no_store && !self.must_understand
    }

    /// Returns `no-store` with the directives of `self` that have a meaning next to it.
    pub(super) fn no_store_alone(&self) -> Self {
        Self {
            no_store: true,
            private: self.private.clone(),
            no_transform: self.no_transform,
            extensions: self.extensions.clone(),
            ..Self::new()
        }
    }

    /// Removes the extensions.
    pub(crate) fn without_extensions(self) -> Self {
        Self { extensions: Extensions::default(), ..self }
    }

    /// Replaces the extensions with those of `other` that are ASCII and do not resemble a permission.
    pub(crate) fn with_extensions_of(self, other: Self) -> Self {
        let mut extensions = other.extensions;
        extensions.drop_permissions();
        Self { extensions, ..self }.without_unreadable_extensions()
    }

    /// Removes extensions that are not ASCII, because some caches skip a line that contains one.
    pub(crate) fn without_unreadable_extensions(mut self) -> Self {
        self.extensions.drop_unreadable();
        self
    }

    /// Returns whether the value does not have a known directive.
    pub(crate) fn has_extensions_only(&self) -> bool {
        *self == Self { extensions: self.extensions.clone(), ..Self::new() }
    }

    fn shared_lifetime(&self) -> Option<u32> {
        self.s_maxage.or(self.max_age)
    }

    /// Removes the directives that `private` and `no-store` override.
    ///
    /// The result depends only on flags that `tighten` never clears, so the order of `settled` and `tighten` does not
    /// matter.
    pub(crate) fn settled(mut self) -> Self {
        let private = self.private();
        if private {
            self.public = false;
            self.s_maxage = None;
            self.proxy_revalidate = false;
            self.must_understand = false;
        }
        let no_store = self.forbids_storage();
        if no_store {
            self.public = false;
            self.max_age = smaller_permission(self.max_age, None);
            self.s_maxage = None;
            self.immutable = false;
            self.stale_while_revalidate = smaller_permission(self.stale_while_revalidate, None);
            self.stale_if_error = smaller_permission(self.stale_if_error, None);
        }
        if private || no_store {
            self.extensions.drop_permissions();
        }
        self
    }

    /// Reads a known directive. Returns `false` if `member` is an extension.
    fn read(&mut self, member: &Member<'_>) -> bool {
        member.read_name(|name| self.read_as(name, member))
    }

    /// Reads a member with this name in lower case. Returns `false` if it is unknown.
    fn read_as(&mut self, name: &[u8], member: &Member<'_>) -> bool {
        match name {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache.append(DirectiveScope::of_member(member)),
            b"private" => self.private.append(DirectiveScope::of_member(member)),
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"no-transform" => self.no_transform = true,
            b"max-age" => self.max_age = smaller_limit(self.max_age, member.seconds().or(Some(0))),
            b"s-maxage" => self.s_maxage = smaller_limit(self.s_maxage, member.seconds().or(Some(0))),
            b"stale-while-revalidate" => {
                self.stale_while_revalidate = smaller_limit(self.stale_while_revalidate, member.seconds());
            }
            b"stale-if-error" => {
                self.stale_if_error = smaller_limit(self.stale_if_error, member.seconds());
            }
            b"public" if member.is_bare() => self.public = true,
            b"must-understand" if member.is_bare() => self.must_understand = true,
            // The standard requires that an argument be ignored (RFC 8246 section 2, C-30).
            b"immutable" if member.has_directive_form() => self.immutable = true,
            _ => return false,
        }
        true
    }

    /// Returns whether the member is a known directive with a valid argument.
    pub(super) fn is_valid(member: &Member<'_>) -> bool {
        let is_number = matches!(
            &member.lower_case_name()[..],
            b"max-age" | b"s-maxage" | b"stale-while-revalidate" | b"stale-if-error"
        );
        member.has_directive_form() && (!is_number || member.seconds().is_some()) && Self::new().read(member)
    }

    fn render(&self) -> Rendering {
        let mut rendering = Rendering::default();
        rendering.flag("public", self.public);
        rendering.scope("private", &self.private);
        rendering.seconds("max-age", self.max_age);
        rendering.seconds("s-maxage", self.s_maxage);
        rendering.scope("no-cache", &self.no_cache);
        rendering.flag("no-store", self.no_store);
        rendering.flag("must-revalidate", self.must_revalidate);
        rendering.flag("proxy-revalidate", self.proxy_revalidate);
        rendering.flag("must-understand", self.must_understand);
        rendering.flag("no-transform", self.no_transform);
        rendering.flag("immutable", self.immutable);
        rendering.seconds("stale-while-revalidate", self.stale_while_revalidate);
        rendering.seconds("stale-if-error", self.stale_if_error);
        rendering.extensions(&self.extensions);
        rendering
    }
}

/// Joins field lines into one header value
/// ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.3)).
pub(crate) fn join<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> HeaderValue {
    let mut joined = Vec::new();
    for line in lines {
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(line.as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(joined)).expect("field values joined by a comma make a field value")
}

impl fmt::Display for CacheControl {
    /// Writes the canonical form. Bytes of an extension that are not UTF-8 are replaced with U+FFFD.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render().fmt(f)
    }
}

impl fmt::Debug for CacheControl {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheControl({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_bytes, any_lines, has_no_store, values};
    use super::*;
    use crate::protocol::MAX_MEMBERS;

    fn response(line: &str) -> CacheControl {
        CacheControl::parse(&values(&[line]))
    }

    fn names(names: &[&str]) -> FieldNames {
        FieldNames::new(names).unwrap()
    }

    #[test]
    fn parsing_reads_in_the_restrictive_direction() {
        let table: &[(&str, &str, &str)] = &[
            ("names ignore case (C-01)", "NO-STORE, Max-Age=60", "max-age=60, no-store"),
            ("the canonical order", "max-age=1, s-maxage=2, public", "public, max-age=1, s-maxage=2"),
            ("a lifetime may be quoted (C-02)", r#"max-age="60""#, "max-age=60"),
            ("a quoted lifetime is written as a token (C-02)", r#"s-maxage="60""#, "s-maxage=60"),
            ("the shortest lifetime wins (C-05)", "max-age=60, max-age=5, max-age=10", "max-age=5"),
            ("an invalid lifetime does not hide other members (C-07)", "max-age=lolz, no-store", "max-age=0, no-store"),
            ("an invalid lifetime is zero (C-07)", "max-age=600, max-age=abc", "max-age=0"),
            ("a lifetime without a number (C-07)", "max-age", "max-age=0"),
            ("an empty number (C-07)", "max-age=", "max-age=0"),
            ("a negative number (C-07)", "max-age=-5", "max-age=0"),
            ("a fraction (C-07)", "s-maxage=3600.0", "s-maxage=0"),
            ("white space before the equals sign", r#"max-age ="5""#, "max-age=0"),
            ("white space after the equals sign", "s-maxage= 5", "s-maxage=0"),
            ("an unterminated quoted string", r#"max-age="5"#, "max-age=0"),
            ("leading zeros", "max-age=060", "max-age=60"),
            ("an overflow is clamped (C-04)", "max-age=99999999999999999999", "max-age=2147483647"),
            ("invalid stale directives", "stale-if-error=x, stale-while-revalidate", ""),
            (
                "a valid stale directive next to an invalid one",
                "stale-if-error=x, stale-if-error=5",
                "stale-if-error=5",
            ),
            ("a restriction with an ignored argument", "no-store=1, must-revalidate=x", "no-store, must-revalidate"),
            ("a restriction followed by text", "no-store foo; bar", "no-store"),
            ("a restriction with white space", "private =x", "private"),
            ("a longer name is another directive", "no-store-remote", "no-store-remote"),
            ("field names without quotes (C-02, C-03)", "no-cache=Set-Cookie", r#"no-cache="Set-Cookie""#),
            (
                "a quoted comma does not separate members",
                r#"private="a, no-store", max-age=60"#,
                r#"private="a, no-store", max-age=60"#,
            ),
            ("field names twice", r#"private="a, b", private="B,c""#, r#"private="a, b, c""#),
            ("an invalid list of field names", r#"private="a b""#, "private"),
            ("an empty list of field names", r#"no-cache="", private="#, "private, no-cache"),
            ("qualified and unqualified (C-22)", r#"no-cache="a", no-cache"#, "no-cache"),
            ("a permission with an argument is ignored", "public=1", "public=1"),
            ("a permission followed by text is ignored", "must-understand x, public ;", "must-understand x, public ;"),
            ("immutable ignores its argument (C-30)", "immutable=1", "immutable"),
            ("immutable with an unterminated argument is dropped", "immutable=\"a", ""),
            ("private takes precedence over public (C-06)", "public, max-age=5, private", "private, max-age=5"),
            ("private takes precedence in either order (C-06)", "private, public", "private"),
            ("public together with qualified private", r#"public, private="a""#, r#"public, private="a""#),
            ("unknown members are preserved (C-08)", "foo=BAR, X=\"y, z\"", "X=\"y, z\", foo=BAR"),
            (
                "a directive in an unknown argument is ignored",
                r#"my-directive="my-no-store""#,
                r#"my-directive="my-no-store""#,
            ),
            ("a malformed member is preserved", "do not override", "do not override"),
            ("a repeated extension is written once", "foo, foo, FOO", "FOO, foo"),
            ("an unterminated quoted string does not hide other members", r#"foo="x, no-store"#, "no-store"),
            ("empty members are ignored (P-21)", ", ,private,,", "private"),
        ];
        for (sentence, line, expected) in table {
            assert_eq!(response(line).to_string(), *expected, "{sentence}: {line}");
            assert_eq!(response(line).to_header_value(), *expected, "{sentence}: {line}");
        }
    }

    #[test]
    fn all_lines_form_one_list_and_an_empty_field_is_none() {
        let read = |lines: &[&str]| {
            CacheControl::from_headers(&values(lines).into_iter().map(|value| (CACHE_CONTROL, value)).collect())
        };
        let two = read(&["max-age=60", "No-Store"]).unwrap();
        assert!(two.no_store() && two.max_age() == Some(60));
        for lines in [&[][..], &[""], &[" ,", ""]] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
        assert!(!read(&["do not override"]).unwrap().is_empty());
    }

    #[test]
    fn too_many_members_read_as_no_store() {
        let line = |count: usize| format!("private{}", ", max-age=60".repeat(count - 1));
        assert_eq!(response(&line(MAX_MEMBERS)).to_string(), "private, max-age=60");
        assert_eq!(response(&line(MAX_MEMBERS + 1)).to_string(), "private, no-store");
        assert_eq!(response(&format!("foo, {}", line(MAX_MEMBERS))).to_string(), "private, no-store");

        let one_by_one: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("private=x-{n}")).collect();
        let fields = response(&one_by_one.join(",")).private_fields().clone();
        assert_eq!(fields.iter().count(), MAX_MEMBERS);
        let one_more = CacheControl::new().with_private_fields(names(&["a"])).with_private_fields(fields);
        assert!(one_more.private(), "too many names become the unqualified form");

        let names: Vec<String> = (0..=MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        assert!(response(&format!("private=\"{}\"", names.join(","))).private());
    }

    #[test]
    fn an_extension_preserves_bytes_above_127() {
        let lines = values(&[&b"x=\"caf\xe9\", no-store"[..]]);
        let control = CacheControl::parse(&lines);
        assert_eq!(control.to_header_value().as_bytes(), b"no-store, x=\"caf\xe9\"");
        assert_eq!(control.to_string(), "no-store, x=\"caf\u{fffd}\"");
    }

    #[test]
    fn directives_of_two_layers_combine_to_the_stricter() {
        type Merge = fn(CacheControl) -> CacheControl;
        let table: &[(&str, &str, Merge, &str)] = &[
            ("private added to an empty value (cc_merge/00)", "", CacheControl::with_private, "private"),
            (
                "qualified no-cache added to an empty value (cc_merge/02)",
                "",
                |control| control.with_no_cache_fields(names(&["Set-Cookie"])),
                r#"no-cache="Set-Cookie""#,
            ),
            (
                "unqualified no-cache replaces its fields (cc_merge/04)",
                "no-cache=Set-Cookie,no-cache=Link",
                CacheControl::with_no_cache,
                "no-cache",
            ),
            (
                "public does not loosen private (differs from cc_merge/07)",
                "private",
                CacheControl::with_public,
                "private",
            ),
            ("public does not loosen no-store", "no-store", CacheControl::with_public, "no-store"),
            (
                "private removes public (cc_merge/11)",
                "must-revalidate,max-age=60,public",
                CacheControl::with_private,
                "private, max-age=60, must-revalidate",
            ),
            (
                "public added where allowed (cc_merge/12)",
                "must-revalidate,max-age=60",
                CacheControl::with_public,
                "public, max-age=60, must-revalidate",
            ),
            (
                "the shorter lifetime wins (cc_merge/max_age_min)",
                "max-age=600",
                |control| control.tighten(&response("max-age=60")),
                "max-age=60",
            ),
            (
                "the shorter lifetime wins in either order (cc_merge/min_is_symmetric)",
                "max-age=60",
                |control| control.tighten(&response("max-age=600")),
                "max-age=60",
            ),
            (
                "private in a combined policy (shared/private_inside_bundle)",
                "max-age=30, private",
                |control| control.tighten(&response("public, max-age=60, s-maxage=90")),
                "private, max-age=30",
            ),
            (
                "a lifetime set by one side only",
                "no-transform",
                |control| control.tighten(&response("max-age=60")),
                "max-age=60, no-transform",
            ),
            (
                "max-age limits the s-maxage of the other (C-21)",
                "max-age=60",
                |control| control.tighten(&response("s-maxage=600")),
                "max-age=60, s-maxage=60",
            ),
            (
                "a permission needs both sides",
                "public, immutable, max-age=9, stale-if-error=5, stale-while-revalidate=5",
                |control| control.tighten(&response("public, max-age=9, stale-if-error=7")),
                "public, max-age=9, stale-if-error=5",
            ),
            (
                "a stale-if-error of zero forbids, so it is preserved",
                "max-age=9, stale-if-error=0",
                |control| control.tighten(&response("max-age=9")),
                "max-age=9, stale-if-error=0",
            ),
            (
                "field names of both sides",
                r#"private="a, b""#,
                |control| control.tighten(&response(r#"private="B, c", no-cache=d"#)),
                r#"private="a, b, c", no-cache="d""#,
            ),
            (
                "no-store removes what it overrides (G-07)",
                "public, max-age=10000, s-maxage=5, stale-if-error=5, must-revalidate",
                |control| control.tighten(&response("private, no-store")),
                "private, no-store, must-revalidate",
            ),
            (
                "must-understand does not apply to the other side's no-store (C-28)",
                "must-understand, no-store, max-age=60",
                |control| control.tighten(&response("no-store")),
                "no-store",
            ),
            (
                "must-understand stays with its own no-store (C-28)",
                "must-understand, no-store, max-age=60",
                |control| control.tighten(&response("max-age=30")),
                "max-age=30, no-store, must-understand",
            ),
            (
                "adding no-store removes must-understand (C-28)",
                "must-understand, max-age=60",
                CacheControl::with_no_store,
                "no-store",
            ),
            (
                "extensions of both sides",
                "foo, bar=1",
                |control| control.tighten(&response("foo, baz")),
                "bar=1, baz, foo",
            ),
            (
                "a malformed permission also needs both sides",
                "public=1, foo",
                |control| control.tighten(&response("max-age=5")),
                "max-age=5, foo",
            ),
        ];
        for (sentence, given, merge, expected) in table {
            assert_eq!(merge(response(given)).to_string(), *expected, "{sentence}");
        }
    }

    #[test]
    fn to_private_excludes_shared_caches() {
        let table: &[(&str, &str, &str)] = &[
            ("public with a lifetime", "public, max-age=60, s-maxage=600", "private, max-age=60"),
            ("s-maxage alone", "s-maxage=600, proxy-revalidate", "private, no-cache"),
            ("an empty value", "", "private, no-cache"),
            ("a qualified no-cache is not enough", "no-cache=a", "private, no-cache"),
            ("no-store stays", "no-store", "private, no-store"),
            (
                "removing must-understand makes no-store effective (C-28)",
                "must-understand, no-store, max-age=60",
                "private, no-store",
            ),
            ("private stays", "private, max-age=60", "private, max-age=60"),
            ("qualified private becomes unqualified", "private=a, max-age=60", "private, max-age=60"),
            ("a malformed public is removed", "public=1, max-age=60", "private, max-age=60"),
            ("an extension stays", "max-age=60, foo", "private, max-age=60, foo"),
        ];
        for (sentence, line, expected) in table {
            let private = response(line).to_private();
            assert_eq!(private.to_string(), *expected, "{sentence}");
            assert!(private.forbids_shared_storage(), "{sentence}");
            assert_eq!(private.clone().to_private(), private, "{sentence}");
        }
    }

    #[test]
    fn each_builder_changes_one_directive() {
        let control = CacheControl::new()
            .with_public()
            .with_max_age(300)
            .with_s_maxage(600)
            .with_must_revalidate()
            .with_proxy_revalidate()
            .with_must_understand()
            .with_no_transform()
            .with_immutable()
            .with_stale_while_revalidate(30)
            .with_stale_if_error(u32::MAX);
        assert_eq!(
            control.to_string(),
            "public, max-age=300, s-maxage=600, must-revalidate, proxy-revalidate, \
             must-understand, no-transform, immutable, stale-while-revalidate=30, \
             stale-if-error=2147483647"
        );
        assert!(control.has_explicit_freshness());
        let bare = control
            .without_public()
            .without_max_age()
            .without_s_maxage()
            .without_proxy_revalidate()
            .without_must_understand()
            .without_immutable()
            .without_stale_while_revalidate()
            .without_stale_if_error();
        assert_eq!(bare.to_string(), "must-revalidate, no-transform");
        assert!(!bare.has_explicit_freshness());
        assert!(CacheControl::new().is_empty());
        assert_eq!(CacheControl::new().with_private().with_s_maxage(5).to_string(), "private");
        assert!(CacheControl::new().with_no_cache_fields(names(&[])).is_empty());
        assert_eq!(CacheControl::new().with_private().with_private_fields(names(&["a"])).to_string(), "private");
    }

    #[test]
    fn an_extension_cannot_use_the_name_of_a_known_directive() {
        let extended = CacheControl::new()
            .with_extension("text", Some(r#"a, "b" \ é"#))
            .and_then(|control| control.with_extension("flag", None))
            .and_then(|control| control.with_extension("community", Some("UCI")))
            .and_then(|control| control.with_extension("flag", None))
            .unwrap();
        assert_eq!(extended.to_string(), r#"community=UCI, flag, text="a, \"b\" \\ é""#);
        assert_eq!(CacheControl::parse([&extended.to_header_value()]), extended);
        for (name, argument) in [("Public", None), ("stale-if-error", Some("5")), ("a=1", None), ("x", Some("\r\n"))] {
            assert!(CacheControl::new().with_extension(name, argument).is_err(), "{name}");
        }
    }

    #[test]
    fn debug_shows_the_field_value() {
        assert_eq!(format!("{:?}", response("Private")), "CacheControl(private)");
    }

    fn any_response() -> impl Strategy<Value = CacheControl> {
        any_lines().prop_map(|lines| CacheControl::parse(&lines))
    }

    /// Returns whether `tight` permits a cache only what `loose` permits, according to `Cache-Control` alone and
    /// independently of `tighten`.
    fn is_no_looser(tight: &CacheControl, loose: &CacheControl) -> bool {
        let limited = |tight: Option<u32>, loose: Option<u32>| {
            loose.is_none_or(|loose| tight.is_some_and(|tight| tight <= loose))
        };
        let granted = |tight: Option<u32>, loose: Option<u32>| tight.unwrap_or(0) <= loose.unwrap_or(0);
        let within = |tight: &DirectiveScope, loose: &DirectiveScope| match loose {
            DirectiveScope::Nothing => true,
            DirectiveScope::Fields(names) => {
                *tight == DirectiveScope::Everything || names.iter().all(|name| tight.fields().contains(name))
            }
            DirectiveScope::Everything => *tight == DirectiveScope::Everything,
        };
        let stored =
            |control: &CacheControl, understands: bool| !control.no_store || (control.must_understand && understands);
        // A response that must not be stored permits nothing else.
        if !stored(tight, true) && !stored(tight, false) {
            return true;
        }
        let for_shared = tight.private()
            || (limited(tight.shared_lifetime(), loose.shared_lifetime())
                && (!loose.proxy_revalidate || tight.proxy_revalidate)
                && (loose.s_maxage.is_none() || tight.s_maxage.is_some())
                && (!loose.must_understand || tight.must_understand));
        (stored(loose, true) || !stored(tight, true))
            && (stored(loose, false) || !stored(tight, false))
            && for_shared
            && within(&tight.private, &loose.private)
            && within(&tight.no_cache, &loose.no_cache)
            && limited(tight.max_age, loose.max_age)
            && (!tight.public || loose.public)
            && (!tight.immutable || loose.immutable)
            && (!loose.must_revalidate || tight.must_revalidate)
            && (!loose.no_transform || tight.no_transform)
            && granted(tight.stale_while_revalidate, loose.stale_while_revalidate)
            && granted(tight.stale_if_error, loose.stale_if_error)
    }

    proptest! {
        #[test]
        fn parsing_a_rendered_value_returns_the_value(lines in any_lines()) {
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(CacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn parsing_a_rendered_value_of_any_bytes_returns_the_value(lines in any_bytes()) {
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(CacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn no_store_is_never_lost(lines in prop_oneof![any_lines(), any_bytes()], other in any_response()) {
            // A quoted string may continue on the next line.
            let is_there = has_no_store(&lines) || has_no_store(&[join(&lines)]);
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(control.no_store(), is_there);
            prop_assert!(!is_there || other.tighten(&control).no_store());

            let no_store = HeaderValue::from_static("No-Store");
            let lines = lines.iter().chain([&no_store]);
            prop_assert!(CacheControl::parse(lines).no_store(), "on a separate line");
        }

        #[test]
        fn tighten_is_a_meet(a in any_response(), b in any_response(), c in any_response()) {
            let ab = a.clone().tighten(&b);
            prop_assert_eq!(&ab, &b.clone().tighten(&a), "commutative");
            prop_assert_eq!(
                ab.clone().tighten(&c),
                a.clone().tighten(&b.clone().tighten(&c)),
                "associative"
            );
            prop_assert_eq!(&ab.clone().tighten(&a), &ab, "absorbing");
            prop_assert_eq!(&ab.clone().tighten(&ab), &ab, "idempotent");
            prop_assert_eq!(a.clone().tighten(&a), a.clone().settled(), "idempotent after overridden directives are removed");
            prop_assert!(is_no_looser(&ab, &a) && is_no_looser(&ab, &b), "{:?}", ab);
        }

        #[test]
        fn to_private_never_loosens(a in any_response()) {
            let private = a.clone().to_private();
            prop_assert!(is_no_looser(&private, &a), "{:?}", private);
            prop_assert!(private.forbids_shared_storage());
            prop_assert_eq!(private.clone().to_private(), private);
        }

        #[test]
        fn setting_a_restriction_equals_tightening_with_it(a in any_response()) {
            let no_store = CacheControl::new().with_no_store();
            prop_assert_eq!(a.clone().with_no_store(), a.clone().tighten(&no_store));
            prop_assert!(is_no_looser(&a.clone().with_private(), &a));
            prop_assert!(!a.clone().with_private().with_public().public());
        }
    }
}
