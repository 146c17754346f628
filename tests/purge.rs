//! Tests purges as values.
#![cfg(feature = "purge")]
#![allow(clippy::unwrap_used)] // As in any test.

use http::{Extensions, HeaderValue, Uri};
use proptest::prelude::*;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CacheTag, CacheTags};

const PAGE: &str = "https://www.example.com/a%20b?x=1&y=2";

fn tags(tags: &[&'static str]) -> Purge {
    Purge::tags(tags.iter().copied().map(CacheTag::from_static))
}

fn url(url: &str) -> Purge {
    Purge::url(url).unwrap()
}

#[test]
fn combined_purges_are_hard_if_one_of_them_is() {
    let united = tags(&["a", "b"]).and(tags(&["b", "c"])).and(url(PAGE)).and(url(PAGE));
    assert_eq!(united.cache_tags(), &CacheTags::from_iter(["a", "b", "c"].map(CacheTag::from_static)));
    assert_eq!(united.urls(), [PAGE.parse::<Uri>().unwrap()]);
    assert!(tags(&["a"]).soft().and(tags(&["b"]).soft()).is_soft());
    assert!(!tags(&["a"]).soft().and(tags(&["b"])).is_soft());
    assert!(!tags(&["a"]).and(tags(&["b"]).soft()).is_soft());
    assert!(Purge::default().and(tags(&["b"]).soft()).is_soft(), "an empty one does not count");
    assert!(tags(&["b"]).soft().and(Purge::default()).is_soft());
    assert_eq!(tags(&["a"]).and(Purge::everything()).and(url(PAGE)), Purge::everything());
    let mut extensions = Extensions::new();
    tags(&["a"]).add_to(&mut extensions);
    tags(&["b"]).add_to(&mut extensions);
    assert_eq!(extensions.get::<Purge>(), Some(&tags(&["a", "b"])));
}

#[test]
fn a_url_is_absolute_and_unambiguous() {
    for text in [
        "",
        "/relative",
        "www.example.com",
        "www.example.com/path",
        "//example.com/",
        "ftp://example.com/",
        "mailto:a@example.com",
        "https:///path",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com:/",
        "https://example.com:port/",
        "https://example.com:123456/",
        "https://../service/x",
        "https://a..b/",
        "https://.a/",
        "https://%2e%2e/x",
        "https://[zz]/",
        "https://example.com/a/../b",
        "https://example.com/..",
        "https://example.com/./b",
        "https://example.com/../../service/abc/purge_all",
        "https://example.com/%2e%2e/b",
        "https://example.com/.%2E/b",
        "https://example.com/a/..%2fb",
        "https://example.com/a/..%5Cb",
        "https://example.com/a\\..\\b",
        "https://example.com/a b",
        "https://example.com/a\r\nX-Admin: 1",
        "https://example.com/a\nb",
        "https://example.com/a\0",
        "https://example.com/ä",
        "https://example.com/a\"b",
        "https://example.com/<a>",
        "https://example.com/{a}",
        "https://example.com/a?b=ä",
        "https://example.com/a?b=\"",
    ] {
        let error = Purge::url(text).unwrap_err();
        assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error}");
    }
    for text in [
        "https://example.com",
        "http://example.com:8080/",
        "https://[2001:db8::1]:8443/x",
        "https://example.com/...",
        "https://example.com/.well-known/x..y",
        "https://example.com/a%2Fb?q=..%2f..&r[]=/../",
        "https://example.com/a;b=c,d(e)'f!*",
    ] {
        assert!(Purge::url(text).is_ok(), "{text}");
        assert!(Purge::url(text.parse::<Uri>().unwrap()).is_ok(), "{text}");
    }
    // The fragment is not part of the cache key.
    assert_eq!(Purge::url("https://example.com/a#b").unwrap(), Purge::url("https://example.com/a").unwrap());
}

#[test]
fn e5_a_url_is_written_as_caches_store_it() {
    for (given, stored) in [
        ("https://Example.com:443/page", "https://example.com/page"),
        ("http://EXAMPLE.com:80/", "http://example.com/"),
        ("HTTPS://WWW.Example.COM/Page?Q=A", "https://www.example.com/Page?Q=A"),
        ("https://example.com:0443/", "https://example.com/"),
        ("http://example.com:00080/", "http://example.com/"),
        // The default port of the other scheme is preserved.
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com:08443/", "https://example.com:8443/"),
        ("https://[2001:DB8::A]:443/x", "https://[2001:db8::a]/x"),
        ("https://[2001:DB8::A]:8443/x", "https://[2001:db8::a]:8443/x"),
        // Clients request a path in any case.
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://example.com/a#b", "https://example.com/a"),
        // Text that a cache compares byte for byte is unchanged.
        ("https://example.com./a%2fb%2F//c?", "https://example.com./a%2fb%2F//c?"),
    ] {
        let purge = url(given);
        assert_eq!(purge.urls()[0], stored, "{given}");
        assert_eq!(purge.urls()[0].to_string(), stored, "{given}");
        assert_eq!(purge.clone().and(url(stored)).urls().len(), 1, "one URL is purged once");
        assert_eq!(url(&purge.urls()[0].to_string()), purge, "{given}");
    }
    for refused in ["https://example.com:65536/", "https://example.com:99999/", "https://example.com/?q=it's"] {
        assert!(Purge::url(refused).is_err(), "{refused}");
    }
}

#[test]
fn e7_no_url_error_shows_a_possible_credential() {
    for (text, shown) in [
        ("http://user:SECRET@varnish:6081", "http://***@varnish:6081"),
        ("http://user:SECRET@varnish:6081/path?key=SECRET", "http://***@varnish:6081/path?***"),
        ("http://SECRET@varnish/", "http://***@varnish/"),
        ("http://user:SE/CRET@varnish/", "http://***@varnish/"),
        ("http://user:SE?CRET@varnish/", "http://***@varnish/"),
        ("http://user:SE#CRET@varnish/", "http://***@varnish/"),
        ("http://user:SE@CRET@varnish/", "http://***@varnish/"),
        ("http://user:SECRET%40varnish/", "http://***/"),
        ("http://user:SECRET/", "http://***/"),
        ("http://user:SECRET", "http://***"),
        ("http://SECRET SECRET/", "http://***/"),
        ("user:SECRET@varnish:6081", "***@varnish:6081"),
        ("//user:SECRET@varnish/", "***@varnish/"),
        ("http:/user:SECRET@varnish/", "***@varnish/"),
        ("http:\\\\user:SECRET@varnish/", "***@varnish/"),
        ("SECRET", "***"),
        ("SECRET/SECRET", "***"),
        ("ftp://user:SECRET@varnish/", "ftp://***@varnish/"),
        ("https://example.com/../x?token=SECRET", "https://example.com/../x?***"),
        ("https://example.com/../x#SECRET", "https://example.com/../x#***"),
        ("http://user:SECRET@user:SECRET", "http://***@***"),
        ("varnish:6081", "varnish:6081"),
        ("/relative?SECRET", "/relative?***"),
        ("http://us\u{ff20}SECRET/", "http://***/"),
    ] {
        let error = Purge::url(text).unwrap_err();
        assert_eq!(error.url(), shown, "{text:?}");
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains("SECRET") || shown.contains("SECRET"), "{texts}");
    }
    let long = Purge::url(format!("https://example.com/{}", "ä".repeat(70_000))).unwrap_err();
    assert!(long.to_string().len() < 500 && format!("{long:?}").len() < 500);
    let long = Purge::url("a".repeat(70_000) + ":80").unwrap_err();
    assert!(long.to_string().len() < 500);
}

#[test]
fn cache_group_invalidation_is_a_list_of_strings() {
    // I-03, RFC 9875 section 3.
    let value = tags(&["a", "v1.2", "x_y-z"]).cache_group_invalidation().unwrap();
    assert_eq!(value, r#""a", "v1.2", "x_y-z""#);
    assert_eq!(strings(&value), ["a", "v1.2", "x_y-z"]);
    assert_eq!(url(PAGE).cache_group_invalidation(), None);
    assert_eq!(Purge::everything().cache_group_invalidation(), None);
    assert_eq!(tags(&[]).cache_group_invalidation(), None);
}

fn strings(value: &HeaderValue) -> Vec<String> {
    let list: sfv::List = sfv::Parser::new(value.as_bytes()).parse().unwrap();
    let string = |entry: &sfv::ListEntry| match entry {
        sfv::ListEntry::Item(item) => item.bare_item.as_string().unwrap().as_str().to_owned(),
        sfv::ListEntry::InnerList(_) => panic!("an inner list"),
    };
    list.iter().map(string).collect()
}

proptest! {
    #[test]
    fn the_cache_groups_of_any_tags_are_these_tags(
        texts in proptest::collection::vec("[a-z0-9._-]{1,24}", 1..40)
    ) {
        let purge = Purge::tags(texts.iter().map(|text| CacheTag::new(text).unwrap()));
        let expected: Vec<String> = purge.cache_tags().iter().map(ToString::to_string).collect();
        prop_assert_eq!(strings(&purge.cache_group_invalidation().unwrap()), expected);
    }

    #[test]
    fn no_accepted_url_contains_a_line_break_or_a_dot_segment(text in "(https?://)?\\PC{0,40}") {
        match Purge::url(&text) {
            Ok(purge) => {
                let url = purge.urls()[0].to_string();
                prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!purge.urls()[0].path().split('/').any(|segment| segment == ".."));
                prop_assert_eq!(Purge::url(&url).unwrap(), purge);
            }
            Err(error) => prop_assert!(error.to_string().len() < 1_000),
        }
    }

    #[test]
    fn e7_no_password_is_shown_in_any_context(
        scheme in "(https?://)?", user in r"[^/?#\pC]{0,8}", after in "\\PC{0,3}", host in "[a-z./:?#]{0,12}"
    ) {
        let text = format!("{scheme}{user}:SECRET{after}@{host}");
        let error = Purge::url(&text).unwrap_err();
        prop_assert!(!format!("{error} {error:?}").contains("SECRET"), "{}", text);
    }
}
