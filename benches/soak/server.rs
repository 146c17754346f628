//! The service, with all layers of the crate. Its handlers would be incorrect without the layers.

use std::convert::Infallible;
use std::future::ready;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use futures_util::stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_cache_policy::assets::{AssetDirectory, AssetManifest};
use tower_cache_policy::axum_handler::PreconditionFailure;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::edge::{EdgeProfile, TagFormat};
use tower_cache_policy::layers::conditional::SelectedRepresentation;
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized};
use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{AssetsLayer, CachingLayer, ConditionalLayer, EdgeLayer, PurgeLayer, SharedCache};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::services::ServeDir;

pub(crate) const ARTICLES: usize = 8;
pub(crate) const COUNTERS: usize = 4;
pub(crate) const LEDGERS: usize = 4;
pub(crate) const LEASES: usize = 4;
pub(crate) const ASSETS: [&str; 3] = ["app.js", "style.css", "words.txt"];

pub(crate) const VERSION: HeaderName = HeaderName::from_static("x-version");
pub(crate) const MADE_FOR: HeaderName = HeaderName::from_static("x-made-for");
pub(crate) const ALL_USERS: &str = "all users";
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

const SECOND: Duration = Duration::from_secs(1);
const PREFIX: &str = "/static";
/// The memory of the cache in bytes, which is less than the files, pages and streams need.
const MEMORY: u64 = 8 << 20;

/// The content of a file.
pub(crate) fn content_of(asset: &str) -> String {
    (0..400).map(|line| format!("/* {asset}, line {line} */\n")).collect()
}

/// Prints the address and serves until the input ends.
pub(crate) async fn serve(has_cache: bool) {
    let directory = tempfile::tempdir().unwrap();
    for asset in ASSETS {
        std::fs::write(directory.path().join(asset), content_of(asset)).unwrap();
    }
    let assets = AssetDirectory::new(directory.path()).prefix(PREFIX).build().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();

    let service = TowerToHyperService::new(app(directory.path(), &assets, has_cache));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
}

fn app(directory: &std::path::Path, assets: &AssetManifest, has_cache: bool) -> Router {
    let site = Site::new();
    let table = RoutePolicies::builder()
        .route("/articles/{n}", CachePolicy::public(SECOND).edge(60 * SECOND))
        .route("/pages/{n}", CachePolicy::public(2 * SECOND).edge(SECOND))
        // This policy is wrong for all of these pages. A guard or the handler must correct it.
        .route("/me/{kind}", CachePolicy::public(60 * SECOND))
        .route("/counters/{n}", CachePolicy::NO_CACHE)
        .route("/ledgers/{n}", CachePolicy::NO_CACHE)
        .route("/stream/{kib}", CachePolicy::public(SECOND))
        .default_policy(CachePolicy::NO_STORE)
        .build()
        .unwrap();
    let compressible = SizeAbove::new(32).and(NotForContentType::const_new("application/octet-stream"));
    let policies = table.clone();
    let caching = CachingLayer::new(table).compression(CompressionLayer::new().compress_when(compressible));

    let pages = Router::new()
        .route("/pages/{n}", get(page))
        .route("/me/{kind}", get(me))
        .route("/stream/{kib}", get(long))
        .route("/manifest", get(manifest).layer(Extension(assets.to_json())))
        .route("/purges", get(purges))
        .layer(caching.clone());
    let files = AssetsLayer::new(assets).layer(ServeDir::new(directory));
    let files = Router::new()
        .nest_service(PREFIX, files)
        .layer(caching.clone().conditional(ConditionalLayer::inner_handles_if_range));

    // The validator source reads the resources without calling the handlers.
    let known = site.clone();
    let guarded = caching
        .validators(move |request: &Parts| {
            let path = request.uri.path();
            let selected = SelectedRepresentation::from(known.representation_at(path));
            ready(match policies.policy_at(&Method::GET, path) {
                Some(policy) => selected.with_policy(policy),
                None => selected,
            })
        })
        .require_preconditions();
    let rows = Router::new()
        .route("/articles/{n}", get(article).put(publish))
        .route("/counters/{n}", get(counter).put(count))
        .route("/leases/{n}", put(take).delete(release))
        .layer(guarded.clone());
    // The handler does not evaluate preconditions. An outer layer permits one write at a time.
    let ledgers = Router::new()
        .route("/ledgers/{n}", get(ledger).put(enter))
        .layer(guarded)
        .layer(from_fn_with_state(site.clone(), one_at_a_time));

    let cache = has_cache.then(|| {
        SharedCache::by_policy(MemoryStore::new(MEMORY))
            .spawner(|task| {
                tokio::spawn(task);
            })
            .timer(tokio::time::sleep)
    });
    let (purged, purged_cache) = (site.clone(), cache.clone());
    let purger = service_fn(move |purge: Purge| {
        let (purged, cache) = (purged.clone(), purged_cache.clone());
        async move {
            tokio::task::yield_now().await;
            if let Some(cache) = cache {
                cache.purge(&purge);
            }
            purged.0.purges.fetch_add(purge.cache_tags().len() as u64, Ordering::Relaxed);
            Ok::<_, Infallible>(())
        }
    });
    let edge = EdgeProfile::STANDARD.with_tags(Some(TagFormat::CACHE_GROUPS));
    let app =
        pages.merge(files).merge(rows).merge(ledgers).with_state(site).layer(PurgeLayer::new(purger).announce_groups());
    let app = match cache {
        Some(cache) => app.layer(cache.layer()),
        None => app,
    };
    app.layer(EdgeLayer::new(edge))
}

#[derive(Clone)]
struct Site(Arc<Rows>);

struct Rows {
    articles: [Mutex<Row>; ARTICLES],
    counters: [Mutex<Row>; COUNTERS],
    ledgers: [Mutex<Row>; LEDGERS],
    /// The holder of the lease, and the number of holders so far.
    leases: [Mutex<(bool, u64)>; LEASES],
    gates: [tokio::sync::Mutex<()>; LEDGERS],
    purges: AtomicU64,
}

/// The value that a read returns, and the number of writes.
#[derive(Clone, Copy, Default)]
struct Row {
    version: u64,
    value: u64,
}

impl Row {
    fn validators(self) -> Validators {
        Validators::new().with_etag(tag(self.version))
    }

    fn write(&mut self, value: u64) -> impl IntoResponse + use<> {
        *self = Self { version: self.version + 1, value };
        (StatusCode::NO_CONTENT, number(self.version))
    }

    fn read(self) -> impl IntoResponse {
        let body = format!("value {} version {}, with some more text to be compressed\n", self.value, self.version);
        (self.validators(), number(self.version), body)
    }
}

impl Site {
    fn new() -> Self {
        Self(Arc::new(Rows {
            articles: Default::default(),
            counters: Default::default(),
            ledgers: Default::default(),
            leases: Default::default(),
            gates: Default::default(),
            purges: AtomicU64::new(0),
        }))
    }

    fn representation_at(&self, path: &str) -> Representation {
        let Some((kind, Ok(n))) = path[1..].split_once('/').map(|(kind, n)| (kind, n.parse::<usize>())) else {
            return Representation::Unknown;
        };
        let of = |rows: &[Mutex<Row>]| rows.get(n).map(|row| lock(row).validators()).into();
        match kind {
            "articles" => of(&self.0.articles),
            "counters" => of(&self.0.counters),
            "ledgers" => of(&self.0.ledgers),
            "leases" => lease(*lock(&self.0.leases[n])),
            _ => Representation::Unknown,
        }
    }
}

fn lease((held, number): (bool, u64)) -> Representation {
    held.then(|| Validators::new().with_etag(tag(number))).into()
}

fn lock<T>(row: &Mutex<T>) -> MutexGuard<'_, T> {
    row.lock().unwrap()
}

fn tag(version: u64) -> EntityTag {
    EntityTag::strong(format!("v{version}")).unwrap()
}

fn number(version: u64) -> [(HeaderName, HeaderValue); 1] {
    [(VERSION, version.into())]
}

fn group(n: usize) -> CacheTag {
    CacheTag::new(format!("article-{n}")).unwrap()
}

async fn article(State(site): State<Site>, Path(n): Path<usize>) -> impl IntoResponse {
    let row = *lock(&site.0.articles[n]);
    (CacheTags::from(group(n)), [(MADE_FOR, ALL_USERS)], row.read())
}

async fn publish(
    State(site): State<Site>,
    Path(n): Path<usize>,
    preconditions: Preconditions,
    body: String,
) -> Result<impl IntoResponse, PreconditionFailure> {
    let mut row = lock(&site.0.articles[n]);
    preconditions.check(&row.validators().into())?;
    Ok((Purge::tags([group(n)]), row.write(value_of(&body))))
}

/// A page without validators. The layer generates them.
async fn page(State(site): State<Site>, Path(n): Path<usize>) -> impl IntoResponse {
    let Row { version, value } = *lock(&site.0.articles[n]);
    let filler = "Text for all users. ".repeat(80);
    let body = format!("<!doctype html><title>{n}</title>value {value} version {version}, {filler}");
    (CacheTags::from(group(n)), [(MADE_FOR, ALL_USERS)], number(version), axum::response::Html(body))
}

async fn counter(State(site): State<Site>, Path(n): Path<usize>) -> impl IntoResponse {
    lock(&site.0.counters[n]).read()
}

async fn count(
    State(site): State<Site>,
    Path(n): Path<usize>,
    preconditions: Preconditions,
    body: String,
) -> Result<impl IntoResponse, PreconditionFailure> {
    let mut row = lock(&site.0.counters[n]);
    preconditions.check(&row.validators().into())?;
    Ok(row.write(value_of(&body)))
}

async fn ledger(State(site): State<Site>, Path(n): Path<usize>) -> impl IntoResponse {
    lock(&site.0.ledgers[n]).read()
}

async fn enter(State(site): State<Site>, Path(n): Path<usize>, body: String) -> impl IntoResponse {
    // Lets other tasks run.
    tokio::task::yield_now().await;
    lock(&site.0.ledgers[n]).write(value_of(&body))
}

async fn one_at_a_time(State(site): State<Site>, request: Request, next: Next) -> Response {
    let n = request.uri().path().strip_prefix("/ledgers/").and_then(|n| n.parse::<usize>().ok());
    let gate = n.and_then(|n| site.0.gates.get(n)).filter(|_| !request.method().is_safe());
    let _open = match gate {
        Some(gate) => Some(gate.lock().await),
        None => None,
    };
    next.run(request).await
}

fn value_of(body: &str) -> u64 {
    body.trim().parse().unwrap()
}

async fn take(
    State(site): State<Site>,
    Path(n): Path<usize>,
    preconditions: Preconditions,
) -> Result<impl IntoResponse, PreconditionFailure> {
    let mut state = lock(&site.0.leases[n]);
    preconditions.check(&lease(*state))?;
    *state = (true, state.1 + 1);
    Ok((StatusCode::CREATED, number(state.1)))
}

async fn release(
    State(site): State<Site>,
    Path(n): Path<usize>,
    preconditions: Preconditions,
) -> Result<StatusCode, PreconditionFailure> {
    let mut state = lock(&site.0.leases[n]);
    preconditions.check(&lease(*state))?;
    state.0 = false;
    Ok(StatusCode::NO_CONTENT)
}

/// A page for one user, which is marked as private in several ways.
async fn me(Path(kind): Path<String>, headers: HeaderMap) -> Response {
    let field = |name, prefix: &str| {
        let text = headers.get(name).and_then(|line: &HeaderValue| line.to_str().ok());
        text.and_then(|text| text.strip_prefix(prefix)).unwrap_or("nobody").to_owned()
    };
    let user = if kind == "token" { field(AUTHORIZATION, "Bearer ") } else { field(COOKIE, "user=") };
    let body = format!("This page is for {user} only, and must not be sent to any other user.\n");
    let made_for = HeaderValue::try_from(&*user).unwrap();
    let mut response = ([(MADE_FOR, made_for)], body).into_response();
    let cookie = HeaderValue::try_from(format!("session={user}; Path=/; HttpOnly")).unwrap();
    match kind.as_str() {
        "cookie" => _ = response.headers_mut().insert(SET_COOKIE, cookie),
        "marked" => _ = response.extensions_mut().insert(Personalized),
        "private" => _ = response.extensions_mut().insert(CachePolicy::private(60 * SECOND)),
        "secret" => _ = response.extensions_mut().insert(CachePolicy::NO_STORE),
        // The page is for all clients with the same cookie. A shared cache may store this response for them.
        "varied" => _ = response.headers_mut().insert(VARY, HeaderValue::from_static("cookie")),
        _ => {}
    }
    response
}

/// A stream of small chunks.
async fn long(Path(kib): Path<usize>) -> impl IntoResponse {
    static KIB: [u8; 1024] = [b'x'; 1024];
    let pieces = stream::unfold(kib, async |left| {
        tokio::task::yield_now().await;
        (left > 0).then(|| (Ok::<_, Infallible>(Bytes::from_static(&KIB)), left - 1))
    });
    ([("content-type", "application/octet-stream")], Body::from_stream(pieces))
}

async fn manifest(Extension(manifest): Extension<String>) -> String {
    manifest
}

async fn purges(State(site): State<Site>) -> String {
    site.0.purges.load(Ordering::Relaxed).to_string()
}
