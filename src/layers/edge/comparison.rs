//! Proves that an edge layer writes the same fields as after a full decision if an inner policy layer left no ruling, or
//! if the line of the response applies unchanged.

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, SET_COOKIE, VARY};
    use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
    use http_body_util::Full;
    use tower::util::BoxCloneService;
    use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

    use crate::edge::{EdgeDiagnostic, EdgeProfile, Edges, TargetedField};
    use crate::policy::{CachePolicy, CacheTag, CacheTags, Personalized, Risk};
    use crate::protocol::counters::{Counts, decide_in_full, take};
    use crate::{CachePolicyLayer, ConditionalLayer, EdgeLayer};

    type Lines = &'static [(&'static str, &'static str)];
    type Change = fn(&mut Response<()>);
    type Inner = BoxCloneService<Request<()>, Response<()>, Infallible>;

    const PUBLIC: CachePolicy = CachePolicy::public(Duration::from_secs(60));

    const HANDLERS: &[Lines] = &[
        &[],
        &[("content-type", "text/html")],
        &[("content-type", "image/png"), ("cache-tag", "a")],
        &[("content-type", "text/event-stream")],
        &[("cache-control", "public, max-age=60")],
        &[("cache-control", "public, max-age=5, s-maxage=9, immutable"), ("content-type", "text/css")],
        &[("cache-control", "private, max-age=5, s-maxage=9")],
        &[("cache-control", "x=\", no-store")],
        &[("cache-control", "unknown")],
        &[("cache-control", "max-age=5"), ("cache-control", "s-maxage=9, private=x")],
        &[("cache-control", "max-age=5"), ("cdn-cache-control", "max-age=9")],
        &[("cache-control", "max-age=5, proxy-revalidate, stale-if-error=9"), ("x-accel-expires", "0")],
        &[("expires", "0"), ("vary", "origin"), ("access-control-allow-origin", "https://example.org")],
        &[("set-cookie", "a=b"), ("acme-cache-control", "max-age=9")],
    ];

    const CHANGES: &[Change] = &[
        |_| {},
        |response| _ = response.headers_mut().append(SET_COOKIE, HeaderValue::from_static("c=d")),
        |response| _ = response.headers_mut().append(VARY, HeaderValue::from_static("*")),
        |response| _ = response.headers_mut().append(CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        |response| _ = response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=7")),
        |response| _ = response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html")),
        |response| _ = response.headers_mut().remove(CONTENT_TYPE),
        |response| _ = response.extensions_mut().insert(Personalized),
        |response| _ = response.extensions_mut().insert(PUBLIC),
        |response| _ = response.extensions_mut().insert(CacheTags::from_iter([CacheTag::from_static("b")])),
        |response| *response.status_mut() = StatusCode::NOT_FOUND,
        |response| *response.status_mut() = StatusCode::TOO_MANY_REQUESTS,
        |response| *response.status_mut() = StatusCode::FOUND,
        |response| *response.status_mut() = StatusCode::NO_CONTENT,
        |response| {
            if let Some(line) = response.headers_mut().get_mut(CACHE_CONTROL) {
                *line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            }
        },
    ];

    const REQUESTS: &[(&str, Lines)] = &[
        ("GET", &[]),
        ("GET", &[("if-none-match", "\"v1\"")]),
        ("HEAD", &[]),
        ("GET", &[("authorization", "Basic YTpi")]),
        ("POST", &[]),
    ];

    fn policies() -> Vec<Option<CachePolicyLayer>> {
        let layers = [
            CachePolicyLayer::new(PUBLIC),
            CachePolicyLayer::new(PUBLIC.edge(Duration::from_secs(600))),
            CachePolicyLayer::new(CachePolicy::IMMUTABLE),
            CachePolicyLayer::new(CachePolicy::NO_STORE),
            CachePolicyLayer::new(CachePolicy::NO_CACHE.with_http10_fields()),
            CachePolicyLayer::new(PUBLIC.vary(&["accept"])),
            CachePolicyLayer::new(PUBLIC).override_handler(),
            CachePolicyLayer::new(PUBLIC).accept_risk(Risk::SetCookieReplayedToOthers),
            CachePolicyLayer::new(PUBLIC).for_status(StatusCode::NOT_FOUND, CachePolicy::NO_CACHE),
            CachePolicyLayer::from_fn(|_| PUBLIC),
        ];
        std::iter::once(None).chain(layers.map(Some)).collect()
    }

    fn edges() -> Vec<EdgeLayer> {
        let acme = HeaderName::from_static("acme-cache-control");
        let acme = TargetedField::new(acme, crate::edge::DirectiveSyntax::Dictionary);
        vec![
            EdgeLayer::new(EdgeProfile::CLOUDFLARE),
            EdgeLayer::new(EdgeProfile::NGINX),
            EdgeLayer::new(EdgeProfile::SQUID).accept_risk(Risk::SetCookieReplayedToOthers),
            EdgeLayer::new(Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX]).unwrap()),
            EdgeLayer::new(EdgeProfile::custom("acme").with_field(Some(acme))),
            EdgeLayer::new(EdgeProfile::FASTLY).default_policy(PUBLIC),
            EdgeLayer::new(EdgeProfile::AKAMAI).development(true),
        ]
    }

    fn handler(status: u16, lines: Lines) -> Inner {
        let respond = move |_: Request<()>| async move {
            let mut response = Response::builder().status(status).header(ETAG, "\"v1\"");
            for (name, value) in lines {
                response = response.header(*name, *value);
            }
            Ok::<_, Infallible>(response.body(()).unwrap())
        };
        BoxCloneService::new(service_fn(respond))
    }

    /// The handler in a policy layer, and sometimes in a conditional layer.
    fn inner(policy: Option<&CachePolicyLayer>, is_conditional: bool, handler: Inner) -> Inner {
        let service = match policy {
            Some(layer) => BoxCloneService::new(layer.layer(handler)),
            None => handler,
        };
        if !is_conditional {
            return service;
        }
        let with_body = service.map_response(|response: Response<()>| response.map(|()| Full::<Bytes>::default()));
        let conditional = ConditionalLayer::new().layer(with_body);
        BoxCloneService::new(conditional.map_response(|response| response.map(drop)))
    }

    async fn sent(
        mut service: impl Service<Request<()>, Response = Response<()>, Error = Infallible>,
        n: usize,
    ) -> String {
        let (method, lines) = REQUESTS[n % REQUESTS.len()];
        let mut request = Request::builder().method(method);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let response = service.ready().await.unwrap().call(request.body(()).unwrap()).await.unwrap();
        let diagnostics = response.extensions().get::<Vec<EdgeDiagnostic>>();
        format!("{method} {lines:?}: {} {:?} {diagnostics:?}", response.status(), response.headers())
    }

    #[tokio::test]
    async fn a_response_gets_the_same_fields_as_after_a_full_decision() {
        let (policies, edges) = (policies(), edges());
        let (mut cases, mut totals) = (0, Counts::default());
        for round in 0..4 {
            for policy in &policies {
                for (status, lines) in
                    [200, 304, 404].into_iter().flat_map(|it| HANDLERS.iter().map(move |own| (it, own)))
                {
                    for change in CHANGES {
                        cases += 1;
                        let edge = || edges[(cases / 5 + round) % edges.len()].clone().record_diagnostics();
                        let changed = |is_conditional| {
                            let inner = inner(policy.as_ref(), is_conditional, handler(status, lines));
                            inner.map_response(move |mut response| {
                                change(&mut response);
                                response
                            })
                        };
                        let mut found = Vec::new();
                        for in_full in [true, false] {
                            take();
                            decide_in_full(in_full);
                            let service = edge().layer(changed(round % 2 == 1));
                            found.push(match round {
                                3 => sent(ServiceBuilder::new().layer(edges[0].clone()).service(service), cases).await,
                                _ => sent(service, cases).await,
                            });
                            decide_in_full(false);
                            let counts = take();
                            totals.usual += counts.usual;
                            totals.undisputed += counts.undisputed;
                        }
                        assert_eq!(found[0], found[1], "case {cases}: {status} {lines:?}, {policy:?}, {:?}", edge());
                    }
                }
            }
        }
        assert!(totals.usual > 500 && totals.undisputed > 500, "{cases} cases: {totals:?}");
    }
}
