//! Checks that the relative links in Markdown pages lead to files and headings of this repository.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the Markdown files at the root, in `docs/`, in `src/docs/` and in the packages under `crates/`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories = vec![root.to_owned(), root.join("docs"), root.join("src/docs")];
    directories.extend(fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path()));
    let files = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let mut pages: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// Returns the lines outside of code blocks, without code spans.
fn prose(text: &str) -> String {
    let mut in_block = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    // Two code spans never touch, so every second part is code.
    lines.collect::<Vec<_>>().join("\n").split('`').step_by(2).collect::<Vec<_>>().join("code")
}

/// Returns the targets of inline links and images, of reference definitions, and of `src` and `href` attributes.
fn links(prose: &str) -> Vec<String> {
    let until = |text: &str, end: &[char]| text.split(end).next().unwrap_or_default().to_owned();
    let mut found: Vec<_> = prose.split("](").skip(1).map(|rest| until(rest, &[')', ' '])).collect();
    for attribute in ["src=\"", "href=\""] {
        found.extend(prose.split(attribute).skip(1).map(|rest| until(rest, &['"'])));
    }
    let definitions = prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    found.extend(definitions.map(|(_, target)| until(target, &[' '])));
    found
}

/// Returns the anchors that GitHub gives the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut in_block = false;
    let headings = text.lines().filter(|line| {
        in_block ^= line.trim_start().starts_with("```");
        !in_block && line.starts_with('#')
    });
    let mut anchors = BTreeSet::new();
    for heading in headings {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut unique = anchor.clone();
        for number in 1.. {
            if anchors.insert(unique) {
                break;
            }
            unique = format!("{anchor}-{number}");
        }
    }
    anchors
}

/// Returns whether the link is a URL or the path of an item. rustdoc checks the paths of items.
fn is_not_relative(link: &str) -> bool {
    ["https://", "http://", "mailto:", "crate::"].iter().any(|start| link.starts_with(start))
}

#[test]
fn relative_links_resolve_inside_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
    let (mut broken, mut checked) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&prose(&text)).iter().filter(|link| !is_not_relative(link)) {
            checked += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let resolves = target.canonicalize().is_ok_and(|target| target.starts_with(&root))
                && (anchor.is_empty() || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor));
            if !resolves {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(checked > 20, "only {checked} links were found");
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn only_links_outside_of_code_are_found() {
    let page = "[a](b.md#c) `[x](y)` ![d](e.svg \"title\")\n```\n[f](g)\n```\n<img src=\"h.png\">\n[i]: j.md\n";
    assert_eq!(links(&prose(page)), ["b.md#c", "e.svg", "h.png", "j.md"]);
}

#[test]
fn anchors_are_derived_from_headings() {
    let page = "# Rule ids\n## `no-store`, and why\n```\n# not a heading\n```\n# Rule ids\n";
    assert_eq!(anchors(page).into_iter().collect::<Vec<_>>(), ["no-store-and-why", "rule-ids", "rule-ids-1"]);
}
