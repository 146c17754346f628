//! Renders verdicts and warnings in plain English.

use std::fmt;

use http::HeaderName;

use super::after::{AfterFreshness, Validation};
use super::key::CacheKey;
use super::lifetime::FreshnessSource;
use super::rule::Rule;
use super::verdict::{CacheKind, Verdict};
use super::warning::{Level, PersonalizationEvidence, Warning};

const AGE: Rule = Rule::new("A-06", "RFC 9111 section 4.2.3");
const VALIDATION: Rule = Rule::new("S-08", "RFC 9111 section 4.3.1");
const STALE_WHILE_REVALIDATE: Rule = Rule::new("C-31", "RFC 5861 section 3");
const STALE_IF_ERROR: Rule = Rule::new("C-31", "RFC 5861 section 4");
const UNREACHABLE: Rule = Rule::new("F-05", "RFC 9111 section 4.2.4");
const NEVER_STALE: Rule = Rule::new("C-32", "RFC 9111 section 4.2.4");
const KEY: Rule = Rule::new("K-07", "RFC 9111 section 2");
const VARY: Rule = Rule::new("K-03", "RFC 9111 section 4.1");
const VARY_IGNORED: Rule = Rule::new("K-08", "RFC 9111 section 4.1");
// No standard defines a purge by a CDN's own tags. Cache groups are the closest.
const TAGS: Rule = Rule::new("G-20", "RFC 9875 section 1");
const GROUPS: Rule = Rule::new("I-02", "RFC 9875 section 2");

impl fmt::Display for CacheKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser => f.write_str("a browser"),
            Self::SharedCache => f.write_str("a shared cache"),
            Self::Edge(name) => write!(f, "the edge cache `{name}`"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            CacheKind::Browser => "A browser",
            CacheKind::SharedCache => "A shared cache",
            CacheKind::Edge(_) => "The edge cache",
        })?;
        if let CacheKind::Edge(name) = self.kind {
            write!(f, " `{name}`")?;
        }
        let why = self.storage.reason();
        if !self.may_store() {
            let must_not = if matches!(self.kind, CacheKind::Edge(_)) { "does not" } else { "must not" };
            return write!(f, " {must_not} store it ({why}; {}).", why.rule());
        }
        write!(f, " may store it ({why}; {})", why.rule())?;
        self.write_lifetime(f)?;
        self.then.write(f)?;
        self.key.write(f)?;
        self.write_tags(f)
    }
}

impl Verdict {
    fn write_lifetime(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, rule) = (self.lifetime.source(), self.lifetime.source().rule());
        match (from, self.lifetime.seconds()) {
            (FreshnessSource::Validated, _) => write!(f, " and before each reuse ({from}; {rule})")?,
            (_, Some(0)) => write!(f, ", but it is stale at once ({from}; {rule}), so the cache")?,
            (_, Some(seconds)) => write!(f, " and reuse it for {} ({from}; {rule})", Seconds(seconds))?,
            (_, None) => write!(f, " and reuse it for as long as the cache chooses ({from}; {rule})")?,
        }
        match (from, self.age.seconds()) {
            (FreshnessSource::Validated, _) | (_, 0) => {}
            (_, age) if self.lifetime.seconds() == Some(0) => write!(f, " ({} old; {AGE})", Seconds(age))?,
            (_, age) => write!(f, ", of which {} have passed ({AGE})", Seconds(age))?,
        }
        let then = match (from, self.lifetime.seconds()) {
            (FreshnessSource::Validated, _) | (_, Some(0)) => " ",
            _ => ", then ",
        };
        f.write_str(then)
    }

    fn write_tags(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tags.is_empty() {
            return Ok(());
        }
        f.write_str(" A purge of ")?;
        for (index, tag) in self.tags.iter().enumerate() {
            write!(f, "{}`{}`", if index == 0 { "" } else { " or " }, tag.as_str())?;
        }
        write!(f, " reaches it ({}).", if matches!(self.kind, CacheKind::Edge(_)) { TAGS } else { GROUPS })
    }
}

impl AfterFreshness {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.validation {
            Validation::EntityTag => "revalidates it by entity tag",
            Validation::LastModified => "revalidates it by date",
            Validation::Both => "revalidates it by entity tag and date",
            Validation::Nothing => "fetches it again, because it does not have a validator",
            Validation::NeverRevalidates => "fetches it again, because this cache never revalidates",
        })?;
        write!(f, " ({VALIDATION}).")?;
        if self.never_stale {
            write!(f, " It is never served stale ({NEVER_STALE}).")?;
        }
        if self.stale_when_unreachable {
            write!(f, " It may be served stale when the origin is unreachable ({UNREACHABLE}).")?;
        }
        if let Some(seconds) = self.stale_while_revalidate {
            let seconds = Seconds(seconds);
            write!(f, " It may be served stale for {seconds} during revalidation ({STALE_WHILE_REVALIDATE}).")?;
        }
        if let Some(seconds) = self.stale_if_error {
            let seconds = Seconds(seconds);
            write!(f, " It may be served stale for {seconds} in place of an error ({STALE_IF_ERROR}).")?;
        }
        Ok(())
    }
}

impl CacheKey {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.any {
            return write!(f, " No later request matches it (`Vary: *`; {VARY}).");
        }
        f.write_str(" The key is the method and the URL")?;
        if self.query == Some(false) {
            f.write_str(" without its query")?;
        }
        write!(f, " ({KEY})")?;
        if !self.fields.is_empty() {
            write!(f, ", plus {} ({VARY})", Names(&self.fields))?;
        }
        if !self.ignored.is_empty() {
            write!(f, ", but not {} ({VARY_IGNORED})", Names(&self.ignored))?;
        }
        f.write_str(".")
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Danger => "danger",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.level())?;
        match self {
            Self::Contradiction(contradiction) => contradiction.fmt(f)?,
            Self::LifetimeGuessed { by } => {
                write!(
                    f,
                    "{} may apply heuristic freshness, because the response does not state a lifetime; add `max-age` \
                     or `no-cache`",
                    CacheList(by)
                )?;
            }
            Self::SetCookieShared { by } => {
                let by = CacheList(by);
                write!(
                    f,
                    "{by} may replay `Set-Cookie` to other clients; add `private`, or set the cookie in another response"
                )?;
            }
            Self::VaryIgnored { edge, fields, known } => {
                let (does_not, fields) = (if *known { "does not" } else { "is not known to" }, Names(fields));
                let remedy = "give each variant its own URL, or add `private`";
                write!(
                    f,
                    "the edge cache `{edge}` {does_not} obey `Vary` for {fields} and may serve one variant to all \
                     clients; {remedy}"
                )?;
            }
            Self::StrongTagUnderCoding => f.write_str(
                "the strong entity tag does not contain the content coding, so other codings may have the same tag; \
                 add the coding to it, or make it weak",
            )?,
            Self::InvalidEntityTag { value } => write!(
                f,
                "caches and clients ignore `ETag: {}`, because the field must be one entity tag; send one field line, \
                 with the tag in double quotes",
                Escaped(value.as_bytes())
            )?,
            Self::PersonalShared { sign, by } => {
                let sign = match sign {
                    PersonalizationEvidence::Mark => "the response is marked as personalized",
                    PersonalizationEvidence::Authorization => "the request has `Authorization`",
                    PersonalizationEvidence::Cookie => {
                        "the request for this page has `Cookie`, and `Vary` does not name it"
                    }
                };
                write!(f, "{sign}, and {} may serve the response to other users; add `private`", CacheList(by))?;
            }
            Self::LongWithoutFingerprint { seconds } => {
                let seconds = Seconds(*seconds);
                let remedy = "put a fingerprint of the content into the path, or shorten the lifetime";
                write!(
                    f,
                    "browsers reuse the response for {seconds}, and its URL does not change with the content; {remedy}"
                )?;
            }
            Self::FieldIgnored { edge, field } => write!(
                f,
                "the edge cache `{edge}` ignores `{field}`, because its value is invalid; use lower case, plain digits \
                 and single commas"
            )?,
            Self::NoStoreDisobeyed { edge } => {
                write!(
                    f,
                    "the edge cache `{edge}` may store the response despite `no-store`; send `private, no-store`"
                )?;
            }
            Self::QueryNotInKey { edge } => write!(
                f,
                "the edge cache `{edge}` leaves the query out of its key; move parameters that select the response \
                 into the path"
            )?,
        }
        write!(f, " ({})", self.rule())
    }
}

struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} second{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// Displays at most 64 bytes of a value from another server, escaped.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_BYTES: usize = 64;
        match self.0.get(..MAX_BYTES) {
            Some(start) => write!(f, "{}...", start.escape_ascii()),
            None => self.0.escape_ascii().fmt(f),
        }
    }
}

struct Names<'a>(&'a [HeaderName]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(index, name)| write!(f, "{}`{name}`", if index == 0 { "" } else { ", " }))
    }
}

struct CacheList<'a>(&'a [CacheKind]);

impl fmt::Display for CacheList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, cache)| {
            let separator = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}{cache}")
        })
    }
}
