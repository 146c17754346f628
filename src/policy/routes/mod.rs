//! A table with the cache policies of all routes of a service.
//!
//! The table chooses the policy of a response by path, method, status and content type. Use it for a service without a
//! router, or to define all policies in one place where a review can check them.
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
//! // The same table as Markdown, for a review.
//! assert!(routes.to_markdown().contains("| /articles/{id}   | GET, HEAD | 404 "));
//! # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
//! ```
//!
//! # Which route
//!
//! Patterns have the syntax of axum's router. A parameter such as `/users/{id}` matches one segment or the rest of one.
//! A catch-all such as `/static/{*path}` matches everything that follows. Literal braces are written `{{` and `}}`.
//!
//! 1. **The most specific pattern that matches is the route.** Patterns are compared at the first segment where they
//!    differ: literal text beats a parameter, and a parameter beats a catch-all. The order in which they were added
//!    does not matter.
//! 2. **Two patterns must not be equally specific.** [`build`](RoutePoliciesBuilder::build) rejects two patterns that
//!    differ only in the names of parameters, or that have a parameter and a catch-all in the same place.
//! 3. **A path that no pattern matches gets the default** of the table, or else that of the layer, which is
//!    `private, no-cache`.
//!
//! Non-ASCII text such as `/café` matches the percent-encoded path that clients send. Patterns in the syntax of
//! other routers, such as `/blog/[slug]`, `/users/:id` or `/users/<id>`, are rejected with a hint.
//!
//! # Which path
//!
//! A table matches the path that the client sent, since caches store the response under that one. A
//! router or middleware that removes a prefix would otherwise turn `/account/7` into `/7`, and the
//! account page would get the policy of `/{page}`. Write patterns for the complete path, even if the
//! table is used on a nested router.
//!
//! | Where the table is used | Source of the path |
//! |---|---|
//! | axum, with the feature `axum` of this crate | axum's `OriginalUri`, under `nest`, `nest_service`, `layer`, `route_layer` and on method routers |
//! | axum without that feature | an [`OriginalPathLayer`](crate::layers::OriginalPathLayer) on the outermost router |
//! | middleware that changes the path | an outer `OriginalPathLayer` |
//! | a framework with its own extension for the path | a function: [`CachePolicyLayer::original_path`](crate::CachePolicyLayer::original_path) |
//! | any other service | the request itself |
//!
//! A path that an `OriginalPathLayer` recorded takes precedence over axum's, and the function takes precedence over
//! both. With axum and without the feature `axum`, the function is one line: `.original_path(|request|
//! request.extensions.get::<OriginalUri>().map(|uri| uri.path()))`.
//!
//! **If the path is not known, the response gets a policy that is at least as strict as each policy of the table**:
//! `private, no-store` if one of them is `no-store`, and `private, no-cache` otherwise. This is the
//! case if the function returns `None`, or if an axum router has removed a prefix and its
//! `OriginalUri` is missing. `Cache-Policy-Explain` then names the rule `no route: unknown path`, and
//! with the feature `tracing` the first such request of a layer causes a warning.
//!
//! # Warning
//!
//! Without the feature `axum`, an `OriginalPathLayer` or a function, a table cannot detect that a router has removed a
//! prefix. It then matches the shortened path.
//!
//! # How a path is compared
//!
//! The table matches the path as the client sent it, byte by byte and with case, as axum does:
//!
//! - Percent-encoded bytes are not decoded: `%2F` is not a separator. The case of hexadecimal digits does not matter.
//! - The query is not part of the path, and `;` is literal text.
//! - `/a` does not match `/a/`, and `/static/{*path}` does not match `/static/`.
//! - A parameter between two slashes may be empty.
//! - `*`, as in `OPTIONS *`, does not match any pattern.
//!
//! There are two exceptions. **A path with a dot segment does not match any route**. This includes every spelling that
//! some software resolves: `/../`, `%2e%2e`, `..%2f`, `..;`, `..%3b`, repeated encoding such as `%252e%252e`, and
//! overlong or fullwidth forms. The inner service may resolve such a path to another one, so that a URL under
//! `/static/` returns an account page. An attacker can make a browser send it. The response gets the same strict policy
//! as one whose path is not known. A pattern with such a segment is rejected.
//!
//! **A path that matches another route after unreserved characters are decoded does not match any route** either. Some
//! services decode a path before they route ([RFC 3986 section
//! 6.2.2.2](https://www.rfc-editor.org/rfc/rfc3986.html#section-6.2.2.2)). For them, `/%61ccount` is `/account`.
//!
//! **A table cannot choose a policy by the extension of the path.** For a router with the route `/account/{*rest}`,
//! `/account/x.css` is the account page. An attacker who makes a user request that URL could then read the page from
//! the cache. Choose a policy by the response's `Content-Type` instead.
//!
//! # Which policy of a route
//!
//! A response to GET or HEAD gets the first policy that applies:
//!
//! 1. **The policy for the status**, for any method and content type.
//! 2. **None**, if the status is not 200, 203, 206 or 304. Errors, redirects and other statuses get the policies that
//!    [`policy`](crate::policy#which-statuses) describes.
//! 3. **The policy for HEAD**, if that is the method. Without one, HEAD gets the policy of GET.
//! 4. **The policy for the content type.** An exact type takes precedence over a range such as `image/*`. If the
//!    response does not have exactly one valid `Content-Type`, it gets a policy that is at least as strict as each of
//!    these policies and the route's own: `no-store` if one of them is, and otherwise `no-cache`, with `private` if one
//!    of them has it. A 304 without a `Content-Type` does not get `Cache-Control`, so a cache continues to use that of
//!    the 200.
//! 5. **The route's own policy.**
//!
//! Accepting a [`Risk`](crate::policy::Risk) does not extend a route's policy to errors or redirects. Add a policy for
//! the status instead.
//!
//! Responses to other methods are not stored, and a table cannot change that. A table cannot have policies for 428,
//! 429, 431 and 511, which must not be stored ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585.html)). It cannot have
//! policies for 200, 203, 206 and 304 either, because a 304 must get the same policy as its 200.
//!
//! `Vary` applies to the whole route: each response to GET and HEAD gets the `Vary` names of the route and of all its
//! policies.
//!
//! A policy from the table counts as the layer's policy, so guards and the handler
//! [take precedence](crate::policy#who-wins) over it.

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
