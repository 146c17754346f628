//! Compares `Preconditions` with the text of RFC 9110 section 13 (P-01 to P-29, R-08 to R-12).
//!
//! The input is a message: a line with the method, the fields of the request, an empty line, and the fields of the
//! current representation.
#![no_main]

use http::Method;
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::{IfRange, Outcome, Preconditions, Representation, Validators};
use tower_cache_policy_fuzz::hostile::preconditions::{OriginValidators, RequestPreconditions, outcome};
use tower_cache_policy_fuzz::{fields, now};

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let Ok(method) = Method::from_bytes(parts.next().unwrap_or_default()) else { return };
    let (request, rest) = fields(parts.next().unwrap_or_default());
    let (response, _) = fields(rest);

    let own = Preconditions::new(&method, &request);
    let preconditions = RequestPreconditions::read(&method, &request, now());
    let origin = OriginValidators::read(&response, now());
    let safe = matches!(method.as_str(), "GET" | "HEAD" | "QUERY");
    let exempt = matches!(method.as_str(), "CONNECT" | "OPTIONS" | "PRI" | "PROPFIND" | "REPORT" | "SEARCH" | "TRACE");

    let validators = Validators::from_headers(&response, now());
    assert_eq!(OriginValidators::of(&validators), origin);
    let current = Representation::Current(validators);
    let expected = outcome(&preconditions, Some(&origin));
    assert_eq!(own.evaluate(&current, now()).outcome(), expected);
    let missing = outcome(&preconditions, None);
    assert_eq!(own.evaluate(&Representation::Missing, now()).outcome(), missing);
    let after = own.evaluate_response(&response, now());
    assert_eq!(after.outcome(), if safe { expected } else { Outcome::Proceed });
    assert_eq!(after.condition().is_none(), after.outcome() == Outcome::Proceed);
    // A precondition that cannot be proven rejects a write and does not result in a 304.
    let unknown = own.evaluate(&Representation::Unknown, now()).outcome();
    let refused = !safe && !exempt && preconditions.protects_a_write();
    assert_eq!(unknown, if refused { Outcome::PreconditionFailed } else { Outcome::Proceed });
    assert!(expected != Outcome::NotModified || safe);

    for representation in [&current, &Representation::Missing, &Representation::Unknown] {
        let range = own.if_range(representation, now());
        let is_evaluated = method == Method::GET && request.contains_key("range") && request.contains_key("if-range");
        assert_eq!(range == IfRange::Absent, !is_evaluated, "R-08");
        if range == IfRange::True {
            // only an equal strong tag matches, because no date here is declared strong.
            let tag = request["if-range"].as_bytes().trim_ascii();
            assert!(response["etag"].as_bytes().trim_ascii() == tag && tag.starts_with(b"\""), "R-10");
            assert!(matches!(representation, Representation::Current(_)));
        }
        let _ = own.is_unprotected_write(representation, now());
    }
});
