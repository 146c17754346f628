//! The hashes behind generated entity tags, and how their digits are written.
//!
//! A changed tag empties every cache in front of our users, so nothing here changes
//! without a `Wire` entry in the changelog. `tests/golden.rs` pins the bytes.

use bytes::Bytes;
use http::HeaderValue;
use xxhash_rust::xxh3::Xxh3;

use crate::protocol::EntityTag;

/// How a tag is made from the content. Always from the octets alone, so that every
/// replica makes the same one, after a restart too (G-15).
#[derive(Clone)]
pub(super) enum Digest {
    /// XXH3, 128 bits: fast, and good enough for a tag that promises equivalence only.
    Weak,
    /// BLAKE3, 192 bits: nobody can make two contents with one tag (G-16).
    #[cfg(feature = "strong-tags")]
    Cryptographic { strong: bool, key: Option<[u8; 32]> },
}

/// A hash in progress, for content in several frames.
pub(super) enum Hasher {
    Weak(Box<Xxh3>),
    #[cfg(feature = "strong-tags")]
    Cryptographic {
        strong: bool,
        hasher: Box<blake3::Hasher>,
    },
}

impl Digest {
    /// The tag of content that stands in one piece.
    pub(super) fn of(&self, content: &Bytes) -> EntityTag {
        match self {
            Self::Weak => weak_tag(xxhash_rust::xxh3::xxh3_128(content)),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { .. } => {
                let mut hasher = self.hasher();
                hasher.update(content);
                hasher.finish()
            }
        }
    }

    pub(super) fn hasher(&self) -> Hasher {
        match self {
            Self::Weak => Hasher::Weak(Box::new(Xxh3::new())),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { strong, key } => Hasher::Cryptographic {
                strong: *strong,
                hasher: Box::new(match key {
                    Some(key) => blake3::Hasher::new_keyed(key),
                    None => blake3::Hasher::new(),
                }),
            },
        }
    }

    /// Whether the tag tells nothing to somebody who guesses the content (G-16).
    pub(super) const fn is_keyed(&self) -> bool {
        match self {
            Self::Weak => false,
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { key, .. } => key.is_some(),
        }
    }
}

impl Hasher {
    pub(super) fn update(&mut self, content: &[u8]) {
        match self {
            Self::Weak(hasher) => hasher.update(content),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { hasher, .. } => _ = hasher.update(content),
        }
    }

    pub(super) fn finish(self) -> EntityTag {
        match self {
            Self::Weak(hasher) => weak_tag(hasher.digest128()),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { strong, hasher } => {
                let digest = hasher.finalize();
                let prefix: &[u8] = if strong { b"\"" } else { b"W/\"" };
                tag(prefix, &digest.as_bytes()[..24])
            }
        }
    }
}

fn weak_tag(digest: u128) -> EntityTag {
    tag(b"W/\"", &digest.to_be_bytes())
}

/// A tag whose opaque octets are `digest` in the URL-safe alphabet of RFC 4648
/// section 5, without padding (V-03).
fn tag(prefix: &[u8], digest: &[u8]) -> EntityTag {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /// `W/`, two quotes, and 24 octets as 32 digits.
    const LONGEST: usize = 36;

    let mut text = [0; LONGEST];
    let mut length = 0;
    let mut put = |byte| {
        text[length] = byte;
        length += 1;
    };
    prefix.iter().copied().for_each(&mut put);
    for group in digest.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            put(ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize]);
        }
    }
    put(b'"');
    let value = HeaderValue::from_bytes(&text[..length]).expect("the alphabet and the quotes are visible ASCII");
    EntityTag::from_valid(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_and_many_give_the_same_tag() {
        let content = Bytes::from((0..100_000u32).map(|n| n as u8).collect::<Vec<_>>());
        let digests = [
            Digest::Weak,
            #[cfg(feature = "strong-tags")]
            Digest::Cryptographic { strong: false, key: None },
            #[cfg(feature = "strong-tags")]
            Digest::Cryptographic { strong: true, key: None },
            #[cfg(feature = "strong-tags")]
            Digest::Cryptographic { strong: false, key: Some([7; 32]) },
            #[cfg(feature = "strong-tags")]
            Digest::Cryptographic { strong: true, key: Some([7; 32]) },
        ];
        let mut seen = std::collections::HashSet::new();
        for digest in digests {
            let whole = digest.of(&content);
            for size in [1, 7, 1_024, 99_999] {
                let mut hasher = digest.hasher();
                content.chunks(size).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.finish(), whole, "in pieces of {size}");
            }
            assert!(seen.insert(whole.to_string()), "each kind has tags of its own: {whole}");
        }
    }
}
