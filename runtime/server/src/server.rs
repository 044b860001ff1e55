//! The running process: listeners, supervisor and jobs, from start to drained end.

use std::{io, net::SocketAddr, num::NonZeroUsize, sync::Arc};

use axum::body::Body;
use hanko_credentials::{Hasher, password::PATIENCE};
use hanko_domain::{Clock, Random};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use crate::{
    activate::Ground,
    app::App,
    config::{self, Loaded, Sources},
    jobs::Jobs,
    listen::{self, Limits},
    pipeline,
    registry::{Registry, Waiting},
    stores::Stores,
    supervisor::Supervisor,
    watch::Watch,
};

/// What a process needs to know beside its documents.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the configuration lies and where data goes.
    pub sources: Sources,
    /// Address of the public listener; port 0 takes a free one.
    pub public: SocketAddr,
    /// Address of the admin listener; port 0 takes a free one.
    pub admin: SocketAddr,
    /// What clients are granted.
    pub limits: Limits,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The documents or their secrets cannot be accepted; one reason per line.
    #[error("{0}")]
    Configuration(String),
    /// An address is not free.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A running process.
pub struct Server {
    public: SocketAddr,
    admin: SocketAddr,
    stop: CancellationToken,
    stop_jobs: CancellationToken,
    listeners: TaskTracker,
    jobs: TaskTracker,
    app: Arc<App>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("public", &self.public).field("admin", &self.admin).finish_non_exhaustive()
    }
}

impl Server {
    /// Reads the configuration, opens both listeners and begins to serve; databases may come later. What is wrong now ends
    /// the start, while the same found in a running process leaves its last good state in place.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        // The watch begins before the first look, so that no change falls between the two.
        let (tell, changed) = mpsc::channel(1);
        let watch = Watch::new(&options.sources, tell);
        let loaded = read(&options.sources)?;
        let public = bind(options.public).await?;
        let admin = bind(options.admin).await?;
        let stop = CancellationToken::new();
        let random = options.random.clone();
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let ground = Ground {
            stores: Stores::default(),
            hasher: Hasher::new(cores, PATIENCE, random.clone()),
            clock: options.clock,
            random,
        };
        let app = App::new(ground, starting(&loaded), stop.clone());
        let server = Self {
            public: address(&public, options.public),
            admin: address(&admin, options.admin),
            stop,
            stop_jobs: CancellationToken::new(),
            listeners: TaskTracker::new(),
            jobs: TaskTracker::new(),
            app,
        };
        server.listen(public, admin, options.limits);
        let jobs = Jobs::new(server.app.clone(), server.jobs.clone(), server.stop_jobs.clone());
        let supervisor = Supervisor::new(server.app.clone(), options.sources, loaded, jobs, watch);
        server.jobs.spawn(supervisor.run(changed, server.stop.clone()));
        info!(public = %server.public, admin = %server.admin, version = env!("CARGO_PKG_VERSION"), "listening");
        Ok(server)
    }

    fn listen(&self, public: TcpListener, admin: TcpListener, limits: Limits) {
        let trusted = self.app.clone();
        let app = self.app.clone();
        let handler = move |peer: SocketAddr, request: http::Request<_>| {
            pipeline::public(app.clone(), peer.ip(), request.map(Body::new))
        };
        let exempt = move |ip| trusted.registry().trusts(ip);
        self.listeners.spawn(listen::serve(public, limits, exempt, handler, self.stop.clone()));
        let app = self.app.clone();
        let handler = move |peer: SocketAddr, request: http::Request<_>| {
            pipeline::admin(app.clone(), peer.ip(), request.map(Body::new))
        };
        self.listeners.spawn(listen::serve(admin, limits, |_| false, handler, self.stop.clone()));
    }

    /// Where the public listener listens.
    pub fn public_address(&self) -> SocketAddr {
        self.public
    }

    /// Where the admin listener listens.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// Drains: no new connections, the requests in flight end, mails that are being sent are sent, databases are closed.
    pub async fn drain(self) {
        self.stop.cancel();
        self.listeners.close();
        self.listeners.wait().await;
        self.stop_jobs.cancel();
        self.jobs.close();
        self.jobs.wait().await;
        for database in self.app.ground.stores.all() {
            database.store.close().await;
        }
    }
}

fn read(sources: &Sources) -> Result<Loaded, StartError> {
    let loaded = config::load(sources);
    let bad = loaded.refused.iter().map(|bad| format!("{}: {}", bad.label(), bad.reason));
    let reasons: Vec<String> = loaded.unreadable.iter().cloned().chain(bad).collect();
    if reasons.is_empty() { Ok(loaded) } else { Err(StartError::Configuration(reasons.join("\n"))) }
}

fn starting(loaded: &Loaded) -> Registry {
    let waiting = loaded.configurations.iter().map(|configuration| Waiting {
        label: configuration.label(),
        hosts: configuration.project.hosts.clone(),
        reason: "is starting".into(),
    });
    Registry::new(Vec::new(), waiting.collect(), Vec::new())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn address(listener: &TcpListener, asked: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(asked)
}
