//! The load program behind `docs/benchmarks.md`: starts a release build of the runtime on SQLite and on PostgreSQL, measures what
//! the product promises, and writes the table. `make bench` runs it.
//!
//! Constant requests are made by `wrk`, whose cost is small; the flows, which need several requests that depend on each other,
//! by [`flow`]. Mail goes to [`inbox`], a server in this process. [`subject`] is the process under test, [`plan`] what is measured,
//! [`timing`] whether times tell what answers hide, [`report`] how it is written down.

mod flow;
mod inbox;
mod plan;
mod report;
mod subject;
mod timing;
mod wrk;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use thiserror::Error;

use crate::plan::Extent;

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
    /// Only compare the answers for known and unknown accounts.
    #[arg(long)]
    timing_only: bool,
    /// The page to write; `-` for standard output.
    #[arg(long)]
    output: PathBuf,
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
    let mut columns = Vec::new();
    let databases =
        std::iter::once(("SQLite", None)).chain(arguments.postgres.as_deref().map(|url| ("PostgreSQL", Some(url))));
    for (name, server) in databases {
        report::say(&format!("== {name}"));
        let rows = if arguments.timing_only {
            plan::compare(&arguments.runtime, server, extent).await?
        } else {
            plan::measure(&arguments.runtime, server, extent).await?
        };
        columns.push((name, rows));
    }
    report::write(&arguments.output, &columns).map_err(Error::io(arguments.output.display().to_string()))
}
