//! `ServeDir` of tower-http, with and without the layer for versioned assets.

use std::fmt::Debug;

use axum::body::Body;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderName, Request, Response, StatusCode};
use tempfile::TempDir;
use tower::{Layer, Service, ServiceExt};
use tower_cache_policy::AssetsLayer;
use tower_cache_policy::assets::AssetManifest;
use tower_http::services::ServeDir;

use crate::requests::{Question, request_case, local, runtime};
use crate::stacks::BODIES;
use crate::support::Case;

/// The directory must outlive the cases.
pub(crate) fn files() -> (TempDir, Vec<Case>) {
    let directory = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for (body, length) in BODIES {
        std::fs::write(directory.path().join(format!("{length}.css")), vec![b'a'; length]).unwrap();
        let path = directory.path().to_owned();
        let serve = move || ServeDir::new(&path);
        let path = directory.path().to_owned();
        let manifest = move || AssetManifest::from_directory(&path).unwrap();
        let plain = move || local(&format!("/{length}.css"));
        let inner = manifest.clone();
        let versioned = move || local(inner().url(&format!("{length}.css")).unwrap());
        let inner = serve.clone();
        let assets = move || AssetsLayer::new(manifest()).layer(inner());

        let inner = serve.clone();
        let since = move || again(inner(), plain(), LAST_MODIFIED, IF_MODIFIED_SINCE);
        let (inner, requests) = (assets.clone(), versioned.clone());
        let same = move || again(inner(), requests(), ETAG, IF_NONE_MATCH);
        let inner = assets.clone();
        let same_plain = move || again(inner(), plain(), ETAG, IF_NONE_MATCH);

        let mut add = |case: Case| cases.push(case.times(if length > 1 << 18 { 20 } else { 60 }));
        let name = |name: &str| format!("{name} @ {body}");
        let (served, not_modified) = (name("ServeDir, 200"), name("ServeDir, 304 by its date"));
        add(request_case(GROUP, served.clone(), serve.clone(), plain));
        add(request_case(GROUP, name("AssetsLayer, 200, versioned"), assets.clone(), versioned).against(&*served));
        add(request_case(GROUP, name("AssetsLayer, 200, plain"), assets.clone(), plain).against(served));
        add(request_case(GROUP, not_modified.clone(), serve, since));
        add(request_case(GROUP, name("AssetsLayer, 304, versioned"), assets.clone(), same).against(&*not_modified));
        add(request_case(GROUP, name("AssetsLayer, 304, plain"), assets, same_plain).against(not_modified));
    }
    (directory, cases)
}

const GROUP: &str = "files";

/// The request of a client that has stored the file and sends its validator.
fn again<S, B>(mut service: S, question: Question, known: HeaderName, sent: HeaderName) -> Question
where
    S: Service<Request<Body>, Response = Response<B>, Error: Debug>,
{
    runtime().block_on(async {
        let response = service.ready().await.unwrap().call(question.request()).await.unwrap();
        let question = question.with(sent, response.headers()[known].clone());
        let again = service.ready().await.unwrap().call(question.request()).await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        question
    })
}
