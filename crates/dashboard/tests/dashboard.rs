//! Tests the dashboard: access, content, and bounded memory.
#![allow(clippy::unwrap_used)] // As in any test.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use sha2::{Digest, Sha256};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::shared_cache::{SecondLevel, SecondLevelStats};
use tower_cache_policy::policy::CachePolicy;
use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
use tower_cache_policy::policy::{CacheTag, CacheTags};
use tower_cache_policy::store::{MemoryStore, PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, Clock, SharedCache};
use tower_cache_policy_dashboard::{Dashboard, DashboardBody, PeerAddress};

type TestResponse = Response<Full<Bytes>>;

const MINUTE: Duration = Duration::from_secs(60);

fn get(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

fn response_with(status: u16, content: &str, fields: &[(&str, &str)]) -> TestResponse {
    let mut response = Response::new(Full::from(content.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        response.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    response
}

/// Sends a request through the layer to a service that returns this response, and reads the content.
async fn observe(dashboard: &Dashboard, request: Request<String>, response: TestResponse) -> Bytes {
    let service = service_fn(move |_: Request<String>| std::future::ready(Ok::<_, Infallible>(response.clone())));
    let response = dashboard.observe().layer(service).oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn fetch(dashboard: &Dashboard, request: Request<String>) -> Response<DashboardBody> {
    dashboard.service().oneshot(request).await.unwrap()
}

fn local(path: &str) -> Request<String> {
    Request::get(path).header("host", "localhost:3000").body(String::new()).unwrap()
}

async fn text(response: Response<DashboardBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn page(dashboard: &Dashboard) -> String {
    let response = fetch(dashboard, local("/")).await;
    assert_eq!(response.status(), StatusCode::OK);
    text(response).await
}

fn dashboard() -> Dashboard {
    Dashboard::new().bound_to_loopback()
}

/// Returns the rows of a list in the page.
fn rows<'a>(page: &'a str, list: &str) -> Vec<&'a str> {
    let (_, list) = page.split_once(&format!("<tbody id=\"{list}\">")).unwrap();
    let (list, _) = list.split_once("</tbody>").unwrap();
    list.split("<tr").skip(1).collect()
}

/// Returns the text of a row, without tags.
fn cells(row: &str) -> Vec<String> {
    let (_, row) = row.split_once('>').unwrap();
    let cells = row.split("</td>").flat_map(|cell| cell.split("</th>"));
    cells.map(|cell| cell.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()).collect()
}

#[tokio::test]
async fn a_request_is_refused_unless_peer_and_host_are_loopback() {
    let refused: &[(&str, Option<&str>, &[(&str, &str)], &str)] = &[
        ("no peer", None, &[("host", "localhost")], "address of the peer is not known"),
        ("a peer elsewhere", Some("192.0.2.1:5"), &[("host", "localhost")], "another machine"),
        ("a peer elsewhere, IPv6", Some("[2001:db8::1]:5"), &[("host", "localhost")], "another machine"),
        ("a peer of all addresses", Some("0.0.0.0:5"), &[("host", "localhost")], "another machine"),
        ("no host", Some("127.0.0.1:5"), &[], "loopback host"),
        ("another host", Some("127.0.0.1:5"), &[("host", "evil.example")], "loopback host"),
        ("a name that begins like it", Some("127.0.0.1:5"), &[("host", "localhost.evil.example")], "loopback host"),
        ("a name that ends like it", Some("127.0.0.1:5"), &[("host", "notlocalhost")], "loopback host"),
        ("an address with a name behind", Some("127.0.0.1:5"), &[("host", "127.0.0.1.evil.example")], "loopback host"),
        ("two hosts", Some("127.0.0.1:5"), &[("host", "localhost"), ("host", "evil.example")], "loopback host"),
        ("user information", Some("127.0.0.1:5"), &[("host", "localhost@evil.example")], "loopback host"),
        ("not a host", Some("127.0.0.1:5"), &[("host", "local host")], "loopback host"),
        ("not UTF-8", Some("127.0.0.1:5"), &[("host", "localhost\u{fffd}")], "loopback host"),
        ("Forwarded", Some("127.0.0.1:5"), &[("host", "localhost"), ("forwarded", "for=192.0.2.1")], "proxy"),
        ("X-Forwarded-For", Some("127.0.0.1:5"), &[("host", "localhost"), ("x-forwarded-for", "::1")], "proxy"),
        ("X-Forwarded-Host", Some("127.0.0.1:5"), &[("host", "localhost"), ("x-forwarded-host", "a")], "proxy"),
        ("X-Real-IP", Some("127.0.0.1:5"), &[("host", "localhost"), ("x-real-ip", "192.0.2.1")], "proxy"),
        ("Via", Some("127.0.0.1:5"), &[("host", "localhost"), ("via", "1.1 cache")], "proxy"),
    ];
    for (case, peer, fields, reason) in refused {
        for path in ["/", "/events", "/other"] {
            let response = fetch(&Dashboard::new(), request(path, *peer, fields)).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{case}");
            assert_eq!(response.headers()["cache-control"], "private, no-store", "{case}");
            let text = text(response).await;
            assert!(text.contains(reason), "{case}: {text}");
        }
    }
    for peer in ["127.0.0.1:5", "127.9.9.9:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
        for host in ["localhost", "LocalHost:80", "localhost.", "tea.localhost:3000", "127.0.0.1:1", "[::1]:3000"] {
            let response = fetch(&Dashboard::new(), request("/", Some(peer), &[("host", host)])).await;
            assert_eq!(response.status(), StatusCode::OK, "{peer}, {host}");
        }
    }
    // HTTP/2 has the host in the target.
    let peer = Some("127.0.0.1:5");
    let by_target = fetch(&Dashboard::new(), request("http://localhost:3000/", peer, &[])).await;
    assert_eq!(by_target.status(), StatusCode::OK);
    let elsewhere = fetch(&Dashboard::new(), request("http://evil.example/", peer, &[("host", "localhost")])).await;
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
}

fn request(path: &str, peer: Option<&str>, fields: &[(&str, &str)]) -> Request<String> {
    let mut request = get(path);
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddress(peer.parse::<SocketAddr>().unwrap()));
    }
    request
}

#[tokio::test]
async fn a_loopback_listener_accepts_an_unknown_peer_and_checks_a_known_one() {
    let bound = dashboard();
    let local = &[("host", "localhost")][..];
    assert_eq!(fetch(&bound, request("/", None, local)).await.status(), StatusCode::OK);
    assert_eq!(fetch(&bound, request("/", Some("192.0.2.1:5"), local)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(fetch(&bound, request("/", None, &[("host", "evil.example")])).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        fetch(&bound, request("/", None, &[("host", "localhost"), ("forwarded", "for=a")])).await.status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_custom_access_rule_replaces_the_checks_of_peer_host_and_proxies() {
    let by_rule = Dashboard::new().allow(|request| request.headers.contains_key("x-developer"));
    let far = Some("192.0.2.1:5");
    let allowed = fetch(&by_rule, request("/", far, &[("host", "tea.example"), ("x-developer", "1")])).await;
    assert_eq!(allowed.status(), StatusCode::OK);
    let refused = fetch(&by_rule, request("/", Some("127.0.0.1:5"), &[("host", "localhost")])).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

// ==== Proxies and other sites (E14) ====

const PEER: Option<&str> = Some("127.0.0.1:5");

#[tokio::test]
async fn a_request_with_a_proxy_field_is_refused() {
    const FIELDS: &[&str] = &[
        "Forwarded",
        "Forwarded-For",
        "Via",
        "CDN-Loop",
        "Max-Forwards",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Surrogate-Capability",
        "X-Forwarded",
        "X-Forwarded-By",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Proto",
        "X-Forwarded-Server",
        "X-Forwarded-Ssl",
        "X-Forward-For",
        "X-Original-Forwarded-For",
        "X-Original-Host",
        "X-Original-URL",
        "X-Originating-IP",
        "X-Real-IP",
        "X-RealIP",
        "X-Client-IP",
        "X-ClientIP",
        "Client-IP",
        "X-Cluster-Client-IP",
        "X-Remote-IP",
        "X-Remote-Addr",
        "X-ProxyUser-IP",
        "WL-Proxy-Client-IP",
        "X-Source-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "CF-Connecting-IPv6",
        "CF-Pseudo-IPv4",
        "CF-IPCountry",
        "CF-Ray",
        "CF-Visitor",
        "CF-Worker",
        "CF-Access-Jwt-Assertion",
        "Fastly-Client-IP",
        "Fastly-FF",
        "Fastly-SSL",
        "Fly-Client-IP",
        "Fly-Region",
        "Akamai-Origin-Hop",
        "X-Akamai-Edgescape",
        "CloudFront-Viewer-Address",
        "X-Amz-Cf-Id",
        "X-Amzn-Trace-Id",
        "X-Azure-ClientIP",
        "X-Azure-Ref",
        "X-FD-HealthProbe",
        "X-AppEngine-User-IP",
        "X-Cloud-Trace-Context",
        "X-Goog-IAP-JWT-Assertion",
        "X-ARR-LOG-ID",
        "X-NF-Client-Connection-IP",
        "X-Vercel-Forwarded-For",
        "X-Vercel-IP-Country",
        "X-Sucuri-ClientIP",
        "Incap-Client-IP",
        "Ali-CDN-Real-IP",
        "EagleEye-TraceId",
        "DO-Connecting-IP",
        "X-Envoy-External-Address",
        "X-Varnish",
        "X-BlueCoat-Via",
        "X-HAProxy-Server-State",
        "X-Request-Start",
        "X-Scheme",
        "Front-End-Https",
        "Tailscale-User-Login",
        "ngrok-skip-browser-warning",
        "X-Auth-Request-Email",
        "Remote-User",
        // A field of an unknown vendor.
        "Example-Viewer-IP",
        "X-Example-Proxy-Id",
    ];
    for field in FIELDS {
        // An empty value is still a field that a proxy added.
        for value in ["192.0.2.1", "127.0.0.1", ""] {
            for path in ["/", "/events"] {
                let fields = [("host", "localhost:3000"), (field, value)];
                let response = fetch(&Dashboard::new(), request(path, PEER, &fields)).await;
                assert_eq!(response.status(), StatusCode::FORBIDDEN, "{field}: {value}");
                let text = text(response).await;
                assert!(text.contains("through a proxy"), "{field}: {text}");
                let bound = fetch(&dashboard(), request(path, None, &fields)).await;
                assert_eq!(bound.status(), StatusCode::FORBIDDEN, "{field}: {value}, bound to loopback");
            }
        }
    }
}

type Fields = &'static [(&'static str, &'static str)];

/// Requests that pages of other sites make.
const REFUSED: &[(&str, Fields)] = &[
    ("an event stream of another site", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")]),
    ("of a sibling, as another port of localhost", &[("sec-fetch-site", "same-site")]),
    ("an image", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]),
    ("a frame", &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")]),
    ("a link", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]),
    ("a value that no standard defines", &[("sec-fetch-site", "elsewhere")]),
    ("an empty value", &[("sec-fetch-site", "")]),
    ("two lines", &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]),
    ("a list", &[("sec-fetch-site", "same-origin, cross-site")]),
    ("Origin", &[("origin", "https://evil.example")]),
    ("Origin, another port", &[("origin", "http://localhost:8080")]),
    ("Origin, the default port", &[("origin", "http://localhost")]),
    ("Origin, another loopback name", &[("origin", "http://127.0.0.1:3000")]),
    ("Origin, a sandboxed page or a file", &[("origin", "null")]),
    ("Origin, an extension", &[("origin", "chrome-extension://abcdef:3000")]),
    ("Origin, empty", &[("origin", "")]),
    ("Origin with a user name", &[("origin", "http://localhost:3000@evil.example")]),
    ("Origin, the second line", &[("origin", "http://localhost:3000"), ("origin", "https://evil.example")]),
    ("Referer", &[("referer", "https://evil.example/page")]),
    ("Referer that begins like it", &[("referer", "http://localhost:3000.evil.example/")]),
    ("Referer, not a URL", &[("referer", "about:client")]),
    ("a preflight", &[("access-control-request-method", "GET")]),
    ("a preflight for a local network", &[("access-control-request-private-network", "true")]),
];

#[tokio::test]
async fn a_request_from_another_site_is_refused() {
    for (case, fields) in REFUSED {
        for path in ["/", "/events", "/other"] {
            let fields: Vec<_> = [("host", "localhost:3000")].iter().chain(*fields).copied().collect();
            let response = fetch(&Dashboard::new(), request(path, PEER, &fields)).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{case}");
            let text = text(response).await;
            assert!(text.contains("Another site"), "{case}: {text}");
        }
    }
    let by_rule = Dashboard::new().allow(|_| true);
    for (case, fields) in REFUSED {
        let fields: Vec<_> = [("host", "tea.example")].iter().chain(*fields).copied().collect();
        let response = fetch(&by_rule, request("/events", None, &fields)).await;
        let expected = if *case == "a link" { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(response.status(), expected, "{case}, with a rule");
    }
}

#[tokio::test]
async fn a_host_name_that_resolves_to_loopback_is_refused() {
    // DNS rebinding: the browser considers the request same-origin, and the host is the name of the attacker's site.
    let fields = [
        ("host", "rebound.evil.example:3000"),
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://rebound.evil.example:3000"),
        ("referer", "http://rebound.evil.example:3000/"),
    ];
    for dashboard in [Dashboard::new(), dashboard()] {
        let response = fetch(&dashboard, request("/events", PEER, &fields)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
    for host in ["0.0.0.0:3000", "[::]:3000", "127.0.0.1.nip.example", "localhost@127.0.0.1", "192.168.0.1"] {
        let response = fetch(&Dashboard::new(), request("/", PEER, &[("host", host)])).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{host}");
    }
}

#[tokio::test]
async fn requests_of_browsers_and_curl_are_served() {
    let agents: &[(&str, &str, &[(&str, &str)])] = &[
        ("curl", "/", &[("user-agent", "curl/8.5.0"), ("accept", "*/*")]),
        (
            "Chromium, an address that was typed",
            "/",
            &[
                ("connection", "keep-alive"),
                ("cache-control", "max-age=0"),
                ("sec-ch-ua", "\"Chromium\";v=\"140\""),
                ("sec-ch-ua-mobile", "?0"),
                ("sec-ch-ua-platform", "\"Linux\""),
                ("upgrade-insecure-requests", "1"),
                ("user-agent", "Mozilla/5.0"),
                ("accept", "text/html"),
                ("sec-fetch-site", "none"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-user", "?1"),
                ("sec-fetch-dest", "document"),
                ("accept-encoding", "gzip, deflate, br, zstd"),
                ("accept-language", "de"),
                ("cookie", "session=1"),
                ("if-none-match", "\"1\""),
            ],
        ),
        (
            "Chromium, the events",
            "/events?after=0",
            &[
                ("accept", "text/event-stream"),
                ("cache-control", "no-cache"),
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-mode", "cors"),
                ("sec-fetch-dest", "empty"),
                ("last-event-id", "3"),
            ],
        ),
        (
            "Firefox, a link of the application",
            "/",
            &[
                ("dnt", "1"),
                ("sec-gpc", "1"),
                ("priority", "u=0, i"),
                ("te", "trailers"),
                ("referer", "http://LOCALHOST:3000/page?a=b"),
                ("sec-fetch-site", "same-origin"),
                ("alt-used", "localhost"),
                ("save-data", "on"),
            ],
        ),
        ("Origin of the same page", "/", &[("origin", "http://localhost:3000")]),
    ];
    for (agent, path, fields) in agents {
        let fields: Vec<_> = [("host", "localhost:3000")].iter().chain(*fields).copied().collect();
        let response = fetch(&Dashboard::new(), request(path, PEER, &fields)).await;
        assert_eq!(response.status(), StatusCode::OK, "{agent}");
    }
    // A service does not know whether TLS ends in front of it, so a host without a port matches both default ports.
    for origin in ["http://localhost", "http://localhost:80", "https://localhost:443"] {
        let fields = [("host", "localhost"), ("origin", origin)];
        assert_eq!(fetch(&Dashboard::new(), request("/", PEER, &fields)).await.status(), StatusCode::OK, "{origin}");
    }
    let by_target = [("origin", "http://localhost:3000"), ("sec-fetch-site", "same-origin")];
    let response = fetch(&Dashboard::new(), request("http://localhost:3000/", PEER, &by_target)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_response_is_stored_framed_or_sniffed() {
    for (method, path, status) in [
        (Method::GET, "/", 200),
        (Method::HEAD, "/", 200),
        (Method::GET, "/events", 200),
        (Method::HEAD, "/events", 200),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/events/", 404),
        (Method::POST, "/", 405),
        (Method::DELETE, "/events", 405),
    ] {
        let mut request = local(path);
        *request.method_mut() = method.clone();
        let response = fetch(&dashboard(), request).await;
        assert_eq!(response.status(), status, "{method} {path}");
        let fields = response.headers();
        assert_eq!(fields["cache-control"], "private, no-store", "{method} {path}");
        assert_eq!(fields["x-content-type-options"], "nosniff", "{method} {path}");
        assert_eq!(fields["cross-origin-resource-policy"], "same-origin", "{method} {path}");
        assert_eq!(fields["cross-origin-opener-policy"], "same-origin", "{method} {path}");
        let policy = fields["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(fields.contains_key("allow"), status == 405);
    }
}

#[tokio::test]
async fn head_has_the_length_and_no_content() {
    let dashboard = dashboard();
    let length = page(&dashboard).await.len();
    let mut request = local("/");
    *request.method_mut() = Method::HEAD;
    let response = fetch(&dashboard, request).await;
    assert_eq!(response.headers()["content-length"], length.to_string().as_str());
    assert_eq!(response.body().size_hint().exact(), None, "the length is that of the field");
    assert!(text(response).await.is_empty());
}

#[tokio::test]
async fn the_security_policy_has_the_hashes_of_style_and_script() {
    let response = fetch(&dashboard(), local("/")).await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = text(response).await;
    for tag in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (content, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
        assert!(!rest.contains(&format!("<{tag}")), "there is one");
        let hash = format!("{tag}-src 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content)));
        assert!(policy.contains(&hash), "src/page.rs should contain {hash}");
    }
    for loaded in ["src=", "@import", "url(h", " style=", "onload", "http://", "https://"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
}

#[tokio::test]
async fn hostile_text_is_escaped() {
    let routes = RoutePolicies::builder().route("/<b>\"'&amp;", CachePolicy::NO_CACHE).build().unwrap();
    let dashboard = dashboard().routes(routes).route_by(|_| Some("<img src=x>\u{202e}\n".to_owned()));
    let mut hostile = get("/x");
    // Servers accept targets that RFC 3986 does not allow.
    *hostile.uri_mut() = Uri::from_maybe_shared(Bytes::from("/a\"'&\u{202e}b")).unwrap();
    *hostile.method_mut() = Method::from_bytes(b"G'&E|T").unwrap();
    let mut hostile_answer =
        response_with(200, "", &[("vary", "x"), ("cache-control", "max-age=60, x=\"<script>\"'&")]);
    let not_utf8 = HeaderValue::from_bytes(b"<i>\xff\xfe\t").unwrap();
    hostile_answer.headers_mut().append("cache-control", not_utf8);
    observe(&dashboard, hostile, hostile_answer).await;

    let page = page(&dashboard).await;
    for text in ["<script>alert", "<img", "<i>\u{fffd}", "<b>\"", "\u{202e}", "x=\"<", "G'&E", "\t", "/a\"'"] {
        assert!(!page.contains(text), "{text}");
    }
    for text in ["&lt;img src=x&gt;\u{fffd}\u{fffd}", "&lt;i&gt;\u{fffd}\u{fffd}\u{fffd}", "G&#39;&amp;E|T"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("/a&quot;&#39;&amp;\u{fffd}b"), "a path");
    assert!(page.contains("&lt;script&gt;&quot;&#39;&amp;"), "a field");
    assert!(page.contains("&lt;b&gt;&quot;&#39;&amp;amp;"), "a pattern of the table");

    let mut events = fetch(&dashboard, local("/events?after=0")).await.into_body();
    let events = frame(&mut events).await + &frame(&mut events).await;
    assert!(!events.contains("<img") && !events.contains("<script"));
    for line in events.lines().filter(|line| !line.is_empty()) {
        assert!(["data: ", "event: ", "id: ", "retry: "].iter().any(|field| line.starts_with(field)), "{line}");
    }
}

async fn frame(body: &mut DashboardBody) -> String {
    String::from_utf8(body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn each_route_is_counted_by_its_pattern() {
    let routes = RoutePolicies::builder()
        .route("/a/{id}", CachePolicy::public(MINUTE))
        .route("/b", CachePolicy::NO_STORE)
        .build()
        .unwrap();
    let dashboard = dashboard().shared_routes(SharedRoutes::new(routes));
    let public = &[("cache-control", "public, max-age=60"), ("etag", "\"1\"")][..];
    observe(&dashboard, get("/a/1"), response_with(200, "hello", public)).await;
    observe(&dashboard, get("/a/1"), response_with(304, "", public)).await;
    observe(&dashboard, get("/a/2"), response_with(412, "", &[("cache-control", "private, no-store")])).await;
    observe(&dashboard, get("/b"), response_with(200, "", &[("cache-control", "NO-STORE")])).await;
    observe(&dashboard, get("/nobody"), response_with(404, "", &[])).await;

    let page = page(&dashboard).await;
    let counted: Vec<Vec<String>> = rows(&page, "routes").into_iter().map(|row| cells(row)[..7].to_vec()).collect();
    assert_eq!(
        counted,
        [
            ["/a/{id}", "3", "1", "1", "1", "1", "5 B"],
            ["/b", "1", "1", "0", "0", "1", "0 B"],
            ["no route", "1", "0", "0", "0", "0", "0 B"],
        ]
    );
    assert!(page.contains("<b>5</b> requests<li><b>1</b> responses with 304<li><b>5 B</b> of content"));
}

#[tokio::test]
async fn a_304_saves_the_length_of_the_200_with_its_validator() {
    // Each row is a 200, then a 304, and the result that the page shows.
    type Case = (&'static str, Request<String>, TestResponse, Request<String>, TestResponse, &'static str);
    let tagged = |status, tag| response_with(status, if status == 200 { "hello" } else { "" }, &[("etag", tag)]);
    let head = |path: &str| Request::head(path).body(String::new()).unwrap();
    let dated = |status| {
        let content = if status == 200 { "four" } else { "" };
        response_with(status, content, &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")])
    };
    let gzip = |mut request: Request<String>| {
        request.headers_mut().insert("accept-encoding", HeaderValue::from_static("gzip"));
        request
    };
    let cases: [Case; 9] = [
        ("the same coding", gzip(get("/")), tagged(200, "W/\"1\""), gzip(get("/")), tagged(304, "W/\"1\""), "5 B"),
        ("another coding", get("/"), tagged(200, "W/\"1\""), gzip(get("/")), tagged(304, "W/\"1\""), "not known"),
        ("the same", get("/"), tagged(200, "\"1\""), get("/"), tagged(304, "\"1\""), "5 B"),
        ("by date", get("/"), dated(200), get("/"), dated(304), "4 B"),
        ("another version", get("/"), tagged(200, "\"1\""), get("/"), tagged(304, "\"2\""), "not known"),
        ("another query", get("/?a"), tagged(200, "\"1\""), get("/?b"), tagged(304, "\"1\""), "not known"),
        (
            "no validator",
            get("/"),
            response_with(200, "hello", &[]),
            get("/"),
            response_with(304, "", &[]),
            "not known",
        ),
        ("only HEAD before", head("/"), tagged(200, "\"1\""), get("/"), tagged(304, "\"1\""), "not known"),
        ("HEAD has no content", get("/"), tagged(200, "\"1\""), head("/"), tagged(304, "\"1\""), ""),
    ];
    for (case, first, full, again, short, saved) in cases {
        let dashboard = dashboard();
        observe(&dashboard, first, full).await;
        observe(&dashboard, again, short).await;
        let page = page(&dashboard).await;
        assert_eq!(cells(rows(&page, "requests")[0])[6], saved, "{case}");
    }
}

#[tokio::test]
async fn content_of_unknown_length_is_counted_while_it_is_sent() {
    type Frames = Vec<Result<Frame<Bytes>, &'static str>>;
    fn frames() -> Frames {
        ["hello", "world"].map(|text| Ok(Frame::data(Bytes::from(text)))).into()
    }
    fn broken() -> Frames {
        frames().into_iter().chain([Err("broken")]).collect()
    }
    let cases: [(&str, fn() -> Frames, usize, &str); 3] = [
        ("to its end", frames, 9, "10 B"),
        ("broken off", broken, 9, "not known"),
        ("cancelled by its client", frames, 1, "not known"),
    ];
    for (case, frames, polls, saved) in cases {
        let dashboard = dashboard();
        let service = service_fn(move |_: Request<String>| {
            let mut response = Response::new(StreamBody::new(stream::iter(frames())));
            response.headers_mut().insert("etag", HeaderValue::from_static("\"1\""));
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let response = dashboard.observe().layer(service).oneshot(get("/")).await.unwrap();
        assert_eq!(response.body().size_hint().exact(), None);
        let mut body = response.into_body();
        for _ in 0..polls {
            // The body is polled again after an error, as some clients do.
            if body.frame().await.is_none() {
                break;
            }
        }
        drop(body);
        observe(&dashboard, get("/"), response_with(304, "", &[("etag", "\"1\"")])).await;
        let page = page(&dashboard).await;
        assert_eq!(cells(rows(&page, "requests")[0])[6], saved, "{case}");
    }
}

#[tokio::test]
async fn decisions_reasons_and_warnings_are_shown() {
    let dashboard = dashboard();
    let service = service_fn(|request: Request<String>| {
        let fields: &[(&str, &str)] = if request.uri() == "/cookie" { &[("set-cookie", "a=1")] } else { &[] };
        std::future::ready(Ok::<_, Infallible>(response_with(200, "hello", fields)))
    });
    let caching = CachingLayer::new(CachePolicy::public(MINUTE)).record_decisions();
    let service = dashboard.observe().layer(caching.layer(service));
    let response = service.clone().oneshot(get("/")).await.unwrap();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    response.into_body().collect().await.unwrap();
    let again = Request::get("/").header("if-none-match", tag).body(String::new()).unwrap();
    assert_eq!(service.clone().oneshot(again).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    service.oneshot(get("/cookie")).await.unwrap();
    // A response with `max-age` and a cookie, without a policy layer.
    let leak = response_with(200, "", &[("cache-control", "max-age=60"), ("set-cookie", "a=1")]);
    observe(&dashboard, get("/leak"), leak.clone()).await;
    observe(&dashboard, get("/leak"), leak).await;

    let page = page(&dashboard).await;
    let why: Vec<String> = rows(&page, "requests").into_iter().map(|row| cells(row)[5].clone()).collect();
    let danger = "danger a shared cache may replay Set-Cookie to other clients; add private, or set the cookie in \
                  another response (RFC 9111 section 7.3, G-01)";
    assert_eq!(why[..2], [format!("not recorded{danger}"), format!("not recorded{danger}")]);
    assert_eq!(why[2], "the layer&#39;s policy; G-01 Set-Cookie: private");
    assert_eq!(why[3], "the layer&#39;s policy; If-None-Match, after the handler");
    assert_eq!(why[4], "the layer&#39;s policy");
    let warnings = rows(&page, "warnings");
    assert_eq!(warnings.len(), 1);
    assert_eq!(cells(warnings[0])[..5], ["danger", "no route", &danger[7..], "2", "/leak"]);
}

#[tokio::test]
async fn each_policy_is_drawn_for_a_browser_and_each_edge() {
    let policy =
        CachePolicy::public(MINUTE).edge(MINUTE * 60).stale_while_revalidate(MINUTE * 2).stale_if_error(MINUTE * 1_440);
    let routes = RoutePolicies::builder()
        .route("/a", policy)
        .route("/b", CachePolicy::NO_STORE)
        .route("/c", CachePolicy::PRIVATE_NO_CACHE)
        .build()
        .unwrap();
    let bar_texts = |page: &str| -> Vec<String> {
        let bar_texts = page.split(r#"<span class="words">"#).skip(1);
        bar_texts.map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
    };
    let of_table = page(&dashboard().routes(routes.clone())).await;
    assert!(of_table.contains("shared cache"));
    assert_eq!(
        bar_texts(&of_table)[..6],
        [
            "fresh for 60 s; 2 min stale-while-revalidate; 1 day stale-if-error",
            // `s-maxage` forbids a shared cache to serve a stale response (C-32).
            "fresh for 1 h",
            "not stored",
            "not stored",
            "revalidated before each reuse",
            "not stored",
        ]
    );
    let at_edge = page(&dashboard().routes(routes).edges(EdgeProfile::FASTLY)).await;
    assert!(
        at_edge.contains(r#"<span class="who">fastly</span>"#) && at_edge.contains("<code>surrogate-control:</code>")
    );
    assert_eq!(bar_texts(&at_edge)[1], "fresh for 1 h; 2 min stale-while-revalidate; 1 day stale-if-error");

    // Without a table, the page shows the policy of the last success of a route.
    let seen = dashboard();
    observe(&seen, get("/"), response_with(200, "", &[("cache-control", "private, max-age=120")])).await;
    observe(&seen, get("/"), response_with(500, "", &[("cache-control", "private, no-store")])).await;
    assert_eq!(bar_texts(&page(&seen).await), ["fresh for 2 min", "not stored"]);
    assert!(!page(&seen).await.contains("policies-title"));
}

#[tokio::test]
async fn memory_is_bounded() {
    let dashboard = dashboard().route_by(|request| Some(request.uri.path().to_owned()));
    let long = "x".repeat(5_000);
    for number in 0..600 {
        let fields = [("cache-control", "max-age=60"), ("set-cookie", "a=1")];
        observe(&dashboard, get(&format!("/{number}/{long}")), response_with(200, "", &fields)).await;
    }
    let page = page(&dashboard).await;
    assert_eq!(rows(&page, "requests").len(), 200);
    assert_eq!(rows(&page, "routes").len(), 256);
    assert_eq!(cells(rows(&page, "routes")[255])[..2], ["other routes", "345"]);
    assert_eq!(rows(&page, "warnings").len(), 100);
    assert!(page.contains("more warnings than are shown"));
    assert!(!page.contains(&long[..301]), "a long text is cut");
    assert!(rows(&page, "requests")[0].contains("id=\"r600\""));
}

#[tokio::test]
async fn an_event_stream_sends_updates_until_its_client_disconnects() {
    let dashboard = dashboard();
    observe(&dashboard, get("/before"), response_with(200, "", &[])).await;
    let response = fetch(&dashboard, local("/events?after=1")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(frame(&mut body).await, "retry: 1000\n\n");
    let events = {
        let mut next = tokio_test::task::spawn(body.frame());
        assert!(next.poll().is_pending() && !next.is_woken(), "the page is still empty");
        observe(&dashboard, get("/after"), response_with(200, "", &[])).await;
        assert!(next.is_woken());
        let Poll::Ready(Some(Ok(frame))) = next.poll() else { panic!("there is something") };
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    };
    assert!(events.contains("/after") && !events.contains("/before"), "{events}");
    for event in ["routes", "totals", "requests"] {
        assert!(events.contains(&format!("event: {event}\nid: 2\n\n")), "{events}");
    }
    assert!(!events.contains("event: warnings"), "none changed");

    assert!(format!("{dashboard:?}").contains("listeners: 1"), "{dashboard:?}");
    drop(body);
    assert!(format!("{dashboard:?}").contains("listeners: 0"), "{dashboard:?}");
}

trait PollOnce: Future {
    fn poll_once(self: std::pin::Pin<&mut Self>) -> Poll<Self::Output>;
}

impl<F: Future> PollOnce for F {
    fn poll_once(self: std::pin::Pin<&mut Self>) -> Poll<Self::Output> {
        self.poll(&mut Context::from_waker(Waker::noop()))
    }
}

#[tokio::test]
async fn a_stream_continues_after_the_last_event_of_its_client() {
    let dashboard = dashboard();
    for number in 1..=3 {
        observe(&dashboard, get(&format!("/{number}")), response_with(200, "", &[])).await;
    }
    for (query, last_event, brings, restarted) in [
        ("/events?after=2", None, &["/3<"][..], false),
        ("/events?after=0", Some("1"), &["/3<", "/2<"], false),
        ("/events", None, &["/3<", "/2<", "/1<"], false),
        ("/events?after=x", None, &["/3<", "/2<", "/1<"], false),
        ("/events?after=9", None, &["/3<", "/2<", "/1<"], true),
    ] {
        let mut request = local(query);
        if let Some(last_event) = last_event {
            request.headers_mut().insert("last-event-id", HeaderValue::from_static(last_event));
        }
        let mut body = fetch(&dashboard, request).await.into_body();
        assert_eq!(frame(&mut body).await.contains("event: restart"), restarted, "{query}");
        let events = frame(&mut body).await;
        for path in ["/1<", "/2<", "/3<"] {
            assert_eq!(events.contains(path), brings.contains(&path), "{query}, {path}: {events}");
        }
    }
}

#[tokio::test]
async fn a_slow_client_misses_old_requests_and_blocks_nothing() {
    let dashboard = dashboard();
    let mut body = fetch(&dashboard, local("/events?after=0")).await.into_body();
    frame(&mut body).await;
    for _ in 0..500 {
        observe(&dashboard, get("/"), response_with(200, "", &[])).await;
    }
    let events = frame(&mut body).await;
    assert_eq!(events.matches("<tr id=\"r").count(), 200);
    assert!(matches!(pin!(body.frame()).poll_once(), Poll::Pending));
}

#[tokio::test]
async fn the_number_of_streams_is_bounded() {
    let dashboard = dashboard();
    let streams: Vec<_> = stream::iter(0..32).then(|_| fetch(&dashboard, local("/events"))).collect().await;
    assert!(streams.iter().all(|response| response.status() == StatusCode::OK));
    assert_eq!(fetch(&dashboard, local("/events")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(streams);
    assert_eq!(fetch(&dashboard, local("/events")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn requests_to_the_dashboard_are_not_shown() {
    let dashboard = dashboard();
    let service = dashboard.observe().layer(dashboard.service());
    service.oneshot(local("/")).await.unwrap();
    assert!(page(&dashboard).await.contains("<b>0</b> requests"));
}

#[tokio::test]
async fn the_layer_does_not_change_responses() {
    let service = service_fn(|_: Request<String>| {
        std::future::ready(Ok::<_, Infallible>(response_with(200, "hello", &[("x-a", "1"), ("etag", "\"1\"")])))
    });
    let alone = service.oneshot(get("/")).await.unwrap();
    for enabled in [true, false] {
        let dashboard = dashboard();
        let observed = dashboard.observe().enabled(enabled).layer(service).oneshot(get("/")).await.unwrap();
        assert_eq!(observed.headers(), alone.headers());
        assert_eq!(observed.body().size_hint().exact(), Some(5));
        assert_eq!(observed.into_body().collect().await.unwrap().to_bytes(), "hello");
        assert_eq!(format!("{dashboard:?}").contains("requests: 1"), enabled);
    }
}

#[tokio::test]
async fn the_dashboard_uses_the_configured_clock() {
    let dashboard = dashboard().clock(Clock::from_fn(|| UNIX_EPOCH + Duration::from_secs(784_111_777)));
    observe(&dashboard, get("/"), response_with(200, "", &[])).await;
    let page = page(&dashboard).await;
    assert_eq!(cells(rows(&page, "requests")[0])[1], "08:49:37");
}

#[test]
fn a_stack_without_the_dashboard_allocates_nothing_for_it() {
    let allocated = || {
        let service =
            service_fn(|_: Request<String>| std::future::ready(Ok::<_, Infallible>(response_with(200, "", &[]))));
        let mut service = CachePolicyLayer::new(CachePolicy::public(MINUTE)).record_decisions().layer(service);
        let mut request = Some(get("/"));
        allocation_counter::measure(|| {
            let future = pin!(service.call(request.take().unwrap()));
            assert!(future.poll_once().is_ready());
        })
        .count_total
    };
    let before = allocated();
    let mounted = dashboard().routes(RoutePolicies::builder().route("/", CachePolicy::NO_CACHE).build().unwrap());
    let _around_another = mounted.observe().layer(mounted.service());
    assert_eq!(allocated(), before);
}

/// Sends requests for these paths through the layers of a dashboard and a cache.
async fn visit(dashboard: &Dashboard, cache: &SharedCache, paths: &[&str]) {
    let handler = service_fn(|request: Request<String>| {
        let mut response = response_with(200, "hello", &[]);
        if request.uri().query().is_some() {
            response = response_with(200, "hello to each of the guests", &[]);
        }
        if request.uri().path() == "/me" {
            response = response_with(200, "you", &[("cache-control", "private, max-age=60")]);
        }
        CacheTags::from_iter([CacheTag::from_static("pages")]).add_to(response.extensions_mut());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let inner = CachePolicyLayer::new(CachePolicy::public(MINUTE)).layer(handler);
    let service = dashboard.observe().layer(cache.layer().layer(inner));
    for path in paths {
        let request = Request::get(*path).header("host", "tea.example").body(String::new()).unwrap();
        service.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    }
}

#[tokio::test]
async fn hits_are_counted_by_route_and_stored_responses_are_listed() {
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let by_path = |parts: &http::request::Parts| Some(parts.uri.path().to_owned());
    let dashboard = dashboard().route_by(by_path).shared_cache(&cache);
    visit(&dashboard, &cache, &["/a", "/a", "/a", "/a?b=1&c={}", "/me", "/me"]).await;
    let shown = page(&dashboard).await;
    let hits: Vec<String> = rows(&shown, "routes").into_iter().map(|row| cells(row)[7].clone()).collect();
    assert_eq!(hits, ["50 % of 4", "0 % of 2"]);
    assert!(rows(&shown, "requests").iter().any(|row| row.contains("cache: hit")));

    let listed: Vec<Vec<String>> = rows(&shown, "stored").into_iter().map(cells).collect();
    let urls: Vec<(&str, &str)> = listed.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(urls, [("tea.example/a?b=1&amp;c=%7B%7D", "1"), ("tea.example/a", "1")], "the largest first, escaped");
    assert_eq!((listed[0][3].as_str(), listed[0][5].as_str(), listed[0][6].trim()), ("200", "60 s", "pages"));
    assert!(shown.contains("of 655.3 kB used<li><b>2</b> URLs<li><b>2</b> hits"), "{shown}");
    assert!(!shown.contains("data-purge=\""), "purges are not allowed");

    // Without a cache, there is neither a section nor a ratio.
    let without = Dashboard::new().bound_to_loopback();
    observe(&without, get("/"), response_with(200, "", &[])).await;
    let shown = page(&without).await;
    assert!(!shown.contains("stored-title") && cells(rows(&shown, "routes")[0])[7].is_empty());
}

/// A second level without records that fails on demand.
#[derive(Clone, Debug, Default)]
struct Remote {
    fails: Arc<AtomicBool>,
    purges: Arc<Mutex<Vec<Bytes>>>,
}

impl Remote {
    fn result<T: Send + 'static>(&self, value: T) -> RemoteFuture<Result<T, RemoteError>> {
        let fails = self.fails.load(Ordering::Relaxed);
        Box::pin(async move { if fails { Err(RemoteError::unavailable("a test")) } else { Ok(value) } })
    }
}

impl RemoteStore for Remote {
    fn get(&self, _: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        self.result(None)
    }

    fn put(&self, _: &str, _: Bytes, _: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        self.result(())
    }

    fn forget(&self, _: &str) -> RemoteFuture<Result<(), RemoteError>> {
        self.result(())
    }

    fn publish(&self, purge: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        self.purges.lock().unwrap().push(purge);
        self.result(())
    }

    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        let known = if since.history == 1 { since.number } else { 0 };
        let numbered = (1_u64..).zip(self.purges.lock().unwrap().clone());
        let purges = numbered.filter(|(number, _)| *number > known).collect();
        self.result(PurgeHistory { history: 1, forgotten: 0, purges, has_more: false })
    }
}

#[tokio::test]
async fn the_state_and_the_numbers_of_the_second_level_are_shown() {
    let remote = Remote::default();
    let spawn = |task| _ = tokio::spawn(task);
    let second = SecondLevel::new(remote.clone(), spawn, tokio::time::sleep);
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20)).second_level(second);
    let dashboard = dashboard().shared_cache(&cache);
    let until = async |is_expected: fn(SecondLevelStats) -> bool| {
        while !is_expected(cache.stats().second_level.unwrap()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    _ = cache.layer();
    until(|stats| stats.is_current).await;
    cache.purge(&Purge::everything());
    until(|stats| stats.purges_received == 1).await;
    visit(&dashboard, &cache, &["/a", "/b"]).await;
    until(|stats| stats.written == 2).await;
    let shown = page(&dashboard).await;
    for part in [
        "<li>Second level: <b>in use</b><li><b>0</b> hits<li><b>2</b> misses",
        " ms</b> for a lookup on average<li><b>2</b> written<li><b>0</b> not written",
        "<li><b>0</b> over the limit<li><b>0</b> errors",
        "<li><b>1</b> purges published<li><b>1</b> purges received<li><b>1</b> purges of everything",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    remote.fails.store(true, Ordering::Relaxed);
    visit(&dashboard, &cache, &["/1", "/2", "/3", "/4", "/5", "/6", "/7"]).await;
    cache.purge(&Purge::everything());
    let shown = page(&dashboard).await;
    for part in ["<b>temporarily not used, because it failed repeatedly</b>", ", <b>1</b> waiting"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    // For a cache without a second level, the page does not mention one.
    let alone = SharedCache::by_policy(MemoryStore::new(1 << 20));
    assert!(!page(&self::dashboard().shared_cache(&alone)).await.contains("Second level"));
}

fn purge_request(fields: &[(&str, &str)]) -> Request<String> {
    let mut request = request("/purge", PEER, fields);
    *request.method_mut() = Method::POST;
    request
}

const OWN: [(&str, &str); 2] = [("host", "localhost:3000"), ("origin", "http://localhost:3000")];

#[tokio::test]
async fn a_purge_removes_what_it_names() {
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let dashboard = dashboard().shared_cache(&cache).allow_purges();
    let stored = || cache.largest(9).len();
    for (line, left) in
        [("*", 0), ("tag pages", 0), ("tag other", 2), ("url tea.example/a", 1), ("url tea.example/c", 2)]
    {
        cache.purge(&Purge::everything());
        visit(&dashboard, &cache, &["/a", "/b"]).await;
        assert_eq!(stored(), 2);
        let fields: Vec<_> = OWN.into_iter().chain([("x-cache-purge", line)]).collect();
        let response = fetch(&dashboard, purge_request(&fields)).await;
        assert_eq!(response.status(), StatusCode::OK, "{line}");
        assert_eq!(stored(), left, "{line}");
    }
    cache.purge(&Purge::everything());
    visit(&dashboard, &cache, &["/a", "/b"]).await;
    let invalid: &[&[&str]] = &[
        &[],
        &["*", "*"],
        &[""],
        &["tag"],
        &["tag "],
        &["tag a b"],
        &["url"],
        &["url a b"],
        &["url /x"],
        &["url user@tea.example/"],
        &["everything"],
    ];
    for lines in invalid {
        let fields: Vec<_> = OWN.into_iter().chain(lines.iter().map(|line| ("x-cache-purge", *line))).collect();
        let response = fetch(&dashboard, purge_request(&fields)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{lines:?}");
        assert_eq!(stored(), 2, "{lines:?}");
    }
    let shown = page(&dashboard).await;
    for what in ["*", "tag pages", "url tea.example/a"] {
        assert!(shown.contains(&format!("data-purge=\"{what}\" hidden")), "{what}");
    }
}

#[tokio::test]
async fn a_purge_of_another_site_or_without_permission_is_refused() {
    let cache = SharedCache::by_policy(MemoryStore::new(1 << 20));
    let everything = [("x-cache-purge", "*")];
    let local = Dashboard::new().shared_cache(&cache).allow_purges();
    let by_rule = Dashboard::new().allow(|_| true).shared_cache(&cache).allow_purges();
    visit(&local, &cache, &["/a"]).await;
    let refused = async |dashboard: &Dashboard, fields: &[(&str, &str)], case: &str| {
        let response = fetch(dashboard, purge_request(fields)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{case}");
        assert_eq!(cache.largest(9).len(), 1, "{case}");
    };
    for (case, fields) in REFUSED {
        let fields: Vec<_> = [("host", "localhost:3000")].iter().chain(*fields).chain(&everything).copied().collect();
        refused(&local, &fields, case).await;
        // The rule exempts a navigation to the page, and never a purge.
        refused(&by_rule, &fields, case).await;
    }
    let without_origin = [("host", "localhost:3000"), everything[0]];
    refused(&local, &without_origin, "without Origin").await;
    refused(&by_rule, &without_origin, "without Origin, with a rule").await;
    let fields: Vec<_> = OWN.into_iter().chain(everything).collect();
    refused(&Dashboard::new().shared_cache(&cache), &fields, "not allowed").await;
    refused(&Dashboard::new().allow_purges(), &fields, "no cache").await;
    refused(&Dashboard::new().allow(|_| false).shared_cache(&cache).allow_purges(), &fields, "a rule").await;
    let mut put = purge_request(&fields);
    *put.method_mut() = Method::PUT;
    assert_eq!(fetch(&local, put).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    let mut read = purge_request(&fields);
    *read.method_mut() = Method::GET;
    assert_eq!(fetch(&local, read).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(cache.largest(9).len(), 1);
    assert_eq!(fetch(&local, purge_request(&fields)).await.status(), StatusCode::OK);
    assert_eq!(cache.largest(9).len(), 0);
}
