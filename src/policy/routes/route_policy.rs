//! [`RoutePolicy`]: the policies of one route.

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use crate::policy::CachePolicy;

/// The policies of one route, or of one name that several routes refer to.
///
/// A [`CachePolicy`] converts into a `RoutePolicy` that applies to responses with status 200, 203, 206 and 304. If a
/// policy is set twice, for example for one status, the later one applies. `Vary` names accumulate instead. The [module
/// docs](super#which-policy-of-a-route) describe which policy a response gets.
///
/// ```
/// use std::time::Duration;
/// use http::StatusCode;
/// use tower_cache_policy::policy::CachePolicy;
/// use tower_cache_policy::policy::routes::RoutePolicy;
///
/// let minute = Duration::from_secs(60);
/// let article = RoutePolicy::new(CachePolicy::public(5 * minute))
///     .status(StatusCode::NOT_FOUND, CachePolicy::max_age(minute))
///     .vary(["accept-language"])
///     .tags(["articles"]);
/// # let _ = article;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RoutePolicy {
    pub(super) start: Start,
    pub(super) head: Option<CachePolicy>,
    pub(super) by_status: BTreeMap<StatusCode, CachePolicy>,
    pub(super) by_content_type: BTreeMap<String, CachePolicy>,
    /// By the method's name, since a `Method` has no order.
    pub(super) for_unsafe: BTreeMap<String, (Method, CachePolicy)>,
    pub(super) vary: Vec<String>,
    pub(super) tags: Vec<String>,
}

/// The base of a route's policies.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Policy(CachePolicy),
    Named { name: String, policy: Option<CachePolicy> },
}

impl RoutePolicy {
    /// Sets the route's own policy, which applies to status 200, 203, 206 and 304 if no more specific policy does.
    pub const fn new(policy: CachePolicy) -> Self {
        Self::from_start(Start::Policy(policy))
    }

    /// Inherits the policies that the table [defines](super::RoutePoliciesBuilder::named) under this name.
    ///
    /// Policies that you add replace the inherited ones for the same status, content type or method. `Vary` names and
    /// tags are added to the inherited ones.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::StatusCode;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let minute = Duration::from_secs(60);
    /// let page = RoutePolicy::new(CachePolicy::public(minute)).status(StatusCode::NOT_FOUND, CachePolicy::max_age(minute));
    /// let routes = RoutePolicies::builder()
    ///     .named("page", page)
    ///     // The same policy for a 404, and a longer lifetime for the page.
    ///     .route("/archive/{year}", RoutePolicy::named("page").policy(CachePolicy::public(60 * minute)))
    ///     .build()?;
    /// let rows: Vec<_> = routes.rows().map(|row| (row.status_label().to_owned(), row.cache_control().to_owned())).collect();
    /// assert!(rows.contains(&("success".to_owned(), "public, max-age=3600".to_owned())));
    /// assert!(rows.contains(&("404".to_owned(), "max-age=60".to_owned())));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub fn named(name: impl Into<String>) -> Self {
        Self::from_start(Start::Named { name: name.into(), policy: None })
    }

    /// Replaces the route's own policy. Inherited policies for statuses, content types and HEAD stay.
    pub fn policy(mut self, policy: CachePolicy) -> Self {
        let before = match &mut self.start {
            Start::Policy(own) => Some(std::mem::replace(own, policy)),
            Start::Named { policy: own, .. } => own.replace(policy),
        };
        self.keep_vary(before)
    }

    /// Sets the policy for a method.
    ///
    /// For GET, this is the route's own policy. HEAD can have a different one. Responses to any other method are never
    /// stored, so [`build`](super::RoutePoliciesBuilder::build) accepts only [`CachePolicy::NO_STORE`] for it.
    ///
    /// ```
    /// use http::Method;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::new(CachePolicy::NO_CACHE).method(Method::POST, CachePolicy::NO_STORE);
    /// let routes = RoutePolicies::builder().route("/", page).build()?;
    /// let methods: Vec<_> = routes.rows().map(|row| (row.methods().to_vec(), row.cache_control().to_owned())).collect();
    /// assert!(methods.contains(&(vec![Method::POST], "private, no-store".to_owned())));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    ///
    /// # Warning
    ///
    /// A cache updates its stored response to GET with the fields of a response to HEAD
    /// ([RFC 9111 section 4.3.5](https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.5)).
    pub fn method(mut self, method: Method, policy: CachePolicy) -> Self {
        // G-09, S-07
        match method {
            Method::GET => self.policy(policy),
            Method::HEAD => {
                let before = self.head.replace(policy);
                self.keep_vary(before)
            }
            _ => {
                self.for_unsafe.insert(method.as_str().to_owned(), (method, policy));
                self
            }
        }
    }

    /// Sets the policy for one status, such as a short lifetime for 404 or a long one for 301.
    ///
    /// [`build`](super::RoutePoliciesBuilder::build) rejects 200, 203, 206 and 304, which get the route's own policy,
    /// and statuses that are never stored.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let minute = Duration::from_secs(60);
    /// let article = RoutePolicy::new(CachePolicy::public(5 * minute))
    ///     .status(StatusCode::NOT_FOUND, CachePolicy::max_age(minute));
    /// let routes = RoutePolicies::builder().route("/articles/{id}", article).build().unwrap();
    ///
    /// for (status, cache_control) in [
    ///     (StatusCode::OK, "public, max-age=300"),
    ///     (StatusCode::NOT_FOUND, "max-age=60"),
    ///     (StatusCode::INTERNAL_SERVER_ERROR, "private, no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(CachePolicyLayer::new(routes.clone())).service_fn(
    ///         move |_: Request<()>| async move {
    ///             Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
    ///         },
    ///     );
    ///     let request = Request::get("/articles/7").body(()).unwrap();
    ///     assert_eq!(service.oneshot(request).await.unwrap().headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    pub fn status(mut self, status: StatusCode, policy: CachePolicy) -> Self {
        let before = self.by_status.insert(status, policy);
        self.keep_vary(before)
    }

    /// Sets the policy for one content type, such as `text/css`, or for a range such as `image/*`.
    ///
    /// It applies to status 200, 203, 206 and 304. Case does not matter, and parameters of the response's
    /// `Content-Type` are ignored.
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_cache_policy::CachePolicyLayer;
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// # tokio_test::block_on(async {
    /// let uploads = RoutePolicy::new(CachePolicy::NO_STORE)
    ///     .content_type("image/*", CachePolicy::public(Duration::from_secs(3_600)));
    /// let routes = RoutePolicies::builder().route("/uploads/{*path}", uploads).build().unwrap();
    ///
    /// for (content_type, cache_control) in [
    ///     ("image/png", "public, max-age=3600"),
    ///     ("text/html; charset=utf-8", "private, no-store"),
    /// ] {
    ///     let service = ServiceBuilder::new().layer(CachePolicyLayer::new(routes.clone())).service_fn(
    ///         move |_: Request<()>| async move {
    ///             Ok::<_, Infallible>(Response::builder().header("content-type", content_type).body(()).unwrap())
    ///         },
    ///     );
    ///     let request = Request::get("/uploads/1").body(()).unwrap();
    ///     assert_eq!(service.oneshot(request).await.unwrap().headers()["cache-control"], cache_control);
    /// }
    /// # });
    /// ```
    pub fn content_type(mut self, content_type: impl Into<String>, policy: CachePolicy) -> Self {
        let before = self.by_content_type.insert(content_type.into().to_ascii_lowercase(), policy);
        self.keep_vary(before)
    }

    /// Adds names of request fields to the `Vary` of every response of the route, in addition to those of its policies.
    ///
    /// Any field name except `*` is valid. For `authorization` and `cookie`, see the
    /// [cost](crate::policy::CachePolicy#optional-sign-in).
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::new(CachePolicy::NO_CACHE.vary(&["accept"])).vary(["accept-language"]);
    /// let routes = RoutePolicies::builder().route("/", page).build()?;
    /// assert_eq!(routes.rows().next().unwrap().vary(), Some("accept-language, accept"));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub fn vary(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        // K-02
        self.vary.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds cache tags, by which a purge removes the route's responses from CDNs.
    ///
    /// Each has to be a valid [`CacheTag`](crate::policy::CacheTag). Add the tags of many responses first: if a CDN
    /// cannot read all tags, the last ones [may be omitted](crate::edge::TagOverflow).
    ///
    /// ```
    /// use tower_cache_policy::policy::CachePolicy;
    /// use tower_cache_policy::policy::routes::{RoutePolicies, RoutePolicy};
    ///
    /// let page = RoutePolicy::new(CachePolicy::NO_CACHE).tags(["pages", "articles"]);
    /// let routes = RoutePolicies::builder().route("/articles/{id}", page).build()?;
    /// assert!(routes.rows().next().unwrap().tags().eq(["pages", "articles"]));
    /// # Ok::<(), tower_cache_policy::policy::routes::RouteError>(())
    /// ```
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<String>>) -> Self {
        // G-20
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// All policies for GET and HEAD, without those of a base.
    pub(super) fn policies(&self) -> impl Iterator<Item = CachePolicy> {
        let own = match self.start {
            Start::Policy(policy) => Some(policy),
            Start::Named { policy, .. } => policy,
        };
        let of_types = self.by_content_type.values().copied();
        own.into_iter().chain(of_types).chain(self.head).chain(self.by_status.values().copied())
    }

    /// Adds the `Vary` names of a policy that another one replaces, because the response still depends on those fields
    ///.
    // K-02
    fn keep_vary(self, replaced: Option<CachePolicy>) -> Self {
        match replaced {
            Some(policy) => self.vary(policy.vary_names()),
            None => self,
        }
    }

    const fn from_start(start: Start) -> Self {
        Self {
            start,
            head: None,
            by_status: BTreeMap::new(),
            by_content_type: BTreeMap::new(),
            for_unsafe: BTreeMap::new(),
            vary: Vec::new(),
            tags: Vec::new(),
        }
    }
}

impl From<CachePolicy> for RoutePolicy {
    fn from(policy: CachePolicy) -> Self {
        Self::new(policy)
    }
}
