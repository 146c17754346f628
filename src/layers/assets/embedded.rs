//! The [`Service`] implementation of [`EmbeddedFiles`].

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

use crate::assets::{EmbeddedFiles, is_suspicious};
use crate::protocol::{
    HttpDate, IfRange, Preconditions, PreferredCoding, Representation, RequestedBytes, Validators, add_coding_suffix,
    into_partial_content, into_range_not_satisfiable, preferred_coding,
};

/// The response body of [`EmbeddedFiles`]. It refers to the embedded content and does not copy it.
#[derive(Debug, Default)]
pub struct EmbeddedBody {
    content: Bytes,
}

impl<B> Service<Request<B>> for EmbeddedFiles {
    type Response = Response<EmbeddedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, _) = request.into_parts();
        ready(Ok(respond(self, &request)))
    }
}

fn respond(files: &EmbeddedFiles, request: &Parts) -> Response<EmbeddedBody> {
    let is_head = match request.method {
        Method::GET => false,
        Method::HEAD => true,
        _ => return error(StatusCode::METHOD_NOT_ALLOWED, Some((ALLOW, HeaderValue::from_static("GET, HEAD")))),
    };
    let path = request.uri.path();
    let Some(file) = files.find(path).filter(|_| !is_suspicious(path)) else {
        return error(StatusCode::NOT_FOUND, None);
    };
    let vary = (VARY, HeaderValue::from_static("accept-encoding"));
    let lengths = file.coded().iter().map(|(coding, content)| (*coding, content.len() as u64));
    let coding = match preferred_coding(&request.headers, file.content().len() as u64, lengths) {
        PreferredCoding::Identity => None,
        PreferredCoding::Coded(coding) => Some(coding),
        PreferredCoding::None => return error(StatusCode::NOT_ACCEPTABLE, Some(vary)),
    };
    let content = file.coded().iter().find(|(known, _)| Some(*known) == coding).map_or(file.content(), |(_, it)| it);

    let mut response = Response::new(EmbeddedBody::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
    headers.insert(ETAG, file.entity_tag().to_header_value());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        // V-09
        add_coding_suffix(headers);
    }
    if !file.coded().is_empty() {
        headers.insert(vary.0.clone(), vary.1.clone());
    }
    let length = content.len() as u64;
    //
    let requested =
        RequestedBytes::of_request(&request.method, &request.headers, if_range_of(request, headers), length);
    let content = match requested {
        RequestedBytes::All => content.clone(),
        RequestedBytes::Part(part) => {
            // `RequestedBytes` has checked that both positions are within the content.
            let bytes = content.slice(*part.start() as usize..=*part.end() as usize);
            //
            into_partial_content(headers, part, length);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            bytes
        }
        RequestedBytes::Unsatisfiable => {
            let mut response = error(StatusCode::RANGE_NOT_SATISFIABLE, None);
            into_range_not_satisfiable(response.headers_mut(), length);
            return response;
        }
    };
    response.headers_mut().insert(CONTENT_LENGTH, content.len().into());
    if !is_head {
        response.body_mut().content = content;
    }
    response
}

/// Evaluates `If-Range` with the entity tag of the response. The response does not have a date.
//
fn if_range_of(request: &Parts, response: &http::HeaderMap) -> IfRange {
    let current = Validators::from_headers(response, HttpDate::MAX);
    let preconditions = Preconditions::new(&request.method, &request.headers);
    preconditions.if_range(&Representation::Current(current), HttpDate::MAX)
}

/// Creates an error response that no cache stores.
// B-03
fn error(status: StatusCode, field: Option<(HeaderName, HeaderValue)>) -> Response<EmbeddedBody> {
    let mut response = Response::new(EmbeddedBody::default());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response.headers_mut().extend(field);
    response
}

impl Body for EmbeddedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let content = std::mem::take(&mut self.content);
        Poll::Ready((!content.is_empty()).then(|| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.len() as u64)
    }
}
