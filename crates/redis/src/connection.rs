//! [`Connection`]: to one engine or to a cluster.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
#[cfg(feature = "cluster")]
use redis::cluster::ClusterClientBuilder;
use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline, ProtocolVersion, PushInfo, RedisError,
    RedisFuture, Value,
};
use tokio::sync::Notify;

use crate::error::ConnectError;

/// The number of commands that can wait to be sent.
const BUFFER: usize = 1_024;

/// The address of the engine.
pub(crate) struct Endpoint {
    infos: Vec<ConnectionInfo>,
    /// Notified when there may be new purges.
    purged: Arc<Notify>,
    #[cfg(feature = "cluster")]
    cluster: Option<Arc<redis::cluster::ClusterClient>>,
}

/// A connection that all operations share.
#[derive(Clone)]
pub(crate) enum Connection {
    Single(ConnectionManager),
    #[cfg(feature = "cluster")]
    Cluster(cluster::Lazy),
}

impl Endpoint {
    pub(crate) fn single(info: impl IntoConnectionInfo) -> Result<Self, ConnectError> {
        Ok(Self {
            infos: vec![with_push(info)?],
            purged: Arc::default(),
            #[cfg(feature = "cluster")]
            cluster: None,
        })
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn cluster<I: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = I>,
        configure: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder,
    ) -> Result<Self, ConnectError> {
        let infos = nodes.into_iter().map(with_push).collect::<Result<Vec<_>, _>>()?;
        if infos.is_empty() {
            return Err(ConnectError::settings("a cluster needs nodes: use the URL of at least one of them"));
        }
        let purged = Arc::default();
        let client = cluster::client(&infos, configure, &purged).map_err(|error| ConnectError::of(&error, &infos))?;
        Ok(Self { infos, purged, cluster: Some(Arc::new(client)) })
    }

    pub(crate) fn infos(&self) -> &[ConnectionInfo] {
        &self.infos
    }

    pub(crate) const fn purged(&self) -> &Arc<Notify> {
        &self.purged
    }

    /// Returns a connection that is established when it is first used.
    pub(crate) fn open(&self) -> Result<Connection, RedisError> {
        #[cfg(feature = "cluster")]
        if let Some(client) = &self.cluster {
            return Ok(Connection::Cluster(cluster::Lazy::new(client)));
        }
        let config = ConnectionManagerConfig::new()
            // A caller that stops waiting drops its future.
            .set_response_timeout(None)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            // Each operation begins another attempt.
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(100))
            .set_pipeline_buffer_size(BUFFER)
            .set_push_sender(sender(&self.purged))
            .set_automatic_resubscription();
        let info = self.infos.first().cloned();
        let info =
            info.ok_or_else(|| RedisError::from((redis::ErrorKind::InvalidClientConfig, "there is no address")))?;
        ConnectionManager::new_lazy_with_config(Client::open(info)?, config).map(Connection::Single)
    }
}

impl Connection {
    /// Waits until the connection is established.
    pub(crate) async fn ready(&mut self) -> Result<(), RedisError> {
        match self {
            Self::Single(connection) => redis::cmd("PING").query_async(connection).await,
            // A node that is down does not respond, and the other nodes may work without it.
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => connection.get().await.map(drop),
        }
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) -> Result<(), RedisError> {
        match self {
            Self::Single(connection) => connection.subscribe(channel).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => connection.get().await?.subscribe(channel).await,
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(cmd),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => Box::pin(async move { connection.get().await?.req_packed_command(cmd).await }),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(cmd, offset, count),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => {
                Box::pin(async move { connection.get().await?.req_packed_commands(cmd, offset, count).await })
            }
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => 0,
        }
    }
}

/// Returns the function that a connection calls when the engine pushes a purge.
fn sender(purged: &Arc<Notify>) -> impl Fn(PushInfo) -> Result<(), redis::aio::SendError> + Send + Sync + 'static {
    let purged = Arc::clone(purged);
    move |_| {
        // This also happens after a new subscription, because purges may have been missed before it.
        purged.notify_one();
        Ok(())
    }
}

fn with_push(info: impl IntoConnectionInfo) -> Result<ConnectionInfo, ConnectError> {
    // The error could contain a part of the URL.
    let info = info.into_connection_info().map_err(|_| {
        ConnectError::settings(
            "the URL of Redis is not valid: use redis://HOST:PORT, redis://USER:PASSWORD@HOST:PORT/DATABASE, or \
             rediss:// for TLS, with `%` codes for special characters in a password",
        )
    })?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        check_tls()?;
    }
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// rustls would panic without a provider.
#[cfg(feature = "tls")]
fn check_tls() -> Result<(), ConnectError> {
    match rustls::crypto::CryptoProvider::get_default() {
        Some(_) => Ok(()),
        None => Err(ConnectError::settings(
            "rediss:// needs a cryptography provider: call rustls::crypto::ring::default_provider().install_default() \
             first, or install another one",
        )),
    }
}

#[cfg(not(feature = "tls"))]
fn check_tls() -> Result<(), ConnectError> {
    Err(ConnectError::settings("rediss:// needs TLS: enable the feature `tls` of tower-cache-policy-redis"))
}

#[cfg(feature = "cluster")]
mod cluster {
    use std::sync::Arc;
    use std::time::Duration;

    use redis::cluster::{ClusterClient, ClusterClientBuilder};
    use redis::cluster_async::ClusterConnection;
    use redis::{ConnectionInfo, ProtocolVersion, RedisError};
    use tokio::sync::{Notify, OnceCell};

    /// A connection to a cluster that is established when it is first used.
    #[derive(Clone)]
    pub(crate) struct Lazy {
        client: Arc<ClusterClient>,
        connection: Arc<OnceCell<ClusterConnection>>,
    }

    pub(super) fn client(
        infos: &[ConnectionInfo],
        configure: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder,
        purged: &Arc<Notify>,
    ) -> Result<ClusterClient, RedisError> {
        let builder = ClusterClient::builder(infos.to_vec())
            .connection_timeout(Duration::from_secs(1))
            // One retry for a key that has moved, and one for a node that has failed.
            .retries(2);
        configure(builder).use_protocol(ProtocolVersion::RESP3).push_sender(super::sender(purged)).build()
    }

    impl Lazy {
        pub(super) fn new(client: &Arc<ClusterClient>) -> Self {
            Self { client: Arc::clone(client), connection: Arc::default() }
        }

        pub(super) async fn get(&self) -> Result<ClusterConnection, RedisError> {
            self.connection.get_or_try_init(|| self.client.get_async_connection()).await.cloned()
        }
    }
}
