//! A purger over any HTTP client.

mod error;
mod exchange;
mod run;
mod service;

pub use self::error::PurgerError;
pub use self::service::{PurgeReport, Purger, Purging};
