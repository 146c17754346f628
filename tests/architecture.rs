//! Checks the import rule in the sources. Each top-level module of the crate imports only from the modules above it,
//! and the files of a directory do not form a cycle.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules from top to bottom, and the crates that each may use in addition to `std`.
const MODULES: &[(&str, usize, &[&str])] = &[
    ("markdown", 0, &[]),
    ("nearest", 0, &[]),
    ("work", 0, &[]),
    ("protocol", 1, &["bytes", "http"]),
    ("policy", 2, &["arc_swap", "axum", "bytes", "http", "matchit", "serde", "toml", "tracing"]),
    ("edge", 3, &["bytes", "http"]),
    (
        "assets",
        3,
        &[
            "base64",
            "bytes",
            "cssparser",
            "http",
            "mime_guess",
            "minijinja",
            "percent_encoding",
            "serde",
            "serde_json",
            "sha2",
        ],
    ),
    ("store", 4, &["blake3", "bytes", "http", "quick_cache", "twox_hash"]),
    (
        "layers",
        5,
        &[
            "blake3",
            "bytes",
            "http",
            "http_body",
            "pin_project_lite",
            "tower_layer",
            "tower_service",
            "tracing",
            "twox_hash",
        ],
    ),
    ("audit", 5, &["http", "serde"]),
    ("testing", 6, &["bytes", "http", "http_body", "tower_service"]),
    ("axum_handler", 6, &["axum_core", "http"]),
    ("typed_headers", 6, &["headers", "http"]),
];

/// The crate page and the other pages of the documentation are exempt. The packages under `crates/` use the public
/// paths of the library, so they cannot break an import rule.
const OUTSIDE: &[&str] = &["lib.rs", "pages.rs"];

/// Names that the module `protocol` must not use, because it must not depend on clocks, files or the environment.
const NOT_PURE: &[&str] = &["SystemTime::now", "Instant::now", "std::fs", "std::env", "std::net", "std::thread"];

/// Files that the layers do not use, or only with the feature `shared-cache`. The compiler generates code for an
/// `#[inline]` function only where it is called, so applications that do not call these functions do not compile them.
const COMPILED_WHEN_USED: &[&str] = &[
    "edge/status/cache_status.rs",
    "edge/status/codes.rs",
    "edge/status/lenient.rs",
    "edge/status/member.rs",
    "edge/status/outcome.rs",
    "edge/status/report.rs",
    "edge/status/tokens.rs",
    "protocol/cache_control/request.rs",
    "protocol/clear_site_data.rs",
    "protocol/selecting.rs",
    "protocol/stored_fields.rs",
];

/// In these modules, that is also the case for every `Debug` and `Display`.
const CORE: &[&str] = &["protocol", "policy", "edge", "layers"];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, code_of(&text)));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 20, "the sources were found");
    found.into_iter().map(|(path, text)| (path.strip_prefix(&root).unwrap().to_owned(), text)).collect()
}

/// Returns the source without comments, documentation and unit tests.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path) -> Option<(&'static str, usize, &'static [&'static str])> {
    let first = path.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    MODULES.iter().find(|(module, ..)| *module == name).copied()
}

/// Returns the names that follow `prefix`, up to the end of each identifier.
fn names_after<'a>(code: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    code.match_indices(prefix)
        .map(|(at, _)| {
            let rest = &code[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

#[test]
fn each_file_is_in_a_layer_of_the_architecture_or_exempt() {
    for (path, _) in sources() {
        let outside = OUTSIDE.iter().any(|outside| path.starts_with(outside));
        assert_ne!(module_of(&path).is_some(), outside, "{}", path.display());
    }
}

#[test]
fn each_module_imports_only_from_the_modules_above_it() {
    for (path, code) in sources() {
        let Some((module, level, _)) = module_of(&path) else { continue };
        for target in names_after(&code, "crate::") {
            let Some((_, target_level, _)) = MODULES.iter().find(|(name, ..)| *name == target) else {
                panic!("{}: `crate::{target}` is not a module", path.display());
            };
            assert!(*target_level <= level, "{}: {module} must not import from {target}", path.display());
        }
    }
}

#[test]
fn each_module_uses_only_its_permitted_crates() {
    let known: BTreeSet<&str> = MODULES.iter().flat_map(|(_, _, crates)| crates.iter().copied()).collect();
    let others = ["axum", "hyper", "tokio", "tower", "tower_http", "http_body_util", "httpdate", "headers", "serde"];
    for (path, code) in sources() {
        let Some((module, _, allowed)) = module_of(&path) else { continue };
        for name in known.iter().copied().chain(others) {
            let used = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                // A path that starts with this name, and does not only contain a module of this name.
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            assert!(!used || allowed.contains(&name), "{}: {module} must not use {name}", path.display());
        }
    }
}

#[test]
fn the_protocol_module_is_pure() {
    for (path, code) in sources() {
        if module_of(&path).is_some_and(|(module, ..)| module == "protocol") {
            for word in NOT_PURE {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
            assert!(!code.contains("async "), "{}: nothing waits here", path.display());
        }
    }
}

#[test]
fn the_store_module_has_no_clock() {
    for (path, code) in sources() {
        if module_of(&path).is_some_and(|(module, ..)| module == "store") {
            for word in NOT_PURE {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn mod_rs_contains_only_documentation_and_exports() {
    for (path, code) in sources() {
        if path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs") {
            for word in ["fn ", "struct ", "enum ", "impl ", "trait ", "macro_rules"] {
                let defined = code.lines().any(|line| {
                    let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                    line.starts_with(word)
                });
                assert!(!defined, "{}: `{word}` belongs in its own file", path.display());
            }
        }
    }
}

#[test]
fn code_that_few_applications_call_is_compiled_when_used() {
    for (path, code) in sources() {
        let is_listed = COMPILED_WHEN_USED.iter().any(|file| path == Path::new(file));
        let mut previous = "";
        for line in code.lines().map(str::trim_start) {
            let signature = ["pub ", "pub(crate) ", "pub(super) ", "const "]
                .iter()
                .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
            let is_text =
                signature.starts_with("fn fmt(") && CORE.contains(&module_of(&path).map_or("", |(name, ..)| name));
            let needs_it = is_text || is_listed && signature.starts_with("fn ");
            assert!(!needs_it || line.ends_with(';') || previous == "#[inline]", "{}: {line}", path.display());
            previous = line;
        }
    }
}

#[test]
fn siblings_form_no_cycle() {
    let mut arrows: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let sources = sources();
    let files: BTreeSet<&PathBuf> = sources.iter().map(|(path, _)| path).collect();
    for (path, code) in &sources {
        let directory = path.parent().unwrap();
        for sibling in names_after(code, "super::") {
            let file = directory.join(format!("{sibling}.rs"));
            if files.contains(&file) && file != *path {
                arrows.entry(path.clone()).or_default().insert(file);
            }
        }
    }
    assert!(!arrows.is_empty(), "arrows were found");
    fn visit(
        file: &PathBuf,
        arrows: &BTreeMap<PathBuf, BTreeSet<PathBuf>>,
        way: &mut Vec<PathBuf>,
        done: &mut BTreeSet<PathBuf>,
    ) {
        assert!(!way.contains(file), "a cycle: {way:?} and back to {}", file.display());
        if !done.insert(file.clone()) {
            return;
        }
        way.push(file.clone());
        for target in arrows.get(file).into_iter().flatten() {
            visit(target, arrows, way, done);
        }
        way.pop();
    }
    let mut done = BTreeSet::new();
    for file in arrows.keys() {
        visit(file, &arrows, &mut Vec::new(), &mut done);
    }
}

#[test]
fn no_code_is_boxed_unsafe_or_unwrapped() {
    for (path, code) in sources() {
        // A remote store and the timer of the application are behind a pointer, so that caches with and without them
        // have the same type. The receiver of a body is behind a pointer because it comes from the layer above. A hit
        // does not use any of them.
        let is_allowed = ["store/remote.rs", "shared_cache/time_limit.rs", "shared_cache/tee.rs"]
            .iter()
            .any(|file| path.ends_with(file));
        let code = if is_allowed { code.replace("Box<dyn", "") } else { code };
        for word in
            ["Box<dyn", "unsafe {", "unsafe fn", "unsafe impl", ".unwrap()", "todo!", "unimplemented!", "async_trait"]
        {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}
