//! The command line.

use std::{io::Write, net::SocketAddr, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::run::run;

#[derive(Parser)]
#[command(name = "hanko-operator", about = "Runs a HankoProject as a tenant.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the operator.
    Run(RunArgs),
    /// Prints the CustomResourceDefinitions as YAML.
    Crd,
    /// Prints the version.
    Version,
}

/// How the operator runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// A namespace to be responsible for; repeatable. Left out: all namespaces.
    #[arg(long = "namespace")]
    pub(crate) namespaces: Vec<String>,
    /// Image of the tenants' pods.
    #[arg(long, env = "HANKO_RUNTIME_IMAGE")]
    pub(crate) runtime_image: String,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, default_value = "0.0.0.0:8080")]
    pub(crate) health_address: SocketAddr,
    /// The operator's own namespace: its Lease is there, and its pods reach the tenants' admin ports.
    #[arg(long, env = "POD_NAMESPACE", default_value = "hanko-system")]
    pub(crate) own_namespace: String,
    /// Name of this replica in the Lease and in events.
    #[arg(long, env = "POD_NAME", default_value = "hanko-operator")]
    pub(crate) own_name: String,
    /// Log filter, such as `info` or `hanko_operator=debug`.
    #[arg(long, env = "HANKO_LOG_LEVEL", default_value = "info")]
    pub(crate) log_level: String,
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run(args).map_err(|error| error.to_string()),
        Command::Crd => {
            serde_saphyr::to_string(&hanko_crds::crd()).map_err(|error| error.to_string()).and_then(|yaml| print(&yaml))
        }
        Command::Version => print(&format!("{}\n", env!("CARGO_PKG_VERSION"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "hanko-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The only way to standard output.
fn print(text: &str) -> Result<(), String> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_can_be_named_several_times() {
        let cli = Cli::parse_from(["x", "run", "--runtime-image", "i", "--namespace", "a", "--namespace", "b"]);
        let Command::Run(args) = cli.command else { panic!("another command") };
        assert_eq!(args.namespaces, ["a", "b"]);
    }
}
