//! [`Rendering`]: writes the members of both types.

use std::fmt;

use http::HeaderValue;

use super::extensions::Extensions;
use super::scope::DirectiveScope;
use crate::protocol::syntax::put_decimal;

/// Members separated by `, `. Holds bytes, because an extension may contain bytes above 127.
#[derive(Default)]
pub(super) struct Rendering {
    bytes: Vec<u8>,
}

impl Rendering {
    pub(super) fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.member(name.as_bytes());
        }
    }

    pub(super) fn seconds(&mut self, name: &str, seconds: Option<u32>) {
        if let Some(seconds) = seconds {
            self.member(name.as_bytes());
            self.bytes.push(b'=');
            self.bytes.extend_from_slice(put_decimal(seconds.into(), &mut [0; 20]));
        }
    }

    /// Quotes even a single name.
    // C-03.
    pub(super) fn scope(&mut self, name: &str, scope: &DirectiveScope) {
        match scope {
            DirectiveScope::Nothing => {}
            DirectiveScope::Fields(names) => self.member(format!("{name}=\"{names}\"").as_bytes()),
            DirectiveScope::Everything => self.member(name.as_bytes()),
        }
    }

    pub(super) fn extensions(&mut self, extensions: &Extensions) {
        for directive in extensions.as_slice() {
            self.member(directive.as_bytes());
        }
    }

    pub(super) fn into_header_value(self) -> HeaderValue {
        HeaderValue::try_from(self.bytes).expect("each member is a part of a header value or was validated")
    }

    fn member(&mut self, member: &[u8]) {
        if self.bytes.is_empty() {
            // Most fields fit in.
            self.bytes.reserve(64);
        } else {
            self.bytes.extend_from_slice(b", ");
        }
        self.bytes.extend_from_slice(member);
    }
}

impl fmt::Display for Rendering {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.bytes).fmt(f)
    }
}
