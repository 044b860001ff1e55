//! What became of deliveries, in numbers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// Another attempt follows.
    Retried,
    /// It is given up.
    Dead,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Delivered, Self::Retried, Self::Dead];

    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

/// Attempts since the process started. Read by the metrics page.
#[derive(Debug, Default)]
pub struct Counters {
    attempts: [AtomicU64; Outcome::ALL.len()],
    posts: AtomicU64,
    microseconds: AtomicU64,
    disabled: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, outcome: Outcome) {
        for (cell, _) in self.attempts.iter().zip(Outcome::ALL).filter(|(_, known)| *known == outcome) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_post(&self, took: Duration) {
        self.posts.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn count_disabled(&self) {
        self.disabled.fetch_add(1, Ordering::Relaxed);
    }

    /// Every series: outcome, count.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.attempts.iter().zip(Outcome::ALL).map(|(cell, outcome)| (outcome.as_str(), cell.load(Ordering::Relaxed)))
    }

    /// Requests that were made, and how long they took together.
    pub fn posts(&self) -> (u64, Duration) {
        let took = Duration::from_micros(self.microseconds.load(Ordering::Relaxed));
        (self.posts.load(Ordering::Relaxed), took)
    }

    /// Receivers that were disabled since they failed.
    pub fn disabled(&self) -> u64 {
        self.disabled.load(Ordering::Relaxed)
    }
}
