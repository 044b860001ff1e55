//! Delivers what is due in the outbox, for every tenant that this process serves: what mails and webhooks have in common.
//!
//! A delivery is taken under a lease that is longer than any attempt, so it is in one hand at a time; when the process dies,
//! the lease runs out and another process, or the next start of this one, takes it over. A receiver may thus be told twice,
//! never not at all, and the second telling carries the id of the first. Only what can be sent at once is taken.

mod lanes;

use std::{hash::Hash, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use hanko_domain::{Clock, Random, Timestamp};
use hanko_store::StoreError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::events::RecordError;
use lanes::Lanes;
pub(crate) use lanes::Rules;

/// How long a delivery stays with the process that took it.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// How often the outbox is looked at when nothing wakes the worker: for retries of another process, and expired leases.
pub(crate) const POLL: Duration = Duration::from_secs(5);

/// The pause after so many failures.
pub(crate) type Backoff = fn(failures: u32) -> Duration;

/// What is delivered, and how.
pub(crate) trait Trade: Sync {
    /// Whom one hanging receiver may hold up: what goes to it, and nobody else.
    type Lane: Copy + Eq + Hash + Send + Sync;
    /// An attempt that ended.
    type Attempt: Send + 'static;
    /// In logs.
    const WHAT: &'static str;
    /// How much is sent at once.
    const RULES: Rules;

    /// The lanes that something is due in: a cheap read before anything is taken.
    fn due(&self) -> impl Future<Output = Result<Vec<Self::Lane>, StoreError>> + Send;

    /// Takes up to `count` due deliveries and says how each is attempted.
    fn take(
        &self,
        lane: Self::Lane,
        count: u32,
    ) -> impl Future<Output = Result<Vec<BoxFuture<'static, Self::Attempt>>, StoreError>> + Send;

    /// What an attempt tells of its lane.
    fn ended(attempt: &Self::Attempt) -> Ended<Self::Lane>;

    /// Writes down how attempts ended; those of a tenant in one transaction. Done again, it changes nothing.
    fn note(&self, attempts: &[Self::Attempt]) -> impl Future<Output = Result<(), RecordError>> + Send;

    /// Returns when a unit of work of this process has left something to tell.
    fn woken(&self) -> impl Future<Output = ()> + Send;
}

/// What an attempt tells of its lane.
pub(crate) struct Ended<Lane> {
    pub(crate) lane: Lane,
    /// Anything else sent there would have failed as well.
    pub(crate) receiver_failed: bool,
    /// When the delivery is due again.
    pub(crate) again: Option<Timestamp>,
}

/// What a worker works with.
#[derive(Clone, Debug)]
pub(crate) struct Shift {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) poll: Duration,
    /// What is being sent at once, of every lane and every database together.
    pub(crate) slots: Arc<Semaphore>,
}

impl Shift {
    /// Works until `shutdown` is cancelled, then waits up to `grace` for what is being sent.
    pub(crate) async fn work<T: Trade>(self, trade: &T, shutdown: CancellationToken, grace: Duration) {
        let mut round = Round {
            shift: &self,
            trade,
            lanes: Lanes::new(T::RULES),
            attempts: JoinSet::new(),
            wake: None,
            first: 0,
            crowded: false,
        };
        loop {
            if let Err(error) = round.take_due().await {
                tracing::warn!(%error, what = T::WHAT, "the outbox cannot be read; it is tried again in a moment");
            }
            let (pause, crowded) = (round.pause(), round.crowded);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = trade.woken() => {}
                () = tokio::time::sleep(pause) => round.wake = None,
                Some(first) = round.attempts.join_next() => round.note(first.ok()).await,
                _ = self.slots.acquire(), if crowded => {}
            }
        }
        let finish = async {
            while let Some(first) = round.attempts.join_next().await {
                round.note(first.ok()).await;
            }
        };
        if tokio::time::timeout(grace, finish).await.is_err() {
            tracing::warn!(
                what = T::WHAT,
                "some were still being sent at the end; they are taken over when their lease has run out"
            );
        }
    }
}

/// The state of a running worker.
struct Round<'a, T: Trade> {
    shift: &'a Shift,
    trade: &'a T,
    lanes: Lanes<T::Lane>,
    attempts: JoinSet<T::Attempt>,
    /// When something is known to become due.
    wake: Option<Timestamp>,
    /// Which lane is first: each in turn, so that none is left without a slot for ever.
    first: usize,
    /// Something is due and there was no slot.
    crowded: bool,
}

impl<T: Trade> Round<'_, T> {
    async fn take_due(&mut self) -> Result<(), StoreError> {
        self.crowded = false;
        let mut due = self.trade.due().await?;
        self.first = self.first.wrapping_add(1);
        let first = self.first.checked_rem(due.len()).unwrap_or(0);
        due.rotate_left(first);
        for lane in due {
            let free = self.lanes.free(lane, self.shift.clock.now());
            if free == 0 {
                continue;
            }
            let mut slots = self.slots(free);
            self.crowded = slots.is_empty();
            if self.crowded {
                break;
            }
            let taken = self.trade.take(lane, u32::try_from(slots.len()).unwrap_or(free)).await?;
            self.lanes.enter(lane, taken.len());
            for attempt in taken {
                let slot = slots.pop();
                self.attempts.spawn(async move {
                    let ended = attempt.await;
                    drop(slot);
                    ended
                });
            }
        }
        Ok(())
    }

    /// Up to so many slots.
    fn slots(&self, count: u32) -> Vec<OwnedSemaphorePermit> {
        (0..count).map_while(|_| Arc::clone(&self.shift.slots).try_acquire_owned().ok()).collect()
    }

    /// Records the attempt that ended first, and all that ended meanwhile.
    async fn note(&mut self, first: Option<T::Attempt>) {
        let mut attempts: Vec<T::Attempt> = first.into_iter().collect();
        while let Some(next) = self.attempts.try_join_next() {
            attempts.extend(next.ok());
        }
        let now = self.shift.clock.now();
        for attempt in &attempts {
            let Ended { lane, receiver_failed, again } = T::ended(attempt);
            self.lanes.leave(lane, receiver_failed, now);
            self.wake = [self.wake, again].into_iter().flatten().min();
        }
        // Somebody was told: noting it is worth some patience, else they are told again when the lease has run out.
        for pause in [Some(Duration::from_millis(200)), Some(Duration::from_secs(2)), None] {
            match (self.trade.note(&attempts).await, pause) {
                (Ok(()), _) => return,
                (Err(_), Some(pause)) => tokio::time::sleep(pause).await,
                (Err(error), None) => {
                    let (what, count) = (T::WHAT, attempts.len());
                    tracing::error!(%error, what, count, "how attempts ended could not be noted; some may be sent twice");
                }
            }
        }
    }

    /// How long nothing is known to be due. Up to a fifth is added, so that replicas do not ask in step.
    fn pause(&self) -> Duration {
        let now = self.shift.clock.now();
        let known = [self.wake, self.lanes.next_rested(now)].into_iter().flatten().min();
        let poll = jittered(self.shift.poll, &self.shift.random);
        known.map_or(poll, |at| at.since(now).max(Duration::from_millis(10)).min(poll))
    }
}

/// The duration and up to a fifth more.
pub(crate) fn jittered(duration: Duration, random: &Random) -> Duration {
    let [byte] = random.bytes::<1>();
    duration + duration.mul_f64(f64::from(byte) / 256.0 / 5.0)
}
