//! Tests mistakes that users have made, and the compiler messages that explain what to write instead.
//!
//! Each file in `tests/compile_errors/` is one mistake. It must not compile, and the errors must contain the messages
//! that the page `src/docs/compile_errors.md` lists, or that an attribute of this crate contains.
//!
//! The test does not compare complete messages, as `trybuild` does: most of a message comes from the compiler and
//! differs between its versions, and `trybuild` would check all dependencies of the tests a second time. It runs `cargo
//! check` once for a small package with the mistakes as programs, in the target directory of the tests.
#![allow(clippy::unwrap_used)] // As in any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Mistake {
    /// The name of its file.
    file: &'static str,
    /// The messages that the page lists.
    listed: &'static [&'static str],
    /// Messages that only the attributes of this crate contain.
    remedies: &'static [&'static str],
}

const fn mistake(file: &'static str, listed: &'static [&'static str], remedies: &'static [&'static str]) -> Mistake {
    Mistake { file, listed, remedies }
}

const NOT_A_POLICY: &[&str] = &["is not a cache policy"];
const NOT_AN_EDGE: &[&str] = &["does not describe the edges in front of a service"];
const OLD_HTTP: &[&str] = &["is not a request of version 1 of the crate `http`"];
const NO_RESPONSE_PART: &[&str] = &["the trait bound `CachePolicy: IntoResponseParts` is not satisfied"];

const POLICIES: &[&str] = &[
    "`CachePolicy::public(Duration::from_secs(300))` or `CachePolicy::NO_STORE`",
    "pass a closure that chooses by the request to `from_fn` instead of `new`: `from_fn(|request| ...)`",
];
const EDGES: &[&str] = &[
    "`EdgeProfile::CLOUDFLARE`",
    "`Edges::new([EdgeProfile::CLOUDFLARE, EdgeProfile::NGINX])?`",
    "`EdgeProfile::by_name(\"cloudflare\")`",
];
const VERSIONS: &[&str] = &[
    "axum 0.7 or later, hyper 1 or later, tonic 0.12 or later, tower-http 0.5 or later, warp 0.4 or later",
    "`cargo tree --invert http@0.2`",
];

/// Without features.
const MISTAKES: &[Mistake] = &[
    mistake("closure_in_new", NOT_A_POLICY, POLICIES),
    mistake("closure_in_new_without_type", &["type annotations needed"], &[]),
    mistake("text_as_policy", NOT_A_POLICY, POLICIES),
    mistake("array_of_edges", NOT_AN_EDGE, EDGES),
    mistake("name_of_an_edge", NOT_AN_EDGE, EDGES),
    mistake("unchecked_edges", NOT_AN_EDGE, EDGES),
    mistake(
        "closure_as_validator_source",
        &["is not a source of validators"],
        &["pass a closure to `validators` instead of `validator_source`"],
    ),
    mistake("validators_without_a_future", &["`Validators` is not a future"], &[]),
    mistake("async_closure_as_source", &["implementation of `FnOnce` is not general enough"], &[]),
    mistake("option_layer", &["expected `Response<ConditionalBody"], &[]),
    mistake("policy_of_a_handler", &["Handler<_, _>` is not satisfied"], &[]),
    mistake("policy_in_a_response", NO_RESPONSE_PART, &[]),
    mistake("feature_not_enabled", &["the item is gated behind the"], &["`axum` feature", "`assets` feature"]),
    mistake("axum_06", OLD_HTTP, VERSIONS),
    mistake("axum_06_caching", OLD_HTTP, VERSIONS),
    mistake("axum_06_edge", OLD_HTTP, VERSIONS),
    mistake("axum_06_conditional", OLD_HTTP, VERSIONS),
    mistake("axum_06_conditional_with_source", OLD_HTTP, VERSIONS),
    mistake("axum_06_entity_tag", OLD_HTTP, VERSIONS),
    mistake("axum_06_original_path", OLD_HTTP, VERSIONS),
];

const WITH_FEATURES: &[Mistake] = &[
    mistake(
        "policy_in_axum_07",
        &["different versions of crate `axum_core` in the dependency graph"],
        // The version that the feature supports.
        &["axum-core-0.5"],
    ),
    mistake("policy_after_the_content", &["Handler<_, _>` is not satisfied"], &[]),
    mistake("cache_as_layer", &["SharedCache: tower_layer::Layer<"], &[]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_compiler_errors_contain_the_messages_of_the_page_and_the_remedy() {
    for (features, mistakes) in [(None, MISTAKES), (Some("axum,shared-cache"), WITH_FEATURES)] {
        let messages = messages(mistakes, features);
        for Mistake { file, listed, remedies } in mistakes {
            let Some(message) = messages.get(*file) else { panic!("{file}.rs compiles, although it is a mistake") };
            for words in listed.iter().chain(*remedies) {
                assert!(message.contains(words), "{file}.rs: {words:?} is missing in\n{message}");
            }
        }
    }
}

#[test]
fn the_page_lists_the_messages_of_each_mistake_and_no_others() {
    let page = fs::read_to_string(root().join("src/docs/compile_errors.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ``"));
    let listed: BTreeSet<_> = rows.map(|row| row.split("`` |").next().unwrap().trim()).collect();
    let expected: BTreeSet<_> =
        MISTAKES.iter().chain(WITH_FEATURES).flat_map(|mistake| mistake.listed).copied().collect();
    assert_eq!(listed, expected);
}

#[test]
fn each_file_is_a_mistake_of_the_table() {
    let files = fs::read_dir(root().join("tests/compile_errors")).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let table = MISTAKES.iter().chain(WITH_FEATURES).map(|mistake| format!("{}.rs", mistake.file));
    assert_eq!(files, table.collect());
}

/// Compiles the mistakes, and returns the errors of each.
fn messages(mistakes: &[Mistake], features: Option<&str>) -> BTreeMap<String, String> {
    let package = package();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["check", "--keep-going", "--message-format=json", "--manifest-path"]).arg(package.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
    cargo.args(features.iter().flat_map(|feature| ["--features", feature]));
    cargo.args(mistakes.iter().flat_map(|mistake| ["--bin", mistake.file]));
    let output = cargo.stdin(Stdio::null()).output().unwrap();
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        if line["reason"] == "compiler-message" && message["level"] == "error" {
            let of_file = messages.entry(line["target"]["name"].as_str().unwrap().to_owned()).or_default();
            of_file.push_str(message["rendered"].as_str().unwrap());
        }
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!messages.is_empty(), "cargo did not come to the mistakes:\n{stderr}");
    messages
}

/// Writes the manifest of a package whose programs are the mistakes. It uses the versions of the tests, so that most
/// dependencies are already compiled.
fn package() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-errors");
    fs::create_dir_all(&directory).unwrap();
    let mut manifest = format!(
        r#"[package]
name = "compile-errors"
version = "0.0.0"
edition = "2024"

[workspace]

[features]
axum = ["tower-cache-policy/axum"]
shared-cache = ["tower-cache-policy/shared-cache"]

[dependencies]
axum = {{ version = "0.8", default-features = false }}
axum-06 = {{ package = "axum", version = "0.6", default-features = false }}
axum-07 = {{ package = "axum", version = "0.7", default-features = false }}
http = "1"
tower = {{ version = "0.5", features = ["util"] }}
tower-cache-policy = {{ path = {:?} }}

[profile.dev]
debug = "line-tables-only"
"#,
        root()
    );
    for Mistake { file, .. } in MISTAKES.iter().chain(WITH_FEATURES) {
        let path = root().join(format!("tests/compile_errors/{file}.rs"));
        write!(manifest, "\n[[bin]]\nname = {file:?}\npath = {path:?}\n").unwrap();
    }
    // An unchanged manifest is not written again, because cargo would then resolve the versions again.
    let path = directory.join("Cargo.toml");
    if fs::read_to_string(&path).ok().as_ref() != Some(&manifest) {
        fs::write(path, manifest).unwrap();
        if let Ok(lock) = fs::read(root().join("Cargo.lock")) {
            fs::write(directory.join("Cargo.lock"), lock).unwrap();
        }
    }
    directory
}
