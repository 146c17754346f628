//! The checks of each response.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, SET_COOKIE};
use http::{HeaderName, Response, StatusCode, request};
use http_cache_semantics::CachePolicy;
use tower_cache_policy::protocol::{Cache, Storability};

use super::server::{EVERYBODY, MADE_FOR, VERSION};

pub(crate) type Answer = Response<Bytes>;

/// Formats a failure with the response.
pub(crate) fn fail(what: &str, path: &str, answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body()[..answer.body().len().min(120)]).into_owned();
    format!("{what}: {path} was answered with {} {:?}\n{body}", answer.status(), answer.headers())
}

pub(crate) fn text<'a>(answer: &'a Answer, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

pub(crate) fn version(answer: &Answer) -> Option<u64> {
    text(answer, &VERSION)?.parse().ok()
}

pub(crate) fn etag(answer: &Answer) -> Option<String> {
    text(answer, &ETAG).map(str::to_owned)
}

/// Checks the rules for every response: one `Cache-Control` field, and no heuristic freshness.
pub(crate) fn is_sound(path: &str, answer: &Answer) -> Result<(), String> {
    if answer.headers().get_all(CACHE_CONTROL).iter().count() != 1 {
        return Err(fail("not one Cache-Control", path, answer));
    }
    if answer.status() == StatusCode::NOT_MODIFIED && !answer.body().is_empty() {
        return Err(fail("a 304 with content", path, answer));
    }
    Ok(())
}

/// The value and the version in a body that was not coded.
pub(crate) fn numbers(path: &str, answer: &Answer) -> Result<(u64, u64), String> {
    let body = String::from_utf8_lossy(answer.body());
    let after = |word| body.split(word).nth(1)?.split([' ', ',']).next()?.parse().ok();
    let (Some(value), Some(version)) = (after("value "), after("version ")) else {
        return Err(fail("no numbers", path, answer));
    };
    if Some(version) != self::version(answer) {
        return Err(fail("the field and the body differ", path, answer));
    }
    // Each write makes of what it read one more.
    if value != version {
        return Err(fail("a write is lost", path, answer));
    }
    Ok((value, version))
}

/// Checks that the response is public and does not have a cookie.
pub(crate) fn is_for_everybody(path: &str, answer: &Answer) -> Result<(), String> {
    if text(answer, &MADE_FOR).is_some_and(|user| user != EVERYBODY) || answer.headers().contains_key(SET_COOKIE) {
        return Err(fail("made for one", path, answer));
    }
    Ok(())
}

/// It is the user's own, with the user's own cookie.
pub(crate) fn is_for(user: &str, path: &str, answer: &Answer) -> Result<(), String> {
    let body = String::from_utf8_lossy(answer.body());
    let other = |text: Option<&str>| text != Some(user);
    if other(text(answer, &MADE_FOR)) || other(body.split(" for ").nth(1).and_then(|rest| rest.split(' ').next())) {
        return Err(fail(&format!("not made for {user}"), path, answer));
    }
    let cookie = text(answer, &SET_COOKIE).map(|cookie| cookie.starts_with(&format!("session={user};")));
    if cookie == Some(false) {
        return Err(fail(&format!("another's cookie for {user}"), path, answer));
    }
    Ok(())
}

/// By neither reading of the standard.
pub(crate) fn is_kept_by_no_shared_cache(asked: &request::Parts, answer: &Answer) -> Result<(), String> {
    let own = Storability::of_response(Cache::Shared, asked, answer.status(), answer.headers());
    if own.is_allowed() || CachePolicy::new(asked, answer).is_storable() {
        return Err(fail("made for one, and a shared cache may keep it", asked.uri.path(), answer));
    }
    Ok(())
}

/// Not by the browser either.
pub(crate) fn is_kept_by_nobody(asked: &request::Parts, answer: &Answer) -> Result<(), String> {
    let own = Storability::of_response(Cache::Private, asked, answer.status(), answer.headers());
    if own.is_allowed() || answer.headers().contains_key(ETAG) {
        return Err(fail("a secret that a browser may keep", asked.uri.path(), answer));
    }
    Ok(())
}
