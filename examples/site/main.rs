//! A small axum site in which each route demonstrates one kind of cache policy.
//!
//! ```text
//! cargo run --example site --all-features
//! cargo run --example site --all-features -- --port 8080 --no-cache
//! cargo run --example site --all-features -- --policies examples/site/policies.toml
//! cargo run --example site --all-features -- --edge cloudflare --edge nginx
//! cargo run --example site --all-features -- --print-manifest
//! cargo run --example site --all-features -- --dashboard
//! cargo run --example site --all-features -- --shared-cache --dashboard
//! ```
//!
//! | File | Content |
//! |---|---|
//! | `app.rs` | the routes and their policies: start here |
//! | `front.rs` | the front page, with versioned URLs for its files |
//! | `assets.rs` | the files in `static/`, under URLs that change with their content |
//! | `articles.rs` | conditional writes, so that no change of another client is lost |
//! | `download.rs` | a download that can be resumed |
//! | `log.rs` | the request log, with the reason for each `Cache-Control` |

#![allow(unreachable_pub)] // In a program, `pub` items are for its other modules.

mod app;
mod articles;
mod assets;
mod download;
mod front;
mod log;

use std::error::Error;
use std::future::pending;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::extract::MatchedPath;
use clap::Parser;
use tokio::net::TcpListener;
use tower_cache_policy::SharedCache;
use tower_cache_policy::assets::{Asset, AssetManifest};
use tower_cache_policy::edge::{EdgeProfile, Edges};
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy::store::MemoryStore;
use tower_cache_policy_dashboard::Dashboard;

use crate::app::Caches;
use crate::articles::Store;
use crate::assets::Assets;
use crate::log::Log;

/// A site that demonstrates cache policies, validators and versioned URLs.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port of 127.0.0.1 to listen on; 0 selects a free port
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// Read the policy of each route from this file, such as `examples/site/policies.toml`
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,

    /// Also send the cache fields that this CDN or cache reads; may be repeated
    #[arg(long, value_name = "NAME", value_parser = edge)]
    edge: Vec<EdgeProfile>,

    /// Read the files of the front page from this directory
    #[arg(long = "static", value_name = "DIRECTORY", default_value = assets::DIRECTORY)]
    files: PathBuf,

    /// Show cache policies and recent requests at /_cache
    #[arg(long)]
    dashboard: bool,

    /// Store responses in the process, and purge them when an article changes
    #[arg(long)]
    shared_cache: bool,

    /// Development mode: send `no-store` with every response, and use changed files immediately
    #[arg(long)]
    no_cache: bool,

    /// Print the files of the front page and their URLs, and exit
    #[arg(long)]
    print_manifest: bool,
}

/// The memory of the in-process cache, in bytes.
const MEMORY: u64 = 256 << 20;

/// The time after Ctrl-C until open connections are closed.
const GRACE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    match serve(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let assets = Assets::new(&arguments.files, arguments.no_cache)?;
    if arguments.print_manifest {
        println!("{}", table(&assets.source.current()));
        return Ok(());
    }

    let policies = arguments.policies.as_ref().map(RoutePolicies::from_toml_file).transpose()?;
    let listener = listen(arguments.port).await?;
    let address = listener.local_addr()?;
    let download = download::write()?;
    // A request must not fail because the log cannot be written.
    let log = Log::new(|line| _ = writeln!(io::stderr(), "{line}"));
    let edges = Edges::new(arguments.edge.iter().cloned())?;
    let cache = arguments.shared_cache.then(|| {
        SharedCache::by_policy(MemoryStore::new(MEMORY)).timer(tokio::time::sleep).spawner(|task| {
            tokio::spawn(task);
        })
    });
    let dashboard = arguments.dashboard.then(|| dashboard(policies.clone(), edges.clone(), cache.as_ref()));
    let caches = Caches { edges: &edges, shared: cache.as_ref() };
    let app = app::app(Store::new(), download.path(), &assets, policies, caches, arguments.no_cache, log)?;
    let app = match &dashboard {
        // The dashboard is the outermost layer, so it observes the final responses.
        Some(dashboard) => app.layer(dashboard.observe()).nest_service("/_cache", dashboard.service()),
        None => app,
    };

    println!("listening on http://{address}, until Ctrl-C");
    if arguments.dashboard {
        println!("dashboard at http://{address}/_cache");
    }
    if arguments.no_cache {
        println!("development mode: every response is no-store (--no-cache)");
    } else {
        println!("{}", to_try(address, assets.source.current().url("style.css")?));
        if cache.is_some() {
            println!("{}", to_try_with_cache(address));
        }
    }

    // With axum's feature `http2`, the server also supports HTTP/2. The client chooses the version.
    let server = axum::serve(listener, app).with_graceful_shutdown(interrupted());
    tokio::select! {
        ended = server => ended?,
        // An event stream never ends, so the graceful shutdown would wait for it.
        () = async { interrupted().await; tokio::time::sleep(GRACE).await } => {}
    }
    Ok(())
}

/// Formats the manifest for `--print-manifest`, with one line for each file.
fn table(manifest: &AssetManifest) -> String {
    let width = |column: fn(&Asset) -> &str| manifest.iter().map(|asset| column(asset).len()).max().unwrap_or(0);
    let (names, urls) = (width(Asset::name), width(Asset::url));
    let mut lines = vec![format!("{:names$}  {:>7}  {:urls$}  integrity", "name", "bytes", "URL")];
    lines.extend(manifest.iter().map(|asset| {
        let (name, url) = (asset.name(), asset.url());
        format!("{name:names$}  {:>7}  {url:urls$}  {}", asset.length(), asset.integrity())
    }));
    lines.join("\n")
}

/// Parses the value of `--edge`.
fn edge(name: &str) -> Result<EdgeProfile, String> {
    EdgeProfile::by_name(name).ok_or_else(|| {
        let names: Vec<_> = EdgeProfile::all().iter().map(EdgeProfile::name).collect();
        format!("unknown name; use one of {}", names.join(", "))
    })
}

/// Creates the dashboard. It groups requests by the routes of the table, or by the routes of the router if there is no
/// table.
fn dashboard(policies: Option<RoutePolicies>, edges: Edges, cache: Option<&SharedCache>) -> Dashboard {
    // The site listens only on loopback.
    let dashboard = Dashboard::new().edges(edges).bound_to_loopback();
    let dashboard = match cache {
        Some(cache) => dashboard.shared_cache(cache).allow_purges(),
        None => dashboard,
    };
    match policies {
        Some(policies) => dashboard.routes(policies),
        None => dashboard.route_by(|request| Some(request.extensions.get::<MatchedPath>()?.as_str().to_owned())),
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} of 127.0.0.1 is used by another program; choose another port with --port, or use --port 0 for a free port"
            ),
            _ => format!("cannot listen on port {port} of 127.0.0.1: {error}; choose another port with --port"),
        })
}

/// Resolves at Ctrl-C. Never resolves if the signal handler cannot be installed.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending().await
    }
}

fn to_try(address: SocketAddr, stylesheet: &str) -> String {
    let url = format!("http://{address}");
    format!(
        r#"
A page, requested twice. The second response is a 304 without content:
  curl -i {url}/page -H "If-None-Match: $(curl -s -o /dev/null -w '%header{{etag}}' {url}/page)"
A change by a client that knows the first revision (204, and 412 when repeated):
  curl -i {url}/articles/1 -X PUT -H 'If-Match: "1-1"' --json '{{"title": "Tea", "text": "Hot."}}'
A change by a client that sends no revision (428):
  curl -i {url}/articles/2 -X DELETE
A page that sets a cookie, so that its "public" policy becomes "private":
  curl -i {url}/me
A stylesheet that caches may store for a year, because its URL changes with its content:
  curl -i {url}{stylesheet}
"#
    )
}

fn to_try_with_cache(address: SocketAddr) -> String {
    let url = format!("http://{address}");
    format!(
        r#"With the in-process cache, a page that is generated once (the second Cache-Status is a hit):
  curl -si {url}/page {url}/page | grep -i cache-status
A change that purges this page (the next Cache-Status is a miss):
  curl -s {url}/articles/3 -X DELETE -H 'If-Match: *'; curl -si {url}/page | grep -i cache-status
"#
    )
}
