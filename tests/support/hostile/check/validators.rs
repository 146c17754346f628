//! Validators come from one source, and name a representation that exists.

use http::{HeaderMap, Method};
use tower_cache_policy::protocol::{HttpDate, Representation};

use super::Exchange;
use crate::hostile::case::{Kind, Precedence, now};
use crate::hostile::counts::Taken;
use crate::hostile::preconditions::{Has, without_coding};
use crate::hostile::words::Word;

impl Exchange<'_> {
    /// C1, C2: where a source states validators and the handler none, no tag is generated beside them, GET and
    /// HEAD carry the same, and none is stamped on a response that is not the representation of the source.
    pub(super) fn one_validator_source(&self) {
        let Self { case, came, .. } = self;
        let mut conditionals = case.layers.iter().filter(|kind| kind.conditional().is_some());
        let (Some(Kind::Caching(_, conditional)), None) = (conditionals.next(), conditionals.next()) else { return };
        let Some(Representation::Current(validators)) = &conditional.source else { return };
        let has_none = ["etag", "last-modified"].iter().all(|name| !self.headers().contains_key(*name));
        let is_page = self.was_handled() && matches!(came.status.as_u16(), 200 | 203) && came.status == self.status();
        let tags_otherwise = case.layers.iter().any(|kind| kind.codes() || matches!(kind, Kind::EntityTag { .. }));
        if !self.is_ours() || !self.is_safe() || !has_none || !is_page || tags_otherwise {
            return;
        }
        Taken::SourceInCaching.count();
        let sent = Has::read(&came.headers, now());
        let Has { etag: own, last_modified: date } = Has::of(validators);
        if let Some((weak, opaque)) = sent.etag.as_ref() {
            let (own_weak, own_opaque) = own.as_ref().expect("a tag beside a source that states none");
            let opaque = without_coding(opaque);
            assert!(opaque == own_opaque || opaque == without_coding(own_opaque), "a tag of another source");
            // A tag cannot name several codings, and is weak then (V-09).
            let is_coded = self.headers().contains_key("content-encoding");
            assert!(weak == own_weak || is_coded, "a tag of another source");
        }
        assert!(sent.last_modified.is_none_or(|sent| Some(sent) <= date), "a date of another source");

        let is_another = case.handler.personalized
            || case.request.personalized
            || self.headers().contains_key("set-cookie")
            || self.returned.standard().any(Word::forbids_storing) && !self.overrides_no_store();
        if is_another && case.layers.iter().all(|kind| kind.risks().is_empty()) {
            assert_eq!(sent, Has::default(), "the validators of a source on a response that is not its representation");
        }
        let mut other = (*case).clone();
        other.request.method = if case.request.method == Method::GET { Method::HEAD } else { Method::GET };
        let other = other.run();
        let lines = |headers: &HeaderMap| {
            ["etag", "last-modified"].map(|name| headers.get_all(name).iter().cloned().collect::<Vec<_>>())
        };
        if other.status == came.status {
            assert_eq!(lines(&came.headers), lines(&other.headers), "GET and HEAD");
        }
    }

    /// Whether a layer overrides even the `no-store` of its handler.
    fn overrides_no_store(&self) -> bool {
        self.case
            .layers
            .iter()
            .filter_map(|kind| kind.policy())
            .any(|it| it.precedence == Precedence::OverrideEvenNoStore)
    }

    /// V-14, for the handler, a source and our own layers.
    pub(super) fn last_modified_is_not_in_the_future(&self) {
        if !self.is_ours() || !self.is_safe() || !self.has_conditional() {
            return;
        }
        if !self.came.status.is_success() {
            return;
        }
        let mut lines = self.came.headers.get_all("last-modified").iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return };
        if let Ok(date) = HttpDate::parse(line.as_bytes(), now()) {
            assert!(date.unix_seconds() <= now().unix_seconds(), "Last-Modified: {line:?}");
        }
    }
}
