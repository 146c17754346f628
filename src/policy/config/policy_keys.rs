//! [`PolicyKeys`]: the keys of one [`CachePolicy`], and the check that they fit together.

use std::time::Duration;

use super::document::{Entry, fault};
use super::error::Fault;
use crate::policy::CachePolicy;

/// The keys of a [`CachePolicy`].
pub(super) const POLICY_KEYS: &[&str] = &[
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
    "with_http10_fields",
];

/// The predefined policies, which are written as strings.
pub(super) const CONSTANTS: [(&str, CachePolicy); 4] = [
    ("no-store", CachePolicy::NO_STORE),
    ("no-cache", CachePolicy::NO_CACHE),
    ("private, no-cache", CachePolicy::PRIVATE_NO_CACHE),
    ("immutable", CachePolicy::IMMUTABLE),
];

pub(super) fn constant(text: &str) -> Option<CachePolicy> {
    CONSTANTS.iter().find(|(name, _)| *name == text).map(|(_, policy)| *policy)
}

/// The keys of one policy, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct PolicyKeys<'a>(Vec<PolicyKey<'a>>);

#[derive(Clone, Copy, Debug)]
struct PolicyKey<'a> {
    key: &'a str,
    at: usize,
    /// `None` for a flag.
    duration: Option<Duration>,
}

impl<'a> PolicyKeys<'a> {
    /// Adds an entry. Its key must be one of [`POLICY_KEYS`].
    pub(super) fn push(&mut self, entry: &Entry<'a>) -> Result<(), Fault> {
        let duration = match entry.key {
            "public" | "max_age" | "edge_only" if entry.is_bool() => {
                let key = entry.key;
                let message = format!("`{key}` must be a lifetime; write `{key} = \"5m\"`");
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
        self.0.push(PolicyKey { key: entry.key, at: entry.at, duration });
        Ok(())
    }

    /// The policy, or `None` without any key. Combinations on which [`CachePolicy`] would panic are errors.
    pub(super) fn policy(&self, has_base: bool) -> Result<Option<CachePolicy>, Fault> {
        let Some(first) = self.0.first() else { return Ok(None) };
        let Some((policy, start)) = self.start()? else {
            let of_base = if has_base { ", because it replaces the policy of the base" } else { "" };
            let key = first.key;
            return Err(fault(
                first.at,
                format!(
                    "`{key}` needs another key that sets the lifetime{of_base}; add {}",
                    match key {
                        "with_http10_fields" => "`no_cache = true` or `no_store = true`",
                        _ => "a lifetime such as `max_age = \"5m\"`",
                    }
                ),
            ));
        };
        let mut policy = policy;
        for own in &self.0 {
            self.check(own, start)?;
            policy = match (own.key, own.duration) {
                ("edge", Some(lifetime)) => policy.edge(lifetime),
                ("stale_while_revalidate", Some(window)) => policy.stale_while_revalidate(window),
                ("stale_if_error", Some(window)) => policy.stale_if_error(window),
                ("stale_at_edge_only", _) => policy.stale_at_edge_only(),
                ("stale_in_browser_only", _) => policy.stale_in_browser_only(),
                ("must_revalidate", _) => policy.must_revalidate(),
                ("proxy_revalidate", _) => policy.proxy_revalidate(),
                ("no_transform", _) => policy.no_transform(),
                ("immutable", _) => policy.immutable(),
                ("with_http10_fields", _) => policy.with_http10_fields(),
                _ => policy,
            };
        }
        Ok(Some(policy))
    }

    /// The policy before the other keys refine it, and the key that sets its lifetime.
    fn start(&self) -> Result<Option<(CachePolicy, PolicyKey<'a>)>, Fault> {
        let starts = self
            .0
            .iter()
            .filter(|own| matches!(own.key, "public" | "private" | "max_age" | "edge_only" | "no_cache" | "no_store"));
        let starts: Vec<PolicyKey<'a>> = starts.copied().collect();
        Ok(Some(match *starts.as_slice() {
            [] => return Ok(None),
            [PolicyKey { key: "private", duration: None, at }] => {
                return Err(fault(
                    at,
                    "`private = true` does not set a lifetime; write `private = \"1m\"`, or add `no_cache = true`",
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
            [PolicyKey { key: "private", duration: None, .. }, start @ PolicyKey { key: "no_cache", .. }]
            | [start @ PolicyKey { key: "no_cache", .. }, PolicyKey { key: "private", duration: None, .. }] => {
                (CachePolicy::PRIVATE_NO_CACHE, start)
            }
            // These two fit together, so the third key is the mistake.
            [PolicyKey { key: "private", duration: None, .. }, one @ PolicyKey { key: "no_cache", .. }, other, ..]
            | [one @ PolicyKey { key: "no_cache", .. }, PolicyKey { key: "private", duration: None, .. }, other, ..]
            | [one, other, ..] => return Err(fault(other.at, two_lifetimes(&one, &other))),
        }))
    }

    /// Checks that a key fits the lifetime and the other keys.
    // C-35
    fn check(&self, own: &PolicyKey<'_>, start: PolicyKey<'_>) -> Result<(), Fault> {
        let key = own.key;
        let refuse = |message: String| Err(fault(own.at, message));
        let with = |keys: &[&str]| self.0.iter().find(|other| keys.contains(&other.key));
        let has_lifetime = start.duration.is_some();
        let start_key = start.key;
        match key {
            "edge" if start_key == "no_store" => {
                refuse("`no_store` forbids storage, so `edge` has no effect; remove `edge`".to_owned())
            }
            "edge" if with(&["private"]).is_some() => refuse(
                "`private` forbids shared caches, so `edge` has no effect; remove `edge`, or use `public` if the \
                 response is the same for all users"
                    .to_owned(),
            ),
            "edge" if start_key == "edge_only" => {
                refuse("`edge_only` already sets the lifetime for edge caches; remove `edge`".to_owned())
            }
            "edge" if !has_lifetime => refuse(
                "`no_cache` requires revalidation in edge caches too; remove `edge`, or replace `no_cache` with a \
                 lifetime"
                    .to_owned(),
            ),
            "stale_while_revalidate" | "stale_if_error" => {
                if !has_lifetime {
                    return refuse(format!(
                        "`{start_key}` forbids the stale responses that `{key}` allows; remove `{key}`"
                    ));
                }
                match with(&["must_revalidate", "proxy_revalidate"]) {
                    Some(other) => Err(stale_forbidden(other, own)),
                    None => Ok(()),
                }
            }
            "stale_at_edge_only" if start_key == "private" || !has_lifetime => {
                refuse(format!("`{start_key}` does not let edge caches serve stale responses; remove `{key}`"))
            }
            "stale_in_browser_only" if !has_lifetime => {
                refuse(format!("`{start_key}` is never served stale; remove `{key}`"))
            }
            "stale_in_browser_only" if start_key == "edge_only" || with(&["stale_at_edge_only"]).is_some() => {
                let other = if start_key == "edge_only" { start_key } else { "stale_at_edge_only" };
                refuse(format!("`{other}` does not let browsers serve stale responses; remove `{key}`"))
            }
            "stale_at_edge_only" if with(&["stale_in_browser_only"]).is_some() => refuse(format!(
                "`stale_in_browser_only` does not let edge caches serve stale responses; remove `{key}`"
            )),
            "stale_at_edge_only" | "stale_in_browser_only"
                if with(&["stale_while_revalidate", "stale_if_error"]).is_none() =>
            {
                refuse(format!("`{key}` needs a stale window; add `stale_while_revalidate` or `stale_if_error`"))
            }
            "must_revalidate" | "proxy_revalidate" if start_key == "no_store" => {
                refuse(format!("`no_store` forbids storage, so `{key}` has no effect; remove `{key}`"))
            }
            "must_revalidate" | "proxy_revalidate" if !has_lifetime => {
                refuse(format!("`no_cache` already requires revalidation; remove `{key}`"))
            }
            "proxy_revalidate" if start_key == "private" => refuse(
                "`private` forbids shared caches, so `proxy_revalidate` has no effect; write `must_revalidate`, or \
                 remove it"
                    .to_owned(),
            ),
            "immutable" if start_key == "edge_only" || start.duration.is_none_or(|lifetime| lifetime.is_zero()) => {
                refuse(format!(
                    "`immutable` applies only while a response is fresh, and `{start_key}` does not give browsers such \
                     a time; remove `immutable`, or set a lifetime such as `max_age = \"1y\"`"
                ))
            }
            "immutable" if with(&["must_revalidate"]).is_some() => refuse(
                "`immutable` states that the response never changes, so `must_revalidate` contradicts it; remove one \
                 of them"
                    .to_owned(),
            ),
            "with_http10_fields" if has_lifetime => refuse(format!(
                "`with_http10_fields` forbids reuse without revalidation, and `{start_key}` allows it; remove `with_http10_fields`, or \
                 use it with `no_cache` or `no_store`"
            )),
            _ => Ok(()),
        }
    }
}

/// The message for two keys that both set a lifetime.
fn two_lifetimes(one: &PolicyKey<'_>, other: &PolicyKey<'_>) -> String {
    let has = |key| one.key == key || other.key == key;
    let beside = |key| if one.key == key { other.key } else { one.key };
    if has("no_store") {
        let rest = beside("no_store");
        return format!("`no_store` forbids storage, so `{rest}` has no effect; remove one of them");
    }
    if has("no_cache") {
        let rest = beside("no_cache");
        let or = if rest == "private" { ", or write `private = true`" } else { "" };
        return format!(
            "`no_cache` requires revalidation before each reuse, so the lifetime of `{rest}` has no effect; remove \
             one of them{or}"
        );
    }
    if has("edge_only") {
        let rest = beside("edge_only");
        return format!(
            "`edge_only` makes browsers revalidate, and `{rest}` gives them a lifetime; remove one of them, or use \
             `edge` for a different lifetime in shared caches"
        );
    }
    if has("max_age") {
        let rest = beside("max_age");
        if rest == "private" {
            return "`private` sets the lifetime itself; write `private = \"5m\"`, and remove `max_age`".to_owned();
        }
        return format!(
            "`max_age` and `{rest}` set a lifetime for the same caches; remove `max_age`, and use `edge` for a \
             different lifetime in shared caches"
        );
    }
    "`public` allows every cache to store the response, and `private` only browsers; remove one of them".to_owned()
}

fn stale_forbidden(forbids: &PolicyKey<'_>, allows: &PolicyKey<'_>) -> Fault {
    fault(
        forbids.at.max(allows.at),
        format!("`{}` forbids the stale responses that `{}` allows; remove one of them", forbids.key, allows.key),
    )
}
