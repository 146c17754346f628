//! [`Credential`]: a secret for one header field.

use std::fmt;

use http::HeaderValue;

use crate::error::PurgeError;

/// A token or key. `Debug` does not show it. In a request, its field is marked as
/// [sensitive](HeaderValue::is_sensitive).
#[derive(Clone)]
pub struct Credential(String);

impl Credential {
    /// Creates a credential from one or more visible ASCII characters.
    ///
    /// # Errors
    ///
    /// Returns [`PurgeError::InvalidCredential`] if it is empty or contains any other character, such as the line end
    /// of a file. The error does not show the credential.
    pub fn new(secret: impl Into<String>) -> Result<Self, PurgeError> {
        let secret = secret.into();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PurgeError::InvalidCredential);
        }
        Ok(Self(secret))
    }

    pub(crate) fn plain(&self) -> HeaderValue {
        sensitive(&self.0)
    }

    pub(crate) fn bearer(&self) -> HeaderValue {
        sensitive(&format!("Bearer {}", self.0))
    }

    /// Returns the field value for Basic authentication, with the credential as the user name and an empty password.
    pub(crate) fn basic(&self) -> HeaderValue {
        sensitive(&format!("Basic {}", self.in_base64()))
    }

    /// Returns the credential as [`basic`](Self::basic) contains it.
    pub(crate) fn in_base64(&self) -> String {
        base64(format!("{}:", self.0).as_bytes())
    }

    /// Returns the secret, to remove it from text.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

fn sensitive(value: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(value).expect("a credential is visible ASCII");
    value.set_sensitive(true);
    value
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            text.push(if digit > group.len() { '=' } else { ALPHABET[bits >> (18 - 6 * digit) & 63].into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_rfc() {
        // RFC 4648 section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
