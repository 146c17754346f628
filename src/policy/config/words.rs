//! [`Words`]: what a table says of one [`CachePolicy`], and whether it goes together (C-35).

use std::time::Duration;

use super::document::{Entry, fault};
use super::error::Fault;
use crate::policy::CachePolicy;

/// The keys that make a [`CachePolicy`].
pub(super) const WORDS: &[&str] = &[
    "public",
    "private",
    "max_age",
    "no_cache",
    "no_store",
    "edge",
    "edge_only",
    "stale_while_revalidate",
    "stale_if_error",
    "stale_at_edge_only",
    "stale_in_browser_only",
    "must_revalidate",
    "proxy_revalidate",
    "no_transform",
    "immutable",
    "for_http10",
];

/// The policies that are said in one text, so that none needs a table.
pub(super) const CONSTANTS: [(&str, CachePolicy); 4] = [
    ("no-store", CachePolicy::NO_STORE),
    ("no-cache", CachePolicy::NO_CACHE),
    ("private, no-cache", CachePolicy::PRIVATE_NO_CACHE),
    ("immutable", CachePolicy::IMMUTABLE),
];

pub(super) fn constant(text: &str) -> Option<CachePolicy> {
    CONSTANTS.iter().find(|(name, _)| *name == text).map(|(_, policy)| *policy)
}

/// What a table says of one policy, in the order in which it was written.
#[derive(Debug, Default)]
pub(super) struct Words<'a>(Vec<Word<'a>>);

#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    key: &'a str,
    at: usize,
    /// That of a key that takes one.
    duration: Option<Duration>,
}

impl<'a> Words<'a> {
    /// Takes an entry whose key is one of [`WORDS`].
    pub(super) fn push(&mut self, entry: &Entry<'a>) -> Result<(), Fault> {
        let duration = match entry.key {
            "public" | "max_age" | "edge_only" if entry.is_bool() => {
                let key = entry.key;
                let message = format!("`{key}` takes the lifetime itself; write `{key} = \"5m\"`");
                return Err(fault(entry.value_at(), message));
            }
            "private" if entry.is_bool() => {
                entry.flag()?;
                None
            }
            "public" | "private" | "max_age" | "edge" | "edge_only" | "stale_while_revalidate" | "stale_if_error" => {
                Some(entry.duration()?)
            }
            _ => {
                entry.flag()?;
                None
            }
        };
        self.0.push(Word { key: entry.key, at: entry.at, duration });
        Ok(())
    }

    /// The policy, or `None` where nothing is said. What [`CachePolicy`] would panic on is
    /// refused before it is asked.
    pub(super) fn policy(&self, has_base: bool) -> Result<Option<CachePolicy>, Fault> {
        let Some(first) = self.0.first() else { return Ok(None) };
        let Some((policy, start)) = self.start()? else {
            let of_base = if has_base { ", as nothing of the base's own policy is kept" } else { "" };
            let key = first.key;
            return Err(fault(
                first.at,
                format!(
                    "`{key}` says more of a policy that is not there; write {} beside it{of_base}",
                    match key {
                        "for_http10" => "`no_cache = true` or `no_store = true`",
                        _ => "a lifetime such as `max_age = \"5m\"`",
                    }
                ),
            ));
        };
        let mut policy = policy;
        for word in &self.0 {
            self.check(word, start)?;
            policy = match (word.key, word.duration) {
                ("edge", Some(lifetime)) => policy.edge(lifetime),
                ("stale_while_revalidate", Some(window)) => policy.stale_while_revalidate(window),
                ("stale_if_error", Some(window)) => policy.stale_if_error(window),
                ("stale_at_edge_only", _) => policy.stale_at_edge_only(),
                ("stale_in_browser_only", _) => policy.stale_in_browser_only(),
                ("must_revalidate", _) => policy.must_revalidate(),
                ("proxy_revalidate", _) => policy.proxy_revalidate(),
                ("no_transform", _) => policy.no_transform(),
                ("immutable", _) => policy.immutable(),
                ("for_http10", _) => policy.for_http10(),
                _ => policy,
            };
        }
        Ok(Some(policy))
    }

    /// Who may keep it, and the word that says how long.
    fn start(&self) -> Result<Option<(CachePolicy, Word<'a>)>, Fault> {
        let starts = self.0.iter().filter(|word| {
            matches!(word.key, "public" | "private" | "max_age" | "edge_only" | "no_cache" | "no_store")
        });
        let starts: Vec<Word<'a>> = starts.copied().collect();
        Ok(Some(match *starts.as_slice() {
            [] => return Ok(None),
            [Word { key: "private", duration: None, at }] => {
                return Err(fault(
                    at,
                    "`private = true` does not say how long; write `private = \"1m\"`, or `no_cache = true` beside it",
                ));
            }
            [start] => (
                match (start.key, start.duration) {
                    ("public", Some(lifetime)) => CachePolicy::public(lifetime),
                    ("private", Some(lifetime)) => CachePolicy::private(lifetime),
                    ("max_age", Some(lifetime)) => CachePolicy::max_age(lifetime),
                    ("edge_only", Some(lifetime)) => CachePolicy::edge_only(lifetime),
                    ("no_cache", _) => CachePolicy::NO_CACHE,
                    _ => CachePolicy::NO_STORE,
                },
                start,
            ),
            [Word { key: "private", duration: None, .. }, start @ Word { key: "no_cache", .. }]
            | [start @ Word { key: "no_cache", .. }, Word { key: "private", duration: None, .. }] => {
                (CachePolicy::PRIVATE_NO_CACHE, start)
            }
            // The two go together, so it is the third that does not.
            [Word { key: "private", duration: None, .. }, one @ Word { key: "no_cache", .. }, other, ..]
            | [one @ Word { key: "no_cache", .. }, Word { key: "private", duration: None, .. }, other, ..]
            | [one, other, ..] => return Err(fault(other.at, two_starts(&one, &other))),
        }))
    }

    /// Whether a word goes with the one that the policy starts from, and with the others.
    fn check(&self, word: &Word<'_>, start: Word<'_>) -> Result<(), Fault> {
        let key = word.key;
        let refuse = |message: String| Err(fault(word.at, message));
        let with = |keys: &[&str]| self.0.iter().find(|other| keys.contains(&other.key));
        let has_lifetime = start.duration.is_some();
        let start_key = start.key;
        match key {
            "edge" if start_key == "no_store" => {
                refuse("`no_store` leaves nothing to keep at the edge; leave `edge` out".to_owned())
            }
            "edge" if with(&["private"]).is_some() => refuse(
                "`edge` is for shared caches, which `private` keeps out; leave `edge` out, or write `public` for \
                 `private` if the answer is the same for everyone"
                    .to_owned(),
            ),
            "edge" if start_key == "edge_only" => {
                refuse("`edge_only` has stated the lifetime for the edge already; leave `edge` out".to_owned())
            }
            "edge" if !has_lifetime => refuse(
                "`no_cache` has every reuse validated, at the edge too; leave `edge` out, or write a lifetime for \
                 `no_cache`"
                    .to_owned(),
            ),
            "stale_while_revalidate" | "stale_if_error" => {
                if !has_lifetime {
                    return refuse(format!(
                        "`{start_key}` forbids the stale answers that `{key}` allows; leave `{key}` out"
                    ));
                }
                match with(&["must_revalidate", "proxy_revalidate"]) {
                    Some(other) => Err(stale_and_not(other, word)),
                    None => Ok(()),
                }
            }
            "stale_at_edge_only" if start_key == "private" || !has_lifetime => {
                refuse(format!("`{start_key}` leaves nothing for edges to serve; leave `{key}` out"))
            }
            "stale_in_browser_only" if !has_lifetime => {
                refuse(format!("`{start_key}` is never served stale; leave `{key}` out"))
            }
            "stale_in_browser_only" if start_key == "edge_only" || with(&["stale_at_edge_only"]).is_some() => {
                let other = if start_key == "edge_only" { start_key } else { "stale_at_edge_only" };
                refuse(format!("`{other}` keeps stale answers from browsers; leave `{key}` out"))
            }
            "stale_at_edge_only" if with(&["stale_in_browser_only"]).is_some() => {
                refuse(format!("`stale_in_browser_only` keeps stale answers from edges; leave `{key}` out"))
            }
            "stale_at_edge_only" | "stale_in_browser_only"
                if with(&["stale_while_revalidate", "stale_if_error"]).is_none() =>
            {
                refuse(format!("`{key}` is said of `stale_while_revalidate` or `stale_if_error`; write one beside it"))
            }
            "must_revalidate" | "proxy_revalidate" if start_key == "no_store" => {
                refuse(format!("`no_store` leaves nothing to revalidate; leave `{key}` out"))
            }
            "must_revalidate" | "proxy_revalidate" if !has_lifetime => {
                refuse(format!("`no_cache` has every reuse validated already; leave `{key}` out"))
            }
            "proxy_revalidate" if start_key == "private" => refuse(
                "`proxy_revalidate` speaks to shared caches, which `private` keeps out; write `must_revalidate`, or \
                 leave it out"
                    .to_owned(),
            ),
            "immutable" if start_key == "edge_only" || start.duration.is_none_or(|lifetime| lifetime.is_zero()) => {
                refuse(format!(
                    "`immutable` only applies while an answer is fresh, and `{start_key}` leaves no time for that; leave \
                 `immutable` out, or write it beside a lifetime such as `max_age = \"1y\"`"
                ))
            }
            "immutable" if with(&["must_revalidate"]).is_some() => refuse(
                "`immutable` says that the answer never changes, and `must_revalidate` that it may; keep one of the \
                 two"
                .to_owned(),
            ),
            "for_http10" if has_lifetime => refuse(format!(
                "`for_http10` says that nothing may be reused unasked, and `{start_key}` that it may; leave `for_http10` \
                 out, or write it beside `no_cache` or `no_store`"
            )),
            _ => Ok(()),
        }
    }
}

/// Why two words cannot both be what a policy starts from.
fn two_starts(one: &Word<'_>, other: &Word<'_>) -> String {
    let has = |key| one.key == key || other.key == key;
    let beside = |key| if one.key == key { other.key } else { one.key };
    if has("no_store") {
        let rest = beside("no_store");
        return format!("`no_store` leaves nothing to keep, so `{rest}` means nothing beside it; keep one of the two");
    }
    if has("no_cache") {
        let rest = beside("no_cache");
        let or = if rest == "private" { ", or write `private = true`" } else { "" };
        return format!(
            "`no_cache` has every reuse validated, so the lifetime of `{rest}` means nothing beside it; keep one of \
             the two{or}"
        );
    }
    if has("edge_only") {
        let rest = beside("edge_only");
        return format!(
            "`edge_only` keeps the answer from browsers, and `{rest}` says what they do with it; keep one of the two, \
             or write `edge` for another lifetime in shared caches"
        );
    }
    if has("max_age") {
        let rest = beside("max_age");
        if rest == "private" {
            return "`private` takes the lifetime itself; write `private = \"5m\"`, and leave `max_age` out".to_owned();
        }
        return format!(
            "`max_age` and `{rest}` are two lifetimes for the same caches; keep `{rest}`, and write \
             `edge` for another lifetime in shared caches"
        );
    }
    "`public` lets every cache keep the answer, and `private` only the visitor's own; keep one of the two".to_owned()
}

fn stale_and_not(forbids: &Word<'_>, allows: &Word<'_>) -> Fault {
    fault(
        forbids.at.max(allows.at),
        format!("`{}` forbids the stale answers that `{}` allows; keep one of the two", forbids.key, allows.key),
    )
}
