//! [`Lanes`]: how long each cache keeps an answer, as it is drawn.

use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::audit::{CacheAudit, Keeper, Verdict};
use crate::edge::Edges;
use crate::policy::routes::PolicyRow;
use crate::protocol::HttpDate;

/// One lane for a browser, and one for each edge, or for a shared cache where none is named.
#[derive(Clone, Debug)]
pub(super) struct Lanes(Vec<Lane>);

/// What one cache does in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) keeper: Keeper,
    /// `None` where it is not stored.
    pub(super) kept: Option<Kept>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Seconds, or `None` where the edge chooses.
    pub(super) fresh: Option<u64>,
    pub(super) guessed: bool,
    pub(super) stale_while_revalidate: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
}

impl Lanes {
    pub(super) fn of(audit: &CacheAudit) -> Self {
        let mut lanes = vec![Lane::of(audit.browser())];
        lanes.extend(audit.edges().map(Lane::of));
        if lanes.len() == 1 {
            lanes.push(Lane::of(audit.shared()));
        }
        Self(lanes)
    }

    /// Of the answers that a row of the table is for.
    pub(super) fn of_row(row: &PolicyRow<'_>, edges: Option<&Edges>, now: HttpDate) -> Self {
        let (mut request, ()) = Request::new(()).into_parts();
        request.method = row.methods().first().cloned().unwrap_or(Method::GET);
        let (mut response, ()) = Response::new(()).into_parts();
        response.status = row.status().unwrap_or(StatusCode::OK);
        response.headers = fields_of(row);
        Self::of(&CacheAudit::of(&request, &response, now).at_all(edges.into_iter().flat_map(Edges::profiles)))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Lane> {
        self.0.iter()
    }
}

impl Lane {
    fn of(verdict: &Verdict) -> Self {
        let lifetime = verdict.lifetime();
        let kept = verdict.then().map(|then| Kept {
            fresh: lifetime.and_then(|lifetime| lifetime.seconds()),
            guessed: lifetime.is_some_and(|lifetime| lifetime.is_guessed()),
            stale_while_revalidate: then.stale_while_revalidate().filter(|seconds| *seconds > 0),
            stale_if_error: then.stale_if_error().filter(|seconds| *seconds > 0),
        });
        Self { keeper: verdict.keeper(), kept }
    }
}

fn fields_of(row: &PolicyRow<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Ok(value) = row.cache_control().parse() {
        fields.insert(http::header::CACHE_CONTROL, value);
    }
    fields.extend(row.at_edge().map(|(name, value)| (name.clone(), value.clone())));
    fields
}
