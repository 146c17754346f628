//! Whether the handler runs, what it receives, and what becomes of its content.

use http::{HeaderMap, HeaderValue, Method};
use tower_cache_policy::protocol::{Outcome, Representation};

use super::Exchange;
use crate::hostile::case::{self, Kind, now};
use crate::hostile::counts::Taken;
use crate::hostile::preconditions::{Asked, Has, outcome, without_coding};
use crate::hostile::service::code;
use crate::hostile::words::is_of_grpc;

impl Exchange<'_> {
    pub(super) fn handler_runs_once_or_not_at_all(&self) {
        let Self { case, came, .. } = self;
        assert!(came.handled.len() <= 1);
        if let Some((method, _)) = came.handled.first() {
            assert_eq!(*method, case.request.method);
        } else {
            assert!(matches!(came.status.as_u16(), 304 | 412 | 428), "{} without a handler", came.status);
            let requires = case.conditionals().any(|layer| layer.require);
            assert!(came.status.as_u16() != 428 || (requires && !self.is_safe()));
            assert!(came.content.trailers.is_none() && !came.content.broken);
        }
    }

    /// P-08, P-09. The content type of the request makes no difference.
    pub(super) fn no_write_through_a_failed_precondition(&self) {
        if self.is_safe() {
            return;
        }
        let fails = |(asked, current): &(Asked, &Representation)| match current {
            Representation::Current(validators) => outcome(asked, Some(&Has::of(validators))) != Outcome::Proceed,
            Representation::Missing => outcome(asked, None) != Outcome::Proceed,
            Representation::Unknown => asked.method != Method::OPTIONS && asked.protects_a_write(),
        };
        let failed = self.seen_by_sources().iter().any(fails);
        if failed {
            Taken::ClaimOfARefusedWrite.count_if(is_of_grpc(&self.case.request.headers));
            assert!(!self.was_handled(), "a write went through a precondition that failed");
            assert!(matches!(self.came.status.as_u16(), 412 | 428), "{}", self.came.status);
        } else {
            assert!(self.was_handled() || self.came.status == 428, "a write was refused without a reason");
        }
        assert!(self.came.status != 304 || self.status() == 304, "a 304 for a write");
    }

    /// N-09
    pub(super) fn required_preconditions_are_required(&self) {
        let Self { case, came, .. } = self;
        let is_write = matches!(case.request.method, Method::PUT | Method::POST | Method::PATCH | Method::DELETE);
        let states = ["if-match", "if-none-match", "if-unmodified-since"];
        let is_unprotected = states.iter().all(|name| !case.request.headers.contains_key(*name));
        if is_write && is_unprotected && case.conditionals().any(|layer| layer.require) {
            Taken::ClaimOfARefusedWrite.count_if(is_of_grpc(&case.request.headers));
            assert!(!self.was_handled(), "a write without a precondition where one is required");
            assert_eq!(came.status, 428);
        }
    }

    /// A request that says it is gRPC gets what it would get without saying so, unless the response is gRPC
    /// as well.
    pub(super) fn a_claim_changes_nothing(&self) {
        let Self { case, came, .. } = self;
        let says =
            case.request.headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
        if !says || self.is_grpc() {
            return;
        }
        Taken::Claim.count();
        let mut without = (*case).clone();
        without.request.headers.remove("content-type");
        let without = without.run();
        assert_eq!(came.handled.len(), without.handled.len(), "whether the handler runs");
        assert_eq!(came.status, without.status);
        assert_eq!(came.headers, without.headers);
    }

    /// Whether a layer reads preconditions at all: those of CONNECT, OPTIONS and TRACE mean nothing (P-03).
    fn evaluates_preconditions(&self) -> bool {
        self.has_conditional() && !matches!(self.case.request.method, Method::CONNECT | Method::OPTIONS | Method::TRACE)
    }

    /// RFC 9110 section 5.3: the inner service may read only the first line.
    pub(super) fn preconditions_are_joined(&self) {
        let Some((_, headers)) = self.came.handled.first().filter(|_| self.evaluates_preconditions()) else { return };
        for name in ["if-match", "if-none-match"] {
            // Joined, the last tag of such a line would take in the next one.
            let is_open = |line: &HeaderValue| line.as_bytes().iter().filter(|byte| **byte == b'"').count() % 2 == 1;
            if self.case.request.headers.get_all(name).iter().any(is_open) {
                continue;
            }
            assert!(headers.get_all(name).iter().count() <= 1, "{name} in several lines");
        }
    }

    /// R-01: "An origin server MUST ignore a Range header field that contains a range unit it does not
    /// understand" (RFC 9110 section 14.2).
    pub(super) fn unknown_range_units_are_ignored(&self) {
        let Some((_, headers)) = self.came.handled.first().filter(|_| self.evaluates_preconditions()) else { return };
        assert!(headers.get_all("range").iter().all(|it| !it.as_bytes().starts_with(b"pages=")), "another unit");
    }

    pub(super) fn no_false_not_modified(&self) {
        let Self { case, came, .. } = self;
        if came.status != 304 || (self.was_handled() && self.status() == 304) {
            return;
        }
        assert!(self.is_safe(), "a 304 to {}", case.request.method);
        for name in ["content-length", "content-type", "content-encoding", "content-range", "transfer-encoding"] {
            assert!(!came.headers.contains_key(name), "{name} on a 304 (N-02, N-03)");
        }
        let (headers, sources) = (&came.headers, self.seen_by_sources());
        let not_modified = |asked: &Asked, has: &Has| outcome(asked, Some(has)) == Outcome::NotModified;
        if !self.was_handled() {
            let by_a_source = sources.iter().any(|(asked, current)| match current {
                Representation::Current(validators) => not_modified(asked, &Has::of(validators)),
                _ => false,
            });
            assert!(by_a_source, "a 304 that no source has a reason for");
            return;
        }
        // P-26. A precondition goes before a range that cannot be satisfied.
        let is_range = self.status() == 416 && case.request.headers.contains_key("range");
        assert!(matches!(self.status().as_u16(), 200 | 203 | 206) || is_range, "a 304 for {}", self.status());
        // The tag that the response would have carried, and a date that may have left with it.
        let mut has = Has::read(headers, now());
        let of_handler = Has::read(self.headers(), now());
        let stamps = sources.iter().filter_map(|(_, current)| match current {
            Representation::Current(validators) => Has::of(validators).last_modified,
            _ => None,
        });
        let mut dates: Vec<_> = of_handler.last_modified.into_iter().chain(stamps).map(Some).chain([None]).collect();
        // A date in the future is sent as now by the layer that stamps it (V-14), and is a date as any other
        // to the layers further out.
        let now = now().unix_seconds();
        if case.conditionals().count() > 1 && dates.iter().any(|date| *date > Some(now)) {
            dates.push(Some(now));
        }
        // Each layer that may have decided saw the tags with one coding less, and added one to the tag of
        // the response.
        let mut asked = Asked::read(&case.request.method, &case.request.headers, case::now());
        let holds = (0..case.conditionals().count()).any(|_| {
            let holds = dates.iter().any(|date| {
                has.last_modified = *date;
                not_modified(&asked, &has)
            });
            asked = asked.clone().without_codings();
            if let Some((_, opaque)) = &mut has.etag {
                opaque.truncate(without_coding(opaque).len());
            }
            holds
        });
        assert!(holds, "a false 304: {has:?} for {:?}", case.request);
    }

    /// The bytes, the trailers, and where it breaks off.
    pub(super) fn content_is_unchanged(&self) {
        let Self { case, came, .. } = self;
        // Where only the response says that it is gRPC, either is right: Q-03 was written for calls.
        if came.status == 304 && is_of_grpc(self.headers()) {
            return;
        }
        // P-03
        let concerned = case.request.method != Method::OPTIONS && self.is_ours();
        let conditional = concerned && self.has_conditional();
        let is_made_by_handler = self.status() == 304 && case.handler.status != 304;
        if self.was_handled()
            && came.status == self.status()
            && !(came.status == 304 && (conditional || is_made_by_handler))
        {
            let mut content = case.handler.body.content();
            let encoded = came.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
            if self.is_compressed() && encoded && !self.headers().contains_key("content-encoding") {
                content.octets = code(&content.octets);
            }
            assert_eq!(came.content, content, "the content is another");
        } else if came.status != 428 && (!self.was_handled() || self.is_safe()) {
            assert_eq!(came.content, Default::default(), "a {} has content", came.status);
        }
        assert!(!(came.status == 304 && conditional) || came.content.trailers.is_none(), "trailers on a 304 (N-04)");
        if self.was_handled() && came.status != self.status() {
            let is_range = self.status() == 416 && came.status == 304;
            let may_change = self.status().is_success() || is_range;
            assert!(self.is_safe() && may_change, "{} became {}", self.status(), came.status);
            assert!(matches!(came.status.as_u16(), 304 | 412));
        }
    }

    pub(super) fn untouched_where_not_ours(&self) {
        let Self { case, came, .. } = self;
        if !self.was_handled() {
            return;
        }
        let expected = case.as_changed(self.headers());
        if !self.is_ours() {
            let mut headers = came.headers.clone();
            // A purge that the handler requests is announced whatever it returns (I-03).
            headers.remove("cache-group-invalidation");
            assert_eq!((came.status, &headers), (self.status(), &expected));
        }
        for name in ["set-cookie", "age", "x-cache", "content-location", "date"] {
            let lines = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            assert_eq!(lines(&came.headers), lines(&expected), "{name}");
        }
    }

    /// I-01
    pub(super) fn purges_follow_writes(&self) {
        let Self { case, came, .. } = self;
        let status = self.status();
        let written =
            self.was_handled() && !case.request.method.is_safe() && (status.is_success() || status.is_redirection());
        let layers = case.layers.iter().filter(|kind| matches!(kind, Kind::Purge { .. })).count();
        let asked = self.was_handled() && case.handler.purge;
        assert_eq!(came.purged, usize::from(written && asked && layers > 0), "{}", case.request.method);
        assert_eq!(came.asks_for_purge, asked && layers == 0, "purged a second time, or not at all");
    }
}
