//! [`Warning`]: what is seldom meant, and what to change.

use http::{HeaderName, HeaderValue};

use super::rule::Rule;
use super::verdict::Keeper;
use crate::protocol::Contradiction;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// It serves nothing, or caches differ in it.
    Note,
    /// Visitors may see something old, or a cache does not do what is said.
    Warning,
    /// One visitor may get what was made for another.
    Danger,
}

/// What is seldom meant. Displays with its level, what to change, and the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `Cache-Control` contradicts itself, or says what serves nothing (C-35).
    Contradiction(Contradiction),
    /// No lifetime is stated, and these caches choose one (F-04).
    LifetimeGuessed {
        /// The caches.
        by: Vec<Keeper>,
    },
    /// The answer sets a cookie, and these caches may replay it to others (G-01).
    SetCookieShared {
        /// The caches.
        by: Vec<Keeper>,
    },
    /// The answer varies on fields that the edge does not look at (K-08).
    VaryIgnored {
        /// The edge.
        edge: &'static str,
        /// The fields.
        fields: Vec<HeaderName>,
        /// Whether that is known, or only not known to be otherwise.
        known: bool,
    },
    /// A strong entity tag that does not name the coding of the content, so that the other
    /// codings may have the same tag (V-09).
    StrongTagUnderCoding,
    /// `ETag` is not one entity tag, so that clients and caches ignore it (V-01).
    InvalidEntityTag {
        /// The value, or the second of several.
        value: HeaderValue,
    },
    /// Something tells that the answer is personal, and these shared caches may store it
    /// (G-02, G-03).
    PersonalShared {
        /// What tells it.
        sign: PersonalSign,
        /// The caches.
        by: Vec<Keeper>,
    },
    /// Browsers keep the answer for long, and nothing in the URL looks as if it changed with
    /// the content (B-01).
    LongWithoutFingerprint {
        /// The lifetime.
        seconds: u64,
    },
    /// The edge ignores a field that is meant for it, for a fault in it (T-04).
    FieldIgnored {
        /// The edge.
        edge: &'static str,
        /// The field.
        field: HeaderName,
    },
    /// The edge may store what says `no-store` (G-07).
    NoStoreDisobeyed {
        /// The edge.
        edge: &'static str,
    },
    /// The URL has a query, and the edge leaves it out of its key (B-02).
    QueryNotInKey {
        /// The edge.
        edge: &'static str,
    },
}

/// What tells that an answer was made for one visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PersonalSign {
    /// The mark [`Personalized`](crate::policy::Personalized).
    Mark,
    /// `Authorization` in the request.
    Authorization,
    /// `Cookie` in the request for a page of HTML that does not vary on it.
    Cookie,
}

impl Warning {
    /// How bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Contradiction(
                Contradiction::NoStoreWithOthers | Contradiction::PublicWithPrivate | Contradiction::SMaxageWithPrivate,
            )
            | Self::LifetimeGuessed { .. }
            | Self::StrongTagUnderCoding
            | Self::InvalidEntityTag { .. }
            | Self::PersonalShared { sign: PersonalSign::Cookie, .. }
            | Self::LongWithoutFingerprint { .. }
            | Self::FieldIgnored { .. }
            | Self::QueryNotInKey { .. }
            | Self::VaryIgnored { known: false, .. } => Level::Warning,
            Self::Contradiction(_) => Level::Note,
            // Edges that ignore `Vary` mostly know this one by other means.
            Self::VaryIgnored { fields, .. } if fields.iter().all(|field| field == "accept-encoding") => Level::Note,
            Self::VaryIgnored { .. }
            | Self::SetCookieShared { .. }
            | Self::PersonalShared { .. }
            | Self::NoStoreDisobeyed { .. } => Level::Danger,
        }
    }

    /// What it rests on.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::Contradiction(_) => Rule::new("C-35", "RFC 9111 section 5.2.2"),
            Self::LifetimeGuessed { .. } => Rule::new("F-04", "RFC 9111 section 4.2.2"),
            Self::SetCookieShared { .. } => Rule::new("G-01", "RFC 9111 section 7.3"),
            Self::VaryIgnored { .. } => Rule::new("K-08", "RFC 9111 section 4.1"),
            Self::StrongTagUnderCoding => Rule::new("V-09", "RFC 9110 section 8.8.3.3"),
            Self::InvalidEntityTag { .. } => Rule::new("V-01", "RFC 9110 section 8.8.3"),
            Self::PersonalShared { sign: PersonalSign::Authorization, .. } => Rule::new("G-02", "RFC 9111 section 3.5"),
            Self::PersonalShared { .. } => Rule::new("G-03", "RFC 9111 section 7.3"),
            Self::LongWithoutFingerprint { .. } => Rule::new("B-01", "RFC 8246 section 1"),
            Self::FieldIgnored { .. } => Rule::new("T-04", "RFC 9213 section 2.1"),
            Self::NoStoreDisobeyed { .. } => Rule::new("G-07", "RFC 9111 section 5.2.2.5"),
            Self::QueryNotInKey { .. } => Rule::new("B-02", "RFC 9111 section 2"),
        }
    }
}
