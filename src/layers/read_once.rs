//! Tests that count how often the layers read one request and its response. The counters exist only in tests.

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, DATE, ETAG, HOST, IF_NONE_MATCH, SERVER, SET_COOKIE,
        USER_AGENT, VARY,
    };
    use http::{HeaderName, Request, Response, StatusCode};
    use http_body_util::Full;
    use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

    use super::super::caching::CachingLayer;
    use super::super::edge::EdgeLayer;
    use crate::edge::EdgeProfile;
    use crate::policy::CachePolicy;
    use crate::protocol::counters::{Counts, take};

    type Body = Full<Bytes>;
    type Lines = &'static [(HeaderName, &'static str)];

    /// The highest cost of one response through a caching layer and an edge layer.
    const AT_MOST: Counts = Counts {
        cache_control_parsed: 1,
        vary_read: 1,
        decisions: 1,
        usual: 1,
        undisputed: 1,
        confirmed: 1,
        readings_reused: 1,
        request_walks: 1,
        response_walks: 3,
    };

    const POLICY: CachePolicy =
        CachePolicy::public(Duration::from_secs(60)).edge(Duration::from_secs(600)).vary(&["accept-language"]);

    fn request(lines: Lines) -> Request<Body> {
        let mut request = Request::builder().uri("/articles/1").header(HOST, "example.org").header(USER_AGENT, "test");
        for (name, value) in lines {
            request = request.header(name, *value);
        }
        request.body(Body::default()).unwrap()
    }

    /// Returns a handler that sends these fields in addition to the usual ones.
    fn handler(
        lines: Lines,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone {
        service_fn(move |_: Request<Body>| async move {
            let mut response = Response::builder()
                .header(CONTENT_TYPE, "text/css")
                .header(CONTENT_LENGTH, "1")
                .header(DATE, "Sun, 06 Nov 1994 08:49:37 GMT")
                .header(SERVER, "test")
                .header(ETAG, "\"v1\"");
            for (name, value) in lines {
                response = response.header(name, *value);
            }
            Ok(response.body(Body::from("x")).unwrap())
        })
    }

    /// Returns the status of one exchange and its counts.
    async fn counted<S, B>(service: S, request: Request<Body>) -> (StatusCode, Counts)
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    {
        take();
        let response = service.oneshot(request).await.unwrap();
        (response.status(), take())
    }

    fn assert_at_most(case: &str, counts: Counts, most: Counts) {
        let pairs = [
            ("Cache-Control parsed", counts.cache_control_parsed, most.cache_control_parsed),
            ("Vary read", counts.vary_read, most.vary_read),
            ("decisions", counts.decisions, most.decisions),
            ("walks over the request", counts.request_walks, most.request_walks),
            ("walks over the response", counts.response_walks, most.response_walks),
        ];
        for (what, times, most) in pairs {
            assert!(times <= most, "{case}: {what}: {times} times, but at most {most} are allowed");
        }
        // A counter that never changes would pass every test.
        assert!(counts.decisions > 0 && counts.request_walks > 0 && counts.response_walks > 0, "{case}: {counts:?}");
    }

    #[tokio::test]
    async fn a_caching_layer_and_an_edge_layer_read_each_response_once() {
        for (case, sent, handler_fields, status) in [
            ("a 200", &[] as Lines, &[] as Lines, StatusCode::OK),
            ("a 200 for a request with a cookie", &[(COOKIE, "a=b")], &[], StatusCode::OK),
            ("Cache-Control set by the handler", &[], &[(CACHE_CONTROL, "public, max-age=5")], StatusCode::OK),
            ("Set-Cookie", &[], &[(SET_COOKIE, "a=b")], StatusCode::OK),
            (
                "Set-Cookie and Cache-Control set by the handler",
                &[],
                &[(CACHE_CONTROL, "public, max-age=5"), (SET_COOKIE, "a=b")],
                StatusCode::OK,
            ),
            ("Vary set by the handler", &[], &[(VARY, "origin")], StatusCode::OK),
            ("a 304", &[(IF_NONE_MATCH, "\"v1\"")], &[], StatusCode::NOT_MODIFIED),
            (
                "a 304 with all of these fields",
                &[(IF_NONE_MATCH, "\"v1\"")],
                &[(CACHE_CONTROL, "public, max-age=5"), (SET_COOKIE, "a=b"), (VARY, "origin")],
                StatusCode::NOT_MODIFIED,
            ),
        ] {
            let service = ServiceBuilder::new()
                .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
                .layer(CachingLayer::new(POLICY))
                .service(handler(handler_fields));
            let (received, counts) = counted(service, request(sent)).await;
            assert_eq!(received, status, "{case}");
            assert_at_most(case, counts, AT_MOST);
        }
    }

    #[cfg(feature = "assets")]
    #[tokio::test]
    async fn an_assets_layer_and_an_edge_layer_read_each_response_once() {
        use super::super::assets::AssetsLayer;
        use crate::assets::AssetManifest;

        let manifest = AssetManifest::from_contents([("app.css", "x")]).unwrap();
        let versioned = manifest.url("app.css").unwrap().to_string();
        let plain = format!("{}/app.css", manifest.prefix());
        let stale = format!("{}/app.0123456789abcdef0123456789abcdef.css", manifest.prefix());
        for (case, path, sent, handler_fields, status) in [
            ("a versioned asset", &*versioned, &[] as Lines, &[] as Lines, StatusCode::OK),
            ("a plain name", &*plain, &[], &[], StatusCode::OK),
            ("Cache-Control set by the service", &*versioned, &[], &[(CACHE_CONTROL, "max-age=5")], StatusCode::OK),
            ("Set-Cookie", &*versioned, &[], &[(SET_COOKIE, "a=b")], StatusCode::OK),
            ("a 304", &*versioned, &[(IF_NONE_MATCH, "*")], &[], StatusCode::NOT_MODIFIED),
            ("a 404", &*stale, &[], &[], StatusCode::NOT_FOUND),
        ] {
            let service = ServiceBuilder::new()
                .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
                .layer(AssetsLayer::new(manifest.clone()))
                .service(handler(handler_fields));
            let mut request = request(sent);
            *request.uri_mut() = path.parse().unwrap();
            let (received, counts) = counted(service, request).await;
            assert_eq!(received, status, "{case}");
            assert_at_most(case, counts, AT_MOST);
        }
    }
}
