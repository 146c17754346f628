//! The invariants that hold for every [`Case`].
//!
//! | File | Checks |
//! |---|---|
//! | `handling.rs` | that the handler runs when it should, and that its content is unchanged |
//! | `fields.rs` | the syntax of the fields that are sent |
//! | `sharing.rs` | that a response is not more storable than the handler and the policies permit |
//! | `guards.rs` | that no shared cache stores a response that a guard restricts |
//! | `validators.rs` | that validators come from one source |
//! | `not_modified.rs` | that a 304 and a 206 repeat the fields of their 200 |
//!
//! The runner checks two more: no layer panics, and no body contradicts its own length.

mod fields;
mod guards;
mod handling;
mod not_modified;
mod sharing;
mod validators;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_cache_policy::policy::Risk;
use tower_cache_policy::protocol::Representation;

use super::case::{Case, CaseResult, Form, Kind, now};
use super::coverage::Coverage;
use super::preconditions::RequestPreconditions;
use super::readers::{Readings, edge_lifetime, is_grpc_content};

/// Panics if an exchange breaks the invariant.
pub type Invariant<'a> = fn(&Exchange<'a>);

/// All invariants, by name.
pub fn invariants<'a>() -> [(&'static str, Invariant<'a>); 25] {
    [
        ("the handler runs once or not at all", Exchange::handler_runs_once_or_not_at_all),
        ("no write passes a failed precondition", Exchange::no_write_passes_a_failed_precondition),
        ("a required precondition is required of every write", Exchange::required_preconditions_are_required),
        ("a claim in a request changes nothing", Exchange::a_claim_changes_nothing),
        ("the handler receives preconditions in one line", Exchange::preconditions_are_joined),
        ("the handler receives no range in an unknown unit", Exchange::unknown_range_units_are_ignored),
        ("every 304 is correct", Exchange::not_modified_is_correct),
        ("the content is unchanged", Exchange::content_is_unchanged),
        ("other responses are unchanged", Exchange::other_responses_are_unchanged),
        ("purges follow writes and nothing else", Exchange::purges_follow_writes),
        ("there is one Cache-Control", Exchange::one_cache_control),
        ("fields are valid", Exchange::fields_are_valid),
        ("Vary contains every name", Exchange::vary_contains_every_name),
        ("no response is more shareable than permitted", Exchange::never_more_shareable),
        ("no-store is preserved", Exchange::no_store_is_preserved),
        ("no targeted field contradicts what replaced Cache-Control", Exchange::replaced_in_every_field),
        ("a restriction for an edge is preserved", Exchange::edge_restriction_is_preserved),
        ("a live stream gets no lifetime", Exchange::no_lifetime_for_a_live_stream),
        ("a handler's policy applies only to the statuses of a page", Exchange::handler_policy_applies_to_pages_only),
        ("no shared cache stores a guarded response", Exchange::guards_hold),
        ("errors and writes are not stored", Exchange::errors_and_writes_are_not_stored),
        ("a source is the only source of validators", Exchange::one_validator_source),
        ("Last-Modified is not in the future", Exchange::last_modified_is_not_in_the_future),
        ("a 304 repeats its 200", Exchange::a_304_repeats_its_200),
        ("a 206 repeats its 200", Exchange::a_206_repeats_its_200),
    ]
}

/// Runs the case and checks all invariants.
///
/// # Panics
///
/// Panics if an invariant does not hold.
pub fn check(case: &Case) -> CaseResult {
    let result = case.run();
    let exchange = Exchange::new(case, &result);
    for (_, invariant) in invariants() {
        invariant(&exchange);
    }
    result
}

/// A case and its result.
#[derive(Debug)]
pub struct Exchange<'a> {
    case: &'a Case,
    result: &'a CaseResult,
    /// The readings of the response to the client.
    sent_readings: Readings,
    /// The readings of the response of the handler.
    handler_readings: Readings,
}

impl<'a> Exchange<'a> {
    pub fn new(case: &'a Case, result: &'a CaseResult) -> Self {
        let handler_headers = result.handler_response.as_ref().map_or(&case.handler.headers, |(_, headers)| headers);
        let sent_readings = Readings::of(&result.headers, now());
        let exchange = Self { case, result, sent_readings, handler_readings: Readings::of(handler_headers, now()) };
        exchange.count();
        exchange
    }

    fn was_handled(&self) -> bool {
        !self.result.handler_requests.is_empty()
    }

    fn is_safe(&self) -> bool {
        matches!(self.case.request.method, Method::GET | Method::HEAD)
    }

    /// The status of the handler, or the one that it would have returned.
    fn status(&self) -> StatusCode {
        self.result.handler_response.as_ref().map_or(self.case.handler.status, |(status, _)| *status)
    }

    /// The fields of the handler, or those that it would have returned.
    fn headers(&self) -> &HeaderMap {
        self.result.handler_response.as_ref().map_or(&self.case.handler.headers, |(_, headers)| headers)
    }

    /// Returns whether both request and response are gRPC. A client can set the type of a request.
    fn is_grpc(&self) -> bool {
        let (request, response) = (&self.case.request, self.headers());
        request.method == Method::POST
            && is_grpc_content(&request.headers)
            && self.was_handled()
            && is_grpc_content(response)
    }

    /// Returns whether the layers apply. They do not apply to gRPC and informational responses.
    fn layers_apply(&self) -> bool {
        !(self.is_grpc() || self.was_handled() && self.status().is_informational())
    }

    fn has_writer(&self) -> bool {
        self.case.layers.iter().any(Kind::writes)
    }

    fn has_conditional(&self) -> bool {
        self.case.conditionals().next().is_some()
    }

    fn is_compressed(&self) -> bool {
        self.case.layers.iter().any(Kind::compresses)
    }

    fn accepts(&self, risk: Risk) -> bool {
        self.case.layers.iter().any(|kind| kind.risks().contains(&risk))
    }

    /// The preconditions that each source receives. Each conditional layer removes one coding suffix.
    fn seen_by_sources(&self) -> Vec<(RequestPreconditions, &Representation)> {
        let mut preconditions =
            RequestPreconditions::read(&self.case.request.method, &self.case.request.headers, now());
        let mut seen = Vec::new();
        for conditional in self.case.conditionals() {
            preconditions = preconditions.without_codings();
            if let Some(current) = &conditional.source {
                seen.push((preconditions.clone(), current));
            }
        }
        seen
    }

    /// The fields in which a known cache reads a lifetime or a restriction.
    fn targeted<'h>(&'h self, headers: &'h HeaderMap) -> impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)> {
        headers.iter().filter(|(name, _)| self.case.is_targeted(name))
    }

    /// The longest lifetime in these fields.
    fn longest_targeted(&self, headers: &HeaderMap) -> Option<u64> {
        self.targeted(headers).map(|(_, value)| edge_lifetime(value)).max().flatten()
    }

    fn count(&self) {
        let Self { case, .. } = self;
        let form = |form: Form, in_caching: bool| {
            let is_it = |kind: &Kind| kind.policy().is_some_and(|it| it.form == form && it.policy.is_some());
            let mut kinds = case.layers.iter().filter(|kind| !in_caching || matches!(kind, Kind::Caching(..)));
            kinds.any(is_it)
        };
        Coverage::FixedPolicy.count_if(form(Form::Fixed, false));
        Coverage::FixedPolicyInCaching.count_if(form(Form::Fixed, true));
        Coverage::TableInCaching.count_if(form(Form::Table, true) || form(Form::TableByType, true));
        Coverage::TableByType.count_if(form(Form::TableByType, false));
        let writes_own = case
            .handler
            .headers
            .keys()
            .any(|name| (case.is_targeted(name) || case.is_tags(name)) && name.as_str().starts_with("my-"));
        Coverage::CustomProfile.count_if(writes_own);
        Coverage::LongField.count_if(case.handler.headers.get_all("cache-control").iter().any(|it| it.len() > 2_000));
        self.count_fields();
    }
}
