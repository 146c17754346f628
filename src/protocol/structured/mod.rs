//! Parses structured fields (RFC 9651): Lists such as `Cache-Status` and Dictionaries such as `CDN-Cache-Control`.
//!
//! [`combined`] joins all field lines into one value, which [`List::parse`] and [`Dictionary::parse`] parse. Unlike in
//! `Cache-Control`, one error makes the complete field invalid. All types of RFC 9651 are accepted, including the Date
//! and the Display String, which RFC 8941 did not have.
//!
//! A field with more than [`MAX_MEMBERS`](super::MAX_MEMBERS) members is also invalid. The same limit applies to the
//! items of an Inner List and the parameters of one item. It satisfies the minimum of RFC 9651: 1024 members, 256 items
//! and 256 parameters.

mod bare_item;
mod field;
mod input;
mod member;
#[cfg(test)]
mod oracle;

pub(crate) use self::bare_item::{BareItem, is_string, is_token, push_string};
pub(crate) use self::field::{Dictionary, List, combined};
pub(crate) use self::member::Member;
