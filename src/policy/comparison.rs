//! Proves that adopting an inner ruling, the directives that an inner layer parsed, or an undisputed policy leads to
//! the same decision as a full evaluation.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE, VARY};
    use http::{HeaderValue, Request, Response, StatusCode};

    use crate::policy::rendered::{RenderedPolicy, RenderedVary};
    use crate::policy::{
        CachePolicy, Facts, Guard, GuardSet, Layer, Personalized, Precedence, Rendered, RequestFacts, ResolvedPolicy,
        Rules, Ruling, write_usual,
    };
    use crate::protocol::counters::{Counts, decide_in_full, take};
    use crate::protocol::{HttpDate, Vary};

    type Lines = &'static [(&'static str, &'static str)];
    type Change = fn(&mut Response<()>);

    const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(600));

    const HANDLERS: &[Lines] = &[
        &[],
        &[("cache-control", "public, max-age=5")],
        &[("cache-control", "private, max-age=5, s-maxage=9")],
        &[("cache-control", "no-store, must-understand")],
        &[("cache-control", "Max-Age=\"5\", x=\"a, b\"")],
        &[("cache-control", "x=\", no-store")],
        &[("cache-control", "unknown")],
        &[("cache-control", "no-cache=\"set-cookie\", immutable"), ("content-type", "text/html")],
        &[("cache-control", "max-age=5"), ("cache-control", "s-maxage=9, private=x")],
        &[("cache-control", "max-age=5, x=\""), ("cache-control", "no-store, y=\"")],
        &[("cache-control", "max-age=5"), ("cdn-cache-control", "max-age=9")],
        &[("expires", "0"), ("vary", "origin")],
        &[("cache-control", "public, max-age=5"), ("set-cookie", "a=b"), ("vary", "*")],
    ];

    const CHANGES: &[Change] = &[
        |_| {},
        |response| _ = response.headers_mut().append(SET_COOKIE, HeaderValue::from_static("c=d")),
        |response| _ = response.headers_mut().append(VARY, HeaderValue::from_static("*")),
        |response| _ = response.headers_mut().append(CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        |response| _ = response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html")),
        |response| _ = response.extensions_mut().insert(Personalized),
        |response| _ = response.extensions_mut().insert(PUBLIC),
        |response| *response.status_mut() = StatusCode::NOT_ACCEPTABLE,
    ];

    /// Everything that outer layers and clients see, apart from the policy for edges, which only a ruling has. The
    /// record of a layer that adopts names no guard, because none changed anything.
    fn seen(response: &Response<()>) -> String {
        let ruling = response.extensions().get::<Ruling>().map(|ruling| {
            let mut ruling = ruling.clone();
            let directives = ruling.directives().clone();
            (ruling.directives, ruling.edge) = Default::default();
            (directives, ruling)
        });
        format!("{} {:?} {ruling:?}", response.status(), response.headers())
    }

    /// Decides in an inner layer and then, after the change, in an outer one.
    fn decided(
        status: u16,
        lines: Lines,
        [inner, outer]: [(&Rules, &ResolvedPolicy<'_>); 2],
        change: Change,
        login: bool,
        in_full: bool,
    ) -> (String, Counts) {
        let mut request = Request::builder();
        if login {
            request = request.header("authorization", "Basic YTpi");
        }
        let facts = RequestFacts::of(&request.body(()).unwrap()).wanting_the_ruling();
        let mut response = Response::builder().status(status);
        for (name, value) in lines {
            response = response.header(*name, *value);
        }
        let mut response = response.body(()).unwrap();
        Layer { rules: inner.0, request: facts, policy: inner.1.clone() }.rule(&mut response, || HttpDate::UNIX_EPOCH);
        change(&mut response);
        take();
        decide_in_full(in_full);
        let layer = Layer { rules: outer.0, request: facts, policy: outer.1.clone() };
        layer.rule(&mut response, || HttpDate::UNIX_EPOCH);
        decide_in_full(false);
        (seen(&response), take())
    }

    #[test]
    fn a_layer_that_adopts_a_ruling_writes_what_it_would_decide_in_full() {
        let policies = [PUBLIC, CachePolicy::IMMUTABLE, CachePolicy::NO_STORE].map(Rendered::new);
        let fixed = policies.iter().map(ResolvedPolicy::fixed);
        let sources: Vec<_> = fixed
            .chain([ResolvedPolicy::Nothing, ResolvedPolicy::Policy(RenderedPolicy::OfRequest(&policies[0]))])
            .collect();
        let waiving = |guard| {
            let mut waived = GuardSet::EMPTY;
            waived.insert(guard);
            Rules { waived, ..Rules::default() }
        };
        let rules = [
            Rules::default(),
            waiving(Guard::SetCookie),
            waiving(Guard::NoHeuristics),
            Rules { heeds_accepted: true, ..waiving(Guard::OneLine) },
            Rules { precedence: Precedence::Tightest, ..Rules::default() },
            Rules { precedence: Precedence::Layer, ..Rules::default() },
            Rules {
                precedence: Precedence::Layer,
                by_status: vec![(StatusCode::OK, Rendered::new(CachePolicy::NO_CACHE))],
                ..Rules::default()
            },
        ];
        let (mut cases, mut confirmed, mut reused) = (0_usize, 0, 0);
        for status in [200, 204, 301, 304, 404, 428] {
            for lines in HANDLERS {
                for (inner, own) in rules.iter().flat_map(|rules| sources.iter().map(move |own| (rules, own))) {
                    for change in CHANGES {
                        for (outer, policy) in rules.iter().zip(sources.iter().cycle().skip(cases % 5)) {
                            let login = cases % 3 == 0;
                            let decided = |in_full| {
                                decided(status, lines, [(inner, own), (outer, policy)], *change, login, in_full)
                            };
                            let ((quick, counts), (full, none)) = (decided(false), decided(true));
                            assert_eq!(
                                quick, full,
                                "{status} {lines:?} inner {:?} {own:?}, outer {:?} {policy:?}",
                                inner.precedence, outer.precedence
                            );
                            assert_eq!((none.confirmed, none.readings_reused), (0, 0));
                            cases += 1;
                            confirmed += counts.confirmed;
                            reused += counts.readings_reused;
                        }
                    }
                }
            }
        }
        // Too few comparisons prove nothing.
        assert!(confirmed > cases / 10, "{confirmed} of {cases} rulings were adopted");
        assert!(reused > cases / 10, "{reused} of {cases} readings were reused");
    }

    #[test]
    fn an_undisputed_policy_or_field_is_what_the_layer_would_decide_in_full() {
        const VARYING: CachePolicy = PUBLIC.vary(&["accept"]);
        const STALE: CachePolicy = PUBLIC.stale_while_revalidate(Duration::from_secs(5)).stale_at_edge_only();
        let private = CachePolicy::private(Duration::from_secs(60));
        let own = [
            PUBLIC,
            VARYING,
            STALE,
            private,
            CachePolicy::IMMUTABLE,
            CachePolicy::NO_CACHE,
            CachePolicy::NO_STORE,
            CachePolicy::PRIVATE_NO_CACHE,
            CachePolicy::NO_STORE.with_http10_fields(),
        ];
        let fixed = own.map(Rendered::new);
        let of_request = fixed[..3].iter().map(|own| ResolvedPolicy::Policy(RenderedPolicy::OfRequest(own)));
        let sources = fixed.iter().map(ResolvedPolicy::fixed).chain(of_request).chain([ResolvedPolicy::Nothing]);
        let by_status = vec![(StatusCode::OK, Rendered::new(CachePolicy::NO_CACHE))];
        let rules = [
            Rules::default(),
            Rules { precedence: Precedence::Tightest, ..Rules::default() },
            Rules { precedence: Precedence::Layer, ..Rules::default() },
            Rules { precedence: Precedence::LayerEvenOverNoStore, drops_edge_fields: true, ..Rules::default() },
            Rules { waived: GuardSet::seeing(Facts::ONE_ORIGIN.and(Facts::CREDENTIALED_ORIGIN)), ..Rules::default() },
            Rules { waived: GuardSet::seeing(Facts::PAGE), ..Rules::default() },
            Rules { development: true, ..Rules::default() },
            Rules { by_status, ..Rules::default() },
            Rules { vary: RenderedVary::of_names(Vary::of(["accept"])), ..Rules::default() },
        ];
        const ORIGIN: (&str, &str) = ("access-control-allow-origin", "https://a.example");
        const CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
        let others: [Lines; 18] = [
            &[("content-type", "text/html")],
            &[("content-type", "application/json"), ("etag", "\"a\"")],
            &[("content-type", "application/grpc"), ("grpc-status", "0")],
            &[("access-control-allow-credentials", "true"), ("x-request-id", "1")],
            &[("content-type", "image/png"), ("surrogate-key", "a b")],
            &[ORIGIN],
            &[ORIGIN, ("vary", "Accept, Origin")],
            &[ORIGIN, ("vary", "accept"), ("vary", "*")],
            &[ORIGIN, ("access-control-allow-credentials", "true")],
            &[("content-type", "text/html"), ("vary", "accept")],
            &[("content-type", "text/event-stream")],
            &[("set-cookie", "a=b")],
            &[("set-cookie", "a=b"), ("cache-tag", "a")],
            &[("set-cookie", "a=b"), ("expires", "0")],
            &[ORIGIN, CREDENTIALS, ("vary", "origin")],
            &[ORIGIN, CREDENTIALS, ("vary", "accept"), ("clear-site-data", "*")],
            &[("content-type", "text/html"), CREDENTIALS, ("vary", "a b")],
            &[("content-type", "text/css"), ("vary", "accept-encoding"), ("clear-site-data", "\"*\"")],
        ];
        let handlers: Vec<Lines> = HANDLERS.iter().copied().chain(others).collect();
        let (mut cases, mut undisputed, mut usual) = (0, 0, 0);
        let layers = rules.iter().flat_map(|rules| sources.clone().map(move |source| (rules, source)));
        for (rules, source) in &layers.collect::<Vec<_>>() {
            for status in [200, 304, 404] {
                for lines in &handlers {
                    for from_handler in [None, Some(PUBLIC), Some(CachePolicy::IMMUTABLE), Some(CachePolicy::NO_STORE)]
                    {
                        for (method, login, wanted) in [
                            ("GET", false, true),
                            ("GET", false, false),
                            ("GET", true, false),
                            ("HEAD", false, false),
                            ("POST", false, false),
                            ("POST", false, true),
                        ] {
                            let mut decided = |in_full| {
                                let mut request = Request::builder().method(method);
                                if login {
                                    request = request.header("authorization", "Basic YTpi");
                                }
                                let mut request = RequestFacts::of(&request.body(()).unwrap());
                                if wanted {
                                    request = request.wanting_the_ruling();
                                }
                                let mut response = Response::builder().status(status);
                                for (name, value) in *lines {
                                    response = response.header(*name, *value);
                                }
                                let mut response = response.body(()).unwrap();
                                if let Some(policy) = from_handler {
                                    response.extensions_mut().insert(policy);
                                }
                                take();
                                decide_in_full(in_full);
                                let layer = Layer { rules, request, policy: source.clone() };
                                let decision = if wanted || !rules.are_plain() || !rules.waived.is_empty() {
                                    Some(layer.rule(&mut response, || HttpDate::UNIX_EPOCH))
                                } else {
                                    if let Err(facts) = write_usual(&mut response, |own, status, headers| {
                                        layer.write_usual(own, status, headers)
                                    }) {
                                        layer.rule_unusual(facts, &mut response, || HttpDate::UNIX_EPOCH);
                                    }
                                    None
                                };
                                decide_in_full(false);
                                let (counts, ruling) = (take(), response.extensions_mut().remove::<Ruling>());
                                undisputed += counts.undisputed;
                                usual += counts.usual;
                                let counted = counts.undisputed + counts.usual;
                                (decision, format!("{response:?} {ruling:?}"), counted)
                            };
                            let ((decision, quick, _), (in_full, full, none)) = (decided(false), decided(true));
                            assert_eq!(quick, full, "{status} {lines:?} {from_handler:?} {source:?} {rules:?}");
                            assert_eq!(decision, in_full);
                            assert_eq!(none, 0);
                            cases += 1;
                        }
                    }
                }
            }
        }
        // Too few comparisons prove nothing.
        assert!(undisputed > cases / 60, "{undisputed} of {cases} policies were undisputed");
        assert!(usual > cases / 80, "{usual} of {cases} policies were usual");
    }
}
