//! Program entry.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything opens a connection: every part of the process uses this one implementation.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    hanko_server::cli::run()
}
