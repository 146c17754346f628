//! [`CacheControl`] and [`RequestCacheControl`]: what a response tells caches, and
//! what a request asks of them.
//!
//! Two types, because a directive means one thing in a response and another, or
//! nothing, in a request (C-09).

mod contradiction;
mod directive;
mod extensions;
mod extent;
mod field_names;
mod limits;
mod look;
mod member;
mod rendering;
mod request;
mod response;
#[cfg(test)]
mod samples;

pub use self::contradiction::Contradiction;
pub use self::directive::{Directive, InvalidDirective};
pub use self::field_names::{FieldNames, InvalidFieldName};
pub(crate) use self::look::{may_say, says_no_store, says_no_store_or_too_much};
pub use self::request::{MaxStale, RequestCacheControl};
pub use self::response::CacheControl;
