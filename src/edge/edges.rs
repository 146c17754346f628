//! [`Edges`]: the profiles of the edges in front of a service, checked for conflicts.

use std::fmt;

use http::{HeaderName, HeaderValue};

use super::memo::EdgesId;
use super::profile::{CacheControlRole, EdgeProfile};
use super::tag_format::TagFormat;
use super::targeted_field::{DirectiveSyntax, TargetedField};
use super::unsupported_tag::UnsupportedTag;
use crate::policy::CacheTag;
use crate::protocol::edge_field_kind;

/// The profiles of the edges in front of a service: one profile, or several that do not need different values in one
/// field.
///
/// ```
/// use tower_cache_policy::EdgeLayer;
/// use tower_cache_policy::edge::{EdgeProfile, Edges};
///
/// // nginx in the own data center, behind Cloudflare.
/// let edges = Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX])?;
/// let layer = EdgeLayer::new(edges);
/// # let _ = layer;
/// # Ok::<(), tower_cache_policy::edge::EdgeConflict>(())
/// ```
#[derive(Clone, Debug)]
pub struct Edges {
    profiles: Vec<EdgeProfile>,
    pub(super) fields: Vec<TargetedField>,
    pub(super) restrictions: Vec<(HeaderName, HeaderValue)>,
    pub(super) formats: Vec<TagFormat>,
    pub(super) id: EdgesId,
    /// The fields that only these profiles define.
    pub(super) own_names: Vec<HeaderName>,
    /// Whether an edge reads `X-Accel-Expires`.
    pub(super) has_accel_expires: bool,
}

/// An error for two profiles that need different values in one field, so that one response cannot serve both.
///
/// ```
/// use tower_cache_policy::edge::{EdgeProfile, Edges};
///
/// let error = Edges::new([EdgeProfile::FASTLY, EdgeProfile::SQUID]).unwrap_err();
/// assert_eq!(error.profiles(), ["fastly", "squid"]);
/// assert_eq!(error.field(), "surrogate-control");
/// assert_eq!(
///     error.to_string(),
///     "the profiles `fastly` and `squid` cannot be combined: `surrogate-control` is for `fastly`, but `squid` obeys it \
///      with a different meaning; use two services, or remove the field from one of the profiles"
/// );
/// ```
///
/// If Fastly is in front of one host and Squid in front of another, use a service with its own
/// [`EdgeLayer`](crate::EdgeLayer) for each host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeConflict {
    one: &'static str,
    other: &'static str,
    field: HeaderName,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The other edge reads the field in another syntax, or before its own field.
    Freshness,
    /// The field must not reach the other edge.
    Stripped,
    /// The two edges separate tags differently.
    Tags,
}

impl Edges {
    /// Combines the profiles of several edges, whether they are in a chain or side by side.
    ///
    /// The layer writes the fields of all profiles into each response. If two edges read the same field in the same
    /// syntax, such as `s-maxage`, it is written once. If they share a field for
    /// tags, the lower limits of both apply.
    ///
    /// ```
    /// use tower_cache_policy::edge::{EdgeProfile, Edges};
    ///
    /// // Two vendors that use `Cache-Tag` with commas, and different limits.
    /// let edges = Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::GOOGLE])?;
    /// let names: Vec<&str> = edges.profiles().map(EdgeProfile::name).collect();
    /// assert_eq!(names, ["cloudflare", "google"]);
    /// # Ok::<(), tower_cache_policy::edge::EdgeConflict>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if two profiles need different values in one field. The error names the two profiles and the
    /// field.
    pub fn new(profiles: impl IntoIterator<Item = EdgeProfile>) -> Result<Self, EdgeConflict> {
        let profiles: Vec<EdgeProfile> = profiles.into_iter().collect();
        for (index, one) in profiles.iter().enumerate() {
            for other in &profiles[index + 1..] {
                if let Some(conflict) = conflict(one, other).or_else(|| conflict(other, one)) {
                    return Err(conflict);
                }
            }
        }
        Ok(Self::compatible(profiles))
    }

    /// Checks that each edge that reads tags accepts these tags.
    ///
    /// Check constant tags when a service starts. A response with a tag that an edge does not accept becomes private or
    /// gets a coarser tag, according to [`TagOverflow`](super::TagOverflow).
    ///
    /// ```
    /// use tower_cache_policy::edge::{EdgeProfile, Edges};
    /// use tower_cache_policy::policy::CacheTag;
    ///
    /// const TAGS: [CacheTag; 2] = [CacheTag::from_static("crates"), CacheTag::from_static("crate:serde")];
    ///
    /// assert!(Edges::from(EdgeProfile::FASTLY).check_tags(&TAGS).is_ok());
    /// let error = Edges::from(EdgeProfile::AKAMAI).check_tags(&TAGS).unwrap_err();
    /// assert!(error.to_string().starts_with("the edge `akamai` cannot carry the tag \"crate:serde\""));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if an edge does not accept a tag. The error names the edge, the first such tag, and the allowed
    /// characters.
    pub fn check_tags<'a>(&self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Result<(), UnsupportedTag> {
        let find = |tag| self.profiles().find_map(|profile| UnsupportedTag::find(profile.name(), profile.tags()?, tag));
        tags.into_iter().find_map(find).map_or(Ok(()), Err)
    }

    /// Returns the profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &EdgeProfile> {
        self.profiles.iter()
    }

    /// Returns the names of the fields that only these profiles define.
    pub(crate) fn own_names(&self) -> Vec<HeaderName> {
        self.own_names.clone()
    }

    /// Returns whether some edge uses `Cache-Control` in this way.
    pub(super) fn any_reads(&self, cache_control: CacheControlRole) -> bool {
        self.profiles.iter().any(|profile| profile.cache_control == cache_control)
    }

    /// Returns whether some edge does not have its own field, so that it obeys the directives for browsers in
    /// `Cache-Control`.
    pub(super) fn any_reads_cache_control_only(&self) -> bool {
        self.profiles.iter().any(|profile| profile.field().is_none())
    }

    /// Returns whether each edge obeys its own field, regardless of `Cache-Control`.
    pub(super) fn all_overrule_no_store(&self) -> bool {
        self.profiles.iter().all(|profile| profile.field().is_some_and(TargetedField::overrules_no_store))
    }

    fn compatible(profiles: Vec<EdgeProfile>) -> Self {
        let mut fields: Vec<TargetedField> = Vec::new();
        let mut restrictions: Vec<(HeaderName, HeaderValue)> = Vec::new();
        let mut formats: Vec<TagFormat> = Vec::new();
        for profile in &profiles {
            if let Some(field) = profile.field()
                && !fields.iter().any(|other| other.name() == field.name())
            {
                fields.push(field.clone());
            }
            if let Some(format) = profile.tags() {
                match formats.iter_mut().find(|other| other.field() == format.field()) {
                    Some(other) => *other = other.clone().within(format),
                    None => formats.push(format.clone()),
                }
            }
        }
        for (name, value) in profiles.iter().filter_map(EdgeProfile::restriction) {
            let written = fields.iter().any(|field| field.name() == name);
            if !written && !restrictions.iter().any(|(other, _)| other == name) {
                restrictions.push((name.clone(), value.clone()));
            }
        }
        let mut own_names: Vec<HeaderName> = Vec::new();
        for name in profiles.iter().flat_map(EdgeProfile::names) {
            if edge_field_kind(name.as_str()).is_none() && !own_names.contains(&name) {
                own_names.push(name);
            }
        }
        let has_accel_expires =
            profiles.iter().flat_map(EdgeProfile::names).any(|name| name.as_str() == "x-accel-expires");
        Self { profiles, fields, restrictions, formats, id: EdgesId::next(), own_names, has_accel_expires }
    }
}

/// Converts into the edges of an [`EdgeLayer`](crate::EdgeLayer). Implemented for one [`EdgeProfile`] and for
/// [`Edges`], which combines several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe the edges in front of a service",
    label = "expected an `EdgeProfile` or `Edges`",
    note = "for one edge, write for example `EdgeProfile::CLOUDFLARE`",
    note = "for several edges, write `Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX])?`, which fails if they \
            need different values in one field",
    note = "for a name that is known only at run time, use `EdgeProfile::by_name(\"cloudflare\")`, which returns an \
            `Option`"
)]
pub trait IntoEdges {
    /// Converts into the edges.
    fn into_edges(self) -> Edges;
}

impl IntoEdges for Edges {
    fn into_edges(self) -> Edges {
        self
    }
}

impl IntoEdges for EdgeProfile {
    fn into_edges(self) -> Edges {
        self.into()
    }
}

impl From<EdgeProfile> for Edges {
    fn from(profile: EdgeProfile) -> Self {
        Self::compatible(vec![profile])
    }
}

/// Returns the first field of `one` that the edge `other` would misread.
fn conflict(one: &EdgeProfile, other: &EdgeProfile) -> Option<EdgeConflict> {
    let conflict = |field: &HeaderName, reason| {
        Some(EdgeConflict { one: one.name(), other: other.name(), field: field.clone(), reason })
    };
    for name in one.written_fields() {
        if other.stripped_fields().contains(&name.as_str()) {
            return conflict(name, Reason::Stripped);
        }
        if reads_before_its_own(other, name) && !agree(one, other, name) {
            return conflict(name, Reason::Freshness);
        }
    }
    if let (Some(one), Some(other)) = (one.tags(), other.tags())
        && one.field() == other.field()
        && one.syntax() != other.syntax()
    {
        return conflict(one.field(), Reason::Tags);
    }
    None
}

/// Returns whether this is the edge's own field, or a field that takes precedence over it.
fn reads_before_its_own(edge: &EdgeProfile, name: &HeaderName) -> bool {
    let own = edge.field().map_or("cache-control", |field| field.name().as_str());
    let place = |name: &str| edge.precedence().iter().position(|field| *field == name);
    place(name.as_str()).is_some_and(|foreign| place(own).is_none_or(|own| foreign <= own))
}

/// Returns whether the field has the same meaning for both edges.
fn agree(one: &EdgeProfile, other: &EdgeProfile, name: &HeaderName) -> bool {
    // `Some(None)`: the field is written only to forbid storage.
    fn meaning<'a>(edge: &'a EdgeProfile, name: &HeaderName) -> Option<Option<&'a TargetedField>> {
        match edge.field() {
            Some(field) if field.name() == name => Some(Some(field)),
            _ => edge.restriction().filter(|(own, _)| own == name).map(|_| None),
        }
    }
    match (meaning(one, name), meaning(other, name)) {
        (Some(Some(one)), Some(Some(other))) => one.writes_the_same_as(other),
        (Some(Some(field)), Some(None)) | (Some(None), Some(Some(field))) => field.syntax() == DirectiveSyntax::Seconds,
        (Some(None), Some(None)) => one.restriction() == other.restriction(),
        (None, _) | (_, None) => false,
    }
}

impl EdgeConflict {
    /// Returns the names of the two profiles.
    #[must_use]
    pub const fn profiles(&self) -> [&'static str; 2] {
        [self.one, self.other]
    }

    /// Returns the field in which the profiles need different values.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.field
    }
}

impl fmt::Display for EdgeConflict {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { one, other, field, reason } = self;
        write!(f, "the profiles `{one}` and `{other}` cannot be combined: ")?;
        match reason {
            Reason::Freshness => {
                write!(f, "`{field}` is for `{one}`, but `{other}` obeys it with a different meaning")?
            }
            // G-21
            Reason::Stripped => {
                write!(f, "`{field}` is for `{one}`, but `{other}` ignores restrictions in `Cache-Control` next to it")?
            }
            // E2-1
            Reason::Tags => write!(f, "they separate the tags in `{field}` differently")?,
        }
        f.write_str("; use two services, or remove the field from one of the profiles")
    }
}

impl std::error::Error for EdgeConflict {}
