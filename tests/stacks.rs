//! Tests that all invariants hold for random stacks of the layers, in random order, around a service with any response.
//!
//! Each run generates the same cases, unless a seed is set. A failure shows the invariant and a small case that breaks
//! it:
//!
//! ```text
//! STACKS_SEED=7 STACKS_CASES=100000 STACKS_ONLY="a 304 repeats" cargo test --all-features --test stacks
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/hostile/mod.rs"]
mod hostile;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use arbitrary::{Arbitrary, Unstructured};
use http::{HeaderName, HeaderValue, Method};
use tower_cache_policy::edge::{EdgeProfile, TagFormat};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::protocol::{is_tag_field, is_targeted_field};

use self::hostile::case::{Case, ClientRequest, Conditional, Digest, Edge, Form, Handler, Kind, Policy, Precedence};
use self::hostile::check::{Exchange, invariants};
use self::hostile::coverage::Coverage;
use self::hostile::fields;
use self::hostile::service::FramesBody;
use self::hostile::shrink::shrunk;

const CASES: u64 = 20_000;
const SEED: u64 = 1;

/// The minimum count of each kind of case and check in [`CASES`], about a third of the usual count.
const FLOORS: [(Coverage, usize); Coverage::ALL.len()] = [
    (Coverage::FixedPolicy, 2000),
    (Coverage::FixedPolicyInCaching, 1000),
    (Coverage::TableInCaching, 1000),
    (Coverage::TableByType, 1000),
    (Coverage::CustomProfile, 200),
    (Coverage::SourceInCaching, 90),
    (Coverage::GrpcClaim, 1000),
    (Coverage::GrpcClaimOfRefusedWrite, 200),
    (Coverage::LiveStream, 150),
    (Coverage::SplitQuote, 250),
    (Coverage::LongField, 300),
    (Coverage::NoKnownDirective, 400),
    (Coverage::PolicyBesideAnotherStatus, 60),
    (Coverage::PolicyForOtherStatus, 50),
    (Coverage::NotModified, 600),
    (Coverage::NotModifiedBySource, 100),
    (Coverage::NotModifiedByHandler, 400),
    (Coverage::PartialContent, 300),
    (Coverage::AcceptedRisk, 180),
    (Coverage::AcceptedRiskForOtherValue, 250),
    (Coverage::TargetedFieldReplaced, 600),
];

#[test]
fn the_invariants_hold_for_any_request_and_any_stack() {
    let seed = setting("STACKS_SEED").unwrap_or(SEED);
    let count = setting("STACKS_CASES").unwrap_or(CASES);
    let only = std::env::var("STACKS_ONLY").unwrap_or_default();
    let faults = faults(count, &mut Random(seed), &only);
    // Counted before faults are shrunk, because that runs more cases.
    let rare: Vec<String> = FLOORS
        .map(|(kind, floor)| (kind, kind.times(), floor))
        .into_iter()
        .filter(|(_, times, floor)| only.is_empty() && count >= CASES && times < floor)
        .map(|(kind, times, floor)| format!("{kind:?} was covered {times} times, and {floor} are required"))
        .collect();
    let mut text = String::new();
    for ((name, place), Fault { times, case }) in &faults {
        let breaks = |case: &Case| {
            let mut broken = broken(case, |other| other == *name).into_iter();
            broken.find(|(other, message)| other == name && place_of(message) == place)
        };
        let case = shrunk(case.clone(), |case| breaks(case).is_some());
        let (_, message) = breaks(&case).unwrap();
        writeln!(text, "\n{name}: broken {times} times\n  {message}\n  {case:?}").unwrap();
    }
    assert!(faults.is_empty(), "with STACKS_SEED={seed} STACKS_CASES={count}:\n{text}");
    assert!(rare.is_empty(), "with STACKS_SEED={seed}: {rare:#?}");
}

/// A header map has room for 24,576 names, and panics if another one is inserted (D20).
#[test]
fn no_layer_panics_if_a_response_has_no_room_for_another_field() {
    let policy = |precedence| Policy {
        policy: Some(CachePolicy::public(std::time::Duration::from_secs(300)).vary(&["accept-language"])),
        form: Form::Fixed,
        compresses: false,
        vary: Vec::new(),
        precedence,
        risks: Vec::new(),
        for_status: None,
        default: None,
        development: false,
    };
    let conditional = Conditional { source: None, by_head: false, require: false, trust_ranges: false };
    let edge = |profile| Kind::Edge(Edge { profile, risks: Vec::new(), default: None, coarser: false });
    let mut development = policy(Precedence::HandlerFirst);
    development.development = true;
    let kinds = [
        Kind::Policy(policy(Precedence::HandlerFirst)),
        Kind::Policy(policy(Precedence::Override)),
        Kind::Policy(policy(Precedence::Tighten)),
        Kind::Policy(development),
        Kind::Conditional(conditional.clone()),
        Kind::EntityTag { unknown_length: None, max_body: 1 << 20, digest: Digest::Weak },
        edge(EdgeProfile::STANDARD),
        edge(EdgeProfile::FASTLY),
        edge(EdgeProfile::NGINX),
        Kind::Caching(policy(Precedence::HandlerFirst), conditional),
        Kind::Purge { announces: true, fails: false },
    ];
    let mut panics = Vec::new();
    for own in [&[][..], &["set-cookie"], &["set-cookie", "cache-control"], &["access-control-allow-origin"]] {
        for kind in &kinds {
            let mut handler = Handler {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: FramesBody::empty(),
                policy: None,
                status_policy: None,
                personalized: false,
                tags: Vec::new(),
                purge: true,
                not_modified: false,
            };
            for name in own {
                handler.headers.insert(*name, HeaderValue::from_static("max-age=600"));
            }
            for number in handler.headers.len()..24_576 {
                let name = HeaderName::try_from(format!("x-{number}")).unwrap();
                handler.headers.insert(name, HeaderValue::from_static(""));
            }
            let method = if matches!(kind, Kind::Purge { .. }) { Method::POST } else { Method::GET };
            let request = ClientRequest { method, headers: http::HeaderMap::new(), personalized: false };
            let case = Case { layers: vec![kind.clone()], request, handler };
            if let Err(message) = quietly(|| case.run()) {
                panics.push(format!("{kind:?} with {own:?}: {message}"));
            }
        }
    }
    assert!(panics.is_empty(), "{panics:#?}");
}

/// The list in the tests contains the same fields for edges as the crate and its profiles.
#[test]
fn the_tests_and_the_crate_list_the_same_fields() {
    let name = |text: &str| HeaderName::try_from(text).unwrap();
    let mut differing = Vec::new();
    for text in fields::TARGETED {
        differing.extend(
            (!is_targeted_field(&name(text))).then(|| format!("{text}: a targeted field that the crate does not know")),
        );
    }
    for text in fields::TAGS {
        differing.extend(
            (!is_tag_field(&name(text))).then(|| format!("{text}: a field for tags that the crate does not know")),
        );
    }
    // The crate's list is not public, so this checks each string literal in its source.
    let texts = texts_in(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    assert!(texts.iter().any(|text| text == "cdn-cache-control"), "no field names were found in the source");
    for text in texts {
        let name = name(&text);
        differing.extend(
            (is_targeted_field(&name) && !fields::is_targeted(&name))
                .then(|| format!("{text}: a targeted field that is not on the list")),
        );
        differing.extend(
            (is_tag_field(&name) && !fields::is_tags(&name))
                .then(|| format!("{text}: a field for tags that is not on the list")),
        );
    }
    for profile in EdgeProfile::all() {
        let restriction = profile.restriction().map(|(name, _)| name.clone());
        let field = profile.field().map(|field| field.name().clone());
        let read = profile.precedence().iter().chain(profile.stripped_fields()).map(|text| name(text));
        for name in read.chain(restriction).chain(field) {
            let is_standard = matches!(name.as_str(), "cache-control" | "expires");
            differing
                .extend((!is_standard && !fields::is_targeted(&name)).then(|| format!("{name} of {}", profile.name())));
        }
        let tags = profile.tags().map(TagFormat::field).filter(|name| !fields::is_tags(name));
        differing.extend(tags.map(|name| format!("{name} of {}, for tags", profile.name())));
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

/// The string literals in all files below a directory that could be field names.
fn texts_in(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path).unwrap();
            let is_name = |text: &&str| {
                !text.is_empty() && text.bytes().all(|it| it == b'-' || it.is_ascii_lowercase() || it.is_ascii_digit())
            };
            found.extend(text.split('"').filter(is_name).map(str::to_owned));
        }
    }
    found
}

/// An invariant, and the location of the failed assertion.
type FaultKey = (&'static str, String);

/// The number of times that an invariant was broken, and the first case.
struct Fault {
    times: usize,
    case: Case,
}

fn faults(count: u64, random: &mut Random, only: &str) -> BTreeMap<FaultKey, Fault> {
    let mut faults = BTreeMap::new();
    let mut drawn = 0;
    while drawn < count {
        let bytes = random.bytes();
        let Ok(case) = Case::arbitrary(&mut Unstructured::new(&bytes)) else { continue };
        drawn += 1;
        for (name, message) in broken(&case, |name| name.contains(only)) {
            let key = (name, place_of(&message).to_owned());
            faults.entry(key).or_insert_with(|| Fault { times: 0, case: case.clone() }).times += 1;
        }
    }
    faults
}

/// Returns the invariants that the case breaks, with the messages.
fn broken(case: &Case, is_wanted: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let result = match quietly(|| case.run()) {
        Ok(result) => result,
        Err(message) => return vec![("no layer panics", message)],
    };
    let exchange = Exchange::new(case, &result);
    let wanted = invariants().into_iter().filter(|(name, _)| is_wanted(name));
    wanted.filter_map(|(name, invariant)| Some((name, quietly(|| invariant(&exchange)).err()?))).collect()
}

/// File and line of a message of [`quietly`].
fn place_of(message: &str) -> &str {
    message.split_once(": ").map_or(message, |(place, _)| place)
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Returns the message of a panic without printing it, because many cases may break the same invariant.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_QUIET.get() {
                let place = panic.location().map_or_else(String::new, ToString::to_string);
                let text = panic.payload().downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.payload().downcast_ref::<&str>().copied());
                let text = text.unwrap_or_default().replace('\n', " ");
                MESSAGE.with(|message| *message.borrow_mut() = format!("{place}: {text}"));
            } else {
                loud(panic);
            }
        }));
    });
    let before = IS_QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    IS_QUIET.set(before);
    result.map_err(|_| MESSAGE.with(|message| message.borrow().clone()))
}

fn setting(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The bytes from which a case is generated.
    fn bytes(&mut self) -> Vec<u8> {
        let length = 20 + self.next() % 80;
        (0..length).flat_map(|_| self.next().to_le_bytes()).collect()
    }
}
