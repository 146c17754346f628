//! Tests the interpretation of each vendor's responses.
#![allow(clippy::unwrap_used)] // As in any test.

#[macro_use]
mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;
use tower_cache_policy_purge::{
    CloudFront, Cloudflare, Fastly, Google, PurgeApi, PurgeFailure, PurgeOutcome, Unsigned,
};

use self::support::{AnyApi, SECRET, apis, has_document, secret, success_body};

fn response(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    // Varnish adds it to each of its responses.
    response.headers_mut().insert("x-varnish", HeaderValue::from_static("2"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn with(mut response: Response<Bytes>, name: &'static str, value: &'static str) -> Response<Bytes> {
    response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    response
}

fn all() -> Vec<AnyApi> {
    apis("http://10.0.0.7").into_iter().map(|(api, _)| api).collect()
}

fn api(name: &str) -> AnyApi {
    all().into_iter().find(|api| api.name() == name).unwrap()
}

#[test]
fn e8_a_success_of_each_vendor_is_a_success() {
    for api in all() {
        for status in [200, 201, 202, 204] {
            let response = response(status, success_body(api.name()));
            let response = if matches!(api.name(), "Vercel" | "Netlify" | "Bunny") {
                response
            } else {
                // The media type of the document is ignored.
                with(response, "content-type", "text/html")
            };
            assert_eq!(api.judge(&response), Ok(PurgeOutcome::Purged), "{} {status}", api.name());
        }
    }
}

#[test]
fn e8_a_200_that_reports_a_failure_is_a_failure() {
    for (name, body, reason) in [
        (
            "Cloudflare",
            r#"{"success": false, "errors": [{"code": 10000, "message": "Authentication error"}]}"#,
            "10000 Authentication error; its body has \"success\": false",
        ),
        ("Cloudflare", r#"{"success": false}"#, "its body has \"success\": false"),
        ("Cloudflare", r#"{"success": false, "success": true}"#, "the body cannot be read"),
        ("Cloudflare", r#"{"success": true, "success": false}"#, "the body cannot be read"),
        ("Cloudflare", r#"{"success": "true"}"#, "the body cannot be read"),
        ("Cloudflare", r#"{"success": null}"#, "the body cannot be read"),
        ("Cloudflare", r#"[{"success": true}]"#, "the body cannot be read"),
        ("Cloudflare", r#"{"success": true} trailing"#, "the body cannot be read"),
        ("Cloudflare", "{}", "the body cannot be read"),
        ("Cloudflare", "", "the body cannot be read"),
        ("Fastly", r#"{"status": "error", "msg": "Bad thing"}"#, "Bad thing; its body has a status other"),
        ("Fastly", "[]", "the body cannot be read"),
        ("Akamai", r#"{"httpStatus": 403, "detail": "no rights"}"#, "no rights; its body has a status other"),
        ("Akamai", r#"{"httpStatus": "201"}"#, "the body cannot be read"),
        ("Google Cloud CDN", r#"{"error": {"errors": [{"code": "X"}]}}"#, "its body has an error"),
        ("KeyCDN", r#"{"status": "error", "error_message": "no zone"}"#, "no zone; its body has a status other"),
        ("CloudFront", "<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>", "has no Invalidation"),
        ("CloudFront", "", "has no Invalidation"),
        ("Vercel", r#"{"error": {"code": "forbidden", "message": "Not authorized"}}"#, "forbidden Not authorized"),
        ("Bunny", r#"{"ErrorKey": "pullzone.not_found", "Message": "gone"}"#, "gone; its body reports an error"),
        ("Netlify", "<!DOCTYPE html><title>Sign in</title>", "the body is a page"),
        ("Bunny", "  \n<html>", "the body is a page"),
    ] {
        let failure = api(name).judge(&response(200, body)).unwrap_err();
        assert!(failure.to_string().starts_with(&format!("{name} returned 200: ")), "{failure}");
        assert!(failure.reason().contains(reason), "{name} {body}: {failure}");
        assert!(!failure.is_retryable(), "{failure}");
    }
    let page = with(response(200, "sign in"), "content-type", "Text/HTML; charset=utf-8");
    assert!(api("Netlify").judge(&page).is_err());
}

#[test]
fn e8_a_body_that_is_not_one_object_is_not_a_success() {
    for (name, body) in [
        // Arrays, whose elements are not members.
        ("Cloudflare", "[true]"),
        ("Fastly", r#"["ok"]"#),
        ("Akamai", "[201]"),
        ("Google Cloud CDN", "[null]"),
        ("KeyCDN", r#"["success"]"#),
        // Errors that parsers would read differently, or not at all.
        ("Vercel", r#"{"error": null, "error": {"code": "forbidden", "message": "Not authorized"}}"#),
        ("Netlify", r#"{"error": {"message": "no site"}, "error": null}"#),
        ("Bunny", r#"{"ErrorKey": "pullzone.not_found", "Message": "gone""#),
        ("Bunny", "\u{feff}<html>"),
    ] {
        let failure = api(name).judge(&response(200, body)).expect_err(body);
        assert!(failure.reason().starts_with("the body "), "{name} {body}: {failure}");
    }
    for name in ["Vercel", "Netlify", "Bunny"] {
        let padded = format!(r#"{{"error": {{"message": "no"}}, "padding": "{}"}}"#, "x".repeat(1024 * 1024));
        let failure = api(name).judge(&response(200, padded)).unwrap_err();
        assert!(failure.reason().starts_with("the body is longer than 1 MiB"), "{name}: {failure}");
        for body in ["", " ", "OK", "{}", r#"{"id": 7}"#, r#"{"error": null}"#] {
            assert_eq!(api(name).judge(&response(200, body)), Ok(PurgeOutcome::Purged), "{name} {body}");
        }
    }
}

#[test]
fn e8_a_response_of_the_application_behind_varnish_is_a_failure() {
    let varnish = api("Varnish");
    for (name, value, is_purged) in [
        ("x-varnish", "32770", true),
        ("server", "Varnish", true),
        ("server", "nginx", false),
        ("via", "1.1 proxy", false),
    ] {
        let mut without = response(200, "ok");
        without.headers_mut().clear();
        let judged = varnish.judge(&with(without, name, value));
        assert_eq!(judged.is_ok(), is_purged, "{name}: {judged:?}");
        if let Err(failure) = judged {
            assert!(failure.to_string().contains("check that the VCL handles this method"), "{failure}");
            assert!(!failure.is_retryable());
        }
    }
}

/// What nginx sends for a URL that is not stored.
const NGINX_ERRORS: [(u16, &str); 2] =
    [(404, nginx_error_page!("404 Not Found")), (412, nginx_error_page!("412 Precondition Failed"))];

#[test]
fn e8_a_page_of_the_application_behind_nginx_is_a_failure() {
    let nginx = api("nginx");
    for (status, page) in NGINX_ERRORS {
        for page in [page.to_owned(), page.replace("nginx/1.22.1", "openresty")] {
            assert_eq!(nginx.judge(&response(status, page)), Ok(PurgeOutcome::NotStored), "{status}");
        }
    }
    // The success pages of the module, in each of its types, and the commercial version, which sends none.
    for body in [
        "<html>\r\n<head><title>Successful purge</title></head>\r\n<body><center><h1>Successful purge</h1>\r\n<br>Key : a/",
        r#"<html><head><title>Cache Purge</title></head><body><center><h1>Cache Purge</h1><p>Key: a/</p>"#,
        r#"{"Key": "a/"}"#,
        r#"{"Key": "a/", "Status": "purged"}"#,
        r#"<?xml version="1.0" encoding="UTF-8"?><status><Key><![CDATA[a/]]></Key></status>"#,
        "Key:a/\n",
        "",
    ] {
        for status in [200, 202, 204] {
            assert_eq!(nginx.judge(&response(status, body)), Ok(PurgeOutcome::Purged), "{body}");
        }
    }
    // axum, Express, a page of the site, a redirect of a framework that is a page, and a page that names a key.
    for (status, body) in [
        (404, ""),
        (404, "Not Found"),
        (404, "Cannot PURGE /a"),
        (404, r#"{"error": "not found"}"#),
        (404, "<!DOCTYPE html><html><title>404 Not Found</title><h1>404 Not Found</h1></html>"),
        (412, "<html><h1>412 Precondition Failed</h1></html>"),
        (412, ""),
        (200, "<!DOCTYPE html><html><title>Welcome</title></html>"),
        (200, "ok"),
        (200, r#"{"items": []}"#),
        (200, "Keyboards"),
    ] {
        let failure = nginx.judge(&response(status, body)).expect_err(body);
        assert!(!failure.is_retryable());
        assert!(failure.to_string().contains("`proxy_cache_purge`"), "{failure}");
    }
}

#[test]
fn e8_not_stored_is_a_separate_success_only_at_nginx_and_squid() {
    for api in all() {
        for (status, page) in NGINX_ERRORS {
            let judged = api.judge(&response(status, page));
            if matches!(api.name(), "nginx" | "Squid") {
                assert_eq!(judged, Ok(PurgeOutcome::NotStored), "{} {status}", api.name());
            } else {
                let failure = judged.unwrap_err();
                assert!(!failure.is_retryable(), "{failure}");
                assert_eq!(failure.status().unwrap(), status);
            }
        }
    }
}

#[test]
fn e8_temporary_errors_are_distinguished_from_permanent_ones() {
    for api in all() {
        for (status, retryable) in [
            (301, false),
            (302, false),
            (304, false),
            (400, false),
            (401, false),
            (403, false),
            (405, false),
            (408, true),
            (413, false),
            (425, true),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
            (505, false),
            (507, true),
        ] {
            let failure = api.judge(&response(status, success_body(api.name()))).unwrap_err();
            assert_eq!(failure.is_retryable(), retryable, "{failure}");
            assert_eq!((failure.api(), failure.status().unwrap().as_u16()), (api.name(), status));
            assert_eq!(failure.retry_after(), None);
            let failure = api.judge(&with(response(status, ""), "retry-after", "7")).unwrap_err();
            let after = (status >= 400 && !matches!(status, 501 | 505)).then_some(Duration::from_secs(7));
            assert_eq!(failure.retry_after(), after, "{failure}");
            assert_eq!(failure.is_retryable(), after.is_some(), "{failure}");
        }
    }
}

#[test]
fn e8_rate_limits_are_recognized_in_the_form_of_each_vendor() {
    let google = Google::new("p", "m", secret()).unwrap();
    let limited =
        r#"{"error": {"code": 403, "message": "Rate Limit Exceeded", "errors": [{"reason": "rateLimitExceeded"}]}}"#;
    let failure = google.judge(&response(403, limited)).unwrap_err();
    assert!(failure.is_retryable());
    assert_eq!(
        failure.to_string(),
        "Google Cloud CDN returned 403: 403 Rate Limit Exceeded; check the credential and its permissions"
    );
    let forbidden = limited.replace("rateLimitExceeded", "forbidden");
    assert!(!google.judge(&response(403, forbidden)).unwrap_err().is_retryable());

    let cloudfront = CloudFront::new("E1", String::new, Unsigned::new()).unwrap();
    for (code, retryable) in [("TooManyInvalidationsInProgress", true), ("Throttling", true), ("AccessDenied", false)] {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>");
        let failure = cloudfront.judge(&response(400, body)).unwrap_err();
        assert_eq!(failure.is_retryable(), retryable);
        assert_eq!(failure.to_string(), format!("CloudFront returned 400: {code} m"));
    }
}

#[test]
fn e8_a_tag_can_have_the_name_of_a_json_member() {
    let fastly = Fastly::new("s", secret()).unwrap();
    for body in [r#"{"status": "108-1391560174-974124"}"#, r#"{"status": "ok", "id": "1-2"}"#, r#"{"msg": "108-1"}"#] {
        assert_eq!(fastly.judge(&response(200, body)), Ok(PurgeOutcome::Purged), "{body}");
    }
}

#[test]
fn e7_no_message_of_a_vendor_shows_the_credential() {
    // Vendors quote the credential unchanged, in any member, and at the position where the text is truncated.
    let texts = [
        format!("Invalid token {SECRET}"),
        format!("{SECRET}{SECRET}"),
        format!("{}{SECRET}", "x".repeat(190)),
        format!("{}{SECRET}", "x".repeat(178)),
        format!("Bearer {SECRET}\r\nX-Admin: 1"),
    ];
    for api in all().iter().filter(|api| !matches!(api.name(), "Akamai" | "CloudFront")) {
        for text in &texts {
            let text = serde_json::to_string(text).unwrap();
            for body in [
                format!(r#"{{"success": false, "errors": [{{"code": "{SECRET}", "message": {text}}}]}}"#),
                format!(r#"{{"message": {text}}}"#),
                format!(r#"{{"status": "{SECRET}", "msg": {text}}}"#),
                format!(r#"{{"error": {{"message": {text}}}, "ErrorKey": "k", "Message": {text}}}"#),
                text.replace('"', ""),
                text.replace('-', "\\u002d"),
            ] {
                for status in [200, 400, 401, 429] {
                    let Err(failure) = api.judge(&response(status, body.clone())) else { continue };
                    let texts = format!("{failure} {failure:?}");
                    assert!(!texts.contains(SECRET) && !texts.contains("s3cr3t"), "{texts}");
                    assert!(failure.to_string().len() < 500 && !failure.to_string().contains(['\r', '\n']));
                }
            }
        }
    }
    let failure = Cloudflare::new("z", secret())
        .unwrap()
        .judge(&response(401, format!(r#"{{"success": false, "errors": [{{"message": "no {SECRET}"}}]}}"#)))
        .unwrap_err();
    assert_eq!(failure.to_string(), "Cloudflare returned 401: no ***; check the credential and its permissions");
}

#[test]
fn e8_a_hostile_body_is_judged_in_bounded_time() {
    // Longer than the limit, and exactly as long.
    let lengths = [4 * 1024 * 1024, 1024 * 1024];
    let units = ["[", "{\"a\":", "\\\"", "<Code>", "</", "\0", "{\"success\":true,"];
    for body in lengths.iter().flat_map(|length| units.map(|unit| unit.repeat(length / unit.len()))) {
        let body = Bytes::from(body);
        for api in all() {
            let started = Instant::now();
            for status in [200, 403] {
                let judged = api.judge(&response(status, body.clone()));
                assert!(judged.is_err() || !has_document(api.name()), "{}", api.name());
            }
            assert!(started.elapsed() < Duration::from_secs(5), "{}", api.name());
        }
    }
}

#[test]
fn a_document_is_read_up_to_a_mebibyte() {
    let cloudflare = api("Cloudflare");
    let document = |length: usize| {
        let start = r#"{"success": true, "messages": ""#;
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    assert_eq!(cloudflare.judge(&response(200, document(1024 * 1024))), Ok(PurgeOutcome::Purged));
    let failure = cloudflare.judge(&response(200, document(1024 * 1024 + 1))).unwrap_err();
    assert!(failure.reason().starts_with("the body is longer than 1 MiB"), "{failure}");
}

#[test]
fn a_custom_api_is_judged_by_status_by_default() {
    struct Own;
    impl PurgeApi for Own {
        fn requests(
            &self,
            _: &tower_cache_policy_purge::Purge,
        ) -> Result<Vec<http::Request<Bytes>>, tower_cache_policy_purge::PurgeError> {
            Ok(Vec::new())
        }
    }
    assert_eq!(Own.judge(&response(204, "")), Ok(PurgeOutcome::Purged));
    let failure = Own.judge(&response(500, "")).unwrap_err();
    assert_eq!(failure.to_string(), "the cache returned 500: purged nothing");
    let failure = PurgeFailure::new("Own", "line\nbreak").retryable();
    assert_eq!((failure.to_string().as_str(), failure.is_retryable()), ("Own: line break", true));
}

proptest! {
    #[test]
    fn e8_every_body_gets_a_result_without_the_credential(
        body in r#"(\{)?("(success|status|error|errors|message|msg|code|Message)":? ?|true|false|null|[\[\]{},0-9]|s3cr3t-t0ken|\PC){0,24}"#,
        status in 200_u16..600,
    ) {
        for api in all() {
            match api.judge(&response(status, body.clone())) {
                Ok(PurgeOutcome::NotStored) => prop_assert!(matches!(status, 404 | 412)),
                Ok(_) => prop_assert!(status < 300),
                Err(failure) => {
                    let signed = matches!(api.name(), "Akamai" | "CloudFront");
                    prop_assert!(signed || !failure.to_string().contains(SECRET), "{}", failure);
                }
            }
        }
    }
}
