//! What became of mails, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::mail::Template;

/// How an attempt to send ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The server took the mail.
    Sent,
    /// It will never be sent.
    Failed,
    /// Another attempt follows.
    Retried,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Sent, Self::Failed, Self::Retried];

    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Retried => "retried",
        }
    }
}

/// Attempts by template and outcome since the process started. Read by the metrics page.
#[derive(Debug, Default)]
pub struct Counters {
    attempts: [[AtomicU64; Outcome::ALL.len()]; Template::ALL.len() + 1],
    left_aside: AtomicU64,
}

impl Counters {
    /// `None`: the message cannot be read, so that its template is unknown.
    fn cell(&self, template: Option<Template>, outcome: Outcome) -> Option<&AtomicU64> {
        let row = template.and_then(|template| Template::ALL.iter().position(|known| *known == template));
        self.attempts
            .get(row.unwrap_or(Template::ALL.len()))?
            .get(Outcome::ALL.iter().position(|known| *known == outcome)?)
    }

    pub(super) fn count(&self, template: Option<Template>, outcome: Outcome) {
        if let Some(cell) = self.cell(template, outcome) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_left_aside(&self) {
        self.left_aside.fetch_add(1, Ordering::Relaxed);
    }

    /// Mails sent in our words because the project's own could not be said.
    pub fn left_aside(&self) -> u64 {
        self.left_aside.load(Ordering::Relaxed)
    }

    /// Every series: template (`unknown` when the message cannot be read), outcome, count.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        Template::ALL.into_iter().map(Some).chain([None]).flat_map(move |template| {
            Outcome::ALL.into_iter().map(move |outcome| {
                let count = self.cell(template, outcome).map_or(0, |cell| cell.load(Ordering::Relaxed));
                (template.map_or("unknown", Template::as_str), outcome.as_str(), count)
            })
        })
    }
}
