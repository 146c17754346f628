//! `CachingHeaders` of salvo in a salvo service, compared with that service without it.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use http_body_util::BodyExt;
use salvo::http::ResBody;
use salvo::http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use salvo::prelude::{CachingHeaders, Depot, FlowCtrl, Request, Response, Router, Service, handler};
use tokio::runtime::{Builder, Runtime};

use crate::support::Case;

const GROUP: &str = "salvo";
static BYTES: [u8; 1 << 20] = [b'a'; 1 << 20];

fn main() -> ExitCode {
    let mut cases = Vec::new();
    for (body, length) in [("1 KiB", 1 << 10), ("16 KiB", 1 << 14), ("1 MiB", 1 << 20)] {
        let bare = move || Router::new().get(Page(length));
        let name = |name: &str| format!("{name} @ {body}");
        let tagging = move || bare().hoop(CachingHeaders::new());
        let tag = move || {
            let response = runtime().block_on(async { Service::new(tagging()).handle(request(None)).await });
            Some(response.headers()[ETAG].clone())
        };
        let mut add = |case: Case| cases.push(case.times(if length > 1 << 18 { 20 } else { 300 }));
        add(request_case(name("salvo bare"), bare, || None));
        add(request_case(name("no-op hoop"), move || bare().hoop(nothing), || None).against(name("salvo bare")));
        add(request_case(name("CachingHeaders, 200"), tagging, || None).against(name("salvo bare")));
        add(request_case(name("salvo bare, with a tag"), bare, tag));
        add(request_case(name("CachingHeaders, 304"), tagging, tag).against(name("salvo bare, with a tag")));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    support::main(&cases, &arguments)
}

struct Page(usize);

#[handler]
impl Page {
    async fn handle(&self, res: &mut Response) {
        res.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        res.body(ResBody::Once(Bytes::from_static(&BYTES[..self.0])));
    }
}

#[handler]
async fn nothing(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    ctrl.call_next(req, depot, res).await;
}

fn request_case(
    name: String,
    router: impl Fn() -> Router + 'static,
    tag: impl Fn() -> Option<HeaderValue> + 'static,
) -> Case {
    Case::new(GROUP, name, move || {
        let (runtime, service, tag) = (runtime(), Service::new(router()), tag());
        Box::new(move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let mut response = service.handle(black_box(request(tag.as_ref()))).await;
                    let mut body = response.take_body();
                    black_box(&response);
                    while let Some(frame) = body.frame().await {
                        black_box(frame.unwrap());
                    }
                }
            });
        })
    })
}

fn request(tag: Option<&HeaderValue>) -> Request {
    let mut request = Request::default();
    *request.uri_mut() = http::Uri::from_static("http://localhost/");
    if let Some(tag) = tag {
        request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
    }
    request
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
