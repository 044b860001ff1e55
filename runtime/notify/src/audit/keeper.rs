//! Keeps the audit logs of a database: one process at a time seals the rows of a tenant, and removes what is old enough.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hanko_domain::{Clock, Random, TenantId, Timestamp};
use hanko_store::{TenantStore, audit::AuditRow};
use uuid::Uuid;

use super::{Chain, ChainError};

/// Rows sealed or removed in one transaction. SQLite has one writer: logins wait for it, so it is had for a few milliseconds.
const BATCH: u32 = 250;
/// Batches of a tenant before the others have their turn.
const TURNS: u32 = 4;
/// How long a process is the one that seals a tenant's rows, unless it says so again. A second one would do no harm: of two
/// that go on from the same end, one is refused.
const LEASE: Duration = Duration::from_secs(10);
const LEASE_NAME: &str = "audit";
/// How often old rows are removed and old seals renewed.
const TIDY: Duration = Duration::from_secs(60);
/// How often the same trouble of a tenant is told.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// A tenant whose log is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its rows.
    pub store: TenantStore,
    /// Its chain.
    pub chain: Chain,
    /// How long rows are kept.
    pub retention: Duration,
}

/// What was done, in numbers. Read by the metrics page.
#[derive(Debug, Default)]
pub struct Counters {
    sealed: AtomicU64,
    removed: AtomicU64,
    failures: AtomicU64,
    backlog: AtomicU64,
    lag: AtomicU64,
}

impl Counters {
    /// Rows this process has sealed.
    pub fn sealed(&self) -> u64 {
        self.sealed.load(Ordering::Relaxed)
    }

    /// Rows this process has removed because of their age.
    pub fn removed(&self) -> u64 {
        self.removed.load(Ordering::Relaxed)
    }

    /// Rounds in which the log of a tenant could not be kept.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Rows that are not sealed yet, of every tenant this process serves, whoever seals them.
    pub fn backlog(&self) -> u64 {
        self.backlog.load(Ordering::Relaxed)
    }

    /// How long the oldest of them has been waiting.
    pub fn lag(&self) -> Duration {
        Duration::from_micros(self.lag.load(Ordering::Relaxed))
    }
}

/// The keeper of a database in this process.
#[derive(Debug)]
pub struct Keeper {
    clock: Clock,
    holder: Uuid,
    counters: Arc<Counters>,
    tenants: HashMap<TenantId, Turn>,
}

/// What is known of a tenant between two rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    held_until: Option<Timestamp>,
    tidied_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

/// What waits.
#[derive(Default)]
struct Waiting {
    rows: u64,
    since: Option<Timestamp>,
}

impl Keeper {
    /// For one database.
    pub fn new(clock: Clock, random: &Random) -> Self {
        Self { clock, holder: random.uuid_v4(), counters: Arc::default(), tenants: HashMap::new() }
    }

    /// Counts what is done, also while it is done.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Gives every tenant its turn. What was sealed is told to `told`, in its order, after it has become true. `true`: there is
    /// more to do at once.
    pub async fn round(&mut self, tenants: &[Kept], mut told: impl FnMut(TenantId, &[AuditRow])) -> bool {
        self.tenants.retain(|id, _| tenants.iter().any(|kept| kept.store.tenant() == *id));
        let (mut more, mut backlog, mut oldest) = (false, 0, None);
        for kept in tenants {
            let id = kept.store.tenant();
            let mut turn = self.tenants.get(&id).copied().unwrap_or_default();
            let waiting = match self.turn(kept, &mut turn, &mut told).await {
                Ok((again, waiting)) => {
                    more |= again;
                    waiting
                }
                Err(error) => {
                    self.counters.failures.fetch_add(1, Ordering::Relaxed);
                    let now = self.clock.now();
                    if turn.told_at.is_none_or(|at| now.since(at) >= TOLD_AGAIN) {
                        turn.told_at = Some(now);
                        tracing::error!(tenant = %id, %error, "the audit log is not sealed; it is tried again in a moment");
                    }
                    // What is not sealed waits all the same.
                    Self::look(&kept.store).await.unwrap_or_default()
                }
            };
            backlog += waiting.rows;
            oldest = [oldest, waiting.since].into_iter().flatten().min();
            self.tenants.insert(id, turn);
        }
        let lag = oldest.map_or(Duration::ZERO, |at: Timestamp| self.clock.now().since(at));
        self.counters.backlog.store(backlog, Ordering::Relaxed);
        self.counters.lag.store(u64::try_from(lag.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        more
    }

    async fn turn(
        &self,
        kept: &Kept,
        turn: &mut Turn,
        told: &mut impl FnMut(TenantId, &[AuditRow]),
    ) -> Result<(bool, Waiting), ChainError> {
        let Kept { store, chain, retention } = kept;
        let tidy = turn.tidied_at.is_none_or(|at| self.clock.now().since(at) >= TIDY);
        let mut rows = store.unsealed_audit_rows(BATCH).await?;
        if rows.is_empty() && !tidy || !self.is_ours(store, turn).await? {
            return Ok((false, waiting(store, &rows).await?));
        }
        for _ in 0..TURNS {
            if rows.is_empty() {
                break;
            }
            let sealed = chain.seal(rows, self.clock.now()).await?;
            self.counters.sealed.fetch_add(sealed.len() as u64, Ordering::Relaxed);
            if sealed.is_empty() {
                // Somebody else is at it: the lease was lost meanwhile.
                turn.held_until = None;
            } else {
                told(store.tenant(), &sealed);
            }
            rows = store.unsealed_audit_rows(BATCH).await?;
            if sealed.is_empty() || rows.len() < BATCH as usize {
                break;
            }
        }
        let mut more = rows.len() >= BATCH as usize;
        if tidy {
            let now = self.clock.now();
            chain.renew(now).await?;
            let removed = chain.remove(now - *retention, BATCH, now).await?;
            self.counters.removed.fetch_add(removed, Ordering::Relaxed);
            if removed < u64::from(BATCH) {
                turn.tidied_at = Some(now);
            } else {
                more = true;
            }
        }
        Ok((more, waiting(store, &rows).await?))
    }

    async fn look(store: &TenantStore) -> Result<Waiting, ChainError> {
        waiting(store, &store.unsealed_audit_rows(BATCH).await?).await
    }

    /// Whether this process seals the tenant's rows now.
    async fn is_ours(&self, store: &TenantStore, turn: &mut Turn) -> Result<bool, ChainError> {
        let now = self.clock.now();
        if turn.held_until.is_none_or(|until| until.since(now) < LEASE / 2) {
            let ours = store.take_lease(LEASE_NAME, self.holder, LEASE, now).await?;
            turn.held_until = ours.then_some(now + LEASE);
        }
        Ok(turn.held_until.is_some())
    }

    /// Lets another process go on at once. For the end of the process.
    pub async fn leave(&mut self, tenants: &[Kept]) {
        for kept in tenants {
            if self.tenants.remove(&kept.store.tenant()).is_some_and(|turn| turn.held_until.is_some()) {
                // Without it the lease runs out a little later.
                let _ = kept.store.give_back_lease(LEASE_NAME, self.holder).await;
            }
        }
    }
}

async fn waiting(store: &TenantStore, rows: &[AuditRow]) -> Result<Waiting, ChainError> {
    let counted =
        if rows.len() < BATCH as usize { rows.len() as u64 } else { store.count_unsealed_audit_rows().await? };
    Ok(Waiting { rows: counted, since: rows.first().map(|row| row.created_at) })
}
