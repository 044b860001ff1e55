//! `audit`.

use std::{path::Path, process::ExitCode};

use clap::{Args, Subcommand};
use hanko_domain::TenantId;
use hanko_notify::audit::{Report, verify};
use hanko_store::{DatabaseUrl, PoolSize, Store};

use super::{Places, threads};
use crate::{
    config::{self, Configuration, Sources},
    jobs::audit::macs,
    output::Output,
    stores,
};

/// Something was changed behind the program's back.
const BROKEN: u8 = 1;
/// Something could not be checked.
const UNCHECKED: u8 = 2;

#[derive(Args, Debug)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Proves that no sealed row of the audit logs was changed, added, moved or removed. Changes nothing, and works beside a
    /// process that serves the projects.
    ///
    /// Ends with 0 when everything is proven, 1 when a log was changed, 2 when something could not be checked.
    Verify {
        #[command(flatten)]
        places: Places,
        /// One project instead of all.
        #[arg(long, value_name = "NAMESPACE/NAME")]
        tenant: Option<String>,
    },
}

impl Audit {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        let Command::Verify { places, tenant } = self.command;
        let runtime = match threads() {
            Ok(runtime) => runtime,
            Err(error) => {
                output.complain(format_args!("cannot start threads: {error}"));
                return UNCHECKED.into();
            }
        };
        runtime.block_on(verify_all(&places.into(), tenant.as_deref(), output)).into()
    }
}

async fn verify_all(sources: &Sources, tenant: Option<&str>, output: &mut Output) -> u8 {
    let loaded = config::load(sources);
    let wanted = |label: &str| tenant.is_none_or(|tenant| tenant == label);
    let (mut broken, mut unchecked, mut found) = (false, false, false);
    for reason in loaded.unreadable.iter().cloned().chain(
        loaded
            .refused
            .iter()
            .filter(|bad| wanted(&bad.label()))
            .map(|bad| format!("{}: not checked: {}", bad.label(), bad.reason)),
    ) {
        output.complain(reason);
        (unchecked, found) = (true, true);
    }
    for configuration in loaded.configurations.iter().filter(|configuration| wanted(&configuration.label())) {
        found = true;
        let label = configuration.label();
        match verify_one(configuration, &sources.data).await {
            Ok(report) => {
                output.line(format_args!("{label}: {}", told(&report)));
                if let Some(reason) = &report.broken {
                    output.complain(format_args!("{label}: the audit log was changed: {reason}"));
                }
                broken |= report.broken.is_some();
                unchecked |= !report.unverifiable.is_empty();
            }
            Err(reason) => {
                output.complain(format_args!("{label}: not checked: {reason}"));
                unchecked = true;
            }
        }
    }
    if !found {
        let which = tenant.unwrap_or("any project");
        output.complain(format_args!("the documents do not hold {which}"));
        unchecked = true;
    }
    match (broken, unchecked) {
        (true, _) => BROKEN,
        (false, true) => UNCHECKED,
        (false, false) => 0,
    }
}

async fn verify_one(configuration: &Configuration, data: &Path) -> Result<Report, String> {
    let macs = macs(configuration).map_err(|error| error.to_string())?;
    let url = stores::url(configuration, data).map_err(|error| error.to_string())?;
    let url: DatabaseUrl = url.expose().parse().map_err(|error: hanko_store::StoreError| error.to_string())?;
    let store = Store::open_beside(&url, PoolSize(1)).map_err(|error| error.to_string())?;
    let tenant = store.tenant(TenantId(configuration.project.tenant_id));
    let report = verify(&tenant, &macs).await.map_err(|error| error.to_string());
    store.close().await;
    report
}

/// What was found, in a sentence.
fn told(report: &Report) -> String {
    let Report { proven, unverifiable, unsealed, floor, head, broken } = report;
    let mut text = match broken {
        None => format!("{proven} rows proven"),
        Some(_) => format!("{proven} rows proven before the first that is not"),
    };
    if let (None, Some(head)) = (broken, head) {
        text.push_str(&format!(", up to number {head}"));
    }
    if let Some(floor) = floor {
        text.push_str(&format!("; rows up to number {floor} went by age"));
    }
    if *unsealed > 0 {
        text.push_str(&format!("; {unsealed} are too new to be sealed"));
    }
    for (key, count) in unverifiable {
        text.push_str(&format!("; {count} cannot be checked, since master key {key:?} is gone"));
    }
    text
}
