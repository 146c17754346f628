//! Tests two instances of a site behind one real engine.
#![allow(clippy::unwrap_used)] // As in any test.

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::Commands;
use support::engine::Engine;
use support::proxy::Proxy;
use support::site::{Instance, Pages};
use tower_cache_policy::store::{PurgeMoment, RemoteStore};
use tower_cache_policy_redis::{ConnectErrorKind, RedisStore};

#[tokio::test]
async fn a_response_of_one_instance_is_a_hit_on_the_other() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    let miss = one.get("/p/1", None).await;
    assert!(miss.cache_status.ends_with("fwd=uri-miss; fwd-status=200; stored"), "{miss:?}");
    one.until(|stats| stats.written == 1).await;
    let hit = other.get("/p/1", None).await;
    assert!(hit.cache_status.contains("detail=second-level"), "{hit:?}");
    assert_eq!(hit.body, miss.body);
    let again = other.get("/p/1", None).await;
    assert!(again.cache_status.contains("hit") && !again.cache_status.contains("detail"), "now in memory: {again:?}");
    assert_eq!(pages.made.load(Ordering::Relaxed), 1);
    assert_eq!((other.second().hits, other.cache.stats().hits, other.cache.stats().misses), (1, 2, 0));
}

#[tokio::test]
async fn each_variant_is_found_by_its_selecting_fields() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    for language in ["de", "en"] {
        one.get("/v/1", Some(language)).await;
    }
    one.until(|stats| stats.written == 2).await;
    for language in ["de", "en"] {
        let seen = other.get("/v/1", Some(language)).await;
        assert!(seen.cache_status.contains("detail=second-level"), "{seen:?}");
        assert!(seen.body.contains(language), "{seen:?}");
    }
    let seen = other.get("/v/1", Some("fr")).await;
    assert!(seen.cache_status.contains("fwd=vary-miss") && seen.body.contains("fr"), "{seen:?}");
}

#[tokio::test]
async fn a_purge_on_one_instance_is_seen_by_the_other_within_100_ms() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    one.assert_purges_reach(&other, &pages).await;
}

#[tokio::test]
async fn a_subscription_that_is_given_up_is_made_again() {
    let engine = Engine::start(&[]);
    let proxy = Proxy::start(engine.port).await;
    let publisher = RedisStore::connect(engine.url()).await.unwrap();
    // The network is down until the first caller has stopped waiting.
    proxy.set_cut(true);
    let store = RedisStore::connect_lazily(proxy.url()).unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(100), store.purges_since(PurgeMoment::default())).await;
    assert!(given_up.is_err(), "{given_up:?}");
    proxy.set_cut(false);
    let history = store.purges_since(PurgeMoment::default()).await.unwrap();
    // The push of the subscription itself.
    _ = tokio::time::timeout(Duration::from_millis(200), store.purged()).await;
    for purge in ["first", "second"] {
        let pushed = store.purged();
        publisher.publish(purge.into()).await.unwrap();
        let pushed = tokio::time::timeout(Duration::from_secs(2), pushed).await;
        assert!(pushed.is_ok(), "the purge {purge:?} is not pushed");
    }
    let since = PurgeMoment { history: history.history, number: 0 };
    assert_eq!(store.purges_since(since).await.unwrap().purges.len(), 2);
}

#[tokio::test]
async fn an_instance_that_starts_later_knows_earlier_purges() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let one = Instance::with_engine(&pages, &engine.url()).await;
    one.get("/p/1", None).await;
    one.get("/p/2", None).await;
    one.until(|stats| stats.written == 2).await;
    pages.versions[1].store(1, Ordering::SeqCst);
    one.purge(1).await;
    let later = Instance::with_engine(&pages, &engine.url()).await;
    assert!(later.get("/p/1", None).await.body.starts_with('1'), "the record is still there, and purged");
    let kept = later.get("/p/2", None).await;
    assert!(kept.cache_status.contains("fwd=uri-miss") || kept.cache_status.contains("second-level"), "{kept:?}");
}

#[tokio::test]
async fn a_record_that_is_damaged_or_of_another_kind_is_a_miss_and_is_counted() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    one.get("/p/1", None).await;
    one.until(|stats| stats.written == 1).await;
    let mut client = engine.client();
    let names: Vec<String> = client.keys("tower-cache-policy:?-????*").unwrap();
    let [name]: [String; 1] =
        names.into_iter().filter(|name| !name.ends_with("purges")).collect::<Vec<_>>().try_into().unwrap();
    let mut record: Vec<u8> = client.get(&name).unwrap();
    let last = record.len() - 20;
    record[last] ^= 1;
    () = client.set(&name, &record).unwrap();
    let seen = other.get("/p/1", None).await;
    assert!(seen.cache_status.contains("fwd=uri-miss"), "{seen:?}");
    assert_eq!(other.second().damaged, 1);
    // It was written again.
    other.until(|stats| stats.written == 1).await;
    // The engine rejects a value of another type.
    () = client.del(&name).unwrap();
    () = client.rpush(&name, "x").unwrap();
    let third = Instance::with_engine(&pages, &engine.url()).await;
    assert!(third.get("/p/1", None).await.cache_status.contains("fwd=uri-miss"));
    assert_eq!((third.second().refused, third.second().is_open), (1, false));
}

#[tokio::test]
async fn purges_during_an_outage_are_immediate_here_and_published_afterwards() {
    let mut engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    one.get("/p/1", None).await;
    engine.kill();
    pages.versions[1].store(1, Ordering::SeqCst);
    one.purge(1).await;
    assert!(one.get("/p/1", None).await.body.starts_with('1'));
    engine.restart();
    one.until(|stats| stats.purges_pending == 0 && stats.purges_sent >= 1).await;
    other.until(|stats| stats.is_current && stats.resets == 2).await;
    assert!(other.get("/p/1", None).await.body.starts_with('1'));
}

#[tokio::test]
async fn a_history_that_has_lost_its_end_is_replaced() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    for index in 0..3 {
        one.purge(index).await;
    }
    other.until(|stats| stats.purges_received == 3).await;
    let mut client = engine.client();
    // The same state as after a failover to a replica that had not received the last purge, and then received a
    // different one.
    let script = "local key = KEYS[1]
        local last = redis.call('ZRANGEBYSCORE', key, 3, 3)
        for _, member in ipairs(last) do if member ~= 'c' then redis.call('ZREM', key, member) end end
        return redis.call('ZADD', key, 3, 'pother')";
    () = redis::Script::new(script).key("tower-cache-policy:1-purges").invoke(&mut client).unwrap();
    for instance in [&one, &other] {
        instance.until(|stats| stats.resets == 2 && stats.is_current).await;
    }
}

#[tokio::test]
async fn the_history_is_bounded() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let one = Instance::with_engine(&pages, &engine.url()).await;
    let mut client = engine.client();
    // Adds many purges of other instances.
    let fill = "for index = 1, 9999 do redis.call('ZADD', KEYS[1], index, 'p' .. index) end
        return redis.call('ZADD', KEYS[1], 9999, 'c')";
    () = redis::Script::new(fill).key("tower-cache-policy:1-purges").invoke(&mut client).unwrap();
    for index in 0..4 {
        one.purge(index).await;
    }
    // The background task may still be publishing purges.
    one.until(|stats| stats.purges_pending == 0).await;
    let count: usize = client.zcard("tower-cache-policy:1-purges").unwrap();
    assert_eq!(count, 10_000 + 3);
    let forgotten: f64 = client.zscore("tower-cache-policy:1-purges", "f").unwrap();
    assert_eq!(forgotten, 3.0);
    let later = Instance::with_engine(&pages, &engine.url()).await;
    later.until(|stats| stats.purges_received == 10_000).await;
}

#[tokio::test]
async fn a_full_engine_still_takes_purges() {
    let engine = Engine::start(&["--maxmemory-policy", "noeviction"]);
    let pages = Pages::new(10);
    let (one, other) =
        (Instance::with_engine(&pages, &engine.url()).await, Instance::with_engine(&pages, &engine.url()).await);
    other.get("/p/1", None).await;
    () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").query(&mut engine.client()).unwrap();
    pages.versions[1].store(1, Ordering::SeqCst);
    one.purge(1).await;
    other.until(|stats| stats.purges_received == 1).await;
    assert!(other.get("/p/1", None).await.body.starts_with('1'));
    other.until(|stats| stats.refused == 1).await;
    assert!(!other.second().is_open, "an engine that refuses writes can still be read");
}

#[tokio::test]
async fn an_error_names_the_remedy_and_no_credential() {
    let engine = Engine::start(&["--requirepass", "right-secret"]);
    let address = format!("127.0.0.1:{}", engine.port);
    let nobody = support::engine::free_port();
    let table = [
        (format!("redis://:wrong-secret@{address}"), ConnectErrorKind::Credentials),
        (format!("redis://alice:wrong-secret@{address}"), ConnectErrorKind::Credentials),
        (format!("redis://{address}"), ConnectErrorKind::Credentials),
        (format!("redis://:wrong-secret@127.0.0.1:{nobody}"), ConnectErrorKind::Unreachable),
        ("redis://:wrong-secret@".to_owned(), ConnectErrorKind::Settings),
        ("http://:wrong-secret@host".to_owned(), ConnectErrorKind::Settings),
        // Without TLS, or without a cryptography provider.
        (format!("rediss://:wrong-secret@{address}"), ConnectErrorKind::Settings),
    ];
    for (url, kind) in table {
        let error = RedisStore::connect(url.as_str()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret") && !text.contains("alice"), "{text}");
        assert!([": use ", ": check ", ": enable ", ": call "].iter().any(|remedy| text.contains(remedy)), "{text}");
    }
    let store = RedisStore::connect(format!("redis://:right-secret@{address}")).await.unwrap();
    let error = store.prefix("two words").unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Settings);
    let store = RedisStore::connect(format!("redis://:right-secret@{address}")).await.unwrap().prefix("shop").unwrap();
    assert!(!format!("{store:?} {store:#?}").contains("secret"));
    assert!(!format!("{:?}", store.second_level()).contains("secret"));
}

#[tokio::test]
async fn instances_with_other_prefixes_share_nothing() {
    let engine = Engine::start(&[]);
    let pages = Pages::new(10);
    let one = Instance::with_engine(&pages, &engine.url()).await;
    let store = RedisStore::connect(engine.url()).await.unwrap().prefix("shop").unwrap();
    let other = Instance::new(&pages, store.second_level());
    other.until(|stats| stats.is_current).await;
    one.get("/p/1", None).await;
    one.until(|stats| stats.written == 1).await;
    one.purge(1).await;
    assert!(other.get("/p/1", None).await.cache_status.contains("fwd=uri-miss"));
    assert_eq!(other.second().purges_received, 0);
}
