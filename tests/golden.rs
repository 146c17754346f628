//! Tests the bytes of generated entity tags. A change invalidates every stored response, so it needs a good reason and
//! a `Wire` entry in the changelog.
//!
//! The expected values were computed with other implementations of XXH3 and BLAKE3.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_cache_policy::EntityTagLayer;

use support::{TestBody, call, field, get, response_with};

async fn tag(layer: EntityTagLayer, content: Vec<u8>) -> String {
    tag_of(layer, &[], content).await
}

async fn tag_of(layer: EntityTagLayer, lines: &'static [(&'static str, &'static str)], content: Vec<u8>) -> String {
    let content = Bytes::from(content);
    let service = layer.layer(service_fn(move |_: Request<TestBody>| {
        let response = response_with("", lines).map(|_| Full::new(content.clone()));
        std::future::ready(Ok::<_, Infallible>(response))
    }));
    field(call(&service, get("/", &[])).await.headers(), "etag").unwrap()
}

/// Lengths on both sides of the limits at which XXH3 and BLAKE3 change their algorithm.
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

/// The fields that describe the content, the length of the content, and its weak, strong and keyed tag.
type Described = (&'static [(&'static str, &'static str)], &'static [(u32, &'static str, &'static str, &'static str)]);

#[tokio::test]
async fn fields_that_describe_the_content_are_the_seed_or_key_of_the_hash() {
    for (lines, rows) in DESCRIBED {
        for (length, weak, strong, keyed) in *rows {
            let content: Vec<u8> = (0..*length).map(|n| (n % 251) as u8).collect();
            let tag = async |layer| tag_of(layer, lines, content.clone()).await;
            assert_eq!(tag(EntityTagLayer::new()).await, *weak, "{lines:?}, {length} bytes");
            #[cfg(feature = "strong-tags")]
            {
                assert_eq!(tag(EntityTagLayer::new().strong()).await, *strong, "{lines:?}, {length} bytes");
                assert_eq!(
                    tag(EntityTagLayer::new().strong().keyed([42; 32])).await,
                    *keyed,
                    "{lines:?}, {length} bytes"
                );
            }
            #[cfg(not(feature = "strong-tags"))]
            let _ = (strong, keyed);
        }
    }
}

const DESCRIBED: &[Described] = &[
    (
        &[("content-type", "text/html; charset=utf-8")],
        &[
            (
                1,
                "W/\"Nv_62chAp2Vpkd128MtBgg\"",
                "\"jKKMimaujRh6y9-sYdGOj92lre59gC8O\"",
                "\"ShN_wrVez0ScROirQkyY11_Thl2H-aMf\"",
            ),
            (
                240,
                "W/\"xKTYRhz9Qp1jUL8yNEvqgQ\"",
                "\"CPS_tKEn9SVnvOpHpiEqjAfhpu9mDIIj\"",
                "\"F7WGRFrS5jVVUkXVigblw2B2Yh5ckly6\"",
            ),
            (
                241,
                "W/\"Osm3AJPOVosqlKlzdwy8-A\"",
                "\"ee1rCmwGug8pbErPoDH9RUJfBEQoz8xw\"",
                "\"EjKbQWz_c-AmSYiUjEXpJIAkJLRhiwks\"",
            ),
            (
                100000,
                "W/\"wmOkTtlKtRe4nwZ5wucb_g\"",
                "\"2ogdeVi5GQ52vBI1ZXvS_abfIDCBu7p0\"",
                "\"8WpucrCWHs4Kprt5bw83JG5lPEGwoXCs\"",
            ),
        ],
    ),
    (
        &[("content-type", "text/html; charset=utf-8"), ("content-language", "en")],
        &[
            (
                1,
                "W/\"H16-94AdLWzJ9j7dKDmUfQ\"",
                "\"kV5u8qGMfPzz8mKFteHt8gth9EcuPU6V\"",
                "\"Apf1B4V2WMfVx__j9DbSB1uAaLrOTiAt\"",
            ),
            (
                240,
                "W/\"gRI5g-DU559WR_qh1NRD6g\"",
                "\"rkkmJZpEOfHFQShfs0YhqhvdkyNMrQCv\"",
                "\"EVPnVVJGxGXrDz4rAkqt7XUiytntJzdR\"",
            ),
            (
                241,
                "W/\"opdHurtYFw_GnHEvzoXWRQ\"",
                "\"aMmzGn_GKrzHRAbGXJRNwFSumYcC4qdb\"",
                "\"96T3k8VaWWOpetSIpZj5oKlaalttvWDb\"",
            ),
            (
                100000,
                "W/\"74bc-ABoYmptbe41dN3Wzg\"",
                "\"LgjgU7YPoBXH_jY8AYVR555JZt0TziBe\"",
                "\"PzgjXjVQHGK16fFOQA6GVlaIDhUs7W5C\"",
            ),
        ],
    ),
    (
        &[("content-type", "text/css"), ("content-encoding", "gzip"), ("content-disposition", "attachment")],
        &[
            (
                1,
                "W/\"EV9U_6nZUX6RJKz_fcVZcw\"",
                "\"YtVbC4x1k-FIS2ZfPb7q7UQuwJGB9c9-\"",
                "\"wKzkkhlHHC-58TiERh63YVo3_oFHFpvt\"",
            ),
            (
                240,
                "W/\"9fHKyZBndfdTAaHhQmeGAg\"",
                "\"5mopFcpn6b1L0vIBKGmjrXZNGxe4G1na\"",
                "\"e9sxV67Ol2ElDrF2niPKJK4Hxq5wsslz\"",
            ),
            (
                241,
                "W/\"2FFHl0OTpUDDNHQXsuFw4A\"",
                "\"9nK_RD8YEtw7uBnGPUBzCfLwQWB9OIz3\"",
                "\"4xBTpIA8NDAvcwkIwxqgkji_KniauMuW\"",
            ),
            (
                100000,
                "W/\"x8LzcgFhpAC781PwdpzxDg\"",
                "\"dhKuVxcYjjfZVJlJKs3pE7uMUOeA9BOh\"",
                "\"OIdn9mKIs93Zh1WkD-SbFjv7C7JLLmxg\"",
            ),
        ],
    ),
];
