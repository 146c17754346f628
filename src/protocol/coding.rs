//! Adds the content coding to strong entity tags, so that each coded representation has its own tag.
//!
//! An outer layer that compresses a response with a strong tag sends two representations with the same tag, which the
//! standard forbids. This module adds the content coding to the tag: `"x"` becomes `"x--gzip"` with
//! `Content-Encoding: gzip`. When a client sends the tag in `If-Match`, `If-None-Match` or `If-Range`, the suffix is
//! removed before the inner service sees it.
//!
//! The mapping is one to one. A tag that already ends like a suffix gets the suffix `--identity`, so that removing one
//! suffix always returns the original tag. Weak tags are not changed, because they may be shared by several content
//! codings.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

#[cfg(feature = "assets")]
use super::EntityTag;
use super::syntax::{MAX_MEMBERS, has_pair, members, set_field, trim_ows};
use super::validators::etag_line;
use super::vary::VaryLines;
use super::{EntityTagList, EntityTagMember, EntityTagRef};

const SEPARATOR: &[u8; 2] = b"--";

/// The suffix of a tag without content coding that would otherwise look coded.
const IDENTITY: &[u8] = b"identity";

/// The registered content codings that apply to complete responses. Does not contain `dcb` and `dcz`: the names do not
/// identify the dictionary, and two dictionaries make two representations.
// E-04.
const CODINGS: [&[u8]; 8] = [b"br", b"compress", b"deflate", b"gzip", IDENTITY, b"x-compress", b"x-gzip", b"zstd"];

/// Adds the content coding of a response to its strong entity tag.
///
/// `ETag: "x"` with `Content-Encoding: gzip` becomes `ETag: "x--gzip"`. Weak tags are not changed. A strong tag becomes
/// weak if the tag could not identify the representation, which is the case with an unregistered content coding, one
/// that uses a dictionary, or several content codings.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::add_coding_suffix;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("etag", HeaderValue::from_static("\"x\""));
/// headers.insert("content-encoding", HeaderValue::from_static("gzip"));
/// add_coding_suffix(&mut headers);
/// assert_eq!(headers["etag"], "\"x--gzip\"");
/// ```
pub fn add_coding_suffix(response: &mut HeaderMap) {
    // V-09, V-08, L-02, E-04.
    // The usual case: no content coding, and a tag that does not look coded.
    if response.contains_key(CONTENT_ENCODING) || etag_line(response).is_some_and(may_be_coded) {
        add_coding_to_etag(response);
    }
}

fn add_coding_to_etag(response: &mut HeaderMap) {
    let Some(line) = etag_line(response) else { return };
    let Some(tag) = EntityTagRef::parse(line.as_bytes()) else {
        return;
    };
    let coding = if tag.is_weak() { Coding::Identity } else { content_coding(response) };
    let named = match coding {
        Coding::Named(name) => coded(tag, name),
        Coding::Other => render(true, &[tag.opaque(), escape(tag)]),
        Coding::Identity if split(tag.opaque()).is_some() => coded(tag, IDENTITY),
        Coding::Identity => return,
    };
    set_field(response, ETAG, named);
}

/// Returns whether the request accepts a content coding, so that a compression layer may apply one.
pub(crate) fn accepts_a_coding(request: &HeaderMap) -> bool {
    let accepted = Accepted::by(request);
    CODINGS.iter().any(|coding| *coding != IDENTITY && accepted.includes(coding))
}

/// Translates entity tags between a client and an inner service that does not know about content codings.
///
/// [`take_from`](Self::take_from) removes the suffixes from the request fields.
/// [`restore_in_not_modified`](Self::restore_in_not_modified) adds the suffix again to a 304 of the inner service.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use tower_cache_policy::protocol::ContentCodedTags;
///
/// let mut request = HeaderMap::new();
/// request.insert("if-none-match", HeaderValue::from_static("\"x--gzip\""));
/// request.insert("accept-encoding", HeaderValue::from_static("gzip"));
/// let tags = ContentCodedTags::take_from(&Method::GET, &mut request);
/// assert_eq!(request["if-none-match"], "\"x\"");
///
/// let mut not_modified = HeaderMap::new();
/// not_modified.insert("etag", HeaderValue::from_static("\"x\""));
/// tags.restore_in_not_modified(&mut not_modified);
/// assert_eq!(not_modified["etag"], "\"x--gzip\"");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContentCodedTags {
    /// The tags of `If-None-Match` with an accepted content coding, as the client sent them. Usually empty, without an
    /// allocation.
    sent: Vec<HeaderValue>,
    has_if_none_match: bool,
    changed: bool,
    if_range_is_coded: bool,
}

impl ContentCodedTags {
    /// Removes the content coding from each tag in `If-Match`, `If-None-Match` and `If-Range`.
    ///
    /// For a safe request, also removes the members of `If-None-Match` whose content coding the request does not
    /// accept. Otherwise a 304 could make a cache send coded content to a client that cannot decode it.
    pub fn take_from(method: &Method, request: &mut HeaderMap) -> Self {
        let mut coded = Self::without_codings(request.contains_key(IF_NONE_MATCH));
        for name in [IF_MATCH, IF_NONE_MATCH, IF_RANGE] {
            if request.get_all(&name).iter().any(may_name_a_coding) {
                coded.take_from_field(method, request, &name);
            }
        }
        coded
    }

    /// Returns the result of [`take_from`](Self::take_from) for a request whose tags do not have a suffix.
    pub(crate) fn without_codings(has_if_none_match: bool) -> Self {
        Self { has_if_none_match, ..Self::default() }
    }

    /// Returns whether a tag had a content coding, so that the request fields have changed.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.changed
    }

    /// Returns whether `If-Range` had a content coding.
    ///
    /// Such a range must not be honored: its positions refer to the coded content, which the inner service does not
    /// have.
    #[must_use]
    pub const fn if_range_is_coded(&self) -> bool {
        // R-02.
        self.if_range_is_coded
    }

    /// Adds the content coding of the client's stored response to the tag of a 304.
    ///
    /// The inner service generates the 304 without content, and therefore without `Content-Encoding`. If the request
    /// has `If-None-Match` and a compression layer has set `Content-Encoding` on the 304, the field is removed, because
    /// the client may have stored another representation.
    ///
    /// Also adds `Accept-Encoding` to `Vary` if it is missing, because the 200 had it.
    pub fn restore_in_not_modified(&self, response: &mut HeaderMap) {
        // N-07, N-01.
        // The usual case: no content coding, and a tag that does not look coded.
        let is_coded = |(name, value): (&HeaderName, &HeaderValue)| match *name {
            CONTENT_ENCODING => true,
            ETAG => may_be_coded(value),
            _ => false,
        };
        if self.sent.is_empty() && !response.iter().any(is_coded) {
            return;
        }
        if self.has_if_none_match && matches!(content_coding(response), Coding::Named(_)) {
            response.remove(CONTENT_ENCODING);
        }
        if self.sent.is_empty() {
            return add_coding_suffix(response);
        }
        let Some(tag) = etag_line(response).and_then(|line| EntityTagRef::parse(line.as_bytes())) else {
            return;
        };
        let stored = self.sent.iter().filter_map(|sent| EntityTagRef::parse(sent.as_bytes())).find_map(|sent| {
            let (opaque, coding) = split(sent.opaque())?;
            (opaque == tag.opaque() && coding != IDENTITY && !tag.is_weak()).then_some(coding)
        });
        match stored {
            Some(coding) => {
                let named = coded(tag, coding);
                set_field(response, ETAG, named);
                let vary = VaryLines::read(response, ACCEPT_ENCODING.as_str());
                // `*` includes every name.
                if !(vary.have_any || vary.have_name)
                    && response.try_append(http::header::VARY, HeaderValue::from_name(ACCEPT_ENCODING)).is_err()
                {
                    // Without `Vary` the 304 must not update a stored response.
                    response.remove(ETAG);
                }
            }
            None => add_coding_suffix(response),
        }
    }

    fn take_from_field(&mut self, method: &Method, request: &mut HeaderMap, name: &HeaderName) {
        let selects =
            name == IF_NONE_MATCH && (matches!(*method, Method::GET | Method::HEAD) || method.as_str() == "QUERY");
        let accepted = selects.then(|| Accepted::by(request));
        let mut kept: Vec<u8> = Vec::new();
        let mut put = |member: &[u8]| {
            if !kept.is_empty() {
                kept.extend_from_slice(b", ");
            }
            kept.extend_from_slice(member);
        };
        let (mut changed, mut any, mut left_out) = (false, false, false);
        for member in EntityTagList::new(request.get_all(name)) {
            let tag = match member {
                EntityTagMember::Tag(tag) => tag,
                EntityTagMember::Any => {
                    any = true;
                    put(b"*");
                    continue;
                }
                EntityTagMember::Malformed => {
                    // A malformed member remains, so that `*` next to it stays invalid (P-22).
                    put(b"malformed");
                    continue;
                }
                // Inner services also treat the member as malformed.
                EntityTagMember::Unreadable => return,
            };
            let Some((opaque, coding)) = split(tag.opaque()) else {
                put(render(tag.is_weak(), &[tag.opaque()]).as_bytes());
                continue;
            };
            changed = true;
            if name == IF_RANGE && coding != IDENTITY {
                self.if_range_is_coded = true;
            }
            if let Some(accepted) = &accepted {
                if coding != IDENTITY && !accepted.includes(coding) {
                    left_out = true;
                    continue;
                }
                self.sent.push(render(tag.is_weak(), &[tag.opaque()]));
            }
            put(render(tag.is_weak(), &[opaque]).as_bytes());
        }
        if any && left_out {
            // `*` was not the only member, and must stay invalid (P-22).
            put(b"malformed");
        }
        if changed {
            self.changed = true;
            // An empty list remains, because the presence of the field has a meaning (P-17).
            let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(kept))
                .expect("the members of a field value are valid in a field value");
            set_field(request, name.clone(), value);
        }
    }
}

/// Returns whether the tag in a line may have a suffix.
pub(super) fn may_be_coded(tag: &HeaderValue) -> bool {
    // Checking for the last letter of a content coding rules out nearly all tags.
    matches!(trim_ows(tag.as_bytes()), [.., b'r' | b's' | b'e' | b'p' | b'y' | b'd', b'"']) && may_name_a_coding(tag)
}

/// Returns whether a line contains the separator. This is an inexpensive check before parsing.
pub(super) fn may_name_a_coding(line: &HeaderValue) -> bool {
    has_pair(line.as_bytes(), *SEPARATOR)
}

/// Splits a tag into the tag without its suffix and the content coding.
fn split(opaque: &[u8]) -> Option<(&[u8], &'static [u8])> {
    CODINGS.iter().find_map(|coding| {
        let tag = opaque.strip_suffix(*coding)?.strip_suffix(SEPARATOR)?;
        Some((tag, *coding))
    })
}

fn coded(tag: EntityTagRef<'_>, coding: &[u8]) -> HeaderValue {
    render(tag.is_weak(), &[tag.opaque(), SEPARATOR, coding])
}

/// Returns the suffix for a tag without content coding that would otherwise look coded.
fn escape(tag: EntityTagRef<'_>) -> &'static [u8] {
    if split(tag.opaque()).is_some() { b"--identity" } else { b"" }
}

fn render(weak: bool, opaque: &[&[u8]]) -> HeaderValue {
    let mut text = Vec::with_capacity(4 + opaque.iter().map(|part| part.len()).sum::<usize>());
    text.extend_from_slice(if weak { b"W/\"" } else { b"\"" });
    for part in opaque {
        text.extend_from_slice(part);
    }
    text.push(b'"');
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).expect("an entity tag is a valid field value")
}

enum Coding {
    Identity,
    Named(&'static [u8]),
    Other,
}

fn content_coding(response: &HeaderMap) -> Coding {
    let mut codings =
        members(response.get_all(CONTENT_ENCODING)).filter(|coding| !coding.eq_ignore_ascii_case(IDENTITY));
    match (codings.next(), codings.next()) {
        (None, _) => Coding::Identity,
        (Some(coding), None) => CODINGS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(coding))
            .map_or(Coding::Other, |known| Coding::Named(known)),
        (Some(_), Some(_)) => Coding::Other,
    }
}

/// Returns whether a response has a strong tag without its content coding, so that other representations may have the
/// same tag.
#[cfg(feature = "audit")]
pub(crate) fn strong_tag_hides_coding(response: &HeaderMap) -> bool {
    // V-09.
    let Some(tag) = etag_line(response).and_then(|line| EntityTagRef::parse(line.as_bytes())) else {
        return false;
    };
    !tag.is_weak()
        && match content_coding(response) {
            Coding::Identity => false,
            Coding::Named(name) => split(tag.opaque()).is_none_or(|(_, named)| named != name),
            Coding::Other => true,
        }
}

/// Returns the strong entity tag of a representation in this coding. `tag` is its tag without a coding.
// V-09.
#[cfg(feature = "assets")]
pub(crate) fn tag_in_coding(tag: &EntityTag, coding: &str) -> Option<EntityTag> {
    EntityTag::try_from(coded(tag.as_ref(), coding.as_bytes())).ok()
}

/// Returns whether `Accept-Encoding` accepts this content coding, which may be `identity`. Without the field, only
/// `identity` is accepted.
#[cfg(feature = "assets")]
pub(crate) fn accepts_coding(request: &HeaderMap, coding: &str) -> bool {
    let accepted = Accepted::by(request);
    match coding.as_bytes() {
        IDENTITY => accepted.identity_weight() != Some(0),
        coding => accepted.includes(coding),
    }
}

/// The form of a file to send.
#[cfg(feature = "assets")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PreferredCoding {
    Identity,
    Coded(&'static str),
    /// The client does not accept any available form.
    None,
}

/// Selects a form of a file by `Accept-Encoding`: the one with the highest weight, and among those with the same weight
/// the shortest. `coded` contains the available content codings and the lengths of the file in them.
///
/// Without the field, selects the file without a content coding.
#[cfg(feature = "assets")]
pub(crate) fn preferred_coding(
    request: &HeaderMap,
    length: u64,
    coded: impl Iterator<Item = (&'static str, u64)>,
) -> PreferredCoding {
    let accepted = Accepted::by(request);
    let (weight, shortest, coding) = coded
        .map(|(coding, length)| (accepted.weight(coding.as_bytes()), std::cmp::Reverse(length), coding))
        .max()
        .map_or((0, length, ""), |(weight, length, coding)| (weight, length.0, coding));
    match accepted.identity_weight() {
        // Accepted if the field does not mention it, with a lower weight than the codings that the field names.
        None if weight > 0 => PreferredCoding::Coded(coding),
        None => PreferredCoding::Identity,
        Some(0) if weight == 0 => PreferredCoding::None,
        Some(identity) if weight > identity || (weight == identity && shortest < length) => {
            PreferredCoding::Coded(coding)
        }
        Some(_) => PreferredCoding::Identity,
    }
}

/// The weights of the content codings in `Accept-Encoding` (RFC 9110 section 12.5.3).
///
/// Deliberately empty for a request without the field, for which the standard accepts any content coding: compression
/// layers do not compress a response to such a request.
struct Accepted {
    /// The weight of `CODINGS[i]` in thousandths, if the field names it.
    named: [Option<u16>; CODINGS.len()],
    /// The weight of `*`.
    others: Option<u16>,
}

impl Accepted {
    /// Parses the field once, so that the cost is not multiplied by the number of tags.
    fn by(request: &HeaderMap) -> Self {
        let mut read = Self { named: [None; CODINGS.len()], others: None };
        for member in members(request.get_all(ACCEPT_ENCODING)).take(MAX_MEMBERS) {
            let mut parts = member.split(|&byte| byte == b';').map(trim_ows);
            let name = parts.next().unwrap_or_default();
            let weight = parts.filter_map(weight).min().unwrap_or(FULL_WEIGHT);
            let known = if name == b"*" {
                &mut read.others
            } else if let Some(index) = CODINGS.iter().position(|coding| coding.eq_ignore_ascii_case(name)) {
                &mut read.named[index]
            } else {
                continue;
            };
            // If a coding has two weights, the lower one applies.
            *known = Some(known.map_or(weight, |known| known.min(weight)));
        }
        read
    }

    fn includes(&self, coding: &[u8]) -> bool {
        self.weight(coding) > 0
    }

    fn weight(&self, coding: &[u8]) -> u16 {
        let named = CODINGS.iter().position(|known| *known == coding).and_then(|index| self.named[index]);
        named.or(self.others).unwrap_or(0)
    }

    #[cfg(feature = "assets")]
    fn identity_weight(&self) -> Option<u16> {
        let named = CODINGS.iter().position(|known| *known == IDENTITY).and_then(|index| self.named[index]);
        named.or(self.others)
    }
}

pub(super) const FULL_WEIGHT: u16 = 1_000;

/// Returns the weight of a parameter in thousandths, or `None` for another parameter. A weight that is not a number
/// does not accept the coding.
pub(super) fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', number @ ..] = parameter else { return None };
    Some(qvalue(number).unwrap_or(0))
}

/// Parses a weight (RFC 9110 section 12.4.2). Returns thousandths.
///
/// ```text
/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
/// ```
pub(super) fn qvalue(number: &[u8]) -> Option<u16> {
    let (whole, fraction) = match number {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| fraction.get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let weight = u16::from(whole - b'0') * FULL_WEIGHT + digit(0) * 100 + digit(1) * 10 + digit(2);
    (weight <= FULL_WEIGHT).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(etag: &'static str, coding: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static(etag));
        for coding in coding {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers
    }

    #[test]
    fn a_strong_tag_includes_its_content_coding() {
        let table: &[(&str, &str, &[&str], &str)] = &[
            ("no coding", r#""x""#, &[], r#""x""#),
            ("identity is not a content coding", r#""x""#, &["identity"], r#""x""#),
            ("gzip (V-09)", r#""x""#, &["gzip"], r#""x--gzip""#),
            ("brotli in upper case", r#""x""#, &["BR"], r#""x--br""#),
            ("a weak tag is not changed (L-02)", r#"W/"x""#, &["gzip"], r#"W/"x""#),
            ("an unknown content coding makes the tag weak (V-08)", r#""x""#, &["rot13"], r#"W/"x""#),
            ("dcb with a dictionary makes the tag weak (E-04)", r#""x""#, &["dcb"], r#"W/"x""#),
            ("dcz with a dictionary makes the tag weak (E-04)", r#""x""#, &["dcz"], r#"W/"x""#),
            ("two content codings make the tag weak", r#""x""#, &["gzip, br"], r#"W/"x""#),
            ("two lines make the tag weak", r#""x""#, &["gzip", "br"], r#"W/"x""#),
            ("a tag that looks coded gets a suffix", r#""x--gzip""#, &[], r#""x--gzip--identity""#),
            ("a weak tag that looks coded gets a suffix", r#"W/"x--br""#, &[], r#"W/"x--br--identity""#),
            ("a tag coded by an inner layer", r#""x--gzip""#, &["gzip"], r#""x--gzip--gzip""#),
            (
                "a tag that looks coded and becomes weak gets a suffix",
                r#""x--gzip""#,
                &["rot13"],
                r#"W/"x--gzip--identity""#,
            ),
            ("an unquoted tag is not changed", "x", &["gzip"], "x"),
        ];
        for (sentence, etag, coding, expected) in table {
            let mut headers = response(etag, coding);
            add_coding_suffix(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
        }
    }

    fn request_with(method: &Method, lines: &[(HeaderName, &'static str)]) -> (HeaderMap, ContentCodedTags) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        let coded = ContentCodedTags::take_from(method, &mut headers);
        (headers, coded)
    }

    #[test]
    fn suffixes_are_removed_from_all_members_of_all_lines() {
        let gzip = (ACCEPT_ENCODING, "gzip, br;q=0.5");
        let table: &[(&str, &[&str], &[&str])] = &[
            ("one tag", &[r#""x--gzip""#], &[r#""x""#]),
            ("a tag made weak by a proxy", &[r#"W/"x--gzip""#], &[r#"W/"x""#]),
            ("a list of tags", &[r#""x--gzip", "y", "z--br""#], &[r#""x", "y", "z""#]),
            ("two lines", &[r#""x--gzip""#, r#""y""#], &[r#""x", "y""#]),
            ("one suffix only", &[r#""x--gzip--identity""#], &[r#""x--gzip""#]),
            ("a content coding that is not accepted is removed", &[r#""x--zstd", "y--gzip""#], &[r#""y""#]),
            ("an empty field remains", &[r#""x--zstd""#], &[""]),
            ("a malformed member remains malformed", &[r#"x--gzip, "y--gzip""#], &[r#"malformed, "y""#]),
            ("an unreadable list is not changed", &[r#""y--gzip", "x--gzip"#], &[r#""y--gzip", "x--gzip"#]),
            ("no content coding, no change", &[r#""x--y" , "z""#, r#""a""#], &[r#""x--y" , "z""#, r#""a""#]),
            ("a star remains", &[r#"*, "x--gzip""#], &[r#"*, "x""#]),
            ("a star remains invalid next to a removed tag (P-22)", &[r#""x--zstd", *"#], &["*, malformed"]),
        ];
        for (sentence, lines, expected) in table {
            let mut request: Vec<_> = lines.iter().map(|line| (IF_NONE_MATCH, *line)).collect();
            request.push(gzip.clone());
            let (headers, _) = request_with(&Method::GET, &request);
            let left: Vec<_> = headers.get_all(IF_NONE_MATCH).iter().collect();
            assert_eq!(left, *expected, "{sentence}");
        }
    }

    #[test]
    fn an_unsafe_request_loses_all_suffixes() {
        let (headers, coded) =
            request_with(&Method::PUT, &[(IF_MATCH, r#""x--zstd""#), (IF_NONE_MATCH, r#""y--gzip""#)]);
        assert!(coded.changed());
        assert_eq!(headers[IF_MATCH], r#""x""#);
        assert_eq!(headers[IF_NONE_MATCH], r#""y""#);
    }

    #[test]
    fn if_range_with_a_content_coding_is_detected() {
        let (_, coded) = request_with(&Method::GET, &[(IF_RANGE, r#""x--gzip""#)]);
        assert!(coded.if_range_is_coded());
        assert!(!request_with(&Method::GET, &[(IF_NONE_MATCH, r#""x--y""#)]).1.changed());
        let (headers, plain) = request_with(&Method::GET, &[(IF_RANGE, r#""x--br--identity""#)]);
        assert!(!plain.if_range_is_coded());
        assert_eq!(headers[IF_RANGE], r#""x--br""#);
    }

    #[test]
    fn a_304_gets_the_tag_of_the_clients_stored_response() {
        let table: &[(&str, &str, &str, &str, Option<&str>)] = &[
            ("a coded tag", r#""x--gzip""#, r#""x""#, r#""x--gzip""#, Some("accept-encoding")),
            ("a tag without suffix", r#""x""#, r#""x""#, r#""x""#, None),
            (
                "both, with an accepted content coding",
                r#""x", "x--gzip""#,
                r#""x""#,
                r#""x--gzip""#,
                Some("accept-encoding"),
            ),
            ("a coded tag of another representation", r#""y--gzip", "x""#, r#""x""#, r#""x""#, None),
            ("a weak tag", r#"W/"x--gzip""#, r#"W/"x""#, r#"W/"x""#, None),
            ("a tag with the identity suffix", r#""x--br--identity""#, r#""x--br""#, r#""x--br--identity""#, None),
        ];
        for (sentence, sent, inner, expected, vary) in table {
            let (_, coded) = request_with(&Method::GET, &[(IF_NONE_MATCH, sent), (ACCEPT_ENCODING, "gzip")]);
            let mut headers = response(inner, &[]);
            coded.restore_in_not_modified(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
            let found = headers.get(http::header::VARY).map(|value| value.to_str().unwrap());
            assert_eq!(found, *vary, "{sentence}");
        }
    }

    #[test]
    fn a_304_lists_accept_encoding_in_vary_once() {
        let table: &[(&str, &[&str])] =
            &[("*", &["*"]), ("Accept-Encoding", &["Accept-Encoding"]), ("origin", &["origin", "accept-encoding"])];
        for (vary, expected) in table {
            let (_, coded) = request_with(&Method::GET, &[(IF_NONE_MATCH, r#""x--gzip""#), (ACCEPT_ENCODING, "gzip")]);
            let mut headers = response(r#""x""#, &[]);
            headers.insert(http::header::VARY, HeaderValue::from_str(vary).unwrap());
            coded.restore_in_not_modified(&mut headers);
            let lines: Vec<_> = headers.get_all(http::header::VARY).iter().collect();
            assert_eq!(lines, *expected, "N-01");
        }
    }

    #[test]
    fn the_content_encoding_of_a_304_is_not_added_to_its_tag() {
        let table: &[(&str, Option<&'static str>, &str, &str)] = &[
            ("a tag without suffix", Some(r#""x""#), "gzip", r#""x""#),
            ("a tag without suffix and another coded tag", Some(r#""y--gzip", "x""#), "gzip", r#""x""#),
            ("a tag with another content coding", Some(r#""x--br""#), "gzip", r#""x--br""#),
            ("the same content coding", Some(r#""x--gzip""#), "gzip", r#""x--gzip""#),
            ("a content coding that makes the tag weak", Some(r#"W/"x""#), "rot13", r#"W/"x""#),
            ("no tag, only a date", None, "gzip", r#""x--gzip""#),
        ];
        for (sentence, sent, coding, expected) in table {
            let mut lines = vec![(ACCEPT_ENCODING, "gzip, br")];
            lines.extend(sent.map(|sent| (IF_NONE_MATCH, sent)));
            let (_, coded) = request_with(&Method::GET, &lines);
            let mut headers = response(r#""x""#, &[coding]);
            coded.restore_in_not_modified(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
        }
    }

    #[test]
    fn accept_encoding_respects_weights() {
        let table: &[(&str, bool)] = &[
            ("gzip", true),
            ("GZIP;q=0.1", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=x", false),
            ("gzip, gzip;q=0", false),
            ("br", false),
            ("*", true),
            ("*;q=0", false),
            ("*, gzip;q=0", false),
            ("br, *;q=0.5", true),
            ("", false),
            ("gzip;q=1.000", true),
            ("gzip;q=0.001", true),
            ("gzip;q=0.0001", false),
            ("gzip;q=1.5", false),
            ("gzip;q=-1", false),
            ("gzip;q=", false),
            ("gzip;level=9;q=0", false),
            ("gzip;q=1;q=0", false),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(Accepted::by(&headers).includes(b"gzip"), *expected, "{value:?}");
        }
        assert!(!Accepted::by(&HeaderMap::new()).includes(b"gzip"));
    }

    #[cfg(feature = "assets")]
    #[test]
    fn the_coding_of_a_file_is_the_one_with_the_greatest_weight() {
        use PreferredCoding::{Coded, Identity, None as Nothing};

        let (br, gzip) = (Coded("br"), Coded("gzip"));
        let table: &[(Option<&str>, PreferredCoding)] = &[
            (None, Identity),
            (Some(""), Identity),
            (Some("br"), br),
            (Some("gzip"), gzip),
            (Some("gzip, deflate, br, zstd"), br),
            (Some("gzip;q=1, br;q=0.9"), gzip),
            (Some("gzip;q=0.001"), gzip),
            (Some("gzip;q=0"), Identity),
            (Some("gzip;q=0.5, identity"), Identity),
            (Some("gzip;q=0.5, identity;q=0.4"), gzip),
            (Some("gzip, identity"), gzip),
            (Some("*"), br),
            (Some("*;q=0.5, identity"), Identity),
            (Some("*, br;q=0"), gzip),
            (Some("*;q=0"), Nothing),
            (Some("*;q=0, identity"), Identity),
            (Some("*;q=0, gzip"), gzip),
            (Some("identity"), Identity),
            (Some("identity;q=0"), Nothing),
            (Some("identity;q=0, gzip"), gzip),
            (Some("identity;q=0, zstd"), Nothing),
            (Some("compress"), Identity),
            (Some("zstd"), Identity),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            let coded = [("gzip", 60), ("br", 50)].into_iter();
            assert_eq!(preferred_coding(&headers, 100, coded), *expected, "{value:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, identity"));
        for (coded, expected) in [([("gzip", 100), ("br", 101)], Identity), ([("gzip", 40), ("br", 50)], gzip)] {
            assert_eq!(preferred_coding(&headers, 100, coded.into_iter()), expected, "{coded:?}");
        }
    }
}
