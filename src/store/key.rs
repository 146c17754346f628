//! [`PrimaryKey`]: the name under which the responses to one URL are stored, and the rules that make it.

use std::hash::{Hash, Hasher};

use http::uri::PathAndQuery;
use twox_hash::XxHash3_64;

use crate::protocol::has_dot_segment;

/// The maximum length of a key in bytes. A request with a longer URL is passed through.
const MAX_LENGTH: usize = 8 << 10;

/// The name under which the responses to one URL are stored.
///
/// It contains each part with its length in front, so that no two requests share a key by accident. Lookups compare the
/// complete key. The hash only selects the place.
// K-07
#[derive(Clone, Debug)]
pub(crate) struct PrimaryKey {
    hash: u64,
    bytes: Box<[u8]>,
}

/// The parts of a request that a key consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyParts<'a> {
    /// Separates the layers of one cache, whose inner services may differ.
    pub(crate) space: u32,
    /// The scheme, if the request names it.
    pub(crate) scheme: &'a str,
    /// The host and port, as sent. Empty if the request has none.
    pub(crate) host: &'a str,
    /// The path and query that the client sent.
    pub(crate) target: &'a PathAndQuery,
    /// The path and query that the inner service gets, if they differ. Middleware may have chosen them by other fields
    /// of the request.
    pub(crate) inner: Option<&'a PathAndQuery>,
}

/// The rules by which keys are made from requests.
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
    /// All parameters but these. A `*` at the end of a name stands for any text.
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

    /// Makes the key of a request. Returns `None` if its responses must not be stored under any key: the host is not
    /// allowed or contains user information, the key would be too long, or programs may resolve the path differently.
    pub(crate) fn key(&self, parts: KeyParts<'_>) -> Option<PrimaryKey> {
        let path = parts.target.path();
        let is_ambiguous = has_dot_segment(path) || has_encoded_separator(path);
        let inner = parts.inner.map_or("", |inner| inner.as_str());
        let length = parts.host.len() + parts.scheme.len() + parts.target.as_str().len() + inner.len();
        if is_ambiguous || length > MAX_LENGTH || parts.host.contains(['@', '/', '?', '#', '\\']) {
            return None;
        }
        if let Some(hosts) = &self.hosts
            && !hosts.iter().any(|host| host.eq_ignore_ascii_case(parts.host))
        {
            return None;
        }
        let mut bytes = Vec::with_capacity(length + 16);
        bytes.extend_from_slice(&parts.space.to_be_bytes());
        push_part(&mut bytes, |bytes| bytes.extend_from_slice(parts.scheme.as_bytes()));
        push_part(&mut bytes, |bytes| bytes.extend(parts.host.bytes().map(|byte| byte.to_ascii_lowercase())));
        push_part(&mut bytes, |bytes| self.push_target(bytes, parts.target));
        bytes.extend_from_slice(inner.as_bytes());
        let hash = XxHash3_64::oneshot_with_seed(self.seed, &bytes);
        Some(PrimaryKey { hash, bytes: bytes.into_boxed_slice() })
    }

    /// Returns the name of a URL for purges, in the form of [`PrimaryKey::url`].
    pub(crate) fn url(&self, host: &str, target: &PathAndQuery) -> UrlName {
        let mut written = Vec::with_capacity(target.as_str().len());
        self.push_target(&mut written, target);
        UrlName::new(host.as_bytes(), &written)
    }

    /// Appends the path, and the query as far as the rules keep it.
    fn push_target(&self, bytes: &mut Vec<u8>, target: &PathAndQuery) {
        bytes.extend_from_slice(target.path().as_bytes());
        let Some(query) = target.query() else { return };
        bytes.push(b'?');
        // Some handlers separate parameters at `;`, and would find one in the value of a parameter that is left out.
        if query.contains(';') || (matches!(self.query, QueryRule::All) && !self.sorted) {
            return bytes.extend_from_slice(query.as_bytes());
        }
        let mut kept: Vec<&str> = query.split('&').filter(|pair| self.keeps(name_of(pair))).collect();
        if self.sorted && !kept.iter().any(|pair| is_spelled_in_several_ways(name_of(pair))) {
            kept.sort_by_key(|pair| name_of(pair));
        }
        if kept.is_empty() {
            bytes.pop();
        }
        for (index, pair) in kept.iter().enumerate() {
            if index > 0 {
                bytes.push(b'&');
            }
            bytes.extend_from_slice(pair.as_bytes());
        }
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

    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The complete key, which is the same in all processes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the name of the URL for purges: without the scheme and without a default port, which clients may leave
    /// out.
    pub(crate) fn url(&self) -> UrlName {
        let rest = &self.bytes[4..];
        let (_scheme, rest) = split_part(rest);
        let (host, rest) = split_part(rest);
        let (target, _) = split_part(rest);
        UrlName::new(host, target)
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
        state.write_u64(self.hash);
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
        let host = host.strip_suffix(b":80").or_else(|| host.strip_suffix(b":443")).unwrap_or(host);
        Self { host: host.to_ascii_lowercase().into(), target: target.into() }
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

fn push_part(bytes: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>)) {
    let at = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    push(bytes);
    let length = u32::try_from(bytes.len() - at - 4).unwrap_or(u32::MAX);
    bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

fn split_part(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return (&[], &[]) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    rest.split_at(length.min(rest.len()))
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
        KeyParts { space: 0, scheme: "", host, target, inner: None }
    }

    fn key(rules: &KeyRules, host: &str, target: &str) -> Option<PrimaryKey> {
        rules.key(parts(host, &target.parse().unwrap()))
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
        let one = rules.key(KeyParts { space: 0, scheme: "http", host: "s", target: &target, inner: None });
        let other = rules.key(KeyParts { space: 0, scheme: "https", host: "", target: &target, inner: None });
        assert_ne!(one, other);
        let elsewhere = rules.key(KeyParts { space: 1, scheme: "http", host: "s", target: &target, inner: None });
        assert_ne!(one, elsewhere);
        let rewritten =
            rules.key(KeyParts { space: 0, scheme: "http", host: "s", target: &target, inner: Some(&target) });
        assert_ne!(one, rewritten);
    }

    #[test]
    fn requests_that_programs_may_read_differently_have_no_key() {
        let rules = KeyRules::default();
        for target in ["/a/../b", "/%2e%2e/b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a/./b"] {
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
    fn a_deny_list_of_parameters_ignores_these() {
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
        assert_ne!(key(&rules, "example.com:8443", "/a?b=1").unwrap().url(), purged);
        assert_ne!(key(&rules, "example.com", "/a").unwrap().url(), purged);
        assert_eq!(key(&rules, "", "/a?b=1").unwrap().url(), purged.without_host());
    }

    proptest! {
        #[test]
        fn keys_are_equal_exactly_if_their_parts_are(
            (one, other) in (("[a-c:]{0,3}", "/[a-c?&=]{0,4}"), ("[a-c:]{0,3}", "/[a-c?&=]{0,4}"))
        ) {
            let rules = KeyRules::with_seed(7);
            let made = |(host, target): &(String, String)| key(&rules, host, target);
            prop_assert_eq!(made(&one) == made(&other), one == other);
        }
    }
}
