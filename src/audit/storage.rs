//! [`Storage`]: whether the answer is stored, and why.

use std::fmt;

use http::HeaderName;

use super::rule::Rule;
use crate::edge::UnsaidAtEdge;
use crate::protocol::{StoragePermission, StorageProhibition};

/// Whether a cache may store the answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    stored: bool,
    why: Why,
}

/// What decides whether the answer is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The standard allows it.
    Allowed(StoragePermission),
    /// The standard forbids it.
    Forbidden(StorageProhibition),
    /// A field for the edge gives it a lifetime.
    EdgeField(HeaderName),
    /// A field for the edge forbids it.
    EdgeFieldForbids(HeaderName),
    /// The edge does not store what sets a cookie.
    SetCookieAtEdge,
    /// The edge does not store the answers to requests with `Authorization`, or not this one.
    AuthorizationAtEdge,
    /// The edge does not store what varies on these fields, or on `*` where there is none.
    VaryAtEdge(Vec<HeaderName>),
    /// `no-store` without `private`, which the edge does not always obey.
    NoStoreAtEdge,
    /// Nothing is said for the edge, and this is what it does then. `None` where that is not
    /// known.
    UnsaidAtEdge(Option<UnsaidAtEdge>),
}

impl Storage {
    pub(super) const fn stored(why: Why) -> Self {
        Self { stored: true, why }
    }

    pub(super) const fn not_stored(why: Why) -> Self {
        Self { stored: false, why }
    }

    /// Whether the cache may store the answer.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.stored
    }

    /// What decides.
    #[must_use]
    pub const fn why(&self) -> &Why {
        &self.why
    }
}

impl Why {
    /// What it rests on.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        use StorageProhibition as No;
        match self {
            Self::Allowed(_) => Rule::new("S-01", "RFC 9111 section 3"),
            Self::Forbidden(no) => match no {
                No::Method => Rule::new("M-01", "RFC 9110 section 9.2.3"),
                No::NotTheTarget => Rule::new("M-02", "RFC 9110 section 9.3.3"),
                No::Interim | No::NothingAllows => Rule::new("S-01", "RFC 9111 section 3"),
                No::Status => Rule::new("N-09", "RFC 6585 sections 3 to 6"),
                No::NotUnderstood => Rule::new("C-28", "RFC 9111 section 5.2.2.3"),
                No::NoStore => Rule::new("C-23", "RFC 9111 section 5.2.2.5"),
                No::RequestNoStore => Rule::new("C-14", "RFC 9111 section 5.2.1.5"),
                No::Private => Rule::new("C-24", "RFC 9111 section 5.2.2.7"),
                No::Authorization => Rule::new("S-04", "RFC 9111 section 3.5"),
            },
            Self::EdgeField(_) | Self::EdgeFieldForbids(_) => Rule::new("T-05", "RFC 9213 section 2.2"),
            Self::SetCookieAtEdge => Rule::new("S-02", "RFC 9111 section 7.3"),
            Self::AuthorizationAtEdge => Rule::new("S-04", "RFC 9111 section 3.5"),
            Self::VaryAtEdge(_) => Rule::new("K-08", "RFC 9111 section 4.1"),
            Self::NoStoreAtEdge => Rule::new("G-07", "RFC 9111 section 5.2.2.5"),
            Self::UnsaidAtEdge(_) => Rule::new("G-14", "RFC 9111 section 4.2.2"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use StoragePermission as Yes;
        use StorageProhibition as No;
        match self {
            Self::Allowed(yes) => f.write_str(match yes {
                Yes::SMaxage => "`s-maxage` allows it",
                Yes::MaxAge => "`max-age` allows it",
                Yes::Expires => "`Expires` allows it",
                Yes::Public => "`public` allows it",
                Yes::Private => "`private` allows it",
                Yes::Status => "no directive forbids it, and the status is one that is stored",
            }),
            Self::Forbidden(no) => f.write_str(match no {
                No::Method => "answers to this method are not stored",
                No::NotTheTarget => "the answer to such a method is stored only with a lifetime and as its target",
                No::Interim => "it is an interim response",
                No::Status => "this status is never stored",
                No::NotUnderstood => "`must-understand`, and the status is not known",
                No::NoStore => "`no-store`",
                No::RequestNoStore => "`no-store` in the request",
                No::Private => "`private`",
                No::Authorization => "the request has `Authorization`, and no directive lets it be shared",
                No::NothingAllows => "no lifetime is stated, and the status is not stored without one",
            }),
            Self::EdgeField(field) => write!(f, "`{field}` allows it"),
            Self::EdgeFieldForbids(field) => write!(f, "`{field}` forbids it"),
            Self::SetCookieAtEdge => f.write_str("it does not store what sets a cookie"),
            Self::AuthorizationAtEdge => {
                f.write_str("it does not store such an answer to a request with `Authorization`")
            }
            Self::VaryAtEdge(fields) if fields.is_empty() => f.write_str("it does not store what varies on `*`"),
            Self::VaryAtEdge(fields) => {
                f.write_str("it does not store what varies on ")?;
                for (index, field) in fields.iter().enumerate() {
                    write!(f, "{}`{field}`", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::NoStoreAtEdge => f.write_str("it does not always obey `no-store` without `private`"),
            Self::UnsaidAtEdge(unsaid) => f.write_str(match unsaid {
                Some(UnsaidAtEdge::NotStored) => "nothing is said, and it stores only what it is told to",
                Some(UnsaidAtEdge::ByExtension) => "nothing is said, and it goes by the extension of the path",
                Some(UnsaidAtEdge::ByLastModified) => "nothing is said, and it goes by `Last-Modified`",
                Some(UnsaidAtEdge::StoredFor(_)) => "nothing is said, and it stores that too",
                None => "nothing is said, and what it does then is not known",
            }),
        }
    }
}
