//! [`HttpRequest`]: the requests of the services of this crate.

use http::Request;

/// A request of version 1 of the crate [`http`], with any body. Implemented for [`http::Request`] only.
///
/// The services of this crate are generic over this trait instead of the body alone, so that the compiler names the
/// remedy when they are used with a framework that has another version of `http`:
///
/// | Framework | Works from | Does not work |
/// |---|---|---|
/// | axum | 0.7 | 0.6 and earlier |
/// | hyper | 1 | 0.14 and earlier |
/// | tonic | 0.12 | 0.11 and earlier |
/// | tower-http | 0.5 | 0.4 and earlier |
/// | warp | 0.4 | 0.3 and earlier |
///
/// With axum 0.7, the layers work, and the feature `axum` does not: it is for axum 0.8.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request of version 1 of the crate `http`",
    label = "this framework has another version of the crate `http` than tower-cache-policy",
    note = "tower-cache-policy needs `http` 1, which these have: axum 0.7 or later, hyper 1 or later, tonic 0.12 or later, \
            tower-http 0.5 or later, warp 0.4 or later",
    note = "`cargo tree --invert http@0.2` shows which dependency to update"
)]
pub trait HttpRequest: sealed::Sealed {
    /// The body.
    type Body;

    #[doc(hidden)]
    fn http_mut(&mut self) -> &mut Request<Self::Body>;

    #[doc(hidden)]
    fn into_http(self) -> Request<Self::Body>;

    #[doc(hidden)]
    fn from_http(request: Request<Self::Body>) -> Self;
}

impl<B> HttpRequest for Request<B> {
    type Body = B;

    fn http_mut(&mut self) -> &mut Self {
        self
    }

    fn into_http(self) -> Self {
        self
    }

    fn from_http(request: Self) -> Self {
        request
    }
}

mod sealed {
    /// Prevents other implementations, so that methods can be added.
    #[allow(unnameable_types)] // The purpose of the trait.
    pub trait Sealed {}

    impl<B> Sealed for http::Request<B> {}
}
