//! What the databases of the process hold. Replicas that share one all tell the same of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use hanko_domain::Timestamp;
use hanko_store::{StoreError, outbox::Sink};
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use tokio::time::Instant;

use super::{keep, set};
use crate::stores::Opened;

/// A page waits no longer for databases, so that it is there while one of them is not. What one has not told stays as it was.
const PATIENCE: Duration = Duration::from_secs(1);
/// How old a figure may be that takes a walk through an index.
const AGE: Duration = Duration::from_secs(60);

pub(super) struct Databases {
    connections: IntGaugeVec,
    most_connections: IntGauge,
    waiting: IntGaugeVec,
    late: IntGaugeVec,
    slow: Arc<Slow>,
    told: Mutex<HashMap<usize, Queues>>,
}

/// Figures that are not asked for at every scrape.
struct Slow {
    sessions: IntGauge,
    dead: IntGaugeVec,
    told: Mutex<HashMap<usize, Counts>>,
    asked: Mutex<Option<Instant>>,
}

/// Of one database and each sink: deliveries that wait, and since when the one that is late the longest is due.
type Queues = [(i64, Option<Timestamp>); Sink::ALL.len()];

/// Of one database.
#[derive(Clone, Copy, Default)]
struct Counts {
    sessions: i64,
    dead: [i64; Sink::ALL.len()],
}

impl Databases {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauges = |name, help, labels: &[&str]| keep(registry, IntGaugeVec::new(Opts::new(name, help), labels));
        let gauge = |name, help| keep(registry, IntGauge::new(name, help));
        Self {
            connections: gauges("hanko_database_connections", "Database connections, by state.", &["state"]),
            most_connections: gauge("hanko_database_connections_limit", "Database connections that may be open."),
            waiting: gauges("hanko_outbox_waiting", "Deliveries that are still to be made.", &["sink"]),
            late: gauges(
                "hanko_outbox_oldest_due_seconds",
                "How long the delivery that is late the longest has been due; 0 when none is.",
                &["sink"],
            ),
            slow: Arc::new(Slow {
                sessions: gauge("hanko_sessions_active", "Sessions that have not expired; at most a minute old."),
                dead: gauges(
                    "hanko_outbox_dead",
                    "Deliveries that were given up and are still kept; at most a minute old.",
                    &["sink"],
                ),
                told: Mutex::default(),
                asked: Mutex::default(),
            }),
            told: Mutex::default(),
        }
    }

    pub(super) async fn read(&self, databases: &[Arc<Opened>], now: Timestamp) {
        let (mut open, mut idle, mut most) = (0, 0, 0);
        for database in databases {
            let (of, unused) = database.store.connections();
            open += of as usize;
            idle += unused;
            most += database.size as usize;
        }
        set(&self.connections, &["used"], open.saturating_sub(idle));
        set(&self.connections, &["idle"], idle);
        self.most_connections.set(i64::try_from(most).unwrap_or(i64::MAX));
        let slow = self.slow.clone().read_sometimes(databases, now);
        let ((), ()) = tokio::join!(self.queues(databases, now), slow);
    }

    async fn queues(&self, databases: &[Arc<Opened>], now: Timestamp) {
        let ready = databases.iter().filter(|database| database.is_migrated());
        let answers = join_all(ready.map(async |database| {
            let queues = tokio::time::timeout(PATIENCE, queues(database, now)).await.ok()?.ok()?;
            Some((address(database), queues))
        }));
        let answers = answers.await;
        lock(&self.told).extend(answers.into_iter().flatten());
        let told = lock(&self.told);
        for (at, sink) in Sink::ALL.iter().enumerate() {
            let of_sink = || told.values().filter_map(|queues| queues.get(at));
            let oldest = of_sink().filter_map(|(_, oldest)| *oldest).min();
            let late = oldest.map_or(0, |oldest| (now.seconds() - oldest.seconds()).max(0));
            self.waiting.with_label_values(&[sink.as_str()]).set(of_sink().map(|(waiting, _)| waiting).sum());
            self.late.with_label_values(&[sink.as_str()]).set(late);
        }
    }
}

impl Slow {
    /// Counts anew when the last time is too long ago. Whoever asks waits only a little; the counting goes on without them.
    async fn read_sometimes(self: Arc<Self>, databases: &[Arc<Opened>], now: Timestamp) {
        let ready: Vec<_> = databases.iter().filter(|database| database.is_migrated()).cloned().collect();
        {
            let mut asked = lock(&self.asked);
            if ready.is_empty() || asked.is_some_and(|asked| asked.elapsed() < AGE) {
                return;
            }
            *asked = Some(Instant::now());
        }
        let counting = tokio::spawn(async move {
            for database in ready {
                match counts(&database, now).await {
                    Ok(counts) => drop(lock(&self.told).insert(address(&database), counts)),
                    Err(error) => tracing::debug!(%error, "a database could not be counted for the metrics"),
                }
            }
            self.show();
        });
        let _ = tokio::time::timeout(PATIENCE, counting).await;
    }

    fn show(&self) {
        let told = lock(&self.told);
        self.sessions.set(told.values().map(|counts| counts.sessions).sum());
        for (at, sink) in Sink::ALL.iter().enumerate() {
            let dead = told.values().filter_map(|counts| counts.dead.get(at)).sum();
            self.dead.with_label_values(&[sink.as_str()]).set(dead);
        }
    }
}

async fn queues(database: &Opened, now: Timestamp) -> Result<Queues, StoreError> {
    let system = database.store.system();
    let mut queues = Queues::default();
    for (sink, queue) in Sink::ALL.into_iter().zip(&mut queues) {
        *queue = (system.waiting_deliveries(sink).await?, system.oldest_due(sink, now).await?);
    }
    Ok(queues)
}

async fn counts(database: &Opened, now: Timestamp) -> Result<Counts, StoreError> {
    let system = database.store.system();
    let mut counts = Counts { sessions: system.active_sessions(now).await?, ..Counts::default() };
    for (sink, dead) in Sink::ALL.into_iter().zip(&mut counts.dead) {
        *dead = system.dead_deliveries(sink).await?;
    }
    Ok(counts)
}

/// Names a database of this process; they are never closed.
fn address(database: &Arc<Opened>) -> usize {
    Arc::as_ptr(database).addr()
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
