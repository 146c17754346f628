//! [`PolicyTable`]: the table as people read it.

use http::Method;

use super::rows::PolicyRow;
use super::table::RoutePolicies;

/// What each kind of answers gets, before guards, as people and programs read it: made by
/// [`RoutePolicies::policy_table`], or by [`Edges::policy_table`](crate::edge::Edges::policy_table)
/// with what the edges in front are told.
#[derive(Clone, Debug)]
pub struct PolicyTable<'a> {
    rows: Vec<PolicyRow<'a>>,
    for_edges: bool,
}

const TITLES: [&str; 7] = ["Pattern", "Methods", "Status", "Content type", "Cache-Control", "Vary", "Tags"];

impl RoutePolicies {
    /// The table, as browsers see it.
    #[must_use]
    pub fn policy_table(&self) -> PolicyTable<'_> {
        PolicyTable { rows: self.rows().collect(), for_edges: false }
    }

    /// The rows as a Markdown table, for a review to diff: see [`PolicyTable::to_markdown`].
    #[must_use]
    pub fn to_markdown(&self) -> String {
        self.policy_table().to_markdown()
    }
}

impl<'a> PolicyTable<'a> {
    pub(crate) const fn for_edges(rows: Vec<PolicyRow<'a>>) -> Self {
        Self { rows, for_edges: true }
    }

    /// The rows, in the order of the patterns and with the default at the end.
    pub fn rows(&self) -> std::slice::Iter<'_, PolicyRow<'a>> {
        self.rows.iter()
    }

    /// The rows as a Markdown table, for a review to diff.
    ///
    /// | Cell | Means |
    /// |---|---|
    /// | Status `success` | 200, 203, 206 and 304 |
    /// | Content type `none` | the answer does not say in one way what it is |
    /// | Content type, Status `any` | any that no other row of the route names |
    ///
    /// A table for edges has their fields in place of the tags.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut titles = TITLES.map(str::to_owned);
        if self.for_edges {
            titles[6] = "At the edge".to_owned();
        }
        let mut lines = vec![titles];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        let mut widths = [0; TITLES.len()];
        for cells in &lines {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        lines.insert(1, widths.map(|width| "-".repeat(width)));
        let mut text = String::new();
        for cells in &lines {
            for (width, cell) in widths.iter().zip(cells) {
                text.push_str(&format!("| {cell:width$} "));
            }
            text.push_str("|\n");
        }
        text
    }

    fn cells(&self, row: &PolicyRow<'_>) -> [String; 7] {
        let methods: Vec<&str> = row.methods().iter().map(Method::as_str).collect();
        let last = if self.for_edges {
            let fields =
                row.at_edge().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
            fields.collect::<Vec<_>>().join("; ")
        } else {
            row.tags().collect::<Vec<_>>().join(", ")
        };
        [
            row.pattern().unwrap_or("(any other)"),
            &methods.join(", "),
            row.status_label(),
            row.content_type_label(),
            row.cache_control(),
            row.vary().unwrap_or_default(),
            &last,
        ]
        .map(escape)
    }
}

/// Keeps a text in its cell. A line break cannot be in one: no pattern, name or tag holds it.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}
