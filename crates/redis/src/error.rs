//! [`ConnectError`].

use std::error::Error;
use std::fmt;

use redis::{ConnectionInfo, ErrorKind, RedisError, ServerErrorKind};
use tower_cache_policy::store::RemoteError;

/// The maximum length of the engine's own text in an error, in characters.
const MAX_TEXT: usize = 200;

/// An error from [`RedisStore::connect`](crate::RedisStore::connect): the URL is not valid, the engine cannot be
/// reached, its certificate is not accepted, or it rejects the credentials or the commands. The text names the remedy,
/// and does not contain credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    address: String,
    text: String,
}

/// The kind of a [`ConnectError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The URL or the prefix is not valid.
    Settings,
    /// The engine cannot be reached.
    Unreachable,
    /// The engine does not accept the credentials.
    Credentials,
    /// The certificate of the engine is not accepted.
    Certificate,
    /// The engine does not permit or support a command that the store needs.
    Refused,
}

impl ConnectError {
    pub(crate) fn settings(text: impl Into<String>) -> Self {
        Self { kind: ConnectErrorKind::Settings, address: String::new(), text: text.into() }
    }

    pub(crate) fn unreachable(infos: &[ConnectionInfo], text: &str) -> Self {
        Self { kind: ConnectErrorKind::Unreachable, address: addresses(infos), text: text.to_owned() }
    }

    pub(crate) fn of(error: &RedisError, infos: &[ConnectionInfo]) -> Self {
        let code = error.code().unwrap_or_default();
        let is_of_credentials = error.kind() == ErrorKind::AuthenticationFailed
            || matches!(code, "WRONGPASS" | "NOAUTH")
            // An engine without a password in its configuration rejects every password.
            || error.to_string().contains("AUTH");
        let kind = match error.kind() {
            _ if is_of_credentials => ConnectErrorKind::Credentials,
            // The errors of the TLS library are of several kinds.
            _ if error.to_string().contains("certificate") => ConnectErrorKind::Certificate,
            ErrorKind::InvalidClientConfig => ConnectErrorKind::Settings,
            ErrorKind::Server(ServerErrorKind::BusyLoading) => ConnectErrorKind::Unreachable,
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::RESP3NotSupported => ConnectErrorKind::Refused,
            _ => ConnectErrorKind::Unreachable,
        };
        Self { kind, address: addresses(infos), text: without_credentials(error.to_string(), infos) }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub const fn kind(&self) -> ConnectErrorKind {
        self.kind
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, address, text } = self;
        match kind {
            ConnectErrorKind::Settings => f.write_str(text),
            ConnectErrorKind::Unreachable => write!(
                f,
                "cannot connect to Redis at {address} ({text}): check the address, and that the server is running"
            ),
            ConnectErrorKind::Credentials => write!(
                f,
                "Redis at {address} rejects the user name or the password ({text}): use \
                 redis://USER:PASSWORD@HOST:PORT, or redis://:PASSWORD@HOST:PORT for the default user"
            ),
            ConnectErrorKind::Certificate => write!(
                f,
                "the certificate of Redis at {address} is not accepted ({text}): use the host name of the certificate \
                 in the URL, and trust the authority that signed it"
            ),
            ConnectErrorKind::Refused => write!(
                f,
                "Redis at {address} rejects a command ({text}): use Redis 6 or Valkey, and permit the user GET, \
                 GETRANGE, SET, DEL, EVAL, EVALSHA, SUBSCRIBE, PUBLISH and +@sortedset"
            ),
        }
    }
}

impl Error for ConnectError {}

/// Distinguishes an engine that does not work from one that rejects an operation.
pub(crate) fn remote_error(error: &RedisError) -> RemoteError {
    let is_unavailable = match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::TryAgain
                | ServerErrorKind::Moved
                | ServerErrorKind::Ask
        ),
        ErrorKind::UnexpectedReturnType | ErrorKind::Extension => false,
        _ => true,
    };
    // Omits the details, which may contain arbitrary text.
    let kind = error.kind();
    let text = match error.code() {
        Some(code) => format!("{code} ({kind:?})"),
        None => format!("{kind:?}"),
    };
    if is_unavailable { RemoteError::unavailable(text) } else { RemoteError::refused(text) }
}

fn addresses(infos: &[ConnectionInfo]) -> String {
    let all: Vec<String> = infos.iter().map(|info| info.addr().to_string()).collect();
    all.join(", ")
}

fn without_credentials(mut text: String, infos: &[ConnectionInfo]) -> String {
    for info in infos {
        let settings = info.redis_settings();
        for secret in [settings.password(), settings.username()].into_iter().flatten().filter(|text| !text.is_empty()) {
            text = text.replace(secret, "***");
        }
    }
    text.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect()
}
