//! RFC 9110 section 13, sentence by sentence, with our decisions where it allows a choice (P-02, P-22, P-23).

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
    /// The rest of a list after an unclosed quote or too many members.
    Unreadable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Date {
    At(i64),
    Garbage,
}

/// The preconditions of a request.
#[derive(Clone, Debug)]
pub struct RequestPreconditions {
    pub method: Method,
    /// The members of each line. `None` if the field is missing.
    pub if_match: Option<Vec<Vec<Member>>>,
    pub if_none_match: Option<Vec<Vec<Member>>>,
    pub if_modified_since: Option<Vec<Date>>,
    pub if_unmodified_since: Option<Vec<Date>>,
}

/// The validators of the current representation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginValidators {
    pub etag: Option<(bool, Vec<u8>)>,
    pub last_modified: Option<i64>,
}

/// The outcome for the request. `current` is `None` if there is no representation.
pub fn outcome(preconditions: &RequestPreconditions, current: Option<&OriginValidators>) -> Outcome {
    // QUERY is safe and selects a representation, and its conditions are those of GET (P-25).
    let safe = matches!(preconditions.method.as_str(), "GET" | "HEAD" | "QUERY");
    // "A server MUST ignore the conditional request header fields ... when received with a
    // request method that does not involve the selection or modification of a selected
    // representation, such as CONNECT, OPTIONS, or TRACE."
    if matches!(
        preconditions.method.as_str(),
        "CONNECT" | "OPTIONS" | "PRI" | "PROPFIND" | "REPORT" | "SEARCH" | "TRACE"
    ) {
        return Outcome::Proceed;
    }
    // "A server MUST ignore all received preconditions if its response to the same request
    // without those conditions ... would have been a status code other than a 2xx".
    if safe && current.is_none() {
        return Outcome::Proceed;
    }
    let only_date = |lines: &Option<Vec<Date>>| match lines.as_deref() {
        Some([Date::At(seconds)]) => Some(*seconds),
        _ => None,
    };
    let last_modified = current.and_then(|current| current.last_modified);
    let etag = current.and_then(|current| current.etag.clone());
    let members = |lines: &Option<Vec<Vec<Member>>>| -> Option<Vec<Member>> { Some(lines.clone()?.concat()) };

    // Step 1 and 2.
    if let Some(members) = members(&preconditions.if_match) {
        let holds = if members.contains(&Member::Star) {
            // "If the field value is "*", the condition is true if the origin server has a
            // current representation for the target resource." With other members it is invalid.
            members.len() == 1 && current.is_some()
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
    } else if let (Some(date), Some(last_modified)) = (only_date(&preconditions.if_unmodified_since), last_modified) {
        // "... earlier or equal to the date provided in the field value, the condition is true."
        if last_modified > date {
            return Outcome::PreconditionFailed;
        }
    }
    // Step 3 and 4.
    if let Some(members) = members(&preconditions.if_none_match) {
        let matched = members.iter().any(|member| match member {
            // "... using the weak comparison function".
            Member::Tag { opaque, .. } => etag.as_ref().is_some_and(|(_, own)| own == opaque),
            _ => false,
        });
        let exists = match (members.contains(&Member::Star), members.len() == 1, safe) {
            (true, true, _) => current.is_some(),
            // An invalid list does not give a 304, and forbids a write to an existing representation.
            (true, false, true) => false,
            (true, false, false) => current.is_some(),
            (false, ..) => false,
        };
        // An unreadable condition forbids a write to an existing representation.
        let unreadable = !safe && current.is_some() && members.contains(&Member::Unreadable);
        if matched || exists || unreadable {
            return if safe { Outcome::NotModified } else { Outcome::PreconditionFailed };
        }
    } else if matches!(preconditions.method, Method::GET | Method::HEAD)
        // "A recipient MUST ignore If-Modified-Since if ... the request method is neither GET nor HEAD."
        && let (Some(date), Some(last_modified)) = (only_date(&preconditions.if_modified_since), last_modified)
        // "... earlier or equal to the date provided in the field value, the condition is false."
        && last_modified <= date
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

impl RequestPreconditions {
    /// Reads the fields byte by byte.
    pub fn read(method: &Method, headers: &HeaderMap, now: HttpDate) -> Self {
        Self {
            method: method.clone(),
            if_match: tags(headers, "if-match"),
            if_none_match: tags(headers, "if-none-match"),
            if_modified_since: dates(headers, "if-modified-since", now),
            if_unmodified_since: dates(headers, "if-unmodified-since", now),
        }
    }

    /// Returns whether a precondition can prevent a write to an unknown representation.
    pub fn protects_a_write(&self) -> bool {
        self.if_match.is_some()
            || self.if_none_match.is_some()
            || matches!(self.if_unmodified_since.as_deref(), Some([Date::At(_)]))
    }

    /// The preconditions without one coding suffix of each tag, as a layer forwards them.
    #[must_use]
    pub fn without_codings(mut self) -> Self {
        for lines in [&mut self.if_match, &mut self.if_none_match].into_iter().flatten() {
            // An unreadable list is unchanged.
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

impl OriginValidators {
    pub fn of(validators: &Validators) -> Self {
        Self {
            etag: validators.etag().map(|tag| (tag.is_weak(), tag.opaque().to_vec())),
            last_modified: validators.last_modified().map(HttpDate::unix_seconds),
        }
    }

    /// Reads the validators of a response. A field in two lines is treated as absent.
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
        Some(opaque) if opaque.iter().all(|&byte| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80) => {
            Member::Tag { weak, opaque: opaque.to_vec() }
        }
        _ => Member::Garbage(text.to_vec()),
    }
}

/// Removes one coding suffix from a tag.
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
            let byte = line.get(end);
            if byte == Some(&b'"') {
                quoted = !quoted;
            }
            let ends = byte.is_none() || (byte == Some(&b',') && !quoted);
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
    // Dates have their own fuzz target, so this uses the crate's parser.
    let read = |line: &http::HeaderValue| {
        HttpDate::parse(line.as_bytes(), now).map_or(Date::Garbage, |date| Date::At(date.unix_seconds()))
    };
    headers.contains_key(name).then(|| headers.get_all(name).iter().map(read).collect())
}

pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(start, |last| last + 1);
    &text[start..end]
}
