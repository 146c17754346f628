//! HTTP caching policy for tower services.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum;
pub mod layers;
pub mod policy;
pub mod protocol;

pub use self::layers::Clock;
pub use self::layers::cache_policy::CachePolicyLayer;
pub use self::layers::caching::CachingLayer;
pub use self::layers::conditional::{ConditionalLayer, HeadValidators};
pub use self::layers::entity_tag::EntityTagLayer;
