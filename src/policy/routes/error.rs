//! [`RouteError`]: why a table of routes was not built.

use std::fmt;

use http::{Method, StatusCode};

use crate::policy::InvalidCacheTag;

/// Why a table of routes was not built: where, and what is wrong there. The text names the
/// remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    place: Place,
    kind: RouteErrorKind,
}

/// Where in a table something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Route(String),
    Named(String),
}

/// What is wrong in a [`RouteError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteErrorKind {
    /// The pattern is none that axum's router takes, or one that no path matches.
    InvalidPattern {
        /// What is wrong with it, and what to write.
        reason: &'static str,
    },
    /// Another pattern matches the same path, and neither is the more specific.
    ConflictingPattern {
        /// The pattern that was there before.
        with: String,
    },
    /// Two policies have the same name.
    DuplicateName,
    /// No policy has the name that is referred to.
    UnknownName {
        /// The name.
        name: String,
        /// The one that was perhaps meant.
        nearest: Option<String>,
    },
    /// A named policy is, by way of others, its own base.
    CircularBase {
        /// The names, each based on the next; the last is one of those before it.
        names: Vec<String>,
    },
    /// 428, 429, 431 and 511 must not be stored (N-09).
    NeverStoredStatus {
        /// The status.
        status: StatusCode,
    },
    /// 200, 203, 206 and 304 share the route's own policy: a 304 replaces what a cache holds of
    /// one of the others.
    SuccessStatus {
        /// The status.
        status: StatusCode,
    },
    /// An interim answer is no answer that could be stored.
    InterimStatus {
        /// The status.
        status: StatusCode,
    },
    /// Answers to methods other than GET and HEAD are not stored (G-09).
    UnsafeMethod {
        /// The method.
        method: Method,
    },
    /// It is no media type and no range like `image/*`.
    InvalidContentType {
        /// What was given.
        content_type: String,
    },
    /// It is not a field name, or it is `*`.
    InvalidVaryName {
        /// What was given.
        name: String,
    },
    /// There are more names for `Vary` than a cache can be expected to read.
    TooManyVaryNames {
        /// How many there are, those of the base among them.
        count: usize,
    },
    /// A tag is not a valid [`CacheTag`](crate::policy::CacheTag).
    InvalidTag {
        /// What is wrong with which tag.
        error: InvalidCacheTag,
    },
}

impl RouteError {
    pub(super) const fn new(place: Place, kind: RouteErrorKind) -> Self {
        Self { place, kind }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &RouteErrorKind {
        &self.kind
    }

    /// The pattern of the route where it is wrong, unless that is in a named policy.
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        match &self.place {
            Place::Route(pattern) => Some(pattern),
            Place::Named(_) => None,
        }
    }

    /// The name of the policy where it is wrong, unless that is in a route.
    #[must_use]
    pub fn policy_name(&self) -> Option<&str> {
        match &self.place {
            Place::Named(name) => Some(name),
            Place::Route(_) => None,
        }
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, &self.kind) {
            (Place::Route(pattern), RouteErrorKind::ConflictingPattern { with }) if pattern == with => {
                write!(f, "route `{pattern}`: the pattern is given twice; keep one, and say there what both said")
            }
            (Place::Route(pattern), kind) => write!(f, "route `{pattern}`: {kind}"),
            (Place::Named(name), kind) => write!(f, "policy `{name}`: {kind}"),
        }
    }
}

impl std::error::Error for RouteError {}

impl fmt::Display for RouteErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPattern { reason } => f.write_str(reason),
            Self::ConflictingPattern { with } => write!(
                f,
                "`{with}` matches a path that this matches too, and neither is the more specific; keep one of \
                 the two, or begin one of them with text of its own"
            ),
            Self::DuplicateName => f.write_str("the name is given to two policies; rename one of them"),
            Self::UnknownName { name, nearest: Some(nearest) } => {
                write!(f, "there is no policy named `{name}`; did you mean `{nearest}`?")
            }
            Self::UnknownName { name, nearest: None } => {
                write!(f, "there is no policy named `{name}`; define it with named(\"{name}\", ..)")
            }
            Self::CircularBase { names } => {
                write!(
                    f,
                    "a policy cannot be its own base: `{}`; start one of them from a policy",
                    names.join("` -> `")
                )
            }
            Self::NeverStoredStatus { status } => write!(
                f,
                "an answer with status {} must not be stored (RFC 6585); leave it without a policy",
                status.as_u16()
            ),
            Self::SuccessStatus { status } => write!(
                f,
                "status {} gets the route's own policy, as a 304 replaces what a cache holds; say it there",
                status.as_u16()
            ),
            Self::InterimStatus { status } => {
                write!(f, "{} is an interim status, which nobody stores; leave it without a policy", status.as_u16())
            }
            Self::UnsafeMethod { method } => write!(
                f,
                "answers to {method} are not stored (G-09), whatever a table says; leave it out, or say \
                 `CachePolicy::NO_STORE`"
            ),
            Self::InvalidContentType { content_type } => write!(
                f,
                "`{content_type}` is no content type; write `text/css`, or `image/*` for all of its kind, without \
                 parameters, and what holds for all as the route's own policy"
            ),
            Self::InvalidVaryName { name } if name == "*" => {
                f.write_str("`Vary: *` forbids every reuse, so it is no field name; use `CachePolicy::NO_STORE`")
            }
            Self::InvalidVaryName { name } => write!(
                f,
                "`{name}` is no field name: letters, digits and `-`; write one name per element, without commas or \
                 spaces"
            ),
            Self::TooManyVaryNames { count } => {
                write!(f, "{count} names for Vary are more than caches read; use a private policy")
            }
            Self::InvalidTag { error } => error.fmt(f),
        }
    }
}
