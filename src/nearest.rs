//! Suggests a known name for an unknown one.

use crate::work::step;

/// The longest name, in bytes, that gets a suggestion.
const MAX_LENGTH: usize = 256;

/// The maximum number of edits that a typing error explains.
const MAX_EDITS: usize = 8;

/// Finds the known name that is the fewest edits away from `name`, if a typing error explains them.
///
/// Runs in time linear in the number of known names, because both limits bound the cost of each comparison.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_LENGTH {
        return None;
    }
    let name: Vec<char> = name.chars().collect();
    let mut best = None;
    let mut most = name.len().div_ceil(3).min(MAX_EDITS);
    for known in known {
        if let Some(edits) = edits_up_to(most, &name, known) {
            best = Some(known);
            // If two names are equally near, the first one is suggested.
            let Some(fewer) = edits.checked_sub(1) else { break };
            most = fewer;
        }
    }
    best
}

/// The Levenshtein distance, or `None` if it is greater than `most`. Computes only the cells of the matrix that are at
/// most that far from its diagonal.
fn edits_up_to(most: usize, one: &[char], other: &str) -> Option<usize> {
    // Each character has at most four bytes.
    if other.len() > 4 * (one.len() + most) {
        return None;
    }
    let other: Vec<char> = other.chars().collect();
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let too_many = most + 1;
    let mut row: Vec<usize> = (0..=other.len()).map(|edits| edits.min(too_many)).collect();
    for (above, own) in one.iter().enumerate() {
        let first = above.saturating_sub(most);
        let last = (above + most + 1).min(other.len());
        let mut diagonal = row[first];
        row[first] = if first == 0 { (above + 1).min(too_many) } else { too_many };
        let mut least = row[first];
        for at in first..last {
            step();
            let changed = diagonal + usize::from(*own != other[at]);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1).min(too_many);
            least = least.min(row[at + 1]);
        }
        if least > most {
            return None;
        }
    }
    Some(row[other.len()]).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::work::steps_of;

    #[test]
    fn only_a_misspelled_name_gets_a_suggestion() {
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

    #[test]
    fn the_steps_for_each_known_name_are_bounded() {
        let per_known_name = MAX_LENGTH * (2 * MAX_EDITS + 1);
        for length in [10, 100, 255, 256, 257, 2_000, 20_000] {
            for known_length in [1, 100, 256, 2_000, 20_000] {
                // The names differ only at the end, which takes the most steps.
                let name = "a".repeat(length);
                let known: Vec<String> = (0..500).map(|n| format!("{}{n:03}", "a".repeat(known_length))).collect();
                let steps = steps_of(|| nearest(&name, known.iter().map(String::as_str)));
                assert!(steps <= 500 * per_known_name, "{length}, {known_length}: {steps}");
            }
        }
    }

    /// Computes the complete matrix, to compare with.
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

    proptest! {
        #[test]
        fn edits_are_counted_as_in_the_complete_matrix(one in "[abé]{0,12}", other in "[abé]{0,12}", most in 0_usize..9) {
            let chars: Vec<char> = one.chars().collect();
            let expected = Some(edits(&one, &other)).filter(|edits| *edits <= most);
            prop_assert_eq!(edits_up_to(most, &chars, &other), expected);
        }
    }
}
