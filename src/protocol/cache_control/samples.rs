//! Valid and invalid field lines for tests.

use http::HeaderValue;
use proptest::prelude::*;

use crate::protocol::syntax::{is_tchar, members};

pub(super) fn values(lines: &[impl AsRef<[u8]>]) -> Vec<HeaderValue> {
    lines.iter().map(|line| HeaderValue::from_bytes(line.as_ref()).expect("a header value")).collect()
}

/// Returns whether a member is named `no-store`, independently of the parser.
pub(super) fn has_no_store(lines: &[HeaderValue]) -> bool {
    members(lines).any(|member| {
        let (name, rest) = member.split_at(member.len().min(8));
        name.eq_ignore_ascii_case(b"no-store") && !rest.first().is_some_and(|&byte| is_tchar(byte))
    })
}

fn any_member() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: &str = "no-store No-Store no-cache private PUBLIC public must-revalidate \
                         proxy-revalidate must-understand no-transform immutable max-age \
                         max-age s-maxage stale-while-revalidate stale-if-error max-stale \
                         min-fresh only-if-cached foo";
    let name = prop_oneof![
        proptest::sample::select(NAMES.split(' ').collect::<Vec<_>>()).prop_map(str::to_owned),
        "[a-c]{1,2}",
        r#"[a-b"\\ =]{0,5}"#,
    ];
    let argument = prop_oneof![
        5 => Just(String::new()),
        5 => "=[0-9]{1,2}",
        1 => "=[0-9]{9,12}",
        1 => r#"="[0-9]{1,2}""#,
        2 => r#"="[a-c]{1,2}(, ?[A-C]{1,2}){0,3}""#,
        2 => r#"[ =;"\\a,]{0,5}"#,
    ];
    (name, argument, any::<bool>()).prop_map(|(name, argument, obs_text)| {
        let mut member = format!("{name}{argument}").into_bytes();
        member.extend(obs_text.then_some(0xe9).filter(|_| name.len() == 2));
        member
    })
}

pub(super) fn any_lines() -> impl Strategy<Value = Vec<HeaderValue>> {
    let line = proptest::collection::vec(any_member(), 0..6)
        .prop_map(|members| HeaderValue::from_bytes(&members.join(&b", "[..])).expect("a header value"));
    proptest::collection::vec(line, 0..3)
}

pub(super) fn any_bytes() -> impl Strategy<Value = Vec<HeaderValue>> {
    let byte = prop_oneof![
        proptest::sample::select(b"\",=\\ \t-".to_vec()),
        proptest::sample::select(b"no-storeprivatemaxage0".to_vec()),
        any::<u8>(),
    ];
    let line = proptest::collection::vec(byte, 0..60)
        .prop_filter_map("not a header value", |bytes| HeaderValue::from_bytes(&bytes).ok());
    proptest::collection::vec(line, 0..3)
}
