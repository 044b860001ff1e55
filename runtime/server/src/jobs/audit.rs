//! Keeps the audit logs of a database sealed, and tells the console what was sealed.

use std::{sync::Arc, time::Duration};

use hanko_domain::TenantId;
use hanko_keys::{KeyError, Macs, MasterKeys, Purpose};
use hanko_model::spec::AuditOutput;
use hanko_notify::audit::{Chain, Keeper, Kept, console};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::jittered;
use crate::{app::App, config::Configuration, output::Output, served::Served, stores::Opened};

/// Between two rounds; with the fifth that is added, a row is sealed within a second.
const EVERY: Duration = Duration::from_millis(700);

/// Works until `stop`, and once more then.
pub(super) async fn keep(mut keeper: Keeper, app: Arc<App>, database: Arc<Opened>, stop: CancellationToken) {
    let mut tenants = Tenants::default();
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(jittered(EVERY, app.random())) => false,
        };
        tenants.look(&app, &database);
        while round(&mut keeper, &tenants).await && !stop.is_cancelled() {}
        if ended {
            keeper.leave(&tenants.kept).await;
            return;
        }
    }
}

async fn round(keeper: &mut Keeper, tenants: &Tenants) -> bool {
    let mut lines: Vec<(AuditOutput, String)> = Vec::new();
    let more = keeper
        .round(&tenants.kept, |tenant, rows| {
            if let Some(output) = tenants.console(tenant) {
                lines.extend(rows.iter().map(|row| (output, console::line(tenant, row))));
            }
        })
        .await;
    if !lines.is_empty() {
        // Whoever reads the output may be slow; then only this job waits.
        let told = tokio::task::spawn_blocking(move || {
            for (output, line) in lines {
                Output::audit(output, &line);
            }
        });
        if let Err(error) = told.await {
            warn!(%error, "rows of the audit log were not written to the console");
        }
    }
    more
}

/// The tenants of the database as they are served at present.
#[derive(Default)]
struct Tenants {
    served: Vec<Arc<Served>>,
    kept: Vec<Kept>,
}

impl Tenants {
    /// Keys are derived anew only after a change.
    fn look(&mut self, app: &App, database: &Arc<Opened>) {
        let registry = app.registry();
        let now: Vec<&Arc<Served>> =
            registry.tenants().iter().filter(|served| Arc::ptr_eq(&served.database, database)).collect();
        if now.len() == self.served.len() && now.iter().zip(&self.served).all(|(now, then)| Arc::ptr_eq(now, then)) {
            return;
        }
        self.kept = now.iter().filter_map(|served| kept(served)).collect();
        self.served = now.into_iter().cloned().collect();
    }

    fn console(&self, tenant: TenantId) -> Option<AuditOutput> {
        let served = self.served.iter().find(|served| served.tenant.id() == tenant)?;
        served.configuration.project.settings.audit_console
    }
}

/// `None` cannot be: a tenant is not served without its keys.
fn kept(served: &Served) -> Option<Kept> {
    let project = &served.configuration.project;
    let macs = macs(&served.configuration).ok()?;
    let loss_accepted = project.keys.acknowledged.as_deref() == Some(macs.active());
    let store = served.tenant.store().clone();
    Some(Kept {
        chain: Chain::new(store.clone(), macs, loss_accepted),
        store,
        retention: project.settings.audit_retention,
    })
}

/// What chains the rows of a configuration's audit log.
pub(crate) fn macs(configuration: &Configuration) -> Result<Macs, KeyError> {
    let entries = configuration.master_keys.iter().map(|((_, id), value)| (id.clone(), value.expose().clone()));
    Ok(Macs::new(&MasterKeys::from_entries(entries)?, Purpose::Audit))
}
