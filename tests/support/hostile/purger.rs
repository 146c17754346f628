//! A purger that counts the purges that it receives.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use tower_cache_policy::edge::purge::Purge;
use tower_service::Service;

#[derive(Clone, Debug, Default)]
pub struct Purger {
    purged: Rc<Cell<usize>>,
    fails: bool,
}

impl Purger {
    /// A purger with the same count, which fails if `fails` is set.
    #[must_use]
    pub fn failing(&self, fails: bool) -> Self {
        Self { purged: Rc::clone(&self.purged), fails }
    }

    pub fn purged(&self) -> usize {
        self.purged.get()
    }
}

impl Service<Purge> for Purger {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, purge: Purge) -> Self::Future {
        assert!(!purge.is_empty());
        self.purged.set(self.purged.get() + 1);
        ready(if self.fails { Err("the cache is down") } else { Ok(()) })
    }
}
