//! [`SelectingFields`]: request fields that are read on the record.

use http::header::GetAll;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Vary;

/// Reads request fields, and remembers which: an answer that depends on a field must name
/// it in `Vary`, or one client's answer is served to another (K-02, G-13).
///
/// A field is recorded when it is asked for, whether it is there or not: that it is absent
/// selects an answer too.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
/// use tower_cache_policy::protocol::SelectingFields;
///
/// let mut request = HeaderMap::new();
/// request.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
///
/// let mut fields = SelectingFields::of(&request);
/// let greeting = match fields.get(&ACCEPT_LANGUAGE) {
///     Some(language) if language == "de" => "Guten Tag",
///     _ => "Hello",
/// };
///
/// let mut answer = HeaderMap::new();
/// fields.into_vary().add_to(&mut answer);
/// assert_eq!((greeting, &answer["vary"]), ("Guten Tag", &HeaderValue::from_static("accept-language")));
/// ```
#[derive(Clone, Debug)]
pub struct SelectingFields<'a> {
    headers: &'a HeaderMap,
    vary: Vary,
}

impl<'a> SelectingFields<'a> {
    /// For the fields of this request, of which none was read yet.
    #[must_use]
    pub fn of(headers: &'a HeaderMap) -> Self {
        Self { headers, vary: Vary::new() }
    }

    /// The first line of a field, recorded.
    pub fn get(&mut self, name: &HeaderName) -> Option<&'a HeaderValue> {
        self.get_all(name).into_iter().next()
    }

    /// All lines of a field, recorded.
    ///
    /// This includes `Authorization` and `Cookie`: a response to an anonymous client is not the one
    /// for a client that has signed in, and without the name in `Vary` a shared cache may reuse it.
    /// The name has [a price](crate::policy::CachePolicy#sign-in-that-is-optional). To only check
    /// credentials on which the response does not depend, read them from the request itself.
    pub fn get_all(&mut self, name: &HeaderName) -> GetAll<'a, HeaderValue> {
        // K-05, G-23: the name stands here because the application read the field to select.
        self.vary.insert(name.as_str());
        self.headers.get_all(name)
    }

    /// What was read.
    #[must_use]
    pub fn into_vary(self) -> Vary {
        self.vary
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE};

    use super::*;

    #[test]
    fn each_field_that_was_read_is_recorded_once_credentials_included() {
        let mut request = HeaderMap::new();
        request.append(ACCEPT, HeaderValue::from_static("text/html"));
        request.append(ACCEPT, HeaderValue::from_static("text/plain"));
        request.append(AUTHORIZATION, HeaderValue::from_static("Bearer x"));

        let mut fields = SelectingFields::of(&request);
        assert_eq!(fields.get(&ACCEPT).unwrap(), "text/html");
        assert_eq!(fields.get_all(&ACCEPT).iter().count(), 2);
        assert_eq!(fields.get(&ACCEPT_LANGUAGE), None);
        assert!(fields.get(&AUTHORIZATION).is_some());
        assert_eq!(fields.into_vary().to_string(), "accept, accept-language, authorization");

        let mut answer = HeaderMap::new();
        answer.insert("vary", HeaderValue::from_static("Accept"));
        let mut fields = SelectingFields::of(&request);
        fields.get(&ACCEPT);
        fields.clone().into_vary().add_to(&mut answer);
        assert_eq!(answer["vary"], "Accept", "nothing to add");
        fields.get(&COOKIE);
        fields.into_vary().add_to(&mut answer);
        assert_eq!(answer["vary"], "Accept, cookie");
    }
}
