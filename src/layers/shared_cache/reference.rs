//! [`Reference`]: the URL in a field of a response, which may be relative.

use http::HeaderValue;
use http::uri::PathAndQuery;

/// The URL that a field such as `Location` refers to
/// ([RFC 9110 section 10.2.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.2)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// `None` if it is the host of the request.
    pub(super) authority: Option<&'a str>,
    pub(super) target: PathAndQuery,
}

impl<'a> Reference<'a> {
    /// Resolves a reference against the path and query of the request (RFC 3986 section 5.2). Returns `None` if it is
    /// empty, is not a valid URL, or has another scheme than `http` and `https`.
    pub(super) fn resolve(line: &'a HeaderValue, base: &PathAndQuery) -> Option<Self> {
        let text = std::str::from_utf8(line.as_bytes()).ok()?;
        let text = text.split('#').next().filter(|text| !text.is_empty())?;
        let text = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => {
                let is_http = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
                (is_http && rest.starts_with("//")).then_some(rest)?
            }
            _ => text,
        };
        let (authority, rest) = match text.strip_prefix("//") {
            Some(rest) => {
                let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (Some(authority), rest)
            }
            None => (None, text),
        };
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let path = match (path, authority) {
            ("", Some(_)) => "/".to_owned(),
            ("", None) => base.path().to_owned(),
            (path, _) if path.starts_with('/') => without_dot_segments(path),
            (path, _) => {
                let directory = base.path().rfind('/').map_or("/", |slash| &base.path()[..=slash]);
                without_dot_segments(&format!("{directory}{path}"))
            }
        };
        let target = PathAndQuery::try_from(path + query).ok()?;
        Some(Self { authority, target })
    }
}

fn is_scheme(text: &str) -> bool {
    let is_more = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_more)
}

/// Removes the segments `.` and `..` of an absolute path, as clients do.
fn without_dot_segments(path: &str) -> String {
    let is_any = |segment: &str, spellings: &[&str]| spellings.iter().any(|one| segment.eq_ignore_ascii_case(one));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_parent = is_any(segment, &["..", ".%2e", "%2e.", "%2e%2e"]);
        if is_parent {
            kept.pop();
        }
        if !is_parent && !is_any(segment, &[".", "%2e"]) {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    kept.iter().flat_map(|segment| ["/", segment]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_clients_resolve_them() {
        let table: &[(&str, Option<(Option<&str>, &str)>)] = &[
            ("/new", Some((None, "/new"))),
            ("new", Some((None, "/a/new"))),
            ("./new", Some((None, "/a/new"))),
            ("../new", Some((None, "/new"))),
            ("../../../new", Some((None, "/new"))),
            (".", Some((None, "/a/"))),
            ("..", Some((None, "/"))),
            ("new/.", Some((None, "/a/new/"))),
            ("/x/%2E%2e/new", Some((None, "/new"))),
            ("/x//new", Some((None, "/x//new"))),
            ("new:1", None),
            ("./new:1", Some((None, "/a/new:1"))),
            ("1:2", Some((None, "/a/1:2"))),
            ("?page=1", Some((None, "/a/b?page=1"))),
            ("new?x=../y", Some((None, "/a/new?x=../y"))),
            ("/new#part", Some((None, "/new"))),
            ("#part", None),
            ("", None),
            ("//h/new", Some((Some("h"), "/new"))),
            ("//h", Some((Some("h"), "/"))),
            ("http://h/new", Some((Some("h"), "/new"))),
            ("HTTPS://h:443?x=1", Some((Some("h:443"), "/?x=1"))),
            ("http://h/x/../new", Some((Some("h"), "/new"))),
            ("http:new", None),
            ("mailto:a@h", None),
            ("ftp://h/new", None),
            ("/new page", None),
        ];
        let base = PathAndQuery::from_static("/a/b?q=1");
        for (text, expected) in table {
            let line = HeaderValue::from_static(text);
            let resolved = Reference::resolve(&line, &base);
            let expected =
                expected.map(|(authority, target)| Reference { authority, target: PathAndQuery::from_static(target) });
            assert_eq!(resolved, expected, "{text}");
        }
        let line = HeaderValue::from_static("new");
        let of_base = |base| Reference::resolve(&line, &PathAndQuery::from_static(base)).unwrap().target;
        assert_eq!([of_base("/"), of_base("/a"), of_base("*")], ["/new", "/new", "/new"]);
        assert_eq!(Reference::resolve(&HeaderValue::from_bytes(b"/\xe9").unwrap(), &base), None, "not UTF-8");
    }
}
