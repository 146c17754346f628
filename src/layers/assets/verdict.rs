//! [`Verdict`]: whether a response contains the bytes that the manifest describes.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, StatusCode};

use crate::assets::{Asset, Recheck, StoredFile};
use crate::protocol::{HttpDate, last_modified_of, only_line};

/// The evidence that the head of a response gives about its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All evidence matches the manifest, including the length.
    Proven,
    /// The evidence is incomplete.
    Unproven,
    /// The response contains another file.
    Different,
    /// The file has the same length but a different modification time. Its content may be the same.
    OtherTime,
    /// The response is a page, probably a fallback, and the asset is not a page.
    // G-19
    Page,
}

impl Verdict {
    /// Compares a 200 or a 206 with the manifest. `body_length` is the exact length of the body, if known.
    pub(super) fn of(asset: &Asset, head: &Parts, body_length: Option<u64>, now: HttpDate) -> Self {
        let headers = &head.headers;
        match only_line(headers, &CONTENT_TYPE).map(|line| line.as_bytes()) {
            Some(content_type) if asset.is_replaced_by(content_type) => return Self::Page,
            // Clients sniff the content if the media type is invalid.
            Some(content_type) if content_type.contains(&b'/') && !is_byte_ranges(content_type) => {}
            Some(_) | None => return Self::Unproven,
        }
        let Some(stored) = stored_file(asset, headers) else { return Self::Unproven };
        let length = match head.status {
            StatusCode::PARTIAL_CONTENT => complete_length(headers),
            _ => only_line(headers, &CONTENT_LENGTH).map_or(body_length, |line| number(line.as_bytes())),
        };
        let modified = last_modified_of(headers, now);
        match length {
            Some(length) if length != stored.length => Self::Different,
            _ if has_other_time(stored, modified) => Self::OtherTime,
            Some(_) => Self::Proven,
            None => Self::Unproven,
        }
    }
}

fn has_other_time(stored: &StoredFile, shown: Option<HttpDate>) -> bool {
    stored
        .modified
        .zip(shown)
        .is_some_and(|(seen, shown)| seen != shown && !stored.disk.as_ref().is_some_and(|file| file.is_verified(shown)))
}

/// Requests a check of the file of a response with [`Verdict::OtherTime`]. Returns `None` for an unknown file.
pub(super) fn recheck(asset: &Asset, headers: &HeaderMap) -> Option<Recheck> {
    Some(stored_file(asset, headers)?.disk.as_ref()?.recheck())
}

/// Returns the file that the response comes from, by its content coding. Returns `None` for an unknown coding.
fn stored_file<'a>(asset: &'a Asset, headers: &HeaderMap) -> Option<&'a StoredFile> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return Some(asset.stored());
    }
    let coding = only_line(headers, &CONTENT_ENCODING)?.as_bytes().trim_ascii();
    if coding.eq_ignore_ascii_case(b"identity") { Some(asset.stored()) } else { asset.coded().get(coding) }
}

/// Returns the complete length, such as 10 in `bytes 2-5/10`. Returns `None` if the range exceeds it.
fn complete_length(headers: &HeaderMap) -> Option<u64> {
    let range = only_line(headers, &CONTENT_RANGE)?.as_bytes().strip_prefix(b"bytes ")?;
    let mut numbers = range.splitn(3, |byte| matches!(byte, b'-' | b'/'));
    let mut next = || number(numbers.next()?);
    let (first, last, complete) = (next()?, next()?, next()?);
    (first <= last && last < complete).then_some(complete)
}

fn number(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits.trim_ascii()).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn is_byte_ranges(content_type: &[u8]) -> bool {
    const BYTE_RANGES: &[u8] = b"multipart/byteranges";
    content_type.get(..BYTE_RANGES.len()).is_some_and(|start| start.eq_ignore_ascii_case(BYTE_RANGES))
}
