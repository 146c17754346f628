//! Compares the cache with a sequential model, over random requests, changes, purges and times.
//!
//! The model is a list of stored responses. It does not have limits, and uses only numbers: it does not model header
//! fields, flights, or the order of purges.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use proptest::prelude::*;
use tower_cache_policy::SharedCache;
use tower_cache_policy::edge::purge::Purge;
use tower_cache_policy::policy::{CachePolicy, CacheTag, CacheTags, Personalized};

use crate::site::{MINUTE, PUBLIC, Site, page};
use crate::support::{TestBody, field, request};

const LIFETIME: u64 = 60;
/// The time for which stale responses may be used, if that is allowed.
const WINDOW: u64 = 30;
const MARKED_FOR: u64 = 2;
const LANGUAGES: [&str; 2] = ["de", "en"];

/// The kind of response that the handler returns for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Tagged,
    /// `no-cache`, with a tag.
    Revalidated,
    WhileRevalidating,
    IfError,
    PerLanguage,
    WithCookie,
    Personal,
    NoStore,
    Error,
}

const KINDS: [Kind; 10] = [
    Kind::Plain,
    Kind::Tagged,
    Kind::Revalidated,
    Kind::WhileRevalidating,
    Kind::IfError,
    Kind::PerLanguage,
    Kind::WithCookie,
    Kind::Personal,
    Kind::NoStore,
    Kind::Error,
];

impl Kind {
    fn has_tag(self) -> bool {
        matches!(self, Self::Tagged | Self::Revalidated | Self::WhileRevalidating | Self::IfError)
    }

    fn policy(self) -> Option<CachePolicy> {
        let window = Duration::from_secs(WINDOW);
        match self {
            Self::Revalidated => Some(CachePolicy::NO_CACHE),
            Self::WhileRevalidating => Some(PUBLIC.stale_while_revalidate(window)),
            Self::IfError => Some(PUBLIC.stale_if_error(window)),
            _ => None,
        }
    }

    fn is_stored(self) -> bool {
        !matches!(self, Self::WithCookie | Self::Personal | Self::NoStore | Self::Error)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Read {
        path: usize,
        language: usize,
        how: How,
    },
    /// An unsafe request, and whether it succeeds.
    Write {
        path: usize,
        succeeds: bool,
    },
    Change {
        path: usize,
        kind: Kind,
    },
    Purge {
        path: usize,
        by: By,
        soft: bool,
    },
    Wait {
        seconds: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Get,
    Head,
    /// The first byte of the content.
    Range,
    /// With the tag of an earlier version, this many versions ago.
    Conditional(usize),
    WithCredentials,
    /// `no-store` in the request.
    NotStored,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Tag,
    Url,
    Prefix,
    Everything,
}

fn step() -> impl Strategy<Value = Step> {
    use proptest::sample::select;
    let how = prop_oneof![
        6 => Just(How::Get),
        2 => Just(How::Head),
        1 => Just(How::Range),
        2 => (0..2usize).prop_map(How::Conditional),
        1 => Just(How::WithCredentials),
        1 => Just(How::NotStored),
    ];
    let by = select(&[By::Tag, By::Url, By::Prefix, By::Everything][..]);
    prop_oneof![
        9 => (0..2usize, 0..2usize, how).prop_map(|(path, language, how)| Step::Read { path, language, how }),
        1 => (0..2usize, any::<bool>()).prop_map(|(path, succeeds)| Step::Write { path, succeeds }),
        2 => (0..2usize, select(&KINDS[..])).prop_map(|(path, kind)| Step::Change { path, kind }),
        1 => (0..2usize, by, any::<bool>()).prop_map(|(path, by, soft)| Step::Purge { path, by, soft }),
        3 => select(&[1, 3, 10, 29, 30, 59, 60, 61][..]).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// The state of the handler.
#[derive(Clone, Copy, Debug)]
struct World {
    paths: [(usize, Kind); 2],
    writes_succeed: bool,
}

fn tag(path: usize) -> CacheTag {
    CacheTag::new(format!("path-{path}")).unwrap()
}

fn etag(path: usize, version: usize) -> String {
    format!("\"{path}-{version}\"")
}

fn text(path: usize, version: usize, kind: Kind, language: &str) -> String {
    format!("{path} version {version} {}", if kind == Kind::PerLanguage { language } else { "" })
}

fn respond(world: &World, request: &Request<TestBody>) -> Response<TestBody> {
    if request.method() == Method::POST {
        let mut response = page("", &[]);
        if !world.writes_succeed {
            *response.status_mut() = StatusCode::CONFLICT;
        }
        return response;
    }
    let path = usize::from(request.uri().path() == "/1");
    let (version, kind) = world.paths[path];
    let mut body = text(path, version, kind, &field(request.headers(), "accept-language").unwrap());
    if let Some(user) = field(request.headers(), "authorization") {
        body += &user;
    }
    let etag = etag(path, version);
    let mut response = match kind {
        _ if kind.has_tag() => page(body, &[("etag", &etag)]),
        Kind::PerLanguage => page(body, &[("vary", "accept-language")]),
        Kind::WithCookie => page(body, &[("set-cookie", "id=1")]),
        Kind::NoStore => page(body, &[("cache-control", "no-store")]),
        _ => page(body, &[]),
    };
    if kind.has_tag() && request.headers().get("if-none-match").is_some_and(|known| known == &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = TestBody::default();
    }
    match kind {
        Kind::Personal => _ = response.extensions_mut().insert(Personalized),
        Kind::Error => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        _ => {}
    }
    if let Some(policy) = kind.policy() {
        response.extensions_mut().insert(policy);
    }
    CacheTags::from_iter([tag(path)]).add_to(response.extensions_mut());
    response
}

#[derive(Clone, Debug)]
struct Stored {
    version: usize,
    kind: Kind,
    /// `None` if any language selects it.
    language: Option<usize>,
    at: u64,
    /// The time of the first soft purge of the last response from the handler.
    soft: Option<u64>,
}

impl Stored {
    fn is_fresh(&self, now: u64) -> bool {
        now - self.at < LIFETIME && self.kind != Kind::Revalidated && self.soft.is_none()
    }

    fn may_be_stale(&self, kind: Kind, now: u64) -> bool {
        let expired = (now - self.at).saturating_sub(LIFETIME);
        self.kind == kind && expired.max(self.soft.map_or(0, |soft| now - soft)) < WINDOW
    }
}

/// The model of the cache.
#[derive(Debug, Default)]
struct Model {
    now: u64,
    /// Whether revalidations can run in the background.
    spawns: bool,
    stored: HashMap<usize, Vec<Stored>>,
    /// The last time at which a response for the path was not stored.
    marked: HashMap<usize, u64>,
}

/// A status, a body, and whether it comes from the cache.
type Got = (u16, String, bool);

impl Model {
    fn read(&mut self, world: &World, path: usize, language: usize, how: How) -> Got {
        let (version, kind) = world.paths[path];
        let now = self.now;
        let of_handler = |world: &World| {
            let (version, kind) = world.paths[path];
            let status = if kind == Kind::Error { 500 } else { 200 };
            (status, text(path, version, kind, LANGUAGES[language]), kind.has_tag().then_some(version), false)
        };
        let of_stored = |stored: &Stored| {
            let body = text(path, stored.version, stored.kind, LANGUAGES[language]);
            (200, body, stored.kind.has_tag().then_some(stored.version), true)
        };
        let selected = self.selected(path, language).cloned();
        let got = match &selected {
            _ if how == How::WithCredentials => of_handler(world),
            Some(stored) if stored.is_fresh(now) => of_stored(stored),
            Some(stored)
                if self.spawns
                    && !matches!(how, How::Head | How::Range | How::NotStored)
                    && stored.may_be_stale(Kind::WhileRevalidating, now) =>
            {
                let got = of_stored(stored);
                self.fill(world, path, language, Some(stored));
                got
            }
            _ if matches!(how, How::Head) => {
                if let Some(stored) = &selected {
                    self.update_by_head(path, stored, version, kind);
                }
                of_handler(world)
            }
            _ if matches!(how, How::Range | How::NotStored) => of_handler(world),
            None if self.marked.get(&path).is_some_and(|at| now - at < MARKED_FOR) => of_handler(world),
            _ => {
                self.fill(world, path, language, selected.as_ref());
                match &selected {
                    Some(stored) if kind == Kind::Error && stored.may_be_stale(Kind::IfError, now) => of_stored(stored),
                    _ => of_handler(world),
                }
            }
        };
        let (status, mut body, etag, is_hit) = got;
        if how == How::WithCredentials {
            body += "mine";
        }
        match how {
            How::Head => (status, String::new(), is_hit),
            How::Range if is_hit => (206, body[..1].to_owned(), true),
            How::Conditional(ago) if etag.is_some() && etag == version.checked_sub(ago) => (304, String::new(), is_hit),
            _ => (status, body, is_hit),
        }
    }

    /// The last matching response applies.
    fn selected(&self, path: usize, language: usize) -> Option<&Stored> {
        let variants = self.stored.get(&path)?;
        variants.iter().rev().find(|stored| stored.language.is_none_or(|own| own == language))
    }

    /// Applies a request to the handler, which may revalidate a stale response.
    fn fill(&mut self, world: &World, path: usize, language: usize, stale: Option<&Stored>) {
        let (version, kind) = world.paths[path];
        let now = self.now;
        if !kind.is_stored() {
            // An error does not change the stored response.
            if let Some(stale) = stale.filter(|_| kind != Kind::Error) {
                self.remove(path, stale);
            }
            if !stale.is_some_and(|stale| kind == Kind::Error && stale.may_be_stale(Kind::IfError, now)) {
                self.marked.insert(path, now);
            }
            return;
        }
        let language = (kind == Kind::PerLanguage).then_some(language);
        let variants = self.stored.entry(path).or_default();
        variants.retain(|stored| stored.language != language);
        variants.push(Stored { version, kind, language, at: now, soft: None });
    }

    fn update_by_head(&mut self, path: usize, stored: &Stored, version: usize, kind: Kind) {
        // Neither a response without a tag nor an error gives information about the content.
        if !kind.has_tag() {
            return;
        }
        self.remove(path, stored);
        // A change of the kind also changes the version.
        if stored.version == version {
            let renewed = Stored { at: self.now, soft: None, ..stored.clone() };
            self.stored.entry(path).or_default().push(renewed);
        }
    }

    fn remove(&mut self, path: usize, stale: &Stored) {
        let variants = self.stored.entry(path).or_default();
        variants.retain(|stored| stored.language != stale.language);
    }

    fn purge(&mut self, path: usize, by: By, soft: bool) {
        let now = self.now;
        for (_, variants) in self.stored.iter_mut().filter(|(own, _)| matches!(by, By::Everything) || **own == path) {
            if soft {
                variants.iter_mut().for_each(|stored| stored.soft = stored.soft.or(Some(now)));
            } else {
                variants.clear();
            }
        }
    }
}

/// Runs a task to its end. The handlers of this test do not wait.
fn run(task: impl Future<Output = ()>) {
    let task = std::pin::pin!(task);
    assert!(task.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_cache_agrees_with_a_sequential_model(
        steps in proptest::collection::vec(step(), 1..80),
        spawns in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let paths = [(1, Kind::Plain), (1, Kind::PerLanguage)];
        let world = Arc::new(Mutex::new(World { paths, writes_succeed: true }));
        let site = {
            let world = Arc::clone(&world);
            let options = |cache: SharedCache| if spawns { cache.spawner(run) } else { cache };
            Site::configured(SharedCache::by_policy, Some(CachePolicy::public(MINUTE)), options, move |request| {
                respond(&world.lock().unwrap(), request)
            })
        };
        let mut model = Model { spawns, ..Model::default() };
        for (index, step) in steps.iter().enumerate() {
            match *step {
                Step::Read { path, language, how } => {
                    let tag = match how {
                        How::Conditional(ago) => etag(path, world.lock().unwrap().paths[path].0.saturating_sub(ago)),
                        _ => String::new(),
                    };
                    let mut lines = vec![("host", "h"), ("accept-language", LANGUAGES[language])];
                    let method = if how == How::Head { Method::HEAD } else { Method::GET };
                    match how {
                        How::Get | How::Head => {}
                        How::Range => lines.push(("range", "bytes=0-0")),
                        How::Conditional(_) => lines.push(("if-none-match", &tag)),
                        How::WithCredentials => lines.push(("authorization", "mine")),
                        How::NotStored => lines.push(("cache-control", "no-store")),
                    }
                    let got = runtime.block_on(site.call(request(method, &format!("/{path}"), &lines)));
                    let world = *world.lock().unwrap();
                    let expected = model.read(&world, path, language, how);
                    // This handler returns a body for HEAD, which a server does not send.
                    let is_hit = got.is_hit();
                    let body = if how == How::Head { String::new() } else { got.body };
                    prop_assert_eq!((got.status, body, is_hit), expected, "step {}, {:?} of {:?}", index, step, steps);
                }
                Step::Write { path, succeeds } => {
                    world.lock().unwrap().writes_succeed = succeeds;
                    runtime.block_on(site.call(request(Method::POST, &format!("/{path}"), &[("host", "h")])));
                    if succeeds {
                        model.purge(path, By::Url, false);
                    }
                }
                Step::Change { path, kind } => {
                    let (version, own) = &mut world.lock().unwrap().paths[path];
                    *version += 1;
                    *own = kind;
                }
                Step::Purge { path, by, soft } => {
                    let url = format!("https://h/{path}");
                    let purge = match by {
                        By::Tag => Purge::tags([tag(path)]),
                        By::Url | By::Prefix => Purge::url(&url).unwrap(),
                        By::Everything => Purge::everything(),
                    };
                    // Prefixes do not support soft purges.
                    let soft = soft && !matches!(by, By::Prefix);
                    match by {
                        By::Prefix => site.cache.purge_prefix(&url).unwrap(),
                        _ => site.cache.purge(&if soft { purge.soft() } else { purge }),
                    }
                    model.purge(path, by, soft);
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
