//! [`AnswerFields`]: what the fields of an answer say that a decision depends on.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA,
    SET_COOKIE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::protocol::{
    Cache, CacheControl, Contradiction, HttpDate, Lifetime, LifetimeSource, is_grpc_type, is_page_type, vary_has_any,
};

/// Which of the fields that a decision depends on an answer has: most have none, and one
/// walk over the names tells, where asking for each would cost more than the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerFields(u8);

const ALLOW_ORIGIN: u8 = 1;
const CACHE_CONTROL_LINE: u8 = 1 << 1;
const OLD_WORDS: u8 = 1 << 2;
const COOKIE: u8 = 1 << 3;
const VARY_LINE: u8 = 1 << 4;
const GRPC: u8 = 1 << 5;
/// The content type counts by its first line, as for every layer.
const TYPED: u8 = 1 << 6;

impl AnswerFields {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut found = 0;
        for (name, value) in headers {
            // A comparison of texts by their length first, which is faster than one of names.
            found |= match name.as_str() {
                "access-control-allow-origin" => ALLOW_ORIGIN,
                "cache-control" => CACHE_CONTROL_LINE,
                "expires" | "pragma" => OLD_WORDS,
                "set-cookie" => COOKIE,
                "vary" => VARY_LINE,
                "content-type" if found & TYPED == 0 && is_grpc_type(value) => TYPED | GRPC,
                "content-type" => TYPED,
                _ => 0,
            };
        }
        Self(found)
    }

    /// Whether it says to be of gRPC.
    pub(super) const fn are_of_grpc(self) -> bool {
        self.has(GRPC)
    }

    /// Whether there is none of them.
    pub(super) const fn are_none(self) -> bool {
        self.0 & !TYPED == 0
    }

    /// Whether there is none of them but `Cache-Control`.
    pub(super) const fn are_at_most_cache_control(self) -> bool {
        self.0 & !(TYPED | CACHE_CONTROL_LINE) == 0
    }

    /// Whether somebody said how long the answer may be kept: a `Cache-Control` with at
    /// least one member, as an empty one says nothing.
    pub(super) fn say_cache_control(self, headers: &HeaderMap) -> bool {
        self.has(CACHE_CONTROL_LINE)
            && headers
                .get_all(CACHE_CONTROL)
                .iter()
                .any(|line| line.as_bytes().iter().any(|byte| !matches!(byte, b' ' | b'\t' | b',')))
    }

    /// Whether the answer speaks in the words of HTTP/1.0.
    pub(super) const fn have_old_words(self) -> bool {
        self.has(OLD_WORDS)
    }

    pub(super) const fn set_a_cookie(self) -> bool {
        self.has(COOKIE)
    }

    /// Whether the answer depends on more than the request's fields (G-11).
    pub(super) fn vary_on_anything(self, headers: &HeaderMap) -> bool {
        self.has(VARY_LINE) && vary_has_any(headers)
    }

    /// Whether the answer names the one origin that may read it, which then usually depends
    /// on who asks (G-12). What a CORS layer inside adds is seen here (L-05).
    pub(super) fn allow_one_origin(self, headers: &HeaderMap) -> bool {
        self.has(ALLOW_ORIGIN) && headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|origin| origin != "*")
    }

    /// The same, with what the visitor's credentials give access to.
    pub(super) fn allow_one_origin_with_credentials(self, headers: &HeaderMap) -> bool {
        self.allow_one_origin(headers) && headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
    }

    const fn has(self, field: u8) -> bool {
        self.0 & field != 0
    }
}

pub(super) fn count_cookies(headers: &HeaderMap) -> usize {
    headers.get_all(SET_COOKIE).iter().count()
}

/// Whether the field says beside `private` or `no-store` what some caches obey instead.
pub(super) fn contradicts_itself(headers: &HeaderMap) -> bool {
    CacheControl::contradictions_in(headers.get_all(CACHE_CONTROL)).any(|contradiction| {
        matches!(
            contradiction,
            Contradiction::NoStoreWithOthers | Contradiction::PublicWithPrivate | Contradiction::SMaxageWithPrivate
        )
    })
}

/// Joins several `Cache-Control` lines into one, which means the same (RFC 9110
/// section 5.3). Says whether there was something to join.
///
/// A quote that does not end in its line would take a restriction in the next for a part of
/// it, or free one that stood in a quote of its own. Of such lines both readings count, and what
/// they come to is written; all others are joined only if `always`.
pub(super) fn join_lines(headers: &mut HeaderMap, always: bool) -> bool {
    let mut lines = headers.get_all(CACHE_CONTROL).iter();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else {
        return false;
    };
    let mut joined = first.as_bytes().to_vec();
    for line in std::iter::once(second).chain(lines) {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line.as_bytes());
    }
    let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined))
        .expect("field values joined by a comma make a field value");
    let read = CacheControl::parse(headers.get_all(CACHE_CONTROL));
    let read_joined = CacheControl::parse([&value]);
    let value = if read_joined == read {
        if !always {
            return false;
        }
        value
    } else {
        let both = read.tighten(&read_joined.without_extensions());
        // What nobody can read is no word (G-14).
        if both.is_empty() { both.to_private().to_header_value() } else { both.to_header_value() }
    };
    headers.insert(CACHE_CONTROL, value);
    true
}

/// The lifetime that the handler stated in the words of HTTP/1.0: none for `Pragma:
/// no-cache` and for an `Expires` that is past or no date (C-33), the time from `Date` to
/// `Expires` else.
pub(super) fn lifetime_by_old_words(headers: &HeaderMap, now: impl FnOnce() -> HttpDate) -> Option<u64> {
    if headers.get_all(PRAGMA).iter().any(|line| {
        line.as_bytes().split(|&byte| byte == b',').any(|member| member.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
    }) {
        return Some(0);
    }
    if !headers.contains_key(EXPIRES) {
        return None;
    }
    let lifetime = Lifetime::of_response(Cache::Private, StatusCode::OK, headers, now());
    (lifetime.source() == LifetimeSource::Expires).then(|| lifetime.seconds())
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| is_page_type(value.as_bytes()))
}
