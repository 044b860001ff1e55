//! Delivers what is due in the outbox, for every tenant that this process serves.
//!
//! A delivery is taken under a lease that is longer than any attempt, so it is in one hand at a time; when the process dies,
//! the lease runs out and another process, or the next start of this one, takes it over. A mail may thus arrive twice, never
//! not at all, and the second carries the same `Message-ID`. Only what can be sent at once is taken.

mod counters;
mod delivery;
mod lanes;

use std::{sync::Arc, time::Duration};

use hanko_domain::{Clock, Random, TenantId, Timestamp};
use hanko_keys::Sealer;
use hanko_store::{
    StoreError, SystemStore,
    outbox::{Claimed, Ending, Sink},
};
use tokio::{sync::OnceCell, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    mail::{Look, Renderer},
    smtp::{LONGEST_SEND, Mailer},
};
pub use counters::{Counters, Outcome};
use delivery::Attempt;
use lanes::Lanes;

/// How long a delivery stays with the process that took it.
const LEASE: Duration = Duration::from_secs(60);
const _: () = assert!(LEASE.as_secs() > LONGEST_SEND.as_secs(), "a lease must outlive every attempt");
/// How often the outbox is looked at when nothing wakes the worker: for retries of another process, and expired leases.
const POLL: Duration = Duration::from_secs(5);

/// The pause after so many failures: one second, doubled each time, a minute at most.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(Duration::from_secs(60))
}

/// The outbox worker of the process. One is enough; several, in several processes, do no harm.
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
    /// To its mail server.
    pub mailer: Arc<Mailer>,
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
    /// current one of a tenant; `None` for a tenant that this process does not serve, or that sends no mail.
    pub async fn run(
        self,
        ways: impl Fn(TenantId) -> Option<Way> + Send + Sync,
        shutdown: CancellationToken,
        grace: Duration,
    ) {
        let bench = Arc::new(Bench {
            renderer: OnceCell::new(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            counters: Arc::clone(&self.counters),
        });
        let mut round = Round { worker: &self, lanes: Lanes::default(), attempts: JoinSet::new(), wake: None };
        loop {
            if let Err(error) = round.take_due(&ways, &bench).await {
                tracing::warn!(%error, "the outbox cannot be read; it is tried again in a moment");
            }
            let pause = round.pause();
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.system.emitted() => {}
                () = tokio::time::sleep(pause) => round.wake = None,
                Some(first) = round.attempts.join_next() => round.note(first.ok()).await,
            }
        }
        let finish = async {
            while let Some(first) = round.attempts.join_next().await {
                round.note(first.ok()).await;
            }
        };
        if tokio::time::timeout(grace, finish).await.is_err() {
            tracing::warn!("mails were still being sent at the end; they are taken over when their lease has run out");
        }
    }
}

/// The state of a running worker.
struct Round<'a> {
    worker: &'a Worker,
    lanes: Lanes,
    attempts: JoinSet<Attempt>,
    /// When something is known to become due.
    wake: Option<Timestamp>,
}

impl Round<'_> {
    async fn take_due(&mut self, ways: impl Fn(TenantId) -> Option<Way>, bench: &Arc<Bench>) -> Result<(), StoreError> {
        let Worker { system, clock, random, .. } = self.worker;
        for tenant in system.tenants_due(Sink::Mail, clock.now()).await? {
            let free = self.lanes.free(tenant, clock.now());
            let Some(way) = ways(tenant).filter(|_| free > 0) else { continue };
            let claim = random.uuid_v4();
            let taken = system.claim_deliveries(tenant, Sink::Mail, claim, free, LEASE, clock.now()).await?;
            self.lanes.enter(tenant, taken.len());
            for delivery in taken {
                let (bench, way) = (Arc::clone(bench), way.clone());
                self.attempts.spawn(async move { delivery::attempt(&bench, delivery, &way).await });
            }
        }
        Ok(())
    }

    /// Records the attempt that ended first, and all that ended meanwhile, in one transaction.
    async fn note(&mut self, first: Option<Attempt>) {
        let mut ended: Vec<Attempt> = first.into_iter().collect();
        while let Some(next) = self.attempts.try_join_next() {
            ended.extend(next.ok());
        }
        let now = self.worker.clock.now();
        let mut endings: Vec<(Claimed, Ending)> = Vec::with_capacity(ended.len());
        for attempt in ended {
            self.lanes.leave(attempt.delivery.tenant, attempt.server_failed, now);
            if let Ending::Retry { at, .. } = &attempt.ending {
                self.wake = Some(self.wake.map_or(*at, |wake| wake.min(*at)));
            }
            endings.push((attempt.delivery, attempt.ending));
        }
        // A mail was sent: noting it is worth some patience, else it is sent again when the lease has run out.
        for pause in [Some(Duration::from_millis(200)), Some(Duration::from_secs(2)), None] {
            match (self.worker.system.end_deliveries(&endings).await, pause) {
                (Ok(()), _) => return,
                (Err(_), Some(pause)) => tokio::time::sleep(pause).await,
                (Err(error), None) => {
                    tracing::error!(%error, count = endings.len(), "how mails ended could not be noted; some may be sent twice");
                }
            }
        }
    }

    /// How long nothing is known to be due. Up to a fifth is added, so that replicas do not ask in step.
    fn pause(&self) -> Duration {
        let now = self.worker.clock.now();
        let known = [self.wake, self.lanes.next_rested(now)].into_iter().flatten().min();
        let poll = jittered(self.worker.poll, &self.worker.random);
        known.map_or(poll, |at| at.since(now).max(Duration::from_millis(10)).min(poll))
    }
}

/// The duration and up to a fifth more.
fn jittered(duration: Duration, random: &Random) -> Duration {
    let [byte] = random.bytes::<1>();
    duration + duration.mul_f64(f64::from(byte) / 256.0 / 5.0)
}

#[cfg(test)]
mod tests;
