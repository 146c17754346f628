//! Dates: total, and what is written is what was read (D-01 to D-10).
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cache_policy::protocol::HttpDate;
use tower_cache_policy_fuzz::now;

fuzz_target!(|input: &[u8]| {
    if let [a, b, c, d, e, f, g, h, rest @ ..] = input
        && let Some(date) = HttpDate::from_unix_seconds(i64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) >> 25)
    {
        written_and_read(date);
        read(rest, date);
    }
    read(input, now());
});

fn read(input: &[u8], now: HttpDate) {
    // D-05
    let other_case: Vec<u8> =
        input.iter().map(|byte| if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { *byte }).collect();
    let in_any_case = HttpDate::parse_in_any_case(input, now).ok();
    assert_eq!(in_any_case, HttpDate::parse_in_any_case(&other_case, now).ok());
    let Ok(date) = HttpDate::parse(input, now) else { return };
    assert_eq!(in_any_case, Some(date));
    let text = input.trim_ascii();
    assert!((24..=33).contains(&text.len()), "none of the three formats is that long");
    assert!(text.ends_with(b" GMT") || text[text.len() - 4..].iter().all(u8::is_ascii_digit), "D-07");
    if text.len() == HttpDate::LENGTH && text[3] == b',' && text[23..25] != *b"60" {
        // D-08: but for the day's name, it is the one way to write it.
        assert_eq!(&text[3..], &date.to_header_value().as_bytes()[3..]);
    }
    // D-04
    let in_fifty_years = 51 * 366 * 86_400;
    let has_two_digits = text.ends_with(b" GMT") && text.contains(&b'-');
    assert!(!has_two_digits || date.unix_seconds() - now.unix_seconds() < in_fifty_years);
    written_and_read(date);
}

fn written_and_read(date: HttpDate) {
    let written = date.to_header_value();
    assert_eq!(written.len(), HttpDate::LENGTH);
    for now in [HttpDate::MIN, now(), HttpDate::MAX] {
        assert_eq!(HttpDate::parse(written.as_bytes(), now).unwrap(), date);
    }
}
