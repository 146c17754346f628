//! Writes a table as Markdown.

/// Writes lines of cells as a Markdown table, of which the first line has the titles.
pub(crate) fn markdown_table<const COLUMNS: usize>(lines: &[[String; COLUMNS]]) -> String {
    let lines: Vec<[String; COLUMNS]> = lines.iter().map(|cells| cells.each_ref().map(|cell| escape(cell))).collect();
    let mut widths = [0; COLUMNS];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    let mut write = |cells: &[String; COLUMNS]| {
        for (width, cell) in widths.iter().zip(cells) {
            text.push_str(&format!("| {cell:width$} "));
        }
        text.push_str("|\n");
    };
    for (index, cells) in lines.iter().enumerate() {
        write(cells);
        if index == 0 {
            write(&widths.map(|width| "-".repeat(width)));
        }
    }
    text
}

/// Replaces the table in a text. The lines before and after the table are unchanged.
#[cfg(feature = "audit")]
pub(crate) fn replace_table(text: &str, table: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &&str| line.starts_with('|');
    let first = lines.iter().position(is_row).unwrap_or(lines.len());
    let after = lines.iter().rposition(is_row).map_or(lines.len(), |last| last + 1);
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    // Markdown needs an empty line before a table.
    let gap = if lines[..first].last().is_some_and(|line| !line.is_empty()) { "\n" } else { "" };
    format!("{}{gap}{table}{}", join(&lines[..first]), join(&lines[after..]))
}

/// Escapes the text of a cell. Field values, patterns, names and tags cannot contain line breaks.
fn escape(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('|', "\\|")
}
