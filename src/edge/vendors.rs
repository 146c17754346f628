//! The profiles of known edges: facts, and no logic.
//!
//! Where a maker's own documentation and a measurement differ, the measurement counts. What is
//! not known is left out.

use http::{HeaderName, HeaderValue};

use super::behavior::{AuthorizationAtEdge, EdgeBehavior, HeuristicCaching, SetCookieAtEdge, VaryAtEdge};
use super::profile::{CacheControlRole, EdgeProfile};
use super::tag_characters::TagCharacters;
use super::tag_format::{TagCase, TagFormat, TagSyntax};
use super::targeted_field::{DirectiveSyntax, TargetedField};

const CDN_CACHE_CONTROL: TargetedField =
    TargetedField::new(HeaderName::from_static("cdn-cache-control"), DirectiveSyntax::Dictionary);
const CACHE_CONTROL: &[&str] = &["cache-control", "expires"];
const SURROGATE_CONTROL: &[&str] = &["surrogate-control"];
/// The characters of tags in use at many edges, for an edge that does not document its own.
const COMMON: TagCharacters = TagCharacters::ALPHANUMERIC.with("-._:");
const X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");

impl EdgeProfile {
    /// Any cache that goes by the standards: `s-maxage`, and `CDN-Cache-Control` (RFC 9213)
    /// beside it.
    pub const STANDARD: Self = Self {
        name: "standard",
        cache_control: CacheControlRole::Lifetime,
        field: Some(CDN_CACHE_CONTROL),
        restriction: None,
        tags: None,
        precedence: &["cdn-cache-control", "cache-control", "expires"],
        status: &["cache-status"],
        never: &[],
        // As the standards have it, and unknown where they leave it to the cache.
        facts: EdgeBehavior {
            revalidates: None,
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: None,
            stale_if_error: None,
            without_cache_control: Some(HeuristicCaching::ByLastModified),
            obeys_no_store: Some(true),
            forwards_tags: None,
        },
    };

    /// Cloudflare.
    pub const CLOUDFLARE: Self = Self {
        name: "cloudflare",
        cache_control: CacheControlRole::Nothing,
        field: Some(TargetedField::new(
            HeaderName::from_static("cloudflare-cdn-cache-control"),
            DirectiveSyntax::Dictionary,
        )),
        restriction: None,
        tags: Some(
            // Documented: printable ASCII without spaces, 1024 characters, not case-sensitive.
            TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma)
                .case(TagCase::Insensitive)
                .max_tags(1_000)
                .max_length(16 * 1024),
        ),
        precedence: &["cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control", "expires"],
        status: &["cf-cache-status"],
        never: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            vary: Some(VaryAtEdge::OnlySelects(&["accept-encoding", "origin"])),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::ByExtension),
            obeys_no_store: Some(true),
            forwards_tags: Some(false),
        },
    };

    /// Fastly, with its default VCL.
    pub const FASTLY: Self = Self {
        name: "fastly",
        cache_control: CacheControlRole::Nothing,
        field: Some(TargetedField::new(HeaderName::from_static("surrogate-control"), DirectiveSyntax::Surrogate)),
        restriction: None,
        // Documented: characters from 0x21 to 0x7E, 1024 bytes. Other keys are ignored.
        tags: Some(
            TagFormat::new(HeaderName::from_static("surrogate-key"), TagSyntax::Space)
                .case(TagCase::Sensitive)
                .max_length(16 * 1024),
        ),
        precedence: &["surrogate-control", "cache-control", "expires"],
        status: &["x-cache"],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(true),
            stale_if_error: None,
            without_cache_control: Some(HeuristicCaching::StoredFor(120)),
            obeys_no_store: Some(false),
            forwards_tags: Some(false),
        },
    };

    /// Akamai, with a caching behavior that honours the origin.
    pub const AKAMAI: Self = Self {
        name: "akamai",
        cache_control: CacheControlRole::Nothing,
        field: Some(TargetedField::new(HeaderName::from_static("edge-control"), DirectiveSyntax::EdgeControl)),
        restriction: None,
        // Documented: a token without `*`, 128 characters, case-sensitive. Other tags are removed.
        tags: Some(
            TagFormat::new(HeaderName::from_static("edge-cache-tag"), TagSyntax::Comma)
                .characters(TagCharacters::ALPHANUMERIC.with("!#$%&'+-.^_`|~"))
                .case(TagCase::Sensitive)
                .max_tags(128)
                .max_tag_length(128),
        ),
        precedence: &["edge-control", "cache-control", "expires"],
        status: &["akamai-cache-status", "x-cache"],
        never: &[],
        facts: EdgeBehavior {
            stale_when_unreachable: Some(true),
            vary: Some(VaryAtEdge::OnlyStores(&["accept-encoding"])),
            query_in_key: Some(true),
            obeys_no_store: Some(false),
            forwards_tags: Some(false),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Amazon CloudFront. The field for tags is a setting there:
    /// [`with_tags`](EdgeProfile::with_tags) names it, with
    /// [`CLOUDFRONT_TAGS`](EdgeProfile::CLOUDFRONT_TAGS) for a name that is free.
    ///
    /// # Warning
    ///
    /// With a minimum lifetime above zero, which the usual managed policy has, CloudFront
    /// stores even what says `no-store` (G-07).
    pub const CLOUDFRONT: Self = Self {
        name: "cloudfront",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &["x-cache"],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::Ignored),
            query_in_key: Some(false),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: None,
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::StoredFor(86_400)),
            obeys_no_store: Some(false),
            forwards_tags: None,
        },
    };

    /// Tags at CloudFront, in the field `cache-tag`, for a distribution that is configured to read
    /// it.
    // Documented: visible ASCII without commas, 256 characters, not case-sensitive.
    pub const CLOUDFRONT_TAGS: TagFormat = TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma)
        .case(TagCase::Insensitive)
        .max_tags(50)
        .max_tag_length(256);

    /// Google Cloud CDN, with the cache mode that uses the origin's fields.
    pub const GOOGLE: Self = Self {
        name: "google",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        // Documented: 120 bytes each, 50 tags and 4 KiB for a response, which is otherwise not stored. The characters
        // are not documented; tags of its own have `=` and `/`.
        tags: Some(
            TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma)
                .max_tags(50)
                .max_tag_length(120)
                .max_length(4 * 1024),
        ),
        precedence: CACHE_CONTROL,
        status: &[],
        never: &[],
        facts: EdgeBehavior {
            vary: Some(VaryAtEdge::OnlyStores(&[
                "accept",
                "accept-encoding",
                "access-control-request-headers",
                "access-control-request-method",
                "origin",
                "sec-fetch-dest",
                "sec-fetch-mode",
                "sec-fetch-site",
                "x-goog-allowed-resources",
                "x-origin",
            ])),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            forwards_tags: Some(true),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Azure Front Door.
    pub const AZURE: Self = Self {
        name: "azure",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &["x-cache"],
        never: &[],
        facts: EdgeBehavior {
            reads_cdn_cache_control: Some(false),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            stale_while_revalidate: Some(false),
            without_cache_control: Some(HeuristicCaching::StoredFor(86_400)),
            obeys_no_store: Some(true),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Vercel.
    pub const VERCEL: Self = Self {
        name: "vercel",
        cache_control: CacheControlRole::Nothing,
        field: Some(TargetedField::new(
            HeaderName::from_static("vercel-cdn-cache-control"),
            DirectiveSyntax::Dictionary,
        )),
        restriction: None,
        // Documented: 256 bytes without commas, case-sensitive.
        tags: Some(
            TagFormat::new(HeaderName::from_static("vercel-cache-tag"), TagSyntax::Comma)
                .case(TagCase::Sensitive)
                .max_tags(128)
                .max_tag_length(256),
        ),
        precedence: &["vercel-cdn-cache-control", "cdn-cache-control", "cache-control"],
        status: &["x-vercel-cache"],
        never: &[],
        facts: EdgeBehavior {
            reads_cdn_cache_control: Some(true),
            vary: Some(VaryAtEdge::Obeyed),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(false),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            forwards_tags: Some(false),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Netlify. Its durable cache is asked for with
    /// `TargetedField::directives(&["public", "durable"])`.
    pub const NETLIFY: Self = Self {
        name: "netlify",
        cache_control: CacheControlRole::Nothing,
        field: Some(
            TargetedField::new(HeaderName::from_static("netlify-cdn-cache-control"), DirectiveSyntax::Dictionary)
                .directives(&["public"]),
        ),
        restriction: None,
        // Documented: 1024 characters, not case-sensitive.
        tags: Some(
            TagFormat::new(HeaderName::from_static("netlify-cache-tag"), TagSyntax::Comma)
                .case(TagCase::Insensitive)
                .max_tags(500),
        ),
        precedence: &["netlify-cdn-cache-control", "cdn-cache-control", "cache-control"],
        status: &["cache-status"],
        never: &[],
        facts: EdgeBehavior {
            reads_cdn_cache_control: Some(true),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            stale_while_revalidate: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            forwards_tags: Some(false),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Bunny. What parts several tags is not known, so there is room for one.
    pub const BUNNY: Self = Self {
        name: "bunny",
        cache_control: CacheControlRole::Shared,
        field: None,
        restriction: None,
        tags: Some(
            TagFormat::new(HeaderName::from_static("cdn-tag"), TagSyntax::Comma)
                .characters(COMMON)
                .max_tags(1)
                .max_length(1024),
        ),
        precedence: CACHE_CONTROL,
        status: &["cdn-cache"],
        never: &[],
        facts: EdgeBehavior {
            vary: Some(VaryAtEdge::Ignored),
            query_in_key: Some(false),
            without_cache_control: Some(HeuristicCaching::ByExtension),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// `KeyCDN`, set to honour the origin.
    pub const KEYCDN: Self = Self {
        name: "keycdn",
        cache_control: CacheControlRole::Nothing,
        field: Some(TargetedField::new(X_ACCEL_EXPIRES, DirectiveSyntax::Seconds)),
        restriction: None,
        tags: Some(
            TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Space)
                .characters(COMMON)
                .max_tag_length(128),
        ),
        precedence: &["x-accel-expires", "cache-control", "expires"],
        status: &["x-cache"],
        never: &[],
        facts: EdgeBehavior {
            query_in_key: Some(true),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            forwards_tags: Some(true),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Varnish, with the VCL that is built in. Tags need the module xkey and a few lines of VCL.
    pub const VARNISH: Self = Self {
        name: "varnish",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        // The source of the module: it splits at spaces and commas, and compares bytes.
        tags: Some(TagFormat::new(HeaderName::from_static("xkey"), TagSyntax::SpaceOrComma).case(TagCase::Sensitive)),
        precedence: CACHE_CONTROL,
        status: &["x-varnish"],
        never: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(false),
            without_cache_control: Some(HeuristicCaching::StoredFor(120)),
            obeys_no_store: Some(true),
            forwards_tags: Some(true),
        },
    };

    /// nginx with `proxy_cache`. What it must not store it is told twice.
    pub const NGINX: Self = Self {
        name: "nginx",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: Some((X_ACCEL_EXPIRES, HeaderValue::from_static("0"))),
        tags: None,
        precedence: &["x-accel-expires", "cache-control", "expires"],
        status: &["x-cache-status"],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            forwards_tags: None,
        },
    };

    /// Squid as an accelerator. It is given its lifetime in `Cache-Control`: what
    /// `Surrogate-Control: max-age` gives was stale at once where it was measured.
    pub const SQUID: Self = Self {
        name: "squid",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: Some((HeaderName::from_static("surrogate-control"), HeaderValue::from_static("no-store"))),
        tags: None,
        precedence: &["surrogate-control", "cache-control", "expires"],
        status: &["cache-status"],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::ByLastModified),
            obeys_no_store: Some(true),
            forwards_tags: None,
        },
    };

    /// Apache Traffic Server. It reads `CDN-Cache-Control` when it is set up to, or is newer
    /// than release 10.2.
    pub const TRAFFIC_SERVER: Self = Self {
        name: "ats",
        cache_control: CacheControlRole::Lifetime,
        field: Some(CDN_CACHE_CONTROL.optional()),
        restriction: None,
        tags: None,
        precedence: &["cdn-cache-control", "cache-control", "expires"],
        status: &["x-cache", "via"],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: None,
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            forwards_tags: None,
        },
    };

    /// HAProxy's cache, which caps every lifetime at its own `max-age`.
    pub const HAPROXY: Self = Self {
        name: "haproxy",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &[],
        never: &[],
        facts: EdgeBehavior {
            revalidates: Some(false),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            vary: Some(VaryAtEdge::OnlyStores(&[])),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(false),
            // Where there is an entity tag or a date.
            without_cache_control: Some(HeuristicCaching::StoredFor(60)),
            obeys_no_store: Some(true),
            forwards_tags: None,
        },
    };

    /// Souin, and Caddy with its cache handler.
    pub const SOUIN: Self = Self {
        name: "souin",
        cache_control: CacheControlRole::Nothing,
        field: Some(CDN_CACHE_CONTROL),
        restriction: None,
        // The source: it splits at a comma with a space, and compares bytes.
        tags: Some(
            TagFormat::new(HeaderName::from_static("surrogate-key"), TagSyntax::CommaSpace).case(TagCase::Sensitive),
        ),
        precedence: &["souin-cache-control", "surrogate-control", "cdn-cache-control", "cache-control"],
        status: &["cache-status"],
        never: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(false),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            vary: Some(VaryAtEdge::Obeyed),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(false),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            forwards_tags: Some(true),
        },
    };

    /// Returns all profiles that are constants, [`STANDARD`](EdgeProfile::STANDARD) first.
    pub fn all() -> &'static [Self] {
        // A static and not a constant: a header name may hold shared memory, which a constant cannot refer to.
        static ALL: [EdgeProfile; 17] = [
            EdgeProfile::STANDARD,
            EdgeProfile::CLOUDFLARE,
            EdgeProfile::FASTLY,
            EdgeProfile::AKAMAI,
            EdgeProfile::CLOUDFRONT,
            EdgeProfile::GOOGLE,
            EdgeProfile::AZURE,
            EdgeProfile::VERCEL,
            EdgeProfile::NETLIFY,
            EdgeProfile::BUNNY,
            EdgeProfile::KEYCDN,
            EdgeProfile::VARNISH,
            EdgeProfile::NGINX,
            EdgeProfile::SQUID,
            EdgeProfile::TRAFFIC_SERVER,
            EdgeProfile::HAPROXY,
            EdgeProfile::SOUIN,
        ];
        &ALL
    }
}
