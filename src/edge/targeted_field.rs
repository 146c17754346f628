//! [`TargetedField`]: the field from which an edge reads its lifetime.

#[cfg(feature = "audit")]
use http::HeaderMap;
use http::{HeaderName, HeaderValue};

use super::directive::{EdgeDirective, EdgeLifetime};
use crate::protocol::{CacheControl, MAX_DELTA_SECONDS, delta_seconds};
#[cfg(feature = "audit")]
use crate::protocol::{HttpDate, members, trim_ows};

/// The field from which an edge reads its lifetime, with its syntax
/// ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213.html)).
///
/// ```
/// use http::HeaderName;
/// use tower_cache_policy::edge::{DirectiveSyntax, EdgeProfile, TargetedField};
///
/// // Netlify stores a response in its durable cache if the field has this directive.
/// let field = TargetedField::new(HeaderName::from_static("netlify-cdn-cache-control"), DirectiveSyntax::Dictionary)
///     .directives(&["public", "durable"]);
/// let netlify = EdgeProfile::NETLIFY.with_field(Some(field));
/// # assert!(netlify.field().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TargetedField {
    name: HeaderName,
    syntax: DirectiveSyntax,
    /// Directives that are written before all others, in this order.
    directives: &'static [&'static str],
    overrules_no_store: bool,
}

/// The syntax of a [`TargetedField`].
///
/// The same decisions in each syntax:
///
/// | Syntax | Stored for one hour | Revalidated before each reuse | Not stored |
/// |---|---|---|---|
/// | [`Dictionary`](Self::Dictionary) | `max-age=3600` | `no-cache` | `no-store` |
/// | [`Surrogate`](Self::Surrogate) | `max-age=3600` | `max-age=0` | no field, only `Cache-Control: private` |
/// | [`EdgeControl`](Self::EdgeControl) | `cache-maxage=3600s` | `cache-maxage=0s` | `no-store` |
/// | [`Seconds`](Self::Seconds) | `3600` | `0` | `0` |
///
/// Only a Dictionary contains all directives. `Surrogate` also has `stale-while-revalidate` and `stale-if-error`. The
/// other two have only the lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectiveSyntax {
    /// A structured Dictionary, such as `max-age=60, stale-while-revalidate=30`
    /// ([RFC 9213 section 2.1](https://www.rfc-editor.org/rfc/rfc9213.html#section-2.1)).
    // T-01
    Dictionary,
    /// `Surrogate-Control` in the syntax of Fastly, such as `max-age=60, stale-if-error=30`. No directive is known to
    /// forbid storage, so a restriction appears only in `Cache-Control`.
    Surrogate,
    /// `Edge-Control` in the syntax of Akamai: `cache-maxage=60s` or `no-store`.
    EdgeControl,
    /// A number of seconds, such as nginx's `X-Accel-Expires: 60`. 0 forbids storage.
    Seconds,
}

impl TargetedField {
    /// Creates a field with this name and syntax.
    ///
    /// The edge is assumed to obey it even if `Cache-Control` contains `no-store`. If that is not certain, call
    /// [`optional`](Self::optional).
    pub const fn new(name: HeaderName, syntax: DirectiveSyntax) -> Self {
        Self { name, syntax, directives: &[], overrules_no_store: true }
    }

    /// Adds directives such as `durable`, which come first if the response may be stored.
    ///
    /// They are not sent together with `no-store` or `no-cache`:
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{HeaderName, Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::edge::{DirectiveSyntax, EdgeProfile, TargetedField};
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::{CachePolicyLayer, EdgeLayer};
    ///
    /// # tokio_test::block_on(async {
    /// const FIELD: HeaderName = HeaderName::from_static("netlify-cdn-cache-control");
    /// let field = TargetedField::new(FIELD, DirectiveSyntax::Dictionary).directives(&["public", "durable"]);
    /// let edge = EdgeLayer::new(EdgeProfile::NETLIFY.with_field(Some(field)));
    ///
    /// for (policy, expected) in [
    ///     (CachePolicy::public(Duration::from_secs(60)), "public, durable, max-age=60"),
    ///     (CachePolicy::NO_STORE, "no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new()
    ///         .layer(edge.clone())
    ///         .layer(CachePolicyLayer::new(policy))
    ///         .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    ///     let response = service.oneshot(Request::new(())).await.unwrap();
    ///     assert_eq!(response.headers()[FIELD], expected);
    /// }
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if one of them is not a key of a structured Dictionary: a lower-case letter, then `a-z`, `0-9`, `_` and
    /// `-` ([RFC 9651 section 3.1.2](https://www.rfc-editor.org/rfc/rfc9651.html#section-3.1.2)).
    // X-02
    #[track_caller]
    pub const fn directives(mut self, directives: &'static [&'static str]) -> Self {
        let mut index = 0;
        while index < directives.len() {
            assert!(
                is_key(directives[index].as_bytes()),
                "not a directive: write a lower-case letter, then a-z, 0-9, '_' and '-'"
            );
            index += 1;
        }
        self.directives = directives;
        self
    }

    /// Declares that the edge may ignore the field, because of its configuration or version. `Cache-Control` then has
    /// to be correct for the edge too.
    ///
    /// This setting affects [`CachePolicy::edge_only`](crate::policy::CachePolicy::edge_only). If all edges always obey
    /// their own field, browsers get `no-store`. Otherwise, `Cache-Control` has to contain the lifetime as `s-maxage`.
    ///
    /// ```
    /// use tower_cache_policy::edge::EdgeProfile;
    ///
    /// assert!(EdgeProfile::CLOUDFLARE.field().unwrap().overrules_no_store());
    /// // Traffic Server reads `CDN-Cache-Control` only if it is configured to.
    /// assert!(!EdgeProfile::TRAFFIC_SERVER.field().unwrap().overrules_no_store());
    /// ```
    pub const fn optional(mut self) -> Self {
        self.overrules_no_store = false;
        self
    }

    /// Returns the name of the field.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Returns the syntax of the field.
    #[must_use]
    pub const fn syntax(&self) -> DirectiveSyntax {
        self.syntax
    }

    /// Returns whether the edge always obeys the field, even if `Cache-Control` contains `no-store`.
    #[must_use]
    pub const fn overrules_no_store(&self) -> bool {
        self.overrules_no_store
    }

    /// Returns whether both fields have the same value for the same response.
    pub(super) fn writes_the_same_as(&self, other: &Self) -> bool {
        self.syntax == other.syntax && self.directives == other.directives
    }

    /// Reads a field that an inner service wrote. A value that cannot be read counts as a restriction.
    pub(super) fn read<'a>(&self, lines: impl IntoIterator<Item = &'a HeaderValue>) -> EdgeDirective {
        if matches!(self.syntax, DirectiveSyntax::Dictionary | DirectiveSyntax::Surrogate) {
            return EdgeDirective::of(&CacheControl::parse(lines));
        }
        let mut lines = lines.into_iter();
        let (Some(line), None) = (lines.next().map(HeaderValue::as_bytes), lines.next()) else {
            return EdgeDirective::NotStored;
        };
        let seconds = match self.syntax {
            DirectiveSyntax::Seconds => delta_seconds(line),
            _ => line.strip_prefix(b"cache-maxage=").and_then(seconds_with_unit),
        };
        match seconds {
            Some(seconds) if seconds > 0 => EdgeDirective::Stored(EdgeLifetime::new(seconds)),
            _ => EdgeDirective::NotStored,
        }
    }

    /// Returns a well-known field in the syntax that edges expect if they also have their own field.
    pub(crate) fn known(name: HeaderName) -> Self {
        let syntax = match name.as_str() {
            "surrogate-control" => DirectiveSyntax::Surrogate,
            "edge-control" => DirectiveSyntax::EdgeControl,
            "x-accel-expires" | "x-varnish-ttl" => DirectiveSyntax::Seconds,
            _ => DirectiveSyntax::Dictionary,
        };
        Self::new(name, syntax)
    }

    /// Returns the directive that the edge obeys. Returns `None` if the field is missing, or if the edge ignores it and
    /// reads the next field: an invalid Dictionary, an invalid number, or unknown directives.
    ///
    /// Unlike [`read`](Self::read), this must not overlook a lifetime that the edge finds in an unusual value.
    // T-04
    #[cfg(feature = "audit")]
    pub(crate) fn obeyed_in(&self, headers: &HeaderMap, now: HttpDate) -> Option<EdgeDirective> {
        let lines = || headers.get_all(&self.name);
        match self.syntax {
            DirectiveSyntax::Dictionary => {
                CacheControl::from_targeted(headers, &self.name).map(|control| EdgeDirective::of(&control))
            }
            DirectiveSyntax::Seconds => seconds_or_date(lines().iter().next()?.as_bytes(), now),
            DirectiveSyntax::EdgeControl => edge_control(lines()),
            DirectiveSyntax::Surrogate => headers.contains_key(&self.name).then(|| surrogate_control(lines())),
        }
    }

    /// Renders a directive, or returns `None` if the syntax cannot express it.
    pub(super) fn value(&self, directive: &EdgeDirective) -> Option<HeaderValue> {
        Some(match (self.syntax, directive) {
            (_, EdgeDirective::Silent) | (DirectiveSyntax::Surrogate, EdgeDirective::NotStored) => return None,
            (DirectiveSyntax::Dictionary | DirectiveSyntax::EdgeControl, EdgeDirective::NotStored) => {
                HeaderValue::from_static("no-store")
            }
            (DirectiveSyntax::Dictionary, EdgeDirective::Validated) => HeaderValue::from_static("no-cache"),
            // There is no known directive for revalidation. A lifetime of zero has the same effect.
            (DirectiveSyntax::Surrogate, EdgeDirective::Validated) => HeaderValue::from_static("max-age=0"),
            (DirectiveSyntax::EdgeControl, EdgeDirective::Validated) => HeaderValue::from_static("cache-maxage=0s"),
            (DirectiveSyntax::Seconds, EdgeDirective::NotStored | EdgeDirective::Validated) => {
                HeaderValue::from_static("0")
            }
            (DirectiveSyntax::EdgeControl, EdgeDirective::Stored(lifetime)) => {
                of_text(format!("cache-maxage={}s", lifetime.seconds))
            }
            (DirectiveSyntax::Seconds, EdgeDirective::Stored(lifetime)) => lifetime.seconds.into(),
            (DirectiveSyntax::Surrogate, EdgeDirective::Stored(lifetime)) => {
                lifetime.lifetimes_only().to_header_value()
            }
            (DirectiveSyntax::Dictionary, EdgeDirective::Stored(lifetime)) => {
                let lifetime = lifetime.as_cache_control();
                if self.directives.is_empty() {
                    return Some(lifetime.to_header_value());
                }
                of_text(format!("{}, {lifetime}", self.directives.join(", ")))
            }
        })
    }
}

fn of_text(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("directives and digits make a field value")
}

/// Parses a lifetime in Akamai's notation: `30s`, `5m`, `1h`, `7d`. Without a unit, it is in seconds.
fn seconds_with_unit(text: &[u8]) -> Option<u32> {
    let (digits, unit) = match text {
        [digits @ .., b's'] => (digits, 1),
        [digits @ .., b'm'] => (digits, 60),
        [digits @ .., b'h'] => (digits, 3_600),
        [digits @ .., b'd'] => (digits, 86_400),
        digits => (digits, 1),
    };
    delta_seconds(digits).map(|seconds| seconds.saturating_mul(unit).min(MAX_DELTA_SECONDS))
}

/// Reads `X-Accel-Expires` as nginx does: a number of seconds, or `@` and a time in seconds since 1970.
#[cfg(feature = "audit")]
fn seconds_or_date(line: &[u8], now: HttpDate) -> Option<EdgeDirective> {
    let stored = |seconds| EdgeDirective::Stored(EdgeLifetime::new(seconds));
    let Some(date) = line.strip_prefix(b"@") else {
        return delta_seconds(line)
            .map(|seconds| if seconds == 0 { EdgeDirective::NotStored } else { stored(seconds) });
    };
    let is_number = !date.is_empty() && date.iter().all(u8::is_ascii_digit);
    let date: i64 = str::from_utf8(date).ok().filter(|_| is_number)?.parse().unwrap_or(i64::MAX);
    // nginx ignores `@0`, and stores a response with another time in the past as stale.
    let seconds = date.saturating_sub(now.unix_seconds()).clamp(0, MAX_DELTA_SECONDS.into());
    (date > 0).then(|| stored(u32::try_from(seconds).unwrap_or(MAX_DELTA_SECONDS)))
}

/// Reads `Surrogate-Control`, in which `max-age=60+30` is a lifetime with a time for stale reuse, and a parameter names
/// the edge that a directive is for. A lifetime for any edge counts, and a prohibition only if it is for all.
#[cfg(feature = "audit")]
fn surrogate_control<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> EdgeDirective {
    const MAX_AGE: &[u8] = b"max-age=";
    let for_this = members(lines).filter_map(|member| {
        let directive = trim_ows(member.split(|&byte| byte == b';').next()?);
        if directive.get(..MAX_AGE.len()).is_some_and(|name| name.eq_ignore_ascii_case(MAX_AGE)) {
            return directive.split(|&byte| byte == b'+').next();
        }
        (directive.len() == member.len()).then_some(member)
    });
    let line = HeaderValue::from_bytes(&for_this.collect::<Vec<_>>().join(&b", "[..]));
    EdgeDirective::of(&CacheControl::parse(line.iter()))
}

/// Reads the lifetimes and the prohibitions of `Edge-Control`. A lifetime takes precedence, because it is not known
/// which of them Akamai obeys. A lifetime of zero means that Akamai revalidates the response before each reuse.
#[cfg(feature = "audit")]
fn edge_control<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Option<EdgeDirective> {
    let (mut longest, mut forbidden) = (None, false);
    for member in lines.into_iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b',')) {
        let member = trim_ows(member).to_ascii_lowercase();
        match &member[..] {
            b"no-store" | b"bypass-cache" => forbidden = true,
            _ => {
                let lifetime = [&b"cache-maxage="[..], b"max-age="].iter().find_map(|name| member.strip_prefix(*name));
                longest = longest.max(lifetime.and_then(seconds_with_unit));
            }
        }
    }
    match longest {
        Some(seconds) => Some(EdgeDirective::Stored(EdgeLifetime::new(seconds))),
        None => forbidden.then_some(EdgeDirective::NotStored),
    }
}

/// Returns whether the name is a key of a structured Dictionary. Unlike the standard, this excludes `.` and `*`, which
/// do not occur in directives.
// X-02
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
