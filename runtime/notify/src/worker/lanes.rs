//! One lane for each tenant, so that one tenant's hanging mail server holds up nobody else.

use std::{collections::HashMap, time::Duration};

use hanko_domain::{TenantId, Timestamp};

use super::backoff;

/// Mails of one tenant that are being sent at once.
const WIDTH: u32 = 8;
/// The longest that a lane rests after its server failed. Shorter than a mail's own pause: somebody may be waiting.
const LONGEST_REST: Duration = Duration::from_secs(15);

#[derive(Default)]
struct Lane {
    busy: u32,
    failures: u32,
    resting_until: Option<Timestamp>,
}

/// The lanes in use. A tenant without mail has none.
#[derive(Default)]
pub(super) struct Lanes(HashMap<TenantId, Lane>);

impl Lanes {
    /// How many more mails of the tenant may be taken now.
    pub(super) fn free(&self, tenant: TenantId, now: Timestamp) -> u32 {
        match self.0.get(&tenant) {
            Some(lane) if lane.resting_until.is_some_and(|until| now < until) => 0,
            // After a failure a single mail finds out whether the server is back.
            Some(lane) if lane.failures > 0 => 1_u32.saturating_sub(lane.busy),
            // Not one by one: each taking is a transaction.
            Some(lane) if lane.busy > WIDTH / 2 => 0,
            Some(lane) => WIDTH - lane.busy,
            None => WIDTH,
        }
    }

    /// Mails of the tenant were taken.
    pub(super) fn enter(&mut self, tenant: TenantId, count: usize) {
        self.0.entry(tenant).or_default().busy += u32::try_from(count).unwrap_or(u32::MAX);
    }

    /// A mail of the tenant is through. `server_failed`: any other would have failed as well.
    pub(super) fn leave(&mut self, tenant: TenantId, server_failed: bool, now: Timestamp) {
        let Some(lane) = self.0.get_mut(&tenant) else { return };
        lane.busy = lane.busy.saturating_sub(1);
        if server_failed {
            lane.failures = lane.failures.saturating_add(1);
            lane.resting_until = Some(now + backoff(lane.failures).min(LONGEST_REST));
        } else {
            lane.failures = 0;
            lane.resting_until = None;
        }
        if lane.busy == 0 && lane.failures == 0 {
            self.0.remove(&tenant);
        }
    }

    /// When the next lane has rested.
    pub(super) fn next_rested(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.values().filter_map(|lane| lane.resting_until).filter(|until| now < *until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanko_domain::Random;

    #[test]
    fn a_lane_whose_server_failed_rests_and_then_tries_a_single_mail() {
        let (tenant, now) = (TenantId::random(&Random::system()), Timestamp::from_seconds(100));
        let mut lanes = Lanes::default();
        lanes.enter(tenant, 2);
        assert_eq!(lanes.free(tenant, now), WIDTH - 2);
        lanes.leave(tenant, true, now);
        assert_eq!(lanes.free(tenant, now), 0);
        let rested = lanes.next_rested(now).unwrap();
        assert!(rested > now);
        assert_eq!(lanes.free(tenant, rested), 0, "one is still on its way");
        lanes.leave(tenant, false, rested);
        assert_eq!(lanes.free(tenant, rested), WIDTH);
        assert!(lanes.0.is_empty(), "an idle tenant has no lane");
    }

    #[test]
    fn another_tenants_lane_stays_open() {
        let random = Random::system();
        let (hanging, healthy, now) =
            (TenantId::random(&random), TenantId::random(&random), Timestamp::from_seconds(100));
        let mut lanes = Lanes::default();
        lanes.enter(hanging, 8);
        lanes.leave(hanging, true, now);
        assert_eq!(lanes.free(healthy, now), WIDTH);
    }
}
