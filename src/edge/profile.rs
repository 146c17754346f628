//! [`EdgeProfile`]: what one kind of edge reads, as data.

use http::{HeaderName, HeaderValue};

use super::behavior::EdgeBehavior;
use super::tag_format::TagFormat;
use super::targeted_field::TargetedField;

/// What one kind of edge reads: which field gives it a lifetime, how it wants its tags, what
/// must not be sent to it.
///
/// Those of known edges are constants, such as [`EdgeProfile::CLOUDFLARE`]; all are in
/// [`EdgeProfile::all`]. Edges change and can be set up otherwise, so everything can be
/// replaced, and a profile of one's own starts with [`EdgeProfile::custom`].
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
    pub(super) never: &'static [&'static str],
    pub(super) facts: EdgeBehavior,
}

/// What `Cache-Control` says for an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheControlRole {
    /// The lifetime at the edge, as `s-maxage`.
    Lifetime,
    /// Nothing, as the edge has a field of its own. An `s-maxage` that is longer than `max-age`
    /// is taken away, so that a cache which no purge reaches does not keep the answer for so
    /// long.
    Nothing,
    /// What it says to browsers: the edge is not known to read anything else. The shorter
    /// lifetime of both counts.
    Shared,
}

impl EdgeProfile {
    /// A profile for an edge that reads `s-maxage`, as every shared cache has to (C-21), and
    /// nothing more.
    pub const fn custom(name: &'static str) -> Self {
        Self {
            name,
            cache_control: CacheControlRole::Lifetime,
            field: None,
            restriction: None,
            tags: None,
            precedence: &["cache-control", "expires"],
            status: &[],
            never: &[],
            facts: EdgeBehavior::UNKNOWN,
        }
    }

    /// The profile with this name, in any case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().iter().find(|profile| profile.name.eq_ignore_ascii_case(name)).cloned()
    }

    /// With another field for the lifetime, or none.
    pub fn with_field(mut self, field: Option<TargetedField>) -> Self {
        self.field = field;
        self
    }

    /// With another word for the edge in `Cache-Control`.
    pub fn with_cache_control(mut self, cache_control: CacheControlRole) -> Self {
        self.cache_control = cache_control;
        self
    }

    /// With a field that is sent beside `Cache-Control` where the edge must not store.
    pub fn with_restriction(mut self, restriction: Option<(HeaderName, HeaderValue)>) -> Self {
        self.restriction = restriction;
        self
    }

    /// With another format of tags, or none: at some edges the name of the field is a setting.
    pub fn with_tags(mut self, tags: Option<TagFormat>) -> Self {
        self.tags = tags;
        self
    }

    /// With other fields that give the edge a lifetime, the first going before the others.
    pub fn with_precedence(mut self, fields: &'static [&'static str]) -> Self {
        self.precedence = fields;
        self
    }

    /// With other fields that must not reach the edge.
    pub fn with_stripped_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.never = fields;
        self
    }

    /// Replaces the fields in which the edge reports whether it had the response.
    ///
    /// [`CacheStatus::all_in_with_fields`](super::CacheStatus::all_in_with_fields) reads names that are not known.
    pub fn with_status_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.status = fields;
        self
    }

    /// With what else is known of the edge.
    pub fn with_facts(mut self, facts: EdgeBehavior) -> Self {
        self.facts = facts;
        self
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What `Cache-Control` says for the edge.
    #[must_use]
    pub const fn cache_control(&self) -> CacheControlRole {
        self.cache_control
    }

    /// The field for the lifetime at the edge, where it has one of its own.
    #[must_use]
    pub const fn field(&self) -> Option<&TargetedField> {
        self.field.as_ref()
    }

    /// What is sent beside `Cache-Control` where the edge must not store.
    #[must_use]
    pub const fn restriction(&self) -> Option<&(HeaderName, HeaderValue)> {
        self.restriction.as_ref()
    }

    /// How it reads tags, where it does.
    #[must_use]
    pub const fn tags(&self) -> Option<&TagFormat> {
        self.tags.as_ref()
    }

    /// The fields that give the edge a lifetime, the first going before the others.
    #[must_use]
    pub const fn precedence(&self) -> &'static [&'static str] {
        self.precedence
    }

    /// The fields in which the edge reports whether it had the response.
    /// [`CacheStatus`](super::CacheStatus) reads them.
    #[must_use]
    pub const fn status_fields(&self) -> &'static [&'static str] {
        self.status
    }

    /// The fields that must not reach the edge, as they make it store what it should not.
    #[must_use]
    pub const fn stripped_fields(&self) -> &'static [&'static str] {
        self.never
    }

    /// What else is known of the edge.
    #[must_use]
    pub const fn facts(&self) -> &EdgeBehavior {
        &self.facts
    }

    /// Every field that only this edge reads.
    pub(super) fn names(&self) -> impl Iterator<Item = HeaderName> {
        let written = self.written_fields().cloned().chain(self.tags.iter().map(|format| format.field().clone()));
        let read = self.precedence.iter().filter(|name| !matches!(**name, "cache-control" | "expires" | "pragma"));
        written.chain(read.filter_map(|name| HeaderName::try_from(*name).ok()))
    }

    /// The fields that the profile makes the layer write, save tags.
    pub(super) fn written_fields(&self) -> impl Iterator<Item = &HeaderName> {
        let field = self.field.iter().map(TargetedField::name);
        field.chain(self.restriction.iter().map(|(name, _)| name))
    }
}
