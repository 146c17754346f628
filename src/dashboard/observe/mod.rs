//! The layer that takes note of each answer.

mod body;
mod exchange;
mod future;
mod layer;
mod service;

pub use self::body::ObservedBody;
pub use self::future::ResponseFuture;
pub use self::layer::ObserveLayer;
pub use self::service::ObserveService;
