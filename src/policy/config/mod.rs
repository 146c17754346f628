//! A [table of routes](super::routes) as a TOML file.
//!
//! # Example
//!
//! ```
//! use tower_cache_policy::CachePolicyLayer;
//! use tower_cache_policy::policy::config::PolicyConfig;
//! use tower_cache_policy::policy::routes::RoutePolicies;
//!
//! let text = r#"
//!     [policies.page]
//!     public = "5m"
//!     edge = "1h"
//!
//!     [routes]
//!     "/articles/{id}" = "page"
//!     "/static/{*path}" = { public = "1y", immutable = true }
//!
//!     [development]
//!     caching = false
//! "#;
//!
//! let routes = RoutePolicies::from_toml(text)?;
//! assert!(routes.to_markdown().contains("public, max-age=300, s-maxage=3600"));
//!
//! // Or, with an argument of the program that says that it runs in development:
//! # let development = true;
//! let config = PolicyConfig::from_toml(text)?;
//! let layer = CachePolicyLayer::new(config.routes().clone())
//!     .development(development && config.development_disables_caching());
//! # let _ = layer;
//!
//! // What is wrong is told with its place and with what to write, and nothing is loaded.
//! let error = RoutePolicies::from_toml("[routes]\n\"/\" = { public = \"5 parsecs\" }").unwrap_err();
//! assert!(error.to_string().starts_with("line 2, column 18: `5 parsecs` is no duration; write "));
//! # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
//! ```
//!
//! # The file
//!
//! As in `examples/policies.toml`:
//!
//! ```toml
//! # What each route of a service may be kept for, and by whom.
//! #
//! #   let routes = RoutePolicies::from_toml_file("policies.toml")?;
//!
//! # For a success on a path that no route names.
//! default = "private, no-cache"
//!
//! # Policies with a name, for many routes.
//!
//! [policies.page]
//! public = "5m"                       # every cache may keep it for five minutes
//! edge = "1h"                         # and shared caches for an hour
//! vary = ["accept-language"]          # the answer depends on this request field
//! tags = ["pages"]
//! status.404 = { max_age = "1m" }     # what is missing may come soon
//!
//! [policies.latest]
//! based_on = "page"                   # its `vary`, `tags` and `status`, and in place of its lifetimes:
//! public = "1m"
//! stale_while_revalidate = "1 day"
//!
//! # Patterns are those of axum's router. The most specific one that matches counts.
//!
//! [routes]
//! "/" = "latest"
//! "/articles/{id}" = "page"
//! "/static/{*path}" = { public = "1y", immutable = true }
//! "/login" = "no-store"
//!
//! [routes."/account/{*rest}"]
//! private = "30s"
//! must_revalidate = true
//! no_transform = true
//!
//! [routes."/media/{*path}"]
//! no_cache = true
//! content_type."image/*" = { public = "1h", stale_if_error = "1 day" }
//! content_type."image/svg+xml" = "no-cache"
//! method.HEAD = { max_age = 10 }      # a number is one of seconds
//! status.301 = { max_age = "2 hours" }
//! status.410 = "immutable"
//! tags = ["media"]
//!
//! # For a program that is told, by an argument, to run in development.
//!
//! [development]
//! caching = false
//! ```
//!
//! # What is a policy
//!
//! A table says how long an answer may be kept by one of these keys:
//!
//! | Key | Says |
//! |---|---|
//! | `public = "5m"` | `public, max-age=300` |
//! | `max_age = "5m"` | `max-age=300` |
//! | `private = "5m"` | `private, max-age=300` |
//! | `edge_only = "10m"` | `max-age=0, s-maxage=600, must-revalidate`, or what an edge has a field for |
//! | `no_cache = true` | `no-cache`, and with `private = true` beside it `private, no-cache` |
//! | `no_store = true` | `private, no-store` |
//!
//! and more of it by `edge`, `stale_while_revalidate` and `stale_if_error`, which take a duration,
//! and `stale_at_edge_only`, `stale_in_browser_only`, `must_revalidate`, `proxy_revalidate`, `no_transform`, `immutable`
//! and `for_http10`, which are `true` or left out. Each means what the function of [`CachePolicy`](super::CachePolicy) of
//! its name does. The texts `"no-store"`, `"no-cache"`, `"private, no-cache"` and `"immutable"`
//! stand for the constants, wherever a policy can stand.
//!
//! Under `[policies]` and `[routes]` a table also takes `based_on`, `status`, `content_type`,
//! `method`, `vary` and `tags`, which mean what they mean in a
//! [`RoutePolicy`](super::routes::RoutePolicy), and in place of a table the name of a policy can
//! stand. What a table with `based_on` says of lifetimes is in place of **all** that the base's own
//! policy says: a policy is read in one place, and a `private` does not inherit an `edge`.
//! `default` takes `vary`, and nothing else that is for routes. `vary` takes any field name except
//! `*`; for `authorization` and `cookie` see the
//! [price](super::CachePolicy#sign-in-that-is-optional).
//!
//! A duration is a text of numbers and units, `"90s"`, `"5m"`, `"2 minutes"`, `"1h 30m"`, `"30d"`,
//! `"2 weeks"`, `"1y"`, or a number of seconds. A year has 365 days, and is the longest (C-35).
//! Nothing is rounded or cut: what is negative, finer than a second or longer is refused, and so
//! are months.
//!
//! # What is refused
//!
//! Besides what TOML and the [builder](super::routes::RoutePoliciesBuilder::build) refuse: keys
//! that are unknown, words that contradict each other or serve nothing (C-35), and flags that are
//! `false`. The error tells file, line and column, and what to write instead. The one pair of C-32
//! that many caches understand, `edge` with a stale window, is let through.
//!
//! # Development
//!
//! `development.caching = false` says that nothing is to be stored while a program runs in
//! development. It does nothing until the program says that it does, by an argument that is passed
//! to [`CachePolicyLayer::development`](crate::CachePolicyLayer::development) as above: never by the
//! kind of its build.
//!
//! # At run time
//!
//! A file is loaded as a whole or not at all, so that a bad one leaves the table in force that was
//! there before:
//!
//! ```
//! use tower_cache_policy::policy::config::ConfigError;
//! use tower_cache_policy::policy::routes::{RoutePolicies, SharedRoutes};
//!
//! fn reload(routes: &SharedRoutes, text: &str) -> Result<(), ConfigError> {
//!     routes.replace(RoutePolicies::from_toml(text)?);
//!     Ok(())
//! }
//!
//! let routes = SharedRoutes::new(RoutePolicies::from_toml(r#"default = "no-store""#)?);
//! assert!(reload(&routes, r#"default = "no-stroe""#).is_err());
//! assert!(routes.current().to_markdown().contains("no-store"));
//! # Ok::<(), ConfigError>(())
//! ```

mod document;
mod duration;
mod error;
mod load;
mod tables;
mod words;

pub use self::error::ConfigError;
pub use self::load::PolicyConfig;
