//! [`Config`]: the settings that a layer shares with its services and futures.

use std::fmt;

use super::digest::Digest;
use super::memo::Memo;

#[derive(Clone)]
pub(super) struct Config {
    pub(super) digest: Digest,
    /// `None` if every body must be hashed.
    pub(super) memo: Option<Memo>,
    pub(super) max_body: u64,
    pub(super) max_unknown_length: Option<u64>,
    pub(super) enabled: bool,
}

/// Omits the secret key.
impl fmt::Debug for Config {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("keyed", &self.digest.is_keyed())
            .field("has_memo", &self.memo.is_some())
            .field("max_body", &self.max_body)
            .field("max_unknown_length", &self.max_unknown_length)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
