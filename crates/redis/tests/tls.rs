//! Tests a connection with TLS and a password, through the settings of the `redis` crate.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::{Client, ConnectionInfo, TlsCertificates};
use support::certificates::Certificates;
use support::engine::{Engine, free_port};
use support::site::{Instance, Pages};
use tower_cache_policy_redis::{ConnectErrorKind, RedisStore};

/// An engine with TLS and a password, its port for TLS, and its certificates.
fn engine(name: &str) -> (Engine, u16, Certificates) {
    _ = rustls::crypto::ring::default_provider().install_default();
    let (certificates, port) = (Certificates::new(name), free_port());
    let mut arguments = certificates.arguments(port);
    arguments.extend(["--requirepass", "right-secret"].map(str::to_owned));
    let engine = Engine::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    (engine, port, certificates)
}

/// Returns the settings with the certificate of this authority instead of those of the system.
fn trusting(certificates: &Certificates, url: &str) -> ConnectionInfo {
    let root_cert = Some(std::fs::read(certificates.authority()).unwrap());
    let client = Client::build_with_tls(url, TlsCertificates { client_tls: None, root_cert }).unwrap();
    client.get_connection_info().clone()
}

#[tokio::test]
async fn responses_and_purges_are_shared_over_tls_with_a_password() {
    let (_engine, port, certificates) = engine("shared");
    let pages = Pages::new(10);
    let mut instances = Vec::new();
    for _ in 0..2 {
        let info = trusting(&certificates, &format!("rediss://:right-secret@127.0.0.1:{port}"));
        let second = RedisStore::connect(info).await.unwrap().second_level().limit(Duration::from_secs(2));
        let instance = Instance::new(&pages, second);
        instance.until(|stats| stats.is_current).await;
        instances.push(instance);
    }
    let [one, other]: [Instance; 2] = instances.try_into().ok().unwrap();
    one.get("/p/1", None).await;
    one.until(|stats| stats.written == 1).await;
    assert!(other.get("/p/1", None).await.cache_status.contains("detail=second-level"));
    pages.versions[1].store(1, Ordering::SeqCst);
    one.purge(1).await;
    let began = Instant::now();
    while !other.get("/p/1", None).await.body.starts_with('1') {
        assert!(began.elapsed() < Duration::from_millis(500), "the purge is pushed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(feature = "config")]
#[tokio::test]
async fn a_file_can_name_the_authority_to_trust() {
    let (_engine, port, certificates) = engine("file");
    let authority = certificates.authority();
    let file = |authority: &str, scheme: &str| {
        format!(
            "default = 'no-store'\n[store]\nmemory = '1 MiB'\n[store.redis]\nurl = \
             '{scheme}://:right-secret@127.0.0.1:{port}'\nca_file = '{authority}'"
        )
    };
    let config = tower_cache_policy_redis::RedisConfig::from_toml(&file(&authority, "rediss")).unwrap();
    assert!(config.shared_cache().await.unwrap().is_some());
    let key = authority.replace("ca.pem", "key.pem");
    for (text, message) in [
        (file("/no/such/file", "rediss"), "`/no/such/file` cannot be read"),
        (file(&key, "rediss"), "does not contain a certificate; write the path of a PEM file"),
        (file(&authority, "redis"), "`ca_file` has no effect without TLS; write the URL with `rediss://`"),
    ] {
        let error = tower_cache_policy_redis::RedisConfig::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(message) && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_or_password_that_is_wrong_is_one_clear_error() {
    let (engine, port, certificates) = engine("wrong");
    let other = Certificates::new("other");
    let url = |password: &str| format!("rediss://alice:{password}-secret@127.0.0.1:{port}");
    let of_host = format!("rediss://:right-secret@localhost:{port}");
    let to_plain = format!("rediss://:right-secret@127.0.0.1:{}", engine.port);
    let table = [
        ("signed by an authority that is not trusted", trusting(&other, &url("right")), ConnectErrorKind::Certificate),
        ("not known to the system", url("right").parse().unwrap(), ConnectErrorKind::Certificate),
        ("of another host", trusting(&certificates, &of_host), ConnectErrorKind::Certificate),
        ("wrong password", trusting(&certificates, &url("wrong")), ConnectErrorKind::Credentials),
        ("no TLS on the port", trusting(&certificates, &to_plain), ConnectErrorKind::Unreachable),
        ("TLS on the port", format!("redis://127.0.0.1:{port}").parse().unwrap(), ConnectErrorKind::Unreachable),
    ];
    for (case, info, kind) in table {
        let began = Instant::now();
        let error = RedisStore::connect(info).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{case}: {error}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret") && !text.contains("alice"), "{case}: {text}");
        assert!([": use ", ": check "].iter().any(|remedy| text.contains(remedy)), "{case}: {text}");
        assert!(began.elapsed() < Duration::from_secs(7), "{case}: {:?}", began.elapsed());
        println!("{case}: {error}");
    }
}
