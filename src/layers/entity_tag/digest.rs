//! The hashes of generated entity tags, and their text form.
//!
//! A changed tag invalidates every stored response of every user of this crate. A change here therefore needs a `Wire`
//! entry in the changelog. `tests/golden.rs` pins the bytes.

use http::HeaderValue;
use twox_hash::{XxHash3_64, XxHash3_128, xxhash3_128};

use crate::protocol::EntityTag;

/// The hash that generates a tag from the content and the fields that describe it. The tag depends only on their bytes,
/// so every replica generates the same tag, even after a restart.
///
/// The field lines, in a fixed order, produce a seed or a key for the hash of the content:
///
/// ```text
/// XXH3:   seed = 0, then for each line  seed = XXH3-64(line, seed + number of the field + 1)
/// BLAKE3: for each line  key = BLAKE3-keyed(key, number of the field as one byte | line)
/// ```
///
/// Without a secret key, content without such fields is hashed in BLAKE3's plain mode. For content with such
/// fields, the first key is derived from [`CONTEXT`].
// G-15
#[derive(Clone)]
pub(super) enum Digest {
    /// XXH3 with 128 bits. It is fast, and sufficient for a tag that only promises equivalence.
    Weak,
    /// BLAKE3 with 192 bits. An attacker cannot construct two contents with the same tag.
    // G-16
    #[cfg(feature = "strong-tags")]
    Cryptographic { strong: bool, key: Option<[u8; 32]> },
}

#[cfg(feature = "strong-tags")]
const CONTEXT: &str = "tower-cache-policy 2026-11-27 entity tags of content with metadata";

/// An unfinished hash, for content in several frames.
pub(super) enum Hasher {
    Weak(Box<xxhash3_128::Hasher>),
    #[cfg(feature = "strong-tags")]
    Cryptographic {
        strong: bool,
        hasher: Box<blake3::Hasher>,
    },
}

impl Digest {
    /// Returns the tag of content in a single frame, with the lines of the fields that describe it.
    pub(super) fn of<'a>(&self, metadata: impl Iterator<Item = (u8, &'a HeaderValue)>, content: &[u8]) -> EntityTag {
        match self {
            Self::Weak => weak_tag(XxHash3_128::oneshot_with_seed(seed_of(metadata), content)),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { .. } => {
                let mut hasher = self.hasher(metadata);
                hasher.update(content);
                hasher.finish()
            }
        }
    }

    pub(super) fn hasher<'a>(&self, metadata: impl Iterator<Item = (u8, &'a HeaderValue)>) -> Hasher {
        match self {
            Self::Weak => Hasher::Weak(Box::new(xxhash3_128::Hasher::with_seed(seed_of(metadata)))),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { strong, key } => {
                let key = metadata.fold(*key, |key, (number, line)| {
                    let key = key.unwrap_or_else(|| blake3::derive_key(CONTEXT, b""));
                    let mut hasher = blake3::Hasher::new_keyed(&key);
                    hasher.update(&[number]).update(line.as_bytes());
                    Some(hasher.finalize().into())
                });
                let hasher = key.map_or_else(blake3::Hasher::new, |key| blake3::Hasher::new_keyed(&key));
                Hasher::Cryptographic { strong: *strong, hasher: Box::new(hasher) }
            }
        }
    }

    /// Returns whether a secret key prevents clients from confirming a guess of the content.
    pub(super) const fn is_keyed(&self) -> bool {
        // G-16
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
            Self::Weak(hasher) => hasher.write(content),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { hasher, .. } => _ = hasher.update(content),
        }
    }

    pub(super) fn finish(self) -> EntityTag {
        match self {
            Self::Weak(hasher) => weak_tag(hasher.finish_128()),
            #[cfg(feature = "strong-tags")]
            Self::Cryptographic { strong, hasher } => {
                let digest = hasher.finalize();
                let prefix: &[u8] = if strong { b"\"" } else { b"W/\"" };
                let digest = digest.as_bytes().first_chunk().expect("a digest has 32 bytes");
                cryptographic_tag(prefix, digest)
            }
        }
    }
}

fn seed_of<'a>(metadata: impl Iterator<Item = (u8, &'a HeaderValue)>) -> u64 {
    metadata.fold(0, |seed, (number, line)| {
        XxHash3_64::oneshot_with_seed(u64::wrapping_add(seed, u64::from(number) + 1), line.as_bytes())
    })
}

/// Returns a tag whose opaque part is `digest` in the URL-safe alphabet of RFC 4648 section 5, without padding: 21 digits
/// of six bits, and one of two.
fn weak_tag(digest: u128) -> EntityTag {
    let mut digits = [0; 24];
    digits[..8].copy_from_slice(&eight_digits((digest >> 80) as u64));
    digits[8..16].copy_from_slice(&eight_digits((digest >> 32) as u64));
    digits[16..].copy_from_slice(&eight_digits((digest as u64) << 16));
    let mut text = *b"W/\"0123456789012345678901\"";
    text[3..25].copy_from_slice(&digits.map(letter)[..22]);
    of_text(&text)
}

/// Splits the lowest 48 bits into eight digits of six bits. Each step halves all parts at once.
const fn eight_digits(bits: u64) -> [u8; 8] {
    let halves = (bits & 0xff_ffff) | (bits & 0xffff_ff00_0000) << 8;
    let quarters = (halves & 0xfff_0000_0fff) | (halves & 0x00ff_f000_00ff_f000) << 4;
    let digits = (quarters & 0x003f_003f_003f_003f) | (quarters & 0x0fc0_0fc0_0fc0_0fc0) << 2;
    digits.to_be_bytes()
}

/// Returns the letter of a digit. Without a table, the compiler converts all digits of a tag at once.
fn letter(digit: u8) -> u8 {
    let from = |first: u8, step: u8| if digit >= first { step } else { 0 };
    // `A`, then the steps to `a`, `0`, `-` and `_`.
    let steps = [from(26, 6), from(52, 181), from(62, 243), from(63, 49)];
    steps.into_iter().fold(b'A' + digit, u8::wrapping_add)
}

/// Returns a tag in the same alphabet: four digits for each three bytes.
#[cfg(feature = "strong-tags")]
fn cryptographic_tag(prefix: &[u8], digest: &[u8; 24]) -> EntityTag {
    let mut text = [0; 36];
    text[..prefix.len()].copy_from_slice(prefix);
    let end = prefix.len() + 32;
    for (digits, group) in text[prefix.len()..end].chunks_exact_mut(4).zip(digest.chunks_exact(3)) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        for (place, written) in digits.iter_mut().enumerate() {
            *written = letter((bits >> (18 - 6 * place)) as u8 & 63);
        }
    }
    text[end] = b'"';
    of_text(&text[..=end])
}

fn of_text(text: &[u8]) -> EntityTag {
    // V-03: all bytes of the opaque part are letters, digits, `-` or `_`.
    let value = HeaderValue::from_bytes(text).expect("the alphabet and the quotes must be visible ASCII");
    EntityTag::from_valid(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_in_one_or_many_frames_has_the_same_tag() {
        let content: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let (html, english) = (HeaderValue::from_static("text/html"), HeaderValue::from_static("en"));
        let metadata: [&[(u8, &HeaderValue)]; 5] =
            [&[], &[(0, &html)], &[(1, &html)], &[(0, &html), (1, &english)], &[(0, &html), (0, &html)]];
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
            for lines in metadata {
                let single = digest.of(lines.iter().copied(), &content);
                for size in [1, 7, 1_024, 99_999] {
                    let mut hasher = digest.hasher(lines.iter().copied());
                    content.chunks(size).for_each(|piece| hasher.update(piece));
                    assert_eq!(hasher.finish(), single, "frames of {size} bytes");
                }
                assert!(seen.insert(single.to_string()), "another digest has the same tag: {single}, {lines:?}");
            }
        }
    }
}
