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
            source: String,
            rule: &'static str,
            section: &'static str,
        }
        #[derive(Serialize)]
        struct AfterExpiry {
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
            cache: String,
            may_store: bool,
            reason: String,
            rule: &'static str,
            section: &'static str,
            age: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            lifetime: Option<Lifetime>,
            #[serde(skip_serializing_if = "Option::is_none")]
            after_expiry: Option<AfterExpiry>,
            #[serde(skip_serializing_if = "Option::is_none")]
            key: Option<Key<'a>>,
            tags: Vec<&'a str>,
        }
        let rule = self.storage.reason().rule();
        let lifetime = self.lifetime().map(|lifetime| {
            let rule = lifetime.source().rule();
            Lifetime {
                seconds: lifetime.seconds(),
                source: lifetime.source().to_string(),
                rule: rule.id(),
                section: rule.section(),
            }
        });
        let after_expiry = self.after_expiry().map(|then| AfterExpiry {
            validation: match then.validation() {
                Validation::EntityTag => "entity-tag",
                Validation::LastModified => "last-modified",
                Validation::Both => "both",
                Validation::Nothing => "nothing",
                Validation::NeverRevalidates => "never-revalidates",
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
            cache: self.kind.to_string(),
            may_store: self.may_store(),
            reason: self.storage.reason().to_string(),
            rule: rule.id(),
            section: rule.section(),
            age: self.age.seconds(),
            lifetime,
            after_expiry,
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
