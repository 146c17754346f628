//! The fields of one answer, as the edges in front of it are to see them.

use std::borrow::Cow;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::edges::Edges;
use super::freshness_field::FreshnessField;
use super::note::EdgeNote;
use super::overflow::TagOverflow;
use super::profile::EdgeInCacheControl;
use super::told::Told;
use super::word::{EdgeLifetime, EdgeWord};
use crate::policy::{CachePolicy, CacheTags};
use crate::protocol::{CacheControl, is_edge_field, is_targeted_field, only_line};

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
            if from_inside.restricted {
                let field = CacheControl::from_headers(headers).unwrap_or_default();
                headers.insert(CACHE_CONTROL, field.to_private().to_header_value());
            }
            return notes;
        }
        let mut told = match only_line(headers, &CACHE_CONTROL) {
            Some(line) if from_inside.is_nothing() && said.policy.is_none() => {
                self.memory.recall(line, || self.tell(&CacheControl::parse([line]), None, false))
            }
            _ => {
                let field = CacheControl::from_headers(headers).unwrap_or_default();
                Cow::Owned(self.tell(&field, said.policy, from_inside.restricted))
            }
        };

        let mut tag_fields = Vec::new();
        if told.word != EdgeWord::NotStored {
            // Where not all are known, none is written. What is no tag keeps the answer out as it
            // does the 200 (N-05).
            let none = CacheTags::new();
            match self.all_tag_fields(said.tags.unwrap_or(&none), &from_inside, overflow, &mut notes) {
                Some(fields) if said.tags.is_some() => tag_fields = fields,
                Some(_) => {}
                None => {
                    let field = CacheControl::from_headers(headers).unwrap_or_default();
                    told = Cow::Owned(self.tell(&field, None, true));
                }
            }
        }

        // `X-Accel-Expires` counts at some caches only where it stands before `Cache-Control`, so
        // that comes last. Of several lines `remove` gives the first.
        let in_one_line = only_line(headers, &CACHE_CONTROL).is_none().then(|| CacheControl::from_headers(headers));
        let in_one_line = in_one_line.flatten().filter(|field| !field.is_empty()).map(|field| field.to_header_value());
        let cache_control = headers.remove(CACHE_CONTROL);
        for (name, value) in &told.fields {
            headers.insert(name, value.clone());
        }
        if told.word != EdgeWord::NotStored {
            self.keep_words(&from_inside, headers);
        }
        for (name, value) in tag_fields {
            headers.insert(name, value);
        }
        if let Some(value) = told.cache_control.clone().or(in_one_line).or(cache_control) {
            headers.insert(CACHE_CONTROL, value);
        }
        notes
    }

    /// What a decision is in the fields of these edges: one, and all fields say it (G-21, T-11).
    fn tell(&self, field: &CacheControl, policy: Option<CachePolicy>, restricted: bool) -> Told {
        // What guards or services outside changed is not said to anybody.
        let policy = policy.filter(|policy| CacheControl::from(*policy) == *field);
        let word = match policy {
            _ if restricted => EdgeWord::NotStored,
            Some(policy) => EdgeWord::of(&policy.at_the_edge()),
            None => EdgeWord::of(field),
        };
        let browser = self.cache_control(field, word, policy.is_some_and(|policy| policy.is_edge_only()));
        let own = self.fields.iter().filter_map(|own| Some((own.name().clone(), own.value(&word)?)));
        let mut fields: Vec<_> = own.collect();
        if word == EdgeWord::NotStored {
            fields.extend(self.restrictions.iter().cloned());
        }
        // The first clone of a value that owns its octets allocates a counter: here, once.
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Told { word, cache_control: (browser != *field).then(|| browser.to_header_value()), fields }
    }

    /// Puts in what services inside wrote for the edges that are there.
    fn keep_words(&self, from_inside: &FromInside, headers: &mut HeaderMap) {
        for (name, word) in &from_inside.words {
            let own = self.fields.iter().find(|own| own.name() == name);
            if let Some(value) = own.and_then(|own| own.value(word)) {
                headers.insert(name, value);
            }
        }
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

    /// The fields for the tags, with those that services inside wrote themselves, or `None` where
    /// the answer must not be stored without them.
    fn all_tag_fields(
        &self,
        tags: &CacheTags,
        from_inside: &FromInside,
        overflow: &TagOverflow,
        notes: &mut Vec<EdgeNote>,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        match &from_inside.tags {
            Some(written) => {
                let mut all = tags.clone();
                all.unite(written);
                self.tag_fields(&all, from_inside.not_tags, overflow, notes)
            }
            None => self.tag_fields(tags, from_inside.not_tags, overflow, notes),
        }
    }

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
        let names: Vec<HeaderName> = headers.keys().filter(|name| is_edge_field(name)).cloned().collect();
        for name in names {
            if let Some(format) = self.formats.iter().find(|format| *format.field() == name) {
                let (tags, all) = format.read(headers.get_all(&name));
                found.tags.get_or_insert_default().unite(&tags);
                if !all {
                    found.not_tags = true;
                    notes.push(EdgeNote::NotTags { field: name.clone() });
                }
            } else if is_targeted_field(&name) {
                let own = self.fields.iter().find(|field| *field.name() == name);
                // For an edge that is not there it is read as that edge would.
                let field = own.cloned().unwrap_or_else(|| FreshnessField::known(name.clone()));
                let said = field.read(headers.get_all(&name));
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

impl FromInside {
    /// Whether nothing of it changes what the edges are told.
    fn is_nothing(&self) -> bool {
        self.words.is_empty() && !self.restricted
    }
}
