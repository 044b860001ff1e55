//! Finds the receivers of what happened, and posts to them.

mod attempt;
mod counters;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use hanko_domain::{Actor, AuditEntry, AuditKind, Clock, Random, RequestMeta, TenantId, Timestamp, WebhookId};
use hanko_keys::{Sealer, SigningKeys};
use hanko_outbound::Client;
use hanko_store::{
    StoreError, SystemStore, TenantStore, Work,
    outbox::{Ending, Sink},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::receivers::{Receivers, Target};
use crate::{
    audit,
    events::RecordError,
    worker::{Ended, LEASE, POLL, Rules, Shift, Trade},
};
use attempt::{Attempt, TIMEOUT};
pub use counters::{Counters, Outcome};

const _: () = assert!(LEASE.as_secs() > TIMEOUT.as_secs(), "a lease must outlive every attempt");

/// How long what happened is told, and waits for a receiver that is disabled.
pub(super) const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a receiver lives without a delivery that succeeds, where the project wants that (§6).
pub(super) const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Events whose receivers are found in one transaction.
const FAN_OUT: u32 = 200;
/// Connections of the process at once, to all receivers together.
const SLOTS: usize = 128;

/// The pause of a lane after so many failures: one second, doubled each time.
fn rest(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(6))
}

/// What a process posts at once, shared by the workers of all its databases.
pub fn slots() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(SLOTS))
}

/// The webhook worker of the process. One is enough for a database; several, in several processes, do no harm.
#[derive(Clone, Debug)]
pub struct Worker {
    system: SystemStore,
    clock: Clock,
    random: Random,
    counters: Arc<Counters>,
    slots: Arc<Semaphore>,
    poll: Duration,
}

/// How one tenant's receivers are told.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its data.
    pub store: TenantStore,
    /// Opens what happened.
    pub sealer: Sealer,
    /// Sign the token.
    pub keys: Arc<SigningKeys>,
    /// Calls whom its project may call.
    pub client: Client,
    /// Whom its project tells.
    pub receivers: Arc<Receivers>,
}

impl Worker {
    /// For one database. `slots` are the process's.
    pub fn new(system: SystemStore, clock: Clock, random: Random, slots: Arc<Semaphore>) -> Self {
        Self { system, clock, random, counters: Arc::default(), slots, poll: POLL }
    }

    /// Looks this often for what nothing woke it for.
    #[must_use]
    pub fn polling_every(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// Counts what becomes of deliveries, also while the worker runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Works until `shutdown` is cancelled, then waits up to `grace` for what is being posted. `ways` gives the current one of a
    /// tenant; `None` for a tenant that this process does not serve.
    pub async fn run(
        self,
        ways: impl Fn(TenantId) -> Option<Way> + Send + Sync,
        shutdown: CancellationToken,
        grace: Duration,
    ) {
        let Self { system, clock, random, counters, slots, poll } = self;
        let bench = Arc::new(attempt::Bench { clock: clock.clone(), random: random.clone(), counters });
        let trade = Posts { system, bench, ways, poll, known: Mutex::default() };
        Shift { clock, random, poll, slots }.work(&trade, shutdown, grace).await;
    }
}

/// One receiver of one tenant.
type Lane = (TenantId, WebhookId);

struct Posts<Ways> {
    system: SystemStore,
    bench: Arc<attempt::Bench>,
    ways: Ways,
    poll: Duration,
    known: Mutex<Known>,
}

/// What is looked at next, so that a tenant in which nothing happens costs nothing.
#[derive(Default)]
struct Known {
    /// Something may be due there.
    awake: HashSet<TenantId>,
    /// Something is due there at that time.
    later: HashMap<TenantId, Timestamp>,
    /// When all tenants were looked at.
    looked: Option<Instant>,
    /// The receivers of the lanes that are due.
    targets: HashMap<Lane, (Way, Target)>,
}

impl<Ways: Fn(TenantId) -> Option<Way> + Send + Sync> Posts<Ways> {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the receivers of what happened their deliveries.
    async fn fan_out(&self) -> Result<(), StoreError> {
        for tenant in self.system.tenants_to_fan_out().await? {
            let Some(way) = (self.ways)(tenant) else { continue };
            let limit = usize::try_from(FAN_OUT).unwrap_or(usize::MAX);
            let mut told = false;
            while way
                .store
                .fan_out(FAN_OUT, self.bench.clock.now(), |occurrences, kept| {
                    let deliveries = way.receivers.deliveries(occurrences, kept);
                    told |= !deliveries.is_empty();
                    deliveries
                })
                .await?
                >= limit
            {}
            if told {
                self.known().awake.insert(tenant);
            }
        }
        Ok(())
    }

    /// The tenants to look at now.
    async fn awake(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        let due_to_look = self.known().looked.is_none_or(|looked| looked.elapsed() >= self.poll);
        if due_to_look {
            let tenants = self.system.tenants_due(Sink::Webhook, now).await?;
            let mut known = self.known();
            known.awake.extend(tenants);
            known.looked = Some(Instant::now());
        }
        let mut known = self.known();
        let due: Vec<TenantId> = known.later.iter().filter(|(_, at)| **at <= now).map(|(tenant, _)| *tenant).collect();
        for tenant in due {
            known.later.remove(&tenant);
            known.awake.insert(tenant);
        }
        Ok(known.awake.iter().copied().collect())
    }

    /// The receivers of a tenant that may be told now.
    async fn targets(&self, tenant: TenantId, way: &Way, now: Timestamp) -> Result<Vec<Target>, StoreError> {
        let mut targets: Vec<Target> = way.receivers.targets().collect();
        for webhook in way.store.webhooks().await?.into_iter().filter(|webhook| webhook.enabled) {
            if way.receivers.allow_time_expiration && webhook.expires_at < now {
                let mut work = way.store.begin().await?;
                if work.expire_webhook(webhook.id, now).await? {
                    self.note_disabled(&mut work, way, webhook.id, "expired", now).await?;
                }
                work.commit().await?;
                continue;
            }
            match Target::of(&webhook, &way.sealer, now) {
                Ok(target) => targets.extend(target),
                // A key that is missing here may be on its way: Secrets reach pods one after the other.
                Err(error) => {
                    let webhook = webhook.id;
                    tracing::warn!(%tenant, %webhook, %error, "a webhook waits, since its secret does not open");
                }
            }
        }
        Ok(targets)
    }

    async fn note_disabled(
        &self,
        work: &mut Work,
        way: &Way,
        webhook: WebhookId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::warn!(tenant = %work.tenant(), %webhook, reason, "a webhook was disabled");
        let entry = AuditEntry::new(AuditKind::WebhookDisabled, Actor { user: None, email: None })
            .with("webhook_id", webhook.to_string())
            .with("reason", reason);
        let request = RequestMeta::default();
        audit::record(work, entry, &request, way.receivers.mask, now, &self.bench.random).await
    }

    /// Those of one tenant, in one transaction.
    async fn note_tenant(&self, way: &Way, mut attempts: Vec<&Attempt>, now: Timestamp) -> Result<(), StoreError> {
        // In one order, so that two processes do not wait for each other.
        attempts.sort_by_key(|attempt| attempt.lane.1);
        let mut work = way.store.begin().await?;
        let mut fresh = HashSet::new();
        for Attempt { delivery, ending, status, receiver_failed, lane: (_, webhook), .. } in attempts {
            if !work.end_delivery(delivery, ending, *status, now).await? {
                continue;
            }
            match ending {
                Ending::Done if fresh.insert(*webhook) => {
                    work.webhook_succeeded(*webhook, now + LIFETIME, now).await?;
                }
                Ending::Dead { .. } if *receiver_failed => {
                    fresh.remove(webhook);
                    if work.webhook_failed(*webhook, now).await? {
                        self.bench.counters.count_disabled();
                        self.note_disabled(&mut work, way, *webhook, "failures", now).await?;
                    }
                }
                _ => {}
            }
        }
        work.commit().await
    }
}

impl<Ways: Fn(TenantId) -> Option<Way> + Send + Sync> Trade for Posts<Ways> {
    type Lane = Lane;
    type Attempt = Attempt;
    const WHAT: &'static str = "webhooks";
    /// A receiver of which nothing is known may hang: it begins with few of the slots.
    const RULES: Rules = Rules { start: 2, width: 16, backoff: rest, longest_rest: Duration::from_secs(30) };

    async fn due(&self) -> Result<Vec<Lane>, StoreError> {
        self.fan_out().await?;
        let now = self.bench.clock.now();
        let mut targets = HashMap::new();
        for tenant in self.awake(now).await? {
            let mut rests = true;
            if let Some(way) = (self.ways)(tenant) {
                for target in self.targets(tenant, &way, now).await? {
                    if way.store.is_due(target.id, now).await? {
                        rests = false;
                        targets.insert((tenant, target.id), (way.clone(), target));
                    }
                }
            }
            if rests {
                self.known().awake.remove(&tenant);
            }
        }
        let lanes = targets.keys().copied().collect();
        self.known().targets = targets;
        Ok(lanes)
    }

    async fn take(&self, lane: Lane, count: u32) -> Result<Vec<BoxFuture<'static, Attempt>>, StoreError> {
        let Some((way, target)) = self.known().targets.get(&lane).cloned() else { return Ok(Vec::new()) };
        let (claim, now) = (self.bench.random.uuid_v4(), self.bench.clock.now());
        let taken = way.store.claim_for(lane.1, claim, count, LEASE, now).await?;
        let target = Arc::new(target);
        let begin = |delivery| -> BoxFuture<'static, Attempt> {
            let (bench, way, target) = (Arc::clone(&self.bench), way.clone(), Arc::clone(&target));
            Box::pin(async move { attempt::attempt(&bench, lane, delivery, way, &target).await })
        };
        Ok(taken.into_iter().map(begin).collect())
    }

    fn ended(attempt: &Attempt) -> Ended<Lane> {
        let again = match &attempt.ending {
            Ending::Retry { at, .. } => Some(*at),
            Ending::Done | Ending::Dead { .. } => None,
        };
        Ended { lane: attempt.lane, receiver_failed: attempt.receiver_failed, again }
    }

    async fn note(&self, attempts: &[Attempt]) -> Result<(), RecordError> {
        let now = self.bench.clock.now();
        let mut tenants: BTreeMap<TenantId, Vec<&Attempt>> = BTreeMap::new();
        for attempt in attempts {
            let tenant = attempt.lane.0;
            tenants.entry(tenant).or_default().push(attempt);
            if let Ending::Retry { at, .. } = attempt.ending {
                let mut known = self.known();
                let due = known.later.entry(tenant).or_insert(at);
                *due = at.min(*due);
            }
        }
        for attempts in tenants.into_values() {
            if let Some(first) = attempts.first() {
                self.note_tenant(&first.way, attempts, now).await?;
            }
        }
        Ok(())
    }

    async fn woken(&self) {
        self.system.emitted(Sink::Webhook).await;
    }
}

#[cfg(test)]
mod tests;
