//! Records and purges of a second level: any bytes are a miss, or a record with the correct checksum. Half of the
//! inputs get that checksum, so that the fields after it are reached.
#![no_main]

use bytes::Bytes;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use tower_cache_policy_fuzz::records::{CONTENT, Remote, send};
use twox_hash::XxHash3_64;

fuzz_target!(|input: &[u8]| {
    let Some((flags, content)) = input.split_first() else { return };
    let mut record = content.to_vec();
    let has_sum = flags & 1 == 1;
    if has_sum {
        record.extend_from_slice(&XxHash3_64::oneshot(content).to_be_bytes());
    }
    let purge = (flags & 2 == 2).then(|| Bytes::copy_from_slice(content));
    let language = (flags & 4 == 4).then(|| HeaderValue::from_static("de"));
    let is_purged = purge.is_some();
    let record = Bytes::from(record);
    let remote = Remote { record: Some(record.clone()), purge, ..Remote::default() };
    let seen = send(&remote, language.as_ref());
    if seen.is_hit {
        let (content, sum) = record.split_last_chunk::<8>().expect("a record has a checksum");
        assert_eq!(XxHash3_64::oneshot(content).to_be_bytes(), *sum);
        assert!(content.windows(5).any(|window| window == b"/page"), "it is for this URL");
        // These bytes are not a purge, so they purge everything. A record may claim to be newer than that.
        assert!(!is_purged || number_in(content) > Some(0), "purged");
    } else if seen.status == 200 {
        assert_eq!(seen.body, CONTENT);
    }
    // A written record can be read, and is a hit.
    let written = remote.written.lock().expect("no thread panicked").clone();
    if let ([record], None) = (written.as_slice(), language) {
        let again = send(&Remote { record: Some(record.clone()), ..Remote::default() }, None);
        assert!(is_purged || (again.is_hit && again.body == CONTENT && again.damaged == 0), "{again:?}");
    }
});

/// The number of the last purge that the process which wrote a record had applied: after seven bytes, the key and the id of
/// the history.
fn number_in(record: &[u8]) -> Option<u64> {
    let length = u32::from_be_bytes(*record.get(7..)?.first_chunk()?);
    let after_key = record.get(11..)?.get(usize::try_from(length).ok()?..)?;
    after_key.get(8..)?.first_chunk().map(|number| u64::from_be_bytes(*number))
}
