//! The state machine of the election: what was seen of the Lease, what to do next, and whether writing is still allowed.
//!
//! Times are durations since the process started, read from a monotonic clock. The times written in the Lease are never
//! compared with ours, so clocks that disagree elect no second leader: a Lease is over when *we* have seen no renewal for as long
//! as its holder promised.

use std::time::Duration;

/// Time since the process started.
pub(crate) type Moment = Duration;

/// How long each thing may take. `renew_within < duration`, or a leader could write after its Lease ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Promised in the Lease: nobody else leads for so long after a renewal.
    pub(crate) duration: Duration,
    /// The leader stops when its last renewal *began* this long ago.
    pub(crate) renew_within: Duration,
    /// Time between two attempts.
    pub(crate) retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { duration: Duration::from_secs(15), renew_within: Duration::from_secs(10), retry: Duration::from_secs(2) }
    }
}

/// What a Lease object says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Record {
    /// Empty or none: free.
    pub(crate) holder: Option<String>,
    /// The holder's promise.
    pub(crate) duration: Duration,
    /// Changes of holder so far.
    pub(crate) transitions: i32,
    /// For compare-and-swap.
    pub(crate) resource_version: String,
}

/// What to do now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// No Lease: create it.
    Create,
    /// Write our name over exactly this record.
    Claim(Record),
    /// Somebody leads.
    Wait,
}

/// One candidate's view.
#[derive(Debug)]
pub(crate) struct Election {
    me: String,
    timing: Timing,
    seen: Option<(Record, Moment)>,
    renewal_began: Option<Moment>,
}

impl Election {
    pub(crate) fn new(me: String, timing: Timing) -> Self {
        Self { me, timing, seen: None, renewal_began: None }
    }

    /// The Lease was read; `None`: there is none.
    pub(crate) fn saw(&mut self, record: Option<Record>, now: Moment) {
        if record.as_ref().is_none_or(|record| record.holder.as_deref() != Some(&self.me)) {
            self.renewal_began = None;
        }
        match (&self.seen, record) {
            (Some((before, _)), Some(record)) if before.resource_version == record.resource_version => {}
            (_, record) => self.seen = record.map(|record| (record, now)),
        }
    }

    /// Our write succeeded; it was sent at `began`.
    pub(crate) fn wrote(&mut self, record: Record, began: Moment) {
        self.seen = Some((record, began));
        self.renewal_began = Some(began);
    }

    pub(crate) fn next(&self, now: Moment) -> Step {
        match &self.seen {
            None => Step::Create,
            Some((record, since)) => {
                let holder = record.holder.as_deref().unwrap_or_default();
                let over = now.saturating_sub(*since) >= record.duration;
                if holder.is_empty() || holder == self.me || over { Step::Claim(record.clone()) } else { Step::Wait }
            }
        }
    }

    /// Whether this process may write to the cluster.
    pub(crate) fn leads(&self, now: Moment) -> bool {
        self.time_left(now) > Duration::ZERO
    }

    /// How long this process may still write without a renewal.
    pub(crate) fn time_left(&self, now: Moment) -> Duration {
        self.renewal_began.map_or(Duration::ZERO, |began| (began + self.timing.renew_within).saturating_sub(now))
    }

    /// The record to write over `before`.
    pub(crate) fn claim(&self, before: Option<&Record>) -> Record {
        let transitions = before.map_or(0, |before| {
            before.transitions.saturating_add(i32::from(before.holder.as_deref() != Some(&self.me)))
        });
        Record {
            holder: Some(self.me.clone()),
            duration: self.timing.duration,
            transitions,
            resource_version: before.map(|before| before.resource_version.clone()).unwrap_or_default(),
        }
    }

    /// The record that gives the Lease up, if we hold it.
    pub(crate) fn release(&mut self) -> Option<Record> {
        self.renewal_began.take()?;
        let (record, _) = self.seen.as_ref()?;
        Some(Record { holder: None, duration: Duration::from_secs(1), ..record.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    fn record(holder: &str, version: &str) -> Record {
        Record {
            holder: Some(holder.to_owned()),
            duration: at(15),
            transitions: 3,
            resource_version: version.to_owned(),
        }
    }

    fn candidate() -> Election {
        Election::new("me".to_owned(), Timing::default())
    }

    #[test]
    fn a_leader_stops_writing_before_its_lease_ends() {
        let timing = Timing::default();
        assert!(timing.renew_within + timing.retry < timing.duration);
        let mut election = candidate();
        election.wrote(record("me", "1"), at(100));
        assert!(election.leads(at(109)));
        assert!(!election.leads(at(110)));
    }

    #[test]
    fn a_foreign_lease_is_respected_until_nothing_renewed_it_for_its_whole_duration() {
        let mut election = candidate();
        election.saw(Some(record("other", "1")), at(0));
        assert_eq!(election.next(at(14)), Step::Wait);
        election.saw(Some(record("other", "2")), at(14));
        assert_eq!(election.next(at(28)), Step::Wait);
        election.saw(Some(record("other", "2")), at(29));
        assert_eq!(election.next(at(29)), Step::Claim(record("other", "2")));
    }

    #[test]
    fn a_free_or_missing_lease_is_taken_at_once() {
        let mut election = candidate();
        assert_eq!(election.next(at(0)), Step::Create);
        election.saw(Some(record("", "4")), at(0));
        assert_eq!(election.next(at(0)), Step::Claim(record("", "4")));
    }

    #[test]
    fn seeing_another_holder_ends_leadership_at_once() {
        let mut election = candidate();
        election.wrote(record("me", "1"), at(0));
        election.saw(Some(record("other", "2")), at(1));
        assert!(!election.leads(at(1)));
        election.wrote(record("me", "3"), at(2));
        election.saw(None, at(3));
        assert!(!election.leads(at(3)));
    }

    #[test]
    fn reading_our_own_name_is_no_renewal() {
        let mut election = candidate();
        election.saw(Some(record("me", "1")), at(0));
        assert!(!election.leads(at(0)));
    }

    #[test]
    fn a_claim_swaps_exactly_the_record_it_saw_and_counts_changes_of_holder() {
        let election = candidate();
        let claim = election.claim(Some(&record("other", "7")));
        assert_eq!((claim.resource_version.as_str(), claim.transitions), ("7", 4));
        assert_eq!(election.claim(Some(&record("me", "8"))).transitions, 3);
    }

    #[test]
    fn only_the_holder_gives_the_lease_up() {
        let mut election = candidate();
        election.saw(Some(record("other", "1")), at(0));
        assert_eq!(election.release(), None);
        election.wrote(record("me", "2"), at(1));
        let released = election.release().unwrap();
        assert_eq!((released.holder, released.resource_version.as_str()), (None, "2"));
        assert!(!election.leads(at(1)));
    }
}
