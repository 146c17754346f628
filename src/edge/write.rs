//! Writes the fields for the configured edges into a response.

use std::borrow::Cow;
use std::rc::Rc;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::diagnostic::EdgeDiagnostic;
use super::directive::{EdgeDirective, EdgeLifetime};
use super::edges::Edges;
use super::memo::EdgeFields;
use super::overflow::TagOverflow;
use super::profile::{CacheControlRole, EdgeProfile};
use super::tag_format::TagFormat;
use super::targeted_field::{DirectiveSyntax, TargetedField};
use super::unsupported_tag::UnsupportedTag;
use crate::policy::{CacheTags, EdgeDirectives, Ruling};
use crate::protocol::{CacheControl, EdgeFieldKind, edge_field_kind, join, set_field};

impl Edges {
    /// Replaces the fields that inner services wrote for any edge with those that the configured edges read. The caller
    /// has applied the guards to `Cache-Control`.
    pub(crate) fn write(
        &self,
        headers: &mut HeaderMap,
        status: StatusCode,
        get_or_head: bool,
        ruling: &Ruling,
        overflow: &TagOverflow,
    ) -> Vec<EdgeDiagnostic> {
        let mut diagnostics = Vec::new();
        let mut inner = if ruling.has_edge_field() {
            self.take_fields(headers, &mut diagnostics)
        } else {
            InnerEdgeFields::default()
        };
        if ruling.replaces_handler() {
            // The policy layer that overrode the handler has removed the well-known fields.
            inner.lifetimes.retain(|lifetime| edge_field_kind(lifetime.field.name().as_str()).is_some());
        }
        // G-09
        if !get_or_head {
            if inner.restricted {
                set_field(headers, CACHE_CONTROL, ruling.directives().clone().to_private().to_header_value());
            }
            return diagnostics;
        }
        let mut fields = match ruling.line() {
            Some(line) if !inner.restricted && ruling.edge().is_none() => {
                EdgeFields::recall(self.id, line.as_bytes(), || self.fields_for(ruling.directives(), None, false))
            }
            _ => Rc::new(self.fields_for(ruling.directives(), ruling.edge(), inner.restricted)),
        };

        let mut tag_fields = Vec::new();
        if fields.directive != EdgeDirective::NotStored {
            // An incomplete list of tags is not written. A tag that an edge does not accept makes the 304 private, like
            // the 200 (N-05).
            let are_all = ruling.tags(status).is_some();
            match self.all_tag_fields(ruling.known_tags(), &inner, overflow, &mut diagnostics) {
                Some(written) if are_all => tag_fields = written,
                Some(_) => {}
                None => fields = Rc::new(self.fields_for(ruling.directives(), None, true)),
            }
        }

        let unchanged = || {
            let field = ruling.directives();
            (!field.is_empty()).then(|| field.to_header_value()).or_else(|| headers.get(CACHE_CONTROL).cloned())
        };
        let changed = fields.cache_control.clone();
        let cache_control = if ruling.line().is_some() { changed } else { changed.or_else(unchanged) };
        let cache_control = self.at_the_end(cache_control, headers);
        let is_stored = fields.directive != EdgeDirective::NotStored;
        fields.write_to(headers);
        if is_stored && !inner.lifetimes.is_empty() {
            self.keep_lifetimes(&inner, headers);
        }
        for (name, value) in tag_fields {
            set_field(headers, name, value);
        }
        if let Some(value) = cache_control {
            set_field(headers, CACHE_CONTROL, value);
        }
        diagnostics
    }

    /// Like [`write`](Self::write), for a response whose only line of `Cache-Control` is this one, and applies unchanged.
    /// The response has neither fields for edges nor tags.
    pub(crate) fn write_line(&self, headers: &mut HeaderMap, line: &[u8], field: &CacheControl) {
        let fields = EdgeFields::recall(self.id, line, || self.fields_for(field, None, false));
        let cache_control = self.at_the_end(fields.cache_control.clone(), headers);
        fields.write_to(headers);
        if let Some(value) = cache_control {
            set_field(headers, CACHE_CONTROL, value);
        }
    }

    /// Removes `Cache-Control` if it must follow the fields for edges, and returns the value to write after them.
    fn at_the_end(&self, changed: Option<HeaderValue>, headers: &mut HeaderMap) -> Option<HeaderValue> {
        // Some caches ignore an `X-Accel-Expires` that follows `Cache-Control`.
        if self.has_accel_expires { changed.or(headers.remove(CACHE_CONTROL)) } else { changed }
    }

    /// Translates one decision into the fields of all configured edges.
    // G-21, T-11
    fn fields_for(&self, field: &CacheControl, edge: Option<&EdgeDirectives>, restricted: bool) -> EdgeFields {
        let directive = match edge {
            _ if restricted => EdgeDirective::NotStored,
            Some(edge) => EdgeDirective::of(&edge.directives),
            None => EdgeDirective::of(&for_shared_caches(field)),
        };
        let shown = if self.any_reads_cache_control_only() { for_shared_caches(field) } else { Cow::Borrowed(field) };
        let browser = self.cache_control(&shown, directive, edge.is_some_and(|edge| edge.edge_only));
        // The first clone of an owned value allocates the reference count, so the value is cloned here once.
        let own = self.fields.iter().filter_map(|own| Some((own.name().clone(), own.value(&directive)?.clone())));
        let mut fields: Vec<_> = own.collect();
        if directive == EdgeDirective::NotStored {
            fields.extend(self.restrictions.iter().cloned());
        }
        // Some caches skip a line that is not ASCII.
        let cache_control = (browser != *field).then(|| browser.without_unreadable_extensions().to_header_value());
        EdgeFields { directive, cache_control, fields }
    }

    /// Preserves the lifetimes that inner services wrote for the configured edges. For each edge, copies the field with
    /// the highest precedence into the edge's own field.
    fn keep_lifetimes(&self, inner: &InnerEdgeFields, headers: &mut HeaderMap) {
        for profile in self.profiles() {
            let Some(kept) = profile.fields_of_its_own().find_map(|name| inner.lifetime_in(name)) else { continue };
            let field = profile.field().unwrap_or(&kept.field);
            set_field(headers, field.name().clone(), kept.value_in(field));
        }
    }

    /// Returns the final `Cache-Control`, for browsers and for the edges that read it.
    fn cache_control(&self, field: &CacheControl, directive: EdgeDirective, edge_only: bool) -> CacheControl {
        let field = field.clone();
        match directive {
            // E1-1, G-07: some edges obey `private` only, and some `no-store` only.
            EdgeDirective::NotStored if field.private() => field,
            EdgeDirective::NotStored => field.to_private(),
            // Deliberately omits `private`, which makes some edges ignore their own field.
            EdgeDirective::Stored(_) if edge_only && self.all_overrule_no_store() => {
                CacheControl::new().with_no_store()
            }
            EdgeDirective::Stored(_) if edge_only => field,
            EdgeDirective::Stored(lifetime) => {
                let shortest = field.max_age().map_or(lifetime.seconds, |seconds| seconds.min(lifetime.seconds));
                if self.any_reads(CacheControlRole::Shared) && field.max_age().is_some() {
                    let field = field.with_max_age(shortest);
                    return if self.any_reads(CacheControlRole::Lifetime) { field } else { field.without_s_maxage() };
                }
                let longer = field.max_age().is_some_and(|seconds| seconds <= lifetime.seconds);
                if longer && !self.any_reads(CacheControlRole::Lifetime) { field.without_s_maxage() } else { field }
            }
            EdgeDirective::Silent | EdgeDirective::Validated => field,
        }
    }

    /// Returns the tag fields, including the tags that inner services wrote. Returns `None` if the tags do not fit and
    /// the response must therefore not be stored.
    fn all_tag_fields(
        &self,
        tags: &CacheTags,
        inner: &InnerEdgeFields,
        overflow: &TagOverflow,
        diagnostics: &mut Vec<EdgeDiagnostic>,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        match &inner.tags {
            Some(written) => {
                let mut all = tags.clone();
                all.unite(written);
                self.tag_fields(&all, inner.not_tags, overflow, diagnostics)
            }
            None => self.tag_fields(tags, inner.not_tags, overflow, diagnostics),
        }
    }

    fn tag_fields(
        &self,
        tags: &CacheTags,
        not_tags: bool,
        overflow: &TagOverflow,
        diagnostics: &mut Vec<EdgeDiagnostic>,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut fields = Vec::new();
        for format in &self.formats {
            if tags.is_empty() && !not_tags {
                break;
            }
            let value = match format.value(tags) {
                Some(value) if !not_tags => value,
                _ => {
                    let coarse = match overflow {
                        TagOverflow::NotStored => None,
                        TagOverflow::Coarser(coarse) => format.value_with(coarse, tags),
                    };
                    diagnostics.push(self.overflow_diagnostic(format, tags, coarse.is_some()));
                    coarse?
                }
            };
            fields.push((format.field().clone(), value));
        }
        Some(fields)
    }

    /// Returns why the tags do not fit into this field.
    fn overflow_diagnostic(&self, format: &TagFormat, tags: &CacheTags, stored: bool) -> EdgeDiagnostic {
        let readers =
            || self.profiles().filter(|profile| profile.tags().is_some_and(|own| own.field() == format.field()));
        let unsupported = tags
            .iter()
            .filter(|tag| !format.carries(tag))
            .find_map(|tag| readers().find_map(|profile| UnsupportedTag::find(profile.name(), profile.tags()?, tag)));
        match unsupported {
            Some(error) => EdgeDiagnostic::UnsupportedTag { error, stored },
            None => EdgeDiagnostic::TooManyTags { field: format.field().clone(), count: tags.len(), stored },
        }
    }

    /// Removes the fields that inner services wrote for any edge.
    fn take_fields(&self, headers: &mut HeaderMap, diagnostics: &mut Vec<EdgeDiagnostic>) -> InnerEdgeFields {
        let mut found = InnerEdgeFields::default();
        let is_for_edges =
            |name: &HeaderName| edge_field_kind(name.as_str()).is_some() || self.own_names.contains(name);
        #[cfg(test)]
        crate::protocol::counters::count(|counts| counts.response_walks += 1);
        let names: Vec<HeaderName> = headers.keys().filter(|name| is_for_edges(name)).cloned().collect();
        for name in names {
            if let Some(format) = self.formats.iter().find(|format| *format.field() == name) {
                let (tags, all) = format.read(headers.get_all(&name));
                found.tags.get_or_insert_default().unite(&tags);
                if !all {
                    found.not_tags = true;
                    diagnostics.push(EdgeDiagnostic::NotTags { field: name.clone() });
                }
            } else if let Some(field) = self.freshness_field(&name) {
                let directive = field.read(headers.get_all(&name));
                match directive {
                    EdgeDirective::NotStored
                    | EdgeDirective::Validated
                    | EdgeDirective::Stored(EdgeLifetime { seconds: 0, .. }) => {
                        found.restricted = true;
                        diagnostics.push(EdgeDiagnostic::Restricted { field: name.clone() });
                    }
                    EdgeDirective::Stored(_) if self.is_read(&name) => {
                        let line = join(headers.get_all(&name));
                        found.lifetimes.push(InnerLifetime { field, directive, line });
                    }
                    EdgeDirective::Stored(_) | EdgeDirective::Silent => {
                        diagnostics.push(EdgeDiagnostic::Removed { field: name.clone() });
                    }
                }
            } else {
                // The edge has a separate field for restrictions.
                let restricts = |(own, value): &(HeaderName, HeaderValue)| {
                    *own == name && headers.get_all(&name).iter().any(|line| line == value)
                };
                if self.restrictions.iter().any(restricts) {
                    found.restricted = true;
                    diagnostics.push(EdgeDiagnostic::Restricted { field: name.clone() });
                } else {
                    diagnostics.push(EdgeDiagnostic::Removed { field: name.clone() });
                }
            }
            headers.remove(&name);
        }
        found
    }

    /// Returns the freshness field with this name, even for an edge that is not configured.
    fn freshness_field(&self, name: &HeaderName) -> Option<TargetedField> {
        let own = self.fields.iter().find(|own| own.name() == name);
        own.cloned().or_else(|| {
            let is_freshness = edge_field_kind(name.as_str()) == Some(EdgeFieldKind::Freshness) || self.is_read(name);
            is_freshness.then(|| TargetedField::known(name.clone()))
        })
    }

    /// Returns whether a configured edge reads a lifetime from this field.
    fn is_read(&self, name: &HeaderName) -> bool {
        self.profiles().any(|profile| profile.fields_of_its_own().any(|own| own == name.as_str()))
    }
}

/// The fields for edges that inner services wrote.
#[derive(Debug, Default)]
struct InnerEdgeFields {
    /// The lifetimes for configured edges.
    lifetimes: Vec<InnerLifetime>,
    tags: Option<CacheTags>,
    /// Whether a tag field had an invalid tag.
    not_tags: bool,
    /// Whether a field for any edge forbade to store or reuse the response. This applies to all edges, although the
    /// field is removed.
    // E1-1
    restricted: bool,
}

/// A lifetime that an inner service wrote for a configured edge.
#[derive(Debug)]
struct InnerLifetime {
    field: TargetedField,
    directive: EdgeDirective,
    line: HeaderValue,
}

impl InnerEdgeFields {
    fn lifetime_in(&self, name: &str) -> Option<&InnerLifetime> {
        self.lifetimes.iter().find(|lifetime| lifetime.field.name().as_str() == name)
    }
}

impl InnerLifetime {
    /// Renders the lifetime in the syntax of another field. Directives of the edge's own, such as Netlify's `durable`,
    /// are preserved.
    fn value_in(&self, field: &TargetedField) -> HeaderValue {
        let is_dictionary = |field: &TargetedField| field.syntax() == DirectiveSyntax::Dictionary;
        let says_more = is_dictionary(field) && is_dictionary(&self.field) && {
            let mut headers = HeaderMap::new();
            headers.insert(self.field.name(), self.line.clone());
            CacheControl::from_targeted(&headers, self.field.name()).is_some_and(|read| !read.extensions().is_empty())
        };
        let rendered = if says_more { None } else { field.value(&self.directive) };
        rendered.unwrap_or_else(|| self.line.clone())
    }
}

/// Removes `stale-while-revalidate` and `stale-if-error` from a field with `proxy-revalidate`, which forbids shared
/// caches to serve stale responses. Some caches obey the former and ignore the latter.
// C-27
fn for_shared_caches(field: &CacheControl) -> Cow<'_, CacheControl> {
    if !field.proxy_revalidate() {
        return Cow::Borrowed(field);
    }
    Cow::Owned(field.clone().without_stale_while_revalidate().without_stale_if_error())
}

impl EdgeProfile {
    /// Returns the names of the fields that take precedence over `Cache-Control` at this edge, in order.
    fn fields_of_its_own(&self) -> impl Iterator<Item = &str> {
        let own = self.field().map(|own| own.name().as_str()).filter(|own| !self.precedence().contains(own));
        own.into_iter().chain(self.precedence().iter().copied().take_while(|name| *name != "cache-control"))
    }
}
