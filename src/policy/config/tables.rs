//! [`Tables`]: reads the sections of a document, and builds the table of routes from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, StatusCode};

use super::document::{Entry, fault};
use super::error::Fault;
use super::policy_keys::{CONSTANTS, POLICY_KEYS, PolicyKeys, constant};
use crate::nearest::nearest;
use crate::policy::routes::{RouteError, RouteErrorKind, RoutePolicies, RoutePolicy};
use crate::policy::{CachePolicy, RenderedVary};

const ROUTE_KEYS: &[&str] = &["based_on", "method", "status", "content_type", "vary", "tags"];

/// The policies and routes of a document, with their positions.
#[derive(Debug, Default)]
pub(super) struct Tables<'a> {
    default: Option<CachePolicy>,
    default_vary: Vec<&'a str>,
    policies: Vec<Named<'a>>,
    routes: Vec<Named<'a>>,
}

/// The policy of a name or of a pattern.
#[derive(Debug)]
struct Named<'a> {
    name: &'a str,
    at: usize,
    policy: RoutePolicy,
    /// The name of the base, and the position where the document refers to it.
    base: Option<(usize, &'a str)>,
}

impl<'a> Tables<'a> {
    pub(super) fn set_default(&mut self, entry: &Entry<'a>) -> Result<(), Fault> {
        let mut keys = PolicyKeys::default();
        let Some(members) = entry.as_table() else {
            self.default = Some(of_text(entry)?);
            return Ok(());
        };
        for member in members {
            match member.key {
                "vary" => self.default_vary = texts(&member, RoutePolicy::vary)?,
                key if POLICY_KEYS.contains(&key) => keys.push(&member)?,
                key if ROUTE_KEYS.contains(&key) => {
                    let message =
                        format!("`default` does not accept `{key}`; move it to a route `\"/{{*path}}\"` in `[routes]`");
                    return Err(fault(member.at, message));
                }
                _ => return Err(member.unknown(&[POLICY_KEYS, &["vary"]].concat())),
            }
        }
        self.default = Some(keys.policy(false)?.ok_or_else(|| without_lifetime(entry))?);
        Ok(())
    }

    pub(super) fn add_policies(&mut self, section: &Entry<'a>) -> Result<(), Fault> {
        for entry in section.table("policies.page = { public = \"5m\" }")? {
            if constant(entry.key).is_some() {
                let message = format!("`{}` is a predefined policy; choose another name", entry.key);
                return Err(fault(entry.at, message));
            }
            self.policies.push(Named::new(&entry)?);
        }
        Ok(())
    }

    pub(super) fn add_routes(&mut self, section: &Entry<'a>) -> Result<(), Fault> {
        for entry in section.table("routes.\"/\" = { public = \"5m\" }")? {
            let alone = RoutePolicies::builder().route(entry.key, CachePolicy::NO_STORE);
            alone.build().map_err(|error| fault(entry.at, text_of(error.kind())))?;
            self.routes.push(Named::new(&entry)?);
        }
        Ok(())
    }

    /// Builds the table of routes.
    pub(super) fn build(self) -> Result<RoutePolicies, Fault> {
        let mut builder = RoutePolicies::builder();
        if let Some(policy) = self.default {
            builder = builder.default_policy(policy);
        }
        for named in &self.policies {
            builder = builder.named(named.name, named.policy.clone());
        }
        for route in &self.routes {
            builder = builder.route(route.name, route.policy.clone());
        }
        let mut routes = builder.build().map_err(|error| self.fault_of(&error))?;
        if let Some(vary) = RenderedVary::new(self.default_vary.iter().copied()) {
            let table = Arc::get_mut(&mut routes.table).expect("a table that was just built has one owner");
            table.default_vary = Some(vary);
        }
        Ok(routes)
    }

    /// The position of a builder's error in the text.
    fn fault_of(&self, error: &RouteError) -> Fault {
        let all = || self.policies.iter().chain(&self.routes);
        let base = |is_it: &dyn Fn(&Named<'_>, &str) -> bool| {
            all().find_map(|named| named.base.filter(|(_, base)| is_it(named, base)).map(|(at, _)| at))
        };
        let own = match (error.policy_name(), error.pattern()) {
            (Some(name), _) => self.policies.iter().find(|named| named.name == name),
            (None, Some(pattern)) => self.routes.iter().find(|route| route.name == pattern),
            (None, None) => None,
        };
        // The builder may report these errors for a policy that only inherits the mistake.
        let at = match error.kind() {
            RouteErrorKind::UnknownName { name, .. } => base(&|_, base| base == name),
            RouteErrorKind::CircularBase { names } => base(&|named, _| names.first().is_some_and(|n| *n == named.name)),
            _ => None,
        };
        fault(at.or(own.map(|own| own.at)).unwrap_or_default(), text_of(error.kind()))
    }
}

impl<'a> Named<'a> {
    fn new(entry: &Entry<'a>) -> Result<Self, Fault> {
        let named = |policy, base| Self { name: entry.key, at: entry.at, policy, base };
        if let Some(text) = entry.as_str() {
            let base = (entry.value_at(), text);
            return Ok(named(start(text), Some(base)));
        }
        let Some(members) = entry.as_table() else {
            let kind = entry.kind();
            let message =
                format!("a policy must be a table or the name of a policy, not {kind}; write `{{ public = \"5m\" }}`");
            return Err(fault(entry.value_at(), message));
        };
        let mut keys = PolicyKeys::default();
        let mut base = None;
        for member in &members {
            match member.key {
                "based_on" => {
                    let text =
                        member.as_str().ok_or_else(|| member.unexpected("must be a name", "based_on = \"page\""))?;
                    base = Some((member.value_at(), text));
                }
                key if POLICY_KEYS.contains(&key) => keys.push(member)?,
                key if ROUTE_KEYS.contains(&key) => {}
                _ => return Err(member.unknown(&[POLICY_KEYS, ROUTE_KEYS].concat())),
            }
        }
        let mut policy = match (keys.policy(base.is_some())?, base) {
            (None, None) => return Err(without_lifetime(entry)),
            (Some(own), None) => RoutePolicy::new(own),
            (None, Some((_, name))) => start(name),
            (Some(own), Some((_, name))) => start(name).policy(own),
        };
        for member in &members {
            policy = match member.key {
                "method" => methods(member, policy)?,
                "status" => statuses(member, policy)?,
                "content_type" => content_types(member, policy)?,
                "vary" => policy.vary(texts(member, RoutePolicy::vary)?),
                "tags" => policy.tags(texts(member, RoutePolicy::tags)?),
                _ => policy,
            };
        }
        Ok(named(policy, base))
    }
}

fn start(text: &str) -> RoutePolicy {
    constant(text).map_or_else(|| RoutePolicy::named(text), RoutePolicy::new)
}

fn methods(entry: &Entry<'_>, mut policy: RoutePolicy) -> Result<RoutePolicy, Fault> {
    for member in entry.table("method.HEAD = { max_age = \"1m\" }")? {
        let text = member.key;
        let none = |_| fault(member.at, format!("`{text}` is not a method; write a method such as `HEAD`"));
        let method = Method::from_bytes(text.as_bytes()).map_err(none)?;
        // Methods are case-sensitive, so `head` is not HEAD.
        let upper = text.to_ascii_uppercase();
        if upper != text {
            return Err(fault(member.at, format!("`{text}` must be in upper case; write `{upper}`")));
        }
        if method == Method::GET {
            let message = "GET gets the route's own policy; change that one instead";
            return Err(fault(member.at, message));
        }
        let own = inner(&member)?;
        checked(member.at, RoutePolicy::new(own).method(method.clone(), own))?;
        policy = policy.method(method, own);
    }
    Ok(policy)
}

fn statuses(entry: &Entry<'_>, mut policy: RoutePolicy) -> Result<RoutePolicy, Fault> {
    for member in entry.table("status.404 = { max_age = \"1m\" }")? {
        let none =
            |_| fault(member.at, format!("`{}` is not a status; write three digits, as in `status.404`", member.key));
        let status = StatusCode::from_bytes(member.key.as_bytes()).map_err(none)?;
        checked(member.at, RoutePolicy::new(CachePolicy::NO_STORE).status(status, CachePolicy::NO_STORE))?;
        policy = policy.status(status, inner(&member)?);
    }
    Ok(policy)
}

fn content_types(entry: &Entry<'_>, mut policy: RoutePolicy) -> Result<RoutePolicy, Fault> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for member in entry.table("content_type.\"image/*\" = { public = \"1h\" }")? {
        let text = member.key;
        checked(member.at, RoutePolicy::new(CachePolicy::NO_STORE).content_type(text, CachePolicy::NO_STORE))?;
        if let Some(other) = seen.insert(text.to_ascii_lowercase(), text) {
            let message = format!("`{text}` is the same content type as `{other}`; remove one of them");
            return Err(fault(member.at, message));
        }
        policy = policy.content_type(text, inner(&member)?);
    }
    Ok(policy)
}

/// The policy of a method, a status or a content type.
fn inner(entry: &Entry<'_>) -> Result<CachePolicy, Fault> {
    let Some(members) = entry.as_table() else { return of_text(entry) };
    let mut keys = PolicyKeys::default();
    for member in members {
        match member.key {
            key if POLICY_KEYS.contains(&key) => keys.push(&member)?,
            key if ROUTE_KEYS.contains(&key) => {
                return Err(fault(member.at, format!("`{key}` applies to the whole route; move it to the route")));
            }
            _ => return Err(member.unknown(POLICY_KEYS)),
        }
    }
    keys.policy(false)?.ok_or_else(|| without_lifetime(entry))
}

/// The policy of a text that cannot be the name of another policy.
fn of_text(entry: &Entry<'_>) -> Result<CachePolicy, Fault> {
    let constants = CONSTANTS.map(|(name, _)| format!("`\"{name}\"`")).join(", ");
    let Some(text) = entry.as_str() else {
        let message = format!(
            "a policy must be a table, not {}; write `{{ max_age = \"1m\" }}`, or one of {constants}",
            entry.kind()
        );
        return Err(fault(entry.value_at(), message));
    };
    constant(text).ok_or_else(|| {
        let what = match nearest(text, CONSTANTS.iter().map(|(name, _)| *name)) {
            Some(nearest) => format!("did you mean `\"{nearest}\"`?"),
            None => format!("write a table such as `{{ max_age = \"1m\" }}`, or one of {constants}"),
        };
        fault(
            entry.value_at(),
            format!("`{text}` is not a predefined policy, and only routes can refer to a policy by name; {what}"),
        )
    })
}

/// The texts of a list. Each is checked as the builder checks it, so that an error has the position of the wrong text.
fn texts<'a>(entry: &Entry<'a>, add: fn(RoutePolicy, Vec<&'a str>) -> RoutePolicy) -> Result<Vec<&'a str>, Fault> {
    let example = if entry.key == "tags" { "tags = [\"articles\"]" } else { "vary = [\"accept-language\"]" };
    let texts = entry.texts(example)?;
    for (at, text) in &texts {
        checked(*at, add(RoutePolicy::new(CachePolicy::NO_STORE), vec![text]))?;
    }
    let texts: Vec<&str> = texts.into_iter().map(|(_, text)| text).collect();
    checked(entry.at, add(RoutePolicy::new(CachePolicy::NO_STORE), texts.clone()))?;
    Ok(texts)
}

/// Checks a policy as the builder does.
fn checked(at: usize, policy: RoutePolicy) -> Result<(), Fault> {
    let built = RoutePolicies::builder().named("", policy).build();
    built.map(drop).map_err(|error| fault(at, text_of(error.kind())))
}

fn without_lifetime(entry: &Entry<'_>) -> Fault {
    let key = entry.key;
    let what = "does not set a lifetime";
    fault(
        entry.at,
        format!("`{key}` {what}; write `public = \"5m\"`, `private = \"1m\"`, `no_cache = true` or `no_store = true`"),
    )
}

/// The message for a builder's error. Replaces Rust code in it with TOML.
fn text_of(kind: &RouteErrorKind) -> String {
    match kind {
        RouteErrorKind::UnknownName { name, nearest: None } => {
            match nearest(name, CONSTANTS.iter().map(|(name, _)| *name)) {
                Some(nearest) => format!("unknown policy `{name}`; did you mean `{nearest}`?"),
                None if is_bare_key(name) => format!(
                    "unknown policy `{name}`; define it as `[policies.{name}]`, or write a table such as \
                     `{{ public = \"5m\" }}`"
                ),
                None => {
                    format!("unknown policy `{name}`; write a table such as `{{ public = \"5m\" }}`")
                }
            }
        }
        RouteErrorKind::CircularBase { names } => {
            format!("a policy cannot be its own base: `{}`; remove one `based_on`", names.join("` -> `"))
        }
        // G-09
        RouteErrorKind::UnsafeMethod { method } => format!(
            "responses to {method} are never stored; remove the policy for this method, or write `\"no-store\"`"
        ),
        RouteErrorKind::InvalidVaryName { name } if name == "*" => {
            "`*` is not a field name, and `Vary: *` would prevent all reuse; write `no_store = true` instead".to_owned()
        }
        kind => kind.to_string(),
    }
}

fn is_bare_key(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
