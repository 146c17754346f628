//! The modules that are shared with the benches of the crate.

#[path = "../support/case.rs"]
mod case;
#[path = "../support/content.rs"]
mod content;
#[path = "../support/counted.rs"]
mod counted;
#[path = "../support/functions.rs"]
mod functions;
#[path = "../support/growth.rs"]
mod growth;
#[path = "../support/question.rs"]
mod question;
#[path = "../support/requests.rs"]
mod requests;
#[path = "../support/responses.rs"]
mod responses;
#[path = "../support/shared_cache.rs"]
mod shared_cache;
#[path = "../support/stacks.rs"]
mod stacks;

pub(crate) use self::counted::calls_main;
pub(crate) use self::functions::functions;
pub(crate) use self::growth::growth;
pub(crate) use self::shared_cache::shared_cache;
pub(crate) use self::stacks::stacks;
