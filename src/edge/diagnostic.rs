//! [`EdgeDiagnostic`]: a problem that an edge layer found in a response.

use std::fmt;

use http::HeaderName;

use super::unsupported_tag::UnsupportedTag;

/// A problem that an `EdgeLayer` found in a response.
///
/// After `EdgeLayer::record_diagnostics`, the layer puts a `Vec<EdgeDiagnostic>` into the extensions of such a
/// response. With the feature `tracing`, each diagnostic is also an event.
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_cache_policy::edge::{EdgeDiagnostic, EdgeProfile};
/// use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
/// use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
///
/// # tokio_test::block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(EdgeLayer::new(EdgeProfile::AKAMAI).record_diagnostics())
///     .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(60))))
///     .service_fn(async |_: Request<()>| {
///         let mut response = Response::new(());
///         CacheTags::from(CacheTag::from_static("crate:serde")).add_to(response.extensions_mut());
///         Ok::<_, Infallible>(response)
///     });
/// let response = service.oneshot(Request::new(())).await.unwrap();
///
/// let diagnostics = response.extensions().get::<Vec<EdgeDiagnostic>>().unwrap();
/// assert_eq!(
///     diagnostics[0].to_string(),
///     "the edge `akamai` cannot carry the tag \"crate:serde\" in `edge-cache-tag`, which contains ':': use 1 to 128 \
///      characters of A-Z, a-z, 0-9, ! # $ % & ' + - . ^ _ ` | ~; the response is private, so no shared cache stores it"
/// );
/// assert_eq!(response.headers()["cache-control"], "private, max-age=60");
/// # });
/// ```
///
/// | Diagnostic | Usual fix |
/// |---|---|
/// | [`UnsupportedTag`](Self::UnsupportedTag) | rename the tag, and call [`EdgeLayer::check_tags`](crate::EdgeLayer::check_tags) at start |
/// | [`TooManyTags`](Self::TooManyTags) | use fewer tags, or [`TagOverflow::Coarser`](super::TagOverflow::Coarser) |
/// | [`NotTags`](Self::NotTags) | insert [`CacheTags`](crate::policy::CacheTags) into the extensions instead of writing the field |
/// | [`Restricted`](Self::Restricted) | none, if the restriction is intended |
/// | [`Removed`](Self::Removed) | remove the field from the handler, or add the profile of the edge |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeDiagnostic {
    /// The response has a tag that an edge does not accept.
    UnsupportedTag {
        /// The tag, the edge, and the characters that it accepts.
        error: UnsupportedTag,
        /// Whether the response is stored with a coarser tag, or not stored.
        stored: bool,
    },
    /// The response has more tags than an edge reads.
    TooManyTags {
        /// The field for the tags.
        field: HeaderName,
        /// The number of tags.
        count: usize,
        /// Whether the response is stored with a coarser tag, or not stored.
        stored: bool,
    },
    /// An inner service wrote a field for tags that contains an invalid tag, or a tag that the edge does not accept.
    NotTags {
        /// The field.
        field: HeaderName,
    },
    /// An inner service wrote a field that forbids one edge to store or reuse the response. The restriction applies to
    /// all edges.
    Restricted {
        /// The field.
        field: HeaderName,
    },
    /// An inner service wrote a field for an edge that is not configured, or an invalid field. The layer removed it.
    Removed {
        /// The field.
        field: HeaderName,
    },
}

impl fmt::Display for EdgeDiagnostic {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedTag { error, stored: true } => write!(f, "{error}; a coarser tag replaces it"),
            Self::UnsupportedTag { error, stored: false } => {
                write!(f, "{error}; the response is private, so no shared cache stores it")
            }
            Self::TooManyTags { field, count, stored: true } => {
                write!(f, "{count} tags do not fit into {field}; a coarser tag replaces some of them")
            }
            Self::TooManyTags { field, count, stored: false } => {
                write!(f, "{count} tags do not fit into {field}; the response is private, so no shared cache stores it")
            }
            Self::NotTags { field } => {
                write!(f, "{field} has a member that is not a valid tag, or that the edge does not accept")
            }
            Self::Restricted { field } => {
                write!(f, "{field} forbids storage or reuse, so the response becomes private")
            }
            Self::Removed { field } => write!(f, "{field} was removed: it is invalid, or no configured edge reads it"),
        }
    }
}
