//! No reader finds a response more storable than the handler and the policies permit.

use http::{HeaderMap, HeaderValue};
use tower_cache_policy::edge::DirectiveSyntax;
use tower_cache_policy::policy::{CachePolicy, Risk};

use super::Exchange;
use crate::hostile::case::{Form, Policy, Precedence};
use crate::hostile::coverage::Coverage;
use crate::hostile::other_reader;
use crate::hostile::readers::{Permissions, Reader, edge_lifetime, is_live_stream};

/// The permissions of a response, in comparable terms.
#[derive(Clone, Copy, Debug)]
struct Limits {
    shared: Option<u64>,
    browser: Option<u64>,
    public: bool,
    immutable: bool,
    while_revalidating: u64,
    on_error: u64,
}

impl Limits {
    fn of(permissions: &Permissions) -> Self {
        Self {
            shared: permissions.shared(),
            browser: permissions.browser(),
            public: permissions.public,
            immutable: permissions.immutable,
            while_revalidating: permissions.stale_while_revalidate.unwrap_or(0),
            on_error: permissions.stale_if_error.unwrap_or(0),
        }
    }

    fn tighter(self, other: Self) -> Self {
        Self {
            shared: self.shared.min(other.shared),
            browser: self.browser.min(other.browser),
            public: self.public && other.public,
            immutable: self.immutable && other.immutable,
            while_revalidating: self.while_revalidating.min(other.while_revalidating),
            on_error: self.on_error.min(other.on_error),
        }
    }
}

fn limits_of(policy: CachePolicy) -> Limits {
    let value = HeaderValue::from_str(&policy.to_string()).unwrap();
    Limits::of(&Permissions::read([&value]))
}

impl Exchange<'_> {
    /// No reader finds the response more shareable than that of the handler, or than a policy permits.
    pub(super) fn never_more_shareable(&self) {
        let result = self.result;
        if !self.layers_apply() || !self.has_writer() || !result.headers.contains_key("cache-control") {
            return;
        }
        let policies = self.policy_limits();
        let returned_targeted = if self.was_handled() { self.longest_targeted(self.headers()) } else { None };
        let targeted = self.longest_targeted(&result.headers);
        for index in 0..Reader::ALL.len() {
            let reader = Reader::ALL[index];
            let sent = Limits::of(self.sent_readings.by(index));
            let handler = self.handler_limits(index);
            // The layers write a quoted number without quotes, which is not more permissive (C-02).
            let unquoted = self.handler_limits(Reader::with_quoted_numbers(index));
            let allowed = || policies.iter().copied().chain(handler).chain(unquoted);
            // The lifetime of a policy for edges may be sent next to a shorter one in `Cache-Control`.
            let most = allowed().map(|it| it.shared).max().flatten().max(returned_targeted);
            let shared = sent.shared.max(targeted);
            assert!(shared <= most, "{reader:?} may share for {shared:?}, and {most:?} is permitted");
            let most = allowed().map(|it| it.browser).max().flatten().max(Some(0));
            assert!(sent.browser <= most, "{reader:?} may store for {:?}, and {most:?} is permitted", sent.browser);
            // G-08, and the other permissions.
            assert!(!sent.public || allowed().any(|it| it.public), "{reader:?} finds a `public` that was added");
            assert!(
                !sent.immutable || allowed().any(|it| it.immutable),
                "{reader:?} finds an `immutable` that was added"
            );
            let most = |of: fn(&Limits) -> u64| allowed().map(|it| of(&it)).max().unwrap_or(0);
            assert!(
                sent.while_revalidating <= most(|it| it.while_revalidating),
                "{reader:?} may reuse a stale response for longer"
            );
            assert!(sent.on_error <= most(|it| it.on_error), "{reader:?} may reuse a stale response for longer");
        }
        self.never_more_shareable_to_others(&policies);
    }

    fn never_more_shareable_to_others(&self, policies: &[Limits]) {
        let (request, result) = (&self.case.request, self.result);
        let read =
            |headers: &HeaderMap| other_reader::shared(&request.method, &request.headers, result.status, headers);
        // A response that is immediately stale is validated before each reuse, so it does not permit anything.
        let lifetime = read(&result.headers).map(|it| it.as_secs()).filter(|lifetime| *lifetime > 0);
        let Some(lifetime) = lifetime else { return };
        // A date from a source makes heuristic freshness possible, but is not a permission.
        let mut headers = self.headers().clone();
        if let Some(date) = result.headers.get("last-modified") {
            headers.entry("last-modified").or_insert_with(|| date.clone());
        }
        // The library does not read quoted numbers, and the layers write them without quotes (C-02).
        if headers.get_all("cache-control").iter().any(|line| line.as_bytes().contains(&b'"')) {
            return;
        }
        let of_handler = if self.handler_has_directive() { read(&headers).map(|it| it.as_secs()) } else { None };
        let most = policies.iter().map(|it| it.shared).max().flatten().max(of_handler);
        assert!(Some(lifetime) <= most, "a third-party library may share for {lifetime}, and {most:?} is permitted");
    }

    fn handler_has_directive(&self) -> bool {
        (0..Reader::ALL.len()).any(|index| self.handler_limits(index).is_some())
    }

    /// The permissions of the handler's fields for one reader. A field without a known directive is not a decision, and
    /// the stricter interpretation of several lines applies.
    fn handler_limits(&self, index: usize) -> Option<Limits> {
        if !self.was_handled() {
            return None;
        }
        // A missing directive does not permit anything if a policy applies.
        let is_heuristic = !self.has_writer() || self.accepts(Risk::LifetimeGuessedByCaches);
        let [permissions, other] = [index, Reader::other_lines(index)].map(|index| self.handler_readings.by(index));
        let has_directive =
            is_heuristic || permissions.is_known || other.is_known || self.headers().contains_key("expires");
        has_directive.then(|| Limits::of(permissions).tighter(Limits::of(other)))
    }

    /// The permissions of the policies that may apply to the response.
    fn policy_limits(&self) -> Vec<Limits> {
        let Self { case, result, .. } = self;
        let mut all = Vec::new();
        let guarded = match result.status.as_u16() {
            200 | 203 | 206 | 304 => None,
            400.. => Some(Risk::ErrorServedAsLongAsASuccess),
            300..=399 => Some(Risk::RedirectOutlivesItsReason),
            _ => Some(Risk::UnexpectedSuccessServedAsThePage),
        };
        let positive = guarded.is_none_or(|risk| self.accepts(risk));
        let has_own = case.policies().any(|it| it.for_status.is_some_and(|(status, _)| status == result.status));
        if self.was_handled() && (positive || has_own) {
            all.extend(case.handler.policy.map(limits_of));
        }
        if self.was_handled() {
            all.extend(
                [self.status(), result.status]
                    .map(|status| case.handler.policy_for(status))
                    .into_iter()
                    .flatten()
                    .map(limits_of),
            );
        }
        for policy in case.policies() {
            all.extend(policy.policy.filter(|_| positive).map(limits_of));
            // The policy of the 200 also applies to its 304 (N-01).
            let applies = |status| status == result.status || (status == 200 && result.status == 304);
            all.extend(policy.for_status.filter(|(status, _)| applies(*status)).map(|(_, policy)| limits_of(policy)));
            all.extend(policy.default.map(limits_of));
            if policy.form == Form::TableByType {
                all.push(limits_of(CachePolicy::NO_CACHE));
            }
        }
        all.extend(case.edges().filter_map(|edge| edge.default).map(limits_of));
        all
    }

    /// Only `OverrideNoStore` replaces the `no-store` of a handler.
    pub(super) fn no_store_is_preserved(&self) {
        let Self { case, result, .. } = self;
        let override_all = case.policies().any(|policy| policy.precedence == Precedence::OverrideNoStore);
        let is_same = self.was_handled() && result.status == self.status();
        if !self.layers_apply() || !self.has_writer() || override_all || !is_same {
            return;
        }
        if self.may_leave_out_cache_control() && !result.headers.contains_key("cache-control") {
            return;
        }
        // D3: each interpretation of several lines is checked.
        let handler_forbids = self.handler_readings.standard().any(Permissions::forbids_storing)
            || case.handler.policy.is_some_and(|policy| policy.is_no_store())
            || case.handler.policy_for(self.status()).is_some_and(|policy| policy.is_no_store());
        let mut readings = self.sent_readings.standard();
        let is_forbidden = match self.accepts(Risk::RestrictionInASecondLineMissed) {
            true => readings.any(|permissions| permissions.no_store),
            false => readings.all(|permissions| permissions.no_store),
        };
        assert!(!handler_forbids || is_forbidden, "no-store was lost: {:?}", result.headers);
    }

    /// D4: a layer that overrides or tightens the handler does so in every field.
    pub(super) fn replaced_in_every_field(&self) {
        let Self { case, result, .. } = self;
        let replaces = |policy: &Policy| policy.precedence != Precedence::HandlerFirst && policy.policy.is_some();
        let is_page =
            self.was_handled() && result.status == self.status() && matches!(result.status.as_u16(), 200 | 203 | 206);
        let waived = self.accepts(Risk::EdgeFieldOverrulesNoStore) || self.accepts(Risk::LifetimeGuessedByCaches);
        if !self.layers_apply() || !self.is_safe() || !is_page || waived || !case.policies().any(replaces) {
            return;
        }
        if self.targeted(self.headers()).next().is_none() {
            return;
        }
        Coverage::TargetedFieldReplaced.count();
        let mut most = self.sent_readings.most_permissive(Permissions::shared);
        // Only the edge layer sends the lifetime of a policy for an edge.
        if case.edges().next().is_some() {
            most = most.max(self.policy_limits().iter().map(|it| it.shared).max().flatten());
        }
        for (name, value) in self.targeted(&result.headers) {
            assert!(edge_lifetime(value) <= most, "{name}: {value:?}, and the result permits {most:?}");
        }
    }

    /// D16: if the handler forbids an edge to store the response, the field of this edge does not get a lifetime,
    /// regardless of its name.
    pub(super) fn edge_restriction_is_preserved(&self) {
        let Self { case, result, .. } = self;
        let overrides =
            case.policies().any(|policy| policy.precedence != Precedence::HandlerFirst || policy.development);
        let is_same = self.was_handled() && result.status == self.status();
        let mut edges = case.edges();
        let (Some(edge), None) = (edges.next(), edges.next()) else { return };
        let Some(field) = edge.profile.field().filter(|_| !overrides && is_same) else { return };
        if !self.layers_apply() || !self.is_safe() {
            return;
        }
        let forbids = |line: &HeaderValue| match field.syntax() {
            DirectiveSyntax::Seconds => line == "0",
            _ => line == "no-store",
        };
        let field = field.name();
        let mut lines = self.headers().get_all(field).iter().peekable();
        if lines.peek().is_some() && lines.all(forbids) {
            let given = result.headers.get_all(field).iter().filter_map(edge_lifetime).max();
            assert!(given <= Some(0), "{field} forbade storing the response, and now permits {given:?}");
        }
    }

    /// D14
    pub(super) fn no_lifetime_for_a_live_stream(&self) {
        let Self { case, result, .. } = self;
        let is_stream = self.was_handled() && result.status == self.status() && result.status.is_success();
        // A policy or a lifetime of the handler also applies to a stream.
        let is_explicit = case.handler.policy.is_some()
            || case.handler.status_policy.is_some()
            || self.handler_readings.iter().any(|(_, permissions)| permissions.is_known || permissions.has_lifetime())
            || self.longest_targeted(self.headers()).is_some();
        let applies = is_stream && is_live_stream(self.headers()) && !is_explicit;
        if !applies || !self.layers_apply() || !self.has_writer() || self.accepts(Risk::LifetimeGuessedByCaches) {
            return;
        }
        Coverage::LiveStream.count();
        assert!(
            self.sent_readings.most_permissive(Permissions::shared) <= Some(0),
            "a lifetime for a live stream: {:?}",
            result.headers
        );
        assert!(
            self.sent_readings.most_permissive(Permissions::browser) <= Some(0),
            "a lifetime for a live stream: {:?}",
            result.headers
        );
        assert!(
            self.longest_targeted(&result.headers) <= Some(0),
            "a lifetime for a live stream: {:?}",
            result.headers
        );
    }

    /// D5. [`policy_limits`](Self::policy_limits) excludes such a policy. This check counts the cases, and tests the
    /// simplest form of the rule.
    pub(super) fn handler_policy_applies_to_pages_only(&self) {
        let Self { case, result, .. } = self;
        let is_page = matches!(result.status.as_u16(), 200 | 203 | 206 | 304);
        let has_own = self.was_handled() && case.handler.policy_for(result.status).is_some();
        Coverage::PolicyForOtherStatus.count_if(has_own && !is_page && self.has_writer());
        let Some(policy) = case.handler.policy.filter(|policy| limits_of(*policy).shared > Some(0)) else { return };
        let status = result.status.as_u16();
        let is_other = self.was_handled() && result.status == self.status() && !is_page;
        let risks = [
            Risk::ErrorServedAsLongAsASuccess,
            Risk::RedirectOutlivesItsReason,
            Risk::UnexpectedSuccessServedAsThePage,
            Risk::UnsafeResponseReused,
            Risk::LifetimeGuessedByCaches,
        ];
        let is_permitted_otherwise = risks.into_iter().any(|risk| self.accepts(risk))
            || case.policies().any(|it| it.for_status.is_some() || it.default.is_some())
            || case.edges().any(|it| it.default.is_some())
            || has_own
            || self.handler_has_directive()
            || self.longest_targeted(self.headers()).is_some();
        if !self.layers_apply() || !self.has_writer() || !is_other || is_permitted_otherwise {
            return;
        }
        Coverage::PolicyBesideAnotherStatus.count();
        let shared =
            self.sent_readings.most_permissive(Permissions::shared).max(self.longest_targeted(&result.headers));
        assert!(shared <= Some(0), "{policy} on a {status} permits {shared:?}");
        assert!(
            self.sent_readings.most_permissive(Permissions::browser) <= Some(0),
            "{policy} on a {status} permits storage"
        );
    }

    /// Counts the inputs of D3 and D6.
    pub(super) fn count_fields(&self) {
        if !self.was_handled() || !self.has_writer() {
            return;
        }
        let lines = self.headers().get_all("cache-control").iter().count();
        let differs = (0..Reader::ALL.len())
            .any(|at| self.handler_readings.by(at) != self.handler_readings.by(Reader::other_lines(at)));
        Coverage::SplitQuote.count_if(lines > 1 && differs);
        let is_unknown = !self.handler_readings.iter().any(|(_, permissions)| permissions.is_known);
        let is_empty =
            self.headers().get_all("cache-control").iter().all(|line| line.as_bytes().trim_ascii().is_empty());
        Coverage::NoKnownDirective.count_if(lines > 0 && is_unknown && !is_empty);
    }
}
