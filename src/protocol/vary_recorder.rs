//! [`VaryRecorder`]: records which request fields a handler reads.

use http::header::GetAll;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Vary;

/// Reads request fields and records their names for `Vary`.
///
/// A response that depends on a request field must list the field in `Vary`. Otherwise a cache serves the response for
/// one client to another.
///
/// A field is recorded when it is read, even if it is absent, because its absence also affects the response.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
/// use tower_cache_policy::protocol::VaryRecorder;
///
/// let mut request = HeaderMap::new();
/// request.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
///
/// let mut fields = VaryRecorder::of(&request);
/// let greeting = match fields.get(&ACCEPT_LANGUAGE) {
///     Some(language) if language == "de" => "Guten Tag",
///     _ => "Hello",
/// };
///
/// let mut response = HeaderMap::new();
/// fields.into_vary().add_to(&mut response);
/// assert_eq!((greeting, &response["vary"]), ("Guten Tag", &HeaderValue::from_static("accept-language")));
/// ```
// K-02, G-13.
#[derive(Clone, Debug)]
pub struct VaryRecorder<'a> {
    headers: &'a HeaderMap,
    vary: Vary,
}

impl<'a> VaryRecorder<'a> {
    /// Creates a recorder for the header fields of a request. No field is recorded yet.
    #[must_use]
    pub fn of(headers: &'a HeaderMap) -> Self {
        Self { headers, vary: Vary::new() }
    }

    /// Returns the first line of a field, and records the name.
    pub fn get(&mut self, name: &HeaderName) -> Option<&'a HeaderValue> {
        self.get_all(name).into_iter().next()
    }

    /// Returns all lines of a field, and records the name.
    ///
    /// This includes `Authorization` and `Cookie`: the response to an anonymous client differs from the response to a
    /// client that has signed in, and without the name in `Vary`, a shared cache may reuse one response for both. Such
    /// a name in `Vary` has [a cost](crate::policy::CachePolicy#optional-sign-in). To check credentials that do not
    /// affect the response, read them from the request itself.
    pub fn get_all(&mut self, name: &HeaderName) -> GetAll<'a, HeaderValue> {
        // K-05, G-23: the application read the field to select a response, so its name belongs in `Vary`.
        self.vary.insert(name.as_str());
        self.headers.get_all(name)
    }

    /// Returns the recorded names.
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
    fn each_read_field_is_recorded_once_including_credentials() {
        let mut request = HeaderMap::new();
        request.append(ACCEPT, HeaderValue::from_static("text/html"));
        request.append(ACCEPT, HeaderValue::from_static("text/plain"));
        request.append(AUTHORIZATION, HeaderValue::from_static("Bearer x"));

        let mut fields = VaryRecorder::of(&request);
        assert_eq!(fields.get(&ACCEPT).unwrap(), "text/html");
        assert_eq!(fields.get_all(&ACCEPT).iter().count(), 2);
        assert_eq!(fields.get(&ACCEPT_LANGUAGE), None);
        assert!(fields.get(&AUTHORIZATION).is_some());
        assert_eq!(fields.into_vary().to_string(), "accept, accept-language, authorization");

        let mut response = HeaderMap::new();
        response.insert("vary", HeaderValue::from_static("Accept"));
        let mut fields = VaryRecorder::of(&request);
        fields.get(&ACCEPT);
        fields.clone().into_vary().add_to(&mut response);
        assert_eq!(response["vary"], "Accept", "nothing to add");
        fields.get(&COOKIE);
        fields.into_vary().add_to(&mut response);
        assert_eq!(response["vary"], "Accept, cookie");
    }
}
