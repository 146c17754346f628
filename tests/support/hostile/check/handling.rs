//! The handler runs when it should, receives the correct request, and its content is unchanged.

use http::{HeaderMap, HeaderValue, Method};
use tower_cache_policy::protocol::{Outcome, Representation};

use super::Exchange;
use crate::hostile::case::{self, Kind, now};
use crate::hostile::coverage::Coverage;
use crate::hostile::preconditions::{OriginValidators, RequestPreconditions, outcome, without_coding};
use crate::hostile::readers::is_grpc_content;
use crate::hostile::service::encode;

impl Exchange<'_> {
    pub(super) fn handler_runs_once_or_not_at_all(&self) {
        let Self { case, result, .. } = self;
        assert!(result.handler_requests.len() <= 1);
        if let Some((method, _)) = result.handler_requests.first() {
            assert_eq!(*method, case.request.method);
        } else {
            assert!(matches!(result.status.as_u16(), 304 | 412 | 428), "{} without a handler", result.status);
            let requires = case.conditionals().any(|layer| layer.require);
            assert!(result.status.as_u16() != 428 || (requires && !self.is_safe()));
            assert!(result.content.trailers.is_none() && !result.content.broken);
        }
    }

    /// P-08, P-09. The content type of the request is irrelevant.
    pub(super) fn no_write_passes_a_failed_precondition(&self) {
        if self.is_safe() {
            return;
        }
        let fails = |(preconditions, current): &(RequestPreconditions, &Representation)| match current {
            Representation::Current(validators) => {
                outcome(preconditions, Some(&OriginValidators::of(validators))) != Outcome::Proceed
            }
            Representation::Missing => outcome(preconditions, None) != Outcome::Proceed,
            Representation::Unknown => preconditions.method != Method::OPTIONS && preconditions.protects_a_write(),
        };
        let failed = self.seen_by_sources().iter().any(fails);
        if failed {
            Coverage::GrpcClaimOfRefusedWrite.count_if(is_grpc_content(&self.case.request.headers));
            assert!(!self.was_handled(), "a write passed a failed precondition");
            assert!(matches!(self.result.status.as_u16(), 412 | 428), "{}", self.result.status);
        } else {
            assert!(self.was_handled() || self.result.status == 428, "a write was refused without a reason");
        }
        assert!(self.result.status != 304 || self.status() == 304, "a 304 for a write");
    }

    /// N-09
    pub(super) fn required_preconditions_are_required(&self) {
        let Self { case, result, .. } = self;
        let is_write = matches!(case.request.method, Method::PUT | Method::POST | Method::PATCH | Method::DELETE);
        let states = ["if-match", "if-none-match", "if-unmodified-since"];
        let is_unprotected = states.iter().all(|name| !case.request.headers.contains_key(*name));
        if is_write && is_unprotected && case.conditionals().any(|layer| layer.require) {
            Coverage::GrpcClaimOfRefusedWrite.count_if(is_grpc_content(&case.request.headers));
            assert!(!self.was_handled(), "a write passed without a required precondition");
            assert_eq!(result.status, 428);
        }
    }

    /// A request with the content type of gRPC gets the same response as one without, unless the response is also gRPC
    ///
    pub(super) fn a_claim_changes_nothing(&self) {
        let Self { case, result, .. } = self;
        let claims_grpc =
            case.request.headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
        if !claims_grpc || self.is_grpc() {
            return;
        }
        Coverage::GrpcClaim.count();
        let mut without = (*case).clone();
        without.request.headers.remove("content-type");
        let without = without.run();
        assert_eq!(result.handler_requests.len(), without.handler_requests.len(), "whether the handler runs");
        assert_eq!(result.status, without.status);
        assert_eq!(result.headers, without.headers);
    }

    /// Returns whether a layer evaluates preconditions. They have no meaning for CONNECT, OPTIONS and TRACE (P-03).
    fn evaluates_preconditions(&self) -> bool {
        self.has_conditional() && !matches!(self.case.request.method, Method::CONNECT | Method::OPTIONS | Method::TRACE)
    }

    /// RFC 9110 section 5.3: the inner service may read only the first line.
    pub(super) fn preconditions_are_joined(&self) {
        let Some((_, headers)) = self.result.handler_requests.first().filter(|_| self.evaluates_preconditions()) else {
            return;
        };
        for name in ["if-match", "if-none-match"] {
            // In a joined line, the unterminated tag would include the next tag.
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
        let Some((_, headers)) = self.result.handler_requests.first().filter(|_| self.evaluates_preconditions()) else {
            return;
        };
        assert!(
            headers.get_all("range").iter().all(|it| !it.as_bytes().starts_with(b"pages=")),
            "a range with another unit"
        );
    }

    pub(super) fn not_modified_is_correct(&self) {
        let Self { case, result, .. } = self;
        if result.status != 304 || (self.was_handled() && self.status() == 304) {
            return;
        }
        assert!(self.is_safe(), "a 304 to {}", case.request.method);
        for name in ["content-length", "content-type", "content-encoding", "content-range", "transfer-encoding"] {
            assert!(!result.headers.contains_key(name), "{name} on a 304 (N-02, N-03)");
        }
        let (headers, sources) = (&result.headers, self.seen_by_sources());
        let not_modified = |preconditions: &RequestPreconditions, has: &OriginValidators| {
            outcome(preconditions, Some(has)) == Outcome::NotModified
        };
        if !self.was_handled() {
            let by_a_source = sources.iter().any(|(preconditions, current)| match current {
                Representation::Current(validators) => not_modified(preconditions, &OriginValidators::of(validators)),
                _ => false,
            });
            assert!(by_a_source, "no source has a reason for this 304");
            return;
        }
        // P-26. A precondition takes precedence over an unsatisfiable range.
        let is_range = self.status() == 416 && case.request.headers.contains_key("range");
        assert!(matches!(self.status().as_u16(), 200 | 203 | 206) || is_range, "a 304 for {}", self.status());
        // Uses the tag of the response, and each date that it may have had.
        let mut has = OriginValidators::read(headers, now());
        let of_handler = OriginValidators::read(self.headers(), now());
        let stamps = sources.iter().filter_map(|(_, current)| match current {
            Representation::Current(validators) => OriginValidators::of(validators).last_modified,
            _ => None,
        });
        let mut dates: Vec<_> = of_handler.last_modified.into_iter().chain(stamps).map(Some).chain([None]).collect();
        // The layer that adds a date replaces a future date with the current time (V-14). Outer layers then see an
        // ordinary date.
        let now = now().unix_seconds();
        if case.conditionals().count() > 1 && dates.iter().any(|date| *date > Some(now)) {
            dates.push(Some(now));
        }
        // Each outer layer removes one coding suffix from the tags of the request, and adds one to the tag of the
        // response.
        let mut preconditions = RequestPreconditions::read(&case.request.method, &case.request.headers, case::now());
        let holds = (0..case.conditionals().count()).any(|_| {
            let holds = dates.iter().any(|date| {
                has.last_modified = *date;
                not_modified(&preconditions, &has)
            });
            preconditions = preconditions.clone().without_codings();
            if let Some((_, opaque)) = &mut has.etag {
                opaque.truncate(without_coding(opaque).len());
            }
            holds
        });
        assert!(holds, "a false 304: {has:?} for {:?}", case.request);
    }

    /// The bytes, the trailers, and the position of an error are unchanged.
    pub(super) fn content_is_unchanged(&self) {
        let Self { case, result, .. } = self;
        // If only the response is gRPC, both results are correct, because Q-03 is about calls.
        if result.status == 304 && is_grpc_content(self.headers()) {
            return;
        }
        // P-03
        let concerned = case.request.method != Method::OPTIONS && self.layers_apply();
        let conditional = concerned && self.has_conditional();
        let is_made_by_handler = self.status() == 304 && case.handler.status != 304;
        if self.was_handled()
            && result.status == self.status()
            && !(result.status == 304 && (conditional || is_made_by_handler))
        {
            let mut content = case.handler.body.content();
            let encoded = result.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
            if self.is_compressed() && encoded && !self.headers().contains_key("content-encoding") {
                content.bytes = encode(&content.bytes);
            }
            assert_eq!(result.content, content, "the content changed");
        } else if result.status != 428 && (!self.was_handled() || self.is_safe()) {
            assert_eq!(result.content, Default::default(), "a {} has content", result.status);
        }
        assert!(
            !(result.status == 304 && conditional) || result.content.trailers.is_none(),
            "trailers on a 304 (N-04)"
        );
        if self.was_handled() && result.status != self.status() {
            let is_range = self.status() == 416 && result.status == 304;
            let may_change = self.status().is_success() || is_range;
            assert!(self.is_safe() && may_change, "{} became {}", self.status(), result.status);
            assert!(matches!(result.status.as_u16(), 304 | 412));
        }
    }

    pub(super) fn other_responses_are_unchanged(&self) {
        let Self { case, result, .. } = self;
        if !self.was_handled() {
            return;
        }
        let expected = case.as_changed(self.headers());
        if !self.layers_apply() {
            let mut headers = result.headers.clone();
            // A purge that the handler requests is announced for every response (I-03).
            headers.remove("cache-group-invalidation");
            assert_eq!((result.status, &headers), (self.status(), &expected));
        }
        for name in ["set-cookie", "age", "x-cache", "content-location", "date"] {
            let lines = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            assert_eq!(lines(&result.headers), lines(&expected), "{name}");
        }
    }

    /// I-01
    pub(super) fn purges_follow_writes(&self) {
        let Self { case, result, .. } = self;
        let status = self.status();
        let written =
            self.was_handled() && !case.request.method.is_safe() && (status.is_success() || status.is_redirection());
        let layers = case.layers.iter().filter(|kind| matches!(kind, Kind::Purge { .. })).count();
        let requested = self.was_handled() && case.handler.purge;
        assert_eq!(result.purges, usize::from(written && requested && layers > 0), "{}", case.request.method);
        assert_eq!(result.has_unhandled_purge, requested && layers == 0, "purged twice, or not at all");
    }
}
