//! Counting in the process: as much memory as a fixed number of windows takes, however many clients come.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hanko_domain::Timestamp;

use super::Counted;

/// Windows that are kept at most: about three megabytes, and only under a flood from so many addresses. The oldest goes first.
const MOST: usize = 16_384;

/// The windows of a tenant's clients.
#[derive(Debug, Default)]
pub(super) struct Local(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    open: HashMap<Arc<str>, Window>,
    /// In the order they began. A client that began a new window stands here twice until the old one's turn comes.
    order: VecDeque<(Arc<str>, Timestamp)>,
}

#[derive(Debug)]
struct Window {
    ends_at: Timestamp,
    used: u64,
}

impl Local {
    /// Counts one request of a client. The window begins with its first request.
    pub(super) fn count(&self, client: &str, interval: Duration, now: Timestamp) -> Counted {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.open.get_mut(client) {
            Some(window) if window.ends_at > now => {
                window.used += 1;
                Counted { used: window.used, left: window.ends_at.since(now) }
            }
            _ => {
                windows.begin(client.into(), now + interval, now);
                Counted { used: 1, left: interval }
            }
        }
    }
}

impl Windows {
    fn begin(&mut self, client: Arc<str>, ends_at: Timestamp, now: Timestamp) {
        // Two for one, so that what is over goes faster than it comes.
        for _ in 0..2 {
            let full = self.order.len() >= MOST;
            let Some((oldest, its_end)) = self.order.pop_front_if(|(_, ends_at)| full || *ends_at <= now) else {
                break;
            };
            if self.open.get(&oldest).is_some_and(|window| window.ends_at == its_end) {
                self.open.remove(&oldest);
            }
        }
        self.order.push_back((client.clone(), ends_at));
        self.open.insert(client, Window { ends_at, used: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_window_begins_with_its_first_request_and_ends_by_time() {
        let local = Local::default();
        let count = |client, seconds| {
            let counted = local.count(client, MINUTE, NOW + Duration::from_secs(seconds));
            (counted.used, counted.left.as_secs())
        };
        assert_eq!(count("a", 0), (1, 60));
        assert_eq!(count("a", 20), (2, 40));
        assert_eq!(count("b", 20), (1, 60), "another client has a window of its own");
        assert_eq!(count("a", 59), (3, 1));
        assert_eq!(count("a", 60), (1, 60), "a new one");
        assert_eq!(count("b", 60), (2, 20));
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_than_its_room_and_the_newest_windows_stay() {
        let local = Local::default();
        let rounds = MOST * 3;
        for client in 0..rounds {
            local.count(&client.to_string(), MINUTE, NOW);
        }
        assert_eq!(local.0.lock().unwrap().order.len(), MOST);
        assert_eq!(local.0.lock().unwrap().open.len(), MOST);
        assert_eq!(local.count(&(rounds - MOST).to_string(), MINUTE, NOW).used, 2, "the oldest that is kept");
        assert_eq!(local.count("0", MINUTE, NOW).used, 1, "forgotten");
    }

    #[test]
    fn windows_that_are_over_leave_as_new_ones_begin() {
        let local = Local::default();
        for client in 0..1_000 {
            local.count(&client.to_string(), MINUTE, NOW);
        }
        // The same clients again, and others: none is kept twice for long.
        for client in 500..1_500 {
            local.count(&client.to_string(), MINUTE, NOW + MINUTE);
        }
        let windows = local.0.lock().unwrap();
        assert_eq!((windows.open.len(), windows.order.len()), (1_000, 1_000));
        assert!(windows.open.values().all(|window| window.ends_at > NOW + MINUTE));
    }
}
