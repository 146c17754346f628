//! [`RedisStore`].

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
#[cfg(feature = "cluster")]
use redis::cluster::ClusterClientBuilder;
use redis::{Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, ServerErrorKind, cmd};
use tower_cache_policy::layers::shared_cache::SecondLevel;
use tower_cache_policy::store::{PurgeHistory, PurgeMoment, RemoteError, RemoteFuture, RemoteStore};

use crate::connection::{Connection, Endpoint};
use crate::error::{ConnectError, remote_error};
use crate::script::{MAX_PURGES, PAGE, Scripts};

/// The time within which a connection must be established when a store is built.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The size of a record in addition to its body: head, key and tags.
const HEAD: usize = 512 << 10;
/// The number of consecutive abandoned polls after which a new connection is established. A connection to a lost
/// machine does not fail on its own for many minutes.
const MAX_UNFINISHED: u32 = 3;
/// The upper bound for the maximum size of a body, in bytes.
pub(crate) const MAX_RECORD: usize = 256 << 20;

/// Redis or Valkey as the second level of a [`SharedCache`](tower_cache_policy::SharedCache).
///
/// All operations share one connection, which is established again when it is lost. See the [crate docs](crate) for an
/// example.
pub struct RedisStore {
    shared: Arc<Shared>,
    max_record: usize,
}

struct Shared {
    endpoint: Endpoint,
    link: Mutex<Link>,
    prefix: String,
    scripts: Scripts,
    /// Whether the engine is too old for a script that runs even if the memory is full.
    is_old: AtomicBool,
    /// The number of polls that have begun but not finished.
    unfinished: AtomicU32,
    /// The last purge that was read.
    last: Mutex<(PurgeMoment, Bytes)>,
    max_reply: usize,
}

/// A connection, and whether its subscription to purges is complete.
#[derive(Clone)]
struct Link {
    connection: Connection,
    is_subscribed: Arc<AtomicBool>,
}

impl From<Connection> for Link {
    fn from(connection: Connection) -> Self {
        Self { connection, is_subscribed: Arc::default() }
    }
}

impl RedisStore {
    /// Connects to an engine by its URL, such as `redis://user:password@host:6379/0`, or by a
    /// [`ConnectionInfo`]. `rediss://` needs the feature `tls`.
    ///
    /// Requires Redis 6 or Valkey, because purges are pushed over the same connection (RESP3).
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not valid, or if the engine cannot be reached within five seconds or rejects the
    /// credentials. To continue without a second level, use `ok()`:
    ///
    /// ```
    /// use tower_cache_policy::SharedCache;
    /// use tower_cache_policy::store::MemoryStore;
    /// use tower_cache_policy_redis::RedisStore;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let store = RedisStore::connect("redis://127.0.0.1:1").await;
    /// let second = store.inspect_err(|error| eprintln!("warning: no second level: {error}")).ok();
    /// let cache = SharedCache::by_policy(MemoryStore::new(64 << 20)).second_level(second.map(RedisStore::second_level));
    /// assert!(cache.stats().second_level.is_none());
    /// # });
    /// ```
    pub async fn connect(info: impl IntoConnectionInfo) -> Result<Self, ConnectError> {
        Self::connect_to(Endpoint::single(info)?).await
    }

    /// Connects to a Redis Cluster through some of its nodes.
    ///
    /// # Errors
    ///
    /// Like [`connect`](Self::connect).
    #[cfg(feature = "cluster")]
    pub async fn connect_cluster<I>(nodes: impl IntoIterator<Item = I>) -> Result<Self, ConnectError>
    where
        I: IntoConnectionInfo,
    {
        Self::connect_cluster_with(nodes, |builder| builder).await
    }

    /// Connects to a Redis Cluster with more settings of the `redis` crate, such as certificates:
    ///
    /// ```no_run
    /// use tower_cache_policy_redis::redis::cluster::ClusterClientBuilder;
    /// use tower_cache_policy_redis::{ConnectError, RedisStore};
    ///
    /// async fn store(nodes: [&str; 2]) -> Result<RedisStore, ConnectError> {
    ///     // The store stops waiting for a lost node after 300 milliseconds.
    ///     let configure = |builder: ClusterClientBuilder| builder.connection_timeout(std::time::Duration::from_millis(300));
    ///     RedisStore::connect_cluster_with(nodes, configure).await
    /// }
    /// ```
    ///
    /// The store sets the protocol and the function that receives pushes.
    ///
    /// # Errors
    ///
    /// Like [`connect`](Self::connect).
    #[cfg(feature = "cluster")]
    pub async fn connect_cluster_with<I>(
        nodes: impl IntoIterator<Item = I>,
        configure: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder,
    ) -> Result<Self, ConnectError>
    where
        I: IntoConnectionInfo,
    {
        Self::connect_to(Endpoint::cluster(nodes, configure)?).await
    }

    /// Returns a store that connects when it is first used. The engine need not be running yet. Must be called in a
    /// tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not valid. Wrong credentials are visible only in the
    /// [statistics](tower_cache_policy::SharedCache::stats) of the cache.
    pub fn connect_lazily(info: impl IntoConnectionInfo) -> Result<Self, ConnectError> {
        Self::unchecked(Endpoint::single(info)?)
    }

    /// Sets the start of all names in the engine. The default is `tower-cache-policy`.
    ///
    /// Processes with the same prefix share stored responses and purges. They must run the same application, and create
    /// its layers in the same order. Give other applications a different prefix, even if they use a different database
    /// of the engine: purges are pushed to all databases.
    ///
    /// # Errors
    ///
    /// Returns an error if the prefix does not consist of 1 to 64 letters, digits, `-`, `_`, `.` and `:`.
    pub fn prefix(self, prefix: &str) -> Result<Self, ConnectError> {
        check_prefix(prefix)?;
        Ok(self.with(|shared| shared.prefix = prefix.to_owned()))
    }

    /// Sets the maximum size of the body of a stored response, in bytes. The default is 1 MiB.
    #[must_use]
    pub fn max_record(self, bytes: usize) -> Self {
        let bytes = bytes.min(MAX_RECORD);
        Self { max_record: bytes, ..self.with(|shared| shared.max_reply = bytes + HEAD) }
    }

    /// Returns the second level for a cache. It runs its tasks in the tokio runtime in which the first layer of the
    /// cache is created.
    #[must_use]
    pub fn second_level(self) -> SecondLevel {
        let max_record = self.max_record;
        let spawn = |task: RemoteFuture<()>| {
            tokio::spawn(task);
        };
        SecondLevel::new(self, spawn, tokio::time::sleep).max_record(max_record)
    }

    async fn connect_to(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let infos = endpoint.infos().to_vec();
        let connecting = async {
            let store = Self::unchecked_and_connected(endpoint).await?;
            // The engine must also permit the scripts and the subscription.
            store.shared.read(PurgeMoment::default()).await.map_err(|error| ConnectError::of(&error, &infos))?;
            Ok(store)
        };
        match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::unreachable(&infos, "no response within 5 seconds")),
        }
    }

    async fn unchecked_and_connected(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let infos = endpoint.infos().to_vec();
        let store = Self::unchecked(endpoint)?;
        let mut connection = store.shared.connection();
        connection.ready().await.map_err(|error| ConnectError::of(&error, &infos))?;
        *store.shared.link.lock().unwrap_or_else(PoisonError::into_inner) = connection.into();
        Ok(store)
    }

    fn unchecked(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let connection = endpoint.open().map_err(|error| ConnectError::of(&error, endpoint.infos()))?;
        let max_record = 1 << 20;
        let shared = Shared {
            endpoint,
            link: Mutex::new(connection.into()),
            prefix: "tower-cache-policy".to_owned(),
            scripts: Scripts::new(),
            is_old: AtomicBool::new(false),
            unfinished: AtomicU32::new(0),
            last: Mutex::default(),
            max_reply: max_record + HEAD,
        };
        Ok(Self { shared: Arc::new(shared), max_record })
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        // The caller does not have the store yet, so no operation shares it.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            // The check at the start subscribed to the channel of the default prefix, and read its history.
            shared.link.get_mut().unwrap_or_else(PoisonError::into_inner).is_subscribed = Arc::default();
            shared.last = Mutex::default();
            change(shared);
        }
        self
    }
}

impl RemoteStore for RedisStore {
    fn get(&self, name: &str) -> RemoteFuture<Result<Option<Bytes>, RemoteError>> {
        let shared = Arc::clone(&self.shared);
        let mut command = cmd("GETRANGE");
        // A value that another program wrote may be long.
        command.arg(shared.name(name)).arg(0).arg(shared.max_reply);
        Box::pin(async move {
            let value: Vec<u8> = shared.query(&command).await?;
            Ok((!value.is_empty()).then(|| value.into()))
        })
    }

    fn put(&self, name: &str, record: Bytes, keep_for: Duration) -> RemoteFuture<Result<(), RemoteError>> {
        let shared = Arc::clone(&self.shared);
        let mut command = cmd("SET");
        command.arg(shared.name(name)).arg(&record[..]).arg("PX").arg(milliseconds(keep_for));
        Box::pin(async move { shared.query(&command).await })
    }

    fn forget(&self, name: &str) -> RemoteFuture<Result<(), RemoteError>> {
        let shared = Arc::clone(&self.shared);
        let mut command = cmd("DEL");
        command.arg(shared.name(name));
        Box::pin(async move { shared.query(&command).await })
    }

    fn publish(&self, purge: Bytes) -> RemoteFuture<Result<(), RemoteError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.publish(&purge).await.map_err(|error| shared.judge(&error)) })
    }

    fn purges_since(&self, since: PurgeMoment) -> RemoteFuture<Result<PurgeHistory, RemoteError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            if shared.unfinished.fetch_add(1, Ordering::Relaxed) >= MAX_UNFINISHED {
                shared.reconnect();
            }
            let mut result = shared.read(since).await;
            if result.as_ref().is_err_and(is_of_connection) {
                // The connection was lost, or the error is from the last attempt to establish it.
                shared.reconnect();
                result = shared.read(since).await;
            }
            shared.unfinished.store(0, Ordering::Relaxed);
            result.map_err(|error| shared.judge(&error))
        })
    }

    fn lease(&self, name: &str, holder: &str, keep_for: Duration) -> RemoteFuture<Result<bool, RemoteError>> {
        let shared = Arc::clone(&self.shared);
        let mut command = cmd("SET");
        command.arg(shared.name(name)).arg(holder).arg("NX").arg("PX").arg(milliseconds(keep_for));
        Box::pin(async move { shared.query::<Option<()>>(&command).await.map(|taken| taken.is_some()) })
    }

    fn end_lease(&self, name: &str, holder: &str) -> RemoteFuture<Result<(), RemoteError>> {
        let shared = Arc::clone(&self.shared);
        let (name, holder) = (shared.name(name), holder.to_owned());
        Box::pin(async move {
            let mut connection = shared.connection();
            let add = |command: &mut Cmd| _ = command.arg(&holder);
            let ended = shared.scripts.end_lease.run::<u64>(&mut connection, &name, add).await;
            ended.map(drop).map_err(|error| shared.judge(&error))
        })
    }

    fn purged(&self) -> RemoteFuture<()> {
        let purged = Arc::clone(self.shared.endpoint.purged());
        Box::pin(async move { purged.notified().await })
    }
}

impl Shared {
    async fn query<T: redis::FromRedisValue>(&self, command: &Cmd) -> Result<T, RemoteError> {
        let mut connection = self.connection();
        command.query_async(&mut connection).await.map_err(|error| self.judge(&error))
    }

    async fn publish(&self, purge: &Bytes) -> Result<(), RedisError> {
        let mut connection = self.connection();
        let (history, channel, fresh) = (self.history(), self.channel(), new_id());
        let add = |command: &mut Cmd| _ = command.arg(&channel).arg(&purge[..]).arg(&fresh).arg(MAX_PURGES);
        if !self.is_old.load(Ordering::Relaxed) {
            match self.scripts.publish.run::<u64>(&mut connection, &history, add).await {
                Err(error) if is_of_old_engine(&error) => self.is_old.store(true, Ordering::Relaxed),
                result => return result.map(drop),
            }
        }
        self.scripts.publish_if_memory.run::<u64>(&mut connection, &history, add).await.map(drop)
    }

    async fn read(&self, since: PurgeMoment) -> Result<PurgeHistory, RedisError> {
        let Link { mut connection, is_subscribed } = self.link();
        if !is_subscribed.load(Ordering::Relaxed) {
            connection.subscribe(&self.channel()).await?;
            // Only now, because a caller that stops waiting drops this future.
            is_subscribed.store(true, Ordering::Relaxed);
        }
        let last = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.0 == since { last.1.clone() } else { Bytes::new() }
        };
        let (known, fresh) = (format!("{:016x}", since.history), new_id());
        let add = |command: &mut Cmd| {
            command.arg(&known).arg(since.number).arg(&last[..]).arg(&fresh).arg(PAGE);
        };
        type Reply = (String, u64, u8, Vec<Vec<u8>>);
        let (id, forgotten, more, listed): Reply = self.scripts.read.run(&mut connection, &self.history(), add).await?;
        let wrong =
            || RedisError::from((ErrorKind::UnexpectedReturnType, "the history of purges has an unexpected form"));
        let history = u64::from_str_radix(&id, 16).map_err(|_| wrong())?;
        let mut purges = Vec::with_capacity(listed.len() / 2);
        let mut listed = listed.into_iter();
        while let (Some(number), Some(purge)) = (listed.next(), listed.next()) {
            let number = std::str::from_utf8(&number).ok().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
            purges.push((number, Bytes::from(purge)));
        }
        if let Some((number, purge)) = purges.last() {
            let moment = PurgeMoment { history, number: *number };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = (moment, purge.clone());
        }
        Ok(PurgeHistory { history, forgotten, purges, has_more: more == 1 })
    }

    /// Replaces the connection with a new one, which is established when it is first used.
    fn reconnect(&self) {
        self.unfinished.store(0, Ordering::Relaxed);
        if let Ok(connection) = self.endpoint.open() {
            *self.link.lock().unwrap_or_else(PoisonError::into_inner) = connection.into();
        }
    }

    fn judge(&self, error: &RedisError) -> RemoteError {
        if error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) {
            // The address may refer to the new primary by now.
            self.unfinished.store(MAX_UNFINISHED, Ordering::Relaxed);
        }
        remote_error(error)
    }

    fn link(&self) -> Link {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connection(&self) -> Connection {
        self.link().connection
    }

    fn name(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn history(&self) -> String {
        self.name("1-purges")
    }

    fn channel(&self) -> String {
        self.name("1-purged")
    }
}

/// Does not show credentials or the parameters of a URL.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = |info: &ConnectionInfo| info.addr().to_string();
        f.debug_struct("RedisStore")
            .field("addresses", &self.shared.endpoint.infos().iter().map(address).collect::<Vec<_>>())
            .field("prefix", &self.shared.prefix)
            .finish_non_exhaustive()
    }
}

pub(crate) fn check_prefix(prefix: &str) -> Result<(), ConnectError> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if (1..=64).contains(&prefix.len()) && prefix.bytes().all(is_valid) {
        return Ok(());
    }
    let start: String = prefix.chars().take(80).collect();
    Err(ConnectError::settings(format!(
        "the prefix {start:?} is not valid: use 1 to 64 letters, digits, `-`, `_`, `.` and `:`"
    )))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Returns the id of a new history, which is never zero.
fn new_id() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::time::Instant::now()) | 1)
}

fn is_of_connection(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal()
}

/// Returns whether the engine does not support flags of scripts.
fn is_of_old_engine(error: &RedisError) -> bool {
    error.to_string().contains("compiling")
}
