//! Compares `Preconditions` with an oracle for generated requests and representations. The oracle follows the text of
//! RFC 9110 section 13.
#![allow(clippy::unwrap_used)] // As in any test.

#[path = "support/hostile/preconditions.rs"]
#[allow(dead_code, unreachable_pub)] // The fuzz targets use the rest.
mod preconditions;

use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use tower_cache_policy::protocol::{EntityTag, HttpDate, Outcome, Preconditions, Representation, Validators};

use self::preconditions::{Date, Member, OriginValidators, RequestPreconditions, outcome as oracle};

fn opaque() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec!["a", "b", "a,b", ""]).prop_map(|text| text.as_bytes().to_vec())
}

fn member() -> impl Strategy<Value = Member> {
    prop_oneof![
        6 => (any::<bool>(), opaque()).prop_map(|(weak, opaque)| Member::Tag { weak, opaque }),
        1 => Just(Member::Star),
        1 => prop::sample::select(vec!["a", "w/\"a\"", "W/", "'a'", "\"a\"b", "**"]).prop_map(|text| Member::Garbage(text.as_bytes().to_vec())),
    ]
}

fn list() -> impl Strategy<Value = Option<Vec<Vec<Member>>>> {
    prop::option::of(prop::collection::vec(prop::collection::vec(member(), 0..4), 1..3))
}

fn dates() -> impl Strategy<Value = Option<Vec<Date>>> {
    let date = prop_oneof![4 => (0..4i64).prop_map(Date::At), 1 => Just(Date::Garbage)];
    prop::option::of(prop::collection::vec(date, 1..3))
}

fn request_preconditions() -> impl Strategy<Value = RequestPreconditions> {
    let method = prop::sample::select(vec![
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::POST,
        Method::OPTIONS,
        Method::from_bytes(b"QUERY").unwrap(),
    ]);
    (method, list(), list(), dates(), dates()).prop_map(
        |(method, if_match, if_none_match, if_modified_since, if_unmodified_since)| RequestPreconditions {
            method,
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
        },
    )
}

fn origin_validators() -> impl Strategy<Value = Option<OriginValidators>> {
    let etag = prop::option::of((any::<bool>(), opaque()));
    prop::option::weighted(0.8, (etag, prop::option::of(0..4i64)))
        .prop_map(|current| current.map(|(etag, last_modified)| OriginValidators { etag, last_modified }))
}

impl RequestPreconditions {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let render = |member: &Member| match member {
            Member::Tag { weak, opaque } => {
                let mark: &[u8] = if *weak { b"W/" } else { b"" };
                [mark, b"\"", opaque, b"\""].concat()
            }
            Member::Star => b"*".to_vec(),
            Member::Garbage(text) => text.clone(),
            Member::Unreadable => b"\"".to_vec(),
        };
        for (name, lines) in [("if-match", &self.if_match), ("if-none-match", &self.if_none_match)] {
            for line in lines.iter().flatten() {
                let text = line.iter().map(render).collect::<Vec<_>>().join(&b", "[..]);
                headers.append(name, HeaderValue::from_bytes(&text).unwrap());
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

fn representation(current: Option<&OriginValidators>) -> Representation {
    let Some(current) = current else { return Representation::Missing };
    let mut validators = Validators::new();
    if let Some((weak, opaque)) = &current.etag {
        validators = validators.with_etag(if *weak {
            EntityTag::weak(opaque).unwrap()
        } else {
            EntityTag::strong(opaque).unwrap()
        });
    }
    if let Some(seconds) = current.last_modified {
        validators = validators.with_last_modified(HttpDate::from_unix_seconds(seconds).unwrap());
    }
    validators.into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_follows_the_text_of_the_standard(request in request_preconditions(), current in origin_validators()) {
        let preconditions = Preconditions::new(&request.method, &request.headers());
        let evaluation = preconditions.evaluate(&representation(current.as_ref()), HttpDate::UNIX_EPOCH);
        let expected = oracle(&request, current.as_ref());
        prop_assert_eq!(evaluation.outcome(), expected);
        prop_assert_eq!(evaluation.condition().is_none(), expected == Outcome::Proceed);
        // The oracle parses the generated fields correctly.
        let read = RequestPreconditions::read(&request.method, &request.headers(), HttpDate::UNIX_EPOCH);
        prop_assert_eq!(oracle(&read, current.as_ref()), expected);
    }

    #[test]
    fn a_safe_request_gets_the_same_decision_after_the_handler(request in request_preconditions(), current in origin_validators()) {
        let Some(current) = current else { return Ok(()) };
        let mut response = HeaderMap::new();
        if let Representation::Current(validators) = representation(Some(&current)) {
            validators.write_to(&mut response, HttpDate::MAX);
        }
        let preconditions = Preconditions::new(&request.method, &request.headers());
        let outcome = preconditions.evaluate_response(&response, HttpDate::UNIX_EPOCH).outcome();
        let safe = matches!(request.method.as_str(), "GET" | "HEAD" | "QUERY");
        prop_assert_eq!(outcome, if safe { oracle(&request, Some(&current)) } else { Outcome::Proceed });
    }

    #[test]
    fn hostile_fields_never_panic_and_never_match_an_unknown_tag(
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
        // The generated fields are too short for a tag of 40 bytes.
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
