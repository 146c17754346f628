//! Compares the audit with the crate `http-cache-semantics`: storability and freshness of 100,000 generated exchanges.
//!
//! If the two differ, a row of [`DIFFERENCES`] must give the reason and the clause. The row rewrites the exchange to an
//! equivalent one, according to that clause, that the other crate reads correctly. The two results must then be equal
//! to the second. Each row has an example for which the results differ without the row and agree with only this row.
#![allow(clippy::unwrap_used)] // As in any test.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, request, response};
use http_cache_semantics::{CacheOptions, CachePolicy};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower_cache_policy::audit::CacheAudit;
use tower_cache_policy::protocol::{Cache, HttpDate};

const PAIRS: u32 = 100_000;

/// Mon, 01 Jun 2026 00:00:00 GMT
const NOW: i64 = 1_780_272_000;

/// An exchange in parts that can be rewritten without a parser.
#[derive(Clone, Debug)]
struct Case {
    shared: bool,
    method: Method,
    status: u16,
    is_target: bool,
    authorization: bool,
    request_directives: Vec<Directive>,
    response_directives: Vec<Directive>,
    two_lines: bool,
    date: Vec<Date>,
    expires: Vec<Date>,
    last_modified: Vec<Date>,
    age: Option<&'static str>,
    vary: Option<&'static str>,
    set_cookie: bool,
    pragma: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Directive {
    name: &'static str,
    argument: Option<&'static str>,
    in_capitals: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Date {
    Imf(i64),
    Rfc850(i64),
    Asctime(i64),
    /// A date in the format of mail, with a numeric time zone.
    Mail(i64),
    Zero,
}

/// One difference between the other crate and the standard.
struct Difference {
    clause: &'static str,
    reason: &'static str,
    /// Rewrites only the affected parts.
    settle: fn(&mut Case),
    example: fn() -> Case,
}

/// The order is significant: a rule about the status applies after the rule about `must-understand`.
const DIFFERENCES: &[Difference] = &[
    Difference {
        clause: "RFC 9111 section 5.2, C-01",
        reason: "directives are known by lower-case names only, so that `NO-STORE` is stored",
        settle: |case| {
            case.response_directives
                .iter_mut()
                .chain(&mut case.request_directives)
                .for_each(|directive| directive.in_capitals = false)
        },
        example: || Case {
            response_directives: vec![Directive { in_capitals: true, ..directive("no-store", None) }],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 5.2, C-01; RFC 9110 section 5.6.4",
        reason: "a comma in a quoted string separates directives",
        settle: |case| {
            case.response_directives.iter_mut().for_each(|directive| {
                if directive.name == "x" {
                    directive.argument = None;
                }
            })
        },
        example: || Case {
            response_directives: vec![directive("x", Some(r#""a, no-store, b""#)), directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 4.2.1, C-07",
        reason: "a lifetime without a number is ignored, although it makes the response stale",
        settle: |case| lifetimes(case, |argument| argument.is_none().then_some("0")),
        example: || Case {
            response_directives: vec![directive("max-age", None)],
            last_modified: vec![Date::Imf(-1000)],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 1.2.2, C-07",
        reason: "`+60` is read as a number, although delta-seconds are digits",
        settle: |case| lifetimes(case, |argument| (argument == Some("+60")).then_some("0")),
        example: || Case { response_directives: vec![directive("max-age", Some("+60"))], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 1.2.2, C-04",
        reason: "what does not fit into 64 bits is 0, where it is the greatest number that can be represented, and \
                 what fits is not cut; ours is 2^31 - 1",
        settle: |case| {
            lifetimes(case, |argument| {
                matches!(argument, Some("99999999999" | "99999999999999999999")).then_some("2147483647")
            });
        },
        example: || Case { response_directives: vec![directive("max-age", Some("99999999999999999999"))], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 4.2.1, C-05, C-06",
        reason: "of a directive that is there twice the first counts, and `must-revalidate` is added, which permits \
                 to share what `Authorization` forbids; here the least lifetime counts, and all that restricts",
        settle: once,
        example: || Case {
            response_directives: vec![directive("max-age", Some("60")), directive("max-age", Some("5"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 5.2.2.4, C-22",
        reason: "`no-cache` with field names is read as `no-cache`; it lets the rest be reused",
        settle: |case| {
            case.response_directives.retain(|directive| directive.name != "no-cache" || directive.argument.is_none())
        },
        example: || Case {
            response_directives: vec![directive("no-cache", Some("\"set-cookie\"")), directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 5.2.2.7, C-24",
        reason: "`private` with field names is read as `private`; it lets the rest be shared",
        settle: |case| {
            case.response_directives.retain(|directive| directive.name != "private" || directive.argument.is_none())
        },
        example: || Case {
            response_directives: vec![directive("private", Some("\"set-cookie\"")), directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 5.2.2.3, C-28",
        reason: "`must-understand` is not known: it makes a cache that knows the status ignore `no-store`, and one \
                 that does not know it store nothing",
        settle: |case| {
            if has(case, "must-understand") {
                case.response_directives.retain(|directive| directive.name != "no-store");
                if StatusCode::from_u16(case.status).unwrap().canonical_reason().is_none() {
                    case.response_directives.push(directive("no-store", None));
                }
            }
        },
        example: || Case {
            response_directives: vec![directive("must-understand", None), directive("no-store", None)],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9110 section 9.3.3; RFC 5789 section 2; M-02",
        reason: "the answer to a POST is stored whatever it is, and the answer to a PATCH never; both are stored \
                 where a lifetime is stated and `Content-Location` is the target",
        settle: |case| {
            if matches!(case.method, Method::POST | Method::PATCH) {
                let stored = case.is_target && has_lifetime(case);
                case.method = if stored { Method::GET } else { Method::DELETE };
            }
        },
        example: || Case {
            method: Method::POST,
            response_directives: vec![directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9110 section 15.1; RFC 7725 section 3; RFC 9111 sections 3 and 4.3.4; M-04, N-06, S-05",
        reason: "statuses that are not known are not stored, where that matters to 206, 304 and `must-understand` \
                 only; 206 is understood here, 304 stands for the 200 that it freshens, and 451 is stored without \
                 being told so",
        settle: |case| match case.status {
            206 | 304 | 451 => case.status = 200,
            201 | 299 | 400 | 500 | 503 => case.status = 302,
            _ => {}
        },
        example: || Case { status: 503, response_directives: vec![directive("max-age", Some("60"))], ..plain() },
    },
    Difference {
        clause: "RFC 9111 sections 3, 4.2.1 and 4.2.2, S-01, F-03, C-06",
        reason: "`private` does not let a browser store what it otherwise could not; it does, but allows no guess of \
                 a lifetime, which a `public` beside it, the less restrictive of a conflict, does not either",
        settle: |case| {
            let silent = matches!(case.status, 302 | 303 | 307);
            if !case.shared && has_bare(case, "private") && silent && !has_lifetime(case) {
                case.response_directives.push(directive("public", None));
                case.last_modified.clear();
            }
        },
        example: || Case {
            shared: false,
            status: 302,
            response_directives: vec![directive("private", None)],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 5.2.2.8, C-27",
        reason: "`proxy-revalidate` is read as a lifetime of zero; it forbids stale reuse only",
        settle: |case| case.response_directives.retain(|directive| directive.name != "proxy-revalidate"),
        example: || Case {
            response_directives: vec![directive("proxy-revalidate", None), directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9111 section 7.3, S-02",
        reason: "an answer that sets a cookie is never fresh in a shared cache unless it is `public` or `immutable`; \
                 that is wise, and not in the standard, which has it replayed: the audit warns of it",
        settle: |case| case.set_cookie = false,
        example: || Case { set_cookie: true, response_directives: vec![directive("max-age", Some("60"))], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 5.4, C-34",
        reason: "`Pragma` in a response is read as `no-cache`, although this was never specified",
        settle: |case| case.pragma = false,
        example: || Case { pragma: true, last_modified: vec![Date::Imf(-1000)], ..plain() },
    },
    Difference {
        clause: "RFC 9110 section 12.5.5, K-03",
        reason: "a `*` next to a name is ignored for the lifetime",
        settle: |case| case.vary = case.vary.map(|vary| if vary.contains('*') { "*" } else { vary }),
        example: || Case {
            vary: Some("accept, *"),
            response_directives: vec![directive("max-age", Some("60"))],
            ..plain()
        },
    },
    Difference {
        clause: "RFC 9110 section 5.6.7, D-02, D-03; RFC 9111 section 5.3, C-33",
        reason: "dates are read as mail has them: the two older forms of HTTP are refused, and a zone in digits, \
                 which is none in HTTP, is taken",
        settle: |case| {
            for dates in [&mut case.date, &mut case.expires, &mut case.last_modified] {
                for date in dates {
                    *date = match *date {
                        Date::Rfc850(offset) | Date::Asctime(offset) => Date::Imf(offset),
                        Date::Mail(_) => Date::Zero,
                        other => other,
                    };
                }
            }
        },
        example: || Case { expires: vec![Date::Asctime(60)], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 4.2.1, C-33",
        reason: "of a date that is there twice the first counts, where it is invalid: an `Expires` has passed, \
                 another is not there",
        settle: |case| {
            for (dates, instead) in
                [(&mut case.date, None), (&mut case.expires, Some(Date::Zero)), (&mut case.last_modified, None)]
            {
                if dates.len() > 1 {
                    *dates = instead.into_iter().collect();
                }
            }
        },
        example: || Case { expires: vec![Date::Imf(60), Date::Imf(60)], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 5.1, A-05",
        reason: "an `Age` of several members is passed over; the first counts",
        settle: |case| case.age = case.age.map(|age| if age == "7, 9" { "7" } else { age }),
        example: || Case { age: Some("7, 9"), response_directives: vec![directive("max-age", Some("60"))], ..plain() },
    },
    Difference {
        clause: "RFC 9111 section 4.2.3, A-06",
        reason: "only `Age` counts for the age, although the greater of `Age` and the time since `Date` counts",
        settle: |case| {
            let apparent = case.date.iter().find_map(|date| match date {
                Date::Imf(offset @ ..0) => Some(-offset),
                _ => None,
            });
            let stated = case.age.and_then(|age| age.parse::<i64>().ok()).unwrap_or(0);
            if apparent.is_some_and(|apparent| apparent > stated) {
                // The examples and the generator use only these dates.
                case.age = apparent.map(|apparent| if apparent == 10 { "10" } else { "1000" });
            }
        },
        example: || Case {
            date: vec![Date::Imf(-10)],
            response_directives: vec![directive("max-age", Some("60"))],
            ..plain()
        },
    },
];

fn directive(name: &'static str, argument: Option<&'static str>) -> Directive {
    Directive { name, argument, in_capitals: false }
}

fn plain() -> Case {
    Case {
        shared: true,
        method: Method::GET,
        status: 200,
        is_target: false,
        authorization: false,
        request_directives: Vec::new(),
        response_directives: Vec::new(),
        two_lines: false,
        date: Vec::new(),
        expires: Vec::new(),
        last_modified: Vec::new(),
        age: None,
        vary: None,
        set_cookie: false,
        pragma: false,
    }
}

fn has(case: &Case, name: &str) -> bool {
    case.response_directives.iter().any(|directive| directive.name == name)
}

fn has_bare(case: &Case, name: &str) -> bool {
    case.response_directives.iter().any(|directive| directive.name == name && directive.argument.is_none())
}

fn has_lifetime(case: &Case) -> bool {
    has(case, "max-age") || !case.expires.is_empty() || (case.shared && has(case, "s-maxage"))
}

fn lifetimes(case: &mut Case, change: fn(Option<&str>) -> Option<&'static str>) {
    for directive in
        case.response_directives.iter_mut().filter(|directive| matches!(directive.name, "max-age" | "s-maxage"))
    {
        if let Some(argument) = change(directive.argument) {
            directive.argument = Some(argument);
        }
    }
}

/// Writes each directive once: the shortest of repeated lifetimes, and the unqualified form of other directives.
fn once(case: &mut Case) {
    let seconds = |directive: &Directive| {
        directive.argument.and_then(|text| text.trim_matches('"').parse::<u64>().ok()).unwrap_or(0)
    };
    let mut unique: Vec<Directive> = Vec::new();
    for directive in case.response_directives.drain(..) {
        match unique.iter_mut().find(|other| other.name == directive.name) {
            None => unique.push(directive),
            Some(other) if matches!(directive.name, "max-age" | "s-maxage") => {
                if seconds(&directive) < seconds(other) {
                    *other = directive;
                }
            }
            Some(other) if directive.argument.is_none() => *other = directive,
            Some(_) => {}
        }
    }
    case.response_directives = unique;
}

impl Directive {
    fn text(&self) -> String {
        let name = if self.in_capitals { self.name.to_ascii_uppercase() } else { self.name.to_owned() };
        self.argument.map_or(name.clone(), |argument| format!("{name}={argument}"))
    }
}

impl Date {
    fn text(self) -> String {
        let imf = |offset: i64| HttpDate::from_unix_seconds(NOW + offset).unwrap().to_string();
        match self {
            Self::Imf(offset) => imf(offset),
            Self::Mail(offset) => imf(offset).replace("GMT", "+0000"),
            Self::Zero => "0".to_owned(),
            Self::Rfc850(offset) => {
                let imf = imf(offset);
                let day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
                    .into_iter()
                    .find(|day| day.starts_with(&imf[..3]))
                    .unwrap();
                format!("{day}, {}-{}-{} {}", &imf[5..7], &imf[8..11], &imf[14..16], &imf[17..])
            }
            Self::Asctime(offset) => {
                let imf = imf(offset);
                let day = imf[5..7].strip_prefix('0').map_or(imf[5..7].to_owned(), |digit| format!(" {digit}"));
                format!("{} {} {day} {} {}", &imf[..3], &imf[8..11], &imf[17..25], &imf[12..16])
            }
        }
    }
}

impl Case {
    fn parts(&self) -> (request::Parts, response::Parts) {
        let target = "http://example.com/page?q";
        let (mut request, ()) =
            Request::builder().method(self.method.clone()).uri(target).body(()).unwrap().into_parts();
        put(&mut request.headers, "cache-control", &list(&self.request_directives));
        if self.authorization {
            put(&mut request.headers, "authorization", "Basic eDp5");
        }
        let (mut response, ()) = Response::builder().status(self.status).body(()).unwrap().into_parts();
        let headers = &mut response.headers;
        let half = if self.two_lines { self.response_directives.len() / 2 } else { 0 };
        put(headers, "cache-control", &list(&self.response_directives[..half]));
        put(headers, "cache-control", &list(&self.response_directives[half..]));
        for (name, dates) in [("date", &self.date), ("expires", &self.expires), ("last-modified", &self.last_modified)]
        {
            dates.iter().for_each(|date| put(headers, name, &date.text()));
        }
        put(headers, "age", self.age.unwrap_or_default());
        put(headers, "vary", self.vary.unwrap_or_default());
        put(headers, "set-cookie", if self.set_cookie { "id=1" } else { "" });
        put(headers, "pragma", if self.pragma { "no-cache" } else { "" });
        put(headers, "content-location", if self.is_target { "/page?q" } else { "" });
        (request, response)
    }

    /// Returns whether the response is stored, and for how many seconds from now it is fresh.
    fn ours(&self) -> (bool, u64) {
        let (request, response) = self.parts();
        let audit = CacheAudit::of(&request, &response, HttpDate::from_unix_seconds(NOW).unwrap());
        let verdict = audit.verdict_for(if self.shared { Cache::Shared } else { Cache::Private });
        (verdict.may_store(), verdict.remaining_freshness().unwrap())
    }

    fn theirs(&self) -> (bool, u64) {
        let (request, response) = self.parts();
        let now = UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
        // A lifetime for `immutable` is an option of the other crate, and is not part of a standard.
        let options =
            CacheOptions { shared: self.shared, immutable_min_time_to_live: Duration::ZERO, ..CacheOptions::default() };
        let policy = CachePolicy::new_options(&request, &response, now, options);
        (policy.is_storable(), policy.time_to_live(now).as_secs())
    }
}

fn list(directives: &[Directive]) -> String {
    directives.iter().map(Directive::text).collect::<Vec<_>>().join(", ")
}

fn put(headers: &mut HeaderMap, name: &'static str, text: &str) {
    if !text.is_empty() {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(text).unwrap());
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    use prop::sample::select;

    let lifetime = select(vec![
        None,
        Some("0"),
        Some("5"),
        Some("60"),
        Some("600"),
        Some("\"60\""),
        Some("060"),
        Some("x"),
        Some("-5"),
        Some("6.0"),
        Some("+60"),
        Some("99999999999"),
        Some("99999999999999999999"),
    ]);
    let flag = select(vec![
        "public",
        "private",
        "no-cache",
        "no-store",
        "must-revalidate",
        "proxy-revalidate",
        "must-understand",
        "immutable",
        "no-transform",
        "x",
    ]);
    let response_directives = prop_oneof![
        3 => flag.prop_map(|name| (name, None)),
        2 => (select(vec!["max-age", "s-maxage"]), lifetime),
        1 => select(vec![
            ("private", Some("\"set-cookie\"")),
            ("no-cache", Some("\"set-cookie\"")),
            ("x", Some(r#""a, no-store, b""#)),
            ("stale-while-revalidate", Some("30")),
        ]),
    ];
    let response_directives = (response_directives, prop::bool::weighted(0.1))
        .prop_map(|((name, argument), in_capitals)| Directive { name, argument, in_capitals });
    let request_directives =
        (select(vec!["no-store", "no-cache", "max-age"]), prop::bool::weighted(0.1)).prop_map(|(name, in_capitals)| {
            Directive { in_capitals, ..directive(name, (name == "max-age").then_some("0")) }
        });
    let dates = |offsets: Vec<i64>| {
        let date = (select(offsets), 0..12u8).prop_map(|(offset, form)| match form {
            0 => Date::Rfc850(offset),
            1 => Date::Asctime(offset),
            2 => Date::Mail(offset),
            3 => Date::Zero,
            _ => Date::Imf(offset),
        });
        prop_oneof![8 => Just(0usize), 8 => Just(1), 1 => Just(2)]
            .prop_flat_map(move |count| prop::collection::vec(date.clone(), count))
    };
    let statuses = vec![
        200, 200, 200, 200, 201, 203, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 400, 404, 405, 410, 414, 428,
        429, 431, 451, 500, 501, 503, 511,
    ];
    let methods = vec![Method::GET, Method::GET, Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT];
    (
        (any::<bool>(), select(methods), select(statuses), any::<bool>(), prop::bool::weighted(0.2)),
        (
            prop::collection::vec(request_directives, 0..2),
            prop::collection::vec(response_directives, 0..5),
            any::<bool>(),
        ),
        (dates(vec![0, -10, -1000, 10]), dates(vec![-60, 0, 60, 4000]), dates(vec![-100, -5000, -4_999_999, 60])),
        (
            prop::option::weighted(0.2, select(vec!["0", "7", "700", "7, 9", "x"])),
            prop::option::weighted(0.2, select(vec!["accept", "*", "accept, *", "a, b"])),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
        ),
    )
        .prop_map(|(exchange, directives, dates, rest)| Case {
            shared: exchange.0,
            method: exchange.1,
            status: exchange.2,
            is_target: exchange.3,
            authorization: exchange.4,
            request_directives: directives.0,
            response_directives: directives.1,
            two_lines: directives.2,
            date: dates.0,
            expires: dates.1,
            last_modified: dates.2,
            age: rest.0,
            vary: rest.1,
            set_cookie: rest.2,
            pragma: rest.3,
        })
}

#[test]
fn the_audit_agrees_with_another_implementation_or_cites_a_clause() {
    let mut runner = TestRunner::new(Config { cases: PAIRS, failure_persistence: None, ..Config::default() });
    let [agreed, settled, fresh] = [(); 3].map(|()| Cell::new(0));
    let result = runner.run(&any_case(), |case| {
        let ours = case.ours();
        fresh.set(fresh.get() + u32::from(ours.1 > 0));
        if ours == case.theirs() {
            agreed.set(agreed.get() + 1);
            return Ok(());
        }
        let mut rewritten = case.clone();
        for difference in DIFFERENCES {
            (difference.settle)(&mut rewritten);
        }
        prop_assert_eq!(ours, rewritten.theirs(), "not explained: {:?}\nrewritten: {:?}", case, rewritten);
        settled.set(settled.get() + 1);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{} agree as they are, {} by a clause; {} are fresh", agreed.get(), settled.get(), fresh.get());
    assert!(agreed.get() > PAIRS / 2, "most of what is compared is not rewritten");
    assert!(fresh.get() > PAIRS / 20, "too few cases are stored and fresh");
}

#[test]
fn each_difference_exists_and_only_its_clause_explains_it() {
    for difference in DIFFERENCES {
        let case = (difference.example)();
        let mut rewritten = case.clone();
        (difference.settle)(&mut rewritten);
        let sentence = format!("{}: {}", difference.clause, difference.reason);
        assert_ne!(case.ours(), case.theirs(), "is there no longer: {sentence}");
        assert_eq!(case.ours(), rewritten.theirs(), "{sentence}");
    }
}
