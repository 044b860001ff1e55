//! The command line.

pub(crate) mod api_keys;
mod audit;
mod check;
mod mail;
mod migrate;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{config::Sources, output::Output};

/// Serves tenants from the manifests that an operator applies to a cluster.
#[derive(Debug, Parser)]
#[command(name = "hanko-runtime", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the projects of a file or folder.
    Serve(Box<serve::Serve>),
    /// Checks documents and prints every problem; ends with 1 if there is one.
    Check(check::Check),
    /// Brings the databases of the projects up to date, as `serve` does at its start.
    Migrate(migrate::Migrate),
    /// Makes, lists, rotates and revokes keys of the Admin API.
    ApiKeys(api_keys::ApiKeys),
    /// Shows the mails of a project.
    Mail(mail::Mail),
    /// Proves the audit logs of the projects.
    Audit(audit::Audit),
    /// Prints the version.
    Version,
    /// Prints the JSON schema of a project document, for editors.
    Schema,
}

/// Files and folders.
#[derive(Args, Debug)]
struct Places {
    /// A YAML file of project documents, or a folder of such files.
    #[arg(value_name = "FILE|DIR")]
    documents: PathBuf,
    /// Folder of secret files, <namespace>/<name>/<key>.
    #[arg(long, value_name = "DIR", env = "HANKO_SECRETS_DIR", default_value = "./secrets")]
    secrets_dir: PathBuf,
    /// Folder of SQLite databases.
    #[arg(long, value_name = "DIR", env = "HANKO_DATA_DIR", default_value = "./data")]
    data_dir: PathBuf,
}

impl From<Places> for Sources {
    fn from(places: Places) -> Self {
        Self { documents: places.documents, secrets: places.secrets_dir, data: places.data_dir }
    }
}

/// Runs the program.
pub fn run() -> ExitCode {
    let mut output = Output;
    match Cli::parse().command {
        Command::Serve(serve) => serve.run(&mut output),
        Command::Check(check) => check.run(&mut output),
        Command::Migrate(migrate) => migrate.run(&mut output),
        Command::ApiKeys(keys) => keys.run(&mut output),
        Command::Mail(mail) => mail.run(&mut output),
        Command::Audit(audit) => audit.run(&mut output),
        Command::Version => {
            output.line(env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Command::Schema => {
            output.line(format_args!("{:#}", hanko_model::schema()));
            ExitCode::SUCCESS
        }
    }
}

/// The threads of the process: one for each core up to two, since a tenant is small and its node is not.
fn threads() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(2))
        .max_blocking_threads(8)
        .thread_stack_size(1024 * 1024)
        .enable_all()
        .build()
}
