//! The order in which stylesheets are rewritten, and the rewriting.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::reference::{Form, Reference, references};
use super::resolve::{Target, versioned};
use crate::assets::digest::ContentDigest;
use crate::assets::path::check_name;
use crate::assets::settings::UrlSettings;
use crate::assets::stored::CODED_EXTENSIONS;
use crate::assets::{AssetError, AssetErrorKind, FingerprintPlace};
use crate::policy::nearest;

/// What is known of a file before stylesheets are rewritten.
pub(super) enum Source {
    /// A stylesheet, whose fingerprint is not known yet.
    Stylesheet(String),
    /// Anything else, with its fingerprint.
    Other(String),
}

/// Names and contents with every reference in a stylesheet rewritten, for those who embed
/// their assets. The result is for
/// [`AssetManifest::from_contents`](crate::assets::AssetManifest::from_contents), with the same prefix and place.
///
/// # Errors
///
/// When a reference leads to no asset, when references go in a circle, and when a name or the
/// prefix is invalid.
pub fn rewrite_contents<N, C>(
    contents: impl IntoIterator<Item = (N, C)>,
    prefix: &str,
    place: FingerprintPlace,
) -> Result<Vec<(String, Vec<u8>)>, AssetError>
where
    N: Into<String>,
    C: Into<Vec<u8>>,
{
    UrlSettings::default().set_prefix(prefix)?;
    let mut contents: Vec<(String, Vec<u8>)> =
        contents.into_iter().map(|(name, content)| (name.into(), content.into())).collect();
    let mut sources = BTreeMap::new();
    for (name, content) in &contents {
        let source = if is_stylesheet(name) {
            Source::Stylesheet(text(name, content.clone())?)
        } else {
            Source::Other(ContentDigest::of(content).fingerprint())
        };
        if sources.insert(name.clone(), source).is_some() {
            return Err(AssetError::new(name, AssetErrorKind::DuplicateName));
        }
    }
    let mut rewritten = rewrite(&sources, prefix, place)?;
    let outdated = outdated(&rewritten);
    contents.retain(|(name, _)| !outdated.contains(name));
    for (name, content) in &mut contents {
        if let Some(text) = rewritten.remove(name.as_str()) {
            *content = text.into_bytes();
        }
    }
    Ok(contents)
}

pub(super) fn is_stylesheet(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("css"))
}

pub(super) fn text(name: &str, content: Vec<u8>) -> Result<String, AssetError> {
    String::from_utf8(content).map_err(|error| {
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        AssetError::new(name, AssetErrorKind::Unread(error))
    })
}

/// The files that hold a stylesheet that was rewritten in a content coding, as it was before.
pub(super) fn outdated(rewritten: &HashMap<String, String>) -> HashSet<String> {
    rewritten.keys().flat_map(|name| CODED_EXTENSIONS.map(|extension| format!("{name}{extension}"))).collect()
}

/// The new texts of the stylesheets that have a reference to rewrite.
pub(super) fn rewrite(
    sources: &BTreeMap<String, Source>,
    prefix: &str,
    place: FingerprintPlace,
) -> Result<HashMap<String, String>, AssetError> {
    let mut sheets = HashMap::new();
    for (name, source) in sources {
        check_name(name)?;
        if let Source::Stylesheet(text) = source {
            sheets.insert(name.as_str(), Sheet::read(name, text, sources, prefix)?);
        }
    }
    let mut done = Done { fingerprints: HashMap::new(), texts: HashMap::new() };
    for (name, source) in sources {
        if let Source::Other(fingerprint) = source {
            done.fingerprints.insert(name, fingerprint.clone());
        }
    }
    for name in sources.keys() {
        if sheets.contains_key(name.as_str()) {
            visit(name, &sheets, &mut done, place)?;
        }
    }
    Ok(done.texts)
}

struct Sheet<'a> {
    name: &'a str,
    prefix: &'a str,
    text: &'a str,
    links: Vec<Link>,
}

/// A reference that leads to an asset.
struct Link {
    reference: Reference,
    name: String,
}

struct Done<'a> {
    fingerprints: HashMap<&'a str, String>,
    texts: HashMap<String, String>,
}

impl<'a> Sheet<'a> {
    fn read(
        name: &'a str,
        text: &'a str,
        sources: &BTreeMap<String, Source>,
        prefix: &'a str,
    ) -> Result<Self, AssetError> {
        let found = references(text).map_err(|_| {
            let message = "blocks lie in each other more than 75 deep; flatten them".to_owned();
            AssetError::new(name, AssetErrorKind::InvalidManifest { message })
        })?;
        let mut links = Vec::new();
        for reference in found {
            let wanted = match Target::of(&reference.target, name, prefix) {
                Target::Elsewhere => continue,
                Target::Asset(wanted) if sources.contains_key(&wanted) => {
                    links.push(Link { reference, name: wanted });
                    continue;
                }
                Target::Asset(wanted) => Some(wanted),
                Target::Nothing => None,
            };
            // Only developer tools ask for it, and it is often not shipped.
            if reference.form == Form::SourceMap {
                continue;
            }
            let nearest =
                wanted.and_then(|wanted| nearest(&wanted, sources.keys().map(String::as_str)).map(str::to_owned));
            let Reference { target: reference, line, column, .. } = reference;
            return Err(AssetError::new(name, AssetErrorKind::MissingReference { line, column, reference, nearest }));
        }
        Ok(Self { name, prefix, text, links })
    }

    fn rewritten(&self, done: &Done<'_>, place: FingerprintPlace) -> String {
        let mut text = String::with_capacity(self.text.len() + 40 * self.links.len());
        let mut copied = 0;
        for Link { reference, name } in &self.links {
            let fingerprint = done.fingerprints.get(name.as_str()).map_or("", String::as_str);
            let target = versioned(&reference.target, self.name, self.prefix, name, fingerprint, place);
            text.push_str(&self.text[copied..reference.span.start]);
            match reference.form {
                Form::Url => text.push_str(&format!("url({})", quoted(&target))),
                Form::Quoted => text.push_str(&quoted(&target)),
                Form::SourceMap => text.push_str(&target),
            }
            copied = reference.span.end;
        }
        text.push_str(&self.text[copied..]);
        text
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    cssparser::serialize_string(text, &mut quoted).expect("a String takes every text");
    quoted
}

/// Rewrites a stylesheet after those that it refers to. With a stack of its own: the chain is as
/// long as there are files.
fn visit<'a>(
    name: &'a str,
    sheets: &HashMap<&'a str, Sheet<'a>>,
    done: &mut Done<'a>,
    place: FingerprintPlace,
) -> Result<(), AssetError> {
    let mut way: Vec<(&'a str, &Sheet<'a>, usize)> = Vec::new();
    let mut next = Some(name);
    loop {
        if let Some(name) = next.take()
            && !done.fingerprints.contains_key(name)
            && let Some((name, sheet)) = sheets.get_key_value(name)
        {
            way.push((name, sheet, 0));
        }
        let Some((name, sheet, at)) = way.last_mut() else { return Ok(()) };
        let (name, sheet) = (*name, *sheet);
        match sheet.links.get(*at) {
            Some(link) => {
                *at += 1;
                if let Some(first) = way.iter().position(|(above, ..)| *above == link.name) {
                    let mut names: Vec<String> = way[first..].iter().map(|(name, ..)| (*name).to_owned()).collect();
                    names.push(link.name.clone());
                    let line = link.reference.line;
                    return Err(AssetError::new(name, AssetErrorKind::CircularReference { line, names }));
                }
                next = sheets.get_key_value(link.name.as_str()).map(|(name, _)| *name);
            }
            None => {
                let text = sheet.rewritten(done, place);
                done.fingerprints.insert(name, ContentDigest::of(text.as_bytes()).fingerprint());
                if text != sheet.text {
                    done.texts.insert(name.to_owned(), text);
                }
                way.pop();
            }
        }
    }
}
