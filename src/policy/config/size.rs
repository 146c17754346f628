//! Parses sizes such as `256 MiB`.

/// The units, and the number of bytes in each.
const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// The largest size: 16 TiB, which is more than a machine has.
const MAX: u64 = 1 << 44;

/// Parses a whole number with a unit, such as `256 MiB`. The error is the text of a message.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let (number, unit) = trimmed.split_at(trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len()));
    let unit = unit.trim_start();
    if number.is_empty() {
        return Err(format!("`{text}` is not a size; write a text such as `\"256 MiB\"`, or a number of bytes"));
    }
    if unit.is_empty() {
        return Err(format!(
            "`{text}` does not have a unit; write `\"{text} MiB\"`, or a number of bytes without quotes"
        ));
    }
    let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let Some((_, bytes)) = known else {
        return Err(format!("`{text}` does not have a known unit; write `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`"));
    };
    // A number that overflows is larger than any size, so the same error applies.
    of_bytes(number.parse::<u64>().ok().and_then(|number| number.checked_mul(*bytes)), text)
}

/// The size of a number of bytes. `bytes` is `None` if the number overflowed.
pub(super) fn of_bytes(bytes: Option<u64>, text: &str) -> Result<u64, String> {
    bytes.filter(|bytes| *bytes <= MAX).ok_or_else(|| format!("`{text}` is more than 16 TiB; write a smaller size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_number_and_a_unit() {
        for (text, bytes) in [
            ("256 MiB", Ok(256 << 20)),
            ("256MiB", Ok(256 << 20)),
            (" 8 mib ", Ok(8 << 20)),
            ("1 GiB", Ok(1 << 30)),
            ("64 KiB", Ok(64 << 10)),
            ("2 MB", Ok(2_000_000)),
            ("3 kB", Ok(3_000)),
            ("1 GB", Ok(1_000_000_000)),
            ("7 B", Ok(7)),
            ("16384 GiB", Ok(MAX)),
            ("", Err("is not a size")),
            ("MiB", Err("is not a size")),
            ("-1 MiB", Err("is not a size")),
            ("256", Err("does not have a unit; write `\"256 MiB\"`")),
            ("1.5 GiB", Err("does not have a known unit")),
            ("256 M", Err("does not have a known unit")),
            ("256 MiB 3", Err("does not have a known unit")),
            ("256 ΜiB", Err("does not have a known unit")),
            ("16385 GiB", Err("more than 16 TiB")),
            ("99999999999999999999 B", Err("more than 16 TiB")),
            ("18446744073709551615 GiB", Err("more than 16 TiB")),
        ] {
            match (parse(text), bytes) {
                (Ok(parsed), Ok(bytes)) => assert_eq!(parsed, bytes, "{text}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }
}
