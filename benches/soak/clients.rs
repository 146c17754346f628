//! The clients and their requests.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, COOKIE, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderValue, Method, Request, StatusCode, request};
use http_body_util::{BodyExt, Full};
use tower_cache_policy::assets::AssetManifest;

use super::cache::Lookup;
use super::checks::{self, CheckedResponse, etag, fail, version};
use super::connection::{Connection, SentRequest};
use super::model::{Counted, LEASE_TIME, Model, Resource};
use super::server::{ARTICLES, ASSETS, CACHE_STATUS, COUNTERS, LEASES, LEDGERS, content_of};

/// The number of requests after which an HTTP/1.1 client opens a new connection.
const REQUESTS: u64 = 2_000;

/// The number of clients that share an HTTP/2 connection.
const SHARING: usize = 4;

type Running = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// All clients, which run concurrently.
pub(crate) fn all(count: usize, seed: u64, address: SocketAddr, model: &Arc<Model>) -> Vec<Running> {
    let client = |n: usize| Client {
        user: format!("u{n}"),
        random: Random::of(seed, n),
        address,
        model: Arc::clone(model),
        known: HashMap::new(),
        assets: Vec::new(),
        connection: None,
        requests: 0,
    };
    let (half, mut running) = (count / 2, Vec::<Running>::new());
    for n in 0..half {
        let client = client(n);
        running.push(Box::pin(async move { client.run(Connection::http1(address).await?).await }));
    }
    for first in (half..count).step_by(SHARING) {
        let sharing: Vec<_> = (first..count.min(first + SHARING)).map(client).collect();
        running.push(Box::pin(async move {
            let connection = Connection::http2(address).await?;
            let mut running = tokio::task::JoinSet::new();
            for client in sharing {
                running.spawn(client.run(connection.shared().unwrap()));
            }
            while let Some(ended) = running.join_next().await {
                ended.map_err(|error| error.to_string())??;
            }
            Ok(())
        }));
    }
    running
}

/// Reads all resources again at the end.
pub(crate) async fn settle(address: SocketAddr, model: &Model) -> Result<(), String> {
    let mut connection = Connection::http1(address).await?;
    let mut purges = 0;
    for (kind, resources) in [("articles", &model.articles), ("counters", &model.counters), ("ledgers", &model.ledgers)]
    {
        for (n, resource) in resources.iter().enumerate() {
            let path = format!("/{kind}/{n}");
            let response = connection.fetch(get(&path), address).await?;
            let (value, version) = checks::numbers(&path, &response)?;
            resource.settle(version, value).map_err(|error| format!("{path}: {error}"))?;
            if kind == "articles" {
                purges += version;
            }
        }
    }
    let response = connection.fetch(get("/purges"), address).await?;
    if response.body() != purges.to_string().as_bytes() {
        return Err(fail(&format!("{purges} writes, each with a purge"), "/purges", &response));
    }
    Ok(())
}

struct Client {
    user: String,
    random: Random,
    address: SocketAddr,
    model: Arc<Model>,
    /// The value that the client read last, with its tag.
    known: HashMap<String, (String, u64)>,
    /// The URLs of files, and their contents.
    assets: Vec<(String, Bytes)>,
    connection: Option<Connection>,
    requests: u64,
}

/// Selects resources of the model.
type Of = fn(&Model) -> &[Resource];

impl Client {
    async fn run(mut self, connection: Connection) -> Result<(), String> {
        self.connected(connection);
        let manifest = self.fetch(get("/manifest")).await?;
        let manifest = AssetManifest::from_json(std::str::from_utf8(manifest.body()).unwrap()).unwrap();
        for asset in ASSETS {
            self.assets.push((manifest.url(asset).unwrap().to_owned(), content_of(asset).into()));
        }
        while !self.model.ended.load(Ordering::Relaxed) {
            match self.random.below(100) {
                0..=21 => self.change("counters", COUNTERS, |model| &model.counters).await?,
                22..=41 => self.change("ledgers", LEDGERS, |model| &model.ledgers).await?,
                42..=43 => self.change("articles", ARTICLES, |model| &model.articles).await?,
                44..=47 => self.change_without_precondition().await?,
                48..=53 => self.lease().await?,
                54..=61 => self.read("articles", ARTICLES).await?,
                62..=69 => self.read("pages", ARTICLES).await?,
                70..=77 => self.read_through_cache().await?,
                78..=89 => self.private_page().await?,
                90..=95 => self.asset().await?,
                _ => self.stream().await?,
            }
        }
        Ok(())
    }

    /// Reads the value if necessary and writes the next one, until a write is accepted.
    async fn change(&mut self, kind: &str, count: usize, of: Of) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(count);
        let (path, resource) = (format!("/{kind}/{n}"), &of(&model)[n]);
        for _ in 0..3 {
            if !self.known.contains_key(&path) || self.random.below(3) == 0 {
                let floor = if kind == "articles" { model.floor_of_article(n) } else { resource.floor(false) };
                self.read_at(&path, resource, floor).await?;
            }
            let (known, version) = self.known[&path].clone();
            let condition = match self.random.below(4) {
                // A tag with a content coding.
                0 => format!("\"v{version}--gzip\""),
                1 => format!("\"another\", \"v{version}\""),
                2 => known,
                _ => format!("\"v{version}\""),
            };
            let mut request = put(&path, version + 1);
            request.headers_mut().insert(IF_MATCH, HeaderValue::try_from(condition).unwrap());
            let response = self.fetch(request).await?;
            match response.status() {
                StatusCode::NO_CONTENT => {
                    let purged = model.cache.invalidate(response.headers());
                    if purged != usize::from(kind == "articles") {
                        return Err(fail("other groups than those of the written resource", &path, &response));
                    }
                    (0..purged).for_each(|_| model.count(Counted::Purged));
                    if checks::version(&response) != Some(version + 1) {
                        return Err(fail(&format!("a write to version {version}"), &path, &response));
                    }
                    resource.accept(version).map_err(|error| fail(&error, &path, &response))?;
                    model.count(Counted::Accepted);
                    self.known.insert(path, (format!("\"v{}\"", version + 1), version + 1));
                    return Ok(());
                }
                StatusCode::PRECONDITION_FAILED => {
                    resource.refuse(version);
                    model.count(Counted::Refused);
                    self.known.remove(&path);
                }
                _ => return Err(fail("neither accepted nor refused", &path, &response)),
            }
        }
        Ok(())
    }

    /// Writes without a precondition or with a weak tag.
    async fn change_without_precondition(&mut self) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let (kind, resources) = self.random.one_of(&[
            ("counters", &model.counters),
            ("ledgers", &model.ledgers),
            ("articles", &model.articles),
        ]);
        let n = self.random.below(resources.len());
        let path = format!("/{kind}/{n}");
        let mut request = put(&path, 0);
        let (expected, counted) = if self.random.below(2) == 0 {
            (StatusCode::PRECONDITION_REQUIRED, Counted::Unconditional)
        } else {
            let version = resources[n].floor(false);
            request.headers_mut().insert(IF_MATCH, HeaderValue::try_from(format!("W/\"v{version}\"")).unwrap());
            (StatusCode::PRECONDITION_FAILED, Counted::Weak)
        };
        let response = self.fetch(request).await?;
        if response.status() != expected {
            return Err(fail(&format!("expected {expected}"), &path, &response));
        }
        model.count(counted);
        Ok(())
    }

    /// Creates a lease if none exists, holds it for a short time, and removes it.
    async fn lease(&mut self) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(LEASES);
        let path = format!("/leases/{n}");
        let mut request = put(&path, 0);
        request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        let response = self.fetch(request).await?;
        match (response.status(), version(&response)) {
            (StatusCode::CREATED, Some(number)) => {
                if model.leases[n].swap(true, Ordering::SeqCst) {
                    return Err(fail("two clients hold one lease", &path, &response));
                }
                tokio::time::sleep(LEASE_TIME).await;
                model.leases[n].store(false, Ordering::SeqCst);
                let mut request = Request::delete(&path).body(Full::default()).unwrap();
                let tag = HeaderValue::try_from(format!("\"v{number}\"")).unwrap();
                request.headers_mut().insert(IF_MATCH, tag);
                let response = self.fetch(request).await?;
                if response.status() != StatusCode::NO_CONTENT {
                    return Err(fail("a lease that was removed by another client", &path, &response));
                }
                model.count(Counted::LeaseTaken);
                model.conditional_writes.fetch_add(1, Ordering::Relaxed);
            }
            (StatusCode::PRECONDITION_FAILED, _) => model.count(Counted::LeaseRefused),
            _ => return Err(fail("neither created nor refused", &path, &response)),
        }
        Ok(())
    }

    async fn read(&mut self, kind: &str, count: usize) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(count);
        self.read_at(&format!("/{kind}/{n}"), &model.articles[n], model.floor_of_article(n)).await
    }

    /// Reads like a browser, with the tag of its stored response. `floor` is the oldest version that it may get.
    async fn read_at(&mut self, path: &str, resource: &Resource, floor: u64) -> Result<(), String> {
        let mut request = get(path);
        let coded = self.random.below(4) == 0;
        if coded {
            request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        // A strong tag matches only one content coding.
        let matches_coding = |tag: &str| tag.starts_with("W/") || tag.ends_with("--gzip\"") == coded;
        let revalidates = self.random.below(4) != 0;
        let known = self.known.get(path).filter(|(tag, _)| revalidates && matches_coding(tag)).cloned();
        if let Some((tag, _)) = &known {
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::try_from(tag.as_str()).unwrap());
        }
        let response = self.fetch(request).await?;
        checks::assert_public(path, &response)?;
        let known = match (response.status(), known) {
            (StatusCode::NOT_MODIFIED, Some((tag, version))) => {
                if version < floor {
                    return Err(fail(&format!("version {floor} is current, not {version}"), path, &response));
                }
                self.model.count(Counted::NotModified);
                (tag, version)
            }
            (StatusCode::OK, known) => {
                let Some((version, tag)) = version(&response).zip(etag(&response)) else {
                    return Err(fail("no version", path, &response));
                };
                if version < floor {
                    return Err(fail(&format!("version {floor} is current"), path, &response));
                }
                if known.is_some_and(|(_, known)| known == version) {
                    return Err(fail("expected a 304", path, &response));
                }
                let is_coded = response.headers().contains_key(CONTENT_ENCODING);
                if is_coded != coded || (tag.starts_with('"') && tag.ends_with("--gzip\"") != coded) {
                    return Err(fail("another coding", path, &response));
                }
                if coded {
                    self.model.count(Counted::Coded);
                } else {
                    checks::numbers(path, &response)?;
                }
                self.model.count(Counted::Read);
                (tag, version)
            }
            _ => return Err(fail("neither 200 nor 304", path, &response)),
        };
        resource.see(known.1);
        self.known.insert(path.to_owned(), known);
        Ok(())
    }

    /// Reads resources from the shared cache.
    async fn read_through_cache(&mut self) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(ARTICLES);
        let path = format!("/{}/{n}", self.random.one_of(&["articles", "pages"]));
        let (now, written) = (model.floor_of_article(n), model.articles[n].floor(true));
        let mut request = head(&path);
        if self.random.below(2) == 0 {
            request.headers.insert(COOKIE, HeaderValue::try_from(format!("user={}", self.user)).unwrap());
        }
        let (response, from_cache) = self.through_cache(&request).await?;
        checks::assert_public(&path, &response)?;
        let (_, version) = checks::numbers(&path, &response)?;
        let floor = if from_cache { written } else { now };
        if version < floor {
            return Err(fail(&format!("version {floor} is current, cached: {from_cache}"), &path, &response));
        }
        if from_cache {
            model.count(Counted::CacheHit);
        }
        model.articles[n].see(version);
        Ok(())
    }

    /// Returns the response, and whether it came from the cache without revalidation.
    async fn through_cache(&mut self, request: &request::Parts) -> Result<(CheckedResponse, bool), String> {
        let model = Arc::clone(&self.model);
        match model.cache.lookup(request) {
            Lookup::Fresh(response) => Ok((response, true)),
            Lookup::Forward(mut pending) => {
                let response = self.fetch(std::mem::take(&mut pending.request)).await?;
                let (response, freshened) = model.cache.complete(*pending, response);
                model.count(if freshened { Counted::CacheRevalidated } else { Counted::CacheMiss });
                if response.status() != StatusCode::OK {
                    return Err(fail("not the page", request.uri.path(), &response));
                }
                Ok((response, false))
            }
        }
    }

    /// Reads a private page through the cache, which must not store it for other clients.
    async fn private_page(&mut self) -> Result<(), String> {
        let kind = self.random.one_of(&["cookie", "marked", "token", "private", "secret", "varied"]);
        let path = format!("/me/{kind}");
        let mut request = head(&path);
        let (field, value) = match kind {
            "token" => (AUTHORIZATION, format!("Bearer {}", self.user)),
            _ => (COOKIE, format!("user={}", self.user)),
        };
        request.headers.insert(field, HeaderValue::try_from(value).unwrap());
        let (response, from_cache) = self.through_cache(&request).await?;
        checks::assert_for_user(&self.user, &path, &response)?;
        if kind != "varied" {
            checks::assert_no_shared_cache_stores(&request, &response)?;
        }
        if kind == "secret" {
            checks::assert_no_cache_stores(&request, &response)?;
        }
        self.model.count(if from_cache { Counted::CachedForOne } else { Counted::Personal });
        Ok(())
    }

    /// Requests a versioned file, a range of it, or a revalidation.
    async fn asset(&mut self) -> Result<(), String> {
        let at = self.random.below(self.assets.len());
        let (path, content) = self.assets[at].clone();
        let mut request = get(&path);
        let known = self.known.get(&path).map(|(tag, _)| HeaderValue::try_from(tag.as_str()).unwrap());
        let (expected, body, counted) = match (self.random.below(4), known) {
            (0, Some(tag)) => {
                request.headers_mut().insert(IF_NONE_MATCH, tag);
                (StatusCode::NOT_MODIFIED, Bytes::new(), Counted::NotModified)
            }
            (1, Some(tag)) => {
                request.headers_mut().insert(IF_RANGE, tag);
                request.headers_mut().insert(RANGE, HeaderValue::from_static("bytes=10-99"));
                (StatusCode::PARTIAL_CONTENT, content.slice(10..100), Counted::Range)
            }
            (2, _) => {
                request.headers_mut().insert(IF_RANGE, HeaderValue::from_static("\"another\""));
                request.headers_mut().insert(RANGE, HeaderValue::from_static("bytes=10-99"));
                (StatusCode::OK, content, Counted::Asset)
            }
            _ => (StatusCode::OK, content, Counted::Asset),
        };
        let response = self.fetch(request).await?;
        let immutable =
            checks::text(&response, &http::header::CACHE_CONTROL).is_some_and(|text| text.contains("immutable"));
        if response.status() != expected || *response.body() != body || !immutable {
            return Err(fail(&format!("expected {expected}"), &path, &response));
        }
        self.model.count(counted);
        self.known.insert(path, (etag(&response).unwrap(), 0));
        Ok(())
    }

    /// Reads a stream to its end, or cancels it.
    async fn stream(&mut self) -> Result<(), String> {
        let kib = 1 + self.random.below(256);
        let path = format!("/stream/{kib}");
        let cancels = self.random.below(8) == 0;
        let address = self.address;
        let mut body = self.connection().await?.send(get(&path), address).await?.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("{path}: {error:?}"))?;
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if cancels {
                drop(body);
                self.model.count(Counted::Abandoned);
                // An HTTP/1.1 connection cannot be reused after that.
                if let Some(Connection::Http1(_)) = &self.connection {
                    self.connection = None;
                }
                return Ok(());
            }
        }
        if bytes != kib << 10 {
            return Err(format!("{path} had {bytes} bytes"));
        }
        self.model.count(Counted::Stream);
        Ok(())
    }

    async fn fetch(&mut self, request: SentRequest) -> Result<CheckedResponse, String> {
        let path = request.uri().path().to_owned();
        let address = self.address;
        let response =
            self.connection().await?.fetch(request, address).await.map_err(|error| format!("{path}: {error}"))?;
        checks::assert_valid(&path, &response)?;
        if checks::text(&response, &CACHE_STATUS).is_some_and(|status| status.contains("; hit")) {
            self.model.count(Counted::InProcess);
        }
        Ok(response)
    }

    /// Returns the current connection, or opens a new one.
    async fn connection(&mut self) -> Result<&mut Connection, String> {
        self.requests += 1;
        let is_used_up = self.requests > REQUESTS && matches!(self.connection, Some(Connection::Http1(_)));
        if self.connection.is_none() || is_used_up {
            let connection = Connection::http1(self.address).await?;
            self.connected(connection);
        }
        Ok(self.connection.as_mut().expect("it was set in the line above"))
    }

    fn connected(&mut self, connection: Connection) {
        self.model.count(Counted::Connection);
        self.requests = 0;
        self.connection = Some(connection);
    }
}

fn get(path: &str) -> SentRequest {
    Request::get(path).body(Full::default()).unwrap()
}

fn put(path: &str, value: u64) -> SentRequest {
    Request::builder().method(Method::PUT).uri(path).body(Full::from(value.to_string())).unwrap()
}

fn head(path: &str) -> request::Parts {
    Request::get(path).body(()).unwrap().into_parts().0
}

/// xorshift64*, which returns the same numbers for the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// The counts of one of several clients.
    pub(crate) const fn of(seed: u64, client: usize) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (client as u64 + 1))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    pub(crate) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}
