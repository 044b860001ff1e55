//! What the workers of the process count: mails, deliveries to receivers of events, and the chain of the audit log.

use std::sync::{Arc, Mutex, PoisonError};

use hanko_notify::{audit, mail, webhook};
use prometheus::{Counter, Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::keep;

pub(super) struct Workers {
    mails: IntCounterVec,
    templates_left_aside: IntGauge,
    deliveries: IntCounterVec,
    posts: IntCounter,
    posting: Counter,
    disabled: IntCounter,
    sealed: IntCounter,
    removed: IntCounter,
    failures: IntCounter,
    unsealed: IntGauge,
    unsealed_for: Gauge,
    pub(super) of_mails: Known<mail::worker::Counters>,
    pub(super) of_webhooks: Known<webhook::Counters>,
    pub(super) of_audit: Known<audit::Counters>,
}

/// What the workers of each database count.
pub(super) struct Known<C>(Mutex<Vec<Arc<C>>>);

impl<C> Default for Known<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> Known<C> {
    pub(super) fn add(&self, counters: Arc<C>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(counters);
    }

    fn all(&self) -> Vec<Arc<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Workers {
    pub(super) fn new(registry: &Registry) -> Self {
        let counters = |name, help, labels: &[&str]| keep(registry, IntCounterVec::new(Opts::new(name, help), labels));
        let counter = |name, help| keep(registry, IntCounter::new(name, help));
        let gauge = |name, help| keep(registry, IntGauge::new(name, help));
        Self {
            mails: counters("hanko_mails_total", "Attempts to send a mail.", &["template", "outcome"]),
            templates_left_aside: gauge(
                "hanko_mail_templates_left_aside",
                "Mails sent in our words since the start, because the project's own could not be said.",
            ),
            deliveries: counters(
                "hanko_webhook_deliveries_total",
                "Attempts to tell a receiver of an event, by what became of the delivery.",
                &["outcome"],
            ),
            posts: counter("hanko_webhook_posts_total", "Requests to receivers of events."),
            posting: keep(
                registry,
                Counter::new("hanko_webhook_posts_seconds_total", "How long the requests to receivers took together."),
            ),
            disabled: counter("hanko_webhooks_disabled_total", "Receivers that were disabled because they failed."),
            sealed: counter("hanko_audit_sealed_total", "Rows of the audit log that this process has sealed."),
            removed: counter(
                "hanko_audit_removed_total",
                "Rows of the audit log that this process has removed for their age.",
            ),
            failures: counter(
                "hanko_audit_failures_total",
                "Rounds in which this process could not seal or tidy the audit log of a tenant.",
            ),
            unsealed: gauge(
                "hanko_audit_unsealed",
                "Rows of the audit log that are not sealed yet, whoever seals them.",
            ),
            unsealed_for: keep(
                registry,
                Gauge::new(
                    "hanko_audit_unsealed_seconds",
                    "How long the oldest row that is not sealed has been waiting.",
                ),
            ),
            of_mails: Known::default(),
            of_webhooks: Known::default(),
            of_audit: Known::default(),
        }
    }

    pub(super) fn read(&self) {
        self.mails.reset();
        let mut left_aside = 0;
        for counters in self.of_mails.all() {
            for (template, outcome, count) in counters.all() {
                self.mails.with_label_values(&[template, outcome]).inc_by(count);
            }
            left_aside += counters.left_aside();
        }
        self.templates_left_aside.set(i64::try_from(left_aside).unwrap_or(i64::MAX));
        self.read_webhooks();
        self.read_audit();
    }

    fn read_webhooks(&self) {
        self.deliveries.reset();
        self.posts.reset();
        self.posting.reset();
        self.disabled.reset();
        for counters in self.of_webhooks.all() {
            for (outcome, count) in counters.all() {
                self.deliveries.with_label_values(&[outcome]).inc_by(count);
            }
            let (posts, took) = counters.posts();
            self.posts.inc_by(posts);
            self.posting.inc_by(took.as_secs_f64());
            self.disabled.inc_by(counters.disabled());
        }
    }

    fn read_audit(&self) {
        self.sealed.reset();
        self.removed.reset();
        self.failures.reset();
        let (mut unsealed, mut unsealed_for) = (0, 0.0_f64);
        for counters in self.of_audit.all() {
            self.sealed.inc_by(counters.sealed());
            self.removed.inc_by(counters.removed());
            self.failures.inc_by(counters.failures());
            unsealed += counters.backlog();
            unsealed_for = unsealed_for.max(counters.lag().as_secs_f64());
        }
        self.unsealed.set(i64::try_from(unsealed).unwrap_or(i64::MAX));
        self.unsealed_for.set(unsealed_for);
    }
}
