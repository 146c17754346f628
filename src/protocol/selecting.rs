//! [`SelectingFields`] and [`SelectingValues`]: the request fields that select a stored response, and their values.

use std::cmp::Ordering;
use std::fmt;

use http::header::{CONTENT_LANGUAGE, GetAll};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::coding::{FULL_WEIGHT, qvalue};
use super::syntax::{is_token, members, quoted_string_end, trim_ows};
use super::vary::Vary;

/// The request fields that `Vary` names, and how a cache compares their values
/// ([RFC 9111 section 4.1](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1)).
///
/// A cache creates this value when it stores a response. For each request, it compares
/// [`values_in`](Self::values_in) the request with those of the request that the response was stored for.
///
/// Two requests match if their fields differ only in these ways:
///
/// | Field | Ignored |
/// |---|---|
/// | any list | white space around commas, and whether the list is one line or several |
/// | `Accept-Encoding` | order, case, white space, and how a weight is written |
/// | `Accept-Language` | case, white space, and how a weight is written |
/// | `Cookie` | whether HTTP/2 has split the cookies into several lines |
/// | `Authorization`, `From`, `Host`, `Origin`, `Referer`, `User-Agent` | white space at the ends |
///
/// White space inside a member is significant, because `a b` and `ab` are different values. White space and commas
/// inside a quoted string are significant too. A request without a field matches only requests without it: an empty
/// field is different, because an empty `Accept-Encoding` accepts no content coding and a missing one accepts all.
///
/// An `Accept-Encoding` or `Accept-Language` that is malformed or repeats a member is compared like any list, because
/// services disagree on its meaning.
///
/// # Example
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::{SelectingFields, Vary};
///
/// let vary = Vary::parse([&HeaderValue::from_static("Accept-Encoding")]);
/// let fields = SelectingFields::from_vary(&vary).expect("not `*`");
///
/// let values = |accepted: &'static str| {
///     let mut request = HeaderMap::new();
///     request.insert("accept-encoding", HeaderValue::from_static(accepted));
///     fields.values_in(&request).expect("short enough")
/// };
/// assert_eq!(values("gzip, br"), values("BR,gzip;q=1.0"));
/// assert_ne!(values("gzip, br"), values("gzip"));
/// ```
// K-03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectingFields {
    /// Sorted, so that the order in `Vary` does not matter.
    names: Box<[HeaderName]>,
    /// Lowercase and sorted.
    codings: Option<Box<[Box<str>]>>,
    any_language_order: bool,
    /// Lowercase.
    language: Option<Box<[u8]>>,
}

impl SelectingFields {
    /// Creates a value from the `Vary` of a response.
    ///
    /// Returns `None` for `*`, which no request matches. An empty `Vary` gives a value without fields, which every
    /// request matches.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use tower_cache_policy::protocol::{SelectingFields, Vary};
    ///
    /// assert!(SelectingFields::from_vary(&Vary::any()).is_none());
    ///
    /// let all = SelectingFields::from_vary(&Vary::new()).unwrap();
    /// let values = all.values_in(&HeaderMap::new()).unwrap();
    /// assert!(values.as_bytes().is_empty(), "one stored response for all requests");
    /// ```
    #[must_use]
    #[inline]
    pub fn from_vary(vary: &Vary) -> Option<Self> {
        if vary.is_any() {
            return None;
        }
        let mut names = vary.names().map(HeaderName::try_from).collect::<Result<Box<[_]>, _>>().ok()?;
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        Some(Self { names, codings: None, any_language_order: false, language: None })
    }

    /// Compares only the content codings that the service uses, and `identity`, in `Accept-Encoding`.
    ///
    /// Browsers differ in the content codings that they accept. Otherwise, a cache in front of a service that uses only
    /// `gzip` would store one response for each list. The service must not use a content coding that the list does not
    /// contain: a client that does not accept this coding could receive it.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::{SelectingFields, Vary};
    ///
    /// let vary = Vary::parse([&HeaderValue::from_static("Accept-Encoding")]);
    /// let fields = SelectingFields::from_vary(&vary).unwrap().with_codings(["gzip"]);
    /// let values = |accepted: &'static str| {
    ///     let mut request = HeaderMap::new();
    ///     request.insert("accept-encoding", HeaderValue::from_static(accepted));
    ///     fields.values_in(&request)
    /// };
    /// assert_eq!(values("gzip, deflate, br, zstd"), values("gzip, deflate, br"));
    /// ```
    #[must_use]
    #[inline]
    pub fn with_codings<I>(self, codings: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut codings: Vec<Box<str>> =
            codings.into_iter().map(|coding| coding.as_ref().to_ascii_lowercase().into()).collect();
        codings.push("identity".into());
        codings.sort_unstable();
        codings.dedup();
        Self { codings: Some(codings.into()), ..self }
    }

    /// Ignores the order of languages with the same weight in `Accept-Language`.
    ///
    /// The standard gives the order no meaning
    /// ([RFC 9110 section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.4)), but many services
    /// prefer the language that comes first. Use this method only if the service does not.
    #[must_use]
    #[inline]
    pub fn in_any_language_order(self) -> Self {
        Self { any_language_order: true, ..self }
    }

    /// Matches every request that prefers the `Content-Language` of this response at least as much as all other
    /// languages.
    ///
    /// Such a client could not receive a language that it prefers more. The method has no effect unless the response
    /// has exactly one language. Like [`in_any_language_order`](Self::in_any_language_order), use it only if the
    /// service selects a language by its weight and not by its position.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_cache_policy::protocol::{SelectingFields, Vary};
    ///
    /// let mut response = HeaderMap::new();
    /// response.insert("content-language", HeaderValue::from_static("de"));
    /// let vary = Vary::parse([&HeaderValue::from_static("Accept-Language")]);
    /// let fields = SelectingFields::from_vary(&vary).unwrap().with_content_language_of(&response);
    ///
    /// let values = |accepted: &'static str| {
    ///     let mut request = HeaderMap::new();
    ///     request.insert("accept-language", HeaderValue::from_static(accepted));
    ///     fields.values_in(&request)
    /// };
    /// assert_eq!(values("de, en;q=0.8"), values("fr;q=0.5, de"));
    /// assert_ne!(values("de, en;q=0.8"), values("fr, de;q=0.5"));
    /// ```
    #[must_use]
    #[inline]
    pub fn with_content_language_of(self, response: &HeaderMap) -> Self {
        let mut languages = members(response.get_all(CONTENT_LANGUAGE));
        let language = match (languages.next(), languages.next()) {
            (Some(language), None) if is_token(language) => Some(language.to_ascii_lowercase().into()),
            _ => None,
        };
        Self { language, ..self }
    }

    /// Returns the names of the fields, sorted.
    #[must_use]
    #[inline]
    pub fn names(&self) -> &[HeaderName] {
        &self.names
    }

    /// Returns the values of the fields in a request.
    ///
    /// Returns `None` if they are longer than [`SelectingValues::MAX_LENGTH`]. A cache then neither looks up nor stores
    /// the response.
    #[must_use]
    #[inline]
    pub fn values_in(&self, request: &HeaderMap) -> Option<SelectingValues> {
        let mut values = Writer { bytes: Vec::new() };
        for name in &self.names {
            values.put(name.as_str().as_bytes())?;
            self.write(name, &request.get_all(name), &mut values)?;
            values.put(&[END])?;
        }
        Some(SelectingValues { bytes: values.bytes })
    }

    #[inline]
    fn write(&self, name: &HeaderName, lines: &GetAll<'_, HeaderValue>, values: &mut Writer) -> Option<()> {
        let lines = || lines.iter().map(HeaderValue::as_bytes);
        if lines().next().is_none() {
            return values.put(&[ABSENT]);
        }
        // This check is before any parsing, so that a long request does not cost more.
        if lines().map(|line| line.len() + 1).sum::<usize>() > SelectingValues::MAX_LENGTH {
            return None;
        }
        let preferences = match name.as_str() {
            "accept-encoding" => Preferences::read(&lines).map(|read| self.canonical_codings(read)),
            "accept-language" => Preferences::read(&lines).map(|read| self.canonical_languages(read)),
            _ => None,
        };
        if let Some(preferences) = preferences {
            values.put(&[CANONICAL])?;
            return preferences.iter().try_for_each(|preference| preference.write(values));
        }
        values.put(&[AS_SENT])?;
        match name.as_str() {
            // RFC 9113 section 8.2.3.
            "cookie" => values.put_joined(b"; ", lines().map(trim_ows)),
            // A comma in one of these does not separate members.
            "authorization" | "from" | "host" | "origin" | "proxy-authorization" | "referer" | "user-agent" => {
                values.put_joined(&[SEPARATOR], lines().map(trim_ows))
            }
            _ => values.put_joined(&[SEPARATOR], lines().flat_map(ListMembers::of)),
        }
    }

    #[inline]
    fn canonical_codings<'a>(&'a self, mut read: Preferences<'a>) -> Preferences<'a> {
        read.sort();
        let Some(codings) = &self.codings else { return read };
        let weight_of = |name: &[u8]| read.iter().find(|read| read.is(name)).map(|read| read.weight);
        let used = codings.iter().map(|coding| coding.as_bytes()).filter_map(|name| {
            let weight = weight_of(name).or_else(|| weight_of(b"*"))?;
            Some(Preference { name, weight })
        });
        Preferences(used.collect())
    }

    #[inline]
    fn canonical_languages<'a>(&'a self, mut read: Preferences<'a>) -> Preferences<'a> {
        let prefers = |language: &[u8]| {
            let weight = read.iter().find(|read| read.is(language)).map_or(0, |read| read.weight);
            weight > 0 && read.iter().all(|other| other.weight <= weight)
        };
        if let Some(name) = self.language.as_deref().filter(|language| prefers(language)) {
            return Preferences(vec![Preference { name, weight: FULL_WEIGHT }]);
        }
        if self.any_language_order {
            read.sort();
        }
        read
    }
}

/// The normalized values of the [`SelectingFields`] in one request, for use in the key of a stored response.
///
/// Two values are equal if the requests match. They are compared completely, not by a hash.
///
/// The values may contain credentials such as cookies. `Debug` shows only their length.
// K-03.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectingValues {
    bytes: Vec<u8>,
}

impl SelectingValues {
    /// The maximum length in bytes, including the names of the fields.
    pub const MAX_LENGTH: usize = 8 * 1_024;

    /// Restores values from [`as_bytes`](Self::as_bytes), for example from a persistent store.
    ///
    /// Returns `None` if there are more than [`MAX_LENGTH`](Self::MAX_LENGTH) bytes. Bytes of another origin match no
    /// request.
    #[must_use]
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= Self::MAX_LENGTH).then(|| Self { bytes: bytes.into() })
    }

    /// Returns the names and values as bytes. Equal bytes are equal values.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SelectingValues {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelectingValues({} bytes)", self.bytes.len())
    }
}

/// Ends a field. Field values contain neither this byte nor [`SEPARATOR`].
const END: u8 = b'\0';
/// Separates the members of a list, because a comma may be in a quoted string.
const SEPARATOR: u8 = b'\n';
// Field names do not contain these bytes.
const ABSENT: u8 = b'?';
const AS_SENT: u8 = b'=';
const CANONICAL: u8 = b':';

/// Writes at most [`SelectingValues::MAX_LENGTH`] bytes. Each method returns `None` if there would be more.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    #[inline]
    fn put(&mut self, text: &[u8]) -> Option<()> {
        if self.bytes.len() + text.len() > SelectingValues::MAX_LENGTH {
            return None;
        }
        self.bytes.extend_from_slice(text);
        Some(())
    }

    #[inline]
    fn put_joined<'a>(&mut self, separator: &[u8], parts: impl Iterator<Item = &'a [u8]>) -> Option<()> {
        for (index, part) in parts.enumerate() {
            if index > 0 {
                self.put(separator)?;
            }
            self.put(part)?;
        }
        Some(())
    }
}

/// Iterates over the members of one line of any list, including empty members, because these may have a meaning. An
/// unterminated quoted string is one member with the rest of the line.
struct ListMembers<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> ListMembers<'a> {
    #[inline]
    fn of(line: &'a [u8]) -> Self {
        Self { rest: Some(line) }
    }
}

impl<'a> Iterator for ListMembers<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut end = 0;
        while end < rest.len() && rest[end] != b',' {
            end += if rest[end] == b'"' { quoted_string_end(&rest[end..]).unwrap_or(rest.len() - end) } else { 1 };
        }
        self.rest = rest.get(end + 1..);
        Some(trim_ows(&rest[..end]))
    }
}

/// A member of `Accept-Encoding` or `Accept-Language`.
#[derive(Clone, Copy)]
struct Preference<'a> {
    name: &'a [u8],
    /// In thousandths.
    weight: u16,
}

impl<'a> Preference<'a> {
    /// Parses `token [ OWS ";" OWS "q=" qvalue ]`.
    #[inline]
    fn read(member: &'a [u8]) -> Option<Self> {
        let mut parts = member.split(|&byte| byte == b';').map(trim_ows);
        let name = parts.next().filter(|name| is_token(name))?;
        let weight = match (parts.next(), parts.next()) {
            (None, _) => FULL_WEIGHT,
            (Some([b'q' | b'Q', b'=', number @ ..]), None) => qvalue(number)?,
            (Some(_), _) => return None,
        };
        Some(Self { name, weight })
    }

    #[inline]
    fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    #[inline]
    fn write(&self, values: &mut Writer) -> Option<()> {
        values.put(self.name)?;
        let written = values.bytes.len();
        values.bytes[written - self.name.len()..].make_ascii_lowercase();
        if self.weight != FULL_WEIGHT {
            let digit = |unit: u16| b'0' + (self.weight / unit % 10) as u8;
            values.put(&[b';', digit(100), digit(10), digit(1)])?;
        }
        values.put(&[SEPARATOR])
    }
}

struct Preferences<'a>(Vec<Preference<'a>>);

impl<'a> Preferences<'a> {
    /// The maximum number of members in a normalized list, which is more than any client sends. A longer list is not
    /// normalized.
    const MAX: usize = 32;

    /// Returns `None` if a member is malformed or repeated.
    #[inline]
    fn read<L: Iterator<Item = &'a [u8]>>(lines: &impl Fn() -> L) -> Option<Self> {
        let mut read: Vec<Preference<'a>> = Vec::with_capacity(8);
        for member in lines().flat_map(ListMembers::of).filter(|member| !member.is_empty()) {
            let preference = Preference::read(member)?;
            if read.len() == Self::MAX || read.iter().any(|other| other.is(preference.name)) {
                return None;
            }
            read.push(preference);
        }
        Some(Self(read))
    }

    #[inline]
    fn sort(&mut self) {
        self.0.sort_unstable_by(|a, b| compare_ignoring_case(a.name, b.name));
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = &Preference<'a>> {
        self.0.iter()
    }
}

#[inline]
fn compare_ignoring_case(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(lines: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        lines.iter().map(pair).collect()
    }

    fn fields(vary: &str) -> SelectingFields {
        SelectingFields::from_vary(&Vary::parse([&HeaderValue::from_str(vary).unwrap()])).unwrap()
    }

    /// Returns the values in a request whose lines all belong to one field.
    fn values(fields: &SelectingFields, lines: &[&str]) -> SelectingValues {
        let name = fields.names()[0].as_str();
        let lines: Vec<(&str, &str)> = lines.iter().map(|line| (name, *line)).collect();
        fields.values_in(&request(&lines)).unwrap()
    }

    #[test]
    fn two_requests_match_if_their_fields_mean_the_same() {
        // Columns: the sentence, the field, the lines of two requests, and whether they match. All of K-03.
        let table: &[(&str, &str, &[&str], &[&str], bool)] = &[
            ("equal values", "foo", &["1"], &["1"], true),
            ("other values", "foo", &["1"], &["2"], false),
            ("another case of an unknown field", "foo", &["a"], &["A"], false),
            ("white space around commas", "foo", &["1,2"], &[" 1 ,\t2 "], true),
            ("one line and two lines", "foo", &["1, 2"], &["1", "2"], true),
            ("another order of an unknown list", "foo", &["1, 2"], &["2, 1"], false),
            ("white space inside of a member", "foo", &["a b"], &["ab"], false),
            ("more white space inside of a member", "foo", &["a  b"], &["a b"], false),
            ("a comma in a quoted string", "foo", &[r#""a,b""#], &[r#""a, b""#], false),
            ("a quoted comma and two members", "foo", &[r#""a,b""#], &[r#""a"#, r#"b""#], false),
            ("white space around a quoted string", "foo", &[r#"x="a, b" , y"#], &[r#"x="a, b",y"#], true),
            ("an escaped quote in a quoted string", "foo", &[r#""a\", b""#], &[r#""a\",b""#], false),
            ("an unterminated quoted string", "foo", &["\"a, b"], &["\"a,b"], false),
            ("an empty member of an unknown list", "foo", &["1,,2"], &["1,2"], false),
            ("an absent field", "foo", &[], &[], true),
            ("an absent and an empty field", "foo", &[], &[""], false),
            ("an empty field and white space", "foo", &[""], &[" \t"], true),
            ("an empty field and an empty line more", "foo", &["1"], &["1", ""], false),
            ("codings in another order", "accept-encoding", &["gzip, br"], &["br, gzip"], true),
            ("codings in another case", "accept-encoding", &["GZIP"], &["gzip"], true),
            ("codings in two lines", "accept-encoding", &["gzip", "br"], &["gzip,br"], true),
            ("a weight of one", "accept-encoding", &["gzip;q=1.000"], &["gzip"], true),
            ("a weight with zeros", "accept-encoding", &["gzip ; Q=0.50"], &["gzip;q=0.5"], true),
            ("another weight", "accept-encoding", &["gzip;q=0.5"], &["gzip;q=0.51"], false),
            ("a refused coding", "accept-encoding", &["gzip;q=0"], &["gzip"], false),
            ("a refused coding and none", "accept-encoding", &["br, gzip;q=0"], &["br"], false),
            ("a refused identity", "accept-encoding", &["gzip, identity;q=0"], &["gzip"], false),
            ("an unknown coding", "accept-encoding", &["gzip, dcb"], &["gzip"], false),
            ("a longer name of a coding", "accept-encoding", &["gzip"], &["gzip2"], false),
            ("an old name of a coding", "accept-encoding", &["gzip"], &["x-gzip"], false),
            ("empty members of codings", "accept-encoding", &["gzip,,br,"], &["gzip, br"], true),
            ("no coding and no field", "accept-encoding", &[""], &[], false),
            ("an invalid weight", "accept-encoding", &["gzip;q=x"], &["gzip;q=0"], false),
            ("an invalid weight in another order", "accept-encoding", &["br, gzip;q=x"], &["gzip;q=x, br"], false),
            ("a weight out of range", "accept-encoding", &["gzip;q=1.5"], &["gzip"], false),
            ("a repeated coding", "accept-encoding", &["gzip, gzip;q=0"], &["gzip;q=0"], false),
            ("an unknown parameter", "accept-encoding", &["gzip;level=9"], &["gzip"], false),
            ("two weights", "accept-encoding", &["gzip;q=1;q=0"], &["gzip"], false),
            ("languages in another case", "accept-language", &["en-GB, de"], &["EN-gb, De"], true),
            ("white space of languages", "accept-language", &["en, de;q=0.5"], &[" en ,   de ; q=0.5"], true),
            ("languages in another order", "accept-language", &["en, de"], &["de, en"], false),
            ("a region", "accept-language", &["en-GB"], &["en"], false),
            ("any language and no field", "accept-language", &["*"], &[], false),
            ("cookies in two lines", "cookie", &["a=1; b=2"], &["a=1", "b=2"], true),
            ("cookies in another order", "cookie", &["a=1; b=2"], &["b=2; a=1"], false),
            ("a comma in a cookie", "cookie", &["a=1,b"], &["a=1, b"], false),
            ("a comma in the name of a browser", "user-agent", &["A (b,c)"], &["A (b, c)"], false),
            ("white space at the ends", "user-agent", &[" A "], &["A"], true),
            ("two origins in one line", "origin", &["http://a, http://b"], &["http://a", "http://b"], false),
        ];
        for (sentence, name, one, other, expected) in table {
            let fields = fields(name);
            assert_eq!(values(&fields, one) == values(&fields, other), *expected, "{sentence}");
            for lines in [one, other] {
                let values = values(&fields, lines);
                assert_eq!(SelectingValues::from_bytes(values.as_bytes()), Some(values), "{sentence}");
            }
        }
    }

    #[test]
    fn only_the_fields_of_vary_count_in_any_order() {
        let all = request(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let (ab, ba) = (fields("A, b"), fields("B, a"));
        assert_eq!(ab.names(), ["a", "b"]);
        assert_eq!(ab.values_in(&all), ba.values_in(&all));
        assert_eq!(ab.values_in(&all), ab.values_in(&request(&[("a", "1"), ("b", "2")])));
        assert_ne!(ab.values_in(&all), ab.values_in(&request(&[("a", "1")])));
        assert_ne!(fields("a").values_in(&HeaderMap::new()), fields("b").values_in(&HeaderMap::new()));
        // Moving the end of one value to the next gives a different result.
        let shifted = |a, b| ab.values_in(&request(&[("a", a), ("b", b)]));
        assert_ne!(shifted("1", "b=2"), shifted("1b=", "2"));

        assert_eq!(SelectingFields::from_vary(&Vary::any()), None, "`*` matches no request");
        let none = SelectingFields::from_vary(&Vary::new()).unwrap();
        assert_eq!(none.values_in(&all), Some(SelectingValues::default()));
    }

    #[test]
    fn with_codings_only_the_codings_of_the_service_count() {
        let fields = fields("accept-encoding").with_codings(["gzip", "BR"]);
        let table: &[(&str, &[&str], &[&str], bool)] = &[
            ("a coding that the service does not use", &["gzip, br, zstd"], &["br, gzip"], true),
            ("a coding that it uses", &["gzip"], &["gzip, br"], false),
            ("any coding", &["*"], &["gzip, br, identity"], true),
            ("any other coding", &["gzip;q=0.5, *"], &["gzip;q=0.5, br, identity"], true),
            ("no other coding", &["gzip, *;q=0"], &["gzip"], false),
            ("no identity", &["gzip, identity;q=0"], &["gzip"], false),
            ("an empty field", &["zstd"], &[""], true),
            ("no field", &["zstd"], &[], false),
            ("a malformed field", &["gzip;q=x, zstd"], &["gzip;q=x"], false),
        ];
        for (sentence, one, other, expected) in table {
            assert_eq!(values(&fields, one) == values(&fields, other), *expected, "{sentence} (K-03)");
        }
    }

    #[test]
    fn languages_may_match_by_weight_if_the_service_goes_by_weights() {
        let response = |language| request(&[("content-language", language)]);
        let ordered = fields("accept-language");
        let unordered = ordered.clone().in_any_language_order();
        let german = ordered.clone().with_content_language_of(&response("DE"));
        type Row<'a> = (&'a str, &'a SelectingFields, &'a str, &'a str, bool);
        let table: &[Row<'_>] = &[
            ("another order", &unordered, "en, de", "de, en", true),
            ("other weights", &unordered, "en, de;q=0.5", "de, en;q=0.5", false),
            ("both prefer the language", &german, "en, de", "fr;q=0.5, de;q=1.0", true),
            ("one prefers another language", &german, "en, de", "fr, de;q=0.5", false),
            ("one does not accept the language", &german, "de", "fr", false),
            ("one refuses the language", &german, "de;q=0", "de", false),
            ("neither accepts the language", &german, "en, fr", "fr, en", false),
            ("any language is not this language", &german, "*", "de", false),
            ("a language of a region", &german, "de-AT", "de", false),
        ];
        for (sentence, fields, one, other, expected) in table {
            assert_eq!(values(fields, &[one]) == values(fields, &[other]), *expected, "{sentence} (K-03)");
        }
        for several in ["de, en", "", "d e"] {
            assert_eq!(ordered.clone().with_content_language_of(&response(several)), ordered, "{several:?}");
        }
    }

    #[test]
    fn the_length_of_the_values_is_limited() {
        let with = |length: usize| request(&[("foo", &"a".repeat(length))]);
        let fields = fields("foo");
        // The name and two bytes.
        let longest = SelectingValues::MAX_LENGTH - 5;
        assert_eq!(fields.values_in(&with(longest)).unwrap().as_bytes().len(), SelectingValues::MAX_LENGTH);
        assert_eq!(fields.values_in(&with(longest + 1)), None);
        let many_lines: HeaderMap = (0..=SelectingValues::MAX_LENGTH)
            .map(|_| (fields.names()[0].clone(), HeaderValue::from_static("")))
            .collect();
        assert_eq!(fields.values_in(&many_lines), None);
        let names: Vec<String> = (0..=1_000).map(|n| format!("absent-{n}")).collect();
        assert_eq!(self::fields(&names.join(",")).values_in(&HeaderMap::new()), None);
        assert_eq!(SelectingValues::from_bytes(&vec![0; SelectingValues::MAX_LENGTH + 1]), None);
    }

    #[test]
    fn debug_shows_no_credentials() {
        let fields = fields("authorization");
        assert_eq!(format!("{:?}", values(&fields, &["Bearer secret"])), "SelectingValues(28 bytes)");
    }

    fn any_line() -> impl Strategy<Value = String> {
        r#"([a-cA-C]{1,2}|;q=[01](\.[05]{1,3})?|[ ,;"\\\t*=é]|, ?){0,8}"#
    }

    /// Splits the lines at each comma, which is the finest distinction that a service could make.
    fn split_everywhere(lines: &[String]) -> Vec<String> {
        let joined = lines.join(",").to_ascii_lowercase();
        joined.split(',').map(|member| member.replace([' ', '\t'], "")).filter(|member| !member.is_empty()).collect()
    }

    proptest! {
        #[test]
        fn equal_values_have_the_same_text_apart_from_white_space_and_case(
            name in proptest::sample::select(vec!["foo", "cookie", "user-agent", "accept"]),
            one in proptest::collection::vec(any_line(), 0..3),
            other in proptest::collection::vec(any_line(), 0..3),
        ) {
            let fields = fields(name);
            let [a, b] = [&one, &other].map(|lines| values(&fields, &lines.iter().map(String::as_str).collect::<Vec<_>>()));
            if a == b {
                prop_assert_eq!(one.is_empty(), other.is_empty());
                let [one, other] = [one, other].map(|lines| lines.join(if name == "cookie" { ";" } else { "," }));
                let text = |lines: &String| lines.replace([' ', '\t'], "");
                prop_assert_eq!(text(&one), text(&other));
            }
        }

        #[test]
        fn codings_match_if_a_plain_parser_reads_the_same_weights(
            one in proptest::collection::vec("(gzip|GZIP|br|x)( ?; ?q=(0|1|0\\.5|0\\.50|1\\.0|2))?", 0..4),
            other in proptest::collection::vec("(gzip|br|x)(;q=(0|1|0\\.5))?", 0..4),
        ) {
            let fields = fields("accept-encoding");
            let weights = |members: &[String]| -> Option<std::collections::BTreeMap<String, String>> {
                let mut weights = std::collections::BTreeMap::new();
                for member in members {
                    let member = member.replace(' ', "").to_lowercase();
                    let (name, weight) = member.split_once(";q=").unwrap_or((&member, "1"));
                    let weight: f64 = weight.parse().unwrap();
                    if weight > 1.0 || weights.insert(name.to_owned(), format!("{weight}")).is_some() {
                        return None;
                    }
                }
                Some(weights)
            };
            let [a, b] = [&one, &other].map(|members| values(&fields, &[&members.join(", ")]));
            match (weights(&one), weights(&other)) {
                (Some(one), Some(other)) => prop_assert_eq!(a == b, one == other),
                _ => prop_assert!(a != b || split_everywhere(&one) == split_everywhere(&other)),
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4)) {
            for name in ["foo", "cookie", "accept-encoding", "accept-language", "origin"] {
                let fields = fields(name).in_any_language_order().with_codings(["gzip"]);
                let lines = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
                let request: HeaderMap = lines.map(|line| (fields.names()[0].clone(), line)).collect();
                let values = fields.values_in(&request).unwrap();
                prop_assert!(values.as_bytes().starts_with(name.as_bytes()));
            }
        }
    }
}
