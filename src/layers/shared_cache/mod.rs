//! An in-process cache, shared by all clients of a service.
//!
//! Put the layer of a [`SharedCache`] outside a [`CachingLayer`](crate::CachingLayer) or
//! [`CachePolicyLayer`](crate::CachePolicyLayer). It stores the responses whose policy lets shared caches store them,
//! and responds to later requests without calling the handler. Use it if no CDN or caching proxy is in front of the
//! service, or if handlers need purges that take effect immediately.
//!
//! # Which responses are stored
//!
//! [`SharedCache::by_policy`] is for applications. It stores only responses that an inner policy layer decided about.
//! Responses of a handler without a policy are therefore never stored by accident, and marks that do not leave the
//! process, such as [`Personalized`](crate::policy::Personalized), are respected. The guards are applied again to the
//! final response, because a session layer may have added a cookie after the decision.
//!
//! [`SharedCache::by_fields`] is for gateways. It follows [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111.html) by
//! the header fields. It also stores a 200 to POST as the response to GET, if its `Content-Location` is its own URL
//! and it has a lifetime ([RFC 9110 section 9.3.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.3)).
//!
//! In both cases, these responses are not stored:
//!
//! - responses with `Set-Cookie`, `private`, `no-store`, `Vary: *`, `Vary: Cookie` or `Vary: Authorization`,
//! - responses to requests with `Authorization` or another [credential field](SharedCache::credential_headers),
//! - responses marked as `Personalized`, or to requests with that mark,
//! - gRPC, server-sent events and other live streams, and responses with trailers,
//! - pages whose `Content-Security-Policy` has a nonce,
//! - errors and redirects without their own policy, and 428, 429, 431 and 511,
//! - partial responses, and bodies that end early, fail, or are longer than the [limit](crate::store::MemoryStore),
//! - responses with more than 64 KiB of header fields, or more than 16 names in `Vary`,
//! - responses without a lifetime and without a validator.
//!
//! [`NotStored`] lists every reason, and an [observer](SharedCache::observer) receives the one that applies. The
//! parameter `stored` of `Cache-Status` is sent before the body. A body that turns out to be too long, or fails, is not
//! stored although `Cache-Status` has `stored`.
//!
//! Requests with credentials or with content, upgrades, requests whose path other software may resolve differently, and
//! requests with a URL of more than 8 KiB are passed through. So are requests that name another method, as in
//! `X-HTTP-Method-Override`, and those whose `Connection` names other fields, which a proxy removes before it forwards
//! the request.
//!
//! A client cannot turn the cache off: `no-cache` and `max-age=0` in a request have no effect. If a request has
//! `no-store`, the response to that request is not stored.
//!
//! # Keys
//!
//! A stored response is found by scheme, host, path and query as sent, and then by the request fields that its `Vary`
//! names. At most 16 variants of a URL are stored. See [`query`](SharedCache::query),
//! [`ignore_query`](SharedCache::ignore_query), [`sorted_query`](SharedCache::sorted_query) and
//! [`hosts`](SharedCache::hosts). Under axum's `Router::nest`, the complete path is used if the feature `axum` is enabled.
//! Otherwise do not put clones of one layer on several nested routers.
//!
//! # Responses from the cache
//!
//! The cache evaluates `If-None-Match` and `If-Modified-Since`, and serves HEAD and single ranges from a stored GET
//! response. It sends `Age` and `Cache-Status` ([RFC 9211](https://www.rfc-editor.org/rfc/rfc9211.html)). When a
//! response becomes stale, the cache revalidates it with its validators: an inner
//! [`ConditionalLayer`](crate::ConditionalLayer) with a validator source returns 304 without running the handler. A
//! HEAD for a stale response is passed to the inner service. The stored response is updated if the response to HEAD has
//! the same validators, and removed if it has others
//! ([RFC 9111 section 4.3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.5)).
//!
//! With `stale-while-revalidate`, one request waits for the inner service and the others get the stale response. With a
//! [`spawner`](SharedCache::spawner), all of them get the stale response, and the revalidation runs in the background.
//! `stale-if-error` applies to 500, 502, 503 and 504, and to errors of the inner service.
//!
//! # Concurrent requests
//!
//! Requests for the same URL wait for the first one. It is a future that every waiting request drives, so it continues
//! if the first client disconnects. If the last one disconnects, a [`spawner`](SharedCache::spawner) finishes the
//! request. Without one, the call of the inner service is dropped. If the response turns out not to be storable, the
//! other requests are passed to the inner service immediately. For the next two seconds, requests for that URL do not
//! wait for each other, and their responses are not stored, unless the reason was in the request, such as a 400. A
//! request does not join one that has taken longer than [`wait`](SharedCache::wait), and with a
//! [`timer`](SharedCache::timer) it waits no longer than that.
//!
//! Because other tasks may drive it, the future of the inner service must be `Send`, and so must its bodies. The layer
//! does not need a particular runtime.
//!
//! The service is ready when the inner service is. In a stack without axum, whose routes are always ready, an inner
//! `tower::limit::ConcurrencyLimit` that has reached its limit therefore also delays responses from the cache.
//!
//! # Purges
//!
//! A [`SharedCache`] is a service for [`Purge`](crate::edge::purge::Purge)s, so it can be the purger of a
//! [`PurgeLayer`](crate::PurgeLayer). Purges take effect immediately for all variants. They also cover responses that
//! are still in progress. A successful unsafe request invalidates its own URL, and the URLs in its `Location` and
//! `Content-Location` ([RFC 9111 section 4.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4)), and the tags
//! in its `Cache-Group-Invalidation` ([RFC 9875](https://www.rfc-editor.org/rfc/rfc9875)). In a cache by fields, these
//! are the groups of its own host.
//!
//! When a client disconnects, servers drop the future of its request. A write that is dropped before its response
//! neither purges nor invalidates anything, although the handler may have changed data. If that matters, run the change
//! and the [`purge`](SharedCache::purge) in a separate task.
//!
//! # With several processes
//!
//! Each process has its own cache: ten processes render each page ten times, and a purge reaches only one of them. A
//! [`SecondLevel`] is a store that all processes share, behind the memory of each process. The package
//! `tower-cache-policy-redis` provides one for Redis and Valkey, and [`RemoteStore`](crate::store::RemoteStore) is the
//! interface for other stores.
//!
//! On a miss, one request looks the response up in the second level before it is passed to the inner service, and the
//! others wait for it. The `Cache-Status` of such a hit has `detail=second-level`. A response that is stored is written
//! to the second level in the background. Requests for ranges, HEAD requests, and revalidations in the background are
//! not looked up.
//!
//! A purge takes effect immediately in its own process, and is then published. The [`PurgeLayer`](crate::PurgeLayer)
//! sends the handler's response when the purge has been published. Other processes apply the purge when they are
//! notified, and poll for purges at regular intervals. If a process has not been able to poll for
//! [`max_purge_delay`](SecondLevel::max_purge_delay), it uses each response from its memory only for that time, and
//! revalidates older ones. A purge that cannot be published waits until it can.
//!
//! The service works without the second level. No request waits for it longer than the [`limit`](SecondLevel::limit),
//! and no failure reaches a client. A record that is damaged, or has another version or another key, is a miss. The
//! [statistics](SharedCacheStats::second_level) count each of these.
//!
//! Each process that misses a response may generate it once. With a [`lease`](SecondLevel::lease), one process
//! generates it and the others wait for a limited time.
//!
//! All processes must run the same application and create its layers in the same order. Different applications must use
//! different names in the store. A response with a field whose risk the application has accepted, such as a
//! `Set-Cookie`, stays in the memory of its process.
//!
//! # What the cache did
//!
//! | To see | use |
//! |---|---|
//! | the source of one response | its fields `Cache-Status` and `Age` |
//! | totals: hits, misses, bytes | [`stats`](SharedCache::stats) |
//! | the outcome of each request, and why a response was not stored | an [`observer`](SharedCache::observer), or the feature `tracing` |
//! | the responses that use the memory | [`largest`](SharedCache::largest) |
//! | all of this while you develop | the package `tower-cache-policy-dashboard` |
//! | whether a page is stored and purged, in a test | `assert_hit`, `assert_miss` and `assert_purged` of the module `testing` |
//! | how the cache would treat a response, and why | an audit with [`EdgeProfile::SHARED_CACHE`](crate::edge::EdgeProfile::SHARED_CACHE) |
//!
//! # When to use another cache
//!
//! Use a CDN if clients are far away, or if the service must survive more requests than one machine can handle. Use a
//! caching proxy if stored responses must survive a restart, or if several services share one cache. An
//! [`EdgeLayer`](crate::EdgeLayer) sends them the policies of the same layers. An in-process cache is of little use if
//! most responses are for one user, or if handlers are as fast as a lookup.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//! use tower_cache_policy::edge::purge::Purge;
//! use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
//! use tower_cache_policy::store::MemoryStore;
//! use tower_cache_policy::{CachingLayer, PurgeLayer, SharedCache};
//!
//! const PAGE: CachePolicy = CachePolicy::public(Duration::from_secs(60));
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! async fn list() -> axum::response::Response {
//!     let mut response = axum::response::IntoResponse::into_response("articles");
//!     CacheTags::from_iter([CacheTag::from_static("articles")]).add_to(response.extensions_mut());
//!     response
//! }
//!
//! async fn save() -> axum::response::Response {
//!     let mut response = axum::response::IntoResponse::into_response("saved");
//!     Purge::tags([CacheTag::from_static("articles")]).add_to(response.extensions_mut());
//!     response
//! }
//!
//! // 64 MiB.
//! let cache = SharedCache::by_policy(MemoryStore::new(64 << 20));
//! let app = Router::<()>::new()
//!     .route("/articles", get(list).post(save))
//!     .layer(CachingLayer::new(PAGE))
//!     .layer(PurgeLayer::new(cache.clone()))
//!     .layer(cache.layer());
//!
//! let call = async |request: Request<Body>| app.clone().oneshot(request).await.unwrap();
//! let list = || Request::get("/articles").body(Body::empty()).unwrap();
//!
//! let miss = call(list()).await;
//! assert_eq!(miss.headers()["cache-status"], "tower-cache-policy; fwd=uri-miss; fwd-status=200; stored");
//! # axum::body::to_bytes(miss.into_body(), 100).await.unwrap();
//! let hit = call(list()).await;
//! assert_eq!(hit.headers()["cache-status"], "tower-cache-policy; hit; ttl=60");
//!
//! call(Request::post("/articles").body(Body::empty()).unwrap()).await;
//! let miss = call(list()).await;
//! assert_eq!(miss.headers()["cache-status"], "tower-cache-policy; fwd=uri-miss; fwd-status=200; stored");
//! # });
//! ```

mod baton;
mod body;
mod cache;
mod config;
mod event;
mod exchange;
mod flight;
mod flights;
mod future;
mod invalidate;
mod layer;
mod plan;
mod reference;
mod reply;
mod second_level;
mod service;
mod stats;
mod stored_url;
mod task;
mod tee;
mod time_limit;
mod trace;
mod waiters;

pub use self::body::SharedCacheBody;
pub use self::cache::{PublishFuture, SharedCache};
pub use self::event::{NotStored, SharedCacheEvent, SharedCacheOutcome};
pub use self::future::ResponseFuture;
pub use self::layer::SharedCacheLayer;
pub use self::second_level::{SecondLevel, SecondLevelStats};
pub use self::service::SharedCacheService;
pub use self::stats::SharedCacheStats;
pub use self::stored_url::StoredUrl;
pub use self::task::BackgroundTask;
