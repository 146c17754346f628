//! [`StoreConfig`]: the section about the cache in the process.

use std::time::Duration;

use http::HeaderName;

use super::document::{Entry, fault};
use super::error::Fault;
use crate::policy::Risk;
use crate::protocol::is_structured_string;

/// The settings of a [`SharedCache`](crate::SharedCache), from the section `[store]` of a
/// [file](super#the-cache-in-the-process).
///
/// ```
/// use tower_cache_policy::SharedCache;
/// use tower_cache_policy::policy::config::PolicyConfig;
///
/// let config = PolicyConfig::from_toml(
///     r#"
///     default = { public = "5m" }
///
///     [store]
///     memory = "256 MiB"
///     ignore_query = ["utm_*"]
///     "#,
/// )?;
/// let cache = config.store().map(SharedCache::from_config);
/// # assert!(cache.is_some());
/// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    pub(crate) memory: u64,
    pub(crate) max_object: Option<u64>,
    pub(crate) is_by_fields: bool,
    pub(crate) query: QueryKeys,
    pub(crate) sorted_query: bool,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) credential_headers: Vec<HeaderName>,
    pub(crate) targeted_fields: Option<Vec<HeaderName>>,
    pub(crate) distrust_unkeyed_headers: bool,
    pub(crate) heuristics: bool,
    pub(crate) language_by_weight: bool,
    pub(crate) as_origin: bool,
    pub(crate) name: Option<String>,
    pub(crate) cache_status: bool,
    pub(crate) accepted_risks: Vec<Risk>,
    pub(crate) enabled: bool,
    pub(crate) coalesce: bool,
    pub(crate) wait: Option<Duration>,
    pub(crate) finish_within: Option<Duration>,
    pub(crate) stale_when_disconnected: Option<Duration>,
}

/// The parameters of the query that are part of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryKeys {
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

/// The minimum size of the memory. With less, almost no page could be stored.
const MIN_MEMORY: u64 = 64 << 10;

const STORE_KEYS: &[&str] = &[
    "memory",
    "max_object",
    "mode",
    "query",
    "ignore_query",
    "sorted_query",
    "hosts",
    "credential_headers",
    "targeted_fields",
    "distrust_unkeyed_headers",
    "heuristics",
    "language_by_weight",
    "as_origin",
    "name",
    "cache_status",
    "accept_risk",
    "enabled",
    "coalesce",
    "wait",
    "finish_within",
    "stale_when_disconnected",
];

const MODES: &[&str] = &["by_policy", "by_fields"];

/// The risks that have an effect on a cache.
const RISKS: [(&str, Risk); 2] = [
    ("set_cookie_replayed_to_others", Risk::SetCookieReplayedToOthers),
    ("authorized_response_served_to_others", Risk::AuthorizedResponseServedToOthers),
];

impl StoreConfig {
    /// Reads the section. Returns the table of a second level with one of these names too, which is not read.
    pub(super) fn of<'a>(section: &Entry<'a>, names: &[&str]) -> Result<(Self, Option<Entry<'a>>), Fault> {
        const EXAMPLE: &str = "store.memory = \"256 MiB\"";
        let mut store = Self {
            memory: 0,
            max_object: None,
            is_by_fields: false,
            query: QueryKeys::All,
            sorted_query: false,
            hosts: None,
            credential_headers: Vec::new(),
            targeted_fields: None,
            distrust_unkeyed_headers: false,
            heuristics: false,
            language_by_weight: false,
            as_origin: false,
            name: None,
            cache_status: true,
            accepted_risks: Vec::new(),
            enabled: true,
            coalesce: true,
            wait: None,
            finish_within: None,
            stale_when_disconnected: None,
        };
        let mut second_level: Option<Entry<'a>> = None;
        let entries = section.table(EXAMPLE)?;
        for entry in &entries {
            match entry.key {
                key if names.contains(&key) => {
                    if let Some(first) = &second_level {
                        let message = format!("`{key}` and `{}` are both second levels; remove one of them", first.key);
                        return Err(fault(entry.at, message));
                    }
                    second_level = Some(*entry);
                }
                "memory" => store.memory = memory(entry)?,
                "max_object" => store.max_object = Some(entry.size("8 MiB")?),
                "mode" => store.is_by_fields = is_by_fields(entry)?,
                "query" => store.query = QueryKeys::Only(parameters(entry)?),
                "ignore_query" => store.query = QueryKeys::Without(parameters(entry)?),
                "sorted_query" => store.sorted_query = entry.flag().map(|_| true)?,
                "hosts" => store.hosts = Some(hosts(entry)?),
                "credential_headers" => {
                    store.credential_headers = fields(entry, "credential_headers = [\"x-api-key\"]")?
                }
                "targeted_fields" => {
                    store.targeted_fields = Some(fields(entry, "targeted_fields = [\"cdn-cache-control\"]")?);
                }
                "distrust_unkeyed_headers" => store.distrust_unkeyed_headers = entry.flag().map(|_| true)?,
                "heuristics" => store.heuristics = entry.flag().map(|_| true)?,
                "language_by_weight" => store.language_by_weight = entry.flag().map(|_| true)?,
                "as_origin" => store.as_origin = entry.flag().map(|_| true)?,
                "name" => store.name = Some(name(entry)?),
                "accept_risk" => store.accepted_risks = risks(entry)?,
                "enabled" => store.enabled = entry.bool("enabled = false")?,
                "cache_status" => store.cache_status = entry.bool("cache_status = false")?,
                "coalesce" => store.coalesce = entry.bool("coalesce = false")?,
                "wait" => store.wait = Some(entry.limit()?),
                "finish_within" => store.finish_within = Some(entry.limit()?),
                "stale_when_disconnected" => store.stale_when_disconnected = Some(entry.duration()?),
                // Ignoring the table would limit the cache to one process, and this package does not contain a client
                // for the engine.
                "redis" | "valkey" => {
                    let message = format!(
                        "`store.{}` needs the package `tower-cache-policy-redis`; read the file with its \
                         `RedisConfig::from_toml_file`, or remove the table",
                        entry.key
                    );
                    return Err(fault(entry.at, message));
                }
                _ => return Err(entry.unknown(STORE_KEYS)),
            }
        }
        store.check(section, &entries)?;
        Ok((store, second_level))
    }

    /// Checks that the keys fit together.
    fn check(&self, section: &Entry<'_>, entries: &[Entry<'_>]) -> Result<(), Fault> {
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        if find("memory").is_none() {
            return Err(fault(
                section.at,
                "`store` needs `memory`; write `memory = \"256 MiB\"`, or remove the section",
            ));
        }
        let most = self.memory / 8;
        if let (Some(entry), Some(size)) = (find("max_object"), self.max_object)
            && (size == 0 || size > most)
        {
            let message = format!("`max_object` must be between 1 and {most} bytes, which is an eighth of `memory`");
            return Err(fault(entry.value_at(), format!("{message}; write a size such as `\"8 MiB\"`")));
        }
        if let (Some(one), Some(other)) = (find("query"), find("ignore_query")) {
            let message = "`query` already leaves out all other parameters, so `ignore_query` has no effect; remove one \
                           of them";
            return Err(fault(one.at.max(other.at), message));
        }
        if let (Some(entry), false) = (find("wait"), self.coalesce) {
            return Err(fault(
                entry.at,
                "`coalesce = false` means that no request waits for another one; remove `wait`",
            ));
        }
        if let (Some(entry), false) = (find("name"), self.cache_status) {
            let message = "`cache_status = false` means that the name is not sent; remove `name`";
            return Err(fault(entry.at, message));
        }
        let of_gateways = ["targeted_fields", "heuristics", "accept_risk"].into_iter().find_map(find);
        if let (Some(entry), false) = (of_gateways, self.is_by_fields) {
            let key = entry.key;
            let message = format!("a cache by policy does not use `{key}`; remove it, or write `mode = \"by_fields\"`");
            return Err(fault(entry.at, message));
        }
        Ok(())
    }
}

fn memory(entry: &Entry<'_>) -> Result<u64, Fault> {
    let size = entry.size("256 MiB")?;
    if size < MIN_MEMORY {
        let message = format!("`memory` is only {size} bytes; write at least `\"64 KiB\"`, for example `\"256 MiB\"`");
        return Err(fault(entry.value_at(), message));
    }
    Ok(size)
}

fn is_by_fields(entry: &Entry<'_>) -> Result<bool, Fault> {
    let text = entry.as_str().ok_or_else(|| entry.unexpected("must be a text", "mode = \"by_policy\""))?;
    match text {
        "by_policy" => Ok(false),
        "by_fields" => Ok(true),
        _ => Err(fault(entry.value_at(), format!("unknown mode `{text}`; write one of `{}`", MODES.join("`, `")))),
    }
}

/// The rules are those of `CacheName`.
fn name(entry: &Entry<'_>) -> Result<String, Fault> {
    const MAX_LENGTH: usize = 128;

    let text = entry.as_str().ok_or_else(|| entry.unexpected("must be a text", "name = \"shop\""))?;
    if !(1..=MAX_LENGTH).contains(&text.len()) || !is_structured_string(text) {
        let message =
            format!("`name` must be 1 to {MAX_LENGTH} visible ASCII characters or spaces; write `name = \"shop\"`");
        return Err(fault(entry.value_at(), message));
    }
    Ok(text.to_owned())
}

fn risks(entry: &Entry<'_>) -> Result<Vec<Risk>, Fault> {
    let risk = |(at, text): (usize, &str)| {
        let found = RISKS.iter().find(|(name, _)| *name == text).map(|(_, risk)| *risk);
        let names = RISKS.map(|(name, _)| name).join("`, `");
        found.ok_or_else(|| fault(at, format!("unknown risk `{text}`; write one of `{names}`")))
    };
    let example = format!("accept_risk = [\"{}\"]", RISKS[0].0);
    entry.texts(&example)?.into_iter().map(risk).collect()
}

/// Names of parameters, which may end with a `*`.
fn parameters(entry: &Entry<'_>) -> Result<Vec<String>, Fault> {
    let example = format!("{} = [\"utm_*\"]", entry.key);
    let name = |(at, text): (usize, &str)| {
        let start = text.strip_suffix('*').unwrap_or(text);
        if text.is_empty() || start.contains(['*', '&', '=', '?']) {
            let message = format!("`{text}` is not the name of a parameter; write a name, with `*` only at its end");
            return Err(fault(at, message));
        }
        Ok(text.to_owned())
    };
    entry.texts(&example)?.into_iter().map(name).collect()
}

fn hosts(entry: &Entry<'_>) -> Result<Vec<String>, Fault> {
    let host = |(at, text): (usize, &str)| {
        let authority = text.parse::<http::uri::Authority>();
        if authority.is_err() || text.contains(['@', '*']) {
            let message =
                format!("`{text}` is not a host; write it without a scheme, such as `example.com` or `[::1]:8080`");
            return Err(fault(at, message));
        }
        Ok(text.to_owned())
    };
    let hosts = entry.texts("hosts = [\"example.com\"]")?;
    if hosts.is_empty() {
        let message =
            "`hosts` is empty, so no response would be stored; write `hosts = [\"example.com\"]`, or remove it";
        return Err(fault(entry.value_at(), message));
    }
    hosts.into_iter().map(host).collect()
}

fn fields(entry: &Entry<'_>, example: &str) -> Result<Vec<HeaderName>, Fault> {
    let name = |(at, text): (usize, &str)| {
        let message = || format!("`{text}` is not the name of a header field; write `{example}`");
        HeaderName::from_bytes(text.as_bytes()).map_err(|_| fault(at, message()))
    };
    entry.texts(example)?.into_iter().map(name).collect()
}
