//! The CPU time of the peers.

use std::fmt::Debug;
use std::hint::black_box;

use axum::body::Body;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::json;
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt};

use crate::requests::{local, runtime};

const ROUNDS: usize = 11;
const TIMES: u32 = 5_000;

/// Sends this number of requests and reads the responses.
type Run = Box<dyn FnMut(&Runtime, u32)>;

pub(crate) struct Case {
    name: String,
    run: Run,
}

impl Case {
    pub(crate) fn new<S, B>(name: String, mut service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>, Error: Debug> + 'static,
        B: http_body::Body<Error: Debug> + 'static,
    {
        let run = move |runtime: &Runtime, times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let request = black_box(local("/page"));
                    let response = service.ready().await.unwrap().call(request).await.unwrap();
                    black_box(response.into_body().collect().await.unwrap().to_bytes());
                }
            });
        };
        Self { name, run: Box::new(run) }
    }
}

/// Returns the nanoseconds of one call of each case, in each round. All cases run in each round.
pub(crate) fn time(mut cases: Vec<Case>) -> serde_json::Value {
    let runtime = runtime();
    let mut rounds = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (case, found) in cases.iter_mut().zip(&mut rounds) {
            (case.run)(&runtime, TIMES / 20);
            let began = ThreadTime::now();
            (case.run)(&runtime, TIMES);
            found.push(began.elapsed().as_nanos() as f64 / f64::from(TIMES));
        }
    }
    cases.iter().zip(rounds).map(|(case, ns)| json!({ "name": case.name, "ns": ns })).collect()
}
