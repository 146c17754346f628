//! [`CacheControl`]: what a response tells caches.

use std::fmt;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::directive::{Directive, InvalidDirective};
use super::extensions::Extensions;
use super::extent::Extent;
use super::field_names::FieldNames;
use super::limits::{clamped, least, narrower};
use super::member::Member;
use super::rendering::Rendering;
use crate::protocol::syntax::members;

/// The `Cache-Control` of a response (RFC 9111 section 5.2.2, RFC 8246, RFC 5861).
///
/// ```text
/// Cache-Control   = #cache-directive
/// cache-directive = token [ "=" ( token / quoted-string ) ]
/// ```
///
/// Parsing never fails, and reads what it cannot understand in the restrictive
/// direction:
///
/// | The field says | It is read as | |
/// |---|---|---|
/// | a name in any case, an argument in either form | the directive | C-01, C-02 |
/// | a lifetime twice | the least of them | C-05, C-06 |
/// | `max-age` or `s-maxage` without a proper argument | 0 seconds | C-07 |
/// | `stale-*` without a proper argument | absent, as it permits | C-07 |
/// | a directive that restricts, with an argument it has no use for | in force | C-06 |
/// | `private` or `no-cache` with an argument that is no list of field names | without the argument | C-22, C-24 |
/// | `public` or `must-understand` with an argument | an extension, not in force | C-06 |
/// | `public` beside `private` | `private` | C-06 |
/// | more than [`MAX_MEMBERS`](crate::protocol::MAX_MEMBERS) members | `no-store` | |
///
/// Everything else is kept as a [`Directive`] among the
/// [`extensions`](Self::extensions) and rendered again, except a member whose
/// quoted string never ends: beside others it would change what is quoted.
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
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CacheControl {
    public: bool,
    private: Extent,
    max_age: Option<u32>,
    s_maxage: Option<u32>,
    no_cache: Extent,
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
    /// No directive at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all lines of a `Cache-Control` field as one list; never fails (C-01).
    ///
    /// Caches differ in whether a quote that does not end in its line runs on into the next. Such
    /// lines are read both apart and joined, and the tighter of the two readings is the reading.
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut lines = lines.into_iter();
        let (first, second) = (lines.next(), lines.next());
        if second.is_none() {
            return Self::parse_apart(first);
        }
        let lines: Vec<&HeaderValue> = first.into_iter().chain(second).chain(lines).collect();
        let apart = Self::parse_apart(lines.iter().copied());
        // Without a quote both readings are the same.
        if !lines.iter().any(|line| line.as_bytes().contains(&b'"')) {
            return apart;
        }
        let joined = Self::parse_apart([&join(lines)]).without_extensions();
        if apart.clone().without_extensions() == joined { apart } else { apart.tighten(&joined) }
    }

    /// Reads each line by itself: no quote reaches the next one.
    pub(crate) fn parse_apart<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.cache_control_parsed += 1);
        let mut control = Self::as_written(lines);
        control.public &= !control.private();
        control
    }

    /// Reads the `Cache-Control` of a response, or `None` when no line of it has a
    /// member (C-01).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(CACHE_CONTROL);
        members(&lines).next()?;
        Some(Self::parse(lines))
    }

    /// Sets `public` (RFC 9111 section 5.2.2.9, C-25).
    ///
    /// What is `private` or `no-store` stays as it is: the tighter one wins (C-06).
    #[must_use]
    pub fn with_public(self) -> Self {
        Self { public: !self.private() && !self.no_store, ..self }
    }

    /// Removes `public`.
    #[must_use]
    pub fn without_public(self) -> Self {
        Self { public: false, ..self }
    }

    /// Sets `private` for the whole response, and removes what speaks only to
    /// shared caches: `public`, `s-maxage`, `proxy-revalidate` and
    /// `must-understand` (RFC 9111 section 5.2.2.7, C-24).
    #[must_use]
    pub fn with_private(self) -> Self {
        Self { private: Extent::Everything, ..self }.settled()
    }

    /// Adds field names to the qualified `private="..."`, and changes nothing where
    /// the whole response is `private` (RFC 9111 section 5.2.2.7, C-24).
    ///
    /// Many caches read the qualified form as the unqualified one (C-03).
    #[must_use]
    pub fn with_private_fields(self, names: FieldNames) -> Self {
        Self { private: self.private.union(Extent::of_fields(names)), ..self }
    }

    /// Sets `max-age` in seconds, in place of any other (RFC 9111 section 5.2.2.1,
    /// C-20).
    #[must_use]
    pub fn with_max_age(self, seconds: u32) -> Self {
        Self { max_age: Some(clamped(seconds)), ..self }
    }

    /// Removes `max-age`.
    #[must_use]
    pub fn without_max_age(self) -> Self {
        Self { max_age: None, ..self }
    }

    /// Sets `s-maxage` in seconds, in place of any other (RFC 9111 section
    /// 5.2.2.10, C-21).
    ///
    /// What is `private` stays as it is: no shared cache may store it (C-35).
    #[must_use]
    pub fn with_s_maxage(self, seconds: u32) -> Self {
        if self.private() { self } else { Self { s_maxage: Some(clamped(seconds)), ..self } }
    }

    /// Removes `s-maxage`.
    #[must_use]
    pub fn without_s_maxage(self) -> Self {
        Self { s_maxage: None, ..self }
    }

    /// Sets `no-cache` for the whole response (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn with_no_cache(self) -> Self {
        Self { no_cache: Extent::Everything, ..self }
    }

    /// Adds field names to the qualified `no-cache="..."`, and changes nothing
    /// where the whole response is `no-cache` (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn with_no_cache_fields(self, names: FieldNames) -> Self {
        Self { no_cache: self.no_cache.union(Extent::of_fields(names)), ..self }
    }

    /// Sets `no-store`, and removes what permits a cache anything: `public`,
    /// lifetimes, `stale-*`, `immutable` and `must-understand` (RFC 9111 section
    /// 5.2.2.5, C-23, C-28).
    ///
    /// A lifetime beside `no-store` is not idle: Fastly reuses
    /// `max-age=10000, no-store` by default (G-07). A lifetime of zero permits
    /// nothing and stays.
    #[must_use]
    pub fn with_no_store(self) -> Self {
        Self { no_store: true, must_understand: false, ..self }.settled()
    }

    /// Sets `must-revalidate` (RFC 9111 section 5.2.2.2, C-26).
    #[must_use]
    pub fn with_must_revalidate(self) -> Self {
        Self { must_revalidate: true, ..self }
    }

    /// Sets `proxy-revalidate` (RFC 9111 section 5.2.2.8, C-27).
    #[must_use]
    pub fn with_proxy_revalidate(self) -> Self {
        Self { proxy_revalidate: true, ..self }
    }

    /// Removes `proxy-revalidate`.
    #[must_use]
    pub fn without_proxy_revalidate(self) -> Self {
        Self { proxy_revalidate: false, ..self }
    }

    /// Sets `must-understand` (RFC 9111 section 5.2.2.3, C-28).
    ///
    /// Beside `no-store` it is a permission: a cache that understands the status
    /// ignores the `no-store`.
    #[must_use]
    pub fn with_must_understand(self) -> Self {
        Self { must_understand: true, ..self }
    }

    /// Removes `must-understand`.
    #[must_use]
    pub fn without_must_understand(self) -> Self {
        Self { must_understand: false, ..self }
    }

    /// Sets `no-transform` (RFC 9111 section 5.2.2.6, C-29).
    #[must_use]
    pub fn with_no_transform(self) -> Self {
        Self { no_transform: true, ..self }
    }

    /// Sets `immutable` (RFC 8246 section 2, C-30).
    #[must_use]
    pub fn with_immutable(self) -> Self {
        Self { immutable: true, ..self }
    }

    /// Removes `immutable`.
    #[must_use]
    pub fn without_immutable(self) -> Self {
        Self { immutable: false, ..self }
    }

    /// Sets `stale-while-revalidate` in seconds, in place of any other (RFC 5861
    /// section 3, C-31).
    #[must_use]
    pub fn with_stale_while_revalidate(self, seconds: u32) -> Self {
        Self { stale_while_revalidate: Some(clamped(seconds)), ..self }
    }

    /// Removes `stale-while-revalidate`.
    #[must_use]
    pub fn without_stale_while_revalidate(self) -> Self {
        Self { stale_while_revalidate: None, ..self }
    }

    /// Sets `stale-if-error` in seconds, in place of any other (RFC 5861 section 4,
    /// C-31).
    #[must_use]
    pub fn with_stale_if_error(self, seconds: u32) -> Self {
        Self { stale_if_error: Some(clamped(seconds)), ..self }
    }

    /// Removes `stale-if-error`.
    #[must_use]
    pub fn without_stale_if_error(self) -> Self {
        Self { stale_if_error: None, ..self }
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

    /// The tighter of both in every respect: what caches may do under the result,
    /// they may do under `self` and under `other`.
    ///
    /// - A lifetime is the least of those given. Silence sets no limit, so a
    ///   lifetime that one side gives is kept. What counts for a shared cache is
    ///   `s-maxage`, or else `max-age`: `max-age=60` with `s-maxage=600` is
    ///   `max-age=60, s-maxage=60`.
    /// - A restriction of either side holds: `no-store`, `no-cache`, `private`,
    ///   `must-revalidate`, `proxy-revalidate`, `no-transform`, and the union of the
    ///   fields named in `no-cache="..."` and `private="..."`.
    /// - A permission must be given by both: `public`, `immutable`, and the
    ///   lesser `stale-*`. A `stale-*` of zero forbids, so it is kept.
    /// - `must-understand` restricts on its own and permits beside `no-store`. It
    ///   is kept unless a side has `no-store` without it (C-28).
    /// - `private` removes what [`with_private`](Self::with_private) removes, and
    ///   `no-store` what [`with_no_store`](Self::with_no_store) does.
    /// - Extensions of both sides are kept, since what they mean is unknown (C-08).
    ///
    /// The order of the sides and of several calls is no matter, and a second call
    /// with the same value changes nothing.
    ///
    /// Two things are outside its sight. `s-maxage` and `must-revalidate` also let
    /// shared caches reuse an answer to a request with `Authorization` (S-04), and
    /// a `max-age` gained here overrides an `Expires` (F-01); whoever holds the
    /// whole response guards against both (G-02).
    #[must_use]
    pub fn tighten(self, other: &Self) -> Self {
        let must_understand =
            (self.must_understand || other.must_understand) && !self.forbids_storage() && !other.forbids_storage();
        let names_s_maxage = self.s_maxage.is_some() || other.s_maxage.is_some();
        let shared_lifetime = least(self.shared_lifetime(), other.shared_lifetime());
        Self {
            public: self.public && other.public,
            private: self.private.union(other.private.clone()),
            max_age: least(self.max_age, other.max_age),
            s_maxage: shared_lifetime.filter(|_| names_s_maxage),
            no_cache: self.no_cache.union(other.no_cache.clone()),
            no_store: self.no_store || other.no_store,
            must_revalidate: self.must_revalidate || other.must_revalidate,
            proxy_revalidate: self.proxy_revalidate || other.proxy_revalidate,
            must_understand,
            no_transform: self.no_transform || other.no_transform,
            immutable: self.immutable && other.immutable,
            stale_while_revalidate: narrower(self.stale_while_revalidate, other.stale_while_revalidate),
            stale_if_error: narrower(self.stale_if_error, other.stale_if_error),
            extensions: self.extensions.tighten(&other.extensions),
        }
        .settled()
    }

    /// Takes the response away from shared caches: step 1 of the shared-to-private
    /// downgrade that the guards perform (SPD).
    ///
    /// As [`with_private`](Self::with_private), and adds `no-cache` where neither
    /// `max-age`, `no-cache` nor `no-store` is left, so that no cache falls back on
    /// heuristics (F-04). Never loosens, and a second call changes nothing.
    #[must_use]
    pub fn to_private(self) -> Self {
        let private = self.with_private();
        if private.max_age.is_some() || private.no_cache() || private.no_store {
            private
        } else {
            private.with_no_cache()
        }
    }

    /// Whether any cache may store the response even if it otherwise could not
    /// (RFC 9111 section 5.2.2.9, C-25).
    #[must_use]
    pub fn public(&self) -> bool {
        self.public
    }

    /// Whether no shared cache may store any of the response: the unqualified form
    /// (RFC 9111 section 5.2.2.7, C-24).
    #[must_use]
    pub fn private(&self) -> bool {
        self.private == Extent::Everything
    }

    /// The fields that no shared cache may store, where `private` is qualified
    /// (RFC 9111 section 5.2.2.7, C-24).
    #[must_use]
    pub fn private_fields(&self) -> &FieldNames {
        self.private.fields()
    }

    /// Seconds for which the response is fresh (RFC 9111 section 5.2.2.1, C-20).
    #[must_use]
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
    }

    /// Seconds for which the response is fresh in a shared cache (RFC 9111 section
    /// 5.2.2.10, C-21).
    #[must_use]
    pub fn s_maxage(&self) -> Option<u32> {
        self.s_maxage
    }

    /// Whether the response must be validated before each reuse: the unqualified
    /// form (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn no_cache(&self) -> bool {
        self.no_cache == Extent::Everything
    }

    /// The fields that must not be reused without validation, where `no-cache` is
    /// qualified (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn no_cache_fields(&self) -> &FieldNames {
        self.no_cache.fields()
    }

    /// Whether no cache may store any of the response (RFC 9111 section 5.2.2.5,
    /// C-23).
    #[must_use]
    pub fn no_store(&self) -> bool {
        self.no_store
    }

    /// Whether the response must not be reused stale (RFC 9111 section 5.2.2.2,
    /// C-26).
    #[must_use]
    pub fn must_revalidate(&self) -> bool {
        self.must_revalidate
    }

    /// Whether a shared cache must not reuse the response stale (RFC 9111 section
    /// 5.2.2.8, C-27).
    #[must_use]
    pub fn proxy_revalidate(&self) -> bool {
        self.proxy_revalidate
    }

    /// Whether only a cache that understands the status may store the response
    /// (RFC 9111 section 5.2.2.3, C-28).
    #[must_use]
    pub fn must_understand(&self) -> bool {
        self.must_understand
    }

    /// Whether no intermediary may transform the content (RFC 9111 section 5.2.2.6,
    /// C-29).
    #[must_use]
    pub fn no_transform(&self) -> bool {
        self.no_transform
    }

    /// Whether a fresh response need not be validated even on a reload (RFC 8246
    /// section 2, C-30).
    #[must_use]
    pub fn immutable(&self) -> bool {
        self.immutable
    }

    /// Seconds past its lifetime for which the response may be reused while it is
    /// being revalidated (RFC 5861 section 3, C-31).
    #[must_use]
    pub fn stale_while_revalidate(&self) -> Option<u32> {
        self.stale_while_revalidate
    }

    /// Seconds past its lifetime for which the response may be reused in place of
    /// a 500, 502, 503 or 504 (RFC 5861 section 4, C-31).
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

    /// Whether every shared cache is forbidden to store the response: it is
    /// `private` or `no-store` (C-23, C-24).
    ///
    /// False for `no-store` beside `must-understand`, as a cache that understands
    /// the status ignores the former (C-28).
    #[must_use]
    pub fn forbids_shared_storage(&self) -> bool {
        self.private() || self.forbids_storage()
    }

    /// Whether a lifetime is stated, be it zero: `max-age` or `s-maxage` (F-01).
    ///
    /// An `Expires` field states one too, and is not seen here.
    #[must_use]
    pub fn has_explicit_freshness(&self) -> bool {
        self.shared_lifetime().is_some()
    }

    /// The canonical form as a field value: lower case, each directive once, what
    /// the qualified forms name always quoted (C-03, C-05).
    ///
    /// Of a value that [is empty](Self::is_empty) it is empty, and such a field
    /// ought not to be sent.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        self.render().into_header_value()
    }

    /// As parsed, except that both `public` and `private` may be set.
    pub(super) fn as_written<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut control = Self::new();
        let extensions = Extensions::read(lines, |member| control.read(member));
        control.private = control.private.without_duplicates();
        control.no_cache = control.no_cache.without_duplicates();
        match extensions {
            Some(extensions) => Self { extensions, ..control },
            None => control.with_no_store(),
        }
    }

    /// `no-store` that no cache may ignore (C-28).
    pub(super) fn forbids_storage(&self) -> bool {
        self.no_store && !self.must_understand
    }

    /// `no-store`, and of this value what has a meaning beside it.
    pub(super) fn no_store_alone(&self) -> Self {
        Self {
            no_store: true,
            private: self.private.clone(),
            no_transform: self.no_transform,
            extensions: self.extensions.clone(),
            ..Self::new()
        }
    }

    /// The directives that caches know.
    pub(crate) fn without_extensions(self) -> Self {
        Self { extensions: Extensions::default(), ..self }
    }

    /// With the extensions of another value, except those that claim a permission.
    pub(crate) fn with_extensions_of(self, other: Self) -> Self {
        let mut extensions = other.extensions;
        extensions.drop_permissions();
        Self { extensions, ..self }.without_unreadable_extensions()
    }

    /// Without the extensions that are not ASCII: some caches skip a line that has one.
    pub(crate) fn without_unreadable_extensions(mut self) -> Self {
        self.extensions.drop_unreadable();
        self
    }

    /// Whether there is no directive that this type knows.
    pub(crate) fn has_extensions_only(&self) -> bool {
        *self == Self { extensions: self.extensions.clone(), ..Self::new() }
    }

    fn shared_lifetime(&self) -> Option<u32> {
        self.s_maxage.or(self.max_age)
    }

    /// Removes what `private` and `no-store` leave no room for.
    ///
    /// Which fields go depends only on flags that `tighten` never takes back, so
    /// that settling early or late comes to the same.
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
            self.max_age = narrower(self.max_age, None);
            self.s_maxage = None;
            self.immutable = false;
            self.stale_while_revalidate = narrower(self.stale_while_revalidate, None);
            self.stale_if_error = narrower(self.stale_if_error, None);
        }
        if private || no_store {
            self.extensions.drop_permissions();
        }
        self
    }

    /// Takes `member` in, or returns false when it is an extension.
    fn read(&mut self, member: &Member<'_>) -> bool {
        match &member.lower_case_name()[..] {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache.append(Extent::of_member(member)),
            b"private" => self.private.append(Extent::of_member(member)),
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"no-transform" => self.no_transform = true,
            b"max-age" => self.max_age = least(self.max_age, member.seconds().or(Some(0))),
            b"s-maxage" => self.s_maxage = least(self.s_maxage, member.seconds().or(Some(0))),
            b"stale-while-revalidate" => {
                self.stale_while_revalidate = least(self.stale_while_revalidate, member.seconds());
            }
            b"stale-if-error" => {
                self.stale_if_error = least(self.stale_if_error, member.seconds());
            }
            b"public" if member.is_bare() => self.public = true,
            b"must-understand" if member.is_bare() => self.must_understand = true,
            // An argument MUST be ignored (RFC 8246 section 2, C-30).
            b"immutable" if member.has_directive_form() => self.immutable = true,
            _ => return false,
        }
        true
    }

    fn render(&self) -> Rendering {
        let mut rendering = Rendering::default();
        rendering.flag("public", self.public);
        rendering.extent("private", &self.private);
        rendering.seconds("max-age", self.max_age);
        rendering.seconds("s-maxage", self.s_maxage);
        rendering.extent("no-cache", &self.no_cache);
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

/// Several field lines as one (RFC 9110 section 5.3).
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
    /// The canonical form; octets of an extension that are no UTF-8 are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render().fmt(f)
    }
}

impl fmt::Debug for CacheControl {
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
    fn a_response_is_read_in_the_restrictive_direction() {
        let table: &[(&str, &str, &str)] = &[
            ("names are blind to case (C-01)", "NO-STORE, Max-Age=60", "max-age=60, no-store"),
            ("the canonical order", "max-age=1, s-maxage=2, public", "public, max-age=1, s-maxage=2"),
            ("a lifetime may be quoted (C-02)", r#"max-age="60""#, "max-age=60"),
            ("and is never quoted again (C-02)", r#"s-maxage="60""#, "s-maxage=60"),
            ("the least of two lifetimes (C-05)", "max-age=60, max-age=5, max-age=10", "max-age=5"),
            ("a broken lifetime hides nothing (C-07)", "max-age=lolz, no-store", "max-age=0, no-store"),
            ("a broken lifetime is zero (C-07)", "max-age=600, max-age=abc", "max-age=0"),
            ("a lifetime without a number (C-07)", "max-age", "max-age=0"),
            ("an empty number (C-07)", "max-age=", "max-age=0"),
            ("a negative number (C-07)", "max-age=-5", "max-age=0"),
            ("a fraction (C-07)", "s-maxage=3600.0", "s-maxage=0"),
            ("white space before the equals sign", r#"max-age ="5""#, "max-age=0"),
            ("white space after it", "s-maxage= 5", "s-maxage=0"),
            ("an open quote", r#"max-age="5"#, "max-age=0"),
            ("leading zeros", "max-age=060", "max-age=60"),
            ("an overflow is clamped (C-04)", "max-age=99999999999999999999", "max-age=2147483647"),
            ("a broken permission to be stale", "stale-if-error=x, stale-while-revalidate", ""),
            ("a sound one beside a broken one", "stale-if-error=x, stale-if-error=5", "stale-if-error=5"),
            ("a restriction with an idle argument", "no-store=1, must-revalidate=x", "no-store, must-revalidate"),
            ("a restriction with a tail", "no-store foo; bar", "no-store"),
            ("a restriction with white space", "private =x", "private"),
            ("a longer name is another", "no-store-remote", "no-store-remote"),
            ("field names without quotes (C-02, C-03)", "no-cache=Set-Cookie", r#"no-cache="Set-Cookie""#),
            (
                "a quoted comma separates nothing",
                r#"private="a, no-store", max-age=60"#,
                r#"private="a, no-store", max-age=60"#,
            ),
            ("field names twice", r#"private="a, b", private="B,c""#, r#"private="a, b, c""#),
            ("field names that are none", r#"private="a b""#, "private"),
            ("no field names", r#"no-cache="", private="#, "private, no-cache"),
            ("qualified and not (C-22)", r#"no-cache="a", no-cache"#, "no-cache"),
            ("a permission with an argument is none", "public=1", "public=1"),
            ("nor with a tail", "must-understand x, public ;", "must-understand x, public ;"),
            ("immutable ignores its argument (C-30)", "immutable=1", "immutable"),
            ("and is none where its argument does not end", "immutable=\"a", ""),
            ("private wins over public (C-06)", "public, max-age=5, private", "private, max-age=5"),
            ("whichever comes first (C-06)", "private, public", "private"),
            ("public beside qualified private", r#"public, private="a""#, r#"public, private="a""#),
            ("what is unknown is kept (C-08)", "foo=BAR, X=\"y, z\"", "X=\"y, z\", foo=BAR"),
            ("an unknown argument is no directive", r#"my-directive="my-no-store""#, r#"my-directive="my-no-store""#),
            ("what is no directive is kept", "do not override", "do not override"),
            ("what is unknown twice is kept once", "foo, foo, FOO", "FOO, foo"),
            ("an open quote hides nothing", r#"foo="x, no-store"#, "no-store"),
            ("empty members are ignored (P-21)", ", ,private,,", "private"),
        ];
        for (sentence, line, expected) in table {
            assert_eq!(response(line).to_string(), *expected, "{sentence}: {line}");
            assert_eq!(response(line).to_header_value(), *expected, "{sentence}: {line}");
        }
    }

    #[test]
    fn lines_are_one_list_and_a_field_without_members_is_none() {
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
    fn more_than_the_greatest_number_of_members_is_no_store() {
        let line = |count: usize| format!("private{}", ", max-age=60".repeat(count - 1));
        assert_eq!(response(&line(MAX_MEMBERS)).to_string(), "private, max-age=60");
        assert_eq!(response(&line(MAX_MEMBERS + 1)).to_string(), "private, no-store");
        assert_eq!(response(&format!("foo, {}", line(MAX_MEMBERS))).to_string(), "private, no-store");

        let one_by_one: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("private=x-{n}")).collect();
        let fields = response(&one_by_one.join(",")).private_fields().clone();
        assert_eq!(fields.iter().count(), MAX_MEMBERS);
        let one_more = CacheControl::new().with_private_fields(names(&["a"])).with_private_fields(fields);
        assert!(one_more.private(), "too many names are all of them");

        let names: Vec<String> = (0..=MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        assert!(response(&format!("private=\"{}\"", names.join(","))).private());
    }

    #[test]
    fn obs_text_in_an_extension_survives() {
        let lines = values(&[&b"x=\"caf\xe9\", no-store"[..]]);
        let control = CacheControl::parse(&lines);
        assert_eq!(control.to_header_value().as_bytes(), b"no-store, x=\"caf\xe9\"");
        assert_eq!(control.to_string(), "no-store, x=\"caf\u{fffd}\"");
    }

    #[test]
    fn what_two_layers_say_is_merged_to_the_tighter() {
        type Merge = fn(CacheControl) -> CacheControl;
        let table: &[(&str, &str, Merge, &str)] = &[
            ("private into nothing (cc_merge/00)", "", CacheControl::with_private, "private"),
            (
                "a qualified no-cache into nothing (cc_merge/02)",
                "",
                |control| control.with_no_cache_fields(names(&["Set-Cookie"])),
                r#"no-cache="Set-Cookie""#,
            ),
            (
                "no-cache absorbs its fields (cc_merge/04)",
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
            ("nor no-store", "no-store", CacheControl::with_public, "no-store"),
            (
                "private removes public (cc_merge/11)",
                "must-revalidate,max-age=60,public",
                CacheControl::with_private,
                "private, max-age=60, must-revalidate",
            ),
            (
                "public where nothing forbids it (cc_merge/12)",
                "must-revalidate,max-age=60",
                CacheControl::with_public,
                "public, max-age=60, must-revalidate",
            ),
            (
                "the lesser lifetime (cc_merge/max_age_min)",
                "max-age=600",
                |control| control.tighten(&response("max-age=60")),
                "max-age=60",
            ),
            (
                "in either order (cc_merge/min_is_symmetric)",
                "max-age=60",
                |control| control.tighten(&response("max-age=600")),
                "max-age=60",
            ),
            (
                "private inside a bundle (shared/private_inside_bundle)",
                "max-age=30, private",
                |control| control.tighten(&response("public, max-age=60, s-maxage=90")),
                "private, max-age=30",
            ),
            (
                "a lifetime that one side gives",
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
                "a permission needs both",
                "public, immutable, max-age=9, stale-if-error=5, stale-while-revalidate=5",
                |control| control.tighten(&response("public, max-age=9, stale-if-error=7")),
                "public, max-age=9, stale-if-error=5",
            ),
            (
                "a stale-if-error of zero forbids, so it is kept",
                "max-age=9, stale-if-error=0",
                |control| control.tighten(&response("max-age=9")),
                "max-age=9, stale-if-error=0",
            ),
            (
                "field names of both",
                r#"private="a, b""#,
                |control| control.tighten(&response(r#"private="B, c", no-cache=d"#)),
                r#"private="a, b, c", no-cache="d""#,
            ),
            (
                "no-store removes what it makes idle (G-07)",
                "public, max-age=10000, s-maxage=5, stale-if-error=5, must-revalidate",
                |control| control.tighten(&response("private, no-store")),
                "private, no-store, must-revalidate",
            ),
            (
                "must-understand does not soften another's no-store (C-28)",
                "must-understand, no-store, max-age=60",
                |control| control.tighten(&response("no-store")),
                "no-store",
            ),
            (
                "must-understand keeps its own (C-28)",
                "must-understand, no-store, max-age=60",
                |control| control.tighten(&response("max-age=30")),
                "max-age=30, no-store, must-understand",
            ),
            (
                "a policy's no-store drops must-understand (C-28)",
                "must-understand, max-age=60",
                CacheControl::with_no_store,
                "no-store",
            ),
            ("extensions of both", "foo, bar=1", |control| control.tighten(&response("foo, baz")), "bar=1, baz, foo"),
            (
                "a malformed permission needs both too",
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
    fn to_private_takes_the_response_from_shared_caches() {
        let table: &[(&str, &str, &str)] = &[
            ("public with a lifetime", "public, max-age=60, s-maxage=600", "private, max-age=60"),
            ("s-maxage alone", "s-maxage=600, proxy-revalidate", "private, no-cache"),
            ("nothing", "", "private, no-cache"),
            ("a qualified no-cache is not one", "no-cache=a", "private, no-cache"),
            ("no-store stays", "no-store", "private, no-store"),
            (
                "must-understand goes, and so no-store stands (C-28)",
                "must-understand, no-store, max-age=60",
                "private, no-store",
            ),
            ("private stays", "private, max-age=60", "private, max-age=60"),
            ("a qualified private is widened", "private=a, max-age=60", "private, max-age=60"),
            ("a malformed public goes", "public=1, max-age=60", "private, max-age=60"),
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
    fn builders_say_one_thing_each() {
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
    fn an_extension_is_no_directive_with_a_method_of_its_own() {
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
    fn debug_reads_like_the_field() {
        assert_eq!(format!("{:?}", response("Private")), "CacheControl(private)");
    }

    fn any_response() -> impl Strategy<Value = CacheControl> {
        any_lines().prop_map(|lines| CacheControl::parse(&lines))
    }

    /// Whether every cache may do under `tight` only what it may under `loose`, as
    /// far as `Cache-Control` alone decides, judged apart from how `tighten` works.
    fn is_no_looser(tight: &CacheControl, loose: &CacheControl) -> bool {
        let limited = |tight: Option<u32>, loose: Option<u32>| {
            loose.is_none_or(|loose| tight.is_some_and(|tight| tight <= loose))
        };
        let granted = |tight: Option<u32>, loose: Option<u32>| tight.unwrap_or(0) <= loose.unwrap_or(0);
        let within = |tight: &Extent, loose: &Extent| match loose {
            Extent::Nothing => true,
            Extent::Fields(names) => {
                *tight == Extent::Everything || names.iter().all(|name| tight.fields().contains(name))
            }
            Extent::Everything => *tight == Extent::Everything,
        };
        let stored =
            |control: &CacheControl, understands: bool| !control.no_store || (control.must_understand && understands);
        // Nothing else matters where it must not be stored.
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
        fn parse_of_render_is_the_identity(lines in any_lines()) {
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(CacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn parse_of_render_is_the_identity_for_any_bytes(lines in any_bytes()) {
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(CacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn no_store_is_never_lost(lines in prop_oneof![any_lines(), any_bytes()], other in any_response()) {
            // A quote may run on into the next line.
            let is_there = has_no_store(&lines) || has_no_store(&[join(&lines)]);
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(control.no_store(), is_there);
            prop_assert!(!is_there || other.tighten(&control).no_store());

            let no_store = HeaderValue::from_static("No-Store");
            let lines = lines.iter().chain([&no_store]);
            prop_assert!(CacheControl::parse(lines).no_store(), "in a line of its own");
        }

        #[test]
        fn to_tighten_is_to_meet(a in any_response(), b in any_response(), c in any_response()) {
            let ab = a.clone().tighten(&b);
            prop_assert_eq!(&ab, &b.clone().tighten(&a), "commutative");
            prop_assert_eq!(
                ab.clone().tighten(&c),
                a.clone().tighten(&b.clone().tighten(&c)),
                "associative"
            );
            prop_assert_eq!(&ab.clone().tighten(&a), &ab, "absorbing");
            prop_assert_eq!(&ab.clone().tighten(&ab), &ab, "idempotent");
            prop_assert_eq!(a.clone().tighten(&a), a.clone().settled(), "idempotent but for what is idle");
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
        fn a_restriction_set_is_a_restriction_met(a in any_response()) {
            let no_store = CacheControl::new().with_no_store();
            prop_assert_eq!(a.clone().with_no_store(), a.clone().tighten(&no_store));
            prop_assert!(is_no_looser(&a.clone().with_private(), &a));
            prop_assert!(!a.clone().with_private().with_public().public());
        }
    }
}
