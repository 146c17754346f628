//! [`Codec`]: stored responses and purges as bytes, for a [`RemoteStore`](super::RemoteStore).
//!
//! A record contains its version, the moment of its request in the history of purges, the complete key, the values that
//! select it, the head, the body, and a checksum over all of it. Bytes that are not exactly such a record for the
//! expected key are not used. Numbers are big-endian.

use std::fmt;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use twox_hash::{XxHash3_64, XxHash3_128};

use super::key::{PrimaryKey, UrlName};
use super::purge_clock::{Moment, PurgeOf};
use super::record::{Record, RecordHead};
use super::remote::PurgeMoment;
use super::selection::{Selection, SelectionRules};
use super::terms::Terms;
use crate::policy::{CacheTag, CacheTags, EdgeDirectives, Facts, GuardSet, Ruling};
use crate::protocol::{Age, CacheControl, HttpDate};

/// Identifies records.
const MAGIC: &[u8; 4] = b"tcpR";
/// The version of the format. Processes with another version neither read nor replace the records.
const VERSION: u8 = 2;
/// The first byte of a purge.
const PURGE_VERSION: u8 = 1;
/// The maximum length of an encoded purge. A purge with more names becomes several.
const MAX_PURGE: usize = 8 << 10;

/// Writes and reads records.
#[derive(Clone)]
pub(crate) struct Codec {
    /// Separates caches with different modes, which store different responses.
    mode: u8,
    /// Authenticates records, if others can write to the store.
    #[cfg(feature = "strong-tags")]
    secret: Option<[u8; 32]>,
}

/// A record that was read.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// A stored response. Its moment has to be set to that of the process.
    /// The body is a slice of the record.
    Response { head: Box<RecordHead>, body: Bytes, moment: PurgeMoment },
    /// The responses for the URL are selected by request fields. Each has its own name.
    Variants { response: HeaderMap, rules: SelectionRules },
}

/// Why bytes cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// They are not a record, or have been changed.
    Damaged,
    /// They are for another key or of another version.
    Foreign,
}

/// A purge that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PurgeNames {
    pub(crate) tags: CacheTags,
    pub(crate) urls: Vec<UrlName>,
    pub(crate) prefixes: Vec<UrlName>,
    pub(crate) everything: bool,
    pub(crate) soft: Option<HttpDate>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Response = 0,
    Variants = 1,
}

impl Codec {
    pub(crate) const fn new(mode: u8) -> Self {
        Self {
            mode,
            #[cfg(feature = "strong-tags")]
            secret: None,
        }
    }

    /// Authenticates records with a keyed BLAKE3 hash in place of the checksum.
    #[cfg(feature = "strong-tags")]
    pub(crate) const fn with_secret(self, secret: Option<[u8; 32]>) -> Self {
        Self { secret, ..self }
    }

    /// The name for a key. Two keys with the same name would replace each other, and never be mistaken for each other.
    pub(crate) fn name(&self, key: &PrimaryKey) -> String {
        self.hashed(&[key.as_bytes()])
    }

    /// The name for a key and the values that select one of its responses.
    pub(crate) fn variant_name(&self, key: &PrimaryKey, selection: &Selection) -> String {
        let (values, lines) = selection.parts();
        let lines: Vec<u8> = lines.unwrap_or_default().iter().flat_map(|count| small(*count).to_be_bytes()).collect();
        self.hashed(&[key.as_bytes(), values, &lines])
    }

    fn hashed(&self, parts: &[&[u8]]) -> String {
        let mut bytes = vec![self.mode];
        for part in parts {
            bytes.extend_from_slice(&small(part.len()).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        format!("{VERSION}-{:032x}", XxHash3_128::oneshot(&bytes))
    }

    /// Writes a stored response. Returns `None` if other processes could not restore it completely.
    pub(crate) fn encode(&self, key: &PrimaryKey, record: &Record, moment: PurgeMoment) -> Option<Bytes> {
        let (head, body) = (record.head(), record.body());
        // A process whose cache accepted the risk of the field must not decide that for the others.
        if head.headers.contains_key(SET_COOKIE) {
            return None;
        }
        let mut out = self.begin(Kind::Response, key, body.len() + 1_024);
        out.extend_from_slice(&moment.history.to_be_bytes());
        out.extend_from_slice(&moment.number.to_be_bytes());
        out.extend_from_slice(&head.status.as_u16().to_be_bytes());
        for date in [head.received, head.date] {
            out.extend_from_slice(&date.unix_seconds().to_be_bytes());
        }
        let Terms { lifetime, stale_while_revalidate, stale_if_error, no_cache, forbids_stale } = head.terms;
        for number in [head.initial_age.seconds(), lifetime, stale_while_revalidate, stale_if_error] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend([u8::from(no_cache), u8::from(forbids_stale)]);
        put_fields(&mut out, &head.headers);
        let (values, lines) = head.selection.parts();
        put(&mut out, values);
        out.push(u8::from(lines.is_some()));
        let lines = lines.unwrap_or_default();
        out.extend_from_slice(&small(lines.len()).to_be_bytes());
        lines.iter().for_each(|count| out.extend_from_slice(&small(*count).to_be_bytes()));
        out.push(u8::from(head.selection.rules().by_weight_of_language));
        put_tags(&mut out, &head.tags);
        out.push(u8::from(head.ruling.is_some()));
        if let Some(ruling) = &head.ruling {
            put_ruling(&mut out, ruling)?;
        }
        // The selection may depend on a field that was omitted because `Connection` named it.
        let rules = head.selection.rules();
        Selection::restore(&head.headers, rules, values, head.selection.parts().1.map(<[usize]>::to_vec))
            .filter(|restored| *restored == head.selection)?;
        out.extend_from_slice(&small(body.len()).to_be_bytes());
        body.pieces().iter().for_each(|piece| out.extend_from_slice(piece));
        Some(self.finish(out))
    }

    /// Writes that the responses for a URL are selected by request fields, as this one is.
    pub(crate) fn encode_variants(&self, key: &PrimaryKey, head: &RecordHead) -> Bytes {
        let rules = head.selection.rules();
        let mut out = self.begin(Kind::Variants, key, 256);
        out.extend([u8::from(rules.counts_lines), u8::from(rules.by_weight_of_language)]);
        let mut selecting = HeaderMap::new();
        for name in [http::header::VARY, http::header::CONTENT_LANGUAGE] {
            for line in head.headers.get_all(&name) {
                selecting.append(name.clone(), line.clone());
            }
        }
        put_fields(&mut out, &selecting);
        self.finish(out)
    }

    /// Reads a record for this key.
    pub(crate) fn decode(&self, bytes: &Bytes, key: &PrimaryKey) -> Result<Decoded, Unusable> {
        let Some([start @ .., version, _, _]) = bytes.first_chunk::<7>() else { return Err(Unusable::Damaged) };
        if start != MAGIC {
            return Err(Unusable::Damaged);
        }
        if *version != VERSION {
            return Err(Unusable::Foreign);
        }
        let content = self.verified(bytes).ok_or(Unusable::Damaged)?;
        let mut input = Reader { bytes: &content[MAGIC.len() + 1..] };
        let (kind, mode) = input.u8().zip(input.u8()).ok_or(Unusable::Damaged)?;
        if mode != self.mode || input.part().ok_or(Unusable::Damaged)? != key.as_bytes() {
            return Err(Unusable::Foreign);
        }
        let decoded = match kind {
            0 => read_response(&mut input, bytes),
            1 => read_variants(&mut input),
            _ => None,
        };
        decoded.filter(|_| input.bytes.is_empty()).ok_or(Unusable::Damaged)
    }

    fn begin(&self, kind: Kind, key: &PrimaryKey, more: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(key.len() + more);
        out.extend_from_slice(MAGIC);
        out.extend([VERSION, kind as u8, self.mode]);
        put(&mut out, key.as_bytes());
        out
    }

    fn finish(&self, mut out: Vec<u8>) -> Bytes {
        #[cfg(feature = "strong-tags")]
        if let Some(secret) = &self.secret {
            let hash = blake3::keyed_hash(secret, &out);
            out.extend_from_slice(hash.as_bytes());
            return out.into();
        }
        let sum = XxHash3_64::oneshot(&out);
        out.extend_from_slice(&sum.to_be_bytes());
        out.into()
    }

    /// Returns the bytes in front of the checksum, if that is right.
    fn verified<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        #[cfg(feature = "strong-tags")]
        if let Some(secret) = &self.secret {
            let (content, tag) = bytes.split_last_chunk::<32>()?;
            // The comparison of these hashes takes the same time for all values.
            return (blake3::keyed_hash(secret, content) == *tag).then_some(content);
        }
        let (content, sum) = bytes.split_last_chunk::<8>()?;
        (XxHash3_64::oneshot(content).to_be_bytes() == *sum).then_some(content)
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl PurgeNames {
    /// Writes a purge, as several if it has many names.
    pub(crate) fn encode(purge: &PurgeOf<'_>) -> Vec<Bytes> {
        let mut written = Vec::new();
        let begin = |everything: bool| {
            let mut out = vec![PURGE_VERSION, u8::from(everything), u8::from(purge.soft.is_some())];
            out.extend_from_slice(&purge.soft.map_or(0, HttpDate::unix_seconds).to_be_bytes());
            out
        };
        let mut out = begin(purge.everything);
        let empty = out.len();
        let tags = purge.tags.iter().map(|tag| (0, [tag.as_str().as_bytes(), b""]));
        let urls = purge.urls.iter().map(|url| (1, url.parts()));
        let prefixes = purge.prefixes.iter().map(|prefix| (2, prefix.parts()));
        for (kind, parts) in tags.chain(urls).chain(prefixes) {
            let start = out.len();
            out.push(kind);
            parts.iter().for_each(|part| put(&mut out, part));
            if out.len() > MAX_PURGE && start > empty {
                let rest = out.split_off(start);
                let full = std::mem::replace(&mut out, begin(false));
                written.push(full.into());
                out.extend(rest);
            }
        }
        if out.len() > empty || purge.everything {
            written.push(out.into());
        }
        written
    }

    /// Reads a purge. One that cannot be read may have named anything, so it names everything.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Self::read(bytes).unwrap_or_else(|| Self { everything: true, ..Self::default() })
    }

    pub(crate) fn as_purge(&self) -> PurgeOf<'_> {
        let Self { tags, urls, prefixes, everything, soft } = self;
        PurgeOf { tags, urls, prefixes, everything: *everything, soft: *soft }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut input = Reader { bytes };
        if input.u8()? != PURGE_VERSION {
            return None;
        }
        let mut purge = Self { everything: input.flag()?, ..Self::default() };
        let (is_soft, at) = (input.flag()?, input.date()?);
        purge.soft = is_soft.then_some(at);
        let mut tags = Vec::new();
        while !input.bytes.is_empty() {
            let (kind, parts) = (input.u8()?, [input.part()?, input.part()?]);
            match kind {
                0 => tags.push(read_tag(parts[0])?),
                1 => purge.urls.push(UrlName::from_parts(parts)),
                2 => purge.prefixes.push(UrlName::from_parts(parts)),
                _ => return None,
            }
        }
        purge.tags = tags.into_iter().collect();
        Some(purge)
    }
}

fn read_response(input: &mut Reader<'_>, record: &Bytes) -> Option<Decoded> {
    let moment = PurgeMoment { history: input.u64()?, number: input.u64()? };
    let status = StatusCode::from_u16(input.u16()?).ok()?;
    let (received, date) = (input.date()?, input.date()?);
    let initial_age = Age::from_seconds(input.u64()?);
    let terms = Terms {
        lifetime: input.u64()?,
        stale_while_revalidate: input.u64()?,
        stale_if_error: input.u64()?,
        no_cache: input.flag()?,
        forbids_stale: input.flag()?,
    };
    let headers = input.fields().filter(|headers| !headers.contains_key(SET_COOKIE))?;
    let values = input.part()?;
    let counts_lines = input.flag()?;
    let count = input.length()?;
    let lines: Vec<usize> = input.take(count.checked_mul(4)?)?.chunks_exact(4).map(big_endian).collect();
    let lines = if counts_lines { Some(lines) } else { lines.is_empty().then_some(None)? };
    let rules = SelectionRules { counts_lines, by_weight_of_language: input.flag()? };
    let selection = Selection::restore(&headers, rules, values, lines)?;
    let tags = input.tags()?;
    let ruling = if input.flag()? { Some(input.ruling()?) } else { None };
    let body = record.slice_ref(input.part()?);
    let moment_here = Moment::default();
    let head = RecordHead {
        status,
        headers,
        selection,
        terms,
        moment: moment_here,
        received,
        initial_age,
        date,
        tags,
        ruling,
    };
    Some(Decoded::Response { head: Box::new(head), body, moment })
}

fn read_variants(input: &mut Reader<'_>) -> Option<Decoded> {
    let rules = SelectionRules { counts_lines: input.flag()?, by_weight_of_language: input.flag()? };
    Some(Decoded::Variants { response: input.fields()?, rules })
}

fn read_tag(bytes: &[u8]) -> Option<CacheTag> {
    CacheTag::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn big_endian(chunk: &[u8]) -> usize {
    chunk.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The lengths in records have 32 bits. Nothing that is stored is longer.
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&small(part.len()).to_be_bytes());
    out.extend_from_slice(part);
}

fn put_fields(out: &mut Vec<u8>, fields: &HeaderMap) {
    out.extend_from_slice(&small(fields.len()).to_be_bytes());
    for (name, value) in fields {
        put(out, name.as_str().as_bytes());
        put(out, value.as_bytes());
        out.push(u8::from(value.is_sensitive()));
    }
}

fn put_tags(out: &mut Vec<u8>, tags: &CacheTags) {
    out.extend_from_slice(&small(tags.len()).to_be_bytes());
    tags.iter().for_each(|tag| put(out, tag.as_str().as_bytes()));
}

/// Returns `None` if another process could not restore the ruling: it depends on field values that were accepted in
/// place of a guard, or on directives that their text does not contain.
fn put_ruling(out: &mut Vec<u8>, ruling: &Ruling) -> Option<()> {
    if !ruling.accepted.is_empty() {
        return None;
    }
    put_directives(out, &ruling.directives)?;
    for line in [&ruling.line, &ruling.vary] {
        out.push(u8::from(line.is_some()));
        put(out, line.as_ref().map_or(b"", |line| line.as_bytes()));
    }
    out.extend_from_slice(&ruling.status.map_or(0, |status| status.as_u16()).to_be_bytes());
    out.extend_from_slice(&ruling.seen.bits().to_be_bytes());
    out.extend_from_slice(&ruling.waived.bits().to_be_bytes());
    out.push(u8::from(ruling.edge.is_some()));
    if let Some(edge) = &ruling.edge {
        put_directives(out, &edge.directives)?;
        out.push(u8::from(edge.edge_only));
    }
    put_tags(out, &ruling.tags);
    out.extend_from_slice(&small(ruling.edge_names.len()).to_be_bytes());
    ruling.edge_names.iter().for_each(|name| put(out, name.as_str().as_bytes()));
    out.extend([ruling.stands_for_response, ruling.replaces, ruling.by_policy].map(u8::from));
    Some(())
}

fn put_directives(out: &mut Vec<u8>, directives: &CacheControl) -> Option<()> {
    let value = directives.to_header_value();
    put(out, value.as_bytes());
    (read_directives(value.as_bytes())? == *directives).then_some(())
}

fn read_directives(value: &[u8]) -> Option<CacheControl> {
    Some(CacheControl::parse([&HeaderValue::from_bytes(value).ok()?]))
}

/// Reads from the front. Each method returns `None` if the rest is too short or invalid.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*chunk)
    }

    fn u8(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_be_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn date(&mut self) -> Option<HttpDate> {
        HttpDate::from_unix_seconds(self.chunk().map(i64::from_be_bytes)?)
    }

    fn fields(&mut self) -> Option<HeaderMap> {
        let mut fields = HeaderMap::new();
        for _ in 0..self.length()? {
            let name = HeaderName::from_bytes(self.part()?).ok()?;
            let value = self.value()?;
            // A map has a maximum number of names.
            fields.try_append(name, value).ok()?;
        }
        Some(fields)
    }

    fn value(&mut self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_bytes(self.part()?).ok()?;
        value.set_sensitive(self.flag()?);
        Some(value)
    }

    fn tags(&mut self) -> Option<CacheTags> {
        let count = self.length()?;
        // A tag takes at least five bytes.
        let mut tags = Vec::with_capacity(count.min(self.bytes.len() / 5));
        for _ in 0..count {
            tags.push(read_tag(self.part()?)?);
        }
        Some(tags.into_iter().collect())
    }

    fn ruling(&mut self) -> Option<Ruling> {
        let directives = read_directives(self.part()?)?;
        let mut line = || {
            let (is_present, value) = (self.flag()?, HeaderValue::from_bytes(self.part()?).ok()?);
            Some(is_present.then_some(value))
        };
        let (own_line, vary) = (line()?, line()?);
        let status = match self.u16()? {
            0 => None,
            status => Some(StatusCode::from_u16(status).ok()?),
        };
        let (seen, waived) = (Facts::from_bits(self.u32()?), GuardSet::from_bits(self.u16()?));
        let edge = match self.flag()? {
            true => {
                let directives = read_directives(self.part()?)?;
                Some(Box::new(EdgeDirectives { directives, edge_only: self.flag()? }))
            }
            false => None,
        };
        let tags = self.tags()?;
        let mut edge_names = Vec::new();
        for _ in 0..self.length()? {
            edge_names.push(HeaderName::from_bytes(self.part()?).ok()?);
        }
        Some(Ruling {
            directives,
            line: own_line,
            vary,
            status,
            seen,
            waived,
            edge,
            tags,
            edge_names,
            stands_for_response: self.flag()?,
            replaces: self.flag()?,
            by_policy: self.flag()?,
            ..Ruling::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::{KeyBuffer, KeyParts, KeyRules};
    use super::*;
    use crate::policy::{Facts, Guard};

    const MOMENT: PurgeMoment = PurgeMoment { history: 7, number: 42 };

    fn key(path: &str) -> PrimaryKey {
        let target = path.parse().unwrap();
        let parts = KeyParts { space: 3, scheme: "", host: b"h", target: &target, inner: None };
        KeyRules::with_seed(9).key(parts, &mut KeyBuffer::new()).unwrap().to_owned()
    }

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn ruling() -> Ruling {
        let value = HeaderValue::from_static("public, max-age=60");
        let directives = CacheControl::parse([&HeaderValue::from_static("max-age=60")]);
        Ruling {
            directives: CacheControl::parse([&value]),
            line: Some(value),
            status: Some(StatusCode::OK),
            seen: Facts::from_bits(5),
            waived: GuardSet::from_bits(2),
            edge: Some(Box::new(EdgeDirectives { directives, edge_only: true })),
            tags: CacheTags::from(CacheTag::from_static("route")),
            edge_names: vec![HeaderName::from_static("x-edge")],
            by_policy: true,
            ..Ruling::default()
        }
    }

    fn record(ruling: Option<Ruling>) -> Record {
        let request = fields(&[("accept-language", "de"), ("accept-language", "en")]);
        let headers = fields(&[("vary", "accept-language"), ("etag", "\"1\""), ("x-a", "1"), ("x-a", "2")]);
        let rules = SelectionRules { counts_lines: true, by_weight_of_language: true };
        let head = RecordHead {
            status: StatusCode::OK,
            selection: Selection::of(&headers, &request, rules).unwrap(),
            headers,
            terms: Terms { lifetime: 60, stale_if_error: 5, forbids_stale: true, ..Terms::default() },
            moment: Moment::from_u64(99),
            received: HttpDate::from_unix_seconds(1_000).unwrap(),
            initial_age: Age::from_seconds(3),
            date: HttpDate::from_unix_seconds(997).unwrap(),
            tags: [CacheTag::from_static("a"), CacheTag::from_static("b")].into_iter().collect(),
            ruling,
        };
        Record::new(head, Bytes::from_static(b"content").into())
    }

    fn response(decoded: Decoded) -> (RecordHead, Bytes, PurgeMoment) {
        match decoded {
            Decoded::Response { head, body, moment } => (*head, body, moment),
            Decoded::Variants { .. } => panic!("it is a response"),
        }
    }

    #[test]
    fn a_response_is_restored_completely() {
        let codec = Codec::new(0);
        for ruling in [None, Some(ruling())] {
            let record = record(ruling);
            let encoded = codec.encode(&key("/a"), &record, MOMENT).unwrap();
            let (head, body, moment) = response(codec.decode(&encoded, &key("/a")).unwrap());
            // The moment is that of another process.
            let original = RecordHead { moment: Moment::default(), ..record.head().clone() };
            // How the values were sent is not restored.
            let original = format!("{original:?}").replace("SentLines(7 bytes)", "SentLines(0 bytes)");
            assert_eq!(format!("{head:?}"), original);
            assert_eq!((&[body][..], moment), (record.body().pieces(), MOMENT));
        }
    }

    #[test]
    fn a_response_with_a_cookie_is_neither_written_nor_read() {
        let codec = Codec::new(1);
        let original = record(None);
        let mut head = original.head().clone();
        head.headers.insert(SET_COOKIE, HeaderValue::from_static("id=1"));
        let with_cookie = Record::new(head, original.body().clone());
        assert_eq!(codec.encode(&key("/a"), &with_cookie, MOMENT), None);
        // Another program may have written it: a field of the same length.
        let mut head = original.head().clone();
        head.headers.insert("x-set-cook", HeaderValue::from_static("id=1"));
        let encoded = codec.encode(&key("/a"), &Record::new(head, original.body().clone()), MOMENT).unwrap();
        assert!(codec.decode(&encoded, &key("/a")).is_ok());
        let mut content = encoded[..encoded.len() - 8].to_vec();
        let at = content.windows(10).position(|window| window == b"x-set-cook").unwrap();
        content[at..at + 10].copy_from_slice(b"set-cookie");
        assert_eq!(codec.decode(&codec.finish(content), &key("/a")).unwrap_err(), Unusable::Damaged);
    }

    #[test]
    fn a_record_with_any_bit_flipped_is_not_used() {
        let codec = Codec::new(0);
        let encoded = codec.encode(&key("/a"), &record(Some(ruling())), MOMENT).unwrap();
        for index in 0..encoded.len() * 8 {
            let mut flipped = encoded.to_vec();
            flipped[index / 8] ^= 1 << (index % 8);
            assert!(codec.decode(&flipped.into(), &key("/a")).is_err(), "bit {index}");
        }
    }

    #[test]
    fn a_record_that_is_cut_at_any_length_or_has_more_bytes_is_not_used() {
        let codec = Codec::new(0);
        let encoded = codec.encode(&key("/a"), &record(None), MOMENT).unwrap();
        for length in 0..encoded.len() {
            assert!(codec.decode(&encoded.slice(..length), &key("/a")).is_err(), "{length}");
        }
        // Also with a checksum that is right for the rest.
        let content = &encoded[..encoded.len() - 8];
        for length in 0..content.len() {
            let cut = codec.finish(content[..length].to_vec());
            assert!(codec.decode(&cut, &key("/a")).is_err(), "{length}");
        }
        let longer = codec.finish([content, b"x"].concat());
        assert_eq!(codec.decode(&longer, &key("/a")).unwrap_err(), Unusable::Damaged);
    }

    #[test]
    fn records_for_other_keys_modes_and_versions_are_not_used() {
        let codec = Codec::new(0);
        let encoded = codec.encode(&key("/a"), &record(None), MOMENT).unwrap();
        assert_eq!(codec.decode(&encoded, &key("/b")).unwrap_err(), Unusable::Foreign);
        assert_eq!(Codec::new(1).decode(&encoded, &key("/a")).unwrap_err(), Unusable::Foreign);
        let mut later = encoded[..encoded.len() - 8].to_vec();
        later[MAGIC.len()] = VERSION + 1;
        assert_eq!(codec.decode(&codec.finish(later), &key("/a")).unwrap_err(), Unusable::Foreign);
        assert_ne!(codec.name(&key("/a")), Codec::new(1).name(&key("/a")));
        assert_ne!(codec.name(&key("/a")), codec.variant_name(&key("/a"), &record(None).head().selection));
    }

    #[cfg(feature = "strong-tags")]
    #[test]
    fn only_records_with_the_right_secret_are_used() {
        let open = Codec::new(0);
        let [one, other] = [[1; 32], [2; 32]].map(|secret| Codec::new(0).with_secret(Some(secret)));
        let encoded = one.encode(&key("/a"), &record(None), MOMENT).unwrap();
        assert!(one.decode(&encoded, &key("/a")).is_ok());
        assert_eq!(other.decode(&encoded, &key("/a")).unwrap_err(), Unusable::Damaged);
        assert_eq!(open.decode(&encoded, &key("/a")).unwrap_err(), Unusable::Damaged);
        let forged = open.encode(&key("/a"), &record(None), MOMENT).unwrap();
        assert_eq!(one.decode(&forged, &key("/a")).unwrap_err(), Unusable::Damaged);
        assert!(!format!("{one:?}").contains("1, 1"), "the secret is not shown");
    }

    #[test]
    fn the_fields_that_select_a_variant_are_restored() {
        let codec = Codec::new(0);
        let record = record(None);
        let encoded = codec.encode_variants(&key("/a"), record.head());
        let Decoded::Variants { response, rules } = codec.decode(&encoded, &key("/a")).unwrap() else {
            panic!("it names variants")
        };
        let request = fields(&[("accept-language", "de"), ("accept-language", "en")]);
        let selection = Selection::of(&response, &request, rules).unwrap();
        assert_eq!(selection, record.head().selection);
        assert_eq!(
            codec.variant_name(&key("/a"), &selection),
            codec.variant_name(&key("/a"), &record.head().selection)
        );
        let other = Selection::of(&response, &fields(&[("accept-language", "fr")]), rules).unwrap();
        assert_ne!(codec.variant_name(&key("/a"), &other), codec.variant_name(&key("/a"), &selection));
    }

    #[test]
    fn a_response_whose_stored_fields_do_not_select_it_is_not_written() {
        let mut head = record(None).head().clone();
        // As if `Connection: vary` had removed it.
        head.headers.remove("vary");
        let record = Record::new(head, Bytes::new().into());
        assert_eq!(Codec::new(0).encode(&key("/a"), &record, MOMENT), None);
    }

    #[test]
    fn purges_are_restored_and_divided_if_they_have_many_names() {
        let tags: CacheTags = (0..2_000).map(|index| CacheTag::new(format!("tag-{index}")).unwrap()).collect();
        let url = |path: &str| KeyRules::default().url("h:8080", &path.parse().unwrap());
        let (urls, prefixes) = ([url("/a?b=c")], [url("/blog/")]);
        let soft = HttpDate::from_unix_seconds(9);
        let purge = PurgeOf { tags: &tags, urls: &urls, prefixes: &prefixes, everything: false, soft };
        let written = PurgeNames::encode(&purge);
        assert!(written.len() > 1 && written.iter().all(|purge| purge.len() <= MAX_PURGE), "{}", written.len());
        let mut all = PurgeNames { soft, ..PurgeNames::default() };
        for purge in written {
            let read = PurgeNames::decode(&purge);
            assert_eq!((read.everything, read.soft), (false, soft));
            all.tags.unite(&read.tags);
            all.urls.extend(read.urls);
            all.prefixes.extend(read.prefixes);
        }
        assert_eq!(all, PurgeNames { tags, urls: urls.into(), prefixes: prefixes.into(), everything: false, soft });
        let nothing = PurgeNames::default();
        assert_eq!(PurgeNames::encode(&nothing.as_purge()), Vec::<Bytes>::new());
    }

    #[test]
    fn a_purge_that_cannot_be_read_names_everything() {
        let tags = CacheTags::from(CacheTag::from_static("a"));
        let purge = PurgeOf { tags: &tags, urls: &[], prefixes: &[], everything: false, soft: None };
        let [written] = PurgeNames::encode(&purge).try_into().unwrap();
        assert!(!PurgeNames::decode(&written).everything);
        // Without its only name, it is a purge of nothing, which is not written.
        for length in (0..written.len()).filter(|length| *length != 11) {
            assert!(PurgeNames::decode(&written[..length]).everything, "{length}");
        }
        let mut later = written.to_vec();
        later[0] += 1;
        assert!(PurgeNames::decode(&later).everything);
    }

    /// Records contain these sets as bits.
    #[test]
    fn the_bits_of_facts_and_guards_are_those_of_this_version() {
        let names = format!("{:?} {:?}", Facts::NAMES, Guard::ALL);
        let sum = XxHash3_64::oneshot(names.as_bytes());
        assert_eq!(
            (VERSION, sum),
            (2, 5_482_347_374_636_911_022),
            "a fact or a guard has changed: increase VERSION, and set the sum"
        );
    }

    #[test]
    fn each_key_and_variant_has_its_own_name() {
        let codec = Codec::new(0);
        assert_ne!(codec.name(&key("/a")), codec.name(&key("/b")));
        assert_ne!(codec.hashed(&[b"ab", b"c"]), codec.hashed(&[b"a", b"bc"]));
        assert_ne!(codec.hashed(&[b"a", b""]), codec.hashed(&[b"a"]));
    }

    #[test]
    fn a_purge_is_divided_only_if_its_names_are_too_long_together() {
        let long =
            |letter: &str| KeyRules::default().url("h", &format!("/{}", letter.repeat(MAX_PURGE)).parse().unwrap());
        let tags: CacheTags = (1_000..1_100).map(|index| CacheTag::new(format!("tag-{index}")).unwrap()).collect();
        let none = CacheTags::new();
        let (one, two) = ([long("a")], [long("a"), long("b")]);
        for (tags, urls, expected) in [(&none, &one[..], 1), (&none, &two, 2), (&tags, &[], 1), (&tags, &two, 3)] {
            let purge = PurgeOf { tags, urls, prefixes: &[], everything: false, soft: None };
            assert_eq!(PurgeNames::encode(&purge).len(), expected);
            let everything = PurgeNames::encode(&PurgeOf { everything: true, ..purge });
            assert!(PurgeNames::decode(&everything[0]).everything);
            assert_eq!(everything.len(), expected);
        }
    }

    #[test]
    fn a_response_that_is_selected_without_the_number_of_lines_is_restored() {
        let codec = Codec::new(1);
        for rules in [SelectionRules::default(), SelectionRules { counts_lines: true, by_weight_of_language: false }] {
            let mut head = record(None).head().clone();
            let request = fields(&[("accept-language", "de")]);
            head.selection = Selection::of(&head.headers, &request, rules).unwrap();
            let record = Record::new(head, Bytes::from_static(b"content").into());
            let encoded = codec.encode(&key("/a"), &record, MOMENT).unwrap();
            let (head, ..) = response(codec.decode(&encoded, &key("/a")).unwrap());
            assert_eq!(head.selection, record.head().selection);
            assert_eq!(head.selection.rules().counts_lines, rules.counts_lines);
        }
    }
}
