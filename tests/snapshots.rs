//! Tests the assertions for deployments: those about one response, and those that compare a table with a committed
//! file. Each assertion fails when it should, with a message that contains the path, the expected value and the actual
//! value.
#![allow(clippy::unwrap_used)] // As in any test.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use futures_util::FutureExt;
use http::{Method, Request, StatusCode};
use proptest::prelude::*;
use tower_cache_policy::audit::{CacheSnapshot, SnapshotRow};
use tower_cache_policy::edge::{EdgeProfile, Edges};
use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
use tower_cache_policy::policy::{CachePolicy, CacheTag};
use tower_cache_policy::protocol::HttpDate;
use tower_cache_policy::testing::{
    assert_cache_control, assert_matches_snapshot, assert_not_shared, assert_private, assert_table_matches_snapshot,
};
use tower_cache_policy::{CachePolicyLayer, CachingLayer, EdgeLayer};

const MINUTE: Duration = Duration::from_secs(60);
const NEWS: CachePolicy = CachePolicy::public(MINUTE);

fn request(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

/// A route that sends exactly these fields.
fn sending(fields: &'static [(&'static str, &'static str)]) -> Router {
    let handler = move || async move {
        let mut response = Response::new(axum::body::Body::from("content"));
        for (name, value) in fields {
            response.headers_mut().append(*name, value.parse().unwrap());
        }
        response
    };
    Router::new().route("/account", get(handler))
}

/// The message of an assertion that fails.
async fn fails(assertion: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(assertion).catch_unwind().await.expect_err("the assertion fails");
    let message = *panic.downcast::<String>().unwrap();
    assert!(message.contains("asserted at tests/snapshots.rs:"), "{message}");
    message
}

#[tokio::test]
async fn a_response_is_shared_if_a_shared_cache_or_any_cdn_may_store_it() {
    for fields in [
        &[("cache-control", "private, no-store")][..],
        &[("cache-control", "private, no-cache")],
        &[("cache-control", "private, max-age=60")],
        &[("cache-control", "private, no-store"), ("set-cookie", "id=1")],
    ] {
        assert_not_shared(&sending(fields), request("/account")).await;
    }
    for (fields, caches) in [
        (&[("cache-control", "max-age=60")][..], "a shared cache"),
        (&[("cache-control", "no-cache")], "a shared cache"),
        (&[], "a shared cache"),
        // The standard forbids storing these responses, but a CDN stores them.
        (&[("cache-control", "private, max-age=60"), ("surrogate-control", "max-age=60")], "the edge cache `squid`"),
        (&[("cache-control", "no-store"), ("surrogate-control", "max-age=60")], "the edge cache `fastly`"),
        (&[("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")], "the edge cache `cloudflare`"),
        (&[("cache-control", "no-store")], "the edge cache `"),
    ] {
        let message = fails(assert_not_shared(&sending(fields), request("/account"))).await;
        let expected = "expected a response that no shared cache stores, but these caches may store it: ";
        assert!(message.starts_with(expected), "{message}");
        assert!(message.lines().next().unwrap().contains(caches), "{caches}: {message}");
        assert!(message.contains("GET /account\n200"), "{message}");
        assert!(message.lines().nth(1).unwrap().contains(" may store it ("), "the reason of the first: {message}");
    }
}

#[tokio::test]
async fn a_private_response_is_stored_by_browsers_only() {
    for value in ["private, max-age=60", "private, no-cache", "private"] {
        let app = Router::new().route("/account", get(move || async move { ([("cache-control", value)], "content") }));
        assert_private(&app, request("/account")).await;
    }
    let never = fails(assert_private(&sending(&[("cache-control", "private, no-store")]), request("/account"))).await;
    assert!(never.starts_with("expected a response that a browser may store"), "{never}");
    let shared = fails(assert_private(&sending(&[("cache-control", "public")]), request("/account"))).await;
    assert!(
        shared.starts_with("expected a response that no shared cache stores, but these caches may store it: a shared"),
        "{shared}"
    );
}

#[tokio::test]
async fn cache_control_is_exactly_that_of_the_policy() {
    let app = sending(&[("cache-control", "public, max-age=60")]);
    assert_cache_control(&app, request("/account"), NEWS).await;
    let head = Request::head("/account").body(String::new()).unwrap();
    assert_cache_control(&app, head, NEWS).await;
    for (fields, got) in [
        (&[("cache-control", "max-age=60")][..], "`max-age=60`"),
        (&[("cache-control", "public,max-age=60")], "`public,max-age=60`"),
        (&[("cache-control", "public"), ("cache-control", "max-age=60")], "`public` and `max-age=60`"),
        (
            &[("cache-control", "public, max-age=60"), ("cache-control", "no-store")],
            "`public, max-age=60` and `no-store`",
        ),
        (&[], "none"),
    ] {
        let message = fails(assert_cache_control(&sending(fields), request("/account"), NEWS)).await;
        let expected = format!("expected `Cache-Control: public, max-age=60` for /account, but got {got}\n");
        assert!(message.starts_with(&expected), "{message}");
    }
}

// ==== Snapshots ====

/// An application with one route that may be public by mistake.
fn app(account: CachePolicy) -> Router {
    Router::new()
        .route("/", get(async || (NEWS, "home")))
        .route("/account", get(move || async move { (account, "account") }))
        .route("/page", get(async || (CacheTag::from_static("pages"), NEWS.edge(60 * MINUTE), "page")))
        .route("/gone", get(async || StatusCode::GONE))
        .layer(CachingLayer::new(CachePolicy::PRIVATE_NO_CACHE).policy(|policy| policy.vary(&["cookie", "Accept"])))
        .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE))
}

fn requests() -> [Request<String>; 4] {
    ["/", "/account", "/page", "/gone?a=1|2"].map(request)
}

const SNAPSHOT: &str = r"# What caches do

| Request          | Status | Cache-Control      | Vary           | At the edge                                                         | Browsers   | Shared caches |
| ---------------- | ------ | ------------------ | -------------- | ------------------------------------------------------------------- | ---------- | ------------- |
| GET /            | 200    | public, max-age=60 | accept, cookie | cloudflare-cdn-cache-control: max-age=60                            | 60 s       | 60 s          |
| GET /account     | 200    | private, no-store  | accept, cookie | cloudflare-cdn-cache-control: no-store                              | not stored | not stored    |
| GET /gone?a=1\|2 | 410    | private, no-store  | accept, cookie | cloudflare-cdn-cache-control: no-store                              | not stored | not stored    |
| GET /page        | 200    | public, max-age=60 | accept, cookie | cache-tag: pages; cloudflare-cdn-cache-control: max-age=3600        | 60 s       | 60 s          |
";

/// A file with this text, in a directory that is removed at the end.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("caching.md");
    fs::write(&file, text).unwrap();
    (directory, file)
}

#[tokio::test]
async fn a_service_matches_its_snapshot_whatever_the_width_of_the_columns() {
    let (_directory, file) = file(SNAPSHOT);
    assert_matches_snapshot(&app(CachePolicy::NO_STORE), requests(), &file).await;
    let read: CacheSnapshot = SNAPSHOT.parse().unwrap();
    assert_eq!(read.to_markdown().parse::<CacheSnapshot>().unwrap(), read);
}

#[tokio::test]
async fn a_route_that_becomes_publicly_cacheable_fails_by_its_path() {
    let (_directory, file) = file(SNAPSHOT);
    let message = fails(assert_matches_snapshot(&app(NEWS), requests(), &file)).await;
    let expected = "\
`GET /account`: shared caches may now store it
  Cache-Control: expected `private, no-store`, but got `public, max-age=60`
  At the edge: expected `cloudflare-cdn-cache-control: no-store`, but got `cloudflare-cdn-cache-control: max-age=60`
  Browsers: expected `not stored`, but got `60 s`
  Shared caches: expected `not stored`, but got `60 s`

compared with ";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.contains("run the test with UPDATE_CACHE_SNAPSHOTS=1 and review the difference"), "{message}");
}

#[tokio::test]
async fn a_field_for_cdns_alone_makes_a_route_public() {
    let hidden = "\
| Request      | Status | Cache-Control     | Vary | At the edge | Browsers   | Shared caches |
| ------------ | ------ | ----------------- | ---- | ----------- | ---------- | ------------- |
| GET /account | 200    | private, no-store |      |             | not stored | not stored    |
";
    let (_directory, file) = file(hidden);
    let app = sending(&[("cache-control", "private, no-store"), ("surrogate-control", "max-age=60")]);
    let message = fails(assert_matches_snapshot(&app, [request("/account")], &file)).await;
    let expected = "\
`GET /account`: shared caches may now store it
  At the edge: expected nothing, but got `surrogate-control: max-age=60`
  Shared caches: expected `not stored`, but got `CDNs only`
";
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn routes_that_are_new_or_no_longer_requested_fail_and_public_ones_come_first() {
    let (_directory, file) = file(SNAPSHOT);
    let app = app(CachePolicy::NO_STORE).route("/new", get(async || "new"));
    let list = ["/", "/account", "/page", "/new"].map(request);
    let message = fails(assert_matches_snapshot(&app, list, &file)).await;
    let first =
        "`GET /new`: the snapshot does not have this request, and shared caches may now store it\n  Status: got `200`";
    assert!(message.starts_with(first), "{message}");
    assert!(message.contains("`GET /gone?a=1|2`: the snapshot has this request, but it was not sent"), "{message}");
    assert!(!message.contains("`GET /`:"), "{message}");
}

#[tokio::test]
async fn a_longer_lifetime_and_another_status_fail_too() {
    let (_directory, file) = file(SNAPSHOT);
    let longer = app(CachePolicy::NO_STORE).layer(CachePolicyLayer::new(NEWS.edge(60 * MINUTE)).override_handler());
    let message = fails(assert_matches_snapshot(&longer, requests(), &file)).await;
    assert!(message.starts_with("`GET /`: the response has changed\n"), "{message}");

    let moved = Router::new().route("/gone", get(async || "page")).layer(CachePolicyLayer::new(CachePolicy::NO_STORE));
    let message = fails(assert_matches_snapshot(&moved, [request("/gone?a=1|2")], &file)).await;
    assert!(message.contains("  Status: expected `410`, but got `200`"), "{message}");
}

#[tokio::test]
async fn the_same_path_may_be_listed_once_for_each_method() {
    let app = app(CachePolicy::NO_STORE);
    let (_directory, file) = file("");
    let twice = [request("/"), request("/")];
    let message = fails(assert_matches_snapshot(&app, twice, &file)).await;
    assert!(message.starts_with("the request `GET /` is listed twice; remove one"), "{message}");
    let head = Request::builder().method(Method::HEAD).uri("/").body(String::new()).unwrap();
    let message = fails(assert_matches_snapshot(&app, [request("/"), head], &file)).await;
    assert!(message.contains("`GET /`: the snapshot") && message.contains("`HEAD /`: the snapshot"), "{message}");
}

#[tokio::test]
async fn a_missing_or_broken_file_is_named_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none.md");
    let message = fails(assert_matches_snapshot(&app(CachePolicy::NO_STORE), requests(), &missing)).await;
    assert!(message.starts_with(&format!("there is no file {}\n", missing.display())), "{message}");
    assert!(message.contains("UPDATE_CACHE_SNAPSHOTS=1"), "{message}");
    let (_directory, broken) = file("# Caching\n\nNo table.\n");
    let message = fails(assert_matches_snapshot(&app(CachePolicy::NO_STORE), requests(), &broken)).await;
    assert!(message.contains("caching.md: line 1: there is no table; write it again"), "{message}");
}

#[test]
fn each_fault_of_a_table_is_named_with_its_line() {
    let titles = "| Request | Status | Cache-Control | Vary | At the edge | Browsers | Shared caches |";
    let rule = "|---|---|---|---|---|---|---|";
    let right = "| GET / | 200 | no-store |  |  | not stored | not stored |";
    let table = |row: &str| format!("{titles}\n{rule}\n{right}\n{row}\n");
    assert_eq!(table("").parse::<CacheSnapshot>().unwrap().rows().count(), 1);
    for (text, expected) in [
        ("| Request | Status |\n|---|---|\n".to_owned(), "line 1: the table does not have the columns | Request |"),
        (format!("{titles}\n{right}\n"), "line 2: the line of dashes under the titles is missing"),
        (titles.to_owned(), "line 2: the line of dashes under the titles is missing"),
        (table(right), "line 4: there are two rows for `GET /`; remove one"),
        (table("| GET /a | 200 |"), "line 4: the row has 2 cells, but the table has 7 columns"),
        (table("| GET /a | 200 | no-store |  |  | not stored | not stored"), "line 4: the row does not end with `|`"),
        (
            table("| GET /a | 200 | no-store |  |  | not stored | not stored \\"),
            "line 4: the row does not end with `|`",
        ),
        (table("| /a | 200 | a |  |  | 1 s | 1 s |"), "line 4: `/a` is not a request; write it as `GET /path`"),
        (table("| GET a | 200 | a |  |  | 1 s | 1 s |"), "line 4: `GET a` is not a request"),
        (table("| G(T /a | 200 | a |  |  | 1 s | 1 s |"), "line 4: `G(T /a` is not a request"),
        (table("| GET /a b | 200 | a |  |  | 1 s | 1 s |"), "line 4: `GET /a b` is not a request"),
        (table("| GET /a | 2000 | a |  |  | 1 s | 1 s |"), "line 4: `2000` is not a status; write three digits"),
        (
            table("| GET /a | 200 | a |  |  | 1 s | often |"),
            "line 4: `often` is not the behavior of a cache; write `60 s`",
        ),
        (table("| GET /a | 200 | a |  |  | -1 s | 1 s |"), "line 4: `-1 s` is not the behavior of a cache"),
    ] {
        let error = text.parse::<CacheSnapshot>().unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
        assert!(error.to_string().starts_with(&format!("line {}", error.line())));
    }
    let long = table(&format!("| GET {} | x | a |  |  | 1 s | 1 s |", "x".repeat(100_000))).parse::<CacheSnapshot>();
    assert!(long.unwrap_err().to_string().len() < 400, "a long cell is cut");
}

#[test]
fn every_value_survives_the_table() {
    let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    let mut snapshot = CacheSnapshot::new();
    for (path, value) in [
        ("/plain", "max-age=60"),
        ("/pipe|?a=|", "private=\"a|b\", max-age=1"),
        ("/backslash", "x=\"a\\\"b\\\\|\", no-cache"),
        ("/tab", "max-age=60,\tpublic"),
        ("/none", ""),
        ("/latin-1", "max-age=60, x=\u{e9}"),
        ("/heuristic", "public"),
    ] {
        let (request, ()) = Request::get(path).body(()).unwrap().into_parts();
        let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        let response = http::Response::builder().header("cache-control", value).header("vary", "B, a").body(());
        let row = SnapshotRow::of(&request, &response.unwrap().into_parts().0, now);
        assert!(snapshot.insert(row.clone()).is_none());
        assert_eq!(snapshot.insert(row.clone()), Some(row));
    }
    let text = snapshot.to_markdown();
    let read: CacheSnapshot = text.parse().unwrap();
    assert_eq!(read.to_markdown(), text);
    assert_eq!(snapshot.changes_to(&read), [], "{text}");
    assert!(text.contains("| a, b |"), "{text}");
}

proptest! {
    #[test]
    fn any_field_values_and_paths_survive_the_table(
        value in proptest::collection::vec(prop_oneof![Just(b'\t'), Just(b'|'), Just(b'\\'), 0x20..=0x7e_u8, 0x80..=0xff_u8], 0..40),
        vary in "[-a-zA-Z|*, \t]{0,20}",
        path in "[-a-z0-9/?&=%|.\\\\_~]{0,20}",
    ) {
        let Ok(uri) = format!("/{path}").parse::<http::Uri>() else { return Ok(()) };
        let (request, ()) = Request::get(uri).body(()).unwrap().into_parts();
        let value = http::HeaderValue::from_bytes(&value).unwrap();
        let response = http::Response::builder()
            .header("cache-control", &value)
            .header("vary", vary)
            .header("surrogate-key", &value)
            .body(());
        let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
        let snapshot = CacheSnapshot::from_iter([SnapshotRow::of(&request, &response.unwrap().into_parts().0, now)]);
        let read: CacheSnapshot = snapshot.to_markdown().parse().unwrap();
        prop_assert_eq!(snapshot.changes_to(&read), []);
        let surrounded = format!("# Title\n{}", snapshot.replace_in("text\n\n| old |\nend"));
        prop_assert_eq!(surrounded.parse::<CacheSnapshot>().unwrap(), read);
    }

    #[test]
    fn any_text_is_a_table_or_an_error_with_a_line(pieces in proptest::collection::vec(
        proptest::sample::select(&[
            "| Request | Status | Cache-Control | Vary | At the edge | Browsers | Shared caches |\n", "|---|---|---|---|---|---|---|\n",
            "| GET /a", "| GET /b |", "| HEAD /c", " | 200 |", " 404 |", " x |", "  |", " 60 s |", " not stored |", " CDNs only |", " heuristic |",
            "\n", "\r\n", "\\", "|", "\t", " ", "\u{a0}", "é", "-",
        ]),
        0..30,
    )) {
        let text = pieces.concat();
        match text.parse::<CacheSnapshot>() {
            Ok(snapshot) => {
                prop_assert_eq!(&snapshot.to_markdown().parse::<CacheSnapshot>().unwrap(), &snapshot);
                prop_assert_eq!(&snapshot.replace_in(&text).parse::<CacheSnapshot>().unwrap(), &snapshot);
            }
            Err(error) => prop_assert!((1..=text.lines().count() + 1).contains(&error.line()), "{error}"),
        }
    }
}

#[test]
fn behind_a_cdn_the_fields_that_it_removes_and_adds_do_not_count() {
    let now = HttpDate::from_unix_seconds(1_780_272_000).unwrap();
    let row = |fields: &[(&str, &str)]| {
        let (request, ()) = Request::get("/").body(()).unwrap().into_parts();
        let response =
            fields.iter().fold(http::Response::builder(), |response, (name, value)| response.header(*name, *value));
        CacheSnapshot::from_iter([SnapshotRow::of(&request, &response.body(()).unwrap().into_parts().0, now)])
    };
    let origin =
        row(&[("cache-control", "private, no-store"), ("surrogate-control", "max-age=60"), ("vary", "cookie")]);
    let site = row(&[("cache-control", "private, no-store"), ("vary", "Accept-Encoding, Cookie")]);
    assert_eq!(origin.changes_to(&site).len(), 1);
    assert_eq!(origin.behind_cdn().changes_to(&site.behind_cdn()), []);
    let public = row(&[("cache-control", "max-age=60"), ("vary", "cookie")]);
    assert!(origin.behind_cdn().changes_to(&public.behind_cdn())[0].becomes_shared());
}

#[test]
fn a_table_of_routes_matches_its_file_and_names_a_pattern_that_changes() {
    let table = |account: CachePolicy| {
        RoutePolicies::builder()
            .route("/news/{id}", RoutePolicy::new(NEWS).tags(["news"]))
            .route("/account/{*rest}", account)
            .build()
            .unwrap()
    };
    let edges = Edges::from(EdgeProfile::CLOUDFLARE);
    let expected = table(CachePolicy::NO_STORE);
    let (_directory, file) = file(&format!("# Policies\n\n{}", edges.policy_table(&expected).to_markdown()));
    assert_table_matches_snapshot(&edges.policy_table(&expected), &file);

    let fails = |routes: &RoutePolicies| -> String {
        let assert = || assert_table_matches_snapshot(&edges.policy_table(routes), &file);
        *std::panic::catch_unwind(AssertUnwindSafe(assert)).unwrap_err().downcast().unwrap()
    };
    let message = fails(&table(NEWS));
    let expected = "\
expected | /account/{*rest} | GET, HEAD | success | any | private, no-store | | cloudflare-cdn-cache-control: no-store |
but got  | /account/{*rest} | GET, HEAD | success | any | public, max-age=60 | | cloudflare-cdn-cache-control: max-age=60 |

compared with ";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.contains("asserted at tests/snapshots.rs:"), "{message}");

    let fewer = RoutePolicies::builder().route("/account/{*rest}", CachePolicy::NO_STORE).build().unwrap();
    assert!(fails(&fewer).starts_with("expected | /news/{id} |"));
}

/// Does nothing unless the next test starts it.
#[tokio::test]
async fn both_assertions_write_to_the_directory_of_the_next_test() {
    let Some(directory) = std::env::var_os("SNAPSHOT_DIRECTORY").map(PathBuf::from) else { return };
    assert_matches_snapshot(&app(CachePolicy::NO_STORE), requests(), directory.join("caching.md")).await;
    let routes = RoutePolicies::builder().route("/news/{id}", NEWS).build().unwrap();
    assert_table_matches_snapshot(&routes.policy_table(), directory.join("policies.md"));
}

#[test]
fn the_environment_variable_writes_the_files_and_other_values_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let run = |update: &str| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "both_assertions_write_to_the_directory_of_the_next_test"]);
        command.env("SNAPSHOT_DIRECTORY", directory.path()).env("UPDATE_CACHE_SNAPSHOTS", update);
        command.output().unwrap().status.success()
    };
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap_or_default();
    assert!(!run("0") && read("caching.md").is_empty(), "there are no files");
    assert!(run("1"));
    let (written, expected): (CacheSnapshot, CacheSnapshot) =
        (read("caching.md").parse().unwrap(), SNAPSHOT.parse().unwrap());
    assert_eq!(expected.changes_to(&written), []);
    assert!(read("policies.md").contains("| /news/{id} "));
    assert!(run("0"), "the files that were written pass");

    // A table of an earlier version, surrounded by other text.
    fs::write(directory.path().join("caching.md"), "# Caching\n| a |\n|---|\nAfter.\n").unwrap();
    assert!(!run("0"));
    assert!(run("1"));
    let text = read("caching.md");
    assert!(text.starts_with("# Caching\n\n| Request ") && text.ends_with("|\nAfter.\n"), "{text}");
    assert!(run("0"));
}

#[test]
fn the_recipe_shows_the_file_that_its_test_reads() {
    let (recipes, file) = (include_str!("../src/docs/recipes.md"), include_str!("data/caching.md"));
    assert!(recipes.contains(&format!("```text\n{file}```")));
}
