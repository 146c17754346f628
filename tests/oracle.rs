//! `Preconditions` against an oracle that is written straight from the text of RFC 9110
//! section 13, over generated requests and representations.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use tower_cache_policy::protocol::{EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators};

/// A member of a list of entity tags, as the oracle sees it.
#[derive(Clone, Debug)]
enum Member {
    Tag { weak: bool, opaque: &'static str },
    Star,
    Garbage(&'static str),
}

#[derive(Clone, Debug)]
enum Date {
    At(i64),
    Garbage,
}

#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    /// Lines of members. `None`: no such field.
    if_match: Option<Vec<Vec<Member>>>,
    if_none_match: Option<Vec<Vec<Member>>>,
    if_modified_since: Option<Vec<Date>>,
    if_unmodified_since: Option<Vec<Date>>,
}

#[derive(Clone, Debug)]
struct Has {
    etag: Option<(bool, &'static str)>,
    last_modified: Option<i64>,
}

fn member() -> impl Strategy<Value = Member> {
    prop_oneof![
        6 => (any::<bool>(), prop::sample::select(vec!["a", "b", "a,b", ""])).prop_map(|(weak, opaque)| Member::Tag { weak, opaque }),
        1 => Just(Member::Star),
        1 => prop::sample::select(vec!["a", "w/\"a\"", "W/", "'a'", "\"a\"b", "**"]).prop_map(Member::Garbage),
    ]
}

fn list() -> impl Strategy<Value = Option<Vec<Vec<Member>>>> {
    prop::option::of(prop::collection::vec(prop::collection::vec(member(), 0..4), 1..3))
}

fn dates() -> impl Strategy<Value = Option<Vec<Date>>> {
    let date = prop_oneof![4 => (0..4i64).prop_map(Date::At), 1 => Just(Date::Garbage)];
    prop::option::of(prop::collection::vec(date, 1..3))
}

fn asked() -> impl Strategy<Value = Asked> {
    let method = prop::sample::select(vec![
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::POST,
        Method::OPTIONS,
    ]);
    (method, list(), list(), dates(), dates()).prop_map(
        |(method, if_match, if_none_match, if_modified_since, if_unmodified_since)| Asked {
            method,
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
        },
    )
}

fn has() -> impl Strategy<Value = Option<Has>> {
    let etag = prop::option::of((any::<bool>(), prop::sample::select(vec!["a", "b", "a,b", ""])));
    prop::option::weighted(0.8, (etag, prop::option::of(0..4i64)))
        .prop_map(|has| has.map(|(etag, last_modified)| Has { etag, last_modified }))
}

impl Asked {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let render = |member: &Member| match member {
            Member::Tag { weak, opaque } => format!("{}\"{opaque}\"", if *weak { "W/" } else { "" }),
            Member::Star => "*".to_owned(),
            Member::Garbage(text) => (*text).to_owned(),
        };
        for (name, lines) in [("if-match", &self.if_match), ("if-none-match", &self.if_none_match)] {
            for line in lines.iter().flatten() {
                let text = line.iter().map(render).collect::<Vec<_>>().join(", ");
                headers.append(name, HeaderValue::from_str(&text).unwrap());
            }
        }
        for (name, lines) in
            [("if-modified-since", &self.if_modified_since), ("if-unmodified-since", &self.if_unmodified_since)]
        {
            for line in lines.iter().flatten() {
                let value = match line {
                    Date::At(seconds) => HttpDate::from_unix_seconds(*seconds).unwrap().to_header_value(),
                    Date::Garbage => HeaderValue::from_static("soon"),
                };
                headers.append(name, value);
            }
        }
        headers
    }
}

fn representation(has: Option<&Has>) -> Representation {
    let Some(has) = has else { return Representation::Missing };
    let mut validators = Validators::new();
    if let Some((weak, opaque)) = has.etag {
        validators = validators.with_etag(if weak {
            EntityTag::weak(opaque).unwrap()
        } else {
            EntityTag::strong(opaque).unwrap()
        });
    }
    if let Some(seconds) = has.last_modified {
        validators = validators.with_last_modified(HttpDate::from_unix_seconds(seconds).unwrap());
    }
    validators.into()
}

/// RFC 9110 section 13.2, sentence by sentence, and our reading of what it leaves open
/// (P-02, P-22).
fn oracle(asked: &Asked, has: Option<&Has>) -> Outcome {
    let safe = matches!(asked.method, Method::GET | Method::HEAD);
    // "A server MUST ignore the conditional request header fields ... when received with a
    // request method that does not involve the selection or modification of a selected
    // representation, such as CONNECT, OPTIONS, or TRACE."
    if asked.method == Method::OPTIONS {
        return Outcome::Proceed;
    }
    // "A server MUST ignore all received preconditions if its response to the same request
    // without those conditions ... would have been a status code other than a 2xx".
    if safe && has.is_none() {
        return Outcome::Proceed;
    }
    let only_date = |lines: &Option<Vec<Date>>| match lines.as_deref() {
        Some([Date::At(seconds)]) => Some(*seconds),
        _ => None,
    };
    let last_modified = has.and_then(|has| has.last_modified);
    let etag = has.and_then(|has| has.etag);
    let members = |lines: &Option<Vec<Vec<Member>>>| -> Option<Vec<Member>> { Some(lines.clone()?.concat()) };

    // Step 1 and 2.
    if let Some(members) = members(&asked.if_match) {
        let holds = if members.iter().any(|member| matches!(member, Member::Star)) {
            // "If the field value is "*", the condition is true if the origin server has a
            // current representation for the target resource." With company it is invalid.
            members.len() == 1 && has.is_some()
        } else {
            // "... using the strong comparison function".
            members.iter().any(|member| match member {
                Member::Tag { weak, opaque } => !weak && etag == Some((false, *opaque)),
                Member::Star | Member::Garbage(_) => false,
            })
        };
        if !holds {
            return Outcome::PreconditionFailed;
        }
    } else if let (Some(date), Some(last_modified)) = (only_date(&asked.if_unmodified_since), last_modified) {
        // "... earlier or equal to the date provided in the field value, the condition is true."
        if last_modified > date {
            return Outcome::PreconditionFailed;
        }
    }
    // Step 3 and 4.
    if let Some(members) = members(&asked.if_none_match) {
        let matched = members.iter().any(|member| match member {
            // "... using the weak comparison function".
            Member::Tag { opaque, .. } => etag.is_some_and(|(_, own)| own == *opaque),
            Member::Star | Member::Garbage(_) => false,
        });
        let star = members.iter().any(|member| matches!(member, Member::Star));
        let exists = match (star, members.len() == 1, safe) {
            (true, true, _) => has.is_some(),
            // Invalid: it gives no 304, and lets no write over what exists.
            (true, false, true) => false,
            (true, false, false) => has.is_some(),
            (false, ..) => false,
        };
        if matched || exists {
            return if safe { Outcome::NotModified } else { Outcome::PreconditionFailed };
        }
    } else if safe
        && let (Some(date), Some(last_modified)) = (only_date(&asked.if_modified_since), last_modified)
        // "... earlier or equal to the date provided in the field value, the condition is false."
        && last_modified <= date
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_is_that_of_the_text(asked in asked(), has in has()) {
        let preconditions = Preconditions::new(&asked.method, &asked.headers());
        let evaluation = preconditions.evaluate(&representation(has.as_ref()), HttpDate::UNIX_EPOCH);
        let expected = oracle(&asked, has.as_ref());
        prop_assert_eq!(evaluation.outcome(), expected);
        prop_assert_eq!(evaluation.condition().is_none(), expected == Outcome::Proceed);
    }

    #[test]
    fn after_the_handler_the_decision_on_a_safe_request_is_the_same(asked in asked(), has in has()) {
        let Some(has) = has else { return Ok(()) };
        let mut answer = HeaderMap::new();
        if let Representation::Current(validators) = representation(Some(&has)) {
            validators.write_to(&mut answer, HttpDate::MAX);
        }
        let preconditions = Preconditions::new(&asked.method, &asked.headers());
        let outcome = preconditions.evaluate_answer(&answer, HttpDate::UNIX_EPOCH).outcome();
        let safe = matches!(asked.method, Method::GET | Method::HEAD);
        prop_assert_eq!(outcome, if safe { oracle(&asked, Some(&has)) } else { Outcome::Proceed });
    }

    #[test]
    fn hostile_fields_panic_nowhere_and_let_nothing_unknown_through(
        method in prop::sample::select(vec![Method::GET, Method::PUT]),
        lines in prop::collection::vec((0..6usize, prop::collection::vec(any::<u8>(), 0..30)), 0..6),
    ) {
        const NAMES: [&str; 6] =
            ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"];
        let mut headers = HeaderMap::new();
        for (name, bytes) in &lines {
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                headers.append(NAMES[*name], value);
            }
        }
        let preconditions = Preconditions::new(&method, &headers);
        // A tag of 30 octets that no generated field can hold.
        let current = Validators::new().with_etag(EntityTag::strong("x".repeat(40)).unwrap());
        let outcome = preconditions.evaluate(&current.into(), HttpDate::UNIX_EPOCH).outcome();
        if headers.contains_key("if-match") && !headers.get_all("if-match").iter().any(|line| line.as_bytes().contains(&b'*')) {
            prop_assert_eq!(outcome, Outcome::PreconditionFailed);
        }
        if method == Method::GET && !headers.get_all("if-none-match").iter().any(|line| line.as_bytes().contains(&b'*')) {
            prop_assert_ne!(outcome, Outcome::NotModified);
        }
        let _ = preconditions.if_range(&Representation::Unknown, HttpDate::UNIX_EPOCH);
    }
}
