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

use super::cache::Looked;
use super::checks::{self, Answer, etag, fail, version};
use super::connection::{Ask, Connection};
use super::model::{A_MOMENT, Counted, Model, Resource};
use super::server::{ARTICLES, ASSETS, COUNTERS, LEASES, LEDGERS, content_of};

/// The number of requests after which an HTTP/1.1 client opens a new connection.
const REQUESTS: u64 = 2_000;

/// How many clients share a connection of HTTP/2.
const SHARING: usize = 4;

type Running = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// All clients, to be run at once.
pub(crate) fn all(count: usize, seed: u64, address: SocketAddr, model: &Arc<Model>) -> Vec<Running> {
    let client = |n: usize| Client {
        user: format!("u{n}"),
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n as u64 + 1)),
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

/// Reads everything once more, when all is quiet.
pub(crate) async fn settle(address: SocketAddr, model: &Model) -> Result<(), String> {
    let mut connection = Connection::http1(address).await?;
    let mut purges = 0;
    for (kind, resources) in [("articles", &model.articles), ("counters", &model.counters), ("ledgers", &model.ledgers)]
    {
        for (n, resource) in resources.iter().enumerate() {
            let path = format!("/{kind}/{n}");
            let answer = connection.ask(get(&path), address).await?;
            let (value, version) = checks::numbers(&path, &answer)?;
            resource.settle(version, value).map_err(|error| format!("{path}: {error}"))?;
            if kind == "articles" {
                purges += version;
            }
        }
    }
    let answer = connection.ask(get("/purges"), address).await?;
    if answer.body() != purges.to_string().as_bytes() {
        return Err(fail(&format!("{purges} writes, each with a purge"), "/purges", &answer));
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
    /// URLs of files, and what they hold.
    assets: Vec<(String, Bytes)>,
    connection: Option<Connection>,
    requests: u64,
}

/// Which resources.
type Of = fn(&Model) -> &[Resource];

impl Client {
    async fn run(mut self, connection: Connection) -> Result<(), String> {
        self.connected(connection);
        let manifest = self.ask(get("/manifest")).await?;
        let manifest = AssetManifest::from_json(std::str::from_utf8(manifest.body()).unwrap()).unwrap();
        for asset in ASSETS {
            self.assets.push((manifest.url(asset).unwrap().to_owned(), content_of(asset).into()));
        }
        while !self.model.ended.load(Ordering::Relaxed) {
            match self.random.below(100) {
                0..=21 => self.change("counters", COUNTERS, |model| &model.counters).await?,
                22..=41 => self.change("ledgers", LEDGERS, |model| &model.ledgers).await?,
                42..=43 => self.change("articles", ARTICLES, |model| &model.articles).await?,
                44..=47 => self.change_wrongly().await?,
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

    /// Reads, unless it knows already, and writes one more, until it is let.
    async fn change(&mut self, kind: &str, count: usize, of: Of) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(count);
        let (path, resource) = (format!("/{kind}/{n}"), &of(&model)[n]);
        for _ in 0..3 {
            if !self.known.contains_key(&path) || self.random.below(3) == 0 {
                self.read_at(&path, resource).await?;
            }
            let (known, version) = self.known[&path].clone();
            let condition = match self.random.below(4) {
                // With its coding, as it came or might have come.
                0 => format!("\"v{version}--gzip\""),
                1 => format!("\"another\", \"v{version}\""),
                2 => known,
                _ => format!("\"v{version}\""),
            };
            let mut request = put(&path, version + 1);
            request.headers_mut().insert(IF_MATCH, HeaderValue::try_from(condition).unwrap());
            let answer = self.ask(request).await?;
            match answer.status() {
                StatusCode::NO_CONTENT => {
                    let purged = model.cache.invalidate(answer.headers());
                    if purged != usize::from(kind == "articles") {
                        return Err(fail("not the groups of what was written", &path, &answer));
                    }
                    (0..purged).for_each(|_| model.count(Counted::Purged));
                    if checks::version(&answer) != Some(version + 1) {
                        return Err(fail(&format!("a write to version {version}"), &path, &answer));
                    }
                    resource.accept(version).map_err(|error| fail(&error, &path, &answer))?;
                    model.count(Counted::Accepted);
                    self.known.insert(path, (format!("\"v{}\"", version + 1), version + 1));
                    return Ok(());
                }
                StatusCode::PRECONDITION_FAILED => {
                    resource.refuse(version);
                    model.count(Counted::Refused);
                    self.known.remove(&path);
                }
                _ => return Err(fail("neither written nor refused", &path, &answer)),
            }
        }
        Ok(())
    }

    /// Without a condition, or with one that names nothing exactly.
    async fn change_wrongly(&mut self) -> Result<(), String> {
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
        let answer = self.ask(request).await?;
        if answer.status() != expected {
            return Err(fail(&format!("{expected} is due"), &path, &answer));
        }
        model.count(counted);
        Ok(())
    }

    /// Creates what must not be there, has it for a moment, and removes it.
    async fn lease(&mut self) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(LEASES);
        let path = format!("/leases/{n}");
        let mut request = put(&path, 0);
        request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        let answer = self.ask(request).await?;
        match (answer.status(), version(&answer)) {
            (StatusCode::CREATED, Some(number)) => {
                if model.leases[n].swap(true, Ordering::SeqCst) {
                    return Err(fail("two have one lease", &path, &answer));
                }
                tokio::time::sleep(A_MOMENT).await;
                model.leases[n].store(false, Ordering::SeqCst);
                let mut request = Request::delete(&path).body(Full::default()).unwrap();
                let tag = HeaderValue::try_from(format!("\"v{number}\"")).unwrap();
                request.headers_mut().insert(IF_MATCH, tag);
                let answer = self.ask(request).await?;
                if answer.status() != StatusCode::NO_CONTENT {
                    return Err(fail("a lease that was taken away", &path, &answer));
                }
                model.count(Counted::LeaseTaken);
                model.conditional_writes.fetch_add(1, Ordering::Relaxed);
            }
            (StatusCode::PRECONDITION_FAILED, _) => model.count(Counted::LeaseRefused),
            _ => return Err(fail("neither taken nor refused", &path, &answer)),
        }
        Ok(())
    }

    async fn read(&mut self, kind: &str, count: usize) -> Result<(), String> {
        let model = Arc::clone(&self.model);
        let n = self.random.below(count);
        self.read_at(&format!("/{kind}/{n}"), &model.articles[n]).await
    }

    /// As a browser: with the tag of what it has.
    async fn read_at(&mut self, path: &str, resource: &Resource) -> Result<(), String> {
        let mut request = get(path);
        let coded = self.random.below(4) == 0;
        if coded {
            request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        // A strong tag is one of a coding, and names nothing in another.
        let names_it = |tag: &str| tag.starts_with("W/") || tag.ends_with("--gzip\"") == coded;
        let asks_again = self.random.below(4) != 0;
        let known = self.known.get(path).filter(|(tag, _)| asks_again && names_it(tag)).cloned();
        if let Some((tag, _)) = &known {
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::try_from(tag.as_str()).unwrap());
        }
        let floor = resource.floor(false);
        let answer = self.ask(request).await?;
        checks::is_for_everybody(path, &answer)?;
        let known = match (answer.status(), known) {
            (StatusCode::NOT_MODIFIED, Some((tag, version))) => {
                if version < floor {
                    return Err(fail(&format!("version {floor} was there, not {version}"), path, &answer));
                }
                self.model.count(Counted::NotModified);
                (tag, version)
            }
            (StatusCode::OK, known) => {
                let Some((version, tag)) = version(&answer).zip(etag(&answer)) else {
                    return Err(fail("no version", path, &answer));
                };
                if version < floor {
                    return Err(fail(&format!("version {floor} was there"), path, &answer));
                }
                if known.is_some_and(|(_, known)| known == version) {
                    return Err(fail("a 304 is due", path, &answer));
                }
                let is_coded = answer.headers().contains_key(CONTENT_ENCODING);
                if is_coded != coded || (tag.starts_with('"') && tag.ends_with("--gzip\"") != coded) {
                    return Err(fail("another coding", path, &answer));
                }
                if coded {
                    self.model.count(Counted::Coded);
                } else {
                    checks::numbers(path, &answer)?;
                }
                self.model.count(Counted::Read);
                (tag, version)
            }
            _ => return Err(fail("neither 200 nor 304", path, &answer)),
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
        let (now, written) = (model.articles[n].floor(false), model.articles[n].floor(true));
        let mut asked = head(&path);
        if self.random.below(2) == 0 {
            asked.headers.insert(COOKIE, HeaderValue::try_from(format!("user={}", self.user)).unwrap());
        }
        let (answer, from_cache) = self.through_cache(&asked).await?;
        checks::is_for_everybody(&path, &answer)?;
        let (_, version) = checks::numbers(&path, &answer)?;
        let floor = if from_cache { written } else { now };
        if version < floor {
            return Err(fail(&format!("version {floor} was there, cached: {from_cache}"), &path, &answer));
        }
        if from_cache {
            model.count(Counted::CacheHit);
        }
        model.articles[n].see(version);
        Ok(())
    }

    /// Returns the response, and whether it came from the cache without revalidation.
    async fn through_cache(&mut self, asked: &request::Parts) -> Result<(Answer, bool), String> {
        let model = Arc::clone(&self.model);
        match model.cache.look(asked) {
            Looked::Fresh(answer) => Ok((answer, true)),
            Looked::Ask(mut pending) => {
                let answer = self.ask(std::mem::take(&mut pending.request)).await?;
                let (answer, freshened) = model.cache.complete(*pending, answer);
                model.count(if freshened { Counted::CacheRevalidated } else { Counted::CacheMiss });
                if answer.status() != StatusCode::OK {
                    return Err(fail("not the page", asked.uri.path(), &answer));
                }
                Ok((answer, false))
            }
        }
    }

    /// Also through the cache, which must not store the response for other clients.
    async fn private_page(&mut self) -> Result<(), String> {
        let kind = self.random.one_of(&["cookie", "marked", "token", "private", "secret", "varied"]);
        let path = format!("/me/{kind}");
        let mut asked = head(&path);
        let (field, value) = match kind {
            "token" => (AUTHORIZATION, format!("Bearer {}", self.user)),
            _ => (COOKIE, format!("user={}", self.user)),
        };
        asked.headers.insert(field, HeaderValue::try_from(value).unwrap());
        let (answer, from_cache) = self.through_cache(&asked).await?;
        checks::is_for(&self.user, &path, &answer)?;
        if kind != "varied" {
            checks::is_kept_by_no_shared_cache(&asked, &answer)?;
        }
        if kind == "secret" {
            checks::is_kept_by_nobody(&asked, &answer)?;
        }
        self.model.count(if from_cache { Counted::CachedForOne } else { Counted::Personal });
        Ok(())
    }

    /// A versioned file: whole, a part of it, or what is had already.
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
        let answer = self.ask(request).await?;
        let immutable =
            checks::text(&answer, &http::header::CACHE_CONTROL).is_some_and(|text| text.contains("immutable"));
        if answer.status() != expected || *answer.body() != body || !immutable {
            return Err(fail(&format!("{expected} is due"), &path, &answer));
        }
        self.model.count(counted);
        self.known.insert(path, (etag(&answer).unwrap(), 0));
        Ok(())
    }

    /// To its end, or given up.
    async fn stream(&mut self) -> Result<(), String> {
        let kib = 1 + self.random.below(256);
        let path = format!("/stream/{kib}");
        let gives_up = self.random.below(8) == 0;
        let address = self.address;
        let mut body = self.connection().await?.send(get(&path), address).await?.into_body();
        let mut octets = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("{path}: {error:?}"))?;
            octets += frame.data_ref().map_or(0, Bytes::len);
            if gives_up {
                drop(body);
                self.model.count(Counted::Abandoned);
                // There is no more use for a connection of HTTP/1.1.
                if let Some(Connection::Http1(_)) = &self.connection {
                    self.connection = None;
                }
                return Ok(());
            }
        }
        if octets != kib << 10 {
            return Err(format!("{path} had {octets} octets"));
        }
        self.model.count(Counted::Stream);
        Ok(())
    }

    async fn ask(&mut self, request: Ask) -> Result<Answer, String> {
        let path = request.uri().path().to_owned();
        let address = self.address;
        let answer =
            self.connection().await?.ask(request, address).await.map_err(|error| format!("{path}: {error}"))?;
        checks::is_sound(&path, &answer)?;
        Ok(answer)
    }

    /// The one that it has, or another.
    async fn connection(&mut self) -> Result<&mut Connection, String> {
        self.requests += 1;
        let is_worn = self.requests > REQUESTS && matches!(self.connection, Some(Connection::Http1(_)));
        if self.connection.is_none() || is_worn {
            let connection = Connection::http1(self.address).await?;
            self.connected(connection);
        }
        Ok(self.connection.as_mut().expect("it was made in the line above"))
    }

    fn connected(&mut self, connection: Connection) {
        self.model.count(Counted::Connection);
        self.requests = 0;
        self.connection = Some(connection);
    }
}

fn get(path: &str) -> Ask {
    Request::get(path).body(Full::default()).unwrap()
}

fn put(path: &str, value: u64) -> Ask {
    Request::builder().method(Method::PUT).uri(path).body(Full::from(value.to_string())).unwrap()
}

fn head(path: &str) -> request::Parts {
    Request::get(path).body(()).unwrap().into_parts().0
}

/// The same numbers for the same seed: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
