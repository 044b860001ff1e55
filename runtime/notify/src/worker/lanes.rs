//! One lane for each receiver, so that a hanging one holds up nobody else.

use std::{collections::HashMap, hash::Hash, time::Duration};

use hanko_domain::Timestamp;

use super::Backoff;

/// How much is sent at once in a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// By one that nothing is known of. Each success doubles it.
    pub(crate) start: u32,
    /// At most.
    pub(crate) width: u32,
    /// How long it rests after its receiver failed.
    pub(crate) backoff: Backoff,
    /// At most. Shorter than a delivery's own pause: others may be waiting.
    pub(crate) longest_rest: Duration,
}

struct Lane {
    busy: u32,
    width: u32,
    failures: u32,
    resting_until: Option<Timestamp>,
}

/// The lanes in use. A receiver to whom nothing goes has none.
pub(super) struct Lanes<Key> {
    rules: Rules,
    lanes: HashMap<Key, Lane>,
}

impl<Key: Copy + Eq + Hash> Lanes<Key> {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, lanes: HashMap::new() }
    }

    /// How many more may be taken for the receiver now.
    pub(super) fn free(&self, key: Key, now: Timestamp) -> u32 {
        match self.lanes.get(&key) {
            Some(lane) if lane.resting_until.is_some_and(|until| now < until) => 0,
            // After a failure a single one finds out whether the receiver is back.
            Some(lane) if lane.failures > 0 => 1_u32.saturating_sub(lane.busy),
            // Not one by one: each taking is a transaction.
            Some(lane) if lane.busy > lane.width / 2 => 0,
            Some(lane) => lane.width.saturating_sub(lane.busy),
            None => self.rules.start,
        }
    }

    /// So many were taken for the receiver.
    pub(super) fn enter(&mut self, key: Key, count: usize) {
        if count > 0 {
            let new = Lane { busy: 0, width: self.rules.start, failures: 0, resting_until: None };
            self.lanes.entry(key).or_insert(new).busy += u32::try_from(count).unwrap_or(u32::MAX);
        }
    }

    /// One is through. `receiver_failed`: any other would have failed as well.
    pub(super) fn leave(&mut self, key: Key, receiver_failed: bool, now: Timestamp) {
        let Rules { start, width, backoff, longest_rest } = self.rules;
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.busy = lane.busy.saturating_sub(1);
        if receiver_failed {
            lane.failures = lane.failures.saturating_add(1);
            lane.width = start;
            lane.resting_until = Some(now + backoff(lane.failures).min(longest_rest));
        } else {
            lane.failures = 0;
            lane.width = lane.width.saturating_mul(2).min(width);
            lane.resting_until = None;
        }
        if lane.busy == 0 && lane.failures == 0 {
            self.lanes.remove(&key);
        }
    }

    /// When the next lane has rested.
    pub(super) fn next_rested(&self, now: Timestamp) -> Option<Timestamp> {
        self.lanes.values().filter_map(|lane| lane.resting_until).filter(|until| now < *until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        start: 2,
        width: 8,
        backoff: |failures| Duration::from_secs(failures.into()),
        longest_rest: Duration::from_secs(3),
    };

    #[test]
    fn a_lane_whose_receiver_failed_rests_and_then_tries_a_single_one() {
        let now = Timestamp::from_seconds(100);
        let mut lanes = Lanes::new(RULES);
        lanes.enter("hook", 2);
        lanes.leave("hook", true, now);
        assert_eq!(lanes.free("hook", now), 0);
        let rested = lanes.next_rested(now).unwrap();
        assert_eq!(rested, now + Duration::from_secs(1));
        assert_eq!(lanes.free("hook", rested), 0, "one is still on its way");
        lanes.leave("hook", true, rested);
        let rested = lanes.next_rested(rested).unwrap();
        assert_eq!(lanes.free("hook", rested), 1);
        lanes.enter("hook", 1);
        lanes.leave("hook", false, rested);
        assert_eq!(lanes.free("hook", rested), 2);
        assert!(lanes.lanes.is_empty(), "a receiver to whom nothing goes has no lane");
    }

    #[test]
    fn a_lane_widens_with_every_success_and_begins_anew_after_a_failure() {
        let now = Timestamp::from_seconds(100);
        let mut lanes = Lanes::new(RULES);
        assert_eq!(lanes.free("hook", now), 2, "nothing is known of it");
        lanes.enter("hook", 4);
        for free in [4, 8 - 2, 8 - 1] {
            lanes.leave("hook", false, now);
            let busy = lanes.lanes["hook"].busy;
            assert_eq!(lanes.free("hook", now), if busy > 2 { 0 } else { free }, "with {busy} on their way");
        }
        lanes.leave("hook", true, now);
        let rested = lanes.next_rested(now).unwrap();
        lanes.enter("hook", 1);
        lanes.enter("hook", 1);
        lanes.leave("hook", false, rested);
        assert_eq!(lanes.free("hook", rested), 4 - 1);
    }

    #[test]
    fn no_rest_is_longer_than_the_longest_and_other_lanes_stay_open() {
        let now = Timestamp::from_seconds(100);
        let mut lanes = Lanes::new(RULES);
        lanes.enter("hanging", 5);
        for _ in 0..5 {
            lanes.leave("hanging", true, now);
        }
        assert_eq!(lanes.next_rested(now), Some(now + Duration::from_secs(3)));
        assert_eq!(lanes.free("healthy", now), 2);
    }
}
