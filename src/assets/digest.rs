//! [`ContentDigest`]: one hash of the bytes of a file, for its fingerprint, entity tag and integrity value.
//!
//! The hash is SHA-384 because subresource integrity supports it. Its first 128 bits are as good a fingerprint as those
//! of another hash. A second hash would have to read every byte again, and the two could disagree.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use super::error::{AssetError, AssetErrorKind};
use crate::protocol::EntityTag;

/// The number of digits of a fingerprint: 128 bits in hexadecimal, because some file systems and some proxies do not
/// distinguish `a` from `A`.
// B-05, G-16
pub(super) const FINGERPRINT_DIGITS: usize = 32;

const INTEGRITY_PREFIX: &str = "sha384-";

/// The SHA-384 hash of the bytes of a file, before any content coding.
// B-05
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentDigest([u8; 48]);

/// A digest in progress.
#[derive(Default)]
pub(super) struct ContentHasher(Sha384);

impl ContentDigest {
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Sha384::digest(content).into())
    }

    /// Reads a file and returns its digest and its metadata at that time.
    pub(super) fn of_file(path: &Path) -> Result<(Self, Metadata), AssetError> {
        let unread = |error: io::Error| AssetError::unread(path, error);
        let before = fs::metadata(path).map_err(unread)?;
        let mut file = File::open(path).map_err(unread)?;
        let mut hasher = ContentHasher::default();
        let mut buffer = vec![0; 64 << 10];
        let mut length = 0;
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(error)),
            };
            hasher.update(&buffer[..read]);
            length += read as u64;
        }
        // Opens the name again, because the file may have been replaced.
        let after = fs::metadata(path).map_err(unread)?;
        let unchanged = before.len() == length
            && after.len() == length
            && before.modified().map_err(unread)? == after.modified().map_err(unread)?;
        if !unchanged {
            return Err(AssetError::at_path(path, AssetErrorKind::Changed));
        }
        Ok((hasher.finish(), after))
    }

    /// Reads the value of an `integrity` attribute with one `sha384` hash.
    pub(super) fn from_integrity(text: &str) -> Option<Self> {
        let digest = STANDARD.decode(text.strip_prefix(INTEGRITY_PREFIX)?).ok()?;
        digest.try_into().ok().map(Self)
    }

    pub(super) fn fingerprint(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0[..FINGERPRINT_DIGITS / 2]
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 15])
            .map(|digit| char::from(DIGITS[usize::from(digit)]))
            .collect()
    }

    /// Returns the strong entity tag of the content without a content coding.
    pub(super) fn entity_tag(&self) -> EntityTag {
        EntityTag::strong(self.fingerprint()).expect("hexadecimal digits are a valid entity tag")
    }

    pub(super) fn integrity(&self) -> String {
        format!("{INTEGRITY_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl ContentHasher {
    pub(super) fn update(&mut self, content: &[u8]) {
        self.0.update(content);
    }

    pub(super) fn finish(self) -> ContentDigest {
        ContentDigest(self.0.finalize().into())
    }
}

pub(super) fn is_fingerprint(text: &str) -> bool {
    text.len() == FINGERPRINT_DIGITS && text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_and_integrity_are_from_the_same_hash() {
        let digest = ContentDigest::of(b"");
        assert_eq!(digest.integrity(), "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb");
        assert_eq!(digest.fingerprint(), "38b060a751ac96384cd9327eb1b1e36a");
        assert_eq!(ContentDigest::from_integrity(&digest.integrity()), Some(digest));
        for text in ["", "sha384-", "sha384-AAAA", "sha256-OLBg", "OLBg"] {
            assert_eq!(ContentDigest::from_integrity(text), None, "{text}");
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_the_size_of_the_chunks() {
        let content: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
        let mut hasher = ContentHasher::default();
        content.chunks(7).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), ContentDigest::of(&content));
    }
}
