//! Reads the codes of Traffic Server in `Via`, and the transaction numbers of Varnish in `X-Varnish`.

use super::outcome::CacheOutcome;

/// Returns the outcome in a member of `Via`, or `None` if the member does not contain the codes of Traffic Server, as
/// in `http/1.1 edge1 (ApacheTrafficServer/9.2.9 [cHs f ])`. The verbose form is `[uScMsSf pSeN:t cCMi p sS]`.
#[inline]
pub(super) fn outcome_of_via(member: &[u8]) -> Option<CacheOutcome> {
    // The name of the proxy may contain brackets too.
    let start = member.iter().rposition(|byte| *byte == b'[')? + 1;
    let length = member[start..].iter().position(|byte| *byte == b']')?;
    let codes = &member[start..start + length];
    let codes = if codes.first() == Some(&b'u') { codes.get(2..)? } else { codes };
    let [b'c', lookup, b's', server, b'f', _, rest @ ..] = codes else { return None };
    if !matches!(rest.first(), None | Some(b'p' | b' ')) {
        return None;
    }
    Some(match (lookup, server) {
        (b'H' | b'R', b' ') => CacheOutcome::Hit,
        (b'H' | b'R' | b'S', b'N') => CacheOutcome::Revalidated,
        (b'S', b'S') => CacheOutcome::Expired,
        (b'M' | b'A', _) => CacheOutcome::Miss,
        (b' ', b'S') => CacheOutcome::Bypass,
        _ => CacheOutcome::Unknown,
    })
}

/// Returns the outcome in a member of `X-Varnish`. It starts with the number of this request. On a hit, the number of
/// the request that stored the response follows.
#[inline]
pub(super) fn outcome_of_x_varnish(member: &[u8]) -> CacheOutcome {
    // A number has 32 or 64 bits.
    const MAX_DIGITS: usize = 20;
    let is_number = |text: &[u8]| (1..=MAX_DIGITS).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let mut numbers = member.split(|byte| *byte == b' ').filter(|text| !text.is_empty());
    match (numbers.next().map(is_number), numbers.next().map(is_number), numbers.next()) {
        (Some(true), None, None) => CacheOutcome::Miss,
        (Some(true), Some(true), None) => CacheOutcome::Hit,
        _ => CacheOutcome::Unknown,
    }
}
