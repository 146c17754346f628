//! Checks each response.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, SET_COOKIE};
use http::{HeaderName, Response, StatusCode, request};
use http_cache_semantics::CachePolicy;
use tower_cache_policy::protocol::{Cache, Storability};

use super::server::{ALL_USERS, MADE_FOR, VERSION};

pub(crate) type CheckedResponse = Response<Bytes>;

/// Formats a failure with the response.
pub(crate) fn fail(what: &str, path: &str, response: &CheckedResponse) -> String {
    let body = String::from_utf8_lossy(&response.body()[..response.body().len().min(120)]).into_owned();
    format!("{what}: {path} returned {} {:?}\n{body}", response.status(), response.headers())
}

pub(crate) fn text<'a>(response: &'a CheckedResponse, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

pub(crate) fn version(response: &CheckedResponse) -> Option<u64> {
    text(response, &VERSION)?.parse().ok()
}

pub(crate) fn etag(response: &CheckedResponse) -> Option<String> {
    text(response, &ETAG).map(str::to_owned)
}

/// Checks the rules for every response: one `Cache-Control` field, and no heuristic freshness.
pub(crate) fn assert_valid(path: &str, response: &CheckedResponse) -> Result<(), String> {
    if response.headers().get_all(CACHE_CONTROL).iter().count() != 1 {
        return Err(fail("not exactly one Cache-Control", path, response));
    }
    if response.status() == StatusCode::NOT_MODIFIED && !response.body().is_empty() {
        return Err(fail("a 304 with content", path, response));
    }
    Ok(())
}

/// Returns the value and the version in a body without a content coding.
pub(crate) fn numbers(path: &str, response: &CheckedResponse) -> Result<(u64, u64), String> {
    let body = String::from_utf8_lossy(response.body());
    let after = |word| body.split(word).nth(1)?.split([' ', ',']).next()?.parse().ok();
    let (Some(value), Some(version)) = (after("value "), after("version ")) else {
        return Err(fail("no value and version", path, response));
    };
    if Some(version) != self::version(response) {
        return Err(fail("the field and the body differ", path, response));
    }
    // Each write increments the value that it read.
    if value != version {
        return Err(fail("a write is lost", path, response));
    }
    Ok((value, version))
}

/// Checks that the response is public and does not have a cookie.
pub(crate) fn assert_public(path: &str, response: &CheckedResponse) -> Result<(), String> {
    if text(response, &MADE_FOR).is_some_and(|user| user != ALL_USERS) || response.headers().contains_key(SET_COOKIE) {
        return Err(fail("created for one user", path, response));
    }
    Ok(())
}

/// Checks that the response and its cookie are for this user.
pub(crate) fn assert_for_user(user: &str, path: &str, response: &CheckedResponse) -> Result<(), String> {
    let body = String::from_utf8_lossy(response.body());
    let other = |text: Option<&str>| text != Some(user);
    if other(text(response, &MADE_FOR)) || other(body.split(" for ").nth(1).and_then(|rest| rest.split(' ').next())) {
        return Err(fail(&format!("not created for {user}"), path, response));
    }
    let cookie = text(response, &SET_COOKIE).map(|cookie| cookie.starts_with(&format!("session={user};")));
    if cookie == Some(false) {
        return Err(fail(&format!("a cookie of another user for {user}"), path, response));
    }
    Ok(())
}

/// Checks this according to both implementations of the standard.
pub(crate) fn assert_no_shared_cache_stores(
    request: &request::Parts,
    response: &CheckedResponse,
) -> Result<(), String> {
    let own = Storability::of_response(Cache::Shared, request, response.status(), response.headers());
    if own.is_allowed() || CachePolicy::new(request, response).is_storable() {
        return Err(fail("created for one user, and a shared cache may store it", request.uri.path(), response));
    }
    Ok(())
}

/// Checks that browsers do not store the response either.
pub(crate) fn assert_no_cache_stores(request: &request::Parts, response: &CheckedResponse) -> Result<(), String> {
    let own = Storability::of_response(Cache::Private, request, response.status(), response.headers());
    if own.is_allowed() || response.headers().contains_key(ETAG) {
        return Err(fail("a secret that a browser may store", request.uri.path(), response));
    }
    Ok(())
}
