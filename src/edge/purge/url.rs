//! Validates the URL of a purge, and converts it to the form in which caches store it. Rejects URLs that two programs
//! might read differently.

use std::fmt;

use http::Uri;

use crate::protocol::has_dot_segment;

/// An error for a URL that cannot be purged.
///
/// `Display` and `Debug` hide user information and the query, because both may contain credentials. The text has a
/// limited length.
///
/// ```
/// use tower_cache_policy::edge::purge::Purge;
///
/// for (url, message) in [
///     ("/feed", "the URL \"/feed\" is not absolute: start it with http:// or https:// and a host"),
///     (
///         "https://user:secret@example.com/",
///         "the URL \"https://***@example.com/\" has user information or an invalid port: write only a host and a port \
///          before the path",
///     ),
///     (
///         "https://example.com/a/../b?token=secret",
///         "the URL \"https://example.com/a/../b?***\" has a segment '.' or '..': write the path without it",
///     ),
/// ] {
///     assert_eq!(Purge::url(url).unwrap_err().to_string(), message);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPurgeUrl {
    shown: String,
    reason: &'static str,
}

impl InvalidPurgeUrl {
    fn new(url: &str, reason: &'static str) -> Self {
        Self { shown: shown(url), reason }
    }

    /// Returns the start of the URL. User information, the query and an invalid host are replaced by `***`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shown
    }

    /// Returns the problem and the remedy, as the rest of a sentence that begins with "the URL".
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for InvalidPurgeUrl {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URL {:?} {}", self.shown, self.reason)
    }
}

impl std::error::Error for InvalidPurgeUrl {}

/// Returns the URL with its host in lower case, without the default port of its scheme, and with a path. Clients send
/// it in this form, and caches compare it byte by byte.
pub(super) fn canonical(text: &str) -> Result<Uri, InvalidPurgeUrl> {
    const TOO_LONG: &str = "is too long for a request: purge by tag instead";

    let url = Uri::try_from(text)
        .map_err(|_| InvalidPurgeUrl::new(text, "is not valid: write an absolute URL, percent-encoded"))?;
    let parts = Parts::of(&url).map_err(|reason| InvalidPurgeUrl::new(text, reason))?;
    let host = parts.host.to_ascii_lowercase();
    let port = parts.port.map(|port| format!(":{port}")).unwrap_or_default();
    let slash = if parts.path_and_query.starts_with('/') { "" } else { "/" };
    let written = format!("{}://{host}{port}{slash}{}", parts.scheme, parts.path_and_query);
    Uri::try_from(written).map_err(|_| InvalidPurgeUrl::new(text, TOO_LONG))
}

struct Parts<'a> {
    scheme: &'static str,
    host: &'a str,
    /// `None` if it is the default of the scheme.
    port: Option<u16>,
    path_and_query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a Uri) -> Result<Self, &'static str> {
        let (scheme, default_port) = match url.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            _ => return Err("is not absolute: start it with http:// or https:// and a host"),
        };
        let Some(authority) = url.authority() else {
            return Err("is not absolute: start it with http:// or https:// and a host");
        };
        let Some((host, port)) = host_and_port(authority.as_str()) else {
            return Err("has user information or an invalid port: write only a host and a port before the path");
        };
        if !is_host(host) {
            return Err("has an invalid host: write a name or an address");
        }
        let query = url.query().unwrap_or_default();
        if !url.path().bytes().all(is_path_byte)
            || !query.bytes().all(|c| is_path_byte(c) || matches!(c, b'?' | b'[' | b']'))
        {
            return Err("contains a character that must be percent-encoded");
        }
        // Browsers send `%27`. An HTTP client that implements the URL standard would do the same with a purge, which
        // would then name a different URL.
        if query.contains('\'') {
            return Err("has a \"'\" in its query, which browsers send as %27: write %27");
        }
        // HTTP clients resolve these segments, and some clients do so even if the segments are percent-encoded. The
        // request would then reach another resource of the vendor's API.
        if has_dot_segment(url.path()) {
            return Err("has a segment '.' or '..': write the path without it");
        }
        let port = port.filter(|port| *port != default_port);
        let path_and_query = url.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { scheme, host, port, path_and_query })
    }
}

/// Splits a host and a port. Returns `None` if the text contains anything else, such as user information.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end_of_address = authority.find(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[end_of_address..].find(':') {
        Some(at) => (&authority[..end_of_address + at], Some(&authority[end_of_address + at + 1..])),
        None => (authority, None),
    };
    let Some(port) = port else { return (!host.contains('@')).then_some((host, None)) };
    let is_port = (1..=5).contains(&port.len()) && port.bytes().all(|c| c.is_ascii_digit());
    (is_port && !host.contains('@')).then(|| port.parse().ok()).flatten().map(|port| (host, Some(port)))
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(address) => address
            .strip_suffix(']')
            .is_some_and(|address| address.bytes().all(|c| c.is_ascii_hexdigit() || matches!(c, b':' | b'.'))),
        None => {
            let name = host.strip_suffix('.').unwrap_or(host);
            name.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
            })
        }
    }
}

/// Returns whether the byte is a `pchar` of RFC 3986 section 3.3, or a slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&byte)
}

/// Returns the part of an invalid URL that is safe to show. A password may contain any character, so everything up to
/// the last `@` is hidden. A host is shown only if it is valid. A string without a scheme may be a credential that the
/// caller passed by mistake.
fn shown(text: &str) -> String {
    const HIDDEN: &str = "***";
    const MAX_CHARS: usize = 128;

    let (scheme, rest) = match text.find("://") {
        Some(end) if text[..end].bytes().all(|c| c.is_ascii_alphabetic()) => text.split_at(end + "://".len()),
        _ => ("", text),
    };
    let (user, rest) = match rest.rfind('@') {
        Some(at) => ("***@", &rest[at + 1..]),
        None => ("", rest),
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
    let (path, query) = tail.split_at(tail.find(['?', '#']).unwrap_or(tail.len()));
    let authority = match host_and_port(authority) {
        _ if authority.is_empty() => "",
        Some((host, port)) if is_host(host) && (port.is_some() || !scheme.is_empty() || !user.is_empty()) => authority,
        _ => HIDDEN,
    };
    let query = match query.chars().next() {
        Some('?') => "?***",
        Some(_) => "#***",
        None => "",
    };
    // Without a scheme, the string does not start with a host, and the rest is not a path.
    let path = if scheme.is_empty() && authority == HIDDEN { "" } else { path };
    let length = path.char_indices().nth(MAX_CHARS).map_or(path.len(), |(at, _)| at);
    let dots = if length < path.len() { "..." } else { "" };
    let authority = authority.get(..MAX_CHARS).unwrap_or(authority);
    let scheme = scheme.get(..MAX_CHARS).unwrap_or(scheme);
    format!("{scheme}{user}{authority}{}{dots}{query}", &path[..length])
}
