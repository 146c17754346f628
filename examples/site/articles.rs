//! Articles in memory, changed only by those who know what they change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tower_cache_policy::axum_handler::PreconditionFailure;
use tower_cache_policy::layers::conditional::SelectedRepresentation;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags};
use tower_cache_policy::protocol::{EntityTag, Preconditions, Representation, Validators};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Article {
    title: String,
    text: String,
}

/// The articles, shared by those who read and write them.
#[derive(Clone, Debug)]
pub struct Store(Arc<Mutex<Articles>>);

#[derive(Debug)]
struct Articles {
    by_id: BTreeMap<u64, Revision>,
    /// One counter for all, so that an article that is deleted and made again never gets an
    /// entity tag that it had before. A store that survives a restart keeps it there too.
    latest: u64,
}

#[derive(Debug)]
struct Revision {
    number: u64,
    article: Article,
}

/// What shows articles is purged by this tag.
pub const ARTICLES: CacheTag = CacheTag::from_static("articles");

pub async fn read(
    State(store): State<Store>,
    Path(id): Path<u64>,
) -> Result<(CacheTags, Validators, Json<Article>), StatusCode> {
    let articles = store.lock();
    let revision = articles.by_id.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    // Left out, the layer would put in what it was told before this handler ran, and the
    // article may have changed since.
    Ok((tags(id), validators(id, revision), Json(revision.article.clone())))
}

/// Answers without an `ETag`: what is stored is not the octets that came, so the client
/// has to ask for the representation that its write made (RFC 9110 section 9.3.4).
pub async fn write(
    State(store): State<Store>,
    Path(id): Path<u64>,
    preconditions: Preconditions,
    Json(article): Json<Article>,
) -> Result<StatusCode, PreconditionFailure> {
    let mut articles = store.lock();
    // The layer decided before this handler ran, so two clients with the same `If-Match`
    // may both get this far. Decided again under the lock, where nobody writes in between,
    // only one of them goes on. With a database, this stands inside the transaction.
    preconditions.check(&articles.representation(id))?;
    Ok(if articles.put(id, article) { StatusCode::CREATED } else { StatusCode::NO_CONTENT })
}

pub async fn remove(
    State(store): State<Store>,
    Path(id): Path<u64>,
    preconditions: Preconditions,
) -> Result<StatusCode, PreconditionFailure> {
    let mut articles = store.lock();
    // As in `write`.
    preconditions.check(&articles.representation(id))?;
    Ok(match articles.by_id.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    })
}

impl Store {
    /// A store with articles 1 to 3, each in its first revision.
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

    /// The representation at the path of a request, with the policy of its 200, which the 304 repeats.
    /// A number in percent-encoding, which [`Path`] decodes, is not known here.
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
        // No change is made in two steps, so a panic leaves none half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Articles {
    /// Stores the next revision, and says whether it is the first of its article.
    fn put(&mut self, id: u64, article: Article) -> bool {
        self.latest += 1;
        let number = self.latest;
        self.by_id.insert(id, Revision { number, article }).is_none()
    }

    fn representation(&self, id: u64) -> Representation {
        self.by_id.get(&id).map(|revision| validators(id, revision)).into()
    }
}

/// The coarse one first (E2-3).
fn tags(id: u64) -> CacheTags {
    let one = CacheTag::new(format!("article-{id}")).expect("letters, a hyphen and digits make a tag");
    [ARTICLES, one].into_iter().collect()
}

fn validators(id: u64, revision: &Revision) -> Validators {
    let tag = EntityTag::strong(format!("{id}-{}", revision.number)).expect("digits and a hyphen make an entity tag");
    Validators::new().with_etag(tag)
}
