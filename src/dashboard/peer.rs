//! [`PeerAddress`]: who is at the other end of the connection.

use std::net::SocketAddr;

/// The address at the other end of the connection, in the extensions of a request, where the
/// server puts it. See the [module docs](super) for how.
///
/// It must come from the socket, not from a field of the request, which anybody can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // It is this address and nothing else.
pub struct PeerAddress(pub SocketAddr);

impl PeerAddress {
    /// Whether it is of this machine, also where IPv6 carries the IPv4 address.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }
}
