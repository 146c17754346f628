//! [`Finding`]: what is amiss, how bad it is, and what to change.

use serde::{Serialize, Serializer};
use tower_cache_policy::audit::{Level, Warning};

/// What is amiss, how bad it is, and what to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    #[serde(serialize_with = "word")]
    pub(crate) level: Level,
    /// Under which id this crate knows the rule.
    pub(crate) rule: &'static str,
    pub(crate) section: &'static str,
    pub(crate) text: String,
    pub(crate) change: String,
}

/// What a finding rests on: the id and the section.
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
        let whole = warning.to_string();
        let whole = whole.strip_prefix(&format!("{level}: ")).unwrap_or(&whole);
        let whole = whole.strip_suffix(&format!(" ({rule})")).unwrap_or(whole);
        let (text, change) = whole.split_once("; ").unwrap_or((whole, ""));
        Self::new(level, (rule.id(), rule.section()), text, change)
    }
}

fn word<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(level)
}
