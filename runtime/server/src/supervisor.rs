//! Keeps what is served in step with what the files say.
//!
//! One task owns the decision: it reads the files when told to, makes tenants of what is new or changed, and replaces the
//! [`Registry`]. What is bad leaves the last good state in place; what cannot be reached is tried again.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    activate::Failure,
    app::App,
    config::{self, Configuration, Loaded, Refused, Sources},
    jobs::Jobs,
    registry::{Registry, Waiting},
    served::Served,
    watch::Watch,
};

/// The first pause after a failure; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Files are read at least so often, should a watch have missed a change.
const LOOK_ANYWAY: Duration = Duration::from_secs(30);
/// A change is rarely alone: editors and kubelets write several files.
const SETTLE: Duration = Duration::from_millis(50);

/// The task's state.
pub(crate) struct Supervisor {
    app: Arc<App>,
    sources: Sources,
    loaded: Loaded,
    jobs: Jobs,
    watch: Watch,
    /// What was last told of each project, so that a state is logged once.
    told: HashMap<String, String>,
    warned: BTreeSet<String>,
}

impl Supervisor {
    /// Begins with what was read at the start.
    pub(crate) fn new(app: Arc<App>, sources: Sources, loaded: Loaded, jobs: Jobs, watch: Watch) -> Self {
        Self { app, sources, loaded, jobs, watch, told: HashMap::new(), warned: BTreeSet::new() }
    }

    /// Runs until `stop`. Each message of `changed` is a reason to look.
    pub(crate) async fn run(mut self, mut changed: mpsc::Receiver<()>, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let settled = tokio::select! {
                () = stop.cancelled() => return,
                settled = self.reconcile() => settled,
            };
            self.watch.extend();
            let wait = if settled { LOOK_ANYWAY } else { pause };
            pause = if settled { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            let told = tokio::select! {
                () = stop.cancelled() => return,
                told = changed.recv() => told.is_some(),
                () = tokio::time::sleep(wait) => false,
            };
            if told {
                tokio::time::sleep(SETTLE).await;
                while changed.try_recv().is_ok() {}
                pause = FIRST_PAUSE;
            }
            self.reload().await;
        }
    }

    async fn reload(&mut self) {
        let sources = self.sources.clone();
        match tokio::task::spawn_blocking(move || config::load(&sources)).await {
            Ok(loaded) => self.loaded = loaded,
            Err(error) => warn!(%error, "reading the configuration failed"),
        }
    }

    /// One step towards what the files say. `false` when something has to be tried again.
    async fn reconcile(&mut self) -> bool {
        let before = self.app.registry();
        let live = |label: &str| before.tenants().iter().find(|served| served.configuration.label() == label);
        let steps = self.loaded.configurations.iter().map(async |wanted| {
            let live = live(&wanted.label());
            match live {
                Some(live) if live.configuration == *wanted => Ok(live.clone()),
                _ => {
                    let (data, secrets) = (&self.sources.data, &self.sources.secrets);
                    let made = self.app.ground.activate(wanted.clone(), live.map(|live| &**live), data, secrets);
                    made.await.map(Arc::new)
                }
            }
        });
        let outcomes = join_all(steps).await;

        let (mut tenants, mut waiting, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut settled = true;
        for (wanted, outcome) in self.loaded.configurations.iter().zip(outcomes) {
            let live = live(&wanted.label());
            match outcome {
                Ok(served) => tenants.push(served),
                Err(failure) => {
                    settled &= matches!(failure, Failure::Refused(_));
                    let (Failure::Later(reason) | Failure::Refused(reason)) = &failure;
                    match live {
                        Some(live) => tenants.push(live.clone()),
                        None => waiting.push(Waiting {
                            label: wanted.label(),
                            hosts: wanted.project.hosts.clone(),
                            reason: reason.clone(),
                        }),
                    }
                    if let Failure::Refused(reason) = failure {
                        refused.push(refusal(wanted, reason));
                    }
                }
            }
        }
        for bad in &self.loaded.refused {
            match live(&bad.label()) {
                Some(live) => tenants.push(live.clone()),
                None => waiting.push(Waiting { label: bad.label(), hosts: Vec::new(), reason: bad.reason.clone() }),
            }
            refused.push(bad.clone());
        }
        if let Some(reason) = &self.loaded.unreadable {
            keep_absent(before.tenants(), reason, &mut tenants, &mut refused);
        }
        self.tell(&before, &tenants, &waiting, &refused);
        self.app.replace(Registry::new(tenants, waiting, refused));
        self.jobs.begin();
        settled
    }

    fn tell(&mut self, before: &Registry, now: &[Arc<Served>], waiting: &[Waiting], refused: &[Refused]) {
        for warning in self.loaded.warnings.difference(&self.warned) {
            warn!(%warning, "a field is not known to this version and has no effect");
        }
        self.warned.clone_from(&self.loaded.warnings);
        let mut told = HashMap::new();
        for bad in refused {
            told.insert(bad.label(), format!("refused: {}", bad.reason));
        }
        for waiting in waiting {
            told.entry(waiting.label.clone()).or_insert_with(|| format!("waiting: {}", waiting.reason));
        }
        for (label, state) in &told {
            if self.told.get(label) != Some(state) {
                warn!(tenant = label, "{state}");
            }
        }
        self.told = told;
        for served in now {
            let label = served.configuration.label();
            let old = before.tenants().iter().find(|old| old.configuration.label() == label);
            if !old.is_some_and(|old| Arc::ptr_eq(old, served)) {
                info!(
                    tenant = label,
                    id = %served.tenant.id(),
                    document = served.configuration.document_revision,
                    secrets = served.secrets_revision,
                    "{}", if old.is_some() { "serves a new configuration" } else { "is served" }
                );
            }
        }
        for gone in before.tenants() {
            let label = gone.configuration.label();
            if !now.iter().any(|served| served.configuration.label() == label) {
                info!(tenant = label, "is not served any more: its document is gone");
            }
        }
    }
}

fn refusal(wanted: &Configuration, reason: String) -> Refused {
    Refused {
        namespace: wanted.project.namespace.clone(),
        name: wanted.project.name.clone(),
        document_revision: wanted.document_revision.clone(),
        reason,
    }
}

/// A text that cannot be read may hold any project: those that are absent have not been removed.
fn keep_absent(before: &[Arc<Served>], reason: &str, tenants: &mut Vec<Arc<Served>>, refused: &mut Vec<Refused>) {
    for live in before {
        let label = live.configuration.label();
        if !tenants.iter().any(|served| served.configuration.label() == label) {
            tenants.push(live.clone());
            refused.push(Refused { document_revision: String::new(), ..refusal(&live.configuration, reason.into()) });
        }
    }
}
