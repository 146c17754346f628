//! [`Personalized`]: the mark of an answer that was made for one principal.

/// Marks a request or an answer as personal: a session or authentication layer puts
/// it into the extensions of either when it has read, refreshed or merely probed a
/// session.
///
/// An answer so marked is kept by no shared cache (G-03) and gets no generated
/// entity tag unless that is keyed (G-16).
///
/// ```
/// use tower_cache_policy::policy::Personalized;
///
/// let mut response = http::Response::new(());
/// response.extensions_mut().insert(Personalized);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // A mark, written as such.
pub struct Personalized;
