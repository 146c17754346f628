//! Lists the code and the tests for each rule. The rules are those of `tests/data/standards.toml`. A mark is the id of a
//! rule next to a clause, in `src/` or in a test. `docs/conformance.md` is generated from both:
//!
//! ```sh
//! WRITE=1 cargo test --test conformance
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

/// The code that only checks whether other software follows a rule. It counts for the rules of caches, because no other
/// code implements them.
const JUDGES: &[&str] = &[
    "crates/cache-check/",
    "src/audit/",
    "src/testing/",
    "tests/audit.rs",
    "tests/audit_differential.rs",
    "tests/audit_edges.rs",
    "tests/testing.rs",
];

/// The maximum number of places in a cell. Further places are only counted.
const NAMED: usize = 5;

// ==== The rules ====

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Standards {
    chapter: Vec<Chapter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chapter {
    title: String,
    source: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    level: String,
    role: Role,
    /// A summary of the rule.
    rule: String,
    /// The reason why no code is marked with the rule.
    no_code: Option<String>,
    /// The reason why no test is marked with the rule.
    no_test: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    Origin,
    Proxy,
    Cache,
    None,
}

impl Rule {
    fn counts(&self, place: &Place) -> bool {
        self.role != Role::Origin || !JUDGES.iter().any(|judge| place.file.starts_with(judge))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn standards() -> Standards {
    toml::from_str(&fs::read_to_string(root().join("tests/data/standards.toml")).unwrap()).unwrap()
}

// ==== The marks ====

/// A function, or another item, with a mark in it or in its docs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    /// Functions come first.
    is_other: bool,
    name: String,
}

/// The places by rule id.
#[derive(Default)]
struct Marks {
    code: BTreeMap<String, BTreeSet<Place>>,
    tests: BTreeMap<String, BTreeSet<Place>>,
    /// Marks in tests that no test runs.
    idle: Vec<String>,
}

/// An item of a source file, by its lines.
struct Item {
    kind: &'static str,
    name: String,
    /// The first line, including documentation and attributes.
    from: usize,
    to: usize,
    is_test: bool,
}

struct Source {
    path: String,
    lines: Vec<String>,
    items: Vec<Item>,
    /// The first line of the test module.
    tests_from: usize,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let items = items_of(&lines);
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let tests_from = if name.starts_with("tests/") || name.contains("/tests/") || is_only_for_tests(path) {
            0
        } else {
            lines.iter().position(|line| line == "mod tests {").unwrap_or(lines.len())
        };
        Self { path: name, lines, items, tests_from }
    }

    /// The item that a line belongs to: the innermost one, or the one that follows a doc comment.
    fn item_at(&self, line: usize) -> Option<&Item> {
        self.items.iter().rfind(|item| item.kind != "impl" && (item.from..=item.to).contains(&line))
    }

    /// The readable name of the item that contains a line: `HttpDate::parse`, `Guard::SetCookie`.
    fn place_at(&self, line: usize) -> Option<Place> {
        let Some(item) = self.item_at(line) else {
            // The documentation of an `impl`.
            let owner = self.items.iter().rev().find(|one| (one.from..=one.to).contains(&line))?;
            return Some(Place { file: self.path.clone(), is_other: true, name: owner.name.clone() });
        };
        let owner = self.items.iter().rfind(|one| one.kind == "impl" && (one.from..=one.to).contains(&item.from));
        let mut name = item.name.clone();
        if let Some(owner) = owner {
            name = format!("{}::{name}", owner.name);
        } else if item.kind == "enum" || item.kind == "struct" {
            let inside = line > item.to_declaration(&self.lines);
            let part =
                self.lines[line..].iter().find(|line| !is_comment(line)).map(|line| identifier(line.trim_start()));
            if inside && let Some(part) = part.filter(|part| !part.is_empty()) {
                name = format!("{name}::{part}");
            }
        }
        Some(Place { file: self.path.clone(), is_other: item.kind != "fn", name })
    }

    /// The tests that contain a line of a test file, or use the item that contains it.
    fn tests_at(&self, line: usize, others: &[Self]) -> BTreeSet<Place> {
        let mut found = BTreeSet::new();
        let Some(item) = self.item_at(line) else { return found };
        let mut todo = vec![(self, item)];
        let mut seen = BTreeSet::new();
        while let Some((source, item)) = todo.pop() {
            if item.is_test {
                found.insert(Place { file: source.path.clone(), is_other: false, name: item.name.clone() });
                continue;
            }
            if !seen.insert((source.path.clone(), item.name.clone())) {
                continue;
            }
            for user in others.iter().filter(|one| one.path == source.path || one.shares(&source.path)) {
                for other in user.items.iter().filter(|other| other.kind == "fn" || other.kind == "const") {
                    let mut lines = user.lines[other.from..=other.to].iter().filter(|line| !is_comment(line));
                    if other.name != item.name && lines.any(|line| has_word(line, &item.name)) {
                        todo.push((user, other));
                    }
                }
            }
        }
        found
    }

    /// Returns whether it contains the module `path` of `tests/support/`, which several tests share.
    fn shares(&self, path: &str) -> bool {
        let Some(module) = path.strip_prefix("tests/").filter(|path| path.starts_with("support/")) else {
            return false;
        };
        // A directory of `tests/support/` is one module, including its subdirectories.
        let ends = module.match_indices('/').map(|(at, _)| at).take(2).last();
        let directory = ends.map_or(module, |at| &module[..at]);
        self.path.strip_prefix("tests/").is_some_and(|own| own.starts_with(&format!("{directory}/")))
            || self.lines.iter().any(|line| match module {
                "support/mod.rs" => line == "mod support;",
                _ => line.starts_with("#[path") && line.contains(directory),
            })
    }
}

impl Item {
    /// The line of the `enum` or `struct` after its documentation.
    fn to_declaration(&self, lines: &[String]) -> usize {
        (self.from..=self.to)
            .find(|&line| !is_comment(&lines[line]) && !lines[line].trim_start().starts_with('#'))
            .unwrap()
    }
}

/// Each item of a formatted file, outer items before inner ones.
fn items_of(lines: &[String]) -> Vec<Item> {
    let mut items = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((kind, name)) = declaration(line) else { continue };
        let indent = indent_of(line);
        let mut from = at;
        while from > 0 && indent_of(&lines[from - 1]) == indent && {
            let before = lines[from - 1].trim_start();
            before.starts_with("///")
                || before.starts_with("//") && !before.starts_with("//!")
                || before.starts_with('#')
        } {
            from -= 1;
        }
        let ends_here = line.ends_with(';') || line.ends_with('}') && line.contains('{');
        let to =
            if ends_here { at } else { (at + 1..lines.len()).find(|&end| closes(&lines[end], indent)).unwrap_or(at) };
        let is_test =
            lines[from..at].iter().any(|line| line.trim_start().starts_with('#') && line.trim_end().contains("test"));
        items.push(Item { kind, name, from, to, is_test: is_test && kind == "fn" });
    }
    items
}

fn declaration(line: &str) -> Option<(&'static str, String)> {
    let mut rest = line.trim_start();
    for visibility in ["pub(crate) ", "pub(super) ", "pub "] {
        rest = rest.strip_prefix(visibility).unwrap_or(rest);
    }
    for kind in ["fn", "struct", "enum", "trait", "impl", "static", "type", "macro_rules!"] {
        let mut rest = rest;
        for modifier in ["const ", "async ", "unsafe "] {
            if kind == "fn" {
                rest = rest.strip_prefix(modifier).unwrap_or(rest);
            }
        }
        let Some(rest) = rest.strip_prefix(kind).filter(|rest| rest.starts_with([' ', '<'])) else { continue };
        let name = if kind == "impl" { implementor(rest) } else { identifier(rest.trim_start()) };
        return Some((kind, name.to_owned()));
    }
    let constant = rest.strip_prefix("const ").map(identifier).filter(|name| !name.is_empty() && *name != "fn");
    constant.map(|name| ("const", name.to_owned()))
}

/// Returns the type in `<'a> Trait for Type<'a> {` and in `Type {`.
fn implementor(rest: &str) -> &str {
    let mut depth = 0;
    let after_generics = if rest.starts_with('<') {
        let end = rest.char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '<') - i32::from(c == '>' && !rest[..at].ends_with('-'));
            (depth == 0).then_some(at + 1)
        });
        &rest[end.unwrap_or(rest.len())..]
    } else {
        rest
    };
    identifier(after_generics.split(" for ").last().unwrap().trim_start().trim_start_matches('&'))
}

fn identifier(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

fn closes(line: &str, indent: usize) -> bool {
    let text = line.trim_start();
    indent_of(line) == indent
        && (text.starts_with('}')
            || text.starts_with([']', ')']) && text.ends_with(';')
            || text == ");"
            || text == "];")
        && !text.ends_with('{')
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn has_word(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        !line[..at].ends_with(is_part) && !line[at + name.len()..].starts_with(is_part)
    })
}

/// Returns whether the parent module declares the file for tests only.
fn is_only_for_tests(path: &Path) -> bool {
    let parent = fs::read_to_string(path.with_file_name("mod.rs")).unwrap_or_default();
    let name = path.file_stem().unwrap().to_str().unwrap();
    parent.contains(&format!("#[cfg(test)]\nmod {name};"))
}

/// The ids in a line, such as `P-05`. A range such as `C-10 to C-16` contains all ids in between.
fn ids_in(line: &str) -> Vec<String> {
    let id_at = |at: usize| -> Option<(char, u32)> {
        let text = line.get(at..at + 4)?;
        let mut chars = text.chars();
        let letter = chars.next().filter(char::is_ascii_uppercase)?;
        let number = text[1..]
            .strip_prefix('-')?
            .parse()
            .ok()
            .filter(|_| text.as_bytes()[2..].iter().all(u8::is_ascii_digit))?;
        let is_part = |c: char| c.is_ascii_alphanumeric();
        let alone =
            !line[..at].ends_with(is_part) && !line[..at].ends_with('-') && !line[at + 4..].starts_with(is_part);
        alone.then_some((letter, number))
    };
    let mut ids = Vec::new();
    for (at, _) in line.char_indices() {
        let Some((letter, number)) = id_at(at) else { continue };
        let end = line[at + 4..].strip_prefix(" to ").and_then(|_| id_at(at + 8)).filter(|(other, _)| *other == letter);
        for number in number..=end.map_or(number, |(_, end)| end) {
            ids.push(format!("{letter}-{number:02}"));
        }
    }
    ids
}

/// The rule of each guard: `Guard::SetCookie` in code and tests counts as its id.
fn guards() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("src/policy/guards.rs")).unwrap();
    let guards: BTreeMap<_, _> = text
        .split("    row(Guard::")
        .filter_map(|row| row.split_once(", \"G-"))
        .map(|(name, rest)| (format!("Guard::{name}"), format!("G-{}", &rest[..2])))
        .collect();
    assert!(guards.len() > 10, "the guards were found");
    guards
}

fn marks() -> &'static Marks {
    static MARKS: LazyLock<Marks> = LazyLock::new(read_marks);
    &MARKS
}

fn read_marks() -> Marks {
    let guards = guards();
    let mut paths = Vec::new();
    for directory in ["crates", "src", "tests"] {
        walk(&root().join(directory), &mut paths);
    }
    paths.sort();
    let sources: Vec<Source> = paths.iter().map(|path| Source::read(path)).collect();
    let mut marks = Marks::default();
    for source in &sources {
        if source.path == "tests/conformance.rs" {
            continue;
        }
        let mut in_example = false;
        for (at, line) in source.lines.iter().enumerate() {
            // An example in the documentation is not a mark.
            if line.trim_start().starts_with("/// ```") {
                in_example = !in_example;
            }
            if in_example {
                continue;
            }
            // The page of a module describes rules but does not implement them.
            if line.trim_start().starts_with("//!") && source.tests_from > 0 {
                continue;
            }
            let mut ids = ids_in(line);
            let is_test = at >= source.tests_from;
            if !is_comment(line) && source.path != "src/policy/guards.rs" {
                ids.extend(guards.iter().filter(|(guard, _)| has_word(line, guard)).map(|(_, id)| id.clone()));
            }
            for id in ids {
                if is_test {
                    let tests = source.tests_at(at, &sources);
                    if tests.is_empty() && !line.trim_start().starts_with("//!") {
                        marks.idle.push(format!("{}:{}: {id}", source.path, at + 1));
                    }
                    marks.tests.entry(id).or_default().extend(tests);
                } else if let Some(place) = source.place_at(at) {
                    marks.code.entry(id).or_default().insert(place);
                }
            }
        }
    }
    marks
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

// ==== The page ====

const HEAD: &str = "# Conformance

This page lists the rules that this crate follows, with the code that implements each rule and the tests that prove it.
`tests/conformance.rs` generates it from the ids of rules in comments in `src/` and in the tests. The test fails if a rule has neither
code and a test nor a reason. To regenerate the page, run `WRITE=1 cargo test --all-features --test conformance`.

A **bold** id is a rule for origin servers, which applies to this crate. Each of these rules has code and a test, or the table gives
the reason. The rules for caches are implemented by `CacheAudit` and the `protocol` module, which predict what caches do. Code that
only checks other software (`CacheAudit`, `cache-check`, the assertions for tests) does not count toward a bold rule. If an id is in a
table of test cases, each test that runs the table is listed. The level is the keyword of the standard. `DESIGN` is a decision of this
crate, such as the guards (G) and the order of layers (L).
";

fn page(standards: &Standards, marks: &Marks) -> String {
    let mut page = HEAD.to_owned();
    let rules = || standards.chapter.iter().flat_map(|chapter| &chapter.rules);
    let binding = || rules().filter(|rule| rule.role == Role::Origin);
    let with_reason = binding().filter(|rule| rule.no_code.is_some() || rule.no_test.is_some()).count();
    writeln!(
        page,
        "\n{} of the {} rules bind an origin. {} of them have code and a test, and {with_reason} have a reason instead.",
        binding().count(),
        rules().count(),
        binding().count() - with_reason,
    )
    .unwrap();
    for chapter in &standards.chapter {
        writeln!(page, "\n## {}\n\nFrom {}.\n", chapter.title, chapter.source).unwrap();
        writeln!(page, "| Id | Level | Rule | Code | Tests |\n|---|---|---|---|---|").unwrap();
        for rule in &chapter.rules {
            let id = if rule.role == Role::Origin { format!("**{}**", rule.id) } else { rule.id.clone() };
            let cells = [(&marks.code, &rule.no_code), (&marks.tests, &rule.no_test)].map(|(marks, reason)| {
                let places = marks.get(&rule.id).into_iter().flatten().filter(|place| rule.counts(place));
                cell(places.collect(), reason.as_deref(), rule.role)
            });
            let text = rule.rule.replace('*', "\\*").replace('|', "\\|");
            writeln!(page, "| {id} | {} | {text} | {} | {} |", rule.level, cells[0], cells[1]).unwrap();
        }
    }
    page
}

fn cell(mut places: Vec<&Place>, reason: Option<&str>, role: Role) -> String {
    if let Some(reason) = reason {
        return reason.to_owned();
    }
    if places.is_empty() {
        return match role {
            Role::Origin => "missing".to_owned(),
            Role::Proxy => "for proxies".to_owned(),
            Role::Cache => "for caches".to_owned(),
            Role::None => "a fact".to_owned(),
        };
    }
    places.sort_by_key(|place| (place.is_other, *place));
    let more = places.len().saturating_sub(NAMED);
    let mut files: Vec<(&str, Vec<&str>)> = Vec::new();
    for place in places.into_iter().take(NAMED) {
        match files.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, names)) => names.push(&place.name),
            None => files.push((&place.file, vec![&place.name])),
        }
    }
    let mut cell: Vec<String> = files
        .iter()
        .map(|(file, names)| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("[{file}](../{file}): {}", names.join(", "))
        })
        .collect();
    if more > 0 {
        cell.push(format!("and {more} more"));
    }
    cell.join("<br>")
}

// ==== The tests ====

#[test]
fn each_rule_for_origins_has_code_and_a_test_or_a_reason() {
    let marks = marks();
    let mut wrong = Vec::new();
    for rule in standards().chapter.iter().flat_map(|chapter| &chapter.rules) {
        let count = |marks: &BTreeMap<String, BTreeSet<Place>>| {
            marks.get(&rule.id).map_or(0, |places| places.iter().filter(|place| rule.counts(place)).count())
        };
        let (code, tests) = (count(&marks.code), count(&marks.tests));
        let needs_test = rule.role == Role::Origin || code > 0;
        for (what, found, needed, reason) in
            [("code", code, rule.role == Role::Origin, &rule.no_code), ("test", tests, needs_test, &rule.no_test)]
        {
            match (found, reason) {
                (0, None) if needed => {
                    wrong.push(format!("{}: no {what} has this mark, and no reason is given", rule.id))
                }
                (1.., Some(_)) => wrong.push(format!("{}: `no_{what}` gives a reason, but there is a mark", rule.id)),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} rules:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_mark_is_the_id_of_a_rule_and_is_in_a_test_that_runs() {
    let standards = standards();
    let rules: Vec<&str> =
        standards.chapter.iter().flat_map(|chapter| &chapter.rules).map(|rule| rule.id.as_str()).collect();
    let distinct: BTreeSet<&str> = rules.iter().copied().collect();
    assert_eq!(rules.len(), distinct.len(), "a rule is listed twice");
    let marks = marks();
    for (id, places) in marks.code.iter().chain(&marks.tests) {
        assert!(distinct.contains(id.as_str()), "{id} is not the id of a rule: {places:?}");
    }
    assert!(marks.idle.is_empty(), "marks in code that no test runs:\n{}", marks.idle.join("\n"));
}

#[test]
fn the_page_is_generated_from_the_marks() {
    let path = root().join("docs/conformance.md");
    let made = page(&standards(), marks());
    if std::env::var_os("WRITE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "docs/conformance.md is out of date: WRITE=1 cargo test --all-features --test conformance"
    );
}

#[test]
fn a_mark_belongs_to_the_item_that_contains_it() {
    assert_eq!(
        ids_in("reads it (P-05, G-01), as D-02 to D-04 have it"),
        ["P-05", "G-01", "D-02", "D-03", "D-04", "D-04"]
    );
    assert_eq!(ids_in("UTF-16, E1-1, SHA-384, X-123, A-01-b"), ["A-01"]);
    let text = "/// V-01\npub const fn a() {\n    // V-02\n}\n\nimpl<'a> B for C<'a> {\n    /// V-03\n    fn d(\n        &self,\n    ) \
                -> E {\n        f() // V-04\n    }\n}\n\nenum G {\n    /// V-05\n    H,\n}\n";
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let items = items_of(&lines);
    let source = Source { path: String::new(), lines, items, tests_from: usize::MAX };
    for (line, name) in [(0, "a"), (2, "a"), (6, "C::d"), (10, "C::d"), (15, "G::H")] {
        assert_eq!(source.place_at(line).unwrap().name, name, "line {line}");
    }
}
