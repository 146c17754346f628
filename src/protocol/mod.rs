//! The rules of HTTP caching (RFC 9110, RFC 9111 and RFC 9213) as types and functions without I/O.
//!
//! This module does not depend on services, bodies, clocks or files. Header fields and the current time are arguments.
//! A handler inside a transaction, a proxy, a client or a test can therefore apply the same rules as the layers of this
//! crate.
//!
//! | To | use |
//! |---|---|
//! | evaluate the preconditions of a request | [`Preconditions`] |
//! | describe the current representation | [`Representation`], [`Validators`], [`EntityTag`], [`HttpDate`] |
//! | read the validators of a response | [`Validators::from_headers`] |
//! | parse and render cache directives | [`CacheControl`], [`RequestCacheControl`] |
//! | find directives that conflict with each other | [`CacheControl::contradictions`] |
//! | parse and render `Vary` | [`Vary`] |
//! | let caches ignore query parameters | [`NoVarySearch`] |
//! | delete the stored responses of a browser at sign-out | [`ClearSiteData`] |
//! | record which request fields a response depends on | [`VaryRecorder`] |
//! | determine whether a request selects a stored response | [`SelectingFields`], [`SelectingValues`] |
//! | determine whether a cache may store a response | [`Storability`] |
//! | determine how long a cache may reuse a response | [`Freshness`], [`ReuseLimits`], [`Lifetime`], [`Age`] |
//! | do both for a cache that obeys targeted fields | [`EffectiveControl`] |
//! | remove the fields that a cache must not store | [`remove_unstored_fields`] |
//! | update a stored response from a 304 or a response to HEAD | [`update_stored_fields`] |
//! | send one range of a response | [`RequestedBytes`], [`into_partial_content`], [`into_range_not_satisfiable`] |
//! | convert a response to a 304 or 412 | [`into_not_modified`], [`into_precondition_failed`] |
//! | add the content coding to entity tags | [`add_coding_suffix`], [`ContentCodedTags`] |
//! | recognize fields that override `Cache-Control` in a CDN | [`is_targeted_field`], [`remove_targeted_fields`] |
//! | parse and render such a field | [`CacheControl::from_targeted`], [`CacheControl::to_targeted_value`] |
//!
//! # Parsing
//!
//! Parsers read all lines of a field, as bytes. They do not fail on malformed response fields: unknown parts are
//! preserved, and where the meaning matters, a malformed part is read as the more restrictive value. Structured fields
//! ([RFC 9651](https://www.rfc-editor.org/rfc/rfc9651.html)) are the exception, because caches ignore such a field if
//! any part of it is invalid.
//!
//! Every parser runs in linear time and reads at most [`MAX_MEMBERS`] list members.
//!
//! # Example
//!
//! An update that is only performed if the client has seen the current revision in the database:
//!
//! ```
//! use http::{HeaderMap, HeaderValue, Method, header::IF_MATCH};
//! use tower_cache_policy::protocol::{
//!     Condition, HttpDate, Outcome, Preconditions, Validators,
//! };
//!
//! let mut headers = HeaderMap::new();
//! headers.append(IF_MATCH, HeaderValue::from_static(r#""6", "7""#));
//! let preconditions = Preconditions::new(&Method::PUT, &headers);
//! let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
//!
//! assert_eq!(preconditions.evaluate(&Validators::version(7).into(), now).outcome(), Outcome::Proceed);
//!
//! let lost_update = preconditions.evaluate(&Validators::version(8).into(), now);
//! assert_eq!(lost_update.outcome(), Outcome::PreconditionFailed);
//! assert_eq!(lost_update.condition(), Some(Condition::IfMatch));
//! ```
//!
//! # In a proxy or a client
//!
//! The types evaluate responses of other servers too. This client decides whether it may reuse a stored response:
//!
//! ```
//! use http::{HeaderMap, HeaderValue, StatusCode};
//! use tower_cache_policy::protocol::{Age, Cache, Freshness, HttpDate};
//!
//! // The fields of a response that the client stored.
//! let mut stored = HeaderMap::new();
//! stored.insert("cache-control", HeaderValue::from_static("max-age=60, stale-if-error=600"));
//! let received = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
//!
//! let after = |seconds| {
//!     let age = Age::from_seconds(seconds);
//!     Freshness::of_response(Cache::Private, StatusCode::OK, &stored, received, age)
//! };
//! assert!(after(30).may_reuse());
//! assert!(!after(90).may_reuse());
//! assert!(after(90).may_serve_on_error(), "if the server is down");
//! assert!(!after(900).may_serve_on_error());
//! ```

mod cache_control;
mod clear_site_data;
mod coding;
mod content_type;
#[cfg(test)]
pub(crate) mod counters;
mod date;
mod edge_fields;
mod effective_control;
mod entity_tag;
mod freshness;
mod name_table;
mod no_vary_search;
mod not_modified;
mod path;
mod preconditions;
mod range;
mod selecting;
mod storage;
mod stored_fields;
mod structured;
mod syntax;
mod targeted_cache_control;
mod validators;
mod vary;
mod vary_recorder;

pub use self::cache_control::{
    CacheControl, Contradiction, Directive, FieldNames, InvalidDirective, InvalidFieldName, MaxStale,
    RequestCacheControl,
};
pub use self::clear_site_data::ClearSiteData;
pub use self::coding::{ContentCodedTags, add_coding_suffix};
pub use self::date::{HttpDate, InvalidHttpDate};
pub use self::edge_fields::{is_tag_field, is_targeted_field, remove_targeted_fields};
pub use self::effective_control::EffectiveControl;
pub use self::entity_tag::{EntityTag, EntityTagList, EntityTagMember, EntityTagRef, InvalidEntityTag};
pub(crate) use self::freshness::http10_lifetime;
pub use self::freshness::{Age, Cache, Freshness, Lifetime, LifetimeSource, ReuseLimits};
pub use self::no_vary_search::NoVarySearch;
pub(crate) use self::no_vary_search::has_no_vary_search;
pub(crate) use self::not_modified::RepresentationFields;
pub use self::not_modified::{into_not_modified, into_precondition_failed};
pub use self::preconditions::{Condition, Evaluation, IfRange, Outcome, Preconditions};
pub use self::range::{RequestedBytes, into_partial_content, into_range_not_satisfiable};
pub use self::selecting::{SelectingFields, SelectingValues};
pub use self::storage::{Storability, StoragePermission, StorageProhibition};
pub use self::stored_fields::{
    UnstorableFields, is_confirmed_by_head, is_confirmed_by_not_modified, remove_unstored_fields, update_stored_fields,
};
pub use self::syntax::{MAX_DELTA_SECONDS, MAX_MEMBERS};
pub use self::vary_recorder::VaryRecorder;

pub use self::validators::{Representation, Validators};
pub use self::vary::Vary;

pub(crate) use self::cache_control::{
    Prescan, forbids_storing, hides_a_restriction, is_misspelled, is_one_reading, join, join_readable,
};
pub(crate) use self::coding::accepts_a_coding;
#[cfg(feature = "audit")]
pub(crate) use self::coding::strong_tag_hides_coding;
#[cfg(feature = "assets")]
pub(crate) use self::coding::{PreferredCoding, accepts_coding, preferred_coding, tag_in_coding};
#[cfg(feature = "assets")]
pub(crate) use self::content_type::accepts_page;
pub(crate) use self::content_type::{is_grpc_type, is_live_stream_type, is_page_type};
pub(crate) use self::edge_fields::{EdgeFieldKind, edge_field_kind, remove_fields, take_freshness_fields};
#[cfg(feature = "shared-cache")]
pub(crate) use self::not_modified::has_nonce;
pub(crate) use self::path::has_dot_segment;
#[cfg(any(feature = "routes", feature = "shared-cache"))]
pub(crate) use self::path::has_encoded_unreserved;
#[cfg(feature = "assets")]
pub(crate) use self::path::is_suspicious;
#[cfg(any(feature = "routes", feature = "shared-cache"))]
pub(crate) use self::path::normalized_encoding;
pub(crate) use self::preconditions::join_lists_of_tags;
pub(crate) use self::range::has_valid_byte_range;
pub(crate) use self::storage::is_never_stored;
#[cfg(feature = "audit")]
pub(crate) use self::storage::stored_status;
#[cfg(feature = "shared-cache")]
pub(crate) use self::stored_fields::unstored_fields;
pub(crate) use self::structured::{
    BareItem, List, Member, combined, is_string as is_structured_string, is_token as is_structured_token,
    push_string as push_structured_string,
};
pub(crate) use self::syntax::{delta_seconds, members, only_line, put_decimal, quoted_string_end, set_field, trim_ows};
#[cfg(any(feature = "audit", feature = "tracing"))]
pub(crate) use self::validators::invalid_etag;
#[cfg(feature = "assets")]
pub(crate) use self::validators::last_modified_of;
pub(crate) use self::validators::limit_last_modified;
pub(crate) use self::vary::{VaryLines, assert_names as assert_vary_names};
