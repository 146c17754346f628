//! [`Selection`]: the values of the request fields that a stored response was selected by.

use http::{HeaderMap, HeaderName};

use crate::protocol::Vary;

/// The maximum number of names in `Vary`. A response with more of them is not stored.
const MAX_NAMES: usize = 16;
/// The maximum length of the selecting values in bytes.
const MAX_VALUES: usize = 8 << 10;

/// The values of the request fields that a stored response was selected by
/// ([RFC 9111 section 4.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1)).
// K-02, K-03
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    names: Vec<HeaderName>,
    /// The values of all names in order, each line with its length in front.
    values: Vec<u8>,
}

impl Selection {
    /// Records the selecting values of a request. Returns `None` if the response must not be stored: `Vary` contains
    /// `*`, a field with credentials, or too many names, or the values are too long.
    pub(crate) fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let vary = Vary::from_headers(response).unwrap_or_default();
        if vary.is_any() {
            return None;
        }
        let mut names = Vec::new();
        for name in vary.names() {
            // Nearly every client has its own cookies, and the variants would replace each other.
            if matches!(name, "cookie" | "authorization" | "proxy-authorization") || names.len() == MAX_NAMES {
                return None;
            }
            names.push(HeaderName::try_from(name).ok()?);
        }
        let values = values_of(&names, request);
        (values.len() <= MAX_VALUES).then_some(Self { names, values })
    }

    /// Whether the request selects the same response.
    pub(crate) fn matches(&self, request: &HeaderMap) -> bool {
        self.names.is_empty() || values_of(&self.names, request) == self.values
    }

    pub(crate) fn len(&self) -> usize {
        self.names.capacity() * size_of::<HeaderName>() + self.values.capacity()
    }
}

/// Joins the values of these fields. Lines are kept apart, because handlers that read only the first line would respond
/// differently to one line with the same members.
fn values_of(names: &[HeaderName], request: &HeaderMap) -> Vec<u8> {
    let mut values = Vec::new();
    for name in names {
        let lines = request.get_all(name);
        push_length(&mut values, lines.iter().count());
        for line in lines {
            let text = line.as_bytes().trim_ascii();
            push_length(&mut values, text.len());
            values.extend_from_slice(text);
        }
    }
    values
}

fn push_length(values: &mut Vec<u8>, length: usize) {
    values.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_requests_with_the_same_values_match() {
        let vary = fields(&[("vary", "accept-language"), ("vary", "X-Device")]);
        let stored = Selection::of(&vary, &fields(&[("accept-language", "de"), ("x-device", "phone")])).unwrap();
        type Row = (&'static [(&'static str, &'static str)], bool);
        let table: &[Row] = &[
            (&[("accept-language", "de"), ("x-device", "phone")], true),
            (&[("accept-language", " de "), ("x-device", "phone"), ("cookie", "a=b")], true),
            (&[("accept-language", "de")], false),
            (&[("accept-language", "en"), ("x-device", "phone")], false),
            (&[("accept-language", "de"), ("accept-language", "de"), ("x-device", "phone")], false),
            (&[("accept-language", "dephone")], false),
            (&[], false),
        ];
        for (request, expected) in table {
            assert_eq!(stored.matches(&fields(request)), *expected, "{request:?}");
        }
    }

    #[test]
    fn an_absent_field_differs_from_an_empty_one() {
        let stored = Selection::of(&fields(&[("vary", "x-a")]), &fields(&[])).unwrap();
        assert!(stored.matches(&fields(&[])));
        assert!(!stored.matches(&fields(&[("x-a", "")])));
    }

    #[test]
    fn two_lines_differ_from_one_line_with_both_members() {
        let stored = Selection::of(&fields(&[("vary", "x-a")]), &fields(&[("x-a", "1"), ("x-a", "2")])).unwrap();
        assert!(!stored.matches(&fields(&[("x-a", "1, 2")])));
        assert!(!stored.matches(&fields(&[("x-a", "1")])));
    }

    #[test]
    fn responses_that_vary_on_everything_or_on_credentials_are_not_stored() {
        for vary in ["*", "accept, *", "cookie", "Authorization", "accept, Cookie", "bad name"] {
            assert_eq!(Selection::of(&fields(&[("vary", vary)]), &fields(&[])), None, "{vary}");
        }
    }

    #[test]
    fn the_number_of_names_and_the_length_of_values_are_limited() {
        let mut many = HeaderMap::new();
        for index in 0..=MAX_NAMES {
            many.append("vary", HeaderValue::from_str(&format!("x-{index}")).unwrap());
        }
        assert_eq!(Selection::of(&many, &HeaderMap::new()), None);
        let mut request = HeaderMap::new();
        request.insert("x-a", HeaderValue::from_str(&"a".repeat(MAX_VALUES)).unwrap());
        assert_eq!(Selection::of(&fields(&[("vary", "x-a")]), &request), None);
    }
}
