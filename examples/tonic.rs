//! A tonic service with and without the layers, to show that they do not change gRPC calls.
//!
//! ```text
//! cargo run --example tonic
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::{process::ExitCode, time::Duration};

use tonic::Request;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::{Endpoint, Server, server::TcpIncoming};
use tonic_health::ServingStatus::{NotServing, Serving};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_health::server::{HealthReporter, health_reporter};
use tower_cache_policy::{CachePolicyLayer, ConditionalLayer, EntityTagLayer, policy::CachePolicy};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (mut reporter, health) = health_reporter();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let (bare, layered) = (TcpIncoming::bind(free)?, TcpIncoming::bind(free)?);
    let addresses = (bare.local_addr()?, layered.local_addr()?);
    tokio::spawn(Server::builder().add_service(health.clone()).serve_with_incoming(bare));
    let mut server = Server::builder()
        .layer(CachePolicyLayer::new(CachePolicy::public(Duration::from_secs(300))))
        .layer(ConditionalLayer::new())
        .layer(EntityTagLayer::new());
    tokio::spawn(server.add_service(health).serve_with_incoming(layered));

    let (without, with) = (call(addresses.0, &mut reporter).await?, call(addresses.1, &mut reporter).await?);
    for ((what, without), (_, with)) in without.iter().zip(&with) {
        if without != with {
            eprintln!("error: the layers change the {what}\n  without them: {without}\n  with them:    {with}");
            return Ok(ExitCode::FAILURE);
        }
        println!("the same {what}: {with}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns everything that a client can observe of a unary call, a failed call and a stream.
async fn call(at: SocketAddr, reporter: &mut HealthReporter) -> Result<[(&'static str, String); 7], Box<dyn Error>> {
    let mut client = HealthClient::new(Endpoint::from_shared(format!("http://{at}"))?.connect().await?);
    reporter.set_service_status("tea", Serving).await;
    let unary = client.check(about("tea")).await?;
    let failed = client.check(about("coffee")).await.err().ok_or("the server found a service that does not exist")?;
    let (headers, mut stream, _) = client.watch(about("tea")).await?.into_parts();
    let first = stream.message().await?;
    // The second message comes after the first was received, so that a layer that waits for the end would hang here.
    reporter.set_service_status("tea", NotServing).await;
    let second = stream.message().await?;
    reporter.clear_service_status("tea").await;
    let end = stream.message().await?;
    let trailers = stream.trailers().await?.ok_or("the stream ended without trailers")?;
    Ok([
        ("metadata of a unary call", metadata(unary.metadata())),
        ("message of a unary call", format!("{:?}", unary.get_ref())),
        ("error", format!("{:?}, {:?}, {:?}", failed.code(), failed.message(), failed.details())),
        ("metadata of an error", metadata(failed.metadata())),
        ("headers of a stream", metadata(&headers)),
        ("messages of a stream", format!("{first:?}, {second:?}, {end:?}")),
        ("trailers of a stream", metadata(&trailers)),
    ])
}

/// Creates a request with metadata that would be a precondition in plain HTTP. In gRPC it belongs to the application.
fn about(service: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: service.to_owned() });
    request.metadata_mut().insert("if-none-match", MetadataValue::from_static("*"));
    request
}

fn metadata(map: &MetadataMap) -> String {
    let mut map = map.clone();
    map.remove("date"); // The two calls are not made at the same time.
    format!("{map:?}")
}
