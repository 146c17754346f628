//! The entries of a TOML document, with their positions.

use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::duration;
use super::error::Fault;
#[cfg(feature = "shared-cache")]
use super::size;
use crate::nearest::nearest;

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    /// The byte offset of the key.
    pub(super) at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

/// Returns the entries in the order of the file, so that the first of several mistakes is reported.
pub(super) fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<_>, _)| {
        let text: &'a std::borrow::Cow<'a, str> = key.get_ref();
        Entry { key: text.as_ref(), at: key.span().start, value }
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

pub(super) fn fault(at: usize, message: impl Into<String>) -> Fault {
    Fault { at, message: message.into() }
}

impl<'a> Entry<'a> {
    /// The byte offset of the value.
    pub(super) fn value_at(&self) -> usize {
        // A table from dotted keys does not have its own position, so the position of its key is used.
        if self.value.get_ref().is_table() { self.at } else { self.value.span().start }
    }

    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    pub(super) fn as_table(&self) -> Option<Vec<Self>> {
        self.value.get_ref().as_table().map(entries)
    }

    pub(super) fn is_bool(&self) -> bool {
        self.value.get_ref().is_bool()
    }

    /// The kind of the value, for error messages.
    pub(super) fn kind(&self) -> &'static str {
        kind(self.value.get_ref())
    }

    /// The members of a table.
    pub(super) fn table(&self, example: &str) -> Result<Vec<Self>, Fault> {
        self.as_table().ok_or_else(|| self.unexpected("must be a table", example))
    }

    pub(super) fn bool(&self, example: &str) -> Result<bool, Fault> {
        self.value.get_ref().as_bool().ok_or_else(|| self.unexpected("must be `true` or `false`", example))
    }

    /// Checks that a flag is `true`. `false` is an error, because it would seem to remove a flag of the base.
    pub(super) fn flag(&self) -> Result<usize, Fault> {
        if self.value.get_ref().as_bool() == Some(true) {
            return Ok(self.at);
        }
        let key = self.key;
        Err(fault(
            self.value_at(),
            format!("`{key}` cannot be {}; write `{key} = true`, or remove `{key}`", self.kind()),
        ))
    }

    pub(super) fn duration(&self) -> Result<Duration, Fault> {
        let at = self.value_at();
        match self.value.get_ref() {
            DeValue::String(text) => duration::parse(text),
            DeValue::Integer(number) => {
                let text = number.to_string();
                if text.starts_with('-') {
                    Err(duration::negative(&text))
                } else {
                    let digits = number.as_str().trim_start_matches('+');
                    duration::of_seconds(u64::from_str_radix(digits, number.radix()).ok(), &text)
                }
            }
            DeValue::Float(number) => Err(format!(
                "`{}` is not a whole number of seconds; write a whole number, or a text such as `\"5m\"`",
                number.as_str()
            )),
            _ => return Err(self.unexpected("must be a duration", &format!("{} = \"5m\"", self.key))),
        }
        .map_err(|message| fault(at, message))
    }

    /// A limit of time, which is a duration or a number of milliseconds.
    #[cfg(feature = "shared-cache")]
    pub(super) fn limit(&self) -> Result<Duration, Fault> {
        self.as_str().and_then(duration::milliseconds).map_or_else(|| self.duration(), Ok)
    }

    /// A number of bytes.
    #[cfg(feature = "shared-cache")]
    pub(super) fn size(&self, example: &str) -> Result<u64, Fault> {
        let size = match self.value.get_ref() {
            DeValue::String(text) => size::parse(text),
            DeValue::Integer(number) if number.as_str().starts_with('-') => {
                Err(format!("`{number}` is negative; write a size such as `\"{example}\"`"))
            }
            DeValue::Integer(number) => {
                let digits = number.as_str().trim_start_matches('+');
                size::of_bytes(u64::from_str_radix(digits, number.radix()).ok(), &number.to_string())
            }
            _ => return Err(self.unexpected("must be a size", &format!("{} = \"{example}\"", self.key))),
        };
        size.map_err(|message| fault(self.value_at(), message))
    }

    /// The texts of a list, with their positions.
    pub(super) fn texts(&self, example: &str) -> Result<Vec<(usize, &'a str)>, Fault> {
        let Some(array) = self.value.get_ref().as_array() else {
            return Err(self.unexpected("must be a list of texts", example));
        };
        let text = |value: &'a Spanned<DeValue<'a>>| {
            let (at, value) = (value.span().start, value.get_ref());
            let message = || format!("`{}` must contain only texts, not {}; write `{example}`", self.key, kind(value));
            value.as_str().map(|text| (at, text)).ok_or_else(|| fault(at, message()))
        };
        array.iter().map(text).collect()
    }

    pub(super) fn unexpected(&self, what: &str, example: &str) -> Fault {
        fault(self.value_at(), format!("`{}` {what}, not {}; write `{example}`", self.key, self.kind()))
    }

    /// The error for an unknown key, with the most similar known one.
    pub(super) fn unknown(&self, known: &[&str]) -> Fault {
        let key = self.key;
        let meant = match key {
            // By spelling, the directive is more similar to another key.
            "s-maxage" | "s_maxage" if known.contains(&"edge") => Some("edge"),
            _ => nearest(key, known.iter().copied()),
        };
        fault(
            self.at,
            match meant {
                Some(meant) => format!("unknown key `{key}`; did you mean `{meant}`?"),
                None => format!("unknown key `{key}`; write one of `{}`", known.join("`, `")),
            },
        )
    }
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(true) => "`true`",
        DeValue::Boolean(false) => "`false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
