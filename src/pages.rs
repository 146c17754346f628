//! Pages without items. They exist in the documentation only, with the features that their links need.

#[doc = include_str!("docs/frameworks.md")]
pub mod frameworks {}
#[doc = include_str!("docs/migration.md")]
pub mod migration {}
#[doc = include_str!("docs/recipes.md")]
pub mod recipes {}
