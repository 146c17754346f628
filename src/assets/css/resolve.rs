//! From a reference to the name of an asset, and back to a reference with a version.

use percent_encoding::percent_decode_str;

use crate::assets::FingerprintPlace;
use crate::assets::path::{encode, with_fingerprint};

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing of ours.
    Elsewhere,
    /// A path below the directory of the assets.
    Asset(String),
    /// A path out of it, or one that no file has.
    Nothing,
}

impl Target {
    /// What `reference` in the stylesheet `from` leads to, where assets are below `prefix`.
    pub(super) fn of(reference: &str, from: &str, prefix: &str) -> Self {
        let (path, _) = split_path(reference);
        if path.is_empty() || path.starts_with("//") || has_scheme(path) {
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
                part => parts.push(part.to_owned()),
            }
        }
        if parts.is_empty() { Self::Nothing } else { Self::Asset(parts.join("/")) }
    }
}

/// The reference with the version of the asset that it leads to. What is relative stays so,
/// because a stylesheet and its versioned URL lie in one directory.
pub(super) fn versioned(reference: &str, name: &str, fingerprint: &str, place: FingerprintPlace) -> String {
    let (path, rest) = split_path(reference);
    match place {
        FingerprintPlace::Path => {
            let directory = path.rfind('/').map_or("", |slash| &path[..=slash]);
            let file = encode(name.rsplit_once('/').map_or(name, |(_, file)| file));
            format!("{directory}{}{rest}", with_fingerprint(&file, fingerprint))
        }
        FingerprintPlace::Query => {
            let (query, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
            let before = match query {
                "" | "?" => "?".to_owned(),
                query => format!("{query}&"),
            };
            format!("{path}{before}v={fingerprint}{fragment}")
        }
    }
}

/// Before query and fragment, and these.
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
    fn a_reference_leads_where_a_browser_would_go() {
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
            ("?x", Target::Elsewhere),
            ("", Target::Elsewhere),
            ("../../a.png", Target::Nothing),
            ("..", Target::Nothing),
            ("%ff.png", Target::Nothing),
        ] {
            assert_eq!(Target::of(reference, "css/style.css", "/static"), target, "{reference}");
        }
    }

    #[test]
    fn what_stands_around_the_name_stays() {
        for (reference, path, query) in [
            ("../img/a.png", "../img/a.F.png", "../img/a.png?v=F"),
            ("/static/img/a.png", "/static/img/a.F.png", "/static/img/a.png?v=F"),
            ("a.png?#iefix", "a.F.png?#iefix", "a.png?v=F#iefix"),
            ("a.png?x=1#y", "a.F.png?x=1#y", "a.png?x=1&v=F#y"),
            ("%61.png", "a.F.png", "%61.png?v=F"),
        ] {
            assert_eq!(versioned(reference, "img/a.png", "F", FingerprintPlace::Path), path);
            assert_eq!(versioned(reference, "img/a.png", "F", FingerprintPlace::Query), query);
        }
    }
}
