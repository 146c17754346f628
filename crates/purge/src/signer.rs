//! [`Signer`]: the cryptography that some APIs require.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::request::Parts;

/// Signs the requests of an API that does not accept a plain credential.
///
/// Closures are signers: `|head: &mut http::request::Parts, body: &bytes::Bytes| -> Result<(), E>`. A signer is called
/// for each request after all other parts of the request are complete, and again before each
/// [retry](crate::PurgeApi::renew). It must `insert` its fields, so that they replace those of the previous attempt.
pub trait Signer {
    /// The reason why a request could not be signed. The start of its text becomes part of a
    /// [`PurgeError`](crate::PurgeError), so it must not contain a credential.
    type Error: fmt::Display;

    /// Adds the signature to the head.
    ///
    /// # Errors
    ///
    /// Returns an error if the request cannot be signed, for example because credentials have expired.
    fn sign(&self, head: &mut Parts, body: &Bytes) -> Result<(), Self::Error>;
}

impl<F, E> Signer for F
where
    F: Fn(&mut Parts, &Bytes) -> Result<(), E>,
    E: fmt::Display,
{
    type Error = E;

    fn sign(&self, head: &mut Parts, body: &Bytes) -> Result<(), E> {
        self(head, body)
    }
}

/// Does not sign requests, for a client that signs them itself. The vendor rejects a request without a signature.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Unsigned;

impl Unsigned {
    /// Returns the signer that does not sign.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Signer for Unsigned {
    type Error = Infallible;

    fn sign(&self, _: &mut Parts, _: &Bytes) -> Result<(), Infallible> {
        Ok(())
    }
}
