//! `serve`.

use std::{net::SocketAddr, process::ExitCode};

use clap::Args;
use hanko_domain::{Clock, Random};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use tracing_subscriber::filter::Targets;

use super::{Places, threads};
use crate::{
    Limits, Options, Server,
    log::{self, LogFormat},
    output::Output,
};

#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    places: Places,
    /// Where browsers, apps and back ends connect.
    #[arg(long, value_name = "ADDRESS", env = "HANKO_PUBLIC_ADDRESS", default_value = "127.0.0.1:8000")]
    public_address: SocketAddr,
    /// Where administrators and the platform connect: the Admin API, health, metrics, revisions.
    #[arg(long, value_name = "ADDRESS", env = "HANKO_ADMIN_ADDRESS", default_value = "127.0.0.1:8001")]
    admin_address: SocketAddr,
    /// Connections open at once on each listener.
    #[arg(long, value_name = "COUNT", env = "HANKO_MAX_CONNECTIONS", default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// Connections of one address; the proxies of `clientIp.trustedProxies` are not counted.
    #[arg(long, value_name = "COUNT", env = "HANKO_MAX_CONNECTIONS_PER_PEER", default_value_t = Limits::default().per_peer)]
    max_connections_per_peer: usize,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", env = "HANKO_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// A level (error, warn, info, debug, trace), or levels by module: `info,hanko_flow=debug`.
    #[arg(long, value_name = "LEVEL", env = "HANKO_LOG_LEVEL", default_value = "info")]
    log_level: Targets,
}

impl Serve {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        // The library measures the processor's jitter before its first random byte, for some 40 ms. The rest of the start does
        // not wait for that; whoever needs randomness first waits for what is left of it.
        std::thread::spawn(|| Random::system().bytes::<1>());
        log::start(self.log_format, &self.log_level);
        raise_descriptor_limit();
        let runtime = match threads() {
            Ok(runtime) => runtime,
            Err(error) => {
                output.complain(format_args!("cannot start threads: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let limits =
            Limits { connections: self.max_connections, per_peer: self.max_connections_per_peer, ..Limits::default() };
        let options = Options {
            sources: self.places.into(),
            public: self.public_address,
            admin: self.admin_address,
            limits,
            clock: Clock::system(),
            random: Random::system(),
        };
        runtime.block_on(async {
            let ended = match Server::start(options).await {
                Ok(server) => until_told(server).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match ended {
                Ok(()) => ExitCode::SUCCESS,
                Err(reason) => {
                    output.complain(reason);
                    ExitCode::FAILURE
                }
            }
        })
    }
}

async fn until_told(server: Server) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("draining");
    tokio::select! {
        () = server.drain() => info!("ended"),
        _ = interrupt.recv() => info!("ended at once"),
    }
    Ok(())
}

/// Every connection is a descriptor, and the usual soft limit is below what the listeners grant.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        info!(%error, "the limit of open files stays as it is");
    }
}
