//! Resolves references to names of assets, and writes versioned references.

use std::borrow::Cow;

use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::assets::FingerprintLocation;
use crate::assets::path::{encode, query_fingerprint, with_fingerprint};

/// The target of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A target outside the assets.
    Elsewhere,
    /// A path below the directory of the assets.
    Asset(String),
    /// A path outside the directory, or without a file.
    Nothing,
}

impl Target {
    /// Resolves `reference` in the stylesheet `from`, where assets are below `prefix`.
    pub(super) fn of(reference: &str, from: &str, prefix: &str) -> Self {
        let (path, _) = split_path(reference);
        // Asset names do not contain `#`: `%23` begins a fragment that a tool encoded by mistake.
        if path.is_empty() || path.starts_with("//") || path.starts_with("%23") || has_scheme(path) {
            return Self::Elsewhere;
        }
        let (base, path) = match path.strip_prefix('/') {
            None => (from.rsplit_once('/').map_or("", |(directory, _)| directory), path),
            Some(_) => match path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => ("", rest),
                None => return Self::Elsewhere,
            },
        };
        let mut parts: Vec<String> = base.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        for part in path.split('/') {
            let Ok(part) = percent_decode_str(part).decode_utf8() else { return Self::Nothing };
            match &*part {
                "" | "." => {}
                ".." => {
                    if parts.pop().is_none() {
                        return Self::Nothing;
                    }
                }
                // An encoded slash is not a separator.
                part if part.contains('/') => return Self::Nothing,
                part => parts.push(part.to_owned()),
            }
        }
        if parts.is_empty() { Self::Nothing } else { Self::Asset(parts.join("/")) }
    }
}

/// Returns a reference to the versioned URL of the asset `name`. The path is normalized, because
/// [`AssetsLayer`](crate::AssetsLayer) accepts only one spelling: without empty segments, dot segments in the middle,
/// unnecessary escapes, and fingerprints of other tools in `v`.
///
/// A relative reference stays relative, because a stylesheet and its versioned URL are in one directory.
pub(super) fn versioned(
    reference: &str,
    from: &str,
    prefix: &str,
    name: &str,
    fingerprint: &str,
    place: FingerprintLocation,
) -> String {
    let (path, rest) = split_path(reference);
    let (query, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let name = encode(name);
    let name = match place {
        FingerprintLocation::Path => with_fingerprint(&name, fingerprint),
        FingerprintLocation::Query => name.into_owned(),
    };
    let mut url =
        if path.starts_with('/') { format!("{prefix}/{name}") } else { relative_to(&encode(from), &name).into_owned() };
    // The empty query of `?#iefix` is part of a well-known workaround.
    let query = query.strip_prefix('?').map(|query| {
        let is_kept = |parameter: &&str| match place {
            FingerprintLocation::Path => query_fingerprint(parameter).is_none(),
            FingerprintLocation::Query => *parameter != "v" && !parameter.starts_with("v="),
        };
        query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
    });
    match (place, query) {
        (FingerprintLocation::Path, None) => {}
        (FingerprintLocation::Path, Some(query)) => push(&mut url, &["?", &query]),
        (FingerprintLocation::Query, Some(query)) if !query.is_empty() => {
            push(&mut url, &["?", &query, "&v=", fingerprint]);
        }
        (FingerprintLocation::Query, _) => push(&mut url, &["?v=", fingerprint]),
    }
    url.push_str(fragment);
    // The reference is ASCII, so that every encoding can represent it.
    utf8_percent_encode(&url, CONTROLS).to_string()
}

fn push(url: &mut String, pieces: &[&str]) {
    pieces.iter().for_each(|piece| url.push_str(piece));
}

/// Returns the relative reference from one path to another. Both are below the same root.
fn relative_to<'a>(from: &str, to: &'a str) -> Cow<'a, str> {
    let directories = |path: &str| path.matches('/').count();
    let mut common = 0;
    for ((at, one), other) in from.bytes().enumerate().zip(to.bytes()) {
        if one != other {
            break;
        }
        if one == b'/' {
            common = at + 1;
        }
    }
    match directories(&from[common..]) {
        0 => to[common..].into(),
        up => format!("{}{}", "../".repeat(up), &to[common..]).into(),
    }
}

/// Splits a reference into the path and the rest, which is the query and the fragment.
fn split_path(reference: &str) -> (&str, &str) {
    let reference = reference.trim();
    reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()))
}

fn has_scheme(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_resolves_as_in_a_browser() {
        let asset = |name: &str| Target::Asset(name.to_owned());
        for (reference, target) in [
            ("a.png", asset("css/a.png")),
            ("./a.png", asset("css/a.png")),
            ("../img/a.png", asset("img/a.png")),
            ("../img//a%20b.png?x#y", asset("img/a b.png")),
            ("/static/a.png", asset("a.png")),
            ("/other/a.png", Target::Elsewhere),
            ("/staticity/a.png", Target::Elsewhere),
            ("//cdn.example/a.png", Target::Elsewhere),
            ("https://cdn.example/a.png", Target::Elsewhere),
            ("data:image/png;base64,AAAA", Target::Elsewhere),
            ("#gradient", Target::Elsewhere),
            ("%23gradient", Target::Elsewhere),
            ("?x", Target::Elsewhere),
            ("", Target::Elsewhere),
            ("../../a.png", Target::Nothing),
            ("..", Target::Nothing),
            ("%ff.png", Target::Nothing),
            ("img%2Fa.png", Target::Nothing),
        ] {
            assert_eq!(Target::of(reference, "css/style.css", "/static"), target, "{reference}");
        }
    }

    #[test]
    fn query_and_fragment_of_a_reference_are_preserved() {
        const OTHER: &str = "0123456789abcdef0123456789abcdef";
        for (reference, path, query) in [
            ("../img/a.png", "../img/a.F.png", "../img/a.png?v=F"),
            ("/static/img/a.png", "/static/img/a.F.png", "/static/img/a.png?v=F"),
            ("../img/a.png?#iefix", "../img/a.F.png?#iefix", "../img/a.png?v=F#iefix"),
            ("../img/a.png?x=1#y", "../img/a.F.png?x=1#y", "../img/a.png?x=1&v=F#y"),
            ("../img/a.png?v=4.7.0", "../img/a.F.png?v=4.7.0", "../img/a.png?v=F"),
            ("../img/a.png?v&x=1&v=2", "../img/a.F.png?v&x=1&v=2", "../img/a.png?x=1&v=F"),
            (&format!("../img/a.png?v={OTHER}#y"), "../img/a.F.png?#y", "../img/a.png?v=F#y"),
            ("./..//img/./%61.png", "../img/a.F.png", "../img/a.png?v=F"),
            ("/static//img/x/../a.png", "/static/img/a.F.png", "/static/img/a.png?v=F"),
        ] {
            let written = |place| versioned(reference, "css/style.css", "/static", "img/a.png", "F", place);
            assert_eq!(written(FingerprintLocation::Path), path);
            assert_eq!(written(FingerprintLocation::Query), query);
        }
    }

    #[test]
    fn a_relative_reference_leads_from_one_directory_to_the_other() {
        for (from, to, reference) in [
            ("a.css", "b.png", "b.png"),
            ("css/a.css", "css/b.png", "b.png"),
            ("css/a.css", "css/img/b.png", "img/b.png"),
            ("css/a.css", "b.png", "../b.png"),
            ("css/a.css", "cs/b.png", "../cs/b.png"),
            ("a/b/c/d.css", "a/x/d.png", "../../x/d.png"),
            ("a.css", "a.css", "a.css"),
        ] {
            assert_eq!(relative_to(from, to), reference, "{from} to {to}");
        }
    }
}
