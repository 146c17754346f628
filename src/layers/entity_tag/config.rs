//! [`Config`]: what a layer was told, shared by its services and futures.

use std::fmt;

use super::digest::Digest;
use super::memory::Memory;

#[derive(Clone)]
pub(super) struct Config {
    pub(super) digest: Digest,
    /// `None` where every body is to be hashed.
    pub(super) memory: Option<Memory>,
    pub(super) max_body: u64,
    pub(super) max_unknown_length: Option<u64>,
    pub(super) enabled: bool,
}

/// Without the key.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("keyed", &self.digest.is_keyed())
            .field("remembers", &self.memory.is_some())
            .field("max_body", &self.max_body)
            .field("max_unknown_length", &self.max_unknown_length)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
