//! Durations as people write them.

use std::time::Duration;

use crate::policy::CachePolicy;

const UNITS: &[(&[&str], u64)] = &[
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600),
    (&["d", "day", "days"], 86_400),
    (&["w", "week", "weeks"], 7 * 86_400),
    // Of 365 days, so that `1y` is the longest lifetime (C-35) and not a leap day more.
    (&["y", "year", "years"], 365 * 86_400),
];
const BELOW_SECONDS: &[&str] = &["ms", "us", "µs", "ns", "msec", "millis", "millisecond", "milliseconds"];
const MONTHS: &[&str] = &["M", "mo", "month", "months"];

/// `5m`, `2 minutes`, `1h 30m`: numbers, each with its unit. The error says what to write.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let none = || {
        format!("`{text}` is no duration; write `\"90s\"`, `\"5m\"`, `\"2 minutes\"`, `\"1y\"`, or a number of seconds")
    };
    let mut rest = text.trim();
    if rest.starts_with('-') {
        return Err(negative(text));
    }
    if rest.is_empty() {
        return Err(none());
    }
    let mut total = Some(0_u64);
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        if number.is_empty() {
            return Err(none());
        }
        if after.strip_prefix(['.', ',']).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(format!(
                "`{text}` has a fraction; write it in a smaller unit, as in `\"90m\"` or `\"1h 30m\"`"
            ));
        }
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_alphabetic());
        if unit.is_empty() && after.is_empty() {
            return Err(format!("`{text}` has no unit; write `\"{text}s\"` for seconds, or `\"{text}m\"` for minutes"));
        }
        if BELOW_SECONDS.contains(&unit) {
            return Err(format!("`{text}` is finer than a second, which no cache counts; write whole seconds"));
        }
        if MONTHS.contains(&unit) {
            return Err(format!(
                "`{text}` is in months, which differ in length; write days, as in `\"30d\"`, or `m` for minutes"
            ));
        }
        let (_, seconds) = UNITS.iter().find(|(names, _)| names.contains(&unit)).ok_or_else(none)?;
        // A number that is too great for its type is too great for a lifetime.
        total = total.and_then(|total| total.checked_add(number.parse::<u64>().ok()?.checked_mul(*seconds)?));
        rest = after.trim_start();
    }
    of_seconds(total, text)
}

/// A number of seconds, or `None` for one that no integer holds.
pub(super) fn of_seconds(seconds: Option<u64>, text: &str) -> Result<Duration, String> {
    seconds
        .map(Duration::from_secs)
        .filter(|duration| *duration <= CachePolicy::MAX_LIFETIME)
        .ok_or_else(|| format!("`{text}` is more than a year, which caches cut short; write `\"1y\"` at most"))
}

pub(super) fn negative(text: &str) -> String {
    format!("`{text}` is negative; write `0` for a lifetime that is over at once")
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("5 min", 300),
            ("2 minutes", 120),
            ("1 hour", 3_600),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            (" 1 day  2 hours ", 93_600),
            ("2w", 1_209_600),
            ("1y", 31_536_000),
            ("365 days", 31_536_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_what_to_write() {
        for (text, part) in [
            ("", "is no duration"),
            ("m", "is no duration"),
            ("5 parsecs", "is no duration"),
            ("5m 3", "has no unit"),
            ("5m, 3s", "is no duration"),
            ("5H", "is no duration"),
            ("٥m", "is no duration"),
            ("300", "has no unit; write `\"300s\"`"),
            ("-5m", "is negative"),
            ("1.5h", "has a fraction"),
            ("1,5h", "has a fraction"),
            ("500ms", "finer than a second"),
            ("5M", "in months"),
            ("1 month", "in months"),
            ("2y", "more than a year"),
            ("1y 1s", "more than a year"),
            ("366d", "more than a year"),
            ("99999999999999999999s", "more than a year"),
            ("18446744073709551615y", "more than a year"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9 .,-]{0,24}[smhdwyµM ]{0,3}[0-9]{0,3}") {
            for text in [text, near] {
                if let Ok(duration) = parse(&text) {
                    prop_assert!(duration <= CachePolicy::MAX_LIFETIME);
                }
            }
        }
    }
}
