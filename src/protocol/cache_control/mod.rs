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
mod member;
mod prescan;
mod readings;
mod rendering;
mod request;
mod response;
#[cfg(test)]
mod samples;

pub use self::contradiction::Contradiction;
pub use self::directive::{Directive, InvalidDirective};
pub use self::field_names::{FieldNames, InvalidFieldName};
pub(crate) use self::prescan::forbids_storing;
pub(crate) use self::readings::{hides_a_restriction, is_one_reading, join_readable};
pub use self::request::{MaxStale, RequestCacheControl};
pub use self::response::CacheControl;
pub(crate) use self::response::join;
