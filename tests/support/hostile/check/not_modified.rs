//! A 304 and a 206 repeat the fields of their 200 (N-01, N-05, R-06).

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use tower_cache_policy::policy::Risk;

use super::Exchange;
use crate::hostile::case::{Came, Case, Kind, Policy, Precedence, now};
use crate::hostile::counts::Taken;
use crate::hostile::preconditions::Has;
use crate::hostile::words::{Readings, at_edge, is_live_stream, vary_names};

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
    /// Compares the 304 that came, and one that the tag of the 200 gives. The latter for one case in four,
    /// because it is two more.
    pub(super) fn a_304_repeats_its_200(&self) {
        let Self { case, came, .. } = self;
        let is_304 = came.status == 304 && self.status() != 304;
        let is_made_by_handler = case.handler.not_modified && came.status == 304;
        let is_chosen = is_304 || is_made_by_handler || case.handler.body.steps.len() % 4 == 1;
        // A 304 for a stream that never ends has no 200 to compare with.
        if case.handler.not_modified && is_live_stream(&case.handler.headers) {
            return;
        }
        if !is_chosen || !self.is_safe() || !self.is_ours() || self.is_coded_outside() {
            return;
        }
        let mut plain = without_preconditions(case);
        if !matches!(plain.handler.status.as_u16(), 200 | 203 | 206) {
            if is_304 {
                // A source decided before a handler that has no page, which it cannot know.
                return;
            }
            plain.handler.status = StatusCode::OK;
        }
        let page = plain.run();
        if !matches!(page.status.as_u16(), 200 | 203 | 206) {
            return;
        }
        // A 304 stands for a 200. A handler that answers 206 without being asked for a range leaves it open which
        // policy by status its 200 would have.
        if page.status != 200 && case.policies().any(|policy| policy.for_status.is_some()) {
            return;
        }
        if is_304 || is_made_by_handler {
            // The client may name the tag of another content coding, which its 304 then carries.
            repeats(case, came, &page, &[http::header::ETAG]);
        }
        let has_tag = Has::read(&page.headers, now()).etag.is_some();
        let Some(tag) = page.headers.get("etag").filter(|_| has_tag).cloned() else { return };
        plain.request.headers.insert("if-none-match", tag);
        let revalidated = plain.run();
        if revalidated.status == 304 {
            repeats(&plain, &revalidated, &page, &[]);
        } else {
            must_not_be_304(&plain);
        }
    }

    pub(super) fn a_206_repeats_its_200(&self) {
        let Self { case, came, .. } = self;
        let is_part = self.was_handled() && came.status == 206 && case.handler.status == 206;
        let by_status = case.policies().any(|policy| policy.for_status.is_some());
        if !is_part || !self.is_safe() || !self.is_ours() || by_status {
            return;
        }
        let mut plain = without_preconditions(case);
        plain.handler.status = StatusCode::OK;
        // A part is not coded, and a page is.
        plain.handler.headers.remove("content-range");
        let page = plain.run();
        if page.status != 200 || case.layers.iter().any(|kind| matches!(kind, Kind::Compression)) {
            return;
        }
        Taken::PartialContent.count();
        let is_coded = case.layers.iter().any(Kind::codes);
        let has_own = Has::read(&case.handler.headers, now()).etag.is_some() && !is_coded;
        for name in REPEATED.iter().filter(|name| has_own || **name != http::header::ETAG) {
            assert_eq!(
                lines(&came.headers, name),
                lines(&page.headers, name),
                "R-06: {name}, of the 206 and of the 200"
            );
        }
    }

    /// L-01: what is coded outside of a layer that decides is not known to its 304.
    fn is_coded_outside(&self) -> bool {
        let layers = &self.case.layers;
        let last = layers.iter().rposition(|kind| kind.conditional().is_some());
        match last {
            Some(last) => layers[..last].iter().any(Kind::codes),
            None => layers.iter().any(|kind| matches!(kind, Kind::Compression)),
        }
    }
}

fn without_preconditions(case: &Case) -> Case {
    let mut plain = case.clone();
    for name in PRECONDITIONS {
        plain.request.headers.remove(name);
    }
    plain
}

/// Holds a 304 against its 200.
fn repeats(case: &Case, not_modified: &Came, page: &Came, except: &[HeaderName]) {
    Taken::NotModified.count();
    // A source that decides before the handler says nothing that the handler could have narrowed.
    let by_source = not_modified.handled.is_empty();
    Taken::NotModifiedBySource.count_if(by_source);
    // A policy that depends on the content type does not know it of a 304 that the handler made.
    let by_handler = not_modified.returned.as_ref().is_some_and(|(status, _)| *status == 304);
    Taken::NotModifiedByHandler.count_if(by_handler);
    // A policy outside the layer that makes the 304 does not know it either. It may be tighter than for the 200.
    let decides = case.layers.iter().rposition(|kind| kind.conditional().is_some());
    let is_around = |at: usize, kind: &Kind| kind.conditional().is_none() && decides.is_some_and(|last| at < last);
    let of_handler = case.handler.headers.contains_key("cache-control");
    let depends = |kind: &Kind| {
        kind.policy().is_some_and(|policy| policy.depends_on_type() || of_handler) || matches!(kind, Kind::Edge(_))
    };
    let around = case.layers.iter().enumerate().any(|(at, kind)| is_around(at, kind) && depends(kind));
    // Tags that an edge does not accept keep the 200 out of it. A handler's own 304 says nothing about tags.
    let names_tags = !case.handler.tags.is_empty() || case.handler.headers.keys().any(|name| case.is_tags(name));
    let has_tags = by_handler && names_tags;
    // A layer that overrides every `no-store` also replaces the one for a restricted edge.
    let even = |policy: &Policy| policy.precedence == Precedence::OverrideEvenNoStore && policy.policy.is_some();
    let is_replaced =
        by_handler && case.policies().any(even) && case.handler.headers.keys().any(|name| case.is_targeted(name));
    let no_type = by_handler || around;
    // `immutable` stays if a handler wrote it or a route accepts the risk.
    let accepted = Readings::of(&case.handler.headers, now()).iter().any(|(_, word)| word.immutable)
        || case.layers.iter().any(|kind| kind.risks().contains(&Risk::PageSurvivesReload));
    let has_own = |name: &str| case.handler.headers.contains_key(name);
    let disagree = has_own("etag") || has_own("content-encoding") || case.conditionals().count() > 1;
    // Nor does it know the content coding, which is in the name of the tag.
    let no_coding = by_handler && case.handler.headers.contains_key("content-encoding");
    // A client may send the tag of a coding that the page never had.
    let is_for_coding =
        not_modified.headers.get("etag").is_some_and(|tag| tag.as_bytes().windows(2).any(|pair| pair == b"--"));
    let targeted = page.headers.keys().chain(not_modified.headers.keys()).filter(|name| case.is_targeted(name));
    for name in REPEATED.iter().chain(targeted).filter(|name| !except.contains(name)) {
        let [said, says] = [page, not_modified].map(|came| lines(&came.headers, name));
        let may_be_absent = match name.as_str() {
            "etag" if no_coding => continue,
            // A source that disagrees with a handler or another source is no fault of a layer.
            "etag" if by_source && disagree => continue,
            "etag" => false,
            "cache-control" | "expires" if has_tags || is_replaced => continue,
            "cache-control" if (no_type || accepted) && is_tighter(not_modified, page) => continue,
            // A handler's own `immutable` stays on its own 304.
            "cache-control" if by_handler && case.handler.headers.contains_key("cache-control") && accepted => continue,
            // A compression layer says nothing on a 304 that it did not make.
            // A 304 for the tag of a coding names what selects it, where the handler that codes does not.
            "vary" if has_own("content-encoding") => continue,
            "vary" if is_for_coding && says.iter().filter(|name| *name != "accept-encoding").eq(&said) => continue,
            "vary" if by_handler && (no_coding || case.layers.iter().any(Kind::codes)) => continue,
            // It permits nothing.
            "expires" if says.iter().all(|line| line == "0") => continue,
            "expires" if no_type && says.is_empty() => continue,
            "cache-control" => by_source || no_type,
            "content-location" | "date" | "expires" | "vary" => by_source,
            // Nor does an edge learn the tags of a 304 that the handler made.
            _ if has_tags => continue,
            // A field that forbids the edge to store permits no more than an absent one.
            _ if no_type && longest(&says) <= longest(&said) => continue,
            _ => by_source || no_type,
        };
        assert!(
            says == said || (may_be_absent && says.is_empty()),
            "N-01: {name}, of the 304 {says:?} and of the 200 {said:?}"
        );
    }
}

/// The longest lifetime that fields give an edge.
fn longest(lines: &[HeaderValue]) -> Option<u64> {
    lines.iter().filter_map(at_edge).max()
}

/// Whether a 304 lets no cache do more than its 200 does.
fn is_tighter(not_modified: &Came, page: &Came) -> bool {
    let [says, said] = [not_modified, page].map(|came| Readings::of(&came.headers, now()));
    says.iter().zip(said.iter()).all(|((_, says), (_, said))| {
        says.shared() <= said.shared() && says.browser() <= said.browser() && (said.public || !says.public)
    })
}

/// The only responses that are not revalidated by their own tag.
fn must_not_be_304(case: &Case) {
    let headers = &case.handler.headers;
    let has_tag = Has::read(headers, now()).etag.is_some();
    let decides = case.conditionals().next().is_some_and(|_| case.conditionals().all(|it| it.source.is_none()));
    let is_coded = headers.contains_key("content-encoding") || case.layers.iter().any(Kind::codes);
    let is_grpc = headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
    let is_get = case.request.method == Method::GET;
    // In development, a GET gets the complete response.
    let develops = case.policies().any(|policy| policy.development);
    if has_tag && decides && is_get && !is_coded && !is_grpc && !develops {
        assert!(is_live_stream(headers), "no 304 for the tag of the 200 (G-10)");
    }
}

/// The lines of a field. Of `Vary` the names, as a layer that codes adds one that may be there already.
fn lines(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    if *name == http::header::VARY {
        let mut names: BTreeSet<String> = vary_names(headers).into_iter().collect();
        if names.contains("*") {
            // Whatever is beside it says nothing.
            names.retain(|name| name == "*");
        }
        return names.into_iter().filter_map(|name| HeaderValue::try_from(name).ok()).collect();
    }
    headers.get_all(name).iter().cloned().collect()
}
