//! Articles in memory. A client can change one only if it knows the current revision.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tower_cache_policy::axum_handler::PreconditionFailure;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::layers::conditional::SelectedRepresentation;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Article {
    title: String,
    text: String,
}

/// The articles, shared by all handlers.
#[derive(Clone, Debug)]
pub struct Store(Arc<Mutex<Articles>>);

#[derive(Debug)]
struct Articles {
    by_id: BTreeMap<u64, Revision>,
    /// The latest revision number of all articles. Because all articles share one counter, an article that is deleted
    /// and created again never gets an earlier entity tag. A persistent store must persist the counter too.
    latest: u64,
}

#[derive(Debug)]
struct Revision {
    number: u64,
    article: Article,
}

/// The cache tag of every page that shows articles.
pub const ARTICLES: CacheTag = CacheTag::from_static("articles");

pub async fn read(
    State(store): State<Store>,
    Path(id): Path<u64>,
) -> Result<(CacheTags, Validators, Json<Article>), StatusCode> {
    let articles = store.lock();
    let revision = articles.by_id.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    // Without these validators, the layer would add those that it read before this handler ran. The article may have
    // changed since.
    Ok((tags(id), validators(id, revision), Json(revision.article.clone())))
}

/// Creates or replaces an article.
///
/// The response does not have an `ETag`. The store does not save the bytes of the request, so the client must request
/// the new representation (RFC 9110 section 9.3.4).
///
/// The list of articles on `/page` does not depend on the content of an article, but every page with the tag is purged.
pub async fn write(
    State(store): State<Store>,
    Path(id): Path<u64>,
    preconditions: Preconditions,
    Json(article): Json<Article>,
) -> Result<(Purge, StatusCode), PreconditionFailure> {
    let mut articles = store.lock();
    // The layer evaluated the preconditions before this handler ran, so two clients with the same `If-Match` can both
    // get here. The second evaluation happens under the lock, so only one of them succeeds. With a database, put it in
    // the transaction.
    preconditions.check(&articles.representation(id))?;
    let is_new = articles.put(id, article);
    Ok((purge(), if is_new { StatusCode::CREATED } else { StatusCode::NO_CONTENT }))
}

pub async fn remove(
    State(store): State<Store>,
    Path(id): Path<u64>,
    preconditions: Preconditions,
) -> Result<(Purge, StatusCode), PreconditionFailure> {
    let mut articles = store.lock();
    // Evaluated again under the lock, as in `write`.
    preconditions.check(&articles.representation(id))?;
    Ok(match articles.by_id.remove(&id) {
        Some(_) => (purge(), StatusCode::NO_CONTENT),
        None => (purge(), StatusCode::NOT_FOUND),
    })
}

impl Store {
    /// Creates a store with articles 1 to 3, each in its first revision.
    pub fn new() -> Self {
        // Long enough to be worth compressing.
        let text = "Nobody has changed this yet. ".repeat(4);
        let first =
            |id| Revision { number: 1, article: Article { title: format!("Article {id}"), text: text.clone() } };
        let by_id = (1..=3).map(|id| (id, first(id))).collect();
        Self(Arc::new(Mutex::new(Articles { by_id, latest: 1 })))
    }

    pub fn ids(&self) -> Vec<u64> {
        self.lock().by_id.keys().copied().collect()
    }

    /// Returns the representation at the path of a request, and the policy of its 200, which a 304 must repeat.
    ///
    /// A percent-encoded number, which [`Path`] would decode, is treated as unknown here.
    pub fn selected_at(&self, path: &str, policy: Option<CachePolicy>) -> SelectedRepresentation {
        let id = path.strip_prefix("/articles/").and_then(|id| id.parse().ok());
        let representation = id.map_or(Representation::Unknown, |id| self.lock().representation(id));
        let selected = SelectedRepresentation::from(representation);
        match policy {
            Some(policy) => selected.with_policy(policy),
            None => selected,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Articles> {
        // Every change is a single step, so a panic cannot leave the articles in an inconsistent state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Articles {
    /// Stores the next revision. Returns whether the article is new.
    fn put(&mut self, id: u64, article: Article) -> bool {
        self.latest += 1;
        let number = self.latest;
        self.by_id.insert(id, Revision { number, article }).is_none()
    }

    fn representation(&self, id: u64) -> Representation {
        self.by_id.get(&id).map(|revision| validators(id, revision)).into()
    }
}

/// Purges every page that shows articles. Without an in-process cache, the purge has no effect.
fn purge() -> Purge {
    Purge::tags([ARTICLES])
}

/// Returns the cache tags of an article, the coarser one first.
fn tags(id: u64) -> CacheTags {
    // E2-3
    let one = CacheTag::new(format!("article-{id}")).expect("letters, a hyphen and digits are a valid cache tag");
    [ARTICLES, one].into_iter().collect()
}

fn validators(id: u64, revision: &Revision) -> Validators {
    let tag =
        EntityTag::strong(format!("{id}-{}", revision.number)).expect("digits and a hyphen are a valid entity tag");
    Validators::new().with_etag(tag)
}
