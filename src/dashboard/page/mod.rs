//! The page: HTML, and the events that keep it up to date.

mod document;
mod escape;
mod events;
mod resources;
mod rows;
mod timeline;
mod words;

pub(super) use self::document::document;
pub(super) use self::events::{events, opening};
pub(super) use self::resources::CONTENT_SECURITY_POLICY;
