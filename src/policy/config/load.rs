//! [`PolicyConfig`]: loads and checks a file of policies.

use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::document::{Entry, entries, fault};
use super::error::{ConfigError, Fault};
#[cfg(feature = "shared-cache")]
use super::second_level::SecondLevelTable;
#[cfg(feature = "shared-cache")]
use super::store::StoreConfig;
use super::tables::Tables;
use crate::policy::Development;
use crate::policy::routes::RoutePolicies;

const SECTIONS: &[&str] = &["default", "policies", "routes", "store", "development"];

/// The contents of a file of policies: the table of routes, and the sections for the cache in the process and for
/// development.
///
/// See the [module docs](super) for the format.
///
/// ```
/// use tower_cache_policy::policy::config::PolicyConfig;
///
/// let config = PolicyConfig::from_toml(
///     r#"
///     routes."/login" = "no-store"
///     development.caching = false
///     "#,
/// )?;
/// assert!(config.development(true).is_on());
/// assert_eq!(config.routes().rows().next().unwrap().cache_control(), "private, no-store");
/// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolicyConfig {
    routes: RoutePolicies,
    development_disables_caching: bool,
    #[cfg(feature = "shared-cache")]
    store: Option<StoreConfig>,
}

impl PolicyConfig {
    /// Parses a text.
    ///
    /// A program can also compile the file in:
    ///
    /// ```
    /// use tower_cache_policy::policy::config::PolicyConfig;
    ///
    /// // const FILE: &str = include_str!("policies.toml");
    /// const FILE: &str = r#"
    ///     default = "no-cache"
    ///     [routes]
    ///     "/login" = "no-store"
    /// "#;
    /// let config = PolicyConfig::from_toml(FILE)?;
    /// let routes = config.into_routes();
    /// assert_eq!(routes.pattern_at("/login"), Some("/login"));
    /// assert_eq!(routes.rows().last().unwrap().cache_control(), "no-cache");
    /// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text does not have the [format](super), if it contradicts itself, or if the table of
    /// routes cannot be built.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let text = without_mark(text);
        let in_text = |fault| ConfigError::in_text(text, fault);
        let document = parse(text).map_err(in_text)?;
        load(&document, &[]).map(|(config, _)| config).map_err(in_text)
    }

    /// Reads and parses a file.
    ///
    /// The call blocks the thread. Call it when the program starts, or from a thread that may block.
    ///
    /// ```
    /// use tower_cache_policy::policy::config::PolicyConfig;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("policies.toml");
    /// # std::fs::write(&path, "routes.\"/login\" = \"no-store\"")?;
    /// let config = PolicyConfig::from_toml_file(&path)?;
    /// assert_eq!(config.routes().pattern_at("/login"), Some("/login"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and in the cases of [`from_toml`](PolicyConfig::from_toml).
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        read(path).and_then(|text| Self::from_toml(&text)).map_err(|error| error.with_path(path))
    }

    /// Parses a text whose section `[store]` may contain the table of a second level, such as `[store.redis]`. `read`
    /// reads that table. Without it, the result contains `None`.
    ///
    /// This is for the packages that implement a [`RemoteStore`](crate::store::RemoteStore).
    /// `tower-cache-policy-redis` has a function that reads the complete file.
    ///
    /// ```
    /// use tower_cache_policy::policy::config::PolicyConfig;
    ///
    /// let text = r#"
    ///     default = "no-store"
    ///     [store]
    ///     memory = "64 MiB"
    ///     [store.memcached]
    ///     host = "cache.internal"
    /// "#;
    /// let (config, host) = PolicyConfig::from_toml_with(text, &["memcached"], |table| {
    ///     table.check_keys(&["host"])?;
    ///     Ok(table.text("host", "cache.internal")?.map(str::to_owned))
    /// })?;
    /// assert!(config.store().is_some());
    /// assert_eq!(host.flatten().as_deref(), Some("cache.internal"));
    /// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error in the cases of [`from_toml`](PolicyConfig::from_toml), if the section contains more than one of
    /// these tables, and if `read` returns an error.
    #[cfg(feature = "shared-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
    pub fn from_toml_with<T>(
        text: &str,
        names: &[&str],
        read: impl FnOnce(&SecondLevelTable<'_>) -> Result<T, ConfigError>,
    ) -> Result<(Self, Option<T>), ConfigError> {
        let text = without_mark(text);
        let in_text = |fault| ConfigError::in_text(text, fault);
        let document = parse(text).map_err(in_text)?;
        let (config, table) = load(&document, names).map_err(in_text)?;
        let Some(table) = table else { return Ok((config, None)) };
        let table = SecondLevelTable::of(text, &table).map_err(in_text)?;
        read(&table).map(|read| (config, Some(read)))
    }

    /// Reads and parses a file, like [`from_toml_with`](PolicyConfig::from_toml_with). The call blocks the thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and in the cases of
    /// [`from_toml_with`](PolicyConfig::from_toml_with).
    #[cfg(feature = "shared-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
    pub fn from_toml_file_with<T>(
        path: impl AsRef<Path>,
        names: &[&str],
        read: impl FnOnce(&SecondLevelTable<'_>) -> Result<T, ConfigError>,
    ) -> Result<(Self, Option<T>), ConfigError> {
        let path = path.as_ref();
        let parse = |text: String| Self::from_toml_with(&text, names, read);
        self::read(path).and_then(parse).map_err(|error| error.with_path(path))
    }

    /// Returns the table of routes. It does not depend on the section for development.
    #[must_use]
    pub const fn routes(&self) -> &RoutePolicies {
        &self.routes
    }

    /// Converts into the table of routes.
    #[must_use]
    pub fn into_routes(self) -> RoutePolicies {
        self.routes
    }

    /// Returns the settings of the cache in the process, or `None` if the file does not have the section `[store]`.
    #[cfg(feature = "shared-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-cache")))]
    #[must_use]
    pub const fn store(&self) -> Option<&StoreConfig> {
        self.store.as_ref()
    }

    /// Combines the development switch of the program with the file: the result is on if `switch` is on and the file
    /// contains `development.caching = false`. Pass it to the `development` method of each layer.
    #[must_use]
    pub fn development(&self, switch: impl Into<Development>) -> Development {
        Development::from(switch.into().is_on() && self.development_disables_caching)
    }
}

impl RoutePolicies {
    /// Parses a table of routes from a text in the format of [`config`](super).
    ///
    /// The sections for development and for the cache in the process are checked but have no effect. Use
    /// [`PolicyConfig`] to read them.
    ///
    /// ```
    /// use tower_cache_policy::policy::routes::RoutePolicies;
    ///
    /// let routes = RoutePolicies::from_toml(r#"routes."/feed" = { public = "10m", stale_if_error = "1d" }"#)?;
    /// let row = routes.rows().next().unwrap();
    /// assert_eq!(row.cache_control(), "public, max-age=600, stale-if-error=86400");
    /// # Ok::<(), tower_cache_policy::policy::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error in the cases of [`PolicyConfig::from_toml`].
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        PolicyConfig::from_toml(text).map(PolicyConfig::into_routes)
    }

    /// Reads and parses a table of routes from a file. The call blocks the thread.
    ///
    /// # Errors
    ///
    /// Returns an error in the cases of [`PolicyConfig::from_toml_file`].
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        PolicyConfig::from_toml_file(path).map(PolicyConfig::into_routes)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let bytes = fs::read(path).map_err(ConfigError::unread)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        ConfigError::in_text(&text, fault(at, "the file is not valid UTF-8; save it as UTF-8"))
    })
}

/// Some editors write a byte order mark. Columns are counted after it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Fault> {
    DeTable::parse(text).map_err(|error| syntax(text, &error))
}

/// The contents of a document, and the table of a second level with one of these names.
#[cfg_attr(
    not(feature = "shared-cache"),
    expect(unused_variables, unused_mut, reason = "only a shared cache has a second level")
)]
fn load<'a>(document: &'a Spanned<DeTable<'a>>, names: &[&str]) -> Result<(PolicyConfig, Option<Entry<'a>>), Fault> {
    let mut second_level = None;
    let mut tables = Tables::default();
    let mut development_disables_caching = false;
    #[cfg(feature = "shared-cache")]
    let mut store = None;
    for section in entries(document.get_ref()) {
        match section.key {
            "default" => tables.set_default(&section)?,
            "policies" => tables.add_policies(&section)?,
            "routes" => tables.add_routes(&section)?,
            "development" => development_disables_caching = development(&section)?,
            #[cfg(feature = "shared-cache")]
            "store" => {
                let (config, table) = StoreConfig::of(&section, names)?;
                (store, second_level) = (Some(config), table);
            }
            #[cfg(not(feature = "shared-cache"))]
            "store" => {
                let message = "`store` needs the feature `shared-cache` of tower-cache-policy; enable it, or remove the \
                               section";
                return Err(fault(section.at, message));
            }
            _ => return Err(section.unknown(SECTIONS)),
        }
    }
    let config = PolicyConfig {
        routes: tables.build()?,
        development_disables_caching,
        #[cfg(feature = "shared-cache")]
        store,
    };
    Ok((config, second_level))
}

fn development(section: &Entry<'_>) -> Result<bool, Fault> {
    const EXAMPLE: &str = "development.caching = false";
    let mut caching = None;
    for entry in section.table(EXAMPLE)? {
        match entry.key {
            "caching" => caching = Some(entry.bool("caching = false")?),
            _ => return Err(entry.unknown(&["caching"])),
        }
    }
    // Readers would assume that an empty section switches caching off.
    caching
        .map(|caching| !caching)
        .ok_or_else(|| fault(section.at, format!("`development` is empty; write `{EXAMPLE}`, or remove the section")))
}

/// The position and the message of an error of the TOML parser.
fn syntax(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(text.len()..text.len());
    let at = span.start;
    let message = error.message().replace('\n', ", ");
    if message == "duplicate key" {
        let key = text.get(span).unwrap_or_default();
        return fault(at, format!("`{key}` is defined twice; merge the two definitions into one"));
    }
    fault(at, format!("invalid TOML: {message}"))
}
