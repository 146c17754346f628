//! The service that shows what was noted.

mod answer;
mod body;
mod mark;
mod service;

pub use self::body::DashboardBody;
pub use self::service::DashboardService;

pub(super) use self::mark::OfDashboard;
