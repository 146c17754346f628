//! The profiles of known edges, as data.
//!
//! If the vendor's documentation and a measurement differ, the measurement takes precedence. Behavior that is not known
//! is `None`.

use http::{HeaderName, HeaderValue};

use super::behavior::{
    AuthorizationAtEdge, EdgeBehavior, HeuristicCaching, SetCookieAtEdge, SurrogateControlAtEdge, VaryAnyAtEdge,
    VaryAtEdge,
};
use super::profile::{CacheControlRole, EdgeProfile};
use super::tag_characters::TagCharacters;
use super::tag_format::{TagCase, TagFormat, TagSyntax};
use super::targeted_field::{DirectiveSyntax, TargetedField};

const CDN_CACHE_CONTROL: TargetedField =
    TargetedField::new(HeaderName::from_static("cdn-cache-control"), DirectiveSyntax::Dictionary);
const CACHE_CONTROL: &[&str] = &["cache-control", "expires"];
const SURROGATE_CONTROL: &[&str] = &["surrogate-control"];
/// The characters that most edges accept in tags, for an edge that does not document them.
const COMMON: TagCharacters = TagCharacters::ALPHANUMERIC.with("-._:");
const X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");

impl EdgeProfile {
    /// Any shared cache that implements the standards: it reads `s-maxage`
    /// ([RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html)) and `CDN-Cache-Control`
    /// ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213.html)). It gets no tags.
    ///
    /// Use it for caches that are not in this list and for an unknown number of proxies. The tags of
    /// [RFC 9875](https://www.rfc-editor.org/rfc/rfc9875.html) can be added with
    /// [`with_tags`](Self::with_tags)`(Some(`[`TagFormat::CACHE_GROUPS`]`))`.
    pub const STANDARD: Self = Self {
        name: "standard",
        cache_control: CacheControlRole::Lifetime,
        field: Some(CDN_CACHE_CONTROL),
        restriction: None,
        tags: None,
        precedence: &["cdn-cache-control", "cache-control", "expires"],
        status: &["cache-status"],
        stripped: &[],
        // The behavior that the standards require. Optional behavior is not known.
        facts: EdgeBehavior {
            revalidates: None,
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            obeys_targeted_restriction: None,
            surrogate_control: None,
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::Obeyed),
            reads_age: Some(true),
            stores_qualified_private: Some(true),
            stores_public: None,
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: None,
            stale_if_error: None,
            without_cache_control: Some(HeuristicCaching::ByLastModified),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// Cloudflare. It reads `Cloudflare-CDN-Cache-Control`, and tags from `Cache-Tag`.
    ///
    /// For a response without a directive, Cloudflare decides by the file extension in the path. `Accept-Encoding` and
    /// `Origin` are the only names in `Vary` that it obeys.
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
        stripped: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::ReplacesCacheControl),
            vary: Some(VaryAtEdge::OnlySelects(&["accept-encoding", "origin"])),
            vary_any: None,
            reads_age: None,
            stores_qualified_private: None,
            stores_public: None,
            public_overrides: None,
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::ByExtension),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: Some(false),
        },
    };

    /// Fastly with its default VCL. It reads `Surrogate-Control`, and tags from `Surrogate-Key`.
    ///
    /// Without a lifetime, the default VCL stores a response for two minutes. It also stores responses to requests with
    /// `Authorization`, and does not obey `no-store` alone. Therefore, the layer adds `private` to forbid storage,
    /// which applies to all shared caches.
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
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: None,
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::Ignored),
            reads_age: Some(true),
            stores_qualified_private: None,
            stores_public: None,
            public_overrides: None,
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(true),
            stale_if_error: None,
            without_cache_control: Some(HeuristicCaching::StoredFor(120)),
            obeys_no_store: Some(false),
            implements_all_directives: None,
            forwards_tags: Some(false),
        },
    };

    /// Akamai with a caching behavior that honors the origin's fields. It reads `Edge-Control`, and tags from
    /// `Edge-Cache-Tag`.
    ///
    /// By default, Akamai does not store a response whose `Vary` has a name other than `Accept-Encoding`. When it
    /// cannot reach the origin, it serves stale responses.
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
        stripped: &[],
        facts: EdgeBehavior {
            stale_when_unreachable: Some(true),
            vary: Some(VaryAtEdge::OnlyStores(&["accept-encoding"])),
            query_in_key: Some(true),
            obeys_no_store: Some(false),
            forwards_tags: Some(false),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Amazon CloudFront. It reads `s-maxage`.
    ///
    /// The field for tags is configurable, so the profile has none. Pass
    /// [`CLOUDFRONT_TAGS`](EdgeProfile::CLOUDFRONT_TAGS) to [`with_tags`](EdgeProfile::with_tags) if the distribution
    /// reads `Cache-Tag`.
    ///
    /// By default, neither `Vary` nor the query is part of the key: a cache policy of the distribution has to name the
    /// request fields and the parameters. Without a lifetime, CloudFront stores a response for one day.
    ///
    /// # Warning
    ///
    /// If the minimum TTL is above zero, as in the default managed cache policy, CloudFront stores even responses with
    /// `no-store`.
    // G-07
    pub const CLOUDFRONT: Self = Self {
        name: "cloudfront",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &["x-cache"],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: None,
            vary: Some(VaryAtEdge::Ignored),
            vary_any: None,
            reads_age: None,
            stores_qualified_private: None,
            stores_public: None,
            public_overrides: None,
            query_in_key: Some(false),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: None,
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::StoredFor(86_400)),
            obeys_no_store: Some(false),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// The tag format of a CloudFront distribution that is configured to read tags from `Cache-Tag`.
    // Documented: visible ASCII without commas, 256 characters, not case-sensitive.
    pub const CLOUDFRONT_TAGS: TagFormat = TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma)
        .case(TagCase::Insensitive)
        .max_tags(50)
        .max_tag_length(256);

    /// Google Cloud CDN with the cache mode `USE_ORIGIN_HEADERS`. It reads `s-maxage`, and tags from `Cache-Tag`.
    ///
    /// Google Cloud CDN does not store a response with `Set-Cookie`. It also does not store a response whose `Vary`
    /// contains a name that it does not support, such as `Accept-Language`. It forwards tags to clients.
    pub const GOOGLE: Self = Self {
        name: "google",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        // Documented: 120 bytes for each tag, 50 tags and 4 KiB for a response. A response with more is not stored. The
        // characters are not documented. Google's own tags contain `=` and `/`.
        tags: Some(
            TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma)
                .max_tags(50)
                .max_tag_length(120)
                .max_length(4 * 1024),
        ),
        precedence: CACHE_CONTROL,
        status: &[],
        stripped: &[],
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

    /// Azure Front Door. It reads `s-maxage`, and no tags.
    ///
    /// Without a lifetime, Azure Front Door stores a response for one day or longer. It does not support
    /// `stale-while-revalidate`.
    pub const AZURE: Self = Self {
        name: "azure",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &["x-cache"],
        stripped: &[],
        facts: EdgeBehavior {
            reads_cdn_cache_control: Some(false),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            stale_while_revalidate: Some(false),
            without_cache_control: Some(HeuristicCaching::StoredFor(86_400)),
            obeys_no_store: Some(true),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Vercel. It reads `Vercel-CDN-Cache-Control`, and tags from `Vercel-Cache-Tag`.
    ///
    /// Vercel stores only responses whose fields allow it. It does not store responses to requests with
    /// `Authorization`.
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
        stripped: &[],
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

    /// Netlify. It reads `Netlify-CDN-Cache-Control`, and tags from `Netlify-Cache-Tag`.
    ///
    /// To store responses in the durable cache, replace the field with one that has
    /// [`directives`](TargetedField::directives)`(&["public", "durable"])`.
    ///
    /// Netlify stores only responses whose fields allow it. The profile sends `public` before the lifetime.
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
        stripped: &[],
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

    /// Bunny. It reads the same lifetime as browsers, and one tag from `CDN-Tag`. How it separates several tags is not
    /// known.
    ///
    /// By default, neither `Vary` nor the query is part of the key. A policy with a longer lifetime for the edge has no
    /// effect here: the shorter lifetime applies to both.
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
        stripped: &[],
        facts: EdgeBehavior {
            vary: Some(VaryAtEdge::Ignored),
            query_in_key: Some(false),
            without_cache_control: Some(HeuristicCaching::ByExtension),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// `KeyCDN`, configured to honor the origin's fields. It reads `X-Accel-Expires`, and tags from `Cache-Tag`.
    ///
    /// The field contains only a number of seconds, and no other directive of the policy.
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
        stripped: &[],
        facts: EdgeBehavior {
            query_in_key: Some(true),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            forwards_tags: Some(true),
            ..EdgeBehavior::UNKNOWN
        },
    };

    /// Varnish with its built-in VCL. It reads `s-maxage`. Tags, in the field `xkey`, need the module of that name and
    /// the VCL on the [page about self-hosted caches](super::self_hosted).
    ///
    /// The built-in VCL stores a response without a lifetime for two minutes. It does not store responses with
    /// `Set-Cookie`, or to requests with `Authorization` or `Cookie`.
    pub const VARNISH: Self = Self {
        name: "varnish",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        // According to its source, the module splits at spaces and commas, and compares bytes.
        tags: Some(TagFormat::new(HeaderName::from_static("xkey"), TagSyntax::SpaceOrComma).case(TagCase::Sensitive)),
        precedence: CACHE_CONTROL,
        status: &["x-varnish"],
        stripped: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::LiftsRestrictions),
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::ObeyedAlone),
            reads_age: Some(true),
            stores_qualified_private: Some(false),
            stores_public: Some(false),
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(false),
            without_cache_control: Some(HeuristicCaching::StoredFor(120)),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: Some(true),
        },
    };

    /// nginx with `proxy_cache`. It reads `s-maxage`. If nginx must not store a response, `X-Accel-Expires: 0` is sent
    /// in addition to `Cache-Control`.
    ///
    /// nginx does not store responses with `Set-Cookie`, or without a lifetime. It stores responses to requests with
    /// `Authorization`. To revalidate with `If-None-Match`, it needs `proxy_cache_revalidate on`.
    pub const NGINX: Self = Self {
        name: "nginx",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: Some((X_ACCEL_EXPIRES, HeaderValue::from_static("0"))),
        tags: None,
        precedence: &["x-accel-expires", "cache-control", "expires"],
        status: &["x-cache-status"],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::Ignored),
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::ObeyedAlone),
            reads_age: Some(false),
            stores_qualified_private: Some(false),
            stores_public: Some(false),
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// Squid as a reverse proxy. It reads `s-maxage`. If Squid must not store a response, `Surrogate-Control: no-store`
    /// is sent in addition to `Cache-Control`.
    ///
    /// The lifetime is not sent in `Surrogate-Control`, because a response with `max-age` in that field was stale
    /// immediately in a measurement.
    pub const SQUID: Self = Self {
        name: "squid",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: Some((HeaderName::from_static("surrogate-control"), HeaderValue::from_static("no-store"))),
        tags: None,
        precedence: &["surrogate-control", "cache-control", "expires"],
        status: &["cache-status"],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::LiftsRestrictions),
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::Obeyed),
            reads_age: Some(true),
            stores_qualified_private: Some(false),
            stores_public: Some(false),
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::ByLastModified),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// Apache Traffic Server. It reads `s-maxage`. It also reads `CDN-Cache-Control` if it is configured to do so, or
    /// is newer than release 10.2.
    pub const TRAFFIC_SERVER: Self = Self {
        name: "ats",
        cache_control: CacheControlRole::Lifetime,
        field: Some(CDN_CACHE_CONTROL.optional()),
        restriction: None,
        tags: None,
        precedence: &["cdn-cache-control", "cache-control", "expires"],
        status: &["x-cache", "via"],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(true),
            reads_cdn_cache_control: None,
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::Ignored),
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::Obeyed),
            reads_age: Some(true),
            stores_qualified_private: Some(false),
            stores_public: Some(true),
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithoutIt),
            authorization: Some(AuthorizationAtEdge::Stored),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// The cache of HAProxy. It reads `s-maxage`, and limits every lifetime to the `max-age` of its configuration.
    ///
    /// HAProxy does not store responses with `Vary`. With `process-vary on`, it stores a response if `Accept-Encoding`
    /// is the only name in its `Vary`. HAProxy never revalidates.
    pub const HAPROXY: Self = Self {
        name: "haproxy",
        cache_control: CacheControlRole::Lifetime,
        field: None,
        restriction: None,
        tags: None,
        precedence: CACHE_CONTROL,
        status: &[],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(false),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(false),
            obeys_targeted_restriction: None,
            surrogate_control: Some(SurrogateControlAtEdge::Ignored),
            vary: Some(VaryAtEdge::OnlyStores(&[])),
            vary_any: None,
            reads_age: Some(true),
            stores_qualified_private: Some(true),
            stores_public: Some(false),
            public_overrides: Some(true),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::StoredWhenAllowed),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(false),
            // Only responses with an `ETag` or a `Last-Modified`.
            without_cache_control: Some(HeuristicCaching::StoredFor(60)),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: None,
        },
    };

    /// Souin, including its use as the cache handler of Caddy. It reads `CDN-Cache-Control`, and tags from
    /// `Surrogate-Key`.
    ///
    /// Souin does not revalidate or serve a stale response: it fetches the complete response again. It does not store a
    /// response without a lifetime.
    pub const SOUIN: Self = Self {
        name: "souin",
        cache_control: CacheControlRole::Nothing,
        field: Some(CDN_CACHE_CONTROL),
        restriction: None,
        // According to its source, Souin splits at a comma followed by a space, and compares bytes.
        tags: Some(
            TagFormat::new(HeaderName::from_static("surrogate-key"), TagSyntax::CommaSpace).case(TagCase::Sensitive),
        ),
        precedence: &["souin-cache-control", "surrogate-control", "cdn-cache-control", "cache-control"],
        status: &["cache-status"],
        stripped: SURROGATE_CONTROL,
        facts: EdgeBehavior {
            revalidates: Some(false),
            stale_when_unreachable: None,
            reads_cdn_cache_control: Some(true),
            obeys_targeted_restriction: Some(false),
            surrogate_control: None,
            vary: Some(VaryAtEdge::Obeyed),
            vary_any: Some(VaryAnyAtEdge::Obeyed),
            reads_age: Some(true),
            stores_qualified_private: None,
            stores_public: None,
            public_overrides: None,
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::StoredWithIt),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(false),
            stale_if_error: Some(false),
            without_cache_control: Some(HeuristicCaching::NotStored),
            obeys_no_store: Some(true),
            implements_all_directives: None,
            forwards_tags: Some(true),
        },
    };

    /// The [`SharedCache`](crate::SharedCache) of this crate as a gateway, with its default settings. It reads
    /// `CDN-Cache-Control`, and tags from `Cache-Tag`.
    ///
    /// It does not store responses with `Set-Cookie`, to requests with `Authorization`, or with `Vary: Cookie`. Without
    /// a directive, it reuses a response only after a revalidation. A cache [by policy](crate::SharedCache::by_policy)
    /// is stricter: it stores only responses that an inner layer decided about.
    ///
    /// The profile is not in [`all`](Self::all), because such a cache is usually part of the service itself. For a cache by
    /// policy, which ignores the lifetimes in `CDN-Cache-Control`, set
    /// [`with_precedence`](Self::with_precedence)`(&["cache-control", "expires"])`.
    ///
    /// ```
    /// use tower_cache_policy::edge::{EdgeProfile, SetCookieAtEdge};
    ///
    /// assert_eq!(EdgeProfile::SHARED_CACHE.name(), "shared-cache");
    /// assert_eq!(EdgeProfile::SHARED_CACHE.facts().set_cookie, Some(SetCookieAtEdge::NotStored));
    /// ```
    #[cfg(feature = "shared-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
    pub const SHARED_CACHE: Self = Self {
        name: "shared-cache",
        cache_control: CacheControlRole::Nothing,
        field: Some(CDN_CACHE_CONTROL),
        restriction: None,
        tags: Some(TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma).case(TagCase::Sensitive)),
        precedence: &["cdn-cache-control", "cache-control", "expires"],
        status: &["cache-status"],
        stripped: &[],
        facts: EdgeBehavior {
            revalidates: Some(true),
            stale_when_unreachable: Some(false),
            reads_cdn_cache_control: Some(true),
            obeys_targeted_restriction: Some(true),
            surrogate_control: Some(SurrogateControlAtEdge::Ignored),
            vary: Some(VaryAtEdge::NeverStores(&["cookie", "authorization", "proxy-authorization"])),
            vary_any: Some(VaryAnyAtEdge::Obeyed),
            reads_age: Some(true),
            stores_qualified_private: Some(true),
            stores_public: Some(false),
            public_overrides: Some(false),
            query_in_key: Some(true),
            set_cookie: Some(SetCookieAtEdge::NotStored),
            authorization: Some(AuthorizationAtEdge::NotStored),
            stale_while_revalidate: Some(true),
            stale_if_error: Some(true),
            without_cache_control: Some(HeuristicCaching::Validated),
            obeys_no_store: Some(true),
            implements_all_directives: Some(true),
            forwards_tags: Some(true),
        },
    };

    /// Returns all built-in profiles, [`STANDARD`](EdgeProfile::STANDARD) first.
    ///
    /// ```
    /// use tower_cache_policy::edge::EdgeProfile;
    ///
    /// // The edges that can be purged by tag:
    /// let tagged: Vec<&str> =
    ///     EdgeProfile::all().iter().filter(|edge| edge.tags().is_some()).map(EdgeProfile::name).collect();
    /// assert_eq!(
    ///     tagged,
    ///     ["cloudflare", "fastly", "akamai", "google", "vercel", "netlify", "bunny", "keycdn", "varnish", "souin"]
    /// );
    /// ```
    pub fn all() -> &'static [Self] {
        // This must be a static: a header name may refer to shared memory, which a constant cannot.
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
