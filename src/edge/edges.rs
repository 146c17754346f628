//! [`Edges`]: the edges in front of a service, which must not want different things of one field.

use std::fmt;

use http::{HeaderName, HeaderValue};

use super::memory::{EdgeFields, Memory};
use super::profile::{CacheControlRole, EdgeProfile};
use super::tag_format::TagFormat;
use super::targeted_field::{DirectiveSyntax, TargetedField};
use super::unsupported_tag::UnsupportedTag;
use crate::policy::CacheTag;
use crate::protocol::edge_field_kind;

/// The edges in front of a service: one profile, or several that do not fight over a field.
#[derive(Clone, Debug)]
pub struct Edges {
    profiles: Vec<EdgeProfile>,
    pub(super) fields: Vec<TargetedField>,
    pub(super) restrictions: Vec<(HeaderName, HeaderValue)>,
    pub(super) formats: Vec<TagFormat>,
    pub(super) memory: Memory<EdgeFields>,
    /// The fields that only these profiles know.
    pub(super) own_names: Vec<HeaderName>,
}

/// Two profiles that cannot be served together: both would be right about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeConflict {
    one: &'static str,
    other: &'static str,
    field: HeaderName,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The other reads it in another syntax, or before what is meant for it.
    Freshness,
    /// The other must not see it.
    Never,
    /// Each parts tags in its own way.
    Tags,
}

impl Edges {
    /// Several edges, be it side by side or one before the other.
    ///
    /// # Errors
    ///
    /// Where one profile writes a field that another reads otherwise.
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

    /// Checks that each edge that reads tags can carry these. Check the tags that are constants when a
    /// service starts: a response with a tag that an edge cannot carry is kept out of shared caches, or
    /// gets a coarser tag.
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
    /// For the first tag that an edge cannot carry. The error names the edge, the tag, and the characters that
    /// the edge allows.
    pub fn check_tags<'a>(&self, tags: impl IntoIterator<Item = &'a CacheTag>) -> Result<(), UnsupportedTag> {
        let find = |tag| self.profiles().find_map(|profile| UnsupportedTag::find(profile.name(), profile.tags()?, tag));
        tags.into_iter().find_map(find).map_or(Ok(()), Err)
    }

    /// The profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &EdgeProfile> {
        self.profiles.iter()
    }

    /// The fields that only these profiles know.
    pub(crate) fn own_names(&self) -> Vec<HeaderName> {
        self.own_names.clone()
    }

    /// Whether `Cache-Control` states the lifetime of some edge.
    pub(super) fn any_reads(&self, cache_control: CacheControlRole) -> bool {
        self.profiles.iter().any(|profile| profile.cache_control == cache_control)
    }

    /// Whether some edge has no field of its own, so that it obeys what `Cache-Control` says to browsers.
    pub(super) fn any_reads_cache_control_only(&self) -> bool {
        self.profiles.iter().any(|profile| profile.field().is_none())
    }

    /// Whether each edge obeys a field of its own, whatever `Cache-Control` says.
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
        Self { profiles, fields, restrictions, formats, memory: Memory::new(), own_names }
    }
}

impl From<EdgeProfile> for Edges {
    fn from(profile: EdgeProfile) -> Self {
        Self::compatible(vec![profile])
    }
}

/// What `one` writes that `other` cannot bear.
fn conflict(one: &EdgeProfile, other: &EdgeProfile) -> Option<EdgeConflict> {
    let conflict = |field: &HeaderName, reason| {
        Some(EdgeConflict { one: one.name(), other: other.name(), field: field.clone(), reason })
    };
    for name in one.written_fields() {
        if other.stripped_fields().contains(&name.as_str()) {
            return conflict(name, Reason::Never);
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

/// Whether the edge looks at this field before, or as, the one that is meant for it.
fn reads_before_its_own(edge: &EdgeProfile, name: &HeaderName) -> bool {
    let own = edge.field().map_or("cache-control", |field| field.name().as_str());
    let place = |name: &str| edge.precedence().iter().position(|field| *field == name);
    place(name.as_str()).is_some_and(|foreign| place(own).is_none_or(|own| foreign <= own))
}

/// Whether both mean the same by the field.
fn agree(one: &EdgeProfile, other: &EdgeProfile, name: &HeaderName) -> bool {
    // `None`: the field is written where nothing is to be stored, and says so.
    fn meaning<'a>(edge: &'a EdgeProfile, name: &HeaderName) -> Option<Option<&'a TargetedField>> {
        match edge.field() {
            Some(field) if field.name() == name => Some(Some(field)),
            _ => edge.restriction().filter(|(own, _)| own == name).map(|_| None),
        }
    }
    match (meaning(one, name), meaning(other, name)) {
        (Some(Some(one)), Some(Some(other))) => one.says_the_same_as(other),
        (Some(Some(field)), Some(None)) | (Some(None), Some(Some(field))) => field.syntax() == DirectiveSyntax::Seconds,
        (Some(None), Some(None)) => one.restriction() == other.restriction(),
        (None, _) | (_, None) => false,
    }
}

impl EdgeConflict {
    /// The names of the two profiles.
    #[must_use]
    pub const fn profiles(&self) -> [&'static str; 2] {
        [self.one, self.other]
    }

    /// The field that they fight over.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.field
    }
}

impl fmt::Display for EdgeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { one, other, field, reason } = self;
        write!(f, "the profiles `{one}` and `{other}` cannot be served together: ")?;
        match reason {
            Reason::Freshness => write!(f, "`{one}` writes `{field}`, which `{other}` obeys and reads otherwise")?,
            Reason::Never => {
                write!(f, "`{one}` writes `{field}`, beside which `{other}` ignores a restriction (G-21)")?
            }
            Reason::Tags => write!(f, "they part the tags in `{field}` in different ways (E2-1)")?,
        }
        f.write_str("; serve them from two services, or take the field from one of the profiles")
    }
}

impl std::error::Error for EdgeConflict {}
