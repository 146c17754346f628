//! The event of a decision.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::convert::Infallible;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use tower::{Layer, service_fn};
use tower_cache_policy::CachePolicyLayer;
use tower_cache_policy::policy::CachePolicy;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use support::{TestBody, answer, call, get};

/// Keeps the fields of each event as one line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_cache_policy"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Fields(String);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0.trim_end().to_owned());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_decision_is_one_event_with_what_was_said_and_what_was_made_of_it() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let handler = service_fn(|_: Request<TestBody>| {
            let fields = [("set-cookie", "a=b"), ("cache-control", "public, max-age=5")];
            std::future::ready(Ok::<_, Infallible>(answer("", &fields)))
        });
        let layer = CachePolicyLayer::new(CachePolicy::max_age(Duration::from_secs(60)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(call(&layer.layer(handler), get("/", &[])));
        assert!(!response.headers().contains_key("cache-policy-explain"));
    });
    let expected = "message=the answer's own field; G-01 Set-Cookie: private rule=\"one policy\" status=200 \
                    said=\"public, max-age=5\" wrote=\"private, max-age=5\"";
    assert_eq!(*lines.0.lock().unwrap(), [expected]);
}
