//! [`CacheControl`] for responses and [`RequestCacheControl`] for requests.
//!
//! The two are separate types because most directives have a different meaning in a request, or no meaning.

mod contradiction;
mod directive;
mod extensions;
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
mod scope;

pub use self::contradiction::Contradiction;
pub use self::directive::{Directive, InvalidDirective};
pub use self::field_names::{FieldNames, InvalidFieldName};
pub(crate) use self::prescan::{Prescan, forbids_storing};
pub(crate) use self::readings::{hides_a_restriction, is_misspelled, is_one_reading, join_readable};
pub use self::request::{MaxStale, RequestCacheControl};
pub use self::response::CacheControl;
pub(crate) use self::response::join;
