//! Tests `[store.redis]` in a policy file.
#![cfg(feature = "config")]
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::sync::Mutex;

use support::engine::{Engine, free_port};
use tower_cache_policy_redis::{ConnectErrorKind, RedisConfig};

const STORE: &str = "default = { public = '5m' }\n[store]\nmemory = '1 MiB'\n";

#[tokio::test]
async fn a_cache_gets_the_second_level_of_the_file() {
    let engine = Engine::start(&["--requirepass", "secret"]);
    let url = format!("redis://:secret@127.0.0.1:{}", engine.port);
    for name in ["redis", "valkey"] {
        let file = format!(
            "{STORE}[store.{name}]\nurl = '{url}'\nprefix = 'shop'\nlimit = '20ms'\nmax_purge_delay = '5s'\n\
             max_record = '64 KiB'\nlease = '1s'"
        );
        let config = RedisConfig::from_toml(&file).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
        let second = config.second_level().await.unwrap().unwrap();
        let shown = format!("{second:?}");
        let expected =
            ["prefix: \"shop\"", "limit: 20ms", "max_purge_delay: 5s", "max_record: 65536", "lease: Some(1s)"];
        for text in expected {
            assert!(shown.contains(text), "{text} is not in {shown}");
        }
        let cache = config.shared_cache().await.unwrap().unwrap();
        _ = cache.layer();
        assert!(cache.stats().second_level.is_some());
        assert_eq!(cache.stats().capacity, (1 << 20) / 8 * 5);
    }
}

#[tokio::test]
async fn a_file_without_the_table_has_a_cache_in_memory_or_none() {
    let config = RedisConfig::from_toml(STORE).unwrap();
    let cache = config.shared_cache().await.unwrap().unwrap();
    _ = cache.layer();
    assert!(cache.stats().second_level.is_none());
    let config = RedisConfig::from_toml("default = 'no-store'").unwrap();
    assert!(config.shared_cache().await.unwrap().is_none());
    assert!(config.second_level().await.unwrap().is_none());
    assert_eq!(config.into_routes().rows().count(), 1);
}

#[tokio::test]
async fn an_engine_that_cannot_be_used_is_an_error_or_a_warning_by_choice() {
    let engine = Engine::start(&["--requirepass", "right-secret"]);
    let nobody = free_port();
    for (url, kind) in [
        (format!("redis://:wrong-secret@127.0.0.1:{}", engine.port), ConnectErrorKind::Credentials),
        (format!("redis://:wrong-secret@127.0.0.1:{nobody}"), ConnectErrorKind::Unreachable),
    ] {
        let config = RedisConfig::from_toml(&format!("{STORE}redis.url = '{url}'")).unwrap();
        let error = config.shared_cache().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error} {error:?}").contains("secret"));
        let warned = Mutex::new(None);
        let cache = config.shared_cache_or_warn(|error| *warned.lock().unwrap() = Some(error.kind())).await.unwrap();
        assert_eq!(warned.into_inner().unwrap(), Some(kind));
        _ = cache.layer();
        assert!(cache.stats().second_level.is_none());
    }
}

#[tokio::test]
async fn an_environment_variable_can_contain_the_url() {
    const URL: &str = "TEST_REDIS_URL";
    // The test runs again in a separate process, because the environment belongs to the complete process.
    if std::env::var_os(URL).is_some() {
        let config = RedisConfig::from_toml(&format!("{STORE}redis.url_env = '{URL}'")).unwrap();
        assert!(config.shared_cache().await.unwrap().is_some());
        return;
    }
    let engine = Engine::start(&[]);
    // Cargo sets this variable for each test.
    let config = RedisConfig::from_toml(&format!("{STORE}redis.url_env = 'CARGO_PKG_NAME'"));
    let error = config.unwrap_err().to_string();
    assert!(error.contains("`url_env` is not a valid URL of Redis"), "{error}");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_environment_variable_can_contain_the_url"])
        .env(URL, engine.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}

#[test]
fn mistakes_are_errors_with_a_position_and_without_credentials() {
    let without_url = "write `url = \"redis://127.0.0.1:6379\"`";
    let table = [
        ("", "line 4, column 8: `store.redis` needs `url`; ", without_url),
        ("urll = 'redis://h'", "line 5, column 1: unknown key `urll`; did you mean `url`?", ""),
        ("url = 1", "line 5, column 7: `url` must be a text, not a number; ", without_url),
        ("url = 'http://:secret@h'", "line 5, column 7: `url` is not a valid URL of Redis; write redis://", ""),
        (
            "url = 'redis://h'\nurl_env = 'X'",
            "line 6, column 11: `url` and `url_env` are both addresses; ",
            "remove one",
        ),
        ("url_env = 'redis://:secret@h'", "line 5, column 11: `url_env` is the name of an environment variable; ", ""),
        (
            "url_env = 'NO_SUCH_VARIABLE'",
            "line 5, column 11: the environment variable `NO_SUCH_VARIABLE` is not set",
            "",
        ),
        ("cluster = []", "line 5, column 11: `cluster` does not contain a URL; ", ""),
        ("cluster = 'redis://h'", "line 5, column 11: `cluster` must be a list of texts, not a text; ", ""),
        ("url = 'redis://h'\nprefix = 'a b'", "line 6, column 10: the prefix \"a b\" is not valid: use 1 to 64", ""),
        ("url = 'redis://h'\nlimit = '0ms'", "line 6, column 9: `limit` is 0", "limit = \"50ms\""),
        ("url = 'redis://h'\nlimit = '1.5ms'", "line 6, column 9: ", ""),
        (
            "url = 'redis://h'\nmax_purge_delay = '1s'",
            "line 6, column 19: `max_purge_delay` must be at least 2 seconds",
            "",
        ),
        ("url = 'redis://h'\nmax_record = '1 GiB'", "line 6, column 14: `max_record` must be at most 256 MiB", ""),
        ("url = 'redis://h'\nlease = 0", "line 6, column 9: `lease` is 0", ""),
        ("url = 'redis://h'\nca_file = 'ca.pem'", "line 6, column 11: `ca_file` ", ""),
        ("url = 'redis://h'\n[store.valkey]\nurl = 'redis://h'", "line 6, column 8: `valkey` and `redis` are both", ""),
    ];
    for (keys, start, part) in table {
        let text = format!("{STORE}[store.redis]\n{keys}");
        let error = RedisConfig::from_toml(&text).unwrap_err().to_string();
        assert!(error.starts_with(start) && error.contains(part), "{keys}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    // The library itself rejects the table, and names the package.
    let text = format!("{STORE}[store.redis]\nurl = 'redis://:secret@h'");
    let error = tower_cache_policy::policy::config::PolicyConfig::from_toml(&text).unwrap_err().to_string();
    assert!(error.contains("tower-cache-policy-redis") && !error.contains("secret"), "{error}");
}
