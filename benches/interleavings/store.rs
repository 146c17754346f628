//! The stored responses: the files of the library for purges and records, and a minimal replacement for the rest.

#[path = "../../src/store/purge_clock.rs"]
mod purge_clock;
#[path = "../../src/store/record.rs"]
mod record;

pub(crate) use std::collections::hash_map::RandomState as ByKey;

pub(crate) use self::content::{Blocks, Content, Draft};
pub(crate) use self::key::{PrimaryKey, UrlName};
pub(crate) use self::purge_clock::{Moment, PurgeClock, PurgeOf, Purged};
pub(crate) use self::record::{Record, RecordHead, Usability};
pub(crate) use self::selection::Selection;
pub(crate) use self::terms::Terms;

mod content {
    use std::sync::Arc;

    use bytes::Bytes;

    /// Each content has its own memory.
    #[derive(Debug, Default)]
    pub(crate) struct Blocks;

    #[derive(Clone, Debug)]
    pub(crate) struct Content(pub(crate) Bytes);

    #[derive(Debug)]
    pub(crate) struct Draft(Vec<u8>);

    impl Draft {
        pub(crate) fn new(_: Arc<Blocks>) -> Self {
            Self(Vec::new())
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn append(&mut self, chunk: &[u8], _: Option<usize>) {
            self.0.extend_from_slice(chunk);
        }

        pub(crate) fn read(&self, place: usize) -> Option<Bytes> {
            self.0.get(place..).filter(|rest| !rest.is_empty()).map(Bytes::copy_from_slice)
        }

        pub(crate) fn finish(self) -> Content {
            Content(self.0.into())
        }
    }

    impl Content {
        pub(crate) fn part(&self, range: std::ops::Range<usize>) -> Option<Bytes> {
            Some(self.0.slice(range.start.min(self.0.len())..)).filter(|rest| !rest.is_empty())
        }

        pub(crate) fn weight(&self) -> usize {
            self.0.len()
        }
    }

    pub(crate) fn allocated(length: usize) -> usize {
        length
    }
}

mod key {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub(crate) struct PrimaryKey(pub(crate) &'static str);

    impl PrimaryKey {
        pub(crate) fn url(&self) -> UrlName {
            UrlName(self.0)
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct KeyRef<'a>(&'a PrimaryKey);

    impl KeyRef<'_> {
        pub(crate) fn url(self) -> UrlName {
            self.0.url()
        }
    }

    impl<'a> From<&'a PrimaryKey> for KeyRef<'a> {
        fn from(key: &'a PrimaryKey) -> Self {
            Self(key)
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub(crate) struct UrlName(pub(crate) &'static str);

    impl UrlName {
        pub(crate) fn without_host(&self) -> Self {
            self.clone()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn is_under(&self, prefix: &Self) -> bool {
            self.0.starts_with(prefix.0)
        }
    }
}

mod selection {
    /// Any request selects any response.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Selection;

    impl Selection {
        pub(crate) fn matches(&self, _: &http::HeaderMap) -> bool {
            true
        }

        pub(crate) fn weight(&self) -> usize {
            0
        }
    }
}

mod terms {
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Terms {
        pub(crate) lifetime: u64,
        pub(crate) stale_while_revalidate: u64,
        pub(crate) stale_if_error: u64,
        pub(crate) no_cache: bool,
        pub(crate) forbids_stale: bool,
    }
}
