//! The APIs of the vendors, each in its own file.

mod akamai;
mod bunny;
mod cloudflare;
mod cloudfront;
mod fastly;
mod google;
mod keycdn;
mod netlify;
mod nginx;
mod squid;
mod variants;
mod varnish;
mod vercel;

pub use self::akamai::Akamai;
pub use self::bunny::Bunny;
pub use self::cloudflare::Cloudflare;
pub use self::cloudfront::CloudFront;
pub use self::fastly::Fastly;
pub use self::google::Google;
pub use self::keycdn::KeyCdn;
pub use self::netlify::Netlify;
pub use self::nginx::Nginx;
pub use self::squid::Squid;
pub use self::varnish::Varnish;
pub use self::vercel::{Vercel, VercelTarget};
