//! [`Signer`]: the cryptography that some APIs want and this crate has not.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::request::Parts;

/// Signs the requests of an API that takes no plain credential.
///
/// Closures sign: `|head: &mut http::request::Parts, body: &bytes::Bytes| -> Result<(), E>`. They
/// are called once for each request, when all else of it is in place.
pub trait Signer {
    /// Why there is no signature. Its text becomes part of a [`PurgeError`](super::PurgeError), and
    /// so must not have a credential in it.
    type Error: fmt::Display;

    /// Adds the signature to the head.
    ///
    /// # Errors
    ///
    /// When there is none, because credentials have expired, for one.
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

/// Leaves the requests without a signature, for a client that signs them. Sent as they are, they
/// are refused.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Unsigned;

impl Unsigned {
    /// No signature.
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
