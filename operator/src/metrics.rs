//! What the operator counts, in the Prometheus text format.

use std::sync::Mutex;

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// All metrics of the process.
pub(crate) struct Metrics {
    registry: Registry,
    reconciles: IntCounterVec,
    duration: Histogram,
    writes: IntCounterVec,
    leader: IntGauge,
    projects: IntGaugeVec,
    census: Mutex<Option<Census>>,
}

/// Counts projects by condition and status, when somebody asks.
type Census = Box<dyn Fn() -> Vec<(String, String)> + Send>;

impl Metrics {
    /// # Errors
    ///
    /// When a metric's name is malformed or used twice.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let metrics = Self {
            registry: Registry::new(),
            reconciles: IntCounterVec::new(
                Opts::new("hanko_operator_reconciles_total", "Reconciliations by result."),
                &["result"],
            )?,
            duration: Histogram::with_opts(
                HistogramOpts::new("hanko_operator_reconcile_duration_seconds", "Duration of one reconciliation.")
                    .buckets(vec![0.005, 0.025, 0.1, 0.5, 2.0, 10.0]),
            )?,
            writes: IntCounterVec::new(
                Opts::new("hanko_operator_writes_total", "Writes to the API server by kind and verb."),
                &["kind", "verb"],
            )?,
            leader: IntGauge::new("hanko_operator_leader", "1 while this process leads.")?,
            projects: IntGaugeVec::new(
                Opts::new("hanko_operator_projects", "Projects by condition and its status."),
                &["condition", "status"],
            )?,
            census: Mutex::new(None),
        };
        metrics.registry.register(Box::new(metrics.reconciles.clone()))?;
        metrics.registry.register(Box::new(metrics.duration.clone()))?;
        metrics.registry.register(Box::new(metrics.writes.clone()))?;
        metrics.registry.register(Box::new(metrics.leader.clone()))?;
        metrics.registry.register(Box::new(metrics.projects.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn reconciled(&self, result: &str, seconds: f64) {
        self.reconciles.with_label_values(&[result]).inc();
        self.duration.observe(seconds);
    }

    pub(crate) fn wrote(&self, kind: &str, verb: &str) {
        self.writes.with_label_values(&[kind, verb]).inc();
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
        if !leads {
            self.count_projects_with(None);
        }
    }

    /// Replaces the census; `None` while this process does not lead.
    pub(crate) fn count_projects_with(&self, census: Option<Census>) {
        *self.census.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = census;
    }

    /// The text a scrape gets.
    ///
    /// # Errors
    ///
    /// When the text encoder fails.
    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        self.projects.reset();
        if let Some(census) = self.census.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref() {
            for (condition, status) in census() {
                self.projects.with_label_values(&[condition.as_str(), status.as_str()]).inc();
            }
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_shows_results_writes_leadership_and_the_census_of_the_leader() {
        let metrics = Metrics::new().unwrap();
        metrics.reconciled("ok", 0.01);
        metrics.wrote("Service", "apply");
        metrics.leads(true);
        metrics.count_projects_with(Some(Box::new(|| vec![("Ready".to_owned(), "True".to_owned())])));
        let text = metrics.text().unwrap();
        for line in [
            r#"hanko_operator_reconciles_total{result="ok"} 1"#,
            r#"hanko_operator_writes_total{kind="Service",verb="apply"} 1"#,
            "hanko_operator_leader 1",
            r#"hanko_operator_projects{condition="Ready",status="True"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        metrics.leads(false);
        assert!(!metrics.text().unwrap().contains("hanko_operator_projects{"));
    }
}
