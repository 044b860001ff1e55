//! Where pages begin. A page far from both ends is reached from a row whose place is known, since a page near it was read lately.
//!
//! Places are counted from the oldest user: registrations come at the newest end and move nobody. Whatever else moves users
//! ([`Listed::moved`]) makes everything that was known worthless.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use hanko_domain::{Timestamp, UserId};

use super::Page;
use crate::user_counts::Listed;

/// A way so short that no shorter one is looked for. At least as many of the newest users have no place that is remembered: one
/// who registers at the same time may still get in between them.
pub(crate) const SHALLOW: u64 = 1000;
/// Places that are remembered.
const REMEMBERED: usize = 1024;

/// What orders the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    pub(crate) created_at: Timestamp,
    pub(crate) id: UserId,
}

/// How a page is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scan {
    /// From old to new.
    pub(crate) ascending: bool,
    /// From this row on; or, if not ascending, from the one before it. Else from an end of the list.
    pub(crate) from: Option<Key>,
    pub(crate) skip: u64,
    pub(crate) take: u64,
    /// The place of `from`, and the state of the list for which it is that.
    known: Option<(u64, i64)>,
}

impl Scan {
    /// From the end at which the list begins.
    pub(crate) fn plain(ascending: bool, Page { offset, limit }: Page) -> Self {
        Self { ascending, from: None, skip: offset, take: limit, known: None }
    }

    /// The place of the row that is read first.
    fn first_place(&self, listed: Listed) -> Option<u64> {
        match (self.ascending, self.known) {
            (_, Some((_, moved))) if moved != listed.moved => None,
            (true, known) => Some(known.map_or(0, |(place, _)| place) + self.skip),
            (false, known) => known.map_or(listed.users, |(place, _)| place).checked_sub(self.skip + 1),
        }
    }
}

/// The places that are known of one tenant's list.
#[derive(Debug, Default)]
pub(crate) struct Pages(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    moved: i64,
    places: BTreeMap<u64, Key>,
}

impl Pages {
    /// The shortest way to a page; `None` when it lies past the end.
    pub(crate) fn scan(&self, ascending: bool, page: Page, listed: Listed) -> Option<Scan> {
        let end = page.offset.saturating_add(page.limit).min(listed.users);
        if page.offset >= end {
            return None;
        }
        let (first, past) = match ascending {
            true => (page.offset, end),
            false => (listed.users - end, listed.users - page.offset),
        };
        let take = past - first;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.moved != listed.moved {
            *known = Known { moved: listed.moved, places: BTreeMap::new() };
        }
        let older = known.places.range(..=first).next_back().map(|(place, key)| (*place, *key));
        let newer = known.places.range(past..).next().map(|(place, key)| (*place, *key));
        let step = |ascending, from: Option<(u64, Key)>, skip| Scan {
            ascending,
            from: from.map(|(_, key)| key),
            skip,
            take,
            known: from.map(|(place, _)| (place, listed.moved)),
        };
        [
            Some(step(ascending, None, page.offset)),
            Some(step(!ascending, None, listed.users - end)),
            older.map(|from| step(true, Some(from), first - from.0)),
            newer.map(|from| step(false, Some(from), from.0 - past)),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|scan| scan.skip)
    }

    /// Remembers the places of the first row and of the last, the `count`th, that a scan has read.
    pub(crate) fn remember(&self, scan: &Scan, listed: Listed, first: Key, (count, last): (usize, Key)) {
        let (Some(place), Ok(count)) = (scan.first_place(listed), u64::try_from(count)) else { return };
        let other = if scan.ascending { Some(place + count - 1) } else { (place + 1).checked_sub(count) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.moved != listed.moved {
            return;
        }
        if known.places.len() >= REMEMBERED {
            known.places.clear();
        }
        for (place, key) in [(Some(place), first), (other, last)] {
            if let Some(place) = place.filter(|place| place.saturating_add(SHALLOW) <= listed.users) {
                known.places.insert(place, key);
            }
        }
    }
}
