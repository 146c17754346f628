//! [`Verdict`]: whether an answer holds the bytes that the manifest knows.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, StatusCode};

use crate::assets::{Asset, Recheck, StoredFile};
use crate::protocol::{HttpDate, last_modified_of, only_line};

/// What the head of an answer shows about its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All that it shows is as in the manifest, and its length is among it.
    Proven,
    /// It does not show enough.
    Unproven,
    /// It shows another file.
    Different,
    /// It shows a file of the same length with another time of modification. Its content may be the same.
    OtherTime,
    /// It is a page, most likely a fallback, and the asset is not a page (G-19).
    Page,
}

impl Verdict {
    /// Judges a 200 or a 206. `body_length` is the exact length of the body, where it is known.
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

/// The file that the response comes from, by its content coding. `None` for one that is not known.
fn stored_file<'a>(asset: &'a Asset, headers: &HeaderMap) -> Option<&'a StoredFile> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return Some(asset.stored());
    }
    let coding = only_line(headers, &CONTENT_ENCODING)?.as_bytes().trim_ascii();
    if coding.eq_ignore_ascii_case(b"identity") { Some(asset.stored()) } else { asset.coded().get(coding) }
}

/// The complete length, such as 10 in `bytes 2-5/10`. `None` if the range exceeds it.
fn complete_length(headers: &HeaderMap) -> Option<u64> {
    let range = only_line(headers, &CONTENT_RANGE)?.as_bytes().strip_prefix(b"bytes ")?;
    let mut numbers = range.splitn(3, |octet| matches!(octet, b'-' | b'/'));
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
