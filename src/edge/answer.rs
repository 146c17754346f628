//! The fields of one answer, as the edges in front of it are to see them.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::edges::Edges;
use super::note::EdgeNote;
use super::overflow::TagOverflow;
use super::profile::EdgeInCacheControl;
use super::word::{EdgeLifetime, EdgeWord};
use crate::policy::{CachePolicy, CacheTags};
use crate::protocol::{CacheControl, is_tag_field, is_targeted_field};

/// What is known of an answer beside its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// Whether the answer is one to GET or HEAD.
    pub(crate) get_or_head: bool,
    /// Of routes, handlers and services inside. `None` where they may be a part only, as on a
    /// 304 that no handler made: a cache would put them in place of those that it has (N-06).
    pub(crate) tags: Option<&'a CacheTags>,
    /// The policy, where it says more to edges than `Cache-Control` does.
    pub(crate) policy: Option<CachePolicy>,
}

impl Edges {
    /// Puts what the edges read in place of what stood there for any edge. `Cache-Control` says
    /// already what the guards left.
    pub(crate) fn write(&self, headers: &mut HeaderMap, said: Said<'_>, overflow: &TagOverflow) -> Vec<EdgeNote> {
        let mut notes = Vec::new();
        let from_inside = self.take_fields(headers, &mut notes);
        // G-09
        if !said.get_or_head {
            return notes;
        }
        let field = CacheControl::from_headers(headers).unwrap_or_default();
        // What guards or services outside changed is not said to anybody.
        let policy = said.policy.filter(|policy| CacheControl::from(*policy) == field);
        let mut word = match policy {
            Some(policy) => EdgeWord::of(&policy.at_the_edge()),
            None => EdgeWord::of(&field),
        };
        if from_inside.restricted {
            word = EdgeWord::NotStored;
        }

        let mut tag_fields = Vec::new();
        if word != EdgeWord::NotStored && said.tags.is_some() {
            let tags = united(said.tags, from_inside.tags.as_ref());
            match self.tag_fields(&tags, from_inside.not_tags, overflow, &mut notes) {
                Some(fields) => tag_fields = fields,
                None => word = EdgeWord::NotStored,
            }
        }

        // G-21, T-11: one decision, and all fields say it. `X-Accel-Expires` counts at some
        // caches only where it stands before `Cache-Control`, so that comes last.
        let browser = self.cache_control(&field, word, policy.is_some_and(|policy| policy.is_edge_only()));
        let cache_control = headers.remove(CACHE_CONTROL);
        for own in &self.fields {
            let own_word = from_inside.words.iter().find(|(name, _)| name == own.name()).map(|(_, word)| *word);
            let own_word = own_word.filter(|_| word != EdgeWord::NotStored).unwrap_or(word);
            if let Some(value) = own.value(&own_word) {
                headers.insert(own.name(), value);
            }
        }
        if word == EdgeWord::NotStored {
            for (name, value) in &self.restrictions {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in tag_fields {
            headers.insert(name, value);
        }
        let cache_control = if browser == field { cache_control } else { Some(browser.to_header_value()) };
        if let Some(value) = cache_control {
            headers.insert(CACHE_CONTROL, value);
        }
        notes
    }

    /// What `Cache-Control` says in the end, to browsers and to the edges that read it.
    fn cache_control(&self, field: &CacheControl, word: EdgeWord, edge_only: bool) -> CacheControl {
        let field = field.clone();
        match word {
            // E1-1, G-07: not every edge obeys a field of its own, and not every one `no-store`.
            EdgeWord::NotStored if field.private() => field,
            EdgeWord::NotStored => field.to_private(),
            // Deliberately without `private`, which makes some edges ignore their own field.
            EdgeWord::Stored(_) if edge_only && self.all_overrule_no_store() => CacheControl::new().with_no_store(),
            EdgeWord::Stored(_) if edge_only => field,
            EdgeWord::Stored(lifetime) => {
                let shortest = field.max_age().map_or(lifetime.seconds, |seconds| seconds.min(lifetime.seconds));
                if self.any_reads(EdgeInCacheControl::Shared) && field.max_age().is_some() {
                    let field = field.with_max_age(shortest);
                    return if self.any_reads(EdgeInCacheControl::Lifetime) { field } else { field.without_s_maxage() };
                }
                let longer = field.max_age().is_some_and(|seconds| seconds <= lifetime.seconds);
                if longer && !self.any_reads(EdgeInCacheControl::Lifetime) { field.without_s_maxage() } else { field }
            }
            EdgeWord::Silent | EdgeWord::Validated => field,
        }
    }

    /// The fields for the tags, or `None` where the answer must not be stored without them.
    fn tag_fields(
        &self,
        tags: &CacheTags,
        not_tags: bool,
        overflow: &TagOverflow,
        notes: &mut Vec<EdgeNote>,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut fields = Vec::with_capacity(self.formats.len());
        for format in &self.formats {
            if tags.is_empty() && !not_tags {
                break;
            }
            let value = match (format.value(tags), overflow) {
                (Some(value), _) if !not_tags => value,
                (_, TagOverflow::NotStored) => {
                    notes.push(EdgeNote::TooManyTags {
                        field: format.field().clone(),
                        count: tags.len(),
                        stored: false,
                    });
                    return None;
                }
                (_, TagOverflow::Coarser(coarse)) => {
                    let value = format.value_with(coarse, tags);
                    let stored = value.is_some();
                    notes.push(EdgeNote::TooManyTags { field: format.field().clone(), count: tags.len(), stored });
                    value?
                }
            };
            fields.push((format.field().clone(), value));
        }
        Some(fields)
    }

    /// Takes away what services inside wrote for some edge.
    fn take_fields(&self, headers: &mut HeaderMap, notes: &mut Vec<EdgeNote>) -> FromInside {
        let mut found = FromInside::default();
        let names: Vec<HeaderName> =
            headers.keys().filter(|name| is_targeted_field(name) || is_tag_field(name)).cloned().collect();
        for name in names {
            if let Some(format) = self.formats.iter().find(|format| *format.field() == name) {
                let (tags, all) = format.read(headers.get_all(&name));
                found.tags.get_or_insert_default().unite(&tags);
                if !all {
                    found.not_tags = true;
                    notes.push(EdgeNote::NotTags { field: name.clone() });
                }
            } else if is_targeted_field(&name) {
                let lines = || headers.get_all(&name);
                let own = self.fields.iter().find(|field| *field.name() == name);
                // A field for an edge that is not there is read in the syntax that most have.
                let said = match own {
                    Some(own) => own.read(lines()),
                    None if lines().iter().any(|line| line == "0") => EdgeWord::NotStored,
                    None => EdgeWord::of(&CacheControl::parse(lines())),
                };
                match (own, said) {
                    (_, EdgeWord::NotStored | EdgeWord::Validated)
                    | (_, EdgeWord::Stored(EdgeLifetime { seconds: 0, .. })) => {
                        found.restricted = true;
                        notes.push(EdgeNote::Restricted { field: name.clone() });
                    }
                    (Some(_), EdgeWord::Stored(_)) => found.words.push((name.clone(), said)),
                    (Some(_), EdgeWord::Silent) | (None, _) => notes.push(EdgeNote::Removed { field: name.clone() }),
                }
            } else {
                notes.push(EdgeNote::Removed { field: name.clone() });
            }
            headers.remove(&name);
        }
        found
    }
}

/// What services inside wrote for some edge.
#[derive(Debug, Default)]
struct FromInside {
    /// The words for the edges that are there.
    words: Vec<(HeaderName, EdgeWord)>,
    tags: Option<CacheTags>,
    /// Whether something in a field for tags was none.
    not_tags: bool,
    /// Whether one of the fields, for whichever edge, forbade to store or to reuse: that is not
    /// lost with the field (E1-1).
    restricted: bool,
}

fn united(one: Option<&CacheTags>, other: Option<&CacheTags>) -> CacheTags {
    let mut all = one.cloned().unwrap_or_default();
    if let Some(other) = other {
        all.unite(other);
    }
    all
}
