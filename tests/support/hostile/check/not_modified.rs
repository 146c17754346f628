//! A 304 and a 206 repeat the fields of their 200 (N-01, N-05, R-06).

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::{Case, CaseResult, Kind, Policy, Precedence, now};
use crate::hostile::coverage::Coverage;
use crate::hostile::preconditions::OriginValidators;
use crate::hostile::readers::{Readings, edge_lifetime, is_live_stream, vary_names};

/// "Cache-Control, Content-Location, Date, ETag, Expires, and Vary", which "would have been sent in a 200
/// (OK) response to the same request" (RFC 9110 section 15.4.5).
const REPEATED: [HeaderName; 6] = [
    http::header::CACHE_CONTROL,
    http::header::CONTENT_LOCATION,
    http::header::DATE,
    http::header::ETAG,
    http::header::EXPIRES,
    http::header::VARY,
];

const PRECONDITIONS: [&str; 6] =
    ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"];

impl Exchange<'_> {
    /// Compares the 304 of the case with its 200, and also a 304 for the tag of the 200. The second comparison runs for
    /// one case in four, because it needs two more requests.
    pub(super) fn a_304_repeats_its_200(&self) {
        let Self { case, result, .. } = self;
        let is_304 = result.status == 304 && self.status() != 304;
        let is_made_by_handler = case.handler.not_modified && result.status == 304;
        let is_chosen = is_304 || is_made_by_handler || case.handler.body.steps.len() % 4 == 1;
        // The 200 of a 304 for a live stream never ends, so it cannot be compared.
        if case.handler.not_modified && is_live_stream(&case.handler.headers) {
            return;
        }
        if !is_chosen || !self.is_safe() || !self.layers_apply() || self.is_coded_outside() {
            return;
        }
        let mut plain = without_preconditions(case);
        if !matches!(plain.handler.status.as_u16(), 200 | 203 | 206) {
            if is_304 {
                // A source decided before the handler, and cannot know that the handler does not have a page.
                return;
            }
            plain.handler.status = StatusCode::OK;
        }
        let page = plain.run();
        if !matches!(page.status.as_u16(), 200 | 203 | 206) {
            return;
        }
        // A 304 represents a 200. If a handler sends a 206 without a range in the request, the policy by status of its
        // 200 is unknown.
        if page.status != 200 && has_policy_by_status(case) {
            return;
        }
        if is_304 || is_made_by_handler {
            // The client may send the tag of another content coding. The 304 then has this tag.
            assert_repeats(case, result, &page, &[http::header::ETAG]);
        }
        let has_tag = OriginValidators::read(&page.headers, now()).etag.is_some();
        let Some(tag) = page.headers.get("etag").filter(|_| has_tag).cloned() else { return };
        plain.request.headers.insert("if-none-match", tag);
        let revalidated = plain.run();
        if revalidated.status == 304 {
            assert_repeats(&plain, &revalidated, &page, &[]);
        } else {
            assert_live_stream(&plain);
        }
    }

    pub(super) fn a_206_repeats_its_200(&self) {
        let Self { case, result, .. } = self;
        let is_part = self.was_handled() && result.status == 206 && case.handler.status == 206;
        if !is_part || !self.is_safe() || !self.layers_apply() || has_policy_by_status(case) {
            return;
        }
        let mut plain = without_preconditions(case);
        plain.handler.status = StatusCode::OK;
        // A partial response does not have a content coding, but the page does.
        plain.handler.headers.remove("content-range");
        let page = plain.run();
        if page.status != 200 || case.layers.iter().any(|kind| matches!(kind, Kind::Compression)) {
            return;
        }
        Coverage::PartialContent.count();
        let is_coded = case.layers.iter().any(Kind::compresses);
        let has_own = OriginValidators::read(&case.handler.headers, now()).etag.is_some() && !is_coded;
        for name in REPEATED.iter().filter(|name| has_own || **name != http::header::ETAG) {
            assert_eq!(
                lines(&result.headers, name),
                lines(&page.headers, name),
                "R-06: {name} of the 206 and of the 200"
            );
        }
    }

    /// Returns whether an outer layer of the one that decides encodes the response (L-01). The 304 does not know this coding.
    fn is_coded_outside(&self) -> bool {
        let layers = &self.case.layers;
        let last = layers.iter().rposition(|kind| kind.conditional().is_some());
        match last {
            Some(last) => layers[..last].iter().any(Kind::compresses),
            None => layers.iter().any(|kind| matches!(kind, Kind::Compression)),
        }
    }
}

fn has_policy_by_status(case: &Case) -> bool {
    case.handler.status_policy.is_some() || case.policies().any(|policy| policy.for_status.is_some())
}

fn without_preconditions(case: &Case) -> Case {
    let mut plain = case.clone();
    for name in PRECONDITIONS {
        plain.request.headers.remove(name);
    }
    plain
}

/// Compares a 304 with its 200.
fn assert_repeats(case: &Case, not_modified: &CaseResult, page: &CaseResult, except: &[HeaderName]) {
    Coverage::NotModified.count();
    // A source that decides before the handler omits the fields that the handler could have restricted.
    let by_source = not_modified.handler_requests.is_empty();
    Coverage::NotModifiedBySource.count_if(by_source);
    // A 304 from the handler does not have a content type, so a policy cannot depend on it.
    let by_handler = not_modified.handler_response.as_ref().is_some_and(|(status, _)| *status == 304);
    Coverage::NotModifiedByHandler.count_if(by_handler);
    // A policy outside the layer that generates the 304 does not know the type either. It may be stricter.
    let decides = case.layers.iter().rposition(|kind| kind.conditional().is_some());
    let is_around = |at: usize, kind: &Kind| kind.conditional().is_none() && decides.is_some_and(|last| at < last);
    let of_handler = case.handler.headers.contains_key("cache-control");
    let depends = |kind: &Kind| {
        kind.policy().is_some_and(|policy| policy.depends_on_type() || of_handler) || matches!(kind, Kind::Edge(_))
    };
    let depends_outside = case.layers.iter().enumerate().any(|(at, kind)| is_around(at, kind) && depends(kind));
    // A 200 with tags that an edge does not accept is not stored there. A 304 from the handler has no tags.
    let names_tags = !case.handler.tags.is_empty() || case.handler.headers.keys().any(|name| case.is_tags(name));
    let has_tags = by_handler && names_tags;
    // A layer that overrides every `no-store` also replaces the restriction for one edge.
    let even = |policy: &Policy| policy.precedence == Precedence::OverrideNoStore && policy.policy.is_some();
    let is_replaced =
        by_handler && case.policies().any(even) && case.handler.headers.keys().any(|name| case.is_targeted(name));
    let no_type = by_handler || depends_outside;
    // `immutable` is preserved if a handler wrote it or a route accepts the risk.
    let accepted = Readings::of(&case.handler.headers, now()).iter().any(|(_, permissions)| permissions.immutable)
        || case.layers.iter().any(|kind| kind.risks().contains(&Risk::PageSurvivesReload));
    let has_own = |name: &str| case.handler.headers.contains_key(name);
    let disagree = has_own("etag") || has_own("content-encoding") || case.conditionals().count() > 1;
    // A 304 from the handler does not have a content coding, but the tag depends on it.
    let no_coding = by_handler && case.handler.headers.contains_key("content-encoding");
    // A client may send the tag of a coding that the page does not have.
    let is_for_coding =
        not_modified.headers.get("etag").is_some_and(|tag| tag.as_bytes().windows(2).any(|pair| pair == b"--"));
    let targeted = page.headers.keys().chain(not_modified.headers.keys()).filter(|name| case.is_targeted(name));
    for name in REPEATED.iter().chain(targeted).filter(|name| !except.contains(name)) {
        let [page_lines, own_lines] = [page, not_modified].map(|result| lines(&result.headers, name));
        let may_be_absent = match name.as_str() {
            "etag" if no_coding => continue,
            // If a source disagrees with a handler or another source, this is not a bug of a layer.
            "etag" if by_source && disagree => continue,
            "etag" => false,
            "cache-control" | "expires" if has_tags || is_replaced => continue,
            "cache-control" if (no_type || accepted) && is_tighter(not_modified, page) => continue,
            // The `immutable` of a handler is preserved on its own 304.
            "cache-control" if by_handler && case.handler.headers.contains_key("cache-control") && accepted => continue,
            // A compression layer does not change a 304 from an inner service. A 304 for the tag of a coding has `Vary`,
            // but a handler that encodes its content may omit it.
            "vary" if has_own("content-encoding") => continue,
            "vary" if is_for_coding && own_lines.iter().filter(|name| *name != "accept-encoding").eq(&page_lines) => {
                continue;
            }
            "vary" if by_handler && (no_coding || case.layers.iter().any(Kind::compresses)) => continue,
            // This value does not permit anything.
            "expires" if own_lines.iter().all(|line| line == "0") => continue,
            "expires" if no_type && own_lines.is_empty() => continue,
            "cache-control" => by_source || no_type,
            "content-location" | "date" | "expires" | "vary" => by_source,
            // A 304 from the handler has no tags for an edge.
            _ if has_tags => continue,
            // A field that forbids the edge to store permits no more than an absent one.
            _ if no_type && longest(&own_lines) <= longest(&page_lines) => continue,
            _ => by_source || no_type,
        };
        assert!(
            own_lines == page_lines || (may_be_absent && own_lines.is_empty()),
            "N-01: the 304 has {name} {own_lines:?}, and the 200 has {page_lines:?}"
        );
    }
}

/// The longest lifetime for an edge in these lines.
fn longest(lines: &[HeaderValue]) -> Option<u64> {
    lines.iter().filter_map(edge_lifetime).max()
}

/// Returns whether a 304 does not permit any cache more than its 200.
fn is_tighter(not_modified: &CaseResult, page: &CaseResult) -> bool {
    let [own, page] = [not_modified, page].map(|result| Readings::of(&result.headers, now()));
    own.iter().zip(page.iter()).all(|((_, own), (_, page))| {
        own.shared() <= page.shared() && own.browser() <= page.browser() && (page.public || !own.public)
    })
}

/// Checks that the response is a live stream. Other responses can be revalidated with their own tag.
fn assert_live_stream(case: &Case) {
    let headers = &case.handler.headers;
    let has_tag = OriginValidators::read(headers, now()).etag.is_some();
    let decides = case.conditionals().next().is_some_and(|_| case.conditionals().all(|it| it.source.is_none()));
    let is_coded = headers.contains_key("content-encoding") || case.layers.iter().any(Kind::compresses);
    let is_grpc = headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
    let is_get = case.request.method == Method::GET;
    // In development, a GET gets the complete response.
    let develops = case.policies().any(|policy| policy.development);
    if has_tag && decides && is_get && !is_coded && !is_grpc && !develops {
        assert!(is_live_stream(headers), "no 304 for the tag of the 200 (G-10)");
    }
}

/// The lines of a field. For `Vary`, the sorted names, because a compression layer may add a name twice.
fn lines(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    if *name == http::header::VARY {
        let mut names: BTreeSet<String> = vary_names(headers).into_iter().collect();
        if names.contains("*") {
            // The other names have no effect.
            names.retain(|name| name == "*");
        }
        return names.into_iter().filter_map(|name| HeaderValue::try_from(name).ok()).collect();
    }
    headers.get_all(name).iter().cloned().collect()
}
