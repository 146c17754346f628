//! One decision in all fields for edges, for any response (G-20 to G-22, E1-1, T-11).
//!
//! The input consists of a profile, another profile, the status, a line of tags, and the fields of the response.
#![no_main]

use http::{HeaderMap, Request, Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use tower_cache_policy::EdgeLayer;
use tower_cache_policy::edge::{EdgeProfile, Edges, TagOverflow, TagSyntax};
use tower_cache_policy::policy::{CacheTag, CacheTags};
use tower_cache_policy_fuzz::fields;
use tower_cache_policy_fuzz::hostile::fields::{is_tags, is_targeted};
use tower_cache_policy_fuzz::hostile::readers::{Permissions, edge_lifetime};
use tower_cache_policy_fuzz::hostile::service::{AnyBody, AnyService, FramesBody, Hint};

fuzz_target!(|input: &[u8]| {
    let [one, other, status, input @ ..] = input else { return };
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let words = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (headers, _) = fields(parts.next().unwrap_or_default());
    let profile = |index: u8| EdgeProfile::all()[usize::from(index) % EdgeProfile::all().len()].clone();
    let profiles = [profile(*one), profile(*other)];
    let edges = match Edges::new(profiles.clone()) {
        Ok(edges) => edges,
        Err(conflict) => {
            assert!(conflict.to_string().contains(conflict.field().as_str()));
            Edges::from(profile(*one))
        }
    };
    let status = StatusCode::from_u16(200 + u16::from(*status)).unwrap();
    let tags: CacheTags = words.split(' ').filter_map(|word| CacheTag::new(word).ok()).collect();
    for tag in &tags {
        assert!(tag.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "G-20");
    }
    for coarser in [false, true] {
        let mut layer = EdgeLayer::new(edges.clone());
        if coarser {
            layer = layer.on_overflow(TagOverflow::Coarser(CacheTag::from_static("all")));
        }
        let response = through(&layer, status, &headers, &tags);
        one_decision(&edges, &response, &tags, coarser);
    }
});

fn through(layer: &EdgeLayer, status: StatusCode, headers: &HeaderMap, tags: &CacheTags) -> Response<AnyBody> {
    let (headers, tags) = (headers.clone(), tags.clone());
    let handler = AnyService::new(move |_| {
        let body = FramesBody { steps: [].into(), hint: Hint::Nothing };
        let mut response = Response::new(Box::pin(body) as AnyBody);
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        tags.clone().add_to(response.extensions_mut());
        response
    });
    handler.wrapped_in(layer.clone()).respond(Request::new(()))
}

fn one_decision(edges: &Edges, response: &Response<AnyBody>, tags: &CacheTags, coarser: bool) {
    let headers = response.headers();
    let grpc = headers.get("content-type").is_some_and(|value| {
        value.as_bytes().get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
    });
    if grpc {
        return;
    }
    assert_eq!(headers.get_all("cache-control").iter().count(), 1, "G-25");
    let closed = Permissions::read(headers.get_all("cache-control")).private;
    for (name, value) in headers {
        if is_targeted(name) {
            assert!(edges.profiles().all(|profile| !profile.stripped_fields().contains(&name.as_str())), "G-21");
            assert_eq!(headers.get_all(name).iter().count(), 1);
            assert!(!closed || edge_lifetime(value).is_none(), "{name}: {value:?} beside private");
        }
        if is_tags(name) {
            assert!(!closed, "{name} beside private");
            let formats = || edges.profiles().filter_map(EdgeProfile::tags).filter(|format| format.field() == name);
            assert!(formats().count() > 0, "G-20");
            let text = value.to_str().unwrap();
            let separators: &[char] =
                if formats().all(|format| format.syntax() == TagSyntax::Space) { &[' '] } else { &[',', ' '] };
            let sent = || text.split(separators).filter(|tag| !tag.is_empty());
            let carried = |tag: &CacheTag| formats().all(|format| format.carries(tag));
            assert!(sent().all(|tag| CacheTag::new(tag).is_ok_and(|tag| carried(&tag))), "{text}");
            // No tag is omitted, unless one tag replaces all.
            assert!(
                tags.iter().all(|tag| sent().any(|sent| sent == tag.as_str()))
                    || (coarser && sent().next() == Some("all")),
                "{text}"
            );
        }
    }
}
