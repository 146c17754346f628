//! RFC 9110 section 13, sentence by sentence, and our reading where it leaves a choice (P-02, P-22,
//! P-23).

use http::{HeaderMap, HeaderName, Method};
use tower_cache_policy::protocol::{HttpDate, MAX_MEMBERS, Outcome, Validators};

/// A member of a list of entity tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    Tag {
        weak: bool,
        opaque: Vec<u8>,
    },
    Star,
    Garbage(Vec<u8>),
    /// Where the list cannot be read further: a quote that does not end, or too many members.
    Unreadable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Date {
    At(i64),
    Garbage,
}

/// The preconditions of a request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    /// Lines of members. `None`: no such field.
    pub if_match: Option<Vec<Vec<Member>>>,
    pub if_none_match: Option<Vec<Vec<Member>>>,
    pub if_modified_since: Option<Vec<Date>>,
    pub if_unmodified_since: Option<Vec<Date>>,
}

/// The representation at the origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Has {
    pub etag: Option<(bool, Vec<u8>)>,
    pub last_modified: Option<i64>,
}

/// The outcome for the request. If `has` is `None`, there is no representation.
pub fn outcome(asked: &Asked, has: Option<&Has>) -> Outcome {
    // QUERY is safe and selects a representation, and its conditions are those of GET (P-25).
    let safe = matches!(asked.method.as_str(), "GET" | "HEAD" | "QUERY");
    // "A server MUST ignore the conditional request header fields ... when received with a
    // request method that does not involve the selection or modification of a selected
    // representation, such as CONNECT, OPTIONS, or TRACE."
    if matches!(asked.method.as_str(), "CONNECT" | "OPTIONS" | "PRI" | "PROPFIND" | "REPORT" | "SEARCH" | "TRACE") {
        return Outcome::Proceed;
    }
    // "A server MUST ignore all received preconditions if its response to the same request
    // without those conditions ... would have been a status code other than a 2xx".
    if safe && has.is_none() {
        return Outcome::Proceed;
    }
    let only_date = |lines: &Option<Vec<Date>>| match lines.as_deref() {
        Some([Date::At(seconds)]) => Some(*seconds),
        _ => None,
    };
    let last_modified = has.and_then(|has| has.last_modified);
    let etag = has.and_then(|has| has.etag.clone());
    let members = |lines: &Option<Vec<Vec<Member>>>| -> Option<Vec<Member>> { Some(lines.clone()?.concat()) };

    // Step 1 and 2.
    if let Some(members) = members(&asked.if_match) {
        let holds = if members.contains(&Member::Star) {
            // "If the field value is "*", the condition is true if the origin server has a
            // current representation for the target resource." With company it is invalid.
            members.len() == 1 && has.is_some()
        } else {
            // "... using the strong comparison function".
            members.iter().any(|member| match member {
                Member::Tag { weak: false, opaque } => etag.as_ref() == Some(&(false, opaque.clone())),
                _ => false,
            })
        };
        if !holds {
            return Outcome::PreconditionFailed;
        }
    } else if let (Some(date), Some(last_modified)) = (only_date(&asked.if_unmodified_since), last_modified) {
        // "... earlier or equal to the date provided in the field value, the condition is true."
        if last_modified > date {
            return Outcome::PreconditionFailed;
        }
    }
    // Step 3 and 4.
    if let Some(members) = members(&asked.if_none_match) {
        let matched = members.iter().any(|member| match member {
            // "... using the weak comparison function".
            Member::Tag { opaque, .. } => etag.as_ref().is_some_and(|(_, own)| own == opaque),
            _ => false,
        });
        let exists = match (members.contains(&Member::Star), members.len() == 1, safe) {
            (true, true, _) => has.is_some(),
            // Invalid: it gives no 304, and lets no write over what exists.
            (true, false, true) => false,
            (true, false, false) => has.is_some(),
            (false, ..) => false,
        };
        // An unreadable condition lets no write replace what exists.
        let unreadable = !safe && has.is_some() && members.contains(&Member::Unreadable);
        if matched || exists || unreadable {
            return if safe { Outcome::NotModified } else { Outcome::PreconditionFailed };
        }
    } else if matches!(asked.method, Method::GET | Method::HEAD)
        // "A recipient MUST ignore If-Modified-Since if ... the request method is neither GET nor HEAD."
        && let (Some(date), Some(last_modified)) = (only_date(&asked.if_modified_since), last_modified)
        // "... earlier or equal to the date provided in the field value, the condition is false."
        && last_modified <= date
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

impl Asked {
    /// Reads the fields, byte by byte.
    pub fn read(method: &Method, headers: &HeaderMap, now: HttpDate) -> Self {
        Self {
            method: method.clone(),
            if_match: tags(headers, "if-match"),
            if_none_match: tags(headers, "if-none-match"),
            if_modified_since: dates(headers, "if-modified-since", now),
            if_unmodified_since: dates(headers, "if-unmodified-since", now),
        }
    }

    /// Whether a precondition is there that can have an effect on a write, when nothing is known
    /// of what there is.
    pub fn protects_a_write(&self) -> bool {
        self.if_match.is_some()
            || self.if_none_match.is_some()
            || matches!(self.if_unmodified_since.as_deref(), Some([Date::At(_)]))
    }

    /// The same with one coding taken off each tag that names one, as a layer hands it on.
    #[must_use]
    pub fn without_codings(mut self) -> Self {
        for lines in [&mut self.if_match, &mut self.if_none_match].into_iter().flatten() {
            // A list that cannot be read is left as it is.
            if lines.concat().contains(&Member::Unreadable) {
                continue;
            }
            for member in lines.iter_mut().flatten() {
                if let Member::Tag { opaque, .. } = member {
                    opaque.truncate(without_coding(opaque).len());
                }
            }
        }
        self
    }
}

impl Has {
    pub fn of(validators: &Validators) -> Self {
        Self {
            etag: validators.etag().map(|tag| (tag.is_weak(), tag.opaque().to_vec())),
            last_modified: validators.last_modified().map(HttpDate::unix_seconds),
        }
    }

    /// Reads the validators of a response. A field in two lines counts as absent.
    pub fn read(headers: &HeaderMap, now: HttpDate) -> Self {
        let etag = match headers.get_all("etag").iter().collect::<Vec<_>>()[..] {
            [line] => match entity_tag(trim(line.as_bytes())) {
                Member::Tag { weak, opaque } => Some((weak, opaque)),
                _ => None,
            },
            _ => None,
        };
        let last_modified = match dates(headers, "last-modified", now).as_deref() {
            Some([Date::At(seconds)]) => Some(*seconds),
            _ => None,
        };
        Self { etag, last_modified }
    }
}

/// ```text
/// entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE
/// etagc      = %x21 / %x23-7E / obs-text
/// ```
pub fn entity_tag(text: &[u8]) -> Member {
    let (weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let opaque = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    match opaque {
        Some(opaque)
            if opaque.iter().all(|&octet| octet == 0x21 || (0x23..=0x7e).contains(&octet) || octet >= 0x80) =>
        {
            Member::Tag { weak, opaque: opaque.to_vec() }
        }
        _ => Member::Garbage(text.to_vec()),
    }
}

/// A tag without the one coding that it names.
pub fn without_coding(opaque: &[u8]) -> &[u8] {
    const CODINGS: [&str; 8] = ["br", "compress", "deflate", "gzip", "identity", "x-compress", "x-gzip", "zstd"];
    let suffix = CODINGS.iter().map(|coding| format!("--{coding}")).find(|suffix| opaque.ends_with(suffix.as_bytes()));
    &opaque[..opaque.len() - suffix.map_or(0, |suffix| suffix.len())]
}

fn tags(headers: &HeaderMap, name: &'static str) -> Option<Vec<Vec<Member>>> {
    let name = HeaderName::from_static(name);
    let mut count = 0;
    let mut lines = Vec::new();
    for line in headers.get_all(&name) {
        let mut members = Vec::new();
        let (mut start, mut quoted) = (0, false);
        let line = line.as_bytes();
        for end in 0..=line.len() {
            let octet = line.get(end);
            if octet == Some(&b'"') {
                quoted = !quoted;
            }
            let ends = octet.is_none() || (octet == Some(&b',') && !quoted);
            let member = trim(&line[start..end]);
            if !ends || (member.is_empty() && !quoted) {
                start = if ends { end + 1 } else { start };
                continue;
            }
            count += 1;
            if quoted || count > MAX_MEMBERS {
                members.push(Member::Unreadable);
                lines.push(members);
                return Some(lines);
            }
            members.push(if member == b"*" { Member::Star } else { entity_tag(member) });
            start = end + 1;
        }
        lines.push(members);
    }
    headers.contains_key(&name).then_some(lines)
}

fn dates(headers: &HeaderMap, name: &str, now: HttpDate) -> Option<Vec<Date>> {
    // Dates have a target of their own, so the crate's reading is taken here.
    let read = |line: &http::HeaderValue| {
        HttpDate::parse(line.as_bytes(), now).map_or(Date::Garbage, |date| Date::At(date.unix_seconds()))
    };
    headers.contains_key(name).then(|| headers.get_all(name).iter().map(read).collect())
}

pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|octet| !matches!(octet, b' ' | b'\t')).unwrap_or(text.len());
    let end = text.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(start, |last| last + 1);
    &text[start..end]
}
