//! Checks that the page `migration` compiles each line that it recommends, and that the page `frameworks` names examples
//! that exist and are short.
#![allow(clippy::unwrap_used)] // As in any test.

use std::fs;
use std::path::Path;

const MIGRATION: &str = include_str!("../src/docs/migration.md");
const FRAMEWORKS: &str = include_str!("../src/docs/frameworks.md");

/// A section of the page: its heading, the code spans of the right column of its tables, and its programs.
#[derive(Default)]
struct Section {
    heading: String,
    recommended: Vec<String>,
    programs: String,
}

fn sections(page: &str) -> Vec<Section> {
    let (mut sections, mut in_program) = (vec![Section::default()], false);
    for line in page.lines() {
        let section = sections.last_mut().unwrap();
        if line.starts_with("```") {
            in_program = !in_program;
        } else if in_program {
            section.programs.push_str(line);
        } else if let Some(heading) = line.strip_prefix("# ") {
            sections.push(Section { heading: heading.to_owned(), ..Section::default() });
        } else if let Some(cells) = line.strip_prefix("| ") {
            // Another `|` would be part of a code span, which the page avoids.
            let right = cells.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            section.recommended.extend(right.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    sections
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn each_recommended_line_is_part_of_the_program_below_it() {
    let mut checked = 0;
    for section in sections(MIGRATION) {
        let programs = without_space(&section.programs);
        for line in &section.recommended {
            checked += 1;
            assert!(programs.contains(&without_space(line)), "{}: no program contains `{line}`", section.heading);
        }
    }
    assert!(checked > 50, "only {checked} lines were found");
}

#[test]
fn finds_a_line_that_no_program_contains() {
    let page = "# Tea\n| Theirs | Ours |\n|---|---|\n| `a()` | `b(1)`, `c()` |\n```\nb(\n    1)\n```\n";
    let sections = sections(page);
    let tea = sections.iter().find(|section| section.heading == "Tea").unwrap();
    assert_eq!(tea.recommended, ["b(1)", "c()"]);
    assert!(without_space(&tea.programs).contains("b(1)"));
    assert!(!without_space(&tea.programs).contains("c()"));
}

#[test]
fn each_example_of_a_framework_has_fewer_than_sixty_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: Vec<_> = FRAMEWORKS.split('`').filter(|name| name.starts_with("examples/")).collect();
    assert!(names.len() >= 7, "only these examples were found: {names:?}");
    for name in names {
        let lines =
            fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).lines().count();
        assert!(lines < 60, "{name} has {lines} lines");
    }
}
