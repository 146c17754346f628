//! The scripts that run in the engine.
//!
//! The history of purges is one sorted set, so that an engine that evicts keys loses it completely or not at all. Its
//! members are `e` and the id of the history, with the score -1; `f`, with the number of the last purge that was
//! removed; `c`, with the number of the last purge; and for each purge `p` and its bytes, with its number. If a purge
//! is published again, only its number changes.

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, cmd};

/// The maximum number of purges in the history.
pub(crate) const MAX_PURGES: usize = 10_000;
/// The maximum number of purges that are read at a time.
pub(crate) const PAGE: usize = 1_000;

/// Adds a purge and wakes the subscribers. KEYS: history. ARGV: channel, purge, id for a new history, maximum.
const PUBLISH: &str = r"
local key = KEYS[1]
local clock = redis.call('ZSCORE', key, 'c')
if not clock then
  redis.call('ZADD', key, -1, 'e' .. ARGV[3], 0, 'f', 0, 'c')
  clock = 0
end
clock = tonumber(clock) + 1
redis.call('ZADD', key, clock, 'p' .. ARGV[2], clock, 'c')
local extra = redis.call('ZCARD', key) - 3 - tonumber(ARGV[4])
if extra > 0 then
  local last = redis.call('ZRANGE', key, 1 + extra, 1 + extra, 'WITHSCORES')
  redis.call('ZREMRANGEBYRANK', key, 2, 1 + extra)
  redis.call('ZADD', key, last[2], 'f')
end
redis.call('PUBLISH', ARGV[1], '')
return clock
";

/// Returns id, last removed number, whether there are more, and the purges. KEYS: history. ARGV: id, number and bytes of
/// the last purge that the caller has read, id for a new history, number of purges.
///
/// If the history does not contain that purge, the engine has lost the end of the history, for example in a failover.
/// The history then gets a new id.
const READ: &str = r"
local key = KEYS[1]
local since = tonumber(ARGV[2])
local first = redis.call('ZRANGE', key, 0, 0)[1]
if not first then
  redis.call('ZADD', key, -1, 'e' .. ARGV[4], 0, 'f', 0, 'c')
  return {ARGV[4], '0', 0, {}}
end
local id = string.sub(first, 2)
local floor = redis.call('ZSCORE', key, 'f')
if id == ARGV[1] then
  local lost = since > tonumber(redis.call('ZSCORE', key, 'c'))
  if not lost and ARGV[3] ~= '' and since > tonumber(floor) then
    local score = redis.call('ZSCORE', key, 'p' .. ARGV[3])
    lost = not score or tonumber(score) < since
  end
  if lost then
    redis.call('ZREM', key, first)
    redis.call('ZADD', key, -1, 'e' .. ARGV[4])
    id = ARGV[4]
  end
end
if id ~= ARGV[1] or since < tonumber(floor) then since = tonumber(floor) end
local limit = tonumber(ARGV[5]) + 1
local found = redis.call('ZRANGEBYSCORE', key, '(' .. string.format('%.0f', since), '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
local purges = {}
for index = 1, #found, 2 do
  if string.sub(found[index], 1, 1) == 'p' then
    purges[#purges + 1] = found[index + 1]
    purges[#purges + 1] = string.sub(found[index], 2)
  end
end
local more = 0
if #found >= 2 * limit then more = 1 end
return {id, floor, more, purges}
";

/// Removes a lease. KEYS: lease. ARGV: holder, because another process may have the lease by now.
const END_LEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
";

/// A script with one key, so that the cluster node that has the key runs it.
#[derive(Debug)]
pub(crate) struct Script {
    text: String,
    hash: String,
}

/// The scripts, ready to run.
#[derive(Debug)]
pub(crate) struct Scripts {
    /// Runs even if the memory of the engine is full, when a purge is needed most. Requires Redis 7.
    pub(crate) publish: Script,
    /// The form for older versions.
    pub(crate) publish_if_memory: Script,
    pub(crate) read: Script,
    pub(crate) end_lease: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            publish: Script::new(format!("#!lua flags=allow-oom{PUBLISH}")),
            publish_if_memory: Script::new(PUBLISH.to_owned()),
            read: Script::new(READ.to_owned()),
            end_lease: Script::new(END_LEASE.to_owned()),
        }
    }
}

impl Script {
    fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }

    /// Runs the script. `add` adds its arguments.
    ///
    /// If the engine has not stored the script, the command contains its text. `SCRIPT LOAD` would be sent to all nodes
    /// of a cluster, and would fail while one of them is down.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut impl ConnectionLike,
        key: &str,
        add: impl Fn(&mut Cmd),
    ) -> Result<T, RedisError> {
        let command = |name: &str, script: &str| {
            let mut command = cmd(name);
            command.arg(script).arg(1).arg(key);
            add(&mut command);
            command
        };
        match command("EVALSHA", &self.hash).query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", &self.text).query_async(connection).await
            }
            result => result,
        }
    }
}
