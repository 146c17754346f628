//! [`RedisConfig`]: reads `[store.redis]` in a file of policies.

#[cfg(feature = "tls")]
use std::fs;
use std::path::Path;
use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo};
use tower_cache_policy::SharedCache;
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy::policy::Development;
use tower_cache_policy::policy::config::{ConfigError, PolicyConfig, SecondLevelTable};
use tower_cache_policy::policy::routes::RoutePolicies;

use crate::error::ConnectError;
use crate::store::{MAX_RECORD, RedisStore, check_prefix};

const NAMES: &[&str] = &["redis", "valkey"];
const KEYS: &[&str] = &[
    "url",
    "url_env",
    "cluster",
    "cluster_env",
    "ca_file",
    "prefix",
    "limit",
    "max_purge_delay",
    "max_record",
    "lease",
];
/// The keys that contain the address of the engine.
const ADDRESSES: [&str; 4] = ["url", "url_env", "cluster", "cluster_env"];
const URL: &str = "redis://127.0.0.1:6379";

/// The contents of a policy file whose section `[store]` may contain a table `[store.redis]` or `[store.valkey]`. Use
/// it instead of [`PolicyConfig`], which rejects that table.
///
/// ```no_run
/// use tower_cache_policy::{CachePolicyLayer, SharedCache};
/// use tower_cache_policy_redis::RedisConfig;
///
/// # async fn layers() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RedisConfig::from_toml_file("policies.toml")?;
/// // With the second level of the file, if it contains one.
/// let cache: Option<SharedCache> = config.shared_cache().await?;
/// let policies = CachePolicyLayer::new(config.into_routes());
/// # _ = (cache, policies);
/// # Ok(())
/// # }
/// ```
///
/// ```toml
/// [store]
/// memory = "256 MiB"
///
/// [store.redis]
/// url_env = "REDIS_URL"
/// prefix = "shop"
/// ```
///
/// Exactly one of the first four keys is required.
///
/// | Key | Value | Default |
/// |---|---|---|
/// | `url` | the URL of the engine, such as `"redis://127.0.0.1:6379"`. `rediss://` needs the feature `tls` | |
/// | `url_env` | the name of an environment variable that contains the URL, so that the file does not contain a password | |
/// | `cluster` | the URLs of some nodes of a Redis Cluster; needs the feature `cluster` | |
/// | `cluster_env` | the name of an environment variable that contains these URLs, with spaces between them | |
/// | `ca_file` | for `rediss://`: the path of a PEM file with the authorities to trust. A relative path is resolved against the working directory of the process | the authorities of the system |
/// | `prefix` | the start of all names in the engine: see [`RedisStore::prefix`] | `"tower-cache-policy"` |
/// | `limit` | the time that an operation may take, such as `"50ms"`: see [`SecondLevel::limit`] | `"50ms"` |
/// | `max_purge_delay` | the maximum time until a missed purge takes effect, at least `"2s"`: see [`SecondLevel::max_purge_delay`] | `"10s"` |
/// | `max_record` | the size of the largest body that is written, at most `"256 MiB"` | `"1 MiB"` |
/// | `lease` | how long a request may wait for another process that generates the same response: see [`SecondLevel::lease`] | no request waits |
///
/// Call [`SecondLevel::authenticate_records`](tower_cache_policy::layers::shared_cache::SecondLevel) in the program, on
/// the value that [`second_level`](Self::second_level) returns.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    policies: PolicyConfig,
    settings: Option<Settings>,
}

/// The table.
#[derive(Clone)]
struct Settings {
    nodes: Vec<ConnectionInfo>,
    #[cfg(feature = "cluster")]
    is_cluster: bool,
    #[cfg(feature = "tls")]
    authorities: Option<Vec<u8>>,
    prefix: Option<String>,
    limit: Option<Duration>,
    max_purge_delay: Option<Duration>,
    max_record: Option<usize>,
    lease: Option<Duration>,
}

impl RedisConfig {
    /// Parses the contents of a policy file. Also reads the environment variable and the file of certificates that it
    /// names.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`PolicyConfig::from_toml`], and an error if the table is not valid. The error contains
    /// the line, but no credentials.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let (policies, settings) = PolicyConfig::from_toml_with(text, NAMES, Settings::read)?;
        Ok(Self { policies, settings })
    }

    /// Reads and parses a file. The call blocks the thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and the errors of [`from_toml`](Self::from_toml).
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let (policies, settings) = PolicyConfig::from_toml_file_with(path, NAMES, Settings::read)?;
        Ok(Self { policies, settings })
    }

    /// Connects to the engine, and returns the cache of the section `[store]`. Returns `None` if the file does not have
    /// that section. If the file does not have the table, the cache does not have a second level.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`RedisStore::connect`]. To continue without a second level instead, use
    /// [`shared_cache_or_warn`](Self::shared_cache_or_warn).
    pub async fn shared_cache(&self) -> Result<Option<SharedCache>, ConnectError> {
        let Some(cache) = self.memory() else { return Ok(None) };
        Ok(Some(cache.second_level(self.second_level().await?)))
    }

    /// Works like [`shared_cache`](Self::shared_cache). If the engine cannot be used, calls `warn` with the reason, and
    /// returns a cache without a second level. Such a cache does not receive purges of other processes until the
    /// program is restarted.
    pub async fn shared_cache_or_warn(&self, warn: impl FnOnce(&ConnectError)) -> Option<SharedCache> {
        match self.shared_cache().await {
            Ok(cache) => cache,
            Err(error) => {
                warn(&error);
                self.memory()
            }
        }
    }

    /// Connects to the engine, and returns the second level, for more settings. Returns `None` if the file does not have
    /// the table.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`RedisStore::connect`].
    pub async fn second_level(&self) -> Result<Option<SecondLevel>, ConnectError> {
        match &self.settings {
            Some(settings) => settings.second_level().await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the table of routes, as [`PolicyConfig::routes`] does.
    #[must_use]
    pub const fn routes(&self) -> &RoutePolicies {
        self.policies.routes()
    }

    /// Converts into the table of routes.
    #[must_use]
    pub fn into_routes(self) -> RoutePolicies {
        self.policies.into_routes()
    }

    /// Combines the development switch of the program with the file, as [`PolicyConfig::development`] does.
    #[must_use]
    pub fn development(&self, switch: impl Into<Development>) -> Development {
        self.policies.development(switch)
    }

    fn memory(&self) -> Option<SharedCache> {
        self.policies.store().map(SharedCache::from_config)
    }
}

impl Settings {
    fn read(table: &SecondLevelTable<'_>) -> Result<Self, ConfigError> {
        table.check_keys(KEYS)?;
        let nodes = nodes(table)?;
        let text = |key, example| table.text(key, example);
        let settings = Self {
            #[cfg(feature = "cluster")]
            is_cluster: table.contains("cluster") || table.contains("cluster_env"),
            #[cfg(feature = "tls")]
            authorities: authorities(table, &nodes)?,
            nodes,
            prefix: text("prefix", "shop")?.map(str::to_owned),
            limit: table.duration("limit")?,
            max_purge_delay: table.duration("max_purge_delay")?,
            max_record: table.size("max_record", "1 MiB")?.map(|size| usize::try_from(size).unwrap_or(usize::MAX)),
            lease: table.duration("lease")?,
        };
        settings.check(table)?;
        Ok(settings)
    }

    fn check(&self, table: &SecondLevelTable<'_>) -> Result<(), ConfigError> {
        if let Some(error) = self.prefix.as_deref().and_then(|prefix| check_prefix(prefix).err()) {
            return Err(table.error("prefix", &error.to_string()));
        }
        if self.limit.is_some_and(|limit| limit.is_zero()) {
            return Err(table.error("limit", "`limit` is 0, so no operation would succeed; write `limit = \"50ms\"`"));
        }
        if self.max_purge_delay.is_some_and(|delay| delay < Duration::from_secs(2)) {
            let message =
                "`max_purge_delay` must be at least 2 seconds, twice the time between two polls; write `\"2s\"`";
            return Err(table.error("max_purge_delay", message));
        }
        if self.max_record.is_some_and(|size| size > MAX_RECORD) {
            return Err(
                table.error("max_record", "`max_record` must be at most 256 MiB; write a size such as `\"1 MiB\"`")
            );
        }
        if self.lease.is_some_and(|lease| lease.is_zero()) {
            return Err(table.error("lease", "`lease` is 0, so no request waits; remove it, or write `lease = \"1s\"`"));
        }
        #[cfg(not(feature = "tls"))]
        if table.contains("ca_file") {
            return Err(
                table.error("ca_file", "`ca_file` needs TLS; enable the feature `tls` of tower-cache-policy-redis")
            );
        }
        Ok(())
    }

    async fn second_level(&self) -> Result<SecondLevel, ConnectError> {
        let mut store = self.connect().await?;
        if let Some(prefix) = &self.prefix {
            store = store.prefix(prefix)?;
        }
        if let Some(size) = self.max_record {
            store = store.max_record(size);
        }
        let mut second = store.second_level();
        if let Some(limit) = self.limit {
            second = second.limit(limit);
        }
        if let Some(delay) = self.max_purge_delay {
            second = second.max_purge_delay(delay);
        }
        if let Some(lease) = self.lease {
            second = second.lease(lease);
        }
        Ok(second)
    }

    async fn connect(&self) -> Result<RedisStore, ConnectError> {
        #[cfg(feature = "cluster")]
        if self.is_cluster {
            return RedisStore::connect_cluster_with(self.nodes.clone(), |builder| {
                #[cfg(feature = "tls")]
                if let Some(certificates) = self.certificates() {
                    return builder.certs(certificates);
                }
                builder
            })
            .await;
        }
        let info = self.nodes.first().cloned();
        let info = info.ok_or_else(|| ConnectError::settings("there is no address: use a URL"))?;
        #[cfg(feature = "tls")]
        let info = match self.certificates() {
            Some(certificates) => {
                let client = redis::Client::build_with_tls(info.clone(), certificates);
                client.map_err(|error| ConnectError::of(&error, &[info]))?.get_connection_info().clone()
            }
            None => info,
        };
        RedisStore::connect(info).await
    }

    #[cfg(feature = "tls")]
    fn certificates(&self) -> Option<redis::TlsCertificates> {
        let root_cert = self.authorities.clone();
        root_cert.is_some().then_some(redis::TlsCertificates { client_tls: None, root_cert })
    }
}

/// Does not show credentials or the parameters of a URL.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addresses: Vec<String> = self.nodes.iter().map(|info| info.addr().to_string()).collect();
        f.debug_struct("Settings")
            .field("addresses", &addresses)
            .field("prefix", &self.prefix)
            .field("limit", &self.limit)
            .field("max_purge_delay", &self.max_purge_delay)
            .field("max_record", &self.max_record)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// Returns the address of the engine, or of several nodes.
fn nodes(table: &SecondLevelTable<'_>) -> Result<Vec<ConnectionInfo>, ConfigError> {
    let mut given = ADDRESSES.into_iter().filter(|key| table.contains(key));
    let Some(key) = given.next() else {
        let name = table.name();
        let message = format!(
            "`store.{name}` needs `url`; write `url = \"{URL}\"`, or one of `url_env`, `cluster` and `cluster_env`"
        );
        return Err(table.error("", &message));
    };
    if let Some(other) = given.next() {
        return Err(table.error(other, &format!("`{key}` and `{other}` are both addresses; remove one of them")));
    }
    #[cfg(not(feature = "cluster"))]
    if key.starts_with("cluster") {
        let message =
            format!("`{key}` needs the feature `cluster` of tower-cache-policy-redis; enable it, or use `url`");
        return Err(table.error(key, &message));
    }
    let urls: Vec<String> = match key {
        "url" => table.text(key, URL)?.into_iter().map(str::to_owned).collect(),
        "cluster" => table.texts(key, URL)?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        "url_env" => vec![variable(table, key)?],
        _ => variable(table, key)?.split_ascii_whitespace().map(str::to_owned).collect(),
    };
    if urls.is_empty() {
        return Err(table.error(key, &format!("`{key}` does not contain a URL; write at least one, such as `{URL}`")));
    }
    // The error of the `redis` crate could contain a part of the URL.
    let parse = |url: String| {
        url.into_connection_info().map_err(|_| {
            table.error(
                key,
                &format!(
                    "`{key}` is not a valid URL of Redis; write redis://HOST:PORT, redis://USER:PASSWORD@HOST:PORT/DATABASE, \
                     or rediss:// for TLS, with `%` codes for special characters in a password"
                ),
            )
        })
    };
    urls.into_iter().map(parse).collect()
}

/// Returns the value of the environment variable that a key names.
fn variable(table: &SecondLevelTable<'_>, key: &str) -> Result<String, ConfigError> {
    let name = table.text(key, "REDIS_URL")?.unwrap_or_default();
    // A name with any other character could be the value itself, which must not be shown.
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        let message = format!("`{key}` is the name of an environment variable; write `{key} = \"REDIS_URL\"`");
        return Err(table.error(key, &message));
    }
    std::env::var(name).map_err(|_| {
        let name = name.get(..80).unwrap_or(name);
        table.error(key, &format!("the environment variable `{name}` is not set; set it to a URL such as {URL}"))
    })
}

/// Returns the contents of the file with the authorities to trust.
#[cfg(feature = "tls")]
fn authorities(table: &SecondLevelTable<'_>, nodes: &[ConnectionInfo]) -> Result<Option<Vec<u8>>, ConfigError> {
    const KEY: &str = "ca_file";
    let Some(path) = table.text(KEY, "/etc/ssl/redis-ca.pem")? else { return Ok(None) };
    if nodes.iter().any(|node| !matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. })) {
        let message = "`ca_file` has no effect without TLS; write the URL with `rediss://`, or remove `ca_file`";
        return Err(table.error(KEY, message));
    }
    let shown: String = path.chars().take(200).collect();
    let bytes = fs::read(path).map_err(|error| {
        table.error(KEY, &format!("`{shown}` cannot be read ({error}); write the path of a PEM file"))
    })?;
    let has_certificate = bytes.windows(PEM.len()).any(|window| window == PEM);
    if !has_certificate {
        return Err(
            table.error(KEY, &format!("`{shown}` does not contain a certificate; write the path of a PEM file"))
        );
    }
    Ok(Some(bytes))
}

#[cfg(feature = "tls")]
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";
