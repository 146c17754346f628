//! Serializes an audit with serde.

use serde::{Serialize, Serializer};

use super::after::Validation;
use super::cache_audit::CacheAudit;
use super::verdict::Verdict;
use super::warning::Warning;

/// Serializes as `{ "verdicts": [..], "warnings": [..] }`.
#[cfg_attr(docsrs, doc(cfg(feature = "audit-serde")))]
impl Serialize for CacheAudit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            verdicts: Vec<&'a Verdict>,
            warnings: &'a [Warning],
        }
        Document { verdicts: self.verdicts().collect(), warnings: self.warnings() }.serialize(serializer)
    }
}

/// Serializes the values of the accessors. Reasons and sources are their display texts, and values that are `None` are
/// left out.
#[cfg_attr(docsrs, doc(cfg(feature = "audit-serde")))]
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Lifetime {
            #[serde(skip_serializing_if = "Option::is_none")]
            seconds: Option<u64>,
            from: String,
            rule: &'static str,
            section: &'static str,
        }
        #[derive(Serialize)]
        struct Then {
            validation: &'static str,
            never_stale: bool,
            stale_when_unreachable: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            stale_while_revalidate: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            stale_if_error: Option<u64>,
        }
        #[derive(Serialize)]
        struct Key<'a> {
            fields: Vec<&'a str>,
            ignored: Vec<&'a str>,
            never_matches: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            query: Option<bool>,
        }
        #[derive(Serialize)]
        struct Document<'a> {
            keeper: String,
            stored: bool,
            why: String,
            rule: &'static str,
            section: &'static str,
            age: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            lifetime: Option<Lifetime>,
            #[serde(skip_serializing_if = "Option::is_none")]
            then: Option<Then>,
            #[serde(skip_serializing_if = "Option::is_none")]
            key: Option<Key<'a>>,
            tags: Vec<&'a str>,
        }
        let rule = self.storage.why().rule();
        let lifetime = self.lifetime().map(|lifetime| {
            let rule = lifetime.from().rule();
            Lifetime {
                seconds: lifetime.seconds(),
                from: lifetime.from().to_string(),
                rule: rule.id(),
                section: rule.section(),
            }
        });
        let then = self.then().map(|then| Then {
            validation: match then.validation() {
                Validation::EntityTag => "entity-tag",
                Validation::LastModified => "last-modified",
                Validation::Both => "both",
                Validation::Nothing => "nothing",
                Validation::NeverAsks => "never-asks",
            },
            never_stale: then.never_stale(),
            stale_when_unreachable: then.stale_when_unreachable(),
            stale_while_revalidate: then.stale_while_revalidate(),
            stale_if_error: then.stale_if_error(),
        });
        let key = self.key().map(|key| Key {
            fields: key.fields().iter().map(http::HeaderName::as_str).collect(),
            ignored: key.ignored().iter().map(http::HeaderName::as_str).collect(),
            never_matches: key.never_matches(),
            query: key.query(),
        });
        Document {
            keeper: self.keeper.to_string(),
            stored: self.is_stored(),
            why: self.storage.why().to_string(),
            rule: rule.id(),
            section: rule.section(),
            age: self.age.seconds(),
            lifetime,
            then,
            key,
            tags: self.tags.iter().map(crate::policy::CacheTag::as_str).collect(),
        }
        .serialize(serializer)
    }
}

/// Serializes as `{ "level": .., "rule": .., "section": .., "text": .. }`.
#[cfg_attr(docsrs, doc(cfg(feature = "audit-serde")))]
impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document {
            level: String,
            rule: &'static str,
            section: &'static str,
            text: String,
        }
        let rule = self.rule();
        Document { level: self.level().to_string(), rule: rule.id(), section: rule.section(), text: self.to_string() }
            .serialize(serializer)
    }
}
