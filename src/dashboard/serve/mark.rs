//! [`OfDashboard`]: the mark of the page's own answers.

/// In the extensions of each answer, so that a layer around the page does not show that somebody
/// looks at it.
#[derive(Clone, Copy, Debug)]
pub(in crate::dashboard) struct OfDashboard;
