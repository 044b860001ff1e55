//! Figures for `/metrics`. Labels come from small fixed sets; nothing a client sends becomes one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hanko_notify::Counters;
use hanko_store::outbox::Sink;
use http::StatusCode;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder, core::Collector,
};

use crate::{app::App, floods::Counter};

/// Seconds. A login with a hash takes a tenth of one, a key set microseconds.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The figures of the process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: HistogramVec,
    began: IntCounterVec,
    refusals: IntCounterVec,
    validated: IntCounterVec,
    tenants: IntGaugeVec,
    connections: IntGaugeVec,
    queue: IntGaugeVec,
    mails: IntCounterVec,
    templates_left_aside: IntGauge,
    floods_refused: IntCounter,
    flood_counters: IntGaugeVec,
    mail_counters: Mutex<Vec<Arc<Counters>>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let gauges = |name, help, labels: &[&str]| keep(&registry, IntGaugeVec::new(Opts::new(name, help), labels));
        let counters = |name, help, labels: &[&str]| keep(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let requests =
            HistogramOpts::new("hanko_http_request_duration_seconds", "Requests by route and class of status.");
        let metrics = Self {
            requests: keep(&registry, HistogramVec::new(requests.buckets(BUCKETS.to_vec()), &["route", "status"])),
            began: counters(
                "hanko_sessions_created_total",
                "Sessions made, by flow and what proved the user.",
                &["flow", "method"],
            ),
            refusals: counters(
                "hanko_flow_refusals_total",
                "Actions of flows that were refused, by the code of the reason.",
                &["flow", "action", "reason"],
            ),
            validated: counters("hanko_sessions_validated_total", "Answers of /sessions/validate.", &["valid"]),
            tenants: gauges("hanko_tenants", "Tenants of this process, by state.", &["state"]),
            connections: gauges("hanko_database_connections", "Database connections, by state.", &["state"]),
            queue: gauges("hanko_outbox_waiting", "Deliveries that are still to be made.", &["sink"]),
            mails: counters("hanko_mails_total", "Attempts to send a mail.", &["template", "outcome"]),
            templates_left_aside: keep(
                &registry,
                IntGauge::new(
                    "hanko_mail_templates_left_aside",
                    "Mails sent in our words since the start, because the project's own could not be said.",
                ),
            ),
            floods_refused: keep(
                &registry,
                IntCounter::new("hanko_floods_refused_total", "Requests refused because their client sent too many."),
            ),
            flood_counters: gauges(
                "hanko_flood_counters",
                "Tenants by what counts the requests of a client: the process, a shared server, or the process alone while that is away.",
                &["counter"],
            ),
            mail_counters: Mutex::default(),
            registry,
        };
        let build = IntGaugeVec::new(Opts::new("hanko_build_info", "Version of the program."), &["version"]);
        keep(&metrics.registry, build).with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        metrics
    }

    pub(crate) fn request(&self, route: &str, status: StatusCode, took: Duration) {
        let class = match status.as_u16() {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.with_label_values(&[route, class]).observe(took.as_secs_f64());
    }

    /// `method` is the session's `amr`, joined by `+`.
    pub(crate) fn session_began(&self, flow: &str, method: &str) {
        self.began.with_label_values(&[flow, method]).inc();
    }

    pub(crate) fn flow_refused(&self, flow: &str, action: &str, reason: &str) {
        self.refusals.with_label_values(&[flow, action, reason]).inc();
    }

    pub(crate) fn session_validated(&self, valid: bool) {
        self.validated.with_label_values(&[if valid { "true" } else { "false" }]).inc();
    }

    pub(crate) fn flood_refused(&self) {
        self.floods_refused.inc();
    }

    /// Shows what a worker counts, too.
    pub(crate) fn add_mail_counters(&self, counters: Arc<Counters>) {
        self.mail_counters.lock().unwrap_or_else(PoisonError::into_inner).push(counters);
    }

    /// The page.
    pub(crate) async fn render(&self, app: &App) -> String {
        let registry = app.registry();
        for (state, count) in [("serving", registry.tenants().len()), ("waiting", registry.waiting().len())] {
            set(&self.tenants, &[state], count);
        }
        set(&self.tenants, &["refused"], registry.refused().len());
        for (name, counter) in [("process", Counter::Process), ("shared", Counter::Shared), ("alone", Counter::Alone)] {
            let so = registry.tenants().iter().filter(|served| served.floods.counter() == counter);
            set(&self.flood_counters, &[name], so.count());
        }
        let (mut open, mut idle, mut waiting) = (0, 0, 0);
        for database in app.ground.stores.all() {
            let (of, unused) = database.store.connections();
            open += of as usize;
            idle += unused;
            if database.is_migrated() {
                // While the database does not answer, the figure of before stands.
                let counted = database.store.system().waiting_deliveries(Sink::Mail).await;
                waiting += counted.unwrap_or(self.queue.with_label_values(&["mail"]).get());
            }
        }
        set(&self.connections, &["used"], open.saturating_sub(idle));
        set(&self.connections, &["idle"], idle);
        self.queue.with_label_values(&["mail"]).set(waiting);
        self.mails.reset();
        let mut left_aside = 0;
        for counters in self.mail_counters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (template, outcome, count) in counters.all() {
                self.mails.with_label_values(&[template, outcome]).inc_by(count);
            }
            left_aside += counters.left_aside();
        }
        self.templates_left_aside.set(i64::try_from(left_aside).unwrap_or(i64::MAX));
        let mut page = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut page) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8(page).unwrap_or_default()
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
