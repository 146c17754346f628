//! RFC 9111 section 5.2, read for the worst: where caches may differ, as the one that keeps
//! the answer longest.

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_cache_policy::protocol::HttpDate;

/// What one answer lets caches do.
#[derive(Clone, Debug, Default)]
pub struct Word {
    pub no_store: bool,
    pub must_understand: bool,
    pub private: bool,
    pub no_cache: bool,
    pub public: bool,
    pub immutable: bool,
    pub max_age: Option<u64>,
    pub s_maxage: Option<u64>,
    pub stale_while_revalidate: Option<u64>,
    pub stale_if_error: Option<u64>,
    /// Of `Expires`.
    expires: Option<u64>,
}

/// Nobody said how long: a cache guesses.
pub const GUESSED: u64 = u64::MAX;

impl Word {
    /// Reads the lines of a `Cache-Control` as one, which is how the standard has it.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        Self::of(directives(&combined(lines)))
    }

    /// Reads each line for itself. A quote that does not end in its line makes the difference.
    pub fn read_by_line<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        Self::of(lines.into_iter().flat_map(|line| directives(line.as_bytes())))
    }

    fn of(directives: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let mut word = Self::default();
        for (name, argument) in directives {
            // What does not name fields is about the whole answer.
            let bare = !argument.as_deref().is_some_and(names_fields);
            // "Caches are encouraged to consider responses that have invalid freshness information
            // ... to be stale" (RFC 9111 section 4.2.1).
            let seconds = Some(argument.as_deref().and_then(leading_number).unwrap_or(0));
            match name.as_str() {
                // It takes no argument, and what has one forbids no less.
                "no-store" => word.no_store = true,
                "must-understand" => word.must_understand = true,
                "private" => word.private |= bare,
                "no-cache" => word.no_cache |= bare,
                "public" => word.public = true,
                "immutable" => word.immutable = true,
                "max-age" => word.max_age = word.max_age.max(seconds),
                "s-maxage" => word.s_maxage = word.s_maxage.max(seconds),
                "stale-while-revalidate" => word.stale_while_revalidate = word.stale_while_revalidate.max(seconds),
                "stale-if-error" => word.stale_if_error = word.stale_if_error.max(seconds),
                _ => {}
            }
        }
        word
    }

    /// Reads an answer, with what the words of HTTP/1.0 give it: in both ways.
    pub fn readings_of(headers: &HeaderMap, now: HttpDate) -> [Self; 2] {
        let lines = || headers.get_all("cache-control");
        [Self::read(lines()), Self::read_by_line(lines())].map(|word| word.with_old_words(headers, now))
    }

    /// The first of [`readings_of`](Self::readings_of).
    pub fn of_answer(headers: &HeaderMap, now: HttpDate) -> Self {
        let [word, _] = Self::readings_of(headers, now);
        word
    }

    fn with_old_words(mut self, headers: &HeaderMap, now: HttpDate) -> Self {
        let word = &mut self;
        let date = |name: &str| {
            let lines = headers.get_all(name).iter();
            lines.filter_map(|line| HttpDate::parse(line.as_bytes(), now).ok()).map(HttpDate::unix_seconds)
        };
        if headers.contains_key("expires") {
            let since = date("date").min().map_or(now.unix_seconds(), |date| date.min(now.unix_seconds()));
            word.expires = Some(date("expires").max().map_or(0, |expires| u64::try_from(expires - since).unwrap_or(0)));
        }
        self
    }

    /// Whether no shared cache may keep it.
    pub fn forbids_sharing(&self) -> bool {
        self.private || self.forbids_storing()
    }

    pub fn forbids_storing(&self) -> bool {
        self.no_store && !self.must_understand
    }

    /// For how long a shared cache may reuse it unasked. `None`: it may not even keep it.
    pub fn shared(&self) -> Option<u64> {
        (!self.forbids_sharing()).then(|| match self.no_cache {
            true => 0,
            false => self.s_maxage.or(self.max_age).or(self.expires).unwrap_or(GUESSED),
        })
    }

    /// For how long a browser may.
    pub fn browser(&self) -> Option<u64> {
        (!self.forbids_storing()).then(|| match self.no_cache {
            true => 0,
            false => self.max_age.or(self.expires).unwrap_or(GUESSED),
        })
    }
}

/// The longest life that a field for edges gives, in whichever syntax. `None`: it forbids to
/// keep the answer.
pub fn at_edge(value: &HeaderValue) -> Option<u64> {
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    if matches!(text.as_str(), "0" | "no-store") || text.split(',').any(|member| member.trim() == "no-store") {
        return None;
    }
    // The first number of each member, with the unit that may stand behind it. What follows it
    // is for how long the answer may be served stale.
    let lifetime = |member: &str| {
        let number = member.trim_start_matches(|octet: char| !octet.is_ascii_digit());
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match number.as_bytes().get(digits) {
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => 1,
        };
        number[..digits].parse::<u64>().unwrap_or(if digits > 0 { GUESSED } else { 0 }).saturating_mul(unit)
    };
    text.split(',').filter(|member| !member.trim().starts_with("stale-")).map(lifetime).max()
}

/// "A recipient MAY combine multiple field lines within a field section that have the same
/// field name into one field line ... by appending each subsequent field line value ...
/// separated by a comma" (RFC 9110 section 5.3).
pub fn combined<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Vec<u8> {
    lines.into_iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b", "[..])
}

/// ```text
/// Cache-Control   = #cache-directive
/// cache-directive = token [ "=" ( token / quoted-string ) ]
/// ```
///
/// Lenient: whatever stands between two commas outside quotes. The argument without quotes.
pub fn directives(value: &[u8]) -> Vec<(String, Option<String>)> {
    let members = members(value).into_iter();
    let split = |member: Vec<u8>| {
        let member = String::from_utf8_lossy(&member).into_owned();
        match member.split_once('=') {
            Some((name, argument)) => (name.trim().to_ascii_lowercase(), Some(unquoted(argument.trim()))),
            None => (member.trim().to_ascii_lowercase(), None),
        }
    };
    members.map(split).collect()
}

/// "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were
/// replaced by the octet following the backslash" (RFC 9110 section 5.6.4).
fn unquoted(argument: &str) -> String {
    let Some(quoted) = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return argument.to_owned();
    };
    let mut text = String::new();
    let mut octets = quoted.chars();
    while let Some(octet) = octets.next() {
        text.push(if octet == '\\' { octets.next().unwrap_or(octet) } else { octet });
    }
    text
}

fn members(value: &[u8]) -> Vec<Vec<u8>> {
    let mut members = vec![Vec::new()];
    let mut at = 0;
    while at < value.len() {
        let length = match value[at] {
            b'"' => quoted_string(&value[at..]).unwrap_or(1),
            b',' => {
                members.push(Vec::new());
                at += 1;
                continue;
            }
            _ => 1,
        };
        members.last_mut().unwrap().extend_from_slice(&value[at..at + length]);
        at += length;
    }
    members.retain(|member| !member.iter().all(|octet| matches!(octet, b' ' | b'\t')));
    members
}

/// Its length, or `None` where it does not end.
fn quoted_string(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn names_fields(argument: &str) -> bool {
    let names = || argument.split(',').map(str::trim).filter(|name| !name.is_empty());
    names().count() > 0 && names().all(|name| name.bytes().all(is_tchar))
}

/// Whether the value keeps to the grammar of [`directives`].
pub fn is_cache_control(value: &[u8]) -> bool {
    members(value).iter().all(|member| {
        let member = member.trim_ascii();
        let name = member.iter().take_while(|octet| is_tchar(**octet)).count();
        let argument_is_sound = match &member[name..] {
            [] => true,
            [b'=', quoted @ ..] if quoted.first() == Some(&b'"') => quoted_string(quoted) == Some(quoted.len()),
            [b'=', token @ ..] => !token.is_empty() && token.iter().all(|octet| is_tchar(*octet)),
            _ => false,
        };
        name > 0 && argument_is_sound
    })
}

/// Whether the value is `#( "*" / field-name )`.
pub fn is_vary(value: &[u8]) -> bool {
    value.split(|octet| *octet == b',').all(|name| name.trim_ascii().iter().all(|octet| is_tchar(*octet)))
}

/// Whether the content is gRPC (Q-03).
pub fn is_of_grpc(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

fn leading_number(text: &str) -> Option<u64> {
    let digits: String = text.trim_matches(['"', ' ', '\t', '+']).chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::from(u32::MAX)))
}

/// The names of [`is_vary`] in lower case.
pub fn vary_names(headers: &HeaderMap) -> Vec<String> {
    let value = combined(headers.get_all(HeaderName::from_static("vary")));
    let text = String::from_utf8_lossy(&value).to_ascii_lowercase();
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
