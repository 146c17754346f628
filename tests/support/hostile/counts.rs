//! How often each kind of case and check was taken. A check that never ran is not one that passed.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A kind of stack, or a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// One policy, rendered when the layer was built.
    FixedPolicy,
    /// The same in a `CachingLayer`.
    FixedPolicyInCaching,
    /// A table of routes in a `CachingLayer`.
    TableInCaching,
    /// A table that goes by the content type.
    TableByType,
    /// An edge profile with names of its own, and a handler that writes one of them.
    CustomProfile,
    /// A validator source in a `CachingLayer`, under a handler without a validator.
    SourceInCaching,
    /// A request that says it is gRPC, and whose response is not.
    Claim,
    /// The same for an unsafe method, with a precondition that fails or is missing where one is required.
    ClaimOfARefusedWrite,
    /// A live stream without a field that gives it a lifetime.
    LiveStream,
    /// Several lines of `Cache-Control` that mean something else when they are joined.
    SplitQuote,
    /// A `Cache-Control` of more than 1,000 members.
    LongField,
    /// A `Cache-Control` without a known directive.
    NoKnownDirective,
    /// A handler's policy beside a status that it is not for.
    PolicyBesideAnotherStatus,
    /// A 304 compared with its 200.
    NotModified,
    /// The same, where a source decided before the handler.
    NotModifiedBySource,
    /// The same, where the handler made the 304.
    NotModifiedByHandler,
    /// A 206 compared with its 200.
    PartialContent,
    /// A guard had a reason, and a layer had accepted the risk.
    Waived,
    /// A guard had a reason that the layer which accepted the risk did not see.
    WaivedForAnother,
    /// A layer replaced or tightened what a targeted field contradicts.
    TargetedFieldReplaced,
}

const KINDS: usize = Taken::TargetedFieldReplaced as usize + 1;

static COUNTS: [AtomicUsize; KINDS] = [const { AtomicUsize::new(0) }; KINDS];

impl Taken {
    pub const ALL: [Self; KINDS] = [
        Self::FixedPolicy,
        Self::FixedPolicyInCaching,
        Self::TableInCaching,
        Self::TableByType,
        Self::CustomProfile,
        Self::SourceInCaching,
        Self::Claim,
        Self::ClaimOfARefusedWrite,
        Self::LiveStream,
        Self::SplitQuote,
        Self::LongField,
        Self::NoKnownDirective,
        Self::PolicyBesideAnotherStatus,
        Self::NotModified,
        Self::NotModifiedBySource,
        Self::NotModifiedByHandler,
        Self::PartialContent,
        Self::Waived,
        Self::WaivedForAnother,
        Self::TargetedFieldReplaced,
    ];

    pub fn count(self) {
        COUNTS[self as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_if(self, taken: bool) {
        if taken {
            self.count();
        }
    }

    pub fn times(self) -> usize {
        COUNTS[self as usize].load(Ordering::Relaxed)
    }
}
