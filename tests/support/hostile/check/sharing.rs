//! Nothing is more storable than the handler and the policies permit, to any reader.

use http::{HeaderMap, HeaderValue};
use tower_cache_policy::edge::DirectiveSyntax;
use tower_cache_policy::policy::{CachePolicy, Risk};

use super::Exchange;
use crate::hostile::case::{Form, Policy, Precedence};
use crate::hostile::counts::Taken;
use crate::hostile::other_reader;
use crate::hostile::words::{Reader, Word, at_edge, is_live_stream};

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
    fn of(word: &Word) -> Self {
        Self {
            shared: word.shared(),
            browser: word.browser(),
            public: word.public,
            immutable: word.immutable,
            while_revalidating: word.stale_while_revalidate.unwrap_or(0),
            on_error: word.stale_if_error.unwrap_or(0),
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
    Limits::of(&Word::read([&value]))
}

impl Exchange<'_> {
    /// No reader finds the response more shareable than it finds the handler's own, or than a policy says.
    pub(super) fn never_more_shareable(&self) {
        let came = self.came;
        if !self.is_ours() || !self.has_writer() || !came.headers.contains_key("cache-control") {
            return;
        }
        let policies = self.policy_limits();
        let returned_targeted = if self.was_handled() { self.longest_targeted(self.headers()) } else { None };
        let targeted = self.longest_targeted(&came.headers);
        for index in 0..Reader::ALL.len() {
            let reader = Reader::ALL[index];
            let sent = Limits::of(self.sent.by(index));
            let handler = self.handler_limits(index);
            // To write a quoted number without quotes is not to loosen it (C-02).
            let unquoted = self.handler_limits(Reader::with_quoted_numbers(index));
            let allowed = || policies.iter().copied().chain(handler).chain(unquoted);
            // A policy's lifetime for edges may be sent where `Cache-Control` says less.
            let most = allowed().map(|it| it.shared).max().flatten().max(returned_targeted);
            let shared = sent.shared.max(targeted);
            assert!(shared <= most, "shared for {shared:?} where {most:?} was allowed, to {reader:?}");
            let most = allowed().map(|it| it.browser).max().flatten().max(Some(0));
            assert!(sent.browser <= most, "stored for {:?} where {most:?} was allowed, to {reader:?}", sent.browser);
            // G-08, and what else only permits.
            assert!(!sent.public || allowed().any(|it| it.public), "public by itself, to {reader:?}");
            assert!(!sent.immutable || allowed().any(|it| it.immutable), "immutable by itself, to {reader:?}");
            let most = |of: fn(&Limits) -> u64| allowed().map(|it| of(&it)).max().unwrap_or(0);
            assert!(sent.while_revalidating <= most(|it| it.while_revalidating), "stale for longer, to {reader:?}");
            assert!(sent.on_error <= most(|it| it.on_error), "stale for longer, to {reader:?}");
        }
        self.never_more_shareable_to_others(&policies);
    }

    fn never_more_shareable_to_others(&self, policies: &[Limits]) {
        let (request, came) = (&self.case.request, self.came);
        let read = |headers: &HeaderMap| other_reader::shared(&request.method, &request.headers, came.status, headers);
        // A response that is stale at once is validated before each reuse, so it does not permit anything.
        let lifetime = read(&came.headers).map(|it| it.as_secs()).filter(|lifetime| *lifetime > 0);
        let Some(lifetime) = lifetime else { return };
        // A date that a source states makes heuristics possible, and is no permission by itself.
        let mut headers = self.headers().clone();
        if let Some(date) = came.headers.get("last-modified") {
            headers.entry("last-modified").or_insert_with(|| date.clone());
        }
        // That library does not read a quoted number, which is written without quotes (C-02).
        if headers.get_all("cache-control").iter().any(|line| line.as_bytes().contains(&b'"')) {
            return;
        }
        let of_handler = if self.handler_speaks() { read(&headers).map(|it| it.as_secs()) } else { None };
        let most = policies.iter().map(|it| it.shared).max().flatten().max(of_handler);
        assert!(Some(lifetime) <= most, "shared for {lifetime} where {most:?} was allowed, to another library");
    }

    fn handler_speaks(&self) -> bool {
        (0..Reader::ALL.len()).any(|index| self.handler_limits(index).is_some())
    }

    /// What the handler's own fields permit to one reader. A field without a known directive decides
    /// nothing, and of several lines the tighter reading counts.
    fn handler_limits(&self, index: usize) -> Option<Limits> {
        if !self.was_handled() {
            return None;
        }
        // Silence permits nothing where a policy applies.
        let guessed = !self.has_writer() || self.accepts(Risk::LifetimeGuessedByCaches);
        let [word, other] = [index, Reader::other_lines(index)].map(|index| self.returned.by(index));
        let speaks = guessed || word.is_known || other.is_known || self.headers().contains_key("expires");
        speaks.then(|| Limits::of(word).tighter(Limits::of(other)))
    }

    /// The permissions of the policies that may apply to the response.
    fn policy_limits(&self) -> Vec<Limits> {
        let Self { case, came, .. } = self;
        let mut all = Vec::new();
        let guarded = match came.status.as_u16() {
            200 | 203 | 206 | 304 => None,
            400.. => Some(Risk::ErrorServedAsLongAsASuccess),
            300..=399 => Some(Risk::RedirectOutlivesItsReason),
            _ => Some(Risk::UnexpectedSuccessServedAsThePage),
        };
        let positive = guarded.is_none_or(|risk| self.accepts(risk));
        let has_own = case.policies().any(|it| it.for_status.is_some_and(|(status, _)| status == came.status));
        if self.was_handled() && (positive || has_own) {
            all.extend(case.handler.policy.map(limits_of));
        }
        for policy in case.policies() {
            all.extend(policy.policy.filter(|_| positive).map(limits_of));
            // A 304 says what the 200 would have said (N-01).
            let speaks = |status| status == came.status || (status == 200 && came.status == 304);
            all.extend(policy.for_status.filter(|(status, _)| speaks(*status)).map(|(_, policy)| limits_of(policy)));
            all.extend(policy.default.map(limits_of));
            if policy.form == Form::TableByType {
                all.push(limits_of(CachePolicy::NO_CACHE));
            }
        }
        all.extend(case.edges().filter_map(|edge| edge.default).map(limits_of));
        all
    }

    /// Only `OverrideEvenNoStore` replaces a handler's `no-store`.
    pub(super) fn no_store_stays(&self) {
        let Self { case, came, .. } = self;
        let override_all = case.policies().any(|policy| policy.precedence == Precedence::OverrideEvenNoStore);
        let is_same = self.was_handled() && came.status == self.status();
        if !self.is_ours() || !self.has_writer() || override_all || !is_same {
            return;
        }
        if self.may_leave_out_cache_control() && !came.headers.contains_key("cache-control") {
            return;
        }
        // D3: of several lines each reading counts.
        let said = self.returned.standard().any(Word::forbids_storing)
            || case.handler.policy.is_some_and(|policy| policy.is_no_store());
        let mut readings = self.sent.standard();
        let says = match self.accepts(Risk::RestrictionInASecondLineMissed) {
            true => readings.any(|word| word.no_store),
            false => readings.all(|word| word.no_store),
        };
        assert!(!said || says, "no-store was lost: {:?}", came.headers);
    }

    /// D4: a layer that goes first or tightens does so in every field.
    pub(super) fn replaced_in_every_field(&self) {
        let Self { case, came, .. } = self;
        let replaces = |policy: &Policy| policy.precedence != Precedence::Answer && policy.policy.is_some();
        let is_page =
            self.was_handled() && came.status == self.status() && matches!(came.status.as_u16(), 200 | 203 | 206);
        let waived = self.accepts(Risk::EdgeFieldOverrulesNoStore) || self.accepts(Risk::LifetimeGuessedByCaches);
        if !self.is_ours() || !self.is_safe() || !is_page || waived || !case.policies().any(replaces) {
            return;
        }
        if self.targeted(self.headers()).next().is_none() {
            return;
        }
        Taken::TargetedFieldReplaced.count();
        let mut most = self.sent.laxest(Word::shared);
        // A policy's own lifetime for an edge is sent by the edge layer alone.
        if case.edges().next().is_some() {
            most = most.max(self.policy_limits().iter().map(|it| it.shared).max().flatten());
        }
        for (name, value) in self.targeted(&came.headers) {
            assert!(at_edge(value) <= most, "{name}: {value:?} beside a result of {most:?}");
        }
    }

    /// D16: an edge that the handler forbade to store is not given a lifetime, whatever its field is called.
    pub(super) fn a_restriction_for_an_edge_stays(&self) {
        let Self { case, came, .. } = self;
        let overrides = case.policies().any(|policy| policy.precedence != Precedence::Answer || policy.development);
        let is_same = self.was_handled() && came.status == self.status();
        let mut edges = case.edges();
        let (Some(edge), None) = (edges.next(), edges.next()) else { return };
        let Some(field) = edge.profile.field().filter(|_| !overrides && is_same) else { return };
        if !self.is_ours() || !self.is_safe() {
            return;
        }
        let forbids = |line: &HeaderValue| match field.syntax() {
            DirectiveSyntax::Seconds => line == "0",
            _ => line == "no-store",
        };
        let field = field.name();
        let mut lines = self.headers().get_all(field).iter().peekable();
        if lines.peek().is_some() && lines.all(forbids) {
            let given = came.headers.get_all(field).iter().filter_map(at_edge).max();
            assert!(given <= Some(0), "{field} had forbidden to store the response, and gives {given:?}");
        }
    }

    /// D14
    pub(super) fn no_lifetime_for_a_live_stream(&self) {
        let Self { case, came, .. } = self;
        let is_stream = self.was_handled() && came.status == self.status() && came.status.is_success();
        // A handler that states a policy or a lifetime knows its own stream.
        let is_explicit = case.handler.policy.is_some()
            || self.returned.iter().any(|(_, word)| word.is_known || word.has_lifetime())
            || self.longest_targeted(self.headers()).is_some();
        let applies = is_stream && is_live_stream(self.headers()) && !is_explicit;
        if !applies || !self.is_ours() || !self.has_writer() || self.accepts(Risk::LifetimeGuessedByCaches) {
            return;
        }
        Taken::LiveStream.count();
        assert!(self.sent.laxest(Word::shared) <= Some(0), "a lifetime for a live stream: {:?}", came.headers);
        assert!(self.sent.laxest(Word::browser) <= Some(0), "a lifetime for a live stream: {:?}", came.headers);
        assert!(self.longest_targeted(&came.headers) <= Some(0), "a lifetime for a live stream: {:?}", came.headers);
    }

    /// D5. What such a policy permits is not counted in [`policy_limits`](Self::policy_limits), so this
    /// only counts how often it was looked at, and states the plainest form of the rule.
    pub(super) fn a_policy_is_for_a_page(&self) {
        let Self { case, came, .. } = self;
        let Some(policy) = case.handler.policy.filter(|policy| limits_of(*policy).shared > Some(0)) else { return };
        let status = came.status.as_u16();
        let is_other = self.was_handled() && came.status == self.status() && !matches!(status, 200 | 203 | 206 | 304);
        let risks = [
            Risk::ErrorServedAsLongAsASuccess,
            Risk::RedirectOutlivesItsReason,
            Risk::UnexpectedSuccessServedAsThePage,
            Risk::UnsafeResponseReused,
            Risk::LifetimeGuessedByCaches,
        ];
        let is_told = risks.into_iter().any(|risk| self.accepts(risk))
            || case.policies().any(|it| it.for_status.is_some() || it.default.is_some())
            || case.edges().any(|it| it.default.is_some())
            || self.handler_speaks()
            || self.longest_targeted(self.headers()).is_some();
        if !self.is_ours() || !self.has_writer() || !is_other || is_told {
            return;
        }
        Taken::PolicyBesideAnotherStatus.count();
        let shared = self.sent.laxest(Word::shared).max(self.longest_targeted(&came.headers));
        assert!(shared <= Some(0), "{policy} beside {status} gives {shared:?}");
        assert!(self.sent.laxest(Word::browser) <= Some(0), "{policy} beside {status}");
    }

    /// How often the inputs of D3 and D6 came by.
    pub(super) fn count_fields(&self) {
        if !self.was_handled() || !self.has_writer() {
            return;
        }
        let lines = self.headers().get_all("cache-control").iter().count();
        let differs =
            (0..Reader::ALL.len()).any(|at| self.returned.by(at) != self.returned.by(Reader::other_lines(at)));
        Taken::SplitQuote.count_if(lines > 1 && differs);
        let silent = !self.returned.iter().any(|(_, word)| word.is_known);
        let is_empty =
            self.headers().get_all("cache-control").iter().all(|line| line.as_bytes().trim_ascii().is_empty());
        Taken::NoKnownDirective.count_if(lines > 0 && silent && !is_empty);
    }
}
