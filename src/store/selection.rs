//! [`Selection`]: the values of the request fields that a stored response was selected by.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;

use super::content::allocated;
use crate::protocol::{SelectingFields, SelectingValues, Vary};

/// The maximum number of names in `Vary`. A response with more of them is not stored.
const MAX_NAMES: usize = 16;

/// The values of the request fields that a stored response was selected by
/// ([RFC 9111 section 4.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1)).
// K-02, K-03
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    fields: SelectingFields,
    values: SelectingValues,
    lines: Option<Vec<usize>>,
    by_weight_of_language: bool,
    sent: SentLines,
}

/// How selecting values are compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SelectionRules {
    /// Whether a field in several lines differs from the same members in one line. A handler that reads only the first
    /// line responds to these requests differently.
    pub(crate) counts_lines: bool,
    /// Whether services choose a language only by its weight, and not by the order.
    pub(crate) by_weight_of_language: bool,
}

impl Selection {
    /// Records the selecting values of a request. Returns `None` if the response must not be stored: `Vary` contains
    /// `*`, a field with credentials, or too many names, or the values are too long.
    pub(crate) fn of(response: &HeaderMap, request: &HeaderMap, rules: SelectionRules) -> Option<Self> {
        let vary = Vary::from_headers(response).unwrap_or_default();
        // Nearly every client has its own cookies, and the variants would replace each other.
        let is_of_credentials = |name: &str| {
            ["cookie", "authorization", "proxy-authorization"].iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        if !vary.is_empty() && (vary.names().count() > MAX_NAMES || vary.names().any(is_of_credentials)) {
            return None;
        }
        let mut fields = SelectingFields::from_vary(&vary)?;
        if rules.by_weight_of_language {
            fields = fields.in_any_language_order().with_content_language_of(response);
        }
        let values = fields.values_in(request)?;
        let lines = rules.counts_lines.then(|| count_lines(&fields, request).collect());
        let sent = SentLines::of(&fields, request);
        Some(Self { fields, values, lines, by_weight_of_language: rules.by_weight_of_language, sent })
    }

    /// Restores a selection from the response fields and from [`parts`](Self::parts).
    pub(crate) fn restore(
        response: &HeaderMap,
        rules: SelectionRules,
        values: &[u8],
        lines: Option<Vec<usize>>,
    ) -> Option<Self> {
        let of_response = Self::of(response, &HeaderMap::new(), rules)?;
        let counted = lines.as_ref().map(Vec::len);
        (counted == of_response.lines.as_ref().map(Vec::len)).then_some(())?;
        // The values are known, but not the lines in which they were sent.
        Some(Self { values: SelectingValues::from_bytes(values)?, lines, sent: SentLines::default(), ..of_response })
    }

    /// The values, and the number of lines of each field, if that counts.
    pub(crate) fn parts(&self) -> (&[u8], Option<&[usize]>) {
        (self.values.as_bytes(), self.lines.as_deref())
    }

    /// The rules by which the values were recorded.
    pub(crate) const fn rules(&self) -> SelectionRules {
        SelectionRules { counts_lines: self.lines.is_some(), by_weight_of_language: self.by_weight_of_language }
    }

    /// Whether each request for the URL selects the same response.
    pub(crate) fn is_of_all(&self) -> bool {
        self.fields.names().is_empty()
    }

    /// Whether the request selects the same response.
    pub(crate) fn matches(&self, request: &HeaderMap) -> bool {
        self.has_sent_lines(request) || self.has_values(request, self.fields.values_in(request).as_ref())
    }

    /// Whether the selecting fields of the request are byte for byte those that the response was selected by. Their
    /// values are then equal too.
    fn has_sent_lines(&self, request: &HeaderMap) -> bool {
        self.fields.names().is_empty() || self.sent.are_in(&self.fields, request)
    }

    /// Whether these are the values, with the same number of lines.
    fn has_values(&self, request: &HeaderMap, values: Option<&SelectingValues>) -> bool {
        values == Some(&self.values)
            && self.lines.iter().all(|lines| count_lines(&self.fields, request).eq(lines.iter().copied()))
    }

    /// An estimate of the memory that the values use.
    pub(crate) fn weight(&self) -> usize {
        let names = self.fields.names();
        let lines = self.lines.as_ref().map_or(0, |lines| allocated(size_of_val(&**lines)));
        // A name that is not registered has its own text, with a counter.
        allocated(size_of_val(names))
            + names.iter().map(|name| allocated(name.as_str().len()) + allocated(24)).sum::<usize>()
            + lines
            // The capacity of the vector may be twice its length.
            + allocated(2 * self.values.as_bytes().len())
            + allocated(self.sent.len())
    }
}

/// Equal selections match the same requests, however these are written.
impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields && self.values == other.values && self.lines == other.lines
    }
}

impl Eq for Selection {}

/// Compares one request with several selections. It reads the values of the request once for each list of fields.
pub(crate) struct Selecting<'a> {
    request: &'a HeaderMap,
    known: Option<(&'a SelectingFields, Option<Cow<'a, SelectingValues>>)>,
}

impl<'a> Selecting<'a> {
    pub(crate) fn of(request: &'a HeaderMap, all: impl IntoIterator<Item = &'a Selection>) -> Self {
        // If the request has the fields of one selection as they were sent, it has the same values.
        let mut all = all.into_iter().filter(|selection| !selection.fields.names().is_empty());
        let same = all.find(|selection| selection.has_sent_lines(request));
        Self { request, known: same.map(|same| (&same.fields, Some(Cow::Borrowed(&same.values)))) }
    }

    /// Like [`Selection::matches`].
    pub(crate) fn matches(&mut self, selection: &'a Selection) -> bool {
        if selection.fields.names().is_empty() {
            return true;
        }
        let values = match &self.known {
            Some((fields, values)) if **fields == selection.fields => values,
            _ => &self.known.insert((&selection.fields, selection.fields.values_in(self.request).map(Cow::Owned))).1,
        };
        selection.has_values(self.request, values.as_deref())
    }
}

/// The lines of the selecting fields in a request, as they were sent.
#[derive(Clone, Default)]
struct SentLines(Option<Box<[u8]>>);

impl SentLines {
    /// The maximum length in bytes. Longer lines are only compared by their values.
    const MAX_LENGTH: usize = 1_024;
    /// Field values do not contain these bytes.
    const END_OF_LINE: u8 = b'\n';
    const END_OF_FIELD: u8 = b'\0';

    fn of(fields: &SelectingFields, request: &HeaderMap) -> Self {
        let mut bytes = Vec::new();
        for name in fields.names() {
            for line in request.get_all(name) {
                if bytes.len() + line.len() > Self::MAX_LENGTH {
                    return Self(None);
                }
                bytes.extend_from_slice(line.as_bytes());
                bytes.push(Self::END_OF_LINE);
            }
            bytes.push(Self::END_OF_FIELD);
        }
        Self((!bytes.is_empty()).then(|| bytes.into()))
    }

    fn are_in(&self, fields: &SelectingFields, request: &HeaderMap) -> bool {
        let Some(bytes) = &self.0 else { return false };
        let mut rest = Some(&**bytes);
        for name in fields.names() {
            for line in request.get_all(name) {
                let rest_of_line = rest.and_then(|rest| rest.strip_prefix(line.as_bytes()));
                rest = rest_of_line.and_then(|rest| rest.strip_prefix(&[Self::END_OF_LINE]));
            }
            rest = rest.and_then(|rest| rest.strip_prefix(&[Self::END_OF_FIELD]));
        }
        rest.is_some_and(<[u8]>::is_empty)
    }

    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.len())
    }
}

/// The lines may contain credentials.
impl fmt::Debug for SentLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentLines({} bytes)", self.len())
    }
}

fn count_lines(fields: &SelectingFields, request: &HeaderMap) -> impl Iterator<Item = usize> {
    fields.names().iter().map(|name| request.get_all(name).iter().count())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const RULES: SelectionRules = SelectionRules { counts_lines: true, by_weight_of_language: false };

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
        let request = fields(&[("accept-language", "de"), ("x-device", "phone")]);
        let stored = Selection::of(&vary, &request, RULES).unwrap();
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
    fn a_restored_selection_matches_the_same_requests() {
        let vary = fields(&[("vary", "accept-language")]);
        let german = fields(&[("accept-language", "de")]);
        for of in [&german, &fields(&[])] {
            let stored = Selection::of(&vary, of, RULES).unwrap();
            let (values, lines) = stored.parts();
            let restored = Selection::restore(&vary, RULES, values, lines.map(<[_]>::to_vec)).unwrap();
            for request in [&german, &fields(&[]), &fields(&[("accept-language", "en")])] {
                assert_eq!(restored.matches(request), stored.matches(request), "{of:?} {request:?}");
                assert_eq!(restored.matches(request), of == request, "{of:?} {request:?}");
            }
        }
    }

    #[test]
    fn an_absent_field_differs_from_an_empty_one() {
        let stored = Selection::of(&fields(&[("vary", "x-a")]), &fields(&[]), RULES).unwrap();
        assert!(stored.matches(&fields(&[])));
        assert!(!stored.matches(&fields(&[("x-a", "")])));
    }

    #[test]
    fn two_lines_differ_from_one_line_with_both_members_if_lines_count() {
        for counts_lines in [true, false] {
            let request = fields(&[("x-a", "1"), ("x-a", "2")]);
            let stored =
                Selection::of(&fields(&[("vary", "x-a")]), &request, SelectionRules { counts_lines, ..RULES }).unwrap();
            assert_eq!(stored.matches(&fields(&[("x-a", "1, 2")])), !counts_lines);
            assert!(!stored.matches(&fields(&[("x-a", "1")])));
        }
    }

    #[test]
    fn responses_that_vary_on_everything_or_on_credentials_are_not_stored() {
        for vary in ["*", "accept, *", "cookie", "Authorization", "accept, Cookie", "bad name"] {
            assert_eq!(Selection::of(&fields(&[("vary", vary)]), &fields(&[]), RULES), None, "{vary}");
        }
    }

    #[test]
    fn the_number_of_names_and_the_length_of_values_are_limited() {
        let mut many = HeaderMap::new();
        for index in 0..=MAX_NAMES {
            many.append("vary", HeaderValue::from_str(&format!("x-{index}")).unwrap());
        }
        assert_eq!(Selection::of(&many, &HeaderMap::new(), RULES), None);
        let mut request = HeaderMap::new();
        request.insert("x-a", HeaderValue::from_str(&"a".repeat(SelectingValues::MAX_LENGTH + 1)).unwrap());
        assert_eq!(Selection::of(&fields(&[("vary", "x-a")]), &request, RULES), None);
    }

    #[test]
    fn the_order_and_the_other_languages_count_only_for_services_that_choose_by_them() {
        let response = fields(&[("vary", "accept-language"), ("content-language", "de")]);
        for by_weight_of_language in [false, true] {
            let rules = SelectionRules { by_weight_of_language, ..RULES };
            let stored = Selection::of(&response, &fields(&[("accept-language", "en, de")]), rules).unwrap();
            assert_eq!(stored.rules().by_weight_of_language, by_weight_of_language);
            assert_eq!(stored.matches(&fields(&[("accept-language", "de, en")])), by_weight_of_language);
            assert!(!stored.matches(&fields(&[("accept-language", "en, de;q=0.5")])));
            let stored = Selection::of(&response, &fields(&[("accept-language", "de, en;q=0.8")]), rules).unwrap();
            assert_eq!(stored.matches(&fields(&[("accept-language", "de, fr;q=0.5")])), by_weight_of_language);
        }
    }

    #[test]
    fn only_a_selection_without_fields_is_that_of_all_requests() {
        assert!(Selection::of(&fields(&[]), &fields(&[("x-a", "1")]), RULES).unwrap().is_of_all());
        assert!(!Selection::of(&fields(&[("vary", "x-a")]), &fields(&[]), RULES).unwrap().is_of_all());
    }

    #[test]
    fn several_selections_are_compared_as_each_of_them_is() {
        let values = [None, Some("a"), Some("b")];
        let requests: Vec<HeaderMap> = values
            .iter()
            .flat_map(|one| values.iter().map(move |other| [("x-one", *one), ("x-other", *other)]))
            .map(|lines| lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>())
            .map(|lines| fields(&lines))
            .collect();
        let selections: Vec<Selection> = ["", "x-one", "x-other", "x-one, x-other"]
            .iter()
            .flat_map(|vary| requests.iter().map(move |request| (fields(&[("vary", *vary)]), request)))
            .map(|(vary, request)| Selection::of(&vary, request, RULES).unwrap())
            .collect();
        for request in &requests {
            let expected: Vec<bool> = selections.iter().map(|selection| selection.matches(request)).collect();
            let mut selecting = Selecting::of(request, &selections);
            let found: Vec<bool> = selections.iter().map(|selection| selecting.matches(selection)).collect();
            assert_eq!(found, expected, "{request:?}");
        }
    }

    #[test]
    fn the_weight_includes_the_names_and_the_values() {
        let weight = |vary: &'static str, request: &[(&'static str, &'static str)]| {
            Selection::of(&fields(&[("vary", vary)]), &fields(request), RULES).unwrap().weight()
        };
        let long: &'static str = "v".repeat(200).leak();
        let without = weight("x-a", &[("x-a", "1")]);
        assert!(without > size_of::<HeaderName>() + 8, "{without}");
        // The values, with as much room again, and the line as it was sent.
        let with = weight("x-a", &[("x-a", long)]);
        assert!((590..660).contains(&(with - without)), "{}", with - without);
        let name: &'static str = format!("x-{}", "n".repeat(200)).leak();
        let with = weight(name, &[]) - weight("x-a", &[]);
        // The values contain the names too.
        assert!((590..640).contains(&with), "{with}");
        let with = weight("x-a, x-b, x-c", &[]) - weight("x-a", &[]);
        assert!(with >= 2 * size_of::<HeaderName>() + 2 * (8 + 24), "{with}");
        let of_lines = |counts_lines| {
            let rules = SelectionRules { counts_lines, ..RULES };
            Selection::of(&fields(&[("vary", "x-a, x-b, x-c, x-d")]), &fields(&[]), rules).unwrap().weight()
        };
        assert!(of_lines(true) - of_lines(false) >= 4 * size_of::<usize>());
        assert_eq!(weight("", &[]), 0);
    }

    #[test]
    fn a_response_may_vary_on_sixteen_fields() {
        for (count, is_stored) in [(MAX_NAMES, true), (MAX_NAMES + 1, false)] {
            let names: Vec<_> = (0..count).map(|index| format!("x-{index}")).collect();
            let vary = HeaderMap::from_iter([(http::header::VARY, HeaderValue::from_str(&names.join(", ")).unwrap())]);
            assert_eq!(Selection::of(&vary, &HeaderMap::new(), RULES).is_some(), is_stored, "{count}");
        }
    }

    #[test]
    fn long_lines_are_not_kept_as_they_were_sent() {
        for (length, is_kept) in [(SentLines::MAX_LENGTH, true), (SentLines::MAX_LENGTH + 1, false)] {
            let request = HeaderMap::from_iter([(
                HeaderName::from_static("x-a"),
                HeaderValue::from_str(&"a".repeat(length)).unwrap(),
            )]);
            let stored = Selection::of(&fields(&[("vary", "x-a")]), &request, RULES).unwrap();
            assert_eq!(stored.has_sent_lines(&request), is_kept, "{length}");
            assert!(stored.sent.len() <= SentLines::MAX_LENGTH + 2);
            assert!(stored.matches(&request));
        }
        let (one, other) = (fields(&[("x-a", "1")]), fields(&[("x-b", "1")]));
        let stored = Selection::of(&fields(&[("vary", "x-a, x-b")]), &one, RULES).unwrap();
        assert!(stored.has_sent_lines(&one) && !stored.has_sent_lines(&other));
        assert!(Selection::of(&fields(&[]), &one, RULES).unwrap().has_sent_lines(&other));
    }
}
