//! [`TargetedField`]: the field in which an edge reads a lifetime of its own, and its syntax.

#[cfg(feature = "audit")]
use http::HeaderMap;
use http::{HeaderName, HeaderValue};

use super::directive::{EdgeDirective, EdgeLifetime};
use crate::protocol::CacheControl;

/// The field in which an edge reads a lifetime of its own, and how it is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TargetedField {
    name: HeaderName,
    syntax: DirectiveSyntax,
    /// Before all others, as they stand here.
    directives: &'static [&'static str],
    overrules_no_store: bool,
}

/// How directives are written in a [`TargetedField`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectiveSyntax {
    /// A structured Dictionary: `max-age=60, stale-while-revalidate=30` (RFC 9213, T-01).
    Dictionary,
    /// `Surrogate-Control` as Fastly reads it: `max-age=60, stale-if-error=30`. It has no word
    /// that is known to forbid storing, so a restriction stands in `Cache-Control` alone.
    Surrogate,
    /// `Edge-Control` as Akamai reads it: `cache-maxage=60s` or `no-store`.
    EdgeControl,
    /// A number of seconds, where 0 is "not to be stored": nginx's `X-Accel-Expires`.
    Seconds,
}

impl TargetedField {
    /// A field with this name and syntax, that an edge obeys even beside a `Cache-Control` with
    /// `no-store`.
    pub const fn new(name: HeaderName, syntax: DirectiveSyntax) -> Self {
        Self { name, syntax, directives: &[], overrules_no_store: true }
    }

    /// Directives that stand before all others when the answer may be stored, such as
    /// `durable`.
    ///
    /// # Panics
    ///
    /// When one of them is no lower-case key of a structured Dictionary.
    #[track_caller]
    pub const fn directives(mut self, directives: &'static [&'static str]) -> Self {
        let mut index = 0;
        while index < directives.len() {
            assert!(
                is_key(directives[index].as_bytes()),
                "a directive is written in lower case: a-z, 0-9, '_' and '-'"
            );
            index += 1;
        }
        self.directives = directives;
        self
    }

    /// Says that the edge may be set up, or be of a version, not to look at the field, so that
    /// `Cache-Control` has to serve it too.
    pub const fn optional(mut self) -> Self {
        self.overrules_no_store = false;
        self
    }

    /// The name of the field.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// How it is written.
    #[must_use]
    pub const fn syntax(&self) -> DirectiveSyntax {
        self.syntax
    }

    /// Whether the edge obeys it in any case, even beside `no-store` in `Cache-Control`.
    #[must_use]
    pub const fn overrules_no_store(&self) -> bool {
        self.overrules_no_store
    }

    /// Whether both write the same of the same answer.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        self.syntax == other.syntax && self.directives == other.directives
    }

    /// What a service inside wrote into it. Where that cannot be read, it is to be taken for a
    /// restriction.
    pub(super) fn read<'a>(&self, lines: impl IntoIterator<Item = &'a HeaderValue>) -> EdgeDirective {
        if matches!(self.syntax, DirectiveSyntax::Dictionary | DirectiveSyntax::Surrogate) {
            return EdgeDirective::of(&CacheControl::parse(lines));
        }
        let mut lines = lines.into_iter();
        let (Some(Ok(line)), None) = (lines.next().map(HeaderValue::to_str), lines.next()) else {
            return EdgeDirective::NotStored;
        };
        let seconds = match self.syntax {
            DirectiveSyntax::Seconds => line.parse().ok(),
            _ => line.strip_prefix("cache-maxage=").and_then(seconds_with_unit),
        };
        match seconds {
            Some(seconds) if seconds > 0 => EdgeDirective::Stored(EdgeLifetime::new(seconds)),
            _ => EdgeDirective::NotStored,
        }
    }

    /// The field as the edges read it that look at it beside one of their own.
    pub(crate) fn known(name: HeaderName) -> Self {
        let syntax = match name.as_str() {
            "surrogate-control" => DirectiveSyntax::Surrogate,
            "edge-control" => DirectiveSyntax::EdgeControl,
            "x-accel-expires" | "x-varnish-ttl" => DirectiveSyntax::Seconds,
            _ => DirectiveSyntax::Dictionary,
        };
        Self::new(name, syntax)
    }

    /// What the edge makes of it, or `None` where it is not there or is ignored, so that the
    /// next field counts: a Dictionary with a fault (T-04), or a number that is none.
    #[cfg(feature = "audit")]
    pub(crate) fn obeyed_in(&self, headers: &HeaderMap) -> Option<EdgeDirective> {
        let lines = || headers.get_all(&self.name);
        match self.syntax {
            DirectiveSyntax::Dictionary => {
                CacheControl::from_targeted(headers, &self.name).map(|control| EdgeDirective::of(&control))
            }
            DirectiveSyntax::Seconds => {
                let digits = |line: &HeaderValue| !line.is_empty() && line.as_bytes().iter().all(u8::is_ascii_digit);
                lines().iter().next().filter(|line| digits(line)).map(|line| self.read([line]))
            }
            DirectiveSyntax::Surrogate | DirectiveSyntax::EdgeControl => {
                headers.contains_key(&self.name).then(|| self.read(lines()))
            }
        }
    }

    /// What it says. `None` where the syntax has no word for it.
    pub(super) fn value(&self, word: &EdgeDirective) -> Option<HeaderValue> {
        let text = match (self.syntax, word) {
            (_, EdgeDirective::Silent) | (DirectiveSyntax::Surrogate, EdgeDirective::NotStored) => return None,
            (DirectiveSyntax::Dictionary | DirectiveSyntax::EdgeControl, EdgeDirective::NotStored) => {
                "no-store".to_owned()
            }
            (DirectiveSyntax::Dictionary, EdgeDirective::Validated) => "no-cache".to_owned(),
            // No word for it is known: a lifetime that has ended says it.
            (DirectiveSyntax::Surrogate, EdgeDirective::Validated) => "max-age=0".to_owned(),
            (DirectiveSyntax::EdgeControl, EdgeDirective::Validated) => "cache-maxage=0s".to_owned(),
            (DirectiveSyntax::Seconds, EdgeDirective::NotStored | EdgeDirective::Validated) => "0".to_owned(),
            (DirectiveSyntax::EdgeControl, EdgeDirective::Stored(lifetime)) => {
                format!("cache-maxage={}s", lifetime.seconds)
            }
            (DirectiveSyntax::Seconds, EdgeDirective::Stored(lifetime)) => lifetime.seconds.to_string(),
            (DirectiveSyntax::Surrogate, EdgeDirective::Stored(lifetime)) => lifetime.in_known_words().to_string(),
            (DirectiveSyntax::Dictionary, EdgeDirective::Stored(lifetime)) => {
                let mut members: Vec<String> = self.directives.iter().copied().map(str::to_owned).collect();
                members.push(lifetime.as_cache_control().to_string());
                members.join(", ")
            }
        };
        Some(HeaderValue::try_from(text).expect("directives and digits make a field value"))
    }
}

/// A lifetime as Akamai writes it: `30s`, `5m`, `1h`, `7d`.
fn seconds_with_unit(text: &str) -> Option<u32> {
    let digits = text.strip_suffix(|unit| matches!(unit, 's' | 'm' | 'h' | 'd'))?;
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3_600,
        _ => 86_400,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

/// X-02, without the dot and the star, which no directive has.
const fn is_key(name: &[u8]) -> bool {
    if name.is_empty() || !name[0].is_ascii_lowercase() {
        return false;
    }
    let mut index = 1;
    while index < name.len() {
        if !matches!(name[index], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-') {
            return false;
        }
        index += 1;
    }
    true
}
