//! [`EdgeProfile`]: the fields that one kind of edge reads.

use http::{HeaderName, HeaderValue};

use super::behavior::EdgeBehavior;
use super::tag_format::TagFormat;
use super::targeted_field::TargetedField;

/// A description of one kind of edge: the field that sets its lifetime, the format of its tags, and the fields that it
/// must not receive.
///
/// The profiles of known edges are constants, such as [`EdgeProfile::CLOUDFLARE`]. [`EdgeProfile::all`] returns all of
/// them. Edges change over time and can be configured differently, so every property can be replaced. For an edge
/// without a built-in profile, start from [`EdgeProfile::custom`]:
///
/// ```
/// use http::HeaderName;
/// use tower_cache_policy::edge::{DirectiveSyntax, EdgeProfile, TagFormat, TagSyntax, TargetedField};
///
/// let field = TargetedField::new(HeaderName::from_static("acme-cache-control"), DirectiveSyntax::Dictionary);
/// let profile = EdgeProfile::custom("acme")
///     .with_field(Some(field))
///     .with_tags(Some(TagFormat::new(HeaderName::from_static("acme-tags"), TagSyntax::Comma)));
/// assert_eq!(profile.field().unwrap().name(), "acme-cache-control");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct EdgeProfile {
    pub(super) name: &'static str,
    pub(super) cache_control: CacheControlRole,
    pub(super) field: Option<TargetedField>,
    pub(super) restriction: Option<(HeaderName, HeaderValue)>,
    pub(super) tags: Option<TagFormat>,
    pub(super) precedence: &'static [&'static str],
    pub(super) status: &'static [&'static str],
    pub(super) stripped: &'static [&'static str],
    pub(super) facts: EdgeBehavior,
}

/// How an edge uses `Cache-Control`.
///
/// For a policy with one minute for browsers and one hour for shared caches, an [`EdgeLayer`](crate::EdgeLayer) with
/// only this edge sends:
///
/// | Role | `Cache-Control` | Field of the edge |
/// |---|---|---|
/// | [`Lifetime`](Self::Lifetime) | `public, max-age=60, s-maxage=3600` | none, or the same lifetime |
/// | [`Nothing`](Self::Nothing) | `public, max-age=60` | one hour |
/// | [`Shared`](Self::Shared) | `public, max-age=60` | none |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheControlRole {
    /// The edge reads its lifetime from `s-maxage`.
    Lifetime,
    /// The edge reads its lifetime from a separate field. An `s-maxage` that is longer than `max-age` is removed from
    /// `Cache-Control`, because other shared caches, which a purge does not reach, would obey it.
    Nothing,
    /// The edge reads the same lifetime as browsers, because it is not known to read `s-maxage` or a separate field.
    /// `max-age` becomes the shorter of the two lifetimes.
    Shared,
}

impl EdgeProfile {
    /// Creates a profile for an edge that reads only `Cache-Control`, with `s-maxage`, as every shared cache must
    /// ([RFC 9111 section 5.2.2.10](https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10)).
    ///
    /// All facts are [unknown](EdgeBehavior::UNKNOWN), so audits assume the least safe behavior. The profile gets no
    /// tags.
    ///
    /// ```
    /// use tower_cache_policy::edge::{CacheControlRole, EdgeProfile};
    ///
    /// let acme = EdgeProfile::custom("acme");
    /// assert_eq!(acme.cache_control(), CacheControlRole::Lifetime);
    /// assert_eq!(acme.precedence(), ["cache-control", "expires"]);
    /// assert!(acme.field().is_none() && acme.tags().is_none());
    /// ```
    // C-21
    pub const fn custom(name: &'static str) -> Self {
        Self {
            name,
            cache_control: CacheControlRole::Lifetime,
            field: None,
            restriction: None,
            tags: None,
            precedence: &["cache-control", "expires"],
            status: &[],
            stripped: &[],
            facts: EdgeBehavior::UNKNOWN,
        }
    }

    /// Returns the built-in profile with this name, such as `cloudflare`, or `None` if there is none. Ignores case.
    ///
    /// ```
    /// use tower_cache_policy::edge::EdgeProfile;
    ///
    /// // For example, from an environment variable.
    /// let name = "Cloudflare";
    /// let profile = EdgeProfile::by_name(name).ok_or_else(|| format!("unknown edge `{name}`"))?;
    /// assert_eq!(profile.name(), "cloudflare");
    /// # Ok::<(), String>(())
    /// ```
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        #[cfg(feature = "shared-cache")]
        let others = std::iter::once(Self::SHARED_CACHE);
        #[cfg(not(feature = "shared-cache"))]
        let others = std::iter::empty();
        Self::all().iter().cloned().chain(others).find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// Replaces the field that sets the lifetime at the edge. With `None`, the edge reads only `Cache-Control`.
    ///
    /// If the edge always obeys the field, also set [`CacheControlRole::Nothing`], so that the long lifetime does not
    /// appear in `s-maxage`, where other caches would obey it. Add the name to
    /// [`with_precedence`](Self::with_precedence) too, because audits and [`Edges::new`](super::Edges::new) read that
    /// list:
    ///
    /// ```
    /// use http::HeaderName;
    /// use tower_cache_policy::edge::{CacheControlRole, DirectiveSyntax, EdgeProfile, TargetedField};
    ///
    /// let name = HeaderName::from_static("acme-cache-control");
    /// let acme = EdgeProfile::custom("acme")
    ///     .with_field(Some(TargetedField::new(name, DirectiveSyntax::Dictionary)))
    ///     .with_cache_control(CacheControlRole::Nothing)
    ///     .with_precedence(&["acme-cache-control", "cache-control"]);
    /// assert_eq!(acme.field().unwrap().name(), acme.precedence()[0]);
    /// ```
    pub fn with_field(mut self, field: Option<TargetedField>) -> Self {
        self.field = field;
        self
    }

    /// Sets how the edge uses `Cache-Control`.
    ///
    /// ```
    /// use tower_cache_policy::edge::{CacheControlRole, EdgeProfile};
    ///
    /// // This Bunny zone is configured to obey `s-maxage`.
    /// let bunny = EdgeProfile::BUNNY.with_cache_control(CacheControlRole::Lifetime);
    /// assert_eq!(bunny.cache_control(), CacheControlRole::Lifetime);
    /// ```
    pub fn with_cache_control(mut self, cache_control: CacheControlRole) -> Self {
        self.cache_control = cache_control;
        self
    }

    /// Replaces the field that is sent in addition to `Cache-Control` if the edge must not store the response.
    ///
    /// The value must be one that forbids storage at this edge:
    ///
    /// ```
    /// use http::{HeaderName, HeaderValue};
    /// use tower_cache_policy::edge::EdgeProfile;
    ///
    /// let acme = EdgeProfile::custom("acme").with_restriction(Some((
    ///     HeaderName::from_static("x-accel-expires"),
    ///     HeaderValue::from_static("0"),
    /// )));
    /// assert_eq!(acme.restriction().unwrap().1, "0");
    /// ```
    pub fn with_restriction(mut self, restriction: Option<(HeaderName, HeaderValue)>) -> Self {
        self.restriction = restriction;
        self
    }

    /// Replaces the format of the tags. With `None`, the edge gets no tags. Some edges have a setting for the name of
    /// the field.
    ///
    /// ```
    /// use http::HeaderName;
    /// use tower_cache_policy::edge::{EdgeProfile, TagFormat, TagSyntax};
    ///
    /// // A CloudFront distribution that reads tags, and nginx with a module for purges by tag.
    /// let cloudfront = EdgeProfile::CLOUDFRONT.with_tags(Some(EdgeProfile::CLOUDFRONT_TAGS));
    /// assert_eq!(cloudfront.tags().unwrap().field(), "cache-tag");
    ///
    /// let format = TagFormat::new(HeaderName::from_static("x-cache-tags"), TagSyntax::Space);
    /// let nginx = EdgeProfile::NGINX.with_tags(Some(format));
    /// assert_eq!(nginx.tags().unwrap().syntax(), TagSyntax::Space);
    /// ```
    pub fn with_tags(mut self, tags: Option<TagFormat>) -> Self {
        self.tags = tags;
        self
    }

    /// Replaces the names of the fields from which the edge reads a lifetime, highest precedence first.
    ///
    /// The edge uses only the first of these fields that is present and valid. The names are in lower case.
    pub fn with_precedence(mut self, fields: &'static [&'static str]) -> Self {
        self.precedence = fields;
        self
    }

    /// Replaces the names of the fields that must not reach the edge.
    ///
    /// [`Edges::new`](super::Edges::new) rejects the profile together with another one that writes such a field. An
    /// [`EdgeLayer`](crate::EdgeLayer) removes the fields of edges that are not configured, with or without this list.
    pub fn with_stripped_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.stripped = fields;
        self
    }

    /// Replaces the names of the fields in which the edge reports a hit or a miss.
    ///
    /// To read a field with another name, use
    /// [`CacheStatus::all_in_with_fields`](super::CacheStatus::all_in_with_fields).
    pub fn with_status_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.status = fields;
        self
    }

    /// Replaces the facts about the behavior of the edge.
    ///
    /// See [`EdgeBehavior`] for an example.
    pub fn with_facts(mut self, facts: EdgeBehavior) -> Self {
        self.facts = facts;
        self
    }

    /// Returns the name, such as `cloudflare`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns how the edge uses `Cache-Control`.
    #[must_use]
    pub const fn cache_control(&self) -> CacheControlRole {
        self.cache_control
    }

    /// Returns the field that sets the lifetime at the edge, or `None` if the edge reads only `Cache-Control`.
    #[must_use]
    pub const fn field(&self) -> Option<&TargetedField> {
        self.field.as_ref()
    }

    /// Returns the field that is sent in addition to `Cache-Control` if the edge must not store the response.
    #[must_use]
    pub const fn restriction(&self) -> Option<&(HeaderName, HeaderValue)> {
        self.restriction.as_ref()
    }

    /// Returns the format of the tags, or `None` if the edge gets no tags.
    #[must_use]
    pub const fn tags(&self) -> Option<&TagFormat> {
        self.tags.as_ref()
    }

    /// Returns the names of the fields from which the edge reads a lifetime, highest precedence first.
    #[must_use]
    pub const fn precedence(&self) -> &'static [&'static str] {
        self.precedence
    }

    /// Returns the names of the fields in which the edge reports a hit or a miss.
    /// [`CacheStatus`](super::CacheStatus) reads them.
    #[must_use]
    pub const fn status_fields(&self) -> &'static [&'static str] {
        self.status
    }

    /// Returns the names of the fields that must not reach the edge, because they would make it store responses that it
    /// must not store.
    #[must_use]
    pub const fn stripped_fields(&self) -> &'static [&'static str] {
        self.stripped
    }

    /// Returns the facts about the behavior of the edge.
    #[must_use]
    pub const fn facts(&self) -> &EdgeBehavior {
        &self.facts
    }

    /// Returns the name of every field that only this edge reads.
    pub(super) fn names(&self) -> impl Iterator<Item = HeaderName> {
        let written = self.written_fields().cloned().chain(self.tags.iter().map(|format| format.field().clone()));
        let read = self.precedence.iter().filter(|name| !matches!(**name, "cache-control" | "expires" | "pragma"));
        written.chain(read.filter_map(|name| HeaderName::try_from(*name).ok()))
    }

    /// Returns the fields that the layer writes for this profile, except tags.
    pub(super) fn written_fields(&self) -> impl Iterator<Item = &HeaderName> {
        let field = self.field.iter().map(TargetedField::name);
        field.chain(self.restriction.iter().map(|(name, _)| name))
    }
}
