//! Reads the documents that APIs return.

use bytes::Bytes;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use crate::outcome::{PurgeFailure, PurgeOutcome};

/// The maximum length of a body. The longest documented body, for 256 keys at Fastly, is much shorter.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// Interprets the status and the document of a response of an API that returns JSON. An unreadable document is a
/// failure.
pub(crate) fn judge_document<'a, T: Deserialize<'a>>(
    api: &'static str,
    secrets: &[&str],
    response: &'a Response<Bytes>,
    fault_in: impl FnOnce(&T) -> Option<&'static str>,
) -> Result<PurgeOutcome, PurgeFailure> {
    PurgeFailure::unless_success(api, response).map_err(|failure| with_message_of(failure, secrets, response))?;
    let document: T = read(response.body()).map_err(|reason| unreadable(api, response, reason))?;
    match fault_in(&document) {
        None => Ok(PurgeOutcome::Purged),
        Some(reason) => {
            let failure = PurgeFailure::from_response(api, response).with_reason(reason);
            Err(with_message_of(failure, secrets, response))
        }
    }
}

/// Interprets the response of an API without a documented body. The status determines the outcome, unless the body is
/// an HTML page or reports an error. A captive portal and the login page of a proxy also return 200.
pub(crate) fn judge_status(
    api: &'static str,
    secrets: &[&str],
    response: &Response<Bytes>,
) -> Result<PurgeOutcome, PurgeFailure> {
    /// The members of an error document of these APIs.
    #[derive(Deserialize)]
    struct Errors {
        error: Option<Value>,
        #[serde(rename = "ErrorKey")]
        error_key: Option<Value>,
    }

    let outcome =
        PurgeFailure::unless_success(api, response).map_err(|failure| with_message_of(failure, secrets, response))?;
    let body = response.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(response.body()).trim_ascii();
    let is_html = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"text/html");
    if body.starts_with(b"<") || response.headers().get(CONTENT_TYPE).is_some_and(is_html) && !body.is_empty() {
        return Err(unreadable(api, response, "is a page"));
    }
    if body.len() <= MAX_BODY && !body.starts_with(b"{") {
        return Ok(outcome);
    }
    match read::<Errors>(body) {
        Err(reason) => Err(unreadable(api, response, reason)),
        Ok(Errors { error: None, error_key: None }) => Ok(outcome),
        Ok(_) => {
            let failure = PurgeFailure::from_response(api, response).with_reason("its body reports an error");
            Err(with_message_of(failure, secrets, response))
        }
    }
}

/// Returns the failure with the text of the body, without the secrets.
pub(crate) fn with_message_of(failure: PurgeFailure, secrets: &[&str], response: &Response<Bytes>) -> PurgeFailure {
    failure.with_message(message(response.body()).as_deref(), secrets.iter().copied())
}

/// Returns the failure for a body that the API does not usually return. A retry is unlikely to change it.
pub(crate) fn unreadable(api: &'static str, response: &Response<Bytes>, fault: &str) -> PurgeFailure {
    let reason = format!("the body {fault}, and is not a response of this API: check the URL of the API");
    PurgeFailure::from_response(api, response).with_reason(&reason)
}

/// Returns whether the document of an error contains one of these reasons, in Google's format.
pub(crate) fn names_reason(response: &Response<Bytes>, reasons: &[&str]) -> bool {
    let Ok(document) = read::<Value>(response.body()) else { return false };
    let errors = document.get("error").and_then(|error| error.get("errors")).and_then(Value::as_array);
    let reason =
        |error: &Value| error.get("reason").and_then(Value::as_str).is_some_and(|text| reasons.contains(&text));
    errors.is_some_and(|errors| errors.iter().any(reason))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, &'static str> {
    if body.len() > MAX_BODY {
        return Err("is longer than 1 MiB");
    }
    // A structure could also be read from the elements of an array.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("cannot be read");
    }
    // The text of the error may quote the body, and thus a credential. A repeated member is an error, because parsers
    // would disagree about it.
    serde_json::from_slice(body).map_err(|_| "cannot be read")
}

/// Returns the message in an error document, from the JSON members that vendors use.
fn message(body: &[u8]) -> Option<String> {
    let document: Value = read(body).ok()?;
    // Cloudflare: `errors`. Google, Vercel: `error`.
    let errors = document.get("errors").and_then(|errors| errors.get(0));
    let places = [errors, document.get("error"), Some(&document)];
    places.into_iter().flatten().find_map(message_in)
}

fn message_in(object: &Value) -> Option<String> {
    const TEXTS: [&str; 7] = ["message", "Message", "msg", "error_message", "detail", "description", "title"];
    let text = TEXTS.iter().find_map(|name| object.get(name)?.as_str())?;
    match object.get("code") {
        Some(Value::Number(code)) => Some(format!("{code} {text}")),
        Some(Value::String(code)) => Some(format!("{code} {text}")),
        _ => Some(text.to_owned()),
    }
}
