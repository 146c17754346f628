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

/// Escapes the text of a cell. Field values, patterns, names and tags cannot contain line breaks, and a tab is white
/// space.
fn escape(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('|', "\\|").replace('\t', " ")
}
