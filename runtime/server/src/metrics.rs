//! Figures for `/metrics`. Labels come from small fixed sets and from the project; nothing a client sends becomes one.

mod databases;
mod http;
mod logins;
mod process;
mod workers;

use std::{sync::Arc, time::Duration};

use ::http::StatusCode;
use hanko_notify::{audit, mail, webhook};
use prometheus::{Encoder, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder, core::Collector};

pub(crate) use self::http::Asked;
use self::{databases::Databases, http::Requests, logins::Logins, process::Process, workers::Workers};
use crate::{app::App, floods::Counter};

/// The figures of the process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    logins: Logins,
    databases: Databases,
    process: Process,
    workers: Workers,
    validated: IntCounterVec,
    refused_calls: IntCounterVec,
    hashes: IntGaugeVec,
    hashes_refused: IntCounter,
    tenants: IntGaugeVec,
    floods_refused: IntCounter,
    flood_counters: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let gauges = |name, help, labels: &[&str]| keep(&registry, IntGaugeVec::new(Opts::new(name, help), labels));
        let counters = |name, help, labels: &[&str]| keep(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let counter = |name, help| keep(&registry, IntCounter::new(name, help));
        let metrics = Self {
            requests: Requests::new(&registry),
            logins: Logins::new(&registry),
            databases: Databases::new(&registry),
            process: Process::new(&registry),
            workers: Workers::new(&registry),
            validated: counters("hanko_sessions_validated_total", "Answers of /sessions/validate.", &["valid"]),
            refused_calls: counters(
                "hanko_api_key_refusals_total",
                "Calls of the Admin API without a good key (401), or with one that may not do this (403).",
                &["code"],
            ),
            hashes: gauges("hanko_password_hashes", "Passwords that are checked or wait for it, by state.", &["state"]),
            hashes_refused: counter(
                "hanko_password_hashes_refused_total",
                "Passwords that were not checked, because too many waited.",
            ),
            tenants: gauges("hanko_tenants", "Tenants of this process, by state.", &["state"]),
            floods_refused: counter(
                "hanko_floods_refused_total",
                "Requests refused because their client sent too many.",
            ),
            flood_counters: gauges(
                "hanko_flood_counters",
                "Tenants by what counts the requests of a client: the process, a shared server, or the process alone while that is away.",
                &["counter"],
            ),
            registry,
        };
        let build = IntGaugeVec::new(Opts::new("hanko_build_info", "Version of the program."), &["version"]);
        keep(&metrics.registry, build).with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        metrics
    }

    /// A request was answered. `route` as the router writes it; `None`: no such path. `bytes`: of the answer's body, as far as is
    /// known before it is sent.
    pub(crate) fn request(&self, asked: &Asked, route: Option<&str>, status: StatusCode, bytes: u64, took: Duration) {
        self.requests.count(asked, route, status, bytes, took);
        if let Some(route) = route {
            self.logins.answered(route, status);
        }
    }

    /// A session of an account that was there began. `method` is its `amr`, joined by `+`.
    pub(crate) fn logged_in(&self, flow: &str, method: &str) {
        self.logins.logged_in(flow, method);
    }

    /// An account was made by whoever it is for, and a session with it.
    pub(crate) fn signed_up(&self, flow: &str, method: &str) {
        self.logins.signed_up(flow, method);
    }

    /// A run of a flow came to its end, so long after its begin.
    pub(crate) fn flow_ended(&self, flow: &str, took: Duration) {
        self.logins.flow_ended(flow, took);
    }

    /// An action of a flow was refused.
    pub(crate) fn flow_refused(&self, flow: &str, action: &str, reason: &str) {
        self.logins.flow_refused(flow, action, reason);
    }

    pub(crate) fn session_validated(&self, valid: bool) {
        self.validated.with_label_values(&[if valid { "true" } else { "false" }]).inc();
    }

    /// A call of the Admin API was refused for its key.
    pub(crate) fn call_refused(&self, status: StatusCode) {
        self.refused_calls.with_label_values(&[status.as_str()]).inc();
    }

    pub(crate) fn flood_refused(&self) {
        self.floods_refused.inc();
    }

    /// Shows what a worker counts, too.
    pub(crate) fn add_mail_counters(&self, counters: Arc<mail::worker::Counters>) {
        self.workers.of_mails.add(counters);
    }

    /// Shows what a worker counts, too.
    pub(crate) fn add_webhook_counters(&self, counters: Arc<webhook::Counters>) {
        self.workers.of_webhooks.add(counters);
    }

    /// Shows what a keeper counts, too.
    pub(crate) fn add_audit_counters(&self, counters: Arc<audit::Counters>) {
        self.workers.of_audit.add(counters);
    }

    /// The page.
    pub(crate) async fn render(&self, app: &App) -> String {
        self.databases.read(&app.ground.stores.all(), app.clock().now()).await;
        self.process.read();
        self.read_registry(app);
        self.read_hashes(app);
        self.workers.read();
        let mut page = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut page) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8(page).unwrap_or_default()
    }

    fn read_registry(&self, app: &App) {
        let registry = app.registry();
        for (state, count) in [
            ("serving", registry.tenants().len()),
            ("waiting", registry.waiting().len()),
            ("refused", registry.refused().len()),
        ] {
            set(&self.tenants, &[state], count);
        }
        for (name, counter) in [("process", Counter::Process), ("shared", Counter::Shared), ("alone", Counter::Alone)] {
            let so = registry.tenants().iter().filter(|served| served.floods.counter() == counter);
            set(&self.flood_counters, &[name], so.count());
        }
    }

    fn read_hashes(&self, app: &App) {
        let queue = app.ground.hasher.queue();
        set(&self.hashes, &["waiting"], queue.waiting);
        set(&self.hashes, &["running"], queue.running);
        self.hashes_refused.inc_by(queue.refused.saturating_sub(self.hashes_refused.get()));
    }
}

fn set(gauge: &IntGaugeVec, labels: &[&str], value: usize) {
    gauge.with_label_values(labels).set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// Names are constants of this file: a collector that cannot be made or registered is a fault that every test meets.
fn keep<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let kept = made.and_then(|collector| registry.register(Box::new(collector.clone())).map(|()| collector));
    match kept {
        Ok(collector) => collector,
        Err(error) => {
            tracing::error!(%error, "a metric cannot be registered");
            std::process::abort();
        }
    }
}
