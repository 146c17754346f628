//! [`PolicyConfig`]: a file of policies, read and checked as a whole.

use std::fs;
use std::path::Path;

use toml::de::DeTable;

use super::document::{Entry, entries, fault};
use super::error::{ConfigError, Fault};
use super::tables::Tables;
use crate::policy::routes::RoutePolicies;

const SECTIONS: &[&str] = &["default", "policies", "routes", "development"];

/// A file of policies: its table of routes, and what it says of development.
///
/// The [module docs](super) have the format and an example.
#[derive(Clone, Debug)]
pub struct PolicyConfig {
    routes: RoutePolicies,
    development_disables_caching: bool,
}

impl PolicyConfig {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Where the text says something that is none of the [format](super), contradicts itself,
    /// or makes no table.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        // Some editors put it there, and no column counts it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        load(text).map_err(|fault| ConfigError::in_text(text, fault))
    }

    /// Reads a file, and waits for it: to be called when a program starts, and for a reload
    /// where waiting is in order.
    ///
    /// # Errors
    ///
    /// As [`from_toml`](PolicyConfig::from_toml), and when the file cannot be read.
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        read(path).and_then(|text| Self::from_toml(&text)).map_err(|error| error.with_path(path))
    }

    /// The table of routes: the same in development as in production.
    #[must_use]
    pub const fn routes(&self) -> &RoutePolicies {
        &self.routes
    }

    /// Takes the table of routes.
    #[must_use]
    pub fn into_routes(self) -> RoutePolicies {
        self.routes
    }

    /// Whether the file says `development.caching = false`: that a program which is told to run
    /// in development lets nothing be stored.
    ///
    /// Does nothing by itself. It is for
    /// [`CachePolicyLayer::development`](crate::CachePolicyLayer::development), together with an
    /// argument of the program.
    #[must_use]
    pub const fn development_disables_caching(&self) -> bool {
        self.development_disables_caching
    }
}

impl RoutePolicies {
    /// Reads a table of routes from a text, in the format of [`config`](super). What it says of
    /// development is checked and not heeded: that is for [`PolicyConfig`].
    ///
    /// # Errors
    ///
    /// As [`PolicyConfig::from_toml`].
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        PolicyConfig::from_toml(text).map(PolicyConfig::into_routes)
    }

    /// Reads a table of routes from a file, and waits for it.
    ///
    /// # Errors
    ///
    /// As [`PolicyConfig::from_toml_file`].
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        PolicyConfig::from_toml_file(path).map(PolicyConfig::into_routes)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let octets = fs::read(path).map_err(ConfigError::unread)?;
    String::from_utf8(octets).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        ConfigError::in_text(&text, fault(at, "this is no UTF-8, which TOML is written in; save the file as UTF-8"))
    })
}

fn load(text: &str) -> Result<PolicyConfig, Fault> {
    let document = DeTable::parse(text).map_err(|error| syntax(text, &error))?;
    let mut tables = Tables::default();
    let mut development_disables_caching = false;
    for section in entries(document.get_ref()) {
        match section.key {
            "default" => tables.set_default(&section)?,
            "policies" => tables.add_policies(&section)?,
            "routes" => tables.add_routes(&section)?,
            "development" => development_disables_caching = development(&section)?,
            _ => return Err(section.unknown(SECTIONS)),
        }
    }
    Ok(PolicyConfig { routes: tables.build()?, development_disables_caching })
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
    // A section that says nothing would be taken for one that switches caching off.
    caching
        .map(|caching| !caching)
        .ok_or_else(|| fault(section.at, format!("`development` says nothing; write `{EXAMPLE}`, or leave it out")))
}

/// What the TOML parser refuses, with its words and the place.
fn syntax(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(text.len()..text.len());
    let at = span.start;
    let message = error.message().replace('\n', ", ");
    if message == "duplicate key" {
        let key = text.get(span).unwrap_or_default();
        return fault(at, format!("`{key}` is given twice; keep one, and say there what both said"));
    }
    fault(at, format!("this is no TOML: {message}"))
}
