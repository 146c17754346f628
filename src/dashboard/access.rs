//! [`Access`]: who may see the page.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use http::header::{FORWARDED, HOST, VIA};
use http::request::Parts;
use http::uri::Authority;

use super::peer::PeerAddress;

#[derive(Clone)]
pub(super) enum Access {
    /// A loopback peer, which must be known, and that asks this machine by a loopback name.
    Loopback { peers_are_local: bool },
    /// What the application says.
    Rule(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    PeerUnknown,
    PeerElsewhere,
    HostElsewhere,
    Forwarded,
    ByRule,
}

impl Access {
    pub(super) fn check(&self, request: &Parts) -> Result<(), Refusal> {
        let peers_are_local = match self {
            Self::Rule(rule) => return if rule(request) { Ok(()) } else { Err(Refusal::ByRule) },
            Self::Loopback { peers_are_local } => *peers_are_local,
        };
        // An address that is known counts also where the application says that it need not be.
        match request.extensions.get::<PeerAddress>() {
            Some(peer) if !peer.is_loopback() => return Err(Refusal::PeerElsewhere),
            None if !peers_are_local => return Err(Refusal::PeerUnknown),
            Some(_) | None => {}
        }
        if is_forwarded(request) {
            return Err(Refusal::Forwarded);
        }
        if names_loopback(request) { Ok(()) } else { Err(Refusal::HostElsewhere) }
    }
}

/// Whether a field tells of somebody behind the peer.
fn is_forwarded(request: &Parts) -> bool {
    let told = |name: &str| name.starts_with("x-forwarded-") || name == "x-real-ip";
    request.headers.keys().any(|name| *name == FORWARDED || *name == VIA || told(name.as_str()))
}

/// Whether all names that the request has for the host, at least one, are loopback.
fn names_loopback(request: &Parts) -> bool {
    let target = request.uri.authority().map(|authority| is_loopback(authority.host()));
    let fields = request
        .headers
        .get_all(HOST)
        .iter()
        .map(|value| Authority::try_from(value.as_bytes()).is_ok_and(|authority| is_loopback(authority.host())));
    let names: Vec<bool> = target.into_iter().chain(fields).collect();
    !names.is_empty() && names.iter().all(|loopback| *loopback)
}

/// RFC 6761 section 6.3: `localhost` and all names under it are this machine.
fn is_loopback(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback());
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// What is wrong, and what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PeerUnknown => {
                "The address of the peer is not known. Put `PeerAddress` into the request's extensions, or say \
                 `Dashboard::bound_to_loopback` where the listener is bound to loopback."
            }
            Self::PeerElsewhere => {
                "The peer is another machine. Open the page on the machine itself, or allow it by `Dashboard::allow`."
            }
            Self::HostElsewhere => {
                "The request does not name a loopback host. Open the page as `localhost` or `127.0.0.1`, or allow it \
                 by `Dashboard::allow`."
            }
            Self::Forwarded => {
                "The request came through a proxy. Open the page without it, or allow it by `Dashboard::allow`."
            }
            Self::ByRule => "The rule of `Dashboard::allow` does not let this request through.",
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
