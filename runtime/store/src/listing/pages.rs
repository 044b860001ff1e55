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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    /// A list as the database has it, oldest first.
    struct Model {
        keys: Vec<Key>,
        moved: i64,
        pages: Pages,
    }

    impl Model {
        fn new(users: usize) -> Self {
            let keys = (0..users).map(|n| key(n as i64)).collect();
            Self { keys, moved: 0, pages: Pages::default() }
        }

        fn listed(&self) -> Listed {
            Listed { users: self.keys.len() as u64, moved: self.moved }
        }

        /// Reads a page as the store does: what it holds, and how many rows were passed over.
        fn read(&self, ascending: bool, page: Page) -> (Vec<Key>, u64) {
            let scan = match page.offset < SHALLOW {
                true => Scan::plain(ascending, page),
                false => match self.pages.scan(ascending, page, self.listed()) {
                    Some(scan) => scan,
                    None => return (Vec::new(), 0),
                },
            };
            let order = |key: &Key| (key.created_at, key.id);
            let mut rows: Vec<Key> = match scan.ascending {
                true => self
                    .keys
                    .iter()
                    .filter(|key| scan.from.is_none_or(|from| order(key) >= order(&from)))
                    .copied()
                    .collect(),
                false => self
                    .keys
                    .iter()
                    .rev()
                    .filter(|key| scan.from.is_none_or(|from| order(key) < order(&from)))
                    .copied()
                    .collect(),
            };
            rows = rows.into_iter().skip(scan.skip as usize).take(scan.take as usize).collect();
            if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
                self.pages.remember(&scan, self.listed(), *first, (rows.len(), *last));
            }
            if scan.ascending != ascending {
                rows.reverse();
            }
            (rows, scan.skip)
        }

        fn expected(&self, ascending: bool, page: Page) -> Vec<Key> {
            let mut rows = self.keys.clone();
            if !ascending {
                rows.reverse();
            }
            rows.into_iter().skip(page.offset as usize).take(page.limit as usize).collect()
        }
    }

    fn key(moment: i64) -> Key {
        // Two of a moment.
        Key { created_at: Timestamp(moment / 2), id: UserId(Uuid::from_u128(moment as u128)) }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Read { ascending: bool, page: Page },
        Register,
        Remove(prop::sample::Index),
        AddOlder(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let read = |offset| {
            (any::<bool>(), offset, 1..200_u64)
                .prop_map(|(ascending, offset, limit)| Step::Read { ascending, page: Page { offset, limit } })
        };
        prop_oneof![
            4 => read(0..6000_u64),
            // Near each other, so that what one has left is of use to another.
            8 => read(2500..2900_u64),
            2 => Just(Step::Register),
            1 => any::<prop::sample::Index>().prop_map(Step::Remove),
            1 => any::<prop::sample::Index>().prop_map(Step::AddOlder),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn pages_of_any_size_in_any_order_hold_what_the_whole_list_holds(steps in prop::collection::vec(step(), 1..40)) {
            let mut model = Model::new(5000);
            for step in steps {
                match step {
                    Step::Read { ascending, page } => {
                        let (rows, _) = model.read(ascending, page);
                        prop_assert_eq!(rows, model.expected(ascending, page), "{} {:?}", ascending, page);
                    }
                    Step::Register => model.keys.push(key(1_000_000 + model.keys.len() as i64)),
                    Step::Remove(index) => {
                        model.keys.remove(index.index(model.keys.len()));
                        model.moved += 1;
                    }
                    Step::AddOlder(index) => {
                        let place = index.index(model.keys.len());
                        let Key { created_at, id } = model.keys[place];
                        let before = Key { created_at: Timestamp(created_at.0 - 1), id: UserId(Uuid::from_u128(id.0.as_u128() + (1 << 80))) };
                        model.keys.push(before);
                        model.keys.sort_by_key(|key| (key.created_at, key.id));
                        model.moved += 1;
                    }
                }
            }
        }
    }

    #[test]
    fn next_to_a_page_that_was_read_another_one_costs_nothing_however_deep_and_while_users_register() {
        for ascending in [true, false] {
            let mut model = Model::new(100_000);
            let page = |number: u64| Page { offset: number * 20, limit: 20 };
            let (_, far) = model.read(ascending, page(2000));
            assert_eq!(far, 40_000, "a jump");
            for number in (2001..2030).chain((1990..2030).rev()) {
                // Newest first, everybody moves on by one.
                model.keys.push(key(1_000_000 + model.keys.len() as i64));
                let (_, skipped) = model.read(ascending, page(number));
                assert!(skipped <= 40, "{ascending} {number}: {skipped}");
            }
        }
    }

    #[test]
    fn the_last_page_is_read_from_the_end() {
        for ascending in [true, false] {
            let model = Model::new(100_000);
            assert_eq!(model.read(ascending, Page { offset: 99_990, limit: 20 }).1, 0, "{ascending}");
            assert_eq!(model.read(ascending, Page { offset: 100_000, limit: 20 }), (Vec::new(), 0), "{ascending}");
        }
    }

    #[test]
    fn so_many_places_are_remembered_and_no_more() {
        let model = Model::new(100_000);
        for offset in (2000..90_000).step_by(50) {
            model.read(true, Page { offset, limit: 20 });
        }
        let remembered = model.pages.0.lock().unwrap().places.len();
        assert!((1..=REMEMBERED + 1).contains(&remembered), "{remembered}");
    }
}
