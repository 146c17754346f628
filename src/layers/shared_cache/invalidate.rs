//! [`Invalidation`]: the stored responses that an unsafe request invalidates.

use http::header::{CONTENT_LOCATION, HOST, LOCATION};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Request, StatusCode};

use super::config::{Config, Core, Mode};
use super::reference::Reference;
use crate::edge::{TagFormat, TagSyntax};
use crate::policy::{CacheTag, CacheTags, target_as_sent};
use crate::protocol::{Preconditions, only_line};
use crate::store::{KeyRules, Moment, PrimaryKey, PurgeOf, UrlName};

/// The groups of responses that an unsafe request invalidates.
// I-03
const GROUPS: TagFormat =
    TagFormat::new(HeaderName::from_static("cache-group-invalidation"), TagSyntax::Strings).max_length(usize::MAX);

/// The URL of an unsafe request, whose stored responses are invalidated if it succeeds
/// ([RFC 9111 section 4.4](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4)).
// I-01
#[derive(Debug)]
pub(super) struct Invalidation {
    host: String,
    target: PathAndQuery,
    keys: KeyRules,
    mode: Mode,
}

impl Invalidation {
    /// Returns `None` for a method that is registered as safe, and for a request without a path.
    pub(super) fn of<B>(config: &Config, request: &Request<B>) -> Option<Self> {
        if !Preconditions::new(request.method(), &HeaderMap::new()).is_unsafe_method() {
            return None;
        }
        let of_field = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map(|authority| authority.as_str()).or_else(of_field).unwrap_or_default();
        let target = target_as_sent(request).or_else(|| request.uri().path_and_query())?;
        let (target, keys, mode) = (target.clone(), config.keys.clone(), config.mode);
        Some(Self { host: host.to_ascii_lowercase(), target, keys, mode })
    }

    /// Invalidates the stored responses if the request succeeded.
    pub(super) fn apply(&self, core: &Core, status: StatusCode, response: &HeaderMap) {
        self.purge(core, status, response, false, |purge| core.purges.purge(purge));
    }

    /// Invalidates the stored responses if the request succeeded, and returns a moment for its own response. Returns
    /// `None` if this must not be stored.
    pub(super) fn apply_before(
        &self,
        core: &Core,
        (status, response): (StatusCode, &HeaderMap),
        (moment, key): (Moment, &PrimaryKey),
    ) -> Option<Moment> {
        // Without them, it could not be purged.
        let tags = tags_in(response, || key.url().host());
        let own = tags.clone().unwrap_or_default();
        let now =
            self.purge(core, status, response, true, |purge| core.purges.purge_before(purge, moment, &own, &key.url()));
        // M-02: the content is that of a GET only if it is the representation of this URL, as the client named it. Another
        // success, such as a 201 or 202, is not what GET returns.
        let is_that_of_get =
            || status == StatusCode::OK && self.named_by(&CONTENT_LOCATION, response) == Some(self.own_url());
        now.flatten().filter(|_| tags.is_some() && is_that_of_get())
    }

    fn purge<T>(
        &self,
        core: &Core,
        status: StatusCode,
        response: &HeaderMap,
        even_if_nothing_is_stored: bool,
        purge: impl for<'a> FnOnce(PurgeOf<'a>) -> T,
    ) -> Option<T> {
        if !(status.is_success() || status.is_redirection()) {
            return None;
        }
        let mut urls = vec![self.own_url()];
        urls.extend([LOCATION, CONTENT_LOCATION].iter().filter_map(|name| self.named_by(name, response)));
        // RFC 9875 section 3. A list that cannot be read completely names everything.
        let (groups, are_all) = GROUPS.tags_in(response);
        let named = match self.mode {
            // The tags of an application are for all of its hosts.
            Mode::Policy => are_all.then_some(groups),
            Mode::Fields => are_all.then(|| of_host(&self.own_url().host(), &groups)).flatten(),
        };
        let root = self.keys.url(&self.host, &PathAndQuery::from_static("/"));
        let (everything, prefixes) = match (&named, self.mode) {
            (Some(_), _) => (false, &[][..]),
            (None, Mode::Policy) => (true, &[][..]),
            (None, Mode::Fields) => (false, std::slice::from_ref(&root)),
        };
        let tags = &named.unwrap_or_default();
        // A purge of nothing would make each lookup compare its response with the purges again, and clients could fill the
        // memory for purges.
        urls.retain(|url| core.may_have(url));
        let names_nothing = urls.is_empty() && tags.is_empty() && prefixes.is_empty() && !everything;
        if names_nothing && !even_if_nothing_is_stored {
            return None;
        }
        Some(core.purge_with(PurgeOf { tags, urls: &urls, prefixes, everything, soft: None }, purge).0)
    }

    fn own_url(&self) -> UrlName {
        self.keys.url(&self.host, &self.target)
    }

    /// Returns the URL in a field of the response, if it is on the same host.
    fn named_by(&self, name: &HeaderName, response: &HeaderMap) -> Option<UrlName> {
        let Reference { authority, target } = Reference::resolve(only_line(response, name)?, &self.target)?;
        let own = self.keys.url(&self.host, &target);
        // Names do not contain a default port, which one of the two may have.
        let is_same = authority.is_none_or(|authority| self.keys.url(authority, &target) == own);
        is_same.then_some(own)
    }
}

/// Returns the cache tags in the fields of a response from this host. Returns `None` if a tag cannot be read, because the
/// response could then not be purged by it.
pub(super) fn tags_in(headers: &HeaderMap, host: impl Fn() -> String) -> Option<CacheTags> {
    const CACHE_TAG: TagFormat = TagFormat::new(HeaderName::from_static("cache-tag"), TagSyntax::Comma);
    const SURROGATE_KEY: TagFormat = TagFormat::new(HeaderName::from_static("surrogate-key"), TagSyntax::Space);

    let mut tags = CacheTags::new();
    for format in [&CACHE_TAG, &SURROGATE_KEY, &TagFormat::CACHE_GROUPS] {
        if headers.contains_key(format.field()) {
            let (read, are_all) = format.tags_in(headers);
            if !are_all {
                return None;
            }
            tags.unite(&read);
            if *format.field() == *TagFormat::CACHE_GROUPS.field() {
                tags.unite(&of_host(&host(), &read)?);
            }
        }
    }
    Some(tags)
}

/// The tags for groups of responses on one host, because the groups of another host are not the same ones (RFC 9875
/// section 2). Returns `None` if a tag would be too long.
// I-02
fn of_host(host: &str, groups: &CacheTags) -> Option<CacheTags> {
    groups.iter().map(|group| CacheTag::new(format!("cache-groups://{host}/{group}")).ok()).collect()
}
