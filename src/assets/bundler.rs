//! Recognizes the file names of bundlers.

use std::collections::{BTreeMap, HashSet};

use super::asset::{AssetFacts, Naming};
use super::error::AssetError;
use super::manifest::AssetManifest;

/// Returns the accepted items, or the first problem in strict mode.
pub(super) fn keep<T>(
    items: impl IntoIterator<Item = T>,
    mut is_kept: impl FnMut(&T) -> Result<bool, AssetError>,
) -> Result<Vec<T>, AssetError> {
    items
        .into_iter()
        .filter_map(|item| match is_kept(&item) {
            Ok(true) => Some(Ok(item)),
            Ok(false) => None,
            Err(fault) => Some(Err(fault)),
        })
        .collect()
}

/// Returns the files of a directory by their paths.
pub(super) fn by_file(built: &AssetManifest) -> BTreeMap<String, AssetFacts> {
    built.iter().map(|asset| (asset.file().to_owned(), asset.facts().clone())).collect()
}

/// Sets the URL of a file to the one that the bundler uses for it.
pub(super) fn keep_url(facts: &mut AssetFacts, is_hashed: bool) {
    if is_hashed {
        facts.naming = Naming::HashedByTool;
    } else if facts.naming == Naming::Manifest {
        facts.naming = Naming::PlainByTool;
    }
}

/// Adds the files that a bundler's manifest does not contain. If the bundler uses a name for another file, the name
/// gets a leading slash.
pub(super) fn with_names(
    files: impl IntoIterator<Item = AssetFacts>,
    taken: &HashSet<String>,
) -> impl Iterator<Item = AssetFacts> {
    files.into_iter().map(|facts| match taken.contains(&facts.name) {
        true => AssetFacts { name: format!("/{}", facts.name), ..facts },
        false => facts,
    })
}

/// Returns whether a string looks random, and does not consist of words, numbers, dates or versions.
///
/// It returns `false` for some hashes. Clients then revalidate these files. Mistaking a word for a hash would be worse:
/// clients would use an old file for a year.
pub(super) fn looks_like_hash(text: &str) -> bool {
    const LEAST_DIGITS: usize = 8;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.len() < LEAST_DIGITS || !text.bytes().all(is_digit) {
        return false;
    }
    if is_random_hexadecimal(text) {
        return true;
    }
    let (mut runs, mut short, mut parts) = (0, 0, 0);
    for part in text.split(['-', '_']).filter(|part| !part.is_empty()) {
        parts += 1;
        let mut rest = part;
        while let Some(first) = rest.bytes().next() {
            let length = run_length(rest);
            runs += 1;
            short += usize::from(length <= 2 && first.is_ascii_alphabetic());
            rest = &rest[length..];
        }
    }
    let is_mixed_case =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    runs >= 3 && short >= 2 && (is_mixed_case || runs - parts >= 2) && !consists_of_words(text)
}

/// Returns whether a string consists of words that a person may have written, such as `my-theme`, `iPhone14`,
/// `GoToPage` and `de-DE`.
pub(super) fn consists_of_words(text: &str) -> bool {
    text.split(['-', '_']).all(|part| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit()).as_bytes();
        let is_capital = |at: usize| letters.get(at).is_some_and(u8::is_ascii_uppercase);
        let is_small = |at: usize| letters.get(at).is_some_and(u8::is_ascii_lowercase);
        letters.iter().all(u8::is_ascii_uppercase)
            || (0..letters.len()).all(|at| is_small(at) || (is_capital(at) && is_small(at + 1)))
    })
}

/// Returns the length of the number or word at the start of the string. A word begins with at most one capital letter,
/// unless all of its letters are capitals.
fn run_length(text: &str) -> usize {
    let count = |text: &str, is: fn(&u8) -> bool| text.bytes().take_while(is).count();
    let digits = count(text, u8::is_ascii_digit);
    let capitals = count(text, u8::is_ascii_uppercase);
    let small = count(&text[capitals..], u8::is_ascii_lowercase);
    match (digits, capitals, small) {
        (1.., ..) => digits,
        (_, 0 | 1, _) => capitals + small,
        (_, _, 0) => capitals,
        // The last capital letter begins the next word.
        _ => capitals - 1,
    }
}

/// Returns whether a string consists of hexadecimal digits in which figures and letters alternate, which excludes words
/// with a year.
fn is_random_hexadecimal(text: &str) -> bool {
    let text = text.as_bytes();
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && text.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count() >= 2
}

pub(super) fn stem(path: &str) -> &str {
    let part = last_part(path);
    part.rsplit_once('.').map_or(part, |(stem, _)| stem)
}

pub(super) fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, part)| part)
}
