//! The front page, with versioned URLs for its files.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header::LINK};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Environment, context};
use tower_cache_policy::assets::AssetSource;
use tower_cache_policy::assets::minijinja::add_asset_functions;
use tower_cache_policy::policy::CachePolicy;

const TEMPLATE: &str = include_str!("pages/front.html");

#[derive(Debug)]
pub struct FrontPage {
    templates: Environment<'static>,
    assets: AssetSource,
    /// Whether the site has an in-process cache.
    has_cache: bool,
    visits: AtomicU64,
}

impl FrontPage {
    /// Loads the template and renders it once, so that a wrong file name is an error at startup and not during a visit.
    pub fn new(assets: &AssetSource, has_cache: bool) -> Result<Self, Box<dyn Error>> {
        let mut templates = Environment::new();
        add_asset_functions(&mut templates, assets);
        templates.add_template("front.html", TEMPLATE)?;
        let page = Self { templates, assets: assets.clone(), has_cache, visits: AtomicU64::new(0) };
        page.render(0)?;
        Ok(page)
    }

    fn render(&self, visit: u64) -> Result<Response, Box<dyn Error>> {
        let assets = self.assets.current();
        let files: Vec<_> = assets
            .iter()
            .map(|asset| {
                context! { name => asset.name(), fingerprint => asset.fingerprint(), length => asset.length() }
            })
            .collect();
        let has_cache = self.has_cache;
        let html = self.templates.get_template("front.html")?.render(context! { visit, files, has_cache })?;
        // Without the preload, the browser would find the font only after it has parsed the stylesheet.
        let font = assets.preload("tally.woff2")?;
        // A handler can return its own policy as a part of the response.
        Ok((CachePolicy::NO_STORE, [(LINK, font)], Html(html)).into_response())
    }
}

pub async fn front(State(page): State<Arc<FrontPage>>) -> Response {
    let visit = page.visits.fetch_add(1, Ordering::Relaxed) + 1;
    // `new` has rendered the page once. Later, rendering fails only in development mode, if a file was deleted.
    page.render(visit).unwrap_or_else(|error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response())
}
