//! [`Outcome`]: how the whole check ended.

use std::process::ExitCode;

/// How the whole check ended, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Nothing at the level that was asked for.
    Fine,
    /// A finding at that level or above it.
    Found,
    /// Some URL could not be checked, or not in full.
    Unchecked,
}

impl Outcome {
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Found => 1,
            Self::Unchecked => 2,
        }
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self.status())
    }
}
