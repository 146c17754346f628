//! [`Finding`]: a problem, its severity, and the change to make.

use serde::{Serialize, Serializer};
use tower_cache_policy::audit::{Level, Warning};

/// A finding: the problem, its severity, and the change to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    #[serde(serialize_with = "level_name")]
    pub(crate) level: Level,
    /// The id of the rule in `docs/conformance.md`.
    pub(crate) rule: &'static str,
    pub(crate) section: &'static str,
    pub(crate) text: String,
    pub(crate) change: String,
}

/// Returns the rule of a finding: its id and its section.
pub(crate) type Basis = (&'static str, &'static str);

impl Finding {
    pub(crate) fn new(
        level: Level,
        (rule, section): Basis,
        text: impl Into<String>,
        change: impl Into<String>,
    ) -> Self {
        Self { level, rule, section, text: text.into(), change: change.into() }
    }
}

/// A warning of the audit displays as `level: text; change (rule)`.
impl From<&Warning> for Finding {
    fn from(warning: &Warning) -> Self {
        let (level, rule) = (warning.level(), warning.rule());
        let message = warning.to_string();
        let message = message.strip_prefix(&format!("{level}: ")).unwrap_or(&message);
        let message = message.strip_suffix(&format!(" ({rule})")).unwrap_or(message);
        let (text, change) = message.split_once("; ").unwrap_or((message, ""));
        Self::new(level, (rule.id(), rule.section()), text, change)
    }
}

fn level_name<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(level)
}
