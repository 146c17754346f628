//! Parses durations such as `5m` or `1h 30m`.

use std::time::Duration;

use crate::policy::CachePolicy;

const UNITS: &[(&[&str], u64)] = &[
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600),
    (&["d", "day", "days"], 86_400),
    (&["w", "week", "weeks"], 7 * 86_400),
    // A year has 365 days, so that `1y` is exactly the longest lifetime (C-35).
    (&["y", "year", "years"], 365 * 86_400),
];
const BELOW_SECONDS: &[&str] = &["ms", "us", "µs", "ns", "msec", "millis", "millisecond", "milliseconds"];
const MONTHS: &[&str] = &["M", "mo", "month", "months"];

/// Parses a number of milliseconds such as `50ms`. They are exact for a limit of time, but not for the lifetime of a
/// response.
#[cfg(feature = "shared-cache")]
pub(super) fn milliseconds(text: &str) -> Option<Duration> {
    let number = text.trim().strip_suffix("ms")?.trim_end();
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    // A day is enough.
    let number = number.parse().ok().filter(|number| is_number && *number <= 86_400_000)?;
    Some(Duration::from_millis(number))
}

/// Parses numbers with units, such as `5m`, `2 minutes` or `1h 30m`. The error is the text of a message.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let none = || {
        format!(
            "`{text}` is not a duration; write a text such as `\"90s\"`, `\"5m\"`, `\"2 minutes\"` or `\"1y\"`, or a \
             number of seconds"
        )
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
            return Err(format!("`{text}` contains a fraction; use a smaller unit, as in `\"90m\"` or `\"1h 30m\"`"));
        }
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_alphabetic());
        if unit.is_empty() && after.is_empty() {
            return Err(format!(
                "`{text}` does not have a unit; write `\"{text}s\"` for seconds, or `\"{text}m\"` for minutes"
            ));
        }
        if BELOW_SECONDS.contains(&unit) {
            return Err(format!("`{text}` is in fractions of a second, but caches count seconds; write whole seconds"));
        }
        if MONTHS.contains(&unit) {
            return Err(format!(
                "`{text}` is in months, which differ in length; write days, as in `\"30d\"`, or `m` for minutes"
            ));
        }
        let (_, seconds) = UNITS.iter().find(|(names, _)| names.contains(&unit)).ok_or_else(none)?;
        // A number that overflows is longer than any lifetime, so the same error applies.
        total = total.and_then(|total| total.checked_add(number.parse::<u64>().ok()?.checked_mul(*seconds)?));
        rest = after.trim_start();
    }
    of_seconds(total, text)
}

/// The duration of a number of seconds. `seconds` is `None` if the number overflowed.
pub(super) fn of_seconds(seconds: Option<u64>, text: &str) -> Result<Duration, String> {
    seconds
        .map(Duration::from_secs)
        .filter(|duration| *duration <= CachePolicy::MAX_LIFETIME)
        .ok_or_else(|| format!("`{text}` is more than a year, which caches shorten; write at most `\"1y\"`"))
}

pub(super) fn negative(text: &str) -> String {
    format!("`{text}` is negative; write `0` for a response that is stale at once")
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_spellings_of_durations_are_accepted() {
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
    fn invalid_durations_are_rejected_with_a_fix() {
        for (text, part) in [
            ("", "is not a duration"),
            ("m", "is not a duration"),
            ("5 parsecs", "is not a duration"),
            ("5m 3", "does not have a unit"),
            ("5m, 3s", "is not a duration"),
            ("5H", "is not a duration"),
            ("٥m", "is not a duration"),
            ("300", "does not have a unit; write `\"300s\"`"),
            ("-5m", "is negative"),
            ("1.5h", "contains a fraction"),
            ("1,5h", "contains a fraction"),
            ("500ms", "in fractions of a second"),
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
