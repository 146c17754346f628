//! RFC 9111 section 5.2, as strict and permissive caches implement it.
//!
//! Caches differ on a field in two lines, on a directive that appears twice, on a quote that does not
//! end, and on a quoted number (C-02, C-05, C-06). A response is safe only if no reader finds more permissions in it than
//! intended, so the checks compare the readings one by one.

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_cache_policy::protocol::HttpDate;

/// The permissions of one response, according to one parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
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
    /// Whether there is a directive that any standard defines.
    pub is_known: bool,
    /// The lifetime from `Expires`.
    expires: Option<u64>,
}

/// The lifetime of a response with heuristic freshness.
pub const HEURISTIC: u64 = u64::MAX;

/// One way of reading `Cache-Control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    pub lines: Lines,
    pub duplicates: Duplicates,
    pub quotes: Quotes,
}

/// Several lines of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// As one value, joined by commas (RFC 9110 section 5.3).
    Joined,
    /// Each line separately. The results differ if a quote is not closed in its line.
    OneByOne,
}

/// A lifetime that appears more than once (C-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    First,
    Last,
    Longest,
}

/// Quotes and quoted numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// The grammar. A quoted number is a number (C-02).
    Standard,
    /// The grammar, but a directive with a quoted number is skipped, as in most caches.
    NoQuotedNumber,
    /// Quotes are not recognized, so each comma separates two members.
    Ignored,
}

/// All interpretations of one response, in the order of [`Reader::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Readings([Permissions; Reader::ALL.len()]);

impl Reader {
    pub const ALL: [Self; 12] = {
        let mut all = [Self { lines: Lines::Joined, duplicates: Duplicates::First, quotes: Quotes::Standard }; 12];
        let mut index = 0;
        while index < all.len() {
            if index >= 6 {
                all[index].lines = Lines::OneByOne;
            }
            if index % 2 == 1 {
                all[index].duplicates = Duplicates::Last;
            }
            all[index].quotes = match index % 6 / 2 {
                0 => Quotes::Standard,
                1 => Quotes::NoQuotedNumber,
                _ => Quotes::Ignored,
            };
            index += 1;
        }
        all
    };

    /// The readers that recognize quotes.
    pub fn standard() -> impl Iterator<Item = (usize, Self)> {
        Self::ALL.into_iter().enumerate().filter(|(_, reader)| reader.quotes != Quotes::Ignored)
    }

    /// The index in [`Self::ALL`] of the reader that differs only in how it reads several lines.
    pub const fn other_lines(index: usize) -> usize {
        (index + Self::ALL.len() / 2) % Self::ALL.len()
    }

    /// The index of the reader that differs only in that it reads quoted numbers.
    pub const fn with_quoted_numbers(index: usize) -> usize {
        if matches!(Self::ALL[index].quotes, Quotes::NoQuotedNumber) { index - 2 } else { index }
    }

    fn read(self, members: &[Member]) -> Permissions {
        let mut permissions = Permissions::default();
        for Member { name, argument, is_quoted } in members {
            // An argument that is not a list of field names applies to the complete response.
            let bare = !argument.as_deref().is_some_and(names_fields);
            // "Caches are encouraged to consider responses that have invalid freshness information
            // ... to be stale" (RFC 9111 section 4.2.1).
            let seconds = argument.as_deref().and_then(leading_number).unwrap_or(0);
            let is_skipped = *is_quoted && self.quotes == Quotes::NoQuotedNumber;
            let lifetime = |before: Option<u64>| match (before, self.duplicates) {
                _ if is_skipped => before,
                (Some(before), Duplicates::First) => Some(before),
                (Some(before), Duplicates::Longest) => Some(before.max(seconds)),
                (_, Duplicates::Last) | (None, _) => Some(seconds),
            };
            let mut is_known = true;
            match name.as_str() {
                // The directive does not take an argument, and an argument does not weaken it.
                "no-store" => permissions.no_store = true,
                "must-understand" => permissions.must_understand = true,
                "private" => permissions.private |= bare,
                "no-cache" => permissions.no_cache |= bare,
                "public" => permissions.public = true,
                "immutable" => permissions.immutable = true,
                "max-age" => permissions.max_age = lifetime(permissions.max_age),
                "s-maxage" => permissions.s_maxage = lifetime(permissions.s_maxage),
                "stale-while-revalidate" => {
                    permissions.stale_while_revalidate = lifetime(permissions.stale_while_revalidate)
                }
                "stale-if-error" => permissions.stale_if_error = lifetime(permissions.stale_if_error),
                "must-revalidate" | "proxy-revalidate" | "no-transform" => {}
                _ => is_known = false,
            }
            permissions.is_known |= is_known;
        }
        permissions
    }
}

impl Permissions {
    /// Reads the joined lines of a `Cache-Control`, with the longest of repeated lifetimes.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let reader = Reader { lines: Lines::Joined, duplicates: Duplicates::Longest, quotes: Quotes::Standard };
        reader.read(&standard_members(&combined(lines)))
    }

    /// Reads each line separately, with the longest of repeated lifetimes.
    pub fn read_by_line<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let reader = Reader { lines: Lines::OneByOne, duplicates: Duplicates::Longest, quotes: Quotes::Standard };
        reader.read(&lines.into_iter().flat_map(|line| standard_members(line.as_bytes())).collect::<Vec<_>>())
    }

    /// Reads the lines of a response both joined and one by one, and the fields of HTTP/1.0.
    pub fn both_readings(headers: &HeaderMap, now: HttpDate) -> [Self; 2] {
        let lines = || headers.get_all("cache-control");
        let expires = expires(headers, now);
        [Self::read(lines()), Self::read_by_line(lines())].map(|permissions| Self { expires, ..permissions })
    }

    /// Returns whether no shared cache may store the response.
    pub const fn forbids_sharing(&self) -> bool {
        self.private || self.forbids_storing()
    }

    pub const fn forbids_storing(&self) -> bool {
        // With `must-understand`, a cache that knows the status ignores `no-store` (C-28).
        self.no_store && !self.must_understand
    }

    /// How long a shared cache may reuse the response without validation, in seconds. Returns `None` if the cache may
    /// not store the response.
    pub fn shared(&self) -> Option<u64> {
        (!self.forbids_sharing()).then(|| match self.no_cache {
            true => 0,
            false => self.s_maxage.or(self.max_age).or(self.expires).unwrap_or(HEURISTIC),
        })
    }

    /// How long a browser may reuse the response without validation, in seconds. Returns `None` if the cache may not
    /// store the response.
    pub fn browser(&self) -> Option<u64> {
        (!self.forbids_storing()).then(|| match self.no_cache {
            true => 0,
            false => self.max_age.or(self.expires).unwrap_or(HEURISTIC),
        })
    }

    /// Returns whether the response states a lifetime.
    pub const fn has_lifetime(&self) -> bool {
        self.max_age.is_some() || self.s_maxage.is_some() || self.expires.is_some()
    }
}

impl Readings {
    pub fn of(headers: &HeaderMap, now: HttpDate) -> Self {
        let lines: Vec<&HeaderValue> = headers.get_all("cache-control").iter().collect();
        let expires = expires(headers, now);
        let joined = combined(lines.iter().copied());
        let mut readings = [Permissions { expires, ..Permissions::default() }; Reader::ALL.len()];
        if lines.is_empty() {
            return Self(readings);
        }
        let members = [standard_members(&joined), members_at_each_comma(&joined)];
        for (permissions, reader) in readings.iter_mut().zip(Reader::ALL) {
            let members = &members[usize::from(reader.quotes == Quotes::Ignored)];
            *permissions = Permissions { expires, ..reader.read(members) };
        }
        if lines.len() > 1 {
            let by_line = |members: fn(&[u8]) -> Vec<Member>| -> Vec<Member> {
                lines.iter().flat_map(|line| members(line.as_bytes())).collect()
            };
            let members = [by_line(standard_members), by_line(members_at_each_comma)];
            for (permissions, reader) in
                readings.iter_mut().zip(Reader::ALL).filter(|(_, it)| it.lines == Lines::OneByOne)
            {
                let members = &members[usize::from(reader.quotes == Quotes::Ignored)];
                *permissions = Permissions { expires, ..reader.read(members) };
            }
        }
        Self(readings)
    }

    /// The interpretation by the reader at this index in [`Reader::ALL`].
    pub const fn by(&self, index: usize) -> &Permissions {
        &self.0[index]
    }

    pub fn iter(&self) -> impl Iterator<Item = (Reader, &Permissions)> {
        Reader::ALL.into_iter().zip(&self.0)
    }

    /// The interpretations by the readers that recognize quotes.
    pub fn standard(&self) -> impl Iterator<Item = &Permissions> {
        self.iter().filter(|(reader, _)| reader.quotes != Quotes::Ignored).map(|(_, permissions)| permissions)
    }

    /// The result of the most permissive parser.
    pub fn most_permissive(&self, of: fn(&Permissions) -> Option<u64>) -> Option<u64> {
        self.0.iter().map(of).max().flatten()
    }
}

/// The lifetime of `Expires`.
fn expires(headers: &HeaderMap, now: HttpDate) -> Option<u64> {
    if !headers.contains_key("expires") {
        return None;
    }
    let dates = |name: &str| {
        let lines = headers.get_all(name).iter();
        lines.filter_map(|line| HttpDate::parse_in_any_case(line.as_bytes(), now).ok()).map(HttpDate::unix_seconds)
    };
    let since = dates("date").min().map_or(now.unix_seconds(), |date| date.min(now.unix_seconds()));
    Some(dates("expires").max().map_or(0, |expires| u64::try_from(expires - since).unwrap_or(0)))
}

/// The longest lifetime in a field for edges, in any syntax. `None` if the field forbids the edge to store the response.
pub fn edge_lifetime(value: &HeaderValue) -> Option<u64> {
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    if matches!(text.as_str(), "0" | "no-store") || text.split(',').any(|member| member.trim() == "no-store") {
        return None;
    }
    // The first number of each member, with the unit that may follow it. The text after it is the time for which the
    // response may be served stale.
    let lifetime = |member: &str| {
        if member.split_once('=').is_some_and(|(name, _)| !name.contains("max")) {
            return 0;
        }
        let number = member.trim_start_matches(|byte: char| !byte.is_ascii_digit());
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match number.as_bytes().get(digits) {
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => 1,
        };
        number[..digits].parse::<u64>().unwrap_or(if digits > 0 { HEURISTIC } else { 0 }).saturating_mul(unit)
    };
    text.split(',').filter(|member| !member.trim().starts_with("stale-")).map(lifetime).max()
}

/// "A recipient MAY combine multiple field lines within a field section that have the same
/// field name into one field line ... by appending each subsequent field line value ...
/// separated by a comma" (RFC 9110 section 5.3).
pub fn combined<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Vec<u8> {
    lines.into_iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b", "[..])
}

/// A directive with its argument, without quotes.
#[derive(Clone, Debug)]
struct Member {
    name: String,
    argument: Option<String>,
    is_quoted: bool,
}

impl Member {
    fn of(text: &[u8], unquoted: fn(&str) -> String) -> Self {
        let text = String::from_utf8_lossy(text);
        let (name, argument) = match text.split_once('=') {
            Some((name, argument)) => (name, Some(argument.trim())),
            None => (&*text, None),
        };
        Self {
            name: name.trim().to_ascii_lowercase(),
            is_quoted: argument.is_some_and(|argument| argument.starts_with('"')),
            argument: argument.map(unquoted),
        }
    }
}

/// ```text
/// Cache-Control   = #cache-directive
/// cache-directive = token [ "=" ( token / quoted-string ) ]
/// ```
///
/// Splits leniently, at each comma outside of quotes. Arguments are returned without their quotes.
pub fn directives(value: &[u8]) -> Vec<(String, Option<String>)> {
    standard_members(value).into_iter().map(|member| (member.name, member.argument)).collect()
}

fn standard_members(value: &[u8]) -> Vec<Member> {
    members(value).iter().map(|member| Member::of(member, unquoted)).collect()
}

/// The members for a reader that does not recognize quotes.
fn members_at_each_comma(value: &[u8]) -> Vec<Member> {
    let members = value.split(|byte| *byte == b',').filter(|member| !member.trim_ascii().is_empty());
    members.map(|member| Member::of(member, |argument| argument.trim_matches('"').to_owned())).collect()
}

/// "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were
/// replaced by the octet following the backslash" (RFC 9110 section 5.6.4).
fn unquoted(argument: &str) -> String {
    let Some(quoted) = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return argument.to_owned();
    };
    let mut text = String::new();
    let mut bytes = quoted.chars();
    while let Some(byte) = bytes.next() {
        text.push(if byte == '\\' { bytes.next().unwrap_or(byte) } else { byte });
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
    members.retain(|member| !member.iter().all(|byte| matches!(byte, b' ' | b'\t')));
    members
}

/// The length of the quoted string, or `None` if it is not closed.
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

/// Returns whether the value follows the grammar of [`directives`].
pub fn is_cache_control(value: &[u8]) -> bool {
    members(value).iter().all(|member| {
        let member = member.trim_ascii();
        let name = member.iter().take_while(|byte| is_tchar(**byte)).count();
        let argument_is_valid = match &member[name..] {
            [] => true,
            [b'=', quoted @ ..] if quoted.first() == Some(&b'"') => quoted_string(quoted) == Some(quoted.len()),
            [b'=', token @ ..] => !token.is_empty() && token.iter().all(|byte| is_tchar(*byte)),
            _ => false,
        };
        name > 0 && argument_is_valid
    })
}

/// Returns whether the value is `#( "*" / field-name )`.
pub fn is_vary(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').all(|name| name.trim_ascii().iter().all(|byte| is_tchar(*byte)))
}

/// Returns whether the content is gRPC (Q-03). A media type that only starts with the same characters is not gRPC.
pub fn is_grpc_content(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get("content-type") else { return false };
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let Some(rest) = text.trim_start().strip_prefix("application/grpc") else { return false };
    rest.is_empty() || [";", "+", "-web"].iter().any(|next| rest.trim_start().starts_with(next))
}

/// Returns whether the response is a live stream, which ends when the client disconnects.
pub fn is_live_stream(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get("content-type") else { return false };
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    matches!(media_type, "text/event-stream" | "multipart/x-mixed-replace")
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn leading_number(text: &str) -> Option<u64> {
    let digits: String = text.trim_matches(['"', ' ', '\t', '+']).chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::from(u32::MAX)))
}

/// The names in `Vary`, in lower case.
pub fn vary_names(headers: &HeaderMap) -> Vec<String> {
    let value = combined(headers.get_all(HeaderName::from_static("vary")));
    let text = String::from_utf8_lossy(&value).to_ascii_lowercase();
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
