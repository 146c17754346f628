//! Purges the cache of any vendor with `reqwest`, after a write or manually.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use reqwest::redirect::Policy;
use tower::{BoxError, Service, ServiceExt, service_fn};
use tower_cache_policy::PurgeLayer;
use tower_cache_policy::policy::CacheTag;
use tower_cache_policy_purge::{Cloudflare, Credential, Purge, PurgeApi, PurgeReport, Purger, PurgerError};

/// Creates a purger for any vendor that sends its requests with `reqwest`.
pub(crate) fn purger<A: PurgeApi + Send + Sync + 'static>(
    api: A,
    client: reqwest::Client,
) -> impl Service<Purge, Response = PurgeReport, Error = PurgerError, Future: Send> + Clone {
    let send = service_fn(move |request: Request<Bytes>| {
        let client = client.clone();
        async move {
            let response = client.execute(reqwest::Request::try_from(request)?).await?;
            Ok::<_, reqwest::Error>(Response::<reqwest::Body>::from(response))
        }
    });
    Purger::new(api, send).timeout(Duration::from_secs(5))
}

/// Following a redirect would send the credential to another host. The APIs of vendors do not redirect.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().redirect(Policy::none()).connect_timeout(Duration::from_secs(2)).build()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (Ok(zone), Ok(token)) = (std::env::var("CLOUDFLARE_ZONE"), std::env::var("CLOUDFLARE_TOKEN")) else {
        println!("Set CLOUDFLARE_ZONE and CLOUDFLARE_TOKEN to purge the tag `articles`.");
        return Ok(());
    };
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "another provider is installed")?;
    let purger = purger(Cloudflare::new(zone, Credential::new(token)?)?, client()?);

    // After a write, in a service:
    let _layer = PurgeLayer::new(purger.clone());

    // Or manually:
    let report = purger.oneshot(Purge::tags([CacheTag::from_static("articles")])).await?;
    println!("{} requests were accepted.", report.purged());
    Ok(())
}
