//! Structured fields (RFC 9651): the Lists and Dictionaries that `Cache-Status` and
//! `CDN-Cache-Control` are.
//!
//! [`combined`] makes one value of all field lines, and [`List::parse`] and
//! [`Dictionary::parse`] read it. They are the opposite of the parser of
//! `Cache-Control` in that one fault, wherever it stands, and the whole field is
//! ignored. All types of RFC 9651 are read, the Date and the Display String
//! too, which RFC 8941 did not have: a field that carries one in some
//! extension is a sound field today.
//!
//! More than [`MAX_MEMBERS`](super::MAX_MEMBERS) members, items of an Inner List or
//! parameters of one item are a fault as well. That is no less than RFC 9651 wants
//! supported: 1024 members, 256 items, 256 parameters.

mod bare_item;
mod field;
mod input;
mod member;
#[cfg(test)]
mod oracle;

pub(crate) use self::bare_item::BareItem;
pub(crate) use self::field::{Dictionary, List, combined};
pub(crate) use self::member::Member;
