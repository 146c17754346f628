//! A download that is large enough for a client to resume it.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::NamedTempFile;

pub const LENGTH: u64 = 4 << 20;

/// Writes the file, which is deleted on drop.
pub fn write() -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix("site-download-").suffix(".bin").tempfile()?;
    let mut writer = BufWriter::new(file.as_file());
    for number in 0..LENGTH / 8 {
        writer.write_all(&number.to_be_bytes())?;
    }
    writer.flush()?;
    drop(writer);
    // `ServeFile` derives the entity tag from the length and the modification time. The bytes are the same after each
    // start. With a fixed modification time, the tag is the same too, so a client can resume the download after a
    // restart.
    file.as_file().set_modified(UNIX_EPOCH + Duration::from_secs(784_111_777))?;
    Ok(file)
}
