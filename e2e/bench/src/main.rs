//! The load program behind `docs/benchmarks.md`: starts a release build of the runtime on SQLite and on PostgreSQL, measures what
//! the product promises, and writes the table. `make bench` runs it.
//!
//! Constant requests are made by `wrk`, whose cost is small; the flows, which need several requests that depend on each other,
//! by [`flow`] and [`clients`]. Mail goes to [`inbox`], a server in this process. [`subject`] is the process under test, [`plan`] what is
//! measured of the flows, [`timing`] whether times tell what answers hide, [`admin`], [`audit`] and [`webhooks`] what is measured with the
//! users of [`fill`], [`report`] how all of it is written down.

mod admin;
mod audit;
mod clients;
mod fill;
mod flow;
mod inbox;
mod plan;
mod report;
mod subject;
mod timing;
mod webhooks;
mod wrk;

use std::{iter, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use thiserror::Error;

use crate::{plan::Extent, report::Table};

/// What to measure and where to write it.
#[derive(Parser)]
struct Arguments {
    /// The release build of hanko-runtime.
    #[arg(long)]
    runtime: PathBuf,
    /// A PostgreSQL server with its defaults; the program makes databases of its own there. Left out, only SQLite is measured.
    #[arg(long)]
    postgres: Option<String>,
    /// Seconds of each load.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Answers that are timed of each kind, where known and unknown accounts are compared.
    #[arg(long, default_value_t = 2_000)]
    samples: usize,
    /// Only this part, whose table is the whole page then.
    #[arg(long)]
    only: Option<Part>,
    /// The page to write; `-` for standard output.
    #[arg(long)]
    output: PathBuf,
}

/// What can be measured by itself.
#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// Everything that needs few users: start, memory, sessions and flows.
    Flows,
    /// Whether times tell known accounts from unknown ones.
    Timing,
    /// The Admin API, the audit log and webhooks.
    Admin,
}

/// Why there is no table.
#[derive(Debug, Error)]
enum Error {
    /// A file or a process.
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    /// The runtime did not do what it should.
    #[error("{0}")]
    Unexpected(String),
    /// The database that is filled with sessions.
    #[error(transparent)]
    Store(#[from] hanko_store::StoreError),
}

impl Error {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }

    fn unexpected(what: impl std::fmt::Display) -> Self {
        Self::Unexpected(what.to_string())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("the benchmark failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let extent = Extent { load: Duration::from_secs(arguments.seconds), samples: arguments.samples.max(1) };
    let (runtime, server) = (&*arguments.runtime, arguments.postgres.as_deref());
    let mut tables = Vec::new();
    if !matches!(arguments.only, Some(Part::Admin)) {
        let mut columns = Vec::new();
        for (name, server) in iter::once(("SQLite", None)).chain(server.map(|url| ("PostgreSQL", Some(url)))) {
            report::say(&format!("== {name}"));
            let rows = match arguments.only {
                Some(Part::Timing) => plan::compare(runtime, server, extent).await?,
                _ => plan::measure(runtime, server, extent).await?,
            };
            columns.push((name, rows));
        }
        tables.push(Table { title: "", columns, notes: report::FLOWS });
    }
    if matches!(arguments.only, None | Some(Part::Admin)) {
        let mut columns = Vec::new();
        let with = [
            ("SQLite, 10 000 users", None, admin::FEW),
            ("PostgreSQL, 10 000", server, admin::FEW),
            ("PostgreSQL, 100 000", server, 100_000),
            ("PostgreSQL, 1 000 000", server, 1_000_000),
        ];
        for (name, server, users) in
            with.into_iter().filter(|(name, server, _)| server.is_some() || name.starts_with("SQLite"))
        {
            report::say(&format!("== {name}"));
            columns.push((name, admin::measure(runtime, server, users, extent).await?));
        }
        tables.push(Table { title: "Admin API, audit, webhooks", columns, notes: report::ADMIN });
    }
    report::write(&arguments.output, &tables).map_err(Error::io(arguments.output.display().to_string()))
}
