//! Validators come from one source, and identify an existing representation.

use http::{HeaderMap, Method};
use tower_cache_policy::protocol::{HttpDate, Representation};

use super::Exchange;
use crate::hostile::case::{Kind, Precedence, now};
use crate::hostile::coverage::Coverage;
use crate::hostile::preconditions::{OriginValidators, without_coding};
use crate::hostile::readers::Permissions;

impl Exchange<'_> {
    /// C1, C2: if a source has validators but the handler does not, no other tag is generated, and GET and HEAD have
    /// the same validators. A response with another representation than that of the source has no validators.
    pub(super) fn one_validator_source(&self) {
        let Self { case, result, .. } = self;
        let mut conditionals = case.layers.iter().filter(|kind| kind.conditional().is_some());
        let (Some(Kind::Caching(_, conditional)), None) = (conditionals.next(), conditionals.next()) else { return };
        let Some(Representation::Current(validators)) = &conditional.source else { return };
        let has_none = ["etag", "last-modified"].iter().all(|name| !self.headers().contains_key(*name));
        let is_page =
            self.was_handled() && matches!(result.status.as_u16(), 200 | 203) && result.status == self.status();
        let tags_otherwise = case.layers.iter().any(|kind| kind.compresses() || matches!(kind, Kind::EntityTag { .. }));
        if !self.layers_apply() || !self.is_safe() || !has_none || !is_page || tags_otherwise {
            return;
        }
        Coverage::SourceInCaching.count();
        let sent = OriginValidators::read(&result.headers, now());
        let OriginValidators { etag: own, last_modified: date } = OriginValidators::of(validators);
        if let Some((weak, opaque)) = sent.etag.as_ref() {
            let (own_weak, own_opaque) = own.as_ref().expect("a tag that the source does not have");
            let opaque = without_coding(opaque);
            assert!(opaque == own_opaque || opaque == without_coding(own_opaque), "a tag of another source");
            // A tag with several codings is weak, because its suffix can contain only one (V-09).
            let is_coded = self.headers().contains_key("content-encoding");
            assert!(weak == own_weak || is_coded, "a tag of another source");
        }
        assert!(sent.last_modified.is_none_or(|sent| Some(sent) <= date), "a date of another source");

        let is_another = case.handler.personalized
            || case.request.personalized
            || self.headers().contains_key("set-cookie")
            || self.handler_readings.standard().any(Permissions::forbids_storing) && !self.overrides_no_store();
        if is_another && case.layers.iter().all(|kind| kind.risks().is_empty()) {
            assert_eq!(
                sent,
                OriginValidators::default(),
                "the validators of a source on a response that is not its representation"
            );
        }
        let mut other = (*case).clone();
        other.request.method = if case.request.method == Method::GET { Method::HEAD } else { Method::GET };
        let other = other.run();
        let lines = |headers: &HeaderMap| {
            ["etag", "last-modified"].map(|name| headers.get_all(name).iter().cloned().collect::<Vec<_>>())
        };
        if other.status == result.status {
            assert_eq!(lines(&result.headers), lines(&other.headers), "GET and HEAD");
        }
    }

    /// Returns whether a layer overrides the `no-store` of the handler.
    fn overrides_no_store(&self) -> bool {
        self.case.layers.iter().filter_map(|kind| kind.policy()).any(|it| it.precedence == Precedence::OverrideNoStore)
    }

    /// V-14, for dates from the handler, a source and the layers.
    pub(super) fn last_modified_is_not_in_the_future(&self) {
        if !self.layers_apply() || !self.is_safe() || !self.has_conditional() {
            return;
        }
        if !self.result.status.is_success() {
            return;
        }
        let mut lines = self.result.headers.get_all("last-modified").iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return };
        if let Ok(date) = HttpDate::parse(line.as_bytes(), now()) {
            assert!(date.unix_seconds() <= now().unix_seconds(), "Last-Modified: {line:?}");
        }
    }
}
