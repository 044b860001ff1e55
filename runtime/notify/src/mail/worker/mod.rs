//! Delivers mails: takes what is due, renders, sends, and records how that ended. Where the project has no mail server, the mail
//! is put into words all the same, for receivers of `email.send` that send it themselves.
//!
//! A mail that is sent a second time, since a process died in between, carries the `Message-ID` of the first.

mod counters;
mod delivery;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use hanko_domain::{Clock, EventKind, Random, TenantId};
use hanko_keys::Sealer;
use hanko_store::{
    StoreError, SystemStore, TenantStore,
    outbox::{Ending, Sink},
};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    events::{self, RecordError},
    mail::{Look, Renderer},
    smtp::{LONGEST_SEND, Mailer},
    worker::{Ended, LEASE, POLL, Rules, Shift, Trade},
};
pub use counters::{Counters, Outcome};
use delivery::Attempt;

const _: () = assert!(LEASE.as_secs() > LONGEST_SEND.as_secs(), "a lease must outlive every attempt");

/// The pause after so many failures: one second, doubled each time, a minute at most.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(Duration::from_secs(60))
}

/// The mail worker of the process. One is enough for a database; several, in several processes, do no harm.
#[derive(Clone, Debug)]
pub struct Worker {
    system: SystemStore,
    clock: Clock,
    random: Random,
    counters: Arc<Counters>,
    poll: Duration,
}

/// How one tenant's mails are made and sent.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its data.
    pub store: TenantStore,
    /// To its mail server; `None` where it has none.
    pub mailer: Option<Arc<Mailer>>,
    /// Look and wording.
    pub look: Arc<Look>,
    /// Opens what was promised.
    pub sealer: Sealer,
}

/// What is the same for every attempt.
struct Bench {
    renderer: OnceCell<Renderer>,
    clock: Clock,
    random: Random,
    counters: Arc<Counters>,
}

impl Worker {
    /// For one database.
    pub fn new(system: SystemStore, clock: Clock, random: Random) -> Self {
        Self { system, clock, random, counters: Arc::default(), poll: POLL }
    }

    /// Counts what becomes of mails, also while the worker runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Works until `shutdown` is cancelled, then waits up to `grace` for the mails that are being sent. `ways` gives the
    /// current one of a tenant; `None` for a tenant that this process does not serve.
    pub async fn run(
        self,
        ways: impl Fn(TenantId) -> Option<Way> + Send + Sync,
        shutdown: CancellationToken,
        grace: Duration,
    ) {
        let Self { system, clock, random, counters, poll } = self;
        let bench = Bench { renderer: OnceCell::new(), clock: clock.clone(), random: random.clone(), counters };
        // The lanes are bound enough.
        let slots = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let trade = Mails { system, bench: Arc::new(bench), ways };
        Shift { clock, random, poll, slots }.work(&trade, shutdown, grace).await;
    }
}

struct Mails<Ways> {
    system: SystemStore,
    bench: Arc<Bench>,
    ways: Ways,
}

impl<Ways: Fn(TenantId) -> Option<Way> + Send + Sync> Trade for Mails<Ways> {
    type Lane = TenantId;
    type Attempt = Attempt;
    const WHAT: &'static str = "mail";
    const RULES: Rules = Rules { start: 8, width: 8, backoff, longest_rest: Duration::from_secs(15) };

    async fn due(&self) -> Result<Vec<TenantId>, StoreError> {
        self.system.tenants_due(Sink::Mail, self.bench.clock.now()).await
    }

    async fn take(&self, tenant: TenantId, count: u32) -> Result<Vec<BoxFuture<'static, Attempt>>, StoreError> {
        let Some(way) = (self.ways)(tenant) else { return Ok(Vec::new()) };
        let (claim, now) = (self.bench.random.uuid_v4(), self.bench.clock.now());
        let taken = self.system.claim_deliveries(tenant, Sink::Mail, claim, count, LEASE, now).await?;
        let begin = |delivery| -> BoxFuture<'static, Attempt> {
            let (bench, way) = (Arc::clone(&self.bench), way.clone());
            Box::pin(async move { delivery::attempt(&bench, delivery, way).await })
        };
        Ok(taken.into_iter().map(begin).collect())
    }

    fn ended(attempt: &Attempt) -> Ended<TenantId> {
        let again = match &attempt.ending {
            Ending::Retry { at, .. } => Some(*at),
            Ending::Done | Ending::Dead { .. } => None,
        };
        Ended { lane: attempt.delivery.tenant, receiver_failed: attempt.server_failed, again }
    }

    /// A mail that is through is an event of its own, for receivers that want to know or send it themselves.
    async fn note(&self, attempts: &[Attempt]) -> Result<(), RecordError> {
        let (now, random) = (self.bench.clock.now(), &self.bench.random);
        let mut tenants: BTreeMap<TenantId, Vec<&Attempt>> = BTreeMap::new();
        for attempt in attempts {
            tenants.entry(attempt.delivery.tenant).or_default().push(attempt);
        }
        for attempts in tenants.into_values() {
            let Some(first) = attempts.first() else { continue };
            let mut work = first.way.store.begin().await?;
            for Attempt { delivery, ending, way, told, .. } in attempts {
                if work.end_delivery(delivery, ending, None, now).await?
                    && let Some(told) = told
                {
                    let (kind, request) = (EventKind::EmailSend, &delivery.request_id);
                    let until = Some(delivery.expires_at);
                    events::record_until(&mut work, &way.sealer, kind, told, request, until, now, random).await?;
                }
            }
            work.commit().await?;
        }
        Ok(())
    }

    async fn woken(&self) {
        self.system.emitted(Sink::Mail).await;
    }
}

#[cfg(test)]
mod tests;
