//! Compares the parser with the crate `sfv`.

use http::HeaderValue;
use proptest::prelude::*;

use super::bare_item::BareItem;
use super::field::{Dictionary, List, combined};
use super::member::{Member, Parameters, Value};
use crate::protocol::MAX_MEMBERS;

/// Returns whether both items are equal.
fn is_same(own: &BareItem<'_>, theirs: &sfv::BareItem) -> bool {
    match own {
        BareItem::Integer(number) => theirs.as_integer().map(i64::from) == Some(*number),
        BareItem::Decimal(number) => {
            theirs.as_decimal().map(|decimal| i64::from(decimal.as_integer_scaled_1000())) == Some(*number)
        }
        BareItem::String(text) => theirs.as_string().map(sfv::StringRef::as_str) == Some(text),
        BareItem::Token(text) => theirs.as_token().map(sfv::TokenRef::as_str) == Some(text),
        BareItem::ByteSequence(base64) => theirs.as_byte_sequence() == Some(&decoded(base64)),
        BareItem::Boolean(flag) => theirs.as_boolean() == Some(*flag),
        BareItem::Date(seconds) => theirs.as_date().map(|date| i64::from(date.unix_seconds())) == Some(*seconds),
        BareItem::DisplayString(text) => theirs.as_display_string() == Some(text),
    }
}

fn decoded(base64: &str) -> Vec<u8> {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in base64.trim_end_matches('=').chars() {
        let value = alphabet.iter().position(|&own| own == digit).expect("a digit of base64");
        buffer = buffer << 6 | u32::try_from(value).expect("less than 64");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).expect("one byte"));
        }
    }
    bytes
}

fn are_same_parameters(own: &Parameters<'_>, theirs: &sfv::Parameters) -> bool {
    own.iter().all(|(key, _)| theirs.contains_key(*key))
        && theirs.iter().all(|(key, value)| own.get(key.as_str()).is_some_and(|own| is_same(own, value)))
}

fn is_same_member(own: &Member<'_>, theirs: &sfv::ListEntry) -> bool {
    match (&own.value, theirs) {
        (Value::Item(value), sfv::ListEntry::Item(item)) => {
            is_same(value, &item.bare_item) && are_same_parameters(&own.parameters, &item.params)
        }
        (Value::InnerList(items), sfv::ListEntry::InnerList(list)) => {
            items.len() == list.items.len()
                && items.iter().zip(&list.items).all(|((value, parameters), item)| {
                    is_same(value, &item.bare_item) && are_same_parameters(parameters, &item.params)
                })
                && are_same_parameters(&own.parameters, &list.params)
        }
        _ => false,
    }
}

fn agree(value: &[u8]) -> Result<(), TestCaseError> {
    let shown = String::from_utf8_lossy(value);
    let theirs = sfv::Parser::new(value).parse::<sfv::List>();
    match (List::parse(value), &theirs) {
        (None, Err(_)) => {}
        (Some(own), Ok(theirs)) => {
            prop_assert_eq!(own.0.len(), theirs.len(), "{}", shown);
            prop_assert!(
                own.iter().zip(theirs).all(|(own, theirs)| is_same_member(own, theirs)),
                "{}: {:?}",
                shown,
                own
            );
        }
        (own, theirs) => prop_assert!(false, "the List {}: {:?} and {:?}", shown, own, theirs),
    }
    let theirs = sfv::Parser::new(value).parse::<sfv::Dictionary>();
    match (Dictionary::parse(value), &theirs) {
        (None, Err(_)) => {}
        (Some(own), Ok(theirs)) => {
            prop_assert_eq!(own.0.len(), theirs.len(), "{}", shown);
            for (key, member) in own.iter() {
                prop_assert!(
                    theirs.get(key).is_some_and(|theirs| is_same_member(member, theirs)),
                    "{}: {}",
                    shown,
                    key
                );
            }
        }
        (own, theirs) => prop_assert!(false, "the Dictionary {}: {:?} and {:?}", shown, own, theirs),
    }
    Ok(())
}

fn any_bare_item() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,16}",
        "-?[0-9]{1,13}\\.[0-9]{1,4}",
        r#""([ -!#-\[\]-~]|\\"|\\\\){0,6}""#,
        "[A-Za-z*][A-Za-z0-9:/!*-]{0,5}",
        ":[A-Za-z0-9+/]{0,6}={0,3}:",
        "\\?[012]",
        "@-?[0-9]{1,5}(\\.5)?",
        "%\"([ !a-e]|%[0-9a-f]{2}|%c3%a9){0,4}\"",
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-c*][a-c0-9_.*-]{0,2}", 1 => "[a-c]"]
}

fn any_parameters() -> impl Strategy<Value = String> {
    let parameter =
        (any_key(), proptest::option::weighted(0.6, any_bare_item()), "; {0,2}").prop_map(|(key, value, separator)| {
            let value = value.map(|value| format!("={value}")).unwrap_or_default();
            format!("{separator}{key}{value}")
        });
    proptest::collection::vec(parameter, 0..3).prop_map(|parameters| parameters.concat())
}

fn any_item() -> impl Strategy<Value = String> {
    (any_bare_item(), any_parameters()).prop_map(|(item, parameters)| item + &parameters)
}

fn any_member() -> impl Strategy<Value = String> {
    let inner_list = (proptest::collection::vec(any_item(), 0..3), " {0,2}", any_parameters())
        .prop_map(|(items, space, parameters)| format!("({space}{}{space}){parameters}", items.join(" ")));
    prop_oneof![3 => any_item(), 1 => inner_list]
}

fn any_entry() -> impl Strategy<Value = String> {
    let valueless = (any_key(), any_parameters()).prop_map(|(key, parameters)| key + &parameters);
    let valued = (any_key(), any_member()).prop_map(|(key, member)| format!("{key}={member}"));
    prop_oneof![valueless, valued]
}

fn any_field() -> impl Strategy<Value = String> {
    let of = |members: BoxedStrategy<String>| {
        (proptest::collection::vec(members, 0..5), "[ \t]{0,2},[ \t]{0,2}", " {0,2}")
            .prop_map(|(members, separator, around)| format!("{around}{}{around}", members.join(&separator)))
    };
    prop_oneof![of(any_member().boxed()), of(any_entry().boxed())]
}

/// Generates a field with a few bytes inserted, removed or changed.
fn any_mutated_field() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        4 => proptest::sample::select(b"\"\\,;=()?@%:*-.09aA \t~_+/".to_vec()),
        1 => any::<u8>(),
    ];
    let change = (any::<proptest::sample::Index>(), 0..3_u8, octet);
    (any_field(), proptest::collection::vec(change, 1..4)).prop_map(|(field, changes)| {
        let mut field = field.into_bytes();
        for (place, kind, octet) in changes {
            let place = place.index(field.len() + 1);
            match kind {
                0 => field.insert(place, octet),
                1 if place < field.len() => field[place] = octet,
                _ if place < field.len() => _ = field.remove(place),
                _ => {}
            }
        }
        field
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn valid_fields_have_the_same_value(field in any_field()) {
        agree(field.as_bytes())?;
    }

    #[test]
    fn invalid_fields_are_rejected_by_both(field in any_mutated_field()) {
        agree(&field)?;
    }

    #[test]
    fn arbitrary_bytes_have_the_same_result(field in proptest::collection::vec(any::<u8>(), 0..20)) {
        agree(&field)?;
    }

    #[test]
    fn lines_form_one_value(lines in proptest::collection::vec(any_entry(), 0..4)) {
        let values: Vec<HeaderValue> =
            lines.iter().map(|line| HeaderValue::from_str(line).expect("a header value")).collect();
        let value = combined(&values).into_owned();
        prop_assert_eq!(&value, &lines.join(", ").into_bytes());
        agree(&value)?;
    }
}

#[test]
fn each_type_follows_its_grammar() {
    let table: &[(&str, &str, bool)] = &[
        ("15 digits (X-04)", "a=999999999999999", true),
        ("16 digits (X-04)", "a=1000000000000000", false),
        ("16 digits that begin with zero (X-04)", "a=0000000000000001", false),
        ("leading zeros (X-04)", "a=060", true),
        ("a sign (X-04)", "a=-1", true),
        ("a plus sign", "a=+1", false),
        ("12 digits and 3", "a=123456789012.123", true),
        ("13 digits and 1", "a=1234567890123.1", false),
        ("a point without digits", "a=1.", false),
        ("an upper case key (X-02)", "A=1", false),
        ("space before the equals sign (X-02)", "a =1", false),
        ("space after the equals sign (X-02)", "a= 1", false),
        ("a comma at the end (X-02)", "a,", false),
        ("an empty member (X-02)", "a,,b", false),
        ("a leading tab (X-02)", "\ta", false),
        ("surrounding spaces (X-02)", "  a  ", true),
        ("an unknown escape (X-04)", r#"a="\a""#, false),
        ("two escapes (X-04)", r#"a="\"\\""#, true),
        ("an unterminated String", r#"a="b"#, false),
        ("base64 without its padding", "a=:YQ:", true),
        ("too much padding", "a=:YWI==:", false),
        ("a Date (X-05)", "a=@1", true),
        ("a Date with a fraction", "a=@1.5", false),
        ("a Display String (X-05)", r#"a=%"caf%c3%a9""#, true),
        ("a Display String with upper case escapes", r#"a=%"caf%C3%A9""#, false),
        ("a Display String that is not UTF-8", r#"a=%"%e9""#, false),
        ("an error after valid members (X-01)", "a, b, C", false),
    ];
    for (sentence, field, is_valid) in table {
        assert_eq!(Dictionary::parse(field.as_bytes()).is_some(), *is_valid, "{sentence}: {field}");
        agree(field.as_bytes()).expect(sentence);
    }
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let field = Dictionary::parse(b"a=1;x=1;x=2, b, a=2;x=3;x=4").expect("a Dictionary");
    let (_, a) = field.iter().next().expect("a member");
    assert_eq!(a.item(), Some(&BareItem::Integer(2)));
    assert_eq!(a.parameters.get("x"), Some(&BareItem::Integer(4)));
    assert_eq!(a.text, b"2");
}

#[test]
fn members_items_and_parameters_are_limited() {
    for (unit, before, after) in [("a,", "", "a"), ("a ", "(", "a)"), (";a", "a", "")] {
        let field = |count| format!("{before}{}{after}", unit.repeat(count));
        let most = if after.is_empty() { MAX_MEMBERS } else { MAX_MEMBERS - 1 };
        assert!(List::parse(field(most).as_bytes()).is_some(), "{unit}");
        assert!(List::parse(field(most + 1).as_bytes()).is_none(), "{unit}");
    }
    let keys = "a,".repeat(MAX_MEMBERS);
    assert!(Dictionary::parse(format!("{keys}a").as_bytes()).is_none(), "duplicates count too");
}

#[test]
fn a_single_line_is_borrowed() {
    let lines = ["a", "b"].map(HeaderValue::from_static);
    assert!(matches!(combined(&lines[..1]), std::borrow::Cow::Borrowed(b"a")));
    assert_eq!(combined(&lines), &b"a, b"[..]);
    assert_eq!(combined(&[]), &b""[..]);
}
