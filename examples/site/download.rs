//! A file that is large enough to be worth resuming.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::NamedTempFile;

pub const LENGTH: u64 = 4 << 20;

/// Writes the file, which is removed when it is dropped.
pub fn write() -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix("site-download-").suffix(".bin").tempfile()?;
    let mut writer = BufWriter::new(file.as_file());
    for number in 0..LENGTH / 8 {
        writer.write_all(&number.to_be_bytes())?;
    }
    writer.flush()?;
    drop(writer);
    // `ServeFile` makes the entity tag from length and date. The bytes are the same after
    // each start, so with a date that is the same too a download survives a restart.
    file.as_file().set_modified(UNIX_EPOCH + Duration::from_secs(784_111_777))?;
    Ok(file)
}
