//! Entity tags under content codings: one strong tag per coded variant.
//!
//! A service that compresses answers outside the handler that made the strong tag
//! sends two representations under one tag, which V-09 forbids. Naming the coding
//! in the tag repairs it: `"x"` is sent as `"x--gzip"` with `Content-Encoding: gzip`,
//! and comes back in `If-Match`, `If-None-Match` and `If-Range`, where the suffix is
//! taken off again before a service inside sees it.
//!
//! The naming is one to one. A tag that ends like a suffix by itself gets
//! `--identity` behind it, so that taking off one suffix always gives the tag that
//! the service made. Weak tags may be shared by variants and stay as they are.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

#[cfg(feature = "assets")]
use super::EntityTag;
use super::syntax::{MAX_MEMBERS, members, set_field, trim_ows};
use super::validators::etag_line;
use super::vary::{lines_contain, lines_have_any};
use super::{EntityTagList, EntityTagMember, EntityTagRef};

const SEPARATOR: &[u8] = b"--";

/// Stands for "no coding" behind a tag that would be read as a coded one.
const IDENTITY: &[u8] = b"identity";

/// The codings of the registry that are applied to whole answers. Not those with a dictionary, `dcb` and `dcz`: their name
/// does not tell which dictionary it was, and two of them make two representations (E-04).
const CODINGS: [&[u8]; 8] = [b"br", b"compress", b"deflate", b"gzip", IDENTITY, b"x-compress", b"x-gzip", b"zstd"];

/// Names the content coding of an answer in its strong entity tag (V-09).
///
/// A strong tag under a coding that is not in the registry, under one with a dictionary, or
/// under several becomes weak: which variant it names could not be told from the tag (V-08,
/// L-02, E-04).
pub fn name_coding_in_etag(answer: &mut HeaderMap) {
    name_coding(answer);
}

/// The same. Returns whether the response has `Content-Encoding`.
pub(crate) fn name_coding(answer: &mut HeaderMap) -> bool {
    // Most responses have neither a coding nor a tag that looks like a coded one.
    let is_coded = answer.contains_key(CONTENT_ENCODING);
    let concerned = etag_line(answer).is_some_and(may_name_a_coding);
    if is_coded || concerned {
        put_coding_into_etag(answer);
    }
    is_coded
}

fn put_coding_into_etag(answer: &mut HeaderMap) {
    let Some(line) = etag_line(answer) else { return };
    let Some(tag) = EntityTagRef::parse(line.as_bytes()) else {
        return;
    };
    let coding = if tag.is_weak() { Coding::Identity } else { content_coding(answer) };
    let named = match coding {
        Coding::Named(name) => coded(tag, name),
        Coding::Other => render(true, &[tag.opaque(), escape(tag)]),
        Coding::Identity if split(tag.opaque()).is_some() => coded(tag, IDENTITY),
        Coding::Identity => return,
    };
    set_field(answer, ETAG, named);
}

/// Whether the request accepts a content coding, so that a compression layer may put one on the response.
pub(crate) fn accepts_a_coding(request: &HeaderMap) -> bool {
    let accepted = Accepted::by(request);
    CODINGS.iter().any(|coding| *coding != IDENTITY && accepted.includes(coding))
}

/// The request fields of one exchange as a service inside should see them, and the
/// way back for a 304 that it answers itself.
#[derive(Clone, Debug, Default)]
pub struct CodedTags {
    /// The tags of `If-None-Match` that named an acceptable coding, as the client
    /// sent them. Empty, and without an allocation, for nearly every request.
    sent: Vec<HeaderValue>,
    has_if_none_match: bool,
    changed: bool,
    if_range_is_coded: bool,
}

impl CodedTags {
    /// Takes the coding off every tag in `If-Match`, `If-None-Match` and `If-Range`.
    ///
    /// A member of the `If-None-Match` of a safe request whose coding the request
    /// does not accept is left out: a 304 for it would have a cache send coded
    /// bytes to a client that cannot read them.
    pub fn take_from(method: &Method, request: &mut HeaderMap) -> Self {
        let mut coded = Self::without_codings(request.contains_key(IF_NONE_MATCH));
        for name in [IF_MATCH, IF_NONE_MATCH, IF_RANGE] {
            if request.get_all(&name).iter().any(may_name_a_coding) {
                coded.take_from_field(method, request, &name);
            }
        }
        coded
    }

    /// What [`take_from`](Self::take_from) comes to where no tag names a coding.
    pub(crate) fn without_codings(has_if_none_match: bool) -> Self {
        Self { has_if_none_match, ..Self::default() }
    }

    /// Whether some tag named a coding, so that the fields are other than the client's.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.changed
    }

    /// Whether `If-Range` named a coding. Ranges count the octets of the coded
    /// variant (R-02), which a service inside the compression does not have, so
    /// such a range must not be honoured.
    #[must_use]
    pub const fn if_range_is_coded(&self) -> bool {
        self.if_range_is_coded
    }

    /// Puts the tag of the variant that the client holds into a 304 that was
    /// answered without its content, and so without its coding (N-07).
    ///
    /// A compression layer may put a coding on such a 304 all the same. It is that of a variant
    /// which a client that named none of its own need not hold.
    ///
    /// Adds `Accept-Encoding` to `Vary` where it is missing, as the 200 had it (N-01).
    pub fn restore_in_not_modified(&self, answer: &mut HeaderMap) {
        if self.has_if_none_match && matches!(content_coding(answer), Coding::Named(_)) {
            answer.remove(CONTENT_ENCODING);
        }
        if self.sent.is_empty() {
            return name_coding_in_etag(answer);
        }
        let Some(tag) = etag_line(answer).and_then(|line| EntityTagRef::parse(line.as_bytes())) else {
            return;
        };
        let held = self.sent.iter().filter_map(|sent| EntityTagRef::parse(sent.as_bytes())).find_map(|sent| {
            let (opaque, coding) = split(sent.opaque())?;
            (opaque == tag.opaque() && coding != IDENTITY && !tag.is_weak()).then_some(coding)
        });
        match held {
            Some(coding) => {
                let named = coded(tag, coding);
                set_field(answer, ETAG, named);
                // `*` says more than any name.
                if !lines_have_any(answer)
                    && !lines_contain(answer, ACCEPT_ENCODING.as_str())
                    && answer.try_append(http::header::VARY, HeaderValue::from_name(ACCEPT_ENCODING)).is_err()
                {
                    // Without its `Vary` it updates nothing that a cache stores.
                    answer.remove(ETAG);
                }
            }
            None => name_coding_in_etag(answer),
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
                    // Stays a member that matches nothing, so that `*` beside it
                    // stays invalid (P-22).
                    put(b"malformed");
                    continue;
                }
                // Left as it was: the services inside see it as unreadable too.
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
            // It had company, and stays invalid without it (P-22).
            put(b"malformed");
        }
        if changed {
            self.changed = true;
            // An empty list stays in place: the field's presence has a meaning (P-17).
            let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(kept))
                .expect("members of a field value make a field value");
            set_field(request, name.clone(), value);
        }
    }
}

/// A cheap look before anything is parsed.
pub(super) fn may_name_a_coding(line: &HeaderValue) -> bool {
    let line = line.as_bytes();
    line.contains(&SEPARATOR[0]) && line.windows(SEPARATOR.len()).any(|window| window == SEPARATOR)
}

/// The tag and the coding that one suffix names.
fn split(opaque: &[u8]) -> Option<(&[u8], &'static [u8])> {
    CODINGS.iter().find_map(|coding| {
        let tag = opaque.strip_suffix(*coding)?.strip_suffix(SEPARATOR)?;
        Some((tag, *coding))
    })
}

fn coded(tag: EntityTagRef<'_>, coding: &[u8]) -> HeaderValue {
    render(tag.is_weak(), &[tag.opaque(), SEPARATOR, coding])
}

/// What keeps a tag that stays without a coding from being read as a coded one.
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
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).expect("the octets of an entity tag make a field value")
}

enum Coding {
    Identity,
    Named(&'static [u8]),
    Other,
}

fn content_coding(answer: &HeaderMap) -> Coding {
    let mut codings = members(answer.get_all(CONTENT_ENCODING)).filter(|coding| !coding.eq_ignore_ascii_case(IDENTITY));
    match (codings.next(), codings.next()) {
        (None, _) => Coding::Identity,
        (Some(coding), None) => CODINGS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(coding))
            .map_or(Coding::Other, |known| Coding::Named(known)),
        (Some(_), Some(_)) => Coding::Other,
    }
}

/// Whether an answer has a strong tag and a coding that the tag does not name, so that other
/// variants may have the same (V-09).
#[cfg(feature = "audit")]
pub(crate) fn strong_tag_hides_coding(answer: &HeaderMap) -> bool {
    let Some(tag) = etag_line(answer).and_then(|line| EntityTagRef::parse(line.as_bytes())) else {
        return false;
    };
    !tag.is_weak()
        && match content_coding(answer) {
            Coding::Identity => false,
            Coding::Named(name) => split(tag.opaque()).is_none_or(|(_, named)| named != name),
            Coding::Other => true,
        }
}

/// The strong entity tag of a representation in this coding, by its tag without a coding (V-09).
#[cfg(feature = "assets")]
pub(crate) fn tag_in_coding(tag: &EntityTag, coding: &str) -> Option<EntityTag> {
    EntityTag::try_from(coded(tag.as_ref(), coding.as_bytes())).ok()
}

/// Whether `Accept-Encoding` accepts this coding, which may be `identity`. Without the field it accepts no other.
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
    /// The client refuses every form that there is.
    None,
}

/// Selects a form of a file by `Accept-Encoding`: the one with the greatest weight, and the shortest one of those with
/// the same weight. `coded` are the codings that there are, with the lengths that the file has in them.
///
/// Without the field it is the file without a coding.
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
        // Accepted where nothing is said of it, and less than what the client names.
        None if weight > 0 => PreferredCoding::Coded(coding),
        None => PreferredCoding::Identity,
        Some(0) if weight == 0 => PreferredCoding::None,
        Some(identity) if weight > identity || (weight == identity && shortest < length) => {
            PreferredCoding::Coded(coding)
        }
        Some(_) => PreferredCoding::Identity,
    }
}

/// The weights of the codings in `Accept-Encoding` (RFC 9110 section 12.5.3).
///
/// Deliberately not as the standard has it for an absent field, which accepts
/// anything: no compression layer codes an answer to such a request.
struct Accepted {
    /// The weight of `CODINGS[i]` in thousandths, where the field names it.
    named: [Option<u16>; CODINGS.len()],
    /// That of `*`.
    others: Option<u16>,
}

impl Accepted {
    /// Reads the field once, so that a long one and a long list of tags do not multiply.
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
            // Of two weights the one that accepts less.
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

const FULL_WEIGHT: u16 = 1_000;

/// The weight that a parameter states, in thousandths. `None` for another parameter. One that is not a number accepts
/// nothing.
pub(super) fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', weight @ ..] = parameter else { return None };
    let (whole, fraction) = match weight {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return Some(0),
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Some(0);
    }
    let digit = |at: usize| fraction.get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let weight = u16::from(whole - b'0') * FULL_WEIGHT + digit(0) * 100 + digit(1) * 10 + digit(2);
    Some(if weight > FULL_WEIGHT { 0 } else { weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(etag: &'static str, coding: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static(etag));
        for coding in coding {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers
    }

    #[test]
    fn a_strong_tag_names_its_coding() {
        let table: &[(&str, &str, &[&str], &str)] = &[
            ("no coding", r#""x""#, &[], r#""x""#),
            ("identity is no coding", r#""x""#, &["identity"], r#""x""#),
            ("gzip (V-09)", r#""x""#, &["gzip"], r#""x--gzip""#),
            ("brotli in capitals", r#""x""#, &["BR"], r#""x--br""#),
            ("a weak tag needs nothing (L-02)", r#"W/"x""#, &["gzip"], r#"W/"x""#),
            ("an unknown coding weakens (V-08)", r#""x""#, &["rot13"], r#"W/"x""#),
            ("one with a dictionary too (E-04)", r#""x""#, &["dcb"], r#"W/"x""#),
            ("whichever it is (E-04)", r#""x""#, &["dcz"], r#"W/"x""#),
            ("two codings weaken", r#""x""#, &["gzip, br"], r#"W/"x""#),
            ("two lines weaken", r#""x""#, &["gzip", "br"], r#"W/"x""#),
            ("a tag that looks coded is marked", r#""x--gzip""#, &[], r#""x--gzip--identity""#),
            ("a weak one too", r#"W/"x--br""#, &[], r#"W/"x--br--identity""#),
            ("a coded tag of a layer inside", r#""x--gzip""#, &["gzip"], r#""x--gzip--gzip""#),
            ("a weakened one is marked", r#""x--gzip""#, &["rot13"], r#"W/"x--gzip--identity""#),
            ("an unquoted tag is left alone", "x", &["gzip"], "x"),
        ];
        for (sentence, etag, coding, expected) in table {
            let mut headers = answer(etag, coding);
            name_coding_in_etag(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
        }
    }

    fn taken(method: &Method, lines: &[(HeaderName, &'static str)]) -> (HeaderMap, CodedTags) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        let coded = CodedTags::take_from(method, &mut headers);
        (headers, coded)
    }

    #[test]
    fn a_coding_is_taken_off_every_member_of_every_line() {
        let gzip = (ACCEPT_ENCODING, "gzip, br;q=0.5");
        let table: &[(&str, &[&str], &[&str])] = &[
            ("one", &[r#""x--gzip""#], &[r#""x""#]),
            ("weakened on the way", &[r#"W/"x--gzip""#], &[r#"W/"x""#]),
            ("not the last of a list", &[r#""x--gzip", "y", "z--br""#], &[r#""x", "y", "z""#]),
            ("over two lines", &[r#""x--gzip""#, r#""y""#], &[r#""x", "y""#]),
            ("one suffix only", &[r#""x--gzip--identity""#], &[r#""x--gzip""#]),
            ("a coding that is not accepted goes", &[r#""x--zstd", "y--gzip""#], &[r#""y""#]),
            ("the field stays when all go", &[r#""x--zstd""#], &[""]),
            ("a malformed member stays malformed", &[r#"x--gzip, "y--gzip""#], &[r#"malformed, "y""#]),
            ("what cannot be read stays", &[r#""y--gzip", "x--gzip"#], &[r#""y--gzip", "x--gzip"#]),
            ("nothing named, nothing changed", &[r#""x--y" , "z""#, r#""a""#], &[r#""x--y" , "z""#, r#""a""#]),
            ("a star stays", &[r#"*, "x--gzip""#], &[r#"*, "x""#]),
            ("and stays invalid beside what goes (P-22)", &[r#""x--zstd", *"#], &["*, malformed"]),
        ];
        for (sentence, lines, expected) in table {
            let mut request: Vec<_> = lines.iter().map(|line| (IF_NONE_MATCH, *line)).collect();
            request.push(gzip.clone());
            let (headers, _) = taken(&Method::GET, &request);
            let left: Vec<_> = headers.get_all(IF_NONE_MATCH).iter().collect();
            assert_eq!(left, *expected, "{sentence}");
        }
    }

    #[test]
    fn a_write_takes_off_every_coding() {
        let (headers, coded) = taken(&Method::PUT, &[(IF_MATCH, r#""x--zstd""#), (IF_NONE_MATCH, r#""y--gzip""#)]);
        assert!(coded.changed());
        assert_eq!(headers[IF_MATCH], r#""x""#);
        assert_eq!(headers[IF_NONE_MATCH], r#""y""#);
    }

    #[test]
    fn a_range_of_a_coded_variant_is_noticed() {
        let (_, coded) = taken(&Method::GET, &[(IF_RANGE, r#""x--gzip""#)]);
        assert!(coded.if_range_is_coded());
        assert!(!taken(&Method::GET, &[(IF_NONE_MATCH, r#""x--y""#)]).1.changed());
        let (headers, plain) = taken(&Method::GET, &[(IF_RANGE, r#""x--br--identity""#)]);
        assert!(!plain.if_range_is_coded());
        assert_eq!(headers[IF_RANGE], r#""x--br""#);
    }

    #[test]
    fn a_304_from_inside_names_the_variant_that_the_client_holds() {
        let table: &[(&str, &str, &str, &str, Option<&str>)] = &[
            ("the coded one", r#""x--gzip""#, r#""x""#, r#""x--gzip""#, Some("accept-encoding")),
            ("the plain one", r#""x""#, r#""x""#, r#""x""#, None),
            ("both, with the coding accepted", r#""x", "x--gzip""#, r#""x""#, r#""x--gzip""#, Some("accept-encoding")),
            ("another tag's variant", r#""y--gzip", "x""#, r#""x""#, r#""x""#, None),
            ("a weak tag", r#"W/"x--gzip""#, r#"W/"x""#, r#"W/"x""#, None),
            ("a marked one", r#""x--br--identity""#, r#""x--br""#, r#""x--br--identity""#, None),
        ];
        for (sentence, sent, inner, expected, vary) in table {
            let (_, coded) = taken(&Method::GET, &[(IF_NONE_MATCH, sent), (ACCEPT_ENCODING, "gzip")]);
            let mut headers = answer(inner, &[]);
            coded.restore_in_not_modified(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
            let found = headers.get(http::header::VARY).map(|value| value.to_str().unwrap());
            assert_eq!(found, *vary, "{sentence}");
        }
    }

    #[test]
    fn a_304_from_inside_that_varies_on_everything_says_so_once() {
        let table: &[(&str, &[&str])] =
            &[("*", &["*"]), ("Accept-Encoding", &["Accept-Encoding"]), ("origin", &["origin", "accept-encoding"])];
        for (said, expected) in table {
            let (_, coded) = taken(&Method::GET, &[(IF_NONE_MATCH, r#""x--gzip""#), (ACCEPT_ENCODING, "gzip")]);
            let mut headers = answer(r#""x""#, &[]);
            headers.insert(http::header::VARY, HeaderValue::from_str(said).unwrap());
            coded.restore_in_not_modified(&mut headers);
            let lines: Vec<_> = headers.get_all(http::header::VARY).iter().collect();
            assert_eq!(lines, *expected, "N-01");
        }
    }

    #[test]
    fn the_coding_that_a_compression_layer_puts_on_a_304_is_not_that_of_the_copy_which_the_client_holds() {
        let table: &[(&str, Option<&'static str>, &str, &str)] = &[
            ("the plain one", Some(r#""x""#), "gzip", r#""x""#),
            ("the plain one beside another tag's variant", Some(r#""y--gzip", "x""#), "gzip", r#""x""#),
            ("the one in another coding", Some(r#""x--br""#), "gzip", r#""x--br""#),
            ("the same coding", Some(r#""x--gzip""#), "gzip", r#""x--gzip""#),
            ("a coding that weakened its tag", Some(r#"W/"x""#), "rot13", r#"W/"x""#),
            ("by its date, and so what the 200 would have", None, "gzip", r#""x--gzip""#),
        ];
        for (sentence, sent, coding, expected) in table {
            let mut lines = vec![(ACCEPT_ENCODING, "gzip, br")];
            lines.extend(sent.map(|sent| (IF_NONE_MATCH, sent)));
            let (_, coded) = taken(&Method::GET, &lines);
            let mut headers = answer(r#""x""#, &[coding]);
            coded.restore_in_not_modified(&mut headers);
            assert_eq!(headers[ETAG], *expected, "{sentence}");
        }
    }

    #[test]
    fn accept_encoding_is_read_with_its_weights() {
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
    fn the_form_of_a_file_is_the_one_with_the_greatest_weight() {
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
