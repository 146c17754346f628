//! A site with one page and a cache, and the handling of its responses.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};

use super::checks::Gate;
use super::event::NotStored;
use super::flights::{Flights, Landing};
use super::tee::Sink;
use crate::policy::CacheTags;
use crate::protocol::{Age, HttpDate};
use crate::store::{Blocks, Content, Moment, PrimaryKey, PurgeClock, Record, RecordHead, Selection, Terms, Usability};

pub(crate) const KEY: PrimaryKey = PrimaryKey("/");

/// A site with one page.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) purges: PurgeClock,
    pub(crate) flights: Arc<Flights>,
    pub(crate) stored: Mutex<Option<Arc<Record>>>,
    pub(crate) calls: AtomicUsize,
    pub(crate) stores: AtomicUsize,
    pub(crate) under_way: AtomicUsize,
    pub(crate) blocks: Arc<Blocks>,
    /// Whether the rest of a body arrives only after a client has received its first frame.
    pub(crate) reader_opens: bool,
    pub(super) gate: Mutex<Option<Gate>>,
    /// The version of the page.
    pub(crate) version: AtomicU64,
    /// The version whose purge is complete.
    pub(crate) purged: AtomicU64,
}

impl Site {
    /// Returns the stored page if it may be used.
    pub(crate) fn find(&self) -> Option<Arc<Record>> {
        let record = self.stored.lock().unwrap().clone()?;
        self.is_usable(&record).then_some(record)
    }

    pub(crate) fn is_usable(&self, record: &Record) -> bool {
        matches!(record.usability(&KEY, HttpDate::UNIX_EPOCH, &self.purges), Usability::Fresh(_))
    }
}

#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) site: Arc<Site>,
    pub(super) moment: Moment,
}

#[derive(Debug)]
pub(super) enum Verdict<B, E> {
    Store { head: Box<RecordHead>, length: Option<u64>, response: Parts, body: B },
    Pass(Response<B>, NotStored),
    Confirmed { record: Arc<Record>, is_stored: bool },
    Failed(Arc<Record>),
    Error(E),
    Again,
}

impl Exchange {
    pub(super) fn judge<B, E>(&mut self, result: Result<Response<B>, E>) -> Verdict<B, E> {
        match result {
            Err(error) => Verdict::Error(error),
            Ok(response) if response.headers().contains_key("set-cookie") => {
                Verdict::Pass(response, NotStored::Forbidden)
            }
            Ok(response) => {
                let (response, body) = response.into_parts();
                Verdict::Store { head: Box::new(head(self.moment, CacheTags::new())), length: None, response, body }
            }
        }
    }
}

/// The head of a response that is fresh for a minute.
pub(crate) fn head(moment: Moment, tags: CacheTags) -> RecordHead {
    RecordHead {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        selection: Selection,
        terms: Terms { lifetime: 60, ..Terms::default() },
        moment,
        received: HttpDate::UNIX_EPOCH,
        initial_age: Age::ZERO,
        date: HttpDate::UNIX_EPOCH,
        tags,
        ruling: None,
    }
}

impl Sink for Exchange {
    fn store(&self, head: Box<RecordHead>, body: Content) -> Landing {
        let record = Arc::new(Record::new(*head, body));
        let mut stored = self.site.stored.lock().unwrap();
        if stored.as_ref().is_none_or(|known| known.head().moment <= record.head().moment) {
            *stored = Some(Arc::clone(&record));
        }
        self.site.stores.fetch_add(1, Ordering::SeqCst);
        Landing::Stored(record)
    }

    fn give_up(&self, _: NotStored) {}

    fn replace(&self) {}

    fn abandon(&self) {}

    fn ends_at_length(&self) -> bool {
        false
    }

    fn blocks(&self) -> &Arc<Blocks> {
        &self.site.blocks
    }

    fn max_body(&self) -> usize {
        1 << 10
    }

    fn under_way(&self) -> &AtomicUsize {
        &self.site.under_way
    }

    fn is_full(&self) -> bool {
        self.site.under_way.load(Ordering::SeqCst) > 1 << 10
    }
}
