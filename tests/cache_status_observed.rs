//! Tests status fields that were observed in responses of caches, or that vendors document, each with its source.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_cache_policy::edge::CacheOutcome::{
    self, Bypass, Dynamic, Error, Expired, Generated, Hit, Miss, Prerendered, Revalidated, Stale, Unknown, Updating,
};
use tower_cache_policy::edge::{CacheStatus, EdgeProfile};

/// The sources of the values. A date is the date of a published response.
struct From {
    source: &'static str,
    field: &'static str,
    values: &'static [(&'static str, CacheOutcome)],
}

const OBSERVED: &[From] = &[
    From {
        source: "Akamai, Edge Diagnostics: Pragma headers",
        field: "x-cache",
        values: &[
            ("TCP_HIT", Hit),
            ("TCP_MISS", Miss),
            ("TCP_REFRESH_HIT", Revalidated),
            ("TCP_REFRESH_MISS", Expired),
            ("TCP_REFRESH_FAIL_HIT", Stale),
            ("TCP_IMS_HIT", Hit),
            ("TCP_NEGATIVE_HIT", Hit),
            ("TCP_MEM_HIT", Hit),
        ],
    },
    From {
        source: "Responses of Akamai: AkamaiNetStorage 2020-11-22 and 2021-12-07; 2009-07-14; 2012-03-18; 2014-02-07; \
                 2023-10-16; 2024-10-18; 2025-03-12; the documentation of consumerfinance.gov",
        field: "x-cache",
        values: &[
            ("TCP_MEM_HIT from a184-26-91-45.deploy.akamaitechnologies.com (AkamaiGHost/10.2.0.2-31441410) (-)", Hit),
            ("TCP_MEM_HIT from a104-71-131-6.deploy.akamaitechnologies.com (AkamaiGHost/10.4.6-37171458) (-)", Hit),
            ("TCP_MEM_HIT from a69-174-50-208 (AkamaiGHost/5.7.2-5726413) (-)", Hit),
            ("TCP_MEM_HIT from a118-214-191-15 (AkamaiGHost/6.7.0.2-9183648)", Hit),
            ("TCP_MEM_HIT from a168-187-253-133 (AkamaiGHost/6.14.4-12151432) (-)", Hit),
            (
                "TCP_MEM_HIT from a23-62-155-202.deploy.akamaitechnologies.com \
                 (AkamaiGHost/11.6.5-0c617a4be13e71cac2c90d10d87ecf54) (-)",
                Hit,
            ),
            ("TCP_HIT from a23-46-239-53.deploy.akamaitechnologies.com (AkamaiGHost/9.5.4-24580776) (-)", Hit),
            ("TCP_HIT from a199-117-103-28.deploy.akamaitechnologies.com (AkamaiGHost/9.0.2.1-20488781) (-)", Hit),
            ("TCP_MISS from a23-202-158-5.deploy.akamaitechnologies.com (AkamaiGHost/11.2.5.2-51612204) (-)", Miss),
            ("TCP_MISS from a165-254-246-9.deploy.akamaitechnologies.com", Miss),
            (
                "TCP_REFRESH_MISS from a95-101-8-184.deploy.akamaitechnologies.com \
                 (AkamaiGHost/22.0.0-bb2a2774a48042877147cbed2bad8ca6) (S)",
                Expired,
            ),
        ],
    },
    From {
        source: "jackiechen.blog, Akamai Pragma Header",
        field: "x-cache",
        values: &[("TCP_DENIED", Error), ("TCP_COOKIE_DENY", Error)],
    },
    From {
        source: "Akamai, Property Manager: Return Cache Status",
        field: "akamai-cache-status",
        values: &[
            ("Hit from child", Hit),
            ("Miss from child", Miss),
            ("RefreshHit from child", Revalidated),
            ("HitStale from child", Stale),
            ("NotCacheable from child", Bypass),
            ("Constructed from child", Generated),
            ("Redirect from child", Generated),
            ("Error from child", Error),
            ("Miss from child, Miss from parent", Miss),
            ("Miss from child, Hit from parent", Miss),
            ("Hit from child, Miss from parent", Hit),
        ],
    },
    From {
        source: "Cloudflare, Cache: Cloudflare cache responses",
        field: "cf-cache-status",
        values: &[
            ("HIT", Hit),
            ("MISS", Miss),
            ("NONE/UNKNOWN", Unknown),
            ("EXPIRED", Expired),
            ("STALE", Stale),
            ("BYPASS", Bypass),
            ("REVALIDATED", Revalidated),
            ("UPDATING", Updating),
            ("DYNAMIC", Dynamic),
        ],
    },
    From {
        source: "Vercel, Response headers: x-vercel-cache",
        field: "x-vercel-cache",
        values: &[
            ("MISS", Miss),
            ("HIT", Hit),
            ("STALE", Stale),
            ("PRERENDER", Prerendered),
            ("REVALIDATED", Expired),
            ("BYPASS", Bypass),
        ],
    },
    From {
        source: "Bunny, CDN response headers; responses of 2023-04-23 and of BunnyCDN-CA1-1025",
        field: "cdn-cache",
        values: &[("HIT", Hit), ("MISS", Miss), ("BYPASS", Bypass), ("EXPIRED", Expired), ("STALE", Stale)],
    },
    From {
        source: "AWS, CloudFront Developer Guide: standard logs, and troubleshooting of functions at the edge; responses \
                 of leboncoin.fr, jetbrains.com and washingtonpost.com",
        field: "x-cache",
        values: &[
            ("Hit from cloudfront", Hit),
            ("Miss from cloudfront", Miss),
            ("RefreshHit from cloudfront", Revalidated),
            ("Error from cloudfront", Error),
            ("Redirect from cloudfront", Generated),
            ("LambdaGeneratedResponse from cloudfront", Generated),
            ("LambdaExecutionError from cloudfront", Error),
            ("LambdaValidationError from cloudfront", Error),
            ("LambdaLimitExceeded from cloudfront", Error),
            ("FunctionGeneratedResponse from cloudfront", Generated),
            ("FunctionExecutionError from cloudfront", Error),
            ("FunctionThrottledError from cloudfront", Error),
        ],
    },
    From {
        source: "Microsoft, Azure CDN: Debug HTTP headers (Azure Front Door has the same)",
        field: "x-cache",
        values: &[("TCP_REMOTE_HIT", Hit), ("PRIVATE_NOSTORE", Bypass), ("CONFIG_NOCACHE", Bypass), ("N/A", Unknown)],
    },
    From {
        source: "Fastly, HTTP headers: X-Cache; responses of 2016-09-16, 2020-02-20 and 2023-09-19",
        field: "x-cache",
        values: &[
            ("HIT", Hit),
            ("MISS", Miss),
            ("HIT, HIT", Hit),
            ("MISS, MISS", Miss),
            ("MISS, HIT", Hit),
            ("HIT, MISS", Miss),
            ("MISS, MISS, EXPIRED", Expired),
        ],
    },
    From {
        source: "KeyCDN, Pull zone settings; the response of an ECS edge of 2017-10-07",
        field: "x-cache",
        values: &[
            ("EXPIRED", Expired),
            ("REVALIDATED", Revalidated),
            ("UPDATING", Updating),
            ("STALE", Stale),
            ("HIT, HIT from 10.29.176.45", Hit),
        ],
    },
    From {
        source: "Google, Cloud Load Balancing: custom headers, the variable cdn_cache_status; nginx, ngx_http_upstream_module",
        field: "x-cache-status",
        values: &[
            ("hit", Hit),
            ("miss", Miss),
            ("revalidated", Revalidated),
            ("stale", Stale),
            ("uncacheable", Bypass),
            ("disabled", Bypass),
            ("UPDATING", Updating),
        ],
    },
    From {
        source: "Netlify: responses of the forum and of public repositories, 2024 to 2026",
        field: "cache-status",
        values: &[
            (r#""Netlify Edge"; hit"#, Hit),
            (r#""Netlify Edge"; hit; ttl=2"#, Hit),
            (r#""Netlify Edge"; fwd=miss"#, Miss),
            (r#""Netlify Edge"; fwd=miss; stored"#, Miss),
            (r#""Netlify Edge"; fwd=miss; fwd-status=404"#, Miss),
            (r#""Netlify Edge"; fwd=stale"#, Expired),
            (r#""Netlify Durable"; hit; ttl=21501,"Netlify Edge"; fwd=miss"#, Miss),
            (r#""Netlify Durable"; fwd=bypass, "Netlify Edge"; fwd=miss; fwd-status=200"#, Miss),
            (r#""Netlify Durable"; fwd=method, "Netlify Edge"; fwd=method"#, Bypass),
            (r#""Netlify Durable"; fwd=stale; ttl=31534724; stored, "Netlify Edge"; fwd=miss"#, Miss),
        ],
    },
    From {
        source: "Squid 6.9, recorded in PlatformProxyAuthTest.kt of JetBrains/intellij-community; squid/6.6 2024-11-10, \
                 squid/6.10, squid/6.12 2026-03-28, squid/6.14",
        field: "cache-status",
        values: &[
            ("localhost;fwd=stale;detail=match", Expired),
            ("localhost", Unknown),
            ("localhost;detail=no-cache", Unknown),
            ("user-dev;detail=mismatch", Unknown),
            ("3cfdbfa6f472;detail=mismatch", Unknown),
            ("download-proxy12;hit;detail=match", Hit),
            ("proxy-squid;hit;detail=match", Hit),
            ("ip-10-1-1-100;fwd=stale;detail=match", Expired),
            ("node4.env2.dc1.us.techloq.com;detail=no-cache", Unknown),
            ("hit;detail=match", Unknown),
        ],
    },
    From {
        source: "Squid, src/LogTags.cc: the outcomes, after the host name of the cache, which is not quoted",
        field: "cache-status",
        values: &[
            ("3cfdbfa6f472;hit;detail=match", Hit),
            ("127.0.0.1;hit;detail=match", Hit),
            ("10.10.10.20;fwd=miss;detail=mismatch", Miss),
            ("10.10.10.20;fwd=request;detail=match", Bypass),
        ],
    },
    From {
        source: "Squid 3 at univ-nantes.fr; Apache httpd, mod_cache: CacheHeader",
        field: "x-cache",
        values: &[
            ("MISS from squidetu1-cha.cpub.univ-nantes.fr, MISS from proxyetu2.iut-nantes.univ-nantes.prive", Miss),
            ("HIT from app.example.gov.tw", Hit),
            ("MISS from app.example.gov.tw", Miss),
            ("REVALIDATE from app.example.gov.tw", Revalidated),
        ],
    },
    From {
        source: "Souin: the tests of its plugins for Beego, Caddy and Gin; pkg/rfc/cache_status.go; reports of its users",
        field: "cache-status",
        values: &[
            ("Souin; fwd=uri-miss; stored; key=GET-example.com-/handled", Miss),
            ("Souin; hit; ttl=4; key=GET-example.com-/handled", Hit),
            ("Souin; fwd=uri-miss; stored; key=GET-http-localhost:9080-/cache-default", Miss),
            ("Souin; hit; ttl=119; key=GET-http-localhost:9080-/cache-default", Hit),
            ("Souin; hit; ttl=4; key=GET-http-example.com-/handled; detail=DEFAULT", Hit),
            ("Souin; hit; ttl=59; key=GET-http-h-/p?a=1&b=2", Hit),
            ("Souin; hit; ttl=59; key=GET-http-h-/p?a=1&b=2; detail=DEFAULT", Hit),
            ("Souin; fwd=uri-miss; stored; key=GET-http-h-/walkthru?MAP=G&REQUEST=GetCapabilities&VERSION=1.3.0", Miss),
            ("Souin; hit; ttl=3; key=", Hit),
            ("Souin; hit; ttl=3; key=; detail=NUTS", Hit),
            ("Souin; hit; ttl=59; key=*****; detail=OTTER", Hit),
            ("Souin; hit; ttl=-225; key=GET-http-localhost:8091-/static; detail=NUTS; fwd=stale", Stale),
            ("Souin; hit; ttl=-3; key=GET-http-h-/p?a=1; detail=NUTS; fwd=stale", Stale),
            ("Souin; hit; ttl=664", Hit),
            ("Souin; fwd=uri-miss", Miss),
            ("Souin; fwd=bypass; detail=EXCLUDED-REQUEST-URI", Bypass),
            ("Souin; fwd=request; detail=MALFORMED-CACHE-CONTROL", Bypass),
        ],
    },
    From {
        source: "RFC 9211, section 2 and its examples",
        field: "cache-status",
        values: &[
            ("ExampleCache; hit; ttl=376", Hit),
            ("ExampleCache; hit; ttl=-412", Stale),
            ("ExampleCache; fwd=stale; fwd-status=304", Revalidated),
            ("ExampleCache; fwd=stale; fwd-status=304; collapsed", Revalidated),
            ("ExampleCache; fwd=uri-miss; collapsed", Miss),
            ("OriginCache; hit; ttl=1100, \"CDN Company Here\"; hit; ttl=545", Hit),
            ("ReverseProxyCache; hit, ForwardProxyCache; fwd=uri-miss; collapsed; stored", Miss),
            ("BrowserCache; fwd=bypass", Bypass),
        ],
    },
    From {
        source: "Varnish: pastebin x1bQ3uv9 2011-07-01; example-over-http.com (varnish-v4); Rocky Linux (Varnish/6.6); \
                 packet capture 2014-02-22; slashdot.org 2010-08-16",
        field: "x-varnish",
        values: &[
            ("1468106086 1468106084", Hit),
            ("360795 360742", Hit),
            ("32770 6", Hit),
            ("1045982044 1045982042", Hit),
            ("1162931632", Miss),
            ("1374087910", Miss),
            ("7", Miss),
        ],
    },
    From {
        source: "Traffic Server, the plugin xdebug and its tests; apple.com 2022-01-23",
        field: "x-cache",
        values: &[
            ("hit-fresh", Hit),
            ("hit-stale", Unknown),
            ("miss", Miss),
            ("skipped", Bypass),
            ("none", Unknown),
            ("hit-fresh, hit-fresh", Hit),
            ("hit-fresh, none", Unknown),
        ],
    },
    From {
        source: "Traffic Server: the FAQ on Via codes, traffic_via(1), and tests; flickr, api-umbrella, yahoo.co.jp \
                 2017-04-16 and copr-builder behind two servers",
        field: "via",
        values: &[
            ("HTTP/1.1 ts-lnx12 (Traffic-Server/4.0.0 [cHs f ])", Hit),
            ("http/1.1 fts111.flickr.bf1.yahoo.com (ApacheTrafficServer [cMsSf ])", Miss),
            ("https/1.1 api-umbrella (ApacheTrafficServer [cMsSf ])", Miss),
            ("http/1.1 edge2454.img.djm.yahoo.co.jp (ApacheTrafficServer [c sSf ])", Bypass),
            ("http/1.1 edge2128.img.djm.yahoo.co.jp (ApacheTrafficServer [c s f ])", Unknown),
            ("http/1.1 cache (ApacheTrafficServer/9.2.9 [cRs f ])", Hit),
            ("http/1.1 cache (ApacheTrafficServer/9.2.9 [cSsNfU])", Revalidated),
            ("http/1.1 cache (ApacheTrafficServer/9.2.9 [cSsSfW])", Expired),
            ("http/1.1 cache (ApacheTrafficServer/9.2.9 [uScMsEf p eC:t cCMp sF])", Miss),
            (
                "http/1.1 copr-builder-883070330 (ApacheTrafficServer/6.1.1 [uScMsSfWpSeN:t cCMi p sS]), http/1.1 \
                 copr-builder-883070330.novalocal (ApacheTrafficServer/6.1.1 [uScHs f p eN:t cCHi p s ])",
                Hit,
            ),
            (
                "1.1 ncache11.global.media.ir2.yahoo.com:4080 (squid/2.7.STABLE9), http/1.1 \
                 yts302.global.media.ir2.yahoo.com (ApacheTrafficServer [cMsSfW]), http/1.1 r07.ycpi.ams.yahoo.net \
                 (ApacheTrafficServer [cMsSf ])",
                Miss,
            ),
            (
                "https/1.1 traffic_server[7bb817a4-f398-4af8-b7a7-529823a85330] (ApacheTrafficServer/9.2.0 [cHs f ])",
                Hit,
            ),
        ],
    },
];

fn read(field: &str, value: &str) -> Option<CacheStatus> {
    let name: HeaderName = field.parse().unwrap();
    CacheStatus::from_headers(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]))
}

#[test]
fn each_observed_value_is_read() {
    let mut values = HashSet::new();
    for From { source, field, values: rows } in OBSERVED {
        for (value, expected) in *rows {
            let status = read(field, value).unwrap_or_else(|| panic!("{field}: {value} is not read ({source})"));
            assert_eq!(status.outcome(), *expected, "{field}: {value} ({source})");
            assert_eq!(status.field(), field);
            assert!(value.contains(status.text()), "{field}: {value}");
            assert!(values.insert((field, value)), "twice: {field}: {value}");
        }
    }
    assert!(values.len() >= 80, "{}", values.len());
}

#[test]
fn each_profile_names_fields_that_are_read() {
    for profile in EdgeProfile::all() {
        for field in profile.status_fields() {
            let is_observed = OBSERVED.iter().any(|row| row.field == *field);
            assert!(is_observed, "{}: {field}", profile.name());
        }
    }
}

#[test]
fn a_via_without_codes_reports_nothing() {
    for value in [
        "1.1 varnish",
        "http/1.1 hkhkg3-edge-bx-006.ts.apple.com (ApacheTrafficServer/9.0.3)",
        "https/1.1 traffic_server[7bb817a4-f398-4af8-b7a7-529823a85330] (ApacheTrafficServer/9.2.0)",
        "1.1 3cfdbfa6f472 (squid/6.10)",
        "1.1 c084db96d6570031a568083708ffe.cloudfront.net (CloudFront)",
        "1.1 a [cHs]",
        "1.1 a [cHs f",
        "1.1 a cHs f ]",
        "1.1 a []",
        "1.1 a [u]",
        "1.1 a [cHs f hit]",
    ] {
        assert_eq!(read("via", value), None, "{value}");
    }
}

#[test]
fn akamai_lists_the_child_first_and_other_caches_append() {
    let texts = |field: &str, value: &'static str| -> Vec<String> {
        let headers = HeaderMap::from_iter([(field.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value))]);
        CacheStatus::all_in(&headers).map(|status| status.text().to_owned()).collect()
    };
    let pair = ["Miss from child", "Hit from parent"];
    assert_eq!(texts("akamai-cache-status", "Miss from child, Hit from parent"), pair);
    // The name of the field is configurable, and a cache behind Akamai may already have written the field.
    assert_eq!(
        texts("x-cache", "HIT, Miss from child, Hit from parent"),
        ["Miss from child", "Hit from parent", "HIT"]
    );
    assert_eq!(texts("x-cache", "Miss from cloudfront, HIT"), ["HIT", "Miss from cloudfront"]);
    assert_eq!(texts("x-varnish", "5 3, 6"), ["6", "5 3"]);
}

#[test]
fn a_configured_field_name_is_read() {
    let mut headers = HeaderMap::new();
    headers.insert("x-cache", HeaderValue::from_static("HIT"));
    headers.insert("cdn-cache-status", HeaderValue::from_static("RefreshHit from child"));
    let own = HeaderName::from_static("cdn-cache-status");
    let status = |fields: &[HeaderName]| CacheStatus::all_in_with_fields(&headers, fields).next().unwrap();
    assert_eq!(status(&[]).outcome(), Hit);
    assert_eq!(status(std::slice::from_ref(&own)).outcome(), Revalidated);
    // A known field is read only once, before the others.
    let fields = [own, HeaderName::from_static("x-cache")];
    assert_eq!(CacheStatus::all_in_with_fields(&headers, &fields).count(), 2);
    let profile = EdgeProfile::GOOGLE.with_status_fields(&["cdn-cache-status"]);
    assert_eq!(profile.status_fields(), ["cdn-cache-status"]);
}

/// A client can choose the URL that Souin writes into its key.
#[test]
fn a_url_in_a_key_cannot_forge_an_outcome() {
    for (value, expected) in [
        ("Souin; fwd=uri-miss; stored; key=GET-http-h-/?;hit", Miss),
        ("Souin; fwd=uri-miss; stored; key=GET-http-h-/?,evil;hit", Miss),
        ("Souin; fwd=uri-miss; stored; key=GET-http-h-/?,evil;hit; detail=DEFAULT", Miss),
        ("Souin; hit; ttl=5; key=GET-http-h-/?;fwd=miss; detail=DEFAULT", Hit),
        ("Souin; hit; ttl=5; key=GET-http-h-/?;ttl=-5", Hit),
        ("Souin; hit; ttl=5; key=/?a=\"b; detail=DEFAULT", Hit),
        // White space is not part of a URL, so the rest is ignored.
        ("Souin; fwd=uri-miss; key=/?a b;hit", Unknown),
        ("Souin; hit; key=/?a=1,\"Netlify Edge\"; fwd=miss", Unknown),
        // The next member is unambiguous.
        ("Souin; hit; key=/?a=1, \"Netlify Edge\"; fwd=miss", Miss),
        ("Souin; fwd=miss; key=/?a=1, \"Netlify Edge\"; hit", Hit),
    ] {
        assert_eq!(read("cache-status", value).unwrap().outcome(), expected, "{value}");
    }
}

#[test]
fn a_hostile_value_is_unknown() {
    for (field, value, expected) in [
        ("cache-status", ";hit", Some(Unknown)),
        ("cache-status", "=;hit", Some(Hit)),
        ("cache-status", "\"a;hit", Some(Unknown)),
        ("cache-status", "\"a\"b;hit", Some(Unknown)),
        ("cache-status", "(a b;hit", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit=", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit;fwd=", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit;fwd=\"miss", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit;ttl=x y", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit;ttl=5s", Some(Unknown)),
        ("cache-status", "1.1.1.1;HIT", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit?", Some(Unknown)),
        ("cache-status", "1.1.1.1;hit;;detail=", Some(Hit)),
        ("cache-status", ",,,", None),
        ("cache-status", "a;hit, ,", Some(Hit)),
        ("x-varnish", "5 3 1", Some(Unknown)),
        ("x-varnish", "-5 3", Some(Unknown)),
        ("x-varnish", "5 x", Some(Unknown)),
        ("x-varnish", "184467440737095516150 3", Some(Unknown)),
        ("x-varnish", "5\t3", Some(Unknown)),
        ("x-cache", "TCP_MEM_HITfrom a1", Some(Unknown)),
        ("x-cache", "TCP_MEM_HIT  from a1", Some(Unknown)),
        ("x-cache", "TCP_MEM_HIT froma1", Some(Unknown)),
        ("x-cache", "HIT TCP_MEM_HIT dirn:11:403724812", Some(Unknown)),
        ("x-cache", "TCP_REFRESH_UNMODIFIED", Some(Unknown)),
        ("akamai-cache-status", "from child", Some(Unknown)),
        ("akamai-cache-status", "Hit from parent, Miss from child", Some(Miss)),
    ] {
        assert_eq!(read(field, value).map(|status| status.outcome()), expected, "{field}: {value}");
    }
}

#[test]
fn a_valid_line_is_read_next_to_an_invalid_one() {
    let mut headers = HeaderMap::new();
    for line in ["127.0.0.1;fwd=miss", r#""edge, 1"; hit; detail="a;b""#] {
        headers.append("cache-status", HeaderValue::from_static(line));
    }
    let all: Vec<CacheStatus> = CacheStatus::all_in(&headers).collect();
    assert_eq!(all.iter().map(CacheStatus::outcome).collect::<Vec<_>>(), [Hit, Miss]);
    let caches = all.iter().map(|status| status.handling().unwrap().cache()).collect::<Vec<_>>();
    assert_eq!(caches, ["edge, 1", "127.0.0.1"]);
    assert_eq!(all[0].handling().unwrap().detail(), Some("a;b"));
}

/// Quadratic parsing would not finish in this test.
#[test]
fn a_value_of_a_megabyte_is_read() {
    const LENGTH: usize = 1 << 20;
    for (field, before, unit) in [
        ("cache-status", "a", ";key=?"),
        ("cache-status", "a?", ";key=b"),
        ("cache-status", "", "\"?,"),
        ("cache-status", "", "a?;b=\"\\"),
        ("cache-status", "a?", "; "),
        ("cache-status", "a?;key=", "?, "),
        ("x-cache", "", "\","),
        ("x-cache", "", "HIT from a, "),
        ("x-varnish", "", "5 "),
        ("via", "", "["),
        ("via", "", "[cHs f ]"),
    ] {
        let value = before.to_owned() + &unit.repeat(LENGTH / unit.len());
        let name: HeaderName = field.parse().unwrap();
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value.trim_end()).unwrap())]);
        for status in CacheStatus::all_in(&headers) {
            assert!(status.text().len() <= value.len(), "{field}");
        }
    }
}
