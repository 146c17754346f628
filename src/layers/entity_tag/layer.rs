//! [`EntityTagLayer`]: configuration only.

use std::sync::Arc;

use tower_layer::Layer;

use super::config::Config;
use super::digest::Digest;
use super::memo::Memo;
use super::service::EntityTagService;
use crate::layers::cache_policy::NoPolicy;
use crate::layers::shared::Table;

/// Generates an `ETag` from the content of responses to GET. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct EntityTagLayer {
    config: Arc<Config>,
}

impl EntityTagLayer {
    /// The default of [`max_body`](EntityTagLayer::max_body) in bytes: 1 MiB.
    pub const DEFAULT_MAX_BODY: u64 = 1 << 20;

    /// Creates a layer that generates weak tags for bodies of known length, up to 1 MiB.
    #[must_use]
    pub fn new() -> Self {
        // V-08, V-21, G-24
        Self {
            config: Arc::new(Config {
                digest: Digest::Weak,
                memo: Some(Memo::default()),
                max_body: Self::DEFAULT_MAX_BODY,
                max_unknown_length: None,
                enabled: true,
            }),
        }
    }

    /// Generates strong tags, from the first 192 bits of a BLAKE3 hash.
    ///
    /// A strong tag satisfies `If-Match` and `If-Range`, so use it for optimistic locking and for downloads that
    /// clients resume.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::EntityTagLayer;
    ///
    /// # tokio_test::block_on(async {
    /// for (layer, etag) in [
    ///     (EntityTagLayer::new(), "W/\"tenBrQcbPn_Hec-qXlI4GA\""),
    ///     (EntityTagLayer::new().strong(), "\"6o8WPbOGgpJeRJHF5Y1Ls1Bu-MFOt4qG\""),
    /// ] {
    ///     let service = ServiceBuilder::new()
    ///         .layer(layer)
    ///         .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()["etag"], etag);
    /// }
    /// # });
    /// ```
    ///
    /// # Warning
    ///
    /// A strong tag names exact bytes
    /// ([RFC 9110 section 8.8.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.1)). An outer layer that
    /// changes the content must change the tag as well. For compression, put a
    /// [`ConditionalLayer`](crate::ConditionalLayer) outside the compression layer.
    #[cfg(feature = "strong-tags")]
    #[cfg_attr(docsrs, doc(cfg(feature = "strong-tags")))]
    #[must_use]
    #[inline]
    pub fn strong(self) -> Self {
        // G-16
        let key = match self.config.digest {
            Digest::Weak => None,
            Digest::Cryptographic { key, .. } => key,
        };
        self.with(|config| config.digest = Digest::Cryptographic { strong: true, key })
    }

    /// Generates tags that also depend on a secret key, with BLAKE3's keyed mode. Both weak and strong tags can have a
    /// key.
    ///
    /// Without a key, an attacker who sees the tag of a short private response can find the content by hashing guesses.
    /// Responses marked as [`Personalized`](crate::policy::Personalized) therefore get a tag only with a key.
    ///
    /// All replicas must have the same key. A new key changes every tag.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::EntityTagLayer;
    /// use tower_cache_policy::policy::Personalized;
    ///
    /// # fn load_secret() -> [u8; 32] { [7; 32] }
    /// # tokio_test::block_on(async {
    /// for (layer, has_tag) in [(EntityTagLayer::new(), false), (EntityTagLayer::new().keyed(load_secret()), true)] {
    ///     let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
    ///         let mut response = Response::new(Full::<Bytes>::from("balance: 7"));
    ///         response.extensions_mut().insert(Personalized);
    ///         Ok::<_, Infallible>(response)
    ///     });
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers().contains_key("etag"), has_tag);
    /// }
    /// # });
    /// ```
    #[cfg(feature = "strong-tags")]
    #[cfg_attr(docsrs, doc(cfg(feature = "strong-tags")))]
    #[must_use]
    #[inline]
    pub fn keyed(self, key: [u8; 32]) -> Self {
        // G-16
        let strong = match self.config.digest {
            Digest::Weak => false,
            Digest::Cryptographic { strong, .. } => strong,
        };
        self.with(|config| {
            config.digest = Digest::Cryptographic { strong, key: Some(key) };
        })
    }

    /// Sets the maximum size of a body that the layer hashes, in bytes. The default is 1 MiB.
    ///
    /// A body with a larger size hint is streamed without a tag. The layer reads the complete body before it returns
    /// the response head. A larger limit therefore delays the first byte of a slow body.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::EntityTagLayer;
    ///
    /// # tokio_test::block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(EntityTagLayer::new().max_body(4))
    ///     .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// assert!(!response.headers().contains_key("etag"), "five bytes are too many");
    /// # });
    /// ```
    #[must_use]
    #[inline]
    pub fn max_body(self, bytes: u64) -> Self {
        self.with(|config| config.max_body = bytes)
    }

    /// Also hashes bodies of unknown length, up to `bytes` bytes each. By default, such bodies are streamed without a
    /// tag.
    ///
    /// A longer body is streamed without a tag as well, starting with the bytes that were already read. The limit of
    /// [`max_body`](EntityTagLayer::max_body) still applies.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use futures_util::stream;
    /// use http::{Request, Response};
    /// use http_body::Frame;
    /// use http_body_util::StreamBody;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::EntityTagLayer;
    ///
    /// # tokio_test::block_on(async {
    /// for (layer, has_tag) in [
    ///     (EntityTagLayer::new(), false),
    ///     (EntityTagLayer::new().buffer_unknown_length(1_024), true),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(layer).service_fn(async |_: Request<()>| {
    ///         let chunks = ["hel", "lo"].map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from(chunk))));
    ///         Ok::<_, Infallible>(Response::new(StreamBody::new(stream::iter(chunks))))
    ///     });
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers().contains_key("etag"), has_tag);
    /// }
    /// # });
    /// ```
    ///
    /// # Warning
    ///
    /// The layer returns the response head only after the body has ended or exceeded the limit, so a slow body delays
    /// the response.
    #[must_use]
    #[inline]
    pub fn buffer_unknown_length(self, bytes: u64) -> Self {
        self.with(|config| config.max_unknown_length = Some(bytes))
    }

    /// Hashes every body, even [one that is sent repeatedly](super#repeated-bodies).
    ///
    /// Use it if the bytes of a [`Bytes`](bytes::Bytes) value can change, for example a memory-mapped file that was
    /// passed to [`Bytes::from_owner`](bytes::Bytes::from_owner). The layer would otherwise return the tag of the old
    /// content.
    #[must_use]
    #[inline]
    pub fn hash_every_body(self) -> Self {
        self.with(|config| config.memo = None)
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    ///
    /// The default is `true`.
    #[must_use]
    #[inline]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    /// Wraps a service with a policy, and the result with the layer.
    pub(crate) fn with_policy<S, P>(&self, inner: S, policy: P) -> EntityTagService<S, P> {
        static CONFIGS: Table<Config> = Table::new();
        EntityTagService::new(inner, CONFIGS.share(&self.config), policy)
    }

    #[inline]
    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let config = Arc::make_mut(&mut self.config);
        change(config);
        // Tags in the memo were generated with the old settings.
        config.memo = config.memo.as_ref().map(|_| Memo::default());
        self
    }
}

impl Default for EntityTagLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for EntityTagLayer {
    type Service = EntityTagService<S>;

    fn layer(&self, inner: S) -> EntityTagService<S> {
        self.with_policy(inner, NoPolicy)
    }
}
