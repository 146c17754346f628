//! [`Sample`]: the words of a response, to distinguish content that depends on the request from content that differs
//! each time.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::HeaderName;
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION};

use crate::exchange::Exchange;

/// The fields that are treated as part of the content of a response.
const FIELDS: [HeaderName; 3] = [CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION];

/// The maximum number of content bytes that are compared. It is limited because many samples are in memory at the same
/// time.
const MOST_CONTENT: usize = 1 << 20;

/// The words of a response: its status, some of its fields, and the beginning of its content. They are stored as
/// hashes, sorted and without repetitions.
#[derive(Clone, Debug)]
pub(super) struct Sample(Vec<u64>);

impl Sample {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let mut words = vec![hash("status", exchange.status().as_str().as_bytes())];
        for name in FIELDS {
            for line in exchange.fields().get_all(&name) {
                words.extend(words_in(line.as_bytes()).map(|word| hash(name.as_str(), word)));
            }
        }
        if let Some(content) = exchange.content() {
            let beginning = &content[..content.len().min(MOST_CONTENT)];
            words.extend(words_in(beginning).map(|word| hash("", word)));
        }
        Self::sorted(words)
    }

    fn sorted(mut words: Vec<u64>) -> Self {
        words.sort_unstable();
        words.dedup();
        words.shrink_to_fit();
        Self(words)
    }

    /// Returns the words that all samples contain.
    fn in_all<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Vec<u64> {
        let mut samples = samples.into_iter();
        let mut common = samples.next().map(|sample| sample.0.clone()).unwrap_or_default();
        for sample in samples {
            common.retain(|word| sample.has(*word));
        }
        common
    }

    fn has(&self, word: u64) -> bool {
        self.0.binary_search(&word).is_ok()
    }
}

/// Returns whether a word is in every response of one kind and in no response of the other. A nonce, a CSRF token or a
/// time is in only one response. The samples of both kinds alternate, so that a clock or alternating servers do not
/// cause a difference.
pub(super) fn differ(plain: &[Sample], variant: &[Sample]) -> bool {
    let is_missing = |common: Vec<u64>, others: &[Sample]| {
        common.into_iter().any(|word| !others.iter().any(|other| other.has(word)))
    };
    is_missing(Sample::in_all(plain), variant) || is_missing(Sample::in_all(variant), plain)
}

fn words_in(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    text.split(move |byte| !is_part(byte)).filter(|word| !word.is_empty())
}

fn hash(place: &str, word: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (place, word).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(texts: &[&str]) -> Vec<Sample> {
        texts
            .iter()
            .map(|text| Sample::sorted(words_in(text.as_bytes()).map(|word| hash("", word)).collect()))
            .collect()
    }

    #[test]
    fn a_word_in_all_responses_of_one_kind_is_a_difference() {
        for (name, plain, variant, expected) in [
            ("the same", &["a b", "a b"][..], &["a b"][..], false),
            ("another word", &["hello", "hello"], &["bonjour", "bonjour"], true),
            ("one word more", &["hello", "hello"], &["hello Ada", "hello Ada"], true),
            ("one word less", &["hello Ada", "hello Ada"], &["hello", "hello"], true),
            ("a nonce", &["hello n1", "hello n2"], &["hello n3", "hello n4"], false),
            ("a nonce and a language", &["hello n1", "hello n2"], &["bonjour n3", "bonjour n4"], true),
            ("a clock, in turns", &["t 1000", "t 1001", "t 1001"], &["t 1000", "t 1001"], false),
            ("two servers, in turns", &["s 1", "s 2", "s 1"], &["s 2", "s 1"], false),
            ("a counter", &["n 1", "n 2", "n 5"], &["n 3", "n 4"], false),
            ("nothing in common", &["a", "b"], &["c", "d"], false),
            ("no content", &["", ""], &["", ""], false),
        ] {
            assert_eq!(differ(&samples(plain), &samples(variant)), expected, "{name}");
        }
    }
}
