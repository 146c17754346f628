//! What may become part of the URL of a request: nothing from outside that could lead it to
//! another resource.

use http::Uri;

use super::error::PurgeError;
use crate::protocol::has_dot_segment;

/// The longest identifier.
const MAX_LENGTH: usize = 128;

/// A zone, a service, a project: one segment of a path, or the value of a query parameter.
pub(super) fn identifier(name: &'static str, value: impl Into<String>) -> Result<String, PurgeError> {
    let value = value.into();
    let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-' | b':');
    let is_one = (1..=MAX_LENGTH).contains(&value.len()) && value.bytes().all(is_letter) && !is_dots(&value);
    if is_one { Ok(value) } else { Err(PurgeError::InvalidId { name, value }) }
}

/// An absolute URL with nothing in it that a client or an API might read in two ways.
pub(super) fn url(text: String) -> Result<Uri, PurgeError> {
    let parsed = Uri::try_from(text.as_str()).map_err(|_| "is none: write an absolute URL, percent-encoded");
    match parsed.and_then(|url| wrong_in(&url).map_or(Ok(url), Err)) {
        Ok(url) => Ok(url),
        Err(reason) => Err(PurgeError::InvalidUrl { url: text, reason }),
    }
}

fn wrong_in(url: &Uri) -> Option<&'static str> {
    let (Some("http" | "https"), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Some("is not absolute: write http or https and a host");
    };
    let after_host = authority.as_str().strip_prefix(authority.host());
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|c| c.is_ascii_digit());
    if !after_host.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port)) {
        return Some("has more than a host and a port before its path: write these alone");
    }
    if !is_host(authority.host()) {
        return Some("has a host that is no name and no address");
    }
    let query = url.query().unwrap_or_default();
    if !url.path().bytes().all(is_path_octet)
        || !query.bytes().all(|c| is_path_octet(c) || matches!(c, b'?' | b'[' | b']'))
    {
        return Some("has something in it that is to be percent-encoded");
    }
    // Clients resolve these segments, some of them percent-encoded ones too, and the request
    // would reach another resource of the vendor's API.
    if has_dot_segment(url.path()) {
        return Some("has a segment that is '.' or '..': write the path that is stored");
    }
    None
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

/// RFC 3986 section 3.3: `pchar`, and the slash.
fn is_path_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&octet)
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}
