//! [`CacheAudit`]: what caches will do with an answer, and why.

use std::fmt;

use http::{request, response};

use super::at_edge;
use super::exchange::Exchange;
use super::findings;
use super::standard;
use super::verdict::{Keeper, Verdict};
use super::warning::{Level, Warning};
use crate::edge::EdgeProfile;
use crate::protocol::{Cache, HttpDate};

/// What caches will do with an answer, and why. See the [module docs](super) for an example.
///
/// Displays as a paragraph for each cache and a line for each warning.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CacheAudit {
    exchange: Exchange,
    browser: Verdict,
    shared: Verdict,
    edges: Vec<(EdgeProfile, Verdict)>,
    warnings: Vec<Warning>,
}

impl CacheAudit {
    /// Of a browser and of a shared cache that get this answer to this request at `now`.
    ///
    /// The mark [`Personalized`](crate::policy::Personalized) counts in the extensions of
    /// either.
    pub fn of(request: &request::Parts, response: &response::Parts, now: HttpDate) -> Self {
        let exchange = Exchange::new(request, response, now);
        let (browser, shared) = (standard::browser(&exchange), standard::shared_cache(&exchange));
        let warnings = findings::warnings(&exchange, &browser, &shared, &[]);
        Self { exchange, browser, shared, edges: Vec::new(), warnings }
    }

    /// Of an edge as well. One of the same name as one before takes its place.
    pub fn at(self, profile: &EdgeProfile) -> Self {
        self.at_all([profile])
    }

    /// Of several edges as well, each as if it stood alone in front of the service.
    pub fn at_all<'a>(mut self, profiles: impl IntoIterator<Item = &'a EdgeProfile>) -> Self {
        for profile in profiles {
            self.edges.retain(|(other, _)| other.name() != profile.name());
            self.edges.push((profile.clone(), at_edge::verdict(&self.exchange, profile)));
        }
        self.warnings = findings::warnings(&self.exchange, &self.browser, &self.shared, &self.edges);
        self
    }

    /// What a browser does.
    #[must_use]
    pub const fn browser(&self) -> &Verdict {
        &self.browser
    }

    /// What a shared cache does that goes by RFC 9111.
    #[must_use]
    pub const fn shared(&self) -> &Verdict {
        &self.shared
    }

    /// What a cache of this kind does.
    #[must_use]
    pub const fn by(&self, cache: Cache) -> &Verdict {
        match cache {
            Cache::Private => &self.browser,
            Cache::Shared => &self.shared,
        }
    }

    /// What the edge of this name does, or `None` where it was not asked about.
    #[must_use]
    pub fn edge(&self, name: &str) -> Option<&Verdict> {
        self.edges().find(|verdict| matches!(verdict.keeper(), Keeper::Edge(own) if own.eq_ignore_ascii_case(name)))
    }

    /// What each edge does that was asked about.
    pub fn edges(&self) -> impl Iterator<Item = &Verdict> {
        self.edges.iter().map(|(_, verdict)| verdict)
    }

    /// What each cache does: a browser, a shared cache, and the edges.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        [&self.browser, &self.shared].into_iter().chain(self.edges())
    }

    /// What is seldom meant, the worst first.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The level of the worst warning.
    #[must_use]
    pub fn worst(&self) -> Option<Level> {
        self.warnings.iter().map(Warning::level).max()
    }
}

impl fmt::Display for CacheAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, verdict) in self.verdicts().enumerate() {
            write!(f, "{}{verdict}", if index == 0 { "" } else { "\n" })?;
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\n{warning}"))
    }
}
