//! Sends one request through the client, and reads its response.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tower_service::Service;

use crate::reply::MAX_BODY;
use crate::text::without_secrets;

/// Returns the response with its body, or the text of the client's error without the secrets of the request.
pub(super) async fn exchange<C, B>(mut client: C, request: Request<Bytes>) -> Result<Response<Bytes>, String>
where
    C: Service<Request<Bytes>, Response = Response<B>>,
    C::Error: fmt::Display,
    B: Body,
    B::Error: fmt::Display,
{
    let secrets = secrets_of(&request);
    let failed = |error: &dyn fmt::Display| redacted(&error.to_string(), &secrets);
    poll_fn(|cx| client.poll_ready(cx)).await.map_err(|error| failed(&error))?;
    let (head, body) = client.call(request).await.map_err(|error| failed(&error))?.into_parts();
    match read(body).await {
        Ok(body) => Ok(Response::from_parts(head, body)),
        Err((_, error)) if head.status.is_success() => Err(failed(&error)),
        // An error response is an error even if its body is incomplete.
        Err((start, _)) => Ok(Response::from_parts(head, start)),
    }
}

/// Returns the values of the request's sensitive fields, and the words in them.
pub(super) fn secrets_of(request: &Request<Bytes>) -> Vec<String> {
    /// The minimum length of a secret. Names of authentication schemes are shorter.
    const MIN_WORD: usize = 8;

    let mut secrets = Vec::new();
    let fields = request.headers().iter();
    for (_, value) in fields.filter(|(name, value)| value.is_sensitive() || *name == AUTHORIZATION) {
        let Ok(value) = value.to_str() else { continue };
        for word in value.split([' ', ',', ';']) {
            // A word is a parameter with a value, or a token, which may contain `=` and end with it.
            let parameter = word.split_once('=').map_or("", |(_, value)| value);
            let words = [word, parameter].map(|word| word.trim_end_matches('='));
            secrets.extend(words.into_iter().filter(|word| word.len() >= MIN_WORD).map(str::to_owned));
        }
        secrets.push(value.to_owned());
    }
    secrets
}

/// Returns the text with each of these secrets replaced by `***`.
pub(super) fn redacted(text: &str, secrets: &[String]) -> String {
    without_secrets(text, secrets.iter().map(String::as_str))
}

/// Reads the body up to the limit and one more byte, so that a longer body is detected. An error includes the bytes
/// before it.
async fn read<B: Body>(body: B) -> Result<Bytes, (Bytes, B::Error)> {
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    // Empty frames are counted too, because otherwise a body that is always ready would never end.
    let mut frames = 0;
    while read.len() <= MAX_BODY && frames <= MAX_BODY {
        frames += 1;
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    let room = MAX_BODY + 1 - read.len();
                    read.put((&mut data).take(room));
                }
            }
            Some(Err(error)) => return Err((read.freeze(), error)),
        }
    }
    Ok(read.freeze())
}
