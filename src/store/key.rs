//! [`PrimaryKey`]: the name under which the responses to one URL are stored, and the rules that make it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use http::uri::PathAndQuery;
use quick_cache::Equivalent;
use twox_hash::XxHash3_64;

use crate::protocol::{has_dot_segment, has_encoded_unreserved, normalized_encoding};

/// The maximum length of a key in bytes. A request with a longer URL is passed through.
const MAX_LENGTH: usize = 8 << 10;
/// The length up to which a key is on the stack while it is looked up.
const SHORT: usize = 256;

/// The name under which the responses to one URL are stored.
///
/// It contains each part with its length in front, so that no two requests share a key by accident. Lookups compare the
/// complete key. The hash only selects the place.
// K-07
#[derive(Clone, Debug)]
pub(crate) struct PrimaryKey {
    hash: u64,
    /// Shared, because a request that misses has several copies.
    bytes: Arc<[u8]>,
}

/// A key that is only looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRef<'a> {
    hash: u64,
    bytes: &'a [u8],
}

/// The parts of a request that a key consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyParts<'a> {
    /// Separates the layers of one cache, whose inner services may differ.
    pub(crate) space: u32,
    /// The scheme, if the request names it.
    pub(crate) scheme: &'a str,
    /// The host and port, as sent. Empty if the request has none.
    pub(crate) host: &'a [u8],
    /// The path and query that the client sent.
    pub(crate) target: &'a PathAndQuery,
    /// The path and query that the inner service gets, if they differ. Middleware may have chosen them by other fields
    /// of the request.
    pub(crate) inner: Option<&'a PathAndQuery>,
}

/// The rules for creating keys from requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRules {
    query: QueryRule,
    sorted: bool,
    hosts: Option<Vec<String>>,
    seed: u64,
}

#[derive(Clone, Debug, Default)]
enum QueryRule {
    #[default]
    All,
    /// Only these parameters.
    Only(Vec<String>),
    /// All parameters except these. A `*` at the end of a name matches any text.
    Without(Vec<String>),
}

impl KeyRules {
    /// Creates rules with a seed for the hash, which clients must not know.
    pub(crate) fn with_seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(crate) fn only_query(&mut self, names: impl IntoIterator<Item = String>) {
        self.query = QueryRule::Only(names.into_iter().collect());
    }

    pub(crate) fn without_query(&mut self, names: impl IntoIterator<Item = String>) {
        self.query = QueryRule::Without(names.into_iter().collect());
    }

    pub(crate) const fn sort_query(&mut self) {
        self.sorted = true;
    }

    pub(crate) fn only_hosts(&mut self, hosts: impl IntoIterator<Item = String>) {
        self.hosts = Some(hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect());
    }

    /// Writes the key of a request to a buffer, for a lookup. Returns `None` if it would be too long.
    pub(crate) fn key<'a>(&self, parts: KeyParts<'_>, buffer: &'a mut KeyBuffer) -> Option<KeyRef<'a>> {
        let target = parts.target.as_str().len();
        let inner = parts.inner.map_or("", |inner| inner.as_str()).as_bytes();
        let length = parts.host.len() + parts.scheme.len() + target + inner.len();
        if length > MAX_LENGTH {
            return None;
        }
        let mut writer = Writer { bytes: buffer.of_length(length + 16), length: 0 };
        writer.put(&parts.space.to_be_bytes())?;
        writer.put_part(|writer| writer.put(parts.scheme.as_bytes()))?;
        writer.put_part(|writer| {
            let at = writer.length;
            writer.put(parts.host)?;
            writer.bytes[at..writer.length].make_ascii_lowercase();
            Some(())
        })?;
        writer.put_part(|writer| self.put_target(writer, parts.target))?;
        writer.put(inner)?;
        let bytes = writer.written();
        Some(KeyRef { hash: XxHash3_64::oneshot_with_seed(self.seed, bytes), bytes })
    }

    /// Whether responses may be stored under the key. They must not if the host is not allowed or contains user
    /// information, or if programs may resolve the path differently.
    ///
    /// A lookup does not depend on it: a stored response has the same key, so it would not have been stored.
    // G-19
    pub(crate) fn admits(&self, key: KeyRef<'_>) -> bool {
        let (host, target) = key.host_and_target();
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        let is_allowed = |hosts: &Vec<String>| hosts.iter().any(|allowed| allowed.as_bytes() == host);
        is_host(host) && self.hosts.as_ref().is_none_or(is_allowed) && !is_ambiguous(path)
    }

    /// Returns the name of a URL for purges, in the form of [`PrimaryKey::url`].
    pub(crate) fn url(&self, host: &str, target: &PathAndQuery) -> UrlName {
        let mut written = vec![0; target.as_str().len()];
        let mut writer = Writer { bytes: &mut written, length: 0 };
        // The target is no longer than the request's.
        _ = self.put_target(&mut writer, target);
        UrlName::new(host.as_bytes(), writer.written())
    }

    /// Appends the path, and the part of the query that the rules select.
    fn put_target(&self, writer: &mut Writer<'_>, target: &PathAndQuery) -> Option<()> {
        let Some(query) = target.query() else { return writer.put(target.path().as_bytes()) };
        let keeps_all = matches!(self.query, QueryRule::All) && !self.sorted;
        // Some handlers separate parameters at `;`, and would find one in the value of a parameter that is omitted.
        if keeps_all || query.contains(';') {
            return writer.put(target.as_str().as_bytes());
        }
        writer.put(target.path().as_bytes())?;
        let mut kept: Vec<&str> = query.split('&').filter(|pair| self.keeps(name_of(pair))).collect();
        if self.sorted && !kept.iter().any(|pair| is_spelled_in_several_ways(name_of(pair))) {
            kept.sort_by_key(|pair| name_of(pair));
        }
        for (index, pair) in kept.iter().enumerate() {
            writer.put(if index == 0 { b"?" } else { b"&" })?;
            writer.put(pair.as_bytes())?;
        }
        Some(())
    }

    fn keeps(&self, name: &str) -> bool {
        match &self.query {
            QueryRule::All => true,
            // A handler may decode the name to one of the list.
            QueryRule::Only(names) => {
                is_spelled_in_several_ways(name) || names.iter().any(|kept| matches_pattern(kept, name))
            }
            QueryRule::Without(names) => !names.iter().any(|left_out| matches_pattern(left_out, name)),
        }
    }
}

impl PrimaryKey {
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The complete key, which is the same in all processes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn url(&self) -> UrlName {
        KeyRef::from(self).url()
    }

    /// The [`parts`](UrlName::parts) of that name.
    pub(crate) fn url_parts(&self) -> [Cow<'_, [u8]>; 2] {
        KeyRef::from(self).url_parts()
    }
}

impl<'a> KeyRef<'a> {
    pub(crate) fn to_owned(self) -> PrimaryKey {
        PrimaryKey { hash: self.hash, bytes: self.bytes.into() }
    }

    /// Returns the name of the URL for purges: without the scheme and without a default port, which clients may leave
    /// out, and in the form that all spellings share.
    pub(crate) fn url(self) -> UrlName {
        let (host, target) = self.host_and_target();
        UrlName::new(host, target)
    }

    fn url_parts(self) -> [Cow<'a, [u8]>; 2] {
        let (host, target) = self.host_and_target();
        [canonical_host(host), canonical_target(target)]
    }

    /// The host in lower case, and the path with the part of the query that the rules select.
    fn host_and_target(self) -> (&'a [u8], &'a [u8]) {
        let rest = self.bytes.get(4..).unwrap_or_default();
        let (_scheme, rest) = split_part(rest);
        let (host, rest) = split_part(rest);
        (host, split_part(rest).0)
    }
}

impl PartialEq for PrimaryKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.bytes == other.bytes
    }
}

impl Eq for PrimaryKey {}

impl Hash for PrimaryKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        KeyRef::from(self).hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<PrimaryKey> for KeyRef<'_> {
    fn equivalent(&self, key: &PrimaryKey) -> bool {
        self.hash == key.hash && *self.bytes == *key.bytes
    }
}

impl<'a> From<&'a PrimaryKey> for KeyRef<'a> {
    fn from(key: &'a PrimaryKey) -> Self {
        Self { hash: key.hash, bytes: &key.bytes }
    }
}

/// Builds hash tables that use the hash that a key contains.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByKey;

impl BuildHasher for ByKey {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(0)
    }
}

#[derive(Debug)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // A key writes only its hash. This is for other uses of the trait.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The memory for the key of one request, so that a lookup does not allocate.
#[derive(Debug)]
pub(crate) struct KeyBuffer {
    short: [u8; SHORT],
    long: Vec<u8>,
}

impl KeyBuffer {
    pub(crate) const fn new() -> Self {
        Self { short: [0; SHORT], long: Vec::new() }
    }

    fn of_length(&mut self, length: usize) -> &mut [u8] {
        if length > SHORT {
            self.long = vec![0; length];
            return &mut self.long;
        }
        &mut self.short
    }
}

/// Writes to memory of a fixed length. Each method returns `None` if the text does not fit.
struct Writer<'a> {
    bytes: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    fn put(&mut self, text: &[u8]) -> Option<()> {
        let end = self.length.checked_add(text.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(text);
        self.length = end;
        Some(())
    }

    /// Puts the length of the text in front of it.
    fn put_part(&mut self, put: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let at = self.length;
        self.put(&[0; 4])?;
        put(self)?;
        let length = u32::try_from(self.length - at - 4).ok()?;
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        Some(())
    }

    fn written(self) -> &'a [u8] {
        &self.bytes[..self.length]
    }
}

/// The name of a URL for purges: host and target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UrlName {
    host: Box<[u8]>,
    target: Box<[u8]>,
}

impl UrlName {
    fn new(host: &[u8], target: &[u8]) -> Self {
        Self { host: canonical_host(host).into(), target: canonical_target(target).into() }
    }

    /// The same target without a host, for requests that have none.
    pub(crate) fn without_host(&self) -> Self {
        Self { host: Box::default(), target: self.target.clone() }
    }

    pub(crate) fn len(&self) -> usize {
        self.host.len() + self.target.len()
    }

    /// The host and the target.
    pub(crate) fn parts(&self) -> [&[u8]; 2] {
        [&self.host, &self.target]
    }

    /// Restores a name from its [`parts`](Self::parts).
    pub(crate) fn from_parts([host, target]: [&[u8]; 2]) -> Self {
        Self::new(host, target)
    }

    pub(crate) fn host(&self) -> String {
        String::from_utf8_lossy(&self.host).into_owned()
    }

    /// The path and query.
    pub(crate) fn target(&self) -> String {
        String::from_utf8_lossy(&self.target).into_owned()
    }

    /// Whether this URL is under a prefix: on the same host, if it has one, with a target that starts with the
    /// prefix's.
    pub(crate) fn is_under(&self, prefix: &Self) -> bool {
        (self.host.is_empty() || self.host == prefix.host) && self.target.starts_with(&prefix.target)
    }
}

/// Returns the form of a host that all of its spellings share: in lower case, without a dot at the end, and without a
/// port that is empty or a default one. A client chooses the spelling, and a purge must find the response to it.
fn canonical_host(host: &[u8]) -> Cow<'_, [u8]> {
    // Most hosts.
    if host.last() != Some(&b'.') && !host.iter().any(|byte| *byte == b':' || byte.is_ascii_uppercase()) {
        return host.into();
    }
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (name, port) = host.split_at(host.len() - digits);
    let (name, port) = match name.strip_suffix(b":") {
        Some(name) => (name, port),
        None => (host, &[][..]),
    };
    let zeros = port.iter().take_while(|digit| **digit == b'0').count();
    let mut canonical = name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase();
    if !matches!(&port[zeros..], b"" | b"80" | b"443") {
        canonical.push(b':');
        canonical.extend_from_slice(&port[zeros..]);
    }
    canonical.into()
}

/// Returns the form of a path and query that all of its spellings share: only the characters that a URL may contain, of
/// which those with the same meaning are not encoded, and digits in upper case (RFC 3986 section 6.2.2).
// G-19
fn canonical_target(target: &[u8]) -> Cow<'_, [u8]> {
    // An apostrophe is encoded in some places and not in others, depending on the client.
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let (mut byte, others) = (0, b"-._~!$&()*+,;=:@/?");
        while byte < 256 {
            plain[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut index = 0;
        while index < others.len() {
            plain[others[index] as usize] = true;
            index += 1;
        }
        plain
    };
    let is_plain = |byte: u8| PLAIN[usize::from(byte)];
    if target.iter().all(|byte| is_plain(*byte)) {
        return target.into();
    }
    let mut encoded = String::with_capacity(target.len() + 16);
    for &byte in target {
        if is_plain(byte) || byte == b'%' {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    normalized_encoding(&encoded).unwrap_or(encoded).into_bytes().into()
}

fn split_part(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return (&[], &[]) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    rest.split_at(length.min(rest.len()))
}

/// Whether a host consists of visible ASCII without the delimiters of other parts of a URL.
fn is_host(host: &[u8]) -> bool {
    host.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'/' | b'?' | b'#' | b'\\'))
}

/// Whether programs may resolve the path differently.
fn is_ambiguous(path: &[u8]) -> bool {
    // Most paths have none of these bytes, without which no segment is ambiguous.
    let may_be = path.iter().any(|byte| matches!(byte, b'.' | b'%' | b'\\' | 0x80..));
    let is = |path: &str| has_dot_segment(path) || has_encoded_separator(path) || has_encoded_unreserved(path);
    // The target of a request is UTF-8.
    may_be && std::str::from_utf8(path).map_or(true, is)
}

/// Whether the path has an encoded `/` or `\`, which some programs decode before they route.
fn has_encoded_separator(path: &str) -> bool {
    path.as_bytes().windows(3).any(|window| {
        let [first, rest @ ..] = window else { return false };
        *first == b'%' && [b"2f", b"5c"].iter().any(|code| rest.eq_ignore_ascii_case(*code))
    })
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

/// Whether handlers may read the name of a parameter as another one.
fn is_spelled_in_several_ways(name: &str) -> bool {
    name.bytes().any(|byte| matches!(byte, b'%' | b'+' | b'[' | b']' | b'.' | 0x80..))
}

fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts<'a>(host: &'a str, target: &'a PathAndQuery) -> KeyParts<'a> {
        KeyParts { space: 0, scheme: "", host: host.as_bytes(), target, inner: None }
    }

    fn key(rules: &KeyRules, host: &str, target: &str) -> Option<PrimaryKey> {
        made(rules, parts(host, &target.parse().unwrap()))
    }

    fn made(rules: &KeyRules, parts: KeyParts<'_>) -> Option<PrimaryKey> {
        rules.key(parts, &mut KeyBuffer::new()).filter(|key| rules.admits(*key)).map(KeyRef::to_owned)
    }

    #[test]
    fn the_path_and_the_query_are_part_of_the_key_as_sent() {
        // K-07
        let rules = KeyRules::default();
        let table: &[(&str, &str, bool)] = &[
            ("/a", "/a", true),
            ("/a", "/A", false),
            ("/a", "/a/", false),
            ("/a", "/a?", false),
            ("/a?b=1&c=2", "/a?c=2&b=1", false),
            ("/a%62", "/ab", false),
            ("/a?b", "/a?b=", false),
        ];
        for (one, other, equal) in table {
            assert_eq!(key(&rules, "h", one) == key(&rules, "h", other), *equal, "{one} {other}");
        }
        assert_eq!(key(&rules, "Example.com", "/"), key(&rules, "example.com", "/"), "hosts ignore case");
        assert_ne!(key(&rules, "example.com:8080", "/"), key(&rules, "example.com", "/"));
        assert_ne!(key(&rules, "ab", "/c"), key(&rules, "a", "/bc"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let rules = KeyRules::default();
        let target: PathAndQuery = "/x".parse().unwrap();
        let one = made(&rules, KeyParts { space: 0, scheme: "http", host: b"s", target: &target, inner: None });
        let other = made(&rules, KeyParts { space: 0, scheme: "https", host: b"", target: &target, inner: None });
        assert_ne!(one, other);
        let elsewhere = made(&rules, KeyParts { space: 1, scheme: "http", host: b"s", target: &target, inner: None });
        assert_ne!(one, elsewhere);
        let rewritten =
            made(&rules, KeyParts { space: 0, scheme: "http", host: b"s", target: &target, inner: Some(&target) });
        assert_ne!(one, rewritten);
    }

    #[test]
    fn requests_that_programs_may_read_differently_have_no_key() {
        let rules = KeyRules::default();
        for target in ["/", "/a", "/a.css", "/a..b", "/a%20b", "/a?b=../c"] {
            assert!(key(&rules, "h", target).is_some(), "{target}");
        }
        for target in ["/a/../b", "/%2e%2e/b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a/./b", "/%61", "/a%7E"] {
            assert_eq!(key(&rules, "h", target), None, "{target}");
        }
        assert_eq!(key(&rules, "user@h", "/"), None);
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(key(&rules, "h", &long), None);
    }

    #[test]
    fn only_the_allowed_hosts_have_keys() {
        let mut rules = KeyRules::default();
        rules.only_hosts(["Example.com".to_owned()]);
        assert!(key(&rules, "example.COM", "/").is_some());
        assert!(key(&rules, "example.com:80", "/").is_none());
        assert!(key(&rules, "other.com", "/").is_none());
        assert!(key(&rules, "", "/").is_none());
    }

    #[test]
    fn an_allow_list_of_parameters_ignores_the_others() {
        let mut rules = KeyRules::default();
        rules.only_query(["page".to_owned(), "q".to_owned()]);
        let same = |one: &str, other: &str| key(&rules, "h", one) == key(&rules, "h", other);
        assert!(same("/a?page=1&utm=2", "/a?page=1"));
        assert!(same("/a?x", "/a"));
        assert!(!same("/a?page=1", "/a?page=2"));
        assert!(!same("/a?page=1&page=2", "/a?page=2&page=1"), "handlers may read the first or the last");
        assert!(!same("/a?%70age=2", "/a"), "handlers decode the name");
        assert!(!same("/a?x=1;page=2", "/a"), "some handlers separate parameters at a semicolon");
    }

    #[test]
    fn a_deny_list_removes_its_parameters_from_keys() {
        let mut rules = KeyRules::default();
        rules.without_query(["utm_*".to_owned(), "fbclid".to_owned()]);
        let same = |one: &str, other: &str| key(&rules, "h", one) == key(&rules, "h", other);
        assert!(same("/a?utm_source=x&b=1&fbclid=2", "/a?b=1"));
        assert!(!same("/a?fbclid2=1", "/a"));
        assert!(!same("/a?utm_x=1;b=2", "/a"), "some handlers separate parameters at a semicolon");
    }

    #[test]
    fn sorting_keeps_the_order_of_equal_names() {
        let mut rules = KeyRules::default();
        rules.sort_query();
        let same = |one: &str, other: &str| key(&rules, "h", one) == key(&rules, "h", other);
        assert!(same("/a?b=1&a=2", "/a?a=2&b=1"));
        assert!(!same("/a?a=1&a=2", "/a?a=2&a=1"));
        assert!(!same("/a?%61=1&a=2", "/a?a=2&%61=1"), "both names may be the same one");
    }

    #[test]
    fn a_url_names_the_keys_of_all_schemes_and_default_ports() {
        let rules = KeyRules::default();
        let purged = rules.url("Example.com", &"/a?b=1".parse().unwrap());
        for host in ["example.com", "EXAMPLE.com", "example.com:443", "example.com:80"] {
            assert_eq!(key(&rules, host, "/a?b=1").unwrap().url(), purged, "{host}");
        }
        for host in ["example.com.", "example.com:", "Example.com.:0080", "example.com.:443"] {
            assert_eq!(key(&rules, host, "/a?b=1").unwrap().url(), purged, "{host}");
        }
        for host in ["example.com:8443", "example.com..", "example.co", "example.com:80:80", "[example.com]"] {
            assert_ne!(key(&rules, host, "/a?b=1").unwrap().url(), purged, "{host}");
        }
        let address = rules.url("[::1]", &"/".parse().unwrap());
        for (host, is_same) in [("[::1]:80", true), ("[::1]:", true), ("[::1]:8080", false), ("[::80]", false)] {
            assert_eq!(key(&rules, host, "/").unwrap().url() == address, is_same, "{host}");
        }
        assert_ne!(key(&rules, "example.com", "/a").unwrap().url(), purged);
        assert_eq!(key(&rules, "", "/a?b=1").unwrap().url(), purged.without_host());
    }

    #[test]
    fn a_url_names_the_keys_of_all_spellings() {
        let rules = KeyRules::default();
        let table: &[(&str, &str, bool)] = &[
            ("/caf%C3%A9", "/caf%c3%a9", true),
            ("/caf%C3%A9", "/caf\u{e9}", true),
            ("/a?q=%41~%7E", "/a?q=A%7e~", true),
            ("/a?q=%27", "/a?q='", true),
            ("/a?q[]=%7C", "/a?q%5B%5D=|", true),
            ("/a%2Fb", "/a/b", false),
            ("/a?b%26c", "/a?b&c", false),
            ("/a%2541", "/a%41", false),
            ("/a%", "/a%25", false),
            ("/a+b", "/a%20b", false),
        ];
        for (one, other, expected) in table {
            let name = |target: &str| rules.url("h", &target.parse().unwrap());
            assert_eq!(name(one) == name(other), *expected, "{one} {other}");
            for target in [*one, *other] {
                // Some of them are never stored.
                let key = key(&rules, "h", target);
                assert!(key.is_none_or(|key| key.url() == name(target)), "{target}");
                assert_eq!(UrlName::from_parts(name(target).parts()), name(target), "{target}");
            }
        }
    }

    proptest! {
        #[test]
        fn keys_are_equal_exactly_if_their_parts_are(
            (one, other) in (("[a-c:]{0,3}", "/[a-c?&=]{0,4}"), ("[a-c:]{0,3}", "/[a-c?&=]{0,4}"))
        ) {
            let rules = KeyRules::with_seed(7);
            let of = |(host, target): &(String, String)| key(&rules, host, target);
            prop_assert_eq!(of(&one) == of(&other), one == other);
        }
    }

    #[test]
    fn a_key_has_at_most_eight_kibibytes() {
        let rules = KeyRules::default();
        let path = |length: usize| format!("/{}", "a".repeat(length - 1)).parse::<PathAndQuery>().unwrap();
        for (target, inner) in [(MAX_LENGTH - 5, 0), (1, 300), (300, 300), (4_000, MAX_LENGTH - 4_005)] {
            for (more, has_key) in [(0, true), (1, false)] {
                let target = path(target);
                let scheme_and_host = MAX_LENGTH - target.as_str().len() - inner;
                let host = "h".repeat(scheme_and_host - 4 + more);
                let inner = (inner > 0).then(|| path(inner));
                let parts = KeyParts { scheme: "http", inner: inner.as_ref(), ..parts(&host, &target) };
                assert_eq!(made(&rules, parts).is_some(), has_key, "{} {inner:?}", target.as_str().len());
            }
        }
        // The memory for a lookup fits the parts.
        for length in [1, 200, 231, 232, 240, 241, 256, 300] {
            let (target, inner) = (path(length), path(length));
            let parts = KeyParts { scheme: "https", inner: Some(&inner), ..parts("example.com", &target) };
            assert!(made(&rules, parts).is_some(), "{length}");
        }
    }

    #[test]
    fn two_keys_with_the_same_hash_differ() {
        let key = |bytes: &[u8]| PrimaryKey { hash: 1, bytes: bytes.into() };
        let (one, other) = (key(b"one"), key(b"other"));
        assert_ne!(one, other);
        assert!(!KeyRef::from(&one).equivalent(&other));
        assert!(KeyRef::from(&one).equivalent(&key(b"one")));
    }

    #[test]
    fn a_query_that_is_written_again_is_not_mistaken_for_a_path_or_a_value() {
        let mut sorted = KeyRules::default();
        sorted.sort_query();
        let mut only = KeyRules::default();
        only.only_query(["x".to_owned(), "x?y".to_owned(), "y".to_owned()]);
        for rules in [&sorted, &only] {
            let keys = ["/a?x&y", "/a?x?y", "/a&x&y", "/a&x?y", "/a&x", "/a?x"].map(|target| key(rules, "h", target));
            for (index, one) in keys.iter().enumerate() {
                assert!(one.is_some() && !keys[..index].contains(one), "{index}");
            }
            assert_eq!(keys[0].as_ref().unwrap().url().target(), "/a?x&y");
        }
    }

    #[test]
    fn the_place_in_a_table_comes_from_the_seeded_hash() {
        let of = |seed, target| key(&KeyRules::with_seed(seed), "h", target).unwrap();
        let one = of(1, "/a");
        assert_eq!(ByKey.hash_one(&one), one.hash());
        assert_eq!(ByKey.hash_one(KeyRef::from(&one)), one.hash());
        for other in [of(1, "/b"), of(2, "/a")] {
            assert_ne!(ByKey.hash_one(&other), ByKey.hash_one(&one));
        }
    }
}
