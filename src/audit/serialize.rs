//! Serializes an audit with serde.

use serde::{Serialize, Serializer};

use super::after::Validation;
use super::cache_audit::CacheAudit;
use super::verdict::Verdict;
use super::warning::Warning;

/// Serializes as an object with the arrays `verdicts` and `warnings`.
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::CacheAudit;
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// let response = Response::builder().header("cache-control", "private, max-age=60").header("etag", "\"v7\"");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let json = serde_json::to_value(CacheAudit::of(&request, &response, now)).unwrap();
/// assert_eq!(json["verdicts"][0]["cache"], "a browser");
/// assert_eq!(json["verdicts"][0]["lifetime"]["seconds"], 60);
/// assert_eq!(json["verdicts"][0]["after_expiry"]["validation"], "entity-tag");
/// assert_eq!(json["verdicts"][1]["may_store"], false);
/// assert_eq!(json["verdicts"][1]["reason"], "`private`");
/// assert_eq!(json["warnings"], serde_json::json!([]));
/// ```
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

/// Serializes the values of the accessors. Reasons and sources are their `Display` texts. Values that are `None` are
/// omitted.
///
/// | Key | Value |
/// |---|---|
/// | `cache` | the kind of cache, as a string |
/// | `may_store`, `reason`, `rule`, `section` | the decision about storage |
/// | `age` | seconds |
/// | `lifetime` | `seconds`, `source`, `rule`, `section`; missing if the cache does not store the response |
/// | `after_expiry` | `validation`, `never_stale`, `stale_when_unreachable`, `stale_while_revalidate`, `stale_if_error` |
/// | `key` | `fields`, `ignored`, `never_matches`, `query` |
/// | `tags` | the cache tags, as strings |
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

/// Serializes as an object with the strings `level`, `rule`, `section` and `text`. The value of `text` is the
/// [`Display`](std::fmt::Display) text, which includes the level and the rule.
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::CacheAudit;
/// use tower_cache_policy::protocol::HttpDate;
///
/// let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
/// let response = Response::builder().header("last-modified", "Fri, 22 May 2026 00:00:00 GMT");
/// let (response, ()) = response.body(()).unwrap().into_parts();
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
///
/// let audit = CacheAudit::of(&request, &response, now);
/// let json = serde_json::to_value(&audit.warnings()[0]).unwrap();
/// assert_eq!(json["level"], "warning");
/// assert_eq!(json["section"], "RFC 9111 section 4.2.2");
/// assert_eq!(json["text"], audit.warnings()[0].to_string());
/// ```
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
