//! Puts the parts together: waits for the API, leads or stands by, watches and reconciles while leading, ends on a signal.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aws_lc_rs::rand;
use futures::{StreamExt, channel::mpsc, future::join_all};
use k8s_openapi::jiff::Timestamp;
use kube::{
    Api, Client, Config,
    api::ListParams,
    core::DynamicObject,
    runtime::{
        applier, controller,
        controller::ReconcileRequest,
        events::{Recorder, Reporter},
    },
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    apply::{Writer, explain},
    cache::{Caches, Scope},
    cli::RunArgs,
    client::client,
    health::{self, Health},
    leader::Leadership,
    metrics::Metrics,
    pace::Pace,
    reconcile::{Context, after_error, reconcile},
    resource,
    validate::Installation,
    watches::Watches,
};

/// Projects looked at at once.
const CONCURRENCY: u16 = 8;
/// Changes that come together are one look.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Time between two attempts to reach what start-up waits for.
const RETRY: Duration = Duration::from_secs(2);
/// A connection silent for longer is dead: the API server ends every watch within 290 seconds.
const SILENCE: Duration = Duration::from_secs(300);

/// Why the operator did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the log filter is malformed: {0}")]
    LogFilter(#[from] tracing_subscriber::filter::ParseError),
    #[error("no TLS provider could be installed")]
    Tls,
    #[error("no Kubernetes configuration: {0}")]
    Config(#[from] kube::config::InferConfigError),
    #[error("cannot make a Kubernetes client: {0}")]
    Client(#[from] kube::Error),
    #[error("cannot register the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("cannot serve health at {address}: {source}")]
    Health { address: std::net::SocketAddr, source: std::io::Error },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("no random bytes")]
    Random,
}

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(args: RunArgs) -> Result<(), Error> {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter(&args.log_level)?).with(lines).init();
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| Error::Tls)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve(args))
}

/// Whatever is asked for, never what kube says of an answer it cannot read: that is the whole answer, and it may be a Secret. Errors
/// are logged where they are handled.
fn filter(wanted: &str) -> Result<Targets, Error> {
    Ok(wanted.parse::<Targets>()?.with_target("kube_client::client", LevelFilter::OFF))
}

async fn serve(args: RunArgs) -> Result<(), Error> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let (health, metrics) = (Arc::new(Health::default()), Arc::new(Metrics::new()?));
    health.wait_for(["API server".to_owned()]);
    let server =
        health::serve(args.health_address, Arc::clone(&health), Arc::clone(&metrics), stop.clone().cancelled_owned());
    let server = async { server.await.map_err(|source| Error::Health { address: args.health_address, source }) };
    let mut config = Config::infer().await?;
    config.read_timeout = Some(SILENCE);
    let client = client(config)?;
    let operator = Operator { client, health, metrics, args: args.clone(), identity: identity(&args.own_name)? };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), namespaces = ?args.namespaces, "starting");
    let work = async {
        operator.work(&stop).await;
        Ok(())
    };
    tokio::try_join!(server, work)?;
    tracing::info!("stopped");
    Ok(())
}

fn stop_on_signal(stop: CancellationToken) -> Result<(), std::io::Error> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// Unique per process: a restarted container is another candidate.
fn identity(name: &str) -> Result<String, Error> {
    let mut bytes = [0_u8; 4];
    rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes.iter().fold(format!("{name}_"), |text, byte| format!("{text}{byte:02x}")))
}

struct Operator {
    client: Client,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    args: RunArgs,
    identity: String,
}

impl Operator {
    async fn work(&self, stop: &CancellationToken) {
        tokio::select! {
            () = self.api_answers() => {}
            () = stop.cancelled() => return,
        }
        let mut leadership =
            Leadership::new(self.client.clone(), &self.args.own_namespace, self.identity.clone(), Timestamp::now);
        let led = |leads| {
            self.metrics.leads(leads);
            self.health.ready();
        };
        leadership.run(|| self.lead(), led, stop.cancelled()).await;
    }

    /// The scopes: one for the whole cluster, or one for each namespace.
    fn scopes(&self) -> Vec<Option<String>> {
        if self.args.namespaces.is_empty() {
            return vec![None];
        }
        self.args.namespaces.iter().cloned().map(Some).collect()
    }

    /// Until the API server answers and serves our kind; says what is missing meanwhile.
    async fn api_answers(&self) {
        for scope in self.scopes() {
            while let Err(missing) = self.can_list(scope.as_deref()).await {
                tracing::info!(%missing, "waiting");
                self.health.wait_for([missing]);
                sleep(RETRY).await;
            }
        }
        self.health.ready();
    }

    async fn can_list(&self, namespace: Option<&str>) -> Result<(), String> {
        let kind = resource::project();
        let api = match namespace {
            Some(namespace) => Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
        };
        match timeout(2 * RETRY, api.list_metadata(&ListParams::default().limit(1))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                Err(format!("CRD {}.{}", kind.plural, kind.group))
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => Err(format!("permission: {}", status.message)),
            Ok(Err(error)) => Err(format!("API server ({})", explain(&error))),
            Err(_) => Err("API server (no answer)".to_owned()),
        }
    }

    /// Watches and reconciles until dropped.
    async fn lead(&self) {
        let watches: Vec<_> =
            self.scopes().into_iter().map(|namespace| Watches::new(self.client.clone(), namespace)).collect();
        let scopes: Vec<Scope> = watches.iter().map(Watches::scope).collect();
        self.health.wait_for(scopes.iter().flat_map(Scope::parts));
        let reporter = Reporter { controller: "hanko-operator".to_owned(), instance: Some(self.args.own_name.clone()) };
        let context = Arc::new(Context {
            writer: Writer { client: self.client.clone(), metrics: Arc::clone(&self.metrics) },
            caches: Caches { scopes: scopes.clone() },
            installation: Installation {
                runtime_image: self.args.runtime_image.clone(),
                namespace: self.args.own_namespace.clone(),
            },
            recorder: Recorder::new(self.client.clone(), reporter),
            pace: Pace::default(),
            metrics: Arc::clone(&self.metrics),
            clock: Timestamp::now,
        });
        let counted = Arc::clone(&context);
        self.metrics.count_projects_with(Some(Box::new(move || conditions(&counted.caches))));
        let parts = watches.into_iter().zip(scopes).map(|(watches, scope)| {
            let (triggers, queue) = mpsc::unbounded();
            let health = &self.health;
            let context = Arc::clone(&context);
            async move {
                tokio::join!(
                    watches.run(triggers),
                    scope.synced(|part| health.arrived(part)),
                    reconcile_all(&scope, queue, context)
                );
            }
        });
        join_all(parts).await;
    }
}

async fn reconcile_all(
    scope: &Scope,
    queue: mpsc::UnboundedReceiver<kube::runtime::reflector::ObjectRef<DynamicObject>>,
    context: Arc<Context>,
) {
    let looks = applier(
        |object, context| Box::pin(reconcile(object, context)),
        |object, error, context: Arc<Context>| after_error(&object, error, &context),
        context,
        scope.projects.clone(),
        queue.map(|project| Ok::<_, Infallible>(ReconcileRequest::from(project))),
        controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE),
    );
    // Errors have been logged and counted where they happened; a project that is gone is none.
    looks.for_each(|_| std::future::ready(())).await;
}

fn conditions(caches: &Caches) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value, field: &str| {
        value.get(field).and_then(|text| text.as_str()).unwrap_or_default().to_owned()
    };
    let of = |project: Arc<DynamicObject>| {
        let all =
            project.data.pointer("/status/conditions").and_then(|all| all.as_array()).cloned().unwrap_or_default();
        all.iter().map(|condition| (text(condition, "type"), text(condition, "status"))).collect::<Vec<_>>()
    };
    caches.projects().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn no_log_level_makes_kube_log_an_answer() {
        for wanted in ["info", "trace", "info,kube_client::client=trace"] {
            assert!(!filter(wanted).unwrap().would_enable("kube_client::client", &Level::ERROR), "{wanted}");
        }
        assert!(filter("info").unwrap().would_enable("hanko_operator::run", &Level::INFO));
    }
}
