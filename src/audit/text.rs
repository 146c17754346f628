//! Verdicts and warnings in plain English.

use std::fmt;

use http::HeaderName;

use super::after::{AfterFreshness, Validation};
use super::key::CacheKey;
use super::lifetime::FreshFrom;
use super::rule::Rule;
use super::verdict::{Keeper, Verdict};
use super::warning::{Level, PersonalSign, Warning};

const AGE: Rule = Rule::new("A-06", "RFC 9111 section 4.2.3");
const VALIDATION: Rule = Rule::new("S-08", "RFC 9111 section 4.3.1");
const STALE_WHILE_REVALIDATE: Rule = Rule::new("C-31", "RFC 5861 section 3");
const STALE_IF_ERROR: Rule = Rule::new("C-31", "RFC 5861 section 4");
const UNREACHABLE: Rule = Rule::new("F-05", "RFC 9111 section 4.2.4");
const NEVER_STALE: Rule = Rule::new("C-32", "RFC 9111 section 4.2.4");
const KEY: Rule = Rule::new("K-07", "RFC 9111 section 2");
const VARY: Rule = Rule::new("K-03", "RFC 9111 section 4.1");
const VARY_IGNORED: Rule = Rule::new("K-08", "RFC 9111 section 4.1");
// The nearest that a standard has to a purge by an edge's own tags.
const TAGS: Rule = Rule::new("G-20", "RFC 9875 section 1");
const GROUPS: Rule = Rule::new("I-02", "RFC 9875 section 2");

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser => f.write_str("a browser"),
            Self::SharedCache => f.write_str("a shared cache"),
            Self::Edge(name) => write!(f, "the edge `{name}`"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.keeper {
            Keeper::Browser => "A browser",
            Keeper::SharedCache => "A shared cache",
            Keeper::Edge(_) => "The edge",
        })?;
        if let Keeper::Edge(name) = self.keeper {
            write!(f, " `{name}`")?;
        }
        let why = self.storage.why();
        if !self.is_stored() {
            let must_not = if matches!(self.keeper, Keeper::Edge(_)) { "does not" } else { "must not" };
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
        let (from, rule) = (self.lifetime.from(), self.lifetime.from().rule());
        match (from, self.lifetime.seconds()) {
            (FreshFrom::Validated, _) => write!(f, " and before each reuse ({from}; {rule})")?,
            (_, Some(0)) => write!(f, " and takes it for stale at once ({from}; {rule}), so it")?,
            (_, Some(seconds)) => write!(f, " for {} ({from}; {rule})", Seconds(seconds))?,
            (_, None) => write!(f, " for as long as it chooses ({from}; {rule})")?,
        }
        match (from, self.age.seconds()) {
            (FreshFrom::Validated, _) | (_, 0) => {}
            (_, age) if self.lifetime.seconds() == Some(0) => write!(f, " ({} old; {AGE})", Seconds(age))?,
            (_, age) => write!(f, ", of which {} have passed ({AGE})", Seconds(age))?,
        }
        let then = match (from, self.lifetime.seconds()) {
            (FreshFrom::Validated, _) | (_, Some(0)) => " ",
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
        write!(f, " reaches it ({}).", if matches!(self.keeper, Keeper::Edge(_)) { TAGS } else { GROUPS })
    }
}

impl AfterFreshness {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.validation {
            Validation::EntityTag => "asks again with its entity tag",
            Validation::LastModified => "asks again with its date",
            Validation::Both => "asks again with its entity tag and its date",
            Validation::Nothing => "fetches it anew, as it has no validator",
            Validation::NeverAsks => "fetches it anew, as it never asks with a validator",
        })?;
        write!(f, " ({VALIDATION}).")?;
        if self.never_stale {
            write!(f, " It is never served stale ({NEVER_STALE}).")?;
        }
        if self.stale_when_unreachable {
            write!(f, " It may be served stale when the origin cannot be reached ({UNREACHABLE}).")?;
        }
        if let Some(seconds) = self.stale_while_revalidate {
            let seconds = Seconds(seconds);
            write!(f, " For {seconds} more it may be served while a new one is fetched ({STALE_WHILE_REVALIDATE}).")?;
        }
        if let Some(seconds) = self.stale_if_error {
            let seconds = Seconds(seconds);
            write!(f, " For {seconds} more it may be served in place of an error ({STALE_IF_ERROR}).")?;
        }
        Ok(())
    }
}

impl CacheKey {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.any {
            return write!(f, " No request gets it without asking (`Vary: *`; {VARY}).");
        }
        f.write_str(" The key is the method and the URL")?;
        if self.query == Some(false) {
            f.write_str(" without its query")?;
        }
        write!(f, " ({KEY})")?;
        if !self.fields.is_empty() {
            write!(f, ", and {} ({VARY})", Names(&self.fields))?;
        }
        if !self.ignored.is_empty() {
            write!(f, ", and not {} ({VARY_IGNORED})", Names(&self.ignored))?;
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
                write!(f, "{} may choose a lifetime, as none is stated; say `max-age` or `no-cache`", Keepers(by))?;
            }
            Self::SetCookieShared { by } => {
                let by = Keepers(by);
                write!(
                    f,
                    "{by} may replay `Set-Cookie` to other visitors; say `private`, or set the cookie elsewhere"
                )?;
            }
            Self::VaryIgnored { edge, fields, known } => {
                let (does_not, fields) = (if *known { "does not" } else { "is not known to" }, Names(fields));
                let remedy = "give each variant a URL of its own, or say `private`";
                write!(f, "the edge `{edge}` {does_not} look at {fields} and may serve one variant to all; {remedy}")?;
            }
            Self::StrongTagUnderCoding => f.write_str(
                "the strong entity tag does not name the content coding, so that other codings may have the same; \
                 name the coding in it, or make it weak",
            )?,
            Self::InvalidEntityTag { value } => write!(
                f,
                "`ETag: {}` is ignored, as the field must be one entity tag; write it once, in double quotes",
                Escaped(value.as_bytes())
            )?,
            Self::PersonalShared { sign, by } => {
                let sign = match sign {
                    PersonalSign::Mark => "the answer is marked as personal",
                    PersonalSign::Authorization => "the request has `Authorization`",
                    PersonalSign::Cookie => "the request for the page has `Cookie`, on which it does not vary",
                };
                write!(f, "{sign}, and {} may serve it to others; say `private`", Keepers(by))?;
            }
            Self::LongWithoutFingerprint { seconds } => {
                let seconds = Seconds(*seconds);
                let remedy = "put a fingerprint of the content into the path, or shorten it";
                write!(f, "browsers keep it for {seconds}, and the URL does not change with the content; {remedy}")?;
            }
            Self::FieldIgnored { edge, field } => write!(
                f,
                "the edge `{edge}` ignores `{field}` for a fault in it; write lower case, plain digits and single commas"
            )?,
            Self::NoStoreDisobeyed { edge } => {
                write!(f, "the edge `{edge}` may store it in spite of `no-store`; say `private, no-store`")?;
            }
            Self::QueryNotInKey { edge } => write!(
                f,
                "the edge `{edge}` leaves the query out of its key; put what selects the answer into the path"
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

/// Text of a foreign server, of which no more than this is repeated.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        match self.0.get(..SHOWN) {
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

struct Keepers<'a>(&'a [Keeper]);

impl fmt::Display for Keepers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, keeper)| {
            let separator = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}{keeper}")
        })
    }
}
