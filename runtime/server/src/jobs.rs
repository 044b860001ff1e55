//! What runs beside the requests, once for each database: the outbox workers, the keeper of audit logs and the clean-up; and
//! once for the process: the writing down of what was counted.

pub(crate) mod audit;

use std::{sync::Arc, time::Duration};

use hanko_domain::{Random, TenantId};
use hanko_notify::{Way, Worker, audit::Keeper, webhook};
use hanko_store::SystemStore;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use crate::{app::App, http::admin::counted, stores::Opened};

/// Between two clean-ups; up to a fifth is added, so that replicas do not work in step.
const CLEAN_UP: Duration = Duration::from_secs(600);
/// How long mails and events that are being sent may take when the process ends.
const GRACE: Duration = Duration::from_secs(10);

/// The running jobs.
pub(crate) struct Jobs {
    app: Arc<App>,
    served: Vec<Arc<Opened>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// What all databases together post at once.
    posts: Arc<Semaphore>,
}

impl Jobs {
    pub(crate) fn new(app: Arc<App>, tasks: TaskTracker, stop: CancellationToken) -> Self {
        tasks.spawn(counted::write(app.clone(), stop.clone()));
        Self { app, served: Vec::new(), tasks, stop, posts: webhook::slots() }
    }

    /// Starts the jobs of every database that is ready and has none yet.
    pub(crate) fn begin(&mut self) {
        for database in self.app.ground.stores.all() {
            if database.is_migrated() && !self.served.iter().any(|known| Arc::ptr_eq(known, &database)) {
                let system = database.store.system();
                self.tasks.spawn(clean_up(self.app.clone(), system.clone(), self.stop.clone()));
                self.tasks.spawn(self.mails(system.clone()));
                self.tasks.spawn(self.webhooks(system));
                self.tasks.spawn(self.audit_logs(database.clone()));
                self.served.push(database);
            }
        }
    }

    fn mails(&self, system: SystemStore) -> impl Future<Output = ()> + use<> {
        let worker = Worker::new(system, self.app.clock().clone(), self.app.random().clone());
        self.app.metrics.add_mail_counters(worker.counters());
        let (app, stop) = (self.app.clone(), self.stop.clone());
        async move { worker.run(|tenant| way(&app, tenant), stop, GRACE).await }
    }

    fn webhooks(&self, system: SystemStore) -> impl Future<Output = ()> + use<> {
        let (clock, random) = (self.app.clock().clone(), self.app.random().clone());
        let worker = webhook::Worker::new(system, clock, random, self.posts.clone());
        self.app.metrics.add_webhook_counters(worker.counters());
        let (app, stop) = (self.app.clone(), self.stop.clone());
        async move { worker.run(|tenant| telling(&app, tenant), stop, GRACE).await }
    }

    fn audit_logs(&self, database: Arc<Opened>) -> impl Future<Output = ()> + use<> {
        let keeper = Keeper::new(self.app.clock().clone(), self.app.random());
        self.app.metrics.add_audit_counters(keeper.counters());
        audit::keep(keeper, self.app.clone(), database, self.stop.clone())
    }
}

/// How a tenant's mails are made and sent at present.
fn way(app: &App, tenant: TenantId) -> Option<Way> {
    let registry = app.registry();
    let served = registry.tenants().iter().find(|served| served.tenant.id() == tenant)?;
    // Without a mail server somebody who is told of mails sends them.
    if served.mailer.is_none() && !served.tenant.project().webhooks.take_mails() {
        return None;
    }
    Some(Way {
        store: served.tenant.store().clone(),
        mailer: served.mailer.clone(),
        look: served.look.clone(),
        sealer: served.tenant.sealer().clone(),
    })
}

/// How a tenant's receivers are told at present.
fn telling(app: &App, tenant: TenantId) -> Option<webhook::Way> {
    let registry = app.registry();
    let served = registry.tenants().iter().find(|served| served.tenant.id() == tenant)?;
    Some(webhook::Way {
        store: served.tenant.store().clone(),
        sealer: served.tenant.sealer().clone(),
        keys: served.tenant.signing_keys().clone(),
        client: served.outbound.clone(),
        receivers: served.receivers.clone(),
    })
}

async fn clean_up(app: Arc<App>, system: SystemStore, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered(CLEAN_UP, app.random())) => {}
        }
        match system.clean_up(app.clock().now()).await {
            Ok(rows) => debug!(rows, "removed what had expired"),
            Err(error) => warn!(%error, "expired rows could not be removed; it is tried again later"),
        }
    }
}

fn jittered(duration: Duration, random: &Random) -> Duration {
    let [byte] = random.bytes::<1>();
    duration + duration.mul_f64(f64::from(byte) / 1280.0)
}
