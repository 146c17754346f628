//! [`EntityTagLayer`]: configuration only.

use std::sync::Arc;

use tower_layer::Layer;

use super::config::Config;
use super::digest::Digest;
use super::memory::Memory;
use super::service::EntityTagService;

/// Gives the answers to GET an `ETag` made from their content. See the
/// [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct EntityTagLayer {
    config: Arc<Config>,
}

impl EntityTagLayer {
    /// The greatest body that is hashed unless [`max_body`](EntityTagLayer::max_body)
    /// says otherwise: 1 MiB.
    pub const DEFAULT_MAX_BODY: u64 = 1 << 20;

    /// Weak tags, for bodies of a known length up to 1 MiB (V-08, V-21, G-24).
    #[must_use]
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config {
                digest: Digest::Weak,
                memory: Some(Memory::default()),
                max_body: Self::DEFAULT_MAX_BODY,
                max_unknown_length: None,
                enabled: true,
            }),
        }
    }

    /// Strong tags, of 192 bits of BLAKE3 (G-16).
    ///
    /// # Warning
    ///
    /// A strong tag names exact octets. A layer around this one that changes them must
    /// change the tag: [`ConditionalLayer`](crate::ConditionalLayer) outside a
    /// compression layer does so.
    #[cfg(feature = "strong-tags")]
    #[must_use]
    pub fn strong(self) -> Self {
        let key = match self.config.digest {
            Digest::Weak => None,
            Digest::Cryptographic { key, .. } => key,
        };
        self.with(|config| config.digest = Digest::Cryptographic { strong: true, key })
    }

    /// Tags that depend on a secret key as well, weak or strong, by BLAKE3's keyed mode.
    ///
    /// Whoever sees the tag of a short private answer can otherwise find the answer by
    /// trying (G-16). Answers marked as [`Personalized`](crate::policy::Personalized) are
    /// tagged only with a key. Every replica must have the same one.
    #[cfg(feature = "strong-tags")]
    #[must_use]
    pub fn keyed(self, key: [u8; 32]) -> Self {
        let strong = match self.config.digest {
            Digest::Weak => false,
            Digest::Cryptographic { strong, .. } => strong,
        };
        self.with(|config| {
            config.digest = Digest::Cryptographic { strong, key: Some(key) };
        })
    }

    /// The greatest body that is hashed, in bytes. A body whose size hint says more is
    /// not touched.
    ///
    /// The answer's head waits until the whole body has come, so a greater bound has clients wait
    /// longer for the first octet of a body that comes slowly.
    #[must_use]
    pub fn max_body(self, bytes: u64) -> Self {
        self.with(|config| config.max_body = bytes)
    }

    /// Also reads bodies of unknown length, up to `bytes` bytes each; one that has more
    /// is streamed on, what was read first, without a tag.
    ///
    /// # Warning
    ///
    /// The answer's head waits until the body has ended or so many bytes have come, and
    /// a slow body keeps it waiting. Without this, such a body is streamed untouched.
    #[must_use]
    pub fn buffer_unknown_length(self, bytes: u64) -> Self {
        self.with(|config| config.max_unknown_length = Some(bytes))
    }

    /// Hashes every body, also [one that comes again](super#bodies-that-come-again).
    ///
    /// For octets that change in place under a [`Bytes`](bytes::Bytes) that was made
    /// [from an owner](bytes::Bytes::from_owner), such as a mapped file that is overwritten. Their tag
    /// would be that of what stood there first.
    #[must_use]
    pub fn hash_every_body(self) -> Self {
        self.with(|config| config.memory = None)
    }

    /// If `false`, the layer passes requests and responses through unchanged.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|config| config.enabled = enabled)
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let config = Arc::make_mut(&mut self.config);
        change(config);
        // What was remembered are the tags of before.
        config.memory = config.memory.as_ref().map(|_| Memory::default());
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
        EntityTagService::new(inner, Arc::clone(&self.config))
    }
}
