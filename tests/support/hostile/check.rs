//! The invariants: what holds of every [`Case`].
//!
//! No panic is the first of them, and the runner sees to it.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tower_cache_policy::policy::{CachePolicy, Risk};
use tower_cache_policy::protocol::{Outcome, Representation, is_tag_field, is_targeted_field};

use super::case::{self, Came, Case, Kind, Policy, Precedence, now};
use super::preconditions::{Asked, Has, Member, entity_tag, outcome};
use super::service::code;
use super::words::{Word, at_edge, is_cache_control, is_of_grpc, is_vary, vary_names};

/// Runs the case, and holds everything against what came of it.
///
/// # Panics
///
/// Where something does not hold.
pub fn check(case: &Case) -> Came {
    let came = case.run();
    let exchange = Exchange { case, came: &came };
    exchange.handler_runs_once_or_not_at_all();
    exchange.no_write_through_a_failed_precondition();
    exchange.no_false_not_modified();
    exchange.content_is_unchanged();
    exchange.what_is_not_ours_is_untouched();
    exchange.one_cache_control();
    exchange.fields_are_valid();
    exchange.never_more_shareable();
    exchange.guards_hold();
    exchange.purges_after_a_write_and_never_else();
    exchange.a_304_says_what_the_200_says();
    came
}

/// How often a 304 was held against its 200: that nothing is checked is not to look like success.
pub static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// A case and what came of it.
struct Exchange<'a> {
    case: &'a Case,
    came: &'a Came,
}

impl Exchange<'_> {
    fn was_handled(&self) -> bool {
        !self.came.handled.is_empty()
    }

    fn is_safe(&self) -> bool {
        matches!(self.case.asked.method, Method::GET | Method::HEAD)
    }

    /// Whether the layers take part at all: not in gRPC, nor in interim answers.
    fn is_ours(&self) -> bool {
        let is_grpc = self.case.asked.method == Method::POST && is_of_grpc(&self.case.inner.headers);
        let odd = self.case.inner.status.is_informational() || is_grpc;
        !(is_grpc_call(&self.case.asked) || self.was_handled() && odd)
    }

    fn has_writer(&self) -> bool {
        self.case.layers.iter().any(|kind| kind.writes())
    }

    fn is_compressed(&self) -> bool {
        self.case.layers.iter().any(|kind| matches!(kind, Kind::Compression))
    }

    fn accepts(&self, risk: Risk) -> bool {
        self.case.layers.iter().any(|kind| kind.risks().contains(&risk))
    }

    fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.case.layers.iter().filter_map(|kind| kind.policy())
    }

    /// The preconditions as each conditional layer sees them, which takes one coding off.
    fn seen_by_sources(&self) -> Vec<(Asked, &Representation)> {
        let mut asked = Asked::read(&self.case.asked.method, &self.case.asked.headers, now());
        let mut seen = Vec::new();
        for conditional in self.case.layers.iter().filter_map(|kind| kind.conditional()) {
            asked = asked.without_codings();
            if let Some(current) = &conditional.source {
                seen.push((asked.clone(), current));
            }
        }
        seen
    }

    fn handler_runs_once_or_not_at_all(&self) {
        let Self { case, came } = self;
        assert!(came.handled.len() <= 1);
        if let Some((method, _)) = came.handled.first() {
            assert_eq!(*method, case.asked.method);
        } else {
            assert!(matches!(came.status.as_u16(), 304 | 412 | 428), "{} without a handler", came.status);
            let requires = case.layers.iter().filter_map(|kind| kind.conditional()).any(|layer| layer.require);
            assert!(came.status.as_u16() != 428 || (requires && !self.is_safe()));
            assert!(came.content.trailers.is_none() && !came.content.broken);
        }
    }

    /// P-08, P-09
    fn no_write_through_a_failed_precondition(&self) {
        if !self.is_ours() || self.is_safe() {
            return;
        }
        let fails = |(asked, current): &(Asked, &Representation)| match current {
            Representation::Current(validators) => outcome(asked, Some(&Has::of(validators))) != Outcome::Proceed,
            Representation::Missing => outcome(asked, None) != Outcome::Proceed,
            Representation::Unknown => asked.method != Method::OPTIONS && asked.protects_a_write(),
        };
        let failed = self.seen_by_sources().iter().any(fails);
        if failed {
            assert!(!self.was_handled(), "a write went through a precondition that failed");
            assert!(matches!(self.came.status.as_u16(), 412 | 428), "{}", self.came.status);
        } else {
            assert!(self.was_handled() || self.came.status == 428, "a write was refused without a reason");
        }
        assert!(self.came.status != 304 || self.case.inner.status == 304, "a write is not modified");
    }

    fn no_false_not_modified(&self) {
        let Self { case, came } = self;
        if came.status != 304 || (self.was_handled() && case.inner.status == 304) {
            return;
        }
        assert!(self.is_safe(), "a 304 to {}", case.asked.method);
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
        assert!(matches!(case.inner.status.as_u16(), 200 | 203 | 206), "a 304 for {}", case.inner.status);
        // What the answer would have carried: its tag, and a date that may have left with it.
        let mut has = Has::read(headers, now());
        let of_inner = Has::read(&case.inner.headers, now());
        let stamps = sources.iter().filter_map(|(_, current)| match current {
            Representation::Current(validators) => Has::of(validators).last_modified,
            _ => None,
        });
        let dates: Vec<_> = of_inner.last_modified.into_iter().chain(stamps).map(Some).chain([None]).collect();
        // Each layer in which it may have been decided saw the tags with one coding less, and
        // gave the answer's tag one more.
        let mut asked = Asked::read(&case.asked.method, &case.asked.headers, now());
        let layers = case.layers.iter().filter(|kind| kind.conditional().is_some()).count();
        let holds = (0..layers).any(|_| {
            let holds = dates.iter().any(|date| {
                has.last_modified = *date;
                not_modified(&asked, &has)
            });
            asked = asked.clone().without_codings();
            if let Some((_, opaque)) = &mut has.etag {
                opaque.truncate(super::preconditions::without_coding(opaque).len());
            }
            holds
        });
        assert!(holds, "a false 304: {has:?} for {:?}", case.asked);
    }

    /// The octets, the trailers, and where it breaks off.
    fn content_is_unchanged(&self) {
        let Self { case, came } = self;
        // P-03
        let concerned = case.asked.method != Method::OPTIONS && self.is_ours();
        // Nor are preconditions decided of what says to be gRPC and was not asked for as such.
        let concerned = concerned && !(self.was_handled() && is_of_grpc(&case.inner.headers));
        let conditional = concerned && case.layers.iter().any(|kind| kind.conditional().is_some());
        if self.was_handled() && came.status == case.inner.status && !(conditional && came.status == 304) {
            let mut content = case.inner.body.content();
            let encoded = came.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
            if self.is_compressed() && encoded && !case.inner.headers.contains_key("content-encoding") {
                content.octets = code(&content.octets);
            }
            assert_eq!(came.content, content, "the content is another");
        } else if came.status != 428 && (!self.was_handled() || self.is_safe()) {
            assert_eq!(came.content, Default::default(), "a {} has content", came.status);
        }
        assert!(!(came.status == 304 && conditional) || came.content.trailers.is_none(), "trailers on a 304 (N-04)");
        if self.was_handled() && came.status != case.inner.status {
            assert!(self.is_safe() && case.inner.status.is_success(), "{} became {}", case.inner.status, came.status);
            assert!(matches!(came.status.as_u16(), 304 | 412));
        }
    }

    fn what_is_not_ours_is_untouched(&self) {
        let Self { case, came } = self;
        if self.was_handled() && !self.is_ours() && !is_grpc_call(&case.asked) {
            let mut headers = came.headers.clone();
            // What the handler asks to be purged is told, whatever it answers (I-03).
            headers.remove("cache-group-invalidation");
            assert_eq!((came.status, &headers), (case.inner.status, &case.inner.headers));
        }
        if !self.was_handled() {
            return;
        }
        for name in ["set-cookie", "age", "x-cache", "content-location", "date"] {
            let lines = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            assert_eq!(lines(&came.headers), lines(&case.inner.headers), "{name}");
        }
        // K-02: nothing that the answer depends on is forgotten.
        let (before, after) = (vary_names(&case.inner.headers), vary_names(&came.headers));
        let absorbed = after.iter().any(|name| name == "*");
        assert!(absorbed || before.iter().all(|name| after.contains(name)), "{before:?} became {after:?}");
    }

    /// G-14, G-25
    fn one_cache_control(&self) {
        let Self { case, came } = self;
        let Some(writer) = case.layers.iter().position(|kind| kind.writes()) else { return };
        if !self.is_ours() || self.accepts(Risk::RestrictionInASecondLineMissed) {
            return;
        }
        let count = came.headers.get_all("cache-control").iter().count();
        assert!(count <= 1, "{count} lines of Cache-Control");
        // What a source decides outside of every policy is without one.
        let early = case.layers[..writer].iter().filter_map(|kind| kind.conditional()).any(|it| it.source.is_some());
        let guessed = self.accepts(Risk::LifetimeGuessedByCaches);
        assert!(count == 1 || early || guessed, "no Cache-Control on {}", came.status);
        assert!(came.headers.get("cache-control").is_none_or(|value| !value.is_empty()) || guessed);
    }

    fn fields_are_valid(&self) {
        let Self { case, came } = self;
        // What was not valid may stay so: it is kept, as some cache may know what it means.
        let were = |name, is_valid: fn(&[u8]) -> bool| {
            !self.was_handled() || case.inner.headers.get_all(name).iter().all(|line| is_valid(line.as_bytes()))
        };
        let is_etag = |value: &[u8]| value.is_empty() || matches!(entity_tag(value), Member::Tag { .. });
        for (name, is_valid) in
            [("cache-control", is_cache_control as fn(&[u8]) -> bool), ("vary", is_vary), ("etag", is_etag)]
        {
            for line in came.headers.get_all(name) {
                assert!(is_valid(line.as_bytes()) || !were(name, is_valid), "{name}: {line:?} is not valid");
            }
        }
        assert!(!came.headers.contains_key("cache-status"), "H-03");
    }

    /// What each who has a word would let caches do.
    fn words(&self) -> Vec<Word> {
        let Self { case, came } = self;
        let of = |policy: CachePolicy| {
            let value = HeaderValue::from_str(&policy.to_string()).unwrap();
            Word::read([&value])
        };
        let mut words = Vec::new();
        if self.was_handled() {
            // Silence is no permission where a policy stands.
            let guessed = !self.has_writer() || self.accepts(Risk::LifetimeGuessedByCaches);
            let says = case.inner.headers.get_all("cache-control").iter().any(|line| !line.is_empty());
            if guessed || says || case.inner.headers.contains_key("expires") {
                words.extend(Word::readings_of(&case.inner.headers, now()));
            }
        }
        let is_error = came.status.is_client_error() || came.status.is_server_error();
        let guarded = match came.status.as_u16() {
            200 | 203 | 206 | 304 => None,
            400.. => Some(Risk::ErrorServedAsLongAsASuccess),
            300..=399 => Some(Risk::RedirectOutlivesItsReason),
            _ => Some(Risk::UnexpectedSuccessServedAsThePage),
        };
        let positive = guarded.is_none_or(|risk| self.accepts(risk));
        if self.was_handled() && (positive || !is_error) {
            words.extend(case.inner.policy.map(of));
        }
        for policy in self.policies() {
            words.extend(policy.policy.filter(|_| positive).map(of));
            // A 304 says what the 200 would have said (N-01).
            let speaks = |status| status == came.status || (status == 200 && came.status == 304);
            words.extend(policy.for_status.filter(|(status, _)| speaks(*status)).map(|(_, policy)| of(policy)));
            words.extend(policy.default.map(of));
        }
        words.extend(case.layers.iter().filter_map(|kind| match kind {
            Kind::Edge(edge) => edge.default.map(of),
            _ => None,
        }));
        words
    }

    /// Never more shareable than the answer inside and the policies.
    fn never_more_shareable(&self) {
        let Self { case, came } = self;
        if !self.is_ours() || !self.has_writer() {
            return;
        }
        // A 304 of a source says nothing on storing where no policy is around it.
        if !came.headers.contains_key("cache-control") {
            return;
        }
        let word = Word::of_answer(&came.headers, now());
        let words = self.words();
        let targeted = |headers: &HeaderMap| {
            let fields = headers.iter().filter(|(name, _)| is_targeted_field(name));
            fields.map(|(_, value)| at_edge(value)).max().flatten()
        };
        let inner_targeted = if self.was_handled() { targeted(&case.inner.headers) } else { None };

        let shared = word.shared().max(targeted(&came.headers));
        // A policy's word for edges may stand where `Cache-Control` says less.
        let most = words.iter().map(Word::shared).max().flatten().max(inner_targeted);
        assert!(shared <= most, "shared for {shared:?} where {most:?} was allowed: {words:?}");
        let most = words.iter().map(Word::browser).max().flatten();
        let browser = word.browser();
        assert!(browser <= most.max(Some(0)), "kept for {browser:?} where {most:?} was allowed: {words:?}");

        // G-08, and what else only permits.
        let any = |said: fn(&Word) -> bool| words.iter().any(said);
        assert!(!word.public || any(|word| word.public), "nobody said public");
        assert!(!word.immutable || any(|word| word.immutable), "nobody said immutable");
        let most = |said: fn(&Word) -> Option<u64>| words.iter().filter_map(said).max().unwrap_or(0);
        assert!(word.stale_while_revalidate.unwrap_or(0) <= most(|word| word.stale_while_revalidate));
        assert!(word.stale_if_error.unwrap_or(0) <= most(|word| word.stale_if_error));

        // `no-store` is sticky.
        let override_all = self.policies().any(|policy| policy.precedence == Precedence::OverrideEvenNoStore);
        let [_, inner] = Word::readings_of(&case.inner.headers, now());
        if self.was_handled() && !override_all && came.status == case.inner.status {
            let said = inner.forbids_storing() || case.inner.policy.is_some_and(|policy| policy.is_no_store());
            // Where several lines were left, as they were.
            let says = Word::readings_of(&came.headers, now()).iter().any(|word| word.no_store);
            assert!(!said || says, "no-store was lost: {:?}", came.headers);
        }
    }

    /// SPD, G-01, G-02, G-03, G-04, G-09, G-11, N-09
    fn guards_hold(&self) {
        let Self { case, came } = self;
        if !self.is_ours() || !self.has_writer() || !self.was_handled() {
            return;
        }
        let (asked, headers) = (&case.asked, &case.inner.headers);
        let varies = came.headers.get_all("vary").iter().any(|line| line.as_bytes() == b"*");
        let one_origin = headers.get("access-control-allow-origin").is_some_and(|origin| origin != "*")
            && headers.contains_key("access-control-allow-credentials");
        let reasons = [
            (headers.contains_key("set-cookie"), Risk::SetCookieReplayedToOthers),
            (asked.headers.contains_key("authorization"), Risk::AuthorizedAnswerServedToOthers),
            (asked.personalized || case.inner.personalized, Risk::PersonalizedAnswerServedToOthers),
            (varies, Risk::VariantServedToEverybody),
            (one_origin, Risk::OneOriginsAnswerServedToAnother),
        ];
        let word = Word::of_answer(&came.headers, now());
        let targeted = || came.headers.iter().filter(|(name, _)| is_targeted_field(name));
        let no_edge_keeps_it = || {
            for (name, value) in targeted() {
                assert_eq!(at_edge(value), None, "{name}: {value:?} for edges");
            }
            assert!(!came.headers.keys().any(is_tag_field), "tags of what no edge keeps");
        };
        for (found, risk) in reasons {
            if found && !self.accepts(risk) {
                assert!(word.forbids_sharing(), "not private, against {risk:?}");
                assert!(!(word.private && word.public), "private and public, against {risk:?}");
                no_edge_keeps_it();
            }
        }
        if matches!(came.status.as_u16(), 428 | 429 | 431 | 511) {
            assert!(word.no_store && !word.must_understand, "{} may be stored", came.status);
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                no_edge_keeps_it();
            }
        }
        if !self.is_safe() && !self.accepts(Risk::UnsafeAnswerReused) {
            assert!(word.shared() <= Some(0) && word.browser() <= Some(0), "the answer to a write is reused");
            if !self.accepts(Risk::EdgeFieldOverrulesNoStore) {
                no_edge_keeps_it();
            }
        }
    }

    /// I-01
    fn purges_after_a_write_and_never_else(&self) {
        let Self { case, came } = self;
        let status = case.inner.status;
        let written =
            self.was_handled() && !case.asked.method.is_safe() && (status.is_success() || status.is_redirection());
        let layers = case.layers.iter().filter(|kind| matches!(kind, Kind::Purge { .. })).count();
        let asked = self.was_handled() && case.inner.purge;
        assert_eq!(came.purged, usize::from(written && asked && layers > 0), "{}", case.asked.method);
        assert_eq!(came.asks_for_purge, asked && layers == 0, "nobody purges it again");
    }

    /// N-01: "Cache-Control, Content-Location, Date, ETag, Expires, and Vary", as "would have been sent
    /// in a 200 (OK) response to the same request". Asked of the same layers, with a GET that has a 200,
    /// because few answers are one. Of one case in four, because it is two more.
    fn a_304_says_what_the_200_says(&self) {
        let Self { case, .. } = self;
        let Some(last) = case.layers.iter().rposition(|kind| kind.conditional().is_some()) else { return };
        if case.inner.body.steps.len() % 4 != 1 || is_grpc_call(&case.asked) || is_of_grpc(&case.inner.headers) {
            return;
        }
        let mut case = Case { layers: case.layers.clone(), asked: case.asked.clone(), inner: case.inner.clone() };
        // A policy stands inside of what decides, where it sees the answer that a 304 stands for.
        let has_policy = |kind: &Kind| kind.policy().is_some();
        if !case.layers[last..].iter().any(has_policy) {
            return;
        }
        let mut place = 0;
        case.layers.retain_mut(|kind| {
            // A source knows nothing of what the handler would say.
            if let Kind::Conditional(conditional) | Kind::Caching(_, conditional) = kind {
                conditional.source = None;
            }
            place += 1;
            // L-01: what codes around a layer that decides says nothing on the 304.
            place > last || !(has_policy(kind) || matches!(kind, Kind::Compression))
        });
        case.asked.method = Method::GET;
        for name in ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"] {
            case.asked.headers.remove(name);
        }
        case.inner.status = StatusCode::OK;
        // Where a handler codes and forgets `Vary`, a 304 for a tag with a coding has it.
        case.inner.headers.remove("content-encoding");
        if Has::read(&case.inner.headers, now()).etag.is_none() {
            case.inner.headers.insert("etag", HeaderValue::from_static("\"a\""));
        }
        let whole = case.run();
        let Some(tag) = whole.headers.get("etag").filter(|_| Has::read(&whole.headers, now()).etag.is_some()) else {
            return;
        };
        case.asked.headers.insert("if-none-match", tag.clone());
        let revalidated = case.run();
        if revalidated.status != 304 {
            // The only answers for which there is none (G-10).
            let stream = case.inner.headers.get("content-type").is_some_and(|value| value == "text/event-stream");
            assert!(stream || has_several_codings(&case), "no 304 for {tag:?}");
            return;
        }
        COMPARED.fetch_add(1, Ordering::Relaxed);
        for name in ["cache-control", "content-location", "date", "etag", "expires", "vary"] {
            let lines = |headers: &HeaderMap| {
                let lines =
                    headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
                // G-27: of a 304 nobody outside of the layer that made it knows whether it is for a page.
                lines.map(|line| line.replace(", immutable", "")).collect::<Vec<_>>()
            };
            let [said, says] = [&whole, &revalidated].map(|came| lines(&came.headers));
            assert_eq!(says, said, "N-01: {name}, of the 304 and of the 200");
        }
    }
}

/// Whose tag may be read as that of another.
fn has_several_codings(case: &Case) -> bool {
    case.inner.headers.contains_key("content-encoding")
        || case.layers.iter().any(|kind| matches!(kind, Kind::Compression))
}

/// A call of gRPC, which is a POST. Its answer may be anything.
fn is_grpc_call(asked: &case::Asked) -> bool {
    asked.method == Method::POST && is_of_grpc(&asked.headers)
}
