//! The name that was perhaps meant.

/// The known name that is fewest edits away, if a slip of the hand can explain them.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(3);
    known
        .into_iter()
        .map(|known| (edits(name, known), known))
        .filter(|(edits, _)| *edits <= most)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

/// How many characters have to be added, dropped or changed (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, own) in one.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (at, theirs) in other.iter().enumerate() {
            let changed = diagonal + usize::from(own != *theirs);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["article", "asset", "api"];
        for (name, expected) in [
            ("artcle", Some("article")),
            ("articles", Some("article")),
            ("Article", Some("article")),
            ("assets", Some("asset")),
            ("ap", Some("api")),
            ("picture", None),
            ("xxxapi", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
