//! Counting together with other processes, in a Valkey or Redis server. No request waits for a server that is away: one task
//! keeps the connection, and while there is none, there is no count.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use hanko_domain::{Secret, TenantId};
use redis::{AsyncConnectionConfig, Client, RedisError, Script, aio::MultiplexedConnection};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use super::Counted;

/// A count that takes longer is none.
const ANSWER: Duration = Duration::from_millis(100);
/// A connection that takes longer is none.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(1);

/// One request more, and the milliseconds that are left. A key that lost its expiry gets one.
const COUNT: &str = "local used = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {used, left}";

/// A URL that names no server. The URL may hold a password and is no part of the error.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the URL of the server that counts requests must be redis://[user:password@]host[:port][/database] or rediss://…"
)]
pub(crate) struct BadUrl;

/// The counters of one tenant on a server.
pub(super) struct Shared {
    url: Secret<String>,
    counter: Counter,
    link: Arc<Link>,
    _keeper: AbortOnDropHandle<()>,
}

/// The connection, if there is one, and how its keeper learns that it is gone.
struct Link {
    connection: ArcSwapOption<MultiplexedConnection>,
    lost: mpsc::Sender<String>,
}

#[derive(Clone)]
struct Counter {
    tenant: TenantId,
    script: Arc<Script>,
}

impl Shared {
    /// Begins to connect.
    pub(super) fn new(tenant: TenantId, url: &Secret<String>) -> Result<Self, BadUrl> {
        let client = Client::open(url.expose().as_str()).map_err(|_| BadUrl)?;
        let counter = Counter { tenant, script: Arc::new(Script::new(COUNT)) };
        let (lost, losses) = mpsc::channel(1);
        let link = Arc::new(Link { connection: ArcSwapOption::empty(), lost });
        let keeper = tokio::spawn(keep(client, counter.clone(), link.clone(), losses));
        Ok(Self { url: url.clone(), counter, link, _keeper: AbortOnDropHandle::new(keeper) })
    }

    pub(super) fn is_at(&self, url: &Secret<String>) -> bool {
        self.url == *url
    }

    pub(super) fn is_connected(&self) -> bool {
        self.link.connection.load().is_some()
    }

    /// Counts one request of a client. `None` while the server is away.
    pub(super) async fn count(&self, client: &str, interval: Duration) -> Option<Counted> {
        let held = self.link.connection.load_full()?;
        match self.counter.count(&held, client, interval).await {
            Ok(counted) => Some(counted),
            Err(error) => {
                self.link.lose(held, &error);
                None
            }
        }
    }
}

impl Counter {
    async fn count(
        &self,
        connection: &MultiplexedConnection,
        client: &str,
        interval: Duration,
    ) -> Result<Counted, RedisError> {
        let key = format!("hanko:{}:flood:{client}", self.tenant);
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let mut connection = connection.clone();
        let (used, left) = self.script.key(key).arg(millis).invoke_async(&mut connection).await?;
        Ok(Counted { used, left: Duration::from_millis(left) })
    }
}

impl Link {
    /// Of many requests that fail with a connection, one tells.
    fn lose(&self, held: Arc<MultiplexedConnection>, error: &RedisError) {
        let held = Some(held);
        let current = self.connection.compare_and_swap(&held, None);
        if current.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
            // The channel has room for the one connection there is.
            let _ = self.lost.try_send(error.to_string());
        }
    }
}

/// Keeps a connection. Tells when it goes and when it is back, and nothing in between.
async fn keep(client: Client, counter: Counter, link: Arc<Link>, mut losses: mpsc::Receiver<String>) {
    let mut away = false;
    loop {
        let reason = match connect(&client, &counter).await {
            Ok(connection) => {
                if away {
                    info!(tenant = %counter.tenant, "requests of a client are counted by all processes together again");
                    away = false;
                }
                link.connection.store(Some(Arc::new(connection)));
                losses.recv().await.unwrap_or_default()
            }
            Err(error) => error.to_string(),
        };
        if !away {
            warn!(tenant = %counter.tenant, reason, "each process counts the requests of a client by itself");
            away = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// A connection that can count: a server may accept one and refuse to write.
async fn connect(client: &Client, counter: &Counter) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
    let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    counter.count(&connection, "probe", AGAIN).await?;
    Ok(connection)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}
