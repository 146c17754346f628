//! The bytes of generated entity tags. A change here empties every cache in front of
//! our users: it needs a `Wire` entry in the changelog, and a good reason.
//!
//! The values were computed by other implementations of XXH3 and BLAKE3.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_cache_policy::EntityTagLayer;

use support::{TestBody, call, field, get};

async fn tag(layer: EntityTagLayer, content: Vec<u8>) -> String {
    let content = Bytes::from(content);
    let service = layer.layer(service_fn(move |_: Request<TestBody>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(content.clone()))))
    }));
    field(call(&service, get("/", &[])).await.headers(), "etag").unwrap()
}

/// Lengths on both sides of where XXH3 and BLAKE3 change their way of hashing.
fn contents() -> Vec<Vec<u8>> {
    [1, 16, 17, 240, 241, 1_024, 1_025, 100_000]
        .map(|length| (0..length).map(|n: u32| (n % 251) as u8).collect())
        .to_vec()
}

#[tokio::test]
async fn weak_tags_are_xxh3_128() {
    for (content, expected) in contents().into_iter().zip(WEAK) {
        let length = content.len();
        assert_eq!(tag(EntityTagLayer::new(), content).await, *expected, "{length} bytes");
    }
    assert_eq!(tag(EntityTagLayer::new(), b"hello".to_vec()).await, "W/\"tenBrQcbPn_Hec-qXlI4GA\"");
}

const WEAK: &[&str] = &[
    "W/\"ps1ek5IAD2rES9_0B07s2w\"",
    "W/\"cpUGMYJ2B-KEKBLMhw3K4g\"",
    "W/\"aFvEWLN9BX_AbiM993KSFw\"",
    "W/\"ZbW-htpVQOfJK2jhb4O7tg\"",
    "W/\"HaHLYby4oqEC6M2VQhxtAg\"",
    "W/\"0Kwfe5O_V7nl14uvpFsqpQ\"",
    "W/\"KILrygTskVzpXEIojygYbg\"",
    "W/\"VBgsWLuxM3xCwjrurZZ1DQ\"",
];

#[cfg(feature = "strong-tags")]
#[tokio::test]
async fn strong_and_keyed_tags_are_192_bits_of_blake3() {
    const KEY: [u8; 32] = [42; 32];
    for (content, (strong, keyed)) in contents().into_iter().zip(STRONG) {
        let length = content.len();
        let weak_and_keyed = tag(EntityTagLayer::new().keyed(KEY), content.clone()).await;
        assert_eq!(tag(EntityTagLayer::new().strong().keyed(KEY), content.clone()).await, *keyed, "{length} bytes");
        assert_eq!(weak_and_keyed, format!("W/{keyed}"), "{length} bytes");
        assert_eq!(tag(EntityTagLayer::new().strong(), content).await, *strong, "{length} bytes");
    }
}

#[cfg(feature = "strong-tags")]
const STRONG: &[(&str, &str)] = &[
    ("\"LTre3_EbYfFMiG41r6A2c23Nh6dNJ7XB\"", "\"1qhG7ioa6kbr7mHswdGorTxGBfd_5AoC\""),
    ("\"pqSSllUXqDDLdf23E0ZapGXy8JgjOJb-\"", "\"g5ytG622qj9TcaMbCO7tMdexQOhSKE6Z\""),
    ("\"hGKqe-k7Cf2nuTz5-c3bcD9t0swMjt1f\"", "\"Srkz4HYABo-C308Og6jI8IBzKShU5Fpc\""),
    ("\"ReGg3CPb5Rcz1yaaPA9RnCpjsHGINbK1\"", "\"43EkvF9cdxoN8sBJauVtTtUA_hFbvb0d\""),
    ("\"dJs2rmUcIuhWfbaSpoduDKT9Pa63qo-j\"", "\"l_1RiREThWi07ot1pDt1zsl9j2AZgysV\""),
    ("\"QiFHOfCVpAbz_IPeuIl0SsAN-DHBDapV\"", "\"zbDVlQy363O89ywDGpE_fGDML_l_ZG4Y\""),
    ("\"0AJ4rkfrJ7NPrs9ntP4mP4LVQSkWwf_Z\"", "\"6uol8n1mzrUwDSeStbTbdrfFRzr72AJc\""),
    ("\"2Twj7trxZafgvpCLqG8aelINVo0tE83n\"", "\"eJYfA8QwF76OC8F6I5qk2r8E7NEJgAvz\""),
];
