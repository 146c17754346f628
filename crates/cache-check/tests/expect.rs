//! Compares sites with a committed table, with and without differences and errors.
#![allow(clippy::unwrap_used)] // As in any test.

mod program;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use program::{run, run_with, serve_app};
use tempfile::TempDir;

const TITLES: &str = "\
| Request | Status | Cache-Control | Vary | At the edge | Browsers | Shared caches |
|---|---|---|---|---|---|---|
";

/// The table of [`site`], with the edge fields that its origin sends to the CDN.
const EXPECTED: &str = "\
| GET / | 200 | public, max-age=60 | cookie | surrogate-control: max-age=60 | 60 s | 60 s |
| HEAD / | 200 | public, max-age=60 | cookie | surrogate-control: max-age=60 | 60 s | 60 s |
| GET /account | 401 | private, no-store |  |  | not stored | not stored |
| GET /broken | 500 | private, no-store |  |  | not stored | not stored |
| GET /moved | 302 | private, no-cache |  |  | revalidated | not stored |
| GET /page?a=1\\|2&b=%2F | 200 | no-store |  | surrogate-control: max-age=60 | not stored | CDNs only |
";

/// A site behind a CDN that removes the fields intended for it, and adds `Accept-Encoding` to `Vary`.
fn site() -> Router {
    let sends = |status: u16, cache_control: &'static str| {
        get(
            move || async move { (StatusCode::from_u16(status).unwrap(), [("cache-control", cache_control)], "content") },
        )
    };
    Router::new()
        .route(
            "/",
            get(async || ([("cache-control", "public, max-age=60"), ("vary", "Cookie, Accept-Encoding")], "home")),
        )
        .route("/account", sends(401, "private, no-store"))
        .route("/broken", sends(500, "private, no-store"))
        .route("/moved", get(async || (StatusCode::FOUND, [("location", "/"), ("cache-control", "private, no-cache")])))
        .route("/page", sends(200, "no-store"))
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("caching.md");
    fs::write(&file, text).unwrap();
    (directory, file)
}

async fn served(app: Router) -> String {
    format!("http://{}/", serve_app(app).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_as_expected_passes_in_every_format() {
    let site = served(site()).await;
    let (_directory, file) = file(&format!("# Caching\n\n{TITLES}{EXPECTED}\nEnd.\n"));
    let file = file.to_str().unwrap();
    let text = run(&["--expect", file, &site]).await;
    assert_eq!((text.status, text.out.as_str()), (0, "6 requests: all as expected\n"), "{}", text.errors);

    let json = run(&["--expect", file, "--format", "json", &site]).await;
    assert_eq!(json.status, 0);
    let document = json.document();
    assert_eq!((&document["format"], &document["exit_status"]), (&1.into(), &0.into()));
    assert_eq!((document["site"].as_str(), document["file"].as_str()), (Some(site.as_str()), Some(file)));
    let requests = document["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|request| request["as_expected"] == true), "{document}");

    let github = run(&["--expect", file, "--format", "github", &site]).await;
    assert_eq!((github.status, github.out.as_str()), (0, "6 checked, 0 failed, 0 not checked completely\n"));
    let junit = run(&["--expect", file, "--format", "junit", &site]).await;
    assert_eq!(junit.status, 0);
    assert!(junit.out.contains("<testsuites tests=\"6\" failures=\"0\" errors=\"0\">"), "{}", junit.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_became_public_fails_by_its_path_in_every_format() {
    let site =
        served(Router::new().route("/account", get(async || ([("cache-control", "max-age=60")], "content")))).await;
    let row = "| GET /account | 200 | private, no-store |  |  | not stored | not stored |\n";
    let (_directory, file) = file(&format!("# Caching\n\n{TITLES}{row}"));
    let file = file.to_str().unwrap();
    let difference = "\
`GET /account`: shared caches may now store it
  Cache-Control: expected `private, no-store`, but got `max-age=60`
  Browsers: expected `not stored`, but got `60 s`
  Shared caches: expected `not stored`, but got `60 s`";

    let text = run(&["--expect", file, &site]).await;
    assert_eq!((text.status, text.out), (1, format!("{difference}\n1 request: 1 not as expected\n")));

    let json = run(&["--expect", file, "--format", "json", &site]).await;
    assert_eq!(json.status, 1);
    let request = &json.document()["requests"][0];
    assert_eq!((&request["as_expected"], &request["becomes_shared"]), (&false.into(), &true.into()));
    assert_eq!((&request["request"], &request["difference"]), (&"GET /account".into(), &difference.into()));

    let github = run(&["--expect", file, "--format", "github", &site]).await;
    assert_eq!(github.status, 1);
    let message = difference.replace('\n', "%0A");
    let expected = format!("::error file={file},line=5,title=cache-check%3A GET /account::{message}\n");
    assert_eq!(github.out, format!("{expected}1 checked, 1 failed, 0 not checked completely\n"));

    let junit = run(&["--expect", file, "--format", "junit", &site]).await;
    assert_eq!(junit.status, 1);
    for part in [
        "<testsuites tests=\"1\" failures=\"1\" errors=\"0\">".to_owned(),
        format!("<testcase classname=\"{site}\" name=\"GET /account\">"),
        "<failure type=\"danger\" message=\"`GET /account`: shared caches may now store it\">".to_owned(),
        difference.to_owned(),
    ] {
        assert!(junit.out.contains(&part), "{part}: {}", junit.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_other_difference_is_named_too() {
    let site = served(site()).await;
    for (row, expected) in [
        (
            "| GET / | 200 | public, max-age=600 | cookie |  | 10 s | 60 s |",
            "  Browsers: expected `10 s`, but got `60 s`",
        ),
        ("| GET / | 200 | public, max-age=60 |  |  | 60 s | 60 s |", "  Vary: expected nothing, but got `cookie`"),
        ("| GET / | 302 | public, max-age=60 | cookie |  | 60 s | 60 s |", "  Status: expected `302`, but got `200`"),
        (
            "| GET /page | 200 |  |  |  | not stored | heuristic |",
            "  Cache-Control: expected nothing, but got `no-store`",
        ),
    ] {
        let (_directory, file) = file(&format!("{TITLES}{row}\n"));
        let done = run(&["--expect", file.to_str().unwrap(), &site]).await;
        assert_eq!(done.status, 1, "{row}: {}", done.out);
        assert!(done.out.contains(": the response has changed\n"), "{}", done.out);
        assert!(done.out.contains(expected), "{expected}: {}", done.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_site_is_not_a_difference() {
    let app = Router::new()
        .route("/failing", get(async || StatusCode::BAD_GATEWAY))
        .route("/refused", get(async || StatusCode::FORBIDDEN))
        .route("/limited", get(async || StatusCode::TOO_MANY_REQUESTS))
        .route("/challenge", get(async || (StatusCode::FORBIDDEN, [("cf-mitigated", "challenge")])))
        .route("/public", get(async || ([("cache-control", "max-age=60")], "content")));
    let site = served(app).await;
    for (path, status, expected) in [
        ("failing", 200, "the server failed (502"),
        ("refused", 200, "the site refused the request (403"),
        ("limited", 200, "429 Too Many Requests"),
        ("challenge", 403, "a firewall returned a challenge"),
        ("a/../b", 200, "clients send `/b` instead of this path; write that"),
    ] {
        let row = |path: &str, status: u16| format!("| GET /{path} | {status} |  |  |  | not stored | not stored |\n");
        let (_directory, file) = file(&format!("{TITLES}{}{}", row(path, status), row("public", 200)));
        let file = file.to_str().unwrap();
        let text = run(&["--expect", file, &site]).await;
        assert_eq!(text.status, 2, "it outweighs the difference: {}", text.out);
        assert!(text.out.contains(&format!("`GET /{path}`: not checked: ")), "{}", text.out);
        assert!(text.out.contains(expected), "{expected}: {}", text.out);
        assert!(text.out.ends_with("2 requests: 1 not as expected, 1 not checked\n"), "{}", text.out);
        let github = run(&["--expect", file, "--format", "github", &site]).await;
        assert!(
            github.out.contains(&format!("line=3,title=cache-check%3A GET /{path}::not checked: ")),
            "{}",
            github.out
        );
        let junit = run(&["--expect", file, "--format", "junit", &site]).await;
        assert!(junit.out.contains("tests=\"2\" failures=\"1\" errors=\"1\""), "{}", junit.out);
        assert_eq!((github.status, junit.status), (2, 2));
    }
    let (_directory, file) = file(&format!("{TITLES}| POST / | 200 |  |  |  | not stored | not stored |\n"));
    let done = run(&["--expect", file.to_str().unwrap(), &site]).await;
    assert_eq!(done.status, 2);
    assert!(done.out.contains("only GET and HEAD are sent; remove the row"), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_and_arguments_are_refused_with_the_remedy() {
    let site = "http://localhost:1/";
    let (_directory, good) = file(&format!("{TITLES}{EXPECTED}"));
    let good = good.to_str().unwrap();
    let (_directory, empty) = file(TITLES);
    let (_directory, broken) = file(&format!("{TITLES}| GET / | 200 |\n"));
    for (arguments, expected) in [
        (&["--expect", "/does/not/exist.md", site][..], "cannot read /does/not/exist.md"),
        (&["--expect", empty.to_str().unwrap(), site], "does not have a row, so there is nothing to compare"),
        (&["--expect", broken.to_str().unwrap(), site], "line 3: the row has 2 cells, but the table has 7 columns"),
        (&["--expect", good, site, site], "--expect takes one URL"),
        (&["--expect", good, "http://localhost:1/account"], "write http://localhost:1/, because the paths come from"),
        (&["--expect", good, "http://localhost:1/?a"], "write http://localhost:1/, because the paths come from"),
        (&["--expect", good, "localhost:1"], "write https://localhost:1"),
        (&["--expect", good, "--write-expect", good, site], "cannot be used with"),
        (&["--expect", good, "--verbose", site], "cannot be used with"),
        (&["--expect", good, "--format", "xml", site], "possible values: text, json, junit, github"),
        (&["--format", "json", "--verbose", site], "cannot be used with"),
        (&["--write-expect", good, "http://localhost:1/", "http://localhost:2/"], "write a file for each site"),
        (&["--write-expect", broken.to_str().unwrap(), site], "line 3: the row has 2 cells"),
    ] {
        let done = run(arguments).await;
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{arguments:?}");
        assert!(done.errors.contains(expected), "{arguments:?}: {}", done.errors);
    }
    let done = run_with(&["--write-expect", good, "-"], "\n# nothing\n").await;
    assert!(done.errors.contains("there is no URL on standard input"), "{}", done.errors);
    assert!(fs::read_to_string(good).unwrap().ends_with(EXPECTED), "the file stays as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_written_refreshed_and_then_as_expected() {
    let site = served(site()).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("caching.md");
    let file = path.to_str().unwrap();
    let done = run(&["--write-expect", file, &format!("{site}moved"), &format!("{site}account")]).await;
    assert_eq!((done.status, done.out), (0, format!("wrote 2 rows to {file}\n")), "{}", done.errors);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("| GET /account | 401    | private, no-store |"), "{text}");
    assert_eq!(run(&["--expect", file, &site]).await.status, 0);

    // The file has an outdated row and a heading, and one more URL is added.
    fs::write(&path, format!("# Caching\n\n{}", text.replace("401", "200"))).unwrap();
    assert_eq!(run(&["--expect", file, &site]).await.status, 2);
    let done = run(&["--write-expect", file, &site]).await;
    assert_eq!((done.status, done.out), (0, format!("wrote 3 rows to {file}\n")), "{}", done.errors);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# Caching\n\n| Request ") && text.contains("| GET / ") && text.contains("401"), "{text}");
    assert_eq!(run(&["--expect", file, &site]).await.status, 0);

    // If a path cannot be requested, the file is unchanged.
    let failed = run(&["--write-expect", file, &format!("{site}broken")]).await;
    assert_eq!(failed.status, 2);
    assert!(failed.errors.contains("/broken: the server failed (500"), "{}", failed.errors);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_sent_for_each_row_with_the_fields_of_the_user() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let app = Router::new().fallback(move |request: axum::extract::Request| {
        counted.fetch_add(1, Ordering::Relaxed);
        let is_signed_in = request.headers().contains_key("cookie");
        let status = if is_signed_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        async move { (status, [("cache-control", "private, no-store")]).into_response() }
    });
    let site = served(app).await;
    let rows: String =
        (0..20).map(|n| format!("| GET /{n} | 200 | private, no-store |  |  | not stored | not stored |\n")).collect();
    let (_directory, file) = file(&format!("{TITLES}{rows}"));
    let done = run(&["--expect", file.to_str().unwrap(), "--header", "Cookie: id=1", &site]).await;
    assert_eq!((done.status, done.out.as_str()), (0, "20 requests: all as expected\n"));
    assert_eq!(count.load(Ordering::Relaxed), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_site_cannot_write_commands_markup_or_terminal_codes() {
    let value = "max-age=60, x=\"<b>%0A::error::%0D]]>&\u{e9}\"";
    let handler = move || async move {
        let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        ([("cache-control", value)], "content")
    };
    let site = served(Router::new().route("/account", get(handler))).await;
    let (_directory, file) = file(&format!("{TITLES}| GET /account | 200 |  |  |  | not stored | not stored |\n"));
    let file = file.to_str().unwrap();
    let github = run(&["--expect", file, "--format", "github", &site]).await;
    assert_eq!(github.out.lines().filter(|line| line.starts_with("::")).count(), 1, "{}", github.out);
    assert!(github.out.contains("<b>%250A::error::%250D"), "{}", github.out);
    let junit = run(&["--expect", file, "--format", "junit", &site]).await;
    assert!(junit.out.contains("&lt;b&gt;%0A::error::%0D]]&gt;&amp;\u{e9}"), "{}", junit.out);
    assert!(!junit.out.contains("<b>"), "{}", junit.out);
    let plain = run(&["--format", "github", &format!("{site}account")]).await;
    assert!(plain.out.lines().all(|line| line.starts_with("::") || line.starts_with("1 checked")), "{}", plain.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_annotations_and_test_cases_too() {
    let app =
        Router::new().route("/", get(async || ([("cache-control", "max-age=60"), ("set-cookie", "id=1")], "page")));
    let site = served(app).await;
    let github = run(&["--format", "github", &site]).await;
    assert_eq!(github.status, 1);
    let title = format!("title=cache-check%3A {}", site.replace(':', "%3A"));
    assert!(github.out.contains(&format!("::error {title}::a shared cache may replay `Set-Cookie`")), "{}", github.out);
    assert!(github.out.ends_with("1 checked, 1 failed, 0 not checked completely\n"), "{}", github.out);
    let junit = run(&["--format", "junit", "--level", "danger", &site]).await;
    assert!(junit.out.contains("<failure type=\"danger\" message=\"a shared cache may replay"), "{}", junit.out);
    assert!(junit.out.contains("<system-out>note: "), "{}", junit.out);
    let refused = run(&["--format", "junit", "http://127.0.0.1:1/"]).await;
    assert_eq!(refused.status, 2);
    assert!(
        refused.out.contains("errors=\"1\"") && refused.out.contains("<error message=\"cannot connect"),
        "{}",
        refused.out
    );
}

#[test]
fn the_readme_shows_the_workflow_and_the_exit_statuses() {
    let (readme, workflow) = (include_str!("../README.md"), include_str!("../examples/caching.yml"));
    assert!(readme.contains(&format!("```yaml\n{workflow}```")), "copy examples/caching.yml into README.md");
    for part in ["--expect", "--write-expect", "--format junit", "exit status"] {
        assert!(readme.contains(part), "{part}");
    }
}
