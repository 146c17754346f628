//! [`RouteError`]: the error of building a table of routes.

use std::fmt;

use http::{Method, StatusCode};

use crate::policy::InvalidCacheTag;

/// The error of [`RoutePoliciesBuilder::build`](super::RoutePoliciesBuilder::build): a mistake and its location in the
/// table.
///
/// Displays as the route or the named policy, the mistake, and its fix:
///
/// ```
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::RoutePolicies;
///
/// let error = RoutePolicies::builder().route("/users/:id", CachePolicy::NO_CACHE).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "route `/users/:id`: a segment cannot begin with `:`; write a parameter as `{id}`",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    place: Place,
    kind: RouteErrorKind,
}

/// A location in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Route(String),
    Named(String),
}

/// The kind of a [`RouteError`].
///
/// The texts of some kinds:
///
/// ```
/// use http::{Method, StatusCode};
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
///
/// let page = || RoutePolicy::new(CachePolicy::NO_CACHE);
/// for (policy, message) in [
///     (RoutePolicy::named("pages"), "unknown policy `pages`; did you mean `page`?"),
///     (
///         page().status(StatusCode::OK, CachePolicy::NO_STORE),
///         "status 200 cannot have its own policy, because it gets the route's own; change that one instead",
///     ),
///     (
///         page().status(StatusCode::TOO_MANY_REQUESTS, CachePolicy::NO_STORE),
///         "responses with status 429 must not be stored (RFC 6585); remove the policy for this status",
///     ),
///     (
///         page().method(Method::POST, CachePolicy::NO_CACHE),
///         "responses to POST are never stored; remove the policy for this method, or use `CachePolicy::NO_STORE`",
///     ),
///     (
///         page().content_type("images", CachePolicy::NO_STORE),
///         "`images` is not a content type; write a type such as `text/css` or a range such as `image/*`, without \
///          parameters, or set the route's own policy for all types",
///     ),
///     (
///         page().vary(["*"]),
///         "`*` is not a field name, and `Vary: *` would prevent all reuse; use `CachePolicy::NO_STORE` instead",
///     ),
/// ] {
///     let builder = RoutePolicies::builder().named("page", CachePolicy::NO_CACHE);
///     let error = builder.route("/", policy).build().unwrap_err();
///     assert_eq!(error.to_string(), format!("route `/`: {message}"));
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteErrorKind {
    /// axum's router does not accept the pattern, or no path can match it.
    InvalidPattern {
        /// The mistake and its fix.
        reason: &'static str,
    },
    /// Another pattern matches the same paths, and neither of them is more specific.
    ConflictingPattern {
        /// The earlier pattern.
        with: String,
    },
    /// Two policies have the same name.
    DuplicateName,
    /// A policy is based on a name that is not defined.
    UnknownName {
        /// The unknown name.
        name: String,
        /// The most similar defined name, if there is one.
        nearest: Option<String>,
    },
    /// A named policy is its own base, directly or through other policies.
    CircularBase {
        /// The names in the circle. Each one is based on the next, and the last repeats an earlier one.
        names: Vec<String>,
    },
    /// The status is 428, 429, 431 or 511. Responses with these statuses must not be stored
    /// ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585.html)).
    // N-09
    NeverStoredStatus {
        /// The status.
        status: StatusCode,
    },
    /// The status is 200, 203, 206 or 304. These get the route's own policy, because a cache replaces the fields of a
    /// stored 200 with those of a 304.
    SuccessStatus {
        /// The status.
        status: StatusCode,
    },
    /// The status is informational (1xx). Informational responses are not stored.
    InterimStatus {
        /// The status.
        status: StatusCode,
    },
    /// A method other than GET and HEAD has a policy other than [`NO_STORE`](crate::policy::CachePolicy::NO_STORE).
    /// Responses to such methods are not stored.
    // G-09
    UnsafeMethod {
        /// The method.
        method: Method,
    },
    /// The text is not a media type such as `text/css`, nor a range such as `image/*`.
    InvalidContentType {
        /// The invalid text.
        content_type: String,
    },
    /// The `Vary` name is not a field name, or it is `*`.
    InvalidVaryName {
        /// The invalid name.
        name: String,
    },
    /// The policy has more `Vary` names than caches can be expected to read.
    TooManyVaryNames {
        /// The number of names, including those of the bases.
        count: usize,
    },
    /// A tag is not a valid [`CacheTag`](crate::policy::CacheTag).
    // G-20
    InvalidTag {
        /// The error, which contains the tag.
        error: InvalidCacheTag,
    },
}

impl RouteError {
    pub(super) const fn new(place: Place, kind: RouteErrorKind) -> Self {
        Self { place, kind }
    }

    /// Returns the kind of mistake.
    #[must_use]
    pub const fn kind(&self) -> &RouteErrorKind {
        &self.kind
    }

    /// Returns the pattern of the route with the mistake, or `None` if the mistake is in a named policy.
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RouteErrorKind, RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::named("base");
    /// let error = RoutePolicies::builder().named("page", page).build().unwrap_err();
    /// assert_eq!((error.pattern(), error.policy_name()), (None, Some("page")));
    /// assert!(matches!(error.kind(), RouteErrorKind::UnknownName { name, .. } if name == "base"));
    /// ```
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        match &self.place {
            Place::Route(pattern) => Some(pattern),
            Place::Named(_) => None,
        }
    }

    /// Returns the name of the policy with the mistake, or `None` if the mistake is in a route.
    #[must_use]
    pub fn policy_name(&self) -> Option<&str> {
        match &self.place {
            Place::Named(name) => Some(name),
            Place::Route(_) => None,
        }
    }
}

impl fmt::Display for RouteError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, &self.kind) {
            (Place::Route(pattern), RouteErrorKind::ConflictingPattern { with }) if pattern == with => {
                write!(f, "route `{pattern}`: the pattern is defined twice; merge the two routes into one")
            }
            (Place::Route(pattern), kind) => write!(f, "route `{pattern}`: {kind}"),
            (Place::Named(name), kind) => write!(f, "policy `{name}`: {kind}"),
        }
    }
}

impl std::error::Error for RouteError {}

impl fmt::Display for RouteErrorKind {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPattern { reason } => f.write_str(reason),
            Self::ConflictingPattern { with } => write!(
                f,
                "the pattern conflicts with `{with}`: both match the same path, and neither is more specific; remove \
                 one of them, or give one of them a literal prefix"
            ),
            Self::DuplicateName => f.write_str("the name is defined twice; rename one of the policies"),
            Self::UnknownName { name, nearest: Some(nearest) } => {
                write!(f, "unknown policy `{name}`; did you mean `{nearest}`?")
            }
            Self::UnknownName { name, nearest: None } => {
                write!(f, "unknown policy `{name}`; define it with named(\"{name}\", ..)")
            }
            Self::CircularBase { names } => {
                write!(
                    f,
                    "a policy cannot be its own base: `{}`; replace the base of one of them with a `CachePolicy`",
                    names.join("` -> `")
                )
            }
            Self::NeverStoredStatus { status } => write!(
                f,
                "responses with status {} must not be stored (RFC 6585); remove the policy for this status",
                status.as_u16()
            ),
            Self::SuccessStatus { status } => write!(
                f,
                "status {} cannot have its own policy, because it gets the route's own; change that one instead",
                status.as_u16()
            ),
            Self::InterimStatus { status } => write!(
                f,
                "status {} is informational, and such responses are not stored; remove the policy for this status",
                status.as_u16()
            ),
            Self::UnsafeMethod { method } => write!(
                f,
                "responses to {method} are never stored; remove the policy for this method, or use \
                 `CachePolicy::NO_STORE`"
            ),
            Self::InvalidContentType { content_type } => write!(
                f,
                "`{content_type}` is not a content type; write a type such as `text/css` or a range such as `image/*`, \
                 without parameters, or set the route's own policy for all types"
            ),
            Self::InvalidVaryName { name } if name == "*" => f.write_str(
                "`*` is not a field name, and `Vary: *` would prevent all reuse; use `CachePolicy::NO_STORE` instead",
            ),
            Self::InvalidVaryName { name } => write!(
                f,
                "`{name}` is not a field name; write one name per element, without commas or spaces, such as \
                 `accept-language`"
            ),
            Self::TooManyVaryNames { count } => {
                write!(f, "{count} names are more than caches read in `Vary`; use a private policy instead")
            }
            Self::InvalidTag { error } => error.fmt(f),
        }
    }
}
