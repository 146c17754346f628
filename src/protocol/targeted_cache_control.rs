//! [`CacheControl`] in targeted fields such as `CDN-Cache-Control` (RFC 9213).

use http::header::AsHeaderName;
use http::{HeaderMap, HeaderValue};

use super::cache_control::{CacheControl, Directive, FieldNames};
use super::name_table::NameTable;
use super::structured::{BareItem, Dictionary, Member, combined};
use super::syntax::{MAX_MEMBERS, is_one_member};

/// # Targeted fields
///
/// A targeted field such as `CDN-Cache-Control` contains the same directives, but it is a structured Dictionary ([RFC
/// 9213 section 2.1](https://www.rfc-editor.org/rfc/rfc9213.html#section-2.1)). The two grammars look similar but
/// differ in how errors are handled: a parser of `Cache-Control` skips an invalid member, and a parser of a Dictionary
/// ignores the complete field.
///
/// A cache has a list of targeted fields. It uses the first one that is present and valid, and ignores `Cache-Control`
/// ([RFC 9213 section 2.2](https://www.rfc-editor.org/rfc/rfc9213.html#section-2.2)):
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tower_cache_policy::protocol::CacheControl;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cache-control", HeaderValue::from_static("no-store"));
/// headers.insert("cdn-cache-control", HeaderValue::from_static("max-age=600"));
/// headers.insert("example-cdn-cache-control", HeaderValue::from_static("Max-Age=60"));
///
/// let control = ["example-cdn-cache-control", "cdn-cache-control"]
///     .into_iter()
///     .find_map(|name| CacheControl::from_targeted(&headers, name))
///     .or_else(|| CacheControl::from_headers(&headers))
///     .unwrap();
/// assert_eq!(control.max_age(), Some(600), "the first field is invalid, because a key is in upper case");
/// assert_eq!(control.to_targeted_value().unwrap(), "max-age=600");
/// ```
// T-01, T-05, X-01.
impl CacheControl {
    /// Parses a targeted field, as a cache that follows RFC 9213 does.
    ///
    /// Returns `None` if the field is absent, empty or invalid, so that the cache ignores it. Returns an
    /// [empty](Self::is_empty) value if the field is valid but does not have a usable directive: such a field still
    /// takes precedence over `Cache-Control`.
    ///
    /// | Field value | Read as |
    /// |---|---|
    /// | a repeated key | the last value |
    /// | a parameter | ignored |
    /// | a lifetime that is negative or not an Integer | absent |
    /// | `no-cache` or `private` with a value that is neither a Boolean nor a String | absent |
    /// | another known directive with a value that is not a Boolean | absent |
    /// | a known directive with the value `?0` | absent |
    /// | more than [`MAX_MEMBERS`] members | an invalid field |
    ///
    /// All other values are read as in `Cache-Control`. Unknown members become [`extensions`](Self::extensions).
    ///
    /// A directive of the wrong type is absent even if it is a restriction such as `no-store`, because a cache would
    /// ignore it. A caller that needs the restriction must add a valid one.
    ///
    /// Do not use this method for `Surrogate-Control`, `Edge-Control` and `X-Accel-Expires`, which have different
    /// grammars.
    #[must_use]
    pub fn from_targeted(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Self> {
        // T-01 to T-05, X-03.
        let value = combined(headers.get_all(name));
        let dictionary = Dictionary::parse(&value).filter(|dictionary| !dictionary.is_empty())?;
        // Reads each directive separately, so that a quote in one cannot affect the next.
        Some(Self::of_directives(dictionary.iter().filter_map(|(key, member)| directive(key, member))))
    }

    /// Renders the directives for a shared cache as the value of a targeted field.
    ///
    /// Returns `None` if there are no directives: an empty targeted field must not be sent.
    ///
    /// The value is also valid in `Cache-Control` with the same meaning. It is one line in lower case, with each
    /// directive once, no parameters, and quotes around field names only.
    ///
    /// - `s-maxage` is rendered as `max-age`, because a cache need not recognize it here, and as the `proxy-revalidate`
    ///   that it implies. To allow stale reuse, use `max-age` instead.
    /// - An extension is rendered if a Dictionary can represent it, with its name in lower case. If several extensions
    ///   have the same name, only the first is rendered. An extension with the name of a known directive, such as the
    ///   malformed `public=1`, is omitted.
    ///
    /// ```
    /// use tower_cache_policy::protocol::CacheControl;
    ///
    /// let control = CacheControl::new().with_max_age(60).with_s_maxage(600);
    /// assert_eq!(control.to_targeted_value().unwrap(), "max-age=600, proxy-revalidate");
    /// assert_eq!(CacheControl::new().to_targeted_value(), None);
    /// ```
    #[must_use]
    pub fn to_targeted_value(&self) -> Option<HeaderValue> {
        // T-02, T-06, T-10, X-05, C-21, C-32.
        let known = [
            flag("public", self.public()),
            scope("private", self.private(), self.private_fields()),
            seconds("max-age", self.s_maxage().or(self.max_age())),
            scope("no-cache", self.no_cache(), self.no_cache_fields()),
            flag("no-store", self.no_store()),
            flag("must-revalidate", self.must_revalidate()),
            flag("proxy-revalidate", self.proxy_revalidate() || self.s_maxage().is_some()),
            flag("must-understand", self.must_understand()),
            flag("no-transform", self.no_transform()),
            flag("immutable", self.immutable()),
            seconds("stale-while-revalidate", self.stale_while_revalidate()),
            seconds("stale-if-error", self.stale_if_error()),
        ];
        let (mut names, mut extensions) = (NameTable::default(), Vec::new());
        for (name, member) in self.extensions().iter().filter_map(extension) {
            if names.insert(name.into_bytes()) {
                extensions.push(member);
            }
        }
        let sorted = names.sorted().map(|(_, number)| std::mem::take(&mut extensions[number]));
        // Renders at most as many members as this crate reads, known directives first.
        let members: Vec<String> = known.into_iter().flatten().chain(sorted).take(MAX_MEMBERS).collect();
        (!members.is_empty()).then(|| field_value(&members))
    }
}

fn field_value(members: &[String]) -> HeaderValue {
    // `join` is compiled for each type, and other lists already use this type.
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    HeaderValue::try_from(members.join(", ")).expect("a Dictionary consists of visible ASCII and spaces")
}

fn flag(name: &str, is_set: bool) -> Option<String> {
    is_set.then(|| name.to_owned())
}

fn seconds(name: &str, seconds: Option<u32>) -> Option<String> {
    seconds.map(|seconds| format!("{name}={seconds}"))
}

/// Renders the unqualified or the qualified form. A String can hold field names and `, ` without escapes.
fn scope(name: &str, is_everything: bool, fields: &FieldNames) -> Option<String> {
    flag(name, is_everything).or_else(|| (!fields.is_empty()).then(|| format!("{name}=\"{fields}\"")))
}

/// The value types of known directives.
// T-02.
enum Type {
    Seconds,
    Flag,
    FlagOrFields,
}

fn type_of(key: &str) -> Option<Type> {
    Some(match key {
        "max-age" | "s-maxage" | "stale-while-revalidate" | "stale-if-error" => Type::Seconds,
        "private" | "no-cache" => Type::FlagOrFields,
        "public" | "no-store" | "must-revalidate" | "proxy-revalidate" | "must-understand" | "no-transform"
        | "immutable" => Type::Flag,
        _ => return None,
    })
}

/// Converts a member to a directive of `Cache-Control`. Returns `None` if the directive must be ignored.
fn directive<'a>(key: &'a str, member: &Member<'a>) -> Option<(&'a str, Option<&'a [u8]>)> {
    // T-03.
    match (type_of(key), member.item()) {
        (Some(Type::Flag | Type::FlagOrFields) | None, Some(BareItem::Boolean(true))) => Some((key, None)),
        (Some(Type::Seconds), Some(BareItem::Integer(0..))) | (Some(Type::FlagOrFields), Some(BareItem::String(_))) => {
            Some((key, Some(member.text)))
        }
        // A Display String may contain a comma after a quote, and that quote does not begin a quoted string in
        // `Cache-Control`.
        (None, _) => is_one_member(member.text).then_some((key, Some(member.text))),
        (Some(_), _) => None,
    }
}

/// Converts an extension to a member: its name and its text. Returns `None` if a Dictionary cannot represent it.
fn extension(directive: &Directive) -> Option<(String, String)> {
    let mut text = directive.as_bytes().to_vec();
    let name_ends = text.iter().position(|&byte| byte == b'=').unwrap_or(text.len());
    text[..name_ends].make_ascii_lowercase();
    let dictionary = Dictionary::parse(&text)?;
    let mut members = dictionary.iter();
    let (key, member) = members.next().filter(|(_, member)| member.parameters.is_empty())?;
    if members.next().is_some() || type_of(key).is_some() {
        return None;
    }
    let is_true = member.item() == Some(&BareItem::Boolean(true));
    let member = if is_true { key.to_owned() } else { format!("{key}={}", str::from_utf8(member.text).ok()?) };
    Some((key.to_owned(), member))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("cdn-cache-control", HeaderValue::from_str(line).unwrap());
        }
        CacheControl::from_targeted(&headers, "CDN-Cache-Control").map(|control| control.to_string())
    }

    fn written(line: &str) -> Option<String> {
        let control = CacheControl::parse(&[HeaderValue::from_str(line).unwrap()]);
        control.to_targeted_value().map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn parsing_reads_a_dictionary() {
        let table: &[(&str, &[&str], Option<&str>)] = &[
            ("a lifetime (T-T4)", &["max-age=60"], Some("max-age=60")),
            ("an unknown directive (T-07)", &["none"], Some("none")),
            ("a leading zero (T-T4)", &["max-age=060"], Some("max-age=60")),
            ("a parameter (T-03)", &["max-age=60;foo"], Some("max-age=60")),
            ("the last of two (X-03)", &["max-age=60, max-age=10"], Some("max-age=10")),
            ("the last of two, even if it is longer (X-03)", &["max-age=10, max-age=60"], Some("max-age=60")),
            (
                "field names (T-T4)",
                &[r#"public, max-age=60, no-cache="Set-Cookie""#],
                Some(r#"public, max-age=60, no-cache="Set-Cookie""#),
            ),
            ("two lines form one value (X-06)", &["max-age=60", "private"], Some("private, max-age=60")),
            ("an explicit flag", &["no-store=?1"], Some("no-store")),
            ("a flag that is false", &["no-store=?0, max-age=5"], Some("max-age=5")),
            ("an overflow within 15 digits (C-04)", &["max-age=999999999999999"], Some("max-age=2147483647")),
            ("s-maxage, which some caches recognize (T-06)", &["s-maxage=60"], Some("s-maxage=60")),
            ("private and public (C-06)", &["public, private"], Some("private")),
            ("a String (T-03)", &[r#"max-age="60""#], Some("")),
            ("a Decimal (T-03)", &["max-age=60.5, private"], Some("private")),
            ("a Token (T-03)", &["private=set-cookie"], Some("")),
            ("a lifetime without a value, which is a Boolean (T-03)", &["max-age, s-maxage=?1"], Some("")),
            ("a negative Integer (T-03)", &["max-age=-5"], Some("")),
            ("a restriction with a number (T-03)", &["no-store=1, max-age=5"], Some("max-age=5")),
            ("a restriction with a list (T-03)", &[r#"private=("a")"#], Some("")),
            ("a permission with a number (T-03)", &["public=1, immutable=x"], Some("")),
            ("the last of two has the wrong type (X-03)", &["max-age=60, max-age=x"], Some("")),
            ("a String that is not a list of field names", &[r#"private="a b""#], Some("private")),
            (
                "unknown members are preserved (C-08)",
                &[r#"foo=?0, x=(1 "a");p, y=a/b, z="a, b", w"#],
                Some(r#"foo=?0, w, x=(1 "a"), y=a/b, z="a, b""#),
            ),
            ("a quote in a Display String", &[r#"x=%"\", no-store"#], Some("no-store")),
            ("a quote in a Display String hides no members", &[r#"x=%"a, max-age=0, public, b\""#], Some("")),
            ("an upper case key (T-04)", &["Max-Age=60"], None),
            ("a trailing comma (T-04)", &["max-age=60,"], None),
            ("an empty member (T-04)", &["max-age=60,,no-store"], None),
            ("white space before the equals sign (T-04)", &["max-age =60"], None),
            ("a leading tab (T-04)", &["\tmax-age=60"], None),
            ("17 digits (T-04)", &["max-age=99999999999999999"], None),
            ("one error invalidates all lines (X-01)", &["no-store", "Private"], None),
            ("an empty line with another", &["", "no-store"], None),
            ("an empty field (T-04)", &[""], None),
            ("only spaces (T-04)", &["  "], None),
            ("no field", &[], None),
        ];
        for (sentence, lines, expected) in table {
            assert_eq!(read(lines).as_deref(), *expected, "{sentence}: {lines:?}");
        }
    }

    #[test]
    fn rendering_writes_a_dictionary() {
        let table: &[(&str, &str, Option<&str>)] = &[
            ("an empty value (X-05)", "", None),
            ("a lifetime", "Public, Max-Age=60", Some("public, max-age=60")),
            ("s-maxage as max-age (T-06)", "max-age=60, s-maxage=600", Some("max-age=600, proxy-revalidate")),
            ("field names are quoted (T-02)", "private=Set-Cookie", Some(r#"private="Set-Cookie""#)),
            ("several field names", r#"no-cache="a,b""#, Some(r#"no-cache="a, b""#)),
            (
                "every directive",
                "stale-if-error=1, stale-while-revalidate=2, immutable, no-transform, must-understand, \
                 proxy-revalidate, must-revalidate, no-store, no-cache, max-age=3, private",
                Some(
                    "private, max-age=3, no-cache, no-store, must-revalidate, proxy-revalidate, must-understand, \
                     no-transform, immutable, stale-while-revalidate=2, stale-if-error=1",
                ),
            ),
            ("an extension in lower case (X-02)", "Durable, X=5", Some("durable, x=5")),
            ("a quoted string", r#"x="a, \"b\"""#, Some(r#"x="a, \"b\"""#)),
            ("extensions that a Dictionary cannot represent", r#"x=1a, y="é", a b, 2, z"#, Some("z")),
            ("extensions sorted by their name in lower case", "B, a-b, a=1, C", Some("a=1, a-b, b, c")),
            ("the first of several extensions with one name", "foo=2, FOO=1, foo", Some("foo=1")),
            ("a malformed permission (C-06)", "public=1, max-age=5", Some("max-age=5")),
            ("parameters (T-10)", "x=1;y", None),
        ];
        for (sentence, line, expected) in table {
            assert_eq!(written(line).as_deref(), *expected, "{sentence}: {line}");
        }
    }

    #[test]
    fn rendering_respects_the_limit_of_the_parser() {
        let control = (0..MAX_MEMBERS).map(|n| format!("x{n},")).collect::<String>() + "private";
        let control = CacheControl::parse(&[HeaderValue::from_str(&control).unwrap()]);
        let value = control.with_private().with_must_revalidate().to_targeted_value().unwrap();
        let read = CacheControl::from_targeted(&[(NAME, value)].into_iter().collect(), NAME).unwrap();
        assert!(read.private() && read.must_revalidate());
    }

    const NAME: http::HeaderName = http::HeaderName::from_static("cdn-cache-control");

    const KNOWN: &str = "public private no-cache no-store must-revalidate proxy-revalidate must-understand \
                         no-transform immutable max-age s-maxage stale-while-revalidate stale-if-error";

    /// Known directives with values of any type.
    fn any_dictionary() -> impl Strategy<Value = String> {
        const VALUES: [&str; 12] =
            ["", "=?0", "=?1", "=5", "=060", "=-5", "=5.5", "=\"a, b\"", "=a", "=(a)", "=@5", "=:YQ:"];
        let name = proptest::sample::select(KNOWN.split_whitespace().collect::<Vec<_>>());
        let member =
            (name, proptest::sample::select(VALUES.to_vec()), proptest::sample::select(vec!["", ";p", ";p=1"]))
                .prop_map(|(name, value, parameter)| format!("{name}{value}{parameter}"));
        proptest::collection::vec(member, 0..8).prop_map(|members| members.join(", "))
    }

    fn any_directive() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            4 => proptest::sample::select(KNOWN.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned),
            1 => "[a-cA-C*1][a-c.!]{0,2}",
        ];
        let argument = prop_oneof![
            3 => Just(String::new()),
            3 => "=[0-9]{1,11}",
            1 => "=[0-9]{1,3}\\.[0-9]{1,3}",
            2 => r#"="[a-c]{1,2}(, ?[A-C]{1,2}){0,2}""#,
            1 => r#"="(\\"|[a, ]){0,3}""#,
            1 => "=[?:@%(][a0 1)]{0,3}",
            1 => "=[a-z/:*é]{1,4}",
        ];
        (name, argument).prop_map(|(name, argument)| name + &argument)
    }

    fn any_control() -> impl Strategy<Value = CacheControl> {
        proptest::collection::vec(any_directive(), 0..6)
            .prop_map(|members| CacheControl::parse(&[HeaderValue::from_str(&members.join(", ")).unwrap()]))
    }

    /// Returns the part of the value that a Dictionary can represent.
    fn portable(control: &CacheControl) -> CacheControl {
        match control.s_maxage() {
            Some(seconds) => control.clone().with_max_age(seconds).without_s_maxage().with_proxy_revalidate(),
            None => control.clone(),
        }
    }

    proptest! {
        #[test]
        fn parsing_a_rendered_dictionary_returns_the_value(control in any_control()) {
            let Some(value) = control.to_targeted_value() else {
                prop_assert!(!control.no_store() && control.max_age().is_none());
                return Ok(());
            };
            let text = value.to_str().unwrap();
            let oracle = sfv::Parser::new(text).parse::<sfv::Dictionary>();
            let oracle = oracle.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            prop_assert!(!oracle.contains_key("s-maxage"));

            let read = CacheControl::from_targeted(&[(NAME, value.clone())].into_iter().collect(), NAME);
            let read = read.expect("a Dictionary");
            prop_assert_eq!(read.to_targeted_value(), Some(value.clone()), "rendered again");
            if control.extensions().is_empty() {
                prop_assert_eq!(&read, &portable(&control));
            }
            // A parser of `Cache-Control` reads the same (T-10).
            prop_assert_eq!(CacheControl::parse([&value]), read);
        }

        #[test]
        fn a_directive_needs_a_value_of_the_right_type(field in any_dictionary()) {
            let oracle = sfv::Parser::new(&field).parse::<sfv::Dictionary>().unwrap();
            let item = |key: &str| match oracle.get(key) {
                Some(sfv::ListEntry::Item(item)) => Some(&item.bare_item),
                _ => None,
            };
            let seconds = |key: &str| {
                let integer = item(key).and_then(sfv::BareItem::as_integer).map(i64::from);
                integer.filter(|&seconds| seconds >= 0).map(|seconds| u32::try_from(seconds).unwrap())
            };
            let flag = |key: &str| item(key).and_then(sfv::BareItem::as_boolean).unwrap_or(false);
            let value = HeaderValue::from_str(&field).unwrap();
            let read = CacheControl::from_targeted(&[(NAME, value)].into_iter().collect(), NAME);
            prop_assert_eq!(read.is_some(), !oracle.is_empty());
            let read = read.unwrap_or_default();
            prop_assert_eq!(read.max_age(), seconds("max-age"));
            prop_assert_eq!(read.s_maxage(), seconds("s-maxage"));
            prop_assert_eq!(read.stale_while_revalidate(), seconds("stale-while-revalidate"));
            prop_assert_eq!(read.stale_if_error(), seconds("stale-if-error"));
            prop_assert_eq!(read.no_store(), flag("no-store"));
            prop_assert_eq!(read.must_revalidate(), flag("must-revalidate"));
            prop_assert_eq!(read.proxy_revalidate(), flag("proxy-revalidate"));
            prop_assert_eq!(read.must_understand(), flag("must-understand"));
            prop_assert_eq!(read.no_transform(), flag("no-transform"));
            prop_assert_eq!(read.immutable(), flag("immutable"));
            prop_assert_eq!(read.private(), flag("private"));
            prop_assert_eq!(read.no_cache(), flag("no-cache"));
            prop_assert_eq!(read.public(), flag("public") && !flag("private"));
            let names = |key: &str| item(key).and_then(sfv::BareItem::as_string).is_some();
            prop_assert_eq!(!read.private_fields().is_empty(), names("private"));
            prop_assert_eq!(!read.no_cache_fields().is_empty(), names("no-cache"));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let read = CacheControl::from_targeted(&[(NAME, value)].into_iter().collect(), NAME);
                prop_assert_eq!(read.is_some(), sfv::Parser::new(&bytes).parse::<sfv::Dictionary>().is_ok_and(|d| !d.is_empty()));
            }
        }
    }
}
