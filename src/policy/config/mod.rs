//! Reads a [table of routes](super::routes) from a TOML file (feature `config`).
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
//! // A program with a development switch reads the section `[development]` too:
//! # let switch = true;
//! let config = PolicyConfig::from_toml(text)?;
//! let layer = CachePolicyLayer::new(config.routes().clone()).development(config.development(switch));
//! # let _ = layer;
//!
//! // An error contains its position and the fix.
//! let error = RoutePolicies::from_toml("[routes]\n\"/\" = { public = \"5 parsecs\" }").unwrap_err();
//! assert!(error.to_string().starts_with("line 2, column 18: `5 parsecs` is not a duration; write "));
//! # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
//! ```
//!
//! # The file
//!
//! This is `examples/policies.toml`:
//!
//! ```toml
//! # The cache policies of all routes of a service.
//! #
//! #   let routes = RoutePolicies::from_toml_file("policies.toml")?;
//!
//! # For paths that no route matches.
//! default = "private, no-cache"
//!
//! # Named policies, for several routes.
//!
//! [policies.page]
//! public = "5m"                       # all caches may reuse it for five minutes
//! edge = "1h"                         # shared caches may reuse it for an hour
//! vary = ["accept-language"]          # the response depends on this request field
//! tags = ["pages"]
//! status.404 = { max_age = "1m" }     # a missing page may appear soon
//!
//! [policies.latest]
//! based_on = "page"                   # inherits `vary`, `tags` and `status`, but not the lifetimes
//! public = "1m"
//! stale_while_revalidate = "1 day"
//!
//! # Patterns have the syntax of axum's router. The most specific match applies.
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
//! method.HEAD = { max_age = 10 }      # a number means seconds
//! status.301 = { max_age = "2 hours" }
//! status.410 = "immutable"
//! tags = ["media"]
//!
//! # For programs that run in development mode.
//!
//! [development]
//! caching = false
//! ```
//!
//! # Policies
//!
//! A policy is a TOML table. Exactly one of these keys sets the lifetime:
//!
//! | Key | `Cache-Control` |
//! |---|---|
//! | `public = "5m"` | `public, max-age=300` |
//! | `max_age = "5m"` | `max-age=300` |
//! | `private = "5m"` | `private, max-age=300` |
//! | `edge_only = "10m"` | `max-age=0, s-maxage=600, must-revalidate`, or a field that only edge caches read |
//! | `no_cache = true` | `no-cache`, or `private, no-cache` together with `private = true` |
//! | `no_store = true` | `private, no-store` |
//!
//! More keys refine the policy. `edge`, `stale_while_revalidate` and `stale_if_error` take a duration.
//! `stale_at_edge_only`, `stale_in_browser_only`, `must_revalidate`, `proxy_revalidate`, `no_transform`, `immutable`
//! and `with_http10_fields` take `true`. Each key has the effect of the function of [`CachePolicy`](super::CachePolicy)
//! with the same name.
//!
//! Instead of a table, you can write one of the strings `"no-store"`, `"no-cache"`, `"private, no-cache"` and
//! `"immutable"`, which stand for the constants of `CachePolicy`.
//!
//! # Routes
//!
//! Under `[policies]` and `[routes]`, a table also accepts `based_on`, `status`, `content_type`, `method`, `vary` and
//! `tags`. They have the effect of the functions of [`RoutePolicy`](super::routes::RoutePolicy). Instead of a table,
//! you can write the name of a policy.
//!
//! If a table with `based_on` contains any key of a policy, it replaces **all** such keys of its base. Each policy can
//! therefore be read in one place, and `private` never inherits `edge`.
//!
//! `default` accepts the keys of a policy and `vary`. `vary` accepts any field name except `*`. For `authorization` and
//! `cookie`, see the [cost](super::CachePolicy#optional-sign-in).
//!
//! # Durations
//!
//! A duration is a number of seconds, or a string with numbers and units: `"90s"`, `"5m"`, `"2 minutes"`, `"1h 30m"`,
//! `"30d"`, `"2 weeks"`, `"1y"`. A year has 365 days and is the maximum. Durations are never rounded or shortened.
//! Negative durations, fractions of a second, months, and durations of more than a year are errors.
//!
//! # The cache in the process
//!
//! With the feature `shared-cache`, the section `[store]` contains the settings of a `SharedCache`.
//! `PolicyConfig::store` returns them, and `SharedCache::from_config` creates the cache. The program sets the spawner,
//! the timer and the observer. Without the feature, the section is an error.
//!
//! ```toml
//! [store]
//! memory = "256 MiB"                  # the only key that is required
//! max_object = "8 MiB"                # larger responses are not stored
//! ignore_query = ["utm_*", "fbclid"]  # parameters that do not change responses
//! hosts = ["example.com"]             # requests for other hosts are passed through
//! stale_when_disconnected = "1h"
//! ```
//!
//! | Key | Value | Default |
//! |---|---|---|
//! | `memory` | the size of the store: a string such as `"256 MiB"` or `"2 GB"`, or a number of bytes | required |
//! | `max_object` | the size of the largest response that is stored, at most an eighth of `memory` | 8 MiB, and at most a sixteenth of `memory` |
//! | `mode` | `"by_policy"`, or `"by_fields"` for a gateway | `"by_policy"` |
//! | `query`, `ignore_query` | the parameters that keys contain, or omit; `*` at the end matches any characters | all are used |
//! | `sorted_query` | `true`: the order of parameters does not matter | |
//! | `hosts` | the hosts whose responses are stored | all |
//! | `credential_headers` | more request fields that contain credentials | |
//! | `distrust_unkeyed_headers` | `true`: requests with fields such as `X-Forwarded-Host` are passed through | |
//! | `language_by_weight` | `true`: the order in `Accept-Language` does not matter | |
//! | `as_origin` | `true`: responses from the cache have no `Age` | |
//! | `name` | the name of the cache in `Cache-Status` | `"tower-cache-policy"` |
//! | `cache_status` | `false`: `Cache-Status` is not sent | `true` |
//! | `enabled` | `false`: all requests are passed through | `true` |
//! | `coalesce` | `false`: no request waits for another one | `true` |
//! | `wait` | how long a request waits for another one, also in milliseconds, such as `"500ms"` | `"5s"` |
//! | `finish_within` | the time after which a request in the background ends, also in milliseconds | `"30s"` |
//! | `stale_when_disconnected` | how long a stale response is used if the inner service fails | `0` |
//! | `targeted_fields` | by fields only: the fields that take precedence over `Cache-Control` | `["cdn-cache-control"]` |
//! | `heuristics` | by fields only, `true`: heuristic freshness is allowed | |
//! | `accept_risk` | by fields only: a list of `"set_cookie_replayed_to_others"` and `"authorized_response_served_to_others"`, the [risks](super::Risk) that are accepted | none |
//! | `redis`, `valkey` | the settings of the store that several processes share | none |
//!
//! The package `tower-cache-policy-redis` reads the table `[store.redis]`, or `[store.valkey]`, and documents its keys.
//! Use its `RedisConfig` instead of [`PolicyConfig`]. In other programs, the table is an error, because the cache would
//! otherwise silently be limited to a single process. Other second levels use [`PolicyConfig::from_toml_with`].
//!
//! # Errors
//!
//! In addition to the mistakes that TOML and the [builder](super::routes::RoutePoliciesBuilder::build) reject, these
//! are errors:
//!
//! - unknown keys,
//! - keys that contradict each other or have no effect together,
//! - flags that are `false`, except those for which the tables above list the value `false`.
//!
//! [`ConfigError`] contains the file, the line, the column and the fix. `edge` together with a stale window is allowed.
//! According to the standard, `s-maxage` forbids stale reuse, but many caches serve the stale response.
//!
//! # Development
//!
//! `development.caching = false` means that no cache stores responses while the program runs in development. It has an
//! effect only if the [development switch](super::Development) of the program is on, and the program passes it to
//! [`PolicyConfig::development`], as in the example. Debug and release builds behave the same.
//!
//! # Reloading
//!
//! A file is loaded completely or not at all. After an error, the previous table remains in use:
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
//!
//! # A test for the file
//!
//! A test finds mistakes in the file before a deployment. It can also check rules for the routes:
//!
//! ```
//! use tower_cache_policy::policy::routes::RoutePolicies;
//!
//! # let file = "[routes]\n\"/account/{*rest}\" = \"no-store\"\n\"/\" = { public = \"5m\" }";
//! // let file = include_str!("../policies.toml");
//! let routes = RoutePolicies::from_toml(file)?;
//! for row in routes.rows() {
//!     let is_account = row.pattern().is_some_and(|pattern| pattern.starts_with("/account"));
//!     assert!(!is_account || row.cache_control() == "private, no-store", "{row:?}");
//! }
//! # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
//! ```

mod document;
mod duration;
mod error;
mod load;
mod policy_keys;
#[cfg(feature = "shared-cache")]
mod second_level;
#[cfg(feature = "shared-cache")]
mod size;
#[cfg(feature = "shared-cache")]
mod store;
mod tables;

pub use self::error::ConfigError;
pub use self::load::PolicyConfig;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub use self::second_level::SecondLevelTable;
#[cfg(feature = "shared-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
pub use self::store::StoreConfig;

#[cfg(feature = "shared-cache")]
pub(crate) use self::store::QueryKeys;
