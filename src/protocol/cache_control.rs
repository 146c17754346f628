//! [`CacheControl`] and [`RequestCacheControl`]: what a response tells caches, and
//! what a request asks of them.
//!
//! Two types, because a directive means one thing in a response and another, or
//! nothing, in a request (C-09).

use std::cmp::Ordering;
use std::{fmt, mem};

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use super::syntax::{MAX_MEMBERS, delta_seconds, is_tchar, is_token, members, trim_ows, unquote};

/// The longest lifetime that is held and written: one second less than RFC 9111
/// section 1.2.2 allows, because Squid takes 2^31 for stale (C-04).
const MAX_LIFETIME: u32 = 2_147_483_647;

const ONE_YEAR: u32 = 31_536_000;

/// The longest name that either type knows, `stale-while-revalidate`.
const LONGEST_NAME: usize = 22;

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
/// | more than [`MAX_MEMBERS`] members | `no-store` | |
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
    extensions: Vec<Directive>,
}

impl CacheControl {
    /// No directive at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all lines of a `Cache-Control` field as one list; never fails (C-01).
    #[must_use]
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut control = Self::as_written(lines);
        control.public &= !control.private();
        control
    }

    /// Reads the `Cache-Control` of a response, or `None` when no line of it has a
    /// member (C-01).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        is_present(headers).then(|| Self::parse(headers.get_all(CACHE_CONTROL)))
    }

    /// Sets `public` (RFC 9111 section 5.2.2.9, C-25).
    ///
    /// What is `private` or `no-store` stays as it is: the tighter one wins (C-06).
    #[must_use]
    pub fn with_public(mut self) -> Self {
        self.public = !self.private() && !self.no_store;
        self
    }

    /// Removes `public`.
    #[must_use]
    pub fn without_public(mut self) -> Self {
        self.public = false;
        self
    }

    /// Sets `private` for the whole response, and removes what speaks only to
    /// shared caches: `public`, `s-maxage`, `proxy-revalidate` and
    /// `must-understand` (RFC 9111 section 5.2.2.7, C-24).
    #[must_use]
    pub fn with_private(mut self) -> Self {
        self.private = Extent::Everything;
        self.settled()
    }

    /// Adds field names to the qualified `private="..."`, and changes nothing where
    /// the whole response is `private` (RFC 9111 section 5.2.2.7, C-24).
    ///
    /// Many caches read the qualified form as the unqualified one (C-03).
    #[must_use]
    pub fn with_private_fields(mut self, names: FieldNames) -> Self {
        self.private.extend(Extent::of_fields(names));
        self
    }

    /// Sets `max-age` in seconds, in place of any other (RFC 9111 section 5.2.2.1,
    /// C-20).
    #[must_use]
    pub fn with_max_age(mut self, seconds: u32) -> Self {
        self.max_age = Some(clamped(seconds));
        self
    }

    /// Removes `max-age`.
    #[must_use]
    pub fn without_max_age(mut self) -> Self {
        self.max_age = None;
        self
    }

    /// Sets `s-maxage` in seconds, in place of any other (RFC 9111 section
    /// 5.2.2.10, C-21).
    ///
    /// What is `private` stays as it is: no shared cache may store it (C-35).
    #[must_use]
    pub fn with_s_maxage(mut self, seconds: u32) -> Self {
        if !self.private() {
            self.s_maxage = Some(clamped(seconds));
        }
        self
    }

    /// Removes `s-maxage`.
    #[must_use]
    pub fn without_s_maxage(mut self) -> Self {
        self.s_maxage = None;
        self
    }

    /// Sets `no-cache` for the whole response (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn with_no_cache(mut self) -> Self {
        self.no_cache = Extent::Everything;
        self
    }

    /// Adds field names to the qualified `no-cache="..."`, and changes nothing
    /// where the whole response is `no-cache` (RFC 9111 section 5.2.2.4, C-22).
    #[must_use]
    pub fn with_no_cache_fields(mut self, names: FieldNames) -> Self {
        self.no_cache.extend(Extent::of_fields(names));
        self
    }

    /// Sets `no-store`, and removes what permits a cache anything: `public`,
    /// lifetimes, `stale-*`, `immutable` and `must-understand` (RFC 9111 section
    /// 5.2.2.5, C-23, C-28).
    ///
    /// A lifetime beside `no-store` is not idle: Fastly reuses
    /// `max-age=10000, no-store` by default (G-07). A lifetime of zero permits
    /// nothing and stays.
    #[must_use]
    pub fn with_no_store(mut self) -> Self {
        self.no_store = true;
        self.must_understand = false;
        self.settled()
    }

    /// Sets `must-revalidate` (RFC 9111 section 5.2.2.2, C-26).
    #[must_use]
    pub fn with_must_revalidate(mut self) -> Self {
        self.must_revalidate = true;
        self
    }

    /// Sets `proxy-revalidate` (RFC 9111 section 5.2.2.8, C-27).
    #[must_use]
    pub fn with_proxy_revalidate(mut self) -> Self {
        self.proxy_revalidate = true;
        self
    }

    /// Removes `proxy-revalidate`.
    #[must_use]
    pub fn without_proxy_revalidate(mut self) -> Self {
        self.proxy_revalidate = false;
        self
    }

    /// Sets `must-understand` (RFC 9111 section 5.2.2.3, C-28).
    ///
    /// Beside `no-store` it is a permission: a cache that understands the status
    /// ignores the `no-store`.
    #[must_use]
    pub fn with_must_understand(mut self) -> Self {
        self.must_understand = true;
        self
    }

    /// Removes `must-understand`.
    #[must_use]
    pub fn without_must_understand(mut self) -> Self {
        self.must_understand = false;
        self
    }

    /// Sets `no-transform` (RFC 9111 section 5.2.2.6, C-29).
    #[must_use]
    pub fn with_no_transform(mut self) -> Self {
        self.no_transform = true;
        self
    }

    /// Sets `immutable` (RFC 8246 section 2, C-30).
    #[must_use]
    pub fn with_immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Removes `immutable`.
    #[must_use]
    pub fn without_immutable(mut self) -> Self {
        self.immutable = false;
        self
    }

    /// Sets `stale-while-revalidate` in seconds, in place of any other (RFC 5861
    /// section 3, C-31).
    #[must_use]
    pub fn with_stale_while_revalidate(mut self, seconds: u32) -> Self {
        self.stale_while_revalidate = Some(clamped(seconds));
        self
    }

    /// Removes `stale-while-revalidate`.
    #[must_use]
    pub fn without_stale_while_revalidate(mut self) -> Self {
        self.stale_while_revalidate = None;
        self
    }

    /// Sets `stale-if-error` in seconds, in place of any other (RFC 5861 section 4,
    /// C-31).
    #[must_use]
    pub fn with_stale_if_error(mut self, seconds: u32) -> Self {
        self.stale_if_error = Some(clamped(seconds));
        self
    }

    /// Removes `stale-if-error`.
    #[must_use]
    pub fn without_stale_if_error(mut self) -> Self {
        self.stale_if_error = None;
        self
    }

    /// Adds a directive that this type does not know (RFC 9111 section 5.2.3, C-08).
    ///
    /// The argument is given as plain text, and is quoted where it is no token.
    ///
    /// # Errors
    ///
    /// When `name` is no token or is a directive that has a method of its own, or
    /// `argument` holds a control character.
    pub fn with_extension(
        self,
        name: &str,
        argument: Option<&str>,
    ) -> Result<Self, InvalidDirective> {
        extended(self, name, argument)
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
        let must_understand = (self.must_understand || other.must_understand)
            && !self.forbids_storage()
            && !other.forbids_storage();
        let extensions = met_extensions(&self.extensions, &other.extensions);
        let names_s_maxage = self.s_maxage.is_some() || other.s_maxage.is_some();
        let shared_lifetime = least(self.shared_lifetime(), other.shared_lifetime());
        let mut private = self.private;
        private.extend(other.private.clone());
        let mut no_cache = self.no_cache;
        no_cache.extend(other.no_cache.clone());
        Self {
            public: self.public && other.public,
            private,
            max_age: least(self.max_age, other.max_age),
            s_maxage: shared_lifetime.filter(|_| names_s_maxage),
            no_cache,
            no_store: self.no_store || other.no_store,
            must_revalidate: self.must_revalidate || other.must_revalidate,
            proxy_revalidate: self.proxy_revalidate || other.proxy_revalidate,
            must_understand,
            no_transform: self.no_transform || other.no_transform,
            immutable: self.immutable && other.immutable,
            stale_while_revalidate: narrower(
                self.stale_while_revalidate,
                other.stale_while_revalidate,
            ),
            stale_if_error: narrower(self.stale_if_error, other.stale_if_error),
            extensions,
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
        &self.extensions
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

    /// What in this value contradicts itself or serves nothing (C-35).
    ///
    /// Parsing has already decided between `public` and `private`, so that
    /// contradiction is only seen by [`contradictions_in`](Self::contradictions_in).
    pub fn contradictions(&self) -> impl Iterator<Item = Contradiction> + use<> {
        let no_store_alone = Self {
            no_store: true,
            private: self.private.clone(),
            no_transform: self.no_transform,
            extensions: self.extensions.clone(),
            ..Self::default()
        };
        let revalidated = self.must_revalidate || self.no_cache();
        let revalidated_if_shared = self.proxy_revalidate || self.s_maxage.is_some();
        let permits_stale = self
            .stale_while_revalidate
            .max(self.stale_if_error)
            .is_some_and(|seconds| seconds > 0);
        [
            (
                self.forbids_storage() && *self != no_store_alone,
                Contradiction::NoStoreWithOthers,
            ),
            (
                self.public && self.private(),
                Contradiction::PublicWithPrivate,
            ),
            (
                self.s_maxage.is_some() && self.private(),
                Contradiction::SMaxageWithPrivate,
            ),
            (
                revalidated && self.immutable,
                Contradiction::RevalidationWithImmutable,
            ),
            (
                revalidated && permits_stale,
                Contradiction::RevalidationWithStale,
            ),
            (
                revalidated_if_shared && permits_stale,
                Contradiction::SharedRevalidationWithStale,
            ),
            (
                self.immutable && self.max_age.unwrap_or(0) == 0,
                Contradiction::ImmutableWithoutMaxAge,
            ),
            (
                self.max_age.is_some_and(|seconds| seconds > ONE_YEAR),
                Contradiction::MaxAgeOverOneYear,
            ),
            (
                self.must_understand && !self.no_store,
                Contradiction::MustUnderstandWithoutNoStore,
            ),
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
    fn as_written<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut control: Self = parse(lines);
        control.private = control.private.without_duplicates();
        control.no_cache = control.no_cache.without_duplicates();
        control
    }

    /// `no-store` that no cache may ignore (C-28).
    fn forbids_storage(&self) -> bool {
        self.no_store && !self.must_understand
    }

    fn shared_lifetime(&self) -> Option<u32> {
        self.s_maxage.or(self.max_age)
    }

    /// Removes what `private` and `no-store` leave no room for.
    ///
    /// Which fields go depends only on flags that `tighten` never takes back, so
    /// that settling early or late comes to the same.
    fn settled(mut self) -> Self {
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
            self.max_age = self.max_age.filter(|&seconds| seconds == 0);
            self.s_maxage = None;
            self.immutable = false;
            self.stale_while_revalidate = narrower(self.stale_while_revalidate, None);
            self.stale_if_error = narrower(self.stale_if_error, None);
        }
        if private || no_store {
            self.extensions
                .retain(|directive| !directive.claims_permission());
        }
        self
    }
}

impl Directives for CacheControl {
    fn read(&mut self, member: &Member<'_>) -> bool {
        match member.lower_case_name(&mut [0; LONGEST_NAME]) {
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

    fn restrict(&mut self) {
        *self = mem::take(self).with_no_store();
    }

    fn extensions_mut(&mut self) -> &mut Vec<Directive> {
        &mut self.extensions
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

/// The `Cache-Control` of a request (RFC 9111 section 5.2.1, RFC 5861 section 4).
///
/// A client's wishes, which a cache may ignore, and which never change an origin's
/// policy (C-17). Parsed as leniently as [`CacheControl`], with the restrictive
/// direction of a request: a `max-age` without a proper argument is 0, such a
/// `min-fresh` the greatest there is, such a `max-stale` or `stale-if-error` absent,
/// and more than [`MAX_MEMBERS`] members are `no-cache, no-store`.
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
    extensions: Vec<Directive>,
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
        parse(lines)
    }

    /// Reads the `Cache-Control` of a request, or `None` when no line of it has a
    /// member (C-01).
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        is_present(headers).then(|| Self::parse(headers.get_all(CACHE_CONTROL)))
    }

    /// Sets `max-age` in seconds, in place of any other (RFC 9111 section 5.2.1.1,
    /// C-10).
    #[must_use]
    pub fn with_max_age(mut self, seconds: u32) -> Self {
        self.max_age = Some(clamped(seconds));
        self
    }

    /// Sets `max-stale`, in place of any other (RFC 9111 section 5.2.1.2, C-11).
    #[must_use]
    pub fn with_max_stale(mut self, max_stale: MaxStale) -> Self {
        self.max_stale = Some(max_stale.clamped());
        self
    }

    /// Sets `min-fresh` in seconds, in place of any other (RFC 9111 section
    /// 5.2.1.3, C-12).
    #[must_use]
    pub fn with_min_fresh(mut self, seconds: u32) -> Self {
        self.min_fresh = Some(clamped(seconds));
        self
    }

    /// Sets `no-cache` (RFC 9111 section 5.2.1.4, C-13).
    #[must_use]
    pub fn with_no_cache(mut self) -> Self {
        self.no_cache = true;
        self
    }

    /// Sets `no-store` (RFC 9111 section 5.2.1.5, C-14).
    #[must_use]
    pub fn with_no_store(mut self) -> Self {
        self.no_store = true;
        self
    }

    /// Sets `no-transform` (RFC 9111 section 5.2.1.6, C-15).
    #[must_use]
    pub fn with_no_transform(mut self) -> Self {
        self.no_transform = true;
        self
    }

    /// Sets `only-if-cached` (RFC 9111 section 5.2.1.7, C-16).
    #[must_use]
    pub fn with_only_if_cached(mut self) -> Self {
        self.only_if_cached = true;
        self
    }

    /// Sets `stale-if-error` in seconds, in place of any other (RFC 5861 section 4,
    /// C-16).
    #[must_use]
    pub fn with_stale_if_error(mut self, seconds: u32) -> Self {
        self.stale_if_error = Some(clamped(seconds));
        self
    }

    /// Adds a directive that this type does not know (RFC 9111 section 5.2.3, C-08).
    ///
    /// The argument is given as plain text, and is quoted where it is no token.
    ///
    /// # Errors
    ///
    /// When `name` is no token or is a directive that has a method of its own, or
    /// `argument` holds a control character.
    pub fn with_extension(
        self,
        name: &str,
        argument: Option<&str>,
    ) -> Result<Self, InvalidDirective> {
        extended(self, name, argument)
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
        &self.extensions
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
}

impl Directives for RequestCacheControl {
    fn read(&mut self, member: &Member<'_>) -> bool {
        match member.lower_case_name(&mut [0; LONGEST_NAME]) {
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

    fn restrict(&mut self) {
        self.no_cache = true;
        self.no_store = true;
        self.max_stale = None;
        self.stale_if_error = None;
    }

    fn extensions_mut(&mut self) -> &mut Vec<Directive> {
        &mut self.extensions
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
#[allow(
    clippy::exhaustive_enums,
    reason = "the directive has an argument or has none"
)]
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

/// A member of `Cache-Control` that the type holding it does not know, exactly as
/// it was written (RFC 9111 section 5.2.3, C-08).
///
/// ```
/// use http::HeaderValue;
/// use tower_cache_policy::protocol::CacheControl;
///
/// let lines = [HeaderValue::from_static(r#"community="a, b", do not override"#)];
/// let control = CacheControl::parse(&lines);
/// let [community, other] = control.extensions() else { unreachable!() };
/// assert_eq!(community.name(), Some("community"));
/// assert_eq!(community.argument(), Some(&br#""a, b""#[..]));
/// assert_eq!(other.name(), None, "it is no directive at all");
/// assert_eq!(other.as_bytes(), b"do not override");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directive {
    member: Box<[u8]>,
}

impl Directive {
    fn new(name: &str, argument: Option<&str>) -> Result<Self, InvalidDirective> {
        let mut member = name.as_bytes().to_vec();
        if let Some(argument) = argument {
            if argument
                .bytes()
                .any(|byte| byte.is_ascii_control() && byte != b'\t')
            {
                return Err(InvalidDirective(DirectiveFault::Argument(argument.into())));
            }
            member.push(b'=');
            if is_token(argument.as_bytes()) {
                member.extend_from_slice(argument.as_bytes());
            } else {
                push_quoted(&mut member, argument.as_bytes());
            }
        }
        Ok(Self {
            member: member.into(),
        })
    }

    /// The whole member as written, without the white space around it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.member
    }

    /// The name as written, or `None` when the member has not the form of a
    /// directive (C-01).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let member = Member::split(&self.member);
        member
            .has_directive_form()
            .then(|| token_str(member.name))?
    }

    /// The argument as written, quotes included, or `None` when there is none or
    /// the member has not the form of a directive (C-01).
    #[must_use]
    pub fn argument(&self) -> Option<&[u8]> {
        match Member::split(&self.member).argument {
            Argument::Given(argument) => self.name().map(|_| argument),
            Argument::Absent | Argument::Malformed => None,
        }
    }

    /// Whether this is `public=1` or the like: a permission that this crate takes
    /// for malformed and a laxer cache may yet honour.
    fn claims_permission(&self) -> bool {
        matches!(
            Member::split(&self.member).lower_case_name(&mut [0; LONGEST_NAME]),
            b"public" | b"must-understand" | b"immutable"
        )
    }
}

impl fmt::Display for Directive {
    /// The member as written; octets that are no UTF-8 are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.member).fmt(f)
    }
}

impl fmt::Debug for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directive({self})")
    }
}

/// The directive could not be written in `Cache-Control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDirective(DirectiveFault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum DirectiveFault {
    Name(Box<str>),
    Known(Box<str>),
    Argument(Box<str>),
}

impl fmt::Display for InvalidDirective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            DirectiveFault::Name(name) => write!(
                f,
                "`{}` is not the name of a directive; use letters, digits and `-`, and give \
                 the argument apart",
                name.escape_debug()
            ),
            DirectiveFault::Known(name) => {
                write!(f, "`{name}` is not an extension; use the method for it")
            }
            DirectiveFault::Argument(argument) => write!(
                f,
                "`{}` is not an argument of a directive; take the control characters out",
                argument.escape_debug()
            ),
        }
    }
}

impl std::error::Error for InvalidDirective {}

/// An ordered list of field names without duplicates, as in `private="a, b"`
/// (RFC 9110 section 5.1).
///
/// Each name keeps its first spelling and place. Two lists are equal when they
/// hold the same names, since case and order mean nothing.
///
/// ```
/// use tower_cache_policy::protocol::FieldNames;
///
/// let names = FieldNames::new(["Set-Cookie", "Link", "set-cookie"])?;
/// assert_eq!(names.to_string(), "Set-Cookie, Link");
/// assert!(names.contains("SET-COOKIE"));
/// # Ok::<(), tower_cache_policy::protocol::InvalidFieldName>(())
/// ```
#[derive(Clone, Default)]
pub struct FieldNames {
    /// The names with `, ` between them, which no name can hold.
    joined: String,
}

impl FieldNames {
    const EMPTY: &'static Self = &Self {
        joined: String::new(),
    };

    /// The names of `names`, each once.
    ///
    /// # Errors
    ///
    /// When one of them is no token, or there are more than [`MAX_MEMBERS`].
    pub fn new<I>(names: I) -> Result<Self, InvalidFieldName>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let names: Vec<I::Item> = names.into_iter().take(MAX_MEMBERS + 1).collect();
        match names
            .iter()
            .find(|name| !is_token(name.as_ref().as_bytes()))
        {
            Some(odd) => Err(InvalidFieldName {
                name: Some(odd.as_ref().into()),
            }),
            None => Self::from_members(names.iter().map(|name| name.as_ref().as_bytes()))
                .ok_or(InvalidFieldName { name: None }),
        }
    }

    /// The names in order, each in its first spelling.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.joined.split(", ").filter(|name| !name.is_empty())
    }

    /// Whether `name` is in the list, in any case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether there is no name in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// The list as a field carries it.
    pub(super) fn as_str(&self) -> &str {
        &self.joined
    }

    pub(super) fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.joined).expect("field names are tokens, which are ASCII")
    }

    /// `None` when a member is no token, or there are more than [`MAX_MEMBERS`].
    pub(super) fn from_members<'a>(members: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let names: Vec<&str> = members
            .take(MAX_MEMBERS + 1)
            .map(token_str)
            .collect::<Option<_>>()?;
        (names.len() <= MAX_MEMBERS).then(|| Self::deduplicated(names))
    }

    /// The names of both, or `None` when they are more than [`MAX_MEMBERS`].
    pub(super) fn union(&self, other: &Self) -> Option<Self> {
        let mut names = self.clone();
        names.append(other);
        names.without_duplicates()
    }

    fn append(&mut self, other: &Self) {
        if !self.is_empty() && !other.is_empty() {
            self.joined.push_str(", ");
        }
        self.joined.push_str(&other.joined);
    }

    /// `None` when they are more than [`MAX_MEMBERS`].
    fn without_duplicates(&self) -> Option<Self> {
        let names = Self::deduplicated(self.iter());
        (names.iter().count() <= MAX_MEMBERS).then_some(names)
    }

    /// Sorts to find the duplicates, and sorts back: comparing each name with each
    /// would be quadratic in a field's length.
    fn deduplicated<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<(usize, &str)> = names.into_iter().enumerate().collect();
        names.sort_by(|(_, a), (_, b)| compare_ignoring_case(a, b));
        names.dedup_by(|(_, later), (_, first)| later.eq_ignore_ascii_case(first));
        names.sort_by_key(|&(place, _)| place);
        let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
        Self {
            joined: names.join(", "),
        }
    }
}

impl PartialEq for FieldNames {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |names: &Self| {
            let mut names: Vec<_> = names.iter().map(str::to_ascii_lowercase).collect();
            names.sort_unstable();
            names
        };
        self.joined == other.joined || sorted(self) == sorted(other)
    }
}

impl Eq for FieldNames {}

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.joined)
    }
}

impl fmt::Debug for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldNames({self})")
    }
}

/// The text was no field name, or there were too many names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFieldName {
    /// `None` when the names were too many.
    name: Option<Box<str>>,
}

impl fmt::Display for InvalidFieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(
                f,
                "`{}` is not a field name; write one name at a time, of letters, digits and `-`",
                name.escape_debug()
            ),
            None => write!(
                f,
                "more than {MAX_MEMBERS} field names; leave the argument out"
            ),
        }
    }
}

impl std::error::Error for InvalidFieldName {}

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
    /// `stale-while-revalidate` or `stale-if-error` beside `s-maxage` or
    /// `proxy-revalidate` (C-32).
    SharedRevalidationWithStale,
    /// `immutable` without a `max-age` above zero (C-30, C-35).
    ImmutableWithoutMaxAge,
    /// A `max-age` of more than a year (C-35).
    MaxAgeOverOneYear,
    /// `must-understand` without `no-store` (C-28, C-35).
    MustUnderstandWithoutNoStore,
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
                "`s-maxage` and `proxy-revalidate` forbid shared caches the stale answers that \
                 `stale-while-revalidate` and `stale-if-error` allow; send the CDN `max-age` in \
                 a targeted field instead"
            }
            Self::ImmutableWithoutMaxAge => {
                "`immutable` only applies while an answer is fresh; give a `max-age`"
            }
            Self::MaxAgeOverOneYear => {
                "a `max-age` of more than a year is cut short by caches; give 31536000 at most"
            }
            Self::MustUnderstandWithoutNoStore => {
                "a cache that does not know `must-understand` stores the answer anyway; add \
                 `no-store`"
            }
        })
    }
}

/// How much of a response `private` or `no-cache` is about.
#[derive(Clone, Default, PartialEq, Eq)]
enum Extent {
    #[default]
    Nothing,
    /// The qualified form, never with an empty list.
    Fields(FieldNames),
    /// The unqualified form.
    Everything,
}

impl Extent {
    /// An argument that names no fields qualifies nothing.
    fn of_member(member: &Member<'_>) -> Self {
        member
            .field_names()
            .filter(|names| !names.is_empty())
            .map_or(Self::Everything, Self::Fields)
    }

    fn of_fields(names: FieldNames) -> Self {
        if names.is_empty() {
            Self::Nothing
        } else {
            Self::Fields(names)
        }
    }

    fn fields(&self) -> &FieldNames {
        match self {
            Self::Fields(names) => names,
            Self::Nothing | Self::Everything => FieldNames::EMPTY,
        }
    }

    fn extend(&mut self, other: Self) {
        self.append(other);
        *self = mem::take(self).without_duplicates();
    }

    /// Leaves duplicates in: to look for them at each of many lists would be
    /// quadratic.
    fn append(&mut self, other: Self) {
        *self = match (mem::take(self), other) {
            (Self::Nothing, extent) | (extent, Self::Nothing) => extent,
            (Self::Fields(mut names), Self::Fields(others)) => {
                names.append(&others);
                Self::Fields(names)
            }
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
        };
    }

    fn without_duplicates(self) -> Self {
        match self {
            Self::Fields(names) => names
                .without_duplicates()
                .map_or(Self::Everything, Self::Fields),
            Self::Nothing | Self::Everything => self,
        }
    }
}

/// What the directives of a response and those of a request have in common.
trait Directives: Default {
    /// Takes `member` in, or returns false when it is an extension.
    fn read(&mut self, member: &Member<'_>) -> bool;

    /// The reading of a field with too many members.
    fn restrict(&mut self);

    fn extensions_mut(&mut self) -> &mut Vec<Directive>;

    fn render(&self) -> Rendering;
}

fn is_present(headers: &HeaderMap) -> bool {
    members(headers.get_all(CACHE_CONTROL)).next().is_some()
}

fn parse<'a, T: Directives>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> T {
    let mut value = T::default();
    let mut extensions = Vec::new();
    for (index, bytes) in members(lines).enumerate() {
        if index == MAX_MEMBERS {
            value.restrict();
            return value;
        }
        if !value.read(&Member::split(bytes)) && !has_open_quote(bytes) {
            extensions.push(Directive {
                member: bytes.into(),
            });
        }
    }
    extensions.sort_unstable();
    extensions.dedup();
    *value.extensions_mut() = extensions;
    value
}

fn extended<T: Directives>(
    mut value: T,
    name: &str,
    argument: Option<&str>,
) -> Result<T, InvalidDirective> {
    if !is_token(name.as_bytes()) {
        return Err(InvalidDirective(DirectiveFault::Name(name.into())));
    }
    if T::default().read(&Member::split(name.as_bytes())) {
        return Err(InvalidDirective(DirectiveFault::Known(name.into())));
    }
    let directive = Directive::new(name, argument)?;
    let extensions = value.extensions_mut();
    if let Err(place) = extensions.binary_search(&directive) {
        extensions.insert(place, directive);
    }
    Ok(value)
}

/// The union, except that what claims a permission must be in both.
fn met_extensions(a: &[Directive], b: &[Directive]) -> Vec<Directive> {
    let kept = |from: &[Directive], other: &[Directive]| -> Vec<Directive> {
        from.iter()
            .filter(|directive| {
                !directive.claims_permission() || other.binary_search(directive).is_ok()
            })
            .cloned()
            .collect()
    };
    let mut extensions = kept(a, b);
    extensions.extend(kept(b, a));
    extensions.sort_unstable();
    extensions.dedup();
    extensions
}

/// The lesser of two limits, where none is given as `None`.
fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

/// The lesser of two permissions. An explicit zero forbids, so it goes before
/// silence, which merely does not permit.
fn narrower(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (Some(0), None) | (None, Some(0)) => Some(0),
        _ => None,
    }
}

fn clamped(seconds: u32) -> u32 {
    seconds.min(MAX_LIFETIME)
}

/// A member of the list, taken apart at the end of its first token.
struct Member<'a> {
    /// The first token, which is empty when the member starts with something else.
    name: &'a [u8],
    argument: Argument<'a>,
}

enum Argument<'a> {
    Absent,
    /// What follows a `=` that follows the name at once.
    Given(&'a [u8]),
    /// Something else follows the name, such as white space.
    Malformed,
}

impl<'a> Member<'a> {
    fn split(bytes: &'a [u8]) -> Self {
        let end = bytes.iter().position(|&byte| !is_tchar(byte));
        let (name, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        Self {
            name,
            argument: match rest {
                [] => Argument::Absent,
                [b'=', argument @ ..] => Argument::Given(argument),
                _ => Argument::Malformed,
            },
        }
    }

    /// Empty for a name that is longer than any known one.
    fn lower_case_name<'b>(&self, buffer: &'b mut [u8; LONGEST_NAME]) -> &'b [u8] {
        let Some(name) = buffer.get_mut(..self.name.len()) else {
            return &[];
        };
        name.copy_from_slice(self.name);
        name.make_ascii_lowercase();
        name
    }

    fn is_bare(&self) -> bool {
        matches!(self.argument, Argument::Absent)
    }

    /// Whether this is a `cache-directive` by the grammar (C-01).
    fn has_directive_form(&self) -> bool {
        !self.name.is_empty()
            && match self.argument {
                Argument::Absent => true,
                Argument::Given(argument) => is_token(argument) || unquote(argument).is_some(),
                Argument::Malformed => false,
            }
    }

    /// The argument as delta-seconds, in either form (C-02, C-04).
    fn seconds(&self) -> Option<u32> {
        let Argument::Given(argument) = self.argument else {
            return None;
        };
        delta_seconds(argument)
            .or_else(|| delta_seconds(&unquote(argument)?))
            .map(clamped)
    }

    /// The argument as a list of field names, in either form (C-02).
    fn field_names(&self) -> Option<FieldNames> {
        let Argument::Given(argument) = self.argument else {
            return None;
        };
        if is_token(argument) {
            return FieldNames::from_members([argument].into_iter());
        }
        let text = unquote(argument)?;
        let names = text.split(|&byte| byte == b',').map(trim_ows);
        FieldNames::from_members(names.filter(|name| !name.is_empty()))
    }
}

/// Whether a quoted string starts in `member` and does not end in it.
fn has_open_quote(member: &[u8]) -> bool {
    let mut bytes = member.iter();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => _ = bytes.next(),
            _ => {}
        }
    }
    quoted
}

fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn token_str(bytes: &[u8]) -> Option<&str> {
    is_token(bytes).then(|| std::str::from_utf8(bytes).ok())?
}

fn compare_ignoring_case(a: &str, b: &str) -> Ordering {
    let a = a.bytes().map(|byte| byte.to_ascii_lowercase());
    a.cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// Members with `, ` between them, in octets, since an extension may hold obs-text.
#[derive(Default)]
struct Rendering {
    bytes: Vec<u8>,
}

impl Rendering {
    fn member(&mut self, member: &[u8]) {
        if !self.bytes.is_empty() {
            self.bytes.extend_from_slice(b", ");
        }
        self.bytes.extend_from_slice(member);
    }

    fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.member(name.as_bytes());
        }
    }

    fn seconds(&mut self, name: &str, seconds: Option<u32>) {
        if let Some(seconds) = seconds {
            self.member(format!("{name}={seconds}").as_bytes());
        }
    }

    /// Quoted even for one name (C-03).
    fn extent(&mut self, name: &str, extent: &Extent) {
        match extent {
            Extent::Nothing => {}
            Extent::Fields(names) => self.member(format!("{name}=\"{names}\"").as_bytes()),
            Extent::Everything => self.member(name.as_bytes()),
        }
    }

    fn extensions(&mut self, extensions: &[Directive]) {
        for directive in extensions {
            self.member(&directive.member);
        }
    }

    fn into_header_value(self) -> HeaderValue {
        HeaderValue::try_from(self.bytes)
            .expect("members come from header values or were checked to fit into one")
    }
}

impl fmt::Display for Rendering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.bytes).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(lines: &[impl AsRef<[u8]>]) -> Vec<HeaderValue> {
        lines
            .iter()
            .map(|line| HeaderValue::from_bytes(line.as_ref()).unwrap())
            .collect()
    }

    fn response(line: &str) -> CacheControl {
        CacheControl::parse(&values(&[line]))
    }

    fn request(line: &str) -> RequestCacheControl {
        RequestCacheControl::parse(&values(&[line]))
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
            ("field names without quotes (C-02)", "no-cache=Set-Cookie", r#"no-cache="Set-Cookie""#),
            ("a quoted comma separates nothing", r#"private="a, no-store", max-age=60"#, r#"private="a, no-store", max-age=60"#),
            ("field names twice", r#"private="a, b", private="B,c""#, r#"private="a, b, c""#),
            ("field names that are none", r#"private="a b""#, "private"),
            ("no field names", r#"no-cache="", private="#, "private, no-cache"),
            ("qualified and not (C-22)", r#"no-cache="a", no-cache"#, "no-cache"),
            ("a permission with an argument is none", "public=1", "public=1"),
            ("nor with a tail", "must-understand x, public ;", "must-understand x, public ;"),
            ("immutable ignores its argument (C-30)", "immutable=1", "immutable"),
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
            assert_eq!(
                response(line).to_header_value(),
                *expected,
                "{sentence}: {line}"
            );
        }
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
            assert_eq!(
                request(line).to_header_value(),
                *expected,
                "{sentence}: {line}"
            );
        }
        assert_eq!(request("max-stale").max_stale(), Some(MaxStale::Any));
        assert_eq!(
            request("max-stale=0").max_stale(),
            Some(MaxStale::Seconds(0))
        );
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
    fn lines_are_one_list_and_a_field_without_members_is_none() {
        let headers = |lines: &[&str]| -> HeaderMap {
            values(lines)
                .into_iter()
                .map(|value| (CACHE_CONTROL, value))
                .collect()
        };
        let two = CacheControl::from_headers(&headers(&["max-age=60", "No-Store"])).unwrap();
        assert!(two.no_store() && two.max_age() == Some(60));
        let two = RequestCacheControl::from_headers(&headers(&["max-age=60", "no-cache"])).unwrap();
        assert!(two.no_cache() && two.max_age() == Some(60));
        for lines in [&[][..], &[""], &[" ,", ""]] {
            assert_eq!(
                CacheControl::from_headers(&headers(lines)),
                None,
                "{lines:?}"
            );
            assert_eq!(
                RequestCacheControl::from_headers(&headers(lines)),
                None,
                "{lines:?}"
            );
        }
        let unknown = CacheControl::from_headers(&headers(&["do not override"])).unwrap();
        assert!(!unknown.is_empty());
    }

    #[test]
    fn more_than_the_greatest_number_of_members_is_no_store() {
        let line = |count: usize| format!("private{}", ", max-age=60".repeat(count - 1));
        assert_eq!(
            response(&line(MAX_MEMBERS)).to_string(),
            "private, max-age=60"
        );
        assert_eq!(
            response(&line(MAX_MEMBERS + 1)).to_string(),
            "private, no-store"
        );
        assert_eq!(
            request(&format!("{}, max-stale=5", line(MAX_MEMBERS))).to_string(),
            "max-age=60, no-cache, no-store"
        );
        let one_by_one: Vec<String> = (0..MAX_MEMBERS).map(|n| format!("private=x-{n}")).collect();
        let fields = response(&one_by_one.join(",")).private_fields().clone();
        assert_eq!(fields.iter().count(), MAX_MEMBERS);
        let one_more = CacheControl::new().with_private_fields(names(&["a"])).with_private_fields(fields);
        assert!(one_more.private(), "too many names are all of them");

        let names: Vec<String> = (0..=MAX_MEMBERS).map(|n| format!("x-{n}")).collect();
        assert!(response(&format!("private=\"{}\"", names.join(","))).private());
        assert!(
            FieldNames::new(names)
                .unwrap_err()
                .to_string()
                .contains("1024")
        );
    }

    #[test]
    fn obs_text_in_an_extension_survives() {
        let lines = values(&[&b"x=\"caf\xe9\", no-store"[..]]);
        let control = CacheControl::parse(&lines);
        assert_eq!(
            control.to_header_value().as_bytes(),
            b"no-store, x=\"caf\xe9\""
        );
        assert_eq!(control.to_string(), "no-store, x=\"caf\u{fffd}\"");
    }

    #[test]
    fn what_two_layers_say_is_merged_to_the_tighter() {
        type Merge = fn(CacheControl) -> CacheControl;
        let table: &[(&str, &str, Merge, &str)] = &[
            ("private into nothing (cc_merge/00)", "", CacheControl::with_private, "private"),
            ("a qualified no-cache into nothing (cc_merge/02)", "", |control| control.with_no_cache_fields(names(&["Set-Cookie"])), r#"no-cache="Set-Cookie""#),
            ("no-cache absorbs its fields (cc_merge/04)", "no-cache=Set-Cookie,no-cache=Link", CacheControl::with_no_cache, "no-cache"),
            ("public does not loosen private (differs from cc_merge/07)", "private", CacheControl::with_public, "private"),
            ("nor no-store", "no-store", CacheControl::with_public, "no-store"),
            ("private removes public (cc_merge/11)", "must-revalidate,max-age=60,public", CacheControl::with_private, "private, max-age=60, must-revalidate"),
            ("public where nothing forbids it (cc_merge/12)", "must-revalidate,max-age=60", CacheControl::with_public, "public, max-age=60, must-revalidate"),
            ("the lesser lifetime (cc_merge/max_age_min)", "max-age=600", |control| control.tighten(&response("max-age=60")), "max-age=60"),
            ("in either order (cc_merge/min_is_symmetric)", "max-age=60", |control| control.tighten(&response("max-age=600")), "max-age=60"),
            (
                "private inside a bundle (shared/private_inside_bundle)",
                "max-age=30, private",
                |control| control.tighten(&response("public, max-age=60, s-maxage=90")),
                "private, max-age=30",
            ),
            ("a lifetime that one side gives", "no-transform", |control| control.tighten(&response("max-age=60")), "max-age=60, no-transform"),
            ("max-age limits the s-maxage of the other (C-21)", "max-age=60", |control| control.tighten(&response("s-maxage=600")), "max-age=60, s-maxage=60"),
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
            ("a policy's no-store drops must-understand (C-28)", "must-understand, max-age=60", CacheControl::with_no_store, "no-store"),
            ("extensions of both", "foo, bar=1", |control| control.tighten(&response("foo, baz")), "bar=1, baz, foo"),
            ("a malformed permission needs both too", "public=1, foo", |control| control.tighten(&response("max-age=5")), "max-age=5, foo"),
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
            ("must-understand goes, and so no-store stands (C-28)", "must-understand, no-store, max-age=60", "private, no-store"),
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
        assert_eq!(
            CacheControl::new()
                .with_private()
                .with_s_maxage(5)
                .to_string(),
            "private"
        );
        assert!(
            CacheControl::new()
                .with_no_cache_fields(names(&[]))
                .is_empty()
        );
        assert_eq!(
            CacheControl::new()
                .with_private()
                .with_private_fields(names(&["a"]))
                .to_string(),
            "private"
        );
    }

    #[test]
    fn an_extension_is_checked_and_quoted_where_it_must_be() {
        let extended = CacheControl::new()
            .with_extension("community", Some("UCI"))
            .and_then(|control| control.with_extension("text", Some(r#"a, "b" \ é"#)))
            .and_then(|control| control.with_extension("flag", None))
            .and_then(|control| control.with_extension("flag", None))
            .unwrap();
        assert_eq!(
            extended.to_string(),
            r#"community=UCI, flag, text="a, \"b\" \\ é""#
        );
        assert_eq!(CacheControl::parse([&extended.to_header_value()]), extended);

        for (name, argument, remedy) in [
            ("", None, "letters, digits"),
            ("a b", None, "letters, digits"),
            ("a=1", None, "give the argument apart"),
            ("Public", None, "use the method"),
            ("stale-if-error", Some("5"), "use the method"),
            ("x", Some("a\r\nb"), "control characters"),
        ] {
            let error = CacheControl::new()
                .with_extension(name, argument)
                .unwrap_err();
            assert!(error.to_string().contains(remedy), "{name:?}: {error}");
        }
        assert!(
            RequestCacheControl::new()
                .with_extension("public", None)
                .is_ok()
        );
        assert!(
            RequestCacheControl::new()
                .with_extension("max-stale", None)
                .is_err()
        );
    }

    #[test]
    fn field_names_are_a_set_that_keeps_its_order() {
        let set = names(&["Set-Cookie", "Link", "LINK", "set-cookie", "a"]);
        assert_eq!(set.iter().collect::<Vec<_>>(), ["Set-Cookie", "Link", "a"]);
        assert_eq!(set, names(&["A", "link", "Set-cookie"]));
        assert_ne!(set, names(&["link", "set-cookie"]));
        assert!(set.contains("LiNk") && !set.contains("Lin"));
        assert!(FieldNames::default().is_empty());
        let error = FieldNames::new(["a", "b, c"]).unwrap_err();
        assert!(error.to_string().contains("`b, c`"), "{error}");
    }

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
            ("immutable", &[C::ImmutableWithoutMaxAge]),
            ("max-age=0, immutable", &[C::ImmutableWithoutMaxAge]),
            ("max-age=31536000", &[]),
            ("max-age=31536001", &[C::MaxAgeOverOneYear]),
            ("must-understand", &[C::MustUnderstandWithoutNoStore]),
        ];
        for (line, expected) in table {
            let found: Vec<_> = CacheControl::contradictions_in(&values(&[line])).collect();
            assert_eq!(&found, expected, "{line}");
            let in_value: Vec<_> = response(line).contradictions().collect();
            let decided: Vec<_> = expected
                .iter()
                .copied()
                .filter(|&c| c != C::PublicWithPrivate)
                .collect();
            assert_eq!(in_value, decided, "{line}");
            assert!(
                expected.iter().all(|c| c.to_string().contains("; ")),
                "{line}"
            );
        }
    }

    #[test]
    fn debug_reads_like_the_field() {
        assert_eq!(
            format!("{:?}", response("Private")),
            "CacheControl(private)"
        );
        assert_eq!(
            format!("{:?}", request("no-cache")),
            "RequestCacheControl(no-cache)"
        );
        assert_eq!(
            format!("{:?}", response("x=1").extensions()),
            "[Directive(x=1)]"
        );
    }

    fn any_member() -> impl Strategy<Value = Vec<u8>> {
        const NAMES: &str = "no-store No-Store no-cache private PUBLIC public must-revalidate \
                             proxy-revalidate must-understand no-transform immutable max-age \
                             max-age s-maxage stale-while-revalidate stale-if-error max-stale \
                             min-fresh only-if-cached foo";
        let name = prop_oneof![
            proptest::sample::select(NAMES.split(' ').collect::<Vec<_>>())
            .prop_map(str::to_owned),
            "[a-c]{1,2}",
            r#"[a-b"\\ =]{0,5}"#,
        ];
        let argument = prop_oneof![
            5 => Just(String::new()),
            5 => "=[0-9]{1,2}",
            1 => "=[0-9]{9,12}",
            1 => r#"="[0-9]{1,2}""#,
            2 => r#"="[a-c]{1,2}(, ?[A-C]{1,2}){0,3}""#,
            2 => r#"[ =;"\\a,]{0,5}"#,
        ];
        (name, argument, any::<bool>()).prop_map(|(name, argument, obs_text)| {
            let mut member = format!("{name}{argument}").into_bytes();
            member.extend(obs_text.then_some(0xe9).filter(|_| name.len() == 2));
            member
        })
    }

    fn any_lines() -> impl Strategy<Value = Vec<HeaderValue>> {
        let line = proptest::collection::vec(any_member(), 0..6)
            .prop_map(|members| HeaderValue::from_bytes(&members.join(&b", "[..])).unwrap());
        proptest::collection::vec(line, 0..3)
    }

    fn any_response() -> impl Strategy<Value = CacheControl> {
        any_lines().prop_map(|lines| CacheControl::parse(&lines))
    }

    fn any_bytes() -> impl Strategy<Value = Vec<HeaderValue>> {
        let byte = prop_oneof![
            proptest::sample::select(b"\",=\\ \t-".to_vec()),
            proptest::sample::select(b"no-storeprivatemaxage0".to_vec()),
            any::<u8>(),
        ];
        let line = proptest::collection::vec(byte, 0..60)
            .prop_filter_map("no header value", |bytes| {
                HeaderValue::from_bytes(&bytes).ok()
            });
        proptest::collection::vec(line, 0..3)
    }

    /// Whether every cache may do under `tight` only what it may under `loose`, as
    /// far as `Cache-Control` alone decides, judged apart from how `tighten` works.
    fn is_no_looser(tight: &CacheControl, loose: &CacheControl) -> bool {
        let limited = |tight: Option<u32>, loose: Option<u32>| {
            loose.is_none_or(|loose| tight.is_some_and(|tight| tight <= loose))
        };
        let granted =
            |tight: Option<u32>, loose: Option<u32>| tight.unwrap_or(0) <= loose.unwrap_or(0);
        let within = |tight: &Extent, loose: &Extent| match loose {
            Extent::Nothing => true,
            Extent::Fields(names) => {
                *tight == Extent::Everything
                    || names.iter().all(|name| tight.fields().contains(name))
            }
            Extent::Everything => *tight == Extent::Everything,
        };
        let stored = |control: &CacheControl, understands: bool| {
            !control.no_store || (control.must_understand && understands)
        };
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
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn parse_of_render_is_the_identity_for_any_bytes(lines in any_bytes()) {
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(CacheControl::parse([&control.to_header_value()]), control);
            let control = RequestCacheControl::parse(&lines);
            prop_assert_eq!(RequestCacheControl::parse([&control.to_header_value()]), control);
        }

        #[test]
        fn no_store_is_never_lost(lines in prop_oneof![any_lines(), any_bytes()], other in any_response()) {
            let is_there = members(&lines).any(|member| {
                let (name, rest) = member.split_at(member.len().min(8));
                name.eq_ignore_ascii_case(b"no-store") && !rest.first().is_some_and(|&b| is_tchar(b))
            });
            let control = CacheControl::parse(&lines);
            prop_assert_eq!(control.no_store(), is_there);
            prop_assert_eq!(RequestCacheControl::parse(&lines).no_store(), is_there);
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
