//! Rewrites stylesheets in the order of their dependencies.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::charset::Text;
use super::reference::{Form, Reference, references};
use super::resolve::{Target, versioned};
use crate::assets::digest::ContentDigest;
use crate::assets::path::check_name;
use crate::assets::settings::UrlSettings;
use crate::assets::stored::CODED_EXTENSIONS;
use crate::assets::{AssetError, AssetErrorKind, FingerprintLocation};
use crate::nearest::nearest;

/// A file before stylesheets are rewritten.
pub(super) enum Source {
    /// A stylesheet, whose fingerprint is not known yet.
    Stylesheet(Text),
    /// Any other file, with its fingerprint.
    Other(String),
}

/// Handles a problem. `Err` stops the rewriting.
pub(super) type OnProblem<'a> = dyn FnMut(AssetError) -> Result<(), AssetError> + 'a;

/// Rewrites the stylesheets among files in memory, for programs that embed their assets.
///
/// Returns the names and contents of all files. Pass them to
/// [`AssetManifest::from_contents`](crate::assets::AssetManifest::from_contents), with the same prefix and the same
/// location of the fingerprint. See the [module docs](super) for an example.
///
/// # Errors
///
/// Returns an error if a reference does not lead to an asset, if references form a cycle, or if a name or the prefix is
/// invalid.
pub fn rewrite_contents<N, C>(
    contents: impl IntoIterator<Item = (N, C)>,
    prefix: &str,
    place: FingerprintLocation,
) -> Result<Vec<(String, Vec<u8>)>, AssetError>
where
    N: Into<String>,
    C: Into<Vec<u8>>,
{
    rewrite_all(collect(contents), prefix, place, &mut Err)
}

/// Rewrites third-party stylesheets. Works like [`rewrite_contents`], but reports problems and continues.
///
/// The function calls `report` with each problem. A reference stays unchanged if it does not lead to an asset or closes
/// a cycle. A stylesheet stays unchanged if it cannot be parsed.
///
/// # Errors
///
/// Returns an error if a name or the prefix is invalid.
pub fn rewrite_contents_leniently<N, C>(
    contents: impl IntoIterator<Item = (N, C)>,
    prefix: &str,
    place: FingerprintLocation,
    mut report: impl FnMut(AssetError),
) -> Result<Vec<(String, Vec<u8>)>, AssetError>
where
    N: Into<String>,
    C: Into<Vec<u8>>,
{
    rewrite_all(collect(contents), prefix, place, &mut |fault| {
        report(fault);
        Ok(())
    })
}

fn collect<N: Into<String>, C: Into<Vec<u8>>>(contents: impl IntoIterator<Item = (N, C)>) -> Vec<(String, Vec<u8>)> {
    contents.into_iter().map(|(name, content)| (name.into(), content.into())).collect()
}

fn rewrite_all(
    mut contents: Vec<(String, Vec<u8>)>,
    prefix: &str,
    place: FingerprintLocation,
    on_problem: &mut OnProblem<'_>,
) -> Result<Vec<(String, Vec<u8>)>, AssetError> {
    UrlSettings::default().set_prefix(prefix)?;
    let mut sources = BTreeMap::new();
    for (name, content) in &contents {
        let source = match is_stylesheet(name) {
            true => stylesheet(name, content, on_problem)?,
            false => Source::Other(ContentDigest::of(content).fingerprint()),
        };
        if sources.insert(name.clone(), source).is_some() {
            return Err(AssetError::new(name, AssetErrorKind::DuplicateName));
        }
    }
    let mut rewritten = rewrite(&sources, prefix, place, on_problem)?;
    let outdated = outdated(&rewritten);
    contents.retain(|(name, _)| !outdated.contains(name));
    for (name, content) in &mut contents {
        if let Some(text) = rewritten.remove(name.as_str()) {
            *content = text;
        }
    }
    Ok(contents)
}

pub(super) fn is_stylesheet(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("css"))
}

/// Reads a stylesheet to rewrite. In lenient mode, a stylesheet in an unknown encoding is treated as another kind of
/// file.
pub(super) fn stylesheet(name: &str, content: &[u8], on_problem: &mut OnProblem<'_>) -> Result<Source, AssetError> {
    if let Some(text) = Text::decode(content) {
        return Ok(Source::Stylesheet(text));
    }
    let reason = "the stylesheet is not in UTF-8 or in the encoding of its `@charset`; convert it to UTF-8";
    let error = std::io::Error::new(std::io::ErrorKind::InvalidData, reason);
    on_problem(AssetError::new(name, AssetErrorKind::Read(error)))?;
    Ok(Source::Other(ContentDigest::of(content).fingerprint()))
}

/// Returns the names of compressed files that contain the original content of a rewritten stylesheet.
pub(super) fn outdated(rewritten: &HashMap<String, Vec<u8>>) -> HashSet<String> {
    rewritten.keys().flat_map(|name| CODED_EXTENSIONS.map(|extension| format!("{name}{extension}"))).collect()
}

/// Returns the new contents of the stylesheets that have a reference to rewrite.
pub(super) fn rewrite(
    sources: &BTreeMap<String, Source>,
    prefix: &str,
    place: FingerprintLocation,
    on_problem: &mut OnProblem<'_>,
) -> Result<HashMap<String, Vec<u8>>, AssetError> {
    let mut sheets = HashMap::new();
    for (name, source) in sources {
        check_name(name)?;
        if let Source::Stylesheet(text) = source {
            sheets.insert(name.as_str(), Stylesheet::read(name, text, sources, prefix, on_problem)?);
        }
    }
    let mut rewritten = Rewritten { fingerprints: HashMap::new(), texts: HashMap::new() };
    for (name, source) in sources {
        if let Source::Other(fingerprint) = source {
            rewritten.fingerprints.insert(name, fingerprint.clone());
        }
    }
    for name in sources.keys() {
        if sheets.contains_key(name.as_str()) {
            visit(name, &sheets, &mut rewritten, place, on_problem)?;
        }
    }
    Ok(rewritten.texts)
}

struct Stylesheet<'a> {
    name: &'a str,
    prefix: &'a str,
    text: &'a Text,
    links: Vec<Link>,
}

/// A reference that leads to an asset.
struct Link {
    reference: Reference,
    name: String,
}

struct Rewritten<'a> {
    fingerprints: HashMap<&'a str, String>,
    texts: HashMap<String, Vec<u8>>,
}

impl<'a> Stylesheet<'a> {
    fn read(
        name: &'a str,
        text: &'a Text,
        sources: &BTreeMap<String, Source>,
        prefix: &'a str,
        on_problem: &mut OnProblem<'_>,
    ) -> Result<Self, AssetError> {
        let found = references(&text.text).or_else(|_| {
            let message = "blocks are nested more than 75 levels deep; flatten them".to_owned();
            on_problem(AssetError::new(name, AssetErrorKind::InvalidManifest { message })).map(|()| Vec::new())
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
            // Only developer tools request a source map, and it is often missing.
            if reference.form == Form::SourceMap {
                continue;
            }
            let nearest =
                wanted.and_then(|wanted| nearest(&wanted, sources.keys().map(String::as_str)).map(str::to_owned));
            let Reference { target: reference, line, column, .. } = reference;
            on_problem(AssetError::new(name, AssetErrorKind::MissingReference { line, column, reference, nearest }))?;
        }
        Ok(Self { name, prefix, text, links })
    }

    fn rewrite(&self, rewritten: &Rewritten<'_>, place: FingerprintLocation) -> String {
        let original = self.text.text.as_str();
        let mut text = String::with_capacity(original.len() + 40 * self.links.len());
        let mut copied = 0;
        for Link { reference, name } in &self.links {
            // In lenient mode, one reference of a cycle does not get a version.
            let Some(fingerprint) = rewritten.fingerprints.get(name.as_str()) else { continue };
            let target = versioned(&reference.target, self.name, self.prefix, name, fingerprint, place);
            text.push_str(&original[copied..reference.span.start]);
            match reference.form {
                Form::Url => text.push_str(&format!("url({})", quoted(&target))),
                Form::Quoted => text.push_str(&quoted(&target)),
                Form::SourceMap => text.push_str(&target),
            }
            copied = reference.span.end;
        }
        text.push_str(&original[copied..]);
        text
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    cssparser::serialize_string(text, &mut quoted).expect("writing to a String cannot fail");
    quoted
}

/// Rewrites a stylesheet after those that it refers to. The function does not recurse, because a chain of references
/// can be as long as the number of files.
fn visit<'a>(
    name: &'a str,
    sheets: &HashMap<&'a str, Stylesheet<'a>>,
    rewritten: &mut Rewritten<'a>,
    place: FingerprintLocation,
    on_problem: &mut OnProblem<'_>,
) -> Result<(), AssetError> {
    let mut path: Vec<(&'a str, &Stylesheet<'a>, usize)> = Vec::new();
    let mut next = Some(name);
    loop {
        if let Some(name) = next.take()
            && !rewritten.fingerprints.contains_key(name)
            && let Some((name, sheet)) = sheets.get_key_value(name)
        {
            path.push((name, sheet, 0));
        }
        let Some((name, sheet, at)) = path.last_mut() else { return Ok(()) };
        let (name, sheet) = (*name, *sheet);
        match sheet.links.get(*at) {
            Some(link) => {
                *at += 1;
                if let Some(first) = path.iter().position(|(above, ..)| *above == link.name) {
                    let mut names: Vec<String> = path[first..].iter().map(|(name, ..)| (*name).to_owned()).collect();
                    names.push(link.name.clone());
                    let line = link.reference.line;
                    on_problem(AssetError::new(name, AssetErrorKind::CircularReference { line, names }))?;
                    continue;
                }
                next = sheets.get_key_value(link.name.as_str()).map(|(name, _)| *name);
            }
            None => {
                let text = sheet.rewrite(rewritten, place);
                let is_rewritten = text != sheet.text.text;
                let content = sheet.text.encode(text);
                rewritten.fingerprints.insert(name, ContentDigest::of(&content).fingerprint());
                if is_rewritten {
                    rewritten.texts.insert(name.to_owned(), content);
                }
                path.pop();
            }
        }
    }
}
