//! A small site on axum whose every answer says how long it may be kept.
//!
//! ```text
//! cargo run --example site --all-features
//! cargo run --example site --all-features -- --port 8080 --no-cache
//! cargo run --example site --all-features -- --policies examples/site/policies.toml
//! cargo run --example site --all-features -- --edge cloudflare --edge nginx
//! cargo run --example site --all-features -- --print-manifest
//! cargo run --example site --all-features -- --dashboard
//! ```
//!
//! | File | What is there |
//! |---|---|
//! | `app.rs` | which URL is answered by whom, and under which policy: start here |
//! | `front.rs` | the front page, and how it finds its files |
//! | `assets.rs` | the files in `static/`, under URLs that change when they do |
//! | `articles.rs` | conditional writes that lose nobody's change |
//! | `download.rs` | the file that can be resumed |
//! | `log.rs` | one line for each request, with the reason for its `Cache-Control` |

#![allow(unreachable_pub)] // In a program, `pub` is for its other files.

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
use tower_cache_policy::assets::{Asset, AssetManifest};
use tower_cache_policy::edge::{EdgeProfile, Edges};
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy_dashboard::Dashboard;

use crate::articles::Store;
use crate::assets::Assets;
use crate::log::Log;

/// A site whose every answer says how long it may be kept.
#[derive(Debug, Parser)]
struct Arguments {
    /// The port of 127.0.0.1 to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// Take the policy of each route from this file; `examples/site/policies.toml` is one
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,

    /// Tell the caches in front, in their own fields; may be given several times
    #[arg(long, value_name = "NAME", value_parser = edge)]
    edge: Vec<EdgeProfile>,

    /// Take the files of the front page from this directory
    #[arg(long = "static", value_name = "DIRECTORY", default_value = assets::DIRECTORY)]
    files: PathBuf,

    /// Show what caches are told, and the last requests, at /_cache
    #[arg(long)]
    dashboard: bool,

    /// Tell every cache to store nothing, and see changed files at once, for work on the site itself
    #[arg(long)]
    no_cache: bool,

    /// Print the files of the front page and their URLs, and end
    #[arg(long)]
    print_manifest: bool,
}

/// How long answers that are on their way have after Ctrl-C.
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
    // A log that cannot be written is no reason to fail a request.
    let log = Log::new(|line| _ = writeln!(io::stderr(), "{line}"));
    let edges = Edges::new(arguments.edge.iter().cloned())?;
    let dashboard = arguments.dashboard.then(|| dashboard(policies.clone(), edges.clone()));
    let app = app::app(Store::new(), download.path(), &assets, policies, &edges, arguments.no_cache, log)?;
    let app = match &dashboard {
        // Outside the log too, so that it sees what goes out.
        Some(dashboard) => app.layer(dashboard.observe()).nest_service("/_cache", dashboard.service()),
        None => app,
    };

    println!("listening on http://{address}, until Ctrl-C");
    if arguments.dashboard {
        println!("what caches are told is shown at http://{address}/_cache (--dashboard)");
    }
    if arguments.no_cache {
        println!("nothing is to be stored (--no-cache)");
    } else {
        println!("{}", to_try(address, assets.source.current().url("style.css")?));
    }

    // HTTP/1.1, and with axum's feature `http2` HTTP/2 too, as the client begins.
    let server = axum::serve(listener, app).with_graceful_shutdown(interrupted());
    tokio::select! {
        ended = server => ended?,
        // An event stream does not end by itself.
        () = async { interrupted().await; tokio::time::sleep(GRACE).await } => {}
    }
    Ok(())
}

/// One line for each file, for `--print-manifest`.
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

/// The profile of this name, for `--edge`.
fn edge(name: &str) -> Result<EdgeProfile, String> {
    EdgeProfile::by_name(name).ok_or_else(|| {
        let names: Vec<_> = EdgeProfile::all().iter().map(EdgeProfile::name).collect();
        format!("no edge has this name; take one of {}", names.join(", "))
    })
}

/// By the table where there is one, and otherwise by the routes of the router.
fn dashboard(policies: Option<RoutePolicies>, edges: Edges) -> Dashboard {
    // The site listens on loopback alone.
    let dashboard = Dashboard::new().edges(edges).bound_to_loopback();
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
                "port {port} of 127.0.0.1 is taken by another program; choose another port with --port, or any free one with --port 0"
            ),
            _ => format!("cannot listen on port {port} of 127.0.0.1: {error}; choose another port with --port"),
        })
}

/// Resolves at Ctrl-C, and never where that cannot be waited for.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending().await
    }
}

fn to_try(address: SocketAddr, stylesheet: &str) -> String {
    let url = format!("http://{address}");
    format!(
        r#"
A page, asked for twice. The second time it is not sent again (304):
  curl -i {url}/page -H "If-None-Match: $(curl -s -o /dev/null -w '%header{{etag}}' {url}/page)"
A change by somebody who saw the first revision (204, and 412 when repeated):
  curl -i {url}/articles/1 -X PUT -H 'If-Match: "1-1"' --json '{{"title": "Tea", "text": "Hot."}}'
A change by somebody who saw nothing (428):
  curl -i {url}/articles/2 -X DELETE
A page that sets a cookie, so that a policy of "public" becomes "private":
  curl -i {url}/me
A stylesheet that may be kept for a year, because its URL changes when it does:
  curl -i {url}{stylesheet}
"#
    )
}
