//! One table of policies for all routes of a service.
//!
//! For a service that has no router of its own, and for those who want one place that says what
//! each route may be kept for, and a way to see it.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use http::{Method, Request, Response, StatusCode, header::CACHE_CONTROL};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_cache_policy::CachePolicyLayer;
//! use tower_cache_policy::policy::CachePolicy;
//! use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//!
//! let routes = RoutePolicies::builder()
//!     .named("article", RoutePolicy::new(CachePolicy::public(5 * MINUTE))
//!         .status(StatusCode::NOT_FOUND, CachePolicy::max_age(MINUTE))
//!         .vary(["accept-language"])
//!         .tags(["articles"]))
//!     .route("/articles/{id}", RoutePolicy::named("article"))
//!     .route("/articles/latest", RoutePolicy::named("article").policy(CachePolicy::public(MINUTE)))
//!     .route("/static/{*path}", CachePolicy::IMMUTABLE)
//!     .route("/media/{*path}", RoutePolicy::new(CachePolicy::NO_CACHE)
//!         .content_type("image/*", CachePolicy::public(60 * MINUTE)))
//!     .build()?;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(CachePolicyLayer::new(routes.clone()))
//!     .service(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
//!
//! for (path, expected) in [
//!     ("/articles/7", "public, max-age=300"),
//!     ("/articles/latest", "public, max-age=60"),
//!     ("/static/app.4f3a.css", "public, max-age=31536000, immutable"),
//!     ("/account", "private, no-cache"),
//! ] {
//!     let response = service.clone().oneshot(Request::get(path).body(()).unwrap()).await.unwrap();
//!     assert_eq!(response.headers()[CACHE_CONTROL], expected, "{path}");
//! }
//! # });
//!
//! // And what a review reads.
//! assert!(routes.to_markdown().contains("| /articles/{id}   | GET, HEAD | 404 "));
//! # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
//! ```
//!
//! # Which route
//!
//! Patterns are those of axum's router: `/users/{id}` takes one segment or the rest of one,
//! `/static/{*path}` everything that follows, and `{{` and `}}` are braces.
//!
//! 1. **The most specific pattern that matches is the route.** Of two patterns the more specific
//!    is the one that, where they differ first, has text; and a parameter is more specific than a
//!    catch-all. The order in which they were given means nothing.
//! 2. **No two patterns are equally specific.** Two that differ in nothing but the names of
//!    parameters, or of which one has a parameter where the other has a catch-all, are refused
//!    when the table is built.
//! 3. **A path that no pattern matches gets the default**: that of the table, or else that of
//!    the layer, `private, no-cache` (G-14).
//!
//! Non-ASCII text such as `/café` matches the percent-encoded path that clients send. Patterns in the syntax of
//! other routers, such as `/blog/[slug]`, `/users/:id` or `/users/<id>`, are rejected with a hint.
//!
//! # Which path
//!
//! A table matches the path that the client sent, since caches store the response under that one. A
//! router or middleware that removes a prefix would otherwise turn `/account/7` into `/7`, and the
//! account page would get the policy of `/{page}`. Write the patterns with the whole path, also for
//! a table on a nested router.
//!
//! | Where the table is used | How it learns the path |
//! |---|---|
//! | axum, with the feature `axum` of this crate | from axum's `OriginalUri`, under `nest`, `nest_service`, `layer`, `route_layer` and on method routers |
//! | axum without that feature | from an [`OriginalPathLayer`](crate::layers::OriginalPathLayer) on the outermost router |
//! | middleware that changes the path | from an `OriginalPathLayer` around it |
//! | a framework with an extension of its own | from a function: [`CachePolicyLayer::original_path`](crate::CachePolicyLayer::original_path) |
//! | anything else | from the request itself |
//!
//! A record by an `OriginalPathLayer` takes precedence over axum's, and the function over both. With
//! axum and without the feature `axum`, the function is one line:
//! `.original_path(|request| request.extensions.get::<OriginalUri>().map(|uri| uri.path()))`.
//!
//! **If the path is not known, the response gets the policy that loosens none of the table**:
//! `private, no-store` if one of its policies says so, and `private, no-cache` otherwise. This is the
//! case if the function returns `None`, or if an axum router has removed a prefix and its
//! `OriginalUri` is missing. `Cache-Policy-Explain` then names the rule `no route: unknown path`, and
//! with the feature `tracing` the first such request of a layer causes a warning.
//!
//! # Warning
//!
//! Without the feature `axum`, without a record and without a function, a table cannot tell that a
//! router has removed a prefix.
//!
//! # How a path is compared
//!
//! The path is matched as it was sent and as axum matches it: byte by byte, in its own case.
//! `%2F` is not a separator and `%61` is not an `a`; `;` is text; the query is not part of it;
//! `/a` is not `/a/`, and `/static/{*path}` is not `/static/`. A parameter between two slashes may
//! be empty. `*`, as in `OPTIONS *`, matches nothing.
//!
//! There is one exception: **a path with a dot segment is in no route**, in any spelling that some
//! software resolves: `/../`, `%2e%2e`, `..%2f`, `..;`, `..%3b`, encoded several times as in
//! `%252e%252e`, or in overlong and fullwidth forms. The inner service may take it for another path,
//! so that an address under `/static/` returns an account page, and a browser can be made to send
//! it. Such a response also gets the policy that loosens none of the table.
//!
//! **No rule goes by the extension of the path.** `/account/x.css` is the account page to every
//! router that takes `/account/{*rest}`, and whoever sends a visitor there finds it in the cache
//! afterwards (G-19). What an answer is, its `Content-Type` says, and a rule goes by that.
//!
//! # Which policy of a route
//!
//! For the answer to GET or HEAD the first of these that there is:
//!
//! 1. **The status**: the policy that the route has for this status, whatever method and type.
//! 2. **None**, when the status is no success, that is, not 200, 203, 206 or 304: nothing below
//!    is for errors, redirects and the like, which get what
//!    [`policy`](crate::policy#which-statuses) says (G-04 to G-06).
//! 3. **The method**: the policy for HEAD, when that is the method. Otherwise HEAD gets what GET
//!    gets.
//! 4. **The content type**: an exact one before one like `image/*`. An answer that does not say in
//!    one way what it is could be any of them, and gets what loosens none: `no-store` if one
//!    policy of the route is, else `no-cache`, which is `private` if one is. A 304 without a type
//!    gets no `Cache-Control`: a cache keeps what the 200 said.
//! 5. **The route's own policy.**
//!
//! A guard that is waived does not widen a table: that a route's policy is for an error or a
//! redirect too is said by naming the status.
//!
//! Answers to other methods are not stored, and a table cannot say otherwise (G-09). 428, 429, 431
//! and 511 take no policy (N-09). The success statuses take none of their own: a 304 gets what the
//! 200 gets.
//!
//! `Vary` names are for the whole route: those of the route and of each of its policies are on
//! every answer to GET and HEAD (K-02).
//!
//! What the table says is the layer's word, and [who wins](crate::policy#who-wins) is the same as
//! for any policy: guards and the handler go before it.

mod builder;
mod error;
mod inherited;
mod lookup;
mod media_type;
mod patterns;
mod policy_table;
mod route;
mod route_policy;
mod rows;
#[cfg(feature = "config")]
mod serialize;
mod shared;
mod table;

pub use self::builder::RoutePoliciesBuilder;
pub use self::error::{RouteError, RouteErrorKind};
pub use self::policy_table::PolicyTable;
pub use self::route_policy::RoutePolicy;
pub use self::rows::PolicyRow;
pub use self::shared::SharedRoutes;
pub use self::table::RoutePolicies;

pub(crate) use self::lookup::{ReadPath, RouteLookup};
pub(crate) use self::table::RouteMatch;
