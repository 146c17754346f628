//! Counts how often each kind of case and check ran. A check that never ran does not prove anything.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A kind of stack, or a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// One policy, rendered when the layer is built.
    FixedPolicy,
    /// The same policy in a `CachingLayer`.
    FixedPolicyInCaching,
    /// A table of routes in a `CachingLayer`.
    TableInCaching,
    /// A table that depends on the content type.
    TableByType,
    /// An edge profile with custom field names, and a handler that writes one of these fields.
    CustomProfile,
    /// A validator source in a `CachingLayer`, under a handler without a validator.
    SourceInCaching,
    /// A request with the content type of gRPC whose response is not gRPC.
    GrpcClaim,
    /// The same for an unsafe method, with a precondition that fails or is required and missing.
    GrpcClaimOfRefusedWrite,
    /// A live stream without a field that gives it a lifetime.
    LiveStream,
    /// Several lines of `Cache-Control` whose meaning changes when they are joined.
    SplitQuote,
    /// A `Cache-Control` of more than 1,000 members.
    LongField,
    /// A `Cache-Control` without a known directive.
    NoKnownDirective,
    /// A handler's policy on a response whose status it does not apply to.
    PolicyBesideAnotherStatus,
    /// A handler's policy for the status of the response, which is not that of a page.
    PolicyForOtherStatus,
    /// A 304 compared with its 200.
    NotModified,
    /// The same, if a source decided before the handler.
    NotModifiedBySource,
    /// The same, if the handler generated the 304.
    NotModifiedByHandler,
    /// A 206 compared with its 200.
    PartialContent,
    /// A guard had a reason to act, and a layer accepted the risk.
    AcceptedRisk,
    /// A guard had a reason to act that the layer which accepted the risk did not see.
    AcceptedRiskForOtherValue,
    /// A layer replaced or tightened a `Cache-Control` that a targeted field contradicts.
    TargetedFieldReplaced,
}

const KINDS: usize = Coverage::TargetedFieldReplaced as usize + 1;

static COUNTS: [AtomicUsize; KINDS] = [const { AtomicUsize::new(0) }; KINDS];

impl Coverage {
    pub const ALL: [Self; KINDS] = [
        Self::FixedPolicy,
        Self::FixedPolicyInCaching,
        Self::TableInCaching,
        Self::TableByType,
        Self::CustomProfile,
        Self::SourceInCaching,
        Self::GrpcClaim,
        Self::GrpcClaimOfRefusedWrite,
        Self::LiveStream,
        Self::SplitQuote,
        Self::LongField,
        Self::NoKnownDirective,
        Self::PolicyBesideAnotherStatus,
        Self::PolicyForOtherStatus,
        Self::NotModified,
        Self::NotModifiedBySource,
        Self::NotModifiedByHandler,
        Self::PartialContent,
        Self::AcceptedRisk,
        Self::AcceptedRiskForOtherValue,
        Self::TargetedFieldReplaced,
    ];

    pub fn count(self) {
        COUNTS[self as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_if(self, condition: bool) {
        if condition {
            self.count();
        }
    }

    pub fn times(self) -> usize {
        COUNTS[self as usize].load(Ordering::Relaxed)
    }
}
