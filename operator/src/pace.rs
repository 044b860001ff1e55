//! How soon a project is looked at again: waiting is impatient at first, failing backs off, and no two projects do it in step.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;

/// Everything converged: one look now and then, in case a watch lost an event.
const IDLE: Duration = Duration::from_secs(600);

/// Why a project is looked at again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Again {
    /// Pods or the cluster need time: 1 s doubling to 15 s.
    Waiting,
    /// Something failed: 1 s doubling to 5 min.
    Failed,
    /// Only in case an event was lost.
    Idle,
}

/// Counts consecutive looks of one kind, per project.
#[derive(Default)]
pub(crate) struct Pace {
    streaks: Mutex<HashMap<String, Streak>>,
}

/// Looks of one kind, and when the newest one that counts was.
#[derive(Clone, Copy)]
struct Streak {
    again: Again,
    looks: u32,
    newest: Timestamp,
}

impl Streak {
    /// The streak with a look at `now`. One before its time, which an event caused, does not count: a burst of events (a
    /// touched pod's own, for one) must not make the next look late.
    fn with_look(self, now: Timestamp) -> Self {
        let waited = now.duration_since(self.newest).as_secs_f64();
        if waited < delay(self.again, self.looks, 0.0).as_secs_f64() {
            return self;
        }
        Self { looks: self.looks.saturating_add(1), newest: now, ..self }
    }
}

impl Pace {
    /// When to look again at `project`; `jitter` is a random fraction of 0 to 1.
    pub(crate) fn next(&self, project: &str, again: Again, now: Timestamp, jitter: f64) -> Duration {
        let mut streaks = self.streaks.lock().unwrap_or_else(PoisonError::into_inner);
        let streak = match streaks.get(project) {
            Some(streak) if streak.again == again => streak.with_look(now),
            _ => Streak { again, looks: 0, newest: now },
        };
        streaks.insert(project.to_owned(), streak);
        delay(again, streak.looks, jitter)
    }

    /// The project is gone.
    pub(crate) fn forget(&self, project: &str) {
        self.streaks.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }
}

fn delay(again: Again, streak: u32, jitter: f64) -> Duration {
    let doubled = |most: u64| Duration::from_secs(1_u64.checked_shl(streak.min(32)).unwrap_or(most).min(most));
    let base = match again {
        Again::Waiting => doubled(15),
        Again::Failed => doubled(300),
        Again::Idle => IDLE,
    };
    base + base.mul_f64(0.25 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[test]
    fn waiting_doubles_to_fifteen_seconds_and_failing_to_five_minutes() {
        let seconds = |again, n| delay(again, n, 0.0).as_secs();
        assert_eq!((0..6).map(|n| seconds(Again::Waiting, n)).collect::<Vec<_>>(), [1, 2, 4, 8, 15, 15]);
        assert_eq!(seconds(Again::Failed, 0), 1);
        assert_eq!(seconds(Again::Failed, 40), 300);
    }

    #[test]
    fn jitter_adds_at_most_a_quarter() {
        assert_eq!(delay(Again::Failed, 2, 1.0), Duration::from_secs(5));
        assert_eq!(delay(Again::Failed, 2, 7.0), Duration::from_secs(5));
    }

    #[test]
    fn another_kind_of_look_starts_the_streak_anew_and_projects_do_not_share_one() {
        let pace = Pace::default();
        let next = |project, again, second: i64| pace.next(project, again, at(second * 1000), 0.0).as_secs();
        assert_eq!(next("a", Again::Failed, 0), 1);
        assert_eq!(next("a", Again::Failed, 1), 2);
        assert_eq!(next("b", Again::Failed, 1), 1);
        assert_eq!(next("a", Again::Waiting, 3), 1);
        assert_eq!(next("a", Again::Failed, 4), 1);
    }

    #[test]
    fn a_burst_of_events_makes_the_next_look_no_later() {
        let pace = Pace::default();
        let next = |millisecond| pace.next("a", Again::Waiting, at(millisecond), 0.0).as_secs();
        assert_eq!([0, 100, 200, 300, 400].map(next), [1; 5]);
        assert_eq!(next(1400), 2);
        assert_eq!(next(1500), 2);
        assert_eq!(next(3400), 4);
    }

    #[test]
    fn a_forgotten_project_starts_anew() {
        let pace = Pace::default();
        pace.next("a", Again::Failed, at(0), 0.0);
        pace.forget("a");
        assert_eq!(pace.next("a", Again::Failed, at(1000), 0.0).as_secs(), 1);
    }
}
