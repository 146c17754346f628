//! [`Text`]: decodes a stylesheet by the encoding that it declares.

/// The text of a stylesheet, with its original encoding.
pub(super) struct Text {
    pub(super) text: String,
    encoding: Encoding,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// Browsers decode `iso-8859-1` and its aliases as windows-1252.
    Windows1252,
}

/// The bytes 0x80 to 0x9f in windows-1252. Those that it leaves undefined are control characters in browsers.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}',
    '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}',
    '\u{17e}', '\u{178}',
];

const NAMES_OF_WINDOWS_1252: [&str; 9] =
    ["iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1", "windows-1252", "cp1252", "us-ascii", "ascii"];

impl Text {
    /// Returns `None` for an unknown encoding, and for bytes that are invalid in it.
    pub(super) fn decode(content: &[u8]) -> Option<Self> {
        let declared = declared(content);
        if declared.is_some_and(|name| NAMES_OF_WINDOWS_1252.iter().any(|known| known.eq_ignore_ascii_case(name))) {
            let text = content.iter().map(|&byte| match byte {
                0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
                byte => char::from(byte),
            });
            return Some(Self { text: text.collect(), encoding: Encoding::Windows1252 });
        }
        let is_utf8 = declared.is_none_or(|name| name.to_ascii_lowercase().contains("utf"));
        (is_utf8 || content.is_ascii())
            .then(|| String::from_utf8(content.to_vec()).ok())
            .flatten()
            .map(|text| Self { text, encoding: Encoding::Utf8 })
    }

    /// Encodes a text that was created from this one by ASCII insertions.
    pub(super) fn encode(&self, text: String) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Windows1252 => text.chars().map(byte_of).collect(),
        }
    }
}

fn byte_of(character: char) -> u8 {
    let high = WINDOWS_1252.iter().zip(0x80..).find_map(|(known, byte)| (*known == character).then_some(byte));
    high.or_else(|| u8::try_from(u32::from(character)).ok()).unwrap_or(b'?')
}

/// Returns the encoding that `@charset` names, which is valid only in exactly this form. A byte order mark takes
/// precedence.
fn declared(content: &[u8]) -> Option<&str> {
    let rest = content.strip_prefix(b"@charset \"")?;
    let (name, _) = rest.split_at(rest.windows(2).position(|pair| pair == b"\";")?);
    std::str::from_utf8(name).ok().map(str::trim)
}
