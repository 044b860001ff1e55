//! `migrate`.

use std::process::ExitCode;

use clap::Args;

use super::{Places, threads};
use crate::{
    config::{self, Sources},
    output::Output,
    stores::Stores,
};

#[derive(Args, Debug)]
pub(super) struct Migrate {
    #[command(flatten)]
    places: Places,
}

impl Migrate {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        let sources = Sources::from(self.places);
        let loaded = config::load(&sources);
        let mut failed = false;
        for reason in loaded
            .unreadable
            .iter()
            .cloned()
            .chain(loaded.refused.iter().map(|bad| format!("{}: {}", bad.label(), bad.reason)))
        {
            output.complain(reason);
            failed = true;
        }
        let runtime = match threads() {
            Ok(runtime) => runtime,
            Err(error) => {
                output.complain(format_args!("cannot start threads: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let stores = Stores::default();
        for configuration in &loaded.configurations {
            let label = configuration.label();
            let done = runtime.block_on(async {
                let database = stores.open(configuration, &sources.data).map_err(|error| error.to_string())?;
                database.migrate().await.map_err(|error| error.to_string())
            });
            match done {
                Ok(()) => output.line(format_args!("{label}: the database is up to date")),
                Err(reason) => {
                    output.complain(format_args!("{label}: {reason}"));
                    failed = true;
                }
            }
        }
        if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
