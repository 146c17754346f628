//! [`Access`]: who may see the page.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::header::{HOST, ORIGIN, REFERER};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Uri};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The address of the peer, which the server adds to the extensions of a request. The [crate docs](crate) show how.
///
/// # Warning
///
/// It must come from the socket. Any client can set a field of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // It is this address and nothing else.
pub struct PeerAddress(pub SocketAddr);

impl PeerAddress {
    /// Returns whether this is a loopback address. An IPv4-mapped IPv6 address is treated as the IPv4 address.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }
}

#[derive(Clone)]
pub(crate) enum Access {
    /// A loopback peer that names a loopback host. Without `peers_are_local`, the peer must be known.
    Loopback { peers_are_local: bool },
    /// A custom rule of the application.
    Rule(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
}

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownPeer,
    RemotePeer,
    OtherHost,
    Proxied,
    CrossSite,
    ByRule,
}

impl Access {
    pub(crate) fn check(&self, request: &Parts) -> Result<(), Refusal> {
        let peers_are_local = match self {
            Self::Rule(rule) => {
                // A rule identifies a person, whose browser also sends requests on behalf of other sites.
                return match rule(request) {
                    false => Err(Refusal::ByRule),
                    true if is_cross_site(request) && !is_navigation(request) => Err(Refusal::CrossSite),
                    true => Ok(()),
                };
            }
            Self::Loopback { peers_are_local } => *peers_are_local,
        };
        // A known address is checked even if the application does not require it.
        match request.extensions.get::<PeerAddress>() {
            Some(peer) if !peer.is_loopback() => return Err(Refusal::RemotePeer),
            None if !peers_are_local => return Err(Refusal::UnknownPeer),
            Some(_) | None => {}
        }
        if request.headers.keys().any(is_of_proxy) {
            return Err(Refusal::Proxied);
        }
        if !names_loopback(request) {
            return Err(Refusal::OtherHost);
        }
        if is_cross_site(request) {
            return Err(Refusal::CrossSite);
        }
        Ok(())
    }
}

impl Access {
    /// Checks a request that changes something: it must also come from the page itself.
    pub(crate) fn check_change(&self, request: &Parts) -> Result<(), Refusal> {
        self.check(request)?;
        // Unlike a request for the page, such a request is never a navigation, and always has the field.
        if is_cross_site(request) || !request.headers.contains_key(ORIGIN) {
            return Err(Refusal::CrossSite);
        }
        Ok(())
    }
}

// ==== Proxies ====

/// Parts of a field name that indicate a proxy, or the client behind one.
const PARTS: [&str; 7] = ["clientip", "forward", "ingress", "proxy", "realip", "remoteip", "tunnel"];

/// Words in such a name, between hyphens.
const WORDS: [&str; 7] = ["addr", "cdn", "ip", "ips", "ipv4", "ipv6", "via"];

/// The prefixes of field names that CDNs, load balancers, meshes, tunnels and sign-in proxies add.
const PREFIXES: [&str; 38] = [
    "akamai-",
    "ali-",
    "cf-",
    "client-",
    "cloudfront-",
    "eagleeye-",
    "edge-",
    "fastly-",
    "fly-",
    "front-end-",
    "incap-",
    "ngrok-",
    "surrogate-",
    "tailscale-",
    "true-client-",
    "x-akamai-",
    "x-amz-cf-",
    "x-amzn-",
    "x-appengine-",
    "x-arr-",
    "x-auth-request-",
    "x-authentik-",
    "x-azure-",
    "x-bluecoat-",
    "x-client-",
    "x-cloud-",
    "x-cluster-",
    "x-edge-",
    "x-envoy-",
    "x-fd-",
    "x-goog-",
    "x-nf-",
    "x-original-",
    "x-originating-",
    "x-pomerium-",
    "x-sucuri-",
    "x-varnish",
    "x-vercel-",
];

/// Other names.
const NAMES: [&str; 10] = [
    "max-forwards",
    "remote-host",
    "remote-user",
    "x-host",
    "x-https",
    "x-remote-host",
    "x-remote-user",
    "x-request-start",
    "x-scheme",
    "x-url-scheme",
];

/// Returns whether a proxy, a CDN, a load balancer or a tunnel adds the field.
fn is_of_proxy(name: &HeaderName) -> bool {
    // Detects the fields of all known vendors, and those of unknown vendors by the words in their names. A false
    // positive only refuses a request and states the reason. A missing field would show the page to every client of the
    // proxy.
    let name = name.as_str();
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || PARTS.iter().any(|part| name.contains(part))
        || name.split(['-', '_']).any(|word| WORDS.contains(&word))
}

// ==== Hosts ====

/// Returns whether all host names in the request are loopback names. There must be at least one.
fn names_loopback(request: &Parts) -> bool {
    let target = request.uri.authority().map(is_loopback);
    let fields = request.headers.get_all(HOST).iter().map(|value| authority(value).as_ref().is_some_and(is_loopback));
    let mut names = target.into_iter().chain(fields).peekable();
    names.peek().is_some() && names.all(|loopback| loopback)
}

fn authority(value: &HeaderValue) -> Option<Authority> {
    Authority::try_from(value.as_bytes()).ok()
}

/// RFC 6761 section 6.3: `localhost` and all names under it refer to this machine.
fn is_loopback(authority: &Authority) -> bool {
    // Clients never send a user name in front of the host, and it could disguise the host.
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback());
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

// ==== Other sites ====

/// Returns whether the browser indicates that a page of another origin made the request.
fn is_cross_site(request: &Parts) -> bool {
    let is_other_site = |value: &HeaderValue| *value != "same-origin" && *value != "none";
    let is_other_origin = |value: &HeaderValue| !is_own_origin(request, value);
    let any = |name, is_other: &dyn Fn(&HeaderValue) -> bool| request.headers.get_all(name).iter().any(is_other);
    any(SEC_FETCH_SITE, &is_other_site)
        || any(ORIGIN, &is_other_origin)
        || any(REFERER, &is_other_origin)
        // Browsers send a preflight only for requests to other origins.
        || request.headers.keys().any(|name| name.as_str().starts_with("access-control-request-"))
}

/// Returns whether the user opens the page in its own window, which a site that links to it cannot read.
fn is_navigation(request: &Parts) -> bool {
    let is = |name, expected: &str| {
        let mut values = request.headers.get_all(name).iter();
        values.next().is_some_and(|value| value == expected) && values.next().is_none()
    };
    is(SEC_FETCH_MODE, "navigate") && is(SEC_FETCH_DEST, "document")
}

/// Returns whether a URL has the host and port of the request. A service does not know the scheme.
fn is_own_origin(request: &Parts, url: &HeaderValue) -> bool {
    let Ok(url) = Uri::try_from(url.as_bytes()) else { return false };
    let default = match url.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        // `null`, the origin of sandboxed pages and files, does not have a host.
        _ => return false,
    };
    let host_and_port = |authority: &Authority| {
        let port = authority.port_u16().unwrap_or(default);
        (authority.host().to_ascii_lowercase(), port)
    };
    let Some(of_url) = url.authority().filter(|authority| !authority.as_str().contains('@')).map(host_and_port) else {
        return false;
    };
    let fields = request.headers.get_all(HOST).iter().map(authority);
    let mut own = request.uri.authority().cloned().map(Some).into_iter().chain(fields).peekable();
    own.peek().is_some() && own.all(|own| own.as_ref().map(host_and_port) == Some(of_url.clone()))
}

/// The reason, and the remedy.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownPeer => {
                "The address of the peer is not known. Add `PeerAddress` to the extensions of the request, or call \
                 `Dashboard::bound_to_loopback` if the listener is bound to a loopback address."
            }
            Self::RemotePeer => {
                "The peer is another machine. Open the page on the machine itself, or allow it with `Dashboard::allow`."
            }
            Self::OtherHost => {
                "The request does not name a loopback host. Open the page as `localhost` or `127.0.0.1`, or allow it \
                 with `Dashboard::allow`."
            }
            Self::Proxied => {
                "The request came through a proxy. Open the page without it, or allow it with `Dashboard::allow`."
            }
            Self::CrossSite => {
                "Another site made the request. Open the page by its address, not by a link or script of another site."
            }
            Self::ByRule => "The rule of `Dashboard::allow` does not allow the request.",
        })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback { peers_are_local: false } => f.write_str("loopback"),
            Self::Loopback { peers_are_local: true } => f.write_str("bound to loopback"),
            Self::Rule(_) => f.write_str("<fn>"),
        }
    }
}
