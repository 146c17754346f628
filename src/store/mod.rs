//! Stored responses, for a [`SharedCacheLayer`](crate::SharedCacheLayer).
//!
//! A [`MemoryStore`] holds responses in the memory of the process. Responses are found by URL, and among those of one
//! URL by the request fields that `Vary` names. A lookup compares a stored response with all later purges. A purge
//! therefore takes effect immediately, even for responses that are still in progress, and does not need an index of
//! tags.
//!
//! A [`RemoteStore`] is shared by several processes. It is the second level behind the memory of each process.

mod content;
mod encoding;
mod key;
mod memory;
mod purge_clock;
mod record;
mod remote;
mod selection;
mod terms;
mod url_filter;

pub use self::memory::MemoryStore;
pub use self::remote::{PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};

pub(crate) use self::content::{Blocks, Content, Draft, Rest};
pub(crate) use self::encoding::{Codec, Decoded, PurgeNames, Unusable};
pub(crate) use self::key::{ByKey, KeyBuffer, KeyParts, KeyRef, KeyRules, PrimaryKey, UrlName};
pub(crate) use self::memory::Found;
pub(crate) use self::purge_clock::{Moment, PurgeClock, PurgeOf};
pub(crate) use self::record::{CACHE_STATUS, Record, RecordHead, Usability};
pub(crate) use self::selection::{Selection, SelectionRules};
pub(crate) use self::terms::Terms;
pub(crate) use self::url_filter::UrlFilter;
