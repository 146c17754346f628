//! [`CacheSnapshot`].

use std::collections::BTreeMap;

use super::cells::TITLES;
use super::change::SnapshotChange;
use super::row::SnapshotRow;
use crate::markdown::{markdown_table, replace_table};

/// A table of how caches treat the responses to a list of requests. Commit it, and compare it with the responses of a
/// later version.
///
/// The table is Markdown with one row for each request. `assert_matches_snapshot` (feature `testing`) compares a service
/// with it in a test, and the program `cache-check` compares a deployed site with the same file.
///
/// ```
/// use http::{Request, Response};
/// use tower_cache_policy::audit::{CacheSnapshot, SnapshotRow};
/// use tower_cache_policy::protocol::HttpDate;
///
/// let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
/// let row = |path: &str, cache_control: &str| {
///     let (request, ()) = Request::get(path).body(()).unwrap().into_parts();
///     let response = Response::builder().header("cache-control", cache_control).body(()).unwrap();
///     SnapshotRow::of(&request, &response.into_parts().0, now)
/// };
///
/// let before = CacheSnapshot::from_iter([row("/", "public, max-age=60"), row("/account", "private, no-store")]);
/// assert_eq!(before.to_markdown(), "\
/// | Request      | Status | Cache-Control      | Vary | At the edge | Browsers   | Shared caches |
/// | ------------ | ------ | ------------------ | ---- | ----------- | ---------- | ------------- |
/// | GET /        | 200    | public, max-age=60 |      |             | 60 s       | 60 s          |
/// | GET /account | 200    | private, no-store  |      |             | not stored | not stored    |
/// ");
///
/// let before: CacheSnapshot = before.to_markdown().parse()?;
/// let after = CacheSnapshot::from_iter([row("/", "public, max-age=60"), row("/account", "max-age=60")]);
/// let changes = before.changes_to(&after);
/// assert!(changes[0].becomes_shared());
/// assert!(changes[0].to_string().starts_with("`GET /account`: shared caches may now store it"));
/// # Ok::<(), tower_cache_policy::audit::SnapshotError>(())
/// ```
///
/// | Cell | Meaning |
/// |---|---|
/// | `At the edge` | the fields that only CDNs read, such as `CDN-Cache-Control` and cache tags |
/// | `60 s` | the cache may store the response, and reuse it for this time |
/// | `revalidated` | the cache may store the response, and revalidates it before each reuse |
/// | `heuristic` | the cache may store the response, and chooses the lifetime itself |
/// | `not stored` | the cache must not store the response |
/// | `CDNs only` | a cache that follows the standard must not store the response, but a CDN with a built-in [profile](crate::edge::EdgeProfile) does |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheSnapshot {
    /// The rows by path and method.
    rows: BTreeMap<(String, String), SnapshotRow>,
}

impl CacheSnapshot {
    /// Creates a snapshot without rows.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: BTreeMap::new() }
    }

    /// Adds a row. Replaces and returns an existing row for the same request.
    pub fn insert(&mut self, row: SnapshotRow) -> Option<SnapshotRow> {
        self.rows.insert(row.key(), row)
    }

    /// Returns the rows, sorted by path.
    pub fn rows(&self) -> impl Iterator<Item = &SnapshotRow> {
        self.rows.values()
    }

    /// Returns the snapshot as Markdown, with one row for each request.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut lines = vec![TITLES.map(str::to_owned)];
        lines.extend(self.rows().map(SnapshotRow::cells));
        markdown_table(&lines)
    }

    /// Returns the text of a file with its table replaced by this snapshot. The lines before and after the table are
    /// preserved.
    #[must_use]
    pub fn replace_in(&self, text: &str) -> String {
        replace_table(text, &self.to_markdown())
    }

    /// Returns the snapshot as clients behind a CDN see it: without the fields that CDNs remove, and without
    /// `Accept-Encoding` in `Vary`, which they add when they compress.
    ///
    /// Compare two snapshots in this form if one of them is of a deployed site.
    #[must_use]
    pub fn behind_cdn(&self) -> Self {
        self.rows().cloned().map(SnapshotRow::behind_cdn).collect()
    }

    /// Returns the changes from this snapshot, which is the expected one, to another. Responses that shared caches may
    /// now store come first.
    #[must_use]
    pub fn changes_to(&self, now: &Self) -> Vec<SnapshotChange> {
        let expected = self.rows.iter().filter_map(|(key, row)| SnapshotChange::between(Some(row), now.rows.get(key)));
        let added = now.rows.iter().filter(|(key, _)| !self.rows.contains_key(*key));
        let added = added.filter_map(|(_, row)| SnapshotChange::between(None, Some(row)));
        let mut changes: Vec<_> = expected.chain(added).collect();
        // The sort is stable.
        changes.sort_by_key(|change| !change.becomes_shared());
        changes
    }
}

impl Extend<SnapshotRow> for CacheSnapshot {
    fn extend<I: IntoIterator<Item = SnapshotRow>>(&mut self, rows: I) {
        self.rows.extend(rows.into_iter().map(|row| (row.key(), row)));
    }
}

impl FromIterator<SnapshotRow> for CacheSnapshot {
    fn from_iter<I: IntoIterator<Item = SnapshotRow>>(rows: I) -> Self {
        let mut snapshot = Self::new();
        snapshot.extend(rows);
        snapshot
    }
}
