//! Two instances of a site behind one Redis or Valkey.
//!
//!     apt-get install redis-server
//!     crates/redis/examples/cluster/run
//!
//! The script starts an engine on loopback. In this example, both instances are in one program, and each has its own
//! listener and cache. The second instance returns a page that the first has rendered, and a purge in the first
//! instance also reaches the second.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy::{CachingLayer, PurgeLayer, SharedCache};
use tower_cache_policy_redis::{ConnectError, RedisStore};

const ARTICLES: CacheTag = CacheTag::from_static("articles");
const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(300));

type Error = Box<dyn std::error::Error>;

/// The data that both instances show: the number of saved articles. A real site would store it in a database.
type Saved = Arc<AtomicU32>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let saved = Saved::default();
    let first = start("first", &url, &saved).await?;
    let second = start("second", &url, &saved).await?;

    show("the first instance renders", &send(first, "GET").await?);
    // The record is written after the response.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let hit = send(second, "GET").await?;
    show("the second one responds from Redis", &hit);
    show("and from its memory", &send(second, "GET").await?);

    show("an article is saved on the first one, which purges", &send(first, "POST").await?);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let rendered = send(second, "GET").await?;
    show("the second one renders again", &rendered);

    if !hit.contains("rendered by first: 0") || !rendered.contains("rendered by second: 1") {
        return Err("the instances do not share responses and purges".into());
    }
    Ok(())
}

/// Starts one instance. In a real site, each instance is a process on its own machine.
async fn start(name: &'static str, url: &str, saved: &Saved) -> Result<SocketAddr, Error> {
    let app = app(name, &cache(url).await?, saved);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

async fn cache(url: &str) -> Result<SharedCache, ConnectError> {
    let store = RedisStore::connect(url).await?.prefix("cluster-example")?;
    Ok(SharedCache::by_policy(MemoryStore::new(64 << 20)).second_level(store.second_level()))
}

fn app(name: &'static str, cache: &SharedCache, saved: &Saved) -> Router {
    let (shown, counted) = (Arc::clone(saved), Arc::clone(saved));
    let list = async move || {
        let mut response = Response::new(format!("rendered by {name}: {} articles", shown.load(Ordering::SeqCst)));
        CacheTags::from(ARTICLES).add_to(response.extensions_mut());
        response
    };
    let save = async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut response = Response::new(format!("saved by {name}"));
        Purge::tags([ARTICLES]).add_to(response.extensions_mut());
        response
    };
    Router::new()
        .route("/articles", get(list).post(save))
        .layer(CachingLayer::new(PAGE))
        .layer(PurgeLayer::new(cache.clone()))
        .layer(cache.layer())
}

/// Sends a request for the articles to an instance.
async fn send(instance: SocketAddr, method: &str) -> Result<String, Error> {
    let mut stream = TcpStream::connect(instance).await?;
    // The same host for both, as behind a load balancer.
    let request = format!("{method} /articles HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}

fn show(what: &str, response: &str) {
    let status = response.lines().find_map(|line| line.strip_prefix("cache-status: ")).unwrap_or("-");
    println!("{what}:\n    {}\n    Cache-Status: {status}", response.lines().last().unwrap_or_default());
}
