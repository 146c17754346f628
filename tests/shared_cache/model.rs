//! Compares the cache with a sequential model, over random requests, changes, purges and times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use proptest::prelude::*;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized};

use crate::site::{MINUTE, Site, page};
use crate::support::{TestBody, field};

const LIFETIME: u64 = 60;
const MARKED_FOR: u64 = 2;

/// How the handler responds for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Tagged,
    PerLanguage,
    WithCookie,
    Personal,
    NoStore,
    Error,
}

const KINDS: [Kind; 7] =
    [Kind::Plain, Kind::Tagged, Kind::PerLanguage, Kind::WithCookie, Kind::Personal, Kind::NoStore, Kind::Error];

#[derive(Clone, Debug)]
enum Step {
    Get { path: usize, language: usize, has_credentials: bool },
    Change { path: usize, kind: Kind },
    Purge { path: usize },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2usize, 0..2usize, proptest::bool::weighted(0.15))
            .prop_map(|(path, language, has_credentials)| Step::Get { path, language, has_credentials }),
        2 => (0..2usize, proptest::sample::select(&KINDS[..])).prop_map(|(path, kind)| Step::Change { path, kind }),
        1 => (0..2usize).prop_map(|path| Step::Purge { path }),
        2 => proptest::sample::select(&[1, 3, 30, 59, 60, 61][..]).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What the handler knows: for each path, a version and a kind.
type World = [(usize, Kind); 2];

fn tag(path: usize) -> CacheTag {
    CacheTag::new(format!("path-{path}")).unwrap()
}

fn respond(world: &World, request: &Request<TestBody>) -> Response<TestBody> {
    let path = usize::from(request.uri().path() == "/1");
    let (version, kind) = world[path];
    let mut body = format!("{path} version {version}");
    if kind == Kind::PerLanguage {
        body += &field(request.headers(), "accept-language").unwrap();
    }
    if let Some(user) = field(request.headers(), "authorization") {
        body += &user;
    }
    let etag = format!("\"{path}-{version}\"");
    let mut response = match kind {
        Kind::Plain => page(body, &[]),
        Kind::Tagged => {
            let mut response = page(body, &[("etag", &etag)]);
            if request.headers().get("if-none-match").is_some_and(|known| known == &etag) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.body_mut() = TestBody::default();
            }
            response
        }
        Kind::PerLanguage => page(body, &[("vary", "accept-language")]),
        Kind::WithCookie => page(body, &[("set-cookie", "id=1")]),
        Kind::Personal => page(body, &[]),
        Kind::NoStore => page(body, &[("cache-control", "no-store")]),
        Kind::Error => page(body, &[]),
    };
    match kind {
        Kind::Personal => _ = response.extensions_mut().insert(Personalized),
        Kind::Error => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        _ => {}
    }
    CacheTags::from_iter([tag(path)]).add_to(response.extensions_mut());
    response
}

#[derive(Clone, Debug)]
struct Stored {
    body: String,
    /// `None` if any language selects it.
    language: Option<usize>,
    at: u64,
}

/// What the cache has to do.
#[derive(Debug, Default)]
struct Model {
    now: u64,
    stored: HashMap<usize, Vec<Stored>>,
    /// When a response for the path was last not stored.
    marked: HashMap<usize, u64>,
}

impl Model {
    fn get(&mut self, world: &World, path: usize, language: usize, has_credentials: bool) -> (String, bool) {
        let (version, kind) = world[path];
        let mut body = format!("{path} version {version}");
        if kind == Kind::PerLanguage {
            body += LANGUAGES[language];
        }
        if has_credentials {
            return (body + "mine", false);
        }
        let now = self.now;
        let variants = self.stored.entry(path).or_default();
        // Of those that match, the last one counts.
        let selected = variants.iter().rposition(|stored| stored.language.is_none_or(|own| own == language));
        if let Some(stored) = selected.map(|index| &variants[index]).filter(|stored| now - stored.at < LIFETIME) {
            return (stored.body.clone(), true);
        }
        let is_marked = self.marked.get(&path).is_some_and(|at| now - at < MARKED_FOR);
        if selected.is_none() && is_marked {
            return (body, false);
        }
        let of_language = match kind {
            Kind::Plain | Kind::Tagged => None,
            Kind::PerLanguage => Some(language),
            Kind::WithCookie | Kind::Personal | Kind::NoStore | Kind::Error => {
                self.marked.insert(path, now);
                // An error leaves the stored response where it is.
                if let Some(index) = selected.filter(|_| kind != Kind::Error) {
                    variants.remove(index);
                }
                return (body, false);
            }
        };
        variants.retain(|stored| stored.language != of_language);
        variants.push(Stored { body: body.clone(), language: of_language, at: now });
        (body, false)
    }
}

const LANGUAGES: [&str; 2] = ["de", "en"];

proptest! {
    #[test]
    fn the_cache_agrees_with_a_sequential_model(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = Arc::new(Mutex::new([(0, Kind::Plain), (0, Kind::PerLanguage)]));
        let site = {
            let world = Arc::clone(&world);
            Site::with_policy(CachePolicy::public(MINUTE), move |request| respond(&world.lock().unwrap(), request))
        };
        let mut model = Model::default();
        for step in &steps {
            match *step {
                Step::Get { path, language, has_credentials } => {
                    let mut lines = vec![("accept-language", LANGUAGES[language])];
                    if has_credentials {
                        lines.push(("authorization", "mine"));
                    }
                    let got = runtime.block_on(site.get(&format!("/{path}"), &lines));
                    let expected = model.get(&world.lock().unwrap(), path, language, has_credentials);
                    prop_assert_eq!((got.body.clone(), got.is_hit()), expected, "{:?} in {:?}", step, steps);
                }
                Step::Change { path, kind } => {
                    let (version, own) = &mut world.lock().unwrap()[path];
                    *version += 1;
                    *own = kind;
                }
                Step::Purge { path } => {
                    site.cache.purge(&Purge::tags([tag(path)]));
                    model.stored.remove(&path);
                }
                Step::Wait { seconds } => {
                    site.clock.advance(seconds);
                    model.now += seconds;
                }
            }
        }
        prop_assert_eq!(site.cache.stats().under_way, 0);
    }
}
