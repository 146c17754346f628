//! The invariants: what holds for every [`Case`].
//!
//! | File | What it judges |
//! |---|---|
//! | `handling.rs` | whether the handler runs, and what becomes of its content |
//! | `fields.rs` | the form of the fields that are sent |
//! | `sharing.rs` | nothing is more storable than the handler and the policies permit |
//! | `guards.rs` | what no shared cache may store, whatever was permitted |
//! | `validators.rs` | validators come from one source |
//! | `not_modified.rs` | a 304 and a 206 repeat the fields of their 200 |
//!
//! Two more are seen to by the runner: no panic, and no body that contradicts its own length.

mod fields;
mod guards;
mod handling;
mod not_modified;
mod sharing;
mod validators;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_cache_policy::policy::Risk;
use tower_cache_policy::protocol::Representation;

use super::case::{Came, Case, Form, Kind, now};
use super::counts::Taken;
use super::preconditions::Asked;
use super::words::{Readings, at_edge, is_of_grpc};

/// Panics where an exchange breaks it.
pub type Invariant<'a> = fn(&Exchange<'a>);

/// All of them, by name.
pub fn invariants<'a>() -> [(&'static str, Invariant<'a>); 25] {
    [
        ("the handler runs once or not at all", Exchange::handler_runs_once_or_not_at_all),
        ("no write goes through a failed precondition", Exchange::no_write_through_a_failed_precondition),
        ("a required precondition is required of every write", Exchange::required_preconditions_are_required),
        ("a claim in a request changes nothing", Exchange::a_claim_changes_nothing),
        ("the handler receives preconditions in one line", Exchange::preconditions_are_joined),
        ("the handler receives no range in an unknown unit", Exchange::unknown_range_units_are_ignored),
        ("no 304 is false", Exchange::no_false_not_modified),
        ("the content is unchanged", Exchange::content_is_unchanged),
        ("a response that is not ours is untouched", Exchange::untouched_where_not_ours),
        ("purges follow writes and nothing else", Exchange::purges_follow_writes),
        ("there is one Cache-Control", Exchange::one_cache_control),
        ("fields are valid", Exchange::fields_are_valid),
        ("Vary forgets no name", Exchange::vary_forgets_no_name),
        ("nothing is more shareable than it was meant to be", Exchange::never_more_shareable),
        ("no-store stays", Exchange::no_store_stays),
        ("no targeted field contradicts what replaced Cache-Control", Exchange::replaced_in_every_field),
        ("a restriction for an edge stays", Exchange::a_restriction_for_an_edge_stays),
        ("a live stream gets no lifetime", Exchange::no_lifetime_for_a_live_stream),
        ("a handler's policy is for the statuses of a page", Exchange::a_policy_is_for_a_page),
        ("no shared cache stores what a guard is against", Exchange::guards_hold),
        ("errors and writes are not stored", Exchange::errors_and_writes_are_not_stored),
        ("a source is the only one that names validators", Exchange::one_validator_source),
        ("Last-Modified is not in the future", Exchange::last_modified_is_not_in_the_future),
        ("a 304 repeats its 200", Exchange::a_304_repeats_its_200),
        ("a 206 repeats its 200", Exchange::a_206_repeats_its_200),
    ]
}

/// Runs the case, and judges what came of it.
///
/// # Panics
///
/// Where an invariant does not hold.
pub fn check(case: &Case) -> Came {
    let came = case.run();
    let exchange = Exchange::new(case, &came);
    for (_, invariant) in invariants() {
        invariant(&exchange);
    }
    came
}

/// A case and what came of it.
#[derive(Debug)]
pub struct Exchange<'a> {
    case: &'a Case,
    came: &'a Came,
    /// The facts of the response to the client.
    sent: Readings,
    /// The facts of the response of the handler.
    returned: Readings,
}

impl<'a> Exchange<'a> {
    pub fn new(case: &'a Case, came: &'a Came) -> Self {
        let returned = came.returned.as_ref().map_or(&case.handler.headers, |(_, headers)| headers);
        let exchange =
            Self { case, came, sent: Readings::of(&came.headers, now()), returned: Readings::of(returned, now()) };
        exchange.count();
        exchange
    }

    fn was_handled(&self) -> bool {
        !self.came.handled.is_empty()
    }

    fn is_safe(&self) -> bool {
        matches!(self.case.request.method, Method::GET | Method::HEAD)
    }

    /// The status that the handler returned, or would have.
    fn status(&self) -> StatusCode {
        self.came.returned.as_ref().map_or(self.case.handler.status, |(status, _)| *status)
    }

    /// The fields that the handler returned, or would have.
    fn headers(&self) -> &HeaderMap {
        self.came.returned.as_ref().map_or(&self.case.handler.headers, |(_, headers)| headers)
    }

    /// Whether both request and response are gRPC. A request alone can claim to be.
    fn is_grpc(&self) -> bool {
        let (request, response) = (&self.case.request, self.headers());
        request.method == Method::POST && is_of_grpc(&request.headers) && self.was_handled() && is_of_grpc(response)
    }

    /// Whether the layers take part at all: not in gRPC, nor in informational responses.
    fn is_ours(&self) -> bool {
        !(self.is_grpc() || self.was_handled() && self.status().is_informational())
    }

    fn has_writer(&self) -> bool {
        self.case.layers.iter().any(Kind::writes)
    }

    fn has_conditional(&self) -> bool {
        self.case.conditionals().next().is_some()
    }

    fn is_compressed(&self) -> bool {
        self.case.layers.iter().any(Kind::codes)
    }

    fn accepts(&self, risk: Risk) -> bool {
        self.case.layers.iter().any(|kind| kind.risks().contains(&risk))
    }

    /// The preconditions as each source sees them: each conditional layer takes one coding off.
    fn seen_by_sources(&self) -> Vec<(Asked, &Representation)> {
        let mut asked = Asked::read(&self.case.request.method, &self.case.request.headers, now());
        let mut seen = Vec::new();
        for conditional in self.case.conditionals() {
            asked = asked.without_codings();
            if let Some(current) = &conditional.source {
                seen.push((asked.clone(), current));
            }
        }
        seen
    }

    /// The fields in which some cache reads a lifetime or a restriction.
    fn targeted<'h>(&'h self, headers: &'h HeaderMap) -> impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)> {
        headers.iter().filter(|(name, _)| self.case.is_targeted(name))
    }

    /// The longest lifetime in them.
    fn longest_targeted(&self, headers: &HeaderMap) -> Option<u64> {
        self.targeted(headers).map(|(_, value)| at_edge(value)).max().flatten()
    }

    fn count(&self) {
        let Self { case, .. } = self;
        let form = |form: Form, in_caching: bool| {
            let is_it = |kind: &Kind| kind.policy().is_some_and(|it| it.form == form && it.policy.is_some());
            let mut kinds = case.layers.iter().filter(|kind| !in_caching || matches!(kind, Kind::Caching(..)));
            kinds.any(is_it)
        };
        Taken::FixedPolicy.count_if(form(Form::Fixed, false));
        Taken::FixedPolicyInCaching.count_if(form(Form::Fixed, true));
        Taken::TableInCaching.count_if(form(Form::Table, true) || form(Form::TableByType, true));
        Taken::TableByType.count_if(form(Form::TableByType, false));
        let writes_own = case
            .handler
            .headers
            .keys()
            .any(|name| (case.is_targeted(name) || case.is_tags(name)) && name.as_str().starts_with("my-"));
        Taken::CustomProfile.count_if(writes_own);
        Taken::LongField.count_if(case.handler.headers.get_all("cache-control").iter().any(|it| it.len() > 2_000));
        self.count_fields();
    }
}
